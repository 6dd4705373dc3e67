/*
 * Builtins about the process itself: its directory, its mask, its limits,
 * its times. See builtin.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <unistd.h>

#include "user/bin/sh/builtin.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/var.h"

/*
 * dir seen from the logical directory pwd, without "." and ".." (POSIX cd,
 * steps 7 and 8). NULL when a component of dir before ".." is no directory.
 * What pwd says is not asked: from a directory that is gone one can go up.
 */
static char *logical(const char *pwd, const char *dir)
{
	struct strbuf sb = { 0 };
	struct stat st;
	size_t n, of_dir = 0; /* components */

	if (dir[0] != '/') {
		sb_puts(&sb, pwd);
		if (sb.len == 1)
			sb.len = 0;
	}
	while (*dir) {
		while (*dir == '/')
			dir++;
		n = strcspn(dir, "/");
		if (n == 2 && dir[0] == '.' && dir[1] == '.') {
			if (of_dir && (stat(sb_str(&sb), &st) < 0 ||
				       !S_ISDIR(st.st_mode)))
				return NULL;
			of_dir -= of_dir > 0;
			while (sb.len && sb.p[--sb.len] != '/')
				;
		} else if (n && !(n == 1 && dir[0] == '.')) {
			sb_putc(&sb, '/');
			sb_put(&sb, dir, n);
			of_dir++;
		}
		dir += n;
	}
	if (!sb.len)
		sb_putc(&sb, '/');
	return sb_str(&sb);
}

static int change(const char *dir, bool physical, bool print)
{
	const char *pwd = var_pwd();
	char buf[4096];
	char *to = NULL;

	if (!physical && pwd && pwd[0] == '/') {
		to = logical(pwd, dir);
		if (!to) {
			errno = ENOENT;
			return -1;
		}
	}
	if (chdir(to ? to : dir) < 0)
		return -1;
	if (pwd)
		var_set("OLDPWD", pwd, VAR_EXPORT);
	if (!to && getcwd(buf, sizeof(buf)))
		to = buf;
	if (to)
		var_set("PWD", to, VAR_EXPORT);
	if (print && to)
		out_printf("%s\n", to);
	return 0;
}

int bi_cd(int argc, char **argv)
{
	bool physical = false, print = false;
	const char *dir, *path, *end;
	struct strbuf sb = { 0 };
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (argv[i][1] != 'L' && argv[i][1] != 'P') {
			err_print("cd: Illegal option %s", argv[i]);
			return 2;
		}
		physical = argv[i][strlen(argv[i]) - 1] == 'P';
	}
	dir = i < argc ? argv[i] : var_get("HOME");
	if (!dir || !*dir) {
		if (i < argc)
			return 0;
		err_print("cd: HOME not set");
		return 2;
	}
	if (strcmp(dir, "-") == 0) {
		dir = var_get("OLDPWD");
		if (!dir)
			dir = ".";
		print = true;
	}
	path = var_get("CDPATH");
	if (path && dir[0] != '/' &&
	    !(dir[0] == '.' &&
	      (!dir[1] || dir[1] == '/' ||
	       (dir[1] == '.' && (!dir[2] || dir[2] == '/'))))) {
		for (;; path = end + 1) {
			end = path + strcspn(path, ":");
			sb.len = 0;
			sb_put(&sb, path, (size_t)(end - path));
			if (sb.len && sb.p[sb.len - 1] != '/')
				sb_putc(&sb, '/');
			sb_puts(&sb, dir);
			if (change(sb_str(&sb), physical,
				   print || end > path) == 0)
				return 0;
			if (!*end)
				break;
		}
	}
	dir = arena_dup(&cmd_arena, dir, strlen(dir));
	if (change(dir, physical, print) == 0)
		return 0;
	err_print("cd: can't cd to %s", dir);
	return 2;
}

int bi_pwd(int argc, char **argv)
{
	char buf[4096];
	const char *dir;

	if (argc > 1 && strcmp(argv[1], "-P") == 0)
		dir = getcwd(buf, sizeof(buf));
	else
		dir = var_pwd();
	if (!dir) {
		err_print("pwd: %s", strerror(errno));
		return 1;
	}
	out_printf("%s\n", dir);
	return 0;
}

static void print_time(clock_t ticks, const char *end)
{
	long hz = sysconf(_SC_CLK_TCK);
	long frac = ticks % hz * 1000000 / hz;
	char buf[24];
	size_t n;

	out_printf("%ldm%ld.", (long)ticks / hz / 60, (long)ticks / hz % 60);
	for (n = strlen(num_text(buf, frac)); n < 6; n++)
		out_putc('0');
	out_printf("%lds%s", frac, end);
}

int bi_times(int argc, char **argv)
{
	struct tms t;

	times(&t);
	print_time(t.tms_utime, " ");
	print_time(t.tms_stime, "\n");
	print_time(t.tms_cutime, " ");
	print_time(t.tms_cstime, "\n");
	return 0;
}

