/*
 * The calls. Names are few and most of them exist, so that calls meet; four
 * files stay open between calls. What a call says is of no interest here:
 * whatever it does, the sanitizers, the shim and the locks look on.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include "fs/dcache.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/writeback.h"
#include "kernel/abi/mount.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS      4u
#define MAX_VISITS 24u
#define BUFFER     65536u
#define NAME       300u
/* A small machine: tables that are looked through at unmount are small. */
#define MEMORY_PAGES 8192u

struct host_disk disk;
struct super *sb;
bool disk_is_dead;

/* The disk that the next mount finds. */
#define DEVICE_READ_ONLY (1u << 0)
#define DEVICE_NO_FLUSH  (1u << 1)
#define DEVICE_SMALL     (1u << 2) /* its requests */
#define DEVICE_SECTORS   (1u << 3) /* of 4 KiB */
static unsigned device;

static struct mount *mnt;
static struct path old_cwd;
static struct file *slots[SLOTS];
static char buffer[BUFFER];

/* ---- the disk ---- */

static void (*real_submit)(struct blkdev *bd, struct blk_request *rq);
static unsigned cut_after; /* so many requests until the power goes; 0: no */

static void submit(struct blkdev *bd, struct blk_request *rq)
{
	if (cut_after && !--cut_after)
		disk_is_dead = true;
	if (disk_is_dead && rq->op != BLK_READ) {
		rq->err = -EIO;
		rq->done(rq);
		return;
	}
	real_submit(bd, rq);
}

static void note_write(struct host_disk *d, const struct blk_request *rq)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < rq->nsegs; i++)
		n += rq->segs[i].len;
	touch(rq->sector * BLK_SECTOR, n);
}

int disk_mount(bool read_only)
{
	struct fs_context *fs = host_fs();
	bool deferred = disk.deferred;
	unsigned seed = disk.shuffle_seed;
	int err;

	host_disk_memory(&disk, base->data, base->bytes);
	disk.deferred = deferred;
	disk.shuffle_seed = seed;
	disk.on_write = note_write;
	disk.bd.read_only = device & DEVICE_READ_ONLY;
	disk.bd.has_flush = !(device & DEVICE_NO_FLUSH);
	if (device & DEVICE_SMALL) {
		disk.bd.max_segs = 2;
		disk.bd.max_bytes = 4096;
	}
	if (device & DEVICE_SECTORS)
		disk.bd.block_size = 4096;
	real_submit = disk.bd.submit;
	disk.bd.submit = submit;
	err = ext4_type.mount(&ext4_type, &disk.bd, read_only, NULL, &sb);
	if (!err && mount_private(sb, &mnt)) {
		/* No memory: the super's own reference is the last. */
		sb->refs = 1;
		super_put(sb);
		err = -ENOMEM;
	}
	host_settle();
	if (err) {
		sb = NULL;
		host_disk_close(&disk);
		return err;
	}
	old_cwd = fs->cwd;
	fs->cwd = (struct path){ mnt, mnt->root };
	return 0;
}

static void slot_close(unsigned i);

/* Calls of other threads that have not ended. */
static unsigned others;

static void others_wait(void)
{
	while (others) {
		thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
		thread_sleep(time_now() + NSEC_PER_MSEC);
	}
}

void disk_umount(void)
{
	others_wait();
	for (unsigned i = 0; i < SLOTS; i++)
		slot_close(i);
	host_fs()->cwd = old_cwd;
	mount_put(mnt);
	host_settle();
	host_disk_close(&disk);
	sb = NULL;
	disk_is_dead = false;
	cut_after = 0;
}

void ops_init(void)
{
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", 1);
	host_set_log_level(-1);
	/* Who wants to know where an object came from has the C library's. */
	if (!getenv("FUZZ_STACKS"))
		host_use_pool();
	host_set_page_limit(MEMORY_PAGES);
	vfs_init();
	host_set_process(fs_context_create(), fdtable_create());
	for (unsigned i = 0; i < BUFFER; i++)
		buffer[i] = (char)(i * 7 ^ i >> 8);
}

/* ---- names ---- */

