/*
 * The content of files that are written: against a model in memory, on disks
 * of all kinds, by several threads, with little memory, on full disks, with
 * failing requests and allocations; then e2fsck and debugfs say what is there.
 *
 * Usage: data_test [--all] [seed]
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/ext4/dir_test.h"
#include "fs/writeback.h"

static bool all;
static uint32_t seed = 1;

static uint32_t chance(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 8) * n >> 24);
}

/* ---- a file and what it should hold ---- */
#define FILE_MAX  (320u << 10)
#define FILE_PAGES (FILE_MAX / PAGE_SIZE + 1)

struct model {
	char name[16];
	struct file *f;
	unsigned char *data; /* zero from size on */
	unsigned char *buf;  /* as large, for use by one operation */
	uint64_t size;
	/* A shared mapping of all of it, as a page table would have it. */
	struct list_head region; /* in mapping.regions */
	struct page *mapped[FILE_PAGES];
	bool writable[FILE_PAGES];
	bool map;
	unsigned n_errors; /* that were expected */
	struct list_head link;
};
static struct list_head models = LIST_INIT(models);

void host_unmap_range(struct mapping *m, uint64_t first, uint64_t last,
		      bool write_protect_only)
{
	struct model *md;

	list_for_each_entry (md, &models, link) {
		if (!md->f || m != &md->f->inode->mapping)
			continue;
		for (uint64_t i = first; i <= last && i < FILE_PAGES; i++) {
			md->writable[i] = false;
			if (write_protect_only || !md->mapped[i])
				continue;
			page_put(md->mapped[i]);
			md->mapped[i] = NULL;
		}
	}
}

static void model_map(struct model *md)
{
	struct mapping *m = &md->f->inode->mapping;

	if (md->map)
		return;
	spin_lock(&m->regions_lock);
	list_add(&md->region, &m->regions);
	spin_unlock(&m->regions_lock);
	md->map = true;
}

static void model_unmap(struct model *md)
{
	struct mapping *m = &md->f->inode->mapping;

	if (!md->map)
		return;
	host_unmap_range(m, 0, UINT64_MAX, false);
	spin_lock(&m->regions_lock);
	list_del(&md->region);
	spin_unlock(&m->regions_lock);
	md->map = false;
}

static bool inside(struct model *md, uint64_t page)
{
	return page << PAGE_SHIFT < (uint64_t)READ_ONCE(md->f->inode->size);
}

/* A store to page i of the mapping: the fault, as the kernel does it. */
static int model_fault(struct model *md, uint64_t i)
{
	struct mapping *m = &md->f->inode->mapping;
	struct page *pg;
	int err;

	while (!md->writable[i]) {
		if (!inside(md, i))
			return -ENXIO;
		err = pagecache_get(m, i, &pg);
		if (err)
			return err;
		page_lock(pg);
		if (pg->mapping != m) {
			page_unlock(pg);
			page_put(pg);
			continue;
		}
		err = m->ops->make_writable(m, pg);
		if (!err && !inside(md, i))
			err = -ENXIO;
		if (!err) {
			if (md->mapped[i])
				page_put(md->mapped[i]);
			md->mapped[i] = pg;
			page_get(pg);
			md->writable[i] = true;
		}
		page_unlock(pg);
		page_put(pg);
		if (err)
			return err;
	}
	return 0;
}

static int model_open(struct model *md, const char *name, unsigned flags)
{
	memmove(md->name, name, strlen(name) + 1);
	return vfs_open(AT_FDCWD, name, O_RDWR | flags, 0644, &md->f);
}

static void model_close(struct model *md)
{
	model_unmap(md);
	file_put(md->f);
	md->f = NULL;
}

static void model_set(struct model *md, uint64_t pos, const void *p, size_t n)
{
	memcpy(md->data + pos, p, n);
	md->size = MAX(md->size, pos + n);
}

static void fill(unsigned char *p, size_t n)
{
	uint32_t x = chance(1u << 24) + 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1103515245 + 12345;
		p[i] = (unsigned char)(x >> 16 | 1);
	}
}

/* ---- operations ---- */
static bool errors_ok; /* disks that are full, or fail */

static bool ok_error(struct model *md, long err)
{
	md->n_errors++;
	return errors_ok && (err == -ENOSPC || err == -EIO || err == -ENOMEM ||
			     err == -EROFS);
}

