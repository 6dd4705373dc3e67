/*
 * Running the tree.  A value that is handed over is held by whoever gets it.
 * next and exit leave functions by longjmp; everything else by what a statement
 * returns.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/bin/awk/awk.h"

enum flow { GO_ON, BREAK, CONTINUE, NEXT, NEXT_FILE, EXIT, RETURN };

struct frame {
	struct cell *cells;
	int n;
	struct frame *up;
	struct value result;
};

struct cell *globals;

static struct program *program;
static struct frame *frame;
static jmp_buf out_of_function;
static int exit_status, line;
static const char *stack_limit; /* the stack may grow down to here */
static unsigned long seed;

static struct value eval(const struct node *n);
static enum flow exec(const struct node *n);

_Noreturn void fatal(const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (line)
		errx(2, "line %d of the program: %s", line, text);
	errx(2, "%s", text);
}

static void check_stack(void)
{
	char here;

	if ((uintptr_t)&here < (uintptr_t)stack_limit)
		fatal("functions or expressions are nested too deeply");
}

/*
 * Variables.
 */
static struct array *cell_array(struct cell *c)
{
	if (c->kind == FREE) {
		if (c->caller) {
			c->a = cell_array(c->caller);
		} else {
			c->a = array_new();
			c->owned = 1;
		}
		c->kind = ARRAY;
	}
	if (c->kind != ARRAY)
		fatal("a variable with a value is used as an array");
	return c->a;
}

static struct cell *variable(const struct node *n)
{
	return n->type == N_VAR ? &globals[n->index] : &frame->cells[n->index];
}

static struct array *array_of(const struct node *n)
{
	return cell_array(variable(n));
}

/* The subscripts of an element as one text. */
static struct str *key_of(const struct node *list)
{
	struct value v = eval(list);
	struct str *key = to_str(&v), *sep, *t;

	value_free(&v);
	for (list = list->next; list; list = list->next) {
		sep = to_str(&globals[V_SUBSEP].v);
		key = str_append(key, sep->s, sep->len);
		str_put(sep);
		v = eval(list);
		t = to_str(&v);
		key = str_append(key, t->s, t->len);
		str_put(t);
		value_free(&v);
	}
	return key;
}

static void cell_set(struct cell *c, struct value v)
{
	if (c->kind == ARRAY)
		fatal("an array is used as a variable");
	c->kind = SCALAR;
	value_free(&c->v);
	c->v = v;
}

void global_set(int index, struct value v)
{
	/* What was read so far is split as it was to be. */
	if (index == V_FS || index == V_RS)
		fields_split();
	cell_set(&globals[index], v);
	if (index == V_NF)
		nf_set(to_number(&globals[V_NF].v));
}

/* Where an element or a variable without meaning is; null for others. */
static struct cell *place(const struct node *n)
{
	struct str *key;
	struct cell *c;

	switch (n->type) {
	case N_INDEX:
		key = key_of(n->b);
		c = array_get(array_of(n->a), key);
		str_put(key);
		return c;
	case N_LOCAL:
		return &frame->cells[n->index];
	case N_VAR:
		return n->index < V_SPECIALS ? NULL : &globals[n->index];
	default:
		return NULL;
	}
}

static void assign(const struct node *n, struct value v)
{
	struct value index;
	struct cell *c;

	if (n->type == N_FIELD) {
		index = eval(n->a);
		field_set(to_number(&index), v);
		value_free(&index);
		return;
	}
	c = place(n);
	if (c)
		cell_set(c, v);
	else
		global_set(n->index, v);
}

/* name=value from the command line; others' names mean nothing here. */
void assign_operand(const char *text)
{
	const char *eq = strchr(text, '=');
	int index = global_named(text, (size_t)(eq - text));
	struct str *s;
	struct value v;

	if (index < 0)
		return;
	s = unescape(eq + 1, strlen(eq + 1), 0);
	v = input(s->s, s->len);
	str_put(s);
	global_set(index, v);
}

/*
 * printf.
 */
