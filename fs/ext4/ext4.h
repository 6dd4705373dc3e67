#pragma once
/*
 * ext4 in memory: what the files of this folder share. Reading order:
 * format.h, super.c, inode.c, extent.c and blockmap.c, file.c, dir.c, htree.c;
 * then journal.h and write.h, for what writes.
 *
 * Whatever comes from the disk is distrusted. A block is checked when it is
 * read in, by the checker of the kind that it is used as (EXT4_CHECKED says
 * which, and for which inode, since the checksum depends on it); code behind
 * the check relies on it. What is found wrong is told by ext4_corrupt, which
 * also marks the disk as damaged when it is mounted for writing.
 */
#include "fs/bcache.h"
#include "fs/ext4/format.h"
#include "fs/host.h"
#include "fs/vfs.h"

/* What damage on the disk is called towards the caller. */
#define EFSCORRUPTED EUCLEAN

/* One mounted disk. All fields are fixed by mount, but the last ones. */
struct ext4_sb {
	struct super *sb;
	struct bcache *bc;
	uint32_t block_size;
	unsigned block_bits;
	uint32_t cluster_size; /* what is allocated at once; with bigalloc */
	uint64_t n_blocks;
	uint32_t first_data_block;
	uint32_t blocks_per_group;
	uint32_t n_groups;
	uint32_t n_inodes;
	uint32_t inodes_per_group;
	uint32_t itable_blocks; /* of a group */
	uint32_t inode_size;
	uint32_t first_ino; /* that is not reserved */
	uint32_t desc_size;
	uint32_t descs_per_block;
	uint32_t hash_seed[4];
	bool unsigned_hash;
	bool has_csum;     /* metadata_csum */
	bool has_gdt_csum; /* only descriptors, crc16 */
	uint32_t csum_seed;
	uint32_t incompat, ro_compat, compat;
	struct ext4_super_block raw; /* as read at mount */
	struct journal *journal; /* NULL: the disk has none, or is read-only */
	struct journal *handles; /* the same; also on a disk without journal */
	struct alloc *alloc;     /* balloc.c's and ialloc.c's; NULL: it was
				  * never written. These stay until unmount */
	struct orphans *orphans; /* orphan.c's */
	struct buf *super_bp;    /* while it is mounted for writing */
	bool at_rest;            /* clean, until it is written again */
	uint32_t was_state;      /* s_state at mount */
	uint32_t error;          /* atomic: damage was found (errno) */
	uint64_t msg_window; /* ns; atomic: since when msg_count counts */
	uint32_t msg_count;
	uint32_t alias_seed[4];  /* by chance; see alias_of, dir.c */
};

/* The part of an inode that only ext4 knows. */
struct ext4_inode_info {
	uint32_t block[EXT4_N_BLOCKS]; /* i_block */
	uint32_t csum_seed;
	uint64_t xattr_block;
	/* Writing (see write.h): guarded by the inode's lock unless said. */
	uint64_t disk_size;    /* i_size on the disk: only data that is there */
	uint32_t unflushed;    /* atomic: data was written since it was read */
	uint32_t flush_mark;   /* atomic: blk_flush_mark after the last of it */
	uint32_t tid_meta;     /* last transaction that changed anything of it */
	uint32_t tid_data;     /* the same for what fdatasync must make durable:
				* size and where its blocks are */
	struct rwsem map_lock; /* i_block and the tree of extents: a leaf lock,
				* RANK_BUFFER: taken inside handles */
	struct spinlock raw_lock; /* of putting it into the table: write-back
				   * and the holder of the inode's lock may do
				   * so at once, and the last one is right */
	uint64_t table_block;  /* its slot in the table; 0: not known yet */
	uint32_t table_off;
	uint64_t alias;        /* atomic: which name a directory has; dir.c */
	uint32_t dtime;        /* i_dtime [orphans' lock] */
	struct orphan *orphan; /* orphan.c: it is one; NULL: it is none */
	bool new_inode;        /* never written: the whole slot is ours */
	bool freed;            /* its number is free again */
};

