/*
 * Blocks, inodes, super block and orphans of disks that are written: what is
 * claimed, freed, made and deleted here, e2fsck judges.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#define _GNU_SOURCE
#include "fs/ext4/alloc.h"

#include "disk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Their headers have structures that fs/ has too. */
int open(const char *path, int flags, ...);
int close(int fd);
ssize_t write(int fd, const void *buf, size_t n);
int fork(void);
int waitpid(int pid, int *status, int options);
void _exit(int status) __attribute__((noreturn));

#define CHECK(cond, ...)                                                       \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s [%s]: ", __FILE__, __LINE__,    \
			       #cond, kind);                                   \
			printf(__VA_ARGS__);                                   \
			printf("\n");                                          \
			failures++;                                            \
		}                                                              \
	} while (0)

static int failures;
static const char *kind = "";
static char folder[64], image[100];
static struct host_disk disk;
static struct super *sb;

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
	kind = options;
	snprintf(image, sizeof(image), "%s/img", folder);
	run("rm -f %s", image);
	CHECK(!run("/sbin/mke2fs -q -F %s %s %s >/dev/null 2>&1", options,
		   image, size),
	      "mke2fs");
	CHECK(!host_disk_open(&disk, image), "open");
}

/* The disk as it is now, to a file. */
static void save(void)
{
	char path[120];
	int fd;

	snprintf(path, sizeof(path), "%s/after", folder);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	for (uint64_t at = 0; at < disk.bytes; at += 1 << 20) {
		size_t n = (size_t)MIN(disk.bytes - at, (uint64_t)1 << 20);

		if (write(fd, disk.data + at, n) != (ssize_t)n)
			abort();
	}
	close(fd);
}

static int fsck(void)
{
	int err = run("/sbin/e2fsck -fn %s/after > %s/log 2>&1", folder,
		      folder);

	if (err || !run("grep -q 'count wrong' %s/log", folder)) {
		run("head -15 %s/log", folder);
		return -1;
	}
	return 0;
}

static int judge(void)
{
	save();
	return fsck();
}

static int mount_it(bool ro)
{
	int err = ext4_type.mount(&ext4_type, &disk.bd, ro, NULL, &sb);

	if (!err)
		sb->refs = 1;
	return err;
}

static void unmount_it(void)
{
	super_put(sb);
	host_settle();
}

static void test_plain(void)
{
	CHECK(!mount_it(false), "mount");
	CHECK(!sb->read_only, "ro");
	unmount_it();
	CHECK(!judge(), "e2fsck");
}


/* ---- files ---- */

#define FILES 300u
static struct inode *files[FILES];
static uint32_t inos[FILES];

static bool ext4_sb_has_journal(void)
{
	return !strstr(kind, "^has_journal") && !strstr(kind, "ext2");
}

static struct ext4_sb *es_of(void)
{
	return ext4_sb(sb);
}

/* Blocks for a file, put into its map: 0 or an error. */
static int add_blocks(struct inode *ip, uint32_t lblk, uint32_t n,
		      uint64_t *goal)
{
	struct ext4_sb *es = es_of();
	struct handle h;
	uint64_t start;
	uint32_t len;
	int err;

	while (n) {
		err = ext4_claim(es, ip, *goal, n, false, &start, &len);
		if (err)
			return err;
		err = handle_start(es, &h, ext4_map_credits(ip, 1) + 2);
		if (err) {
			ext4_unclaim(es, start, len);
			return err;
		}
		err = ext4_claim_commit(&h, start, len);
		if (err) {
			ext4_unclaim(es, start, len);
		} else {
			rwsem_write_lock(&ext4_info(ip)->map_lock);
			err = ext4_map_insert(&h, ip, lblk, start, len,
					      ip->flags & EXT4_FL_EXTENTS);
			rwsem_write_unlock(&ext4_info(ip)->map_lock);
			if (err)
				ext4_free_blocks(&h, ip, start, len, false);
		}
		if (!err) {
			ip->size = (off_t)(lblk + len) << es->block_bits;
			ext4_info(ip)->disk_size = (uint64_t)ip->size;
			err = ext4_inode_dirty(&h, ip, true);
		}
		handle_stop(&h);
		if (err)
			return err;
		*goal = start + len;
		lblk += len;
		n -= len;
	}
	return 0;
}

