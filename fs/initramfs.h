#pragma once
/*
 * The RAM root: cpio archives ("newc") unpacked into a tmpfs.
 */
#include <stddef.h>

struct inode;

/* Into "/", over what is there. An empty archive is fine. 0, or an error with
 * what was good so far unpacked: -EINVAL (damaged), -ENOMEM, -ENOSPC. */
int initramfs_unpack(const void *data, size_t size);

/* The same under any directory of a tmpfs. */
int cpio_unpack(struct inode *root, const void *data, size_t size);
