/*
 * The file system under test, in this process: runs workloads and recoveries
 * through the calls that the system calls use, on a disk that logs what it is
 * told and fails where it should.
 */
#define _GNU_SOURCE
#include "fs/dcache.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/pagecache.h"
#include "fs/vfs.h"
#include "kernel/abi/mount.h"
#include "kernel/abi/stat.h"

#include "disk.h"

#include "crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RENAME_EXCHANGE_FLAG 2u
#define MNT		     "/mnt"

static struct host_disk disk;
static void (*disk_submit)(struct blkdev *bd, struct blk_request *rq);
static struct log *logging;
static const struct run_faults *faulty;
static unsigned n_requests;
static char text[900];
bool run_verbose;
unsigned char *run_reads;

__attribute__((format(printf, 1, 2))) static const char *wrong(const char *fmt,
							       ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return text;
}

/* ---- the disk ---- */
static struct {
	const struct blk_request *rq;
	unsigned n;
} in_flight[4096];
static unsigned n_in_flight;

static void fail_later(void *arg)
{
	struct blk_request *rq = arg;

	disk.in_flight--;
	rq->done(rq);
}

static void submit(struct blkdev *bd, struct blk_request *rq)
{
	unsigned n = ++n_requests;

	if (run_reads && n < RUN_READS_MAX)
		run_reads[n] = rq->op == BLK_READ;
	if (faulty && faulty->nth &&
	    (n == faulty->nth || (faulty->for_ever && n > faulty->nth))) {
		if (run_verbose)
			printf("    request %u fails: %s sector %llu\n", n,
			       rq->op == BLK_READ    ? "read"
			       : rq->op == BLK_WRITE ? "write"
						     : "flush",
			       (unsigned long long)rq->sector);
		rq->err = -EIO;
		if (disk.deferred) {
			disk.in_flight++;
			host_interrupt(fail_later, rq);
		} else {
			rq->done(rq);
		}
		return;
	}
	if (logging && rq->op != BLK_READ) {
		size_t bytes = 0;
		unsigned k;

		for (unsigned i = 0; i < rq->nsegs; i++)
			bytes += rq->segs[i].len;
		if (rq->op == BLK_FLUSH)
			k = log_add_flush(logging);
		else
			k = log_add_write(logging, rq->sector,
					  (uint32_t)(bytes / BLK_SECTOR),
					  rq->fua);
		bytes = 0;
		for (unsigned i = 0;
		     rq->op == BLK_WRITE && i < rq->nsegs; i++) {
			memcpy(logging->writes[k].data + bytes, rq->segs[i].va,
			       rq->segs[i].len);
			bytes += rq->segs[i].len;
		}
		if (run_verbose)
			printf("    %u %s %llu+%zu\n", logging->now - 1,
			       rq->op == BLK_FLUSH ? "flush" : "write",
			       (unsigned long long)rq->sector,
			       bytes / BLK_SECTOR);
		if (n_in_flight == ARRAY_SIZE(in_flight))
			abort();
		in_flight[n_in_flight].rq = rq;
		in_flight[n_in_flight++].n = k;
	}
	disk_submit(bd, rq);
}

static void completed(struct host_disk *d, const struct blk_request *rq)
{
	for (unsigned i = 0; logging && i < n_in_flight; i++) {
		unsigned k = in_flight[i].n;
		struct log_write *w;
		size_t at = 0;

		if (in_flight[i].rq != rq)
			continue;
		in_flight[i] = in_flight[--n_in_flight];
		if (rq->op == BLK_FLUSH) {
			logging->flushes[k].completed = logging->now++;
			return;
		}
		w = &logging->writes[k];
		w->completed = logging->now++;
		/* A device may read the memory at any time until now. */
		for (unsigned s = 0; s < rq->nsegs; s++) {
			if (memcmp(w->data + at, rq->segs[s].va,
				   rq->segs[s].len))
				panic("sector %lu changed while it was "
				      "written\n",
				      (unsigned long)(rq->sector +
						      at / BLK_SECTOR));
			at += rq->segs[s].len;
		}
		return;
	}
}

static void disk_use(unsigned char *image, uint64_t bytes, struct log *l,
		     const struct run_faults *faults, bool deferred,
		     unsigned shuffle)
{
	if (disk_submit) {
		disk.data = image;
	} else {
		host_disk_memory(&disk, image, bytes);
		disk_submit = disk.bd.submit;
		disk.bd.submit = submit;
		disk.on_write = completed;
		blk_register(&disk.bd);
	}
	disk.deferred = deferred;
	disk.shuffle_seed = shuffle;
	logging = l;
	faulty = faults;
	n_requests = 0;
	n_in_flight = 0;
}

