/*
 * ext4 against disks that mke2fs made: every file, directory, link and node of
 * a tree is there, with the content and the attributes that it was given; and
 * damaged disks are refused, read in part, or give errors, but never harm.
 *
 * Usage: ext4_test [--all]      (every kind of disk with every block size)
 *
 * The disks are made in a folder under /tmp that is removed at the end. Content
 * is a function of the file's seed and the position, so it is not kept.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#define _GNU_SOURCE
#include "fs/ext4/crc32c.h"
#include "fs/ext4/ext4.h"

#include "disk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Their headers have structures that fs/ has too. */
int open(const char *path, int flags, ...);
int mkdir(const char *path, mode_t mode);
int chmod(const char *path, mode_t mode);
int utimensat(int fd, const char *path, const struct timespec *ts, int flags);

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
static char folder[64];
static const char *image_name = "";

/* ---- the tree ---- */

struct entry {
	const char *path; /* "/a/b" */
	mode_t mode;
	uint64_t size;
	uint32_t seed;
	char *target; /* of a link */
	dev_t rdev;
	uint32_t nlink;
	uint64_t stride, piece; /* sparse: `piece` bytes every `stride` */
	time_t mtime;
	struct entry *next;
};
static struct entry *entries, **entries_tail = &entries;

static unsigned char content(const struct entry *e, uint64_t pos)
{
	uint64_t x = (pos + 1) * 0x9e3779b97f4a7c15ull + e->seed;

	if (e->stride && pos % e->stride >= e->piece)
		return 0;
	return (unsigned char)(x >> 33 ^ x >> 17);
}

/* Memory that is kept to the end, where the leak checker finds it. */
static void *hold(void *p)
{
	static void *held[20000];
	static unsigned n;

	if (!p || n == ARRAY_SIZE(held))
		abort();
	return held[n++] = p;
}

static char *text(const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	return hold(s);
}

