/*
 * Sound disks, small ones of every kind: made by mke2fs, filled by the file
 * system itself, and looked through for where everything is. Those that are
 * `dirty` are as a power cut leaves them: a log to be replayed, files without
 * names.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include "fs/ext4/jbd2.h"
#include "fs/ext4/journal_impl.h"
#include "fs/ext4/write.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CSUM "metadata_csum,metadata_csum_seed"

struct base bases[] = {
	{ .options = "-t ext4 -b 1024 -g 1024 -J size=1 -O "
		     "^orphan_file," CSUM,
	  .hash = "half_md4",
	  .block_size = 1024,
	  .kib = 4096,
	  .wide = true,
	  .dirty = true },
	{ .options = "-t ext4 -b 1024 -J size=1 -O orphan_file," CSUM,
	  .hash = "tea",
	  .block_size = 1024,
	  .kib = 3072,
	  .wound = true,
	  .dirty = true },
	{ .options = "-t ext4 -b 1024 -J size=1 -O ^metadata_csum,^64bit",
	  .hash = "legacy",
	  .block_size = 1024,
	  .kib = 3072,
	  .dirty = true },
	{ .options = "-t ext3 -b 1024 -J size=1",
	  .hash = "half_md4",
	  .block_size = 1024,
	  .kib = 3072,
	  .short_log = true,
	  .wound = true,
	  .dirty = true },
	{ .options = "-t ext4 -b 4096 -J size=4 -O orphan_file," CSUM,
	  .hash = "half_md4",
	  .block_size = 4096,
	  .kib = 10240,
	  .dirty = true },
	{ .options = "-t ext4 -b 1024 -J size=1 -e remount-ro -O orphan_file",
	  .hash = "half_md4",
	  .block_size = 1024,
	  .kib = 3072,
	  .full = true },
	{ .options = "-t ext4 -b 1024 -g 1024 -O ^has_journal",
	  .hash = "half_md4",
	  .block_size = 1024,
	  .kib = 4096 },
	{ .options = "-t ext4 -b 1024 -O ^has_journal,^metadata_csum",
	  .hash = "legacy",
	  .block_size = 1024,
	  .kib = 2048 },
	{ .options = "-t ext2 -b 1024 -O dir_index",
	  .hash = "tea",
	  .block_size = 1024,
	  .kib = 2048,
	  .wide = true },
	{ .options = "-t ext4 -b 2048 -I 128 -O "
		     "^has_journal,^64bit,uninit_bg,^metadata_csum",
	  .hash = "half_md4",
	  .block_size = 2048,
	  .kib = 3072 },
	{ .options = "-t ext4 -b 4096 -O ^has_journal,^metadata_csum",
	  .hash = "tea",
	  .block_size = 4096,
	  .kib = 3072 },
	/* Of the first revision: no features, no attributes. */
	{ .options = "-t ext2 -b 1024 -r 0 -O none",
	  .hash = NULL,
	  .block_size = 1024,
	  .kib = 1024 },
	{ .options = "-t ext4 -b 1024 -g 512 -J size=1 -G 4 -O "
		     "orphan_file," CSUM,
	  .hash = "half_md4",
	  .block_size = 1024,
	  .kib = 8192,
	  .lazy = true },
};
const unsigned n_bases = ARRAY_SIZE(bases);
struct base *base;

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz: cannot make a disk: %s: %s\n", what,
		base->options);
	abort();
}

/* ---- content ---- */

/* Two files with one block of attributes; one that nobody may change, and one
 * that may only be appended to. */
static void make_attributes(const char *folder)
{
	const char *kind = strstr(base->options, "ext4") ? "0x800" : "";
	char cmd[1200];

	snprintf(cmd, sizeof(cmd),
		 "cd %s && seq 300 | tr -d '\\n' | head -c 300 >value && "
		 "printf 'write value xa\\nwrite value xb\\n"
		 "ea_set -f value xa user.big\\n"
		 "write value im\\nsif im flags %s10\\n"
		 "write value ap\\nsif ap flags %s20\\n' "
		 "| debugfs -w -f - img >/dev/null 2>&1",
		 folder, *kind ? kind : "0x", *kind ? kind : "0x");
	must(!system(cmd), "attributes");
}