/* u=rwx,g=rx and so on: the rights that are *not* masked. */
static int symbolic(const char *s, mode_t *mask)
{
	unsigned int keep = ~*mask & 0777, who, what, bits;
	char op;

	while (*s) {
		for (who = 0;; s++) {
			if (*s == 'u')
				who |= 0700;
			else if (*s == 'g')
				who |= 0070;
			else if (*s == 'o')
				who |= 0007;
			else if (*s == 'a')
				who |= 0777;
			else
				break;
		}
		if (!who)
			who = 0777;
		if (*s != '=' && *s != '+' && *s != '-')
			return -1;
		while (*s == '=' || *s == '+' || *s == '-') {
			op = *s++;
			for (what = 0;; s++) {
				if (*s == 'r')
					what |= 0444;
				else if (*s == 'w')
					what |= 0222;
				else if (*s == 'x')
					what |= 0111;
				else if (*s == 'u')
					what |= (keep >> 6 & 7) * 0111;
				else if (*s == 'g')
					what |= (keep >> 3 & 7) * 0111;
				else if (*s == 'o')
					what |= (keep & 7) * 0111;
				else
					break;
			}
			bits = what & who;
			if (op == '=')
				keep = (keep & ~who) | bits;
			else if (op == '+')
				keep |= bits;
			else
				keep &= ~bits;
		}
		if (*s == ',')
			s++;
		else if (*s)
			return -1;
	}
	*mask = ~keep & 0777;
	return 0;
}

int bi_umask(int argc, char **argv)
{
	mode_t mask = umask(0);
	const char *s;
	int i = 1, k;

	umask(mask);
	if (i < argc && strcmp(argv[i], "-S") == 0) {
		for (k = 6; k >= 0; k -= 3)
			out_printf("%c=%s%s%s%s",
				   k == 6 ? 'u'
				   : k    ? 'g'
					  : 'o',
				   mask >> k & 4 ? "" : "r",
				   mask >> k & 2 ? "" : "w",
				   mask >> k & 1 ? "" : "x", k ? "," : "\n");
		return 0;
	}
	if (i >= argc) {
		out_printf("%o%o%o%o\n", mask >> 9 & 7, mask >> 6 & 7,
			   mask >> 3 & 7, mask & 7);
		return 0;
	}
	if (is_digit(argv[i][0])) {
		mask = 0;
		for (s = argv[i]; *s >= '0' && *s <= '7' && mask < 0777; s++)
			mask = mask * 8 + (mode_t)(*s - '0');
		if (*s || mask > 0777) {
			err_print("umask: Illegal number: %s", argv[i]);
			return 2;
		}
	} else if (symbolic(argv[i], &mask) < 0) {
		err_print("umask: Illegal mode: %s", argv[i]);
		return 2;
	}
	umask(mask);
	return 0;
}

static const struct limit {
	char letter;
	unsigned char what;
	int unit;
	const char *name;
} limits[] = {
	{ 't', RLIMIT_CPU, 1, "time(seconds)        " },
	{ 'f', RLIMIT_FSIZE, 512, "file(blocks)         " },
	{ 'd', RLIMIT_DATA, 1024, "data(kbytes)         " },
	{ 's', RLIMIT_STACK, 1024, "stack(kbytes)        " },
	{ 'c', RLIMIT_CORE, 512, "coredump(blocks)     " },
	{ 'v', RLIMIT_AS, 1024, "vmemory(kbytes)      " },
	{ 'n', RLIMIT_NOFILE, 1, "nofiles              " },
	{ 'p', RLIMIT_NPROC, 1, "process              " },
	{ 'u', RLIMIT_NPROC, 1, NULL }, /* the same, as others call it */
};

static void print_limit(const struct limit *l, bool hard)
{
	struct rlimit r;

	if (getrlimit(l->what, &r) < 0) {
		out_puts("unknown\n");
		return;
	}
	if ((hard ? r.rlim_max : r.rlim_cur) == RLIM_INFINITY)
		out_puts("unlimited\n");
	else
		out_printf("%ld\n", (long)((hard ? r.rlim_max : r.rlim_cur) /
					   (unsigned int)l->unit));
}

int bi_ulimit(int argc, char **argv)
{
	bool hard = false, soft = false, all = false;
	const struct limit *l = &limits[1];
	struct rlimit r;
	const char *p;
	size_t k;
	int i, n;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		for (p = argv[i] + 1; *p; p++) {
			hard |= *p == 'H';
			soft |= *p == 'S';
			all |= *p == 'a';
			if (strchr("HSa", *p))
				continue;
			for (k = 0; k < sizeof(limits) / sizeof(*l); k++)
				if (limits[k].letter == *p)
					break;
			if (k == sizeof(limits) / sizeof(*l)) {
				err_print("ulimit: Illegal option -%c", *p);
				return 2;
			}
			l = &limits[k];
		}
	}
	if (all) {
		for (k = 0; k < sizeof(limits) / sizeof(*l); k++) {
			if (!limits[k].name)
				continue;
			out_puts(limits[k].name);
			print_limit(&limits[k], hard);
		}
		return 0;
	}
	if (i >= argc) {
		print_limit(l, hard);
		return 0;
	}
	if (getrlimit(l->what, &r) < 0) {
		err_print("ulimit: %s", strerror(errno));
		return 2;
	}
	if (!hard && !soft)
		hard = soft = true;
	if (strcmp(argv[i], "unlimited") == 0) {
		if (soft)
			r.rlim_cur = RLIM_INFINITY;
		if (hard)
			r.rlim_max = RLIM_INFINITY;
	} else {
		if (builtin_number("ulimit", argv[i], &n) < 0)
			return 2;
		if (soft)
			r.rlim_cur = (rlim_t)n * (unsigned int)l->unit;
		if (hard)
			r.rlim_max = (rlim_t)n * (unsigned int)l->unit;
	}
	if (setrlimit(l->what, &r) < 0) {
		err_print("ulimit: error setting limit (%s)", strerror(errno));
		return 2;
	}
	return 0;
}
