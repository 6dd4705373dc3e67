/*
 * Builtins about variables, options and positional parameters, and read.
 * See builtin.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "user/bin/sh/arith.h"
#include "user/bin/sh/builtin.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/exec.h"
#include "user/bin/sh/expand.h"
#include "user/bin/sh/job.h"
#include "user/bin/sh/match.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/trap.h"
#include "user/bin/sh/var.h"

static const struct {
	char letter;
	unsigned char option;
	const char *name;
} options[] = {
	{ 'a', OPT_ALLEXPORT, "allexport" },
	{ 'e', OPT_ERREXIT, "errexit" },
	{ 'f', OPT_NOGLOB, "noglob" },
	{ 'I', OPT_IGNOREEOF, "ignoreeof" },
	{ 'i', OPT_INTERACTIVE, "interactive" },
	{ 'm', OPT_MONITOR, "monitor" },
	{ 'n', OPT_NOEXEC, "noexec" },
	{ 's', OPT_STDIN, "stdin" },
	{ 'x', OPT_XTRACE, "xtrace" },
	{ 'v', OPT_VERBOSE, "verbose" },
	{ 'V', OPT_VI, "vi" },
	{ 'E', OPT_EMACS, "emacs" },
	{ 'C', OPT_NOCLOBBER, "noclobber" },
	{ 'b', OPT_NOTIFY, "notify" },
	{ 'u', OPT_NOUNSET, "nounset" },
	{ 0, OPT_NOLOG, "nolog" },
	{ 0, OPT_PIPEFAIL, "pipefail" },
};

#define NOPTIONS (sizeof(options) / sizeof(*options))

static int set_option(int option, bool on)
{
	if (option == OPT_VI && on) {
		err_print("set: there is no vi mode, only emacs");
		return -1;
	}
	sh.opt[option] = on;
	if (option == OPT_MONITOR) {
		job_control(on);
		if (on && !sh.opt[OPT_MONITOR])
			err_print("set: can't access tty; job control turned "
				  "off");
	}
	return 0;
}

int set_option_letter(int letter, bool on)
{
	size_t i;

	for (i = 0; i < NOPTIONS; i++)
		if (options[i].letter == letter) {
			return set_option(options[i].option, on);
		}
	err_print("%s: Illegal option -%c", "set", letter);
	return -1;
}

int set_option_name(const char *name, bool on)
{
	size_t i;

	for (i = 0; i < NOPTIONS; i++)
		if (strcmp(options[i].name, name) == 0) {
			return set_option(options[i].option, on);
		}
	err_print("set: Illegal option -o %s", name);
	return -1;
}

static void print_options(bool as_commands)
{
	size_t i, n;

	if (!as_commands)
		out_puts("Current option settings\n");
	for (i = 0; i < NOPTIONS; i++) {
		bool on = sh.opt[options[i].option];

		if (as_commands) {
			out_printf("set %co %s\n", on ? '-' : '+',
				   options[i].name);
			continue;
		}
		out_puts(options[i].name);
		for (n = strlen(options[i].name); n < 16; n++)
			out_putc(' ');
		out_puts(on ? "on\n" : "off\n");
	}
}

int bi_set(int argc, char **argv)
{
	const char *p;
	bool on;
	int i;

	if (argc == 1) {
		var_print(0, "");
		return 0;
	}
	for (i = 1; i < argc; i++) {
		if (argv[i][0] != '-' && argv[i][0] != '+')
			break;
		on = argv[i][0] == '-';
		if (strcmp(argv[i], "--") == 0) {
			params_set(argv + i + 1, argc - i - 1);
			return 0;
		}
		if (on && !argv[i][1]) {
			sh.opt[OPT_XTRACE] = sh.opt[OPT_VERBOSE] = 0;
			i++;
			break;
		}
		for (p = argv[i] + 1; *p; p++) {
			if (*p != 'o') {
				if (set_option_letter(*p, on) < 0)
					goto bad;
				continue;
			}
			if (++i >= argc) {
				print_options(!on);
				return 0;
			}
			if (set_option_name(argv[i], on) < 0)
				goto bad;
			break;
		}
	}
	if (i < argc)
		params_set(argv + i, argc - i);
	return 0;
bad:
	err_raise(2);
	return 2;
}

int bi_shift(int argc, char **argv)
{
	int n = 1;

	if (argc > 1 && builtin_number("shift", argv[1], &n) < 0) {
		err_raise(2);
		return 2;
	}
	if (n > sh.params.n) {
		err_fatal("shift: can't shift that many");
		return 2;
	}
	sh.params.v += n;
	sh.params.n -= n;
	sh.params.optoff = 0;
	return 0;
}

/* export and readonly. */
int bi_export(int argc, char **argv)
{
	int flag = argv[0][0] == 'e' ? VAR_EXPORT : VAR_READONLY;
	bool off = false;
	int i, len;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (strcmp(argv[i], "-p") == 0)
			continue;
		if (strcmp(argv[i], "-n") == 0 && flag == VAR_EXPORT) {
			off = true;
			continue;
		}
		err_fatal("%s: Illegal option %s", argv[0], argv[i]);
		return 2;
	}
	if (i >= argc)
		var_print(flag, flag == VAR_EXPORT ? "export " : "readonly ");
	for (; i < argc; i++) {
		len = name_len(argv[i]);
		if (!len || (argv[i][len] && argv[i][len] != '=')) {
			err_fatal("%s: %s: bad variable name", argv[0],
				  argv[i]);
			return 2;
		}
		if (var_set_len(argv[i], (size_t)len,
				argv[i][len] ? argv[i] + len + 1 : NULL,
				off ? 0 : flag) < 0)
			return 2;
		if (off)
			var_unexport(argv[i], (size_t)len);
	}
	return 0;
}