static void op_write(struct model *md, uint64_t pos, size_t n, bool append)
{
	unsigned char *buf = md->buf;
	struct iovec iov[3];
	struct uio u = { .iov = iov, .iovcnt = 1, .resid = n };
	size_t cut = n > 2 ? n / 2 : 0;
	off_t at = (off_t)pos;
	ssize_t got;

	if (append)
		at = (off_t)md->size;
	n = MIN(n, FILE_MAX - (size_t)at);
	if (!n)
		return;
	fill(buf, n);
	u.resid = n;
	iov[0].iov_base = buf;
	iov[0].iov_len = n;
	if (cut && cut < n && chance(2)) {
		iov[0].iov_len = cut;
		iov[1].iov_base = buf + cut;
		iov[1].iov_len = n - cut;
		u.iovcnt = 2;
	}
	if (append)
		md->f->flags |= O_APPEND;
	/* Sometimes the buffer is not in memory yet. */
	if (!chance(4))
		host_set_absent_range((uintptr_t)buf,
				      (uintptr_t)buf + FILE_MAX);
	got = file_write(md->f, &u, &at);
	host_set_absent_range(0, 0);
	md->f->flags &= ~(unsigned)O_APPEND;
	if (got < 0) {
		CHECK(ok_error(md, got), "write: %ld", (long)got);
		return;
	}
	if (!errors_ok)
		IS(got, n);
	model_set(md, (uint64_t)at - (uint64_t)got, buf, (size_t)got);
}

static void op_map_write(struct model *md, uint64_t pos, size_t n)
{
	model_map(md);
	while (n && pos < md->size) {
		uint64_t i = pos >> PAGE_SHIFT;
		unsigned off = pos & PAGE_MASK;
		size_t c = MIN(MIN(n, PAGE_SIZE - off), md->size - pos);
		unsigned char *va;
		int err = model_fault(md, i);

		if (err) {
			CHECK(ok_error(md, err), "fault: %d", err);
			return;
		}
		va = page_to_va(md->mapped[i]);
		fill(va + off, c);
		model_set(md, pos, va + off, c);
		/* What is stored behind the end is nobody's. */
		if (pos + c == md->size && off + c < PAGE_SIZE)
			memset(va + off + c, 0xee, PAGE_SIZE - off - c);
		pos += c;
		n -= c;
	}
}

static void op_read(struct model *md, uint64_t pos, size_t n)
{
	unsigned char *buf = md->buf;
	ssize_t got = file_read_kernel(md->f, buf, n, (off_t)pos);
	size_t want = pos < md->size ? MIN(n, md->size - pos) : 0;

	if (got < 0) {
		CHECK(ok_error(md, got), "read: %ld", (long)got);
		return;
	}
	IS(got, want);
	for (size_t i = 0; i < (size_t)got && i < want; i++) {
		if (buf[i] != md->data[pos + i]) {
			CHECK(0, "%s: byte %lu is %02x, not %02x (size %lu)",
			      md->name, pos + i, buf[i], md->data[pos + i],
			      md->size);
			exit(1);
		}
	}
}

static void op_truncate(struct model *md, uint64_t size)
{
	int err = file_truncate(md->f, (off_t)size);

	if (err) {
		CHECK(ok_error(md, err), "truncate: %d", err);
		/* As far as it got. */
		size = (uint64_t)md->f->inode->size;
	}
	if (size < md->size)
		memset(md->data + size, 0, md->size - size);
	md->size = size;
}

static void op_fallocate(struct model *md, int mode, uint64_t pos, uint64_t n)
{
	int err;

	if (!n)
		return;
	err = file_fallocate(md->f, mode, (off_t)pos, (off_t)n);
	if (err == -EOPNOTSUPP)
		return;
	if (err) {
		CHECK(ok_error(md, err), "fallocate %x: %d", mode, err);
		/* A part of it may have been done. */
		for (uint64_t i = pos; i < MIN(pos + n, md->size); i++) {
			unsigned char c = 0xff;

			while (mode & ~FALLOC_FL_KEEP_SIZE &&
			       file_read_kernel(md->f, &c, 1, (off_t)i) ==
				       -ENOMEM)
				sched_yield_now();
			if (!c)
				md->data[i] = 0;
		}
		md->size = (uint64_t)md->f->inode->size;
		return;
	}
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE) &&
	    pos < md->size)
		memset(md->data + pos, 0, MIN(n, md->size - pos));
	if (!(mode & FALLOC_FL_KEEP_SIZE))
		md->size = MAX(md->size, pos + n);
}

/* What SEEK_HOLE calls a hole is zero, and it moves on. */
static void op_seek(struct model *md, uint64_t pos)
{
	off_t hole, data;

	if (pos >= md->size) {
		IS(file_seek(md->f, (off_t)pos, SEEK_DATA), -ENXIO);
		return;
	}
	hole = file_seek(md->f, (off_t)pos, SEEK_HOLE);
	if (hole < 0 && ok_error(md, hole))
		return;
	CHECK(hole >= (off_t)pos && hole <= (off_t)md->size, "%ld", (long)hole);
	if (hole < 0 || (uint64_t)hole >= md->size)
		return;
	data = file_seek(md->f, hole, SEEK_DATA);
	if (data == -ENXIO)
		data = (off_t)md->size;
	for (off_t i = hole; i < data; i++)
		if (md->data[i]) {
			CHECK(0, "byte %ld is in a hole (write errors: %u, %d)",
			      (long)i, md->f->inode->mapping.errors.seq,
			      md->f->inode->mapping.errors.err);
			break;
		}
}

