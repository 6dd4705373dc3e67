/*
 * ls: list files.
 *
 * All entries of one listing are read first, with what stat says of them when
 * an option needs it; then sorted, and printed in lines or columns.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "mode.h"
#include "shown.h"

struct entry {
	char *name;
	char *target; /* of a link, for -l */
	mode_t to_mode;
	struct stat st;
	int stat_ok;
	int is_folder; /* or a link to one */
};

struct listing {
	struct entry *e;
	size_t n, cap;
};

static int all, almost_all, one_column, columns, long_format, recursive;
static int folders_as_files, human, show_inode, classify, slash, numeric;
static int show_blocks, reverse, follow, across, quiet_group, quiet_owner;
static int sort = 'n';  /* n name, t time, S size, U none, v version, X */
static int which = 'm'; /* the time: m changed, a read, c status */
static int width = 80;
static int commas, links_of_operands, si, no_backups, folders_first;
static int colors, quoting;    /* N as it is, q ? for controls, b \n, Q "\n" */
static const char *time_style; /* NULL: as ls always had it */
static int full_time, tabs = 8, width_given;
static const char *hidden[32];
static int hidden_n, ignored_n; /* the first are for -I, so also with -a */
static int failed, printed;
static time_t now;

static void complain(const char *path, int status)
{
	warn("%s", path);
	if (failed < status)
		failed = status;
}

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		err(2, NULL);
	return p;
}

static struct entry *listing_add(struct listing *l, const char *name)
{
	struct entry *e;

	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->e = grow(l->e, l->cap * sizeof(*l->e));
	}
	e = &l->e[l->n++];
	memset(e, 0, sizeof(*e));
	e->name = strdup(name);
	if (!e->name)
		err(2, NULL);
	return e;
}

static void listing_free(struct listing *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->e[i].name);
		free(l->e[i].target);
	}
	free(l->e);
}

static const struct timespec *entry_time(const struct entry *e)
{
	return which == 'a'   ? &e->st.st_atim
	       : which == 'c' ? &e->st.st_ctim
			      : &e->st.st_mtim;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = 0;

	if (sort == 't') {
		const struct timespec *s = entry_time(x), *t = entry_time(y);

		order = s->tv_sec != t->tv_sec
				? (s->tv_sec < t->tv_sec ? 1 : -1)
				: (s->tv_nsec < t->tv_nsec) -
					  (s->tv_nsec > t->tv_nsec);
	} else if (sort == 'S') {
		order = (x->st.st_size < y->st.st_size) -
			(x->st.st_size > y->st.st_size);
	} else if (sort == 'v') {
		order = strverscmp(x->name, y->name);
	} else if (sort == 'X') {
		const char *s = strrchr(x->name, '.');
		const char *t = strrchr(y->name, '.');

		order = strcmp(s ? s : "", t ? t : "");
	}
	if (folders_first && x->is_folder != y->is_folder)
		return x->is_folder ? -1 : 1;
	if (!order)
		order = strcmp(x->name, y->name);
	return reverse ? -order : order;
}

static int needs_stat(void)
{
	return long_format || show_inode || show_blocks || classify ||
	       sort == 't' || sort == 'S' || recursive || slash ||
	       folders_first || colors;
}

static void read_link(int dir, struct entry *e)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	n = readlinkat(dir, e->name, target, sizeof(target) - 1);
	if (n < 0)
		return;
	target[n] = 0;
	e->target = strdup(target);
	if (fstatat(dir, e->name, &st, 0) == 0)
		e->to_mode = st.st_mode;
}

static const char *suffix(const struct entry *e, mode_t m)
{
	if (!classify)
		return slash && S_ISDIR(m) ? "/" : "";
	switch (m & S_IFMT) {
	case S_IFDIR:
		return "/";
	case S_IFLNK:
		return "@";
	case S_IFIFO:
		return "|";
	case S_IFSOCK:
		return "=";
	case S_IFREG:
		return m & 0111 ? "*" : "";
	}
	return "";
}

