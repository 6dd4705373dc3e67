/*
 * The page cache.
 *
 * Pages of a mapping are found by number in a radix tree of 64-way nodes; a
 * file of one page needs no node at all. The tree's lock is held for the walk
 * only. A page that was found with a reference stays what it is, but may leave
 * its mapping: who waits for its lock looks at page.mapping again.
 *
 * Clean pages are given back by a clock: a hand goes over all mappings that
 * have pages, takes what was not used since it passed, and leaves what is
 * dirty, locked or in use. Pages in page tables are unmapped first, when
 * nothing else is left: the next fault finds them again or reads them.
 */
#include "fs/pagecache.h"

#include "fs/pagetree.h"
#include "fs/vfs.h"
#include "fs/writeback.h"

#define READ_AHEAD_MIN 4u /* pages */
#define READ_AHEAD_MAX 32u
#define FAULT_AHEAD    16u
#define LOCK_QUEUES    64u

static struct wait_queue lock_queues[LOCK_QUEUES];

static struct spinlock clock_lock;
static struct list_head clock_list;  /* [clock_lock] mappings */
static struct wait_queue clock_wait; /* a mapping is not scanned any more */

#define MAPPING_SCANNED (1u << 31) /* [clock_lock] do not free it now */

/* ---- bits and the lock of a page ---- */

/*
 * The bits are the upper half of a page's first word. Atomic operations come
 * in words only; kind and order, in the lower half, are not changed by these.
 */
_Static_assert(offsetof(struct page, bits) == 2, "bits in the first word");

unsigned page_set_bits(struct page *pg, unsigned bits)
{
	return __atomic_fetch_or((uint32_t *)(void *)pg, (uint32_t)bits << 16,
				 __ATOMIC_ACQ_REL) >>
	       16;
}

unsigned page_clear_bits(struct page *pg, unsigned bits)
{
	return __atomic_fetch_and((uint32_t *)(void *)pg,
				  ~((uint32_t)bits << 16), __ATOMIC_ACQ_REL) >>
	       16;
}

static struct wait_queue *page_queue(const struct page *pg)
{
	return &lock_queues[((uintptr_t)pg >> 5) % LOCK_QUEUES];
}

bool page_trylock(struct page *pg)
{
	return !(page_set_bits(pg, PG_LOCKED) & PG_LOCKED);
}

void page_lock(struct page *pg)
{
	/* The look that decides to sleep also says that somebody waits, in
	 * one step, so the unlock that ends the sleep knows. */
	while (!page_trylock(pg))
		wait_event(page_queue(pg),
			   !(page_set_bits(pg, PG_WAITERS) & PG_LOCKED));
}

void page_unlock(struct page *pg)
{
	if (page_clear_bits(pg, PG_LOCKED | PG_WAITERS) & PG_WAITERS)
		wait_wake_all(page_queue(pg));
}

void page_wait_writeback(struct page *pg)
{
	if (page_test(pg, PG_WRITEBACK))
		wait_event(page_queue(pg),
			   !(page_set_bits(pg, PG_WAITERS) & PG_WRITEBACK));
}

void page_end_writeback(struct page *pg)
{
	if (page_clear_bits(pg, PG_WRITEBACK | PG_WAITERS) & PG_WAITERS)
		wait_wake_all(page_queue(pg));
}

static inline void page_touch(struct page *pg)
{
	if (!(READ_ONCE(pg->bits) & PG_REFERENCED))
		page_set_bits(pg, PG_REFERENCED);
}

/* ---- mappings ---- */

void mapping_init(struct mapping *m, struct inode *ip,
		  const struct mapping_ops *ops)
{
	m->inode = ip;
	m->ops = ops;
	spin_init(&m->tree_lock, "mapping_tree", RANK_TREE);
	spin_init(&m->regions_lock, "mapping_regions", RANK_REGION);
	list_init(&m->regions);
	list_init(&m->clock_link);
	list_init(&m->flights);
	list_init(&m->dirty_link);
}

static bool clock_leave(struct mapping *m)
{
	bool left;

	spin_lock(&clock_lock);
	left = !(m->flags & MAPPING_SCANNED);
	if (left && !list_empty(&m->clock_link))
		list_del_init(&m->clock_link);
	spin_unlock(&clock_lock);
	return left;
}