static struct inode *inode_of(const char *name)
{
	struct inode *ip;
	struct path p;

	if (path_lookup(AT_FDCWD, name, WALK_NOFOLLOW, &p))
		return NULL;
	ip = p.dentry->inode;
	path_put(&p); /* it stays in memory, having a name there */
	return ip;
}

static uint64_t place_of(const struct inode *ip)
{
	uint64_t block;
	uint32_t off;

	must(!ext4_inode_place(ext4_sb(sb), (uint32_t)ip->ino, &block, &off),
	     "place");
	return block * base->block_size + off;
}

static void share_attributes(void)
{
	struct object o = { .kind = OBJ_INODE };
	struct inode *a, *b;
	struct ext4_inode *raw;
	uint64_t block;

	must(!disk_mount(false), "mount");
	a = inode_of("xa");
	b = inode_of("xb");
	must(a && b, "names");
	block = ext4_info(a)->xattr_block;
	must(block, "attributes");
	o.id = (uint32_t)b->ino;
	o.at = o.owner_at = place_of(b);
	disk_umount();
	raw = (void *)(base->data + o.at);
	raw->i_file_acl = (uint32_t)block;
	raw->i_blocks += base->block_size / 512;
	put_le32(base->data + block * base->block_size + 4, 2);
	base->objects[0] = o;
	base->objects[1] = (struct object){ .kind = OBJ_XATTR,
					    .at = block * base->block_size,
					    .block = block };
	base->n_objects = 2;
	repair(true);
	base->n_objects = 0;
}

static int set_mode(const char *name, mode_t mode)
{
	struct path p;
	int err = path_lookup(AT_FDCWD, name, 0, &p);

	if (err)
		return err;
	err = vfs_chmod(&p, mode);
	path_put(&p);
	return err;
}

static void make_content(void)
{
	const unsigned bs = base->block_size;
	char name[300];

	must(!make_dir("d") && !make_dir("d/e") && !make_dir("d/e/f") &&
		     !make_dir("wide") && !make_dir("few"),
	     "directories");
	/* Others than root get somewhere, too. */
	must(!set_mode("d", 0777) && !set_mode("few", 0777), "modes");
	for (unsigned i = 1; i < 10; i++) {
		snprintf(name, sizeof(name), "d/f%u", i);
		must(!make_file(name, 0, i * 700), name);
	}
	must(!set_mode("d/f3", 06777), "mode");
	for (unsigned i = 0; i < (base->wide ? 370u : 60u); i++)
		must(!make_file("frag", 2ul * i * bs, bs / 2), "frag");
	must(!make_file("hole", 100000, 1) && !make_file("far", 70u << 20, 9),
	     "holes");
	must(!vfs_symlink("d/f1", AT_FDCWD, "l1"), "link");
	memset(name, 'x', 200);
	name[200] = 0;
	must(!vfs_symlink(name, AT_FDCWD, "l2"), "long link");
	must(!vfs_link(AT_FDCWD, "hole", AT_FDCWD, "d/e/hard", 0), "hard");
	must(!vfs_mknod(AT_FDCWD, "c", S_IFCHR | 0600, ABI_DEV(1, 3)) &&
		     !vfs_mknod(AT_FDCWD, "p", S_IFIFO | 0600, 0),
	     "nodes");
	for (unsigned i = 0; i < (base->wide ? 330u : 60u); i++) {
		snprintf(name, sizeof(name), "wide/%0240u", i);
		must(!vfs_link(AT_FDCWD, "d/f1", AT_FDCWD, name, 0), name);
	}
	/* A block (of 1 KiB) that is nearly full. */
	for (unsigned i = 0; i < 78; i++) {
		snprintf(name, sizeof(name), "few/%u", i);
		must(!vfs_link(AT_FDCWD, "d/f2", AT_FDCWD, name, 0), name);
	}
}

