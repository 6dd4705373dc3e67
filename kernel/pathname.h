#pragma once
/*
 * Path names from programs. A name is copied into the kernel first: short ones
 * into the stack frame, longer ones (up to 4095 bytes) into memory.
 */
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"

struct name {
	char *s;
	char small[176];
};

/* name_put() later. 0, -EFAULT, -ENAMETOOLONG, -ENOMEM. */
static inline int name_get(struct name *n, uaddr_t user)
{
	long len = strncpy_from_user(n->small, user, sizeof(n->small));

	n->s = n->small;
	if (__builtin_expect(len != -ENAMETOOLONG, 1))
		return len < 0 ? (int)len : 0;
	n->s = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!n->s)
		return -ENOMEM;
	len = strncpy_from_user(n->s, user, PATH_MAX);
	if (len < 0) {
		kfree(n->s);
		return (int)len;
	}
	return 0;
}

static inline void name_put(struct name *n)
{
	if (n->s != n->small)
		kfree(n->s);
}

/* AT_ flags as those of path_lookup(). */
static inline unsigned walk_flags(unsigned at)
{
	return (at & AT_SYMLINK_NOFOLLOW ? WALK_NOFOLLOW : 0) |
	       (at & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}