static int make_file(unsigned i, mode_t mode, struct inode **out)
{
	char name[32];
	int n = snprintf(name, sizeof(name), "file%u", i), err;

	rwsem_write_lock(&sb->root->lock);
	err = ext4_create(sb->root, name, (unsigned)n, mode, 0, NULL, out);
	rwsem_write_unlock(&sb->root->lock);
	return err;
}

static int drop_name(unsigned i, struct inode *ip)
{
	char name[32];
	int n = snprintf(name, sizeof(name), "file%u", i), err;

	rwsem_write_lock(&sb->root->lock);
	rwsem_write_lock_nested(&ip->lock);
	err = ext4_unlink(sb->root, name, (unsigned)n, ip);
	rwsem_write_unlock(&ip->lock);
	rwsem_write_unlock(&sb->root->lock);
	return err;
}

/* Free blocks, and those of the root directory, which does not shrink. */
static uint64_t free_with_root(void)
{
	struct ext4_sb *es = es_of();

	return ext4_free_blocks_count(es, true) +
	       (sb->root->blocks >> (es->block_bits - 9));
}

static void test_files(void)
{
	struct ext4_sb *es;
	uint64_t blocks, inodes, goal;
	uint32_t lblk[FILES] = { 0 };

	CHECK(!mount_it(false), "mount");
	es = es_of();
	blocks = free_with_root();
	inodes = ext4_free_inodes_count(es);
	for (unsigned i = 0; i < FILES; i++) {
		CHECK(!make_file(i, S_IFREG | 0644, &files[i]), "file %u", i);
		inos[i] = (uint32_t)files[i]->ino;
	}
	for (unsigned r = 0; r < 4; r++) {
		for (unsigned i = 0; i < FILES; i++) {
			uint32_t n = 1 + (i + r) % 7;

			goal = 0;
			CHECK(!add_blocks(files[i], lblk[i], n, &goal),
			      "blocks of %u", i);
			lblk[i] += n;
		}
	}
	for (unsigned i = 0; i < FILES; i++)
		inode_put(files[i]);
	unmount_it();
	CHECK(!judge(), "e2fsck");

	CHECK(!mount_it(false), "mount again");
	es = es_of();
	for (unsigned i = 0; i < FILES; i++) {
		CHECK(!ext4_inode_get(sb, inos[i], &files[i]), "get %u", i);
		if (!files[i])
			continue;
		CHECK(files[i]->size == (off_t)lblk[i] << es->block_bits,
		      "size of %u", i);
		if (i % 3) {
			CHECK(!drop_name(i, files[i]), "drop %u", i);
			inos[i] = 0;
		}
	}
	CHECK(ext4_has_orphans(es), "orphans");
	/* In another order than they became orphans. */
	for (unsigned i = 0; i < FILES; i++)
		inode_put(files[(i * 7) % FILES]);
	CHECK(!ext4_has_orphans(es), "orphans");
	unmount_it();
	CHECK(!judge(), "e2fsck after deleting");

	CHECK(!mount_it(false), "mount again");
	for (unsigned i = 0; i < FILES; i++) {
		if (!inos[i])
			continue;
		CHECK(!ext4_inode_get(sb, inos[i], &files[i]), "get %u", i);
		CHECK(!drop_name(i, files[i]), "drop %u", i);
		inode_put(files[i]);
		inos[i] = 0;
	}
	ext4_sync(sb, true);
	CHECK(blocks == free_with_root(), "blocks");
	CHECK(inodes == ext4_free_inodes_count(es_of()), "inodes");
	unmount_it();
	CHECK(!judge(), "e2fsck after deleting all");
}

/* The first file that needs it makes the disk one with large files; damage is
 * written down. */
