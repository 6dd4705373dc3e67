/*
 * grep: print the lines that match a pattern.
 *
 * All patterns without back-references become one expression, so that a line
 * is read once however many they are.  A file with a zero byte in what is read
 * at once counts as binary: it only "matches".
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shown.h"
#include "spot.h"

#define READ_SIZE 65536

struct input {
	int fd;
	char *buf;
	size_t cap, start, end;
	int eof;
	int binary;
	off_t offset; /* of buf[start] in the file */
};

/* A line kept for -B. */
struct kept {
	char *text;
	size_t len, cap;
	long number;
	off_t offset;
};

struct names {
	char **at;
	size_t n, cap;
};

enum {
	OPT_HELP = 256,
	OPT_INCLUDE,
	OPT_EXCLUDE,
	OPT_EXCLUDE_DIR,
	OPT_COLOR,
	OPT_LABEL,
	OPT_LINE_BUFFERED,
	OPT_NO_IGNORE_CASE,
	OPT_BINARY_FILES,
};

/* What a part of the output is written in, as terminals read it. */
#define OF_MATCH  "01;31"
#define OF_NAME   "35"
#define OF_NUMBER "32"
#define OF_SIGN   "36"

static char kind = 'G';
static int ignore_case, invert, numbers, count, list, list_without, quiet;
static int silent, whole_line, words, only, recursive, follow, titles = -1;
static int as_text, skip_binary, offsets, nul_names, context, coloured;
static int line_end = '\n';
static long before, after, max_count = -1;
static const char *label = "(standard input)";
static struct names patterns, include, exclude, exclude_dir;
static regex_t *res;
static size_t nres;
static int found, failed;
static struct kept *ring;
static long ring_size;
static struct stat out_st;

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		err(2, NULL);
	return p;
}

static void add(struct names *l, const char *text, size_t len)
{
	char *s = grow(NULL, len + 1);

	memcpy(s, text, len);
	s[len] = 0;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		l->at = grow(l->at, l->cap * sizeof(*l->at));
	}
	l->at[l->n++] = s;
}

static void usage(FILE *f, int status)
{
	fprintf(f,
		"usage: grep [-EFGabcHhIiLlnoqRrsvwxZz] [-A n] [-B n] [-C n] "
		"[-m n]\n            [-e pattern] [-f file] [pattern] "
		"[file...]\n");
	if (!status)
		fprintf(f,
			"  -E, -F, -G  extended expressions, fixed strings, "
			"basic ones (as usual)\n"
			"  -e, -f      a pattern; a file with one a line\n"
			"  -i -v       ignore case; lines that do not match\n"
			"  -w -x       match whole words; whole lines\n"
			"  -c -l -L    count lines; name files with, without "
			"matches\n"
			"  -n -b -H -h number, offset, file name with each; "
			"no names\n"
			"  -o          only what matches\n"
			"  -A -B -C    lines of context after, before, both\n"
			"  -m          stop after so many lines\n"
			"  -q -s       print nothing; do not name files that "
			"cannot be read\n"
			"  -r -R       all files in folders; -R follows links\n"
			"  --include=, --exclude=, --exclude-dir=  names to "
			"take, to leave\n"
			"  -a -I       take binary files as text; skip them\n"
			"  -Z -z       a zero byte behind a file's name; lines "
			"end with one\n"
			"  --color=    always, never or auto: matches in "
			"colour\n"
			"status: 0 a line was selected, 1 none, 2 trouble\n");
	exit(status);
}

/* Each line of an option or a file is a pattern. */
static void add_patterns(const char *text, size_t len)
{
	const char *nl;

	while ((nl = memchr(text, '\n', len))) {
		add(&patterns, text, (size_t)(nl - text));
		len -= (size_t)(nl - text) + 1;
		text = nl + 1;
	}
	add(&patterns, text, len);
}

static void add_pattern_file(const char *name)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "r") : stdin;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!f)
		err(2, "%s", name);
	while ((n = getline(&line, &cap, f)) > 0) {
		if (line[n - 1] == '\n')
			n--;
		add(&patterns, line, (size_t)n);
	}
	if (ferror(f))
		err(2, "%s", name);
	free(line);
	if (f != stdin)
		fclose(f);
}