static struct str *format_one(struct str *out, const char *spec, size_t len,
			      int conv, int *stars, int nstars, struct value *v)
{
	char fmt[64], small[128], *text = small;
	struct str *s = NULL;
	double d = 0;
	int n;

	if (len > sizeof(fmt) - 4)
		fatal("a conversion of printf is too long");
	memcpy(fmt, spec, len);
#define PRINT(to, size, value)                                                 \
	(nstars == 0   ? snprintf(to, size, fmt, value)                        \
	 : nstars == 1 ? snprintf(to, size, fmt, stars[0], value)              \
		       : snprintf(to, size, fmt, stars[0], stars[1], value))
#define CONVERT(value)                                                         \
	do {                                                                   \
		n = PRINT(small, sizeof(small), value);                        \
		if (n >= (int)sizeof(small)) {                                 \
			text = grow(NULL, (size_t)n + 1);                      \
			PRINT(text, (size_t)n + 1, value);                     \
		}                                                              \
	} while (0)
	switch (conv) {
	case 'd':
	case 'i':
		d = to_number(v);
		if (fabs(d) < 0x1p63) {
			strcpy(fmt + len, "ld");
			CONVERT((long)d);
		} else {
			strcpy(fmt + len, isfinite(d) ? ".0f" : "f");
			CONVERT(d);
		}
		break;
	case 'o':
	case 'x':
	case 'X':
	case 'u':
		d = to_number(v);
		if (d > -0x1p63 && d < 0x1p64) {
			fmt[len] = 'l';
			fmt[len + 1] = (char)conv;
			fmt[len + 2] = 0;
			CONVERT(d < 0 ? (unsigned long)(long)d
				      : (unsigned long)d);
		} else {
			strcpy(fmt + len, isfinite(d) ? ".0f" : "f");
			CONVERT(d);
		}
		break;
	case 'c':
	case 's': {
		/* Zero bytes are bytes, so this is done by hand. */
		size_t width = 0, i, precision = (size_t)-1, used;
		int left = 0, star = 0;
		const char *p;

		for (p = spec + 1; p < spec + len && strchr("-+ #0", *p); p++)
			left |= *p == '-';
		for (i = 1, p = spec + 1; p < spec + len; p++) {
			size_t *to = i ? &width : &precision;

			if (*p == '.') {
				i = 0;
				precision = 0;
			} else if (*p == '*') {
				int given = stars[star++];

				if (given < 0 && i)
					left = 1;
				*to = given < 0 ? (i ? (size_t) - (long)given
						     : (size_t)-1)
						: (size_t)given;
			} else if (isdigit((unsigned char)*p)) {
				if (*to < 1000000000)
					*to = *to * 10 + (size_t)(*p - '0');
			}
		}
		/* Does it look like a number?  Then %c is that character. */
		if (conv == 'c') {
			to_truth(v);
			if (v->kind == NUMBER || v->kind == NUMERIC ||
			    v->kind == UNSET) {
				char c = (char)(int)to_number(v);

				s = str_new(&c, 1);
			}
			precision = 1;
		}
		if (!s)
			s = to_str(v);
		/* A text without a character is a zero byte, as in gawk. */
		if (conv == 'c' && !s->len) {
			str_put(s);
			s = str_new("", 1);
		}
		used = s->len < precision ? s->len : precision;
		for (i = used; !left && i < width; i++)
			out = str_append(out, " ", 1);
		out = str_append(out, s->s, used);
		for (i = used; left && i < width; i++)
			out = str_append(out, " ", 1);
		str_put(s);
		return out;
	}
	default:
		fmt[len] = (char)conv;
		fmt[len + 1] = 0;
		d = to_number(v);
		CONVERT(d);
	}
#undef CONVERT
#undef PRINT
	out = str_append(out, text, (size_t)n);
	if (text != small)
		free(text);
	return out;
}

struct str *format(struct value *args, size_t n)
{
	struct str *f = to_str(&args[0]), *out = str_room(f->len);
	const char *p = f->s, *end = p + f->len, *start;
	size_t next = 1;

	while (p < end) {
		int stars[2], nstars = 0;

		start = memchr(p, '%', (size_t)(end - p));
		if (!start)
			start = end;
		out = str_append(out, p, (size_t)(start - p));
		p = start;
		if (p == end)
			break;
		for (p++; p < end && *p && strchr("-+ #0123456789.*", *p);
		     p++) {
			if (*p != '*' || nstars == 2)
				continue;
			if (next >= n)
				fatal("printf has too few values");
			stars[nstars++] = (int)to_number(&args[next++]);
		}
		if (p < end && *p == '%') {
			out = str_append(out, "%", 1);
			p++;
			continue;
		}
		if (p == end || !*p || !strchr("cdiouxXsfFeEgGaA", *p)) {
			/* No conversion: as it is. */
			if (p < end)
				p++;
			out = str_append(out, start, (size_t)(p - start));
			continue;
		}
		if (next >= n)
			fatal("printf has too few values for its format");
		out = format_one(out, start, (size_t)(p - start), *p, stars,
				 nstars, &args[next]);
		next++;
		p++;
	}
	str_put(f);
	return out;
}

