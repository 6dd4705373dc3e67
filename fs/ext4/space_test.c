/*
 * Room on a disk that is written: a full one, a large one, many threads at
 * once; long runs for who writes on; attribute blocks that inodes share.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#define _GNU_SOURCE
#include "fs/ext4/alloc.h"
#include "fs/ext4/crc32c.h"

#include "disk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Their headers have structures that fs/ has too. */
int open(const char *path, int flags, ...);
int close(int fd);
ssize_t write(int fd, const void *buf, size_t n);

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
}

static void open_disk(void)
{
	CHECK(!host_disk_open(&disk, image), "open");
}

static int judge(void)
{
	char path[120];
	int fd, err;

	snprintf(path, sizeof(path), "%s/after", folder);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	for (uint64_t at = 0; at < disk.bytes; at += 1 << 20) {
		size_t n = (size_t)MIN(disk.bytes - at, (uint64_t)1 << 20);

		if (write(fd, disk.data + at, n) != (ssize_t)n)
			abort();
	}
	close(fd);
	err = run("/sbin/e2fsck -fn %s > %s/log 2>&1", path, folder);
	if (err || !run("grep -q 'count wrong' %s/log", folder)) {
		run("head -15 %s/log", folder);
		return -1;
	}
	return 0;
}

static int mount_it(void)
{
	int err = ext4_type.mount(&ext4_type, &disk.bd, false, NULL, &sb);

	if (!err)
		sb->refs = 1;
	return err;
}

static void unmount_it(void)
{
	super_put(sb);
	host_settle();
}

static struct ext4_sb *es_of(void)
{
	return ext4_sb(sb);
}

/* n more blocks behind what ip has: how many it got, or an error. */
static int64_t extend(struct inode *ip, uint32_t n, uint64_t *goal)
{
	struct ext4_sb *es = es_of();
	uint32_t lblk = (uint32_t)(ip->size >> es->block_bits), len;
	struct handle h;
	uint64_t start;
	int err;

	err = ext4_reserve(es, n + 2);
	if (err)
		return err;
	err = ext4_claim(es, ip, *goal, n, true, &start, &len);
	ext4_unreserve(es, err ? n + 2 : n + 2 - len);
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
		err = ext4_map_insert(&h, ip, lblk, start, len, true);
		rwsem_write_unlock(&ext4_info(ip)->map_lock);
		if (err)
			ext4_free_blocks(&h, ip, start, len, false);
	}
	if (!err) {
		ip->size += (off_t)len << es->block_bits;
		ext4_info(ip)->disk_size = (uint64_t)ip->size;
		err = ext4_inode_dirty(&h, ip, true);
	}
	handle_stop(&h);
	*goal = start + len;
	return err ? err : (int64_t)len;
}

static int make_file(const char *name, mode_t mode, struct inode **out)
{
	int err;

	rwsem_write_lock(&sb->root->lock);
	err = ext4_create(sb->root, name, (unsigned)strlen(name), mode, 0,
			  NULL, out);
	rwsem_write_unlock(&sb->root->lock);
	return err;
}

static int drop_name(const char *name, struct inode *ip)
{
	int err;

	rwsem_write_lock(&sb->root->lock);
	rwsem_write_lock_nested(&ip->lock);
	err = ext4_unlink(sb->root, name, (unsigned)strlen(name), ip);
	rwsem_write_unlock(&ip->lock);
	rwsem_write_unlock(&sb->root->lock);
	return err;
}

/* ---- long runs ---- */

static unsigned count_runs(struct inode *ip)
{
	struct ext4_sb *es = es_of();
	uint64_t end = (uint64_t)ip->size >> es->block_bits, next = 0;
	unsigned n = 0;

	for (uint64_t at = 0; at < end;) {
		struct ext4_run r;

		if (ext4_map(ip, at, (uint32_t)(end - at), &r))
			return UINT32_MAX;
		n += r.block != next;
		next = r.block + r.len;
		at += r.len;
	}
	return n;
}

