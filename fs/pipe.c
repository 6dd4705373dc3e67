/*
 * Pipes and FIFOs.
 *
 * A pipe is a ring of bytes over 16 pages that are allocated when the writer
 * first gets to them and freed, but for one, when the reader has emptied them;
 * an empty pipe starts over at its first page, so small messages use one page
 * for ever. Two positions that only grow say what is in it.
 *
 * One spinlock guards all of it. Data is copied under it without faulting, at
 * most 4096 bytes at a time; that is what makes such a write one piece. When
 * user memory is not there the lock is let go, the memory faulted in, and the
 * step tried again.
 */
#include "fs/pipe.h"

#include "fs/file.h"
#include "fs/namei.h"
#include "fs/poll.h"
#include "kernel/abi/ioctl.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/signal.h"

#define PIPE_PAGES 16u
#define PIPE_SIZE  (PIPE_PAGES * PAGE_SIZE)

struct pipe {
	struct spinlock lock;
	uint64_t head, tail; /* [lock] written, read: bytes since empty */
	struct page *pages[PIPE_PAGES]; /* [lock] */
	unsigned readers, writers;      /* [lock] open ends */
	unsigned opened_r, opened_w;    /* [lock] opens so far: FIFOs wait */
	struct wait_queue can_read, can_write, opening;
};

static struct kmem_cache *pipe_cache;
/* Pipes without a name have a file system that is mounted nowhere, so that
 * /proc/PID/fd can open them again. */
static struct super *pipe_super;
static struct mount *pipe_mount;
static ino_t pipe_ino;
/* A FIFO's pipe comes and goes with its opens. */
static struct spinlock fifo_lock;

static struct pipe *pipe_alloc(void)
{
	struct pipe *p = kmem_cache_alloc(pipe_cache, GFP_KERNEL);

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	spin_init(&p->lock, "pipe", RANK_FILES);
	wait_queue_init(&p->can_read);
	wait_queue_init(&p->can_write);
	wait_queue_init(&p->opening);
	return p;
}

static void pipe_free(struct pipe *p)
{
	for (unsigned i = 0; i < PIPE_PAGES; i++) {
		if (p->pages[i])
			page_put(p->pages[i]);
	}
	kmem_cache_free(pipe_cache, p);
}

static inline struct page **pipe_slot(struct pipe *p, uint64_t at)
{
	return &p->pages[(at >> PAGE_SHIFT) % PIPE_PAGES];
}

/* Bytes were read up to p->tail: keeps one page, frees others. */
static void pipe_consumed(struct pipe *p, uint64_t from)
{
	if (p->tail == p->head) {
		/* Empty: page 0 stays, or the current one becomes it. */
		struct page **last = pipe_slot(p, p->tail ? p->tail - 1 : 0);

		if (!p->pages[0]) {
			p->pages[0] = *last;
			if (last != &p->pages[0])
				*last = NULL;
		}
		if (p->tail > PAGE_SIZE || from) {
			for (unsigned i = 1; i < PIPE_PAGES; i++) {
				if (!p->pages[i])
					continue;
				page_put(p->pages[i]);
				p->pages[i] = NULL;
			}
		}
		p->head = 0;
		p->tail = 0;
		return;
	}
	/* Whole pages that are behind the reader now. */
	for (; from >> PAGE_SHIFT < p->tail >> PAGE_SHIFT; from += PAGE_SIZE) {
		struct page **slot = pipe_slot(p, from);

		/* Once round: the writer is in this page already. */
		if ((p->head - 1) >> PAGE_SHIFT >=
		    (from >> PAGE_SHIFT) + PIPE_PAGES)
			continue;
		if (*slot)
			page_put(*slot);
		*slot = NULL;
	}
}

/* Copies [at, at+n) of the ring to u without faulting; bytes. */
static size_t ring_read(struct pipe *p, struct uio *u, uint64_t at, size_t n)
{
	size_t done = 0;

	while (done < n) {
		unsigned off = (unsigned)(at & PAGE_MASK);
		size_t want = MIN(n - done, (size_t)PAGE_SIZE - off), c;

		c = uio_copy_to_nofault(
			u, (char *)page_to_va(*pipe_slot(p, at)) + off, want);
		done += c;
		at += c;
		if (c < want)
			break;
	}
	return done;
}

