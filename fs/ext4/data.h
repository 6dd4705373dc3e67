#pragma once
/*
 * Between file_write.c, writeback.c and fallocate.c: what is known of the
 * blocks of a page, and promises of space.
 *
 * page.value of a file's page says of each block of the page (bit 0: the first
 * one) whether it holds something newer than the disk, whether a block is
 * promised to it, and whether it has one on the disk. It is changed with the
 * page locked and not on its way out, or by who writes it out. A block is
 * promised or there before it gets dirty. "there" may be unknown (0) for blocks
 * that nobody asked for.
 */
#include "fs/ext4/write.h"

#define STATE_DIRTY    0u
#define STATE_RESERVED 4u
#define STATE_THERE    8u

static inline unsigned state_get(const struct page *pg, unsigned what)
{
	return (unsigned)(pg->value >> what) & 15u;
}
static inline void state_set(struct page *pg, unsigned what, unsigned blocks)
{
	pg->value |= (uint64_t)blocks << what;
}
static inline void state_clear(struct page *pg, unsigned what, unsigned blocks)
{
	pg->value &= ~((uint64_t)blocks << what);
}

/* log2 of the blocks of a page. */
static inline unsigned page_block_shift(const struct ext4_sb *es)
{
	return PAGE_SHIFT - es->block_bits;
}

/* The blocks of a page that bytes [from, to) of it touch; from < to. */
static inline unsigned page_blocks(const struct ext4_sb *es, unsigned from,
				   unsigned to)
{
	unsigned first = from >> es->block_bits;
	unsigned end = (to + es->block_size - 1) >> es->block_bits;

	return (1u << end) - (1u << first);
}

/*
 * Promises n blocks to pages of ip, and what the worst case of metadata for
 * them takes: -ENOSPC, -EROFS. ext4_data_release ends promises; `used` of them
 * were used up by a claim.
 */
int ext4_data_reserve(struct inode *ip, uint32_t n);
void ext4_data_release(struct inode *ip, uint32_t n, uint32_t used);
/* The page's blocks are not needed any more: dirty or not, promised or not,
 * there or not. */
void ext4_page_drop_blocks(struct inode *ip, struct page *pg, unsigned blocks);

/* Is ip to be written at all? -EROFS otherwise. */
static inline int ext4_want_write(const struct inode *ip)
{
	return ip->sb->read_only || journal_error(ext4_sb(ip->sb)) ? -EROFS : 0;
}

/* Dirty pages leave the cache. */
void ext4_discard(struct mapping *m, struct page **pages, unsigned n);
/* The place behind what lies before lblk in the file, for the next piece; 0:
 * nothing does. */
uint64_t ext4_data_goal(struct inode *ip, uint32_t lblk);

/*
 * For a file that grows from ip->size to something beyond it, before its size
 * does: the rest of the last page is zeroes, in memory, and on the disk if
 * there is a block. The inode is locked for writing.
 */
int ext4_grow_from(struct inode *ip);
/* Writes from kernel memory into one page, inode locked for writing: bytes, or
 * an error. */
ssize_t ext4_write_batch(struct inode *ip, struct uio *u, off_t pos);
/* Room was asked for and there was none: writes out what is dirty, which gives
 * back what was promised in excess. */
void ext4_make_room(struct inode *ip);
/* Written to: times, and rights that go with that. Inode locked for writing. */
void ext4_touch_written(struct inode *ip);
