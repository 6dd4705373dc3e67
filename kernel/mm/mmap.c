/*
 * What mmap, munmap, mprotect, brk, mremap, madvise and msync do to the
 * regions of an address space. Everything is checked first and memory for new
 * regions taken; then nothing can fail any more.
 */
#include "fs/namei.h"
#include "fs/pagecache.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/mount.h"
#include "kernel/bits.h"
#include "kernel/mm/vmspace_impl.h"
#include "kernel/sched.h"

#define USER_BOTTOM PAGE_SIZE   /* page 0 is never mapped */
#define STACK_START (132ul << 10) /* of it, what every program is said to have */
#define STACK_GUARD (1ul << 20) /* nothing is placed this near below one */

/* ---- mapping and unmapping ---- */

/*
 * Takes [start, end) out. All that can fail is done first. Dead regions go
 * onto the list, to be freed without the lock. [lock: write]
 */
static int unmap_locked(struct vmspace *vs, uaddr_t start, uaddr_t end,
			struct list_head *dead)
{
	struct region *r = region_find(vs, start), *next, *upper;

	if (!r || r->start >= end)
		return 0;
	if (r->start < start && r->end > end) {
		upper = region_alloc(vs, GFP_KERNEL);
		if (!upper)
			return -ENOMEM;
		region_split(vs, r, end, upper);
	}
	for (; r && r->start < end; r = next) {
		next = region_next(r);
		if (r->start < start) /* keeps its lower part */
			region_resize(vs, r, r->start, start);
		else if (r->end > end)
			region_resize(vs, r, end, r->end);
		else
			region_unlink(vs, r, dead);
	}
	vmspace_zap(vs, start, end);
	return 0;
}

/* A gap of len bytes that ends as high as possible below mmap_base; 0: none. */
static uaddr_t find_gap(struct vmspace *vs, uint64_t len)
{
	uaddr_t top = vs->mmap_base;
	struct region *r = region_find(vs, top);

	if (len > top)
		return 0;
	if (r) {
		if (r->start < top)
			top = r->start;
		r = region_prev(r);
	} else {
		struct rb_node *n = rb_last(&vs->regions);

		r = n ? container_of(n, struct region, node) : NULL;
	}
	for (; r; r = region_prev(r)) {
		if (r->end <= top && top - r->end >= len)
			break;
		if (r->start < top)
			top = r->start;
	}
	if (top < len || top - len < USER_BOTTOM)
		return 0;
	return top - len;
}

static bool range_free(struct vmspace *vs, uaddr_t start, uint64_t len)
{
	struct region *r = region_find(vs, start);

	return !r || r->start >= start + len;
}

int vmspace_map(struct vmspace *vs, uaddr_t start, uint64_t len, unsigned flags,
		bool fixed, struct file *file, uint64_t pgoff,
		uint64_t file_bytes, uaddr_t *out)
{
	struct list_head dead = LIST_INIT(dead);
	struct region *r;
	int err = 0;

	if (!len || start & PAGE_MASK)
		return -EINVAL;
	if (len > USER_TOP)
		return -ENOMEM;
	len = round_up(len, PAGE_SIZE);
	if (fixed && start < USER_BOTTOM)
		return -EPERM;
	if (start > USER_TOP - len) {
		if (fixed)
			return -ENOMEM;
		start = 0;
	}
	r = region_alloc(vs, GFP_KERNEL | GFP_ZERO);
	if (!r)
		return -ENOMEM;
	rwsem_write_lock(&vs->lock);
	if (!fixed) {
		if (start < USER_BOTTOM || !range_free(vs, start, len))
			start = find_gap(vs, len);
		if (!start)
			err = -ENOMEM;
	} else if (flags & VM_NOREPLACE) {
		if (!range_free(vs, start, len))
			err = -EEXIST;
	} else {
		err = unmap_locked(vs, start, start + len, &dead);
	}
	if (err) {
		region_free(r);
	} else {
		r->start = start;
		r->end = start + len;
		r->flags = flags & ~VM_NOREPLACE;
		r->vs = vs;
		r->file = file;
		r->pgoff = pgoff;
		r->file_end = UINT64_MAX;
		if (file) {
			file_get(file);
			if (file_bytes)
				r->file_end = start + file_bytes;
		}
		region_link(vs, r);
		if (!file)
			region_join(vs, r, &dead);
		if (out)
			*out = start;
	}
	rwsem_write_unlock(&vs->lock);
	regions_free(&dead);
	return err;
}

