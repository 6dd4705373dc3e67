/*
 * Shared anonymous memory: a file without a name in a tmpfs of the kernel's
 * own, so that fork, faults and accounting have one kind of sharing only.
 */
#include "kernel/mm/shm.h"

#include "fs/file.h"
#include "fs/tmpfs.h"
#include "kernel/abi/errno.h"

static struct super *shm_super; /* [I]; NULL: there was no memory for it */

void shm_init(void)
{
	int err = tmpfs_mount(&tmpfs_type, NULL, false, NULL, &shm_super);

	if (err)
		pr_warn("no shared anonymous memory: error %d\n", -err);
}

int shm_file_create(uint64_t size, struct file **out)
{
	struct inode *ip;
	int err;

	if (size > INT64_MAX - PAGE_SIZE)
		return -ENOMEM;
	if (!shm_super)
		return -ENOMEM;
	err = tmpfs_inode(shm_super, NULL, S_IFREG | 0600, 0, &ip);
	if (err)
		return err;
	ip->nlink = 0;
	ip->size = (off_t)size;
	err = file_open_anon(ip, ip->fops, O_RDWR, NULL, out);
	if (err)
		inode_put(ip);
	return err;
}
