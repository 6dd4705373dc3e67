#pragma once
/*
 * The fuzzer of the disk: what its files share. Reading order: input.c (what
 * the bytes of an input mean), disks.c (sound disks, and where everything is
 * on them), damage.c (what is done to them, checksums made right again, and
 * how they become sound again), ops.c (the calls).
 */
#include "fs/ext4/ext4.h"

#include "disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* What it does, but that base->data is left as it is at the end. gently:
 * without damage and failures, so that it is a sound disk. False: nothing was
 * done. */
bool run_input(const uint8_t *data, size_t size, bool gently);

#define RECORD      6u /* bytes of one damage or one call */
#define RECORDS_MAX 16u

/* What can be damaged, in the order in which checksums are made: those of
 * later ones are over those of earlier ones. */
enum kind {
	OBJ_INODE,
	OBJ_EXTENTS,
	OBJ_MAP, /* a table of block numbers: no checksum */
	OBJ_LEAF,
	OBJ_DX_ROOT,
	OBJ_DX,
	OBJ_XATTR,
	OBJ_ORPHANS,
	OBJ_BLOCKS, /* bitmaps: theirs is in the descriptor */
	OBJ_INODES,
	OBJ_DESC,
	OBJ_SUPER,
	OBJ_LOGGED, /* in the log: theirs is in a tag of the one before */
	OBJ_TAGS,   /* descriptors and revoke blocks */
	OBJ_COMMIT,
	OBJ_LOG, /* super block of the log */
	OBJ_KINDS
};

struct object {
	enum kind kind;
	uint64_t at; /* byte on the disk */
	/* Inode number; group; number of the transaction. */
	uint32_t id;
	/* Byte: of the inode that it belongs to (also as a copy in the log);
	 * of the bitmap's descriptor; of the tag. */
	uint64_t owner_at;
	uint64_t block; /* where it belongs, when it is a copy in the log */
	uint32_t next;  /* in the same block, from 1 */
};

#define MAX_OBJECTS 4096u
#define MAX_BLOCKS  16384u

struct base {
	const char *options, *hash; /* for mke2fs and tune2fs */
	unsigned block_size, kib;
	bool dirty; /* as a power cut leaves it, with orphans */
	bool wound; /* what is in the log goes past its end */
	bool short_log;
	bool full;
	bool wide; /* an index and a tree of extents of two levels */
	bool lazy; /* tables that nobody has written yet */
	unsigned char *clean, *data;
	uint64_t bytes;
	unsigned inode_size, desc_size; /* as mke2fs made it */
	bool has_csum;
	struct object objects[MAX_OBJECTS];
	unsigned n_objects;
	unsigned by_kind[OBJ_KINDS]; /* the first of each */
	unsigned n_kind[OBJ_KINDS];
	uint32_t in_block[MAX_BLOCKS]; /* the first one's number, from 1 */
};

/* ---- disks.c ---- */
extern struct base bases[];
extern const unsigned n_bases;
extern struct base *base; /* the one of this input */
void base_make(struct base *b);

/* ---- damage.c ---- */
void put_be32(void *p, uint32_t x);
/* This byte of base->data may differ from the sound disk. */
void touch(uint64_t at, uint64_t n);
/* All blocks that were touched are as in the beginning. */
void restore(void);
/* What a record says is done to the disk; true: it was one. */
void damage(const uint8_t *record);
/* All checksums that cover what was damaged since the last call, or, `all`,
 * every one. */
void repair(bool all);
/* On a sound disk: does it have the checksum that it should have? */
bool is_sound(const struct object *o);

/* ---- ops.c ---- */
extern struct host_disk disk;
extern struct super *sb;
extern bool disk_is_dead; /* nothing is written any more: a power cut */
void ops_init(void);
/* The machine and the caller are as in the beginning: memory, limits, rights,
 * signals, the disk's kind. */
void ops_reset(void);
int disk_mount(bool read_only);
void disk_umount(void);
/* One call; may mount and unmount. */
void op(const uint8_t *record);
bool op_may_fail(const uint8_t *record); /* the disk, by what it does */
/* All names, data and maps are looked at. */
void walk_all(void);

/* Calls that the disks are made with, too; 0 or an error. */
int make_file(const char *name, uint64_t pos, size_t n);
int make_dir(const char *name);
