/*
 * tar: archives of files, in the formats of POSIX: ustar, and pax records for
 * what ustar has no room for.  The long names of GNU's are read as well.
 *
 * Archives come from strangers.  Nothing is written outside of the directory
 * of work: a leading / is dropped, names with ".." are left out, and on the way
 * to a file every directory is opened in turn without following links.  What is
 * there already is removed first, never written through.
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
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"
#include "spot.h"

#define BLOCK       512
#define RECORD      (20 * BLOCK) /* what is read and written at once */
#define SPECIAL_MAX (1 << 20)    /* bytes of a pax or long name that we take */

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8];
	char type, link[100], magic[6], version[2], uname[32], gname[32];
	char major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

struct entry {
	char *name, *link;
	char uname[64], gname[64];
	mode_t mode; /* without the type */
	uint64_t uid, gid, size;
	struct timespec mtime;
	unsigned int major, minor;
	char type; /* 0 file, 1 hard link, 2 link, 3 char, 4 block, 5, 6 fifo */
};

/* What is asked for: a name, or a directory to change to (-C). */
struct operand {
	const char *name;
	int is_dir;
	int found;
};

static int mode, verbose, zip, keep_modes = -1, keep_old, to_stdout, follow;
static int keep_owner = -1, no_times, numeric, strip;
static const char *file = "-";
static const char *excluded[256];
static int excluded_count;
static int no_recursion, one_system, skip_old;
static const char *as_owner, *as_group; /* --owner, --group */
static struct operand *operands;
static int operand_count;
static mode_t mask;
static int status;

static int archive = -1;
static unsigned char record[RECORD];
static size_t record_pos, record_have, cut;
static uint64_t record_at; /* where in the archive the record begins */
static pid_t child;
static dev_t archive_dev;
static ino_t archive_ino;

static void *need(void *p)
{
	if (!p)
		errx(2, "Memory exhausted");
	return p;
}

static void fail(const char *name, const char *what)
{
	warn("%s: %s", name, what);
	status = 2;
}

static void failx(const char *name, const char *what)
{
	warnx("%s: %s", name, what);
	status = 2;
}

static _Noreturn void give_up(void)
{
	errx(2, "Error is not recoverable: exiting now");
}

/* --- The archive as bytes ---------------------------------------------- */

/* The next block, or NULL at the end of the file. */
static unsigned char *next_block(void)
{
	ssize_t n;

	if (record_pos == record_have) {
		record_at += record_have;
		record_pos = record_have = 0;
		while (record_have < RECORD) {
			n = read(archive, record + record_have,
				 RECORD - record_have);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0) {
				warn("%s: Cannot read", file);
				give_up();
			}
			if (n == 0)
				break;
			record_have += (size_t)n;
		}
		/* A last block that is cut is told of when it is its turn. */
		if (cut) {
			warnx("Unexpected EOF in archive");
			give_up();
		}
		cut = record_have % BLOCK;
		record_have -= cut;
		if (!record_have && cut)
			return next_block();
		if (!record_have)
			return NULL;
	}
	record_pos += BLOCK;
	return record + record_pos - BLOCK;
}

static void do_laters(void);

static unsigned char *data_block(void)
{
	unsigned char *p = next_block();

	if (!p) {
		warnx("Unexpected EOF in archive");
		do_laters();
		give_up();
	}
	return p;
}

static void skip_data(uint64_t size)
{
	for (; size; size -= size < BLOCK ? size : BLOCK)
		data_block();
}

/* What gzip has to complain about it says itself. */
static void wait_child(void)
{
	int how;

	if (waitpid(child, &how, 0) < 0 || how) {
		warnx("Child returned status %d",
		      WIFEXITED(how) ? WEXITSTATUS(how) : 128);
		status = 2;
	}
}

static void write_record(void)
{
	size_t done = 0;
	ssize_t n;

	while (done < RECORD) {
		n = write(archive, record + done, RECORD - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && child && errno == EPIPE) {
			close(archive);
			wait_child();
			give_up();
		}
		if (n < 0) {
			warn("%s: Cannot write", file);
			give_up();
		}
		done += (size_t)n;
	}
	record_pos = 0;
}

static void put_block(const void *p)
{
	memcpy(record + record_pos, p, BLOCK);
	record_pos += BLOCK;
	if (record_pos == RECORD)
		write_record();
}

/* Put gzip between us and the archive's descriptor. */
static void filter(const char *option)
{
	int reading = mode == 't' || mode == 'x', fds[2];

	if (pipe(fds) < 0)
		err(2, "pipe");
	fflush(stdout);
	child = fork();
	if (child < 0)
		err(2, "fork");
	if (!child) {
		dup2(reading ? archive : fds[0], 0);
		dup2(reading ? fds[1] : archive, 1);
		close(fds[0]);
		close(fds[1]);
		if (archive > 1)
			close(archive);
		execlp("gzip", "gzip", option, (char *)NULL);
		err(2, "gzip");
	}
	/* That gzip gave up is an error of write: its end is to be told of. */
	if (!reading)
		signal(SIGPIPE, SIG_IGN);
	if (archive > 1)
		close(archive);
	archive = reading ? fds[0] : fds[1];
	close(reading ? fds[1] : fds[0]);
	fcntl(archive, F_SETFD, FD_CLOEXEC);
}

static void archive_open(void)
{
	int flags = mode == 'c'                  ? O_WRONLY | O_CREAT | O_TRUNC
		    : mode == 'r' || mode == 'u' ? O_RDWR | O_CREAT
						 : O_RDONLY;
	unsigned char magic[2];
	struct stat st;

	if (!strcmp(file, "-"))
		archive = mode == 'c' ? 1 : 0;
	else
		archive = open(file, flags | O_CLOEXEC, 0666);
	if (archive < 0) {
		warn("%s: Cannot open", file);
		give_up();
	}
	if (fstat(archive, &st) == 0 && S_ISREG(st.st_mode)) {
		archive_dev = st.st_dev;
		archive_ino = st.st_ino;
		/* Packed archives are known by their first bytes. */
		if ((mode == 't' || mode == 'x') && archive > 0 &&
		    pread(archive, magic, 2, 0) == 2 && magic[0] == 0x1f &&
		    magic[1] == 0x8b)
			zip = 1;
	}
	if (zip && (mode == 'r' || mode == 'u'))
		errx(2, "Cannot update compressed archives");
	if (zip)
		filter(mode == 'c' ? "-c" : "-dc");
}

static void archive_close(void)
{
	if (child && (mode == 't' || mode == 'x')) {
		/* gzip is to end by itself, not by a broken pipe. */
		while (next_block())
			;
	}
	if (archive > 1 && close(archive) < 0)
		fail(file, "Cannot close");
	if (child)
		wait_child();
}

