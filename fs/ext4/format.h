#pragma once
/*
 * ext4 as it lies on the disk. All numbers are little-endian, and so are the
 * machines that this runs on (riscv64; the build machine), so fields are read
 * as they are; an assertion below refuses anything else.
 *
 *	| boot 1 KiB | super | group descriptors | bitmaps, inode tables, data
 *
 * The disk is divided into groups of s_blocks_per_group blocks. A descriptor
 * for each says where its bitmaps and its part of the inode table are. Inode
 * number n (from 1) is the entry (n - 1) % s_inodes_per_group of the table of
 * group (n - 1) / s_inodes_per_group.
 *
 * Where a number is wider than it used to be, the upper part stands in another
 * field, named _hi, that counts only if the feature says so.
 */
#include <stddef.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "disk fields are read without swapping");

#define EXT4_SUPER_OFFSET 1024
#define EXT4_MAGIC        0xef53

struct ext4_super_block {
	uint32_t s_inodes_count;
	uint32_t s_blocks_count;
	uint32_t s_r_blocks_count; /* kept for root */
	uint32_t s_free_blocks_count;
	uint32_t s_free_inodes_count;
	uint32_t s_first_data_block; /* 1 with blocks of 1 KiB, else 0 */
	uint32_t s_log_block_size;   /* 1024 << this */
	uint32_t s_log_cluster_size;
	uint32_t s_blocks_per_group;
	uint32_t s_clusters_per_group;
	uint32_t s_inodes_per_group;
	uint32_t s_mtime;
	uint32_t s_wtime;
	uint16_t s_mnt_count;
	uint16_t s_max_mnt_count;
	uint16_t s_magic;
	uint16_t s_state; /* EXT4_STATE_* */
	uint16_t s_errors;
	uint16_t s_minor_rev_level;
	uint32_t s_lastcheck;
	uint32_t s_checkinterval;
	uint32_t s_creator_os;
	uint32_t s_rev_level; /* 0: the fields from here to 0x68 do not count */
	uint16_t s_def_resuid;
	uint16_t s_def_resgid;
	uint32_t s_first_ino;
	uint16_t s_inode_size;
	uint16_t s_block_group_nr;
	uint32_t s_feature_compat;
	uint32_t s_feature_incompat;
	uint32_t s_feature_ro_compat;
	uint8_t s_uuid[16];
	char s_volume_name[16];
	char s_last_mounted[64];
	uint32_t s_algorithm_usage_bitmap;
	uint8_t s_prealloc_blocks;
	uint8_t s_prealloc_dir_blocks;
	uint16_t s_reserved_gdt_blocks;
	uint8_t s_journal_uuid[16];
	uint32_t s_journal_inum;
	uint32_t s_journal_dev;
	uint32_t s_last_orphan; /* head of the list of inodes to delete */
	uint32_t s_hash_seed[4];
	uint8_t s_def_hash_version;
	uint8_t s_jnl_backup_type;
	uint16_t s_desc_size;
	uint32_t s_default_mount_opts;
	uint32_t s_first_meta_bg;
	uint32_t s_mkfs_time;
	uint32_t s_jnl_blocks[17];
	uint32_t s_blocks_count_hi;
	uint32_t s_r_blocks_count_hi;
	uint32_t s_free_blocks_count_hi;
	uint16_t s_min_extra_isize;
	uint16_t s_want_extra_isize;
	uint32_t s_flags; /* EXT4_FLAGS_* */
	uint16_t s_raid_stride;
	uint16_t s_mmp_interval;
	uint64_t s_mmp_block;
	uint32_t s_raid_stripe_width;
	uint8_t s_log_groups_per_flex;
	uint8_t s_checksum_type; /* 1: crc32c */
	uint16_t s_reserved_pad;
	uint64_t s_kbytes_written;
	uint32_t s_snapshot_inum;
	uint32_t s_snapshot_id;
	uint64_t s_snapshot_r_blocks_count;
	uint32_t s_snapshot_list;
	uint32_t s_error_count;
	uint32_t s_first_error_time;
	uint32_t s_first_error_ino;
	uint64_t s_first_error_block;
	uint8_t s_first_error_func[32];
	uint32_t s_first_error_line;
	uint32_t s_last_error_time;
	uint32_t s_last_error_ino;
	uint32_t s_last_error_line;
	uint64_t s_last_error_block;
	uint8_t s_last_error_func[32];
	uint8_t s_mount_opts[64];
	uint32_t s_usr_quota_inum;
	uint32_t s_grp_quota_inum;
	uint32_t s_overhead_clusters; /* blocks that can hold no data; 0: ? */
	uint32_t s_backup_bgs[2];
	uint8_t s_encrypt_algos[4];
	uint8_t s_encrypt_pw_salt[16];
	uint32_t s_lpf_ino;
	uint32_t s_prj_quota_inum;
	uint32_t s_checksum_seed; /* with csum_seed */
	uint8_t s_time_hi[6];
	uint8_t s_error_code[2];
	uint16_t s_encoding;
	uint16_t s_encoding_flags;
	uint32_t s_orphan_file_inum;
	uint32_t s_reserved[94];
	uint32_t s_checksum; /* of all before it */
};
_Static_assert(sizeof(struct ext4_super_block) == 1024, "super block");
_Static_assert(offsetof(struct ext4_super_block, s_first_ino) == 0x54, "");
_Static_assert(offsetof(struct ext4_super_block, s_hash_seed) == 0xec, "");
_Static_assert(offsetof(struct ext4_super_block, s_blocks_count_hi) == 0x150,
	       "");