int vmspace_unmap(struct vmspace *vs, uaddr_t start, uint64_t len)
{
	struct list_head dead = LIST_INIT(dead);
	int err;

	if (!len || start & PAGE_MASK || start > USER_TOP ||
	    len > USER_TOP - start)
		return -EINVAL;
	len = round_up(len, PAGE_SIZE);
	rwsem_write_lock(&vs->lock);
	err = unmap_locked(vs, start, start + len, &dead);
	rwsem_write_unlock(&vs->lock);
	regions_free(&dead);
	return err;
}

/* Is all of [start, end) in regions? [lock] */
static bool range_mapped(struct vmspace *vs, uaddr_t start, uaddr_t end)
{
	struct region *r = region_find(vs, start);

	while (start < end) {
		if (!r || r->start > start)
			return false;
		start = r->end;
		r = region_next(r);
	}
	return true;
}

bool vmspace_range_mapped(struct vmspace *vs, uaddr_t start, uint64_t len)
{
	bool mapped;

	if (start > USER_TOP || len > USER_TOP - start)
		return false;
	rwsem_read_lock(&vs->lock);
	mapped = range_mapped(vs, start, start + len);
	rwsem_read_unlock(&vs->lock);
	return mapped;
}

/* ---- protection ---- */

static int may_protect(const struct region *r, unsigned prot)
{
	if (!r->file)
		return 0;
	if (prot & VM_WRITE && r->flags & VM_SHARED && !r->file->writable)
		return -EACCES;
	if (prot & VM_EXEC && r->file->mnt && r->file->mnt->flags & MS_NOEXEC)
		return -EACCES;
	return 0;
}

static unsigned with_prot(unsigned flags, unsigned prot)
{
	return (flags & ~VM_PROT) | (prot & VM_PROT);
}

/* A part of r that has these flags comes to lie beside x, which has those. */
static bool takes_in(const struct region *x, unsigned x_flags,
		     const struct region *r, unsigned flags)
{
	return !x->file && !r->file && x_flags == flags &&
	       (x->end == r->start || x->start == r->end) &&
	       !(flags & VM_STACK);
}

/*
 * Memory for the regions that new rights on [start, end), which is mapped,
 * split at its edges. A space that has as many as it may have is told so,
 * unless what is split off becomes a part of a neighbour: one above as it is,
 * one below as it is then. 0 or -ENOMEM. [lock: write]
 */
static int protect_prepare(struct vmspace *vs, uaddr_t start, uaddr_t end,
			   unsigned prot, struct region *spare[2])
{
	struct region *low = region_find(vs, start), *x;
	struct region *high = region_find(vs, end - 1);
	unsigned flags = with_prot(low->flags, prot), more = 0;

	if (low->start < start && flags != low->flags) {
		x = low->end <= end ? region_next(low) : NULL;
		more += !x || !takes_in(x, x->flags, low, flags);
		spare[0] = region_new(GFP_KERNEL);
		if (!spare[0])
			return -ENOMEM;
	}
	flags = with_prot(high->flags, prot);
	if (high->end > end && flags != high->flags) {
		x = high->start >= start ? region_prev(high) : NULL;
		more += !x || !takes_in(x, x->end > start ?
						   with_prot(x->flags, prot) :
						   x->flags,
					high, flags);
		spare[1] = region_new(GFP_KERNEL);
		if (!spare[1])
			return -ENOMEM;
	}
	return more && !regions_fit(vs, more) ? -ENOMEM : 0;
}

