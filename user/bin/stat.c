/*
 * stat: what is known about files.  -c format, and --printf, which knows \\n:
 * %n name, %N with the link's target, %s size, %a mode in octal, %A in letters,
 * %f in hex, %F kind, %i inode, %h links, %u %g %U %G owner, %b blocks of %B,
 * %o block size, %d %D device, %t %T device numbers, %X %Y %Z times in seconds,
 * %x %y %z for people, %m mount point.  With -f, of file systems: %i their
 * identity, %l how long names are, %t %T kind, %s %S size of a block, %b %f %a
 * blocks, free and for all, %c %d inodes, free.  Flags and width as of printf.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "mode.h"
#include "shown.h"

static const char *kind(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symbolic link";
	case S_IFCHR:
		return "character special file";
	case S_IFBLK:
		return "block special file";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	}
	return st->st_size ? "regular file" : "regular empty file";
}

static void show_time(const char *label, const struct timespec *ts)
{
	char text[64], zone[8];
	struct tm tm;

	localtime_r(&ts->tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	printf("%s: %s.%09ld %s\n", label, text, (long)ts->tv_nsec, zone);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void put_text(const char *spec, const char *text)
{
	printf(spec, text);
}

static void put_number(const char *spec, unsigned long n)
{
	printf(spec, n);
}
#pragma GCC diagnostic warning "-Wformat-nonliteral"

static const char *user_name(uid_t uid)
{
	struct passwd *pw = getpwuid(uid);

	return pw ? pw->pw_name : "UNKNOWN";
}

static const char *group_name(gid_t gid)
{
	struct group *gr = getgrgid(gid);

	return gr ? gr->gr_name : "UNKNOWN";
}

static void show(const char *name, const struct stat *st)
{
	char target[PATH_MAX], mode[12];
	ssize_t n;

	printf("  File: ");
	shown_name(stdout, name);
	if (S_ISLNK(st->st_mode)) {
		n = readlink(name, target, sizeof(target) - 1);
		if (n >= 0) {
			target[n] = 0;
			fputs(" -> ", stdout);
			shown_name(stdout, target);
		}
	}
	printf("\n  Size: %-10ld\tBlocks: %-10ld IO Block: %-6ld %s\n",
	       (long)st->st_size, (long)st->st_blocks, (long)st->st_blksize,
	       kind(st));
	printf("Device: %u,%u\tInode: %-11lu Links: %lu", major(st->st_dev),
	       minor(st->st_dev), (unsigned long)st->st_ino,
	       (unsigned long)st->st_nlink);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		printf("     Device type: %u,%u", major(st->st_rdev),
		       minor(st->st_rdev));
	mode_letters(st->st_mode, mode);
	printf("\nAccess: (%04o/%s)  Uid: (%5u/%8s)", st->st_mode & 07777, mode,
	       st->st_uid, user_name(st->st_uid));
	printf("   Gid: (%5u/%8s)\n", st->st_gid, group_name(st->st_gid));
	show_time("Access", &st->st_atim);
	show_time("Modify", &st->st_mtim);
	show_time("Change", &st->st_ctim);
}

static void time_text(const struct timespec *ts, char *s, size_t size)
{
	char text[64], zone[8];
	struct tm tm;

	localtime_r(&ts->tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(s, size, "%s.%09ld %s", text, (long)ts->tv_nsec, zone);
}

/* The seconds, with as many decimals as the precision says. */
static void put_seconds(const char *spec, const struct timespec *ts)
{
	const char *dot = strchr(spec, '.');
	int digits = !dot ? 0 : dot[1] ? atoi(dot + 1) : 9;
	char text[64], number[40];

	snprintf(text, sizeof(text), "%.*ss",
		 (int)(dot ? dot - spec : (long)strlen(spec)), spec);
	snprintf(number, sizeof(number), "%ld.%09ld", (long)ts->tv_sec,
		 (long)ts->tv_nsec);
	if (digits > 9)
		digits = 9;
	number[strlen(number) - 9 + (size_t)digits - !digits] = 0;
	put_text(text, number);
}

