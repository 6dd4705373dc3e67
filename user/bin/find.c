/*
 * find: walk trees of files and do with each what an expression says.
 *
 * The expression becomes a tree of nodes: tests, actions, and the operators
 * between them.  The walk itself is fts.  What runs for many files at once
 * (-exec ... {} +) is run when its list is full, and at the end.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <fts.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mode.h"
#include "shown.h"
#include "utf8.h"
#include "when.h"

/* What the arguments of one -exec ... + may take together. */
#define ARGS_MAX (96 * 1024)

struct node {
	int (*eval)(struct node *n);
	struct node *a, *b; /* of operators */
	const char *text;
	char **argv; /* of -exec: ends with NULL */
	int argc;
	int ask, batch;
	int inside; /* -execdir: in the folder of the file */
	regex_t re;
	char **list; /* files that wait for a batch; list_n of them */
	size_t list_n, list_cap, list_bytes;
	int sign; /* of a number: -1 less, 0 equal, 1 more */
	int which;
	uintmax_t number;
	intmax_t unit;
	struct timespec ts;
	dev_t dev;
	ino_t ino;
	unsigned int types; /* bit i: the ith letter of type_letters */
	mode_t mode, dir_mode;
};

static const char type_letters[] = "bcdpfls";

static char **words; /* what of the expression is still to be read */
static int failed, has_action, depth_first, one_system, quit, pruned;
static int follow = 'P';
static int min_depth, max_depth = INT_MAX;
static struct node *batches[64];
static int batch_count;
static struct timespec now;
static time_t day_start;
static FTSENT *file;
static struct stat known; /* of the file, once it was asked for */
static int known_set;
static int start = -1;        /* the first working directory */
static char regex_kind = 'e'; /* of what is read next: e Emacs, E extended, B
				 basic */

static const char *base(void);

/* --- running programs --- */

static void *grow(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p)
		err(1, NULL);
	return p;
}

/*
 * In the directory where the walk began, which it may have left; or in that of
 * the file, which is the path to it up to the slash before its name.
 */
static int go_where(int inside)
{
	const char *path;
	char *folder;
	size_t n;

	if (!inside)
		return start < 0 ? 0 : fchdir(start);
	path = file->fts_accpath;
	n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n && path[n - 1] != '/')
		n--;
	if (!n)
		return 0;
	folder = strndup(path, n);
	return folder ? chdir(folder) : -1;
}

