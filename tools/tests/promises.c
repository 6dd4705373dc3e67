/*
 * For the guest: makes one change of a file and makes it last, each in its own
 * way, and prints what it did; then it is killed with the machine.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char text[] = "this lasts\n";

static int put(const char *how, int flags)
{
	int fd = open(how, O_RDWR | O_CREAT | flags, 0644);

	if (fd < 0 || write(fd, text, sizeof(text) - 1) != sizeof(text) - 1)
		return -1;
	return fd;
}

static int change_mapped(const char *how)
{
	int fd = open(how, O_RDWR | O_CREAT, 0644);
	char *p;

	if (fd < 0 || ftruncate(fd, 4096) || fsync(fd))
		return -1;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	memcpy(p, text, sizeof(text) - 1);
	return msync(p, 4096, MS_SYNC);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int err, fd;

	if (!strcmp(how, "dsync")) {
		err = put(how, O_DSYNC) < 0;
	} else if (!strcmp(how, "msync")) {
		err = change_mapped(how);
	} else {
		fd = put(how, 0);
		err = fd < 0 || syncfs(fd);
	}
	printf("%s: %s\n", how, err ? "failed" : "done");
	fflush(stdout);
	pause();
	return err;
}
