/*
 * The table of builtins, sorted by name. See builtin.h.
 */
#include "user/bin/sh/builtin.h"

#include <stddef.h>
#include <string.h>

#include "user/bin/sh/alias.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/hist.h"
#include "user/bin/sh/job.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/trap.h"

static int bi_true(int argc, char **argv)
{
	return 0;
}

static int bi_false(int argc, char **argv)
{
	return 1;
}

static int bi_help(int argc, char **argv);

#define SPECIAL BUILTIN_SPECIAL
#define ASSIGN  BUILTIN_ASSIGN

static const struct builtin builtins[] = {
	{ ".", bi_dot, SPECIAL, "file [arg ...]", "run a file in this shell" },
	{ ":", bi_true, SPECIAL, "[arg ...]", "do nothing" },
	{ "[", bi_test, 0, "expression ]", "the same as test" },
	{ "alias", bi_alias, ASSIGN, "[name[=text] ...]",
	  "let a word stand for a text" },
	{ "bg", bi_fg, 0, "[%job ...]", "let a stopped job go on behind" },
	{ "break", bi_break, SPECIAL, "[n]", "leave n loops" },
	{ "cd", bi_cd, 0, "[-LP] [dir | -]", "go to a directory" },
	{ "chdir", bi_cd, 0, "[dir]", "the same as cd" },
	{ "command", bi_command, 0, "[-pvV] name [arg ...]",
	  "run it, but no function; -v: what is it?" },
	{ "continue", bi_break, SPECIAL, "[n]",
	  "begin the next turn of a loop" },
	{ "echo", bi_echo, 0, "[-neE] [word ...]", "print words" },
	{ "eval", bi_eval, SPECIAL, "[word ...]", "run words as a command" },
	{ "exec", bi_exec, SPECIAL | BUILTIN_EXEC, "[command [arg ...]]",
	  "replace the shell; or keep redirections" },
	{ "exit", bi_exit, SPECIAL, "[status]", "end the shell" },
	{ "export", bi_export, SPECIAL | ASSIGN, "[-np] [name[=value] ...]",
	  "hand variables to programs" },
	{ "false", bi_false, 0, "", "fail" },
	{ "fc", bi_fc, 0, "[-lnrs] [-e editor] [old=new] [first [last]]",
	  "list, edit or repeat commands" },
	{ "fg", bi_fg, 0, "[%job]", "bring a job to the front" },
	{ "getopts", bi_getopts, 0, "letters name [arg ...]",
	  "take options apart" },
	{ "hash", bi_type, 0, "[name ...]", "is there such a command?" },
	{ "help", bi_help, 0, "[name | edit]",
	  "this; what a builtin does; the keys" },
	{ "history", bi_history, 0, "[-c | n]", "the commands typed before" },
	{ "jobs", bi_jobs, 0, "[-lp] [%job ...]",
	  "what is stopped or runs behind" },
	{ "kill", bi_kill, 0, "[-signal] pid | %job ... | -l",
	  "send a signal" },
	{ "let", bi_let, 0, "expression ...", "calculate" },
	{ "local", bi_local, ASSIGN, "name[=value] ...",
	  "variables of a function" },
	{ "printf", bi_printf, 0, "format [arg ...]", "print by a format" },
	{ "pwd", bi_pwd, 0, "[-LP]", "the directory one is in" },
	{ "read", bi_read, 0,
	  "[-r] [-p text] [-n bytes] [-t seconds] [-u fd] [-d end] [name ...]",
	  "read a line" },
	{ "readonly", bi_export, SPECIAL | ASSIGN, "[-p] [name[=value] ...]",
	  "variables that stay as they are" },
	{ "return", bi_return, SPECIAL, "[status]",
	  "leave a function or a file" },
	{ "set", bi_set, SPECIAL, "[-abCefmnuvx] [-o option] [--] [arg ...]",
	  "options and $1 ..." },
	{ "shift", bi_shift, SPECIAL, "[n]", "forget the first n arguments" },
	{ "test", bi_test, 0, "expression", "compare, and look at files" },
	{ "times", bi_times, SPECIAL, "", "processor time used" },
	{ "trap", bi_trap, SPECIAL, "[command | -] [signal ...]",
	  "what to do when a signal comes" },
	{ "true", bi_true, 0, "", "succeed" },
	{ "type", bi_type, 0, "name ...", "what would run" },
	{ "ulimit", bi_ulimit, 0, "[-HSatfdscvnpu] [n]", "limits of processes" },
	{ "umask", bi_umask, 0, "[-S] [mode]",
	  "rights that new files do not get" },
	{ "unalias", bi_unalias, 0, "-a | name ...", "forget aliases" },
	{ "unset", bi_unset, SPECIAL, "[-fv] name ...",
	  "forget variables and functions" },
	{ "wait", bi_wait, 0, "[-n] [pid | %job ...]",
	  "wait for jobs (-n: the next) to end" },
};

