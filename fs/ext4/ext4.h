#pragma once
/*
 * ext4 in memory: what the files of this folder share. Reading order:
 * format.h, super.c, inode.c, extent.c and blockmap.c, file.c, dir.c, htree.c.
 *
 * Whatever comes from the disk is distrusted. A block is checked when it is
 * read in, by the checker of the kind that it is used as (EXT4_CHECKED says
 * which, and for which inode, since the checksum depends on it); code behind
 * the check relies on it. What is found wrong is told by ext4_corrupt, which
 * is also the one place that writing will need to mark the disk as damaged.
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
	struct alloc *alloc;     /* balloc.c's and ialloc.c's; NULL: read-only */
	struct orphans *orphans; /* orphan.c's */
	uint64_t msg_window; /* ns; atomic: since when msg_count counts */
	uint32_t msg_count;
};

/* The part of an inode that only ext4 knows. */
struct ext4_inode_info {
	uint32_t block[EXT4_N_BLOCKS]; /* i_block */
	uint32_t csum_seed;
	uint64_t xattr_block;
	/* Writing (see write.h): guarded by the inode's lock unless said. */
	uint64_t disk_size;    /* i_size on the disk: only data that is there */
	uint32_t reserved;     /* [map_lock] blocks promised to dirty pages */
	uint32_t tid_meta;     /* last transaction that changed anything of it */
	uint32_t tid_data;     /* the same for what fdatasync must make durable:
				* size and where its blocks are */
	struct rwsem map_lock; /* i_block and the tree of extents: a leaf lock,
				* RANK_BUFFER: taken inside handles */
	struct list_head orphan_link; /* orphan.c */
	uint32_t orphan_slot;         /* orphan.c */
	uint32_t extra_isize;
	bool new_inode;        /* never written: the whole slot is ours */
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
	EXT4_KIND_DIR,
	EXT4_KIND_DX_ROOT,
	EXT4_KIND_DX_NODE,
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
/* Something on the disk is wrong: says so, returns -EFSCORRUPTED. */
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
/* Reads a metadata block; the message says for what. */
int ext4_read_block(struct ext4_sb *es, uint64_t block, const char *what,
		    struct buf **out);

/* ---- inode.c ---- */
/* The inode, with a reference: -EFSCORRUPTED for numbers that are out of
 * range, reserved or free; -EIO, -ENOMEM. */
int ext4_inode_get(struct super *sb, uint64_t ino, struct inode **out);
void ext4_inode_evict(struct inode *ip);
int ext4_inode_init(void);
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
 * shorter than it could be.
 */
int ext4_map(struct inode *ip, uint64_t lblk, uint32_t max,
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
	uint32_t steps; /* leaves that may still be visited */
	unsigned depth; /* of the last frame */
	struct ext4_dx_frame {
		struct buf *bp;
		const struct ext4_dx_entry *entries;
		unsigned count, at;
	} frames[EXT4_DX_LEVELS_LARGE + 1];
};
/* Does dir have an index? */
bool ext4_dir_indexed(const struct inode *dir);
/* The checksum of a root or node, and that its counts fit into it. */
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
