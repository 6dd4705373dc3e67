#pragma once
/*
 * Between map_write.c and the two kinds of maps; the promises are those of the
 * calls of the same names in write.h, but the inode is made dirty by the
 * caller, who has joined it to the handle.
 */
#include <stdbool.h>
#include <stdint.h>

struct handle;
struct inode;

/* So many pieces one call takes away at most: others want the lock, and the
 * transaction to end. */
#define EXT4_PUNCH_STEPS 256u

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
