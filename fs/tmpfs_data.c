/*
 * The content of memory files.
 *
 * What was written is a page of the inode's mapping, what was not is a hole. A
 * write holds the inode's lock, so the page stays where it is while the
 * caller's memory is copied into it, which may fault and sleep; a new page
 * comes into the mapping only when it is filled.
 */
#include "fs/file.h"
#include "fs/tmpfs.h"

/* One more page of ip; false: the limit is reached. */
static bool page_charge(struct inode *ip)
{
	struct tmpfs *t = tmpfs_of(ip);

	if (!tmpfs_count_up(&t->used_pages, t->max_pages))
		return false;
	__atomic_fetch_add(&ip->blocks, PAGE_SIZE / 512, __ATOMIC_RELAXED);
	return true;
}

void tmpfs_uncharge(struct inode *ip, uint64_t n)
{
	if (!n)
		return;
	__atomic_fetch_sub(&tmpfs_of(ip)->used_pages, n, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&ip->blocks, n * (PAGE_SIZE / 512),
			   __ATOMIC_RELAXED);
}

/* Zeroes what the page that holds `from` has behind it. */
static void zero_tail(struct inode *ip, off_t from)
{
	unsigned off = (unsigned)((uint64_t)from & PAGE_MASK);
	struct page *pg;

	if (!off)
		return;
	pg = pagecache_find(&ip->mapping, (uint64_t)from >> PAGE_SHIFT);
	if (!pg)
		return;
	memset((char *)page_to_va(pg) + off, 0, PAGE_SIZE - off);
	page_put(pg);
}

int tmpfs_truncate(struct inode *ip, off_t size)
{
	off_t old = ip->size;

	/* The size first: a fault that comes too late sees it. */
	__atomic_store_n(&ip->size, size, __ATOMIC_RELEASE);
	if (size < old) {
		uint64_t first = div_round_up((uint64_t)size, PAGE_SIZE);

		if (ip->mapping.npages)
			tmpfs_uncharge(ip,
				       pagecache_truncate(&ip->mapping, first,
							  UINT64_MAX));
		zero_tail(ip, size);
	} else if (!list_empty(&ip->mapping.regions)) {
		/* A mapping may have written behind the old end. */
		zero_tail(ip, old);
	}
	ip->mtime = vfs_now();
	ip->ctime = ip->mtime;
	return 0;
}

/* Holes in a mapping become pages when they are touched. */
static int tmpfs_read_pages(struct mapping *m, struct page **pages, unsigned n)
{
	int err = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!err && !page_charge(m->inode))
			err = -ENOSPC;
		if (err) {
			pagecache_remove(m, pages[i]);
		} else {
			memset(page_to_va(pages[i]), 0, PAGE_SIZE);
			page_set_bits(pages[i], PG_UPTODATE | PG_DIRTY);
		}
		page_unlock(pages[i]);
	}
	return err;
}

static int tmpfs_make_writable(struct mapping *m, struct page *pg)
{
	page_set_bits(pg, PG_DIRTY);
	return 0;
}

static ssize_t tmpfs_read(struct file *f, struct uio *u, off_t pos)
{
	struct inode *ip = f->inode;
	struct page *pages[16];
	ssize_t done = 0;
	bool bad = false;

	while (u->resid && !bad) {
		off_t size = READ_ONCE(ip->size);
		unsigned off = (unsigned)((uint64_t)pos & PAGE_MASK), n, i;
		size_t left;

		if (pos >= size)
			break;
		left = MIN((size_t)(size - pos), u->resid);
		n = (unsigned)MIN((left + off + PAGE_SIZE - 1) >> PAGE_SHIFT,
				  (size_t)ARRAY_SIZE(pages));
		pagecache_find_range(&ip->mapping, (uint64_t)pos >> PAGE_SHIFT,
				     n, pages);
		for (i = 0; i < n; i++) {
			size_t want = MIN((size_t)PAGE_SIZE - off, left), c;

			if (pages[i]) {
				c = bad ? 0
					: uio_copy_to(
						  u,
						  (char *)page_to_va(pages[i]) +
							  off,
						  want);
				page_put(pages[i]);
			} else {
				c = bad ? 0 : uio_zero_to(u, want);
			}
			done += (ssize_t)c;
			pos += (off_t)c;
			left -= c;
			off = 0;
			if (c < want)
				bad = true;
		}
		if (u->resid && !bad) {
			if (host_fatal_signal_pending())
				break;
			resched_point();
		}
	}
	if (done)
		inode_touch_atime(ip);
	return done || !bad ? done : -EFAULT;
}

