#pragma once
/*
 * The journal as it lies on the disk. All numbers are big-endian. It is a file
 * (inode 8) of s_maxlen blocks:
 *
 *	| super block | s_first ...... log, a ring ...... s_maxlen |
 *
 *	transaction: [revoke]... [descriptor, blocks...]... [commit]
 *
 * A descriptor has a tag for each of the blocks that follow it: where it
 * belongs, and its checksum. A revoke block lists blocks of which copies in
 * this and in earlier transactions must not be played any more. A transaction
 * counts when its commit block is there. Each of these blocks begins with the
 * same header, with the number of its transaction; a block of the file system
 * that happens to begin with the magic number is written with zeroes instead
 * (escaped), and its tag says so.
 *
 * Transactions are numbered without gaps. s_start says where the oldest one
 * that is still needed begins, s_sequence its number; s_start 0: none is.
 */
#include <stddef.h>
#include <stdint.h>

#define JBD2_MAGIC 0xc03b3998u

enum jbd2_block_type {
	JBD2_DESCRIPTOR = 1,
	JBD2_COMMIT = 2,
	JBD2_SUPER_V1 = 3,
	JBD2_SUPER_V2 = 4,
	JBD2_REVOKE = 5,
};

struct jbd2_header {
	uint32_t h_magic;
	uint32_t h_blocktype;
	uint32_t h_sequence;
};

struct jbd2_super {
	struct jbd2_header s_header;
	uint32_t s_blocksize;
	uint32_t s_maxlen;
	uint32_t s_first;
	uint32_t s_sequence;
	uint32_t s_start;
	uint32_t s_errno;
	uint32_t s_feature_compat;
	uint32_t s_feature_incompat;
	uint32_t s_feature_ro_compat;
	uint8_t s_uuid[16];
	uint32_t s_nr_users;
	uint32_t s_dynsuper;
	uint32_t s_max_transaction;
	uint32_t s_max_trans_data;
	uint8_t s_checksum_type; /* 4: crc32c */
	uint8_t s_padding2[3];
	uint32_t s_num_fc_blocks;
	uint32_t s_head;
	uint32_t s_padding[40];
	uint32_t s_checksum; /* of all 1024 bytes, this being 0 */
	uint8_t s_users[16 * 48];
};
_Static_assert(sizeof(struct jbd2_super) == 1024, "");
_Static_assert(offsetof(struct jbd2_super, s_uuid) == 0x30, "");
_Static_assert(offsetof(struct jbd2_super, s_num_fc_blocks) == 0x54, "");
_Static_assert(offsetof(struct jbd2_super, s_checksum) == 0xfc, "");

#define JBD2_CHECKSUM_CRC32C 4

#define JBD2_COMPAT_CHECKSUM      0x01 /* one sum for all, in the commit */
#define JBD2_INCOMPAT_REVOKE      0x01
#define JBD2_INCOMPAT_64BIT       0x02 /* of block numbers */
#define JBD2_INCOMPAT_ASYNC       0x04 /* commit block not waited for */
#define JBD2_INCOMPAT_CSUM_V2     0x08
#define JBD2_INCOMPAT_CSUM_V3     0x10
#define JBD2_INCOMPAT_FAST_COMMIT 0x20

/*
 * Tags. With checksums v3 all of jbd2_tag3; before, jbd2_tag, of which v2 and
 * 64BIT decide the length: t_blocknr, t_checksum, t_flags, then the upper half
 * of the number (64BIT), then two bytes that nobody uses (v2).
 */
struct jbd2_tag3 {
	uint32_t t_blocknr;
	uint32_t t_flags;
	uint32_t t_blocknr_high;
	uint32_t t_checksum;
};
_Static_assert(sizeof(struct jbd2_tag3) == 16, "");

struct jbd2_tag {
	uint32_t t_blocknr;
	uint16_t t_checksum; /* the lower half of it */
	uint16_t t_flags;
	uint32_t t_blocknr_high;
};
_Static_assert(sizeof(struct jbd2_tag) == 12, "");

#define JBD2_TAG_ESCAPED   1
#define JBD2_TAG_SAME_UUID 2 /* else 16 bytes of it follow */
#define JBD2_TAG_LAST      8
#define JBD2_UUID_BYTES    16

/* The last four bytes of descriptors and revoke blocks, with v2 and v3. */
#define JBD2_TAIL_BYTES 4

struct jbd2_revoke_header {
	struct jbd2_header r_header;
	uint32_t r_count; /* bytes used, these 16 included */
};
_Static_assert(sizeof(struct jbd2_revoke_header) == 16, "");

struct jbd2_commit {
	struct jbd2_header c_header;
	uint8_t c_chksum_type; /* 0 with v2 and v3 */
	uint8_t c_chksum_size;
	uint8_t c_padding[2];
	uint32_t c_chksum[8]; /* v2, v3: the first: of this block */
	uint64_t c_sec;
	uint32_t c_nsec;
} __attribute__((packed));
_Static_assert(offsetof(struct jbd2_commit, c_chksum) == 0x10, "");
_Static_assert(offsetof(struct jbd2_commit, c_sec) == 0x30, "");
