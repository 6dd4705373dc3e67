#pragma once
/*
 * The writing half of ext4: what its files share. Reading order: journal.h,
 * balloc.c, ialloc.c, super_write.c, inode_write.c, orphan.c, map_write.c,
 * extent_write.c, blockmap_write.c, truncate.c, file_write.c, writeback.c,
 * sync.c, fallocate.c, dir_write.c, htree_write.c, namei_write.c.
 *
 * Order of locks, outermost first: inode lock (directories parent first),
 * handle, map_lock of an inode, metadata buffers, group spinlocks. A page's
 * lock is not held when a handle is started, nor waited for inside one: see
 * pagecache.h, at page_wait_writeback.
 *
 * Data before metadata. A write puts bytes into pages of the page cache and
 * reserves blocks by number only (ext4_reserve). Write-back takes a run of
 * dirty pages, claims blocks for it in memory (ext4_claim: nobody else gets
 * them, the disk knows nothing), writes the data, waits for it, and only then
 * starts a handle that marks the blocks as used, puts the extent into the
 * tree and moves the size on the disk. So a commit never waits for data, and
 * no crash shows a block's older content. A claimed block is in no bitmap that
 * reaches the disk.
 *
 * What was freed is not given out again before the transaction that freed it
 * is on the disk: until then, it is taken in memory (balloc.c does that).
 */
#include "fs/ext4/ext4.h"
#include "fs/ext4/journal.h"

/* ---- balloc.c: blocks ---- */

/* Reads nothing yet; groups are looked at when they are first used. */
int ext4_alloc_open(struct ext4_sb *es);
void ext4_alloc_close(struct ext4_sb *es);
/* Free blocks that are neither reserved nor claimed; with_root: and those
 * that only root may use (s_r_blocks_count). */
uint64_t ext4_free_blocks_count(struct ext4_sb *es, bool with_root);
/* Promises n blocks to pages that will be written (worst-case metadata
 * included by the caller). -ENOSPC. ext4_unreserve gives them back. */
int ext4_reserve(struct ext4_sb *es, uint64_t n);
void ext4_unreserve(struct ext4_sb *es, uint64_t n);
/*
 * Takes up to want blocks that follow each other, near goal (0: where the
 * inode's group says), in memory only. *start and *len say which, at least one.
 * reserved: they were promised before (the promise is used up). -ENOSPC, -EIO,
 * -EFSCORRUPTED (a bitmap is damaged; that group is left out from then on).
 * Sleeps; may be called inside a handle.
 */
int ext4_claim(struct ext4_sb *es, struct inode *ip, uint64_t goal,
	       uint32_t want, bool reserved, uint64_t *start, uint32_t *len);
/* A claim that came to nothing. */
void ext4_unclaim(struct ext4_sb *es, uint64_t start, uint32_t len);
/* Claimed blocks become used on the disk: bitmap, group descriptor (and the
 * super block's counts at commit). Needs EXT4_CREDITS_ALLOC for each group
 * that is touched; a claim never crosses groups. */
int ext4_claim_commit(struct handle *h, uint64_t start, uint32_t len);
/* One metadata block, claimed and committed, zeroed, joined to h for writing
 * (journal_create_access) and referenced. */
int ext4_new_meta_block(struct handle *h, struct inode *ip, uint64_t goal,
			struct buf **out);
/* Frees blocks of ip, which may lie in several groups: EXT4_CREDITS_ALLOC for
 * each. meta: each is forgotten by the journal, too. Freeing what is free is
 * damage: told, and -EFSCORRUPTED. Does not touch ip->blocks. */
int ext4_free_blocks(struct handle *h, struct inode *ip, uint64_t start,
		     uint64_t len, bool meta);
#define EXT4_CREDITS_ALLOC 2u /* bitmap and descriptor of one group */