/* 1536 as 1.5K: one decimal below ten, rounded up. */
static void human_text(uint64_t n, char *s, size_t size)
{
	static const char units[] = "KMGTPE";
	uint64_t tenths;
	int unit = -1;
	uint64_t scale = 1, base = si ? 1000 : 1024;

	if (n < base) {
		snprintf(s, size, "%lu", (unsigned long)n);
		return;
	}
	do {
		scale *= base;
		unit++;
		tenths = n / scale * 10 + (n % scale * 10 + scale - 1) / scale;
	} while (tenths > (base - 1) * 10 && units[unit + 1]);
	if (tenths < 100)
		snprintf(s, size, "%lu.%lu%c", (unsigned long)tenths / 10,
			 (unsigned long)tenths % 10,
			 si && !unit ? 'k' : units[unit]);
	else
		snprintf(s, size, "%lu%c", (unsigned long)(tenths + 9) / 10,
			 si && !unit ? 'k' : units[unit]);
}

static const char *user_name(uid_t uid)
{
	static uid_t last = (uid_t)-1;
	static char name[40];
	struct passwd *pw;

	if (uid == last)
		return name;
	pw = numeric ? NULL : getpwuid(uid);
	if (pw)
		snprintf(name, sizeof(name), "%s", pw->pw_name);
	else
		snprintf(name, sizeof(name), "%u", uid);
	last = uid;
	return name;
}

static const char *group_name(gid_t gid)
{
	static gid_t last = (gid_t)-1;
	static char name[40];
	struct group *gr;

	if (gid == last)
		return name;
	gr = numeric ? NULL : getgrgid(gid);
	if (gr)
		snprintf(name, sizeof(name), "%s", gr->gr_name);
	else
		snprintf(name, sizeof(name), "%u", gid);
	last = gid;
	return name;
}

static void size_text(const struct entry *e, char *s, size_t size)
{
	if (S_ISCHR(e->st.st_mode) || S_ISBLK(e->st.st_mode))
		snprintf(s, size, "%u, %u", major(e->st.st_rdev),
			 minor(e->st.st_rdev));
	else if (human)
		human_text((uint64_t)e->st.st_size, s, size);
	else
		snprintf(s, size, "%ld", (long)e->st.st_size);
}

/*
 * A name as it is shown, in a buffer of this function: on a terminal without
 * what would move its cursor.
 */
static const char *shown(const char *name)
{
	static const char from[] = "\a\b\f\n\r\t\v\\", to[] = "abfnrtv\\";
	static char *buf;
	static size_t cap;
	const char *known;
	unsigned char c;
	size_t i;
	char *p;

	if (quoting == 'N')
		return name;
	if (strlen(name) * 4 + 3 > cap) {
		cap = strlen(name) * 4 + 300;
		buf = grow(buf, cap);
	}
	p = buf;
	if (quoting == 'Q')
		*p++ = '"';
	for (i = 0; (c = (unsigned char)name[i]); i++) {
		known = strchr(from, c);
		if (quoting == 'q') {
			*p++ = shown_control(name, i) ? '?' : (char)c;
		} else if (known) {
			*p++ = '\\';
			*p++ = to[known - from];
		} else if ((quoting == 'Q' && c == '"') ||
			   (quoting == 'b' && c == ' ')) {
			*p++ = '\\';
			*p++ = (char)c;
		} else if (shown_control(name, i)) {
			p += sprintf(p, "\\%03o", c);
		} else {
			*p++ = (char)c;
		}
	}
	if (quoting == 'Q')
		*p++ = '"';
	*p = 0;
	return buf;
}

static void put_name(const char *name, mode_t m, int known)
{
	const char *color = !colors || !known          ? NULL
			    : S_ISDIR(m)               ? "01;34"
			    : S_ISLNK(m)               ? "01;36"
			    : S_ISFIFO(m)              ? "33"
			    : S_ISSOCK(m)              ? "01;35"
			    : S_ISCHR(m) || S_ISBLK(m) ? "01;33"
			    : S_ISREG(m) && (m & 0111) ? "01;32"
						       : NULL;

	if (color)
		printf("\033[%sm", color);
	fputs(shown(name), stdout);
	if (color)
		fputs("\033[0m", stdout);
}