/* --- Names ------------------------------------------------------------- */

/* The name as listings show it: one line, whatever is in it. */
static void put_name(FILE *f, const char *s)
{
	static const char from[] = "\a\b\f\n\r\t\v\\", to[] = "abfnrtv\\";
	const char *known;

	for (; *s; s++) {
		known = strchr(from, *s);
		if (known)
			fprintf(f, "\\%c", to[known - from]);
		else if ((unsigned char)*s < 32 || (unsigned char)*s > 126)
			fprintf(f, "\\%03o", (unsigned char)*s);
		else
			putc(*s, f);
	}
}

/* Behind a leading / and the last "..": what stays below here. */
static const char *below(const char *name, const char *what)
{
	static int told[2];
	const char *p = name, *from = name;

	while (*p) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			from = p + n;
		p += n;
		p += strspn(p, "/");
	}
	from += strspn(from, "/");
	if (from != name && !told[*what == 'h']) {
		told[*what == 'h'] = 1;
		warnx("Removing leading `%.*s' from %s", (int)(from - name),
		      name, what);
	}
	return *from ? from : ".";
}

/* --exclude: a pattern may match from any / on, and up to any /. */
static int is_excluded(const char *name)
{
	char *copy, *from, *to, c;
	int i, hit = 0;

	if (!excluded_count)
		return 0;
	copy = need(strdup(name));
	for (from = copy; from && !hit; from = strchr(from, '/')) {
		from += strspn(from, "/");
		if (!*from)
			break;
		for (to = from; *to && !hit;) {
			to += strspn(to, "/");
			to += strcspn(to, "/");
			c = *to;
			*to = 0;
			for (i = 0; i < excluded_count && !hit; i++)
				hit = !fnmatch(excluded[i], from, 0);
			*to = c;
		}
	}
	free(copy);
	return hit;
}

/* Is the member among those asked for, or below one that is? */
static int is_wanted(const char *name)
{
	int i, any = 0, hit = 0;

	for (i = 0; i < operand_count; i++) {
		struct operand *o = &operands[i];
		size_t n;

		if (o->is_dir)
			continue;
		any = 1;
		n = strlen(o->name);
		while (n > 1 && o->name[n - 1] == '/')
			n--;
		if (!strncmp(o->name, name, n) && (!name[n] || name[n] == '/'))
			hit = o->found = 1;
	}
	return (!any || hit) && !is_excluded(name);
}

static void tell_missing(void)
{
	int i;

	for (i = 0; i < operand_count; i++)
		if (!operands[i].is_dir && !operands[i].found)
			failx(operands[i].name, "Not found in archive");
}

/* --- Reading headers --------------------------------------------------- */

static void entry_free(struct entry *e)
{
	free(e->name);
	free(e->link);
	memset(e, 0, sizeof(*e));
}

/* Octal digits, or GNU's binary when the first bit is set; -1 when neither. */
static int get_number(const char *p, size_t n, int64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;
	int any = 0;

	if ((unsigned char)*p & 0x80) {
		int negative = (*p & 0x40) != 0;

		v = negative ? ~0ull : 0;
		for (; i < n; i++) {
			unsigned char c = (unsigned char)p[i];

			if (i == 0)
				c = negative ? c : c & 0x3f;
			/* More than 64 bits are no number that can be. */
			if (v >> 55 != 0 && v >> 55 != 0x1ff)
				return -1;
			v = v << 8 | c;
		}
		*out = (int64_t)v;
		return 0;
	}
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++, any = 1) {
		if (v >> 60)
			return -1;
		v = v << 3 | (uint64_t)(p[i] - '0');
	}
	if (i < n && p[i] && p[i] != ' ')
		return -1;
	*out = (int64_t)v;
	return any || i == n || !p[i] ? 0 : -1;
}

static int sum_is_right(const struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	int64_t said, sum = 0, with_sign = 0;
	size_t i;

	for (i = 0; i < BLOCK; i++) {
		int c = i >= offsetof(struct header, sum) &&
					i < offsetof(struct header, type)
				? ' '
				: p[i];

		sum += c;
		with_sign += c > 127 ? c - 256 : c;
	}
	return get_number(h->sum, sizeof(h->sum), &said) == 0 &&
	       (said == sum || said == with_sign);
}

static int is_zero(const unsigned char *p)
{
	size_t i;

	for (i = 0; i < BLOCK; i++)
		if (p[i])
			return 0;
	return 1;
}

/* The data of a member as a string with a zero behind it. */
static char *get_data(uint64_t size)
{
	char *s;
	uint64_t at = 0;

	if (size > SPECIAL_MAX) {
		failx(file, "Header too large");
		skip_data(size);
		return NULL;
	}
	s = need(malloc((size_t)size + 1));
	for (; at < size; at += BLOCK) {
		uint64_t n = size - at < BLOCK ? size - at : BLOCK;

		memcpy(s + at, data_block(), (size_t)n);
	}
	s[size] = 0;
	return s;
}

/* "length key=value\n" again and again; what is wrong ends it. */
static void pax_records(char *p, size_t size, struct entry *e, int *set)
{
	char *end, *value, *last = p + size;
	unsigned long n;

	while (p < last) {
		n = strtoul(p, &end, 10);
		if (end == p || *end != ' ' || n > (size_t)(last - p) ||
		    p + n <= end + 1 || p[n - 1] != '\n') {
			failx(file, "Malformed extended header");
			return;
		}
		p[n - 1] = 0;
		end++;
		value = strchr(end, '=');
		if (!value) {
			failx(file, "Malformed extended header");
			return;
		}
		*value++ = 0;
		if (!strcmp(end, "path")) {
			free(e->name);
			e->name = need(strdup(value));
		} else if (!strcmp(end, "linkpath")) {
			free(e->link);
			e->link = need(strdup(value));
		} else if (!strcmp(end, "size")) {
			e->size = strtoull(value, NULL, 10);
			*set |= 1;
		} else if (!strcmp(end, "uid")) {
			e->uid = strtoull(value, NULL, 10);
			*set |= 2;
		} else if (!strcmp(end, "gid")) {
			e->gid = strtoull(value, NULL, 10);
			*set |= 4;
		} else if (!strcmp(end, "mtime")) {
			char *dot;
			long scale = 100000000;

			e->mtime.tv_sec = strtoll(value, &dot, 10);
			e->mtime.tv_nsec = 0;
			if (*dot == '.')
				for (dot++; *dot >= '0' && *dot <= '9' && scale;
				     dot++, scale /= 10)
					e->mtime.tv_nsec +=
						(*dot - '0') * scale;
			if (*value == '-' && e->mtime.tv_nsec) {
				e->mtime.tv_sec--;
				e->mtime.tv_nsec =
					1000000000 - e->mtime.tv_nsec;
			}
			*set |= 8;
		} else if (!strcmp(end, "uname")) {
			snprintf(e->uname, sizeof(e->uname), "%s", value);
			*set |= 16;
		} else if (!strcmp(end, "gname")) {
			snprintf(e->gname, sizeof(e->gname), "%s", value);
			*set |= 32;
		}
		p += n;
	}
}

