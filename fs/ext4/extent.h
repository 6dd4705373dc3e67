#pragma once
/*
 * The tree of extents, as extent.c (which reads) and extent_write.c (which
 * changes) see it. A node is a header and entries; both kinds of entries have
 * one size and begin with their file block. For the write half an inner node's
 * key is exact: the first block below it.
 */
#include "fs/ext4/ext4.h"

/* File blocks are below this. */
#define EXT4_FILE_BLOCKS_END ((uint64_t)UINT32_MAX)

#define EXT4_ROOT_ENTRIES                                                      \
	((EXT4_N_BLOCKS * 4 - sizeof(struct ext4_extent_header)) /             \
	 sizeof(struct ext4_extent))

/* Entries of a node that fills a block; four bytes at least are left for the
 * checksum, since blocks are powers of two. */
static inline unsigned ext4_node_room(const struct ext4_sb *es)
{
	return (unsigned)((es->block_size - sizeof(struct ext4_extent_header)) /
			  sizeof(struct ext4_extent));
}

static inline struct ext4_extent_header *ext4_root(const struct inode *ip)
{
	return (struct ext4_extent_header *)ext4_info(ip)->block;
}
static inline struct ext4_extent_idx *
ext4_indexes(const struct ext4_extent_header *h)
{
	return (struct ext4_extent_idx *)(h + 1);
}
static inline struct ext4_extent *
ext4_extents(const struct ext4_extent_header *h)
{
	return (struct ext4_extent *)(h + 1);
}

static inline uint64_t ext4_index_block(const struct ext4_extent_idx *x)
{
	return x->ei_leaf | (uint64_t)x->ei_leaf_hi << 32;
}
static inline uint64_t ext4_extent_start(const struct ext4_extent *x)
{
	return x->ee_start | (uint64_t)x->ee_start_hi << 32;
}
static inline bool ext4_extent_unwritten(const struct ext4_extent *x)
{
	return x->ee_len > EXT4_EXT_INIT_MAX;
}
static inline uint32_t ext4_extent_len(const struct ext4_extent *x)
{
	return ext4_extent_unwritten(x) ? x->ee_len - EXT4_EXT_INIT_MAX
					: x->ee_len;
}
/* The file block behind it. */
static inline uint64_t ext4_extent_end(const struct ext4_extent *x)
{
	return (uint64_t)x->ee_block + ext4_extent_len(x);
}

/* How many entries begin at lblk or before. */
unsigned ext4_node_search(const struct ext4_extent_header *h, uint64_t lblk);
/* A node of this depth, checked, whose entries begin at file block `first` or
 * later. */
int ext4_node_read(struct inode *ip, uint64_t block, unsigned depth,
		   uint32_t first, struct buf **out);
/* Where in a node its checksum is; it covers all before it. */
static inline size_t ext4_node_tail(const struct ext4_extent_header *h)
{
	return sizeof(*h) + h->eh_max * sizeof(struct ext4_extent);
}