static int run(char **argv, int inside)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		warn("fork");
		failed = 1;
		return 0;
	}
	if (!pid) {
		if (go_where(inside) == 0)
			execvp(argv[0], argv);
		warn("%s", argv[0]);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err(1, "wait");
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void run_batch(struct node *n)
{
	char **argv;
	size_t i;

	if (!n->list_n)
		return;
	argv = grow(NULL, ((size_t)n->argc + n->list_n + 1) * sizeof(*argv));
	memcpy(argv, n->argv, (size_t)n->argc * sizeof(*argv));
	memcpy(argv + n->argc, n->list, n->list_n * sizeof(*argv));
	argv[(size_t)n->argc + n->list_n] = NULL;
	if (!run(argv, 0))
		failed = 1;
	for (i = 0; i < n->list_n; i++)
		free(n->list[i]);
	free(argv);
	n->list_n = n->list_bytes = 0;
}

static char *copy_of(const char *s)
{
	char *p = strdup(s);

	if (!p)
		err(1, NULL);
	return p;
}

static void add_to_batch(struct node *n)
{
	size_t bytes = strlen(file->fts_path) + 1 + sizeof(char *);

	if (n->list_bytes + bytes > ARGS_MAX)
		run_batch(n);
	if (n->list_n == n->list_cap) {
		n->list_cap = n->list_cap ? n->list_cap * 2 : 64;
		n->list = grow(n->list, n->list_cap * sizeof(*n->list));
	}
	n->list[n->list_n++] = copy_of(file->fts_path);
	n->list_bytes += bytes;
}

/* A word with each {} in it replaced by the path. */
static char *filled(const char *word, const char *path)
{
	size_t len = strlen(word) + 1, path_len = strlen(path);
	char *out, *to;
	const char *p;

	for (p = word; (p = strstr(p, "{}")); p += 2)
		len += path_len;
	out = to = grow(NULL, len);
	while ((p = strstr(word, "{}"))) {
		memcpy(to, word, (size_t)(p - word));
		to = stpcpy(to + (p - word), path);
		word = p + 2;
	}
	strcpy(to, word);
	return out;
}

static int agreed(char **argv)
{
	char answer[80];
	int i;

	fflush(stdout);
	fprintf(stderr, "<");
	for (i = 0; argv[i]; i++) {
		fputc(' ', stderr);
		shown_name(stderr, argv[i]);
	}
	fprintf(stderr, " >? ");
	return fgets(answer, sizeof(answer), stdin) &&
	       (*answer == 'y' || *answer == 'Y');
}

static int do_exec(struct node *n)
{
	char **argv, *path = file->fts_path;
	int i, ret;

	if (n->batch && !n->inside) {
		add_to_batch(n);
		return 1;
	}
	if (n->inside && asprintf(&path, "./%s", base()) < 0)
		err(1, NULL);
	argv = grow(NULL, ((size_t)n->argc + 2) * sizeof(*argv));
	for (i = 0; i < n->argc; i++)
		argv[i] = filled(n->argv[i], path);
	/* With + a folder's files could be one batch; one by one will do. */
	if (n->batch)
		argv[i++] = filled("{}", path);
	argv[i] = NULL;
	ret = (!n->ask || agreed(argv)) && run(argv, n->inside);
	while (i)
		free(argv[--i]);
	free(argv);
	if (n->inside)
		free(path);
	if (n->batch && !ret)
		failed = 1;
	return ret || n->batch;
}

/* --- the tests --- */

/*
 * What is known of the file, which is asked for only now where the directory
 * alone told what to do with it.
 */
static const struct stat *st(void)
{
	int through = follow == 'L' || (follow == 'H' && !file->fts_level);

	/* With FTS_NOSTAT other libraries keep none in the entry. */
	if (known_set)
		return &known;
	known_set = 1;
	if ((!through || stat(file->fts_accpath, &known) < 0) &&
	    lstat(file->fts_accpath, &known) < 0) {
		warn("'%s'", file->fts_path);
		failed = 1;
		memset(&known, 0, sizeof(known));
	}
	return &known;
}

static int compare(const struct node *n, uintmax_t value)
{
	return n->sign < 0   ? value < n->number
	       : n->sign > 0 ? value > n->number
			     : value == n->number;
}

/* The last part of the path, without slashes behind it. */
static const char *base(void)
{
	static char *copy;
	static size_t cap;
	const char *s = file->fts_name, *p;
	size_t n;

	if (file->fts_level > 0)
		return s;
	n = strlen(s);
	while (n > 1 && s[n - 1] == '/')
		n--;
	for (p = s + n; p > s && p[-1] != '/'; p--)
		;
	if (n == 1)
		p = s;
	n -= (size_t)(p - s);
	if (n + 1 > cap) {
		cap = n + 1;
		copy = grow(copy, cap);
	}
	memcpy(copy, p, n);
	copy[n] = 0;
	return copy;
}

static int do_name(struct node *n)
{
	return !fnmatch(n->text, base(), n->which);
}

static int do_path(struct node *n)
{
	return !fnmatch(n->text, file->fts_path, n->which);
}

/* The whole path; of all matches the longest that begins first is found. */
static int do_regex(struct node *n)
{
	size_t len = strlen(file->fts_path);
	regmatch_t m;

	return !regexec(&n->re, file->fts_path, 1, &m, 0) && !m.rm_so &&
	       (size_t)m.rm_eo == len;
}

static ssize_t link_target(char *target, size_t size)
{
	ssize_t len = readlink(file->fts_accpath, target, size - 1);

	target[len < 0 ? 0 : len] = 0;
	return len;
}

static int do_lname(struct node *n)
{
	char target[PATH_MAX];

	return S_ISLNK(st()->st_mode) &&
	       link_target(target, sizeof(target)) >= 0 &&
	       !fnmatch(n->text, target, n->which);
}

static int type_letter(mode_t m)
{
	switch (m & S_IFMT) {
	case S_IFBLK:
		return 'b';
	case S_IFCHR:
		return 'c';
	case S_IFDIR:
		return 'd';
	case S_IFIFO:
		return 'p';
	case S_IFLNK:
		return 'l';
	case S_IFSOCK:
		return 's';
	}
	return 'f';
}

static int do_type(struct node *n)
{
	mode_t m = st()->st_mode;
	struct stat other;

	/* -xtype: the link's target, or with -L the link itself. */
	if (n->which && follow == 'L' &&
	    lstat(file->fts_accpath, &other) == 0) {
		m = other.st_mode;
	} else if (n->which && S_ISLNK(m)) {
		if (stat(file->fts_accpath, &other) == 0) {
			m = other.st_mode;
		} else if (errno == ELOOP) {
			warn("'%s'", file->fts_path);
			failed = 1;
			return 0;
		}
	}
	return (int)(n->types >>
		     (strchr(type_letters, type_letter(m)) - type_letters)) &
	       1;
}

static int do_perm(struct node *n)
{
	mode_t want = S_ISDIR(st()->st_mode) ? n->dir_mode : n->mode;
	mode_t m = st()->st_mode & MODE_ALL;

	return n->which == '-'   ? (m & want) == want
	       : n->which == '/' ? !want || (m & want)
				 : m == want;
}

static int do_user(struct node *n)
{
	return compare(n, st()->st_uid);
}

static int do_group(struct node *n)
{
	return compare(n, st()->st_gid);
}

static int do_nouser(struct node *n)
{
	return n->which ? !getgrgid(st()->st_gid) : !getpwuid(st()->st_uid);
}

static int do_links(struct node *n)
{
	return compare(n, st()->st_nlink);
}

static int do_inum(struct node *n)
{
	return compare(n, st()->st_ino);
}

static int do_size(struct node *n)
{
	uintmax_t unit = (uintmax_t)n->unit;

	return compare(n, ((uintmax_t)st()->st_size + unit - 1) / unit);
}

static int do_empty(struct node *n)
{
	FTS *sub;
	FTSENT *e;
	char *paths[2] = { file->fts_accpath, NULL };
	int ret = 0;

	if (S_ISREG(st()->st_mode))
		return !st()->st_size;
	if (!S_ISDIR(st()->st_mode))
		return 0;
	sub = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	if (!sub)
		err(1, NULL);
	/* Empty when the directory is left right after it was entered. */
	if ((e = fts_read(sub)) && e->fts_info == FTS_D &&
	    (e = fts_read(sub))) {
		ret = e->fts_info == FTS_DP;
		if (e->fts_info == FTS_DNR) {
			errno = e->fts_errno;
			warn("'%s'", file->fts_path);
			failed = 1;
		}
	}
	fts_close(sub);
	return ret;
}

static struct timespec time_of(const struct stat *s, int which)
{
	return which == 'a'   ? s->st_atim
	       : which == 'c' ? s->st_ctim
			      : s->st_mtim;
}

/* Ages count in whole days or minutes, what is begun is left out. */
static int do_age(struct node *n)
{
	struct timespec t = time_of(st(), n->which);
	intmax_t from = n->unit == 86400 && day_start ? day_start : now.tv_sec;
	intmax_t age = from - t.tv_sec;

	if (!day_start && now.tv_nsec < t.tv_nsec)
		age--;
	if (n->unit == 60) {
		/* Minutes are rounded up, as in "within the last n". */
		intmax_t limit = (intmax_t)n->number * 60;

		return n->sign < 0   ? age < limit
		       : n->sign > 0 ? age > limit || (age == limit &&
						       now.tv_nsec > t.tv_nsec)
				     : age < limit && age >= limit - 60;
	}
	if (age < 0)
		return n->sign < 0;
	return compare(n, (uintmax_t)(age / n->unit));
}

static int do_newer(struct node *n)
{
	struct timespec t = time_of(st(), n->which);

	return t.tv_sec != n->ts.tv_sec ? t.tv_sec > n->ts.tv_sec
					: t.tv_nsec > n->ts.tv_nsec;
}

static int do_samefile(struct node *n)
{
	return st()->st_dev == n->dev && st()->st_ino == n->ino;
}

static int do_access(struct node *n)
{
	return access(file->fts_accpath, n->which) == 0;
}

static int do_true(struct node *n)
{
	return n->which;
}

/* --- the actions --- */

/*
 * A name as standard output gets it, until the next call: on a terminal, where
 * it could be a command, with ? for what is no character to be seen.
 */
static const char *shown(const char *name)
{
	static int terminal = -1;
	static char *copy;
	size_t left = strlen(name), used;
	char *to;
	int code;

	if (terminal < 0)
		terminal = isatty(1);
	if (!terminal)
		return name;
	free(copy);
	to = copy = copy_of(name);
	for (; left; name += used, left -= used) {
		used = utf8_get(name, left, &code);
		if (code < 0 || utf8_hidden(code)) {
			*to++ = '?';
			continue;
		}
		memcpy(to, name, used);
		to += used;
	}
	*to = 0;
	return copy;
}

static int do_print(struct node *n)
{
	fputs(n->which ? shown(file->fts_path) : file->fts_path, stdout);
	putchar(n->which);
	return 1;
}

static int do_prune(struct node *n)
{
	pruned = 1;
	return 1;
}

static int do_quit(struct node *n)
{
	quit = 1;
	return 1;
}

static int is_folder(void)
{
	return file->fts_info == FTS_D || file->fts_info == FTS_DP ||
	       file->fts_info == FTS_DNR || file->fts_info == FTS_ERR;
}

static int do_delete(struct node *n)
{
	/* . cannot be removed, and need not be named as a fault. */
	if (!strcmp(file->fts_path, "."))
		return 1;
	if (unlinkat(AT_FDCWD, file->fts_accpath,
		     is_folder() ? AT_REMOVEDIR : 0) == 0)
		return 1;
	warn("cannot delete '%s'", file->fts_path);
	failed = 1;
	return 0;
}

static const char *user_name(uid_t uid)
{
	static char text[12];
	struct passwd *pw = getpwuid(uid);

	if (pw)
		return pw->pw_name;
	snprintf(text, sizeof(text), "%u", uid);
	return text;
}

static const char *group_name(gid_t gid)
{
	static char text[12];
	struct group *gr = getgrgid(gid);

	if (gr)
		return gr->gr_name;
	snprintf(text, sizeof(text), "%u", gid);
	return text;
}

/* As in ls -l: what would move a cursor, and blanks, behind a backslash. */
static void put_quoted(const char *s)
{
	for (; *s; s++) {
		if (*s == ' ' || *s == '\\' || *s == '"')
			printf("\\%c", *s);
		else if (*s == '\n')
			fputs("\\n", stdout);
		else if (*s == '\t')
			fputs("\\t", stdout);
		else if ((unsigned char)*s < 32 || (unsigned char)*s > 126)
			printf("\\%03o", (unsigned char)*s);
		else
			putchar(*s);
	}
}

static int do_ls(struct node *n)
{
	char mode[12], when[32], size[32], target[PATH_MAX];
	struct tm tm;

	mode_letters(st()->st_mode, mode);
	if (S_ISCHR(st()->st_mode) || S_ISBLK(st()->st_mode))
		snprintf(size, sizeof(size), "%3u, %3u", major(st()->st_rdev),
			 minor(st()->st_rdev));
	else
		snprintf(size, sizeof(size), "%ju", (uintmax_t)st()->st_size);
	localtime_r(&st()->st_mtime, &tm);
	strftime(when, sizeof(when),
		 st()->st_mtime > now.tv_sec ||
				 st()->st_mtime < now.tv_sec - 15778476
			 ? "%b %e  %Y"
			 : "%b %e %H:%M",
		 &tm);
	printf("%9lu %6ld %s %3lu %-8s ", (unsigned long)st()->st_ino,
	       (long)(st()->st_blocks + 1) / 2, mode,
	       (unsigned long)st()->st_nlink, user_name(st()->st_uid));
	printf("%-8s %8s %s ", group_name(st()->st_gid), size, when);
	put_quoted(file->fts_path);
	if (S_ISLNK(st()->st_mode) &&
	    link_target(target, sizeof(target)) >= 0) {
		fputs(" -> ", stdout);
		put_quoted(target);
	}
	putchar('\n');
	return 1;
}

/* A backslash and what follows in -printf; gives what is behind. */
static const char *put_escape(const char *f)
{
	static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
	const char *p;
	int i, c = 0;

	if (*f >= '0' && *f <= '7') {
		for (i = 0; i < 3 && *f >= '0' && *f <= '7'; i++)
			c = c * 8 + *f++ - '0';
		putchar(c);
		return f;
	}
	p = *f ? strchr(from, *f) : NULL;
	if (p) {
		putchar(to[p - from]);
	} else {
		putchar('\\');
		if (*f)
			putchar(*f);
	}
	return *f ? f + 1 : f;
}

static void put_time(const char *spec, struct timespec t, char c)
{
	char format[3] = { '%', c, 0 }, text[64], all[96];
	struct tm tm;

	localtime_r(&t.tv_sec, &tm);
	if (c == '@') {
		snprintf(all, sizeof(all), "%jd.%09ld0", (intmax_t)t.tv_sec,
			 t.tv_nsec);
	} else if (c == '+') {
		strftime(text, sizeof(text), "%Y-%m-%d+%H:%M:%S", &tm);
		snprintf(all, sizeof(all), "%s.%09ld0", text, t.tv_nsec);
	} else if (!c) {
		strftime(text, sizeof(text), "%a %b %e %H:%M:%S", &tm);
		snprintf(all, sizeof(all), "%s.%09ld0 %d", text, t.tv_nsec,
			 tm.tm_year + 1900);
	} else if (c == 'T' || c == 'S') {
		strftime(text, sizeof(text), c == 'T' ? "%H:%M:%S" : "%S", &tm);
		snprintf(all, sizeof(all), "%s.%09ld0", text, t.tv_nsec);
	} else {
		strftime(all, sizeof(all), format, &tm);
	}
	printf(spec, all);
}

/* The path without what the operand was. */
static const char *below(void)
{
	const FTSENT *e = file;
	const char *p;

	for (; e->fts_level > 0; e = e->fts_parent)
		;
	p = file->fts_path + e->fts_pathlen;
	return file->fts_level ? p + strspn(p, "/") : "";
}

static void put_folder(const char *spec)
{
	const char *end = strrchr(file->fts_path, '/');
	char *text;

	if (file->fts_level == 0 && end && !end[1])
		end = end == file->fts_path ? end : NULL;
	text = end ? strndup(file->fts_path, (size_t)(end - file->fts_path))
		   : copy_of(".");
	if (!text)
		err(1, NULL);
	printf(spec, shown(text));
	free(text);
}

static const char *put_directive(const char *f)
{
	char spec[40], word[40], text[PATH_MAX];
	size_t n = 0;
	uintmax_t v;

	/* Flags, width and precision are those of printf. */
	spec[n++] = '%';
	while (*f && (strchr("-+ #0.", *f) || isdigit((unsigned char)*f)) &&
	       n < 20)
		spec[n++] = *f++;
	memcpy(word, spec, n);
	strcpy(word + n, "s");
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	switch (*f) {
	case 0:
		putchar('%');
		return f;
	case '%':
		putchar('%');
		break;
	case 'p':
		printf(word, shown(file->fts_path));
		break;
	case 'f':
		printf(word, shown(base()));
		break;
	case 'P':
		printf(word, shown(below()));
		break;
	case 'h':
		put_folder(word);
		break;
	case 'H': {
		const FTSENT *e = file;

		for (; e->fts_level > 0; e = e->fts_parent)
			;
		printf(word, shown(e->fts_name));
		break;
	}
	case 'l':
		if (!S_ISLNK(st()->st_mode) ||
		    link_target(text, sizeof(text)) < 0)
			*text = 0;
		printf(word, shown(text));
		break;
	case 'y':
	case 'Y':
		snprintf(text, 2, "%c", type_letter(st()->st_mode));
		if (*f == 'Y' && S_ISLNK(st()->st_mode)) {
			struct stat to;

			if (stat(file->fts_accpath, &to) == 0)
				*text = (char)type_letter(to.st_mode);
			else
				*text = errno == ELOOP    ? 'L'
					: errno == ENOENT ? 'N'
							  : '?';
		}
		printf(word, text);
		break;
	case 'M':
		mode_letters(st()->st_mode, text);
		printf(word, text);
		break;
	case 'u':
		printf(word, user_name(st()->st_uid));
		break;
	case 'g':
		printf(word, group_name(st()->st_gid));
		break;
	case 'a':
	case 'c':
	case 't':
		put_time(word, time_of(st(), *f == 't' ? 'm' : *f), 0);
		break;
	case 'A':
	case 'C':
	case 'T':
		if (!f[1])
			break;
		put_time(word,
			 time_of(st(), tolower(*f) == 't' ? 'm' : tolower(*f)),
			 f[1]);
		f++;
		break;
	case 'm':
		strcpy(spec + n, "jo");
		printf(spec, (uintmax_t)(st()->st_mode & MODE_ALL));
		break;
	case 'd':
		strcpy(spec + n, "d");
		printf(spec, file->fts_level);
		break;
	default:
		v = *f == 's'   ? (uintmax_t)st()->st_size
		    : *f == 'b' ? (uintmax_t)st()->st_blocks
		    : *f == 'k' ? (uintmax_t)(st()->st_blocks + 1) / 2
		    : *f == 'i' ? st()->st_ino
		    : *f == 'n' ? st()->st_nlink
		    : *f == 'U' ? st()->st_uid
		    : *f == 'G' ? st()->st_gid
		    : *f == 'D' ? st()->st_dev
				: UINTMAX_MAX;
		if (v == UINTMAX_MAX) {
			printf("%%%c", *f);
			break;
		}
		snprintf(text, sizeof(text), "%ju", v);
		printf(word, text);
	}
#pragma GCC diagnostic warning "-Wformat-nonliteral"
	return f + 1;
}

static int do_printf(struct node *n)
{
	const char *f = n->text;

	while (*f) {
		if (*f == '\\' && f[1] == 'c')
			return 1;
		if (*f == '\\')
			f = put_escape(f + 1);
		else if (*f == '%')
			f = put_directive(f + 1);
		else
			putchar(*f++);
	}
	return 1;
}

/* --- the operators --- */

static int do_and(struct node *n)
{
	return n->a->eval(n->a) && !quit && n->b->eval(n->b);
}

static int do_or(struct node *n)
{
	return n->a->eval(n->a) || (!quit && n->b->eval(n->b));
}

static int do_not(struct node *n)
{
	return !n->a->eval(n->a);
}

static int do_comma(struct node *n)
{
	n->a->eval(n->a);
	return !quit && n->b->eval(n->b);
}

/* --- reading the expression --- */

static struct node *make(int (*eval)(struct node *), struct node *a,
			 struct node *b)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		err(1, NULL);
	n->eval = eval;
	n->a = a;
	n->b = b;
	return n;
}

