/*
 * Hostile disks: small sound ones are damaged as the input says, then mounted,
 * walked and read as a whole. Whatever is on them, nothing may be touched that
 * is not ours, nothing may be left behind, and it must end.
 *
 * clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -Itools/hostfs
 *	-I. this file, those of fs and fs/ext4 and tools/hostfs (without tests
 *	and fuzzers), kernel/strl.c
 *
 * The first bytes choose the disk, whether checksums are made right again
 * afterwards (else they catch nearly everything), which request to the disk
 * and which allocation fail. Each group of six behind them is one damage.
 * Only metadata is damaged: those blocks that a walk reads.
 */
#define _GNU_SOURCE
#include "fs/ext4/crc32c.h"
#include "fs/ext4/ext4.h"

#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_META    2048
#define MAX_OBJECTS 2048
#define MAX_VISITS  400
#define MAX_DEPTH   24

/* Something with a checksum. */
struct object {
	enum { OBJ_INODE, OBJ_EXTENTS, OBJ_LEAF, OBJ_DX_ROOT, OBJ_DX } kind;
	uint32_t ino;
	uint64_t at;       /* byte on the disk */
	uint64_t owner_at; /* of its inode */
};

struct base {
	const char *options, *hash;
	unsigned block_size;
	unsigned char *clean, *data;
	uint64_t bytes;
	uint64_t meta[MAX_META]; /* blocks */
	unsigned n_meta;
	struct object objects[MAX_OBJECTS];
	unsigned n_objects;
};

static struct base bases[] = {
	{ .options = "-t ext4 -b 1024 -O ^has_journal",
	  .hash = "half_md4",
	  .block_size = 1024 },
	{ .options = "-t ext4 -b 1024 -O ^has_journal,^metadata_csum",
	  .hash = "legacy",
	  .block_size = 1024 },
	{ .options = "-t ext2 -b 1024", .hash = "tea", .block_size = 1024 },
	{ .options = "-t ext4 -b 4096 -O ^has_journal,metadata_csum_seed",
	  .hash = "tea",
	  .block_size = 4096 },
	{ .options = "-t ext4 -b 2048 -I 128 -O "
		     "^has_journal,^64bit,uninit_bg,^metadata_csum",
	  .hash = "half_md4",
	  .block_size = 2048 },
};

static struct host_disk disk;
static struct base *base;
static unsigned visits;

/* ---- making sound disks ---- */

/* Enough long names for inner nodes in an index of small blocks. */
static void make_wide(const char *folder)
{
	char from[400], to[700];

	snprintf(from, sizeof(from), "%s/t/d/f1", folder);
	for (unsigned i = 0; i < 540; i++) {
		snprintf(to, sizeof(to), "%s/t/wide/%0240u", folder, i);
		if (link(from, to))
			abort();
	}
}

/* A file of many extents. */
static void make_pieces(const char *folder)
{
	char path[400];
	FILE *f;

	snprintf(path, sizeof(path), "%s/frag", folder);
	f = fopen(path, "w");
	for (unsigned i = 0; f && i < 500; i++) {
		fseek(f, i * 3072, SEEK_SET);
		fprintf(f, "%u", i);
	}
	if (!f || fclose(f))
		abort();
}

