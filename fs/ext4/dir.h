#pragma once
/*
 * Directories: what the files that know their blocks share. Reading order:
 * dir.c (blocks and look-ups), dirhash.c, htree.c (the index), readdir.c (lists),
 * dir_write.c, htree_write.c.
 *
 * A block is checked as a whole when it is read in. Nevertheless every walk
 * over its records looks at each length again: on a damaged disk one block can
 * lie in two places, and then it changes under who reads it as a directory.
 */
#include "fs/ext4/ext4.h"

struct handle;

/* A record, in a block that is held; ext4_dir_slot_put lets it go. For a name
 * to be put in: the record that has room for it. */
struct ext4_dir_slot {
	struct buf *bp;
	uint32_t lblk;
	uint32_t off;
};
static inline void ext4_dir_slot_put(struct ext4_dir_slot *s)
{
	buf_put(s->bp);
	s->bp = NULL;
}

static inline struct ext4_dirent *ext4_dirent_at(const struct buf *bp,
						 unsigned off)
{
	return (struct ext4_dirent *)(void *)((char *)bp->data + off);
}

/* Length of the record at off, with its name inside and the end of the
 * records, `end`, not before its own; 0: it is broken. */
static inline unsigned ext4_dirent_len(const struct buf *bp, unsigned off,
				       unsigned end)
{
	const struct ext4_dirent *de = ext4_dirent_at(bp, off);
	unsigned len;

	if (off > end || end - off < EXT4_DIRENT_MIN)
		return 0;
	len = READ_ONCE(de->rec_len);
	if (len < EXT4_DIRENT_MIN || len & 3 || len > end - off ||
	    EXT4_DIRENT_SIZE(READ_ONCE(de->name_len)) > len)
		return 0;
	return len;
}

/* Where the records of a leaf end and its checksum begins. */
static inline unsigned ext4_leaf_end(const struct ext4_sb *es)
{
	return es->block_size -
	       (es->has_csum ? (unsigned)sizeof(struct ext4_dirent_tail) : 0);
}

static inline bool ext4_name_is_dots(const struct ext4_dirent *de)
{
	return de->name[0] == '.' &&
	       (de->name_len == 1 || (de->name_len == 2 && de->name[1] == '.'));
}

static inline uint64_t ext4_dir_blocks(const struct inode *dir)
{
	return (uint64_t)dir->size >> ext4_sb(dir->sb)->block_bits;
}

/* ---- dir.c ---- */
/* A root or an inner node of the index, rather than a block of names? */
bool ext4_dir_is_node(const struct inode *dir, uint64_t lblk,
		      const struct buf *bp);
/* Tells damage of a block of dir; returns -EFSCORRUPTED. */
int ext4_dir_damaged(const struct inode *dir, uint64_t lblk, const char *what);
/* The record of a name. -ENOENT; -EFSCORRUPTED: a block that might have had it
 * is damaged; -EIO, -ENOMEM, -EINTR (the caller is killed). */
int ext4_dir_search(struct inode *dir, const char *name, unsigned len,
		    struct ext4_dir_slot *out);
/* A directory has this name from now on. */
void ext4_dir_named(struct inode *ip, const char *name, unsigned len);
/* As ext4_dir_read; a hole's length goes to *hole. */
int ext4_dir_read_run(struct inode *dir, uint64_t lblk, struct buf **out,
		      uint32_t *hole);
/* Between blocks of a long search: lets others run; true: the caller ends. */
bool ext4_dir_must_stop(void);

/* ---- dirhash.c ---- */
/* The kind of hash that the disk means by `version`: with the signedness of its
 * characters. */
unsigned ext4_dir_hash_version(const struct ext4_sb *es, unsigned version);
/* The kind of hash (EXT4_HASH_*) that a new index would have; -EINVAL: it may
 * not have one. */
