/*
 * System calls for links and new names.
 */
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/pathname.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

SYSCALL3(symlinkat, uaddr_t, target, int, dirfd, uaddr_t, path)
{
	struct name to, name;
	int err = name_get(&to, target);

	if (err)
		return err;
	err = name_get(&name, path);
	if (!err) {
		err = vfs_symlink(to.s, dirfd, name.s);
		name_put(&name);
	}
	name_put(&to);
	return err;
}

SYSCALL5(linkat, int, olddirfd, uaddr_t, oldpath, int, newdirfd, uaddr_t,
	 newpath, unsigned, flags)
{
	struct name old, new;
	int err;

	if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = name_get(&old, oldpath);
	if (err)
		return err;
	err = name_get(&new, newpath);
	if (!err) {
		err = vfs_link(olddirfd, old.s, newdirfd, new.s, flags);
		name_put(&new);
	}
	name_put(&old);
	return err;
}

SYSCALL5(renameat2, int, olddirfd, uaddr_t, oldpath, int, newdirfd, uaddr_t,
	 newpath, unsigned, flags)
{
	struct name old, new;
	int err = name_get(&old, oldpath);

	if (err)
		return err;
	err = name_get(&new, newpath);
	if (!err) {
		err = vfs_rename(olddirfd, old.s, newdirfd, new.s, flags);
		name_put(&new);
	}
	name_put(&old);
	return err;
}

SYSCALL4(readlinkat, int, dirfd, uaddr_t, path, uaddr_t, buf, int, size)
{
	struct name name;
	char *text;
	ssize_t n;
	int err;

	if (size <= 0)
		return -EINVAL;
	err = name_get(&name, path);
	if (err)
		return err;
	n = -ENOMEM;
	text = kmalloc(PATH_MAX, GFP_KERNEL);
	if (text) {
		n = vfs_readlink(dirfd, name.s, text, PATH_MAX);
		n = MIN(n, (ssize_t)size);
		if (n > 0 && copy_to_user(buf, text, (size_t)n))
			n = -EFAULT;
		kfree(text);
	}
	name_put(&name);
	return n;
}
