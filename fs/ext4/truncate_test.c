/*
 * Sizes that change: writes, truncations in both directions, holes and syncs in
 * random order against a copy in memory; power cuts at many writes, after which
 * the file is made long again and must not show a byte behind its end; errors
 * at each allocation and request; several threads on one file. e2fsck judges
 * each disk.
 *
 * Usage: truncate_test [--all] [seed]
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#define _GNU_SOURCE
#include "fs/ext4/write.h"

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
			printf("FAIL %s:%d: %s: %s: ", __FILE__, __LINE__,     \
			       image, #cond);                                  \
			printf(__VA_ARGS__);                                   \
			printf("\n");                                          \
			if (++failures > 20)                                   \
				exit(1);                                       \
		}                                                              \
	} while (0)

#define PUNCH 3 /* FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE */
#define MOST  300000u

static int failures;
static const char *image = "";
static char folder[64];
static struct host_disk disk;
static struct super *sb;
static struct ext4_sb *es;
static struct inode *ip;

static unsigned char model[MOST];
static uint64_t model_size;

static int run(const char *fmt, ...)
{
	char cmd[2000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

static uint64_t random_state = 1;
static uint32_t rnd(uint32_t n)
{
	random_state =
		random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((random_state >> 33) % n);
}

/* ---- disks ---- */

static void make_image(const char *name, const char *options, unsigned kib)
{
	image = name;
	if (run("mkdir -p %s/tree && : > %s/tree/f && "
		"mke2fs -q -F -E no_copy_xattrs -d %s/tree %s %s/image %uk "
		"> %s/log 2>&1",
		folder, folder, folder, options, folder, kib, folder)) {
		run("cat %s/log", folder);
		exit(1);
	}
}

static int mount_it(struct host_disk *d)
{
	struct inode *dir;
	int err;

	d->deferred = true;
	err = ext4_type.mount(&ext4_type, &d->bd, false, NULL, &sb);
	if (err)
		return err;
	sb->refs = 1;
	es = ext4_sb(sb);
	dir = sb->root;
	rwsem_read_lock(&dir->lock);
	err = dir->ops->lookup(dir, "f", 1, &ip);
	rwsem_read_unlock(&dir->lock);
	CHECK(!err, "f: %d", err);
	return err;
}

static void start(void)
{
	char path[80];
	int err;

	snprintf(path, sizeof(path), "%s/image", folder);
	if (host_disk_open(&disk, path))
		abort();
	err = mount_it(&disk);
	if (err) {
		printf("%s: mount: %d\n", image, err);
		exit(1);
	}
	model_size = 0;
	memset(model, 0, sizeof(model));
}

static void judge(const struct host_disk *d, const char *what, bool dead)
{
	char path[80];
	int fd, bad;

	snprintf(path, sizeof(path), "%s/after", folder);
	fd = open(path, 01 | 0100 | 01000, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)d->bytes))
		abort();
	for (uint64_t at = 0; at < d->bytes; at += 4096) {
		size_t n = MIN(d->bytes - at, (uint64_t)4096);

		if ((d->data[at] ||
		     memcmp(d->data + at, d->data + at + 1, n - 1)) &&
		    pwrite(fd, d->data + at, n, (off_t)at) != (ssize_t)n)
			abort();
	}
	close(fd);
	if (dead)
		run("e2fsck -y -E journal_only %s > %s/log 2>&1", path,
		    folder);
	bad = run("e2fsck -fn %s > %s/log 2>&1", path, folder);
	CHECK(!bad, "%s: e2fsck: %d", what, bad);
	if (bad)
		run("head -30 %s/log", folder);
}

static void unmount_it(struct host_disk *d, const char *what)
{
	bool dead;

	inode_put(ip);
	if (sb->ops->sync)
		sb->ops->sync(sb, true);
	dead = journal_error(es);
	super_put(sb);
	host_settle();
	/* An abort is noted, and e2fsck leaves orphans to its whole check then:
	 * it is the next mount that has to finish them. */
	if (dead) {
		int err = mount_it(d);

		CHECK(!err, "%s: mount after an abort: %d", what, err);
		if (!err)
			unmount_it(d, what);
		return;
	}
	judge(d, what, false);
}

/* ---- operations ---- */

static ssize_t do_write(uint64_t at, const void *buf, size_t n)
{
	struct file f = { .inode = ip, .ops = ip->fops, .writable = true };
	struct iovec iov;
	struct uio u;
	off_t pos = (off_t)at;

	uio_init_kernel(&u, &iov, (void *)(uintptr_t)buf, n);
	return ip->fops->write(&f, &u, &pos);
}