static void make_base(struct base *b)
{
	char cmd[3000];
	char folder[] = "/tmp/ext4_fuzz.XXXXXX";
	FILE *f;

	if (!mkdtemp(folder))
		abort();
	make_pieces(folder);
	snprintf(cmd, sizeof(cmd),
		 "cd %s && mkdir -p t/d/e/f t/wide && cd t && "
		 "for i in 1 2 3 4 5 6 7 8 9; do seq $i$i$i >d/f$i; done && "
		 "mv ../frag . && "
		 "truncate -s 100000 hole && ln -s target l1 && "
		 "ln -s $(printf '%%0200d' 1) l2 && ln frag d/e/hard",
		 folder);
	if (system(cmd))
		abort();
	make_wide(folder);
	snprintf(
		cmd, sizeof(cmd),
		"cd %s && "
		"/sbin/mke2fs -q %s -U 6d6e9b86-30cd-4b0c-9ab8-f0bf1ee2ac3b "
		"-E hash_seed=6d6e9b86-30cd-4b0c-9ab8-f0bf1ee2ac3b -N 256 "
		"-d t img 4M >/dev/null 2>&1 && "
		"printf 'cd /\nmknod c c 1 3\nmknod p p\nfallocate /hole 3 9\n'"
		" | /sbin/debugfs -w -f - img >/dev/null 2>&1 && "
		"/sbin/tune2fs -E hash_alg=%s img >/dev/null 2>&1 && "
		/* mke2fs makes no indexes; this does, and changes a file. */
		"{ /sbin/e2fsck -fyD img >/dev/null 2>&1 || test $? = 1; }",
		folder, b->options, b->hash);
	if (system(cmd)) {
		fprintf(stderr, "cannot make a disk: %s\n", b->options);
		exit(1);
	}
	b->bytes = 4u << 20;
	b->clean = malloc(b->bytes);
	b->data = malloc(b->bytes);
	snprintf(cmd, sizeof(cmd), "%s/img", folder);
	f = fopen(cmd, "r");
	if (!f || fread(b->clean, 1, b->bytes, f) != b->bytes)
		abort();
	fclose(f);
	memcpy(b->data, b->clean, b->bytes);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", folder);
	if (system(cmd))
		abort();
}

static void note_read(struct host_disk *d, const struct blk_request *rq)
{
	uint64_t first = rq->sector * BLK_SECTOR / base->block_size, n = 0;

	for (unsigned i = 0; i < rq->nsegs; i++)
		n += rq->segs[i].len;
	n = div_round_up(n, base->block_size);
	for (uint64_t b = first; b < first + n; b++) {
		unsigned i = 0;

		while (i < base->n_meta && base->meta[i] != b)
			i++;
		if (i == base->n_meta && i < MAX_META)
			base->meta[base->n_meta++] = b;
	}
}

/* An inode is noted before what belongs to it. */
static void note_object(int kind, uint64_t ino, uint64_t at)
{
	struct object *o = &base->objects[base->n_objects];

	for (unsigned i = 0; i < base->n_objects; i++) {
		if (base->objects[i].at == at)
			return;
	}
	if (base->n_objects == MAX_OBJECTS)
		abort();
	o->kind = kind;
	o->ino = (uint32_t)ino;
	o->at = at;
	o->owner_at = at;
	for (unsigned i = 0; i < base->n_objects; i++) {
		const struct object *in = &base->objects[i];

		if (in->kind == OBJ_INODE && in->ino == ino)
			o->owner_at = in->at;
	}
	base->n_objects++;
}

/* ---- the walk ---- */

static bool noting; /* the disk is sound and becomes a base */

static void note_extents(struct inode *ip, const struct ext4_extent_header *h)
{
	const struct ext4_extent_idx *x = (const void *)(h + 1);

	for (unsigned i = 0; h->eh_depth && i < h->eh_entries; i++) {
		uint64_t at = (uint64_t)x[i].ei_leaf * base->block_size;

		note_object(OBJ_EXTENTS, ip->ino, at);
		note_extents(ip, (const void *)(base->data + at));
	}
}

static void note_inode(struct inode *ip)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	struct ext4_group_desc gd;
	struct ext4_run run;
	uint32_t i = (uint32_t)ip->ino - 1;

	if (ext4_group_desc(es, i / es->inodes_per_group, &gd))
		abort();
	note_object(OBJ_INODE, ip->ino,
		    (uint64_t)gd.bg_inode_table * base->block_size +
			    (uint64_t)(i % es->inodes_per_group) *
				    es->inode_size);
	if (ip->flags & EXT4_FL_EXTENTS)
		note_extents(ip, (const void *)ext4_info(ip)->block);
	for (uint64_t l = 0;
	     S_ISDIR(ip->mode) && l < (uint64_t)ip->size / base->block_size;
	     l++) {
		const struct ext4_dirent *de;
		int kind = OBJ_LEAF;

		if (ext4_map(ip, l, 1, &run))
			abort();
		de = (const void *)(base->data + run.block * base->block_size);
		if (ext4_dir_indexed(ip) && !l)
			kind = OBJ_DX_ROOT;
		else if (!de->ino && de->rec_len == base->block_size)
			kind = OBJ_DX;
		note_object(kind, ip->ino, run.block * base->block_size);
	}
}