static void make_full(void)
{
	uint64_t n = 1u << 20;
	struct file *f;

	must(!vfs_open(AT_FDCWD, "fill", O_RDWR | O_CREAT, 0644, &f), "fill");
	for (uint64_t at = 0; n >= 512; n /= 2) {
		while (!file_fallocate(f, 0, (off_t)at, (off_t)n))
			at += n;
	}
	file_put(f);
}

/* The log is nearly at its end: the next transaction goes on at its begin. */
static void wind_log(void)
{
	const struct journal *j = ext4_sb(sb)->journal;
	struct file *f;

	must(!vfs_open(AT_FDCWD, "d", O_RDONLY | O_DIRECTORY, 0, &f), "d");
	/* One of these transactions is shorter. */
	while (j->end - j->head > 20)
		must(!make_dir("d/wind") && !file_fsync(f, false) &&
			     !vfs_unlink(AT_FDCWD, "d/wind", true) &&
			     !file_fsync(f, false),
		     "wind");
	file_put(f);
	/* Nothing stays in it. */
	must(!journal_sync(ext4_sb(sb), true), "sync");
}

/* Some changes that reach the log and not their places, some of them in a
 * second transaction; and the disk as it is then. */
static void make_dirty(void)
{
	struct file *f[4] = { NULL };
	char name[300];

	must(!disk_mount(false), "mount");
	if (base->wound)
		wind_log();
	for (unsigned i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "d/f%u", 6 + i);
		must(!vfs_open(AT_FDCWD, name, O_RDWR, 0, &f[i]) &&
			     !vfs_unlink(AT_FDCWD, name, false),
		     "orphans");
	}
	must(!make_dir("d/new") && !make_dir("d/short") &&
		     !make_file("d/new/s1", 0, 3000) &&
		     !vfs_rename(AT_FDCWD, "d/f5", AT_FDCWD, "d/new/g5", 0),
	     "changes");
	for (unsigned i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "wide/%0240u", 5 * i);
		must(!vfs_unlink(AT_FDCWD, name, false), name);
	}
	must(!file_fsync(f[0], false), "fsync");
	/* Blocks of metadata that are freed: revoked, and one of them is in
	 * the first transaction. */
	must(!vfs_unlink(AT_FDCWD, "d/e/f", true) &&
		     !vfs_unlink(AT_FDCWD, "d/short", true) &&
		     !vfs_unlink(AT_FDCWD, "l2", false) &&
		     !vfs_unlink(AT_FDCWD, "d/f4", false) &&
		     !make_file("d/new/s2", 5000, 3000),
	     "changes");
	/* Of a file that has changed since: else there is nothing to do. */
	must(!vfs_open(AT_FDCWD, "d/new/s2", O_RDWR, 0, &f[3]) &&
		     !file_fsync(f[3], false),
	     "fsync");
	memcpy(base->clean, base->data, base->bytes);
	for (unsigned i = 0; i < 4; i++)
		file_put(f[i]);
	disk_umount();
	memcpy(base->data, base->clean, base->bytes);
}

/* ---- where everything is ---- */

/* An inode is noted before what belongs to it. */
static struct object *note(enum kind kind, uint32_t id, uint64_t at,
			   uint64_t owner_at)
{
	struct object *o = &base->objects[base->n_objects++];

	must(base->n_objects <= MAX_OBJECTS, "too many objects");
	*o = (struct object){ .kind = kind,
			      .id = id,
			      .at = at,
			      .owner_at = owner_at,
			      .block = at / base->block_size };
	return o;
}

static void note_extents(uint32_t ino, uint64_t owner,
			 const struct ext4_extent_header *h)
{
	const struct ext4_extent_idx *x = (const void *)(h + 1);

	for (unsigned i = 0; h->eh_depth && i < h->eh_entries; i++) {
		uint64_t at = (uint64_t)x[i].ei_leaf * base->block_size;

		note(OBJ_EXTENTS, ino, at, owner);
		note_extents(ino, owner, (const void *)(base->data + at));
	}
}

static void note_map(uint32_t ino, uint64_t owner, uint32_t block, int depth)
{
	uint64_t at = (uint64_t)block * base->block_size;

	if (!block)
		return;
	note(OBJ_MAP, ino, at, owner);
	for (unsigned i = 0; depth && i < base->block_size / 4; i++)
		note_map(ino, owner, get_le32(base->data + at + 4ul * i),
			 depth - 1);
}

