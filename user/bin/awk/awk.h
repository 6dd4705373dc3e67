/*
 * What the files of awk share: values, the tree of a program, and what each
 * file offers to the others.
 */
#pragma once

#include <regex.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * Text that several may hold; it does not change, except at the end of one
 * that has a single holder.  s[len] is 0, zero bytes may be in it.
 */
struct str {
	size_t refs;
	size_t len, cap;
	char s[];
};

enum kind {
	UNSET, /* "" and 0 */
	NUMBER,
	STRING,
	INPUT,   /* text that came from outside: perhaps a number, see n */
	NUMERIC, /* ... it is one, n */
};

struct value {
	enum kind kind;
	double n;
	struct str *s; /* of STRING, INPUT and NUMERIC */
};

struct array;

enum cell_kind { FREE, SCALAR, ARRAY };

/*
 * A variable.  That of a function which was called with a variable not used
 * before may still become an array, and then the caller's becomes the same.
 */
struct cell {
	enum cell_kind kind;
	struct value v;
	struct array *a;
	struct cell *caller;
	int owned; /* the array goes with the call */
};

/* Variables that mean something are the first ones. */
enum special {
	V_NF,
	V_NR,
	V_FNR,
	V_FS,
	V_RS,
	V_OFS,
	V_ORS,
	V_SUBSEP,
	V_CONVFMT,
	V_OFMT,
	V_FILENAME,
	V_RSTART,
	V_RLENGTH,
	V_ENVIRON,
	V_ARGC,
	V_ARGV,
	V_SPECIALS,
};

enum node_type {
	/* expressions */
	N_NUMBER,
	N_STRING,
	N_REGEX,
	N_VAR,   /* index: global */
	N_LOCAL, /* index: in the frame */
	N_INDEX, /* a: variable, b: list of subscripts */
	N_FIELD,
	N_ASSIGN, /* op: 0 or the operator */
	N_COND,
	N_AND,
	N_OR,
	N_NOT,
	N_MINUS,
	N_PLUS,
	N_BINARY,  /* op: + - * / % ^ */
	N_COMPARE, /* op: token */
	N_MATCH,   /* op: 1 for !~ */
	N_CONCAT,
	N_IN,  /* a: list of subscripts, b: array */
	N_PRE, /* op: +1 or -1 */
	N_POST,
	N_CALL,    /* index: function, a: arguments */
	N_BUILTIN, /* op: token, a: arguments */
	N_GETLINE, /* op: 0, '<' or '|'; a: variable, b: file or command */
	N_LIST,    /* (a, b): what may stand before "in" or behind print */
	/* statements */
	N_BLOCK,
	N_EXPR,
	N_PRINT, /* a: list, op: 0 > T_APPEND |, b: where to */
	N_PRINTF,
	N_IF,
	N_WHILE,
	N_DO,
	N_FOR,
	N_FORIN, /* a: variable, b: array, c: statement */
	N_NEXT,
	N_NEXTFILE,
	N_EXIT,
	N_RETURN,
	N_BREAK,
	N_CONTINUE,
	N_DELETE,
};

struct node {
	enum node_type type;
	int op, index, line;
	int paren; /* it stands in parentheses */
	struct node *a, *b, *c, *d;
	struct node *next; /* in a list */
	struct value v;
	regex_t *re;
};

struct function {
	char *name;
	int nparams, defined, line;
	char **params;
	struct node *body;
};

struct rule {
	struct node *pattern, *end; /* end: of a range */
	struct node *body;          /* null: print */
	int active;                 /* within the range */
};

struct program {
	struct node *begin, *end; /* lists of blocks */
	struct rule *rules;
	size_t nrules;
	struct function *functions;
	int nfunctions;
	int nglobals;
};