static char *argument(const char *option)
{
	if (!*words)
		errx(1, "missing argument to '%s'", option);
	return *words++;
}

/* [+-]N, with what is behind the digits left in *end. */
static void read_number(struct node *n, const char *option, const char *s,
			char **end)
{
	const char *p = s;

	n->sign = *p == '+' ? 1 : *p == '-' ? -1 : 0;
	if (n->sign)
		p++;
	errno = 0;
	n->number = strtoull(p, end, 10);
	if (!isdigit((unsigned char)*p) || errno)
		errx(1, "invalid argument '%s' to '%s'", s, option);
}

static void read_plain_number(struct node *n, const char *option)
{
	const char *s = argument(option);
	char *end;

	read_number(n, option, s, &end);
	if (*end)
		errx(1, "invalid argument '%s' to '%s'", s, option);
}

static void read_size(struct node *n, const char *option)
{
	static const char units[] = "bcwkMG";
	static const intmax_t bytes[] = {
		512, 1, 2, 1 << 10, 1 << 20, 1 << 30
	};
	const char *s = argument(option), *p;
	char *end;

	read_number(n, option, s, &end);
	n->unit = 512;
	if (*end) {
		p = strchr(units, *end);
		if (!p || end[1])
			errx(1, "invalid argument '%s' to '%s'", s, option);
		n->unit = bytes[p - units];
	}
}

