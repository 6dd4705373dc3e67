#pragma once
/*
 * Device files: the table of character devices, and /dev. See devfs.c.
 */
#include "fs/blk.h"
#include "fs/vfs.h"

/*
 * Character devices, whatever file system their nodes are in. ops->open is
 * called with f->priv set to priv. A node `name` (a string that stays) appears
 * in /dev. 0, -EEXIST, -ENOMEM.
 */
int chrdev_register(unsigned major, unsigned minor, const char *name,
		    const struct file_ops *ops, void *priv);

/* A disk was registered: its node appears in /dev. */
void devfs_add_disk(struct blkdev *bd);
/* The devices that need no hardware: null, zero, full, random, urandom. */
void devfs_init(void);