/* ---- ialloc.c: inodes ---- */
/*
 * A new inode below dir, found in the bitmap, with owner and times made, its
 * slot written (nlink as given), in memory with one reference, locked for
 * writing by nobody but invisible to others until its name is there. Symbolic
 * links and nodes: the caller fills i_block and calls ext4_inode_dirty again.
 * Credits: EXT4_CREDITS_NEW_INODE. -ENOSPC, -EDQUOT never.
 */
int ext4_new_inode(struct handle *h, struct inode *dir, mode_t mode,
		   dev_t rdev, uint32_t nlink, struct inode **out);
/* The number becomes free; ip has no blocks any more and nlink is 0. */
int ext4_free_inode(struct handle *h, struct inode *ip);
#define EXT4_CREDITS_NEW_INODE 5u /* both bitmaps, descriptor, table; super */

/* Free inodes of the whole disk. */
uint64_t ext4_free_inodes_count(struct ext4_sb *es);

/* ---- super_write.c ---- */
/* Everything that writing wants, from recovery to the deletion of orphans; the
 * super is not read_only any more. Undone on error. */
int ext4_writing_start(struct ext4_sb *es);
/* The other way, when nobody is inside; data was synced. The disk is marked as
 * clean, unless something went wrong (that error is returned). */
int ext4_writing_stop(struct ext4_sb *es);
/*
 * The same with others inside: the disk becomes what it would be unmounted (it
 * is "at rest"), but all that they use stays in memory. The caller has set
 * read_only. On error it is not at rest: -EBUSY, there are orphans; an abort's.
 */
int ext4_writing_pause(struct ext4_sb *es);
/* Goes on, whether it came to rest or not, and takes read_only back. -EROFS:
 * aborted, or damaged. */
int ext4_writing_resume(struct ext4_sb *es);
/* Does nothing of what is dirty reach the disk any more? read_only says less:
 * that nothing new shall begin. */
static inline bool ext4_writing_ended(const struct ext4_sb *es)
{
	return !es->handles || journal_error(es) || READ_ONCE(es->at_rest);
}
/* For recovery, before the journal forgets that it was aborted once: the super
 * block says that there may be damage. */
int ext4_super_note_error(struct ext4_sb *es);
/* Only replays the journal, for a mount that reads. */
int ext4_recover_only(struct ext4_sb *es);
/* A feature bit that a disk gets when it is first made use of
 * (EXT4_RO_LARGE_FILE, EXT4_RO_DIR_NLINK): one credit the first time. */
int ext4_set_ro_feature(struct handle *h, uint32_t bit);
/* Marks the disk as in use (mount) or as clean (unmount, remount); sets the
 * times, the counts of mounts; writes the super block through h or, with h
 * NULL, straight to the disk. */
int ext4_super_write(struct ext4_sb *es, struct handle *h);
/* A group's descriptor, whose buffer is joined to h, was changed: it will be
 * sealed (checksum). Puts the buffer. */
void ext4_desc_dirty(struct handle *h, struct buf *bp, uint32_t group);
/* Damage was found while writing: error flags into the super block, errors=
 * obeyed: continue, or (remount-ro, panic) no writing from now on; a panic if
 * the boot arguments ask for it, too. */
void ext4_mark_errors(struct ext4_sb *es, int err);

/* ---- inode_write.c ---- */
/* struct inode and its info into the table, checksum included (the size is
 * info->disk_size for regular files). One credit. Remembers h's tid in
 * tid_meta (and tid_data when data_too). */
int ext4_inode_dirty(struct handle *h, struct inode *ip, bool data_too);
/* Joins the table's block to h, so that ext4_inode_dirty in h cannot fail for
 * want of anything but its number of blocks. One credit. */
int ext4_inode_join(struct handle *h, struct inode *ip);
/* For vfs: mode, owner and times changed (its own handle). */
int ext4_setattr(struct inode *ip);
/* The last reference went; nlink 0: blocks, xattr block and number go. */
void ext4_evict(struct inode *ip);
/* ip->blocks and i_blocks' form (huge_file) for n more (or fewer) blocks. */
void ext4_add_blocks(struct inode *ip, int64_t n);