int bi_local(int argc, char **argv)
{
	int i, len;

	if (!sh.func_depth) {
		err_fatal("local: not in a function");
		return 2;
	}
	for (i = 1; i < argc; i++) {
		len = name_len(argv[i]);
		if (strcmp(argv[i], "-") == 0) {
			var_save_options();
			continue;
		}
		if (!len || (argv[i][len] && argv[i][len] != '=')) {
			err_fatal("local: %s: bad variable name", argv[i]);
			return 2;
		}
		var_save_local(argv[i], (size_t)len);
		if (argv[i][len] &&
		    var_set_len(argv[i], (size_t)len, argv[i] + len + 1, 0) < 0)
			return 2;
	}
	return 0;
}

int bi_unset(int argc, char **argv)
{
	bool func = false, var = false;
	int i, len;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		func |= argv[i][1] == 'f';
		var |= argv[i][1] == 'v';
		if (!func && !var) {
			err_fatal("unset: Illegal option %s", argv[i]);
			return 2;
		}
	}
	for (; i < argc; i++) {
		len = name_len(argv[i]);
		if (!func) {
			if (!len || argv[i][len]) {
				err_fatal("unset: %s: bad variable name",
					  argv[i]);
				return 2;
			}
			if (!var && !var_exists(argv[i])) {
				func_unset(argv[i]);
				continue;
			}
			if (var_unset(argv[i]) < 0)
				return 2;
		} else {
			func_unset(argv[i]);
		}
	}
	return 0;
}

/* let: each argument is an expression; false when the last one is 0. */
int bi_let(int argc, char **argv)
{
	long n = 0;
	int i;

	for (i = 1; i < argc; i++)
		if (arith_eval(argv[i], &n) < 0)
			return 2;
	return n == 0;
}

/* To no other builtin than a special one is that the end of a script. */
static bool is_read_only(const char *who, const char *name)
{
	if (!var_read_only(name))
		return false;
	err_print("%s: %s: is read only", who, name);
	return true;
}

int bi_getopts(int argc, char **argv)
{
	struct params *p = &sh.params;
	const char *spec, *name, *arg, *at, *opterr = var_get("OPTERR");
	bool silent = opterr && strcmp(opterr, "0") == 0;
	char letter[2] = { 0, 0 };
	char buf[24];
	char **v;
	int n, ind, status = 0;

	if (argc < 3) {
		err_print("Usage: getopts optstring var [arg...]");
		return 2;
	}
	spec = argv[1];
	name = argv[2];
	v = argc > 3 ? argv + 3 : p->v;
	n = argc > 3 ? argc - 3 : p->n;
	at = var_get("OPTIND");
	ind = at ? atoi(at) : 1;
	if (ind < 1)
		ind = 1;
	var_unset("OPTARG");
	if (ind > n + 1)
		p->optoff = 0;
	arg = ind <= n ? v[ind - 1] : NULL;
	if (arg && p->optoff && (size_t)p->optoff >= strlen(arg))
		p->optoff = 0;
	if (!p->optoff) {
		if (!arg || arg[0] != '-' || !arg[1]) {
			letter[0] = '?';
			status = 1;
			goto out;
		}
		if (strcmp(arg, "--") == 0) {
			ind++;
			letter[0] = '?';
			status = 1;
			goto out;
		}
		p->optoff = 1;
	}
	letter[0] = arg[p->optoff++];
	at = letter[0] == ':' ? NULL : strchr(spec, letter[0]);
	if (!at) {
		if (spec[0] == ':')
			var_set("OPTARG", letter, 0);
		else if (!silent)
			err_plain("Illegal option -%s", letter);
		letter[0] = '?';
	} else if (at[1] == ':') {
		if (arg[p->optoff]) {
			var_set("OPTARG", arg + p->optoff, 0);
		} else if (ind < n) {
			ind++;
			var_set("OPTARG", v[ind - 1], 0);
		} else if (spec[0] == ':') {
			var_set("OPTARG", letter, 0);
			letter[0] = ':';
		} else {
			if (!silent)
				err_plain("No arg for -%s option", letter);
			letter[0] = '?';
		}
		p->optoff = 0;
		ind++;
		goto out;
	}
	if (!arg[p->optoff]) {
		p->optoff = 0;
		ind++;
	}
out:
	n = p->optoff;
	if (status)
		n = 0;
	var_set("OPTIND", num_text(buf, ind), 0);
	p->optoff = n;
	if (!name_len(name) || name[name_len(name)]) {
		err_fatal("getopts: %s: bad variable name", name);
		return 2;
	}
	if (is_read_only(argv[0], name) || var_set(name, letter, 0) < 0)
		return 2;
	return status;
}

