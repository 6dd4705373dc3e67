#pragma once
/*
 * Between map_write.c and the two kinds of maps; the promises are those of the
 * calls of the same names in write.h, but the inode is made dirty by the
 * caller, who has joined it to the handle.
 */
#include <stdbool.h>
#include <stdint.h>

#include "fs/vfs.h"

struct handle;
struct inode;

/* So many pieces one call takes away at most: others want the lock, and the
 * transaction to end. */
#define EXT4_PUNCH_STEPS 256u

/*
 * Blocks of directories and symbolic links have been in the log: each is
 * revoked when it goes, or recovery would put old names over the data of who
 * has it next. That costs a credit, so they go a few at a time.
 */
#define EXT4_REVOKE_STEP 8u

static inline uint32_t ext4_map_revokes(const struct inode *ip)
{
	return S_ISREG(ip->mode) ? 0 : EXT4_REVOKE_STEP;
}

int ext4_extent_insert(struct handle *h, struct inode *ip, uint32_t lblk,
		       uint64_t pblk, uint32_t len, bool unwritten);
int ext4_extent_convert(struct handle *h, struct inode *ip, uint32_t lblk,
			uint32_t len);
int ext4_extent_punch(struct handle *h, struct inode *ip, uint32_t first,
		      uint32_t last);

int ext4_blockmap_insert(struct handle *h, struct inode *ip, uint32_t lblk,
			 uint64_t pblk, uint32_t len);
int ext4_blockmap_punch(struct handle *h, struct inode *ip, uint32_t first,
			uint32_t last);
