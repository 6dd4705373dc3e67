/*
 * Shared anonymous memory: a file without a name in a tmpfs of the kernel's
 * own, so that fork, faults and accounting have one kind of sharing only. The
 * tmpfs is made when the first program asks.
 */
#include "kernel/mm/shm.h"

#include "fs/file.h"
#include "fs/tmpfs.h"
#include "kernel/abi/errno.h"

static struct super *shm_super;
static uint32_t making; /* atomic: somebody is at it */

static int shm_mount(void)
{
	struct super *sb;
	int err;

	if (__atomic_load_n(&shm_super, __ATOMIC_ACQUIRE))
		return 0;
	while (__atomic_exchange_n(&making, 1, __ATOMIC_ACQUIRE))
		sched_yield_now();
	err = 0;
	if (!shm_super) {
		err = tmpfs_mount(&tmpfs_type, NULL, false, NULL, &sb);
		if (!err)
			__atomic_store_n(&shm_super, sb, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&making, 0, __ATOMIC_RELEASE);
	return err;
}

int shm_file_create(uint64_t size, struct file **out)
{
	struct inode *ip;
	int err;

	if (size > INT64_MAX - PAGE_SIZE)
		return -ENOMEM;
	err = shm_mount();
	if (err)
		return err;
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
