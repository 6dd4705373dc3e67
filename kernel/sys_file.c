/*
 * System calls on open files: fetch the arguments from the caller's memory,
 * check them, then one call into fs/. Those that take path names are in
 * sys_path.c.
 */
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/flock.h"
#include "fs/namei.h"
#include "fs/pipe.h"
#include "fs/poll.h"
#include "kernel/abi/dirent.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/time.h"
#include "kernel/abi/uio.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/proc.h"
#include "kernel/signal.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"
#include "kernel/time.h"

/* One request moves at most this much, as on Linux. */
#define RW_MAX ((size_t)0x7ffff000)

/* ---- read and write ---- */

static inline void uio_user(struct uio *u, struct iovec *v, uaddr_t buf,
			    size_t n)
{
	n = MIN(n, RW_MAX);
	v->iov_base = (void *)buf;
	v->iov_len = n;
	u->iov = v;
	u->iovcnt = 1;
	u->cur = 0;
	u->off = 0;
	u->resid = n;
	u->kernel = false;
}

/*
 * An address that is outside user space fails before anything is done. What is
 * inside but not mapped shows when it is touched.
 */
static inline bool range_bad(uaddr_t buf, size_t n)
{
	return n && !user_range_ok(buf, n);
}

SYSCALL3(read, int, fd, uaddr_t, buf, size_t, n)
{
	struct fdref r = fd_ref(fd);
	struct iovec v;
	struct uio u;
	long ret;

	if (!r.file)
		return -EBADF;
	uio_user(&u, &v, buf, n);
	if (range_bad(buf, u.resid))
		ret = -EFAULT;
	else
		ret = file_read(r.file, &u, NULL);
	fd_unref(r);
	return ret;
}

SYSCALL3(write, int, fd, uaddr_t, buf, size_t, n)
{
	struct fdref r = fd_ref(fd);
	struct iovec v;
	struct uio u;
	long ret;

	if (!r.file)
		return -EBADF;
	uio_user(&u, &v, buf, n);
	if (range_bad(buf, u.resid))
		ret = -EFAULT;
	else
		ret = file_write(r.file, &u, NULL);
	fd_unref(r);
	return ret;
}

SYSCALL4(pread64, int, fd, uaddr_t, buf, size_t, n, off_t, pos)
{
	struct fdref r = fd_ref(fd);
	struct iovec v;
	struct uio u;
	long ret;

	if (!r.file)
		return -EBADF;
	uio_user(&u, &v, buf, n);
	if (pos < 0)
		ret = -EINVAL;
	else if (range_bad(buf, u.resid))
		ret = -EFAULT;
	else
		ret = file_read(r.file, &u, &pos);
	fd_unref(r);
	return ret;
}

SYSCALL4(pwrite64, int, fd, uaddr_t, buf, size_t, n, off_t, pos)
{
	struct fdref r = fd_ref(fd);
	struct iovec v;
	struct uio u;
	long ret;

	if (!r.file)
		return -EBADF;
	uio_user(&u, &v, buf, n);
	if (pos < 0)
		ret = -EINVAL;
	else if (range_bad(buf, u.resid))
		ret = -EFAULT;
	else
		ret = file_write(r.file, &u, &pos);
	fd_unref(r);
	return ret;
}

/* A vector of the caller; few elements need no memory. */
struct user_vec {
	struct iovec small[8];
	struct iovec *iov;
};

