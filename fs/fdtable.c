/*
 * Descriptor tables. The first 64 descriptors lie in the table itself, so
 * that most processes allocate one object; a table that grows moves files and
 * both bitmaps into one larger block. `next` remembers that nothing below it
 * is free, which keeps the search for the lowest free descriptor short.
 */
#include "fs/fdtable.h"

#include "fs/file.h"
#include "fs/flock.h"

static struct kmem_cache *fdtable_cache;

/* Whatever way to a file a process closes, its locks of ranges go. */
static inline void drop(struct fdtable *t, struct file *f)
{
	flock_forget(f->inode, t);
	file_put(f);
}

static inline uint64_t fd_bit(unsigned fd)
{
	return BIT(fd % 64);
}

static void table_init(struct fdtable *t)
{
	memset(t, 0, sizeof(*t));
	t->refs = 1;
	spin_init(&t->lock, "fdtable", RANK_FILES);
	t->cap = FD_INLINE;
	t->files = t->inline_files;
	t->used = &t->inline_used;
	t->cloexec = &t->inline_cloexec;
}

__attribute__((cold))
struct fdtable *fdtable_create(void)
{
	struct fdtable *t = kmem_cache_alloc(fdtable_cache, GFP_KERNEL);

	if (t)
		table_init(t);
	return t;
}

/* A block for cap descriptors, zeroed: files, used, cloexec. */
static struct file **block_alloc(unsigned cap)
{
	return kzalloc(cap * sizeof(struct file *) + 2 * (cap / 8), GFP_KERNEL);
}

static uint64_t *block_used(struct file **block, unsigned cap)
{
	return (uint64_t *)(block + cap);
}

/* Lock held; t has at least cap afterwards. The lock is let go meanwhile. */
__attribute__((cold))
static int table_grow(struct fdtable *t, unsigned cap)
{
	unsigned want = t->cap * 2;
	struct file **block, **old = NULL;
	uint64_t *used;

	while (want < cap)
		want *= 2;
	spin_unlock(&t->lock);
	block = block_alloc(want);
	spin_lock(&t->lock);
	if (t->cap >= want) {
		old = block;
		goto out;
	}
	if (!block)
		return -ENOMEM;
	used = block_used(block, want);
	memcpy(block, t->files, t->cap * sizeof(*block));
	memcpy(used, t->used, t->cap / 8);
	memcpy(used + want / 64, t->cloexec, t->cap / 8);
	if (t->files != t->inline_files)
		old = t->files;
	t->files = block;
	t->used = used;
	t->cloexec = used + want / 64;
	t->cap = want;
out:
	if (old) {
		spin_unlock(&t->lock);
		kfree(old);
		spin_lock(&t->lock);
	}
	return 0;
}

struct fdtable *fdtable_fork(struct fdtable *t)
{
	struct fdtable *n = fdtable_create();
	unsigned words;

	if (!n)
		return NULL;
	spin_lock(&t->lock);
	while (n->cap < t->cap) {
		unsigned cap = t->cap;

		/* Only as much as is in use; t may grow meanwhile. */
		while (cap > FD_INLINE && !t->used[cap / 64 - 1])
			cap -= 64;
		if (cap <= n->cap)
			break;
		spin_unlock(&t->lock);
		spin_lock(&n->lock);
		if (table_grow(n, cap)) {
			spin_unlock(&n->lock);
			fdtable_put(n);
			return NULL;
		}
		spin_unlock(&n->lock);
		spin_lock(&t->lock);
	}
	words = MIN(n->cap, t->cap) / 64;
	for (unsigned w = 0; w < words; w++) {
		uint64_t used = t->used[w];

		n->cloexec[w] = t->cloexec[w];
		while (used) {
			unsigned fd = w * 64 + ctz64(used);
			struct file *f = t->files[fd];

			used &= used - 1;
			/* Handed out but not open yet: not copied. */
			if (!f)
				continue;
			file_get(f);
			n->files[fd] = f;
			n->used[w] |= fd_bit(fd);
		}
	}
	spin_unlock(&t->lock);
	return n;
}

