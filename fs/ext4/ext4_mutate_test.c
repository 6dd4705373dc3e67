/*
 * The damage of ext4_fuzz.c, with inputs by chance: the form that needs no
 * fuzzer and always does the same. With an argument: so many rounds, with
 * another beginning (ext4_mutate_test 100000 7).
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/ext4/ext4_fuzz.c"

/* Reads what o is a part of: the first error. */
static int read_object(struct super *sb, const struct object *o)
{
	struct ext4_run run;
	struct inode *ip;
	struct buf *bp;
	int err = ext4_inode_get(sb, o->ino, &ip);

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
	static const unsigned where[] = {
		[OBJ_INODE] = 0x10, /* i_mtime */
		[OBJ_EXTENTS] = 8,  /* eh_generation */
		[OBJ_LEAF] = 8,     /* a name */
		[OBJ_DX_ROOT] = 36, /* block of the first entry */
		[OBJ_DX] = 12,
	};
	unsigned failures = 0;
	struct super *sb;

	for (unsigned i = 0; i <= base->n_objects + 1; i++) {
		const struct object *o = &base->objects[i];
		unsigned char *p = base->data + 1024 + 0x78; /* its name */
		int err;

		if (i == base->n_objects) /* of a descriptor */
			p = base->data + 0x16 +
			    (base->block_size == 1024 ? 2048
						      : base->block_size);
		else if (i < base->n_objects)
			p = base->data + o->at + where[o->kind];
		*p ^= 1;
		host_log_clear();
		err = ext4_type.mount(&ext4_type, &disk.bd, true, NULL, &sb);
		if (!err) {
			sb->refs = 1;
			if (i < base->n_objects)
				err = read_object(sb, o);
			super_put(sb);
		}
		if (err != -EFSCORRUPTED || !host_log_has("bad checksum")) {
			printf("FAIL: structure %u of kind %d: %d\n", i,
			       i < base->n_objects ? (int)o->kind : -1, err);
			failures++;
		}
		*p ^= 1;
	}
	return failures;
}

/* Block numbers beyond the disk are damage, not errors of the disk. */
static unsigned test_numbers(void)
{
	bool extents = !strstr(base->options, "ext2");
	unsigned failures = 0, done = 0;
	struct ext4_run run;
	struct super *sb;

	for (unsigned i = 0; i < base->n_objects; i++) {
		const struct object *o = &base->objects[i];
		struct ext4_inode *raw = (void *)(base->data + o->at);
		struct inode *ip;
		uint32_t old;
		int err;

		if (o->kind != OBJ_INODE || !S_ISREG(raw->i_mode) ||
		    (extents && (raw->i_block[0] & 0xffff) != EXT4_EXT_MAGIC))
			continue;
		/* The first extent's (or node's) number, or the map's. */
		old = raw->i_block[extents ? 5 : 0];
		raw->i_block[extents ? 5 : 0] = UINT32_MAX - 3;
		host_log_clear();
		if (ext4_type.mount(&ext4_type, &disk.bd, true, NULL, &sb))
			abort();
		sb->refs = 1;
		err = ext4_inode_get(sb, o->ino, &ip);
		if (!err) {
			err = ext4_map(ip, 0, 1, &run);
			inode_put(ip);
		}
		super_put(sb);
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
	struct super *sb;

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
		touch(de);
		de->ino = EXT4_ROOT_INO;
		de->rec_len = 0xfffc;
		de->name_len = 255;
		if (ext4_type.mount(&ext4_type, &disk.bd, true, NULL, &sb))
			abort();
		sb->refs = 1;
		if (read_object(sb, o) != -EFSCORRUPTED) {
			printf("FAIL: a record too long is not seen\n");
			failures++;
		}
		super_put(sb);
		restore();
	}
	return failures;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 4000;
	uint64_t x = 0x9e3779b97f4a7c15ull;
	uint8_t input[64];

	fuzz_init();
	for (unsigned i = 0; i < ARRAY_SIZE(bases); i++) {
		base = &bases[i];
		host_disk_memory(&disk, base->data, base->bytes);
		if (strstr(base->options, "ext4") &&
		    !strstr(base->options, "^metadata_csum") &&
		    test_checksums())
			return 1;
		if (strstr(base->options, "^metadata_csum") &&
		    (test_numbers() || test_records()))
			return 1;
	}
	if (argc > 2)
		x += (uint64_t)atoi(argv[2]) * 7919;
	for (unsigned i = 0; i < rounds; i++) {
		size_t size = 4 + 6 * (1 + i % 8);

		for (unsigned k = 0; k < sizeof(input); k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			input[k] = (uint8_t)(x >> 32);
		}
		/* Mostly damage alone, and checksums that hide it. */
		if (i % 4)
			input[0] |= 0x80;
		if (i % 5)
			input[2] &= 0x7f;
		if (i % 7)
			input[3] &= 0x7f;
		/* What does not end is a fault too. */
		alarm(60);
		LLVMFuzzerTestOneInput(input, size);
	}
	printf("ok\n");
	return 0;
}
