/*
 * The damage of tools/fuzz, with inputs by chance: the form that needs no
 * fuzzer and always does the same; and damage whose answer is known. With an
 * argument: so many rounds, with another beginning (ext4_mutate_test 100000 7).
 */
// host-test: tools/fuzz/*.c fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c
// -Itools/hostfs

#include "tools/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads what o is a part of: the first error. */
static int read_object(const struct object *o)
{
	struct ext4_run run;
	struct inode *ip;
	struct buf *bp;
	int err = ext4_inode_get_any(sb, o->id, &ip);

	if (err)
		return err;
	if (o->kind == OBJ_EXTENTS) {
		for (uint64_t l = 0; l < 1600 && !err; l += run.len)
			err = ext4_map(ip, l, 100, &run);
	} else if (o->kind != OBJ_INODE) {
		uint64_t n = (uint64_t)ip->size / base->block_size;

		for (uint64_t l = 0; l < n && !err; l++) {
			err = ext4_dir_read(ip, l, &bp);
			if (!err)
				buf_put(bp);
		}
	}
	inode_put(ip);
	return err;
}

/* One bit, where nothing but the checksum can tell, in each structure. */
static unsigned test_checksums(void)
{
	static const int where[OBJ_KINDS] = {
		[OBJ_INODE] = 0x10, /* i_mtime */
		[OBJ_EXTENTS] = 8,  /* eh_generation */
		[OBJ_LEAF] = 8,     /* a name */
		[OBJ_DX_ROOT] = 36, /* block of the first entry */
		[OBJ_DX] = 12,      [OBJ_SUPER] = 0x78, /* its name */
		[OBJ_DESC] = 0x16,
	};
	unsigned failures = 0, done = 0;

	for (unsigned i = 0; i < base->n_objects; i++) {
		const struct object *o = &base->objects[i];
		unsigned char *p = base->data + o->at + where[o->kind];
		int err;

		/* Only what the root directory wants is read of those. */
		if (!where[o->kind] || (o->kind == OBJ_DESC && o->id))
			continue;
		*p ^= 1;
		host_log_clear();
		err = disk_mount(true);
		if (!err) {
			if (o->kind != OBJ_SUPER && o->kind != OBJ_DESC)
				err = read_object(o);
			disk_umount();
		}
		if (err != -EFSCORRUPTED || !host_log_has("bad checksum")) {
			printf("FAIL: structure %u of kind %d: %d\n", i,
			       (int)o->kind, err);
			failures++;
		}
		*p ^= 1;
		done++;
	}
	return failures || done < 20;
}

/* Block numbers beyond the disk are damage, not errors of the disk. */
static unsigned test_numbers(void)
{
	bool extents = !strstr(base->options, "ext2");
	unsigned failures = 0, done = 0;
	struct ext4_run run;

	for (unsigned i = 0; i < base->n_objects; i++) {
		const struct object *o = &base->objects[i];
		struct ext4_inode *raw = (void *)(base->data + o->at);
		struct inode *ip;
		uint32_t old;
		int err;

		if (o->kind != OBJ_INODE || !S_ISREG(raw->i_mode) ||
		    o->id < EXT4_FIRST_INO_OLD ||
		    (extents && (raw->i_block[0] & 0xffff) != EXT4_EXT_MAGIC))
			continue;
		/* The first extent's (or node's) number, or the map's. */
		old = raw->i_block[extents ? 5 : 0];
		raw->i_block[extents ? 5 : 0] = UINT32_MAX - 3;
		host_log_clear();
		if (disk_mount(true))
			abort();
		err = ext4_inode_get(sb, o->id, &ip);
		if (!err) {
			err = ext4_map(ip, 0, 1, &run);
			inode_put(ip);
		}
		disk_umount();
		raw->i_block[extents ? 5 : 0] = old;
		done += err == -EFSCORRUPTED && host_log_has("bad");
		/* A file without blocks has nothing that could be bad. */
		if (!err && raw->i_blocks)
			failures++;
	}
	if (failures || done < 8)
		printf("FAIL: bad numbers: %u, %u\n", done, failures);
	return failures || done < 8;
}

/* A record that says it is longer than what is left of its block. */
static unsigned test_records(void)
{
	unsigned failures = 0;

	for (unsigned i = 0; i < base->n_objects; i++) {
		const struct object *o = &base->objects[i];
		struct ext4_dirent *de;
		unsigned off = 0;

		if (o->kind != OBJ_LEAF)
			continue;
		do {
			de = (void *)(base->data + o->at + off);
			off += de->rec_len;
		} while (off < base->block_size);
		touch(o->at, base->block_size);
		de->ino = EXT4_ROOT_INO;
		de->rec_len = 0xfffc;
		de->name_len = 255;
		if (disk_mount(true))
			abort();
		if (read_object(o) != -EFSCORRUPTED) {
			printf("FAIL: a record too long is not seen\n");
			failures++;
		}
		disk_umount();
		restore();
	}
	return failures;
}

/* Damage and calls by chance; mostly checksums hide it, and seldom something
 * fails besides. */
static void random_input(uint8_t *input, size_t size)
{
	static uint64_t x = 0x9e3779b97f4a7c15ull;

	for (unsigned k = 0; k < size; k++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		input[k] = (uint8_t)(x >> 32);
	}
	input[1] &= input[2] & input[3];
	for (unsigned k = 2; k < size; k += RECORD) {
		if (k < 2 + 2 * RECORD)
			input[k] |= 0x80;
		else
			input[k] &= 0x7f;
	}
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 3000;
	unsigned skip = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	uint8_t input[2 + RECORD * RECORDS_MAX];

	run_input(NULL, 0, false);
	for (unsigned i = 0; i < n_bases; i++) {
		base = &bases[i];
		if (base->dirty)
			continue;
		if (base->has_csum && test_checksums())
			return 1;
		if (!base->has_csum && base->hash &&
		    (test_numbers() || test_records()))
			return 1;
	}
	for (unsigned i = 0; i < skip * 7919; i++)
		random_input(input, sizeof(input));
	for (unsigned i = 0; i < rounds; i++) {
		size_t size = 2 + RECORD * (3 + i % 8);

		random_input(input, size);
		/* What does not end is a fault too. */
		alarm(60);
		LLVMFuzzerTestOneInput(input, size);
	}
	printf("ok\n");
	return 0;
}