void mapping_destroy(struct mapping *m)
{
	if (!list_empty(&m->clock_link))
		wait_event(&clock_wait, clock_leave(m));
	if (!list_empty(&m->dirty_link))
		writeback_forget(m);
	/* Nodes without pages, left where memory ran out in the middle. */
	if (m->tree)
		pagetree_free(m);
}

static void clock_join(struct mapping *m)
{
	if (m->flags & MAPPING_NO_RECLAIM || !list_empty(&m->clock_link))
		return;
	spin_lock(&clock_lock);
	if (list_empty(&m->clock_link))
		list_add_tail(&m->clock_link, &clock_list);
	spin_unlock(&clock_lock);
}

struct page *pagecache_find(struct mapping *m, uint64_t index)
{
	struct page *pg;

	spin_lock(&m->tree_lock);
	pg = pagetree_find(m, index);
	if (pg)
		page_get(pg);
	spin_unlock(&m->tree_lock);
	return pg;
}

/* Pages [first, first+n) that are there and have all of `bits`. Node by node:
 * this is the way of every large read. */
static unsigned find_batch(struct mapping *m, uint64_t first, unsigned n,
			   struct page **out, unsigned bits)
{
	unsigned found = 0, i = 0;

	spin_lock(&m->tree_lock);
	while (i < n) {
		unsigned slot = (unsigned)((first + i) & (PAGETREE_SLOTS - 1));
		unsigned stop = MIN(n - i, PAGETREE_SLOTS - slot) + i;
		struct page *only = NULL, **from = &only;

		if (m->tree_height) {
			struct pagetree_node *leaf = pagetree_leaf(m, first + i);

			from = leaf ? (struct page **)&leaf->slot[slot] : NULL;
		} else {
			if (!(first + i))
				only = m->tree;
			stop = i + 1;
		}
		for (; i < stop; i++) {
			struct page *pg = from ? *from++ : NULL;

			if (pg && (pg->bits & bits) == bits) {
				page_get(pg);
				found++;
			} else {
				pg = NULL;
			}
			out[i] = pg;
		}
	}
	spin_unlock(&m->tree_lock);
	/* What made a page up to date comes before its bits. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return found;
}

unsigned pagecache_find_range(struct mapping *m, uint64_t first, unsigned n,
			      struct page **out)
{
	return find_batch(m, first, n, out, PG_UPTODATE);
}

uint64_t pagecache_next(struct mapping *m, uint64_t first)
{
	uint64_t at;
	struct page *pg;

	spin_lock(&m->tree_lock);
	pg = pagetree_next(m, first, &at);
	spin_unlock(&m->tree_lock);
	return pg ? at : UINT64_MAX;
}

/* Puts pages in, which are the caller's: how many (one at least), -EEXIST,
 * -ENOMEM. */
static int add_pages(struct mapping *m, uint64_t index, struct page **pages,
		     unsigned n, unsigned gfp)
{
	struct pagetree_node *spare = NULL, *node;
	int got, err;

	for (unsigned i = 0; i < n; i++) {
		pages[i]->mapping = m;
		pages[i]->index = index + i;
		pages[i]->refs++; /* nobody else sees it yet */
	}
	for (;;) {
		spin_lock(&m->tree_lock);
		err = pagetree_insert(m, index, pages, n, &spare);
		spin_unlock(&m->tree_lock);
		if (err != -EAGAIN)
			break;
		node = pagetree_node_alloc(gfp);
		if (!node) {
			err = -ENOMEM;
			break;
		}
		node->next_spare = spare;
		spare = node;
		memset(node->slot, 0, sizeof(node->slot));
	}
	while (spare) {
		node = spare;
		spare = node->next_spare;
		pagetree_node_free(node);
	}
	got = err > 0 ? err : 0;
	for (unsigned i = (unsigned)got; i < n; i++) {
		pages[i]->mapping = NULL;
		page_put(pages[i]);
	}
	if (got)
		clock_join(m);
	return err;
}

int pagecache_add(struct mapping *m, uint64_t index, struct page *pg)
{
	int n = add_pages(m, index, &pg, 1, GFP_KERNEL);

	return n < 0 ? n : 0;
}

/* The page leaves the tree. tree_lock held. */
static void tree_take(struct mapping *m, struct page *pg)
{
	if (page_test(pg, PG_DIRTY) && m->ops->write_pages)
		m->n_dirty--;
	pagetree_delete(m, pg->index);
	pg->mapping = NULL;
}

/* Pages that left the tree, and whose last references we have, go. */
static void drop_pages(struct mapping *m, struct page **pages, unsigned n)
{
	struct page *dirty[16];
	unsigned n_dirty = 0;

	for (unsigned i = 0; i < n; i++) {
		if (page_test(pages[i], PG_DIRTY) && m->ops->write_pages)
			dirty[n_dirty++] = pages[i];
	}
	if (n_dirty)
		writeback_discard(m, dirty, n_dirty);
	while (n)
		page_put(pages[--n]);
}

void pagecache_remove(struct mapping *m, struct page *pg)
{
	spin_lock(&m->tree_lock);
	tree_take(m, pg);
	spin_unlock(&m->tree_lock);
	drop_pages(m, &pg, 1);
}

uint64_t pagecache_truncate(struct mapping *m, uint64_t first, uint64_t last)
{
	uint64_t index = first, removed = 0;
	struct page *pg, *gone[16];
	bool again;
	unsigned n;

	if (!list_empty(&m->regions))
		host_unmap_range(m, first, last, false);
	for (;;) {
		n = 0;
		spin_lock(&m->tree_lock);
		for (;;) {
			pg = pagetree_next(m, index, &index);
			if (!pg || index > last)
				break;
			if (__atomic_load_n(&pg->refs, __ATOMIC_ACQUIRE) != 1 ||
			    page_test(pg, PG_LOCKED | PG_WRITEBACK)) {
				page_get(pg);
				break;
			}
			/* Only the mapping knows it. */
			tree_take(m, pg);
			gone[n++] = pg;
			if (n == ARRAY_SIZE(gone))
				break;
		}
		spin_unlock(&m->tree_lock);
		removed += n;
		again = n && n == ARRAY_SIZE(gone) && pg == gone[n - 1];
		drop_pages(m, gone, n);
		if (again) {
			resched_point();
			continue;
		}
		if (!pg || index > last)
			return removed;
		/* Somebody uses this one: wait for the page. */
		page_lock(pg);
		page_wait_writeback(pg);
		if (pg->mapping == m) {
			/* Faulted in again since the first look? */
			if (!list_empty(&m->regions))
				host_unmap_range(m, index, index, false);
			if (!m->ops->write_pages)
				page_clear_bits(pg, PG_DIRTY);
			pagecache_remove(m, pg);
			removed++;
		}
		page_unlock(pg);
		page_put(pg);
	}
}

/* ---- filling ---- */

static uint64_t mapping_end(const struct mapping *m)
{
	if (!m->inode)
		return UINT64_MAX;
	return div_round_up((uint64_t)READ_ONCE(m->inode->size), PAGE_SIZE);
}

/*
 * Starts reading up to n pages from index on that are not there yet, the first
 * of them at least. 0: look again; -EEXIST: the first one is there.
 */
static int fill(struct mapping *m, uint64_t index, unsigned n)
{
	struct page *pages[READ_AHEAD_MAX];
	uint64_t end = mapping_end(m);
	unsigned got = 0;
	int err = 0;

	if (index >= end)
		return -ENXIO;
	n = n < READ_AHEAD_MAX ? n : READ_AHEAD_MAX;
	n = (unsigned)MIN((uint64_t)n, end - index);
	while (got < n) {
		struct page *pg = page_alloc(0, GFP_KERNEL, PAGE_CACHE);

		if (!pg) {
			err = -ENOMEM;
			break;
		}
		page_set_bits(pg, PG_LOCKED);
		err = pagecache_add(m, index + got, pg);
		if (err) {
			page_clear_bits(pg, PG_LOCKED);
			page_put(pg);
			break;
		}
		pages[got++] = pg;
	}
	if (!got)
		return err;
	/* The file may have become shorter between the look at its size and
	 * the page's coming in: truncate found nothing to remove then. */
	end = mapping_end(m);
	if (index + got > end) {
		for (unsigned i = 0; i < got; i++) {
			pagecache_remove(m, pages[i]);
			page_unlock(pages[i]);
			page_put(pages[i]);
		}
		return index >= end ? -ENXIO : 0;
	}
	/* A locked page stays in its mapping, which holds it. */
	err = m->ops->read_pages(m, pages, got);
	for (unsigned i = 0; i < got; i++)
		page_put(pages[i]);
	return err;
}

/* As pagecache_get; ahead: how many pages to read at once when it is not
 * there. */
__attribute__((cold))
static int get_ahead(struct mapping *m, uint64_t index, unsigned ahead,
		     struct page **out)
{
	struct page *pg;
	bool tried = false;
	int err;