static const char *const fixed[] = {
	".",        "d",      "d/e",    "wide",  "few",      "lost+found",
	"d/e/f",    "d/new",  "n0",     "n1",    "n2",       "n3",
	"d/f1",     "d/f2",   "d/f3",   "d/f4",  "d/f5",     "d/f6",
	"ap",       "im",     "d/f9",   "frag",  "hole",     "far",
	"l1",       "l2",     "c",      "p",     "xa",       "xb",
	"d/e/hard", "fill",   "d/n0",   "d/n1",  "d/e/n0",   "wide/n0",
	"wide/n1",  "few/n0", "few/n1", "few/0", "d/new/s1", "d/new/s2",
	"d/new/g5", "d/..",   "n0/n0",  "n0/n1", "n1/n0",    "n1/n1",
};

/* s has room for NAME bytes; threads have names of their own. */
static const char *name_in(unsigned v, char *s)
{
	if (v < ARRAY_SIZE(fixed))
		return fixed[v];
	if (v < 128)
		snprintf(s, NAME, "few/%u", v - 48);
	else if (v < 192)
		snprintf(s, NAME, "wide/%0240u", v - 128);
	else
		snprintf(s, NAME, "wide/%0*u", (int)v - 10, v);
	return s;
}

#define name_of(v) name_in(v, (char[NAME]){ 0 })

static const char *dir_of(unsigned v)
{
	static const char *const dirs[] = { ".",   "d",     "d/e", "wide",
					    "few", "d/new", "n0",  "n1" };

	return dirs[v % ARRAY_SIZE(dirs)];
}

int make_file(const char *name, uint64_t pos, size_t n)
{
	off_t at = (off_t)pos;
	struct file *f;
	ssize_t got;
	int err = vfs_open(AT_FDCWD, name, O_RDWR | O_CREAT, 0644, &f);

	if (err)
		return err;
	got = n ? file_write_kernel(f, buffer, MIN(n, BUFFER), &at) : 0;
	file_put(f);
	return got < 0 ? (int)got : 0;
}

int make_dir(const char *name)
{
	return vfs_mkdir(AT_FDCWD, name, 0755);
}

/* ---- files ---- */

/* Where: small, anywhere, or far away. */
static uint64_t pos_of(const uint8_t *r)
{
	static const uint64_t unit[] = { 16, 1024, 4096, 1ull << 20 };
	uint64_t n = r[3] & 0x3f;

	if (n == 0x3f)
		return MIN(sb->max_file_size, 1ull << 44) - 16ull * r[4];
	return n * unit[r[3] >> 6] + r[4];
}

static size_t len_of(unsigned v)
{
	static const unsigned shift[] = { 0, 5, 8, 10 };

	return (size_t)(v & 0x3f) << shift[v >> 6];
}

/* The file in a slot, with a reference; an empty one gets the one that is
 * named. */
static struct file *file_of(const uint8_t *r, unsigned flags)
{
	struct file **slot = &slots[r[1] % SLOTS], *f, *ours;
	const char *name = name_of(r[2]);

	if (!*slot) {
		flags |= O_NONBLOCK;
		if (vfs_open(AT_FDCWD, name, O_RDWR | O_CREAT | flags, 0644,
			     &f) &&
		    vfs_open(AT_FDCWD, name, O_RDONLY | O_NONBLOCK, 0, &f))
			return NULL;
		/* Another thread may have been faster. */
		if (*slot) {
			ours = f;
			f = *slot;
			file_get(f);
			file_put(ours);
			return f;
		}
		*slot = f;
	}
	file_get(*slot);
	return *slot;
}

static void slot_close(unsigned i)
{
	struct file *f = slots[i];

	slots[i] = NULL;
	if (f)
		file_put(f);
}

static void op_open(const uint8_t *r)
{
	static const unsigned flags[] = {
		0,       O_TRUNC, O_APPEND,           O_SYNC,
		O_DSYNC, O_EXCL,  O_TRUNC | O_APPEND,
	};
	struct file *f;

	slot_close(r[1] % SLOTS);
	f = file_of(r, flags[r[3] % ARRAY_SIZE(flags)]);
	if (f)
		file_put(f);
}