static void note_leaves(struct inode *ip, uint64_t owner)
{
	const uint64_t n = (uint64_t)ip->size / base->block_size;
	struct ext4_run run;

	for (uint64_t l = 0; l < n; l++) {
		const struct ext4_dirent *de;
		enum kind kind = OBJ_LEAF;

		must(!ext4_map(ip, l, 1, &run), "map");
		de = (const void *)(base->data + run.block * base->block_size);
		if (ext4_dir_indexed(ip) && !l)
			kind = OBJ_DX_ROOT;
		else if (!de->ino && de->rec_len == base->block_size)
			kind = OBJ_DX;
		note(kind, (uint32_t)ip->ino, run.block * base->block_size,
		     owner);
	}
}

static void note_inode(struct inode *ip)
{
	const struct ext4_inode_info *info = ext4_info(ip);
	const uint32_t ino = (uint32_t)ip->ino;
	const uint64_t at = place_of(ip);
	struct ext4_run run;

	note(OBJ_INODE, ino, at, at);
	if (ip->flags & EXT4_FL_EXTENTS)
		note_extents(ino, at, (const void *)info->block);
	else if (S_ISREG(ip->mode) || S_ISDIR(ip->mode) ||
		 (S_ISLNK(ip->mode) && ip->size >= 60))
		for (int i = 0; i < 3; i++)
			note_map(ino, at, info->block[EXT4_NDIR_BLOCKS + i], i);
	if (S_ISDIR(ip->mode))
		note_leaves(ip, at);
	if (info->xattr_block)
		note(OBJ_XATTR, ino, info->xattr_block * base->block_size, at);
	if (ino != ext4_sb(sb)->raw.s_orphan_file_inum ||
	    !(ext4_sb(sb)->compat & EXT4_COMPAT_ORPHAN_FILE))
		return;
	for (uint64_t l = 0; l < (uint64_t)ip->size / base->block_size; l++) {
		must(!ext4_map(ip, l, 1, &run), "map");
		note(OBJ_ORPHANS, ino, run.block * base->block_size, at);
	}
}

static void note_groups(const struct ext4_sb *es)
{
	const unsigned bs = base->block_size;
	const uint64_t first = 1024 / bs + 1;

	note(OBJ_SUPER, 0, 1024, 0);
	for (uint32_t g = 0; g < es->n_groups; g++) {
		uint64_t at = first * bs + (uint64_t)g * es->desc_size;
		const struct ext4_group_desc *d = (void *)(base->data + at);

		note(OBJ_DESC, g, at, 0);
		if (!(d->bg_flags & EXT4_BG_BLOCK_UNINIT))
			note(OBJ_BLOCKS, g, (uint64_t)d->bg_block_bitmap * bs,
			     at);
		if (!(d->bg_flags & EXT4_BG_INODE_UNINIT))
			note(OBJ_INODES, g, (uint64_t)d->bg_inode_bitmap * bs,
			     at);
	}
}

/* ---- the log ---- */

static uint64_t log_blocks[8192]; /* where they are */
static uint32_t first_log, n_log;

static void find_log(void)
{
	struct ext4_run run;
	struct inode *ip;

	n_log = 0;
	if (!(ext4_sb(sb)->compat & EXT4_COMPAT_HAS_JOURNAL))
		return;
	must(!ext4_inode_get_any(sb, EXT4_JOURNAL_INO, &ip), "log");
	while (n_log < (uint64_t)ip->size / base->block_size) {
		must(n_log < ARRAY_SIZE(log_blocks) &&
			     !ext4_map(ip, n_log, 1, &run),
		     "log");
		log_blocks[n_log++] = run.block;
	}
	inode_put(ip);
	first_log = get_be32(base->data + log_blocks[0] * base->block_size +
			     offsetof(struct jbd2_super, s_first));
}

/* A log that is full soon: as short as may be. It must have 1024 blocks, but
 * need not use all of them. */