static void read_type(struct node *n, const char *option)
{
	const char *s = argument(option), *p, *at;

	for (at = s;; at += 2) {
		p = *at ? strchr(type_letters, *at) : NULL;
		if (!p || (at[1] && at[1] != ','))
			errx(1, "invalid argument '%s' to '%s'", s, option);
		n->types |= 1u << (p - type_letters);
		if (!at[1])
			return;
	}
}

static void read_perm(struct node *n, const char *option)
{
	const char *s = argument(option), *p = s;

	if (*p == '-' || *p == '/')
		n->which = *p++;
	if (mode_change(p, 0, 0, 0, &n->mode) < 0 ||
	    mode_change(p, 0, 1, 0, &n->dir_mode) < 0)
		errx(1, "invalid mode '%s'", s);
}

static void read_owner(struct node *n, const char *option, int group)
{
	const char *s = argument(option);
	struct passwd *pw = group ? NULL : getpwnam(s);
	struct group *gr = group ? getgrnam(s) : NULL;
	char *end;

	if (pw || gr) {
		n->number = pw ? pw->pw_uid : gr->gr_gid;
		return;
	}
	if (!isdigit((unsigned char)s[*s == '+' || *s == '-']))
		errx(1, "'%s' is not the name of a known %s", s,
		     group ? "group" : "user");
	read_number(n, option, s, &end);
	if (*end)
		errx(1, "invalid argument '%s' to '%s'", s, option);
}