static int name_width(const char *name)
{
	int n = 0;

	for (name = shown(name); *name; name++)
		n += (*name & 0xc0) != 0x80;
	return n;
}

static int digits(uint64_t n)
{
	int d = 1;

	for (; n >= 10; n /= 10)
		d++;
	return d;
}

/* The year instead of the hour when that is far away. */
static void time_text(const struct timespec *ts, const struct tm *tm, char *s,
		      size_t size)
{
	int far = ts->tv_sec > now || ts->tv_sec < now - 15778476;
	size_t n;

	if (full_time) {
		n = strftime(s, size, "%Y-%m-%d %H:%M:%S", tm);
		n += (size_t)snprintf(s + n, size - n, ".%09ld ",
				      (long)ts->tv_nsec);
		strftime(s + n, size - n, "%z", tm);
		return;
	}
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (!strftime(s, size,
		      time_style ? time_style
		      : far      ? "%b %e  %Y"
				 : "%b %e %H:%M",
		      tm))
		*s = 0;
#pragma GCC diagnostic warning "-Wformat-nonliteral"
}

static void print_long(const struct listing *l)
{
	int wl = 1, wu = 1, wg = 1, ws = 1, wi = 1, wb = 1, n;
	char mode[12], size[40], when[100];
	const struct entry *e;
	struct tm tm;
	size_t i;

	for (i = 0; i < l->n; i++) {
		e = &l->e[i];
		size_text(e, size, sizeof(size));
#define WIDEN(w, value)                                                        \
	do {                                                                   \
		n = (int)(value);                                              \
		if (n > w)                                                     \
			w = n;                                                 \
	} while (0)
		WIDEN(ws, strlen(size));
		WIDEN(wl, digits(e->st.st_nlink));
		WIDEN(wi, digits(e->st.st_ino));
		WIDEN(wb, digits((uint64_t)e->st.st_blocks / 2));
		if (!quiet_owner)
			WIDEN(wu, strlen(user_name(e->st.st_uid)));
		if (!quiet_group)
			WIDEN(wg, strlen(group_name(e->st.st_gid)));
#undef WIDEN
	}
	for (i = 0; i < l->n; i++) {
		e = &l->e[i];
		if (show_inode)
			printf("%*lu ", wi, (unsigned long)e->st.st_ino);
		if (show_blocks)
			printf("%*lu ", wb,
			       (unsigned long)(e->st.st_blocks + 1) / 2);
		if (!e->stat_ok) {
			printf("?????????? ");
			put_name(e->name, 0, 0);
			putchar('\n');
			continue;
		}
		mode_letters(e->st.st_mode, mode);
		size_text(e, size, sizeof(size));
		printf("%s %*u ", mode, wl, (unsigned int)e->st.st_nlink);
		if (!quiet_owner)
			printf("%-*s ", wu, user_name(e->st.st_uid));
		if (!quiet_group)
			printf("%-*s ", wg, group_name(e->st.st_gid));
		localtime_r(&entry_time(e)->tv_sec, &tm);
		time_text(entry_time(e), &tm, when, sizeof(when));
		printf("%*s %s ", ws, size, when);
		put_name(e->name, e->st.st_mode, 1);
		if (e->target) {
			fputs(" -> ", stdout);
			put_name(e->target, e->to_mode, e->to_mode != 0);
			fputs(suffix(e, e->to_mode), stdout);
		} else {
			fputs(suffix(e, e->st.st_mode), stdout);
		}
		putchar('\n');
	}
}

static void put_entry(const struct entry *e, int wi, int wb)
{
	if (show_inode)
		printf("%*lu ", wi, (unsigned long)e->st.st_ino);
	if (show_blocks)
		printf("%*lu ", wb, (unsigned long)(e->st.st_blocks + 1) / 2);
	put_name(e->name, e->st.st_mode, e->stat_ok);
	fputs(suffix(e, e->st.st_mode), stdout);
}

