/*
 * Maps of files against a model: random inserts, converts, punches and
 * truncations on a real disk, each looked up again, and e2fsck has the last
 * word. Every block size, both kinds of maps, trees as deep as the format
 * allows, disks that get full, allocations and requests that fail at each point
 * in turn.
 *
 * Usage: map_write_test [--all] [seed]
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#define _GNU_SOURCE
#include "fs/ext4/extent.h"

/* Small nodes make deep trees; e2fsck knows only those of the full size. */
static unsigned small_room;
static unsigned test_room(const struct ext4_sb *es)
{
	return small_room ? small_room : ext4_node_room(es);
}
#define ext4_node_room test_room
#include "fs/ext4/extent_write.c"
#undef ext4_node_room

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

static int failures;
static const char *image = "";
static char folder[64];
static struct host_disk disk;
static struct super *sb;
static struct ext4_sb *es;
static struct inode *ip;

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
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((random_state >> 33) % n);
}

/* ---- the model ---- */

#define AREAS     5
#define AREA_SIZE 2500u
#define CELLS     (AREAS * AREA_SIZE)

static struct cell {
	uint64_t block; /* 0: a hole */
	bool unwritten;
} cells[CELLS];
static uint32_t bases[AREAS];

static uint32_t cell_lblk(unsigned i)
{
	return bases[i / AREA_SIZE] + i % AREA_SIZE;
}

static void model_clear(void)
{
	uint32_t p = 0;

	memset(cells, 0, sizeof(cells));
	if (ip->flags & EXT4_FL_EXTENTS) {
		const uint32_t b[AREAS] = { 0, 3000, 40000, 0x7fffff00,
					    UINT32_MAX - AREA_SIZE };
		memcpy(bases, b, sizeof(b));
	} else {
		p = es->block_size / 4;
		const uint32_t b[AREAS] = { 0, 12 + p * 20 + 100,
					    12 + p + p * p - 300,
					    12 + p + p * p + p * p - 70,
					    12 + p + p * p + 7 * p * p - 1000 };
		memcpy(bases, b, sizeof(b));
	}
	for (unsigned i = 1; i < AREAS; i++)
		if (bases[i] < bases[i - 1] + AREA_SIZE)
			abort();
}

/* The whole map is what the model says. */
static void model_check(const char *after)
{
	for (unsigned a = 0; a < AREAS; a++) {
		uint64_t lblk = bases[a], end = lblk + AREA_SIZE;
		struct ext4_run r;

		for (; lblk < end; lblk += r.len) {
			unsigned i = a * AREA_SIZE + (unsigned)(lblk - bases[a]);
			int err = ext4_map(ip, lblk, (uint32_t)(end - lblk), &r);

			CHECK(!err && r.len && r.len <= end - lblk,
			      "%s: map of %llu: %d, %u", after,
			      (unsigned long long)lblk, err, r.len);
			if (err || !r.len)
				return;
			for (uint32_t k = 0; k < r.len; k++) {
				const struct cell *c = &cells[i + k];
				enum ext4_run_kind want =
					!c->block ? EXT4_RUN_HOLE
					: c->unwritten ? EXT4_RUN_UNWRITTEN
						       : EXT4_RUN_MAPPED;

				if (r.kind == want &&
				    (!c->block || r.block + k == c->block))
					continue;
				CHECK(false,
				      "%s: block %llu is %d at %llu, not %d "
				      "at %llu",
				      after, (unsigned long long)lblk + k,
				      r.kind, (unsigned long long)r.block + k,
				      want, (unsigned long long)c->block);
				return;
			}
		}
	}
}

/* After an error in the middle: what is still there of [from, to) stays as it
 * was, or is gone. */
static void model_lose(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct ext4_run r;

		if (!ext4_map(ip, cell_lblk(i), 1, &r) &&
		    r.kind == EXT4_RUN_HOLE)
			cells[i].block = 0;
	}
}

static void model_written(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct ext4_run r;

		if (cells[i].unwritten && !ext4_map(ip, cell_lblk(i), 1, &r) &&
		    r.kind == EXT4_RUN_MAPPED)
			cells[i].unwritten = false;
	}
}

/* ---- operations ---- */