/* A header's own fields, as far as nothing before it has said better. */
static int decode(const struct header *h, struct entry *e, int set)
{
	int64_t m, uid, gid, size, mtime, maj = 0, min = 0;
	int ustar = !memcmp(h->magic, "ustar", 6);

	if (get_number(h->mode, 8, &m) || get_number(h->uid, 8, &uid) ||
	    get_number(h->gid, 8, &gid) || get_number(h->size, 12, &size) ||
	    get_number(h->mtime, 12, &mtime) || size < 0)
		return -1;
	if ((h->type == '3' || h->type == '4') &&
	    (get_number(h->major, 8, &maj) || get_number(h->minor, 8, &min)))
		return -1;
	e->mode = (mode_t)m & 07777;
	e->type = h->type == '1'   ? 1
		  : h->type == '2' ? 2
		  : h->type == '3' ? 3
		  : h->type == '4' ? 4
		  : h->type == '5' ? 5
		  : h->type == '6' ? 6
				   : 0;
	e->major = (unsigned int)maj;
	e->minor = (unsigned int)min;
	if (!(set & 1))
		e->size = (uint64_t)size;
	if (!(set & 2))
		e->uid = (uint64_t)uid;
	if (!(set & 4))
		e->gid = (uint64_t)gid;
	if (!(set & 8))
		e->mtime = (struct timespec){ mtime, 0 };
	if (!(set & 16) && !memcmp(h->magic, "ustar", 5))
		snprintf(e->uname, sizeof(e->uname), "%.32s", h->uname);
	if (!(set & 32) && !memcmp(h->magic, "ustar", 5))
		snprintf(e->gname, sizeof(e->gname), "%.32s", h->gname);
	if (!e->name &&
	    asprintf(&e->name, "%.*s%s%.100s", ustar ? 155 : 0, h->prefix,
		     ustar && *h->prefix ? "/" : "", h->name) < 0)
		need(NULL);
	if (!e->link && asprintf(&e->link, "%.100s", h->link) < 0)
		need(NULL);
	/* The oldest archives mark directories by their name only. */
	if (!e->type && (h->type == 0 || h->type == '0') && *e->name &&
	    e->name[strlen(e->name) - 1] == '/')
		e->type = 5;
	if (e->type && e->type != 1)
		e->size = 0;
	/* A hard link's size tells of the file, not of what follows. */
	if (e->type == 1 && !memcmp(h->magic, "ustar  ", 7))
		e->size = 0;
	return 0;
}

/*
 * The next member: 1, or 0 at the end.  What cannot be a header is passed over
 * to the next that can.
 */
static int next_entry(struct entry *e)
{
	static int begun;
	int set = 0, skipping = 0, zeros = 0, type;
	struct header *h;
	unsigned char *p;
	int64_t size;
	char *data;

	memset(e, 0, sizeof(*e));
	for (;;) {
		p = next_block();
		if (!p) {
			if (!begun && (mode == 't' || mode == 'x')) {
				warnx("This does not look like a tar archive");
				status = 2;
			}
			if (e->name || e->link)
				failx(file, "Unexpected EOF in archive");
			entry_free(e);
			return 0;
		}
		if (is_zero(p)) {
			begun = 1;
			if (++zeros == 2) {
				entry_free(e);
				return 0;
			}
			continue;
		}
		if (zeros)
			warnx("A lone zero block");
		zeros = 0;
		h = (struct header *)p;
		if (!sum_is_right(h) || get_number(h->size, 12, &size) ||
		    size < 0) {
			if (!begun) {
				warnx("This does not look like a tar archive");
				status = 2;
				begun = 1;
			}
			if (!skipping++) {
				warnx("Skipping to next header");
				status = 2;
			}
			continue;
		}
		begun = 1;
		type = h->type;
		if (type != 'L' && type != 'K' && type != 'x' && type != 'g') {
			if (decode(h, e, set) == 0)
				return 1;
			failx(file, "Bad number in a header");
			entry_free(e);
			set = 0;
			continue;
		}
		data = get_data((uint64_t)size);
		if (!data)
			continue;
		if (type == 'L') {
			free(e->name);
			e->name = data;
		} else if (type == 'K') {
			free(e->link);
			e->link = data;
		} else {
			/* Of what is for all members nothing concerns us. */
			if (type == 'x')
				pax_records(data, (size_t)size, e, &set);
			free(data);
		}
	}
}

/* --- Listing ----------------------------------------------------------- */