static size_t ring_write(struct pipe *p, struct uio *u, uint64_t at, size_t n)
{
	size_t done = 0;

	while (done < n) {
		unsigned off = (unsigned)(at & PAGE_MASK);
		size_t want = MIN(n - done, (size_t)PAGE_SIZE - off), c;

		c = uio_copy_from_nofault(
			u, (char *)page_to_va(*pipe_slot(p, at)) + off, want);
		done += c;
		at += c;
		if (c < want)
			break;
	}
	return done;
}

static ssize_t pipe_read(struct file *f, struct uio *u, off_t pos)
{
	struct pipe *p = f->priv;
	size_t done = 0;
	ssize_t err = 0;

	if (!u->resid)
		return 0;
	spin_lock(&p->lock);
	while (u->resid) {
		uint64_t have = p->head - p->tail;
		size_t want, c;

		if (!have) {
			if (done || !p->writers)
				break;
			if (f->flags & O_NONBLOCK) {
				err = -EAGAIN;
				break;
			}
			err = wait_sleep(&p->can_read, &p->lock,
					 WAIT_INTERRUPTIBLE, WAIT_FOREVER);
			if (err)
				break;
			continue;
		}
		want = MIN(u->resid, (size_t)PAGE_SIZE);
		want = MIN(want, (size_t)have);
		c = ring_read(p, u, p->tail, want);
		done += c;
		if (c) {
			uint64_t from = p->tail;

			p->tail += c;
			pipe_consumed(p, from);
			wait_wake_all(&p->can_write);
		}
		if (c < want) {
			spin_unlock(&p->lock);
			err = uio_fault_in(u, want - c, true);
			spin_lock(&p->lock);
			if (err)
				break;
		} else if (u->resid && p->head != p->tail) {
			/* A breath for others between large pieces. */
			spin_unlock(&p->lock);
			resched_point();
			spin_lock(&p->lock);
		}
	}
	spin_unlock(&p->lock);
	return done ? (ssize_t)done : err;
}

/* Makes the pages for [head, head+n) be there. Lock held, let go for an
 * allocation: then 1, look again. */
static int ring_reserve(struct pipe *p, uint64_t head, size_t n)
{
	uint64_t last = (head + n - 1) >> PAGE_SHIFT;

	for (uint64_t i = head >> PAGE_SHIFT; i <= last; i++) {
		struct page **slot = &p->pages[i % PIPE_PAGES], *pg;

		if (__builtin_expect(*slot != NULL, 1))
			continue;
		spin_unlock(&p->lock);
		pg = page_alloc(0, GFP_KERNEL | GFP_USER, PAGE_PIPE);
		spin_lock(&p->lock);
		if (!pg)
			return -ENOMEM;
		if (*slot) {
			spin_unlock(&p->lock);
			page_put(pg);
			spin_lock(&p->lock);
		} else {
			*slot = pg;
		}
		return 1;
	}
	return 0;
}