static int vec_get(struct user_vec *v, struct uio *u, uaddr_t iov, int count)
{
	size_t total = 0;
	int err;

	v->iov = v->small;
	if (count < 0 || count > UIO_MAXIOV)
		return -EINVAL;
	if (count > (int)ARRAY_SIZE(v->small)) {
		v->iov = kmalloc((size_t)count * sizeof(*v->iov), GFP_KERNEL);
		if (!v->iov)
			return -ENOMEM;
	}
	err = copy_from_user(v->iov, iov, (size_t)count * sizeof(*v->iov));
	for (int i = 0; i < count && !err; i++) {
		struct iovec *e = &v->iov[i];

		if ((ssize_t)e->iov_len < 0)
			err = -EINVAL;
		else if (range_bad((uaddr_t)e->iov_base, e->iov_len))
			err = -EFAULT;
		else if (e->iov_len > RW_MAX - total)
			e->iov_len = RW_MAX - total;
		total += e->iov_len;
	}
	if (err) {
		if (v->iov != v->small)
			kfree(v->iov);
		return err;
	}
	u->iov = v->iov;
	u->iovcnt = (unsigned)count;
	u->cur = 0;
	u->off = 0;
	u->resid = total;
	u->kernel = false;
	return 0;
}

static void vec_put(struct user_vec *v)
{
	if (v->iov != v->small)
		kfree(v->iov);
}

static long do_vec(int fd, uaddr_t iov, int count, off_t *pos, bool write)
{
	struct fdref r = fd_ref(fd);
	struct user_vec v;
	struct uio u;
	long ret;

	if (!r.file)
		return -EBADF;
	if (pos && *pos < 0)
		ret = -EINVAL;
	else
		ret = vec_get(&v, &u, iov, count);
	if (!ret) {
		ret = write ? file_write(r.file, &u, pos)
			    : file_read(r.file, &u, pos);
		vec_put(&v);
	}
	fd_unref(r);
	return ret;
}

SYSCALL3(readv, int, fd, uaddr_t, iov, int, count)
{
	return do_vec(fd, iov, count, NULL, false);
}

SYSCALL3(writev, int, fd, uaddr_t, iov, int, count)
{
	return do_vec(fd, iov, count, NULL, true);
}

/* The position comes in one register; a second one is for 32-bit machines. */
SYSCALL4(preadv, int, fd, uaddr_t, iov, int, count, off_t, pos)
{
	return do_vec(fd, iov, count, &pos, false);
}

SYSCALL4(pwritev, int, fd, uaddr_t, iov, int, count, off_t, pos)
{
	return do_vec(fd, iov, count, &pos, true);
}

SYSCALL4(sendfile, int, out_fd, int, in_fd, uaddr_t, offset, size_t, n)
{
	struct fdref in, out = fd_ref(out_fd);
	off_t pos = 0;
	long ret;

	if (!out.file)
		return -EBADF;
	in = fd_ref(in_fd);
	ret = in.file ? 0 : -EBADF;
	if (!ret && offset)
		ret = get_user(pos, offset);
	if (!ret && pos < 0)
		ret = -EINVAL;
	if (!ret)
		ret = file_send(out.file, in.file, offset ? &pos : NULL, n);
	if (ret >= 0 && offset && put_user(pos, offset))
		ret = -EFAULT;
	fd_unref(in);
	fd_unref(out);
	return ret;
}

SYSCALL3(lseek, int, fd, off_t, off, int, whence)
{
	struct fdref r = fd_ref(fd);
	long ret;

	if (!r.file)
		return -EBADF;
	ret = file_seek(r.file, off, whence);
	fd_unref(r);
	return ret;
}

/* ---- directories ---- */

/*
 * Entries are collected in a kernel buffer, because the directory is locked
 * while it is read; then they are copied out.
 */
struct dents {
	struct dir_context c;
	uaddr_t to;
	char *buf;
	size_t size, used;
	int err;
};

static bool dents_emit(struct dir_context *c, const char *name, unsigned len,
		       ino_t ino, unsigned type, off_t next)
{
	struct dents *d = container_of(c, struct dents, c);
	size_t rec = (offsetof(struct linux_dirent64, d_name) + len + 1 + 7) &
		     ~(size_t)7;
	struct linux_dirent64 *e = (void *)(d->buf + d->used);

	if (rec > d->size - d->used) {
		if (!d->used)
			d->err = -EINVAL; /* not even one fits */
		return false;
	}
	e->d_ino = ino;
	e->d_off = next;
	e->d_reclen = (uint16_t)rec;
	e->d_type = (uint8_t)type;
	memcpy(e->d_name, name, len);
	memset(e->d_name + len, 0,
	       rec - offsetof(struct linux_dirent64, d_name) - len);
	d->used += rec;
	return true;
}

