/* chmod: change permissions, given in octal or as in u+rwx,go-w. */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int recursive, verbose, failed;
static mode_t mask;

/* Apply one text to a mode; -1 when it is not understood. */
static int apply(const char *s, mode_t old, mode_t *result)
{
	mode_t m = old & 07777, who, bits, affected;
	unsigned long octal;
	char *end, op;
	int given;

	octal = strtoul(s, &end, 8);
	if (*s >= '0' && *s <= '7') {
		if (*end || octal > 07777)
			return -1;
		*result = (mode_t)octal;
		return 0;
	}
	for (;;) {
		who = 0;
		for (; *s && strchr("ugoa", *s); s++)
			who |= *s == 'u'   ? 04700
			       : *s == 'g' ? 02070
			       : *s == 'o' ? 01007
					   : 07777;
		given = who != 0;
		if (!given)
			who = 07777;
		if (!*s || !strchr("+-=", *s))
			return -1;
		while (*s && strchr("+-=", *s)) {
			op = *s++;
			bits = 0;
			affected = given ? who : who & ~mask;
			if (*s && strchr("ugo", *s)) {
				bits = *s == 'u'   ? m >> 6
				       : *s == 'g' ? m >> 3
						   : m;
				bits = (bits & 7) * 0111;
				s++;
			}
			for (; *s && strchr("rwxXst", *s); s++)
				bits |= *s == 'r'                    ? 0444
					: *s == 'w'                  ? 0222
					: *s == 'x'                  ? 0111
					: *s == 's'                  ? 06000
					: *s == 't'                  ? 01000
					: S_ISDIR(old) || (m & 0111) ? 0111
								     : 0;
			/* The sticky bit is everybody's. */
			if (bits & 01000)
				affected |= 01000;
			if (op == '-')
				m &= ~(bits & affected);
			else if (op == '+')
				m |= bits & affected;
			else
				m = (m & ~(given ? who & 06777 : 0777)) |
				    (bits & affected);
		}
		if (!*s)
			break;
		if (*s++ != ',')
			return -1;
	}
	*result = m;
	return 0;
}

static void change(const char *path, const char *text)
{
	struct dirent *e;
	struct stat st;
	mode_t mode;
	char *sub;
	DIR *d;

	if (stat(path, &st) < 0 || apply(text, st.st_mode, &mode) < 0 ||
	    chmod(path, mode) < 0) {
		warn("%s", path);
		failed = 1;
		return;
	}
	if (verbose)
		printf("%s: %04o\n", path, mode);
	if (!recursive || !S_ISDIR(st.st_mode))
		return;
	d = opendir(path);
	if (!d) {
		warn("%s", path);
		failed = 1;
		return;
	}
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (asprintf(&sub, "%s/%s", path, e->d_name) < 0)
			err(1, NULL);
		/* Links found on the way are not followed. */
		if (lstat(sub, &st) < 0 || !S_ISLNK(st.st_mode))
			change(sub, text);
		free(sub);
	}
	closedir(d);
}

int main(int argc, char **argv)
{
	int i = 1;
	mode_t m;
	char *text;

	/* By hand: -w may be a mode. */
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-R"))
			recursive = 1;
		else if (!strcmp(argv[i], "-v"))
			verbose = 1;
		else
			break;
	}
	if (i < argc && !strcmp(argv[i], "--"))
		i++;
	if (argc - i < 2) {
		fprintf(stderr, "usage: chmod [-Rv] mode file...\n");
		return 1;
	}
	mask = umask(0);
	umask(mask);
	text = argv[i++];
	if (apply(text, 0, &m) < 0)
		errx(1, "%s: not a mode", text);
	for (; i < argc; i++)
		change(argv[i], text);
	return failed;
}