static void shorten_log(void)
{
	must(!disk_mount(true), "mount");
	find_log();
	disk_umount();
	put_be32(base->data + log_blocks[0] * base->block_size +
			 offsetof(struct jbd2_super, s_first),
		 n_log / 2);
}

/* A block that belongs at `block` has a copy at `at`: so does what is in it. */
static void note_copies(uint64_t at, uint64_t block, unsigned n)
{
	const unsigned bs = base->block_size;

	for (unsigned i = 0; i < n; i++) {
		const struct object *o = &base->objects[i];
		struct object *copy;

		if (o->at / bs != block || o->kind >= OBJ_LOGGED)
			continue;
		copy = note(o->kind, o->id, at + o->at % bs,
			    o->kind == OBJ_INODE ? at + o->at % bs
						 : o->owner_at);
		copy->block = block;
	}
}

/* The block of the log behind i. */
static uint32_t log_next(uint32_t i)
{
	return i + 1 < n_log ? i + 1 : first_log;
}

/* Descriptor at *i: it and the blocks behind it. */
static void note_tags(const unsigned char *clean, uint32_t *i, uint32_t tid,
		      bool v3, unsigned wide, unsigned n_real)
{
	const unsigned bs = base->block_size;
	const uint64_t desc = log_blocks[*i] * bs;
	unsigned used = sizeof(struct jbd2_header);
	uint32_t flags = 0;

	note(OBJ_TAGS, tid, desc, desc);
	while (!(flags & JBD2_TAG_LAST)) {
		const unsigned char *t = clean + desc + used;
		uint64_t at;

		*i = log_next(*i);
		at = log_blocks[*i] * bs;
		flags = v3 ? get_be32(t + 4) : get_be16(t + 6);
		note(OBJ_LOGGED, tid, at, v3 ? desc + used + 12 : 0);
		note_copies(at, get_be32(t), n_real);
		used += v3 ? 16 : wide;
		used += flags & JBD2_TAG_SAME_UUID ? 0 : JBD2_UUID_BYTES;
	}
}

static void note_log(void)
{
	const unsigned bs = base->block_size, n_real = base->n_objects;
	const struct jbd2_super *s =
		(const void *)(base->clean + log_blocks[0] * bs);
	const uint32_t in = bswap32(s->s_feature_incompat);
	const uint32_t first_tid = bswap32(s->s_sequence);
	uint32_t i = bswap32(s->s_start), tid = first_tid;
	unsigned revokes = 0;

	note(OBJ_LOG, 0, log_blocks[0] * bs, 0);
	must(i < n_log, "log");
	for (; i; i = log_next(i)) {
		const unsigned char *p = base->clean + log_blocks[i] * bs;

		if (get_be32(p) != JBD2_MAGIC || get_be32(p + 8) != tid)
			break;
		switch (get_be32(p + 4)) {
		case JBD2_DESCRIPTOR:
			note_tags(base->clean, &i, tid,
				  in & JBD2_INCOMPAT_CSUM_V3,
				  in & JBD2_INCOMPAT_64BIT ? 12 : 8, n_real);
			break;
		case JBD2_REVOKE:
			note(OBJ_TAGS, tid, log_blocks[i] * bs, 0);
			revokes++;
			break;
		case JBD2_COMMIT:
			note(OBJ_COMMIT, tid, log_blocks[i] * bs, 0);
			tid++;
			break;
		}
	}
	must(!base->dirty || (tid == first_tid + 2 && revokes),
	     "two transactions, and a revoke block");
	must(!base->wound || i < bswap32(s->s_start), "a log that is wound");
}

/*
 * What the log has not brought to its place yet is not there; a copy in the log
 * goes with the inode or descriptor of its time.
 */
static bool find_owner(struct object *o)
{
	const enum kind kind = o->kind == OBJ_BLOCKS || o->kind == OBJ_INODES
				       ? OBJ_DESC
				       : OBJ_INODE;

	if (is_sound(o))
		return true;
	must(base->dirty, "checksum");
	for (unsigned i = 0; i < base->n_objects; i++) {
		const struct object *in = &base->objects[i];

		if (in->kind != kind || in->id != o->id)
			continue;
		o->owner_at = in->at;
		if (is_sound(o))
			return true;
	}
	must(o->kind < OBJ_LOGGED, "checksum of the log");
	return false;
}