static struct value *eval_list(const struct node *list, size_t *n)
{
	struct value *args = NULL;
	size_t cap = 0;

	for (*n = 0; list; list = list->next) {
		if (*n == cap) {
			cap = cap * 2 + 8;
			args = grow(args, cap * sizeof(*args));
		}
		args[*n] = eval(list);
		++*n;
	}
	return args;
}

static void free_list(struct value *args, size_t n)
{
	while (n)
		value_free(&args[--n]);
	free(args);
}

static struct str *format_list(const struct node *list)
{
	struct value *args;
	struct str *s;
	size_t n;

	args = eval_list(list, &n);
	s = format(args, n);
	free_list(args, n);
	return s;
}

/*
 * Functions of awk.
 */

/* An expression, or the text of a value as one. */
static regex_t *regex_arg(const struct node *n, struct value *hold)
{
	struct str *s;
	regex_t *re;

	hold->s = NULL;
	if (n->type == N_REGEX)
		return n->re;
	*hold = eval(n);
	s = to_str(hold);
	re = regex_of(s);
	str_put(s);
	return re;
}

static int text_matches(const struct node *text, const struct node *re)
{
	struct value v = eval(text), hold;
	struct str *s = to_str(&v);
	regmatch_t pm;
	int ret;

	/* The value may be a part of what the expression's text changes. */
	ret = regex_run(regex_arg(re, &hold), s->s, 0, s->len, &pm);
	value_free(&hold);
	str_put(s);
	value_free(&v);
	return ret;
}

static double substitute(const struct node *n, int all)
{
	const struct node *re_node = n->a, *with = re_node->next,
			  *target = with->next;
	struct value v, t, hold;
	struct str *to, *s, *out;
	size_t from = 0, copied = 0, last_end = (size_t)-1, i;
	double count = 0;
	regmatch_t pm;
	regex_t *re;

	if (re_node->type == N_REGEX)
		hold.s = NULL;
	else
		hold = eval(re_node);
	t = eval(with);
	to = to_str(&t);
	value_free(&t);
	v = target ? eval(target) : value_copy(field_get(0));
	s = to_str(&v);
	if (re_node->type == N_REGEX) {
		re = re_node->re;
	} else {
		struct str *text = to_str(&hold);

		re = regex_of(text);
		str_put(text);
		value_free(&hold);
	}
	out = str_room(s->len);
	while (from <= s->len && regex_run(re, s->s, from, s->len, &pm)) {
		size_t so = (size_t)pm.rm_so, eo = (size_t)pm.rm_eo;

		/* Nothing, right behind a match, is none. */
		if (so == eo && so == last_end) {
			from = eo + 1;
			continue;
		}
		last_end = eo;
		from = eo + (so == eo);
		count++;
		out = str_append(out, s->s + copied, so - copied);
		for (i = 0; i < to->len; i++) {
			if (to->s[i] == '\\' && i + 1 < to->len &&
			    (to->s[i + 1] == '&' || to->s[i + 1] == '\\'))
				out = str_append(out, &to->s[++i], 1);
			else if (to->s[i] == '&')
				out = str_append(out, s->s + so, eo - so);
			else
				out = str_append(out, &to->s[i], 1);
		}
		copied = eo;
		if (!all)
			break;
	}
	if (count) {
		out = str_append(out, s->s + copied, s->len - copied);
		if (target)
			assign(target, string(out));
		else
			field_set(0, string(out));
	} else {
		str_put(out);
	}
	str_put(s);
	str_put(to);
	value_free(&v);
	return count;
}

/* Without its fraction. */
static double whole(double x)
{
	return fabs(x) < 0x1p53 ? (double)(long)x : x;
}

/* What would begin before the text begins with it, as elsewhere. */
static struct value substring(const struct node *n)
{
	struct value v = eval(n->a), m = eval(n->a->next), l;
	struct str *s = to_str(&v);
	double from = whole(to_number(&m)), to = HUGE_VAL;