int vmspace_protect(struct vmspace *vs, uaddr_t start, uint64_t len,
		    unsigned prot)
{
	struct list_head dead = LIST_INIT(dead);
	struct region *r, *next, *spare[2] = { NULL, NULL };
	uaddr_t end;
	int err = 0;

	if (start & PAGE_MASK)
		return -EINVAL;
	if (start > USER_TOP || len > USER_TOP - start)
		return -ENOMEM;
	if (!len)
		return 0;
	end = start + round_up(len, PAGE_SIZE);
	rwsem_write_lock(&vs->lock);
	if (!range_mapped(vs, start, end))
		err = -ENOMEM;
	r = region_find(vs, start);
	for (struct region *x = r; !err && x && x->start < end;
	     x = region_next(x))
		err = may_protect(x, prot);
	if (!err)
		err = protect_prepare(vs, start, end, prot, spare);
	if (err)
		goto out;
	for (; r && r->start < end; r = next) {
		unsigned old = r->flags;

		if (with_prot(old, prot) != old) {
			if (r->start < start) {
				region_split(vs, r, start, spare[0]);
				r = spare[0];
				spare[0] = NULL;
			}
			if (r->end > end) {
				region_split(vs, r, end, spare[1]);
				spare[1] = NULL;
			}
			r->flags = with_prot(old, prot);
			if (old & VM_PROT & ~prot)
				vmspace_narrow(vs, r);
		}
		next = region_next(r);
		/* A neighbour above is joined on its own turn, if at all. */
		if (!r->file && (!next || next->start >= end))
			region_join(vs, r, &dead);
		else if (!r->file && region_prev(r) &&
			 region_may_join(region_prev(r), r)) {
			struct region *low = region_prev(r);
			uaddr_t high = r->end;

			region_unlink(vs, r, &dead);
			region_resize(vs, low, low->start, high);
		}
	}
out:
	rwsem_write_unlock(&vs->lock);
	regions_free(&dead);
	for (unsigned i = 0; i < 2; i++)
		if (spare[i])
			region_free(spare[i]);
	return err;
}

/* ---- stack and heap ---- */

int vmspace_map_stack(struct vmspace *vs, uaddr_t top, uint64_t size)
{
	int err;

	size = round_up(size, PAGE_SIZE);
	if (top & PAGE_MASK || top > USER_TOP || size + STACK_GUARD >= top)
		return -ENOMEM;
	err = vmspace_map(vs, top - size, size, VM_READ | VM_WRITE | VM_STACK,
			  true, NULL, 0, 0, NULL);
	if (!err) {
		vs->mmap_base = top - size - STACK_GUARD;
		vs->stack_size = vs->stack_max = size;
	}
	return err;
}

uint64_t vmspace_size(const struct vmspace *vs)
{
	uint64_t all = READ_ONCE(vs->total_pages) << PAGE_SHIFT;
	uint64_t stack = READ_ONCE(vs->stack_size);

	stack -= MIN(stack, STACK_START);
	return all - MIN(stack, all); /* the program may have unmapped it */
}

void vmspace_set_brk(struct vmspace *vs, uaddr_t start)
{
	start = round_up(start, PAGE_SIZE);
	vs->brk_start = start;
	vs->brk = start;
}

static uaddr_t brk_locked(struct vmspace *vs, uaddr_t end,
			  struct list_head *dead)
{
	uaddr_t from = round_up(vs->brk, PAGE_SIZE);
	uaddr_t to = round_up(end, PAGE_SIZE);
	struct region *r;

	if (end < vs->brk_start || end > USER_TOP)
		return vs->brk;
	if (to > from) {
		/* One page stays free above, so an overrun is seen. */
		if (!range_free(vs, from, to - from + PAGE_SIZE))
			return vs->brk;
		r = from > vs->brk_start ? region_find(vs, from - 1) : NULL;
		if (r && r->flags & VM_BRK && r->end == from) {
			region_resize(vs, r, r->start, to);
		} else {
			r = region_alloc(vs, GFP_KERNEL | GFP_ZERO);
			if (!r)
				return vs->brk;
			r->start = from;
			r->end = to;
			r->flags = VM_READ | VM_WRITE | VM_BRK;
			r->vs = vs;
			r->file_end = UINT64_MAX;
			region_link(vs, r);
		}
	} else if (to < from) {
		if (unmap_locked(vs, to, from, dead))
			return vs->brk;
	}
	vs->brk = end;
	return end;
}

