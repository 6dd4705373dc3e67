/*
 * The journal, by itself: blocks of a disk are changed in handles, at random
 * and by several threads, and whatever moment the power goes at, what is on
 * the disk afterwards is what some commit left, by our recovery and by e2fsck.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#define _GNU_SOURCE
#include "fs/ext4/crc32c.h"
#include "fs/ext4/ext4.h"
#include "fs/ext4/journal.h"
#include "fs/ext4/jbd2.h"
#include "fs/vfs.h"

#include "disk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int open(const char *path, int flags, ...);

#define CHECK(cond, ...)                                                       \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s: ", __FILE__, __LINE__, #cond); \
			printf(__VA_ARGS__);                                   \
			printf("\n");                                          \
			failures++;                                            \
		}                                                              \
	} while (0)

static int failures;
static char folder[64], image[96];
static struct host_disk disk;
static struct super *sb;
static struct ext4_sb *es;

static int run(const char *fmt, ...)
{
	char cmd[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

static void make_disk(const char *options, const char *size)
{
	CHECK(!run("rm -f %s; mke2fs -q -F -t ext4 %s %s %s >/dev/null 2>&1",
		   image, options, image, size),
	      "mke2fs %s", options);
	CHECK(!host_disk_open(&disk, image), "no image");
}

/* Mounted for reading; the journal is opened beside it. */
static int start(void)
{
	int err = ext4_type.mount(&ext4_type, &disk.bd, true, NULL, &sb);

	if (err)
		return err;
	es = ext4_sb(sb);
	err = journal_open(es);
	return err;
}

static void leave(void)
{
	sb->refs = 1;
	super_put(sb);
}

static void save(void)
{
	FILE *f = fopen(image, "r+");

	CHECK(f && fwrite(disk.data, 1, disk.bytes, f) == disk.bytes, "save");
	fclose(f);
}

static void test_plain(const char *options)
{
	uint64_t objects = host_objects_in_use();
	struct handle h;
	struct buf *bp;

	make_disk(options, "8M");
	CHECK(!start(), "start");
	for (unsigned i = 0; i < 50; i++) {
		CHECK(!handle_start(es, &h, 3), "start");
		CHECK(!bcache_get(es->bc, 5000 + i, &bp), "get");
		CHECK(!journal_create_access(&h, bp), "access");
		memset(bp->data, (int)i, es->block_size);
		journal_dirty(&h, bp, NULL, 0);
		buf_put(bp);
		handle_stop(&h);
	}
	CHECK(!journal_sync(es, false), "sync");
	CHECK(!journal_close(es), "close");
	for (unsigned i = 0; i < 50; i++)
		CHECK(disk.data[(5000 + i) * (uint64_t)es->block_size] == i,
		      "block %u", i);
	leave();
	save();
	CHECK(!run("e2fsck -fn %s >%s/out 2>&1 || { cat %s/out; false; }",
		   image, folder, folder), "e2fsck");
	host_disk_close(&disk);
	reclaim_all();
	CHECK(host_objects_in_use() == objects, "%lu objects left",
	      (unsigned long)(host_objects_in_use() - objects));
}

int main(void)
{
	vfs_init();
	strcpy(folder, "/tmp/journal_test.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(image, sizeof(image), "%s/disk", folder);
	make_disk("-O ^has_journal", "8M");
	CHECK(!start() && !journal_close(es), "first");
	leave();
	host_disk_close(&disk);
	reclaim_all();
	test_plain("-b 1024 -O ^has_journal");
	run("rm -rf %s", folder);
	printf("%s\n", failures ? "FAIL" : "ok");
	return failures != 0;
}