	value_free(&v);
	value_free(&m);
	if (from < 1)
		from = 1;
	if (n->a->next->next) {
		l = eval(n->a->next->next);
		to = from + whole(to_number(&l));
		value_free(&l);
	}
	if (to > (double)s->len + 1)
		to = (double)s->len + 1;
	/* Also if one of them is no number. */
	v = from < to ? string(str_new(s->s + (size_t)from - 1,
				       (size_t)to - (size_t)from))
		      : string(str_new("", 0));
	str_put(s);
	return v;
}

static struct value split_call(const struct node *n)
{
	const struct node *fs = n->a->next->next;
	struct value v = eval(n->a), f = { UNSET, 0, NULL };
	struct str *s = to_str(&v), *sep = NULL;
	double count;

	if (fs && fs->type != N_REGEX) {
		f = eval(fs);
		sep = to_str(&f);
		value_free(&f);
	}
	count = split_into(array_of(n->a->next), s, sep,
			   fs && fs->type == N_REGEX ? fs->re : NULL);
	str_put(sep);
	str_put(s);
	value_free(&v);
	return number(count);
}

static struct value match_call(const struct node *n)
{
	struct value v = eval(n->a), hold;
	struct str *s = to_str(&v);
	regmatch_t pm;
	double start = 0, length = -1;

	if (regex_run(regex_arg(n->a->next, &hold), s->s, 0, s->len, &pm)) {
		start = (double)pm.rm_so + 1;
		length = (double)(pm.rm_eo - pm.rm_so);
	}
	value_free(&hold);
	str_put(s);
	value_free(&v);
	global_set(V_RSTART, number(start));
	global_set(V_RLENGTH, number(length));
	return number(start);
}

static struct value index_call(const struct node *n)
{
	struct value v = eval(n->a), w = eval(n->a->next);
	struct str *s = to_str(&v), *t = to_str(&w);
	const char *at = memmem(s->s, s->len, t->s, t->len);
	double where = at ? (double)(at - s->s) + 1 : 0;

	str_put(s);
	str_put(t);
	value_free(&v);
	value_free(&w);
	return number(where);
}

static struct value length_call(const struct node *n)
{
	struct cell *c;
	struct value v;
	struct str *s;
	double len;

	if (n->a && (n->a->type == N_VAR || n->a->type == N_LOCAL)) {
		c = variable(n->a);
		while (c->kind == FREE && c->caller)
			c = c->caller;
		if (c->kind == ARRAY)
			return number((double)array_count(c->a));
	}
	v = n->a ? eval(n->a) : value_copy(field_get(0));
	s = to_str(&v);
	len = (double)s->len;
	str_put(s);
	value_free(&v);
	return number(len);
}

static struct value change_case(const struct node *n)
{
	struct value v = eval(n->a);
	struct str *s = to_str(&v), *out = str_new(s->s, s->len);
	size_t i;

	for (i = 0; i < out->len; i++) {
		int c = (unsigned char)out->s[i];

		out->s[i] =
			(char)(n->op == T_TOLOWER ? tolower(c) : toupper(c));
	}
	str_put(s);
	value_free(&v);
	return string(out);
}

static struct value random_call(const struct node *n)
{
	struct value v;
	double old;

	if (n->op == T_RAND) {
		/* 53 bits of two numbers */
		double high = (double)(random() & 0x7ffffff);
		double low = (double)(random() & 0x3ffffff);

		return number((high * 0x1p26 + low) * 0x1p-53);
	}
	old = (double)seed;
	if (n->a) {
		v = eval(n->a);
		seed = (unsigned long)(long)to_number(&v);
		value_free(&v);
	} else {
		seed = (unsigned long)time(NULL);
	}
	srandom((unsigned int)seed);
	return number(old);
}