/* From one column to another, by tabs where they reach. */
static void pad(int from, int to)
{
	while (from < to) {
		if (tabs && to / tabs > (from + 1) / tabs) {
			putchar('\t');
			from += tabs - from % tabs;
		} else {
			putchar(' ');
			from++;
		}
	}
}

/* -m: names with commas between, as many as fit a line. */
static void print_commas(const struct listing *l)
{
	int column = 0, w, wi = 1, wb = 1;
	size_t i;

	for (i = 0; i < l->n; i++) {
		w = name_width(l->e[i].name) +
		    (int)strlen(suffix(&l->e[i], l->e[i].st.st_mode)) +
		    (show_inode ? digits(l->e[i].st.st_ino) + 1 : 0) +
		    (show_blocks
			     ? digits((uint64_t)l->e[i].st.st_blocks / 2) + 1
			     : 0);
		if (i) {
			if (width && column + w + 2 >= width) {
				fputs(",\n", stdout);
				column = 0;
			} else {
				fputs(", ", stdout);
				column += 2;
			}
		}
		put_entry(&l->e[i], wi, wb);
		column += w;
	}
	putchar('\n');
}

static void print_columns(const struct listing *l)
{
	size_t cols, rows, c, r, i, best = 1;
	int *w, total, wi = 1, wb = 1, *widths;

	w = grow(NULL, l->n * sizeof(*w) + 1);
	widths = grow(NULL, l->n * sizeof(*widths) + 1);
	for (i = 0; i < l->n; i++) {
		if (digits(l->e[i].st.st_ino) > wi)
			wi = digits(l->e[i].st.st_ino);
		if (digits((uint64_t)l->e[i].st.st_blocks / 2) > wb)
			wb = digits((uint64_t)l->e[i].st.st_blocks / 2);
	}
	for (i = 0; i < l->n; i++)
		w[i] = name_width(l->e[i].name) +
		       (int)strlen(suffix(&l->e[i], l->e[i].st.st_mode)) +
		       (show_inode ? wi + 1 : 0) + (show_blocks ? wb + 1 : 0);
	/* The most columns whose widest entries fit the line. */
	for (cols = 1; columns && cols <= l->n && (cols <= 200 || !width);
	     cols++) {
		rows = (l->n + cols - 1) / cols;
		total = 0;
		for (c = 0; c < cols; c++) {
			int widest = 0;

			for (r = 0; r < rows; r++) {
				i = across ? r * cols + c : c * rows + r;
				if (i < l->n && w[i] > widest)
					widest = w[i];
			}
			total += widest + (c + 1 < cols ? 2 : 0);
		}
		if (!width || total < width)
			best = cols;
	}
	cols = best;
	rows = cols ? (l->n + cols - 1) / cols : 0;
	for (c = 0; c < cols; c++) {
		widths[c] = 0;
		for (r = 0; r < rows; r++) {
			i = across ? r * cols + c : c * rows + r;
			if (i < l->n && w[i] > widths[c])
				widths[c] = w[i];
		}
	}
	for (r = 0; r < rows; r++) {
		int column = 0;

		for (c = 0; c < cols; c++) {
			size_t next;

			i = across ? r * cols + c : c * rows + r;
			if (i >= l->n)
				break;
			put_entry(&l->e[i], wi, wb);
			next = across ? i + 1 : i + rows;
			if (c + 1 < cols && next < l->n)
				pad(column + w[i], column + widths[c] + 2);
			column += widths[c] + 2;
		}
		putchar('\n');
	}
	free(w);
	free(widths);
}

static void print_listing(struct listing *l)
{
	size_t i;

	if (sort != 'U' && l->n)
		qsort(l->e, l->n, sizeof(*l->e), compare);
	else if (sort == 'U' && reverse)
		for (i = 0; i < l->n / 2; i++) {
			struct entry t = l->e[i];

			l->e[i] = l->e[l->n - 1 - i];
			l->e[l->n - 1 - i] = t;
		}
	if (!l->n)
		return;
	if (long_format)
		print_long(l);
	else if (commas)
		print_commas(l);
	else
		print_columns(l);
}