/*
 * An expression as Emacs has it in extended form: there ( ) | { } are
 * themselves, and mean something behind a backslash.
 */
static char *extended(const char *s)
{
	char *out = grow(NULL, strlen(s) * 2 + 1), *o = out;

	for (; *s; s++) {
		if (*s == '[') {
			/* A list as it is, up to a ] that is not its first. */
			*o++ = *s++;
			if (*s == '^')
				*o++ = *s++;
			do {
				if (*s)
					*o++ = *s++;
			} while (*s && *s != ']');
			if (!*s)
				break;
			*o++ = *s;
		} else if (*s == '\\' && s[1] && strchr("()|", s[1])) {
			*o++ = *++s;
		} else if (*s == '\\' && s[1]) {
			*o++ = *s++;
			*o++ = *s;
		} else {
			if (strchr("()|{}", *s))
				*o++ = '\\';
			*o++ = *s;
		}
	}
	*o = 0;
	return out;
}

static void read_regex(struct node *n, const char *option, int flags)
{
	const char *s = argument(option);
	char *own = regex_kind == 'e' ? extended(s) : NULL, why[100];
	int ret;

	ret = regcomp(&n->re, own ? own : s,
		      flags | (regex_kind == 'B' ? 0 : REG_EXTENDED));
	if (ret) {
		regerror(ret, &n->re, why, sizeof(why));
		errx(1, "%s: %s", s, why);
	}
	free(own);
}

