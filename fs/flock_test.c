/*
 * Locks of ranges against a model that knows each byte: what is given, what is
 * refused, what is told to be in the way, and how many locks remain.
 *
 * Usage: flock_test [seed]
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/flock.h"

#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "kernel/abi/fcntl.h"

#include <stdio.h>
#include <stdlib.h>

#define OWNERS 4u
#define BYTES  40 /* the last one stands for all behind it */
#define ROUNDS 200000u

static struct file *files[OWNERS];
static char model[OWNERS][BYTES]; /* F_RDLCK + 1 ..., 0: none */
static uint32_t seed = 1;

#define CHECK(cond, ...)                                                       \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s: ", __FILE__, __LINE__, #cond); \
			printf(__VA_ARGS__);                                   \
			printf("\n");                                          \
			exit(1);                                               \
		}                                                              \
	} while (0)

static unsigned chance(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (unsigned)((uint64_t)(seed >> 8) * n >> 24);
}

/* Whose byte is in the way of type for owner; -1: nobody's. */
static int model_first(unsigned owner, int type, int from, int to)
{
	for (unsigned o = 0; o < OWNERS; o++) {
		for (int i = from; o != owner && i <= to; i++) {
			if (model[o][i] &&
			    (model[o][i] == F_WRLCK + 1 || type == F_WRLCK))
				return i;
		}
	}
	return -1;
}

/* How many locks the model is: runs of equal bytes. */
static unsigned model_locks(void)
{
	unsigned n = 0;

	for (unsigned o = 0; o < OWNERS; o++)
		for (int i = 0; i < BYTES; i++)
			n += model[o][i] &&
			     (!i || model[o][i - 1] != model[o][i]);
	return n;
}

/* The kernel's list, of which only the links are known here. */
static unsigned real_locks(void)
{
	void **l = (void **)files[0]->inode->locks;
	unsigned n = 0;

	for (; l; l = *l)
		n++;
	return n;
}

static void step(unsigned round)
{
	unsigned o = chance(OWNERS);
	int from = (int)chance(BYTES), to = from + (int)chance(BYTES / 3);
	int type = (int)chance(3), first, err;
	struct flock l = { .l_type = (short)type, .l_whence = SEEK_SET };

	if (chance(4) == 0)
		to = from;
	to = MIN(to, BYTES - 1);
	l.l_start = from;
	l.l_len = to == BYTES - 1 ? 0 : to - from + 1;
	if (l.l_len && chance(4) == 0) { /* the same from its other end */
		l.l_start = to + 1;
		l.l_len = -l.l_len;
	}
	first = type == F_UNLCK ? -1 : model_first(o, type, from, to);
	if (type != F_UNLCK && chance(3) == 0) {
		err = flock_range(files[o], F_OFD_GETLK, &l);
		CHECK(!err, "round %u: %d", round, err);
		CHECK((l.l_type != F_UNLCK) == (first >= 0), "round %u", round);
		if (first < 0)
			return;
		/* It is a whole run of another's. */
		to = l.l_len ? (int)(l.l_start + l.l_len) - 1 : BYTES - 1;
		from = (int)l.l_start;
		for (unsigned other = 0; other < OWNERS; other++) {
			bool all = other != o;

			for (int i = from; i <= to; i++)
				all &= model[other][i] == l.l_type + 1;
			all &= !from || model[other][from - 1] != l.l_type + 1;
			all &= to == BYTES - 1 ||
			       model[other][to + 1] != l.l_type + 1;
			if (all)
				return;
		}
		CHECK(0, "round %u: nobody has %d to %d", round, from, to);
	}
	err = flock_range(files[o], F_OFD_SETLK, &l);
	CHECK(err == (first < 0 ? 0 : -EAGAIN), "round %u: %d", round, err);
	for (int i = from; !err && i <= to; i++)
		model[o][i] = type == F_UNLCK ? 0 : (char)(type + 1);
	CHECK(model_locks() == real_locks(), "round %u: %u, not %u", round,
	      real_locks(), model_locks());
}

int main(int argc, char **argv)
{
	uint64_t objects;

	if (argc > 1)
		seed = (uint32_t)strtoul(argv[1], NULL, 0);
	vfs_init();
	host_set_process(fs_context_create(), fdtable_create());
	/* What is made once: the file. */
	for (unsigned o = 0; o < OWNERS; o++)
		CHECK(!vfs_open(AT_FDCWD, "/f", O_RDWR | O_CREAT, 0600,
				&files[o]),
		      "open");
	objects = host_objects_in_use();
	for (unsigned i = 0; i < ROUNDS; i++)
		step(i);
	CHECK(model_locks(), "none in the end");
	for (unsigned o = 0; o < OWNERS; o++)
		flock_forget(files[o]->inode, files[o]);
	CHECK(!files[0]->inode->locks && host_objects_in_use() == objects,
	      "some are left");
	for (unsigned o = 0; o < OWNERS; o++)
		file_put(files[o]);
	fdtable_put(host_files());
	fs_context_put(host_fs());
	printf("ok: %u steps\n", ROUNDS);
	return 0;
}