static void test_runs(const char *options, unsigned most)
{
	struct inode *a, *b;
	uint64_t goal_a = 0, goal_b = 0;

	make_disk(options, "200M");
	open_disk();
	CHECK(!mount_it(), "mount");
	CHECK(!make_file("a", S_IFREG | 0600, &a), "a");
	CHECK(!make_file("b", S_IFREG | 0600, &b), "b");
	/* 64 MB, in pieces as write-back brings them, of 4 and of 1 MB. */
	while (a->size < 64 << 20) {
		off_t n = MIN((off_t)4 << 20, (64 << 20) - a->size);

		if (extend(a, (uint32_t)(n >> es_of()->block_bits), &goal_a) <=
		    0)
			break;
	}
	while (b->size < 64 << 20) {
		off_t n = MIN((off_t)1 << 20, (64 << 20) - b->size);

		if (extend(b, (uint32_t)(n >> es_of()->block_bits), &goal_b) <=
		    0)
			break;
	}
	CHECK(a->size == 64 << 20 && b->size == 64 << 20, "no room");
	CHECK(count_runs(a) <= most, "%u runs", count_runs(a));
	CHECK(count_runs(b) <= most, "%u runs", count_runs(b));
	inode_put(a);
	inode_put(b);
	unmount_it();
	CHECK(!judge(), "e2fsck");
	host_disk_close(&disk);
}

/* ---- a full disk ---- */

static void test_full(const char *options)
{
	struct inode *files[64] = { NULL };
	uint64_t goal = 0, free, got = 0;
	unsigned n;
	int64_t m = 1;
	char name[16];

	make_disk(options, "8M");
	open_disk();
	CHECK(!mount_it(), "mount");
	free = ext4_free_blocks_count(es_of(), true);
	for (n = 0; n < 64 && m > 0; n++) {
		snprintf(name, sizeof(name), "f%u", n);
		if (make_file(name, S_IFREG | 0600, &files[n]))
			break;
		for (unsigned k = 0; k < 40 && m > 0; k++) {
			m = extend(files[n], 1 + k % 9, &goal);
			got += m > 0 ? (uint64_t)m : 0;
			goal += k % 3; /* holes, so that runs are short */
		}
	}
	CHECK(m == -ENOSPC, "%ld, not -ENOSPC", (long)m);
	CHECK(got + 128 > free, "%lu of %lu blocks", (unsigned long)got,
	      (unsigned long)free);
	CHECK(ext4_reserve(es_of(), 100) == -ENOSPC, "reserve");
	/* What is freed may be used at once: a commit is waited for. */
	m = files[3]->blocks >> (es_of()->block_bits - 9);
	CHECK(!drop_name("f3", files[3]), "drop");
	inode_put(files[3]);
	files[3] = NULL;
	goal = 0;
	CHECK(extend(files[0], (uint32_t)m / 2, &goal) > 0, "after freeing");
	for (n = 0; n < 64; n++) {
		if (files[n])
			inode_put(files[n]);
	}
	unmount_it();
	CHECK(!judge(), "e2fsck");
	host_disk_close(&disk);
}

/* ---- all at once ---- */

static int32_t running;
static struct wait_queue ended;

static void worker(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;
	struct inode *ip[4];
	uint64_t goal;
	char name[16];

	for (unsigned r = 0; r < 6; r++) {
		for (unsigned i = 0; i < 4; i++) {
			snprintf(name, sizeof(name), "w%u-%u", me, i);
			if (make_file(name, i ? S_IFREG | 0600 : S_IFDIR | 0700,
				      &ip[i])) {
				ip[i] = NULL;
				continue;
			}
			goal = 0;
			for (unsigned k = 0; i && k < 5; k++)
				(void)extend(ip[i], 20 + 10 * me, &goal);
		}
		for (unsigned i = 0; i < 4; i++) {
			snprintf(name, sizeof(name), "w%u-%u", me, i);
			if (!ip[i])
				continue;
			if (r < 5 || i % 2)
				CHECK(!drop_name(name, ip[i]), "%s", name);
			inode_put(ip[i]);
		}
		if (me == 1)
			CHECK(!ext4_sync(sb, true), "sync");
	}
	__atomic_fetch_sub(&running, 1, __ATOMIC_ACQ_REL);
	wait_wake_all(&ended);
	thread_exit();
}

static void test_threads(const char *options, unsigned seed)
{
	uint64_t objects;

	make_disk(options, "8M");
	open_disk();
	disk.deferred = true;
	disk.shuffle_seed = seed;
	reclaim_all();
	objects = host_objects_in_use();
	CHECK(!mount_it(), "mount");
	host_set_chaos(seed);
	running = 4;
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(!kthread_create("worker", worker, (void *)i, NULL), "%lu",
		      (unsigned long)i);
	wait_event(&ended, !__atomic_load_n(&running, __ATOMIC_ACQUIRE));
	host_set_chaos(0);
	host_settle();
	CHECK(!ext4_has_orphans(es_of()), "orphans");
	unmount_it();
	CHECK(!judge(), "e2fsck, seed %u", seed);
	reclaim_all();
	CHECK(host_objects_in_use() == objects, "%ld objects left",
	      (long)(host_objects_in_use() - objects));
	host_disk_close(&disk);
}

