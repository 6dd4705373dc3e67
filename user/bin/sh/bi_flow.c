/*
 * Builtins that decide what runs next, and those that say what a name would
 * run. See builtin.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/bin/sh/alias.h"
#include "user/bin/sh/builtin.h"
#include "user/bin/sh/exec.h"
#include "user/bin/sh/input.h"
#include "user/bin/sh/job.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/parse.h"
#include "user/bin/sh/redir.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/trap.h"
#include "user/bin/sh/var.h"

#define DEFAULT_PATH "/sbin:/bin:/usr/sbin:/usr/bin"

/* break and continue. */
int bi_break(int argc, char **argv)
{
	int n = 1;

	if (argc > 1 && (builtin_number(argv[0], argv[1], &n) < 0 || !n)) {
		if (!n)
			err_print("%s: Illegal number: %s", argv[0], argv[1]);
		err_raise(2);
		return 2;
	}
	if (!sh.loop_depth)
		return 0;
	sh.skip = argv[0][0] == 'b' ? SKIP_BREAK : SKIP_CONTINUE;
	sh.skip_count = n < sh.loop_depth ? n : sh.loop_depth;
	return 0;
}

int bi_return(int argc, char **argv)
{
	int n = sh.trap_depth == sh.func_depth ? sh.trap_status : sh.status;

	if (argc > 1 && builtin_number("return", argv[1], &n) < 0) {
		err_raise(2);
		return 2;
	}
	if (!sh.func_depth) {
		/* Outside of everything it ends the script. */
		if (!sh.at_prompt)
			sh_exit(n);
		return n;
	}
	sh.status = n;
	sh.skip = SKIP_RETURN;
	return n;
}

int bi_exit(int argc, char **argv)
{
	int n = sh.trap_depth >= 0 ? sh.trap_status : sh.status;

	if (argc > 1 && builtin_number("exit", argv[1], &n) < 0) {
		err_raise(2);
		return 2;
	}
	if (!jobs_may_exit())
		return 1;
	sh_exit(n);
}

int bi_eval(int argc, char **argv)
{
	const char *where = sh.where;
	struct strbuf sb = { 0 };
	int i, status;

	for (i = 1; i < argc; i++) {
		if (i > 1)
			sb_putc(&sb, ' ');
		sb_puts(&sb, argv[i]);
	}
	if (argc < 2)
		return 0;
	sh.where = "eval";
	status = sh_run_string(sb_str(&sb), sh.line);
	sh.where = where;
	return status;
}

/* A script's path: as it is with a slash, else along PATH. */
static const char *find_script(const char *name)
{
	const char *path = var_get("PATH"), *end;
	struct strbuf sb = { 0 };
	struct stat st;

	if (strchr(name, '/') || !path)
		return name;
	for (;; path = end + 1) {
		end = path + strcspn(path, ":");
		sb.len = 0;
		if (end > path) {
			sb_put(&sb, path, (size_t)(end - path));
			sb_putc(&sb, '/');
		}
		sb_puts(&sb, name);
		if (stat(sb_str(&sb), &st) == 0 && S_ISREG(st.st_mode) &&
		    access(sb.p, R_OK) == 0)
			return sb.p;
		if (!*end)
			return NULL;
	}
}

int bi_dot(int argc, char **argv)
{
	const char *file, *where = sh.where;
	struct params params;
	struct input in;
	int fd, status;
	int i = 1;

	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (i >= argc)
		return 0;
	file = find_script(argv[i]);
	if (!file) {
		err_fatal(".: %s: not found", argv[i]);
		return 2;
	}
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (fd = redir_move_up(fd)) < 0) {
		err_fatal(".: cannot open %s: %s", file,
			  errno == ENOENT ? "No such file" : strerror(errno));
		return 2;
	}
	if (sh_enter() < 0) {
		close(fd);
		return 2;
	}
	params = sh.params;
	if (argc > i + 1) {
		memset(&sh.params, 0, sizeof(sh.params));
		params_set(argv + i + 1, argc - i - 1);
	}
	sh.func_depth++;
	input_push_file(&in, fd, false, false);
	sh.status = 0;
	sh.where = argv[i];
	status = sh_run_input(false);
	sh.where = where;
	input_pop_to(&in);
	input_pop();
	sh.func_depth--;
	if (argc > i + 1) {
		params_free(&sh.params);
		sh.params = params;
	}
	if (sh.skip == SKIP_RETURN) {
		sh.skip = SKIP_NONE;
		status = sh.status;
	}
	sh_leave();
	return status;
}