static int dents_deliver(struct dir_context *c)
{
	struct dents *d = container_of(c, struct dents, c);

	if (d->err)
		return d->err;
	return d->used && copy_to_user(d->to, d->buf, d->used) ? -EFAULT : 0;
}

SYSCALL3(getdents64, int, fd, uaddr_t, buf, unsigned, size)
{
	struct fdref r = fd_ref(fd);
	struct dents d = { .c.emit = dents_emit, .c.deliver = dents_deliver,
			   .to = buf };
	long ret;

	if (!r.file)
		return -EBADF;
	d.size = MIN((size_t)size, (size_t)32768);
	/* Less than any record needs, or one page at least. */
	d.buf = kmalloc(MAX(d.size, (size_t)64), GFP_KERNEL);
	ret = -ENOMEM;
	if (d.buf) {
		ret = file_iterate(r.file, &d.c);
		if (!ret)
			ret = (long)d.used;
		kfree(d.buf);
	}
	fd_unref(r);
	return ret;
}

/* ---- descriptors ---- */

SYSCALL1(close, unsigned, fd)
{
	return fd_close(current_files(), fd);
}

SYSCALL1(dup, int, fd)
{
	struct fdtable *t = current_files();
	struct file *f = fdtable_get_file(t, (unsigned)fd);
	int new;

	if (!f)
		return -EBADF;
	new = fd_open(t, f, false);
	if (new < 0)
		file_put(f);
	return new;
}

SYSCALL3(dup3, int, oldfd, int, newfd, unsigned, flags)
{
	if (flags & ~(unsigned)O_CLOEXEC)
		return -EINVAL;
	if (oldfd == newfd)
		return -EINVAL;
	return fd_dup2(current_files(), oldfd, newfd, flags & O_CLOEXEC);
}

static long dup_from(struct file *f, unsigned from, bool cloexec)
{
	struct fdtable *t = current_files();
	int fd = fd_alloc(t, from, cloexec);

	if (fd >= 0) {
		file_get(f);
		fd_install(t, fd, f);
	}
	return fd;
}

__attribute__((cold))
static long lock_range(struct fdref r, int fd, int cmd, uaddr_t arg)
{
	struct fdtable *t = current_files();
	struct file *now;
	struct flock l;
	long err;

	if (get_user(l, arg))
		return -EFAULT;
	err = flock_range(r.file, cmd, &l);
	if (!err && (cmd == F_GETLK || cmd == F_OFD_GETLK))
		return put_user(l, arg);
	if (!err && r.counted) {
		/* If another thread has closed it meanwhile, it was too early to
		 * find this lock. */
		now = fdtable_get_file(t, (unsigned)fd);
		if (now != r.file) {
			flock_forget(r.file->inode, t);
			err = -EBADF;
		}
		if (now)
			file_put(now);
	}
	return err;
}

SYSCALL2(flock, int, fd, unsigned, op)
{
	struct fdref r = fd_ref(fd);
	long err = -EBADF;

	if (r.file)
		err = flock_whole(r.file, op);
	fd_unref(r);
	return err;
}

/* What F_SETFL may change. */
#define SETFL (O_APPEND | O_NONBLOCK | O_NOATIME | O_ASYNC | O_DIRECT)