/* To or from the caller's own memory, in three pieces: of the second, part is
 * not there yet, or never. */
static void transfer(struct file *f, char *p, size_t n, off_t pos,
		     const uint8_t *r, bool to_user)
{
	uint64_t middle = round_down((uintptr_t)p + n / 2, PAGE_SIZE);
	const struct iovec v[] = { { p, n / 4 },
				   { p + n / 4, n / 2 },
				   { p + n / 4 + n / 2, n - n / 4 - n / 2 } };
	struct uio u = { .iov = v, .iovcnt = ARRAY_SIZE(v), .resid = n };

	if (r[1] & 0x20)
		host_set_absent_range(middle, middle + 2 * PAGE_SIZE);
	if (r[1] & 0x10)
		host_set_bad_range(middle + PAGE_SIZE, middle + 2 * PAGE_SIZE);
	if (to_user)
		file_read(f, &u, &pos);
	else
		file_write(f, &u, &pos);
	host_set_absent_range(0, 0);
	host_set_bad_range(0, 0);
}

static void op_write(const uint8_t *r)
{
	struct file *f = file_of(r, 0);
	off_t pos;

	if (!f)
		return;
	pos = (off_t)pos_of(r);
	/* Behind the end, which may be anywhere. */
	if (r[1] & 0x80 && f->inode->size < 1 << 30)
		pos = f->inode->size;
	if (r[1] & 0x40)
		transfer(f, buffer + (r[5] & 7), MIN(len_of(r[5]), BUFFER - 8),
			 pos, r, false);
	else
		file_write_kernel(f, buffer + (r[5] & 7),
				  MIN(len_of(r[5]), BUFFER - 8), &pos);
	file_put(f);
}

/* Many small pieces: many extents. */
static void op_scatter(const uint8_t *r)
{
	struct file *f = file_of(r, 0);
	uint64_t step = base->block_size * (1 + r[4] % 4u);

	if (!f)
		return;
	for (unsigned i = 0; i < (r[5] & 0x1f); i++) {
		off_t pos = (off_t)((r[3] + i) * step);

		if (file_write_kernel(f, buffer, 8, &pos) < 0)
			break;
	}
	file_put(f);
}

static void op_read(const uint8_t *r)
{
	static char to[BUFFER];
	struct file *f = file_of(r, 0);

	if (!f)
		return;
	if (S_ISREG(f->inode->mode) && r[1] & 0x40)
		transfer(f, to, MIN(len_of(r[5]), BUFFER), (off_t)pos_of(r), r,
			 true);
	else if (S_ISREG(f->inode->mode))
		file_read_kernel(f, to, MIN(len_of(r[5]), BUFFER),
				 (off_t)pos_of(r));
	file_put(f);
}

/* A store to a page that is mapped: its fault. */
static void store(struct mapping *m, uint64_t i, unsigned value)
{
	struct page *pg;

	if (!m->ops || !m->ops->make_writable || pagecache_get(m, i, &pg))
		return;
	page_lock(pg);
	if (pg->mapping == m && !m->ops->make_writable(m, pg))
		memset((char *)page_to_va(pg) + (value & 0x7f) * 16, (int)value,
		       16);
	page_unlock(pg);
	page_put(pg);
}

static void op_store(const uint8_t *r)
{
	struct file *f = file_of(r, 0);

	if (!f)
		return;
	if (S_ISREG(f->inode->mode) && f->writable &&
	    pos_of(r) < (uint64_t)f->inode->size)
		store(&f->inode->mapping, pos_of(r) >> PAGE_SHIFT, r[5]);
	file_put(f);
}

static void op_truncate(const uint8_t *r)
{
	struct file *f = file_of(r, 0);

	if (!f)
		return;
	file_truncate(f, r[5] & 1 ? f->inode->size / 2 : (off_t)pos_of(r));
	file_put(f);
}

static void op_fallocate(const uint8_t *r)
{
	static const int modes[] = {
		0,
		FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE,
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
	};
	struct file *f = file_of(r, 0);

	if (!f)
		return;
	file_fallocate(f, modes[(r[1] >> 2) % ARRAY_SIZE(modes)],
		       (off_t)pos_of(r),
		       (off_t)len_of(r[5]) << (r[1] >> 6) * 4);
	file_put(f);
}