int bi_exec(int argc, char **argv)
{
	int i = 1, status;
	char *file;

	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (i >= argc)
		return 0;
	file = exec_find(argv[i], var_get("PATH"), &status);
	if (!file) {
		err_print("exec: %s: %s", argv[i],
			  status == 126 || !*argv[i] ? "Permission denied"
						     : "not found");
		err_raise(status);
		return status;
	}
	trap_before_exec();
	status = exec_program(file, argv + i);
	err_raise(status);
	return status;
}

/* What a name means; verbose as type has it, else as command -v. */
static int describe(const char *name, const char *path, bool verbose)
{
	const struct builtin *b;
	struct alias *al;
	int status;
	char *file;

	if (parse_is_reserved(name)) {
		out_printf(verbose ? "%s is a shell keyword\n" : "%s\n", name);
		return 0;
	}
	al = alias_find(name);
	if (al) {
		if (verbose) {
			out_printf("%s is an alias for %s\n", name, al->value);
		} else {
			out_printf("alias %s=", name);
			out_quoted(al->value);
			out_putc('\n');
		}
		return 0;
	}
	b = builtin_find(name);
	if (func_exists(name) && !(b && (b->flags & BUILTIN_SPECIAL))) {
		out_printf(verbose ? "%s is a shell function\n" : "%s\n", name);
		return 0;
	}
	if (b) {
		if (!verbose)
			out_printf("%s\n", name);
		else
			out_printf("%s is a %sshell builtin\n", name,
				   b->flags & BUILTIN_SPECIAL ? "special "
							      : "");
		return 0;
	}
	file = exec_find(name, path, &status);
	if (file && access(file, X_OK) == 0) {
		out_printf(verbose ? "%s is " : "", name);
		out_printf("%s\n", file);
		return 0;
	}
	if (verbose)
		out_printf("%s: not found\n", name);
	return 127;
}

/* type; and hash, which has nothing to remember but says what is missing. */
int bi_type(int argc, char **argv)
{
	int i, status = 0, err;

	for (i = 1; i < argc; i++) {
		if (argv[0][0] == 't') {
			if (describe(argv[i], var_get("PATH"), true))
				status = 127;
		} else if (argv[i][0] != '-' &&
			   !exec_find(argv[i], var_get("PATH"), &err)) {
			err_print("hash: %s: not found", argv[i]);
			status = 1;
		}
	}
	return status;
}

int bi_command(int argc, char **argv)
{
	const char *path = NULL, *p;
	int i, status, show = 0;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		for (p = argv[i] + 1; *p; p++) {
			if (*p == 'p') {
				path = DEFAULT_PATH;
			} else if (*p == 'v' || *p == 'V') {
				show = *p;
			} else {
				err_print("command: Illegal option -%c", *p);
				return 2;
			}
		}
	}
	if (i >= argc)
		return 0;
	if (show) {
		for (status = 0; i < argc; i++)
			if (describe(argv[i], path ? path : var_get("PATH"),
				     show == 'V'))
				status = 127;
		return status;
	}
	/* Behind "command" an error of a special builtin ends nothing. */
	sh.shielded++;
	status = exec_args(argc - i, argv + i, path);
	sh.shielded--;
	if (sh.skip == SKIP_ERROR && !sh.shielded) {
		sh.skip = SKIP_NONE;
		status = sh.status;
	}
	return status;
}