static void list(FILE *f, const struct entry *e, int level)
{
	static int width = 19;
	char text[12] = "-hlcbdp---", size[48], when[32], uid[64], gid[64];
	const char *user = e->uname, *group = e->gname;
	struct tm tm;
	int i, n;

	if (level < 2) {
		put_name(f, e->name);
		putc('\n', f);
		return;
	}
	text[0] = "-hlcbdp"[(int)e->type];
	for (i = 0; i < 9; i++)
		text[1 + i] = (e->mode >> (8 - i)) & 1 ? "rwx"[i % 3] : '-';
	text[10] = 0;
	if (e->mode & S_ISUID)
		text[3] = e->mode & S_IXUSR ? 's' : 'S';
	if (e->mode & S_ISGID)
		text[6] = e->mode & S_IXGRP ? 's' : 'S';
	if (e->mode & S_ISVTX)
		text[9] = e->mode & S_IXOTH ? 't' : 'T';
	if (numeric || !*user) {
		snprintf(uid, sizeof(uid), "%lu", (unsigned long)e->uid);
		user = uid;
	}
	if (numeric || !*group) {
		snprintf(gid, sizeof(gid), "%lu", (unsigned long)e->gid);
		group = gid;
	}
	if (e->type == 3 || e->type == 4)
		snprintf(size, sizeof(size), "%u,%u", e->major, e->minor);
	else
		snprintf(size, sizeof(size), "%lu", (unsigned long)e->size);
	n = (int)(strlen(user) + strlen(group) + strlen(size)) + 2;
	if (n > width)
		width = n;
	if (localtime_r(&e->mtime.tv_sec, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	else
		snprintf(when, sizeof(when), "%ld", (long)e->mtime.tv_sec);
	fprintf(f, "%s %s/%s %*s %s ", text, user, group,
		width - n + (int)strlen(size), size, when);
	put_name(f, e->name);
	if (e->type == 1 || e->type == 2) {
		fputs(e->type == 1 ? " link to " : " -> ", f);
		put_name(f, e->link);
	}
	putc('\n', f);
}

static void list_archive(void)
{
	struct entry e;

	while (next_entry(&e)) {
		if (is_wanted(e.name))
			list(stdout, &e, verbose + 1);
		if (!e.type || e.type == 1)
			skip_data(e.size);
		entry_free(&e);
		if (ferror(stdout))
			err(2, "write error");
	}
}

/* --- Extracting -------------------------------------------------------- */

/* Directories get their times and rights last, when nothing comes any more. */
struct later {
	struct later *next;
	char *name;
	mode_t mode;
	struct timespec mtime;
	uid_t uid;
	gid_t gid;
};
static struct later *laters;

static mode_t final_mode(const struct entry *e)
{
	return keep_modes ? e->mode : e->mode & 0777 & ~mask;
}

static uid_t owner(const struct entry *e)
{
	struct passwd *pw = numeric || !*e->uname ? NULL : getpwnam(e->uname);

	return pw ? pw->pw_uid : (uid_t)e->uid;
}

static gid_t owning_group(const struct entry *e)
{
	struct group *gr = numeric || !*e->gname ? NULL : getgrnam(e->gname);

	return gr ? gr->gr_gid : (gid_t)e->gid;
}

/* Of a file by its descriptor, since another may have its name by now; of what
 * has none (-1) by name. */
static void set_attributes(int fd, int dir, const char *base,
			   const struct entry *e)
{
	struct timespec times[2] = { { 0, UTIME_NOW }, e->mtime };
	uid_t uid = keep_owner ? owner(e) : 0;
	gid_t gid = keep_owner ? owning_group(e) : 0;

	if (keep_owner &&
	    (fd >= 0 ? fchown(fd, uid, gid)
		     : fchownat(dir, base, uid, gid, AT_SYMLINK_NOFOLLOW)) < 0)
		fail(e->name, "Cannot change ownership");
	/* It was made here and is no link, unless somebody made it one. */
	if (e->type != 2 &&
	    (fd >= 0 ? fchmod(fd, final_mode(e))
		     : fchmodat(dir, base, final_mode(e),
				AT_SYMLINK_NOFOLLOW)) < 0)
		fail(e->name, "Cannot change mode");
	if (!no_times &&
	    (fd >= 0 ? futimens(fd, times)
		     : utimensat(dir, base, times, AT_SYMLINK_NOFOLLOW)) < 0)
		fail(e->name, "Cannot utime");
}

static void put_later(const char *name, const struct entry *e)
{
	struct later *l = need(malloc(sizeof(*l)));

	l->name = need(strdup(name));
	l->mode = final_mode(e);
	l->mtime = e->mtime;
	l->uid = owner(e);
	l->gid = owning_group(e);
	l->next = laters;
	laters = l;
}

/* The last that were met come first, so the inner before the outer ones. */
static void do_laters(void)
{
	struct timespec times[2] = { { 0, UTIME_NOW }, { 0, 0 } };
	const char *base;
	struct later *l;
	int dir, fd;

	while ((l = laters)) {
		dir = inside_open_parent(AT_FDCWD, l->name, &base, 0);
		fd = dir < 0 ? -1
			     : openat(dir, *base ? base : ".",
				      O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		times[1] = l->mtime;
		if (fd >= 0) {
			if (keep_owner && fchown(fd, l->uid, l->gid) < 0)
				fail(l->name, "Cannot change ownership");
			if (!no_times && futimens(fd, times) < 0)
				fail(l->name, "Cannot utime");
			if (fchmod(fd, l->mode) < 0)
				fail(l->name, "Cannot change mode");
			close(fd);
		}
		if (dir >= 0)
			close(dir);
		laters = l->next;
		free(l->name);
		free(l);
	}
}

/* Copy a file's data out of the archive; to -1: read past it. */
static int copy_out(int fd, const struct entry *e)
{
	uint64_t left = e->size;
	int bad = fd < 0;

	while (left) {
		size_t n = left < BLOCK ? (size_t)left : BLOCK, done = 0;
		unsigned char *p = data_block();
		ssize_t put;

		/* As many blocks at once as lie behind each other. */
		while (n < left && record_pos < record_have) {
			record_pos += BLOCK;
			n += left - n < BLOCK ? (size_t)(left - n) : BLOCK;
		}
		left -= n;
		while (!bad && done < n) {
			put = write(fd, p + done, n - done);
			if (put < 0 && errno == EINTR)
				continue;
			if (put < 0) {
				fail(e->name, "Cannot write");
				bad = 1;
				break;
			}
			done += (size_t)put;
		}
	}
	return bad ? -1 : 0;
}

/* Without `strip` leading directories; NULL when nothing is left. */
static const char *stripped(const char *name)
{
	int i;

	for (i = 0; i < strip; i++) {
		name += strspn(name, "/");
		name = strchr(name, '/');
		if (!name)
			return NULL;
		name += strspn(name, "/");
	}
	return *name ? name : NULL;
}

static int make_dir(int dir, const char *base, const struct entry *e)
{
	struct stat st;

	if (mkdirat(dir, base, 0700) == 0)
		return 0;
	if (errno != EEXIST || fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (S_ISDIR(st.st_mode))
		return 0;
	if (keep_old) {
		errno = EEXIST;
		return -1;
	}
	if (unlinkat(dir, base, 0) < 0)
		return -1;
	return mkdirat(dir, base, 0700);
}

static int make_link(int dir, const char *base, const struct entry *e)
{
	const char *target = below(e->link, "hard link targets"), *last;
	int from, ret, saved;

	target = stripped(target);
	if (!target) {
		errno = ENOENT;
		return -1;
	}
	from = inside_open_parent(AT_FDCWD, target, &last, 0);
	if (from < 0)
		return -1;
	ret = linkat(from, last, dir, base, 0);
	saved = errno;
	close(from);
	errno = saved;
	return ret;
}

/* A member's file under its name; the data is read in any case. */
static void extract_to(const char *name, const struct entry *e)
{
	const char *base;
	char *trimmed = need(strdup(name));
	size_t n = strlen(trimmed);
	int dir, fd, ret = 0;
	struct stat st;

	while (n > 1 && trimmed[n - 1] == '/')
		trimmed[--n] = 0;
	dir = inside_open_parent(AT_FDCWD, trimmed, &base, 1);
	if (dir < 0) {
		fail(e->name, "Cannot open");
		copy_out(-1, e);
		goto out;
	}
	if (!*base || !strcmp(base, ".")) {
		/* The directory of work itself. */
		if (e->type == 5)
			put_later(trimmed, e);
		else
			copy_out(-1, e);
		goto close;
	}
	if (e->type == 5) {
		if (make_dir(dir, base, e) < 0)
			fail(e->name, "Cannot mkdir");
		else
			put_later(trimmed, e);
		goto close;
	}
	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (skip_old) {
			copy_out(-1, e);
			goto close;
		}
		if (keep_old)
			errno = EEXIST;
		if (keep_old || unlinkat(dir, base, 0) < 0) {
			fail(e->name, "Cannot open");
			copy_out(-1, e);
			goto close;
		}
	}
	switch (e->type) {
	case 0:
		fd = openat(dir, base,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
				    O_CLOEXEC,
			    0600);
		if (fd < 0)
			fail(e->name, "Cannot open");
		ret = copy_out(fd, e);
		if (fd >= 0 && !ret)
			set_attributes(fd, dir, base, e);
		if (fd >= 0 && close(fd) < 0) {
			fail(e->name, "Cannot close");
			ret = -1;
		}
		/* Half a file is none. */
		if (fd >= 0 && ret < 0)
			unlinkat(dir, base, 0);
		goto close;
	case 1:
		ret = make_link(dir, base, e);
		if (ret < 0)
			fail(e->name, "Cannot hard link");
		/* pax may carry the data with each of the names. */
		copy_out(-1, e);
		goto close;
	case 2:
		ret = symlinkat(e->link, dir, base);
		break;
	default:
		ret = mknodat(dir, base,
			      (e->type == 3   ? S_IFCHR
			       : e->type == 4 ? S_IFBLK
					      : S_IFIFO) |
				      0600,
			      makedev(e->major, e->minor));
	}
	if (ret < 0)
		fail(e->name,
		     e->type == 2 ? "Cannot create symlink" : "Cannot mknod");
	else
		set_attributes(-1, dir, base, e);
close:
	close(dir);
out:
	free(trimmed);
}

static void extract_archive(void)
{
	const char *name;
	struct entry e;

	while (next_entry(&e)) {
		name = is_wanted(e.name) ? stripped(e.name) : NULL;
		if (name && verbose)
			list(to_stdout ? stderr : stdout, &e, verbose);
		if (name && inside_climbs(name)) {
			failx(e.name, "Member name contains '..'");
			name = NULL;
		}
		if (!name) {
			copy_out(-1, &e);
		} else if (to_stdout) {
			fflush(stdout);
			copy_out(e.type ? -1 : 1, &e);
		} else {
			extract_to(below(name, "member names"), &e);
		}
		entry_free(&e);
	}
	do_laters();
}

/* --- Creating ---------------------------------------------------------- */

static void put_octal(char *to, size_t size, uint64_t v)
{
	to[--size] = 0;
	while (size--) {
		to[size] = (char)('0' + (v & 7));
		v >>= 3;
	}
}

static int fits(uint64_t v, size_t size)
{
	return v < 1ull << 3 * (size - 1);
}

static void pax_add(FILE *f, const char *key, const char *value)
{
	size_t n = strlen(key) + strlen(value) + 3, len = n, digits;

	/* The length counts its own digits. */
	do {
		digits = len;
		len = n + (size_t)snprintf(NULL, 0, "%zu", digits);
	} while (len != digits);
	fprintf(f, "%zu %s=%s\n", len, key, value);
}

static void pax_number(FILE *f, const char *key, long long v)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", v);
	pax_add(f, key, text);
}

static void put_data(const char *p, size_t n)
{
	char block[BLOCK];

	for (; n; p += BLOCK < n ? BLOCK : n, n -= BLOCK < n ? BLOCK : n) {
		memset(block, 0, sizeof(block));
		memcpy(block, p, n < BLOCK ? n : BLOCK);
		put_block(block);
	}
}

static void put_sum(struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned int sum = 0;
	size_t i;

	memset(h->sum, ' ', sizeof(h->sum));
	for (i = 0; i < BLOCK; i++)
		sum += p[i];
	put_octal(h->sum, 7, sum);
}

/* At most as much of the string as fits; what is cut stands in pax records. */
static void put_text(char *to, size_t size, const char *s)
{
	size_t n = strlen(s);

	memcpy(to, s, n < size ? n : size);
}

/* Split a long name at a / so that both parts fit; 0 if that cannot be. */
static int split_name(struct header *h, const char *name)
{
	size_t n = strlen(name), i;

	if (n <= sizeof(h->name)) {
		memcpy(h->name, name, n);
		return 1;
	}
	for (i = n > 101 ? n - 101 : 0; i < n && i <= sizeof(h->prefix); i++) {
		if (name[i] != '/' || !i || i + 1 == n)
			continue;
		memcpy(h->prefix, name, i);
		memcpy(h->name, name + i + 1, n - i - 1);
		return 1;
	}
	return 0;
}

static void put_header(const struct entry *e)
{
	static const char types[] = "0123456";
	char *text = NULL;
	size_t size = 0;
	struct header h;
	FILE *pax;

	memset(&h, 0, sizeof(h));
	pax = need(open_memstream(&text, &size));
	if (!split_name(&h, e->name)) {
		pax_add(pax, "path", e->name);
		put_text(h.name, sizeof(h.name), e->name);
	}
	put_octal(h.mode, sizeof(h.mode), e->mode);
	if (!fits(e->uid, sizeof(h.uid)))
		pax_number(pax, "uid", (long long)e->uid);
	put_octal(h.uid, sizeof(h.uid),
		  fits(e->uid, sizeof(h.uid)) ? e->uid : 0);
	if (!fits(e->gid, sizeof(h.gid)))
		pax_number(pax, "gid", (long long)e->gid);
	put_octal(h.gid, sizeof(h.gid),
		  fits(e->gid, sizeof(h.gid)) ? e->gid : 0);
	if (!fits(e->size, sizeof(h.size)))
		pax_number(pax, "size", (long long)e->size);
	put_octal(h.size, sizeof(h.size), e->size);
	if (e->mtime.tv_sec < 0 ||
	    !fits((uint64_t)e->mtime.tv_sec, sizeof(h.mtime)))
		pax_number(pax, "mtime", e->mtime.tv_sec);
	put_octal(h.mtime, sizeof(h.mtime),
		  e->mtime.tv_sec < 0 ? 0 : (uint64_t)e->mtime.tv_sec);
	h.type = types[(int)e->type];
	if (e->link) {
		if (strlen(e->link) > sizeof(h.link))
			pax_add(pax, "linkpath", e->link);
		put_text(h.link, sizeof(h.link), e->link);
	}
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	put_text(h.uname, sizeof(h.uname) - 1, e->uname);
	put_text(h.gname, sizeof(h.gname) - 1, e->gname);
	if (e->type == 3 || e->type == 4) {
		put_octal(h.major, sizeof(h.major), e->major);
		put_octal(h.minor, sizeof(h.minor), e->minor);
	}
	if (fclose(pax))
		need(NULL);
	if (size) {
		struct header x = h;

		memset(x.name, 0, sizeof(x.name));
		memset(x.prefix, 0, sizeof(x.prefix));
		memset(x.link, 0, sizeof(x.link));
		strcpy(x.name, "./PaxHeaders/name");
		put_octal(x.mode, sizeof(x.mode), 0644);
		put_octal(x.size, sizeof(x.size), size);
		x.type = 'x';
		put_sum(&x);
		put_block(&x);
		put_data(text, size);
	}
	free(text);
	put_sum(&h);
	put_block(&h);
}

/* Names of files that have several, to write the second as a link. */
struct known {
	struct known *next;
	dev_t dev;
	ino_t ino;
	char name[];
};
static struct known *known[1024];

static const char *find_known(const struct stat *st, const char *name)
{
	struct known **slot = &known[(st->st_ino ^ st->st_dev) % 1024], *k;

	for (k = *slot; k; k = k->next)
		if (k->ino == st->st_ino && k->dev == st->st_dev)
			return k->name;
	k = need(malloc(sizeof(*k) + strlen(name) + 1));
	k->dev = st->st_dev;
	k->ino = st->st_ino;
	strcpy(k->name, name);
	k->next = *slot;
	*slot = k;
	return NULL;
}

/* -u: what the archive has already, and how new that is. */
struct had {
	char *name;
	struct timespec mtime;
};
static struct had *had;
static size_t had_count, had_cap;

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct had *)a)->name,
		      ((const struct had *)b)->name);
}