static void pass_time(unsigned seconds)
{
	thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
	thread_sleep(time_now() + seconds * NSEC_PER_SEC);
}

static uint64_t some_pos(void)
{
	uint64_t pos = chance(FILE_MAX);

	if (!chance(3))
		pos &= ~(uint64_t)PAGE_MASK;
	else if (!chance(3))
		pos &= ~1023ull;
	if (!chance(3))
		pos /= 16;
	return pos;
}

static size_t some_len(void)
{
	switch (chance(4)) {
	case 0:
		return 1 + chance(100);
	case 1:
		return 1 + chance(5000);
	case 2:
		return 1024u << chance(6);
	default:
		return 1 + chance(80000);
	}
}

static void one_op(struct model *md)
{
	uint64_t pos = some_pos();
	size_t n = MIN(some_len(), FILE_MAX - pos);
	unsigned op = chance(20);
	int err = 0;

	switch (op) {
	case 0: case 1: case 2: case 3: case 4:
		op_write(md, pos, n, false);
		break;
	case 5:
		op_write(md, 0, n, true);
		break;
	case 6: case 7: case 8:
		op_map_write(md, pos, n);
		break;
	case 9: case 10: case 11:
		op_read(md, pos, n);
		break;
	case 12:
		op_truncate(md, pos);
		break;
	case 13:
		err = file_fsync(md->f, chance(2));
		break;
	case 14:
		if (chance(2))
			err = test_sb->ops->sync(test_sb, true);
		else
			pass_time(6);
		break;
	case 15:
		op_fallocate(md, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			     pos, n);
		break;
	case 16:
		op_fallocate(md, FALLOC_FL_ZERO_RANGE |
				     (chance(2) ? FALLOC_FL_KEEP_SIZE : 0),
			     pos, n);
		break;
	case 17:
		op_fallocate(md, chance(2) ? FALLOC_FL_KEEP_SIZE : 0, pos, n);
		break;
	case 18:
		op_seek(md, pos);
		break;
	default:
		model_unmap(md);
		reclaim_all();
		break;
	}
	CHECK(!err || ok_error(md, err), "sync: %d", err);
	CHECK(md->f->inode->size == (off_t)md->size,
	      "%s: size %ld, not %lu, after %u", md->name,
	      (long)md->f->inode->size, md->size, op);
	IS(md->f->inode->promised > FILE_PAGES * 4, 0);
}

static void model_new(struct model *md, const char *name)
{
	memset(md, 0, sizeof(*md));
	md->data = calloc(1, FILE_MAX);
	md->buf = calloc(1, FILE_MAX);
	list_add(&md->link, &models);
	IS(model_open(md, name, O_CREAT | O_EXCL), 0);
}

static void model_end(struct model *md)
{
	if (md->f)
		model_close(md);
	list_del(&md->link);
	free(md->data);
	free(md->buf);
}

/* What another implementation reads. */
static void model_dump(const struct model *md)
{
	char path[100];
	unsigned char *got = calloc(1, FILE_MAX + 1);
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/dump", test_folder);
	unlink(path);
	run("debugfs -R 'dump %s %s' %s >/dev/null 2>&1", md->name, path,
	    test_image);
	f = fopen(path, "r");
	CHECK(f, "no dump of %s", md->name);
	if (f) {
		n = fread(got, 1, FILE_MAX + 1, f);
		CHECK(n == md->size, "%s: dump has %lu bytes, not %lu",
		      md->name, n, md->size);
		CHECK(!memcmp(got, md->data, MIN(n, md->size)),
		      "debugfs reads other bytes in %s", md->name);
		fclose(f);
	}
	free(got);
}

/* ---- disks ---- */
static const struct kind {
	const char *name, *options;
} kinds[] = {
	{ "4k", "-b 4096" },
	{ "1k", "-b 1024" },
	{ "2k", "-b 2048 -O ^64bit" },
	{ "nojournal", "-b 1024 -O ^has_journal" },
	{ "nojournal4k", "-b 4096 -O ^has_journal,^metadata_csum" },
	{ "nocsum", "-b 1024 -O ^metadata_csum" },
	{ "ext3", "-t ext3 -b 1024 -I 128" },
	{ "ext3-4k", "-t ext3 -b 4096" },
	{ "ext2", "-t ext2 -b 1024" },
};

