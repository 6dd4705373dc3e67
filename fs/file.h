#pragma once
/*
 * Open files: making and dropping them, and reading, writing, seeking through
 * them with the checks that are the same for all kinds. The position is moved
 * here; its lock is taken only when somebody else could use the same file, and
 * never for streams, so a read that waits for a terminal or a pipe keeps
 * nobody out.
 */
#include "fs/vfs.h"

struct path;

/* An open file without anything in it, one reference: -ENFILE, -ENOMEM. */
int file_alloc(struct file **out);
/*
 * Opens what is at path: finds the operations of its kind (regular, directory,
 * device, FIFO), counts writers, calls open. flags: O_*. Rights are checked by
 * the caller, whose references in path become the file's when it succeeds.
 * May sleep (a FIFO waits for its other end). *out has one reference.
 */
int file_open_path(const struct path *path, unsigned flags, struct file **out);

/* A file over a new inode without a name, with the given operations, whose
 * open is not called. Takes over ip's reference when it succeeds. */
int file_open_anon(struct inode *ip, const struct file_ops *ops, unsigned flags,
		   void *priv, struct file **out);

/* As the calls of these names; bytes, or an error. pos NULL: the file's own
 * position. -EBADF if it is not open for that. */
ssize_t file_read(struct file *f, struct uio *u, off_t *pos);
ssize_t file_write(struct file *f, struct uio *u, off_t *pos);
off_t file_seek(struct file *f, off_t off, int whence);
int file_iterate(struct file *f, struct dir_context *c);
int file_fsync(struct file *f, bool data_only);
int file_syncfs(struct file *f); /* of the file system that it is on */
int file_truncate(struct file *f, off_t size);
int file_fallocate(struct file *f, int mode, off_t off, off_t len);
/* POLL* bits; registers if t is not NULL. */
unsigned file_poll(struct file *f, struct poll_table *t);
/* Copies up to n bytes from in to out through the kernel; in_pos NULL: in's
 * own position. */
ssize_t file_send(struct file *out, struct file *in, off_t *in_pos, size_t n);

/*
 * For exec: a regular file that may be executed (not on a noexec mount),
 * which nobody can open for writing until its last put. Errors as execve(2).
 */
int file_open_exec(int dirfd, const char *name, unsigned at_flags,
		   struct file **out);
/* Into kernel memory. Short only at the end of the file. */
ssize_t file_read_kernel(struct file *f, void *buf, size_t n, off_t pos);
ssize_t file_write_kernel(struct file *f, const void *buf, size_t n,
			  off_t *pos);

/* As uio_copy_to, of zeroes. */
size_t uio_zero_to(struct uio *u, size_t n);

/* The device's operations and priv; -ENXIO. */
int chrdev_find(dev_t rdev, const struct file_ops **ops, void **priv);
extern const struct file_ops blkdev_file_ops;

/* Its path as the caller sees it, for /proc ("pipe:[7]" when there is none),
 * somewhere in buf; *out points at it. Length without NUL, -ENAMETOOLONG. */
ssize_t file_name(struct file *f, char *buf, size_t size, char **out);

void file_init(void);