static int is_older(const char *name, const struct timespec *mtime)
{
	struct had key, *h;

	key.name = need(strdup(name));
	h = had_count ? bsearch(&key, had, had_count, sizeof(*had), by_name)
		      : NULL;
	free(key.name);
	if (!h)
		return 0;
	/* Of several with the name the newest counts; archives cut seconds. */
	while (h > had && !strcmp(h[-1].name, name))
		h--;
	for (; h < had + had_count && !strcmp(h->name, name); h++)
		if (mtime->tv_sec <= h->mtime.tv_sec)
			return 1;
	return 0;
}

static void put_contents(int fd, const struct entry *e, const char *path)
{
	static unsigned char block[BLOCK];
	uint64_t left = e->size;
	int ended = 0;

	while (left) {
		size_t want = left < BLOCK ? (size_t)left : BLOCK, have = 0;
		ssize_t n;

		memset(block, 0, sizeof(block));
		while (!ended && have < want) {
			n = read(fd, block + have, want - have);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				fail(path, "Read error");
			if (n <= 0) {
				if (n == 0 && !status) {
					warnx("%s: File shrank; padding with "
					      "zeros",
					      path);
					status = 1;
				}
				ended = 1;
				break;
			}
			have += (size_t)n;
		}
		put_block(block);
		left -= want;
	}
}