SYSCALL3(fcntl, int, fd, int, cmd, uint64_t, arg)
{
	struct fdref r = fd_ref(fd);
	struct file *f = r.file;
	unsigned flags;
	long ret = 0;

	if (!f)
		return -EBADF;
	if (f->flags & O_PATH && cmd != F_DUPFD && cmd != F_DUPFD_CLOEXEC &&
	    cmd != F_GETFD && cmd != F_SETFD && cmd != F_GETFL) {
		fd_unref(r);
		return -EBADF;
	}
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg > INT32_MAX)
			ret = -EINVAL;
		else
			ret = dup_from(f, (unsigned)arg,
				       cmd == F_DUPFD_CLOEXEC);
		break;
	case F_GETFD:
		ret = fd_get_cloexec(current_files(), fd);
		break;
	case F_SETFD:
		ret = fd_set_cloexec(current_files(), fd, arg & FD_CLOEXEC);
		break;
	case F_GETFL:
		ret = (long)(f->flags | O_LARGEFILE);
		break;
	case F_SETFL:
		if ((arg & O_NOATIME) && !(f->flags & O_NOATIME) &&
		    host_cred()->fsuid && host_cred()->fsuid != f->inode->uid) {
			ret = -EPERM;
			break;
		}
		flags = f->flags & ~(unsigned)SETFL;
		__atomic_store_n(&f->flags, flags | ((unsigned)arg & SETFL),
				 __ATOMIC_RELAXED);
		break;
	case F_GETPIPE_SZ:
		ret = pipe_capacity(f);
		break;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		ret = lock_range(r, fd, cmd, arg);
		break;
	default:
		ret = -EINVAL;
	}
	fd_unref(r);
	return ret;
}

SYSCALL2(pipe2, uaddr_t, fds, unsigned, flags)
{
	struct fdtable *t = current_files();
	struct file *reader, *writer;
	int fd[2], err;

	if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = pipe_create(flags, &reader, &writer);
	if (err)
		return err;
	fd[0] = fd_alloc(t, 0, flags & O_CLOEXEC);
	if (fd[0] < 0) {
		err = fd[0];
		goto put;
	}
	fd[1] = fd_alloc(t, 0, flags & O_CLOEXEC);
	if (fd[1] < 0) {
		err = fd[1];
		goto release0;
	}
	err = copy_to_user(fds, fd, sizeof(fd));
	if (!err) {
		fd_install(t, fd[0], reader);
		fd_install(t, fd[1], writer);
		return 0;
	}
	fd_release(t, fd[1]);
release0:
	fd_release(t, fd[0]);
put:
	file_put(reader);
	file_put(writer);
	return err;
}

SYSCALL3(ioctl, int, fd, unsigned, cmd, uint64_t, arg)
{
	struct fdref r = fd_ref(fd);
	struct file *f = r.file;
	int on;
	long ret;

	if (!f)
		return -EBADF;
	if (f->flags & O_PATH) {
		fd_unref(r);
		return -EBADF;
	}
	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		ret = fd_set_cloexec(current_files(), fd, cmd == FIOCLEX);
		break;
	case FIONBIO:
		ret = get_user(on, arg);
		if (ret)
			break;
		if (on)
			__atomic_fetch_or(&f->flags, O_NONBLOCK,
					  __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&f->flags, ~(unsigned)O_NONBLOCK,
					   __ATOMIC_RELAXED);
		break;
	case FIONREAD:
		if (S_ISREG(f->inode->mode)) {
			off_t left = READ_ONCE(f->inode->size) - f->pos;

			on = (int)MIN(MAX(left, (off_t)0), (off_t)INT32_MAX);
			ret = put_user(on, arg);
			break;
		}
		__attribute__((fallthrough));
	default:
		ret = f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
	}
	fd_unref(r);
	return ret;
}

/* ---- what is known about an open file ---- */

SYSCALL2(fstat, int, fd, uaddr_t, buf)
{
	struct fdref r = fd_ref(fd);
	struct stat st;

	if (!r.file)
		return -EBADF;
	inode_fill_stat(r.file->inode, &st);
	fd_unref(r);
	return copy_to_user(buf, &st, sizeof(st));
}

SYSCALL2(ftruncate, int, fd, off_t, size)
{
	struct fdref r = fd_ref(fd);
	long ret;

	if (!r.file)
		return -EBADF;
	ret = file_truncate(r.file, size);
	fd_unref(r);
	return ret;
}