static int run(const char *fmt, ...)
{
	char cmd[6000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

static struct entry *add(const char *path, mode_t mode)
{
	struct entry *e = hold(calloc(1, sizeof(*e)));

	e->path = path;
	e->mode = mode;
	e->nlink = 1;
	e->seed = (uint32_t)rand();
	e->mtime = 1000000000 + rand() % 1000000000;
	*entries_tail = e;
	entries_tail = &e->next;
	return e;
}

static char *host_path(const struct entry *e)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/tree%s", folder, e->path);
	return path;
}

static void write_file(const struct entry *e)
{
	int fd = open(host_path(e), O_CREAT | O_RDWR, 0644);
	unsigned char buf[65536];
	uint64_t step = e->stride ? e->stride : sizeof(buf);
	uint64_t part = e->stride ? e->piece : sizeof(buf);

	for (uint64_t at = 0; at < e->size; at += step) {
		uint64_t n = MIN(part, e->size - at);

		for (uint64_t i = 0; i < n; i++)
			buf[i] = content(e, at + i);
		if (pwrite(fd, buf, n, (off_t)at) != (ssize_t)n)
			abort();
	}
	if (ftruncate(fd, (off_t)e->size))
		abort();
	close(fd);
	chmod(host_path(e), e->mode & 07777);
}

static struct entry *add_file(const char *path, uint64_t size, mode_t mode)
{
	struct entry *e = add(path, S_IFREG | mode);

	e->size = size;
	write_file(e);
	return e;
}

static struct entry *add_sparse(const char *path, uint64_t size,
				uint64_t stride, uint64_t piece)
{
	struct entry *e = add(path, S_IFREG | 0644);

	e->size = size;
	e->stride = stride;
	e->piece = piece;
	write_file(e);
	return e;
}

static struct entry *add_dir(const char *path)
{
	struct entry *e = add(path, S_IFDIR | 0755);

	if (mkdir(host_path(e), 0755))
		abort();
	e->nlink = 2;
	return e;
}

static void add_link(const char *path, unsigned len)
{
	struct entry *e = add(path, S_IFLNK | 0777);

	e->target = hold(malloc(len + 1));
	for (unsigned i = 0; i < len; i++)
		e->target[i] = (char)("abcdefgh/"[i % 9]);
	e->target[len] = 0;
	e->size = len;
	if (symlink(e->target, host_path(e)))
		abort();
}

static void make_tree(void)
{
	static const unsigned sizes[] = { 0,    1,     511,   512,   1023,
					  1024, 1025,  2048,  4095,  4096,
					  4097, 12288, 16384, 65536, 1000000 };
	struct entry *base, *dir;
	char *path;

	snprintf(folder, sizeof(folder), "/tmp/ext4_test.XXXXXX");
	if (!mkdtemp(folder))
		abort();
	run("mkdir %s/tree", folder);
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
		add_file(text("/size-%u", sizes[i]), sizes[i], 0600 + i);
	for (unsigned d = 0; d < 12; d++) {
		dir = add_dir(text("/dir%u", d));
		for (unsigned i = 0; i < 25; i++)
			add_file(text("%s/file %u.txt", dir->path, i),
				 (uint64_t)rand() % 9000, 0644);
	}
	path = text("/deep");
	for (unsigned i = 0; i < 10; i++) {
		dir = add_dir(path);
		path = text("%s/%u", path, i);
		if (i < 9)
			dir->nlink++;
	}
	add_file(path, 5, 04755);
	path = text("/%0*d", 255, 7);
	add_file(path, 77, 0644);
	add_file("/caf\xc3\xa9 \xff\x80", 10, 0644);
	add_link("/link1", 1);
	add_link("/link59", 59);
	add_link("/link60", 60);
	add_link("/link61", 61);
	add_link("/link1000", 1000);
	base = add_file("/hard1", 100, 0644);
	base->nlink = 2;
	add("/hard2", base->mode);
	path = hold(strdup(host_path(base)));
	dir = container_of(entries_tail, struct entry, next);
	if (link(path, host_path(dir)))
		abort();
	dir->size = base->size;
	dir->seed = base->seed;
	dir->nlink = 2;
	dir->mtime = base->mtime;
	/* Beyond 4 GiB, nearly all of it a hole; and many pieces. */
	add_sparse("/huge", 5ull << 30, 1ull << 30, 6000);
	add_sparse("/pieces", 1500 * 8192 + 100, 8192, 4096);
	/* With blocks of 1 KiB the second piece is the first block behind what
	 * one block of a map covers. */
	add_sparse("/border", 600000, (12 + 256) * 1024, 1024);
	/* Enough names for an index with inner nodes (1 KiB blocks). */
	dir = add_dir("/wide");
	base = add_file("/wide/base", 3, 0644);
	base->nlink = 5000;
	path = hold(strdup(host_path(base)));
	for (unsigned i = 1; i < 5000; i++) {
		struct entry *e = add(text("/wide/an-entry-%s-%u-%.*s",
					   i & 8 ? "of-many" : "\xc3\xa9\xff",
					   i, (int)(i % 40),
					   "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
					   "yyyyyy"),
				      base->mode);

		if (link(path, host_path(e)))
			abort();
		e->size = base->size;
		e->seed = base->seed;
		e->nlink = base->nlink;
		e->mtime = base->mtime;
	}
	for (struct entry *e = entries; e; e = e->next) {
		struct timespec ts[2] = { { e->mtime, 0 }, { e->mtime, 0 } };

		if (!S_ISDIR(e->mode))
			utimensat(-100, host_path(e), ts, AT_SYMLINK_NOFOLLOW);
	}
}

/* ---- reading a mounted disk ---- */

static struct host_disk disk;

static int mount_disk(struct super **out)
{
	int err = ext4_type.mount(&ext4_type, &disk.bd, true, NULL, out);

	if (!err)
		(*out)->refs = 1;
	return err;
}

static int walk_to(struct super *sb, const char *path, struct inode **out)
{
	struct inode *ip = sb->root, *next;
	int err = 0;

	inode_get(ip);
	while (*path == '/') {
		const char *end = strchr(++path, '/');
		unsigned len =
			(unsigned)(end ? (size_t)(end - path) : strlen(path));

		if (!S_ISDIR(ip->mode)) {
			inode_put(ip);
			return -ENOTDIR;
		}
		rwsem_read_lock(&ip->lock);
		err = ip->ops->lookup(ip, path, len, &next);
		rwsem_read_unlock(&ip->lock);
		inode_put(ip);
		if (err)
			return err;
		ip = next;
		path += len;
	}
	*out = ip;
	return 0;
}

static ssize_t read_at(struct inode *ip, void *buf, size_t n, uint64_t pos)
{
	struct file f = { .inode = ip, .ops = ip->fops, .readable = true };
	struct iovec iov;
	struct uio u;

	uio_init_kernel(&u, &iov, buf, n);
	return ip->fops->read(&f, &u, (off_t)pos);
}

static void check_range(struct inode *ip, const struct entry *e, uint64_t from,
			uint64_t n)
{
	static unsigned char buf[100000];

	while (n) {
		ssize_t got = read_at(ip, buf, MIN(n, sizeof(buf)), from);

		CHECK(got > 0, "%s %s at %llu: %ld", image_name, e->path,
		      (unsigned long long)from, (long)got);
		if (got <= 0)
			return;
		for (ssize_t i = 0; i < got; i++) {
			if (buf[i] == content(e, from + (uint64_t)i))
				continue;
			CHECK(0, "%s %s: byte %llu is %u", image_name, e->path,
			      (unsigned long long)from + (uint64_t)i, buf[i]);
			return;
		}
		from += (uint64_t)got;
		n -= MIN(n, (uint64_t)got);
	}
}

static void check_content(struct inode *ip, const struct entry *e)
{
	unsigned char c;

	if (e->size < 20u << 20) {
		if (e->size)
			check_range(ip, e, 0, e->size);
	} else {
		for (uint64_t at = 0; at < e->size; at += e->stride) {
			if (at)
				check_range(ip, e, at - 10000, 10000);
			check_range(ip, e, at, 20000);
			check_range(ip, e, at + e->stride / 2, 5000);
		}
		check_range(ip, e, e->size - 3, 3);
	}
	CHECK(read_at(ip, &c, 1, e->size) == 0, "%s %s: reads beyond its end",
	      image_name, e->path);
}

static void check_entry(struct super *sb, const struct entry *e)
{
	struct inode *ip;
	struct stat st;
	char buf[5000];
	int err = walk_to(sb, e->path, &ip);

	CHECK(!err, "%s %.60s: %d", image_name, e->path, err);
	if (err)
		return;
	inode_fill_stat(ip, &st);
	CHECK(st.st_mode == e->mode, "%s %s: mode %o", image_name, e->path,
	      st.st_mode);
	CHECK(st.st_uid == getuid() || S_ISCHR(e->mode) || S_ISBLK(e->mode),
	      "%s %s: uid %u", image_name, e->path, st.st_uid);
	CHECK(st.st_nlink == e->nlink, "%s %s: nlink %u", image_name, e->path,
	      st.st_nlink);
	CHECK(st.st_rdev == e->rdev, "%s %s: rdev %lx", image_name, e->path,
	      (unsigned long)st.st_rdev);
	if (!S_ISDIR(e->mode)) {
		CHECK(st.st_size == (off_t)e->size, "%s %s: size %ld",
		      image_name, e->path, (long)st.st_size);
		CHECK(S_ISCHR(e->mode) || S_ISBLK(e->mode) ||
			      st.st_mtim.tv_sec == e->mtime,
		      "%s %s: mtime %ld", image_name, e->path,
		      (long)st.st_mtim.tv_sec);
	}
	/* Its hard links have the same content. */
	if (S_ISREG(e->mode) && (e->nlink < 1000 || !ip->mapping.npages))
		check_content(ip, e);
	if (S_ISLNK(e->mode)) {
		ssize_t n = ip->ops->readlink(ip, buf, sizeof(buf));

		CHECK(n == (ssize_t)e->size && !memcmp(buf, e->target, e->size),
		      "%s %s: link of %ld bytes", image_name, e->path, (long)n);
		n = ip->ops->readlink(ip, buf, 1);
		CHECK(n == 1, "%s %s: %ld", image_name, e->path, (long)n);
	}
	inode_put(ip);
}

struct lister {
	struct dir_context c;
	unsigned names, stop_after;
	uint64_t ino_sum;
	struct super *sb;
	off_t next;
	bool lookup, full;
	struct inode *dir;
};

static bool list_emit(struct dir_context *c, const char *name, unsigned len,
		      ino_t ino, unsigned type, off_t next)
{
	struct lister *l = container_of(c, struct lister, c);

	if (l->stop_after && l->names % l->stop_after == 0 &&
	    l->next != next - 1) {
		/* Full once; the same entry comes again. */
		l->next = next - 1;
		l->full = true;
		return false;
	}
	CHECK(len && len <= 255 && type <= 12, "%u %u", len, type);
	l->names++;
	l->ino_sum += ino * len;
	l->next = next;
	return true;
}

static int list(struct inode *dir, struct lister *l, unsigned stop_after)
{
	struct file f = { .inode = dir, .ops = dir->fops };
	off_t pos = 0;
	unsigned names;
	int err;

	memset(l, 0, sizeof(*l));
	l->c.emit = list_emit;
	l->stop_after = stop_after;
	do {
		names = l->names;
		l->full = false;
		rwsem_read_lock(&dir->lock);
		err = dir->fops->iterate(&f, &l->c, &pos);
		rwsem_read_unlock(&dir->lock);
	} while (!err && (l->names != names || l->full));
	return err;
}

/* Every directory has as many names as were made. */
static void check_dirs(struct super *sb)
{
	for (struct entry *d = entries; d; d = d->next) {
		size_t n = strlen(d->path);
		unsigned want = 2;
		struct lister a, b;
		struct inode *ip;

		if (!S_ISDIR(d->mode))
			continue;
		for (struct entry *e = entries; e; e = e->next) {
			if (!strncmp(e->path, d->path, n) &&
			    e->path[n] == '/' && !strchr(e->path + n + 1, '/'))
				want++;
		}
		if (walk_to(sb, d->path, &ip))
			continue;
		list(ip, &a, 0);
		list(ip, &b, 3);
		CHECK(a.names == want && b.names == want &&
			      a.ino_sum == b.ino_sum,
		      "%s %s: %u, %u names, not %u", image_name, d->path,
		      a.names, b.names, want);
		inode_put(ip);
	}
}

/* Blocks that were allocated but never written read as zeroes, whatever lies
 * in them. */
static void check_unwritten(struct super *sb)
{
	struct ext4_sb *es = ext4_sb(sb);
	struct ext4_run r;
	struct inode *ip;
	unsigned char buf[4096];
	unsigned found = 0;

	if (walk_to(sb, "/size-65536", &ip))
		return;
	if (!(ip->flags & EXT4_FL_EXTENTS)) {
		inode_put(ip);
		return;
	}
	for (uint64_t l = 0; l < 40; l += r.len) {
		if (ext4_map(ip, 65536 / es->block_size + l, 8, &r)) {
			CHECK(0, "%s: no map", image_name);
			break;
		}
		if (r.kind != EXT4_RUN_UNWRITTEN)
			continue;
		found++;
		memset(disk.data + r.block * es->block_size, 0x77,
		       r.len * es->block_size);
	}
	CHECK(found, "%s: no unwritten extent was made", image_name);
	/* As if the file had been that long. */
	ip->size = 65536 + 20 * es->block_size;
	CHECK(read_at(ip, buf, 4096, 65536 + 2048) == 4096, "%s", image_name);
	for (unsigned i = 0; i < 4096; i++) {
		if (buf[i]) {
			CHECK(0, "%s: unwritten byte %u is %u", image_name, i,
			      buf[i]);
			break;
		}
	}
	inode_put(ip);
}

/* The large directory has an index, with inner nodes when blocks are small. */
static void check_index(struct super *sb)
{
	struct ext4_sb *es = ext4_sb(sb);
	struct ext4_dx_path path;
	struct inode *ip;
	int err;

	if (!(es->compat & EXT4_COMPAT_DIR_INDEX) || walk_to(sb, "/wide", &ip))
		return;
	err = ext4_dx_open(ip, "base", 4, &path);
	CHECK(ext4_dir_indexed(ip) && !err, "%s: no index (%d)", image_name,
	      err);
	CHECK(err || path.depth == (es->block_size == 1024), "%s: depth %u",
	      image_name, path.depth);
	if (!err)
		ext4_dx_close(&path);
	inode_put(ip);
}

static void check_missing(struct super *sb)
{
	struct inode *ip;

	CHECK(walk_to(sb, "/nothing", &ip) == -ENOENT, "%s", image_name);
	CHECK(walk_to(sb, "/wide/an-entry-of-many-5000-", &ip) == -ENOENT, "%s",
	      image_name);
	CHECK(ext4_inode_get(sb, 0, &ip) == -EUCLEAN, "%s", image_name);
	CHECK(ext4_inode_get(sb, 3, &ip) == -EUCLEAN, "%s", image_name);
	CHECK(ext4_inode_get(sb, 8, &ip) == -EUCLEAN, "%s", image_name);
	CHECK(ext4_inode_get(sb, UINT32_MAX, &ip) == -EUCLEAN, "%s",
	      image_name);
	CHECK(ext4_inode_get(sb, 1ull << 40, &ip) == -EUCLEAN, "%s",
	      image_name);
	CHECK(ext4_inode_get(sb, ext4_sb(sb)->n_inodes, &ip) == -EUCLEAN, "%s",
	      image_name);
}

/* Made with debugfs, since mknod wants root and mke2fs no future times. */
static const char extras[] = "cd /\n"
			     "mknod chr c 5 1\n"
			     "mknod blk b 259 7000\n"
			     "mknod fifo p\n"
			     "set_inode_field /size-1 mtime_lo 0xfffffff6\n"
			     "set_inode_field /size-1 mtime_extra 0x%x\n";

static void check_extras(struct super *sb)
{
	static const struct {
		const char *path;
		mode_t type;
		dev_t rdev;
	} nodes[] = {
		{ "/chr", S_IFCHR, ABI_DEV(5, 1) },
		{ "/blk", S_IFBLK, ABI_DEV(259, 7000) },
		{ "/fifo", S_IFIFO, 0 },
	};
	struct inode *ip;

	for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++) {
		int err = walk_to(sb, nodes[i].path, &ip);

		CHECK(!err, "%s %s: %d", image_name, nodes[i].path, err);
		if (err)
			continue;
		CHECK((ip->mode & S_IFMT) == nodes[i].type &&
			      ip->rdev == nodes[i].rdev,
		      "%s %s: %o %lx", image_name, nodes[i].path, ip->mode,
		      (unsigned long)ip->rdev);
		inode_put(ip);
	}
	if (walk_to(sb, "/size-1", &ip))
		return;
	if (ext4_sb(sb)->inode_size > 128)
		CHECK(ip->mtime.tv_sec == 0x1fffffff6 - 0x100000000 + 0 &&
			      ip->mtime.tv_nsec == 123456789,
		      "%s: %ld.%ld", image_name, (long)ip->mtime.tv_sec,
		      (long)ip->mtime.tv_nsec);
	inode_put(ip);
}