static void add(struct spot *in, const char *base, const char *path);

/* What is in a folder: its names, read at once, so that none stays open. */
static void add_folder(struct spot *in, const char *base, const char *path)
{
	size_t n = strlen(path), used = 0, cap = 0, at;
	char *names = NULL, *full;
	struct dirent *d;
	struct spot here;
	DIR *dir = NULL;
	int fd;

	if (spot_enter(&here, in, base, !in || follow) < 0) {
		fail(path, "Cannot open");
		return;
	}
	fd = openat(here.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (!dir)
		fail(path, "Cannot open");
	while (dir && (errno = 0, (d = readdir(dir)))) {
		size_t len = strlen(d->d_name) + 1;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (used + len > cap) {
			cap = (used + len) * 2;
			names = need(realloc(names, cap));
		}
		memcpy(names + used, d->d_name, len);
		used += len;
	}
	if (dir && errno)
		fail(path, "Cannot read directory");
	if (dir)
		closedir(dir);
	for (at = 0; at < used; at += strlen(names + at) + 1) {
		if (asprintf(&full, "%s%s%s", path,
			     n && path[n - 1] == '/' ? "" : "/",
			     names + at) < 0)
			need(NULL);
		add(&here, names + at, full);
		free(full);
	}
	free(names);
	if (spot_leave(&here) < 0) {
		fail(path, "Cannot return from");
		give_up();
	}
}

/* --owner and --group: a name, a number, or name:number.  What is not said is
 * asked for; a name that is not known has the number that the file has. */
static void pretend(const char *said, char *name, size_t size, uint64_t *id)
{
	const char *colon = strchr(said, ':'), *digits;
	int n = colon ? (int)(colon - said) : (int)strlen(said), is_known = 1;
	struct passwd *pw = said == as_owner ? getpwnam(said) : NULL;
	struct group *gr = said == as_group ? getgrnam(said) : NULL;

	digits = colon ? colon + 1 : said;
	if (pw)
		*id = pw->pw_uid;
	else if (gr)
		*id = gr->gr_gid;
	else if (*digits && !digits[strspn(digits, "0123456789")])
		*id = strtoul(digits, NULL, 10);
	else if (colon)
		errx(2, "'%s': no number", digits);
	else
		is_known = 0;
	/* A number has no name, but for that of those who have it. */
	*name = 0;
	if (digits != said || pw || gr || !is_known)
		snprintf(name, size, "%.*s", numeric ? 0 : n, said);
	else if (said == as_owner && (pw = getpwuid((uid_t)*id)) && !numeric)
		snprintf(name, size, "%s", pw->pw_name);
	else if (said == as_group && (gr = getgrgid((gid_t)*id)) && !numeric)
		snprintf(name, size, "%s", gr->gr_name);
}

/* A file, by its name in a folder or by that of the user; path: as it is told.
 */
static void add(struct spot *in, const char *base, const char *path)
{
	struct entry e = { 0 };
	const char *name, *first;
	struct passwd *pw;
	struct group *gr;
	struct stat st;
	static char target[PATH_MAX];
	int fd = -1, dir;
	ssize_t n;

	if (is_excluded(path))
		return;
	if (fstatat(spot_fd(in), base, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) <
	    0) {
		fail(path, "Cannot stat");
		return;
	}
	if (archive_ino && st.st_dev == archive_dev &&
	    st.st_ino == archive_ino) {
		warnx("%s: archive cannot contain itself; not dumped", path);
		return;
	}
	name = below(path, "member names");
	dir = S_ISDIR(st.st_mode);
	n = (ssize_t)strlen(name);
	if (asprintf(&e.name, "%s%s", name,
		     dir && name[n - 1] != '/' ? "/" : "") < 0)
		need(NULL);
	e.mode = st.st_mode & 07777;
	e.uid = st.st_uid;
	e.gid = st.st_gid;
	e.mtime = st.st_mtim;
	e.type = S_ISREG(st.st_mode)   ? 0
		 : S_ISLNK(st.st_mode) ? 2
		 : S_ISCHR(st.st_mode) ? 3
		 : S_ISBLK(st.st_mode) ? 4
		 : dir                 ? 5
				       : 6;
	if (S_ISSOCK(st.st_mode)) {
		warnx("%s: socket ignored", path);
		goto out;
	}
	if (mode == 'u' && is_older(e.name, &st.st_mtim))
		goto inside;
	pw = numeric ? NULL : getpwuid(st.st_uid);
	if (pw)
		snprintf(e.uname, sizeof(e.uname), "%s", pw->pw_name);
	gr = numeric ? NULL : getgrgid(st.st_gid);
	if (gr)
		snprintf(e.gname, sizeof(e.gname), "%s", gr->gr_name);
	if (as_owner)
		pretend(as_owner, e.uname, sizeof(e.uname), &e.uid);
	if (as_group)
		pretend(as_group, e.gname, sizeof(e.gname), &e.gid);
	if (e.type == 3 || e.type == 4) {
		e.major = major(st.st_rdev);
		e.minor = minor(st.st_rdev);
	}
	if (e.type == 2) {
		n = readlinkat(spot_fd(in), base, target, sizeof(target) - 1);
		if (n < 0) {
			fail(path, "Cannot readlink");
			goto out;
		}
		target[n] = 0;
		e.link = need(strdup(target));
	}
	first = !dir && st.st_nlink > 1 ? find_known(&st, e.name) : NULL;
	if (first) {
		free(e.link);
		e.link = need(strdup(first));
		e.type = 1;
	}
	if (!e.type) {
		fd = openat(spot_fd(in), base,
			    O_RDONLY | O_CLOEXEC | O_NONBLOCK |
				    (follow ? 0 : O_NOFOLLOW));
		if (fd < 0) {
			fail(path, "Cannot open");
			goto out;
		}
		e.size = (uint64_t)st.st_size;
	}
	if (verbose)
		list(archive == 1 && !strcmp(file, "-") ? stderr : stdout, &e,
		     verbose);
	put_header(&e);
	if (fd >= 0) {
		put_contents(fd, &e, path);
		close(fd);
	}
inside:
	if (dir && !no_recursion && !(one_system && in && in->dev != st.st_dev))
		add_folder(in, base, path);
out:
	free(e.name);
	free(e.link);
}

/* -r, -u: read to the end of what is there, and go on writing from there. */
static void seek_end(void)
{
	uint64_t end = 0;
	struct entry e;

	while (next_entry(&e)) {
		if (mode == 'u') {
			if (had_count == had_cap) {
				had_cap = had_cap ? had_cap * 2 : 64;
				had = need(reallocarray(had, had_cap,
							sizeof(*had)));
			}
			had[had_count].name = need(strdup(e.name));
			had[had_count++].mtime = e.mtime;
		}
		if (!e.type || e.type == 1)
			skip_data(e.size);
		end = record_at + record_pos;
		entry_free(&e);
	}
	if (status)
		give_up();
	if (had_count)
		qsort(had, had_count, sizeof(*had), by_name);
	if (lseek(archive, (off_t)end, SEEK_SET) < 0 ||
	    ftruncate(archive, (off_t)end) < 0) {
		warn("%s: Cannot seek", file);
		give_up();
	}
	record_pos = record_have = 0;
	/* Records are counted from the archive's begin. */
	if (end % RECORD) {
		record_pos = (size_t)(end % RECORD);
		if (pread(archive, record, record_pos,
			  (off_t)(end - record_pos)) != (ssize_t)record_pos ||
		    lseek(archive, (off_t)(end - record_pos), SEEK_SET) < 0) {
			warn("%s: Cannot read", file);
			give_up();
		}
	}
}

static void change_to(const char *dir)
{
	if (chdir(dir) < 0) {
		warn("%s: Cannot open", dir);
		give_up();
	}
}

static void create_archive(void)
{
	static const unsigned char zeros[BLOCK];
	int i;

	if (mode != 'c')
		seek_end();
	for (i = 0; i < operand_count; i++) {
		if (operands[i].is_dir)
			change_to(operands[i].name);
		else
			add(NULL, operands[i].name, operands[i].name);
	}
	put_block(zeros);
	put_block(zeros);
	while (record_pos)
		put_block(zeros);
}

/* --- Options ----------------------------------------------------------- */

static _Noreturn void usage(int to)
{
	fprintf(to ? stderr : stdout,
		"usage: tar -c|-r|-u [-ahvz] [-f archive] [-C dir] [-T list] "
		"[-X list]\n"
		"           [--exclude pattern]... [--no-recursion] "
		"[--one-file-system]\n"
		"           [--owner user] [--group group] name...\n"
		"       tar -x [-kmopOvz] [-f archive] [-C dir] "
		"[--strip-components n] [--skip-old-files] [name...]\n"
		"       tar -t [-vz] [-f archive] [name...]\n");
	exit(to);
}

/* "tar xvf archive" means "tar -x -v -f archive". */
static char **new_style(int *argc, char **argv)
{
	const char *letters = argv[1];
	size_t n = strlen(letters);
	char **to = need(calloc((size_t)*argc + n + 1, sizeof(*to)));
	int out = 0, in = 2;

	to[out++] = argv[0];
	for (; *letters; letters++) {
		char *one = need(malloc(3));

		one[0] = '-';
		one[1] = *letters;
		one[2] = 0;
		to[out++] = one;
		if (strchr("fCXbT", *letters)) {
			if (in == *argc)
				errx(2, "Old option '%c' requires an argument.",
				     *letters);
			to[out++] = argv[in++];
		}
	}
	while (in < *argc)
		to[out++] = argv[in++];
	*argc = out;
	return to;
}

static void set_mode(int to)
{
	if (mode && mode != to)
		errx(2, "You may not specify more than one of -c, -r, -t, -u "
			"and -x");
	mode = to;
}

static void add_operand(const char *name, int is_dir)
{
	operands = need(reallocarray(operands, (size_t)operand_count + 1,
				     sizeof(*operands)));
	operands[operand_count].name = name;
	operands[operand_count].is_dir = is_dir;
	operands[operand_count++].found = 0;
}

static void exclude(const char *pattern)
{
	if (excluded_count == 256)
		errx(2, "too many --exclude");
	excluded[excluded_count++] = pattern;
}

/* -T, -X: names from a file, or from standard input, a line each (--null: or
 * with a zero byte behind). A name that begins with - is one. */
static void add_list(const char *name, int separator, int without)
{
	int dash = !strcmp(name, "-");
	FILE *f = dash ? stdin : fopen(name, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!f)
		err(2, "%s: Cannot open", name);
	while ((n = getdelim(&line, &cap, separator, f)) > 0) {
		if (line[n - 1] == separator)
			line[--n] = 0;
		if (!n)
			continue;
		if (without)
			exclude(line);
		else
			add_operand(line, 0);
		line = NULL;
		cap = 0;
	}
	if (ferror(f))
		err(2, "%s: Read error", name);
	free(line);
	if (!dash)
		fclose(f);
}

int main(int argc, char **argv)
{
	enum {
		HELP = 256,
		EXCLUDE,
		STRIP,
		NO_OWNER,
		OWNER,
		NUMERIC,
		NO_MODES,
		NULLS,
		NO_RECURSION,
		ONE_SYSTEM,
		SKIP_OLD,
		AS_OWNER,
		AS_GROUP
	};
	static const struct option longs[] = {
		{ "create", no_argument, NULL, 'c' },
		{ "list", no_argument, NULL, 't' },
		{ "extract", no_argument, NULL, 'x' },
		{ "get", no_argument, NULL, 'x' },
		{ "append", no_argument, NULL, 'r' },
		{ "update", no_argument, NULL, 'u' },
		{ "file", required_argument, NULL, 'f' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "gzip", no_argument, NULL, 'z' },
		{ "auto-compress", no_argument, NULL, 'a' },
		{ "files-from", required_argument, NULL, 'T' },
		{ "null", no_argument, NULL, NULLS },
		{ "gunzip", no_argument, NULL, 'z' },
		{ "directory", required_argument, NULL, 'C' },
		{ "dereference", no_argument, NULL, 'h' },
		{ "keep-old-files", no_argument, NULL, 'k' },
		{ "touch", no_argument, NULL, 'm' },
		{ "preserve-permissions", no_argument, NULL, 'p' },
		{ "same-permissions", no_argument, NULL, 'p' },
		{ "no-same-permissions", no_argument, NULL, NO_MODES },
		{ "same-owner", no_argument, NULL, OWNER },
		{ "no-same-owner", no_argument, NULL, NO_OWNER },
		{ "numeric-owner", no_argument, NULL, NUMERIC },
		{ "to-stdout", no_argument, NULL, 'O' },
		{ "exclude", required_argument, NULL, EXCLUDE },
		{ "exclude-from", required_argument, NULL, 'X' },
		{ "no-recursion", no_argument, NULL, NO_RECURSION },
		{ "one-file-system", no_argument, NULL, ONE_SYSTEM },
		{ "skip-old-files", no_argument, NULL, SKIP_OLD },
		{ "owner", required_argument, NULL, AS_OWNER },
		{ "group", required_argument, NULL, AS_GROUP },
		{ "strip-components", required_argument, NULL, STRIP },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, names = 0, by_name = 0, separator = '\n';
	char *end;

	if (argc > 1 && argv[1][0] && argv[1][0] != '-')
		argv = new_style(&argc, argv);
	for (;;) {
		c = getopt_long(argc, argv, "+acC:f:hkmoOprtT:uvxX:z", longs,
				NULL);
		if (c == -1 && optind < argc) {
			/* Operands stand between options, and -C between. */
			int rest = !strcmp(argv[optind - 1], "--");

			do {
				add_operand(argv[optind++], 0);
				names++;
			} while (rest && optind < argc);
			continue;
		}
		if (c == -1)
			break;
		switch (c) {
		case 'c':
		case 'r':
		case 't':
		case 'u':
		case 'x':
			set_mode(c);
			break;
		case 'a':
			by_name = 1;
			break;
		case 'C':
			add_operand(optarg, 1);
			break;
		case 'T':
			/* An empty list is a list, too. */
			add_list(optarg, separator, 0);
			names++;
			break;
		case NULLS:
			separator = 0;
			break;
		case 'f':
			file = optarg;
			break;
		case 'h':
			follow = 1;
			break;
		case 'k':
			keep_old = 1;
			break;
		case 'm':
			no_times = 1;
			break;
		case 'o':
		case NO_OWNER:
			keep_owner = 0;
			break;
		case OWNER:
			keep_owner = 1;
			break;
		case 'O':
			to_stdout = 1;
			break;
		case 'p':
			keep_modes = 1;
			break;
		case NO_MODES:
			keep_modes = 0;
			break;
		case 'v':
			verbose++;
			break;
		case 'z':
			zip = 1;
			break;
		case NUMERIC:
			numeric = 1;
			break;
		case EXCLUDE:
			exclude(optarg);
			break;
		case 'X':
			add_list(optarg, '\n', 1);
			break;
		case NO_RECURSION:
			no_recursion = 1;
			break;
		case ONE_SYSTEM:
			one_system = 1;
			break;
		case SKIP_OLD:
			skip_old = 1;
			break;
		case AS_OWNER:
			as_owner = optarg;
			break;
		case AS_GROUP:
			as_group = optarg;
			break;
		case STRIP:
			strip = (int)strtol(optarg, &end, 10);
			if (*end || end == optarg || strip < 0)
				errx(2, "Invalid number of elements '%s'",
				     optarg);
			break;
		case HELP:
			usage(0);
		default:
			usage(2);
		}
	}
	if (!mode)
		usage(2);
	if (mode == 'c' && !names)
		errx(2, "Cowardly refusing to create an empty archive");
	if (by_name && mode == 'c' && file &&
	    (!fnmatch("*.gz", file, 0) || !fnmatch("*.tgz", file, 0)))
		zip = 1;
	/* What grows too large is an error as a full disk is. */
	signal(SIGXFSZ, SIG_IGN);
	mask = umask(0);
	umask(mask);
	if (keep_modes < 0)
		keep_modes = geteuid() == 0;
	if (keep_owner < 0)
		keep_owner = geteuid() == 0;
	archive_open();
	if (mode == 't' || mode == 'x') {
		for (i = 0; i < operand_count; i++)
			if (operands[i].is_dir)
				change_to(operands[i].name);
		if (mode == 't')
			list_archive();
		else
			extract_archive();
		tell_missing();
	} else {
		create_archive();
	}
	archive_close();
	if (fflush(stdout))
		err(2, "write error");
	if (status == 2)
		warnx("Exiting with failure status due to previous errors");
	return status;
}