/* Puts in up to n blocks from cell i on, all holes. */
static int insert(unsigned i, unsigned n, uint64_t goal, bool unwritten)
{
	uint64_t start;
	struct handle h;
	uint32_t len;
	int err;

	n = MIN(n, ext4_map_max_run(ip));
	err = ext4_claim(es, ip, goal, n, false, &start, &len);
	if (err)
		return err;
	err = handle_start(es, &h, ext4_map_credits(ip, 1));
	if (err) {
		ext4_unclaim(es, start, len);
		return err;
	}
	err = ext4_claim_commit(&h, start, len);
	if (err) {
		ext4_unclaim(es, start, len);
		handle_stop(&h);
		return err;
	}
	rwsem_write_lock(&ext4_info(ip)->map_lock);
	err = ext4_map_insert(&h, ip, cell_lblk(i), start, len, unwritten);
	rwsem_write_unlock(&ext4_info(ip)->map_lock);
	if (err && ext4_free_blocks(&h, ip, start, len, false))
		journal_abort(es, -EIO);
	handle_stop(&h);
	for (uint32_t k = 0; !err && k < len; k++) {
		cells[i + k].block = start + k;
		cells[i + k].unwritten = unwritten;
	}
	return err;
}

static int convert(unsigned i, unsigned n)
{
	struct handle h;
	int err = handle_start(es, &h, ext4_map_credits(ip, 2));

	if (err)
		return err;
	do {
		rwsem_write_lock(&ext4_info(ip)->map_lock);
		err = ext4_map_convert(&h, ip, cell_lblk(i), n);
		rwsem_write_unlock(&ext4_info(ip)->map_lock);
		if (err == -EAGAIN &&
		    handle_restart(&h, ext4_map_credits(ip, 2)))
			return -EROFS;
	} while (err == -EAGAIN);
	handle_stop(&h);
	if (err)
		model_written(i, i + n);
	for (unsigned k = 0; !err && k < n; k++)
		cells[i + k].unwritten = false;
	return err;
}

static int punch(unsigned i, unsigned n, bool cut)
{
	unsigned to = cut ? CELLS : i + n, steps = 0;
	struct handle h;
	int err = handle_start(es, &h, ext4_map_credits(ip, 1));

	if (err)
		return err;
	for (;;) {
		rwsem_write_lock(&ext4_info(ip)->map_lock);
		err = cut ? ext4_map_truncate(&h, ip, cell_lblk(i))
			  : ext4_map_punch(&h, ip, cell_lblk(i),
					   cell_lblk(i + n - 1));
		rwsem_write_unlock(&ext4_info(ip)->map_lock);
		if (err <= 0)
			break;
		CHECK(++steps < 100000, "punch does not end");
		err = handle_restart(&h, ext4_map_credits(ip, 1));
		if (err) {
			model_lose(i, to);
			return err;
		}
	}
	handle_stop(&h);
	if (err)
		model_lose(i, to);
	for (unsigned k = i; !err && k < to; k++)
		cells[k].block = 0;
	return err;
}