struct walker {
	struct dir_context c;
	struct inode *dir;
	unsigned n;
	struct {
		char name[256];
		unsigned len;
	} names[48];
};

static bool walk_emit(struct dir_context *c, const char *name, unsigned len,
		      ino_t ino, unsigned type, off_t next)
{
	struct walker *w = container_of(c, struct walker, c);

	if (!len || len > 255 || memchr(name, '/', len))
		abort();
	if (w->n == ARRAY_SIZE(w->names))
		return false;
	memcpy(w->names[w->n].name, name, len);
	w->names[w->n++].len = len;
	return true;
}

static void read_some(struct inode *ip, uint64_t pos, size_t n)
{
	struct file f = { .inode = ip, .ops = ip->fops, .readable = true };
	static char buf[40000];
	struct iovec iov;
	struct uio u;

	uio_init_kernel(&u, &iov, buf, MIN(n, sizeof(buf)));
	ip->fops->read(&f, &u, (off_t)pos);
}

static void walk(struct inode *ip, unsigned depth)
{
	struct stat st;
	char buf[300];

	if (visits++ > MAX_VISITS)
		return;
	inode_fill_stat(ip, &st);
	if (noting)
		note_inode(ip);
	if (S_ISLNK(ip->mode))
		ip->ops->readlink(ip, buf, sizeof(buf));
	if (S_ISREG(ip->mode) && !noting) {
		read_some(ip, 0, 40000);
		read_some(ip, 100000, 8192);
		read_some(ip, 1ull << 32, 5000);
		if (ip->size > 10000)
			read_some(ip, (uint64_t)ip->size - 9000, 9000);
	}
	if (S_ISREG(ip->mode) && noting) {
		struct ext4_run run;

		for (uint64_t l = 0; l < 1600; l += run.len) {
			if (ext4_map(ip, l, 100, &run))
				abort();
		}
	}
	if (S_ISDIR(ip->mode) && depth < MAX_DEPTH) {
		struct walker *w = calloc(1, sizeof(*w));
		struct file f = { .inode = ip, .ops = ip->fops };
		struct inode *child;
		off_t pos = 0;

		w->c.emit = walk_emit;
		ip->fops->iterate(&f, &w->c, &pos);
		for (unsigned i = 0; i < w->n; i++) {
			const char *s = w->names[i].name;
			unsigned len = w->names[i].len;

			if (len <= 2 && s[0] == '.' && s[len - 1] == '.')
				continue;
			if (ip->ops->lookup(ip, s, len, &child))
				continue;
			walk(child, depth + 1);
			inode_put(child);
		}
		if (!ip->ops->lookup(ip, "no such name", 12, &child))
			inode_put(child);
		/* From positions that no record has. */
		pos = 7;
		ip->fops->iterate(&f, &w->c, &pos);
		free(w);
	}
}

static void mount_and_walk(void)
{
	struct super *sb;
	struct statfs sf;

	visits = 0;
	if (ext4_type.mount(&ext4_type, &disk.bd, true, NULL, &sb))
		return;
	sb->refs = 1;
	walk(sb->root, 0);
	sb->ops->statfs(sb, &sf);
	super_put(sb);
}

/* ---- damage ---- */

/* Blocks that differ from the sound disk, or may. */
static uint64_t touched[4096];
static unsigned n_touched;