static double run_command(const char *command)
{
	int status;

	streams_flush(NULL);
	status = system(command);
	if (status < 0)
		return -1;
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static struct value call_builtin(const struct node *n)
{
	struct value v, w;
	struct str *s;
	double x;

	switch (n->op) {
	case T_SUB:
	case T_GSUB:
		return number(substitute(n, n->op == T_GSUB));
	case T_SUBSTR:
		return substring(n);
	case T_SPLIT:
		return split_call(n);
	case T_MATCH:
		return match_call(n);
	case T_INDEX:
		return index_call(n);
	case T_LENGTH:
		return length_call(n);
	case T_SPRINTF:
		return string(format_list(n->a));
	case T_TOLOWER:
	case T_TOUPPER:
		return change_case(n);
	case T_RAND:
	case T_SRAND:
		return random_call(n);
	case T_FFLUSH:
		if (!n->a)
			return number(streams_flush(NULL));
		/* fall through */
	case T_CLOSE:
	case T_SYSTEM:
		v = eval(n->a);
		s = to_str(&v);
		x = n->op == T_CLOSE    ? stream_close(s)
		    : n->op == T_SYSTEM ? run_command(s->s)
					: streams_flush(s->len ? s : NULL);
		str_put(s);
		value_free(&v);
		return number(x);
	case T_ATAN2:
		v = eval(n->a);
		w = eval(n->a->next);
		x = atan2(to_number(&v), to_number(&w));
		value_free(&v);
		value_free(&w);
		return number(x);
	}
	v = eval(n->a);
	x = to_number(&v);
	value_free(&v);
	switch (n->op) {
	case T_COS:
		return number(cos(x));
	case T_EXP:
		return number(exp(x));
	case T_INT:
		return number(whole(x));
	case T_LOG:
		return number(log(x));
	case T_SIN:
		return number(sin(x));
	default:
		return number(x < 0 ? -(double)NAN : sqrt(x));
	}
}

/*
 * Functions of the program.
 */
static void leave_frame(void)
{
	struct frame *f = frame;
	int i;

	for (i = 0; i < f->n; i++) {
		if (f->cells[i].kind == ARRAY && f->cells[i].owned)
			array_free(f->cells[i].a);
		value_free(&f->cells[i].v);
	}
	frame = f->up;
	free(f->cells);
	free(f);
}

static struct value call(const struct node *n)
{
	const struct function *fn = &program->functions[n->index];
	const struct node *a;
	struct frame *f;
	struct cell *c, *from;
	struct value v, result;
	enum flow flow;
	int i;

	check_stack();
	if (n->op > fn->nparams)
		fatal("function %s is called with too many arguments",
		      fn->name);
	f = grow(NULL, sizeof(*f));
	memset(f, 0, sizeof(*f));
	f->n = fn->nparams;
	f->cells = grow(NULL, (size_t)f->n * sizeof(*f->cells) + 1);
	memset(f->cells, 0, (size_t)f->n * sizeof(*f->cells));
	for (a = n->a, i = 0; a; a = a->next, i++) {
		c = &f->cells[i];
		if ((a->type == N_VAR && a->index >= V_SPECIALS) ||
		    a->type == N_LOCAL ||
		    (a->type == N_VAR &&
		     (a->index == V_ENVIRON || a->index == V_ARGV))) {
			from = variable(a);
			if (from->kind == ARRAY) {
				c->kind = ARRAY;
				c->a = from->a;
				continue;
			}
			if (from->kind == FREE) {
				c->caller = from;
				continue;
			}
		}
		v = eval(a);
		c->kind = SCALAR;
		c->v = v;
	}
	f->up = frame;
	frame = f;
	flow = exec(fn->body);
	if (flow == NEXT || flow == NEXT_FILE || flow == EXIT)
		longjmp(out_of_function, (int)flow);
	result = f->result;
	leave_frame();
	return result;
}

/*
 * Expressions.
 */
static double arithmetic(int op, double x, double y)
{
	switch (op) {
	case '+':
		return x + y;
	case '-':
		return x - y;
	case '*':
		return x * y;
	case '/':
		if (y == 0)
			fatal("division by zero");
		return x / y;
	case '%':
		if (y == 0)
			fatal("division by zero in %%");
		return fmod(x, y);
	default:
		return pow(x, y);
	}
}

static double eval_number(const struct node *n)
{
	struct value v = eval(n);
	double d = to_number(&v);

	value_free(&v);
	return d;
}

static int eval_truth(const struct node *n)
{
	struct value v = eval(n);
	int truth = to_truth(&v);

	value_free(&v);
	return truth;
}

/* s = s "more" makes s longer where it is, or text that grows costs its square.
 */
static struct value eval_append(const struct node *n)
{
	struct value v = eval(n->b->b);
	struct cell *c = place(n->a);
	struct str *s, *t;

	if (c->kind == ARRAY)
		fatal("an array is used as a variable");
	s = to_str(&c->v);
	value_free(&c->v);
	t = to_str(&v);
	s = str_append(s, t->s, t->len);
	str_put(t);
	value_free(&v);
	cell_set(c, string(s));
	return value_copy(&c->v);
}

static int is_append(const struct node *n)
{
	const struct node *to = n->a;

	return !n->op && n->b->type == N_CONCAT && n->b->a->type == to->type &&
	       n->b->a->index == to->index &&
	       (to->type == N_LOCAL ||
		(to->type == N_VAR && to->index >= V_SPECIALS));
}

static struct value eval_assign(const struct node *n)
{
	struct value v;
	double x, y;

	if (is_append(n))
		return eval_append(n);
	if (!n->op) {
		v = eval(n->b);
		assign(n->a, value_copy(&v));
		return v;
	}
	/* a[i++] += 1 counts i once, so the place is found first. */
	if (n->a->type == N_INDEX || n->a->type == N_LOCAL ||
	    (n->a->type == N_VAR && n->a->index >= V_SPECIALS)) {
		struct str *key = NULL;
		struct cell *c;

		if (n->a->type == N_INDEX)
			key = key_of(n->a->b);
		y = eval_number(n->b);
		c = key ? array_get(array_of(n->a->a), key) : place(n->a);
		str_put(key);
		if (c->kind == ARRAY)
			fatal("an array is used as a variable");
		x = arithmetic(n->op, to_number(&c->v), y);
		cell_set(c, number(x));
		return number(x);
	}
	y = eval_number(n->b);
	if (n->a->type == N_FIELD) {
		double index = eval_number(n->a->a);

		x = arithmetic(n->op, to_number(field_get(index)), y);
		field_set(index, number(x));
	} else {
		x = arithmetic(n->op, eval_number(n->a), y);
		global_set(n->a->index, number(x));
	}
	return number(x);
}

static struct value eval_step(const struct node *n)
{
	struct cell *c = place(n->a);
	double x, index = 0;

	if (c) {
		if (c->kind == ARRAY)
			fatal("an array is used as a variable");
		x = to_number(&c->v);
		cell_set(c, number(x + n->op));
	} else if (n->a->type == N_FIELD) {
		index = eval_number(n->a->a);
		x = to_number(field_get(index));
		field_set(index, number(x + n->op));
	} else {
		x = eval_number(n->a);
		global_set(n->a->index, number(x + n->op));
	}
	return number(n->type == N_PRE ? x + n->op : x);
}

static void count_record(int fnr)
{
	global_set(V_NR, number(to_number(&globals[V_NR].v) + 1));
	if (fnr)
		global_set(V_FNR, number(to_number(&globals[V_FNR].v) + 1));
}

static struct value eval_getline(const struct node *n)
{
	const char *text;
	struct str *name;
	struct value v;
	size_t len;
	int ret;

	if (n->op) {
		v = eval(n->b);
		name = to_str(&v);
		value_free(&v);
		ret = getline_from(n->op == '|', name, &text, &len);
		str_put(name);
	} else {
		ret = main_record(&text, &len);
	}
	if (ret <= 0)
		return number(ret);
	/* The text is the reader's only until somebody reads again. */
	v = input(text, len);
	if (n->op != '<')
		count_record(!n->op);
	if (n->a) {
		assign(n->a, v);
	} else {
		record_set(v.s->s, v.s->len);
		value_free(&v);
	}
	return number(1);
}

static struct value eval_concat(const struct node *n)
{
	struct value v = eval(n->a), w = eval(n->b);
	struct str *s = to_str(&v), *t = to_str(&w);

	value_free(&v);
	s = str_append(s, t->s, t->len);
	str_put(t);
	value_free(&w);
	return string(s);
}

static struct value eval_compare(const struct node *n)
{
	struct value v = eval(n->a), w = eval(n->b);
	int d = value_compare(&v, &w), ret;

	value_free(&v);
	value_free(&w);
	switch (n->op) {
	case '<':
		ret = d < 0;
		break;
	case T_LE:
		ret = d <= 0;
		break;
	case T_EQ:
		ret = d == 0;
		break;
	case T_NE:
		ret = d != 0;
		break;
	case T_GE:
		ret = d >= 0;
		break;
	default:
		ret = d > 0;
	}
	return number(ret);
}

static struct value eval_variable(struct cell *c)
{
	const struct cell *root = c;

	while (root->kind == FREE && root->caller)
		root = root->caller;
	if (root->kind == ARRAY)
		fatal("an array is used as a variable");
	/* What became of the caller's since is not seen here. */
	return value_copy(&c->v);
}

static struct value eval_element(const struct node *n)
{
	struct str *key = key_of(n->b);
	struct cell *c = array_get(array_of(n->a), key);

	str_put(key);
	return value_copy(&c->v);
}

static struct value eval_in(const struct node *n)
{
	struct str *key = key_of(n->a);
	int ret = array_has(array_of(n->b), key);

	str_put(key);
	return number(ret);
}

static struct value eval(const struct node *n)
{
	struct str *s;
	regmatch_t pm;
	double x;
	int ret;

	check_stack();
	switch (n->type) {
	case N_NUMBER:
	case N_STRING:
		return value_copy(&n->v);
	case N_REGEX:
		s = to_str(field_get(0));
		ret = regex_run(n->re, s->s, 0, s->len, &pm);
		str_put(s);
		return number(ret);
	case N_VAR:
		if (n->index == V_NF)
			fields_split();
		return eval_variable(&globals[n->index]);
	case N_LOCAL:
		return eval_variable(&frame->cells[n->index]);
	case N_INDEX:
		return eval_element(n);
	case N_FIELD:
		return value_copy(field_get(eval_number(n->a)));
	case N_ASSIGN:
		return eval_assign(n);
	case N_COND:
		return eval(eval_truth(n->a) ? n->b : n->c);
	case N_AND:
		return number(eval_truth(n->a) && eval_truth(n->b));
	case N_OR:
		return number(eval_truth(n->a) || eval_truth(n->b));
	case N_NOT:
		return number(!eval_truth(n->a));
	case N_MINUS:
		return number(-eval_number(n->a));
	case N_PLUS:
		return number(eval_number(n->a));
	case N_BINARY:
		x = eval_number(n->a);
		return number(arithmetic(n->op, x, eval_number(n->b)));
	case N_COMPARE:
		return eval_compare(n);
	case N_MATCH:
		return number(text_matches(n->a, n->b) != n->op);
	case N_CONCAT:
		return eval_concat(n);
	case N_IN:
		return eval_in(n);
	case N_PRE:
	case N_POST:
		return eval_step(n);
	case N_CALL:
		return call(n);
	case N_BUILTIN:
		return call_builtin(n);
	case N_GETLINE:
		return eval_getline(n);
	default:
		fatal("a list in parentheses is no value");
	}
}

/*
 * Statements.
 */
static void print(const struct node *n)
{
	struct str *s, *t, *sep;
	struct value *args, v;
	FILE *f = stdout;
	size_t count, i;

	if (n->type == N_PRINTF) {
		s = format_list(n->a);
	} else {
		if (n->a) {
			args = eval_list(n->a, &count);
			s = to_output(&args[0]);
			sep = to_str(&globals[V_OFS].v);
			for (i = 1; i < count; i++) {
				s = str_append(s, sep->s, sep->len);
				t = to_output(&args[i]);
				s = str_append(s, t->s, t->len);
				str_put(t);
			}
			str_put(sep);
			free_list(args, count);
		} else {
			s = to_str(field_get(0));
		}
		t = to_str(&globals[V_ORS].v);
		s = str_append(s, t->s, t->len);
		str_put(t);
	}
	if (n->op) {
		v = eval(n->b);
		t = to_str(&v);
		f = output_for(n->op, t);
		str_put(t);
		value_free(&v);
	}
	if (s->len && fwrite(s->s, 1, s->len, f) != s->len)
		fatal("write error: %s", strerror(errno));
	str_put(s);
}

static enum flow loop_keys(const struct node *n)
{
	struct array *a = array_of(n->b);
	enum flow flow = GO_ON;
	struct str **keys;
	size_t count, i;

	keys = array_keys(a, &count);
	for (i = 0; i < count; i++) {
		/* What the loop deleted does not come any more. */
		if (flow == GO_ON && array_has(a, keys[i])) {
			assign(n->a,
			       (struct value){ INPUT, 0, str_get(keys[i]) });
			flow = exec(n->c);
			if (flow == CONTINUE)
				flow = GO_ON;
		}
		str_put(keys[i]);
	}
	free(keys);
	return flow == BREAK ? GO_ON : flow;
}

static enum flow loop(const struct node *n, const struct node *test,
		      const struct node *body, const struct node *step)
{
	enum flow flow;
	int first = n->type == N_DO;

	for (;; first = 0) {
		if (!first && test && !eval_truth(test))
			return GO_ON;
		flow = exec(body);
		if (flow == BREAK)
			return GO_ON;
		if (flow != GO_ON && flow != CONTINUE)
			return flow;
		if (step)
			exec(step);
	}
}

static enum flow exec(const struct node *n)
{
	struct value v;
	enum flow flow;
	struct str *key;

	check_stack();
	line = n->line;
	switch (n->type) {
	case N_BLOCK:
		for (n = n->a; n; n = n->next) {
			flow = exec(n);
			if (flow != GO_ON)
				return flow;
		}
		return GO_ON;
	case N_EXPR:
		v = eval(n->a);
		value_free(&v);
		return GO_ON;
	case N_PRINT:
	case N_PRINTF:
		print(n);
		return GO_ON;
	case N_IF:
		if (eval_truth(n->a))
			return exec(n->b);
		return n->c ? exec(n->c) : GO_ON;
	case N_WHILE:
	case N_DO:
		return loop(n, n->a, n->b, NULL);
	case N_FOR:
		if (n->a)
			exec(n->a);
		return loop(n, n->b, n->d, n->c);
	case N_FORIN:
		return loop_keys(n);
	case N_NEXT:
		return NEXT;
	case N_NEXTFILE:
		return NEXT_FILE;
	case N_EXIT:
		if (n->a)
			exit_status = (int)eval_number(n->a);
		return EXIT;
	case N_RETURN:
		if (n->a) {
			v = eval(n->a);
			frame->result = v;
		}
		return RETURN;
	case N_BREAK:
		return BREAK;
	case N_CONTINUE:
		return CONTINUE;
	case N_DELETE:
		if (n->b) {
			key = key_of(n->b);
			array_delete(array_of(n->a), key);
			str_put(key);
		} else {
			array_clear(array_of(n->a));
		}
		return GO_ON;
	default:
		fatal("a statement of an unknown kind");
	}
}

/* Run with next and exit inside functions, too. */
static enum flow guarded(enum flow (*what)(const void *), const void *arg)
{
	enum flow flow = (enum flow)setjmp(out_of_function);

	if (flow == GO_ON)
		return what(arg);
	while (frame)
		leave_frame();
	return flow;
}

static enum flow run_blocks(const void *list)
{
	const struct node *n;
	enum flow flow;

	for (n = list; n; n = n->next) {
		flow = exec(n);
		if (flow == NEXT || flow == NEXT_FILE)
			fatal("next is used in BEGIN or END");
		if (flow == EXIT)
			return flow;
	}
	return GO_ON;
}

static int rule_selected(struct rule *r)
{
	if (!r->pattern)
		return 1;
	line = r->pattern->line;
	if (!r->end)
		return eval_truth(r->pattern);
	if (!r->active && !eval_truth(r->pattern))
		return 0;
	r->active = !eval_truth(r->end);
	return 1;
}

static enum flow run_rules(const void *arg)
{
	static const struct node print_record = { .type = N_PRINT };
	enum flow flow;
	size_t i;

	for (i = 0; i < program->nrules; i++) {
		struct rule *r = &program->rules[i];

		if (!rule_selected(r))
			continue;
		flow = exec(r->body ? r->body : &print_record);
		if (flow != GO_ON)
			return flow;
	}
	return GO_ON;
}

int run_program(struct program *p)
{
	struct rlimit rl;
	size_t room = 8u << 20, len;
	const char *text;
	char here;
	enum flow flow;

	program = p;
	if (getrlimit(RLIMIT_STACK, &rl) == 0 && rl.rlim_cur < 64u << 20)
		room = (size_t)rl.rlim_cur;
	/* An eighth is kept for those who are called. */
	if (room > 8u << 20)
		room = 8u << 20;
	stack_limit = (const char *)((uintptr_t)&here - room / 8 * 7);
	flow = guarded(run_blocks, p->begin);
	while (flow != EXIT && (p->nrules || p->end) &&
	       main_record(&text, &len)) {
		record_set(text, len);
		count_record(1);
		flow = guarded(run_rules, NULL);
		if (flow == NEXT_FILE)
			main_next_file();
	}
	guarded(run_blocks, p->end);
	line = 0;
	streams_flush(NULL);
	streams_end();
	return exit_status ? exit_status & 255 : input_failed ? 2 : 0;
}
