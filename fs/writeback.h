#pragma once
/*
 * Write-back: how pages that programs have changed get to the disk. This is
 * the part that is the same for every file system: which pages and inodes are
 * dirty, when they are written, who has to wait, and who hears of errors. How
 * they are written, the file system's write_pages and write_inode know.
 *
 * A page's way: a writer has it locked and calls writeback_dirty. Write-back
 * locks it again with its neighbours (writeback_lock), takes away the right to
 * write from page tables, marks all as PG_WRITEBACK and unlocks them
 * (writeback_take); from then on nobody changes or removes them. When the disk
 * has them, writeback_end.
 *
 * A thread per file system writes what has been dirty for five seconds, and
 * the oldest when more than a tenth of memory is dirty; from a fifth on,
 * writers wait.
 *
 * An inode is on its file system's list while it may have dirty pages or
 * attributes. The list holds no reference: an inode whose last name is gone
 * vanishes with its pages unwritten; others are kept in memory by being on it.
 */
#include "fs/vfs.h"

/* For a file system that is written from now on: a thread ("flush/vda") and an
 * empty list. Twice is fine. -ENOMEM. */
int writeback_open(struct super *sb);
/* Ends the thread. What is still dirty will not be written. sb->wb goes with
 * the super. */
void writeback_close(struct super *sb);

/* Something of ip is dirty: sooner or later it will be written. */
void writeback_inode(struct inode *ip);
/* The same for its times or mode, which were changed in memory. */
static inline void writeback_attr(struct inode *ip)
{
	__atomic_store_n(&ip->dirty_attr, 1, __ATOMIC_RELEASE);
	writeback_inode(ip);
}
/* Writes all that is dirty now and waits for it: the first error. */
int writeback_sync(struct super *sb);
/* Asks the thread to do so. */
void writeback_start(struct super *sb);
/* Waits, when too much is dirty, until it is less; for writers, with no page
 * locked and no handle. -EINTR: told to die. */
int writeback_throttle(struct super *sb);
/* Memory is short: starts to write and waits a moment. Are there clean pages
 * now that were dirty? */
bool writeback_relieve(void);

/* ---- pages ---- */
/* Pages that follow each other, locked, are up to date, and dirty, from now
 * on. */
void writeback_dirty(struct mapping *m, struct page **pages, unsigned n);
/*
 * The next dirty pages from *first on, up to `last`, that follow each other:
 * locked, with a reference, and not writable in any page table. Waits for the
 * first one only. How many; *first: the number of the first one.
 */
unsigned writeback_lock(struct mapping *m, uint64_t *first, uint64_t last,
			struct page **out, unsigned max);
/* These are clean, on their way out, and not locked any more. */
void writeback_take(struct mapping *m, struct page **pages, unsigned n);
/* They are there (or lost); their references are given back. */
void writeback_end(struct mapping *m, struct page **pages, unsigned n);

/* Between begin and end, pages of [first, last] may be on their way out. */
struct flight {
	struct list_head link;
	uint64_t first, last;
	uint64_t seq;
};
void flight_begin(struct mapping *m, struct flight *fl, uint64_t first,
		  uint64_t last);
void flight_end(struct mapping *m, struct flight *fl);
/* Waits for the flights that have begun before and have to do with the range. */
void flight_wait(struct mapping *m, uint64_t first, uint64_t last);
/* Waits for all of m's and lets none begin until writeback_thaw. For changes
 * of where a file's blocks are. The inode is locked; no handle, no page. */
void writeback_freeze(struct mapping *m);
void writeback_thaw(struct mapping *m);

/* ---- errors ---- */
/* Data of m could not be written: every file that has it open will be told, and
 * who asks the whole file system (syncfs, umount). */
void writeback_set_error(struct mapping *m, int err);
/* The error that f has not reported yet, or 0. */
int writeback_check_error(struct file *f);
/* The same of all files of its file system. */
int writeback_check_super(struct file *f);
/* f was opened: it will hear of errors that nobody has heard of. */
static inline void writeback_open_file(struct file *f)
{
	f->wb_error_seq = READ_ONCE(f->inode->mapping.errors.seen);
	f->sb_error_seq = READ_ONCE(f->inode->sb->errors.seen);
}

/* ---- for pagecache.c ---- */
/* Pages that were dirty have left m. */
void writeback_discard(struct mapping *m, struct page **pages, unsigned n);
/* m's inode goes. */
void writeback_forget(struct mapping *m);
void writeback_init(void);