static ssize_t pipe_write(struct file *f, struct uio *u, off_t *pos)
{
	struct pipe *p = f->priv;
	bool whole = u->resid <= PIPE_BUF;
	unsigned retries = 0;
	size_t done = 0;
	ssize_t err = 0;

	spin_lock(&p->lock);
	while (u->resid) {
		size_t room = PIPE_SIZE - (size_t)(p->head - p->tail), want, c;
		struct uio before, stopped;

		if (!p->readers) {
			err = -EPIPE;
			break;
		}
		want = MIN(u->resid, (size_t)PAGE_SIZE);
		if (!whole)
			want = MIN(want, room);
		if (!want || room < want) {
			if (f->flags & O_NONBLOCK) {
				err = -EAGAIN;
				break;
			}
			err = wait_sleep(&p->can_write, &p->lock,
					 WAIT_INTERRUPTIBLE, WAIT_FOREVER);
			if (err)
				break;
			continue;
		}
		err = ring_reserve(p, p->head, want);
		if (err < 0)
			break;
		if (err)
			continue;
		before = *u;
		c = ring_write(p, u, p->head, want);
		stopped = *u;
		if (c < want && (whole || !c)) {
			/* All or nothing: what is in the ring beyond head
			 * does not count, and the next try writes it again. */
			*u = before;
			c = 0;
		}
		if (c) {
			p->head += c;
			done += c;
			retries = 0;
			wait_wake_all(&p->can_read);
		}
		if (c < want) {
			spin_unlock(&p->lock);
			err = uio_fault_in(
				&stopped, MIN(stopped.resid, (size_t)PAGE_SIZE),
				false);
			/* Somebody may take the memory away again and again. */
			if (!err && ++retries > 16)
				err = -EFAULT;
			spin_lock(&p->lock);
			if (err)
				break;
		} else if (u->resid) {
			spin_unlock(&p->lock);
			resched_point();
			spin_lock(&p->lock);
		}
	}
	spin_unlock(&p->lock);
	if (err == -EPIPE && !done)
		host_send_signal(SIGPIPE);
	return done ? (ssize_t)done : err;
}

static unsigned pipe_poll(struct file *f, struct poll_table *t)
{
	struct pipe *p = f->priv;
	unsigned mask = 0;

	if (f->readable)
		poll_wait(t, &p->can_read);
	if (f->writable)
		poll_wait(t, &p->can_write);
	spin_lock(&p->lock);
	if (f->readable) {
		if (p->head != p->tail)
			mask |= POLLIN | POLLRDNORM;
		if (!p->writers && p->opened_w)
			mask |= POLLHUP;
	}
	if (f->writable) {
		if (PIPE_SIZE - (p->head - p->tail) >= PIPE_BUF)
			mask |= POLLOUT | POLLWRNORM;
		if (!p->readers)
			mask |= POLLERR;
	}
	spin_unlock(&p->lock);
	return mask;
}

static long pipe_ioctl(struct file *f, unsigned cmd, uint64_t arg)
{
	struct pipe *p = f->priv;
	uint32_t have;

	if (cmd != FIONREAD)
		return -ENOTTY;
	spin_lock(&p->lock);
	have = (uint32_t)(p->head - p->tail);
	spin_unlock(&p->lock);
	return host_copy_to_user(arg, &have, sizeof(have));
}

/* The inode of a pipe; its FIFO operations find p in it. */
static int pipe_inode(struct pipe *p, struct inode **out)
{
	static const struct inode_ops no_ops;
	struct inode *ip;
	int err = inode_alloc(pipe_super, S_IFIFO | 0600, &ip);

	if (err)
		return err;
	ip->ino = __atomic_add_fetch(&pipe_ino, 1, __ATOMIC_RELAXED);
	inode_init_owner(ip, NULL, S_IFIFO | 0600);
	ip->ops = &no_ops;
	ip->pipe = p;
	*out = ip;
	return 0;
}

/* An end: a file that is open as if the FIFO had been opened. */
static int pipe_end(struct dentry *d, unsigned flags, struct pipe *p,
		    struct file **out)
{
	struct file *f;
	int err = file_alloc(&f);

	if (err)
		return err;
	f->ops = &fifo_file_ops;
	f->inode = d->inode;
	f->dentry = d;
	f->mnt = pipe_mount;
	f->flags = flags;
	f->readable = (flags & O_ACCMODE) == O_RDONLY;
	f->writable = !f->readable;
	f->priv = p;
	path_get(&(struct path){ pipe_mount, d });
	p->readers += f->readable;
	p->writers += f->writable;
	p->opened_r += f->readable;
	p->opened_w += f->writable;
	*out = f;
	return 0;
}