static ssize_t do_read(uint64_t at, void *buf, size_t n)
{
	struct file f = { .inode = ip, .ops = ip->fops, .readable = true };
	struct iovec iov;
	struct uio u;
	ssize_t got, done = 0;

	uio_init_kernel(&u, &iov, buf, n);
	do {
		got = ip->fops->read(&f, &u, (off_t)at + done);
		done += got > 0 ? got : 0;
	} while (got > 0 && u.resid);
	return got < 0 ? got : done;
}

static int do_truncate(uint64_t size)
{
	int err;

	rwsem_write_lock(&ip->lock);
	err = ip->ops->truncate(ip, (off_t)size);
	rwsem_write_unlock(&ip->lock);
	return err;
}

static int do_sync(void)
{
	struct file f = { .inode = ip, .ops = ip->fops };

	return ip->fops->fsync(&f, false);
}

static int do_punch(uint64_t at, uint64_t n)
{
	struct file f = { .inode = ip, .ops = ip->fops, .writable = true };

	return ip->fops->fallocate(&f, PUNCH, (off_t)at, (off_t)n);
}

static void compare(const char *when)
{
	static unsigned char buf[MOST];
	ssize_t n = do_read(0, buf, sizeof(buf));

	CHECK((uint64_t)ip->size == model_size, "%s: size %llu, not %llu", when,
	      (unsigned long long)ip->size, (unsigned long long)model_size);
	CHECK(n == (ssize_t)model_size, "%s: read: %zd", when, n);
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == model[i])
			continue;
		CHECK(false, "%s: byte %zd of %zd is %x, not %x", when, i, n,
		      buf[i], model[i]);
		return;
	}
}

/* One of everything; the model follows when it succeeds. */
static int random_op(void)
{
	static unsigned char buf[40000];
	uint64_t at = rnd(MOST), n = 1 + rnd(rnd(2) ? 40000 : 3000);
	unsigned kind = rnd(16);
	unsigned char c = (unsigned char)(1 + rnd(255));
	ssize_t done;
	int err;

	n = MIN(n, MOST - at);
	if (kind < 6) {
		if (rnd(2))
			at = MIN(model_size, at);
		n = MIN(n, MOST - at);
		for (uint64_t i = 0; i < n; i++)
			buf[i] = (unsigned char)((c + i / 7) | 1);
		done = do_write(at, buf, n);
		if (done < 0)
			return (int)done;
		memcpy(model + at, buf, (size_t)done);
		model_size = MAX(model_size, at + (uint64_t)done);
		return (uint64_t)done < n ? -ENOSPC : 0;
	}
	if (kind < 11) {
		uint64_t size = rnd(3) ? rnd((uint32_t)model_size + 5000)
				       : rnd(MOST);

		if (!rnd(3))
			size = round_down(size, 1024);
		size = MIN(size, (uint64_t)MOST);
		err = do_truncate(size);
		if (err)
			return err;
		if (size < model_size)
			memset(model + size, 0, model_size - size);
		model_size = size;
		return 0;
	}
	if (kind < 13) {
		err = do_punch(at, n);
		if (err)
			return err;
		if (at < model_size)
			memset(model + at, 0, MIN(n, model_size - at));
		return 0;
	}
	if (kind == 13) {
		reclaim_all();
		return 0;
	}
	return kind == 14 ? do_sync() : sb->ops->sync(sb, rnd(2));
}

/* ---- tests ---- */

static void test_random(unsigned ops)
{
	int err;

	start();
	for (unsigned i = 0; i < ops; i++) {
		err = random_op();
		CHECK(!err, "op %u: %d", i, err);
		if (i % 8 == 0)
			compare("random");
	}
	compare("random");
	/* From the disk, too. */
	CHECK(!(err = do_sync()), "sync: %d", err);
	unmount_it(&disk, "random");
	CHECK(!mount_it(&disk), "mount");
	compare("mounted again");
	CHECK(!do_truncate(0), "to nothing");
	CHECK(!ip->blocks, "%llu sectors left", (unsigned long long)ip->blocks);
	unmount_it(&disk, "emptied");
	host_disk_close(&disk);
}

static void test_sizes(void)
{
	uint64_t max;
	int err;

	start();
	max = sb->max_file_size;
	CHECK(max >= (ip->flags & EXT4_FL_EXTENTS
			      ? ((uint64_t)UINT32_MAX << es->block_bits) - 4096
			      : ext4_blockmap_max_size(es) - 4096),
	      "%llu", (unsigned long long)max);
	CHECK(do_truncate(max + 1) == -EFBIG, "too large");
	CHECK(!do_truncate(max), "largest");
	CHECK(do_write(max - 1, "x", 1) == 1, "end");
	CHECK(do_write(max, "x", 1) == -EFBIG, "behind the end");
	CHECK(!(err = do_sync()), "sync: %d", err);
	CHECK(!do_truncate(max - 1), "one less");
	CHECK(!do_truncate(5000), "shorter");
	CHECK(!do_truncate(5000), "the same");
	model_size = 5000;
	compare("sizes");
	CHECK(!do_truncate(0), "nothing");
	CHECK(!ip->blocks, "blocks left");
	ip->flags |= EXT4_FL_APPEND;
	CHECK(do_truncate(1) == -EPERM, "append only");
	ip->flags &= ~(uint32_t)EXT4_FL_APPEND;
	unmount_it(&disk, "sizes");
	host_disk_close(&disk);
}