SYSCALL4(fallocate, int, fd, int, mode, off_t, off, off_t, len)
{
	struct fdref r = fd_ref(fd);
	long ret;

	if (!r.file)
		return -EBADF;
	ret = file_fallocate(r.file, mode, off, len);
	fd_unref(r);
	return ret;
}

static long sync_file(int fd, bool data_only)
{
	struct fdref r = fd_ref(fd);
	long ret;

	if (!r.file)
		return -EBADF;
	ret = file_fsync(r.file, data_only);
	fd_unref(r);
	return ret;
}

SYSCALL1(fsync, int, fd)
{
	return sync_file(fd, false);
}

SYSCALL1(fdatasync, int, fd)
{
	return sync_file(fd, true);
}

SYSCALL0(sync)
{
	vfs_sync_all();
	return 0;
}

SYSCALL1(syncfs, int, fd)
{
	struct fdref r = fd_ref(fd);
	long ret;

	if (!r.file)
		return -EBADF;
	ret = file_syncfs(r.file);
	fd_unref(r);
	return ret;
}

/* ---- ppoll ---- */

/* The deadline on the monotonic clock, or 0 for "do not wait". */
static int poll_deadline(uaddr_t timeout, uint64_t *out)
{
	struct timespec ts;
	int err;

	if (!timeout) {
		*out = deadline_after(NULL);
		return 0;
	}
	err = get_user(ts, timeout);
	if (err)
		return err;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 ||
	    ts.tv_nsec >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	*out = ts.tv_sec || ts.tv_nsec ? deadline_after(&ts) : 0;
	return 0;
}

/* How long the caller may still wait. Where that cannot be written, what has
 * been found counts. */
static void poll_time_left(uaddr_t timeout, uint64_t deadline)
{
	uint64_t now = time_now(), left = deadline > now ? deadline - now : 0;
	struct timespec ts = { (time_t)(left / NSEC_PER_SEC),
			       (int64_t)(left % NSEC_PER_SEC) };

	if (timeout && deadline)
		(void)put_user(ts, timeout);
}

/* The caller's mask, for the length of the call. */
static int mask_begin(uaddr_t sigmask, size_t size)
{
	struct thread *t = current_thread();
	uint64_t mask;

	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user(mask, sigmask))
		return -EFAULT;
	t->saved_sigmask = t->sigmask;
	t->restore_sigmask = true;
	signal_set_mask(t, mask);
	return 0;
}

/* When a signal ended the call its handler runs under the new mask, and the
 * old one comes back on the way to user mode. */
static void mask_end(bool interrupted)
{
	struct thread *t = current_thread();

	if (interrupted)
		return;
	t->restore_sigmask = false;
	signal_set_mask(t, t->saved_sigmask);
}

SYSCALL5(ppoll, uaddr_t, fds, unsigned, n, uaddr_t, timeout, uaddr_t, sigmask,
	 size_t, sigsize)
{
	struct pollfd small[8], *p = small;
	uint64_t deadline;
	long ret;

	if (n > host_fd_limit())
		return -EINVAL;
	ret = poll_deadline(timeout, &deadline);
	if (ret)
		return ret;
	if (n > ARRAY_SIZE(small)) {
		p = kmalloc(n * sizeof(*p), GFP_KERNEL);
		if (!p)
			return -ENOMEM;
	}
	ret = n ? copy_from_user(p, fds, n * sizeof(*p)) : 0;
	if (!ret && sigmask)
		ret = mask_begin(sigmask, sigsize);
	if (ret)
		goto free;
	ret = poll_files(p, n, deadline);
	if (sigmask)
		mask_end(ret == -EINTR);
	if (ret >= 0 && n && copy_to_user(fds, p, n * sizeof(*p)))
		ret = -EFAULT;
	poll_time_left(timeout, deadline);
free:
	if (p != small)
		kfree(p);
	return ret;
}

/* ---- pselect6 ---- */

#define SELECT_IN  (POLLIN | POLLHUP | POLLERR)
#define SELECT_OUT (POLLOUT | POLLERR)

/* The three sets of select, words of 64 descriptors each, one behind the
 * other: to read, to write, exceptional. */
