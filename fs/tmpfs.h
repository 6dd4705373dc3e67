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