/*
 * One byte, never more than is ours to take. A seekable file could be read
 * in blocks; a line at a time is rare enough to keep this simple.
 */
static int read_byte(int fd)
{
	unsigned char c;
	ssize_t n;

	for (;;) {
		n = -1;
		errno = EINTR;
		if ((!sh.at_prompt && !trap_any()) || trap_poll(fd))
			n = read(fd, &c, 1);
		if (n == 1)
			return c;
		if (n == 0)
			return -1;
		if (errno != EINTR)
			return -1;
		if (trap_pending) {
			/* ^C and traps come at once. */
			trap_run_pending();
			return -2;
		}
	}
}

/* Seconds, perhaps with a fraction, to milliseconds. */
static int read_timeout(const char *s, long *ms)
{
	const char *p = s;
	long n = 0, unit = 1000;

	for (; is_digit(*p) && n < 1000000; p++)
		n = n * 10 + *p - '0';
	n *= 1000;
	if (*p == '.')
		for (p++; is_digit(*p); p++) {
			unit /= 10;
			n += unit * (*p - '0');
		}
	if (p == s || *p) {
		err_print("read: Illegal number: %s", s);
		return -1;
	}
	*ms = n;
	return 0;
}

/* Waits for input; what is left of the time stays in *ms. */
static bool wait_input(int fd, long *ms)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	struct timespec a, b;
	int n;

	clock_gettime(CLOCK_MONOTONIC, &a);
	n = poll(&pfd, 1, (int)*ms);
	clock_gettime(CLOCK_MONOTONIC, &b);
	*ms -= (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	if (*ms < 0)
		*ms = 0;
	return n != 0;
}

int bi_read(int argc, char **argv)
{
	bool raw = false;
	const char *prompt = NULL;
	struct strbuf sb = { 0 };
	struct args fields = { 0 };
	int i, c, k, status = 0, max = -1, fd = 0, delim = '\n', got = 0;
	long timeout = -1;
	const char *p;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		for (p = argv[i] + 1; *p; p++) {
			if (*p == 'r') {
				raw = true;
				continue;
			}
			if (!strchr("pnudt", *p)) {
				err_print("read: Illegal option -%c", *p);
				return 2;
			}
			c = *p;
			if (p[1]) {
				p++;
			} else if (++i < argc) {
				p = argv[i];
			} else {
				err_print("read: No arg for -%c option", c);
				return 2;
			}
			if (c == 'p')
				prompt = p;
			else if (c == 'd')
				delim = (unsigned char)*p;
			else if (c == 't') {
				if (read_timeout(p, &timeout) < 0)
					return 2;
			} else if (builtin_number("read", p,
						  c == 'n' ? &max : &fd) < 0)
				return 2;
			break;
		}
	}
	for (k = i; k < argc; k++)
		if (!name_len(argv[k]) || argv[k][name_len(argv[k])]) {
			err_print("read: %s: bad variable name", argv[k]);
			return 2;
		}
	for (k = i; k < argc; k++)
		if (is_read_only(argv[0], argv[k]))
			return 2;
	if (prompt && isatty(fd)) {
		ssize_t n = write(2, prompt, strlen(prompt));

		(void)n;
	}
	/* No time at all: only ask whether there is something to read. */
	if (timeout == 0) {
		status = !wait_input(fd, &timeout);
		max = 0;
	}
	while (max < 0 || got < max) {
		if (timeout >= 0 && !wait_input(fd, &timeout)) {
			status = 1;
			break;
		}
		c = read_byte(fd);
		if (c == -2)
			return sh.skip ? sh.status : 128 + trap_last_signal();
		if (c == -1) {
			status = 1;
			break;
		}
		got++;
		if (c == delim)
			break;
		if (c == '\\' && !raw) {
			c = read_byte(fd);
			if (c < 0) {
				status = 1;
				break;
			}
			if (c == '\n')
				continue;
			if (c) {
				sb_putc(&sb, PAT_QUOTE);
				sb_putc(&sb, c);
			}
			continue;
		}
		if (c == PAT_QUOTE)
			sb_putc(&sb, PAT_QUOTE);
		if (c)
			sb_putc(&sb, c);
	}
	if (i >= argc) {
		/* All of the line, as it is. */
		var_set("REPLY", match_unquote(sb_str(&sb)), 0);
		return status;
	}
	expand_read_fields(sb_str(&sb), argc - i, &fields);
	for (k = 0; i + k < argc; k++)
		if (var_set(argv[i + k], k < fields.n ? fields.v[k] : "", 0) <
		    0)
			return 2;
	return status;
}