/* ---- orphan.c: the list in the super block, or the orphan file ---- */
/* From here until ext4_orphan_del a crash makes recovery delete (nlink 0) or
 * cut to disk_size the inode. Credits: EXT4_CREDITS_ORPHAN. Twice is fine. */
int ext4_orphan_add(struct handle *h, struct inode *ip);
int ext4_orphan_del(struct handle *h, struct inode *ip);
/* At mount, after recovery: finishes what a crash interrupted. */
int ext4_orphan_cleanup(struct ext4_sb *es);
bool ext4_has_orphans(struct ext4_sb *es);
static inline bool ext4_is_orphan(const struct inode *ip)
{
	return ext4_info(ip)->orphan;
}
int ext4_orphan_open(struct ext4_sb *es);
void ext4_orphan_close(struct ext4_sb *es);
#define EXT4_CREDITS_ORPHAN 3u

/* ---- map_write.c, extent_write.c, blockmap_write.c ----
 *
 * map_lock is held for writing, by the caller. Each counts ip->blocks (data
 * and nodes) and calls ext4_inode_dirty. On error nothing is changed, or the
 * journal was aborted.
 */
/*
 * Blocks [lblk, lblk+len) of the file, a hole until now, lie at pblk from now
 * on; unwritten: they read as zeroes (-EOPNOTSUPP with block maps). Merges
 * with neighbours. len is at most ext4_map_max_run. -ENOSPC (for a node),
 * -EFBIG, -EIO, -EFSCORRUPTED. Credits: ext4_map_credits(ip, 1).
 */
int ext4_map_insert(struct handle *h, struct inode *ip, uint32_t lblk,
		    uint64_t pblk, uint32_t len, bool unwritten);
/* How many blocks one insert may have: 32768 with extents, one table's worth
 * with block maps. */
uint32_t ext4_map_max_run(const struct inode *ip);
/*
 * Unwritten blocks [lblk, lblk+len) become written; parts that are written
 * already stay. Credits: ext4_map_credits(ip, 1) for what ext4_map gave as one
 * run, as many times for more. -EAGAIN: more credits were wanted and the
 * transaction is full; what was converted stands: handle_restart, call again.
 */
int ext4_map_convert(struct handle *h, struct inode *ip, uint32_t lblk,
		     uint32_t len);
/* Takes blocks from the end downwards away and frees them, down to `first`,
 * as far as the credits of h go. 1: there is more: let map_lock go, restart
 * with ext4_map_credits(ip, 1) or more, call again; 0: done. The tree is legal
 * after each call. An error leaves the rest in place. */
int ext4_map_truncate(struct handle *h, struct inode *ip, uint32_t first);
/* The same for [first, last] (punching). -ENOSPC: the split of an extent
 * wanted a node. */
int ext4_map_punch(struct handle *h, struct inode *ip, uint32_t first,
		   uint32_t last);
/* Worst case of metadata blocks for n inserts (or converts, or one step of
 * punching), bitmaps and the inode included. Without map_lock: it allows for a
 * tree that grows meanwhile. */
unsigned ext4_map_credits(const struct inode *ip, unsigned n);
/* Makes an empty tree (or block map, on disks without extents) in the i_block
 * of a new inode, which is zero, and sets or clears EXT4_FL_EXTENTS. */
void ext4_map_init(struct ext4_sb *es, struct inode *ip);

/* ---- truncate.c ---- */
/* For vfs: size in either direction; the inode is locked for writing. In
 * steps, the inode being an orphan meanwhile. */
int ext4_truncate(struct inode *ip, off_t size);
/* Blocks from `first` on go, in steps; ip is an orphan already or about to
 * vanish. Not inside a handle. */