static bool is_touched(uint64_t at)
{
	for (unsigned i = 0; i < n_touched; i++) {
		if (touched[i] == at / base->block_size)
			return true;
	}
	return false;
}

static void touch(const void *p)
{
	uint64_t at = (uint64_t)((const unsigned char *)p - base->data);

	if (!is_touched(at) && n_touched < ARRAY_SIZE(touched))
		touched[n_touched++] = at / base->block_size;
}

static void restore(void)
{
	while (n_touched) {
		uint64_t at = touched[--n_touched] * base->block_size;

		memcpy(base->data + at, base->clean + at, base->block_size);
	}
}

static uint32_t csum_seed(const struct ext4_super_block *raw)
{
	if (raw->s_feature_incompat & EXT4_IN_CSUM_SEED)
		return raw->s_checksum_seed;
	return crc32c(~0u, raw->s_uuid, 16);
}

static void repair_object(const struct object *o, uint32_t seed,
			  unsigned inode_size)
{
	unsigned bs = base->block_size;
	unsigned char *p = base->data + o->at;
	const struct ext4_inode *raw = (const void *)(base->data + o->owner_at);
	uint32_t zero = 0, c;

	seed = crc32c(seed, &o->ino, 4);
	seed = crc32c(seed, &raw->i_generation, 4);
	if (o->kind == OBJ_INODE) {
		struct ext4_inode *w = (void *)p;

		w->i_checksum = 0;
		if (inode_size > 128 && w->i_extra_isize >= 4)
			w->i_checksum_hi = 0;
		c = crc32c(seed, p, inode_size);
		w->i_checksum = (uint16_t)c;
		if (inode_size > 128 && w->i_extra_isize >= 4)
			w->i_checksum_hi = (uint16_t)(c >> 16);
	} else if (o->kind == OBJ_EXTENTS) {
		const struct ext4_extent_header *h = (const void *)p;
		unsigned n = 12 + 12u * h->eh_max;

		if (n + 4 <= bs)
			put_le32(p + n, crc32c(seed, p, n));
	} else if (o->kind == OBJ_LEAF) {
		put_le32(p + bs - 4, crc32c(seed, p, bs - 12));
	} else {
		unsigned off = o->kind == OBJ_DX_ROOT ? 32 : 8;
		const struct ext4_dx_count *n = (const void *)(p + off);

		if (off + n->limit * 8u + 8 > bs || off + n->count * 8u > bs)
			return;
		c = crc32c(seed, p, off + n->count * 8u);
		c = crc32c(c, p + off + n->limit * 8u, 4);
		c = crc32c(c, &zero, 4);
		put_le32(p + off + n->limit * 8u + 4, c);
	}
}

static void repair(void)
{
	struct ext4_super_block *raw = (void *)(base->data + 1024);
	uint32_t seed = csum_seed(raw);
	const struct ext4_super_block *sound = (void *)(base->clean + 1024);
	uint64_t desc_at = base->block_size == 1024 ? 2048 : base->block_size;
	unsigned inode_size, desc_size;
	static bool todo[MAX_OBJECTS];
	const uint32_t group = 0;
	unsigned char *p;
	bool all;

	if (!(raw->s_feature_ro_compat & EXT4_RO_METADATA_CSUM))
		return;
	/* Where things are does not change by what the super block says. */
	inode_size = sound->s_inode_size;
	desc_size = sound->s_feature_incompat & EXT4_IN_64BIT
			    ? sound->s_desc_size
			    : 32;
	/* A new seed changes every checksum; a new generation, those of all
	 * that belongs to the inode. */
	all = is_touched(1024);
	for (unsigned i = 0; i < base->n_objects; i++) {
		const struct object *o = &base->objects[i];

		todo[i] = all || is_touched(o->at) || is_touched(o->owner_at);
		if (todo[i])
			repair_object(o, seed, inode_size);
	}
	for (unsigned i = 0; i < base->n_objects; i++) {
		if (todo[i])
			touch(base->data + base->objects[i].at);
	}
	touch(base->data + desc_at);
	touch(raw);
	/* One group: the descriptor follows the super block. */
	p = base->data + desc_at;
	put_le16(p + 0x1e, 0);
	put_le16(p + 0x1e,
		 (uint16_t)crc32c(crc32c(seed, &group, 4), p, desc_size));
	raw->s_checksum = crc32c(~0u, raw, 1020);
}