/* Is there an interval such as {2,3} at p? */
static size_t interval(const char *p)
{
	const char *s = p + 1;

	if (*p != '{' || (!isdigit((unsigned char)*s) && *s != ','))
		return 0;
	while (isdigit((unsigned char)*s))
		s++;
	if (*s == ',')
		for (s++; isdigit((unsigned char)*s); s++)
			;
	return *s == '}' && s != p + 2 + (p[1] == ',') - 1 ? (size_t)(s + 1 - p)
							   : 0;
}

/* Where a bracket expression at p ends. */
static const char *skip_bracket(const char *p)
{
	char what;

	p++;
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p && *p != ']') {
		if (*p == '[' && p[1] && strchr(".:=", p[1])) {
			what = p[1];
			for (p += 2; *p && !(*p == what && p[1] == ']'); p++)
				;
			p += *p ? 1 : 0;
		}
		p += *p ? 1 : 0;
	}
	return *p ? p + 1 : p;
}

/*
 * What POSIX leaves open in extended expressions is not wrong here: a brace
 * that begins no interval is itself, and a parenthesis that ends no group; a
 * repetition of nothing is nothing.
 */
static char *lenient(const char *p)
{
	char *out = grow(NULL, strlen(p) * 2 + 1), *o = out;
	const char *end;
	int start = 1, depth = 0;
	size_t n;

	while (*p) {
		n = interval(p);
		if (start && (*p == '*' || *p == '+' || *p == '?' || n)) {
			p += n ? n : 1;
			continue;
		}
		if ((*p == '{' && !n) || (*p == ')' && !depth)) {
			*o++ = '\\';
			*o++ = *p++;
			start = 0;
			continue;
		}
		depth += (*p == '(') - (*p == ')');
		start = *p == '(' || *p == '|';
		end = p + 1;
		if (*p == '[')
			end = skip_bracket(p);
		else if (*p == '\\' && p[1])
			end = p + 2;
		while (p < end)
			*o++ = *p++;
	}
	*o = 0;
	return out;
}

/* A fixed string as a basic expression. */
static char *quoted(const char *p)
{
	char *out = grow(NULL, strlen(p) * 2 + 1), *o = out;

	for (; *p; p++) {
		if (strchr("\\.[*^$", *p))
			*o++ = '\\';
		*o++ = *p;
	}
	*o = 0;
	return out;
}

static int has_backref(const char *p)
{
	for (; (p = strchr(p, '\\')) && p[1]; p += 2)
		if (isdigit((unsigned char)p[1]))
			return 1;
	return 0;
}

static void compile_one(const char *text)
{
	char why[100];
	int ret;

	res = grow(res, (nres + 1) * sizeof(*res));
	ret = regcomp(&res[nres], text,
		      (kind == 'E' ? REG_EXTENDED : 0) |
			      (ignore_case ? REG_ICASE : 0));
	if (ret) {
		regerror(ret, &res[nres], why, sizeof(why));
		errx(2, "%s: %s", text, why);
	}
	nres++;
}

static void compile(void)
{
	size_t i, len = 0, joined = 0;
	char *all, *o;

	for (i = 0; i < patterns.n; i++) {
		char *old = patterns.at[i];

		if (kind == 'E')
			patterns.at[i] = lenient(old);
		else if (kind == 'F')
			patterns.at[i] = quoted(old);
		if (patterns.at[i] != old)
			free(old);
		len += strlen(patterns.at[i]) + 2;
	}
	all = o = grow(NULL, len + 1);
	for (i = 0; i < patterns.n; i++) {
		int alone = kind != 'F' && has_backref(patterns.at[i]);

		if (alone || (kind != 'F' && patterns.n > 1))
			compile_one(patterns.at[i]);
		if (alone)
			continue;
		/* Only to see whether it is right on its own. */
		if (kind != 'F' && patterns.n > 1)
			regfree(&res[--nres]);
		if (joined++)
			o = stpcpy(o, kind == 'E' ? "|" : "\\|");
		o = stpcpy(o, patterns.at[i]);
	}
	*o = 0;
	if (joined)
		compile_one(all);
	free(all);
}