static void read_regex_kind(const char *option)
{
	static const char *const kinds[] = {
		"eemacs",
		"efindutils-default",
		"Eposix-extended",
		"Eegrep",
		"Eposix-egrep",
		"Eawk",
		"Egnu-awk",
		"Eposix-awk",
		"Bposix-basic",
		"Bgrep",
		"Bed",
		"Bsed",
		"Bposix-minimal-basic",
	};
	const char *s = argument(option);
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i] + 1, s)) {
			regex_kind = *kinds[i];
			return;
		}
	errx(1, "unknown kind of expression '%s'", s);
}

static void read_time(struct node *n, const char *option)
{
	const char *s = argument(option);

	if (when_parse(s, now, &n->ts) < 0)
		errx(1, "I cannot read '%s' as a time", s);
}

static void read_file(struct node *n, const char *option, int of)
{
	const char *s = argument(option);
	struct stat ref;

	if ((follow == 'P' ? lstat(s, &ref) : stat(s, &ref)) < 0)
		err(1, "'%s'", s);
	n->ts = time_of(&ref, of);
	n->dev = ref.st_dev;
	n->ino = ref.st_ino;
}

/* Or else what lies in the folder of a file could be run in its place. */
static void check_search_path(const char *option)
{
	const char *p = getenv("PATH");

	for (; p; p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL)
		if (*p != '/')
			errx(1, "%s wants a PATH without relative folders",
			     option);
}

/* The words up to ; or to {} +. */
static void read_command(struct node *n, const char *option)
{
	n->argv = words;
	for (; *words; words++) {
		if (!strcmp(*words, ";"))
			break;
		if (!n->ask && !strcmp(*words, "+") && words > n->argv &&
		    !strcmp(words[-1], "{}")) {
			n->batch = 1;
			break;
		}
	}
	if (!*words || words == n->argv)
		errx(1, "missing argument to '%s'", option);
	n->argc = (int)(words++ - n->argv) - n->batch;
	if (!n->batch)
		return;
	if (!n->argc)
		errx(1, "missing argument to '%s'", option);
	if (batch_count == (int)(sizeof(batches) / sizeof(*batches)))
		errx(1, "too many -exec with +");
	batches[batch_count++] = n;
}

static int read_depth(const char *option)
{
	const char *s = argument(option);
	char *end;
	long v = strtol(s, &end, 10);

	if (*end || !isdigit((unsigned char)*s) || v > INT_MAX)
		errx(1, "%s wants a number, not '%s'", option, s);
	return (int)v;
}

