#pragma once
/*
 * The page cache: a mapping holds the pages of one inode (or of a disk, for
 * metadata), found by page number. read, write and mmap all use the same
 * pages.
 *
 * A page in a mapping holds one reference for the mapping. PG_LOCKED is the
 * page's sleeping lock: filling, writing and truncating take it; several are
 * locked in ascending order. Content is valid when PG_UPTODATE is set. What is
 * PG_DIRTY is newer than the disk, and what is PG_WRITEBACK is on its way there
 * and does not change meanwhile: see writeback.h.
 */
#include "fs/host.h"

struct inode;
struct page;

struct mapping_ops {
	/* Fills n consecutive locked pages starting at pages[0]->index (one or
	 * more; read-ahead asks for many), sets PG_UPTODATE, or PG_ERROR when
	 * it was not for memory, and unlocks each; may complete later. 0 or
	 * negative errno (then it has still unlocked them all). */
	int (*read_pages)(struct mapping *m, struct page **pages, unsigned n);
	/* Writes dirty pages of [first, last] out; wait: until it is done, else
	 * it is only started. NULL: pages live only in memory (tmpfs) and are
	 * never clean. */
	int (*write_pages)(struct mapping *m, uint64_t first, uint64_t last,
	                   bool wait);
	/* A page is about to be made writable in a shared mapping: reserve its
	 * space, mark it dirty. Page locked. 0, -ENOSPC, -EROFS. */
	int (*make_writable)(struct mapping *m, struct page *pg);
	/* Dirty pages left the mapping and will not be written: what was
	 * reserved for them is given back. Nobody else has them. */
	void (*discard)(struct mapping *m, struct page **pages, unsigned n);
};

#define MAPPING_NO_RECLAIM (1u << 0) /* pages are the only copy (tmpfs) */

/* Write errors, each told once to everybody who has open what they hit: who
 * remembers the number of the last one that he was told. writeback.c. */
struct wb_error {
	int err;
	uint32_t seq;  /* how many there were */
	uint32_t seen; /* the last one that anybody was told */
};

struct mapping {
	struct inode *inode;
	const struct mapping_ops *ops;
	struct spinlock tree_lock;
	void *tree;              /* [tree_lock] radix tree of struct page */
	unsigned tree_height;    /* [tree_lock] */
	uint64_t npages;         /* [tree_lock] */
	unsigned flags;
	struct spinlock regions_lock;
	struct list_head regions; /* [regions_lock] mm's struct region.map_link */
	struct list_head clock_link; /* pagecache.c: those with pages to give back */
	uint64_t hand;           /* [clock lock] where the reclaim hand stands */
	/* Write-back: writeback.c. */
	uint64_t n_dirty;        /* [tree_lock] pages with PG_DIRTY */
	struct list_head flights; /* [tree_lock] struct flight, oldest first */
	unsigned frozen;         /* [tree_lock] no flight may begin */
	struct list_head dirty_link; /* [writeback.lock] */
	uint64_t dirty_seq;      /* [writeback.lock] order on that list */
	uint64_t dirty_since;    /* [writeback.lock] ns */
	struct wb_error errors;
};

/* m is zeroed. */
void mapping_init(struct mapping *m, struct inode *ip,
                  const struct mapping_ops *ops);

/* The mapping has no pages any more and nobody uses it. */
void mapping_destroy(struct mapping *m);

/* The page if it is there (with a reference, whatever its state), or NULL. */
struct page *pagecache_find(struct mapping *m, uint64_t index);
/*
 * For faults: up to n up-to-date pages [first, first+n) that are cached, each
 * with a reference, NULL where there is none. Returns how many are not NULL.
 */
unsigned pagecache_find_range(struct mapping *m, uint64_t first, unsigned n,
                              struct page **out);
/* The page, read in if need be (with read-ahead), up to date, with a
 * reference, not locked. Sleeps. -EIO, -ENOMEM; -ENXIO past the end of file. */
int pagecache_get(struct mapping *m, uint64_t index, struct page **out);
/* As above but creates a page that is not read: locked, perhaps not up to
 * date (for writes that cover it whole). */
int pagecache_grab(struct mapping *m, uint64_t index, struct page **out);
/*
 * The pages [first, first+n), found or made, each locked, as pagecache_grab;
 * perhaps fewer of them (PAGECACHE_GRAB_MAX at most), but one at least: how
 * many, or -ENOMEM.
 */
#define PAGECACHE_GRAB_MAX 16u
int pagecache_grab_range(struct mapping *m, uint64_t first, unsigned n,
                         struct page **out);
/* Removes pages [first, last]; they are unmapped from address spaces first.
 * The part of a page beyond `size` is the caller's to zero. Returns how many
 * there were. */
uint64_t pagecache_truncate(struct mapping *m, uint64_t first, uint64_t last);

/* PG_* bits of a page; each returns the bits as they were before. */
unsigned page_set_bits(struct page *pg, unsigned bits);
unsigned page_clear_bits(struct page *pg, unsigned bits);
static inline bool page_test(const struct page *pg, unsigned bits)
{
	return __atomic_load_n(&pg->bits, __ATOMIC_ACQUIRE) & bits;
}

/* A locked page leaves m, which drops its reference. The caller has one. */
void pagecache_remove(struct mapping *m, struct page *pg);

void page_lock(struct page *pg);
bool page_trylock(struct page *pg);
void page_unlock(struct page *pg);
/*
 * A page that is being written out keeps its content and its place until that
 * is done: who changes or removes it holds its lock and waits here. That may
 * take a journal handle's time, so: not inside a handle, and who has taken
 * pages for write-back waits for no page's lock.
 */
void page_wait_writeback(struct page *pg);
void page_end_writeback(struct page *pg); /* writeback.c's */
/* An allocated page enters the cache under index: 0, -EEXIST, -ENOMEM. */
int pagecache_add(struct mapping *m, uint64_t index, struct page *pg);

/* The smallest index >= first that has a page, or UINT64_MAX. */
uint64_t pagecache_next(struct mapping *m, uint64_t first);

/* Generic file operations over a mapping; see fs/vfs.h. */
struct file;
ssize_t pagecache_file_read(struct file *f, struct uio *u, off_t pos);
/* The same of another inode's mapping, with f's read-ahead. */
ssize_t pagecache_read(struct inode *ip, struct file *f, struct uio *u,
                       off_t pos);

/* Pages of mappings that give pages back, for /proc/meminfo. */
uint64_t pagecache_reclaimable(void);

void pagecache_init(void);