_Static_assert(offsetof(struct ext4_super_block, s_mount_opts) == 0x200, "");
_Static_assert(offsetof(struct ext4_super_block, s_checksum_seed) == 0x270, "");
_Static_assert(offsetof(struct ext4_super_block, s_orphan_file_inum) == 0x280,
	       "");

#define EXT4_STATE_CLEAN   1
#define EXT4_STATE_ERRORS  2
#define EXT4_STATE_ORPHANS 4

#define EXT4_FLAGS_SIGNED_HASH   1
#define EXT4_FLAGS_UNSIGNED_HASH 2

/* A disk with one of these that is not known must not be written... */
#define EXT4_RO_SPARSE_SUPER   0x0001
#define EXT4_RO_LARGE_FILE     0x0002
#define EXT4_RO_BTREE_DIR      0x0004
#define EXT4_RO_HUGE_FILE      0x0008
#define EXT4_RO_GDT_CSUM       0x0010
#define EXT4_RO_DIR_NLINK      0x0020
#define EXT4_RO_EXTRA_ISIZE    0x0040
#define EXT4_RO_QUOTA          0x0100
#define EXT4_RO_BIGALLOC       0x0200
#define EXT4_RO_METADATA_CSUM  0x0400
#define EXT4_RO_REPLICA        0x0800
#define EXT4_RO_READONLY       0x1000
#define EXT4_RO_PROJECT        0x2000
#define EXT4_RO_SHARED_BLOCKS  0x4000
#define EXT4_RO_VERITY         0x8000
#define EXT4_RO_ORPHAN_PRESENT 0x10000

/* ... with one of these, not even be read. */
#define EXT4_IN_COMPRESSION 0x0001
#define EXT4_IN_FILETYPE    0x0002
#define EXT4_IN_RECOVER     0x0004 /* the journal has to be replayed */
#define EXT4_IN_JOURNAL_DEV 0x0008
#define EXT4_IN_META_BG     0x0010
#define EXT4_IN_EXTENTS     0x0040
#define EXT4_IN_64BIT       0x0080
#define EXT4_IN_MMP         0x0100
#define EXT4_IN_FLEX_BG     0x0200
#define EXT4_IN_EA_INODE    0x0400
#define EXT4_IN_DIRDATA     0x1000
#define EXT4_IN_CSUM_SEED   0x2000
#define EXT4_IN_LARGE_DIR   0x4000
#define EXT4_IN_INLINE_DATA 0x8000
#define EXT4_IN_ENCRYPT     0x10000
#define EXT4_IN_CASEFOLD    0x20000

#define EXT4_COMPAT_HAS_JOURNAL   0x0004
#define EXT4_COMPAT_DIR_INDEX     0x0020
#define EXT4_COMPAT_SPARSE_SUPER2 0x0200
#define EXT4_COMPAT_ORPHAN_FILE   0x1000