struct select_sets {
	uint64_t *words;
	size_t n; /* words in a set */
};

static bool in_set(const struct select_sets *s, unsigned set, unsigned fd)
{
	return s->words[set * s->n + fd / 64] >> (fd % 64) & 1;
}

/* One pollfd for each descriptor that is in a set; how many. */
static unsigned select_collect(const struct select_sets *s, unsigned nfds,
			       struct pollfd *p)
{
	static const short events[3] = { POLLIN, POLLOUT, POLLPRI };
	unsigned count = 0;

	for (unsigned fd = 0; fd < nfds; fd++) {
		short want = 0;

		for (unsigned set = 0; set < 3; set++)
			want |= in_set(s, set, fd) ? events[set] : 0;
		if (want)
			p[count++] = (struct pollfd){ (int)fd, want, 0 };
	}
	return count;
}

/* What is ready becomes the new sets; how many bits, or -EBADF. */
static long select_result(struct select_sets *s, const struct pollfd *p,
			  unsigned count)
{
	static const short ready[3] = { SELECT_IN, SELECT_OUT, POLLPRI };
	static const short events[3] = { POLLIN, POLLOUT, POLLPRI };
	long bits = 0;

	memset(s->words, 0, 3 * s->n * sizeof(uint64_t));
	for (unsigned i = 0; i < count; i++) {
		unsigned fd = (unsigned)p[i].fd;

		if (p[i].revents & POLLNVAL)
			return -EBADF;
		for (unsigned set = 0; set < 3; set++) {
			if (!(p[i].events & events[set]) ||
			    !(p[i].revents & ready[set]))
				continue;
			s->words[set * s->n + fd / 64] |= 1ull << (fd % 64);
			bits++;
		}
	}
	return bits;
}

/* The sets come from and go to up to three user addresses; 0: empty. */
static int select_copy(struct select_sets *s, const uaddr_t user[3], bool out)
{
	size_t bytes = s->n * sizeof(uint64_t);
	int err = 0;

	for (unsigned set = 0; set < 3 && !err; set++) {
		uint64_t *words = s->words + set * s->n;

		if (user[set] && bytes)
			err = out ? copy_to_user(user[set], words, bytes)
				  : copy_from_user(words, user[set], bytes);
	}
	return err;
}

SYSCALL6(pselect6, int, nfds, uaddr_t, in, uaddr_t, out, uaddr_t, except,
	 uaddr_t, timeout, uaddr_t, usig)
{
	const uaddr_t user[3] = { in, out, except };
	struct {
		uaddr_t mask;
		uint64_t size;
	} sig = { 0, 0 };
	struct select_sets s;
	struct pollfd *p;
	uint64_t deadline;
	unsigned count;
	long ret;

	if (nfds < 0)
		return -EINVAL;
	if ((unsigned)nfds > host_fd_limit()) /* there is none behind it */
		nfds = (int)host_fd_limit();
	ret = poll_deadline(timeout, &deadline);
	if (ret)
		return ret;
	if (usig && get_user(sig, usig))
		return -EFAULT;
	s.n = ((size_t)nfds + 63) / 64;
	s.words = kzalloc((3 * s.n + 1) * sizeof(uint64_t), GFP_KERNEL);
	p = kmalloc(((size_t)nfds + 1) * sizeof(*p), GFP_KERNEL);
	ret = s.words && p ? select_copy(&s, user, false) : -ENOMEM;
	if (ret)
		goto free;
	count = select_collect(&s, (unsigned)nfds, p);
	if (sig.mask)
		ret = mask_begin(sig.mask, sig.size);
	if (ret)
		goto free;
	ret = poll_files(p, count, deadline);
	if (sig.mask)
		mask_end(ret == -EINTR);
	if (ret >= 0)
		ret = select_result(&s, p, count);
	if (ret >= 0 && select_copy(&s, user, true))
		ret = -EFAULT;
	poll_time_left(timeout, deadline);
free:
	kfree(s.words);
	kfree(p);
	return ret;
}