uaddr_t vmspace_brk(struct vmspace *vs, uaddr_t end)
{
	struct list_head dead = LIST_INIT(dead);
	uaddr_t now;

	rwsem_write_lock(&vs->lock);
	now = brk_locked(vs, end, &dead);
	rwsem_write_unlock(&vs->lock);
	regions_free(&dead);
	return now;
}

/* ---- mremap ---- */

/* Room for [start, start+len) to have its entries moved in: all the tables. */
static bool tables_prepare(struct vmspace *vs, uaddr_t start, uint64_t len)
{
	uaddr_t va = start;

	while (va < start + len) {
		if (!vmspace_walk_alloc(vs, va))
			return false;
		va = round_down(va, LEAF_SPAN) + LEAF_SPAN;
	}
	return true;
}

/* The tables are there. Old translations are forgotten at the end; until then
 * they show the same pages. [lock: write] */
static void move_entries(struct vmspace *vs, uaddr_t from, uaddr_t to,
			 uint64_t len)
{
	for (uint64_t off = 0; off < len; off += PAGE_SIZE) {
		pte_t *s, *d;

		spin_lock(&vs->pt_lock);
		s = pt_walk(vs->root, from + off);
		if (!s) {
			spin_unlock(&vs->pt_lock);
			off = round_down(from + off, LEAF_SPAN) + LEAF_SPAN -
			      from - PAGE_SIZE;
			continue;
		}
		if (*s) {
			d = pt_walk(vs->root, to + off);
			pt_set(va_to_page(d), d, *s);
			WRITE_ONCE(*s, 0);
		}
		spin_unlock(&vs->pt_lock);
	}
	tlb_shoot(vs, from, from + len, false);
}

/* Moves (and resizes) what is at [old, old+old_len), all in region r, to
 * `to`, which is free. [lock: write] */
static int move_region(struct vmspace *vs, struct region *r, uaddr_t old,
		       uint64_t old_len, uaddr_t to, uint64_t new_len,
		       struct list_head *dead)
{
	uint64_t keep = MIN(old_len, new_len);
	struct region *n;

	n = region_alloc(vs, GFP_KERNEL);
	if (!n)
		return -ENOMEM;
	if (!tables_prepare(vs, to, keep)) {
		region_free(n);
		return -ENOMEM;
	}
	*n = *r;
	n->start = to;
	n->end = to + new_len;
	n->flags &= ~(VM_BRK | VM_STACK);
	if (n->file) {
		n->pgoff = region_index(r, old);
		if (n->file_end != UINT64_MAX)
			n->file_end =
				n->file_end > old ? n->file_end - old + to : to;
		file_get(n->file);
	}
	region_link(vs, n);
	move_entries(vs, old, to, keep);
	/* Cannot fail for want of a split's memory: see vmspace_remap. */
	return unmap_locked(vs, old, old + old_len, dead);
}