	for (;;) {
		pg = pagecache_find(m, index);
		if (!pg) {
			err = fill(m, index, ahead);
			if (err && err != -EEXIST)
				return err;
			/* -EEXIST: it is somebody else who tries it. */
			if (!err)
				tried = true;
			continue;
		}
		if (page_test(pg, PG_UPTODATE))
			break;
		page_lock(pg);
		if (pg->mapping != m) {
			page_unlock(pg);
			page_put(pg);
			continue;
		}
		if (page_test(pg, PG_UPTODATE)) {
			page_unlock(pg);
			break;
		}
		/* Not read, or the read failed. One that was just tried is
		 * not tried again by the same call. */
		if (tried && page_test(pg, PG_ERROR)) {
			page_unlock(pg);
			page_put(pg);
			return -EIO;
		}
		page_clear_bits(pg, PG_ERROR);
		err = m->ops->read_pages(m, &pg, 1);
		tried = true;
		if (err) {
			page_put(pg);
			return err;
		}
		page_put(pg);
	}
	page_touch(pg);
	*out = pg;
	return 0;
}

int pagecache_get(struct mapping *m, uint64_t index, struct page **out)
{
	/* In memory file systems what is missing is a hole: fill just that. */
	return get_ahead(m, index,
			 m->flags & MAPPING_NO_RECLAIM ? 1 : FAULT_AHEAD, out);
}

int pagecache_grab(struct mapping *m, uint64_t index, struct page **out)
{
	struct page *pg;
	int err;

	for (;;) {
		pg = pagecache_find(m, index);
		if (pg) {
			page_lock(pg);
			if (pg->mapping == m)
				break;
			page_unlock(pg);
			page_put(pg);
			continue;
		}
		pg = page_alloc(0, GFP_KERNEL, PAGE_CACHE);
		if (!pg)
			return -ENOMEM;
		page_set_bits(pg, PG_LOCKED);
		err = pagecache_add(m, index, pg);
		if (!err)
			break;
		page_clear_bits(pg, PG_LOCKED);
		page_put(pg);
		if (err != -EEXIST)
			return err;
	}
	page_touch(pg);
	*out = pg;
	return 0;
}

/* How many of the n places in out, from i on, are empty. */
static unsigned count_missing(struct page **out, unsigned i, unsigned n)
{
	unsigned run = 0;

	while (i + run < n && !out[i + run])
		run++;
	return run;
}

int pagecache_grab_range(struct mapping *m, uint64_t first, unsigned n,
			 struct page **out)
{
	struct page *fresh[PAGECACHE_GRAB_MAX];
	unsigned have = 0, used = 0, i = 0, missing;
	int err = -ENOMEM;