void fdtable_put(struct fdtable *t)
{
	if (__atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (unsigned w = 0; w < t->cap / 64; w++) {
		uint64_t used = t->used[w];

		while (used) {
			unsigned fd = w * 64 + ctz64(used);

			used &= used - 1;
			if (t->files[fd])
				drop(t, t->files[fd]);
		}
		resched_point();
	}
	if (t->files != t->inline_files)
		kfree(t->files);
	kmem_cache_free(fdtable_cache, t);
}

void fdtable_exec(struct fdtable *t)
{
	for (unsigned w = 0; w < t->cap / 64; w++) {
		uint64_t marked = t->cloexec[w] & t->used[w];

		while (marked) {
			unsigned fd = w * 64 + ctz64(marked);

			marked &= marked - 1;
			fd_close(t, fd);
		}
	}
}

int fd_alloc(struct fdtable *t, unsigned from, bool cloexec)
{
	unsigned limit = host_fd_limit(), fd, w;
	uint64_t free;
	int err;

	if (from >= limit)
		return from ? -EINVAL : -EMFILE;
	spin_lock(&t->lock);
	/* The first that may be free mostly is. */
	fd = t->next;
	w = fd / 64;
	if (!from && fd < limit && fd < t->cap && !(t->used[w] & fd_bit(fd)))
		goto take;
	for (;;) {
		fd = MAX(from, t->next);
		free = 0;
		for (w = fd / 64; w < t->cap / 64; w++) {
			free = ~t->used[w];
			if (w == fd / 64)
				free &= ~UINT64_C(0) << fd % 64;
			if (free)
				break;
		}
		fd = free ? w * 64 + ctz64(free) : MAX(fd, t->cap);
		if (fd >= limit) {
			spin_unlock(&t->lock);
			return -EMFILE;
		}
		if (free)
			break;
		err = table_grow(t, fd + 1);
		if (err) {
			spin_unlock(&t->lock);
			return err;
		}
	}
take:
	t->used[w] |= fd_bit(fd);
	if (cloexec)
		t->cloexec[w] |= fd_bit(fd);
	else
		t->cloexec[w] &= ~fd_bit(fd);
	if (from <= t->next)
		t->next = fd + 1;
	spin_unlock(&t->lock);
	return (int)fd;
}

void fd_install_shared(struct fdtable *t, int fd, struct file *f)
{
	spin_lock(&t->lock);
	t->files[fd] = f;
	spin_unlock(&t->lock);
}

static void fd_clear_locked(struct fdtable *t, unsigned fd)
{
	t->files[fd] = NULL;
	t->used[fd / 64] &= ~fd_bit(fd);
	if (fd < t->next)
		t->next = fd;
}

void fd_release(struct fdtable *t, int fd)
{
	spin_lock(&t->lock);
	fd_clear_locked(t, (unsigned)fd);
	spin_unlock(&t->lock);
}

int fd_open(struct fdtable *t, struct file *f, bool cloexec)
{
	int fd = fd_alloc(t, 0, cloexec);

	if (fd >= 0)
		fd_install(t, fd, f);
	return fd;
}

int fd_close(struct fdtable *t, unsigned fd)
{
	struct file *f = NULL;

	spin_lock(&t->lock);
	if (fd < t->cap)
		f = t->files[fd];
	if (f)
		fd_clear_locked(t, fd);
	spin_unlock(&t->lock);
	if (!f)
		return -EBADF;
	drop(t, f);
	return 0;
}

int fd_dup2(struct fdtable *t, int oldfd, int newfd, bool cloexec)
{
	struct file *f, *old;
	int err;

	if ((unsigned)newfd >= host_fd_limit())
		return -EBADF;
	spin_lock(&t->lock);
	for (;;) {
		f = (unsigned)oldfd < t->cap ? t->files[oldfd] : NULL;
		if (!f) {
			err = -EBADF;
			goto unlock;
		}
		if ((unsigned)newfd < t->cap)
			break;
		err = table_grow(t, (unsigned)newfd + 1);
		if (err)
			goto unlock;
	}
	old = t->files[newfd];
	if (!old && t->used[newfd / 64] & fd_bit((unsigned)newfd)) {
		/* Another thread is just opening it. */
		err = -EBUSY;
		goto unlock;
	}
	file_get(f);
	t->files[newfd] = f;
	t->used[newfd / 64] |= fd_bit((unsigned)newfd);
	if (cloexec)
		t->cloexec[newfd / 64] |= fd_bit((unsigned)newfd);
	else
		t->cloexec[newfd / 64] &= ~fd_bit((unsigned)newfd);
	spin_unlock(&t->lock);
	if (old)
		drop(t, old);
	return newfd;
unlock:
	spin_unlock(&t->lock);
	return err;
}

int fd_get_cloexec(struct fdtable *t, int fd)
{
	int on = -EBADF;

	spin_lock(&t->lock);
	if ((unsigned)fd < t->cap && t->files[fd])
		on = !!(t->cloexec[fd / 64] & fd_bit((unsigned)fd));
	spin_unlock(&t->lock);
	return on;
}

int fd_set_cloexec(struct fdtable *t, int fd, bool on)
{
	int err = -EBADF;

	spin_lock(&t->lock);
	if ((unsigned)fd < t->cap && t->files[fd]) {
		if (on)
			t->cloexec[fd / 64] |= fd_bit((unsigned)fd);
		else
			t->cloexec[fd / 64] &= ~fd_bit((unsigned)fd);
		err = 0;
	}
	spin_unlock(&t->lock);
	return err;
}

struct file *fdtable_get_file(struct fdtable *t, unsigned fd)
{
	struct file *f = NULL;

	spin_lock(&t->lock);
	if (fd < t->cap)
		f = t->files[fd];
	if (f)
		file_get(f);
	spin_unlock(&t->lock);
	return f;
}

int fdtable_next(struct fdtable *t, unsigned fd)
{
	int found = -1;

	spin_lock(&t->lock);
	for (; fd < t->cap; fd++) {
		if (fd % 64 == 0 && !t->used[fd / 64]) {
			fd += 63;
			continue;
		}
		if (t->files[fd]) {
			found = (int)fd;
			break;
		}
	}
	spin_unlock(&t->lock);
	return found;
}

struct fdref fd_ref_shared(struct fdtable *t, unsigned fd)
{
	struct fdref r = { fdtable_get_file(t, fd), true };

	if (!r.file)
		r.counted = false;
	return r;
}

void fdtable_init(void)
{
	fdtable_cache = kmem_cache_create("fdtable", sizeof(struct fdtable), 0);
	if (!fdtable_cache)
		panic("fdtable: no memory");
}