/* The path from which on all lies on the same file system. */
static void put_mount(const char *spec, const char *name)
{
	char path[PATH_MAX], *slash;
	struct stat here, up;

	if (!realpath(name, path) || stat(path, &here) < 0)
		strcpy(path, "?");
	while (*path == '/' && path[1]) {
		slash = strrchr(path, '/');
		*slash = 0;
		if (stat(*path ? path : "/", &up) < 0 ||
		    up.st_dev != here.st_dev) {
			*slash = '/';
			break;
		}
		if (!*path)
			strcpy(path, "/");
	}
	put_text(spec, path);
}

static void put_directive(const char *spec, char c, const char *name,
			  const struct stat *st)
{
	char text[PATH_MAX + 300], with[40], target[PATH_MAX];
	unsigned long n;
	ssize_t len;

	snprintf(with, sizeof(with), "%ss", spec);
	switch (c) {
	case 'n':
		put_text(with, name);
		return;
	case 'N':
		len = S_ISLNK(st->st_mode)
			      ? readlink(name, target, sizeof(target) - 1)
			      : -1;
		target[len < 0 ? 0 : len] = 0;
		snprintf(text, sizeof(text), len < 0 ? "'%s'" : "'%s' -> '%s'",
			 name, target);
		put_text(with, text);
		return;
	case 'A':
		mode_letters(st->st_mode, text);
		put_text(with, text);
		return;
	case 'F':
		put_text(with, kind(st));
		return;
	case 'U':
		put_text(with, user_name(st->st_uid));
		return;
	case 'G':
		put_text(with, group_name(st->st_gid));
		return;
	case 'm':
		put_mount(with, name);
		return;
	case 'x':
	case 'y':
	case 'z':
		time_text(c == 'x'   ? &st->st_atim
			  : c == 'y' ? &st->st_mtim
				     : &st->st_ctim,
			  text, sizeof(text));
		put_text(with, text);
		return;
	case 'X':
	case 'Y':
	case 'Z':
		put_seconds(spec, c == 'X'   ? &st->st_atim
				  : c == 'Y' ? &st->st_mtim
					     : &st->st_ctim);
		return;
	case 'w':
		put_text(with, "-");
		return;
	case 'a':
	case 'f':
	case 't':
	case 'T':
	case 'D':
		n = c == 'a'   ? st->st_mode & 07777
		    : c == 'f' ? st->st_mode
		    : c == 'D' ? st->st_dev
		    : c == 't' ? major(st->st_rdev)
			       : minor(st->st_rdev);
		snprintf(with, sizeof(with), "%sl%c", spec,
			 c == 'a' ? 'o' : 'x');
		put_number(with, n);
		return;
	}
	n = c == 's'   ? (unsigned long)st->st_size
	    : c == 'i' ? st->st_ino
	    : c == 'h' ? st->st_nlink
	    : c == 'u' ? st->st_uid
	    : c == 'g' ? st->st_gid
	    : c == 'b' ? (unsigned long)st->st_blocks
	    : c == 'B' ? 512
	    : c == 'o' ? (unsigned long)st->st_blksize
	    : c == 'd' ? st->st_dev
		       : 0;
	if (!strchr("sihugbBodW", c)) {
		putchar('?');
		return;
	}
	snprintf(with, sizeof(with), "%slu", spec);
	put_number(with, n);
}

static const char *system_kind(unsigned long type)
{
	static const struct {
		unsigned long type;
		const char *name;
	} kinds[] = {
		{ 0xef53, "ext2/ext3" },
		{ 0x1021994, "tmpfs" },
		{ 0x9fa0, "proc" },
		{ 0x1cd1, "devpts" },
	};
	static char unknown[32];
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].type == type)
			return kinds[i].name;
	snprintf(unknown, sizeof(unknown), "UNKNOWN (0x%lx)", type);
	return unknown;
}

static void put_system(const char *spec, char c, const char *name,
		       const struct statfs *fs)
{
	unsigned long frag = fs->f_frsize ? (unsigned long)fs->f_frsize
					  : (unsigned long)fs->f_bsize;
	unsigned long n;
	unsigned int id[2];
	char with[40];

	memcpy(id, &fs->f_fsid, sizeof(id));
	snprintf(with, sizeof(with), "%ss", spec);
	if (c == 'n' || c == 'T') {
		put_text(with,
			 c == 'n' ? name
				  : system_kind((unsigned long)fs->f_type));
		return;
	}
	n = c == 'i'   ? (unsigned long)id[0] << 32 | id[1]
	    : c == 'l' ? (unsigned long)fs->f_namelen
	    : c == 't' ? (unsigned long)fs->f_type
	    : c == 's' ? (unsigned long)fs->f_bsize
	    : c == 'S' ? frag
	    : c == 'b' ? (unsigned long)fs->f_blocks
	    : c == 'f' ? (unsigned long)fs->f_bfree
	    : c == 'a' ? (unsigned long)fs->f_bavail
	    : c == 'c' ? (unsigned long)fs->f_files
	    : c == 'd' ? (unsigned long)fs->f_ffree
		       : 0;
	if (!strchr("iltsSbfacd", c)) {
		putchar('?');
		return;
	}
	snprintf(with, sizeof(with), "%sl%c", spec,
		 c == 'i' || c == 't' ? 'x' : 'u');
	put_number(with, n);
}