void run_init(void)
{
	host_set_log_level(run_verbose ? HOST_LOG_INFO : HOST_LOG_EMERG);
	vfs_init();
	host_set_process(fs_context_create(), fdtable_create());
	vfs_mkdir(AT_FDCWD, "/dev", 0755);
	vfs_mkdir(AT_FDCWD, MNT, 0755);
}

static int mount_disk(void)
{
	static bool made;

	if (!made) {
		vfs_mount("dev", "/dev", "devtmpfs", 0, NULL);
		made = true;
	}
	return vfs_mount("/dev/vda", MNT, "ext4", 0, NULL);
}

/* ---- operations ---- */
static struct file *held;

static const char *full(const char *path)
{
	static char names[2][128];
	static unsigned turn;

	turn ^= 1;
	snprintf(names[turn], sizeof(names[0]), MNT "%s", path);
	return names[turn];
}

static int open_it(const struct op *op, unsigned flags, struct file **out)
{
	if (op->path[0] == '@') {
		*out = held;
		if (!held)
			return -EBADF;
		file_get(held);
		return 0;
	}
	return vfs_open(AT_FDCWD, full(op->path), flags, 0644, out);
}

static long write_mapped(struct file *f, uint64_t off, const unsigned char *buf,
			 uint64_t len)
{
	struct mapping *m = &f->inode->mapping;
	uint64_t size = (uint64_t)f->inode->size;

	if (!m->ops->make_writable)
		return -ENODEV;
	if (off >= size)
		return 0;
	len = MIN(len, size - off);
	for (uint64_t at = 0; at < len;) {
		uint64_t pos = off + at, part;
		struct page *pg;
		int err = pagecache_get(m, pos >> PAGE_SHIFT, &pg);

		if (err)
			return err;
		part = MIN(PAGE_SIZE - (pos & PAGE_MASK), len - at);
		page_lock(pg);
		err = pg->mapping == m ? m->ops->make_writable(m, pg) : 0;
		if (!err && pg->mapping == m) {
			memcpy((char *)page_to_va(pg) + (pos & PAGE_MASK),
			       buf + at, part);
			at += part;
		}
		page_unlock(pg);
		page_put(pg);
		if (err)
			return err;
	}
	return (long)len;
}

static long read_compare(const struct op *op, struct file *f)
{
	uint64_t size = 0;
	const unsigned char *want = model_content(op->path, &size);
	unsigned char *buf;
	long err = 0;
	ssize_t n;

	if (!want)
		return 0;
	buf = malloc(size + 100);
	n = file_read_kernel(f, buf, size + 100, 0);
	if (n < 0) {
		err = n;
	} else if ((uint64_t)n != size || memcmp(buf, want, size)) {
		uint64_t at = 0;

		while (at < (uint64_t)n && at < size && buf[at] == want[at])
			at++;
		wrong("read of %s: %lld bytes instead of %llu, the first wrong "
		      "one at %llu",
		      op->path, (long long)n, (unsigned long long)size,
		      (unsigned long long)at);
		err = -EUCLEAN;
	}
	free(buf);
	return err;
}

static void wait_seconds(uint64_t seconds)
{
	uint64_t end = time_now() + seconds * NSEC_PER_SEC;

	while (time_now() < end) {
		thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
		thread_sleep(end);
	}
}

static long op_file(const struct op *op, unsigned n, struct file *f)
{
	static unsigned char buf[1 << 20];
	off_t pos;

	switch (op->kind) {
	case OP_WRITE:
	case OP_DWRITE:
		pos = (off_t)op->a;
		model_data(n, op->a, buf, op->b);
		return file_write_kernel(f, buf, op->b, &pos);
	case OP_MMAP:
		model_data(n, op->a, buf, op->b);
		return write_mapped(f, op->a, buf, op->b);
	case OP_TRUNCATE:
		return file_truncate(f, (off_t)op->a);
	case OP_FALLOCATE:
		return file_fallocate(f, (int)op->a, (off_t)op->b,
				      (off_t)op->c);
	case OP_READ:
		return read_compare(op, f);
	case OP_FSYNC:
	case OP_FDATASYNC:
		return file_fsync(f, op->kind == OP_FDATASYNC);
	default:
		return -ENOSYS;
	}
}