/* 32 bytes without 64bit; more than 64 may follow. */
struct ext4_group_desc {
	uint32_t bg_block_bitmap;
	uint32_t bg_inode_bitmap;
	uint32_t bg_inode_table;
	uint16_t bg_free_blocks_count;
	uint16_t bg_free_inodes_count;
	uint16_t bg_used_dirs_count;
	uint16_t bg_flags; /* EXT4_BG_* */
	uint32_t bg_exclude_bitmap;
	uint16_t bg_block_bitmap_csum;
	uint16_t bg_inode_bitmap_csum;
	uint16_t bg_itable_unused;
	uint16_t bg_checksum;
	uint32_t bg_block_bitmap_hi;
	uint32_t bg_inode_bitmap_hi;
	uint32_t bg_inode_table_hi;
	uint16_t bg_free_blocks_count_hi;
	uint16_t bg_free_inodes_count_hi;
	uint16_t bg_used_dirs_count_hi;
	uint16_t bg_itable_unused_hi;
	uint32_t bg_exclude_bitmap_hi;
	uint16_t bg_block_bitmap_csum_hi;
	uint16_t bg_inode_bitmap_csum_hi;
	uint32_t bg_reserved;
};
_Static_assert(sizeof(struct ext4_group_desc) == 64, "group descriptor");
_Static_assert(offsetof(struct ext4_group_desc, bg_checksum) == 0x1e, "");

#define EXT4_DESC_SIZE_MIN   32
#define EXT4_BG_INODE_UNINIT 1 /* the inode bitmap was never written */
#define EXT4_BG_BLOCK_UNINIT 2
#define EXT4_BG_INODE_ZEROED 4

#define EXT4_N_BLOCKS       15
#define EXT4_NDIR_BLOCKS    12
#define EXT4_INODE_SIZE_MIN 128

struct ext4_inode {
	uint16_t i_mode;
	uint16_t i_uid;
	uint32_t i_size;
	uint32_t i_atime;
	uint32_t i_ctime;
	uint32_t i_mtime;
	uint32_t i_dtime;
	uint16_t i_gid;
	uint16_t i_links_count;
	uint32_t i_blocks; /* 512-byte units, or blocks (HUGE_FILE flag) */
	uint32_t i_flags;
	uint32_t i_version;
	uint32_t i_block[EXT4_N_BLOCKS]; /* extents, map, link or device */
	uint32_t i_generation;
	uint32_t i_file_acl;
	uint32_t i_size_hi;
	uint32_t i_faddr;
	uint16_t i_blocks_hi;
	uint16_t i_file_acl_hi;
	uint16_t i_uid_hi;
	uint16_t i_gid_hi;
	uint16_t i_checksum;
	uint16_t i_reserved;
	/* With inodes larger than 128 bytes, as far as i_extra_isize says. */
	uint16_t i_extra_isize;
	uint16_t i_checksum_hi;
	uint32_t i_ctime_extra; /* nanoseconds << 2 | seconds >> 32 */
	uint32_t i_mtime_extra;
	uint32_t i_atime_extra;
	uint32_t i_crtime;
	uint32_t i_crtime_extra;
	uint32_t i_version_hi;
	uint32_t i_projid;
};
_Static_assert(sizeof(struct ext4_inode) == 160, "inode");
_Static_assert(offsetof(struct ext4_inode, i_block) == 0x28, "");
_Static_assert(offsetof(struct ext4_inode, i_checksum) == 0x7c, "");
_Static_assert(offsetof(struct ext4_inode, i_extra_isize) == 128, "");

#define EXT4_ROOT_INO      2
#define EXT4_JOURNAL_INO   8
#define EXT4_FIRST_INO_OLD 11

#define EXT4_FL_COMPRESSED  0x00000004
#define EXT4_FL_IMMUTABLE   0x00000010
#define EXT4_FL_APPEND      0x00000020
#define EXT4_FL_ENCRYPT     0x00000800
#define EXT4_FL_INDEX       0x00001000 /* directory with an htree */
#define EXT4_FL_HUGE_FILE   0x00040000
#define EXT4_FL_EXTENTS     0x00080000
#define EXT4_FL_EA_INODE    0x00200000
#define EXT4_FL_INLINE_DATA 0x10000000
#define EXT4_FL_CASEFOLD    0x40000000

/*
 * Extents: a tree whose root is i_block and whose nodes fill a block each.
 * Every node is a header and sorted entries: of the next level, or (depth 0)
 * extents. A block ends with a checksum behind the last possible entry.
 */
