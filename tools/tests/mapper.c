/*
 * A file, seen at more places than there are pages of it, and read again and
 * again beside another one that takes the rest of the memory: each page that is
 * wanted back has to be looked for at all of these places.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES  2048
#define PLACES 30000L

int main(void)
{
	static char some[1 << 16];
	int fd = open("mapped", O_RDWR | O_CREAT, 0600), other;
	char *at;

	for (int i = 0; i < PAGES / 16; i++)
		if (write(fd, some, sizeof(some)) != sizeof(some))
			err(1, "mapped");
	at = mmap(NULL, PLACES * 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		  -1, 0);
	if (at == MAP_FAILED)
		err(1, "mmap");
	for (long i = 0; i < PLACES; i++)
		if (mmap(at + i * 8192, 4096, PROT_READ, MAP_SHARED | MAP_FIXED,
			 fd, i % PAGES * 4096) == MAP_FAILED)
			err(1, "mmap");
	puts("mapped");
	fflush(stdout);
	for (;;) {
		for (int i = 0; i < PAGES; i++)
			if (pread(fd, some, 4096, i * 4096L) != 4096)
				err(1, "mapped");
		other = open("other", O_RDWR | O_CREAT | O_TRUNC, 0600);
		for (int i = 0; i < 800; i++)
			if (write(other, some, sizeof(some)) != sizeof(some))
				err(1, "other");
		close(other);
	}
}