static void test_random(unsigned ops)
{
	struct model m[3];
	char name[16];

	IS(disk_mount(), 0);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		model_new(&m[i], name);
	}
	for (unsigned i = 0; i < ops; i++) {
		struct model *md = &m[chance(3)];

		one_op(md);
		if (!chance(ops / 4)) {
			for (unsigned k = 0; k < 3; k++)
				model_close(&m[k]);
			disk_again(true);
			for (unsigned k = 0; k < 3; k++) {
				IS(model_open(&m[k], m[k].name, 0), 0);
				op_read(&m[k], 0, FILE_MAX);
			}
		}
	}
	for (unsigned i = 0; i < 3; i++)
		model_close(&m[i]);
	disk_umount();
	disk_fsck();
	for (unsigned i = 0; i < 3; i++) {
		model_dump(&m[i]);
		model_end(&m[i]);
	}
}

/* ---- several at once ---- */
struct worker {
	struct model md;
	unsigned ops;
	struct wait_queue done;
	bool ended;
};

static void worker_main(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < w->ops; i++)
		one_op(&w->md);
	w->ended = true;
	wait_wake_all(&w->done);
}

static void test_threads(unsigned ops, uint32_t chaos, unsigned memory)
{
	static struct worker w[4];
	char name[16];

	IS(disk_mount(), 0);
	test_disk.deferred = true;
	test_disk.shuffle_seed = chaos;
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		model_new(&w[i].md, name);
		w[i].ops = ops;
		w[i].ended = false;
		wait_queue_init(&w[i].done);
	}
	host_set_chaos(chaos);
	/* With little memory, writers wait for write-back, or get -ENOMEM. */
	if (memory)
		host_set_page_limit(host_pages_in_use() + memory);
	errors_ok = memory;
	for (unsigned i = 0; i < 4; i++)
		kthread_create("worker", worker_main, &w[i], NULL);
	for (unsigned i = 0; i < 4; i++)
		wait_event(&w[i].done, READ_ONCE(w[i].ended));
	host_set_chaos(0);
	host_set_page_limit(1ul << 17);
	errors_ok = false;
	for (unsigned i = 0; i < 4; i++) {
		op_read(&w[i].md, 0, FILE_MAX);
		model_close(&w[i].md);
	}
	disk_umount();
	disk_fsck();
	for (unsigned i = 0; i < 4; i++) {
		model_dump(&w[i].md);
		model_end(&w[i].md);
	}
}

/* ---- measures ---- */
static uint64_t n_writes, n_write_bytes;

static void count_write(struct host_disk *d, const struct blk_request *rq)
{
	if (rq->op != BLK_WRITE)
		return;
	n_writes++;
	for (unsigned i = 0; i < rq->nsegs; i++)
		n_write_bytes += rq->segs[i].len;
}

static unsigned extents_of(struct inode *ip)
{
	uint64_t blocks = div_round_up((uint64_t)ip->size,
				       ip->sb->block_size), at = 0, end = 0;
	struct ext4_run r;
	unsigned n = 0;

	while (at < blocks) {
		IS(ext4_map(ip, at, (uint32_t)(blocks - at), &r), 0);
		if (r.kind == EXT4_RUN_HOLE || r.block != end)
			n++;
		end = r.block + r.len;
		at += r.len;
	}
	return n;
}

static void test_stream(void)
{
	static unsigned char buf[4096];
	unsigned mib = 64;
	struct file *f;
	off_t pos = 0;

	disk_name = "stream";
	disk_make("-b 4096", 192 << 10);
	IS(disk_mount(), 0);
	IS(vfs_open(AT_FDCWD, "s", O_RDWR | O_CREAT, 0644, &f), 0);
	test_disk.on_write = count_write;
	n_writes = 0;
	n_write_bytes = 0;
	host_set_page_limit(16384); /* 64 MB */
	for (unsigned i = 0; i < mib * 256; i++)
		IS(file_write_kernel(f, buf, sizeof(buf), &pos), sizeof(buf));
	IS(file_fsync(f, false), 0);
	host_set_page_limit(1ul << 17);
	CHECK(n_write_bytes / n_writes >= 65536, "%lu bytes in %lu writes",
	      n_write_bytes, n_writes);
	CHECK(extents_of(f->inode) <= 8, "%u extents", extents_of(f->inode));
	printf("stream: %lu KiB a request, %u extents\n",
	       n_write_bytes / n_writes >> 10, extents_of(f->inode));
	file_put(f);
	disk_umount();
	disk_fsck();
}