/* One of everything. max: blocks at once. */
static int random_op(unsigned max)
{
	unsigned i = rnd(CELLS), n = 1, kind = rnd(20);
	unsigned most = AREA_SIZE - i % AREA_SIZE, len = 1 + rnd(max);
	uint64_t goal = rnd(2) ? 0 : 1 + rnd((uint32_t)es->n_blocks - 1);
	bool extents = ip->flags & EXT4_FL_EXTENTS;

	most = MIN(most, len);
	if (kind < 12) {
		if (cells[i].block)
			return 0;
		if (i % AREA_SIZE && cells[i - 1].block && rnd(2))
			goal = cells[i - 1].block + 1;
		while (n < most && !cells[i + n].block)
			n++;
		return insert(i, n, goal, extents && rnd(2));
	}
	if (kind < 16)
		return extents ? convert(i, most) : 0;
	if (kind == 19 && !rnd(20))
		return punch(i, 0, true);
	return punch(i, most, false);
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

static void open_image(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/image", folder);
	if (host_disk_open(&disk, path))
		abort();
}

static int mount_disk(void)
{
	struct inode *dir;
	int err;

	disk.deferred = true;
	ip = NULL;
	err = ext4_type.mount(&ext4_type, &disk.bd, false, NULL, &sb);
	if (err)
		return err;
	sb->refs = 1;
	es = ext4_sb(sb);
	dir = sb->root;
	rwsem_read_lock(&dir->lock);
	err = dir->ops->lookup(dir, "f", 1, &ip);
	rwsem_read_unlock(&dir->lock);
	return err;
}

/* The file is long enough for all that will be put in. */
static int make_long(void)
{
	uint64_t blocks = (uint64_t)bases[AREAS - 1] + AREA_SIZE;
	struct handle h;
	int err = handle_start(es, &h, 4);

	if (err)
		return err;
	ip->size = (off_t)(blocks << es->block_bits);
	ext4_info(ip)->disk_size = (uint64_t)ip->size;
	err = ext4_inode_dirty(&h, ip, true);
	handle_stop(&h);
	return err;
}

/* What the checker says to the disk as it is; dead: with a journal that ended
 * in the middle. */
static void judge(const char *what, bool dead)
{
	char path[80];
	int fd, bad;

	snprintf(path, sizeof(path), "%s/after", folder);
	fd = open(path, 01 | 0100 | 01000, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)disk.bytes))
		abort();
	for (uint64_t at = 0; at < disk.bytes; at += 4096) {
		size_t n = MIN(disk.bytes - at, (uint64_t)4096);

		/* Most of it is zeroes, and stays a hole. */
		if ((disk.data[at] || memcmp(disk.data + at,
					     disk.data + at + 1, n - 1)) &&
		    pwrite(fd, disk.data + at, n, (off_t)at) != (ssize_t)n)
			abort();
	}
	close(fd);
	if (dead)
		run("e2fsck -y -E journal_only %s > %s/log 2>&1", path, folder);
	bad = run("e2fsck -fn %s > %s/log 2>&1", path, folder);
	CHECK(!bad, "%s: e2fsck: %d", what, bad);
	if (bad)
		run("head -30 %s/log", folder);
}

static void unmount_disk(const char *what, bool check)
{
	bool dead = journal_error(es);

	inode_put(ip);
	super_put(sb);
	host_settle();
	if (check)
		judge(what, dead);
	host_disk_close(&disk);
}

static void start(void)
{
	int err;

	open_image();
	err = mount_disk();
	if (err) {
		printf("%s: mount: %d\n", image, err);
		exit(1);
	}
	model_clear();
	CHECK(!make_long(), "size");
}

/* ---- tests ---- */

static void test_random(unsigned ops, unsigned max)
{
	uint64_t before, after;

	start();
	before = ext4_free_blocks_count(es, true);
	for (unsigned i = 0; i < ops; i++) {
		int err = random_op(max);

		CHECK(!err || err == -ENOSPC, "op %u: %d", i, err);
		if (err || i % 16 == 0)
			model_check("random");
		if (i % 300 == 299)
			reclaim_all();
	}
	model_check("random");
	unmount_disk("random", !small_room);
	if (small_room)
		return;
	/* Once more: nothing is left when all is gone. */
	start();
	for (unsigned i = 0; i < ops / 4; i++)
		random_op(max);
	CHECK(!punch(0, 0, true), "truncate");
	model_check("truncate");
	CHECK(!journal_sync(es, false), "sync");
	after = ext4_free_blocks_count(es, true);
	CHECK(before == after, "free blocks: %llu, then %llu",
	      (unsigned long long)before, (unsigned long long)after);
	CHECK(ip->blocks == 0, "%llu blocks left",
	      (unsigned long long)ip->blocks);
	unmount_disk("truncated", true);
}