/* Names with one hash may begin in one leaf and go on in the next. */
static void test_collision(struct super *sb)
{
	struct ext4_dx_path path;
	struct ext4_dx_frame *f;
	struct ext4_dx_entry *entry;
	struct inode *dir, *ip;
	unsigned done = 0;

	if (walk_to(sb, "/wide", &dir))
		return;
	for (struct entry *e = entries; e && done < 40; e = e->next) {
		uint32_t old, hash;

		if (strncmp(e->path, "/wide/", 6) ||
		    ext4_dx_open(dir, e->path + 6,
				 (unsigned)strlen(e->path) - 6, &path))
			continue;
		f = &path.frames[path.depth];
		hash = path.hash;
		/* As if its leaf began with its hash, as a continuation: the
		 * search arrives one leaf too early and must go on. */
		if (f->at && f->entries[f->at].hash != hash) {
			entry = (struct ext4_dx_entry *)&f->entries[f->at];
			old = entry->hash;
			entry->hash = hash | 1;
			CHECK(!walk_to(sb, e->path, &ip), "%s: %s", image_name,
			      e->path);
			inode_put(ip);
			/* Without the mark it is not looked for there. */
			entry->hash = hash + 2;
			CHECK(walk_to(sb, e->path, &ip) == -ENOENT, "%s: %s",
			      image_name, e->path);
			entry->hash = old;
			done++;
		}
		ext4_dx_close(&path);
	}
	CHECK(done == 40, "%u", done);
	inode_put(dir);
}