int ext4_dir_default_hash(const struct ext4_sb *es);
/* out[0]: the hash of the index; out[1]: another one of the same name. */
int ext4_dir_hashes(const char *name, unsigned len, unsigned version,
		    const uint32_t seed[4], uint32_t out[2]);

/* ---- htree.c ---- */
/* Finds the leaf where names with this hash begin. */
int ext4_dx_seek(struct inode *dir, uint32_t hash, struct ext4_dx_path *path);
/* The hash that the leaf begins with, and the one that the next one does, both
 * as in the index; false: it is the last. */
uint32_t ext4_dx_low(const struct ext4_dx_path *path);
bool ext4_dx_high(const struct ext4_dx_path *path, uint32_t *hash);
/* To the next leaf; there is one. */
int ext4_dx_advance(struct inode *dir, struct ext4_dx_path *path);
/* Where a root (block 0) or node has its counts and entries. */
struct ext4_dx_count *ext4_dx_counts(uint64_t lblk, const void *data);
/* How many entries a root or node has room for. */
unsigned ext4_dx_limit(const struct ext4_sb *es, uint64_t lblk);
/* Of a root or node whose counts fit into it. */
uint32_t ext4_dx_csum(const void *data, uint64_t lblk, uint32_t seed);

/* ---- readdir.c ---- */
struct dir_context;
struct file;
int ext4_dir_iterate(struct file *f, struct dir_context *c, off_t *pos);

/* ---- dir_write.c: the directory is locked for writing ---- */
/* A block of metadata becomes block lblk of ip, in h and zeroed. Nothing is
 * changed on error. Credits: ext4_map_credits(ip, 1), EXT4_CREDITS_ALLOC and
 * two more. */
int ext4_meta_append(struct handle *h, struct inode *ip, uint32_t lblk,
		     struct buf **out);
/* One block more at the end, in h, zeroed; the caller makes it legal, for which
 * nothing may fail. dir's inode was joined to h before. */
int ext4_dir_append(struct handle *h, struct inode *dir, struct buf **out,
		    uint32_t *lblk);
/* Block lblk was changed: checksummed when it is frozen, and checked. */
void ext4_dir_dirty(struct handle *h, struct inode *dir, uint64_t lblk,
		    struct buf *bp);
/* Makes the block a leaf with one free record. */
void ext4_leaf_init(const struct ext4_sb *es, void *data);
/* A record with room for `need` bytes: 1 and its offset; 0: none; *used: what
 * names take. -EFSCORRUPTED. */
int ext4_leaf_room(struct inode *dir, uint64_t lblk, const struct buf *bp,
		   unsigned need, unsigned *off, unsigned *used);

/* A leaf taken apart: a copy of it, and where its names are in the copy. */
struct ext4_leaf_copy {
	struct ext4_leaf_name {
		uint32_t hash;
		uint16_t off, size; /* size: of the shortest record */
	} *names;
	unsigned n;
	char *data;
};
int ext4_leaf_copy_make(const struct ext4_sb *es, struct ext4_leaf_copy *c);
void ext4_leaf_copy_free(struct ext4_leaf_copy *c);
/* Copies a block and finds its names from offset `from` on. */
int ext4_leaf_take(struct inode *dir, uint64_t lblk, const struct buf *bp,
		   unsigned from, unsigned end, struct ext4_leaf_copy *c);
/* Makes a leaf of names [first, last) of the copy. */
void ext4_leaf_build(const struct ext4_sb *es, void *data,
		     const struct ext4_leaf_copy *c, unsigned first,
		     unsigned last);

/* ---- htree_write.c ---- */
/* The only block of dir becomes the root of an index over one leaf. 1: it
 * cannot have one. */
int ext4_dx_make(struct handle *h, struct inode *dir);
/* Room for a name in the leaf where it belongs, made if there is none. */
int ext4_dx_make_room(struct handle *h, struct inode *dir, const char *name,
		      unsigned len, struct ext4_dir_slot *out);