/* Single blocks with gaps, in three orders: a tree with many nodes. */
static void test_deep(unsigned n, unsigned min_depth)
{
	static const char *const names[] = { "up", "down", "anyhow" };
	unsigned most = CELLS / 2;

	n = MIN(n, most);
	for (unsigned order = 0; order < 3; order++) {
		unsigned step = 4999; /* prime */

		start();
		for (unsigned k = 0; k < n; k++) {
			unsigned at = order == 0   ? k
				      : order == 1 ? n - 1 - k
						   : (unsigned)((uint64_t)k *
								step % n);
			int err = insert(at * 2, 1, 0, at % 3 == 0);

			CHECK(!err, "%s %u: %d", names[order], k, err);
			if (err)
				break;
		}
		CHECK(ext4_root(ip)->eh_depth >= min_depth, "depth %u",
		      ext4_root(ip)->eh_depth);
		model_check(names[order]);
		reclaim_all();
		model_check("again");
		if (order != 1) {
			/* Fill the gaps, so that extents grow together. */
			for (unsigned k = 0; k < n / 4; k++) {
				unsigned i = 2 * rnd(n - 1);
				unsigned most = AREA_SIZE - i % AREA_SIZE;

				CHECK(!convert(i, MIN(3u, most)), "convert");
				if (!cells[i + 1].block)
					insert(i + 1, 1, cells[i].block + 1,
					       false);
			}
			model_check("filled");
			for (unsigned k = 0; k < 40; k++)
				CHECK(!punch(rnd(n), 1 + rnd(200), false),
				      "punch");
			model_check("punched");
		}
		if (order == 2) {
			CHECK(!punch(0, 0, true), "cut");
			CHECK(!ip->blocks && !ext4_root(ip)->eh_depth, "left");
			model_check("cut");
		}
		unmount_disk(names[order], !small_room);
	}
}

/* The longest runs, and how they join. */
static void test_long_runs(void)
{
	struct ext4_extent list[2];
	struct ext4_run r;

	extent_set(&list[0], 10, 1000, 32760, false);
	extent_set(&list[1], 32770, 33760, 8, false);
	CHECK(extents_join(&list[0], &list[1]), "32768");
	extent_set(&list[1], 32770, 33760, 9, false);
	CHECK(!extents_join(&list[0], &list[1]), "32769");
	extent_set(&list[1], 32770, 33760, 8, true);
	CHECK(!extents_join(&list[0], &list[1]), "kinds");
	extent_set(&list[0], 10, 1000, 32760, true);
	CHECK(!extents_join(&list[0], &list[1]), "32768 unwritten");
	extent_set(&list[1], 32770, 33760, 7, true);
	CHECK(extents_join(&list[0], &list[1]), "32767 unwritten");
	extent_take(&list[0], &list[1]);
	CHECK(ext4_extent_len(&list[0]) == 32767 &&
		      ext4_extent_unwritten(&list[0]),
	      "joined");

	start();
	for (unsigned k = 0; k < 3; k++) {
		struct handle h;
		uint64_t block;
		uint32_t len, at = 100000 + k * 32768;
		int err;

		err = ext4_claim(es, ip, 0, 32768, false, &block, &len);
		if (err)
			break;
		err = handle_start(es, &h, ext4_map_credits(ip, 1));
		if (!err)
			err = ext4_claim_commit(&h, block, len);
		rwsem_write_lock(&ext4_info(ip)->map_lock);
		if (!err)
			err = ext4_map_insert(&h, ip, at, block, len, k != 1);
		CHECK(!err, "insert of %u: %d", len, err);
		err = ext4_map_insert(&h, ip, at + len - 1, block, 1, false);
		CHECK(err == -EFSCORRUPTED, "twice: %d", err);
		rwsem_write_unlock(&ext4_info(ip)->map_lock);
		handle_stop(&h);
		CHECK(!ext4_map(ip, at, len, &r) && r.block == block &&
			      r.kind == (k != 1 ? EXT4_RUN_UNWRITTEN
						: EXT4_RUN_MAPPED) &&
			      r.len >= MIN(len, 32767u),
		      "%u of %u", r.len, len);
	}
	unmount_disk("long", true);
}

/* Until nothing is left on the disk; then there is room again. */
static void test_full(void)
{
	int err = 0;

	bool extents;

	start();
	extents = ip->flags & EXT4_FL_EXTENTS;
	CHECK(!insert(0, 200, 0, extents), "first");
	for (unsigned k = AREA_SIZE; !err && k < CELLS; k += 2)
		err = insert(k, 1, 0, false);
	CHECK(err == -ENOSPC, "full: %d", err);
	model_check("full");
	/* What was allocated before can be written, in any order, and given
	 * back. */
	for (unsigned k = 0; extents && k < 150; k += 2)
		CHECK(!convert(k, 1), "convert of %u", k);
	for (unsigned k = 1; k < 40; k += 4)
		CHECK(!punch(k, 1, false), "punch of %u", k);
	model_check("full and converted");
	for (unsigned k = 0; k < 200; k++)
		random_op(8);
	model_check("full and busy");
	CHECK(!punch(CELLS / 3, 0, true), "cut");
	CHECK(!journal_sync(es, false), "sync");
	CHECK(!insert(CELLS - 5, 3, 0, false), "room");
	model_check("full and cut");
	unmount_disk("full", true);
}