/* Who maps a file sees zeroes behind its end, whatever the disk has there. */
static void check_tail(struct super *sb)
{
	struct ext4_sb *es = ext4_sb(sb);
	const uint64_t size = 1000000;
	struct ext4_run r;
	struct inode *ip;
	struct page *pg;
	unsigned used = size % es->block_size;
	unsigned bad = 0;

	if (walk_to(sb, "/size-1000000", &ip))
		return;
	pagecache_truncate(&ip->mapping, 0, UINT64_MAX);
	CHECK(!ext4_map(ip, size / es->block_size, 1, &r), "%s", image_name);
	memset(disk.data + r.block * es->block_size + used, 0x55,
	       es->block_size - used);
	if (!pagecache_get(&ip->mapping, size / PAGE_SIZE, &pg)) {
		const char *p = page_to_va(pg);

		for (unsigned i = size % PAGE_SIZE; i < PAGE_SIZE; i++)
			bad += p[i] != 0;
		page_put(pg);
	}
	CHECK(!bad, "%s: %u bytes behind the end", image_name, bad);
	inode_put(ip);
}

/* The disk fails under a file: the page says so, and is read again. */
static void test_failing(struct super *sb)
{
	struct ext4_sb *es = ext4_sb(sb);
	const uint64_t at = 512 << 10;
	struct ext4_run r;
	struct inode *ip;
	char buf[4096];

	if (walk_to(sb, "/size-1000000", &ip) ||
	    ext4_map(ip, at / es->block_size, 1, &r))
		return;
	reclaim_all();
	pagecache_truncate(&ip->mapping, 0, UINT64_MAX);
	disk.bad_first = r.block * es->block_size / 512;
	disk.bad_end = disk.bad_first + 1;
	disk.bad_ops = 1u << BLK_READ;
	disk.bad_times = 1000000;
	CHECK(read_at(ip, buf, 100, 0) == 100, "what was read ahead fails");
	CHECK(read_at(ip, buf, 1, at) == -EIO, "no error");
	CHECK(read_at(ip, buf, 1, at) == -EIO, "no error");
	CHECK(read_at(ip, buf, 4096, at - 4096) > 0, "a neighbour fails");
	disk.bad_times = 0;
	CHECK(read_at(ip, buf, 1, at) == 1, "not again");
	/* No memory for the request. */
	for (unsigned n = 1; n < 12; n++) {
		pagecache_truncate(&ip->mapping, 0, UINT64_MAX);
		host_fail_alloc(n);
		read_at(ip, buf, 100, 8192);
		host_fail_alloc(0);
		CHECK(read_at(ip, buf, 100, 8192) == 100, "%u", n);
	}
	inode_put(ip);
}