static inline struct ext4_sb *ext4_sb(const struct super *sb)
{
	return sb->priv;
}
static inline struct ext4_inode_info *ext4_info(const struct inode *ip)
{
	return ip->priv;
}

/* buf.verified: this block was found good as a `kind` of inode `ino`. */
enum ext4_kind {
	EXT4_KIND_DESCS = 1,
	EXT4_KIND_EXTENTS,
	EXT4_KIND_DIR, /* blocks of names and of the index */
	EXT4_KIND_BLOCK_BITMAP, /* these: with the group for the inode */
	EXT4_KIND_INODE_BITMAP,
	EXT4_KIND_ORPHANS,
	EXT4_KIND_XATTR,
};
#define EXT4_CHECKED(kind, ino) ((uint64_t)(kind) << 32 | (uint32_t)(ino))

static inline bool ext4_buf_checked(const struct buf *bp, uint64_t as)
{
	return __atomic_load_n(&bp->verified, __ATOMIC_ACQUIRE) == as ||
	       buf_is_dirty(bp);
}
static inline void ext4_buf_set_checked(struct buf *bp, uint64_t as)
{
	__atomic_store_n(&bp->verified, as, __ATOMIC_RELEASE);
}

/* ---- super.c ---- */
/* A line about this disk, not more than a few a second. */
void ext4_message(struct ext4_sb *es, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Something on the disk is wrong: says so, marks it as damaged if it is being
 * written (which may sleep), returns -EFSCORRUPTED. */
int ext4_corrupt(struct ext4_sb *es, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* May n blocks from `block` on belong to files and tables? */
static inline bool ext4_blocks_ok(const struct ext4_sb *es, uint64_t block,
				  uint64_t n)
{
	return block > es->first_data_block && n <= es->n_blocks &&
	       block <= es->n_blocks - n;
}
/* The descriptor of a group, in the 64-byte form whatever the disk has. */
int ext4_group_desc(struct ext4_sb *es, uint32_t group,
		    struct ext4_group_desc *out);
/* The same in its place in the buffer, which the caller lets go. */
int ext4_group_desc_buf(struct ext4_sb *es, uint32_t group, struct buf **bp,
			struct ext4_group_desc **raw);
/* What bg_checksum ought to be, where there is one. */
uint16_t ext4_desc_csum(const struct ext4_sb *es, uint32_t group,
			const void *desc);
/* Blocks at the start of a group that the super block's copy, descriptors and
 * their reserve take. */
uint32_t ext4_group_base_blocks(const struct ext4_sb *es, uint32_t group);
int ext4_read_failed(struct ext4_sb *es, uint64_t block, const char *what,
		     int err);
/* Reads a metadata block; the message says for what. */
static inline int ext4_read_block(struct ext4_sb *es, uint64_t block,
				  const char *what, struct buf **out)
{
	int err = bcache_read(es->bc, block, out);

	return err ? ext4_read_failed(es, block, what, err) : 0;
}

/* ---- inode.c ---- */
/* The inode, with a reference: -EFSCORRUPTED for numbers that are out of
 * range, reserved or free; -EIO, -ENOMEM. */
int ext4_inode_get(struct super *sb, uint64_t ino, struct inode **out);
/* The same for one that mount itself wants: a reserved number (journal), or
 * one without names (orphans, the orphan file). */
int ext4_inode_get_any(struct super *sb, uint64_t ino, struct inode **out);
int ext4_inode_init(void);
/* An empty one for ip, which is new. -ENOMEM. */
int ext4_inode_info_make(struct inode *ip);
void ext4_inode_info_free(struct inode *ip);
/* The block of the table that holds inode ino, and the byte in it. */
int ext4_inode_place(struct ext4_sb *es, uint32_t ino, uint64_t *block,
		     uint32_t *off);
/* What all checksums of an inode begin with. */
uint32_t ext4_inode_csum_seed(const struct ext4_sb *es, uint32_t ino,
			      uint32_t generation);
/* The checksum of what is at raw. */
uint32_t ext4_inode_csum(const struct ext4_sb *es, uint32_t seed,
			 const struct ext4_inode *raw);
/* By the mode: operations, and what i_block means. */
int ext4_inode_set_kind(struct ext4_sb *es, struct inode *ip);
/* Is the field within what i_extra_isize says is there? */
#define EXT4_HAS_FIELD(es, raw, field)                                         \
	((es)->inode_size > EXT4_INODE_SIZE_MIN &&                             \
	 offsetof(struct ext4_inode, field) + sizeof((raw)->field) <=          \
		 EXT4_INODE_SIZE_MIN + (size_t)(raw)->i_extra_isize)
/* Is the text of this symbolic link in the inode itself? */
bool ext4_link_inside(const struct inode *ip);

/* ---- extent.c, blockmap.c ---- */
enum ext4_run_kind {
	EXT4_RUN_HOLE,      /* no blocks: zeroes */
	EXT4_RUN_UNWRITTEN, /* blocks that were never written: zeroes */
	EXT4_RUN_MAPPED,
};
struct ext4_run {
	enum ext4_run_kind kind;
	uint64_t block; /* on the disk, unless a hole */
	uint32_t len;   /* blocks, at least 1 */
};
/*
 * What lies at block lblk of the file: a run of at most max blocks (max > 0)
 * that are all the same and follow each other on the disk. A run may be
 * shorter than it could be. Takes map_lock; the other three want it held, for
 * reading at least.
 */
int ext4_map(struct inode *ip, uint64_t lblk, uint32_t max,
	     struct ext4_run *out);
int ext4_map_locked(struct inode *ip, uint64_t lblk, uint32_t max,
		    struct ext4_run *out);
int ext4_extent_map(struct inode *ip, uint64_t lblk, uint32_t max,
		    struct ext4_run *out);
int ext4_blockmap_map(struct inode *ip, uint64_t lblk, uint32_t max,
		      struct ext4_run *out);
/* Checks the root in the inode, once, when the inode is read. */
int ext4_extent_check_root(struct inode *ip);
/* Size in bytes that a file may have. */
uint64_t ext4_blockmap_max_size(const struct ext4_sb *es);

/* ---- file.c ---- */
extern const struct file_ops ext4_file_ops;
extern const struct mapping_ops ext4_mapping_ops;
extern const struct inode_ops ext4_file_inode_ops, ext4_symlink_inode_ops;

/* ---- dir.c ---- */
extern const struct file_ops ext4_dir_ops;
extern const struct inode_ops ext4_dir_inode_ops;
/* Block lblk of a directory, checked. -ENODATA: there is none (a hole). */
int ext4_dir_read(struct inode *dir, uint64_t lblk, struct buf **out);

/* ---- htree.c ---- */
struct ext4_dx_path {
	uint32_t hash;
	uint32_t steps;   /* leaves that may still be visited */
	unsigned version; /* EXT4_HASH_*, of this disk's signedness */
	unsigned depth;   /* of the last frame */
	struct ext4_dx_frame {
		struct buf *bp;
		const struct ext4_dx_entry *entries;
		unsigned count, at;
	} frames[EXT4_DX_LEVELS_LARGE + 1];
};
/* Does dir have an index? */
bool ext4_dir_indexed(const struct inode *dir);
/* The form of a root or node, its counts, and, unless the block was found good
 * before, its checksum. */
int ext4_dx_check(struct inode *dir, uint64_t lblk, struct buf *bp);
/* Finds the leaf where name should be. -EFSCORRUPTED: damaged, or a kind of
 * hash that is not known (look everywhere instead). */
int ext4_dx_open(struct inode *dir, const char *name, unsigned len,
		 struct ext4_dx_path *path);
uint32_t ext4_dx_leaf(const struct ext4_dx_path *path);
/* 1: moved to a further leaf that may have it; 0: there is none. */
int ext4_dx_next(struct inode *dir, struct ext4_dx_path *path);
void ext4_dx_close(struct ext4_dx_path *path);
/* version: EXT4_HASH_*; 0 or -EINVAL. */
int ext4_dir_hash(const char *name, unsigned len, unsigned version,
		  const uint32_t seed[4], uint32_t *out);