static void test_flushes(void)
{
	static unsigned char buf[8192];
	struct file *f, *g;
	off_t pos = 0;
	uint64_t before;

	disk_name = "flushes";
	disk_make("-b 4096", 16 << 10);
	IS(disk_mount(), 0);
	IS(vfs_open(AT_FDCWD, "s", O_RDWR | O_CREAT, 0644, &f), 0);
	IS(vfs_open(AT_FDCWD, "s", O_RDWR, 0644, &g), 0);
	IS(file_write_kernel(f, buf, 8192, &pos), 8192);
	IS(file_fsync(f, false), 0);
	for (unsigned i = 0; i < 5; i++) {
		pos = 4096;
		IS(file_write_kernel(f, buf, 4096, &pos), 4096);
		before = test_disk.n_flushes;
		IS(file_fsync(f, true), 0);
		IS(test_disk.n_flushes - before, 1);
		before = test_disk.n_flushes;
		IS(file_fsync(f, true), 0);
		IS(test_disk.n_flushes - before, 0);
	}
	for (unsigned i = 0; i < 5; i++) {
		pos = f->inode->size;
		IS(file_write_kernel(f, buf, 4096, &pos), 4096);
		before = test_disk.n_flushes;
		IS(file_fsync(f, i & 1), 0);
		CHECK(test_disk.n_flushes - before <= 2, "%lu flushes",
		      test_disk.n_flushes - before);
		CHECK(test_disk.n_flushes > before, "no flush");
	}
	/* One that left memory before its commit is waited for when it comes
	 * back. */
	{
		struct file *away;

		IS(vfs_open(AT_FDCWD, "away", O_RDWR | O_CREAT, 0644, &away),
		   0);
		file_put(away);
		reclaim_all();
		IS(vfs_open(AT_FDCWD, "away", O_RDWR, 0, &away), 0);
		before = test_disk.n_flushes;
		IS(file_fsync(away, true), 0);
		CHECK(test_disk.n_flushes > before, "no flush");
		file_put(away);
	}
	/* A write error is told once to each. */
	pos = 0;
	IS(file_write_kernel(f, buf, 4096, &pos), 4096);
	test_disk.bad_first = 0;
	test_disk.bad_end = UINT64_MAX;
	test_disk.bad_ops = 1u << BLK_WRITE;
	test_disk.bad_times = 1;
	IS(file_fsync(f, true), -EIO);
	IS(file_fsync(f, true), 0);
	IS(file_fsync(g, true), -EIO);
	IS(file_fsync(g, true), 0);
	file_put(g);
	file_put(f);
	disk_umount();
	disk_fsck();
}

/* ---- small stories ---- */
static uint64_t free_blocks(void)
{
	test_sb->ops->sync(test_sb, true);
	return ext4_free_blocks_count(ext4_sb(test_sb), true);
}

/* Limits of a file, of the caller and of its memory. */
static void test_limits(void)
{
	static unsigned char buf[50000], got[50000];
	struct iovec iov = { buf, sizeof(buf) };
	struct uio u = { .iov = &iov, .iovcnt = 1, .resid = sizeof(buf) };
	uint64_t max = test_sb->max_file_size;
	struct file *f;
	off_t pos = 0;

	fill(buf, sizeof(buf));
	IS(vfs_open(AT_FDCWD, "l", O_RDWR | O_CREAT, 0644, &f), 0);
	/* A part of the buffer is no memory. */
	host_set_bad_range((uintptr_t)buf + 20000, (uintptr_t)buf + 50000);
	IS(file_write(f, &u, &pos), 20000);
	IS(f->inode->size, 20000);
	IS(file_write(f, &u, &pos), -EFAULT);
	host_set_bad_range(0, 0);
	IS(f->inode->size, 20000);
	IS(file_read_kernel(f, got, sizeof(got), 0), 20000);
	CHECK(!memcmp(buf, got, 20000), "20000 bytes");
	host_set_file_size_limit(30000);
	IS(file_write_kernel(f, buf, sizeof(buf), &pos), 10000);
	IS(file_write_kernel(f, buf, sizeof(buf), &pos), -EFBIG);
	CHECK(host_take_sent_signals(), "no SIGXFSZ");
	host_set_file_size_limit(UINT64_MAX);
	pos = (off_t)max;
	IS(file_write_kernel(f, buf, 1, &pos), -EFBIG);
	pos = (off_t)max - 10;
	IS(file_write_kernel(f, buf, 100, &pos), 10);
	IS(f->inode->size, max);
	IS(file_fsync(f, false), 0);
	IS(file_truncate(f, 0), 0);
	file_put(f);
	IS(t_unlink("l"), 0);
}