/* Writes the first bytes of a page that is not there yet. Bytes or error. */
static ssize_t write_new_page(struct inode *ip, struct uio *u, uint64_t index,
			      unsigned off, size_t want)
{
	struct mapping *m = &ip->mapping;
	struct page *pg, *other;
	size_t c;
	char *va;
	int err;

	if (!page_charge(ip))
		return -ENOSPC;
	pg = page_alloc(0, GFP_KERNEL | GFP_USER, PAGE_CACHE);
	if (!pg) {
		tmpfs_uncharge(ip, 1);
		return -ENOMEM;
	}
	/* Nobody sees the page yet: the copy may fault and sleep. */
	va = page_to_va(pg);
	if (off)
		memset(va, 0, off);
	c = uio_copy_from(u, va + off, want);
	if (off + c < PAGE_SIZE)
		memset(va + off + c, 0, PAGE_SIZE - off - c);
	err = c ? 0 : -EFAULT;
	if (!err) {
		page_set_bits(pg, PG_UPTODATE | PG_DIRTY);
		err = pagecache_add(m, index, pg);
	}
	if (err == -EEXIST) {
		/* A fault through a mapping was quicker, perhaps that of the
		 * copy itself; it left zeroes. */
		err = pagecache_get(m, index, &other);
		if (!err) {
			memcpy((char *)page_to_va(other) + off, va + off, c);
			page_put(other);
			tmpfs_uncharge(ip, 1);
		}
	}
	page_put(pg);
	if (err) {
		tmpfs_uncharge(ip, 1);
		return err;
	}
	return (ssize_t)c;
}

static ssize_t tmpfs_write(struct file *f, struct uio *u, off_t *pos)
{
	struct inode *ip = f->inode;
	struct mapping *m = &ip->mapping;
	ssize_t done = 0, err = 0;

	rwsem_write_lock(&ip->lock);
	if (f->flags & O_APPEND)
		*pos = ip->size;
	if (*pos > ip->size && !list_empty(&m->regions))
		zero_tail(ip, ip->size);
	while (u->resid) {
		unsigned off = (unsigned)((uint64_t)*pos & PAGE_MASK);
		size_t want = MIN((size_t)PAGE_SIZE - off, u->resid);
		uint64_t index = (uint64_t)*pos >> PAGE_SHIFT;
		struct page *pg = pagecache_find(m, index);

		if (pg && page_test(pg, PG_UPTODATE)) {
			/* With the inode locked it cannot be truncated, and
			 * memory files are not written out: no page lock. */
			err = (ssize_t)uio_copy_from(
				u, (char *)page_to_va(pg) + off, want);
			if (!err)
				err = -EFAULT;
			/* It may have been executed: not this content. */
			if (page_test(pg, PG_ICACHE))
				page_clear_bits(pg, PG_ICACHE);
			page_put(pg);
		} else if (pg) {
			/* A fault is just filling it. */
			page_put(pg);
			err = pagecache_get(m, index, &pg);
			if (!err) {
				page_put(pg);
				continue;
			}
		} else {
			err = write_new_page(ip, u, index, off, want);
		}
		if (err < 0)
			break;
		*pos += err;
		done += err;
		if (*pos > ip->size)
			__atomic_store_n(&ip->size, *pos, __ATOMIC_RELEASE);
		if ((size_t)err < want)
			break;
		if (u->resid) {
			if (host_fatal_signal_pending())
				break;
			resched_point();
		}
	}
	if (done) {
		ip->mtime = vfs_now();
		ip->ctime = ip->mtime;
		inode_drop_set_id(ip);
	}
	rwsem_write_unlock(&ip->lock);
	return done ? done : err;
}

/* Makes pages [first, last] be there: 0, -ENOSPC, -ENOMEM, -EINTR. */
static int fill_holes(struct inode *ip, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++) {
		struct page *pg = pagecache_find(&ip->mapping, i);
		int err = 0;

		if (pg) {
			page_put(pg);
			continue;
		}
		if (!page_charge(ip))
			return -ENOSPC;
		pg = page_alloc(0, GFP_KERNEL | GFP_USER | GFP_ZERO,
				PAGE_CACHE);
		if (pg) {
			page_set_bits(pg, PG_UPTODATE | PG_DIRTY);
			err = pagecache_add(&ip->mapping, i, pg);
			page_put(pg);
		} else {
			err = -ENOMEM;
		}
		if (err)
			tmpfs_uncharge(ip, 1);
		if (err && err != -EEXIST)
			return err;
		if (host_fatal_signal_pending())
			return -EINTR;
		resched_point();
	}
	return 0;
}