int ext4_truncate_blocks(struct inode *ip, uint32_t first);
/* At mount, for an orphan that has names: what a truncation began is finished,
 * the end of the last block on the disk included. */
int ext4_truncate_orphan(struct inode *ip);

/* ---- file_write.c, writeback.c, sync.c, fallocate.c; data.h ---- */
int ext4_write_pages(struct mapping *m, uint64_t first, uint64_t last,
		     bool wait);
int ext4_make_writable(struct mapping *m, struct page *pg);
/*
 * For truncate.c: makes ip->size and the pages agree with a new size, in
 * either direction: pages behind it go, the rest of the last one is zeroes (on
 * the disk, too, sooner or later), what was reserved for them is given back;
 * who writes such pages out has been waited for, so no block is put into the
 * tree behind `size` from now on. Then the caller frees blocks and moves
 * disk_size. On error (-EIO, -ENOMEM) nothing has changed. The inode is locked
 * for writing. Not inside a handle: a page that is being written out ends with
 * a handle, which may wait for all those that are open. (For the same reason
 * nobody waits for a page's lock inside a handle.)
 */
int ext4_truncate_pages(struct inode *ip, off_t size);
ssize_t ext4_file_write(struct file *f, struct uio *u, off_t *pos);
int ext4_file_fsync(struct file *f, bool data_only);
int ext4_file_fallocate(struct file *f, int mode, off_t off, off_t len);
off_t ext4_file_seek(struct file *f, off_t off, int whence);
/* What is dirty of ip: pages, then times and the like. */
int ext4_write_inode(struct inode *ip);
/* Writes all dirty data of the disk; wait: until it is there and its metadata
 * committed. */
int ext4_sync(struct super *sb, bool wait);

/* ---- dir_write.c, htree_write.c: the directory is locked for writing ---- */
struct ext4_dir_slot; /* dir.h: a record in a block that is held */
/*
 * The half of a change that may fail; no name has changed then. Room for a name
 * that is not there (credits: ext4_dir_credits), or the record of one that is
 * (1 credit; it names ip, or -EFSCORRUPTED). Of several slots in one directory,
 * room is made first: that moves names.
 */
int ext4_dir_make_room(struct handle *h, struct inode *dir, const char *name,
		       unsigned len, struct ext4_dir_slot *out);
int ext4_dir_find(struct handle *h, struct inode *dir, const char *name,
		  unsigned len, const struct inode *ip,
		  struct ext4_dir_slot *out);
/* The half that does not: puts the name into its room, takes it out, lets it
 * name another inode (rename over, "..", exchange). */
void ext4_dir_put(struct handle *h, struct inode *dir, struct ext4_dir_slot *s,
		  const char *name, unsigned len, const struct inode *ip);
void ext4_dir_clear(struct handle *h, struct inode *dir,
		    struct ext4_dir_slot *s);
void ext4_dir_set(struct handle *h, struct inode *dir, struct ext4_dir_slot *s,
		  const struct inode *ip);
/* "." and ".." in a new directory's first block. Credits: EXT4_CREDITS_ALLOC
 * and 1. Nothing is changed on error. */
int ext4_dir_init(struct handle *h, struct inode *dir,
		  const struct inode *parent);
/* 1: nothing but "." and ".."; 0: something; or an error. */
int ext4_dir_empty(struct inode *dir);
unsigned ext4_dir_credits(const struct inode *dir);

/* ---- namei_write.c: inode_ops of directories ---- */
int ext4_create(struct inode *dir, const char *name, unsigned len, mode_t mode,
		dev_t rdev, const char *target, struct inode **out);
int ext4_link(struct inode *dir, const char *name, unsigned len,
	      struct inode *ip);
int ext4_unlink(struct inode *dir, const char *name, unsigned len,
		struct inode *ip);
int ext4_rename(struct inode *od, const char *oname, unsigned olen,
		struct inode *ip, struct inode *nd, const char *nname,
		unsigned nlen, struct inode *target, bool exchange);