static void test_super_block(void)
{
	const struct ext4_super_block *raw = (void *)(disk.data + 1024);
	struct inode *ip;
	struct handle h;

	CHECK(!(raw->s_feature_ro_compat & EXT4_RO_LARGE_FILE), "feature");
	CHECK(!mount_it(false), "mount");
	CHECK(!make_file(0, S_IFREG | 0600, &ip), "file");
	CHECK(!handle_start(es_of(), &h, 2), "handle");
	ip->size = 3ll << 30;
	ext4_info(ip)->disk_size = (uint64_t)ip->size;
	CHECK(!ext4_inode_dirty(&h, ip, true), "dirty");
	handle_stop(&h);
	inode_put(ip);
	unmount_it();
	CHECK(raw->s_feature_ro_compat & EXT4_RO_LARGE_FILE, "no feature");
	CHECK(!judge(), "e2fsck");

	CHECK(!mount_it(false), "mount");
	(void)ext4_corrupt(es_of(), "by a test");
	CHECK(!sb->read_only, "errors=continue");
	unmount_it();
	CHECK(raw->s_state == EXT4_STATE_ERRORS && raw->s_error_count == 1 &&
		      raw->s_last_error_time && raw->s_first_error_time,
	      "state %u, %u errors", raw->s_state, raw->s_error_count);
	((struct ext4_super_block *)(void *)(disk.data + 1024))->s_errors = 2;
	CHECK(!mount_it(false), "mount");
	(void)ext4_corrupt(es_of(), "by a test");
	CHECK(sb->read_only, "errors=remount-ro");
	CHECK(make_file(1, S_IFREG | 0600, &ip) == -EROFS, "file");
	unmount_it();
	CHECK(raw->s_error_count == 2, "%u errors", raw->s_error_count);
	/* The disk asks for a panic; then whoever boots, too. */
	((struct ext4_super_block *)(void *)(disk.data + 1024))->s_errors = 3;
	for (unsigned i = 0; i < 2; i++) {
		int pid = fork(), status = 0;

		if (!pid) {
			vfs_errors_panic = i;
			if (mount_it(false))
				_exit(1);
			(void)ext4_corrupt(es_of(), "by a test");
			_exit(sb->read_only ? 0 : 2);
		}
		waitpid(pid, &status, 0);
		CHECK((status & 127) == (i ? 6 : 0) && !(status >> 8),
		      "errors=panic %u: status %#x", i, status);
	}
}

/* ---- after a crash ---- */

/* The disk as it was at some moment, and back to it. */
static unsigned char *snapshot;

static void take_snapshot(void)
{
	snapshot = realloc(snapshot, disk.bytes);
	memcpy(snapshot, disk.data, disk.bytes);
}

