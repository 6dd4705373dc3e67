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

#define SPECIAL BUILTIN_SPECIAL
#define ASSIGN  BUILTIN_ASSIGN

static const struct builtin builtins[] = {
	{ ".", bi_dot, SPECIAL },
	{ ":", bi_true, SPECIAL },
	{ "[", bi_test, 0 },
	{ "alias", bi_alias, ASSIGN },
	{ "bg", bi_fg, 0 },
	{ "break", bi_break, SPECIAL },
	{ "cd", bi_cd, 0 },
	{ "chdir", bi_cd, 0 },
	{ "command", bi_command, 0 },
	{ "continue", bi_break, SPECIAL },
	{ "echo", bi_echo, 0 },
	{ "eval", bi_eval, SPECIAL },
	{ "exec", bi_exec, SPECIAL | BUILTIN_EXEC },
	{ "exit", bi_exit, SPECIAL },
	{ "export", bi_export, SPECIAL | ASSIGN },
	{ "false", bi_false, 0 },
	{ "fc", bi_fc, 0 },
	{ "fg", bi_fg, 0 },
	{ "getopts", bi_getopts, 0 },
	{ "hash", bi_type, 0 },
	{ "history", bi_history, 0 },
	{ "jobs", bi_jobs, 0 },
	{ "kill", bi_kill, 0 },
	{ "let", bi_let, 0 },
	{ "local", bi_local, ASSIGN },
	{ "printf", bi_printf, 0 },
	{ "pwd", bi_pwd, 0 },
	{ "read", bi_read, 0 },
	{ "readonly", bi_export, SPECIAL | ASSIGN },
	{ "return", bi_return, SPECIAL },
	{ "set", bi_set, SPECIAL },
	{ "shift", bi_shift, SPECIAL },
	{ "test", bi_test, 0 },
	{ "times", bi_times, SPECIAL },
	{ "trap", bi_trap, SPECIAL },
	{ "true", bi_true, 0 },
	{ "type", bi_type, 0 },
	{ "ulimit", bi_ulimit, 0 },
	{ "umask", bi_umask, 0 },
	{ "unalias", bi_unalias, 0 },
	{ "unset", bi_unset, SPECIAL },
	{ "wait", bi_wait, 0 },
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