static int remap_locked(struct vmspace *vs, uaddr_t old, uint64_t old_len,
			uint64_t new_len, unsigned flags, uaddr_t new_addr,
			uaddr_t *out, struct list_head *dead)
{
	struct region *r = region_find(vs, old), *upper;
	uaddr_t end = old + old_len;
	int err;

	if (!r || old < r->start || end > r->end)
		return -EFAULT;
	if (!(flags & MREMAP_FIXED)) {
		*out = old;
		if (new_len == old_len)
			return 0;
		if (new_len < old_len)
			return unmap_locked(vs, old + new_len, end, dead);
		if (end == r->end && new_len <= USER_TOP - old &&
		    range_free(vs, end, new_len - old_len)) {
			region_resize(vs, r, r->start, old + new_len);
			return 0;
		}
		if (!(flags & MREMAP_MAYMOVE))
			return -ENOMEM;
		new_addr = find_gap(vs, new_len);
		if (!new_addr)
			return -ENOMEM;
	} else {
		err = unmap_locked(vs, new_addr, new_addr + new_len, dead);
		if (err)
			return err;
		/* The target may have been a part of the same region. */
		r = region_find(vs, old);
	}
	/* The part becomes a region of its own, so that taking it out later
	 * needs no memory. */
	if (end < r->end) {
		upper = region_alloc(vs, GFP_KERNEL);
		if (!upper)
			return -ENOMEM;
		region_split(vs, r, end, upper);
	}
	err = move_region(vs, r, old, old_len, new_addr, new_len, dead);
	if (!err)
		*out = new_addr;
	return err;
}

int vmspace_remap(struct vmspace *vs, uaddr_t old, uint64_t old_len,
		  uint64_t new_len, unsigned flags, uaddr_t new_addr,
		  uaddr_t *out)
{
	struct list_head dead = LIST_INIT(dead);
	int err;

	if (old & PAGE_MASK || !new_len || !old_len || old > USER_TOP ||
	    old_len > USER_TOP - old)
		return -EINVAL;
	if (new_len > USER_TOP)
		return -ENOMEM;
	old_len = round_up(old_len, PAGE_SIZE);
	new_len = round_up(new_len, PAGE_SIZE);
	if (flags & MREMAP_FIXED) {
		if (!(flags & MREMAP_MAYMOVE) || new_addr & PAGE_MASK ||
		    new_addr > USER_TOP - new_len || new_addr < USER_BOTTOM)
			return -EINVAL;
		if (new_addr < old + old_len && old < new_addr + new_len)
			return -EINVAL;
	}
	rwsem_write_lock(&vs->lock);
	err = remap_locked(vs, old, old_len, new_len, flags, new_addr, out,
			   &dead);
	rwsem_write_unlock(&vs->lock);
	regions_free(&dead);
	return err;
}

/* ---- advice, writing back ---- */

int vmspace_discard(struct vmspace *vs, uaddr_t start, uint64_t len)
{
	uaddr_t end;
	int err = 0;

	if (start & PAGE_MASK)
		return -EINVAL;
	if (start > USER_TOP || len > USER_TOP - start)
		return -ENOMEM;
	end = start + round_up(len, PAGE_SIZE);
	rwsem_write_lock(&vs->lock);
	if (!range_mapped(vs, start, end))
		err = -ENOMEM;
	vmspace_zap(vs, start, end);
	rwsem_write_unlock(&vs->lock);
	return err;
}

int vmspace_sync(struct vmspace *vs, uaddr_t start, uint64_t len, bool wait)
{
	uaddr_t end;
	int err = 0;

	if (start & PAGE_MASK)
		return -EINVAL;
	if (start > USER_TOP || len > USER_TOP - start)
		return -ENOMEM;
	end = start + round_up(len, PAGE_SIZE);
	while (start < end) {
		struct file *f = NULL;
		struct region *r;
		int e;

		rwsem_read_lock(&vs->lock);
		r = region_find(vs, start);
		if (!r || r->start >= end) {
			err = err ? err : -ENOMEM;
			start = end;
		} else {
			if (r->start > start) {
				err = err ? err : -ENOMEM;
				start = r->start;
			}
			if (r->file && r->flags & VM_SHARED) {
				f = r->file;
				file_get(f);
			}
			start = r->end;
		}
		rwsem_read_unlock(&vs->lock);
		if (!f)
			continue;
		/* All of the file, which is more than was asked for. What is
		 * not waited for is dirty already, and written soon. */
		e = wait && f->ops->fsync ? f->ops->fsync(f, true) : 0;
		if (e)
			err = e;
		file_put(f);
	}
	return err;
}