static void op_seek(const uint8_t *r)
{
	static const int whence[] = { SEEK_DATA, SEEK_HOLE, SEEK_DATA,
				      SEEK_HOLE, SEEK_SET,  SEEK_CUR,
				      SEEK_END };
	struct file *f = file_of(r, 0);

	if (!f)
		return;
	file_seek(f, (off_t)pos_of(r), whence[r[5] % ARRAY_SIZE(whence)]);
	file_put(f);
}

static void op_fsync(const uint8_t *r)
{
	struct file *f = file_of(r, 0);

	if (!f)
		return;
	if (r[5] % 4 == 3)
		file_syncfs(f);
	else
		file_fsync(f, r[5] & 1);
	file_put(f);
}

/* From one file to another, without passing the caller. */
static void op_send(const uint8_t *r)
{
	struct file *in = file_of(r, 0), *out = slots[r[1] / SLOTS % SLOTS];
	off_t pos;

	if (!in)
		return;
	pos = (off_t)pos_of(r);
	if (out) {
		file_get(out);
		file_send(out, in, r[1] & 0x80 ? NULL : &pos, len_of(r[5]));
		file_put(out);
	}
	file_put(in);
}

/* ---- looking at all of it ---- */

struct list {
	struct dir_context c;
	unsigned n;
	struct {
		char name[256];
		unsigned len;
	} names[40];
};

static bool list_emit(struct dir_context *c, const char *name, unsigned len,
		      ino_t ino, unsigned type, off_t next)
{
	struct list *l = container_of(c, struct list, c);

	if (!len || len > 255 || memchr(name, '/', len))
		panic("readdir: a bad name");
	if (l->n == ARRAY_SIZE(l->names))
		return false;
	memcpy(l->names[l->n].name, name, len);
	l->names[l->n++].len = len;
	return true;
}

static void walk(struct inode *ip, unsigned depth, unsigned *visits)
{
	static struct list lists[8];
	struct list *l = &lists[depth];
	struct file f = { .inode = ip, .ops = ip->fops, .readable = true };
	struct inode *child;
	struct stat st;
	off_t pos = 0;

	if (++*visits > MAX_VISITS)
		return;
	inode_fill_stat(ip, &st);
	if (S_ISLNK(ip->mode))
		ip->ops->readlink(ip, buffer, 300);
	if (S_ISREG(ip->mode)) {
		struct iovec iov;
		struct uio u;

		uio_init_kernel(&u, &iov, buffer, 8192);
		ip->fops->read(&f, &u, 0);
		if (ip->size > 10000) {
			uio_init_kernel(&u, &iov, buffer, 9000);
			ip->fops->read(&f, &u, ip->size - 9000);
		}
	}
	if (!S_ISDIR(ip->mode) || depth + 1 == ARRAY_SIZE(lists))
		return;
	l->n = 0;
	l->c = (struct dir_context){ .emit = list_emit };
	rwsem_read_lock(&ip->lock);
	ip->fops->iterate(&f, &l->c, &pos);
	rwsem_read_unlock(&ip->lock);
	for (unsigned i = 0; i < l->n; i++) {
		char s[256];
		unsigned len = l->names[i].len;
		int err;

		memcpy(s, l->names[i].name, len);
		if (len <= 2 && s[0] == '.' && s[len - 1] == '.')
			continue;
		rwsem_read_lock(&ip->lock);
		err = ip->ops->lookup(ip, s, len, &child);
		rwsem_read_unlock(&ip->lock);
		if (err)
			continue;
		walk(child, depth + 1, visits);
		inode_put(child);
	}
}

void walk_all(void)
{
	unsigned visits = 0;

	walk(sb->root, 0, &visits);
}

static void op_walk(const uint8_t *r)
{
	walk_all();
}

