/*
 * The journal, by itself: blocks of a disk that no file owns are changed in
 * handles, at random and by several threads, freed and used for data; and
 * whatever moment the power goes at, what is on the disk afterwards is what
 * some commit left, not older than what was waited for: by our recovery, and
 * by e2fsck, to which it must be the same.
 *
 * Usage: journal_test [--all]       (e2fsck sees every state, not a sample)
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#define _GNU_SOURCE
#include "fs/ext4/crc32c.h"
#include "fs/ext4/ext4.h"
#include "fs/ext4/jbd2.h"
#include "fs/ext4/journal_impl.h"
#include "fs/vfs.h"

#include "disk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(cond, ...)                                                       \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s: ", __FILE__, __LINE__, #cond); \
			printf(__VA_ARGS__);                                   \
			printf("\n");                                          \
			if (++failures > 20)                                   \
				exit(1);                                       \
		}                                                              \
	} while (0)

static int failures;
static bool all_states;
/* The disk in memory is a mapping of `image`, so copies have another name. */
static char folder[64], image[96], copy[96];
static struct host_disk disk;
static struct super *sb;
static struct ext4_sb *es;
static unsigned block_size;
static unsigned n_states, n_judged;

static unsigned seed;

static unsigned chance(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static int run(const char *fmt, ...)
{
	char cmd[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

/* ---- disks ---- */

static void make_disk(const char *options, const char *size)
{
	CHECK(!run("rm -f %s; mke2fs -q -F -t ext4 -I 256 %s %s %s >/dev/null "
		   "2>&1",
		   image, options, image, size),
	      "mke2fs %s", options);
	CHECK(!host_disk_open(&disk, image), "no image");
}

static int start(bool read_only)
{
	int err = ext4_type.mount(&ext4_type, &disk.bd, read_only, NULL, &sb);

	if (err)
		return err;
	sb->refs = 1;
	es = ext4_sb(sb);
	block_size = es->block_size;
	return 0;
}

static void save(const char *name, const void *data, uint64_t bytes)
{
	FILE *f = fopen(name, "w");

	CHECK(f && fwrite(data, 1, bytes, f) == bytes, "save");
	fclose(f);
}

static void load(const char *name, void *data, uint64_t bytes)
{
	FILE *f = fopen(name, "r");

	CHECK(f && fread(data, 1, bytes, f) == bytes, "load");
	fclose(f);
}

static void fsck(void)
{
	CHECK(!run("e2fsck -fn %s >%s/out 2>&1 || { cat %s/out; false; }",
		   copy, folder, folder),
	      "e2fsck");
}

static void fsck_memory(const void *data)
{
	save(copy, data, disk.bytes);
	fsck();
}

/* ---- blocks of the test ---- */

#define POOL  100u
#define TIDS  400u
#define NEVER UINT32_MAX

enum kind { FREE, META, DATA };

static struct slot {
	uint64_t block;
	enum kind kind;
	uint32_t version;   /* of what it holds */
	tid_t freed;        /* DATA may be written when this is durable */
	bool busy;
	bool writing;       /* data, just now */
} pool[POOL];

/* What each transaction left: versions of metadata, or 0. */
static uint32_t left[TIDS][POOL];
static tid_t first_tid;
static bool any_tid;
static uint32_t at_start[POOL]; /* the same, before the first */
static uint32_t versions;
static struct mutex pool_lock;

static void fill(void *data, uint64_t block, uint32_t version)
{
	uint32_t *p = data, x = version * 2654435761u + (uint32_t)block;

	for (unsigned i = 0; i < block_size / 4; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = x;
	}
	/* Some look like blocks of the journal. */
	if (version % 5 == 0)
		p[0] = bswap32(JBD2_MAGIC);
	p[1] = version;
	p[block_size / 4 - 1] = 0;
}

static void seal(struct ext4_sb *sb_unused, const struct buf *bp, void *data,
		 uint64_t arg)
{
	uint32_t *last = (void *)((char *)data + block_size - 4);

	CHECK(arg == bp->block * 3, "arg of seal");
	*last = 0;
	*last = crc32c(77, data, block_size);
}

static bool holds(const struct slot *s, uint32_t version, const void *disk_data)
{
	static char want[4096];
	const char *have = (const char *)disk_data + s->block * block_size;
	struct buf bp = { .block = s->block };

	fill(want, s->block, version);
	seal(es, &bp, want, s->block * 3);
	return !memcmp(want, have, block_size);
}

static void pool_make(void)
{
	struct ext4_group_desc gd;
	const unsigned char *map;
	uint64_t bit = es->n_blocks;
	struct buf *bp;
	unsigned n = 0;

	CHECK(es->n_groups == 1, "groups");
	CHECK(!ext4_group_desc(es, 0, &gd), "desc");
	CHECK(!bcache_read(es->bc, gd.bg_block_bitmap, &bp), "bitmap");
	map = bp->data;
	memset(pool, 0, sizeof(pool));
	while (n < POOL) {
		uint64_t i = --bit - es->first_data_block;

		if (!(map[i / 8] >> i % 8 & 1))
			pool[n++].block = bit;
		bit -= n % 3;
	}
	buf_put(bp);
	versions = 0;
	mutex_init(&pool_lock, "pool", RANK_PAGE);
}

/* ---- what was written, to be cut anywhere ---- */

static struct write {
	uint64_t pos;
	uint32_t len; /* 0: a flush */
	uint32_t slot, version; /* data of a slot; else NEVER */
	tid_t freed;            /* that made room for it */
	unsigned char *data;
} writes[20000];
static unsigned n_writes;
static uint64_t log_super; /* where the journal's super block is */
static unsigned n_tails;   /* how often the tail moved while we looked */
static unsigned char *base;
static struct ack {
	unsigned at;
	tid_t tid;
} acks[20000];
static unsigned n_acks;

static void on_write(struct host_disk *d, const struct blk_request *rq)
{
	struct write *w = &writes[n_writes++];

	if (n_writes == ARRAY_SIZE(writes))
		abort();
	memset(w, 0, sizeof(*w));
	w->slot = NEVER;
	w->pos = rq->sector * BLK_SECTOR;
	if (rq->op == BLK_FLUSH)
		return;
	for (unsigned i = 0; i < POOL; i++) {
		if (!pool[i].writing || w->pos != pool[i].block * block_size)
			continue;
		w->slot = i;
		w->version = pool[i].version;
		w->freed = pool[i].freed;
	}
	for (unsigned i = 0; i < rq->nsegs; i++)
		w->len += rq->segs[i].len;
	w->data = malloc(w->len);
	w->len = 0;
	for (unsigned i = 0; i < rq->nsegs; i++) {
		memcpy(w->data + w->len, rq->segs[i].va, rq->segs[i].len);
		w->len += rq->segs[i].len;
	}
}

static void record(void)
{
	base = malloc(disk.bytes);
	memcpy(base, disk.data, disk.bytes);
	n_writes = 0;
	n_acks = 0;
	any_tid = false;
	log_super = es->journal->super_bp->block * block_size;
	for (unsigned i = 0; i < POOL; i++) {
		at_start[i] = pool[i].kind == META ? pool[i].version : 0;
		for (unsigned t = 0; t < TIDS; t++)
			left[t][i] = at_start[i];
		/* Data that is there already is not looked at. */
		if (pool[i].kind != META)
			pool[i].kind = FREE;
	}
	disk.on_write = on_write;
}

static void record_end(void)
{
	disk.on_write = NULL;
	for (unsigned i = 0; i < n_writes; i++)
		free(writes[i].data);
	free(base);
	n_writes = 0;
}

static void acked(tid_t tid)
{
	/* One that did nothing waits for nothing. */
	if (tid_after(tid, es->handles->committed))
		return;
	acks[n_acks++] = (struct ack){ n_writes, tid };
	if (n_acks == ARRAY_SIZE(acks))
		abort();
}

/* ---- the workload ---- */

static void op_change(struct handle *h, unsigned i)
{
	struct slot *s = &pool[i];
	struct buf *bp;

	if (s->kind == META) {
		CHECK(!bcache_read(es->bc, s->block, &bp), "read");
		CHECK(((uint32_t *)bp->data)[1] == s->version, "content");
		CHECK(!journal_write_access(h, bp), "access");
	} else {
		CHECK(!bcache_get(es->bc, s->block, &bp), "get");
		CHECK(!journal_create_access(h, bp), "access");
	}
	s->version = __atomic_add_fetch(&versions, 1, __ATOMIC_RELAXED);
	s->kind = META;
	fill(bp->data, s->block, s->version);
	resched_point();
	journal_dirty(h, bp, seal, s->block * 3);
	buf_put(bp);
}

static void op_free(struct handle *h, unsigned i)
{
	struct slot *s = &pool[i];
	struct buf *bp = NULL;

	if (chance(2))
		CHECK(!bcache_read(es->bc, s->block, &bp), "read");
	CHECK(!journal_forget(h, s->block, bp), "forget");
	s->kind = FREE;
	s->version = 0;
}

/* A free block becomes data, written at once, as write-back does. */
static void op_data(unsigned i)
{
	struct slot *s = &pool[i];
	struct buf bp = { .block = s->block };
	char *p = kmalloc(block_size, GFP_KERNEL);

	s->version = __atomic_add_fetch(&versions, 1, __ATOMIC_RELAXED);
	s->kind = DATA;
	fill(p, s->block, s->version);
	seal(es, &bp, p, s->block * 3);
	s->writing = true;
	CHECK(!blk_rw(&disk.bd, BLK_WRITE,
		      s->block * (block_size / BLK_SECTOR), p,
		      block_size),
	      "data");
	s->writing = false;
	kfree(p);
}

static void note(tid_t tid, const unsigned *which, unsigned n)
{
	unsigned t;

	if (!any_tid)
		first_tid = tid;
	any_tid = true;
	t = tid - first_tid;
	if (t >= TIDS) {
		CHECK(!disk.on_write, "too many transactions");
		return;
	}
	/* Later ones begin with what this one left. */
	for (unsigned i = 0; i < n; i++) {
		struct slot *s = &pool[which[i]];

		for (unsigned k = t; k < TIDS; k++)
			left[k][which[i]] = s->kind == META ? s->version : 0;
	}
}

/* Some slots that nobody else has. */
static unsigned take(unsigned *which, unsigned max)
{
	unsigned n = 0;

	mutex_lock(&pool_lock);
	for (unsigned k = 0; k < max; k++) {
		unsigned i = chance(POOL);

		if (!pool[i].busy) {
			pool[i].busy = true;
			which[n++] = i;
		}
	}
	mutex_unlock(&pool_lock);
	return n;
}

static void step(void)
{
	unsigned which[16], n = take(which, 1 + chance(16));
	struct handle h;
	tid_t tid;

	for (unsigned k = 0; k < n; k++) {
		struct slot *s = &pool[which[k]];

		if (s->kind == FREE && s->freed && chance(2) &&
		    journal_committed(es, s->freed))
			op_data(which[k]);
	}
	CHECK(!handle_start(es, &h, 2 * n), "handle");
	for (unsigned k = 0; k < n; k++) {
		struct slot *s = &pool[which[k]];

		if (s->kind == META && !chance(5)) {
			op_free(&h, which[k]);
			if (!chance(6))
				op_change(&h, which[k]);
			continue;
		}
		/* What is data, or may become it, stays so for a while. */
		if (!(s->kind == DATA || (s->kind == FREE && s->freed)) ||
		    !chance(4))
			op_change(&h, which[k]);
	}
	/* The numbers must fit to the transaction: while it cannot end. */
	mutex_lock(&pool_lock);
	note(h.tx->tid, which, n);
	mutex_unlock(&pool_lock);
	tid = handle_stop(&h);
	for (unsigned k = 0; k < n; k++) {
		struct slot *s = &pool[which[k]];

		s->freed = s->kind == FREE ? tid : 0;
		s->busy = false;
	}
	switch (chance(6)) {
	case 0:
		journal_commit_start(es, tid);
		break;
	case 1:
		CHECK(!journal_commit_wait(es, tid), "commit");
		acked(tid);
		break;
	case 2:
		if (!chance(12)) {
			CHECK(!journal_sync(es, true), "sync");
			acked(tid);
		}
	}
}

/* ---- judging ---- */

static unsigned char *state, *other;

/* The line of `left` that this transaction made, or the first one. */
static unsigned since(tid_t tid)
{
	return tid_after(tid, first_tid) ? tid - first_tid : 0;
}

/* Which transaction's state is it, from `from` on? */
static bool matches(const unsigned char *data, bool any, tid_t from,
		    unsigned upto, unsigned dropped)
{
	unsigned t = any ? since(from) : 0;
	/* The state before all of them, too. */
	bool before = !any;

	for (; t < TIDS; before ? (void)(before = false) : (void)t++) {
		unsigned i;

		for (i = 0; i < POOL; i++) {
			uint32_t v = before ? at_start[i] : left[t][i];

			if (v && !holds(&pool[i], v, data))
				break;
		}
		if (i < POOL)
			continue;
		/* Data of blocks that are free then is what was written. */
		for (i = 0; i < POOL; i++) {
			uint32_t want = 0;

			if (before || left[t][i])
				continue;
			for (unsigned k = 0; k < upto; k++) {
				if (writes[k].slot != i)
					continue;
				want = k == dropped ? 0 : writes[k].version;
				/* If it was not metadata in between. */
				for (unsigned u = since(writes[k].freed);
				     u <= t; u++)
					want = left[u][i] ? 0 : want;
			}
			if (want && !holds(&pool[i], want, data))
				break;
		}
		if (i == POOL)
			return true;
	}
	return false;
}

/* For each transaction, what is not as it left it. */
static void explain(tid_t from, unsigned upto)
{
	printf("  at least transaction %u; first %u\n", from, first_tid);
	for (unsigned t = since(from), n = 0; t < TIDS && n < 3; t++, n++) {
		printf("  %u:", first_tid + t);
		for (unsigned i = 0; i < POOL; i++) {
			uint32_t v = left[t][i];
			const uint32_t *p = (const void *)(state +
				pool[i].block * block_size);

			if (v && !holds(&pool[i], v, state))
				printf(" %u has %u for %u", i, p[1], v);
			for (unsigned k = 0; !v && k < upto; k++) {
				if (writes[k].slot == i &&
				    p[1] != writes[k].version)
					printf(" %u has %u for data %u of %u",
					       i, p[1], writes[k].version,
					       writes[k].freed);
			}
		}
		printf("\n");
	}
}

static struct host_disk probe;

static void recover_state(void)
{
	struct super *s2;
	int err;

	host_disk_memory(&probe, state, disk.bytes);
	err = ext4_type.mount(&ext4_type, &probe.bd, true, NULL, &s2);
	CHECK(!err, "recovery: %d", err);
	if (!err) {
		s2->refs = 1;
		super_put(s2);
	}
	host_disk_close(&probe);
}

static void judge(unsigned upto, unsigned dropped, bool e2fsck)
{
	tid_t from = 0;
	bool any = false, ok;

	n_states++;
	for (unsigned i = 0; i < n_acks && acks[i].at <= upto; i++) {
		if (!any || tid_after(acks[i].tid, from))
			from = acks[i].tid;
		any = true;
	}
	if (e2fsck) {
		n_judged++;
		save(copy, state, disk.bytes);
		run("e2fsck -y -E journal_only %s >%s/out 2>&1", copy,
		    folder);
		load(copy, other, disk.bytes);
		fsck();
	}
	recover_state();
	ok = matches(state, any, from, upto, dropped);
	CHECK(ok, "state after %u of %u writes without %d", upto, n_writes,
	      (int)dropped);
	if (!ok)
		explain(from, upto);
	for (unsigned i = 0; e2fsck && i < POOL; i++) {
		uint64_t at = pool[i].block * block_size;

		CHECK(!memcmp(state + at, other + at, block_size),
		      "block %u after %u writes without %d: e2fsck has "
		      "something else",
		      (unsigned)pool[i].block, upto, (int)dropped);
	}
	if (e2fsck && ok)
		fsck_memory(state);
}

static void apply(unsigned char *to, unsigned i)
{
	if (writes[i].len)
		memcpy(to + writes[i].pos, writes[i].data, writes[i].len);
}

/* The same, of which only the first sectors got there. The file system's super
 * block has its checksum in its second sector, so nobody survives that it is
 * torn there: it is taken to be written as one. */
static void apply_torn(unsigned char *to, unsigned i)
{
	unsigned sectors = writes[i].len / BLK_SECTOR;

	if (writes[i].pos < 2048)
		return;
	memcpy(to + writes[i].pos, writes[i].data,
	       (1 + chance(sectors)) * BLK_SECTOR);
}

/* Every prefix of the writes, and each without one that no flush covers, or
 * with a piece of it. */
static void judge_all(unsigned share)
{
	unsigned char *now = malloc(disk.bytes);
	unsigned epoch = 0;

	memcpy(now, base, disk.bytes);
	for (unsigned n = 0; n <= n_writes; n++) {
		memcpy(state, now, disk.bytes);
		judge(n, NEVER, all_states || !chance(share));
		if (n == n_writes)
			break;
		if (!writes[n].len) {
			/* Just before the flush: one of those before it may
			 * be missing. */
			for (unsigned d = epoch; d < n; d++) {
				bool torn = chance(2);

				memcpy(state, base, disk.bytes);
				for (unsigned k = epoch; k < n; k++) {
					if (k != d)
						apply(state, k);
					else if (torn)
						apply_torn(state, k);
				}
				judge(n, d, all_states || !chance(share));
			}
			memcpy(base, now, disk.bytes);
			epoch = n + 1;
		}
		n_tails += writes[n].len && writes[n].pos == log_super;
		apply(now, n);
	}
	free(now);
}

/* The number that the next transaction gets. */
static void set_sequence(uint32_t tid)
{
	struct journal *j = es->journal;

	CHECK(j->empty_on_disk, "used");
	j->next_tid = tid;
	j->committed = tid - 1;
}

static void test_crash(const char *options, const char *size, unsigned s,
		       unsigned warm, unsigned steps, unsigned share)
{
	seed = s;
	make_disk(options, size);
	CHECK(!start(false), "mount");
	pool_make();
	state = malloc(disk.bytes);
	other = malloc(disk.bytes);
	set_sequence((uint32_t)(s % 5 - 3) * 20);
	for (unsigned i = 0; i < warm; i++)
		step();
	if (warm)
		CHECK(!journal_sync(es, false), "sync");
	record();
	for (unsigned i = 0; i < steps; i++)
		step();
	super_put(sb);
	fsck_memory(disk.data);
	/* es is still wanted for its block size. */
	judge_all(share);
	record_end();
	free(state);
	free(other);
	host_disk_close(&disk);
}

static unsigned running;

static void worker(void *arg)
{
	for (unsigned i = 0; i < (unsigned)(uintptr_t)arg; i++)
		step();
	running--;
}

static void test_threads(const char *options, const char *size, unsigned s,
			 unsigned steps, unsigned share)
{
	seed = s;
	make_disk(options, size);
	disk.deferred = true;
	disk.shuffle_seed = s;
	CHECK(!start(false), "mount");
	pool_make();
	state = malloc(disk.bytes);
	other = malloc(disk.bytes);
	/* The second time the log is full of what the first time left. */
	for (unsigned round = 0; round < 2; round++) {
		if (round) {
			CHECK(!journal_sync(es, false), "sync");
			record();
		}
		host_set_chaos(s);
		for (unsigned i = 0; i < 4; i++) {
			running++;
			CHECK(!kthread_create("worker", worker,
					      (void *)(uintptr_t)steps, NULL),
			      "thread");
		}
		while (running)
			resched_point();
		host_set_chaos(0);
	}
	super_put(sb);
	fsck_memory(disk.data);
	judge_all(share);
	record_end();
	free(state);
	free(other);
	host_disk_close(&disk);
}

/* ---- what a commit costs ---- */

static uint64_t n_bytes_max;

static void on_size(struct host_disk *d, const struct blk_request *rq)
{
	uint64_t n = 0;

	for (unsigned i = 0; rq->op == BLK_WRITE && i < rq->nsegs; i++)
		n += rq->segs[i].len;
	n_bytes_max = MAX(n_bytes_max, n);
}

static uint64_t commit_of(unsigned n)
{
	uint64_t before = disk.n_requests;
	struct handle h;
	struct buf *bp;
	tid_t tid;

	CHECK(!handle_start(es, &h, n), "handle");
	for (unsigned i = 0; i < n; i++) {
		CHECK(!bcache_get(es->bc, es->n_blocks - 1 - i, &bp), "get");
		CHECK(!journal_create_access(&h, bp), "access");
		journal_dirty(&h, bp, NULL, 0);
		buf_put(bp);
	}
	tid = handle_stop(&h);
	CHECK(!n || !journal_committed(es, tid), "committed");
	CHECK(!journal_commit_wait(es, tid), "commit");
	CHECK(journal_committed(es, tid), "committed");
	return disk.n_requests - before;
}

static void test_cost(void)
{
	uint64_t n;

	make_disk("-b 4096", "200M");
	CHECK(!start(false), "mount");
	disk.on_write = on_size;
	commit_of(4);
	n = commit_of(4);
	CHECK(n == 4, "%u requests for a small commit", (unsigned)n);
	n = commit_of(250);
	CHECK(n < 15, "%u requests for a large commit", (unsigned)n);
	CHECK(n_bytes_max >= 128 << 10, "%u bytes at once",
	      (unsigned)n_bytes_max);
	CHECK(commit_of(0) == 0, "nothing");
	/* The places are next to each other as well. */
	n = disk.n_requests;
	CHECK(!journal_sync(es, true), "sync");
	n = disk.n_requests - n;
	CHECK(n < 15, "%u requests for the places", (unsigned)n);
	super_put(sb);
	fsck_memory(disk.data);
	host_disk_close(&disk);

	/* As many as go into one, where descriptors are small. */
	make_disk("-b 1024 -J size=16", "64M");
	CHECK(!start(false), "mount");
	for (unsigned i = 0; i < 4; i++)
		commit_of(es->journal->max_tx * 9 / 10);
	super_put(sb);
	fsck_memory(disk.data);
	host_disk_close(&disk);
}

/* ---- what fails ---- */

/* Like step, with errors; they only must come to an end. */
static int rough_step(void)
{
	unsigned n = 1 + chance(4);
	struct handle h;
	struct buf *bp;
	tid_t tid;
	int err;

	err = handle_start(es, &h, 2 * n);
	if (err)
		return err;
	for (unsigned k = 0; k < n && !err; k++) {
		struct slot *s = &pool[chance(POOL)];

		if (s->kind == META && chance(3)) {
			err = journal_forget(&h, s->block, NULL);
			s->kind = err ? META : FREE;
			continue;
		}
		err = bcache_get(es->bc, s->block, &bp);
		if (err)
			break;
		err = journal_create_access(&h, bp);
		if (!err) {
			s->kind = META;
			fill(bp->data, s->block, 1);
			journal_dirty(&h, bp, NULL, 0);
		}
		buf_put(bp);
	}
	tid = handle_stop(&h);
	if (err == -ENOMEM)
		err = 0;
	if (!err && !chance(3))
		err = journal_commit_wait(es, tid);
	if (!err && !chance(10))
		err = journal_sync(es, true);
	return err;
}

static void rough(unsigned request, unsigned allocation, bool journal)
{
	static unsigned char *fresh;
	unsigned i;
	int err;

	if (!request && !allocation) {
		/* The first: the disk that all begin with. */
		make_disk(journal ? "-b 1024 -J size=1"
				  : "-b 1024 -O ^has_journal",
			  "3M");
		free(fresh);
		fresh = malloc(disk.bytes);
		memcpy(fresh, disk.data, disk.bytes);
	}
	memcpy(disk.data, fresh, disk.bytes);
	err = start(false);
	if (!err) {
		pool_make();
		seed = request + allocation;
		disk.fail_nth = request;
		if (allocation)
			host_fail_alloc(allocation);
		for (i = 0; i < 30 && !err; i++)
			err = rough_step();
		host_fail_alloc(0);
		disk.fail_nth = 0;
		CHECK(!err || err == -EIO || err == -EROFS || err == -ENOMEM,
		      "error %d", err);
		CHECK(err || !request || request > 20, "request %u", request);
		if (err && !allocation) {
			struct handle h;

			CHECK(handle_start(es, &h, 1) == -EROFS, "no abort");
			CHECK(journal_error(es) == -EIO, "no error");
			CHECK(sb->read_only, "not read-only");
		}
		super_put(sb);
	}
	/* After what did not get there, recovery makes it good. */
	if (journal && !(request % 8)) {
		CHECK(!start(false), "after request %u", request);
		super_put(sb);
		fsck_memory(disk.data);
	}
}

static void test_failing(bool journal)
{
	uint64_t objects;
	unsigned n;

	rough(0, 0, journal);
	reclaim_all();
	objects = host_objects_in_use();
	host_set_log_level(-1);
	for (n = 1; n < 120; n++) {
		disk.deferred = n & 1;
		rough(n, 0, journal);
	}
	for (n = 1; n < 250; n++)
		rough(0, n, journal);
	host_set_log_level(4);
	host_disk_close(&disk);
	reclaim_all();
	CHECK(host_objects_in_use() == objects, "%lu objects, were %lu",
	      (unsigned long)host_objects_in_use(), (unsigned long)objects);
}

/* ---- a log that is too small for all who want it ---- */

static void glutton(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg, which[8], n;
	struct handle h;
	int err;

	for (unsigned i = 0; i < 150; i++) {
		/* Each slot is followed by free blocks. */
		n = take(which, 8);
		if (!chance(9))
			host_fail_alloc(1 + chance(4));
		err = handle_start(es, &h, 60 + chance(80));
		for (unsigned k = 0; k < n && !err; k++) {
			struct slot *s = &pool[which[k]];
			struct buf *bp;

			err = bcache_get(es->bc, s->block, &bp);
			if (err)
				break;
			err = journal_create_access(&h, bp);
			if (!err) {
				s->version = __atomic_add_fetch(
					&versions, 1, __ATOMIC_RELAXED);
				s->kind = META;
				fill(bp->data, s->block, s->version);
				journal_dirty(&h, bp, seal, s->block * 3);
			}
			buf_put(bp);
			resched_point();
		}
		if (h.tx && !chance(3)) {
			err = handle_extend(&h, 50);
			CHECK(!err || err == -EAGAIN, "extend: %d", err);
			if (err == -EAGAIN)
				err = handle_restart(&h, 100);
		}
		host_fail_alloc(0);
		CHECK(!err || err == -ENOMEM, "thread %u: %d", me, err);
		handle_stop(&h);
		for (unsigned k = 0; k < n; k++)
			pool[which[k]].busy = false;
	}
	running--;
}

static void test_full(unsigned s, const char *options)
{
	struct handle h;

	seed = s;
	make_disk(options, "3M");
	disk.deferred = true;
	disk.shuffle_seed = s;
	CHECK(!start(false), "mount");
	pool_make();
	CHECK(handle_start(es, &h, 100000) == -ENOSPC, "a log of that size");
	host_set_chaos(s);
	for (unsigned i = 0; i < 6; i++) {
		running++;
		CHECK(!kthread_create("glutton", glutton,
				      (void *)(uintptr_t)i, NULL),
		      "thread");
	}
	while (running)
		resched_point();
	host_set_chaos(0);
	super_put(sb);
	fsck_memory(disk.data);
	for (unsigned i = 0; i < POOL; i++)
		CHECK(pool[i].kind != META ||
			      holds(&pool[i], pool[i].version, disk.data),
		      "slot %u", i);
	host_disk_close(&disk);
}

int main(int argc, char **argv)
{
	static const char *const options[] = {
		"-b 1024 -J size=1",
		"-b 1024 -J size=1 -O ^metadata_csum,^64bit",
		"-b 2048 -J size=2 -O ^64bit",
		"-b 4096 -J size=4",
		"-b 4096 -J size=4 -O ^metadata_csum,^64bit,^extent",
	};
	static const char *const sizes[] = { "3M", "3M", "6M", "9M", "9M" };
	unsigned rounds = 1, share = 100;

	all_states = argc > 1 && !strcmp(argv[1], "--all");
	if (argc > 1 && !all_states)
		rounds = (unsigned)atoi(argv[1]);
	strcpy(folder, "/tmp/journal_test.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(image, sizeof(image), "%s/disk", folder);
	snprintf(copy, sizeof(copy), "%s/copy", folder);
	setvbuf(stdout, NULL, _IOLBF, 0);
	vfs_init();
	test_cost();
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned k = 0; k < ARRAY_SIZE(options); k++)
			test_crash(options[k], sizes[k], 5 * i + k,
				   k ? 20 : 50 + i, k < 3 ? 40 : 20, share);
		test_threads(options[0], "3M", 2 * i + 1, 15, share);
		test_threads(options[1], "3M", 2 * i + 2, 15, share);
	}
	test_full(11, "-b 1024 -J size=1");
	test_full(12, "-b 1024 -O ^has_journal");
	test_failing(true);
	test_failing(false);
	run("rm -rf %s", folder);
	CHECK(n_tails > 10, "the tail moved %u times", n_tails);
	printf("%u states, %u of them judged by e2fsck\n", n_states, n_judged);
	printf("%s\n", failures ? "FAIL" : "ok");
	return failures != 0;
}