static void test_orphans(void)
{
	uint64_t blocks, inodes, goal = 0;

	CHECK(!mount_it(false), "mount");
	blocks = free_with_root();
	inodes = ext4_free_inodes_count(es_of());
	for (unsigned i = 0; i < 40; i++) {
		CHECK(!make_file(i, S_IFREG | 0600, &files[i]), "%u", i);
		CHECK(!add_blocks(files[i], 0, 1 + i % 5, &goal), "%u", i);
		CHECK(!drop_name(i, files[i]), "%u", i);
	}
	/* Some go, from everywhere in the list. */
	for (unsigned i = 0; i < 40; i += 3) {
		inode_put(files[i]);
		files[i] = NULL;
	}
	CHECK(!ext4_sync(sb, true), "sync");
	CHECK(sb->ops->remount(sb, true, false) == -EBUSY, "remount");
	take_snapshot();
	for (unsigned i = 0; i < 40; i++) {
		if (files[i])
			inode_put(files[i]);
	}
	CHECK(!ext4_has_orphans(es_of()), "orphans");
	unmount_it();
	CHECK(!judge(), "e2fsck");

	/* The crash: what is on the disk goes on here, and with e2fsck. */
	memcpy(disk.data, snapshot, disk.bytes);
	save();
	/* It does not make the counts of the super block right, nor, without
	 * a whole check, the orphan file empty. */
	run("/sbin/e2fsck %s -E journal_only %s/after > %s/log 2>&1",
	    strstr(kind, "orphan_file") ? "-fy" : "-y", folder, folder);
	CHECK(!run("/sbin/e2fsck -fn %s/after > %s/log 2>&1", folder, folder),
	      "e2fsck's recovery");
	host_log_clear();
	CHECK(!mount_it(false), "mount after a crash");
	CHECK(host_log_has("26 inodes deleted"), "orphans deleted");
	CHECK(!ext4_has_orphans(es_of()), "orphans left");
	CHECK(blocks == free_with_root(), "blocks after a crash: %ld",
	      (long)(blocks - free_with_root()));
	CHECK(inodes == ext4_free_inodes_count(es_of()), "inodes");
	unmount_it();
	CHECK(!judge(), "e2fsck after a crash");
	/* The same for a mount that reads: it only replays. */
	if (ext4_sb_has_journal()) {
		memcpy(disk.data, snapshot, disk.bytes);
		CHECK(!mount_it(true), "mount for reading after a crash");
		CHECK(sb->read_only, "ro");
		CHECK(!sb->ops->remount(sb, false, false), "remount");
		CHECK(!sb->read_only, "rw");
		CHECK(blocks == free_with_root(), "blocks");
		CHECK(!ext4_sync(sb, true), "sync");
		CHECK(!sb->ops->remount(sb, true, false), "remount");
		CHECK(!judge(), "e2fsck after remount");
		unmount_it();
		CHECK(!judge(), "e2fsck after unmount");
	}
}

/* ---- what fails ---- */

/* One round of making and deleting; errors are fine. */
static void churn(void)
{
	uint64_t goal;

	for (unsigned i = 0; i < 12; i++) {
		files[i] = NULL;
		if (make_file(i, i % 4 ? S_IFREG | 0600 : S_IFDIR | 0700,
			      &files[i])) {
			files[i] = NULL;
			continue;
		}
		goal = 0;
		if (i % 4)
			(void)add_blocks(files[i], 0, 3 + i, &goal);
	}
	for (unsigned i = 0; i < 12; i++) {
		if (files[i] && i % 3)
			(void)drop_name(i, files[i]);
	}
	for (unsigned i = 0; i < 12; i++) {
		if (files[i])
			inode_put(files[i]);
	}
}

static void test_no_memory(void)
{
	uint64_t objects, pages;
	unsigned n;

	take_snapshot();
	for (n = 1; n < 1200; n += 1 + n / 25) {
		memcpy(disk.data, snapshot, disk.bytes);
		reclaim_all();
		objects = host_objects_in_use();
		pages = host_pages_in_use();
		host_fail_alloc(n);
		if (!mount_it(false)) {
			churn();
			/* 1: it was not used up. */
			host_fail_alloc(0);
			(void)ext4_sync(sb, true);
			unmount_it();
		}
		host_fail_alloc(0);
		reclaim_all();
		CHECK(host_objects_in_use() == objects,
		      "allocation %u: %ld objects left", n,
		      (long)(host_objects_in_use() - objects));
		CHECK(host_pages_in_use() == pages, "allocation %u: pages", n);
		if (n % 11 == 1)
			CHECK(!judge(), "e2fsck after allocation %u", n);
		if (failures > 10)
			return;
	}
	memcpy(disk.data, snapshot, disk.bytes);
}