/* Six bytes: where (two and two), what, with which value. */
static void damage(const uint8_t *d)
{
	unsigned where = get_le16(d), off = get_le16(d + 2), value = d[5];
	unsigned char *p;
	uint32_t v = 0;

	if (where & 0x8000) {
		const struct object *o =
			&base->objects[where % base->n_objects];

		/* The head of a structure is where it is interesting. */
		p = base->data + o->at + (off & 0x7f);
	} else {
		p = base->data +
		    base->meta[where % base->n_meta] * base->block_size +
		    off % base->block_size;
	}
	if (d[4] % 8 >= 2) {
		p = base->data + ((uint64_t)(p - base->data) & ~3ull);
		v = get_le32(p);
	}
	touch(p);
	switch (d[4] % 8) {
	case 0:
		*p = (unsigned char)value;
		break;
	case 1:
		*p ^= (unsigned char)(1u << (value & 7));
		break;
	case 2:
		put_le32(p, 0);
		break;
	case 3:
		put_le32(p, UINT32_MAX);
		break;
	case 4:
		put_le32(p, v + value - 128);
		break;
	case 5:
		put_le32(p, value);
		break;
	case 6:
		put_le32(p, v ^ 1u << (value & 31));
		break;
	case 7:
		put_le32(p, get_le32(base->data +
				     base->meta[value % base->n_meta] *
					     base->block_size +
				     (off * 7 % base->block_size & ~3u)));
		break;
	}
}

static bool has_index(int kind)
{
	for (unsigned i = 0; i < base->n_objects; i++) {
		if ((int)base->objects[i].kind == kind)
			return true;
	}
	return false;
}

static void fuzz_init(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	host_set_log_level(-1);
	vfs_init();
	for (unsigned i = 0; i < ARRAY_SIZE(bases); i++) {
		base = &bases[i];
		make_base(base);
		host_disk_memory(&disk, base->data, base->bytes);
		disk.on_read = note_read;
		noting = true;
		mount_and_walk();
		noting = false;
		if (base->n_objects < 20 || base->n_meta < 20 ||
		    !has_index(OBJ_DX_ROOT) ||
		    (base->block_size == 1024 && !has_index(OBJ_DX)))
			abort();
		/* A repaired sound disk is the sound disk. */
		touch(base->data + 1024);
		repair();
		n_touched = 0;
		if (memcmp(base->data, base->clean, base->bytes))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t objects, pages;

	fuzz_init();
	if (size < 4)
		return 0;
	base = &bases[(data[0] & 0x7f) % ARRAY_SIZE(bases)];
	host_disk_memory(&disk, base->data, base->bytes);
	disk.deferred = data[1] & 1;
	disk.shuffle_seed = data[1] & 2 ? data[1] : 0;
	for (size_t i = 4; i + 6 <= size && i < 200; i += 6)
		damage(data + i);
	if (data[0] & 0x80)
		repair();
	host_log_clear();
	objects = host_objects_in_use();
	pages = host_pages_in_use();
	disk.fail_nth = data[2] & 0x80 ? (data[2] & 0x7f) + 1u : 0;
	host_fail_alloc(data[3] & 0x80 ? (data[3] & 0x7f) * 4u + 1 : 0);
	mount_and_walk();
	host_fail_alloc(0);
	if (objects != host_objects_in_use() || pages != host_pages_in_use()) {
		fprintf(stderr, "left behind: %ld objects, %ld pages\n",
			(long)(host_objects_in_use() - objects),
			(long)(host_pages_in_use() - pages));
		abort();
	}
	host_disk_close(&disk);
	restore();
	return 0;
}