static long op_attr(const struct op *op)
{
	const struct timespec times[2] = { { 0, UTIME_OMIT },
					   { (time_t)op->a, 123456789 } };
	struct path p;
	long ret = path_lookup(AT_FDCWD, full(op->path), 0, &p);

	if (ret)
		return ret;
	ret = op->kind == OP_CHMOD   ? vfs_chmod(&p, (mode_t)op->a)
	      : op->kind == OP_CHOWN ? vfs_chown(&p, (uid_t)op->a, (gid_t)-1)
				     : vfs_utimes(&p, times);
	path_put(&p);
	return ret;
}

static long op_syncfs(void)
{
	struct file *f;
	long ret = vfs_open(AT_FDCWD, MNT, O_RDONLY | O_DIRECTORY, 0, &f);

	if (ret)
		return ret;
	ret = file_syncfs(f);
	file_put(f);
	return ret;
}

static long op_run(const struct op *op, unsigned n)
{
	const char *path = full(op->path), *path2 = full(op->path2);
	struct file *f;
	long ret;

	switch (op->kind) {
	case OP_CREATE:
		ret = vfs_open(AT_FDCWD, path, O_CREAT | O_EXCL | O_RDWR, 0644,
			       &f);
		if (!ret)
			file_put(f);
		return ret;
	case OP_LINK:
		return vfs_link(AT_FDCWD, path, AT_FDCWD, path2, 0);
	case OP_UNLINK:
	case OP_RMDIR:
		return vfs_unlink(AT_FDCWD, path, op->kind == OP_RMDIR);
	case OP_RENAME:
		return vfs_rename(AT_FDCWD, path, AT_FDCWD, path2, 0);
	case OP_EXCHANGE:
		return vfs_rename(AT_FDCWD, path, AT_FDCWD, path2,
				  RENAME_EXCHANGE_FLAG);
	case OP_MKDIR:
		return vfs_mkdir(AT_FDCWD, path, 0755);
	case OP_SYMLINK:
		return vfs_symlink(op->path2, AT_FDCWD, path);
	case OP_OPEN:
		if (held)
			return -EBUSY;
		return vfs_open(AT_FDCWD, path, O_RDWR, 0, &held);
	case OP_CLOSE:
		if (held)
			file_put(held);
		held = NULL;
		return 0;
	case OP_SYNC:
	case OP_SYNCFS:
		/* sync(2) has no result; a disk that fails is asked so. */
		if (op->kind == OP_SYNCFS || faulty)
			return op_syncfs();
		vfs_sync_all();
		return 0;
	case OP_CHMOD:
	case OP_CHOWN:
	case OP_UTIME:
		return op_attr(op);
	case OP_WAIT:
		wait_seconds(op->a);
		return 0;
	default:
		break;
	}
	ret = open_it(op,
		      op->kind >= OP_READ       ? O_RDONLY
		      : op->kind == OP_DWRITE ? O_RDWR | O_DSYNC
					      : O_RDWR,
		      &f);
	if (ret)
		return ret;
	ret = op_file(op, n, f);
	file_put(f);
	return ret;
}

/* Results that say something about the disk, not about the request. */
static bool is_trouble(long ret)
{
	return ret == -EIO || ret == -EUCLEAN || ret == -EROFS ||
	       ret == -ENOMEM;
}

/* ---- all that is there ---- */
struct names {
	struct dir_context ctx;
	char (*v)[256];
	unsigned n, room;
};

static bool emit(struct dir_context *c, const char *name, unsigned len,
		 ino_t ino, unsigned type, off_t next)
{
	struct names *l = (struct names *)c;

	if ((len == 1 && name[0] == '.') || (len == 2 && !memcmp(name, "..", 2)))
		return true;
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 32;
		l->v = realloc(l->v, l->room * sizeof(*l->v));
	}
	memcpy(l->v[l->n], name, len);
	l->v[l->n++][len] = 0;
	return true;
}

static struct attr attr_of(const struct stat *st)
{
	return (struct attr){
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.mtime = (uint64_t)st->st_mtim.tv_sec * NSEC_PER_SEC +
			 (uint64_t)st->st_mtim.tv_nsec,
	};
}

