/*
 * sh: the shell of POSIX, for a person at a terminal and for scripts.
 *
 * Text goes through input.c (where characters come from), lex.c (tokens and
 * word parts), parse.c (a tree), expand.c (words to strings) and exec.c
 * (processes and builtins), each complete for itself. This file is start-up,
 * the loop that reads and runs commands, and the end. Start-up does nothing
 * that a script of one line does not need: sh -c true is a matter of a few
 * thousand instructions.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/bin/sh/builtin.h"
#include "user/bin/sh/exec.h"
#include "user/bin/sh/expand.h"
#include "user/bin/sh/input.h"
#include "user/bin/sh/job.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/parse.h"
#include "user/bin/sh/redir.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/term.h"
#include "user/bin/sh/trap.h"
#include "user/bin/sh/var.h"

/* Functions, eval and dot inside each other; each takes some of the stack. */
#define EVAL_MAX 1000

/* So often -o ignoreeof ignores it. */
#define EOF_MAX 50

extern char **environ;

struct shell sh;

int sh_enter(void)
{
	if (sh.eval_depth >= EVAL_MAX) {
		err_fatal("Maximum function recursion depth (%d) reached",
			  EVAL_MAX);
		return -1;
	}
	sh.eval_depth++;
	return 0;
}

void sh_leave(void)
{
	sh.eval_depth--;
}

void params_free(struct params *p)
{
	free(p->block);
	p->block = NULL;
}

void params_set(char **v, int n)
{
	struct params p = { 0 };
	size_t size = (size_t)n * sizeof(char *), len;
	char *text;
	int i;

	for (i = 0; i < n; i++)
		size += strlen(v[i]) + 1;
	p.block = mem_heap(NULL, size);
	p.v = p.block;
	p.n = n;
	text = (char *)(p.v + n);
	for (i = 0; i < n; i++) {
		len = strlen(v[i]) + 1;
		p.v[i] = memcpy(text, v[i], len);
		text += len;
	}
	params_free(&sh.params);
	sh.params = p;
}

void sh_exit(int status)
{
	sh.status = status;
	sh.skip = SKIP_NONE;
	sh.at_prompt = false;
	sh.shielded = 0;
	trap_exit();
	/* An exit in the trap has not come back here. */
	out_flush();
	_exit(status & 255);
}

int sh_run_string(const char *text, int line)
{
	struct lexer saved = lex;
	struct input in;
	int status;

	if (sh_enter() < 0)
		return sh.status;
	input_push_string(&in, text, strlen(text), line);
	status = sh_run_input(false);
	input_pop_to(&in);
	input_pop();
	lex = saved;
	sh_leave();
	return status;
}

int sh_run_input(bool last)
{
	struct input *in = input_top();
	struct arena_mark m = arena_mark(&cmd_arena);
	enum parse_result r;
	struct node *n;
	bool ran = false;

	for (;;) {
		r = parse_command(&n);
		if (sh.skip)
			break;
		if (r == PARSE_END)
			break;
		if (r == PARSE_ERROR) {
			err_raise(2);
			break;
		}
		if (n) {
			input_sync();
			exec_node(n, last && input_at_end());
			if (in->tty)
				jobs_next();
			ran = true;
		}
		arena_release(&cmd_arena, m);
		if (sh.skip)
			break;
	}
	input_pop_to(in);
	arena_release(&cmd_arena, m);
	/* No command at all is success; ^D at a terminal is no command. */
	if (!ran && r == PARSE_END && !in->tty)
		sh.status = 0;
	return sh.status;
}

/* The loop of a shell at a terminal: errors and ^C lead back to it. */
static void run_terminal(void)
{
	int ends = 0;

	for (;;) {
		sh_run_input(false);
		if (sh.skip == SKIP_INTR) {
			ssize_t n = write(2, "\n", 1);

			(void)n;
			sh.status = 130;
		} else if (sh.skip == SKIP_NONE) {
			/* A terminal that is gone has no other answer. */
			if (++ends > EOF_MAX)
				return;
			if (sh.opt[OPT_IGNOREEOF])
				err_plain("Use \"exit\" to leave shell.");
			else if (jobs_may_exit())
				return;
		}
		if (sh.skip)
			input_discard();
		sh.skip = SKIP_NONE;
		sh.tested = sh.loop_depth = sh.func_depth = 0;
		sh.eval_depth = 0;
		sh.where = NULL;
		sh.trap_depth = -1;
		trap_pending = 0;
	}
}

