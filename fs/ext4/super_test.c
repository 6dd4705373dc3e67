/*
 * Which disks are mounted and which are refused, with which words; and the
 * hashes of names.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#define _GNU_SOURCE
#include "fs/ext4/ext4.h"

#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(cond, ...)                                                       \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s: ", __FILE__, __LINE__, #cond); \
			printf(__VA_ARGS__);                                   \
			printf("\n");                                          \
			failures++;                                            \
		}                                                              \
	} while (0)

static int failures;
static struct host_disk disk;

/* What other programs say that the hashes are. */
static void test_hashes(void)
{
	static const uint32_t seed[4] = { 0x04030201, 0x08070605, 0x0c0b0a09,
					  0x100f0e0d };
	static const uint32_t none[4] = { 0 };
	static const char *const names[3] = {
		"hello", "a-name-that-is-longer-than-thirty-two-bytes-of-text",
		"caf\xc3\xa9"
	};
	static const uint32_t want[3][3] = {
		{ 0x32252546, 0x67ceefa0, 0x96ca5a2c },
		{ 0xe2ddf968, 0xa9477e7c, 0xfb9c5e5c },
		{ 0x1a5692b6, 0xaae52138, 0x105842ea },
	};
	uint32_t hash;

	for (unsigned v = 0; v < 3; v++) {
		for (unsigned n = 0; n < 3; n++) {
			CHECK(!ext4_dir_hash(names[n],
					     (unsigned)strlen(names[n]), v,
					     n < 2 ? seed : none, &hash) &&
				      hash == want[v][n],
			      "hash %u of %s is %x", v, names[n], hash);
		}
		/* The same as long as no character is above 127. */
		CHECK(!ext4_dir_hash("hello", 5, v + 3, seed, &hash) &&
			      hash == want[v][0],
		      "hash %u", v + 3);
	}
	CHECK(ext4_dir_hash("a", 1, 6, seed, &hash) == -EINVAL, "6");
}

/* A mount with fields of the super block set to something else (no
 * checksums on this disk). */
static int mount_with(unsigned off, unsigned size, uint32_t value)
{
	unsigned char *p = disk.data + 1024 + off, old[4];
	struct super *sb;
	int err;

	memcpy(old, p, 4);
	memcpy(p, &value, size);
	host_log_clear();
	err = ext4_type.mount(&ext4_type, &disk.bd, true, NULL, &sb);
	if (!err) {
		sb->refs = 1;
		super_put(sb);
	}
	memcpy(p, old, 4);
	return err;
}

#define WITH(field, value)                                                     \
	mount_with(offsetof(struct ext4_super_block, field),                   \
		   sizeof(((struct ext4_super_block *)0)->field), value)

static void test_mount(void)
{
	const struct ext4_super_block *raw = (void *)(disk.data + 1024);
	uint32_t in = raw->s_feature_incompat, ro = raw->s_feature_ro_compat;
	static const struct {
		uint32_t bit;
		const char *name;
		int err;
	} features[] = {
		{ EXT4_IN_COMPRESSION, "compression", -EINVAL },
		{ EXT4_IN_JOURNAL_DEV, "journal", -EINVAL },
		{ EXT4_IN_DIRDATA, "dirdata", -EINVAL },
		{ EXT4_IN_INLINE_DATA, "inline_data", -EINVAL },
		{ EXT4_IN_ENCRYPT, "encrypt", -EINVAL },
		{ EXT4_IN_CASEFOLD, "casefold", -EINVAL },
		{ 0x40000000, "0x40000000", -EINVAL },
		{ EXT4_IN_MMP, "", 0 },
		{ EXT4_IN_EA_INODE, "", 0 },
		{ EXT4_IN_LARGE_DIR, "", 0 },
	};

	CHECK(!WITH(s_magic, EXT4_MAGIC), "sound");
	CHECK(!host_log_has("ext4"), "a sound disk says something");
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
		CHECK(WITH(s_feature_incompat, in | features[i].bit) ==
				      features[i].err &&
			      host_log_has(features[i].name),
		      "%s", features[i].name);
	}
	/* Replayed if it can be, whatever the disk is mounted for. */
	CHECK(!WITH(s_feature_incompat, in | EXT4_IN_RECOVER) &&
		      !host_log_has("not replayed"),
	      "recovery");
	disk.bd.read_only = true;
	CHECK(!WITH(s_feature_incompat, in | EXT4_IN_RECOVER) &&
		      host_log_has("not replayed"),
	      "no recovery");
	disk.bd.read_only = false;
	CHECK(!WITH(s_feature_ro_compat, ro | EXT4_RO_VERITY) &&
		      host_log_has("verity"),
	      "verity");
	CHECK(!WITH(s_feature_ro_compat, ro | 1u << 30) &&
		      host_log_has("0x40000000"),
	      "ro 30");
	CHECK(WITH(s_magic, 0) == -EINVAL && host_log_has("not an ext"), "0");
	CHECK(WITH(s_rev_level, 2) == -EINVAL, "rev");
	CHECK(WITH(s_log_block_size, 6) == -EINVAL && host_log_has("4 KiB"),
	      "64 KiB");
	CHECK(WITH(s_log_block_size, UINT32_MAX) == -EINVAL, "block size");
	CHECK(WITH(s_blocks_count, raw->s_blocks_count + 1) == -EINVAL &&
		      host_log_has("the disk has"),
	      "larger than the disk");
	CHECK(WITH(s_blocks_count, 1) == -EINVAL, "no blocks");
	CHECK(WITH(s_blocks_per_group, 0) == -EINVAL, "no group");
	CHECK(WITH(s_blocks_per_group, 1u << 20) == -EINVAL, "big group");
	CHECK(WITH(s_inodes_per_group, 0) == -EINVAL, "no inodes");
	CHECK(WITH(s_inodes_per_group, 1u << 20) == -EINVAL, "many inodes");
	CHECK(WITH(s_inodes_count, 7) == -EINVAL, "inodes");
	CHECK(WITH(s_inode_size, 0) == -EINVAL, "inode size");
	CHECK(WITH(s_inode_size, 200) == -EINVAL, "inode size");
	CHECK(WITH(s_inode_size, 8192) == -EINVAL, "inode size");
	CHECK(WITH(s_first_ino, 1) == -EINVAL, "first inode");
	CHECK(WITH(s_first_data_block, 9) == -EINVAL, "first block");
	CHECK(WITH(s_desc_size, 48) == -EINVAL, "descriptors");
	CHECK(WITH(s_state, EXT4_STATE_ERRORS) == 0 && host_log_has("e2fsck"),
	      "errors");
	CHECK(WITH(s_state, 0) == 0 && host_log_has("e2fsck"), "state");
	disk.fail_nth = 1;
	CHECK(WITH(s_magic, EXT4_MAGIC) == -EIO, "unreadable");
	disk.bd.sectors = 2;
	CHECK(WITH(s_magic, EXT4_MAGIC) == -EIO, "tiny");
	disk.bd.sectors = disk.bytes / BLK_SECTOR;
	disk.bd.block_size = 4096;
	CHECK(WITH(s_magic, EXT4_MAGIC) == -EINVAL, "sectors");
	disk.bd.block_size = BLK_SECTOR;
}