static int starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static struct node *read_test(const char *o)
{
	struct node *n = make(do_true, NULL, NULL);
	struct tm tm;

	n->which = 1;
	if (!strcmp(o, "-name") || !strcmp(o, "-iname")) {
		n->eval = do_name;
		n->text = argument(o);
		n->which = o[1] == 'i' ? FNM_CASEFOLD : 0;
	} else if (!strcmp(o, "-path") || !strcmp(o, "-ipath") ||
		   !strcmp(o, "-wholename") || !strcmp(o, "-iwholename")) {
		n->eval = do_path;
		n->text = argument(o);
		n->which = o[1] == 'i' ? FNM_CASEFOLD : 0;
	} else if (!strcmp(o, "-lname") || !strcmp(o, "-ilname")) {
		n->eval = do_lname;
		n->text = argument(o);
		n->which = o[1] == 'i' ? FNM_CASEFOLD : 0;
	} else if (!strcmp(o, "-regex") || !strcmp(o, "-iregex")) {
		n->eval = do_regex;
		read_regex(n, o, o[1] == 'i' ? REG_ICASE : 0);
	} else if (!strcmp(o, "-regextype")) {
		read_regex_kind(o);
	} else if (!strcmp(o, "-type") || !strcmp(o, "-xtype")) {
		n->eval = do_type;
		n->which = o[1] == 'x';
		read_type(n, o);
	} else if (!strcmp(o, "-perm")) {
		n->eval = do_perm;
		n->which = 0;
		read_perm(n, o);
	} else if (!strcmp(o, "-user") || !strcmp(o, "-group")) {
		n->eval = o[1] == 'u' ? do_user : do_group;
		read_owner(n, o, o[1] == 'g');
	} else if (!strcmp(o, "-uid") || !strcmp(o, "-gid")) {
		n->eval = o[1] == 'u' ? do_user : do_group;
		read_plain_number(n, o);
	} else if (!strcmp(o, "-nouser") || !strcmp(o, "-nogroup")) {
		n->eval = do_nouser;
		n->which = o[3] == 'g';
	} else if (!strcmp(o, "-links") || !strcmp(o, "-inum")) {
		n->eval = o[1] == 'l' ? do_links : do_inum;
		read_plain_number(n, o);
	} else if (!strcmp(o, "-size")) {
		n->eval = do_size;
		read_size(n, o);
	} else if (!strcmp(o, "-empty")) {
		n->eval = do_empty;
	} else if (o[1] && strchr("acm", o[1]) &&
		   (!strcmp(o + 2, "time") || !strcmp(o + 2, "min"))) {
		n->eval = do_age;
		n->which = o[1];
		n->unit = o[2] == 't' ? 86400 : 60;
		read_plain_number(n, o);
	} else if (!strcmp(o, "-newer") || !strcmp(o, "-anewer") ||
		   !strcmp(o, "-cnewer")) {
		n->eval = do_newer;
		n->which = o[1] == 'n' ? 'm' : o[1];
		read_file(n, o, 'm');
	} else if (starts(o, "-newer") && strlen(o) == 8 &&
		   strchr("acm", o[6]) && strchr("acmt", o[7])) {
		n->eval = do_newer;
		n->which = o[6];
		if (o[7] == 't')
			read_time(n, o);
		else
			read_file(n, o, o[7]);
	} else if (!strcmp(o, "-samefile")) {
		n->eval = do_samefile;
		read_file(n, o, 'm');
	} else if (!strcmp(o, "-readable") || !strcmp(o, "-writable") ||
		   !strcmp(o, "-executable")) {
		n->eval = do_access;
		n->which = o[1] == 'r' ? R_OK : o[1] == 'w' ? W_OK : X_OK;
	} else if (!strcmp(o, "-false")) {
		n->which = 0;
	} else if (!strcmp(o, "-depth") || !strcmp(o, "-d")) {
		depth_first = 1;
	} else if (!strcmp(o, "-xdev") || !strcmp(o, "-mount")) {
		one_system = 1;
	} else if (!strcmp(o, "-maxdepth")) {
		max_depth = read_depth(o);
	} else if (!strcmp(o, "-mindepth")) {
		min_depth = read_depth(o);
	} else if (!strcmp(o, "-daystart")) {
		/* The coming midnight, where TZ says that one is. */
		localtime_r(&now.tv_sec, &tm);
		tm.tm_sec = tm.tm_min = tm.tm_hour = 0;
		tm.tm_mday++;
		day_start = mktime(&tm);
	} else if (!strcmp(o, "-follow")) {
		follow = 'L';
	} else if (strcmp(o, "-true") != 0 && strcmp(o, "-noleaf") != 0 &&
		   strcmp(o, "-warn") != 0 && strcmp(o, "-nowarn") != 0 &&
		   strcmp(o, "-ignore_readdir_race") != 0) {
		free(n);
		return NULL;
	}
	return n;
}

static struct node *read_action(const char *o)
{
	struct node *n = make(do_print, NULL, NULL);

	n->which = '\n';
	if (!strcmp(o, "-prune") || !strcmp(o, "-quit")) {
		n->eval = o[1] == 'p' ? do_prune : do_quit;
		return n;
	}
	if (!strcmp(o, "-print0")) {
		n->which = 0;
	} else if (!strcmp(o, "-printf")) {
		n->eval = do_printf;
		n->text = argument(o);
	} else if (!strcmp(o, "-ls")) {
		n->eval = do_ls;
	} else if (!strcmp(o, "-delete")) {
		n->eval = do_delete;
		depth_first = 1;
	} else if (!strcmp(o, "-exec") || !strcmp(o, "-ok") ||
		   !strcmp(o, "-execdir") || !strcmp(o, "-okdir")) {
		n->eval = do_exec;
		n->ask = o[1] == 'o';
		n->inside = o[strlen(o) - 1] == 'r';
		if (n->inside)
			check_search_path(o);
		read_command(n, o);
	} else if (strcmp(o, "-print") != 0) {
		errx(1,
		     "unknown predicate '%s'\nusage: find "
		     "[-H | -L | -P] [path...] [expression]",
		     o);
	}
	has_action = 1;
	return n;
}

static int next_is(const char *a, const char *b)
{
	if (!*words || (strcmp(*words, a) != 0 && strcmp(*words, b) != 0))
		return 0;
	words++;
	return 1;
}

static struct node *read_comma(void);

static struct node *read_primary(void)
{
	struct node *n;
	const char *o;

	if (!*words)
		errx(1, "an expression is expected at the end");
	if (next_is("!", "-not"))
		return make(do_not, read_primary(), NULL);
	o = *words++;
	if (!strcmp(o, "(")) {
		n = read_comma();
		if (!next_is(")", ")"))
			errx(1, "no ')' for this '('");
		return n;
	}
	if (*o != '-' || !o[1])
		errx(1,
		     *o == ')' ? "no '(' for this '%s'"
			       : "paths come before the expression: '%s'",
		     o);
	n = read_test(o);
	return n ? n : read_action(o);
}