	n = MIN(n, PAGECACHE_GRAB_MAX);
	missing = n - find_batch(m, first, n, out, 0);
	/* While no page is locked: this may wait for others' write-back. */
	while (have < missing) {
		fresh[have] = page_alloc(0, GFP_KERNEL, PAGE_CACHE);
		if (!fresh[have])
			break;
		fresh[have++]->bits = PG_LOCKED | PG_REFERENCED;
	}
	/* In ascending order, and a page that comes in is locked by that. */
	while (i < n) {
		unsigned run;

		if (out[i]) {
			page_lock(out[i]);
			if (out[i]->mapping == m) {
				page_touch(out[i++]);
				continue;
			}
			page_unlock(out[i]);
			page_put(out[i]);
			out[i] = NULL;
		}
		run = MIN(count_missing(out, i, n), have - used);
		if (!run)
			break;
		err = add_pages(m, first + i, fresh + used, run, GFP_NOFS);
		if (err == -EEXIST) {
			out[i] = pagecache_find(m, first + i);
			continue;
		}
		if (err < 0)
			break;
		while (err--)
			out[i++] = fresh[used++];
		err = -ENOMEM;
	}
	for (unsigned k = i; k < n; k++) {
		if (out[k])
			page_put(out[k]);
	}
	while (used < have) {
		page_clear_bits(fresh[used], PG_LOCKED);
		page_put(fresh[used++]);
	}
	return i ? (int)i : err;
}

/* How many pages to read now that `index` is missing in a read of f. */
static unsigned read_ahead_window(struct file *f, uint64_t index,
				  uint64_t wanted)
{
	uint64_t n;

	if (index && index == f->ra_next)
		n = MIN(f->ra_size * 2, (uint64_t)READ_AHEAD_MAX);
	else
		n = index ? 1 : READ_AHEAD_MIN;
	wanted = MIN(wanted, (uint64_t)READ_AHEAD_MAX);
	n = MAX(n, wanted);
	f->ra_size = n;
	f->ra_next = index + n;
	return (unsigned)n;
}

#define READ_BATCH 16u

ssize_t pagecache_file_read(struct file *f, struct uio *u, off_t pos)
{
	return pagecache_read(f->inode, f, u, pos);
}

ssize_t pagecache_read(struct inode *ip, struct file *f, struct uio *u,
		       off_t pos)
{
	struct mapping *m = &ip->mapping;
	struct page *pages[READ_BATCH];
	ssize_t done = 0;
	unsigned n, i;
	int err = 0;

	while (u->resid && !err) {
		uint64_t size = (uint64_t)READ_ONCE(ip->size);
		uint64_t left, first = (uint64_t)pos >> PAGE_SHIFT;
		unsigned off = (unsigned)((uint64_t)pos & PAGE_MASK);

		if ((uint64_t)pos >= size)
			break;
		left = MIN(size - (uint64_t)pos, (uint64_t)u->resid);
		n = (unsigned)MIN((left + off + PAGE_SIZE - 1) >> PAGE_SHIFT,
				  (uint64_t)READ_BATCH);
		find_batch(m, first, n, pages, PG_UPTODATE);
		for (i = 0; i < n && !err; i++) {
			size_t want = MIN(PAGE_SIZE - off, left), c;
			struct page *pg = pages[i];

			if (!pg) {
				err = get_ahead(
					m, first + i,
					read_ahead_window(f, first + i, n - i),
					&pg);
				if (err)
					break;
				pages[i] = pg;
			}
			page_touch(pg);
			c = uio_copy_to(u, (char *)page_to_va(pg) + off, want);
			page_put(pg);
			pages[i] = NULL;
			done += (ssize_t)c;
			pos += (off_t)c;
			left -= c;
			off = 0;
			if (c < want)
				err = -EFAULT;
		}
		for (; i < n; i++) {
			if (pages[i])
				page_put(pages[i]);
		}
		if (u->resid && !err) {
			if (host_fatal_signal_pending())
				err = -EINTR;
			resched_point();
		}
	}
	/* The file became shorter while it was read: that is its end. */
	if (err == -ENXIO)
		err = 0;
	if (f->ra_next < (uint64_t)pos >> PAGE_SHIFT)
		f->ra_next = ((uint64_t)pos + PAGE_MASK) >> PAGE_SHIFT;
	if (done)
		inode_touch_atime(ip);
	return done ? done : err;
}

/* ---- giving pages back ---- */

/* What so many have mapped is what they run: to take it from all of them costs
 * more than it gives, and it would be read again at once. */
#define CROWD 64

/* Goes over m from its hand on; ends at the end of m or with enough. */
static uint64_t mapping_shrink(struct mapping *m, uint64_t want, bool all)
{
	struct page *pg, *gone[16];
	uint64_t freed = 0, index = all ? 0 : m->hand;
	unsigned n, looked;
	bool end = false;
	int refs;

	while (!end && freed < want) {
		n = 0;
		looked = 0;
		spin_lock(&m->tree_lock);
		for (;;) {
			pg = pagetree_next(m, index, &index);
			if (!pg) {
				end = true;
				break;
			}
			if (n == ARRAY_SIZE(gone) || looked++ == 64) {
				pg = NULL;
				break;
			}
			if (page_test(pg,
				      PG_LOCKED | PG_DIRTY | PG_WRITEBACK)) {
				index++;
				continue;
			}
			if (!all && page_test(pg, PG_REFERENCED)) {
				page_clear_bits(pg, PG_REFERENCED);
				index++;
				continue;
			}
			refs = __atomic_load_n(&pg->refs, __ATOMIC_ACQUIRE);
			if (!all && refs > CROWD) {
				index++;
				continue;
			}
			if (refs != 1) {
				page_get(pg);
				break;
			}
			tree_take(m, pg);
			gone[n++] = pg;
			index++;
		}
		spin_unlock(&m->tree_lock);
		freed += n;
		while (n)
			page_put(gone[--n]);
		if (end || !pg) {
			resched_point();
			continue;
		}
		/* In use, perhaps only by page tables. */
		index++;
		if (list_empty(&m->regions) || !page_trylock(pg)) {
			page_put(pg);
			continue;
		}
		if (pg->mapping == m) {
			host_unmap_range(m, pg->index, pg->index, false);
			spin_lock(&m->tree_lock);
			if (__atomic_load_n(&pg->refs, __ATOMIC_ACQUIRE) == 2 &&
			    !page_test(pg, PG_DIRTY | PG_WRITEBACK)) {
				tree_take(m, pg);
				freed++;
			}
			spin_unlock(&m->tree_lock);
			if (!pg->mapping)
				page_put(pg);
		}
		page_unlock(pg);
		page_put(pg);
	}
	m->hand = end ? 0 : index;
	return freed;
}

__attribute__((cold))
static uint64_t pagecache_reclaim(uint64_t want, bool may_write)
{
	bool all = want == UINT64_MAX;
	uint64_t freed = 0;
	unsigned rounds = 0, count = 0;
	struct mapping *m, *it;
	bool wrote = false;

again:
	spin_lock(&clock_lock);
	count = 0;
	list_for_each_entry (it, &clock_list, clock_link)
		count++;
	/* Twice over each: the first pass only clears "used". */
	for (rounds = 0; rounds < count * (all ? 1 : 2) && freed < want;
	     rounds++) {
		if (list_empty(&clock_list))
			break;
		m = list_first_entry(&clock_list, struct mapping, clock_link);
		list_move_tail(&m->clock_link, &clock_list);
		if (m->flags & MAPPING_SCANNED)
			continue;
		m->flags |= MAPPING_SCANNED;
		spin_unlock(&clock_lock);
		freed += mapping_shrink(m, want - freed, all);
		spin_lock(&clock_lock);
		m->flags &= ~MAPPING_SCANNED;
		wait_wake_all(&clock_wait);
	}
	spin_unlock(&clock_lock);
	if (freed < want && may_write && !all && !wrote) {
		/* What is dirty now will be clean soon. */
		wrote = true;
		if (writeback_relieve())
			goto again;
	}
	return freed;
}

uint64_t pagecache_reclaimable(void)
{
	struct mapping *m;
	uint64_t n = 0;

	spin_lock(&clock_lock);
	list_for_each_entry (m, &clock_list, clock_link)
		n += READ_ONCE(m->npages);
	spin_unlock(&clock_lock);
	return n;
}

__attribute__((cold))
void pagecache_init(void)
{
	static struct shrinker shrinker = {
		.name = "pagecache",
		.shrink = pagecache_reclaim,
	};

	pagetree_init();
	writeback_init();
	for (unsigned i = 0; i < LOCK_QUEUES; i++)
		wait_queue_init(&lock_queues[i]);
	spin_init(&clock_lock, "pagecache_clock", RANK_FILES);
	list_init(&clock_list);
	wait_queue_init(&clock_wait);
	shrinker_register(&shrinker);
}