/* The model does not know what time it is: it is told. */
static void tell_attr(const char *path)
{
	struct attr a;
	struct stat st;
	struct path p;

	if (path[0] == '@') {
		if (!held)
			return;
		inode_fill_stat(held->inode, &st);
	} else {
		if (!path[0] ||
		    path_lookup(AT_FDCWD, full(path), WALK_NOFOLLOW, &p))
			return;
		inode_fill_stat(p.dentry->inode, &st);
		path_put(&p);
	}
	a = attr_of(&st);
	if (S_ISREG(st.st_mode))
		model_attr(path, &a);
}

static const char *look_at_file(const char *path, const struct stat *st)
{
	const char *seen_as = path + strlen(MNT);
	const struct attr a = attr_of(st);
	unsigned char *buf = NULL;
	struct file *f;
	ssize_t n = 0;
	int err = vfs_open(AT_FDCWD, path, O_RDONLY, 0, &f);

	if (err)
		return wrong("open %s: %d", path, err);
	if (st->st_size > 16 << 20) {
		file_put(f);
		return wrong("%s has %lld bytes", path, (long long)st->st_size);
	}
	buf = malloc((size_t)st->st_size + 1);
	n = file_read_kernel(f, buf, (size_t)st->st_size + 1, 0);
	file_put(f);
	if (n >= 0)
		seen_add(seen_as, 'f', st->st_ino, st->st_nlink, NULL, buf,
			 (uint64_t)n, &a);
	free(buf);
	if (n != st->st_size)
		return wrong("read of %s: %zd", path, n);
	return NULL;
}

static const char *look(const char *path, unsigned depth)
{
	struct names l = { .ctx.emit = emit };
	const char *bad = NULL;
	struct path p;
	struct stat st;
	struct file *f;
	char target[300];
	int err;

	err = path_lookup(AT_FDCWD, path, WALK_NOFOLLOW, &p);
	if (err)
		return wrong("%s: %d", path, err);
	inode_fill_stat(p.dentry->inode, &st);
	path_put(&p);
	if (S_ISREG(st.st_mode))
		return look_at_file(path, &st);
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = vfs_readlink(AT_FDCWD, path, target,
					 sizeof(target) - 1);

		if (n < 0)
			return wrong("readlink %s: %zd", path, n);
		target[n] = 0;
		seen_add(path + strlen(MNT), 'l', st.st_ino, st.st_nlink,
			 target, NULL, 0, NULL);
		return NULL;
	}
	if (!S_ISDIR(st.st_mode) || depth > 20)
		return wrong("%s is a strange thing (mode %o)", path,
			     st.st_mode);
	if (depth)
		seen_add(path + strlen(MNT), 'd', st.st_ino, st.st_nlink, NULL,
			 NULL, 0, NULL);
	err = vfs_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, &f);
	if (err)
		return wrong("open %s: %d", path, err);
	err = file_iterate(f, &l.ctx);
	file_put(f);
	if (err)
		bad = wrong("names of %s: %d", path, err);
	for (unsigned i = 0; !bad && i < l.n; i++) {
		char below[600];

		if (!depth && !strcmp(l.v[i], "lost+found"))
			continue;
		snprintf(below, sizeof(below), "%.300s/%s", path, l.v[i]);
		bad = look(below, depth + 1);
	}
	free(l.v);
	return bad;
}

static const char *look_all(void)
{
	seen_reset();
	return look(MNT, 0);
}

/* ---- runs ---- */
static const char *op_complain(const struct workload *w, unsigned i, long ret)
{
	char line[200], was[300];

	op_text(&w->ops[i], line, sizeof(line));
	snprintf(was, sizeof(was), "%s", text);
	return wrong("op %u (%s) gives %ld%s%s", i + 1, line, ret,
		     w->ops[i].kind == OP_READ ? ": " : "",
		     w->ops[i].kind == OP_READ ? was : "");
}