#define EXT4_EXT_MAGIC     0xf30a
#define EXT4_EXT_MAX_DEPTH 5
#define EXT4_EXT_INIT_MAX  32768 /* ee_len above: unwritten, len - this */

struct ext4_extent_header {
	uint16_t eh_magic;
	uint16_t eh_entries;
	uint16_t eh_max;
	uint16_t eh_depth;
	uint32_t eh_generation;
};
struct ext4_extent_idx {
	uint32_t ei_block; /* first block of the file below */
	uint32_t ei_leaf;
	uint16_t ei_leaf_hi;
	uint16_t ei_unused;
};
struct ext4_extent {
	uint32_t ee_block;
	uint16_t ee_len;
	uint16_t ee_start_hi;
	uint32_t ee_start;
};
_Static_assert(sizeof(struct ext4_extent_header) == 12, "extent header");
_Static_assert(sizeof(struct ext4_extent_idx) == 12, "extent index");
_Static_assert(sizeof(struct ext4_extent) == 12, "extent");

/*
 * Directories: blocks of records that fill them without a gap; ino 0 marks a
 * free one. With metadata_csum a block ends with a record of 12 bytes that is
 * free, has no name, and holds the checksum.
 */
struct ext4_dirent {
	uint32_t ino;
	uint16_t rec_len; /* a multiple of 4 */
	uint8_t name_len;
	uint8_t file_type; /* EXT4_FT_*, if the feature is there */
	char name[];
};
_Static_assert(sizeof(struct ext4_dirent) == 8, "directory entry");

struct ext4_dirent_tail {
	uint32_t zero;
	uint16_t rec_len; /* 12 */
	uint8_t zero_len;
	uint8_t type; /* EXT4_FT_TAIL */
	uint32_t checksum;
};
_Static_assert(sizeof(struct ext4_dirent_tail) == 12, "directory tail");

#define EXT4_DIRENT_MIN            12
#define EXT4_DIRENT_SIZE(name_len) (((name_len) + 8u + 3u) & ~3u)

#define EXT4_FT_UNKNOWN 0
#define EXT4_FT_REG     1
#define EXT4_FT_DIR     2
#define EXT4_FT_CHR     3
#define EXT4_FT_BLK     4
#define EXT4_FT_FIFO    5
#define EXT4_FT_SOCK    6
#define EXT4_FT_LNK     7
#define EXT4_FT_TAIL    0xde

/*
 * The index of a large directory (htree). Block 0 holds the records "." and
 * ".."; the space of ".." hides the root: its info and entries that send
 * ranges of hashes to blocks. Inner nodes hide in one free record that spans
 * the block; leaves are ordinary. An entry's lowest hash bit says that names
 * with the hash of the block before it go on in this one. Entry 0 has no hash:
 * its place holds the counts.
 */
struct ext4_dx_info {
	uint32_t zero;
	uint8_t hash_version; /* EXT4_HASH_* */
	uint8_t info_len;     /* 8 */
	uint8_t levels;       /* of nodes between the root and the leaves */
	uint8_t flags;
};
struct ext4_dx_entry {
	uint32_t hash;
	uint32_t block; /* of the directory */
};
struct ext4_dx_count {
	uint16_t limit;
	uint16_t count; /* this entry included */
	uint32_t block;
};
struct ext4_dx_tail {
	uint32_t reserved;
	uint32_t checksum;
};
_Static_assert(sizeof(struct ext4_dx_info) == 8, "index info");
_Static_assert(sizeof(struct ext4_dx_entry) == 8, "index entry");
_Static_assert(sizeof(struct ext4_dx_count) == 8, "index count");
_Static_assert(sizeof(struct ext4_dx_tail) == 8, "index tail");

#define EXT4_DX_ROOT_INFO    24 /* behind "." and the head of ".." */
#define EXT4_DX_NODE_COUNT   8
#define EXT4_DX_LEVELS       2
#define EXT4_DX_LEVELS_LARGE 3 /* with large_dir */

#define EXT4_HASH_LEGACY            0
#define EXT4_HASH_HALF_MD4          1
#define EXT4_HASH_TEA               2
#define EXT4_HASH_LEGACY_UNSIGNED   3
#define EXT4_HASH_HALF_MD4_UNSIGNED 4
#define EXT4_HASH_TEA_UNSIGNED      5
