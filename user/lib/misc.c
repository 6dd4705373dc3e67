/* Calls that are small and belong nowhere else. */
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#include "user/lib/syscall.h"

char *setlocale(int category, const char *name)
{
	static char c[] = "C";

	if (name && *name && strcmp(name, "C") && strcmp(name, "POSIX"))
		return NULL;
	return c;
}

struct lconv *localeconv(void)
{
	static char point[] = ".", none[] = "";
	static struct lconv c;

	memset(&c, CHAR_MAX, sizeof(c));
	c.decimal_point = point;
	c.thousands_sep = c.grouping = none;
	c.int_curr_symbol = c.currency_symbol = none;
	c.mon_decimal_point = c.mon_thousands_sep = c.mon_grouping = none;
	c.positive_sign = c.negative_sign = none;
	return &c;
}

/* The load as the kernel keeps it: a fixed-point number. */
int getloadavg(double *avg, int n)
{
	struct sysinfo info;
	int i;

	if (n > 3)
		n = 3;
	if (n < 0 || sysinfo(&info) < 0)
		return -1;
	for (i = 0; i < n; i++)
		avg[i] = (double)info.loads[i] / (1 << SI_LOAD_SHIFT);
	return n;
}

static int statvfs_from(struct statvfs *st, const struct statfs *fs)
{
	memset(st, 0, sizeof(*st));
	st->f_bsize = (unsigned long)fs->f_bsize;
	st->f_frsize =
		(unsigned long)(fs->f_frsize ? fs->f_frsize : fs->f_bsize);
	st->f_blocks = fs->f_blocks;
	st->f_bfree = fs->f_bfree;
	st->f_bavail = fs->f_bavail;
	st->f_files = fs->f_files;
	st->f_ffree = fs->f_ffree;
	st->f_favail = fs->f_ffree;
	st->f_fsid = (unsigned int)fs->f_fsid.val[0];
	st->f_flag = (unsigned long)fs->f_flags & ~(unsigned long)ABI_ST_VALID;
	st->f_namemax = (unsigned long)fs->f_namelen;
	return 0;
}

int statvfs(const char *restrict path, struct statvfs *restrict st)
{
	struct statfs fs;

	return statfs(path, &fs) < 0 ? -1 : statvfs_from(st, &fs);
}

int fstatvfs(int fd, struct statvfs *st)
{
	struct statfs fs;

	return fstatfs(fd, &fs) < 0 ? -1 : statvfs_from(st, &fs);
}