static char *make_image(const char *name, const char *options,
			const char *before_index, unsigned bs)
{
	char *path = text("%s/%s-%u.img", folder, name, bs);
	unsigned first = 65536 / bs;
	char *script;
	FILE *f;

	if (run("/sbin/mke2fs -q -b %u %s -d %s/tree %s 72M >/dev/null 2>&1",
		bs, options, folder, path)) {
		CHECK(0, "mke2fs %s -b %u fails", options, bs);
		return path;
	}
	script = text("%s/script", folder);
	f = fopen(script, "w");
	/* 2^32 - 10 seconds: epoch bit 1 with a negative low word. */
	fprintf(f, extras, 123456789 << 2 | 1);
	/* Behind the end, which is fine for extents only. */
	if (strstr(options, "ext4") && !strstr(options, "^extents"))
		fprintf(f, "fallocate /size-65536 %u %u\n", first + 1,
			first + 19);
	fclose(f);
	run("/sbin/debugfs -w -f %s %s >/dev/null 2>&1", script, path);
	if (before_index)
		run("%s %s >/dev/null 2>&1", before_index, path);
	/* mke2fs fills directories without an index: this adds it. */
	run("/sbin/e2fsck -fyD %s >/dev/null 2>&1", path);
	CHECK(!run("/sbin/e2fsck -fn %s >/dev/null 2>&1", path), "%s: unsound",
	      path);
	return path;
}