/* A directory is read in pieces, from some position on, while it changes. */
static void op_list(const uint8_t *r)
{
	static struct list l;
	struct file *f;
	char name[40];

	if (vfs_open(AT_FDCWD, dir_of(r[1]), O_RDONLY | O_DIRECTORY, 0, &f))
		return;
	if (r[2])
		file_seek(f, (off_t)r[2] << (r[3] & 0x1f), SEEK_SET);
	for (unsigned i = 0; i < 12; i++) {
		l.n = 0;
		l.c = (struct dir_context){ .emit = list_emit };
		if (file_iterate(f, &l.c) || !l.n)
			break;
		if (r[4] & 1) {
			snprintf(name, sizeof(name), "%s/m%u", dir_of(r[1]), i);
			make_file(name, 0, 0);
		}
	}
	file_put(f);
}

/* ---- names that come and go ---- */

static void op_mknod(const uint8_t *r)
{
	static const mode_t modes[] = { S_IFREG | 0644, S_IFIFO | 0600,
					S_IFCHR | 0600, S_IFSOCK | 0600,
					S_IFBLK | 0600 };

	vfs_mknod(AT_FDCWD, name_of(r[1]), modes[r[2] % ARRAY_SIZE(modes)],
		  ABI_DEV(r[3], r[4] * 77));
}

static void op_mkdir(const uint8_t *r)
{
	make_dir(name_of(r[1]));
}

static void op_remove(const uint8_t *r)
{
	vfs_unlink(AT_FDCWD, name_of(r[1]), r[2] & 1);
}

static void op_link(const uint8_t *r)
{
	vfs_link(AT_FDCWD, name_of(r[1]), AT_FDCWD, name_of(r[2]), 0);
}

static void op_rename(const uint8_t *r)
{
	static const unsigned flags[] = { 0, 0, RENAME_EXCHANGE,
					  RENAME_NOREPLACE };

	vfs_rename(AT_FDCWD, name_of(r[1]), AT_FDCWD, name_of(r[2]),
		   flags[r[3] % ARRAY_SIZE(flags)]);
}

static void op_symlink(const uint8_t *r)
{
	char target[1100];
	unsigned n = 1 + r[2] * 4u;

	memset(target, 't', n);
	target[n] = 0;
	vfs_symlink(target, AT_FDCWD, name_of(r[1]));
}

/* So many names in one directory that it grows an index, or goes empty. */
static void op_many(const uint8_t *r)
{
	char name[300];

	for (unsigned i = 0; i < (r[2] & 0x1f); i++) {
		snprintf(name, sizeof(name), "%s/%0*u", dir_of(r[1]),
			 1 + r[3] % 250, i + r[4]);
		if (r[2] & 0x80)
			vfs_unlink(AT_FDCWD, name, r[5] & 1);
		else if (r[5] & 1)
			make_dir(name);
		else if (r[5] & 2)
			make_file(name, 0, r[5]);
		else
			vfs_link(AT_FDCWD, name_of(r[5]), AT_FDCWD, name, 0);
	}
}

static void op_attr(const uint8_t *r)
{
	struct timespec t[2] = { { r[3], 5 }, { (int64_t)r[4] << 27, 7 } };
	struct statfs sf;
	struct path p;

	if (path_lookup(AT_FDCWD, name_of(r[1]), WALK_NOFOLLOW, &p))
		return;
	if (r[2] & 0x40)
		vfs_truncate(&p, p.dentry->inode, (off_t)pos_of(r));
	else if (r[2] % 4 == 0)
		vfs_chmod(&p, r[3] | (r[4] & 0xfu) << 8);
	else if (r[2] % 4 == 1)
		vfs_chown(&p, r[3] << 9, r[4] << 9);
	else if (r[2] % 4 == 2)
		vfs_utimes(&p, t);
	else
		sb->ops->statfs(sb, &sf);
	path_put(&p);
	vfs_readlink(AT_FDCWD, name_of(r[1]), buffer, 100);
}

/* ---- the world ---- */

static void op_sync(const uint8_t *r)
{
	if (r[1] & 1 && sb->wb)
		writeback_sync(sb);
	else
		sb->ops->sync(sb, r[1] & 2);
	if (r[2] & 1)
		reclaim_all();
}

static void op_time(const uint8_t *r)
{
	thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
	thread_sleep(time_now() + r[1] * (NSEC_PER_SEC / 16));
}