static int leave_out(const char *name)
{
	size_t n = strlen(name);
	int i;

	if (no_backups && n && name[n - 1] == '~')
		return 1;
	for (i = 0; i < (all || almost_all ? ignored_n : hidden_n); i++)
		if (!fnmatch(hidden[i], name, FNM_PERIOD))
			return 1;
	return 0;
}

static void list_folder(const char *path, int with_title)
{
	struct listing l = { NULL, 0, 0 };
	unsigned long blocks = 0;
	struct dirent *d;
	struct entry *e;
	DIR *dir;
	size_t i;
	char *sub;

	dir = opendir(path);
	if (!dir) {
		complain(path, printed || with_title ? 1 : 2);
		return;
	}
	while (errno = 0, (d = readdir(dir))) {
		if (leave_out(d->d_name))
			continue;
		if (d->d_name[0] == '.' && !all &&
		    (!almost_all || !strcmp(d->d_name, ".") ||
		     !strcmp(d->d_name, "..")))
			continue;
		e = listing_add(&l, d->d_name);
		if (!needs_stat())
			continue;
		if (fstatat(dirfd(dir), e->name, &e->st,
			    follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0 &&
		    (!follow || errno != ENOENT ||
		     fstatat(dirfd(dir), e->name, &e->st, AT_SYMLINK_NOFOLLOW) <
			     0)) {
			warn("cannot access '%s/%s'", path, e->name);
			failed = failed ? failed : 1;
			memset(&e->st, 0, sizeof(e->st));
			continue;
		}
		e->stat_ok = 1;
		e->is_folder = S_ISDIR(e->st.st_mode);
		if (folders_first && S_ISLNK(e->st.st_mode)) {
			struct stat to;

			e->is_folder =
				fstatat(dirfd(dir), e->name, &to, 0) == 0 &&
				S_ISDIR(to.st_mode);
		}
		blocks += (unsigned long)e->st.st_blocks;
		if (long_format && S_ISLNK(e->st.st_mode))
			read_link(dirfd(dir), e);
	}
	if (errno)
		complain(path, 1);
	closedir(dir);
	if (with_title) {
		if (printed)
			putchar('\n');
		printf("%s:\n", shown(path));
	}
	printed = 1;
	if (long_format || show_blocks) {
		char text[40];

		snprintf(text, sizeof(text), "%lu", (blocks + 1) / 2);
		if (human)
			human_text(blocks * 512, text, sizeof(text));
		printf("total %s\n", text);
	}
	print_listing(&l);
	for (i = 0; recursive && i < l.n; i++) {
		e = &l.e[i];
		if (!S_ISDIR(e->st.st_mode) || !strcmp(e->name, ".") ||
		    !strcmp(e->name, ".."))
			continue;
		if (asprintf(&sub, "%s%s%s", path,
			     path[strlen(path) - 1] == '/' ? "" : "/",
			     e->name) < 0)
			err(2, NULL);
		list_folder(sub, 1);
		free(sub);
	}
	listing_free(&l);
}

static int usage(int status)
{
	fputs("usage: ls [-1AaBbCcdFfGgHhIikLlmNnopQqRrSsTtUuvwXx] "
	      "[file...]\n"
	      "-l long, -a all, -A all but . and .., -d directories "
	      "themselves, "
	      "-R with what is in them,\n"
	      "-t by time, -S by size, -X by ending, -v by version, -U as they "
	      "come, -r the other way;\n"
	      "--full-time, --time-style=(long-iso | full-iso | iso | "
	      "+format), "
	      "--sort=word, --si,\n"
	      "--group-directories-first, --hide=pattern, --color[=always | "
	      "auto | never]\n",
	      status ? stderr : stdout);
	exit(status);
}

static int pick(const char *option, const char *word, const char *const *words)
{
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(word, words[i]))
			return i;
	errx(2, "invalid argument '%s' for '--%s'", word, option);
}

