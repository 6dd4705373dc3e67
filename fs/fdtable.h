#pragma once
/*
 * Descriptors: small numbers to open files. A table belongs to a process and
 * is shared by its threads. It grows by doubling up to the caller's limit.
 *
 * As long as one thread alone uses a table, nobody can close a file under its
 * feet, so looking a file up needs neither the lock nor a reference: that is
 * what struct fdref is about. Other processes (/proc/PID/fd) look with
 * fdtable_get_file, under the lock, which every change takes.
 */
#include "fs/vfs.h"

#define FD_INLINE 64 /* descriptors before the first growth */

struct fdtable {
	int32_t refs; /* threads */
	struct spinlock lock;
	unsigned cap;        /* [lock] multiple of 64 */
	unsigned next;       /* [lock] nothing below is free */
	struct file **files; /* [lock] */
	uint64_t *used;      /* [lock] bits: handed out, perhaps not yet open */
	uint64_t *cloexec;   /* [lock] */
	struct file *inline_files[FD_INLINE];
	uint64_t inline_used, inline_cloexec;
};

/* An empty table; a copy, for fork. NULL: no memory. */
struct fdtable *fdtable_create(void);
struct fdtable *fdtable_fork(struct fdtable *t);
static inline void fdtable_get(struct fdtable *t)
{
	__atomic_fetch_add(&t->refs, 1, __ATOMIC_RELAXED);
}
/* The last put closes everything. May sleep. */
void fdtable_put(struct fdtable *t);
/* A thread that is not the last of its process ends. Never the last put, so
 * it does not sleep. */
static inline void fdtable_leave(struct fdtable *t)
{
	__atomic_fetch_sub(&t->refs, 1, __ATOMIC_RELEASE);
}
/* exec: closes what is marked so. The table is not shared (exec made it so by
 * fdtable_fork). */
void fdtable_exec(struct fdtable *t);

/*
 * The lowest free descriptor >= from, below the caller's limit; it has no file
 * until fd_install (which takes over the reference) or fd_release. -EMFILE,
 * -EINVAL (from beyond the limit), -ENOMEM.
 */
int fd_alloc(struct fdtable *t, unsigned from, bool cloexec);
void fd_install_shared(struct fdtable *t, int fd, struct file *f);
static inline void fd_install(struct fdtable *t, int fd, struct file *f)
{
	/* Alone, nobody moves the table; who looks finds the file or not. */
	if (t->refs == 1)
		__atomic_store_n(&t->files[fd], f, __ATOMIC_RELEASE);
	else
		fd_install_shared(t, fd, f);
}
void fd_release(struct fdtable *t, int fd);
/* Both in one. Takes over the reference when it succeeds. */
int fd_open(struct fdtable *t, struct file *f, bool cloexec);
/* -EBADF, or what the file's release has to say. */
int fd_close(struct fdtable *t, unsigned fd);
/* dup2: newfd then means oldfd's file. oldfd != newfd. -EBADF, -ENOMEM. */
int fd_dup2(struct fdtable *t, int oldfd, int newfd, bool cloexec);
int fd_get_cloexec(struct fdtable *t, int fd); /* 0, 1, -EBADF */
int fd_set_cloexec(struct fdtable *t, int fd, bool on);
/* The file with a reference, or NULL. Any process's table. */
struct file *fdtable_get_file(struct fdtable *t, unsigned fd);
/* The lowest open descriptor >= fd, or -1. */
int fdtable_next(struct fdtable *t, unsigned fd);

/* A file in use by a call of the process itself. */
struct fdref {
	struct file *file; /* NULL: no such descriptor */
	bool counted;
};

struct fdref fd_ref_shared(struct fdtable *t, unsigned fd);
static inline struct fdref fd_ref(int fd)
{
	struct fdtable *t = host_files();
	struct fdref r = { NULL, false };

	if (__builtin_expect(t->refs != 1, 0))
		return fd_ref_shared(t, (unsigned)fd);
	if ((unsigned)fd < t->cap)
		r.file = t->files[fd];
	return r;
}
static inline void fd_unref(struct fdref r)
{
	if (r.counted)
		file_put(r.file);
}

void fdtable_init(void);