static void find_owners(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < base->n_objects; i++) {
		if (find_owner(&base->objects[i]))
			base->objects[n++] = base->objects[i];
	}
	if (getenv("FUZZ_SHOW"))
		printf("%s: %u of %u structures\n", base->options, n,
		       base->n_objects);
	base->n_objects = n;
}

static int by_kind(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	if (x->kind != y->kind)
		return (int)x->kind - (int)y->kind;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void index_objects(void)
{
	qsort(base->objects, base->n_objects, sizeof(base->objects[0]),
	      by_kind);
	memset(base->in_block, 0, sizeof(base->in_block));
	memset(base->n_kind, 0, sizeof(base->n_kind));
	for (unsigned i = base->n_objects; i--;) {
		struct object *o = &base->objects[i];
		uint32_t *first = &base->in_block[o->at / base->block_size];

		o->next = *first;
		*first = i + 1;
		base->by_kind[o->kind] = i;
		base->n_kind[o->kind]++;
	}
}

static void note_all(void)
{
	struct ext4_sb *es;
	struct inode *ip;

	/* This plays the log. */
	must(!disk_mount(true), "mount");
	es = ext4_sb(sb);
	note_groups(es);
	for (uint32_t ino = 1; ino <= es->n_inodes; ino++) {
		if (ext4_inode_get_any(sb, ino, &ip))
			continue;
		note_inode(ip);
		inode_put(ip);
	}
	find_log();
	walk_all();
	disk_umount();
	if (n_log)
		note_log();
	restore();
	must(!memcmp(base->data, base->clean, base->bytes), "restore");
	index_objects();
	find_owners();
	index_objects();
}

void base_make(struct base *b)
{
	char folder[] = "/tmp/fuzz.XXXXXX", cmd[1500];
	const struct ext4_super_block *raw;
	FILE *f;

	base = b;
	must(mkdtemp(folder), "folder");
	snprintf(cmd, sizeof(cmd),
		 "cd %s && E2FSPROGS_FAKE_TIME=1700000000 "
		 "mke2fs -q %s -U 6d6e9b86-30cd-4b0c-9ab8-f0bf1ee2ac3b "
		 "-E hash_seed=6d6e9b86-30cd-4b0c-9ab8-f0bf1ee2ac3b,"
		 "lazy_itable_init=%d -N 256 img %uk >/dev/null 2>&1",
		 folder, b->options, b->lazy, b->kib);
	must(!system(cmd), "mke2fs");
	if (b->hash) {
		snprintf(cmd, sizeof(cmd),
			 "cd %s && E2FSPROGS_FAKE_TIME=1700000000 tune2fs "
			 "-E hash_alg=%s img >/dev/null 2>&1",
			 folder, b->hash);
		must(!system(cmd), "tune2fs");
	}
	if (b->hash)
		make_attributes(folder);
	b->bytes = (uint64_t)b->kib << 10;
	b->clean = malloc(b->bytes);
	b->data = malloc(b->bytes);
	snprintf(cmd, sizeof(cmd), "%s/img", folder);
	f = fopen(cmd, "r");
	must(f && fread(b->data, 1, b->bytes, f) == b->bytes, "read");
	fclose(f);
	raw = (const void *)(b->data + 1024);
	b->has_csum = raw->s_feature_ro_compat & EXT4_RO_METADATA_CSUM;
	b->inode_size = raw->s_rev_level ? raw->s_inode_size : 128;
	b->desc_size = raw->s_feature_incompat & EXT4_IN_64BIT
			       ? raw->s_desc_size
			       : EXT4_DESC_SIZE_MIN;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", folder);
	must(!system(cmd), "rm");
	if (b->hash)
		share_attributes();
	if (b->short_log)
		shorten_log();
	must(!disk_mount(false), "mount");
	make_content();
	if (b->full)
		make_full();
	disk_umount();
	if (b->dirty)
		make_dirty();
	memcpy(b->clean, b->data, b->bytes);
	restore();
	note_all();
}