int pipe_create(unsigned flags, struct file **reader, struct file **writer)
{
	struct pipe *p = pipe_alloc();
	struct inode *ip;
	struct dentry *d;
	int err = -ENOMEM;

	if (!p)
		return err;
	flags &= O_NONBLOCK;
	err = pipe_inode(p, &ip);
	if (err) {
		pipe_free(p);
		return err;
	}
	d = dcache_make_root(pipe_super, ip);
	if (!d) {
		inode_put(ip);
		pipe_free(p);
		return -ENOMEM;
	}
	err = pipe_end(d, flags | O_RDONLY, p, reader);
	if (err) {
		pipe_free(p);
	} else {
		err = pipe_end(d, flags | O_WRONLY, p, writer);
		if (err)
			file_put(*reader); /* frees the pipe */
	}
	dentry_put(d);
	return err;
}

int pipe_capacity(const struct file *f)
{
	if (f->ops != &fifo_file_ops)
		return -EBADF;
	return (int)PIPE_SIZE;
}

/* ---- FIFOs ---- */

static bool fifo_met(const struct pipe *p, bool reader, unsigned seen)
{
	return reader ? READ_ONCE(p->writers) || READ_ONCE(p->opened_w) != seen
		      : READ_ONCE(p->readers) || READ_ONCE(p->opened_r) != seen;
}

static void fifo_leave(struct inode *ip, struct file *f)
{
	struct pipe *p = f->priv;
	bool last;

	spin_lock(&fifo_lock);
	spin_lock_nested(&p->lock);
	p->readers -= f->readable;
	p->writers -= f->writable;
	last = !p->readers && !p->writers;
	if (last)
		ip->pipe = NULL;
	wait_wake_all(&p->can_read);
	wait_wake_all(&p->can_write);
	spin_unlock(&p->lock);
	spin_unlock(&fifo_lock);
	if (last)
		pipe_free(p);
}

__attribute__((cold))
static int fifo_open(struct inode *ip, struct file *f)
{
	struct pipe *fresh, *p;
	unsigned seen;
	int err = 0;

	/* O_ACCMODE: at neither end, so that nothing would keep the pipe. */
	if (!f->readable && !f->writable)
		return -EINVAL;
	fresh = pipe_alloc();
	if (!fresh)
		return -ENOMEM;
	spin_lock(&fifo_lock);
	if (!ip->pipe) {
		ip->pipe = fresh;
		fresh = NULL;
	}
	p = ip->pipe;
	spin_lock_nested(&p->lock);
	p->readers += f->readable;
	p->writers += f->writable;
	p->opened_r += f->readable;
	p->opened_w += f->writable;
	seen = f->readable ? p->opened_w : p->opened_r;
	wait_wake_all(&p->opening);
	spin_unlock(&p->lock);
	spin_unlock(&fifo_lock);
	if (fresh)
		pipe_free(fresh);
	f->priv = p;
	/* A pipe that is opened again, through /proc, waits for nobody. */
	if ((f->readable && f->writable) || ip->sb == pipe_super)
		return 0;
	/* The first of one kind waits for the first of the other. */
	if (f->flags & O_NONBLOCK) {
		if (f->writable && !READ_ONCE(p->readers))
			err = -ENXIO;
	} else {
		err = wait_event_interruptible(&p->opening,
					       fifo_met(p, f->readable, seen));
	}
	if (err)
		fifo_leave(ip, f);
	return err;
}

static void fifo_release(struct file *f)
{
	fifo_leave(f->inode, f);
}

const struct file_ops fifo_file_ops = {
	.open = fifo_open,
	.release = fifo_release,
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.stream = true,
};

__attribute__((cold))
void pipe_init(void)
{
	static const struct fs_type pipe_type = { .name = "pipefs" };
	static const struct super_ops no_ops;

	pipe_cache = kmem_cache_create("pipe", sizeof(struct pipe), 0);
	pipe_super = super_alloc(&pipe_type, NULL);
	if (!pipe_cache || !pipe_super)
		panic("pipe: no memory");
	pipe_super->ops = &no_ops;
	pipe_super->flags |= SUPER_KEEP | SUPER_NAMELESS;
	if (inode_alloc(pipe_super, S_IFDIR | 0500, &pipe_super->root) ||
	    mount_private(pipe_super, &pipe_mount))
		panic("pipe: no memory");
	spin_init(&fifo_lock, "fifo", RANK_FILES);
}