static void test_image(const char *name, const char *options,
		       const char *before_index, unsigned bs, bool deferred)
{
	char *path = make_image(name, options, before_index, bs);
	uint64_t objects = host_objects_in_use(), pages = host_pages_in_use();
	struct super *sb;
	struct statfs sf;
	int err;

	image_name = text("%s-%u", name, bs);
	if (host_disk_open(&disk, path)) {
		CHECK(0, "%s cannot be opened", path);
		return;
	}
	disk.deferred = deferred;
	disk.shuffle_seed = bs;
	host_log_clear();
	err = mount_disk(&sb);
	CHECK(!err, "%s: mount: %d", image_name, err);
	if (!err) {
		for (struct entry *e = entries; e; e = e->next) {
			if (strcmp(e->path, "/size-1") &&
			    (bs > 1000 || e->size != 1000))
				check_entry(sb, e);
		}
		check_dirs(sb);
		check_index(sb);
		check_missing(sb);
		check_extras(sb);
		check_unwritten(sb);
		if (!strcmp(name, "nocsum"))
			test_collision(sb);
		check_tail(sb);
		test_failing(sb);
		CHECK(!sb->ops->statfs(sb, &sf) && sf.f_bsize == bs &&
			      sf.f_bfree < sf.f_blocks && sf.f_bfree,
		      "%s: statfs", image_name);
		CHECK(!host_log_has("bad") && !host_log_has("damaged"), "%s",
		      image_name);
		super_put(sb);
	}
	host_disk_close(&disk);
	CHECK(host_objects_in_use() == objects && host_pages_in_use() == pages,
	      "%s: %ld objects, %ld pages are left", image_name,
	      (long)(host_objects_in_use() - objects),
	      (long)(host_pages_in_use() - pages));
	unlink(path);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *options;
		unsigned usual; /* block sizes of the short form, in KiB */
		const char *before_index;
	} kinds[] = {
		{ "default", "-t ext4", 1 | 2 | 4, NULL },
		{ "newer", "-t ext4 -O orphan_file,metadata_csum_seed", 4,
		  "/sbin/debugfs -w -R 'set_super_value flags 2'" },
		{ "nocsum", "-t ext4 -O ^metadata_csum", 1,
		  "/sbin/tune2fs -E hash_alg=legacy" },
		{ "ext2", "-t ext2", 4, "/sbin/tune2fs -E hash_alg=tea" },
		{ "ext3", "-t ext3", 1,
		  "/sbin/debugfs -w -R 'set_super_value flags 2'" },
		{ "maps", "-t ext4 -O ^extents,^64bit -I 128", 2, NULL },
		{ "narrow", "-t ext4 -O ^64bit", 4, NULL },
		{ "gdtcsum", "-t ext4 -O ^metadata_csum,uninit_bg", 2, NULL },
		{ "bigalloc", "-t ext4 -O bigalloc -C 16384", 0, NULL },
		{ "backups",
		  "-t ext4 -O sparse_super2,meta_bg,^resize_inode -g 1024 "
		  "-I 512",
		  0, NULL },
		{ "metabg", "-t ext4 -O meta_bg,^resize_inode -g 2048", 1,
		  NULL },
	};
	bool all = argc > 1 && !strcmp(argv[1], "--all");

	setvbuf(stdout, NULL, _IOLBF, 0);
	host_set_log_level(-1);
	srand(7);
	vfs_init();
	make_tree();
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (unsigned k = 1; k <= 4; k *= 2) {
			if (all || kinds[i].usual & k)
				test_image(kinds[i].name, kinds[i].options,
					   kinds[i].before_index, k * 1024,
					   (i + k) & 1);
		}
	}
	run("rm -rf %s", folder);
	printf("%s\n", failures ? "FAIL" : "ok");
	return failures != 0;
}