static struct node *read_and(void)
{
	struct node *n = read_primary();

	while (*words) {
		if (!strcmp(*words, ")") || !strcmp(*words, ",") ||
		    !strcmp(*words, "-o") || !strcmp(*words, "-or"))
			break;
		next_is("-a", "-and");
		n = make(do_and, n, read_primary());
	}
	return n;
}

static struct node *read_or(void)
{
	struct node *n = read_and();

	while (next_is("-o", "-or"))
		n = make(do_or, n, read_and());
	return n;
}

static struct node *read_comma(void)
{
	struct node *n = read_or();

	while (next_is(",", ","))
		n = make(do_comma, n, read_or());
	return n;
}

/* --- the walk --- */

static void fault(int why)
{
	errno = why;
	warn("'%s'", file->fts_path);
	failed = 1;
}

static void visit(FTS *walk, struct node *expression)
{
	int level = file->fts_level, is_dir = 0;

	known_set = 0;
	switch (file->fts_info) {
	case FTS_D:
		is_dir = 1;
		if (depth_first) {
			if (level >= max_depth)
				fts_set(walk, file, FTS_SKIP);
			return;
		}
		break;
	case FTS_DP:
		if (!depth_first)
			return;
		break;
	case FTS_DNR:
	case FTS_ERR:
		fault(file->fts_errno);
		if (!depth_first)
			return;
		break;
	case FTS_NS:
		fault(file->fts_errno);
		return;
	case FTS_DC:
		fault(ELOOP);
		return;
	case FTS_SLNONE:
		if (follow != 'P' && stat(file->fts_accpath, &known) < 0) {
			if (errno == ELOOP) {
				fault(errno);
				return;
			}
			if (lstat(file->fts_accpath, &known) < 0)
				return;
		}
		break;
	}
	pruned = 0;
	if (level >= min_depth && level <= max_depth)
		expression->eval(expression);
	if (is_dir && (pruned || level >= max_depth))
		fts_set(walk, file, FTS_SKIP);
}

static int usage(int status)
{
	fputs("usage: find [-H | -L | -P] [path...] [expression]\n"
	      "tests:    -name -iname -path -ipath -lname PATTERN  -type "
	      "-xtype "
	      "[bcdpfls]\n"
	      "          -regex -iregex EXPRESSION  -regextype KIND\n"
	      "          -perm [-/]MODE  -user -group -uid -gid WHO  -nouser "
	      "-nogroup\n"
	      "          -size [+-]N[bcwkMG]  -links -inum [+-]N  -empty\n"
	      "          -atime -ctime -mtime -amin -cmin -mmin [+-]N\n"
	      "          -newer -anewer -cnewer -newerXY -samefile FILE\n"
	      "          -readable -writable -executable -true -false\n"
	      "actions:  -print -print0 -printf FORMAT -ls -delete -prune "
	      "-quit\n"
	      "          -exec -execdir -ok -okdir COMMAND... ;   -exec "
	      "COMMAND... {} +\n"
	      "options:  -depth -xdev -maxdepth N -mindepth N -daystart\n"
	      "between:  ( )  !  -a  -o  ,\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static char dot[] = ".";
	static char *here[] = { dot, NULL };
	struct node *expression, *print;
	char **paths, *one[2] = { NULL, NULL };
	int i = 1, n, options;
	FTS *walk;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] &&
	       strchr("HLP", argv[i][1]) && !argv[i][2];
	     i++)
		follow = argv[i][1];
	if (i < argc && !strcmp(argv[i], "--help"))
		return usage(0);
	if (i < argc && !strcmp(argv[i], "--"))
		i++;
	clock_gettime(CLOCK_REALTIME, &now);
	paths = argv + i;
	for (n = 0; paths[n] && (*paths[n] != '-' || !paths[n][1]) &&
		    strcmp(paths[n], "(") != 0 && strcmp(paths[n], "!") != 0;
	     n++)
		;
	words = paths + n;
	expression = NULL;
	if (*words) {
		expression = read_comma();
		if (*words)
			errx(1, "no '(' for this '%s'", *words);
	}
	if (!has_action) {
		print = make(do_print, NULL, NULL);
		print->which = '\n';
		expression =
			expression ? make(do_and, expression, print) : print;
	}
	start = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	options = FTS_NOSTAT | (start < 0 ? FTS_NOCHDIR : 0) |
		  (follow == 'L' ? FTS_LOGICAL : FTS_PHYSICAL) |
		  (follow == 'H' ? FTS_COMFOLLOW : 0) |
		  (one_system ? FTS_XDEV : 0);
	/* One after the other, so that each has its own beginning. */
	for (i = 0; (i < n || (!n && !i)) && !quit; i++) {
		one[0] = n ? paths[i] : here[0];
		walk = fts_open(one, options, NULL);
		if (!walk)
			err(1, "%s", one[0]);
		while (!quit && (file = fts_read(walk)))
			visit(walk, expression);
		if (!quit && errno)
			err(1, NULL);
		fts_close(walk);
	}
	for (i = 0; i < batch_count; i++)
		run_batch(batches[i]);
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
