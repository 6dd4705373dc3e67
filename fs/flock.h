#pragma once
/*
 * Locks that programs take on files by agreement: nobody is kept from reading
 * or writing by them. Those of flock are for the whole file and belong to the
 * open file; those of fcntl are for ranges of bytes and belong to the process
 * (its descriptor table), or with F_OFD_* to the open file. The two kinds know
 * nothing of each other.
 */
#include "fs/vfs.h"

/* flock(2). op: LOCK_*. 0, -EAGAIN (LOCK_NB), -EINTR, -ENOLCK, -EINVAL, -EBADF. */
int flock_whole(struct file *f, unsigned op);
/* F_GETLK, F_SETLK, F_SETLKW and F_OFD_* of fcntl(2). Also -EDEADLK,
 * -EOVERFLOW. *l is in kernel memory; F_*GETLK answers in it. */
int flock_range(struct file *f, int cmd, struct flock *l);

/* owner, an open file or a descriptor table, gives up all that it has of ip:
 * for the last use of a file, and for any close of the process's. */
void flock_forget_all(struct inode *ip, const void *owner);
static inline void flock_forget(struct inode *ip, const void *owner)
{
	if (__builtin_expect(READ_ONCE(ip->locks) != NULL, 0))
		flock_forget_all(ip, owner);
}