static void run_file_if_there(const char *path)
{
	struct input in;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (fd = redir_move_up(fd)) < 0)
		return;
	input_push_file(&in, fd, false, false);
	sh.func_depth++;
	sh_run_input(false);
	sh.func_depth--;
	input_pop_to(&in);
	input_pop();
	sh.skip = SKIP_NONE;
}

static void run_profile(void)
{
	struct strbuf sb = { 0 };
	const char *home = var_get("HOME");

	run_file_if_there("/etc/profile");
	if (home) {
		sb_puts(&sb, home);
		sb_puts(&sb, "/.profile");
		run_file_if_there(sb_str(&sb));
	}
}

static void open_script(struct input *in, const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		errno = EISDIR;
		fd = -1;
	}
	if (fd < 0 || (fd = redir_move_up(fd)) < 0) {
		err_plain("%s: 0: cannot open %s: %s", sh.name, name,
			  errno == ENOENT ? "No such file" : strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	sh.name = name;
	input_push_file(in, fd, false, false);
}

static void usage(int fd)
{
	static const char text[] =
		"usage: sh [-abCefilmnsuvx] [-o option] [script [arg...]]\n"
		"       sh [-abCefilmnsuvx] [-o option] -c commands [name "
		"[arg...]]\n";
	ssize_t n = write(fd, text, sizeof(text) - 1);

	(void)n;
}

/* Options; returns the index of the first argument that is none. */
static int options(int argc, char **argv, bool *command, bool *login)
{
	const char *p;
	bool on;
	int i;

	for (i = 1; i < argc; i++) {
		p = argv[i];
		if ((p[0] != '-' && p[0] != '+') || !p[1]) {
			if (p[0] == '-')
				i++;
			break;
		}
		if (strcmp(p, "--") == 0) {
			i++;
			break;
		}
		on = *p++ == '-';
		for (; *p; p++) {
			if (*p == 'c') {
				*command = true;
			} else if (*p == 'l') {
				*login = true;
			} else if (*p == 'o' && i + 1 < argc) {
				if (set_option_name(argv[++i], on) < 0) {
					usage(2);
					_exit(2);
				}
				break;
			} else if (*p == 'm') {
				sh.opt[OPT_MONITOR] = on;
			} else if (set_option_letter(*p, on) < 0) {
				usage(2);
				_exit(2);
			}
		}
	}
	return i;
}

int main(int argc, char **argv)
{
	bool command = false, login;
	const char *text = NULL;
	struct input in;
	int i;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(1);
		return 0;
	}
	sh.name = argc ? argv[0] : "sh";
	sh.trap_depth = -1;
	sh.pid = getpid();
	login = sh.name[0] == '-';
	var_init(environ);
	i = options(argc, argv, &command, &login);
	if (command) {
		if (i >= argc) {
			err_plain("%s: 0: -c requires an argument", sh.name);
			return 2;
		}
		text = argv[i++];
		if (i < argc)
			sh.name = argv[i++];
		input_push_string(&in, text, strlen(text), 1);
	} else if (i < argc && !sh.opt[OPT_STDIN]) {
		open_script(&in, argv[i++]);
	} else {
		sh.opt[OPT_STDIN] = 1;
		if (isatty(0) && isatty(2))
			sh.opt[OPT_INTERACTIVE] = 1;
		input_push_file(&in, 0, true, sh.opt[OPT_INTERACTIVE]);
	}
	if (i < argc) {
		sh.params.v = argv + i;
		sh.params.n = argc - i;
	}
	if (sh.opt[OPT_INTERACTIVE]) {
		sh.at_prompt = true;
		sh.opt[OPT_EMACS] = 1;
		term_begin();
		trap_interactive();
		job_control(true);
	}
	if (login)
		run_profile();
	if (sh.opt[OPT_INTERACTIVE]) {
		const char *env = var_get("ENV");

		if (env && *env)
			run_file_if_there(expand_prompt(env));
	}
	if (sh.at_prompt && !command && sh.opt[OPT_STDIN])
		run_terminal();
	else
		sh_run_input(command);
	if (sh.opt[OPT_INTERACTIVE] && sh.opt[OPT_STDIN]) {
		ssize_t n = write(2, "\n", 1);

		(void)n;
	}
	sh_exit(sh.status);
}