/* Many pieces: more steps than a handle has. */
static void test_many(unsigned n)
{
	uint64_t free;
	unsigned char c = 7;
	int err;

	start();
	free = ext4_free_blocks_count(es, true);
	for (unsigned i = 0; i < n; i++)
		CHECK(do_write((uint64_t)i * 2 * es->block_size + 5, &c, 1) ==
			      1,
		      "write");
	CHECK(!(err = do_sync()), "sync: %d", err);
	CHECK(ip->blocks >= (uint64_t)n * (es->block_size / 512), "blocks");
	CHECK(!do_truncate(es->block_size * 20ull + 1), "cut");
	CHECK(!do_truncate(0), "nothing");
	CHECK(!ip->blocks, "blocks left");
	CHECK(!sb->ops->sync(sb, true), "sync");
	CHECK(ext4_free_blocks_count(es, true) == free, "free: %llu of %llu",
	      (unsigned long long)ext4_free_blocks_count(es, true),
	      (unsigned long long)free);
	unmount_it(&disk, "many");
	host_disk_close(&disk);
}

/* ---- power cuts ---- */

static unsigned char *snapshot;
static unsigned cut_at, writes;

static void on_write(struct host_disk *d, const struct blk_request *rq)
{
	if (rq->op == BLK_WRITE && ++writes == cut_at)
		memcpy(snapshot, d->data, d->bytes);
}

/*
 * The disk as it was after some write: recovered here, then the file is made
 * long: what is behind its end now must be zeroes.
 */
static void check_cut(uint64_t bytes, bool shrink)
{
	static unsigned char buf[MOST];
	struct host_disk cut;
	uint64_t size;

	host_disk_memory(&cut, snapshot, bytes);
	judge(&cut, "power cut, not recovered here", true);
	if (mount_it(&cut))
		return;
	size = (uint64_t)ip->size;
	CHECK(size <= MOST, "size %llu", (unsigned long long)size);
	if (shrink && size == 5001) {
		/* Growing here zeroes it; others rely on the disk. */
		size_t off = 5001 & (es->block_size - 1);
		struct ext4_run r;

		CHECK(!ext4_map(ip, size >> es->block_bits, 1, &r) &&
			      r.kind == EXT4_RUN_MAPPED,
		      "map");
		CHECK(!snapshot[(r.block << es->block_bits) + off],
		      "cut at write %u: old bytes are behind the end", cut_at);
	}
	CHECK(!do_truncate(MOST), "grow");
	CHECK(do_read(0, buf, MOST) == MOST, "read");
	for (uint64_t i = size; i < MOST; i++) {
		if (!buf[i])
			continue;
		CHECK(false, "cut at write %u: byte %llu is %x behind %llu",
		      cut_at, (unsigned long long)i, buf[i],
		      (unsigned long long)size);
		break;
	}
	unmount_it(&cut, "power cut");
	host_disk_close(&cut);
}

/* Content on the disk, then a truncation into a block, on its own. */
static int shrink_op(unsigned i)
{
	static unsigned char buf[30000];

	memset(buf, 'x', sizeof(buf));
	if (!i)
		return do_write(0, buf, sizeof(buf)) < 0 ? -EIO : do_sync();
	if (i == 1)
		return do_truncate(5001);
	/* Everything that is not data. */
	return i == 2 ? journal_sync(es, false) : 0;
}

static void test_cuts(unsigned step, bool shrink)
{
	uint64_t seed = random_state;
	bool more = true;

	for (cut_at = 1; more; cut_at += 1 + rnd(step)) {
		uint64_t bytes;

		random_state = seed;
		start();
		bytes = disk.bytes;
		snapshot = malloc(bytes);
		writes = 0;
		disk.on_write = on_write;
		for (unsigned i = 0; i < 60 && writes < cut_at; i++) {
			int err = shrink ? shrink_op(i) : random_op();

			CHECK(!err, "op %u: %d", i, err);
		}
		/* The last one is the disk at the end of it. */
		if (shrink && writes < cut_at)
			memcpy(snapshot, disk.data, bytes);
		more = writes >= cut_at;
		disk.on_write = NULL;
		unmount_it(&disk, "before the cut");
		host_disk_close(&disk);
		if (more || shrink)
			check_cut(bytes, shrink);
		free(snapshot);
		random_state = seed + cut_at;
	}
}