static void zero_range(struct inode *ip, uint64_t index, unsigned from,
		       unsigned to)
{
	struct page *pg = pagecache_find(&ip->mapping, index);

	if (!pg)
		return;
	memset((char *)page_to_va(pg) + from, 0, to - from);
	page_put(pg);
}

static void punch_hole(struct inode *ip, off_t off, off_t end)
{
	uint64_t first = div_round_up((uint64_t)off, PAGE_SIZE);
	uint64_t stop = (uint64_t)end >> PAGE_SHIFT; /* exclusive */
	unsigned head = (unsigned)((uint64_t)off & PAGE_MASK);
	unsigned tail = (unsigned)((uint64_t)end & PAGE_MASK);

	if ((uint64_t)off >> PAGE_SHIFT == stop) {
		zero_range(ip, stop, head, tail);
		return;
	}
	if (head)
		zero_range(ip, (uint64_t)off >> PAGE_SHIFT, head, PAGE_SIZE);
	if (tail)
		zero_range(ip, stop, 0, tail);
	if (stop > first)
		tmpfs_uncharge(
			ip, pagecache_truncate(&ip->mapping, first, stop - 1));
}

__attribute__((cold))
static int tmpfs_fallocate(struct file *f, int mode, off_t off, off_t len)
{
	struct inode *ip = f->inode;
	off_t end = off + len;
	int err = 0;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	rwsem_write_lock(&ip->lock);
	if (mode & FALLOC_FL_PUNCH_HOLE)
		punch_hole(ip, off, end);
	else
		err = fill_holes(ip, (uint64_t)off >> PAGE_SHIFT,
				 ((uint64_t)end - 1) >> PAGE_SHIFT);
	if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && end > ip->size)
		__atomic_store_n(&ip->size, end, __ATOMIC_RELEASE);
	if (!err)
		inode_drop_set_id(ip);
	ip->ctime = vfs_now();
	if (mode & FALLOC_FL_PUNCH_HOLE)
		ip->mtime = ip->ctime;
	rwsem_write_unlock(&ip->lock);
	return err;
}

static off_t tmpfs_seek(struct file *f, off_t off, int whence)
{
	struct inode *ip = f->inode;
	off_t size = READ_ONCE(ip->size);
	uint64_t i;

	switch (whence) {
	case SEEK_SET:
		return off < 0 ? -EINVAL : off;
	case SEEK_CUR:
	case SEEK_END:
		if (__builtin_add_overflow(whence == SEEK_CUR ? f->pos : size,
					   off, &off))
			return -EOVERFLOW;
		return off < 0 ? -EINVAL : off;
	case SEEK_DATA:
	case SEEK_HOLE:
		break;
	default:
		return -EINVAL;
	}
	if (off < 0 || off >= size)
		return -ENXIO;
	i = (uint64_t)off >> PAGE_SHIFT;
	if (whence == SEEK_DATA) {
		uint64_t at = pagecache_next(&ip->mapping, i);

		if (at == i)
			return off;
		if (at == UINT64_MAX || at >= (uint64_t)size >> PAGE_SHIFT)
			if (at == UINT64_MAX ||
			    (off_t)(at << PAGE_SHIFT) >= size)
				return -ENXIO;
		return (off_t)(at << PAGE_SHIFT);
	}
	while (pagecache_next(&ip->mapping, i) == i)
		i++;
	if (i == (uint64_t)off >> PAGE_SHIFT)
		return off;
	return MIN((off_t)(i << PAGE_SHIFT), size);
}

static int tmpfs_mmap(struct file *f, unsigned vm_flags)
{
	return 0;
}

const struct file_ops tmpfs_file_ops = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.fallocate = tmpfs_fallocate,
	.seek = tmpfs_seek,
	.mmap = tmpfs_mmap,
};

const struct mapping_ops tmpfs_mapping_ops = {
	.read_pages = tmpfs_read_pages,
	.make_writable = tmpfs_make_writable,
};
