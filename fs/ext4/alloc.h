#pragma once
/*
 * What balloc.c and ialloc.c know of a disk while it is mounted for writing:
 * free space, and those groups that were looked at.
 *
 * A group's block bitmap says what belongs to files and tables in the
 * transaction that is running. `map` says what may be given out: it also has
 * bits for blocks that were claimed and are in no file yet, and for those that
 * were freed by a transaction that is not on the disk yet. It is made from the
 * bitmap when it is wanted, and thrown away when it says the same as that.
 */
#include "fs/ext4/write.h"

struct ext4_group {
	struct spinlock lock; /* and of bitmaps and descriptor of this group */
	uint32_t index;       /* [I] */
	uint32_t n_bits;      /* [I] blocks that there are */
	uint64_t first_block; /* [I] */
	uint64_t block_bitmap, inode_bitmap, inode_table; /* [I] */
	uint32_t meta_first, meta_end; /* [I] bits: tables lie in between */
	uint64_t *map;     /* [lock] taken blocks; NULL: not made */
	uint32_t free;     /* [lock] clear bits of map */
	uint32_t largest;  /* [lock] no clear run of map is longer */
	uint32_t first;    /* [lock] no bit of map below is clear */
	uint32_t claimed;  /* [lock] in map only: given out, in no file */
	uint32_t freeing;  /* [lock] in map only: their commit is awaited */
	uint32_t busy;     /* [lock] users of map between two locks */
	uint32_t ino_from; /* [lock] no inode below is free */
	bool bad;          /* [lock] its blocks are left alone */
	bool ino_bad;      /* [lock] its inodes are left alone */
};

#define GROUPS_PER_CHUNK 512u

struct alloc {
	struct ext4_sb *es;
	struct spinlock lock;    /* of the counts */
	uint64_t free;           /* [lock] neither used, claimed nor freeing */
	uint64_t reserved;       /* [lock] of these, promised */
	uint64_t freeing;        /* [lock] will be free after a commit */
	uint64_t disk_free;      /* [lock] as bitmaps say */
	uint64_t disk_inodes;    /* [lock] free ones, as bitmaps say */
	uint32_t generation;     /* atomic: of the next new inode */
	uint64_t for_root;       /* [I] */
	uint64_t for_nodes;      /* [I] kept for METADATA: blocks that were
				  * allocated before can be written, and holes
				  * made, when the disk is full */
	struct mutex load_lock;  /* making of groups and maps */
	struct mutex inode_lock; /* finding a free inode */
	uint32_t n_maps;         /* [load_lock] */
	uint32_t hand;           /* [load_lock] which map to throw away next */
	uint32_t n_chunks;       /* [I] */
	struct ext4_group **chunks[]; /* [load_lock] to set; tables of groups */
};

/* ---- group.c ---- */
/* The group's state; it stays until unmount. -EIO, -ENOMEM, -EFSCORRUPTED. */
int ext4_group_get(struct ext4_sb *es, uint32_t n, struct ext4_group **out);
/* Locks g with its map made. -EFSCORRUPTED: it was spoiled. */
int ext4_group_lock(struct ext4_sb *es, struct ext4_group *g);
/* g's blocks are left alone from now on, for the reason that is told. */
void ext4_group_spoil(struct ext4_sb *es, struct ext4_group *g,
		      const char *why);
/* Do bits of g hold tables, of this group or of others? */
bool ext4_group_has_tables(struct ext4_sb *es, struct ext4_group *g,
			   uint32_t bit, uint32_t len);
/*
 * The buffer of g's block bitmap, and the descriptor in its buffer. The content
 * of one that was never written is made up.
 */
int ext4_block_bitmap_get(struct ext4_sb *es, struct ext4_group *g,
			  struct buf **out, struct buf **dbp,
			  struct ext4_group_desc **raw);
/* Joins a bitmap and its descriptor to h; on error both are put. */
int ext4_join_both(struct handle *h, struct buf *bitmap, struct buf *desc);
/* Its bitmap of blocks, which was never written, is now. One bitmap and the
 * descriptor are joined to h. */
int ext4_group_init_bitmap(struct handle *h, struct ext4_group *g);
/* The bits of data in [first, end) were flipped: the bitmap's checksum, which
 * was `crc` (seeded with csum_seed, len bytes), becomes... */
uint32_t ext4_bitmap_csum_flip(uint32_t crc, uint32_t len, uint32_t first,
			       uint32_t end);
/* Is the number in use, as its bitmap says? -EFSCORRUPTED if not. */
int ext4_inode_check_used(struct ext4_sb *es, uint32_t ino);
/* A free inode's number becomes used. */
int ext4_inode_claim(struct handle *h, struct inode *dir, mode_t mode,
		     uint32_t *out);

/* The seal of the super block's buffer, and the super block in it. */
void ext4_super_seal(struct ext4_sb *es, const struct buf *bp, void *data,
		     uint64_t arg);
struct ext4_super_block *ext4_super_raw(const struct ext4_sb *es);
/* The other way of ext4_set_ro_feature. */
int ext4_clear_ro_feature(struct handle *h, uint32_t bit);
/* raw->i_dtime = info->dtime, which other inodes' orphan_del may change. */
void ext4_orphan_put_dtime(struct inode *ip, struct ext4_inode *raw);
/* ext4_orphan_add and _del, but that the caller writes the inode, in the same
 * handle (which must not fail, for the first: it was joined before). */
int ext4_orphan_insert(struct handle *h, struct inode *ip);
int ext4_orphan_remove(struct handle *h, struct inode *ip);
/* An inode could not be deleted; it leaves memory. */
void ext4_orphan_abandon(struct inode *ip);
/* Unmount: deletes what was abandoned, if it can be now. */
void ext4_orphan_retry(struct ext4_sb *es);
/* Seals the table block; arg: the number of its first inode. */
void ext4_itable_seal(struct ext4_sb *es, const struct buf *bp, void *data,
		      uint64_t arg);

/* 32 bits of a field in two halves; the upper one if the disk has it. */
#define EXT4_DESC_GET(es, raw, field)                                          \
	((uint32_t)(raw)->field |                                              \
	 ((es)->desc_size >= 64 ? (uint32_t)(raw)->field##_hi << 16 : 0))
#define EXT4_DESC_SET(es, raw, field, value)                                   \
	do {                                                                   \
		(raw)->field = (uint16_t)(value);                              \
		if ((es)->desc_size >= 64)                                     \
			(raw)->field##_hi = (uint16_t)((value) >> 16);         \
	} while (0)

/* Do the UNINIT flags and the count of unused inodes mean something? */
static inline bool ext4_lazy_groups(const struct ext4_sb *es)
{
	return es->has_csum || es->has_gdt_csum;
}

static inline bool ext4_blocks_uninit(const struct ext4_sb *es,
				      const struct ext4_group_desc *raw)
{
	return ext4_lazy_groups(es) && raw->bg_flags & EXT4_BG_BLOCK_UNINIT;
}

/* What of a bitmap's checksum has room in a descriptor. */
static inline uint32_t ext4_desc_csum_mask(const struct ext4_sb *es)
{
	return es->desc_size >= 64 ? UINT32_MAX : 0xffff;
}
