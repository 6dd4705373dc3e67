/*
 * Walks a tree and prints a line for each name: type, mode, size, links, a
 * checksum of the content or the target of a link, the path. The same source
 * runs on the build machine and in the guest, so the lines must be the same.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char block[65536];

static uint64_t sum(uint64_t hash, const char *data, size_t n)
{
	uint64_t word;
	size_t i;

	for (i = 0; i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3;
		hash ^= hash >> 29;
	}
	for (; i < n; i++)
		hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3;
	return hash;
}

/* The checksum of what a file or a link holds, or the error that stops it. */
static int content(const char *path, const struct stat *st, uint64_t *hash)
{
	ssize_t n;
	int fd;

	*hash = 0xcbf29ce484222325;
	if (S_ISLNK(st->st_mode)) {
		n = readlink(path, block, sizeof(block));
		if (n < 0)
			return errno;
		*hash = sum(*hash, block, (size_t)n);
		return 0;
	}
	if (!S_ISREG(st->st_mode))
		return 0;
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return errno;
	/* Of a very large file only the end, or it would take minutes. */
	if (st->st_size > 1LL << 30)
		lseek(fd, st->st_size - 100000, SEEK_SET);
	while ((n = read(fd, block, sizeof(block))) > 0)
		*hash = sum(*hash, block, (size_t)n);
	close(fd);
	return n < 0 ? errno : 0;
}

static void walk(const char *path)
{
	char inner[5000];
	struct dirent *d;
	struct stat st;
	uint64_t hash;
	DIR *dir;
	int err;

	if (lstat(path, &st)) {
		printf("error %d %s\n", errno, path);
		return;
	}
	err = content(path, &st, &hash);
	if (err) {
		printf("error %d %s\n", err, path);
		return;
	}
	printf("%06o %lld %016llx %s\n", st.st_mode,
	       S_ISDIR(st.st_mode) ? 0LL : (long long)st.st_size,
	       (unsigned long long)hash, path);
	if (!S_ISDIR(st.st_mode))
		return;
	dir = opendir(path);
	if (!dir) {
		printf("error %d %s\n", errno, path);
		return;
	}
	for (;;) {
		errno = 0;
		d = readdir(dir);
		if (!d)
			break;
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		snprintf(inner, sizeof(inner), "%s/%s", path, d->d_name);
		walk(inner);
	}
	if (errno)
		printf("error %d %s\n", errno, path);
	closedir(dir);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		walk(argv[i]);
	return 0;
}