/* ---- attributes ---- */

static uint64_t acl_of(const char *name)
{
	char cmd[200], line[100] = "";
	FILE *f;

	snprintf(cmd, sizeof(cmd),
		 "/sbin/debugfs -R 'stat %s' %s 2>/dev/null | "
		 "sed -n 's/.*File ACL: \\([0-9]*\\).*/\\1/p'",
		 name, image);
	f = popen(cmd, "r");
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	pclose(f);
	return strtoull(line, NULL, 10);
}

static void test_attributes(const char *options)
{
	struct inode *ip;
	uint64_t block, free;
	uint32_t *x, seed;

	make_disk(options, "8M");
	run("head -c 300 /dev/urandom | od -An -tx1 | tr -d ' \\n' > %s/value; "
	    "echo text > %s/text; "
	    "printf 'write %s/text one\\nwrite %s/text two\\n"
	    "ea_set -f %s/value one user.big\\n' > %s/cmds; "
	    "/sbin/debugfs -w -f %s/cmds %s >/dev/null 2>&1",
	    folder, folder, folder, folder, folder, folder, folder, image);
	block = acl_of("one");
	CHECK(block, "debugfs made no block of attributes");
	if (!block)
		return;
	/* The two share it. */
	run("/sbin/debugfs -w -R 'sif two file_acl %lu' %s >/dev/null 2>&1; "
	    "/sbin/debugfs -w -R 'sif two blocks %u' %s >/dev/null 2>&1",
	    (unsigned long)block, image, strstr(options, "1024") ? 4 : 16,
	    image);
	open_disk();
	CHECK(!mount_it(), "mount");
	x = (uint32_t *)(void *)(disk.data + (block << es_of()->block_bits));
	x[1] = 2;
	x[4] = 0;
	seed = crc32c(es_of()->csum_seed, &block, 8);
	if (es_of()->has_csum)
		x[4] = crc32c(seed, x, es_of()->block_size);
	unmount_it();
	CHECK(!judge(), "e2fsck before");
	for (unsigned i = 0; i < 2; i++) {
		const char *name = i ? "two" : "one";

		CHECK(!mount_it(), "mount");
		free = ext4_free_blocks_count(es_of(), true);
		CHECK(!ext4_inode_get(sb, 12 + i + !!strstr(options, "orphan"),
				      &ip),
		      "%s", name);
		CHECK(ext4_info(ip)->xattr_block == block, "attributes");
		CHECK(!drop_name(name, ip), "drop");
		inode_put(ip);
		CHECK(ext4_free_blocks_count(es_of(), true) == free + 1 + i,
		      "blocks of %s", name);
		unmount_it();
		CHECK(!judge(), "e2fsck after %s", name);
	}
	host_disk_close(&disk);
}

/* ---- a large disk ---- */

static void test_large(void)
{
	static const char *const sizes[2] = { "2G", "2T" };
	uint64_t requests[2], bytes[2];

	for (unsigned i = 0; i < 2; i++) {
		make_disk("-t ext4 -b 4096 -J size=16 "
			  "-E lazy_itable_init=1,lazy_journal_init=1,nodiscard",
			  sizes[i]);
		open_disk();
		CHECK(!mount_it(), "mount");
		requests[i] = disk.n_requests;
		bytes[i] = disk.n_bytes;
		unmount_it();
		host_disk_close(&disk);
	}
	CHECK(requests[1] <= requests[0] + 1, "%lu requests and %lu",
	      (unsigned long)requests[0], (unsigned long)requests[1]);
	CHECK(bytes[1] <= bytes[0] + 4096, "%lu bytes and %lu",
	      (unsigned long)bytes[0], (unsigned long)bytes[1]);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	host_set_log_level(argc > 1 ? 6 : 1);
	vfs_init();
	wait_queue_init(&ended);
	snprintf(folder, sizeof(folder), "/tmp/space_test.XXXXXX");
	if (!mkdtemp(folder))
		abort();
	test_full("-t ext4 -b 4096");
	test_full("-t ext4 -b 1024 -O ^has_journal");
	test_threads("-t ext4 -b 1024", 1);
	test_threads("-t ext4 -O orphan_file -b 4096", 2);
	test_threads("-t ext4 -O ^has_journal -b 2048", 3);
	test_attributes("-t ext4 -b 1024");
	test_attributes("-t ext4 -b 4096 -O ^metadata_csum");
	test_runs("-t ext4 -b 4096", 3);
	test_runs("-t ext4 -b 1024", 8);
	test_large();
	run("rm -rf %s", folder);
	printf("%s\n", failures ? "FAIL" : "ok");
	return failures != 0;
}