/* The leftmost of the longest matches from a place on. */
static int match_from(const char *s, size_t from, size_t len, regmatch_t *best)
{
	regmatch_t pm;
	int any = 0, ret;
	size_t i;

	for (i = 0; i < nres; i++) {
		pm.rm_so = (regoff_t)from;
		pm.rm_eo = (regoff_t)len;
		ret = regexec(&res[i], s, 1, &pm, REG_STARTEND);
		if (ret == REG_NOMATCH)
			continue;
		if (ret)
			errx(2, "out of memory");
		if (!any || pm.rm_so < best->rm_so ||
		    (pm.rm_so == best->rm_so && pm.rm_eo > best->rm_eo))
			*best = pm;
		any = 1;
	}
	return any;
}

static int word_at(const char *s, size_t len, regoff_t i)
{
	return i >= 0 && (size_t)i < len &&
	       (isalnum((unsigned char)s[i]) || s[i] == '_');
}

/* The same with -w: where it is no word try less, then further on. */
static int match_word(const char *s, size_t from, size_t len, regmatch_t *pm)
{
	regmatch_t less;
	size_t end;

	for (; from <= len; from = (size_t)pm->rm_so + 1) {
		if (!match_from(s, from, len, pm))
			return 0;
		less = *pm;
		for (;;) {
			if (!word_at(s, len, less.rm_so - 1) &&
			    !word_at(s, len, less.rm_eo)) {
				*pm = less;
				return 1;
			}
			if (less.rm_eo == less.rm_so)
				break;
			end = (size_t)less.rm_eo - 1;
			if (!match_from(s, (size_t)pm->rm_so, end, &less) ||
			    less.rm_so != pm->rm_so)
				break;
		}
	}
	return 0;
}

static int match(const char *s, size_t from, size_t len, regmatch_t *pm)
{
	size_t i;

	if (words && !whole_line)
		return match_word(s, from, len, pm);
	if (whole_line)
		return !from && match_from(s, 0, len, pm) && !pm->rm_so &&
		       (size_t)pm->rm_eo == len;
	if (only || coloured)
		return match_from(s, from, len, pm);
	for (i = 0; i < nres; i++) {
		int ret;

		pm->rm_so = 0;
		pm->rm_eo = (regoff_t)len;
		ret = regexec(&res[i], s, 0, pm, REG_STARTEND);
		if (!ret)
			return 1;
		if (ret != REG_NOMATCH)
			errx(2, "out of memory");
	}
	return 0;
}

