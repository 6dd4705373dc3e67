/*
 * stat: what is known about files.  -c format: %n name, %s size, %a mode in
 * octal, %f raw mode in hex, %F kind, %i inode, %h links, %u %g owner, %b
 * blocks, %o block size, %d device, %t %T device numbers, %X %Y %Z times.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

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
	char text[64];
	struct tm tm;

	gmtime_r(&ts->tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s: %s.%09ld +0000\n", label, text, (long)ts->tv_nsec);
}

static void mode_text(mode_t m, char *s)
{
	static const char kinds[] = "?pc?d?b?-?l?s???";
	int i;

	*s++ = kinds[(m & S_IFMT) >> 12];
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

static void show(const char *name, const struct stat *st)
{
	char target[PATH_MAX], mode[12];
	ssize_t n;

	printf("  File: %s", name);
	if (S_ISLNK(st->st_mode)) {
		n = readlink(name, target, sizeof(target) - 1);
		if (n >= 0)
			printf(" -> %.*s", (int)n, target);
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
	mode_text(st->st_mode, mode);
	printf("\nAccess: (%04o/%s)  Uid: %5u   Gid: %5u\n",
	       st->st_mode & 07777, mode, st->st_uid, st->st_gid);
	show_time("Access", &st->st_atim);
	show_time("Modify", &st->st_mtim);
	show_time("Change", &st->st_ctim);
}

static void show_format(const char *f, const char *name, const struct stat *st)
{
	char mode[12];

	for (; *f; f++) {
		if (*f != '%' || !f[1]) {
			putchar(*f);
			continue;
		}
		switch (*++f) {
		case 'n':
			fputs(name, stdout);
			break;
		case 's':
			printf("%ld", (long)st->st_size);
			break;
		case 'a':
			printf("%o", st->st_mode & 07777);
			break;
		case 'A':
			mode_text(st->st_mode, mode);
			fputs(mode, stdout);
			break;
		case 'f':
			printf("%x", st->st_mode);
			break;
		case 'F':
			fputs(kind(st), stdout);
			break;
		case 'i':
			printf("%lu", (unsigned long)st->st_ino);
			break;
		case 'h':
			printf("%lu", (unsigned long)st->st_nlink);
			break;
		case 'u':
			printf("%u", st->st_uid);
			break;
		case 'g':
			printf("%u", st->st_gid);
			break;
		case 'b':
			printf("%ld", (long)st->st_blocks);
			break;
		case 'B':
			printf("512");
			break;
		case 'o':
			printf("%ld", (long)st->st_blksize);
			break;
		case 'd':
			printf("%lu", (unsigned long)st->st_dev);
			break;
		case 't':
			printf("%x", major(st->st_rdev));
			break;
		case 'T':
			printf("%x", minor(st->st_rdev));
			break;
		case 'X':
			printf("%ld", (long)st->st_atim.tv_sec);
			break;
		case 'Y':
			printf("%ld", (long)st->st_mtim.tv_sec);
			break;
		case 'Z':
			printf("%ld", (long)st->st_ctim.tv_sec);
			break;
		case '%':
			putchar('%');
			break;
		default:
			putchar('?');
		}
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	int c, follow = 0, failed = 0;
	const char *format = NULL;
	struct stat st;

	while ((c = getopt(argc, argv, "Lc:")) != -1) {
		switch (c) {
		case 'L':
			follow = 1;
			break;
		case 'c':
			format = optarg;
			break;
		default:
			goto usage;
		}
	}
	if (optind == argc)
		goto usage;
	for (; optind < argc; optind++) {
		if ((follow ? stat(argv[optind], &st)
			    : lstat(argv[optind], &st)) < 0) {
			warn("%s", argv[optind]);
			failed = 1;
		} else if (format) {
			show_format(format, argv[optind], &st);
		} else {
			show(argv[optind], &st);
		}
	}
	return failed;

usage:
	fprintf(stderr, "usage: stat [-L] [-c format] file...\n");
	return 1;
}