static void set_time_style(const char *s)
{
	full_time = 0;
	if (*s == '+')
		time_style = s + 1;
	else if (!strcmp(s, "long-iso"))
		time_style = "%Y-%m-%d %H:%M";
	else if (!strcmp(s, "full-iso"))
		full_time = 1;
	else if (!strcmp(s, "locale"))
		time_style = NULL;
	else if (!strcmp(s, "iso"))
		time_style = "%Y-%m-%d ";
	else
		errx(2, "invalid argument '%s' for '--time-style'", s);
}

static void hide(const char *pattern)
{
	if (hidden_n == (int)(sizeof(hidden) / sizeof(*hidden)))
		errx(2, "too many patterns");
	hidden[hidden_n++] = pattern;
}

static int number(const char *s, char option)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (*end || end == s || n < 0 || n > 100000)
		errx(2, "invalid number '%s' for -%c", s, option);
	return (int)n;
}

static void read_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "almost-all", no_argument, NULL, 'A' },
		{ "escape", no_argument, NULL, 'b' },
		{ "ignore-backups", no_argument, NULL, 'B' },
		{ "classify", no_argument, NULL, 'F' },
		{ "color", optional_argument, NULL, 256 + 'c' },
		{ "dereference", no_argument, NULL, 'L' },
		{ "dereference-command-line", no_argument, NULL, 'H' },
		{ "directory", no_argument, NULL, 'd' },
		{ "full-time", no_argument, NULL, 256 + 'f' },
		{ "group-directories-first", no_argument, NULL, 256 + 'g' },
		{ "hide", required_argument, NULL, 256 + 'H' },
		{ "hide-control-chars", no_argument, NULL, 'q' },
		{ "human-readable", no_argument, NULL, 'h' },
		{ "ignore", required_argument, NULL, 'I' },
		{ "inode", no_argument, NULL, 'i' },
		{ "kibibytes", no_argument, NULL, 'k' },
		{ "literal", no_argument, NULL, 'N' },
		{ "no-group", no_argument, NULL, 'G' },
		{ "numeric-uid-gid", no_argument, NULL, 'n' },
		{ "quote-name", no_argument, NULL, 'Q' },
		{ "recursive", no_argument, NULL, 'R' },
		{ "reverse", no_argument, NULL, 'r' },
		{ "si", no_argument, NULL, 256 + 's' },
		{ "size", no_argument, NULL, 's' },
		{ "sort", required_argument, NULL, 256 + 'S' },
		{ "tabsize", required_argument, NULL, 'T' },
		{ "time-style", required_argument, NULL, 256 + 't' },
		{ "width", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 256 + 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const char *const sorts[] = { "name", "none",    "size",
					     "time", "version", "extension",
					     NULL };
	static const char *const whens[] = { "never", "auto", "always", NULL };
	int c, i;

	/* -I also works with -a, --hide does not: those first. */
	for (i = 0; i < 2; i++) {
		optind = i ? 0 : 1;
		while ((c = getopt_long(argc, argv,
					"1AaBbCcdFfGgHhI:ikLlmNnopQqRrSsT:"
					"tUuvw:Xx",
					longs, NULL)) != -1) {
			if (c == '?')
				usage(2);
			if (c == (i ? 256 + 'H' : 'I'))
				hide(optarg);
		}
		if (!i)
			ignored_n = hidden_n;
	}
	optind = 0;
	while ((c = getopt_long(argc, argv,
				"1AaBbCcdFfGgHhI:ikLlmNnopQqRrSsT:tUuvw:Xx",
				longs, NULL)) != -1) {
		switch (c) {
		case '1':
			/* The long form has a line for each in any case. */
			one_column = 1;
			if (!long_format)
				columns = commas = 0;
			break;
		case 'A':
			almost_all = 1;
			break;
		case 'a':
			all = 1;
			break;
		case 'C':
			columns = 1;
			one_column = long_format = 0;
			break;
		case 'x':
			columns = across = 1;
			one_column = long_format = 0;
			break;
		case 'c':
		case 'u':
			which = c == 'c' ? 'c' : 'a';
			break;
		case 'd':
			folders_as_files = 1;
			break;
		case 'F':
			classify = 1;
			break;
		case 'g':
			long_format = quiet_owner = 1;
			break;
		case 'h':
			human = 1;
			break;
		case 'i':
			show_inode = 1;
			break;
		case 'L':
			follow = 1;
			break;
		case 'l':
			long_format = 1;
			break;
		case 'n':
			long_format = numeric = 1;
			break;
		case 'o':
			long_format = quiet_group = 1;
			break;
		case 'p':
			slash = 1;
			break;
		case 'R':
			recursive = 1;
			break;
		case 'r':
			reverse = 1;
			break;
		case 's':
			show_blocks = 1;
			break;
		case 'S':
		case 't':
		case 'U':
		case 'v':
		case 'X':
			sort = c;
			break;
		case 'b':
		case 'N':
		case 'Q':
		case 'q':
			quoting = c;
			break;
		case 'B':
			no_backups = 1;
			break;
		case 'f':
			all = 1;
			sort = 'U';
			break;
		case 'G':
			quiet_group = 1;
			break;
		case 'H':
			links_of_operands = 1;
			break;
		case 'k':
			/* Blocks are counted in these in any case. */
			break;
		case 'm':
			commas = 1;
			one_column = long_format = columns = 0;
			break;
		case 'T':
			tabs = number(optarg, 'T');
			break;
		case 'w':
			width = number(optarg, 'w');
			if (!width)
				tabs = 0;
			width_given = 1;
			break;
		case 256 + 'c':
			i = optarg ? pick("color", optarg, whens) : 2;
			colors = i == 2 || (i == 1 && isatty(1));
			break;
		case 256 + 'f':
			long_format = full_time = 1;
			break;
		case 256 + 'g':
			folders_first = 1;
			break;
		case 256 + 'S':
			sort = "nUStvX"[pick("sort", optarg, sorts)];
			break;
		case 256 + 's':
			human = si = 1;
			break;
		case 256 + 't':
			set_time_style(optarg);
			break;
		case 256 + 'h':
			usage(0);
		}
	}
	if (!quoting)
		quoting = isatty(1) ? 'q' : 'N';
	/* -c and -u alone sort by that time, with -l they only show it. */
	if (which != 'm' && sort == 'n' && !long_format)
		sort = 't';
	if (isatty(1) && !one_column && !long_format && !commas)
		columns = 1;
}