/* Errors at each point of some operations. */
static void test_failing(bool disk_fails, unsigned step)
{
	uint64_t seed = random_state;
	unsigned n, hits = 0;

	for (n = 1; n < 4000; n += 1 + rnd(step)) {
		bool failed = false;

		random_state = seed;
		start();
		for (unsigned i = 0; i < 60; i++)
			random_op(30);
		if (disk_fails) {
			reclaim_all();
			disk.fail_nth = n;
		} else {
			host_fail_alloc(n);
		}
		for (unsigned i = 0; i < 25; i++) {
			int err = random_op(30);

			if (disk_fails && i % 8 == 7 && !journal_error(es))
				journal_sync(es, false);
			if (i == 12)
				reclaim_all();
			failed |= err && err != -ENOSPC;
		}
		host_fail_alloc(0);
		if (disk_fails && disk.fail_nth) {
			disk.fail_nth = 0;
			n = UINT32_MAX / 2;
		}
		hits += failed;
		if (!journal_error(es)) {
			model_check("after errors");
			for (unsigned i = 0; i < 20; i++)
				random_op(30);
			model_check("after errors and more");
		}
		unmount_disk(disk_fails ? "request" : "allocation", true);
		random_state = n;
		if (!disk_fails && n > 1000)
			break;
	}
	CHECK(hits, "nothing failed");
}

/* ---- damaged trees: no model, no judge, but nothing may go astray ---- */

static uint32_t nodes[3000], n_nodes, node_size, disk_blocks;

/* Blocks that the maps of the file are kept in. */
static void find_nodes(void)
{
	uint32_t bs = es->block_size, p = bs / 4;
	const uint32_t *roots = ext4_info(ip)->block;

	n_nodes = 0;
	node_size = bs;
	disk_blocks = (uint32_t)es->n_blocks;
	if (ip->flags & EXT4_FL_EXTENTS) {
		for (uint32_t b = 0; b < es->n_blocks; b++)
			if (get_le16(disk.data + (uint64_t)b * bs) ==
				    EXT4_EXT_MAGIC &&
			    n_nodes < ARRAY_SIZE(nodes))
				nodes[n_nodes++] = b;
		return;
	}
	for (unsigned i = 12; i < 15; i++)
		if (roots[i])
			nodes[n_nodes++] = roots[i];
	for (uint32_t i = 1; i < n_nodes; i++)
		for (uint32_t k = 0; k < p; k++) {
			uint32_t b = get_le32(disk.data +
					      (uint64_t)nodes[i] * bs + 4 * k);

			if (b && b < es->n_blocks && b > 600 &&
			    n_nodes < ARRAY_SIZE(nodes))
				nodes[n_nodes++] = b;
		}
}

static void damage(uint64_t inode_at)
{
	unsigned char *p = disk.data +
			   (uint64_t)nodes[rnd(n_nodes)] * node_size;
	unsigned at = rnd(4) ? rnd(40) : rnd(1000);
	uint32_t x = get_le32(p + (at & ~3u));

	if (!rnd(4)) {
		p = disk.data + inode_at + 40;
		at = rnd(60);
		x = get_le32(p + (at & ~3u));
	}
	switch (rnd(6)) {
	case 0: x++; break;
	case 1: x--; break;
	case 2: x = nodes[rnd(n_nodes)]; break;
	case 3: x = rnd(disk_blocks + 10); break;
	case 4: x ^= 1u << rnd(32); break;
	default: p[at] = (unsigned char)rnd(256); return;
	}
	put_le32(p + (at & ~3u), x);
}