/* The next line, without its end; 0 at the end of the file, -1: error. */
static int next_line(struct input *in, char **line, size_t *len)
{
	size_t scanned = in->start;
	char *nl = NULL;
	ssize_t n;

	for (;;) {
		if (in->buf)
			nl = memchr(in->buf + scanned, line_end,
				    in->end - scanned);
		if (nl || in->eof)
			break;
		if (in->start) {
			memmove(in->buf, in->buf + in->start,
				in->end - in->start);
			in->end -= in->start;
			in->start = 0;
		}
		scanned = in->end;
		if (in->cap - in->end < READ_SIZE) {
			in->cap = in->cap * 2 + READ_SIZE;
			in->buf = grow(in->buf, in->cap);
		}
		n = read(in->fd, in->buf + in->end, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		in->eof = !n;
		if (n && !as_text && line_end &&
		    memchr(in->buf + in->end, 0, (size_t)n))
			in->binary = 1;
		in->end += (size_t)n;
	}
	if (!nl && in->start == in->end)
		return 0;
	*line = in->buf + in->start;
	*len = nl ? (size_t)(nl - *line) : in->end - in->start;
	in->start += *len + !!nl;
	in->offset += (off_t)(*len + !!nl);
	return 1;
}

static void put(const char *s, size_t n)
{
	if (n && fwrite(s, 1, n, stdout) != n)
		err(2, "write error");
}

/* A part of the output, in its colour if there are to be any. */
static void put_part(const char *colour, const char *s, size_t n)
{
	if (coloured)
		printf("\33[%sm\33[K", colour);
	put(s, n);
	if (coloured)
		fputs("\33[m\33[K", stdout);
}

static void put_name(const char *name)
{
	if (coloured)
		printf("\33[%sm\33[K", OF_NAME);
	if (nul_names)
		fputs(name, stdout);
	else
		shown_name(stdout, name);
	if (coloured)
		fputs("\33[m\33[K", stdout);
}

static void put_number(off_t number, char sep)
{
	char text[32];

	put_part(OF_NUMBER, text,
		 (size_t)snprintf(text, sizeof(text), "%lld",
				  (long long)number));
	put_part(OF_SIGN, &sep, 1);
}

static void put_title(const char *name, char sep)
{
	put_name(name);
	if (nul_names)
		put("", 1);
	else
		put_part(OF_SIGN, &sep, 1);
}

/* What stands before a line, or before a match alone. */
static void put_head(const char *name, long number, off_t offset, char sep)
{
	if (titles)
		put_title(name, sep);
	if (numbers)
		put_number(number, sep);
	if (offsets)
		put_number(offset, sep);
}

static void put_end(void)
{
	char end = (char)line_end;

	put(&end, 1);
}

/* Between parts of a file that do not touch. */
static void put_break(void)
{
	put_part(OF_SIGN, "--", 2);
	put("\n", 1);
}

static void put_line(const char *name, const char *s, size_t len, long number,
		     off_t offset, char sep)
{
	size_t at = 0, done = 0;
	regmatch_t pm;

	put_head(name, number, offset, sep);
	/* Lines in which something matches are others with -v. */
	while (coloured && (sep == ':') != invert && at < len &&
	       match(s, at, len, &pm)) {
		if (pm.rm_eo > pm.rm_so) {
			put(s + done, (size_t)pm.rm_so - done);
			done = (size_t)pm.rm_eo;
			put_part(OF_MATCH, s + pm.rm_so,
				 done - (size_t)pm.rm_so);
		}
		at = (size_t)pm.rm_eo + (pm.rm_eo == pm.rm_so);
	}
	put(s + done, len - done);
	put_end();
}

static void put_matches(const char *name, const char *s, size_t len,
			long number, off_t offset)
{
	size_t at = 0;
	regmatch_t pm;

	while (at <= len && match(s, at, len, &pm)) {
		if (pm.rm_eo > pm.rm_so) {
			put_head(name, number, offset + pm.rm_so, ':');
			put_part(OF_MATCH, s + pm.rm_so,
				 (size_t)(pm.rm_eo - pm.rm_so));
			put_end();
		}
		at = (size_t)pm.rm_eo + (pm.rm_eo == pm.rm_so);
	}
}

static void ring_grow(void)
{
	long n = ring_size ? ring_size * 2 : 8;

	ring = grow(ring, (size_t)n * sizeof(*ring));
	memset(ring + ring_size, 0, (size_t)(n - ring_size) * sizeof(*ring));
	ring_size = n;
}

static void keep(struct kept *k, const char *s, size_t len, long number,
		 off_t offset)
{
	if (len > k->cap || !k->text) {
		k->cap = len * 2 + 80;
		k->text = grow(k->text, k->cap);
	}
	memcpy(k->text, s, len);
	k->len = len;
	k->number = number;
	k->offset = offset;
}

/* The lines of a file; gives how many were selected, or -1. */
static long search(struct input *in, const char *name)
{
	int show = !(quiet || count || list || list_without), ret;
	long number = 0, selected = 0, last = 0, left = 0, i, first;
	static int separate; /* something with context was printed before */
	long kept = 0;
	regmatch_t pm;
	off_t offset;
	size_t len;
	char *s;

	while ((ret = next_line(in, &s, &len)) > 0) {
		number++;
		offset = in->offset - (off_t)len -
			 (s + len < in->buf + in->start);
		if (in->binary && skip_binary)
			return 0;
		if (match(s, 0, len, &pm) == invert) {
			if (left > 0 && show) {
				left--;
				if (!only)
					put_line(name, s, len, number, offset,
						 '-');
				last = number;
			} else if (max_count >= 0 && selected >= max_count) {
				break;
			} else if (before && show) {
				if (kept < before && kept == ring_size)
					ring_grow();
				keep(&ring[kept++ % before], s, len, number,
				     offset);
			}
			continue;
		}
		if (max_count >= 0 && selected >= max_count) {
			/* Behind the last one only its context is shown. */
			if (left <= 0)
				break;
			left--;
			if (!only)
				put_line(name, s, len, number, offset, '-');
			continue;
		}
		selected++;
		found = 1;
		if (quiet && !failed)
			exit(0);
		if (quiet || list || list_without)
			return selected;
		if (show && in->binary) {
			fflush(stdout);
			warnx("%s: binary file matches", name);
			return selected;
		}
		if (show) {
			first = number - (kept < before ? kept : before);
			if (first <= last)
				first = last + 1;
			if (separate && (!last || first > last + 1))
				put_break();
			for (i = kept < before ? 0 : kept - before;
			     i < kept && !only; i++) {
				struct kept *k = &ring[i % before];

				put_line(name, k->text, k->len, k->number,
					 k->offset, '-');
			}
			kept = 0;
			if (!only)
				put_line(name, s, len, number, offset, ':');
			else if (!invert)
				put_matches(name, s, len, number, offset);
			last = number;
			left = after;
			separate = context;
		}
		if (max_count >= 0 && selected >= max_count &&
		    (!show || !after)) {
			/* Who reads on finds the next line. */
			lseek(in->fd, -(off_t)(in->end - in->start), SEEK_CUR);
			break;
		}
	}
	return ret < 0 ? -1 : selected;
}

static void complain(const char *name)
{
	if (!silent)
		warn("%s", name);
	failed = 1;
}

static void search_file(int fd, const char *name)
{
	static struct input in;
	struct stat st;
	long n;

	in.fd = fd;
	in.start = in.end = 0;
	in.offset = 0;
	in.eof = in.binary = 0;
	if (S_ISREG(out_st.st_mode) && !quiet && !list && !list_without &&
	    fstat(fd, &st) == 0 && st.st_dev == out_st.st_dev &&
	    st.st_ino == out_st.st_ino) {
		warnx("%s: input file is also the output", name);
		failed = 1;
		return;
	}
	n = search(&in, name);
	if (n < 0) {
		complain(name);
		return;
	}
	if (quiet)
		return;
	if (count) {
		char text[32];

		if (titles)
			put_title(name, ':');
		put(text, (size_t)snprintf(text, sizeof(text), "%ld\n", n));
	}
	if ((list && n) || (list_without && !n)) {
		put_name(name);
		put(nul_names ? "" : "\n", 1);
	}
	/* Someone may wait for the line. */
	if (fd == 0 || ferror(stdout))
		if (fflush(stdout))
			err(2, "write error");
}

static int named(const struct names *l, const char *name)
{
	const char *slash = strrchr(name, '/');
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!fnmatch(l->at[i], name, 0) ||
		    (slash && !fnmatch(l->at[i], slash + 1, 0)))
			return 1;
	return 0;
}

