#pragma once
/*
 * /dev/pts: the nodes of pseudo terminals, whose numbers are their names. See
 * devpts.c.
 */
#include "fs/vfs.h"

/*
 * Makes the node `minor`, a character device of the caller's with the given
 * operations, which find out by the inode what it is. *out gets a reference.
 * -ENOMEM; nobody has that number now.
 */
int devpts_add(dev_t rdev, const struct file_ops *ops, struct inode **out);
/* The name goes, and the reference of devpts_add's caller. Who has the inode
 * otherwise keeps it. May sleep. */
void devpts_remove(struct inode *ip);
/* Before the first of these. */
void devpts_init(void);