/* ---- errors ---- */

static void test_failing(bool disk_fails, unsigned step)
{
	uint64_t seed = random_state;
	unsigned hits = 0;
	bool more = true;

	for (unsigned n = 1; more && n < 3000; n += 1 + rnd(step)) {
		random_state = seed;
		start();
		for (unsigned i = 0; i < 20; i++)
			random_op();
		if (disk_fails)
			disk.fail_nth = n;
		else
			host_fail_alloc(n);
		for (unsigned i = 0; i < 20; i++)
			hits += random_op() != 0;
		host_fail_alloc(0);
		more = !(disk_fails && disk.fail_nth);
		disk.fail_nth = 0;
		if (!journal_error(es)) {
			uint64_t size = (uint64_t)ip->size;

			CHECK(!do_truncate(MOST), "grow");
			CHECK(!do_truncate(size / 2 + 1), "shrink");
			CHECK(!do_truncate(0), "nothing");
		}
		unmount_it(&disk, disk_fails ? "request" : "allocation");
		host_disk_close(&disk);
		random_state = seed + n;
		if (!disk_fails && n > 1500)
			break;
	}
	CHECK(hits || step > 3, "no %s failed",
	      disk_fails ? "request" : "allocation");
}

/* ---- several at once ---- */

static unsigned running;

static void thread_main(void *arg)
{
	unsigned char buf[3000];
	unsigned kind = (unsigned)(uintptr_t)arg;

	memset(buf, 'a' + (int)kind, sizeof(buf));
	for (unsigned i = 0; i < 60; i++) {
		uint64_t at = (i * 7919u + kind * 104729u) % 90000;
		ssize_t r = 0;

		if (kind == 0)
			r = do_truncate(at);
		else if (kind == 1)
			r = do_sync();
		else if (kind == 2)
			r = do_punch(at, 5000);
		else if (kind == 3)
			r = do_read(at, buf, sizeof(buf));
		else
			r = do_write(at, buf, sizeof(buf));
		CHECK(r >= 0, "thread %u: %zd", kind, r);
		sched_yield_now();
	}
	running--;
	thread_exit();
}

static void test_threads(unsigned seed)
{
	struct thread *t;

	start();
	host_set_chaos(seed);
	running = 7;
	for (uintptr_t i = 0; i < 7; i++)
		if (kthread_create("t", thread_main, (void *)i, &t))
			abort();
	host_settle();
	host_set_chaos(0);
	CHECK(!running, "threads hang");
	CHECK(!do_truncate(0), "nothing");
	CHECK(!ip->blocks, "%llu sectors left", (unsigned long long)ip->blocks);
	unmount_it(&disk, "threads");
	host_disk_close(&disk);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *options;
		bool quick;
	} disks[] = {
		{ "1k", "-t ext4 -b 1024", true },
		{ "2k", "-t ext4 -b 2048 -O ^metadata_csum,^64bit", false },
		{ "4k", "-t ext4 -b 4096", true },
		{ "4k-orphan-file", "-t ext4 -b 4096 -O orphan_file", false },
		{ "2k-nojournal", "-t ext4 -b 2048 -O ^has_journal", false },
		{ "ext3-1k", "-t ext3 -b 1024", true },
		{ "ext3-4k", "-t ext3 -b 4096", false },
	};
	bool all = argc > 1 && !strcmp(argv[1], "--all");

	if (argc > 1 + all)
		random_state = strtoull(argv[1 + all], NULL, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(folder, sizeof(folder), "/tmp/truncate.XXXXXX");
	if (!mkdtemp(folder))
		abort();
	host_set_log_level(getenv("VERBOSE") ? 7 : 2);
	vfs_init();
	for (unsigned i = 0; i < ARRAY_SIZE(disks); i++) {
		bool journal = !strstr(disks[i].name, "nojournal");

		if (!disks[i].quick && !all)
			continue;
		make_image(disks[i].name, disks[i].options, all ? 24576 : 8192);
		test_sizes();
		test_random(all ? 1500 : 300);
		test_many(all ? 2000 : 500);
		for (unsigned k = 1; k <= (all ? 20 : 4); k++)
			test_threads(k);
		if (journal)
			test_cuts(all ? 3 : 30, false);
		if (journal)
			test_cuts(all ? 1 : 2, true);
		test_failing(false, all ? 3 : 80);
		if (journal)
			test_failing(true, all ? 2 : 12);
	}
	run("rm -rf %s", folder);
	printf("truncate: %d failed\n", failures);
	return failures != 0;
}