/* What is dirty goes by itself; and with its file, when that is deleted. */
static void test_ageing(void)
{
	static unsigned char buf[50000];
	struct stat st, then;
	struct file *f;
	off_t pos = 0;
	uint64_t before;

	IS(t_create("keep"), 0);
	before = free_blocks();
	IS(vfs_open(AT_FDCWD, "a", O_RDWR | O_CREAT, 0644, &f), 0);
	IS(file_write_kernel(f, buf, sizeof(buf), &pos), sizeof(buf));
	CHECK(f->inode->mapping.n_dirty, "nothing is dirty");
	CHECK(f->inode->promised, "nothing is promised");
	pass_time(1);
	CHECK(f->inode->mapping.n_dirty, "written at once");
	pass_time(5);
	IS(f->inode->mapping.n_dirty, 0);
	IS(f->inode->dirty_attr, 0);
	IS(f->inode->promised, 0);
	IS(ext4_info(f->inode)->disk_size, sizeof(buf));
	/* Times of a file that is only overwritten. */
	pos = 0;
	IS(file_write_kernel(f, buf, 10, &pos), 10);
	IS(t_stat("a", &then), 0);
	file_put(f);
	pass_time(6);
	disk_again(true);
	IS(t_stat("a", &st), 0);
	IS(st.st_mtim.tv_sec, then.st_mtim.tv_sec);
	IS(st.st_mtim.tv_nsec, then.st_mtim.tv_nsec);
	/* Dirty, deleted, still open. */
	IS(vfs_open(AT_FDCWD, "a", O_RDWR, 0, &f), 0);
	pos = 40000;
	IS(file_write_kernel(f, buf, sizeof(buf), &pos), sizeof(buf));
	IS(t_unlink("a"), 0);
	IS(f->inode->mapping.n_dirty > 0, 1);
	file_put(f);
	IS(free_blocks(), before);
	/* Never written at all. */
	IS(vfs_open(AT_FDCWD, "b", O_RDWR | O_CREAT, 0644, &f), 0);
	pos = 0;
	IS(file_write_kernel(f, buf, sizeof(buf), &pos), sizeof(buf));
	file_put(f);
	IS(t_unlink("b"), 0);
	IS(free_blocks(), before);
	IS(t_unlink("keep"), 0);
}

/* O_SYNC, and what is on the disk when the power fails behind it. */
static void test_o_sync(void)
{
	static unsigned char buf[10000], got[10000];
	unsigned char *now = malloc(test_bytes);
	struct file *f;
	off_t pos = 0;

	fill(buf, sizeof(buf));
	IS(vfs_open(AT_FDCWD, "o", O_RDWR | O_CREAT | O_SYNC, 0644, &f), 0);
	IS(file_write_kernel(f, buf, sizeof(buf), &pos), sizeof(buf));
	memcpy(now, test_data, test_bytes);
	file_put(f);
	disk_umount();
	memcpy(test_data, now, test_bytes);
	free(now);
	IS(disk_mount(), 0);
	IS(vfs_open(AT_FDCWD, "o", O_RDONLY, 0, &f), 0);
	IS(file_read_kernel(f, got, sizeof(got), 0), sizeof(got));
	CHECK(!memcmp(buf, got, sizeof(buf)), "O_SYNC was no promise");
	file_put(f);
	IS(t_unlink("o"), 0);
}

static void test_small(void)
{
	static const char *const options[] = { "-b 1024", "-b 4096",
					       "-t ext3 -b 1024" };

	for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
		disk_name = options[i];
		disk_make(options[i], 8192);
		IS(disk_mount(), 0);
		test_limits();
		test_ageing();
		test_o_sync();
		disk_umount();
		disk_fsck();
	}
}

/* ---- no room, no memory ---- */
static void test_full(const char *options)
{
	struct model md;
	unsigned char buf[3000];
	struct file *f;
	uint64_t total = 0;
	off_t pos = 0;
	ssize_t n;

	disk_name = options;
	disk_make(options, 4096);
	for (unsigned round = 0; round < 3; round++) {
		IS(disk_mount(), 0);
		model_new(&md, "m");
		op_write(&md, 0, 50000, false);
		IS(vfs_open(AT_FDCWD, "big", O_RDWR | O_CREAT, 0644, &f), 0);
		fill(buf, sizeof(buf));
		pos = 0;
		for (total = 0;; total += (uint64_t)n) {
			n = file_write_kernel(f, buf, sizeof(buf), &pos);
			if (n < 0)
				break;
		}
		IS(n, -ENOSPC);
		CHECK(total > (2u << 20), "%lu bytes only", total);
		/* What was taken can be kept; and overwritten. */
		IS(file_fsync(f, false), 0);
		pos = 1000;
		IS(file_write_kernel(f, buf, sizeof(buf), &pos), sizeof(buf));
		errors_ok = true;
		for (unsigned i = 0; i < 100; i++)
			one_op(&md);
		errors_ok = false;
		IS(file_fsync(f, false), 0);
		op_read(&md, 0, FILE_MAX);
		file_put(f);
		model_close(&md);
		IS(t_unlink("big"), 0);
		/* Its blocks are free again at once. */
		if (round == 1) {
			IS(vfs_open(AT_FDCWD, "big", O_RDWR | O_CREAT, 0644,
				    &f),
			   0);
			pos = 0;
			while (total > sizeof(buf) * 40) {
				n = file_write_kernel(f, buf, sizeof(buf),
						      &pos);
				IS(n, sizeof(buf));
				if (n < 0)
					break;
				total -= (uint64_t)n;
			}
			file_put(f);
			IS(t_unlink("big"), 0);
		}
		disk_umount();
		disk_fsck();
		model_dump(&md);
		IS(disk_mount(), 0);
		IS(t_unlink("m"), 0);
		disk_umount();
		disk_fsck();
		model_end(&md);
	}
}

