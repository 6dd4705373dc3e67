#pragma once
/*
 * What other parts of fs/ use of the file system in memory: devfs is one whose
 * nodes the kernel makes, and the RAM root is one that cpio.c fills.
 */
#include "fs/vfs.h"

int tmpfs_mount(const struct fs_type *type, struct blkdev *bd, bool read_only,
		const char *data, struct super **out);
/* An inode without a name, owned by the caller. -ENOSPC, -ENOMEM. */
int tmpfs_inode(struct super *sb, const struct inode *dir, mode_t mode,
		dev_t rdev, struct inode **out);
/* inode_ops.create: dir is locked for writing and has no such name. */
int tmpfs_create(struct inode *dir, const char *name, unsigned len, mode_t mode,
		 dev_t rdev, const char *target, struct inode **out);

/* priv of the super. */
struct tmpfs {
	uint64_t max_pages, max_inodes;
	uint64_t used_pages, used_inodes; /* atomic */
	uint64_t next_ino;                /* atomic */
};

static inline struct tmpfs *tmpfs_of(const struct inode *ip)
{
	return ip->sb->priv;
}

/* Counts one more against a limit; false: there is no room. */
static inline bool tmpfs_count_up(uint64_t *used, uint64_t max)
{
	if (__atomic_add_fetch(used, 1, __ATOMIC_RELAXED) <= max)
		return true;
	__atomic_fetch_sub(used, 1, __ATOMIC_RELAXED);
	return false;
}

/* tmpfs_data.c: the operations of regular files. */
extern const struct file_ops tmpfs_file_ops;
extern const struct mapping_ops tmpfs_mapping_ops;
int tmpfs_truncate(struct inode *ip, off_t size);
/* n pages of ip are gone. */
void tmpfs_uncharge(struct inode *ip, uint64_t n);