static void op_remount(const uint8_t *r)
{
	others_wait();
	for (unsigned i = 0; i < SLOTS && r[1] & 1; i++)
		slot_close(i);
	/* By force as at power-off: whoever has files keeps them. */
	sb->ops->remount(sb, !sb->read_only, !sb->read_only && r[1] & 4);
	if (r[1] & 2)
		sb->ops->remount(sb, !sb->read_only, false);
}

/* Fails: a request, an allocation, all requests to a place; or the power. */
static void op_fail(const uint8_t *r)
{
	unsigned n = r[2] + 1u;

	switch (r[1] % 4) {
	case 0:
		disk.fail_nth = n;
		break;
	case 1:
		host_fail_alloc(n);
		break;
	case 2:
		disk.bad_first = base->bytes / BLK_SECTOR * r[2] / 256;
		disk.bad_end = disk.bad_first + 1 + r[3];
		disk.bad_ops = r[4] & 7;
		disk.bad_times = r[5];
		break;
	case 3:
		cut_after = n;
		break;
	}
}

/* The machine, or who it is that calls, is another one from now on. */
static void op_machine(const uint8_t *r)
{
	struct cred *c = host_cred_edit();

	switch (r[1] % 5) {
	case 0:
		device = r[2];
		break;
	case 1:
		c->fsuid = r[2] & 1 ? 1000 : 0;
		c->fsgid = r[2] & 2 ? 1000 : 0;
		break;
	case 2:
		host_set_signal(current_thread(), r[2] & 1, r[2] & 2);
		break;
	case 3:
		host_set_page_limit(host_pages_in_use() + r[2]);
		break;
	case 4:
		host_set_file_size_limit((uint64_t)r[2] << 10);
		break;
	}
}

void ops_reset(void)
{
	struct cred *c = host_cred_edit();

	device = 0;
	c->fsuid = c->fsgid = 0;
	host_set_signal(current_thread(), false, false);
	host_set_page_limit(MEMORY_PAGES);
	host_set_file_size_limit(UINT64_MAX);
	host_take_sent_signals();
}

static void op_umount(const uint8_t *r)
{
	disk_is_dead = r[1] & 1;
	disk_umount();
	if (disk_mount(r[2] % 8 == 7))
		sb = NULL;
}

static void (*const ops[])(const uint8_t *) = {
	op_open,  op_write,   op_scatter, op_read,   op_store,     op_truncate,
	op_walk,  op_list,    op_mknod,   op_mkdir,  op_remove,    op_link,
	op_many,  op_rename,  op_symlink, op_attr,   op_sync,      op_time,
	op_fsync, op_remount, op_fail,    op_umount, op_fallocate, op_seek,
	op_send,  op_machine,
};

static void other_main(void *arg)
{
	const uint8_t *r = arg;

	ops[(r[0] & 0x3f) % ARRAY_SIZE(ops)](r);
	others--;
}

void op(const uint8_t *r)
{
	static uint8_t records[RECORDS_MAX][RECORD];
	static unsigned n_records;
	void (*fn)(const uint8_t *) = ops[(r[0] & 0x3f) % ARRAY_SIZE(ops)];

	if (!(r[0] & 0x40) || fn == op_umount || fn == op_remount ||
	    others == ARRAY_SIZE(records)) {
		fn(r);
		return;
	}
	/* In a thread of its own, meanwhile. */
	if (!others)
		n_records = 0;
	memcpy(records[n_records % RECORDS_MAX], r, RECORD);
	others++;
	if (kthread_create("other", other_main,
			   records[n_records++ % RECORDS_MAX], NULL))
		others--;
}

bool op_may_fail(const uint8_t *r)
{
	void (*fn)(const uint8_t *) = ops[(r[0] & 0x3f) % ARRAY_SIZE(ops)];

	/* Only reading leaves orphans for the next mount, and so does taking
	 * the right to write away by force. */
	return fn == op_fail || (fn == op_umount && r[2] % 8 == 7) ||
	       (fn == op_remount && r[1] & 4) ||
	       (fn == op_machine && (r[1] % 5 == 0 || r[1] % 5 == 3));
}