static void test_memory(void)
{
	static unsigned char buf[65536], got[65536];
	struct file *f;
	off_t pos = 0;
	unsigned n = all ? 256 : 96;

	disk_name = "memory";
	disk_make("-b 1024", 40 << 10);
	IS(disk_mount(), 0);
	test_disk.deferred = true;
	host_set_page_limit(host_pages_in_use() + 1000);
	IS(vfs_open(AT_FDCWD, "s", O_RDWR | O_CREAT, 0644, &f), 0);
	for (unsigned i = 0; i < n; i++) {
		memset(buf, (int)i + 1, sizeof(buf));
		IS(file_write_kernel(f, buf, sizeof(buf), &pos), sizeof(buf));
	}
	for (unsigned i = 0; i < n; i++) {
		memset(buf, (int)i + 1, sizeof(buf));
		IS(file_read_kernel(f, got, sizeof(got), (off_t)i * 65536),
		   65536);
		CHECK(!memcmp(buf, got, sizeof(buf)), "piece %u", i);
	}
	host_set_page_limit(1ul << 17);
	file_put(f);
	disk_umount();
	disk_fsck();
}

/* A small story, over and over, while the nth request or allocation fails. */
/* No memory to read a page is told to who asked for it; nobody who comes later
 * takes it for a fault of the disk. */
static void test_read_memory(void)
{
	static unsigned char buf[8 * PAGE_SIZE];
	struct mapping *m;
	struct page *pg;
	struct file *f;
	unsigned n, failed = 0;
	off_t pos;
	int err;

	disk_name = "no memory to read";
	disk_make("-b 1024", 2048);
	for (n = 1; n < 60; n++) {
		IS(disk_mount(), 0);
		IS(vfs_open(AT_FDCWD, "r", O_RDWR | O_CREAT, 0644, &f), 0);
		/* Each second block, so that many requests are wanted. */
		for (pos = 0; n == 1 && pos < (off_t)sizeof(buf); pos += 1024)
			IS(file_write_kernel(f, buf, 1024, &pos), 1024);
		m = &f->inode->mapping;
		host_fail_alloc(n);
		err = pagecache_get(m, 0, &pg);
		host_fail_alloc(0);
		CHECK(!err || err == -ENOMEM, "allocation %u: %d", n, err);
		if (!err)
			page_put(pg);
		failed += !!err;
		for (uint64_t i = 0; i < sizeof(buf) / PAGE_SIZE; i++) {
			pg = pagecache_find(m, i);
			if (!pg)
				continue;
			CHECK(!page_test(pg, PG_ERROR), "%u: page %u", n,
			      (unsigned)i);
			page_put(pg);
			IS(pagecache_get(m, i, &pg), 0);
			page_put(pg);
		}
		file_put(f);
		disk_umount();
		disk_fsck();
	}
	CHECK(failed > 3, "%u failed", failed);
}

static int story(void)
{
	static unsigned char buf[20000];
	struct file *f;
	off_t pos = 0;
	ssize_t n;
	int err = vfs_open(AT_FDCWD, "s", O_RDWR | O_CREAT, 0644, &f);

	if (err)
		return err;
	n = file_write_kernel(f, buf, sizeof(buf), &pos);
	err = n < 0 ? (int)n : 0;
	if (!err)
		err = file_fsync(f, false);
	pos = 100000;
	if (!err)
		n = file_write_kernel(f, buf, 3000, &pos);
	if (!err && n < 0)
		err = (int)n;
	if (!err)
		err = file_fallocate(f, 0, 30000, 20000);
	if (!err)
		err = file_truncate(f, 35001);
	pos = 31000;
	if (!err)
		n = file_write_kernel(f, buf, 1000, &pos);
	if (!err && n < 0)
		err = (int)n;
	if (!err)
		err = file_fallocate(f, FALLOC_FL_PUNCH_HOLE |
						FALLOC_FL_KEEP_SIZE,
				     5000, 9000);
	if (!err)
		err = file_fsync(f, true);
	file_put(f);
	if (!err)
		err = t_unlink("s");
	return err;
}