/* lex.c */
enum token {
	T_EOF = 256,
	T_NEWLINE,
	T_NUMBER,
	T_STRING,
	T_REGEX,
	T_NAME,
	T_FUNC_NAME, /* a name with ( at once behind it */
	T_APPEND,
	T_AND,
	T_OR,
	T_NOMATCH,
	T_EQ,
	T_LE,
	T_GE,
	T_NE,
	T_INC,
	T_DEC,
	T_ADD_ASSIGN,
	T_SUB_ASSIGN,
	T_MUL_ASSIGN,
	T_DIV_ASSIGN,
	T_MOD_ASSIGN,
	T_POW_ASSIGN,
	T_BEGIN,
	T_END,
	T_FUNCTION,
	T_IF,
	T_ELSE,
	T_WHILE,
	T_FOR,
	T_DO,
	T_BREAK,
	T_CONTINUE,
	T_NEXT,
	T_NEXTFILE,
	T_EXIT,
	T_RETURN,
	T_DELETE,
	T_IN,
	T_GETLINE,
	T_PRINT,
	T_PRINTF,
	/* functions, of which length needs no parentheses */
	T_ATAN2,
	T_COS,
	T_EXP,
	T_INT,
	T_LOG,
	T_RAND,
	T_SIN,
	T_SQRT,
	T_SRAND,
	T_GSUB,
	T_INDEX,
	T_LENGTH,
	T_MATCH,
	T_SPLIT,
	T_SPRINTF,
	T_SUB,
	T_SUBSTR,
	T_TOLOWER,
	T_TOUPPER,
	T_CLOSE,
	T_FFLUSH,
	T_SYSTEM,
};

extern int token;
extern struct str *token_text; /* of names, strings and expressions */
extern double token_number;
extern int token_line;

void lex_start(const char *text, size_t len);
void lex_next(void);
void lex_regex(void);
int lex_at_getline(void);
_Noreturn void syntax_error(const char *what);
struct str *unescape(const char *s, size_t len, int is_regex);

/* parse.c */
struct program *parse(void);
int global_named(const char *name, size_t len);

/* value.c */
void *grow(void *p, size_t size);
struct str *str_new(const char *s, size_t len);
struct str *str_room(size_t cap);
struct str *str_append(struct str *a, const char *s, size_t len);
struct str *str_get(struct str *s);
void str_put(struct str *s);
struct value number(double n);
struct value string(struct str *s);
struct value input(const char *s, size_t len);
struct value value_copy(const struct value *v);
void value_free(struct value *v);
double to_number(struct value *v);
struct str *to_str(const struct value *v);
struct str *to_output(const struct value *v);
int to_truth(struct value *v);
int value_compare(struct value *a, struct value *b);
struct array *array_new(void);
void array_clear(struct array *a);
void array_free(struct array *a);
size_t array_count(const struct array *a);
struct cell *array_get(struct array *a, struct str *key);
int array_has(const struct array *a, const struct str *key);
void array_delete(struct array *a, const struct str *key);
struct str **array_keys(const struct array *a, size_t *n);
regex_t *regex_new(const struct str *s);
regex_t *regex_of(struct str *s);
int regex_run(regex_t *re, const char *s, size_t from, size_t len,
	      regmatch_t *pm);

/* record.c */
void record_set(const char *s, size_t len);
void fields_split(void);
struct value *field_get(double index);
void field_set(double index, struct value v);
void nf_set(double n);
double split_into(struct array *a, const struct str *s, const struct str *fs,
		  regex_t *re);
int main_record(const char **s, size_t *len);
void main_next_file(void);
int getline_from(int is_command, const struct str *name, const char **s,
		 size_t *len);
FILE *output_for(int how, const struct str *name);
int stream_close(const struct str *name);
int streams_flush(const struct str *name);
void streams_end(void);
extern int input_failed; /* a file could not be read */

/* run.c */
extern struct cell *globals;
_Noreturn void fatal(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
void global_set(int index, struct value v);
void assign_operand(const char *text);
int run_program(struct program *p);
struct str *format(struct value *args, size_t n);