static void test_damaged(unsigned times)
{
	unsigned mounted = 0;
	unsigned char *base, *data;
	uint64_t bytes, at, inode_at;
	struct cell *kept = malloc(sizeof(cells));
	uint32_t off;
	unsigned kept_nodes;

	start();
	for (unsigned i = 0; i < 1500; i++)
		random_op(3);
	journal_sync(es, true);
	memcpy(kept, cells, sizeof(cells));
	CHECK(!ext4_inode_place(es, (uint32_t)ip->ino, &at, &off), "place");
	inode_at = at * es->block_size + off;
	find_nodes();
	kept_nodes = n_nodes;
	inode_put(ip);
	super_put(sb);
	host_settle();
	bytes = disk.bytes;
	base = malloc(bytes);
	data = malloc(bytes);
	memcpy(base, disk.data, bytes);
	host_disk_close(&disk);
	for (unsigned i = 0; i < times && kept_nodes; i++) {
		memcpy(data, base, bytes);
		memcpy(cells, kept, sizeof(cells));
		host_disk_memory(&disk, data, bytes);
		for (unsigned k = 1 + rnd(3); k; k--)
			damage(inode_at);
		if (!mount_disk()) {
			if (ip) {
				mounted++;
				for (unsigned k = 0; k < 40; k++)
					random_op(30);
				punch(0, 0, true);
				inode_put(ip);
			}
			super_put(sb);
			host_settle();
		}
		host_disk_close(&disk);
	}
	CHECK(mounted > times / 4, "only %u could be used", mounted);
	free(base);
	free(data);
	free(kept);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *options;
		unsigned kib;
		bool quick;
	} disks[] = {
		{ "1k", "-t ext4 -b 1024", 24576, true },
		{ "2k", "-t ext4 -b 2048 -O ^metadata_csum,^64bit", 24576,
		  false },
		{ "4k", "-t ext4 -b 4096", 65536, true },
		{ "4k-nojournal", "-t ext4 -b 4096 -O ^has_journal", 32768,
		  true },
		{ "ext3-1k", "-t ext3 -b 1024", 24576, true },
		{ "ext3-4k", "-t ext3 -b 4096", 65536, false },
		{ "ext2-2k", "-t ext2 -b 2048", 24576, false },
	};
	bool all = argc > 1 && !strcmp(argv[1], "--all");

	if (argc > 1 + all)
		random_state = strtoull(argv[1 + all], NULL, 0);
	snprintf(folder, sizeof(folder), "/tmp/map_write.XXXXXX");
	if (!mkdtemp(folder))
		abort();
	setvbuf(stdout, NULL, _IOLBF, 0);
	host_set_log_level(getenv("VERBOSE") ? 7 : 2);
	vfs_init();
	for (unsigned i = 0; i < ARRAY_SIZE(disks); i++) {
		if (!disks[i].quick && !all)
			continue;
		make_image(disks[i].name, disks[i].options, disks[i].kib);
		test_random(all ? 4000 : 1200, 60);
		test_random(all ? 4000 : 1200, 2);
		if (strstr(disks[i].options, "ext4")) {
			test_deep(all ? 6000 : 2000, i ? 1 : 2);
			test_long_runs();
			small_room = 6;
			test_deep(700, 3);
			test_random(all ? 4000 : 800, 9);
			small_room = 0;
		}
	}
	make_image("small", "-t ext4 -b 1024 -J size=1", 3000);
	test_full();
	make_image("small-ext3", "-t ext3 -b 1024 -J size=1", 3000);
	test_full();
	make_image("failing", "-t ext4 -b 1024 -J size=1", 6000);
	test_failing(false, all ? 1 : 12);
	test_failing(true, all ? 1 : 12);
	make_image("failing-ext3", "-t ext3 -b 1024 -J size=1", 6000);
	test_failing(false, all ? 1 : 12);
	test_failing(true, all ? 1 : 12);
	make_image("damaged", "-t ext4 -b 1024 -J size=1 -O ^metadata_csum",
		   6000);
	test_damaged(all ? 20000 : 150);
	make_image("damaged-ext3", "-t ext3 -b 1024 -J size=1", 6000);
	test_damaged(all ? 20000 : 150);
	run("rm -rf %s", folder);
	printf("map_write: %d failed\n", failures);
	return failures != 0;
}