static void visit(struct spot *up, const char *base, const char *path);

static void visit_folder(struct spot *up, const char *base, const char *path)
{
	struct names l = { NULL, 0, 0 };
	const struct spot *f;
	struct spot here;
	struct dirent *d;
	DIR *dir = NULL;
	size_t i;
	char *sub;
	int fd;

	if (spot_enter(&here, up, base, !up || follow) < 0) {
		complain(path);
		return;
	}
	for (f = up; f; f = f->up)
		if (f->dev == here.dev && f->ino == here.ino) {
			warnx("%s: recursive directory loop", path);
			goto leave;
		}
	fd = openat(here.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (!dir) {
		complain(path);
		goto leave;
	}
	while (errno = 0, (d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			add(&l, d->d_name, strlen(d->d_name));
	if (errno)
		complain(path);
	closedir(dir);
	for (i = 0; i < l.n; i++) {
		if (!strcmp(path, ".") && !up && recursive == 2)
			sub = strdup(l.at[i]);
		else if (asprintf(&sub, "%s%s%s", path,
				  path[strlen(path) - 1] == '/' ? "" : "/",
				  l.at[i]) < 0)
			sub = NULL;
		if (!sub)
			err(2, NULL);
		visit(&here, l.at[i], sub);
		free(sub);
		free(l.at[i]);
	}
	free(l.at);
leave:
	if (spot_leave(&here) < 0)
		err(2, "%s", path);
}

/* A file; up is null when it was named by the user. path: as it is told. */
static void visit(struct spot *up, const char *base, const char *path)
{
	struct stat st;
	int fd, ret;

	if (!up && !strcmp(path, "-")) {
		search_file(0, label);
		return;
	}
	ret = fstatat(spot_fd(up), base, &st,
		      up && !follow ? AT_SYMLINK_NOFOLLOW : 0);
	if (ret < 0) {
		complain(path);
		return;
	}
	if (S_ISDIR(st.st_mode) && recursive) {
		if (!named(&exclude_dir, path))
			visit_folder(up, base, path);
		return;
	}
	if (up && !S_ISREG(st.st_mode))
		return;
	if (named(&exclude, path) || (include.n && !named(&include, path)))
		return;
	fd = openat(spot_fd(up), base,
		    O_RDONLY | O_NOCTTY |
			    (up && !follow ? O_NOFOLLOW | O_NONBLOCK : 0));
	if (fd < 0) {
		complain(path);
		return;
	}
	search_file(fd, path);
	close(fd);
}

static long number(const char *s, int negative)
{
	char *end;
	long n;

	n = strtol(s, &end, 10);
	if (*end || end == s || (n < 0 && !negative))
		errx(2, "%s: not a number of lines", s);
	return n;
}

/* What --color= says. */
static int wants_colour(const char *when)
{
	const char *term = getenv("TERM");

	if (!strcmp(when, "never") || !strcmp(when, "no") ||
	    !strcmp(when, "none"))
		return 0;
	if (!strcmp(when, "always") || !strcmp(when, "yes") ||
	    !strcmp(when, "force"))
		return 1;
	if (strcmp(when, "auto") != 0 && strcmp(when, "tty") != 0 &&
	    strcmp(when, "if-tty") != 0)
		usage(stderr, 2);
	return isatty(1) && term && strcmp(term, "dumb") != 0;
}

static void read_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ "include", required_argument, NULL, OPT_INCLUDE },
		{ "exclude", required_argument, NULL, OPT_EXCLUDE },
		{ "exclude-dir", required_argument, NULL, OPT_EXCLUDE_DIR },
		{ "color", optional_argument, NULL, OPT_COLOR },
		{ "colour", optional_argument, NULL, OPT_COLOR },
		{ "label", required_argument, NULL, OPT_LABEL },
		{ "line-buffered", no_argument, NULL, OPT_LINE_BUFFERED },
		{ "no-ignore-case", no_argument, NULL, OPT_NO_IGNORE_CASE },
		{ "binary-files", required_argument, NULL, OPT_BINARY_FILES },
		{ "extended-regexp", no_argument, NULL, 'E' },
		{ "fixed-strings", no_argument, NULL, 'F' },
		{ "basic-regexp", no_argument, NULL, 'G' },
		{ "regexp", required_argument, NULL, 'e' },
		{ "file", required_argument, NULL, 'f' },
		{ "ignore-case", no_argument, NULL, 'i' },
		{ "invert-match", no_argument, NULL, 'v' },
		{ "word-regexp", no_argument, NULL, 'w' },
		{ "line-regexp", no_argument, NULL, 'x' },
		{ "count", no_argument, NULL, 'c' },
		{ "files-with-matches", no_argument, NULL, 'l' },
		{ "files-without-match", no_argument, NULL, 'L' },
		{ "line-number", no_argument, NULL, 'n' },
		{ "byte-offset", no_argument, NULL, 'b' },
		{ "only-matching", no_argument, NULL, 'o' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "silent", no_argument, NULL, 'q' },
		{ "no-messages", no_argument, NULL, 's' },
		{ "with-filename", no_argument, NULL, 'H' },
		{ "no-filename", no_argument, NULL, 'h' },
		{ "recursive", no_argument, NULL, 'r' },
		{ "dereference-recursive", no_argument, NULL, 'R' },
		{ "after-context", required_argument, NULL, 'A' },
		{ "before-context", required_argument, NULL, 'B' },
		{ "context", required_argument, NULL, 'C' },
		{ "max-count", required_argument, NULL, 'm' },
		{ "text", no_argument, NULL, 'a' },
		{ "null", no_argument, NULL, 'Z' },
		{ "null-data", no_argument, NULL, 'z' },
		{ NULL, 0, NULL, 0 },
	};
	long lines = -1, a = -1, b = -1;
	int c, given = 0, last = 0;

	while ((c = getopt_long(
			argc, argv,
			"0123456789EFGabce:f:HhIiLlnoqRrsvwxyZzA:B:C:m:", longs,
			NULL)) != -1) {
		switch (c) {
		case '0' ... '9':
			/* -12 is -C 12, -1 -2 is -C 2. */
			if (!last || lines < 0 || optind != last)
				lines = 0;
			lines = lines * 10 + c - '0';
			if (lines > INT_MAX)
				lines = INT_MAX;
			last = optind;
			break;
		case 'E':
		case 'F':
		case 'G':
			kind = (char)c;
			break;
		case 'a':
			as_text = 1;
			break;
		case 'b':
			offsets = 1;
			break;
		case 'c':
			count = 1;
			break;
		case 'e':
			add_patterns(optarg, strlen(optarg));
			given = 1;
			break;
		case 'f':
			add_pattern_file(optarg);
			given = 1;
			break;
		case 'H':
		case 'h':
			titles = c == 'H';
			break;
		case 'I':
			skip_binary = 1;
			break;
		case 'i':
		case 'y':
			ignore_case = 1;
			break;
		case 'L':
		case 'l':
			list = c == 'l';
			list_without = c == 'L';
			break;
		case 'n':
			numbers = 1;
			break;
		case 'o':
			only = 1;
			break;
		case 'q':
			quiet = 1;
			break;
		case 'R':
		case 'r':
			recursive = 1;
			follow = c == 'R';
			break;
		case 's':
			silent = 1;
			break;
		case 'v':
			invert = 1;
			break;
		case 'w':
			words = 1;
			break;
		case 'x':
			whole_line = 1;
			break;
		case 'Z':
			nul_names = 1;
			break;
		case 'A':
			a = number(optarg, 0);
			break;
		case 'B':
			b = number(optarg, 0);
			break;
		case 'C':
			lines = number(optarg, 0);
			break;
		case 'm':
			max_count = number(optarg, 1);
			break;
		case OPT_INCLUDE:
			add(&include, optarg, strlen(optarg));
			break;
		case OPT_EXCLUDE:
			add(&exclude, optarg, strlen(optarg));
			break;
		case OPT_EXCLUDE_DIR:
			add(&exclude_dir, optarg, strlen(optarg));
			break;
		case 'z':
			line_end = 0;
			break;
		case OPT_COLOR:
			coloured = wants_colour(optarg ? optarg : "auto");
			break;
		case OPT_LINE_BUFFERED:
			setvbuf(stdout, NULL, _IOLBF, 0);
			break;
		case OPT_NO_IGNORE_CASE:
			ignore_case = 0;
			break;
		case OPT_BINARY_FILES:
			as_text = !strcmp(optarg, "text");
			skip_binary = !strcmp(optarg, "without-match");
			if (!as_text && !skip_binary &&
			    strcmp(optarg, "binary") != 0)
				errx(2, "%s: unknown kind of --binary-files",
				     optarg);
			break;
		case OPT_LABEL:
			label = optarg;
			break;
		case OPT_HELP:
			usage(stdout, 0);
			break;
		default:
			usage(stderr, 2);
		}
	}
	context = a >= 0 || b >= 0 || lines >= 0;
	after = a >= 0 ? a : lines >= 0 ? lines : 0;
	before = b >= 0 ? b : lines >= 0 ? lines : 0;
	if (!given) {
		if (optind == argc)
			usage(stderr, 2);
		add_patterns(argv[optind], strlen(argv[optind]));
		optind++;
	}
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	int i;

	/* egrep and fgrep are other names of it. */
	name = name ? name + 1 : argv[0];
	if (*name == 'e' || *name == 'f')
		kind = *name == 'e' ? 'E' : 'F';
	read_options(argc, argv);
	compile();
	if (list || list_without)
		count = 0;
	if (max_count == 0)
		return 1;
	if (fstat(1, &out_st) < 0)
		out_st.st_mode = 0;
	if (titles < 0)
		titles = recursive || argc - optind > 1;
	if (optind == argc && recursive) {
		recursive = 2; /* names without ./ in front */
		visit(NULL, ".", ".");
	} else if (optind == argc) {
		visit(NULL, "-", "-");
	}
	for (i = optind; i < argc; i++)
		visit(NULL, argv[i], argv[i]);
	if (fflush(stdout) || ferror(stdout))
		err(2, "write error");
	if (quiet && found)
		return 0;
	return failed ? 2 : !found;
}