static void test_bad_disk(void)
{
	uint64_t objects;

	take_snapshot();
	for (unsigned n = 1; n < 400; n += 1 + n / 15) {
		memcpy(disk.data, snapshot, disk.bytes);
		reclaim_all();
		objects = host_objects_in_use();
		disk.fail_nth = n;
		if (!mount_it(false)) {
			churn();
			(void)ext4_sync(sb, true);
			disk.fail_nth = 0;
			unmount_it();
		}
		disk.fail_nth = 0;
		reclaim_all();
		CHECK(host_objects_in_use() == objects,
		      "request %u: %ld objects left", n,
		      (long)(host_objects_in_use() - objects));
		/* What was lost, the journal makes good. */
		if (n % 2) {
			save();
			run("/sbin/e2fsck -y -E journal_only %s/after > "
			    "%s/log 2>&1",
			    folder, folder);
			/* It is marked with errors: no reason to fail. */
			run("/sbin/debugfs -w -R 'ssv state 1' %s/after > "
			    "/dev/null 2>&1",
			    folder);
			CHECK(!run("/sbin/e2fsck -fn %s/after > %s/log 2>&1",
				   folder, folder),
			      "e2fsck after request %u", n);
		}
		if (failures > 10)
			return;
	}
	memcpy(disk.data, snapshot, disk.bytes);
}

/* ---- damage ---- */

/* Bytes of tables, of the journal, of anything near the start changed: errors
 * are told, nothing breaks. */
static void test_damage(unsigned rounds)
{
	uint64_t objects, mounted = 0;
	unsigned seed = 1;

	take_snapshot();
	for (unsigned n = 0; n < rounds; n++) {
		memcpy(disk.data, snapshot, disk.bytes);
		reclaim_all();
		objects = host_objects_in_use();
		for (unsigned k = 0; k < 1 + n % 20; k++) {
			uint64_t at, end = n % 2 ? 60 << 10 : 1 << 20;

			seed = seed * 1103515245 + 12345;
			at = (seed >> 8) % end;
			/* Mostly what stands in tables, not the geometry. */
			if (n % 8 && at < 2048)
				at += 2048;
			seed = seed * 1103515245 + 12345;
			disk.data[at] = (unsigned char)(seed >> 16);
		}
		if (!mount_it(false)) {
			mounted++;
			churn();
			(void)ext4_sync(sb, true);
			unmount_it();
		}
		reclaim_all();
		CHECK(host_objects_in_use() == objects,
		      "round %u: %ld objects left", n,
		      (long)(host_objects_in_use() - objects));
	}
	CHECK(mounted > rounds / 2, "only %lu mounted", (unsigned long)mounted);
	memcpy(disk.data, snapshot, disk.bytes);
}

static const char *const kinds[] = {
	"-t ext4",
	"-t ext4 -O orphan_file,metadata_csum_seed",
	"-t ext4 -O orphan_file -b 1024",
	"-t ext4 -O ^has_journal",
	"-t ext4 -O ^has_journal -b 2048",
	"-t ext4 -O ^metadata_csum,uninit_bg",
	"-t ext4 -O ^has_journal,^metadata_csum,^64bit,^flex_bg -b 1024",
	"-t ext4 -O ^has_journal -E lazy_itable_init=1 -g 1024 -b 4096",
	"-t ext3",
	"-t ext2 -I 128 -b 1024",
};

int main(int argc, char **argv)
{
	host_set_log_level(argc > 1 ? 6 : 1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	vfs_init();
	snprintf(folder, sizeof(folder), "/tmp/alloc_test.XXXXXX");
	if (!mkdtemp(folder))
		abort();
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		make_disk(kinds[i], "32M");
		test_plain();
		test_files();
		test_orphans();
		host_disk_close(&disk);
	}
	for (unsigned i = 0; i < 4; i++) {
		make_disk(kinds[i], "12M");
		test_no_memory();
		if (ext4_sb_has_journal())
			test_bad_disk();
		host_disk_close(&disk);
	}
	make_disk("-t ext3 -O ^large_file", "12M");
	test_super_block();
	host_disk_close(&disk);
	make_disk("-t ext4 -b 1024 -O ^metadata_csum", "12M");
	test_damage(400);
	host_disk_close(&disk);
	make_disk("-t ext4 -b 4096 -O ^metadata_csum,^has_journal", "12M");
	test_damage(400);
	host_disk_close(&disk);
	run("rm -rf %s", folder);
	printf("%s\n", failures ? "FAIL" : "ok");
	return failures != 0;
}