const struct builtin *builtin_find(const char *name)
{
	size_t lo = 0, hi = sizeof(builtins) / sizeof(*builtins), mid;
	int c;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		c = strcmp(name, builtins[mid].name);
		if (c == 0)
			return &builtins[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

static void put_help(const struct builtin *b, size_t width)
{
	size_t n = strlen(b->name) + 1 + strlen(b->usage);

	out_printf("%s %s", b->name, b->usage);
	for (; n < width; n++)
		out_putc(' ');
	out_printf("  %s\n", b->what);
}

static const char keys[] =
	"left right ^B ^F       a character     ctrl-left ctrl-right Alt-b "
	"Alt-f  a word\n"
	"Home End ^A ^E         start, end      up down ^P ^N  older, newer "
	"commands\n"
	"Backspace Del ^D       take out a character; ^D alone ends the shell\n"
	"^W Alt-Backspace Alt-d take out a word\n"
	"^U ^K                  take out all before, all behind the cursor\n"
	"^Y                     put back what was taken out\n"
	"^T                     swap two characters\n"
	"^R                     search the commands typed before (^R again: "
	"older; ^G: no)\n"
	"Alt-.                  the last word of the command before\n"
	"Tab                    complete the word; twice: list what it may be\n"
	"^L                     clear the screen\n"
	"^V                     take the next key as it is\n"
	"^C                     forget the line\n"
	"!!  !n  !text  !$      the last command, number n, one that begins "
	"so; "
	"its last word\n";

static int bi_help(int argc, char **argv)
{
	const struct builtin *b;
	int i, status = 0;
	size_t k;

	if (argc < 2) {
		for (k = 0; k < sizeof(builtins) / sizeof(*builtins); k++)
			put_help(&builtins[k], 30);
		out_puts("The keys: help edit. The programs: ls /bin; each "
			 "has a page, man NAME;\nman -k WORD finds one, and "
			 "man intro says where to start.\n");
		return 0;
	}
	for (i = 1; i < argc; i++) {
		b = builtin_find(argv[i]);
		if (strcmp(argv[i], "edit") == 0) {
			out_puts(keys);
		} else if (b) {
			put_help(b, 0);
		} else {
			err_print("help: %s: no such builtin", argv[i]);
			status = 1;
		}
	}
	return status;
}

int builtin_run(const struct builtin *b, int argc, char **argv)
{
	/* Those whose arguments may look like anything. */
	static const char *const plain[] = { ":",     "[",    "echo",
					     "false", "test", "true" };
	size_t i;

	if (argc != 2 || strcmp(argv[1], "--help") != 0)
		return b->run(argc, argv);
	for (i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (!strcmp(b->name, plain[i]))
			return b->run(argc, argv);
	out_puts("usage: ");
	put_help(b, 0);
	return 0;
}

bool builtin_is_special(const char *name)
{
	const struct builtin *b = builtin_find(name);

	return b && (b->flags & BUILTIN_SPECIAL);
}

void builtin_names(struct args *out)
{
	size_t i;

	for (i = 0; i < sizeof(builtins) / sizeof(*builtins); i++)
		args_add(out, builtins[i].name);
}

int builtin_number(const char *who, const char *s, int *n)
{
	long v = 0;
	int i;

	for (i = 0; is_digit(s[i]) && v <= 0x7fffffff; i++)
		v = v * 10 + s[i] - '0';
	if (!i || s[i] || v > 0x7fffffff) {
		err_print("%s: Illegal number: %s", who, s);
		return -1;
	}
	*n = (int)v;
	return 0;
}