/* What is known of the file, or else of the file system. */
static void show_format(const char *f, int escapes, const char *name,
			const struct stat *st, const struct statfs *fs)
{
	static const char from[] = "abefnrtv\\\"",
			  to[] = "\a\b\033\f\n\r\t\v\\\"";
	const char *p;
	char spec[32];
	size_t n;
	int c, i;

	for (; *f; f++) {
		if (escapes && *f == '\\' && f[1]) {
			f++;
			p = strchr(from, *f);
			if (p) {
				putchar(to[p - from]);
			} else if (*f >= '0' && *f <= '7') {
				for (c = i = 0; i < 3 && *f >= '0' && *f <= '7';
				     i++)
					c = c * 8 + *f++ - '0';
				f--;
				putchar(c);
			} else {
				putchar(*f);
			}
			continue;
		}
		if (*f != '%') {
			putchar(*f);
			continue;
		}
		n = strspn(f + 1, "-+ #0123456789.");
		if (n + 2 > sizeof(spec))
			errx(1, "the format has too wide a field");
		memcpy(spec, f, n + 1);
		spec[n + 1] = 0;
		f += n + 1;
		if (*f == '%' || !*f) {
			putchar('%');
			if (!*f)
				break;
			continue;
		}
		if (fs)
			put_system(spec, *f, name, fs);
		else
			put_directive(spec, *f, name, st);
	}
	if (!escapes)
		putchar('\n');
}

/* stat -f of one file; 1 when it failed. */
static int show_system(const char *format, int escapes, const char *name)
{
	struct statfs fs;

	if (statfs(name, &fs) < 0) {
		warn("cannot read file system information for '%s'", name);
		return 1;
	}
	if (!format) {
		format = "  File: \"%n\"\n"
			 "    ID: %-8i Namelen: %-7l Type: %T\n"
			 "Block size: %-10s Fundamental block size: %S\n"
			 "Blocks: Total: %-10b Free: %-10f Available: %a\n"
			 "Inodes: Total: %-10c Free: %d\n";
		escapes = 1;
	}
	show_format(format, escapes, name, NULL, &fs);
	return 0;
}

static int usage(int status)
{
	fputs("usage: stat [-fLt] [-c format | --printf=format] file...\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "dereference", no_argument, NULL, 'L' },
		{ "file-system", no_argument, NULL, 'f' },
		{ "terse", no_argument, NULL, 't' },
		{ "format", required_argument, NULL, 'c' },
		{ "printf", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, follow = 0, systems = 0, terse = 0, failed = 0, escapes = 0, ret;
	const char *format = NULL, *name;
	struct stat st;

	while ((c = getopt_long(argc, argv, "fLc:t", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			systems = 1;
			break;
		case 'L':
			follow = 1;
			break;
		case 'c':
		case 'p':
			format = optarg;
			escapes = c == 'p';
			break;
		case 't':
			terse = 1;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (terse && !format)
		format = systems ? "%n %i %l %t %s %S %b %f %a %c %d"
				 : "%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z "
				   "%W %o";
	if (optind == argc) {
		warnx("missing operand");
		return usage(1);
	}
	for (; optind < argc; optind++) {
		name = argv[optind];
		if (systems) {
			failed |= show_system(format, escapes, name);
			continue;
		}
		ret = !strcmp(name, "-") ? fstat(0, &st)
		      : follow           ? stat(name, &st)
					 : lstat(name, &st);
		if (ret < 0) {
			warn("cannot stat '%s'", name);
			failed = 1;
		} else if (format) {
			show_format(format, escapes, name, &st, NULL);
		} else {
			show(name, &st);
		}
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