/* From the nth write or flush on, nothing works any more. */
static unsigned die_after;

static void count_to_death(struct host_disk *d, const struct blk_request *rq)
{
	if (!die_after || --die_after)
		return;
	d->bad_first = 0;
	d->bad_end = UINT64_MAX;
	d->bad_ops = 1u << BLK_WRITE | 1u << BLK_FLUSH;
	d->bad_times = UINT32_MAX;
}

static void test_death(const char *options)
{
	unsigned n;

	disk_name = "a disk that dies";
	host_set_log_level(-1);
	for (n = 1; n < 1000; n += all ? 1 : 4) {
		disk_make(options, 2048);
		IS(disk_mount(), 0);
		die_after = n;
		test_disk.on_write = count_to_death;
		test_disk.deferred = n & 1;
		story();
		pass_time(40);
		disk_umount();
		disk_fsck_log(true);
		if (die_after)
			break;
	}
	host_set_log_level(HOST_LOG_WARN);
	die_after = 0;
	printf("%s (%s): %u\n", disk_name, options, n);
}

static void test_failures(const char *options, bool requests)
{
	uint64_t pages = 0, objects = 0;
	unsigned n, step = all ? 1 : 7, fine = 0;
	bool end;
	int err;

	disk_name = requests ? "failing requests" : "failing allocations";
	host_set_log_level(-1);
	for (n = 1;; n += step) {
		disk_make(options, 2048);
		IS(disk_mount(), 0);
		if (requests)
			test_disk.fail_nth = n;
		else
			host_fail_alloc(n);
		err = story();
		CHECK(err == 0 || err == -EIO || err == -ENOMEM ||
			      err == -EROFS || err == -ENOSPC ||
			      err == -EUCLEAN,
		      "%s %u: %d", disk_name, n, err);
		host_fail_alloc(0);
		end = requests ? false : !err && ++fine > 25 / step;
		/* A request of the unmounting may be the one that fails. */
		host_settle();
		disk_umount();
		end |= requests && test_disk.fail_nth;
		disk_fsck_log(true);
		if (end)
			break;
		reclaim_all();
		if (pages && !requests) {
			CHECK(host_objects_in_use() <= objects + 40,
			      "%lu objects, %lu before", host_objects_in_use(),
			      objects);
		}
		pages = host_pages_in_use();
		objects = host_objects_in_use();
	}
	host_set_log_level(HOST_LOG_WARN);
	printf("%s (%s): %u\n", disk_name, options, n);
}

int main(int argc, char **argv)
{
	uint64_t pages, objects;
	const char *only = NULL;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--all"))
			all = true;
		else if (atoi(argv[i]) && !strchr(argv[i], 'k'))
			seed = (uint32_t)atoi(argv[i]);
		else
			only = argv[i];
	}
	test_start();
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (only && strcmp(only, kinds[i].name))
			continue;
		disk_name = kinds[i].name;
		reclaim_all();
		pages = host_pages_in_use();
		objects = host_objects_in_use();
		disk_make(kinds[i].options, 8192);
		test_random(all ? 4000 : 250);
		test_threads(all ? 1000 : 40, chance(1u << 20) + 1, 0);
		disk_make(kinds[i].options, 8192);
		test_threads(all ? 1000 : 40, chance(1u << 20) + 1,
			     150 + chance(300));
		reclaim_all();
		IS(host_pages_in_use(), pages);
		IS(host_objects_in_use(), objects);
		printf("%s\n", disk_name);
	}
	if (!only || !strcmp(only, "flushes"))
		test_flushes();
	if (!only || !strcmp(only, "small"))
		test_small();
	if (!only || !strcmp(only, "stream"))
		test_stream();
	if (!only || !strcmp(only, "full")) {
		test_full("-b 1024 -m 0");
		if (all)
			test_full("-b 4096");
		test_full("-t ext3 -b 1024 -O ^has_journal");
	}
	if (!only || !strcmp(only, "memory"))
		test_memory();
	if (!only || !strcmp(only, "read memory"))
		test_read_memory();
	if (!only || !strcmp(only, "requests")) {
		test_failures("-b 1024", true);
		if (all)
			test_failures("-b 4096 -O ^has_journal", true);
	}
	if (!only || !strcmp(only, "death"))
		test_death("-b 1024");
	if (!only || !strcmp(only, "allocations"))
		test_failures("-b 1024", false);
	return test_end();
}
