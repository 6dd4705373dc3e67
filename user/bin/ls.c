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

struct entry {
	char *name;
	char *target; /* of a link, for -l */
	mode_t to_mode;
	struct stat st;
	int stat_ok;
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
	if (!order)
		order = strcmp(x->name, y->name);
	return reverse ? -order : order;
}

static int needs_stat(void)
{
	return long_format || show_inode || show_blocks || classify ||
	       sort == 't' || sort == 'S' || recursive || slash;
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

static char type_char(mode_t m)
{
	switch (m & S_IFMT) {
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	}
	return '-';
}

static void mode_text(mode_t m, char *s)
{
	int i;

	*s++ = type_char(m);
	for (i = 8; i >= 0; i--)
		*s++ = (m >> i) & 1 ? "xwr"[i % 3] : '-';
	*s = 0;
	if (m & S_ISUID)
		s[-7] = m & S_IXUSR ? 's' : 'S';
	if (m & S_ISGID)
		s[-4] = m & S_IXGRP ? 's' : 'S';
	if (m & S_ISVTX)
		s[-1] = m & S_IXOTH ? 't' : 'T';
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
	uint64_t scale = 1;

	if (n < 1024) {
		snprintf(s, size, "%lu", (unsigned long)n);
		return;
	}
	do {
		scale *= 1024;
		unit++;
		tenths = n / scale * 10 + (n % scale * 10 + scale - 1) / scale;
	} while (tenths > 10235 && units[unit + 1]);
	if (tenths < 100)
		snprintf(s, size, "%lu.%lu%c", (unsigned long)tenths / 10,
			 (unsigned long)tenths % 10, units[unit]);
	else
		snprintf(s, size, "%lu%c", (unsigned long)(tenths + 9) / 10,
			 units[unit]);
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

/* Names go to a terminal without what would move its cursor. */
static void put_name(const char *name)
{
	const char *p;

	if (!isatty(1)) {
		fputs(name, stdout);
		return;
	}
	for (p = name; *p; p++)
		putchar((unsigned char)*p < 32 || *p == 127 ? '?' : *p);
}

static int name_width(const char *name)
{
	int n = 0;

	for (; *name; name++)
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

static void print_long(const struct listing *l)
{
	int wl = 1, wu = 1, wg = 1, ws = 1, wi = 1, wb = 1, n;
	char mode[12], size[40], when[40];
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
			put_name(e->name);
			putchar('\n');
			continue;
		}
		mode_text(e->st.st_mode, mode);
		size_text(e, size, sizeof(size));
		printf("%s %*u ", mode, wl, (unsigned int)e->st.st_nlink);
		if (!quiet_owner)
			printf("%-*s ", wu, user_name(e->st.st_uid));
		if (!quiet_group)
			printf("%-*s ", wg, group_name(e->st.st_gid));
		/* The year instead of the hour when that is far away. */
		gmtime_r(&entry_time(e)->tv_sec, &tm);
		strftime(when, sizeof(when),
			 entry_time(e)->tv_sec > now ||
					 entry_time(e)->tv_sec < now - 15778476
				 ? "%b %e  %Y"
				 : "%b %e %H:%M",
			 &tm);
		printf("%*s %s ", ws, size, when);
		put_name(e->name);
		if (e->target) {
			fputs(" -> ", stdout);
			put_name(e->target);
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
	put_name(e->name);
	fputs(suffix(e, e->st.st_mode), stdout);
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
	for (cols = 1; columns && cols <= l->n && cols <= 200; cols++) {
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
		if (total < width)
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
		for (c = 0; c < cols; c++) {
			size_t next;

			i = across ? r * cols + c : c * rows + r;
			if (i >= l->n)
				break;
			put_entry(&l->e[i], wi, wb);
			next = across ? i + 1 : i + rows;
			if (c + 1 < cols && next < l->n)
				printf("%*s", widths[c] + 2 - w[i], "");
		}
		putchar('\n');
	}
	free(w);
	free(widths);
}

static void print_listing(struct listing *l)
{
	size_t i;

	if (sort != 'U')
		qsort(l->e, l->n, sizeof(*l->e), compare);
	else if (reverse)
		for (i = 0; i < l->n / 2; i++) {
			struct entry t = l->e[i];

			l->e[i] = l->e[l->n - 1 - i];
			l->e[l->n - 1 - i] = t;
		}
	if (!l->n)
		return;
	if (long_format)
		print_long(l);
	else
		print_columns(l);
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
		if (d->d_name[0] == '.' && !all &&
		    (!almost_all || !strcmp(d->d_name, ".") ||
		     !strcmp(d->d_name, "..")))
			continue;
		e = listing_add(&l, d->d_name);
		if (!needs_stat())
			continue;
		if (fstatat(dirfd(dir), e->name, &e->st,
			    follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0 &&
		    (!follow || fstatat(dirfd(dir), e->name, &e->st,
					AT_SYMLINK_NOFOLLOW) < 0)) {
			complain(e->name, 1);
			continue;
		}
		e->stat_ok = 1;
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
		printf("%s:\n", path);
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

static void usage(void)
{
	fprintf(stderr, "usage: ls [-1AaCcdFghiLlnopRrSstUuvXx] [file...]\n");
	exit(2);
}

static void read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "1AaCcdFghiLlnopRrSstUuvXx")) != -1) {
		switch (c) {
		case '1':
			one_column = 1;
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
		default:
			usage();
		}
	}
	/* -c and -u alone sort by that time, with -l they only show it. */
	if (which != 'm' && sort == 'n' && !long_format)
		sort = 't';
	if (isatty(1) && !one_column && !long_format)
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
	if (cols && atoi(cols) > 0)
		width = atoi(cols);
	else if (ioctl(1, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		width = ws.ws_col;
	now = time(NULL);
	for (i = optind; i < argc || i == optind; i++) {
		const char *path = i < argc ? argv[i] : ".";
		int link, ret;

		/* Links named as operands are followed, unless shown. */
		link = !follow && (long_format || folders_as_files || classify);
		ret = fstatat(AT_FDCWD, path, &st,
			      link ? AT_SYMLINK_NOFOLLOW : 0);
		if (ret < 0 && !link)
			ret = lstat(path, &st);
		if (ret < 0) {
			complain(path, 2);
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
	if (sort != 'U')
		qsort(folders.e, folders.n, sizeof(*folders.e), compare);
	for (k = 0; k < folders.n; k++)
		list_folder(folders.e[k].name, many || recursive);
	listing_free(&files);
	listing_free(&folders);
	if (fflush(stdout))
		err(2, "write error");
	return failed;
}
