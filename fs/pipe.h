#pragma once
/*
 * Pipes and FIFOs: 64 KiB of bytes between writers and readers. A write of at
 * most PIPE_BUF (4096) bytes goes in as one piece.
 */
#include "fs/vfs.h"

/* Both ends; flags: O_NONBLOCK. -ENFILE, -ENOMEM. */
int pipe_create(unsigned flags, struct file **reader, struct file **writer);
/* F_GETPIPE_SZ; -EBADF if f is no pipe. */
int pipe_capacity(const struct file *f);
/* What the nodes of FIFOs open with. */
extern const struct file_ops fifo_file_ops;

void pipe_init(void);