static unsigned n_writes;

static void count_write(struct host_disk *d, const struct blk_request *rq)
{
	n_writes++;
}

/* Disks that only newer ones may write: mounted, and nothing is changed. */
static void test_not_written(void)
{
	struct ext4_super_block *raw = (void *)(disk.data + 1024);
	static const struct {
		uint32_t incompat, ro_compat;
		const char *name;
	} features[] = {
		{ EXT4_IN_MMP, 0, "mmp" },
		{ EXT4_IN_EA_INODE, 0, "ea_inode" },
		{ EXT4_IN_LARGE_DIR, 0, "large_dir" },
		{ 0, EXT4_RO_QUOTA, "quota" },
		{ 0, EXT4_RO_VERITY, "verity" },
		{ 0, EXT4_RO_READONLY, "read-only" },
		{ 0, 1u << 30, "0x40000000" },
	};
	const struct ext4_super_block saved = *raw;
	struct super *sb;

	disk.on_write = count_write;
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
		*raw = saved;
		raw->s_feature_incompat |= features[i].incompat;
		raw->s_feature_ro_compat |= features[i].ro_compat;
		host_log_clear();
		n_writes = 0;
		if (ext4_type.mount(&ext4_type, &disk.bd, false, NULL, &sb)) {
			CHECK(0, "%s: not mounted", features[i].name);
			continue;
		}
		sb->refs = 1;
		CHECK(sb->read_only, "%s", features[i].name);
		CHECK(host_log_has(features[i].name), "%s",
		      features[i].name);
		CHECK(sb->ops->remount(sb, false, false) == -EROFS, "%s",
		      features[i].name);
		super_put(sb);
		CHECK(!n_writes, "%s: %u writes", features[i].name, n_writes);
	}
	*raw = saved;
	disk.bd.read_only = true;
	n_writes = 0;
	CHECK(!ext4_type.mount(&ext4_type, &disk.bd, false, NULL, &sb), "ro");
	sb->refs = 1;
	CHECK(sb->read_only, "a device that cannot be written");
	super_put(sb);
	CHECK(!n_writes, "%u writes", n_writes);
	disk.bd.read_only = false;
	disk.on_write = NULL;
}

int main(void)
{
	char folder[] = "/tmp/super_test.XXXXXX", cmd[300];

	host_set_log_level(-1);
	vfs_init();
	test_hashes();
	if (!mkdtemp(folder))
		abort();
	snprintf(cmd, sizeof(cmd),
		 "/sbin/mke2fs -q -t ext4 -b 1024 -O ^metadata_csum %s/img 8M "
		 ">/dev/null 2>&1",
		 folder);
	CHECK(!system(cmd), "mke2fs");
	snprintf(cmd, sizeof(cmd), "%s/img", folder);
	CHECK(!host_disk_open(&disk, cmd), "no disk");
	if (!failures)
		test_mount();
	if (!failures)
		test_not_written();
	host_disk_close(&disk);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", folder);
	CHECK(!system(cmd), "rm");
	printf("%s\n", failures ? "FAIL" : "ok");
	return failures != 0;
}