const char *run_workload(const struct workload *w, unsigned char *image,
			 uint64_t bytes, struct log *l,
			 const struct run_faults *faults, unsigned *requests,
			 bool *told)
{
	const char *bad = NULL;
	int err;

	*told = false;
	disk_use(image, bytes, l, faults, w->deferred, w->shuffle);
	model_reset();
	if (faults)
		model_zeroes();
	err = mount_disk();
	if (err) {
		*told = true;
		host_settle();
		*requests = n_requests;
		return faults ? NULL : wrong("mount: %d", err);
	}
	for (unsigned i = 0; i < w->n_ops; i++) {
		const struct op *op = &w->ops[i];
		long ret;

		model_begin(i + 1, l->now);
		text[0] = 0;
		ret = op_run(op, i + 1);
		if (run_verbose) {
			char line[200];

			op_text(op, line, sizeof(line));
			printf("  t %u: op %u: %s: %ld\n", l->now, i + 1, line,
			       ret);
		}
		if (is_trouble(ret) || (faults && ret < 0 && *told)) {
			*told = true;
			model_failed(op);
			tell_attr(op->path);
			if (!faults && !bad)
				bad = op_complain(w, i, ret);
			continue;
		}
		if (ret >= 0)
			model_done(op, ret);
		tell_attr(op->path);
		if (ret >= 0 && ((op->kind >= OP_FSYNC && op->kind <= OP_SYNCFS) ||
				 (op->kind == OP_DWRITE && ret)))
			model_synced(op, l->now);
	}
	if (!bad && !faults) {
		bad = look_all();
		if (!bad) {
			const char *s = seen_check(NEVER, true);

			if (s)
				bad = wrong("before unmounting: %s", s);
		}
	}
	if (w->power_off && !faults) {
		vfs_shutdown();
		model_promise_all(l->now);
	}
	if (held)
		file_put(held);
	held = NULL;
	err = vfs_umount(MNT, 0);
	if (err && !bad && !(faults && is_trouble(err)))
		bad = wrong("umount: %d", err);
	*told |= err;
	host_settle();
	if (!err)
		model_promise_all(l->now);
	*requests = n_requests;
	logging = NULL;
	return bad;
}

/* What is behind the end of a file must not come to light when it grows. */
static const char *grow_files(void)
{
	static unsigned char buf[8192];
	struct path p;
	struct file *f;
	static const char *const files[] = { "/a", "/n", "/d/b", "/x" };

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		off_t size;
		ssize_t n;
		int err;

		if (path_lookup(AT_FDCWD, full(files[i]), WALK_NOFOLLOW, &p))
			continue;
		size = p.dentry->inode->size;
		err = S_ISREG(p.dentry->inode->mode) ? 0 : -EISDIR;
		path_put(&p);
		if (err ||
		    vfs_open(AT_FDCWD, full(files[i]), O_RDWR, 0, &f))
			continue;
		err = file_truncate(f, size + 5000);
		n = err ? err : file_read_kernel(f, buf, 5000, size);
		file_put(f);
		if (n == -ENOSPC)
			continue;
		if (n != 5000)
			return wrong("%s grows: %zd", files[i], n);
		for (unsigned k = 0; k < 5000; k++) {
			if (buf[k])
				return wrong("%s shows 0x%02x at %llu, behind "
					     "its old end (%llu)",
					     files[i], buf[k],
					     (unsigned long long)size + k,
					     (unsigned long long)size);
		}
	}
	return NULL;
}

static const char *write_a_little(void)
{
	static const unsigned char buf[3000] = "after recovery";
	struct file *f;
	off_t pos = 0;
	ssize_t n;
	int err;

	err = vfs_open(AT_FDCWD, full("/after"), O_CREAT | O_RDWR, 0644, &f);
	if (err == -ENOSPC)
		return NULL;
	if (err)
		return wrong("create after recovery: %d", err);
	n = file_write_kernel(f, buf, sizeof(buf), &pos);
	err = n < 0 ? (int)n : file_fsync(f, false);
	file_put(f);
	return err && err != -ENOSPC
		       ? wrong("write after recovery: %d", err)
		       : NULL;
}

const char *run_recovery(unsigned char *image, uint64_t bytes, uint32_t t,
			 bool oracle, bool deep, struct log *l,
			 const struct run_faults *faults, unsigned *requests)
{
	const char *bad;
	int err;

	disk_use(image, bytes, l, faults, false, 0);
	err = mount_disk();
	*requests = n_requests;
	if (err) {
		host_settle();
		logging = NULL;
		return faults ? NULL : wrong("mount: %d", err);
	}
	bad = look_all();
	if (!bad && oracle && !faults)
		bad = seen_check(t, false);
	if (!bad && deep)
		bad = grow_files();
	if (!bad && deep)
		bad = write_a_little();
	err = vfs_umount(MNT, 0);
	host_settle();
	*requests = n_requests;
	logging = NULL;
	if (faults)
		return err && !is_trouble(err) ? wrong("umount: %d", err)
					       : NULL;
	if (err && !bad)
		bad = wrong("umount: %d", err);
	return bad;
}