int main(int argc, char **argv)
{
	struct listing files = { NULL, 0, 0 }, folders = { NULL, 0, 0 };
	const char *cols = getenv("COLUMNS");
	struct winsize ws;
	struct entry *e;
	struct stat st;
	size_t k;
	int i, many;

	read_options(argc, argv);
	if (!width_given && cols && atoi(cols) > 0)
		width = atoi(cols);
	else if (!width_given && ioctl(1, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		width = ws.ws_col;
	now = time(NULL);
	for (i = optind; i < argc || i == optind; i++) {
		const char *path = i < argc ? argv[i] : ".";
		int link, ret;

		/* Links named as operands are followed, unless shown. */
		link = !follow && !links_of_operands &&
		       (long_format || folders_as_files || classify);
		ret = fstatat(AT_FDCWD, path, &st,
			      link ? AT_SYMLINK_NOFOLLOW : 0);
		if (ret < 0 && !link && !follow && errno == ENOENT)
			ret = lstat(path, &st);
		if (ret < 0) {
			warn("cannot access '%s'", path);
			failed = 2;
			continue;
		}
		e = listing_add(S_ISDIR(st.st_mode) && !folders_as_files
					? &folders
					: &files,
				path);
		e->st = st;
		e->stat_ok = 1;
		if (long_format && S_ISLNK(st.st_mode))
			read_link(AT_FDCWD, e);
	}
	many = argc - optind > 1;
	if (files.n) {
		print_listing(&files);
		printed = 1;
	}
	if (sort != 'U' && folders.n)
		qsort(folders.e, folders.n, sizeof(*folders.e), compare);
	for (k = 0; k < folders.n; k++)
		list_folder(folders.e[k].name, many || recursive);
	listing_free(&files);
	listing_free(&folders);
	if (fflush(stdout))
		err(2, "write error");
	return failed;
}
