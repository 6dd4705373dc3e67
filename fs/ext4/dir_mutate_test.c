/*
 * Damaged directories, written to: bytes of blocks of names and of indexes
 * change by chance, and blocks are given to two directories at once; then names
 * are made, removed, moved and listed. No result is wrong, but nothing may
 * crash or go on for ever. The disks have no checksums, which would only keep
 * the damage away.
 *
 * Usage: dir_mutate_test [rounds [seed]]
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/ext4/dir_test.h"

#include "kernel/abi/mount.h"

#define DIRS   8u
#define BLOCKS 1000u

static uint32_t seed = 1;

static uint32_t chance(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 8) * n >> 24);
}

static unsigned char *base;
static struct {
	uint32_t block;
	bool index;
} blocks[BLOCKS];
static unsigned n_blocks, done;
/* Where the inodes of the directories lie. */
static uint64_t inode_at[DIRS];
static uint32_t inode_no[DIRS];

static const char *dir_name(unsigned d)
{
	static const char *const names[DIRS] = {
		".", "wide", "a", "a/b", "a/b/c", "long", "a/many", "a/few",
	};

	return names[d];
}

static const char *any_name(void)
{
	static char name[2][400];
	static unsigned turn;
	unsigned d = chance(DIRS), i = chance(d == 1 ? 2500 : 30), n;
	char *s = name[turn++ % 2];

	n = (unsigned)sprintf(s, "%s/%u", dir_name(d), i);
	if (d == 5)
		memset(s + n, 'l', 240);
	s[n + (d == 5 ? 240 : 0)] = 0;
	return chance(20) ? s : dir_name(d);
}

static void note_blocks(unsigned d)
{
	struct ext4_sb *es = ext4_sb(test_sb);
	struct ext4_run run;
	struct inode *ip;
	struct path p;
	uint64_t block;
	struct buf *bp;
	uint32_t off;

	IS(path_lookup(AT_FDCWD, dir_name(d), 0, &p), 0);
	ip = p.dentry->inode;
	IS(ext4_inode_place(es, (uint32_t)ip->ino, &block, &off), 0);
	inode_no[d] = (uint32_t)ip->ino;
	inode_at[d] = block * es->block_size + off;
	for (uint64_t l = 0; l < ext4_dir_blocks(ip); l++) {
		IS(ext4_map(ip, l, 1, &run), 0);
		IS(ext4_dir_read(ip, l, &bp), 0);
		blocks[n_blocks].block = (uint32_t)run.block;
		blocks[n_blocks++].index = ext4_dir_is_node(ip, l, bp);
		buf_put(bp);
	}
	path_put(&p);
}

static void make_base(const char *options)
{
	char name[400];

	disk_make(options, 4096);
	IS(disk_mount(), 0);
	for (unsigned d = 1; d < DIRS; d++)
		IS(t_mkdir(dir_name(d)), 0);
	for (unsigned d = 0; d < DIRS; d++) {
		for (unsigned i = 0; i < (d == 1 ? 1500u : 20u); i++) {
			snprintf(name, sizeof(name), "%s/%u%.*s", dir_name(d),
				 i, d == 5 ? 240 : 0,
				 "llllllllllllllllllllllllllllllllllllllll"
				 "llllllllllllllllllllllllllllllllllllllll"
				 "llllllllllllllllllllllllllllllllllllllll"
				 "llllllllllllllllllllllllllllllllllllllll"
				 "llllllllllllllllllllllllllllllllllllllll"
				 "llllllllllllllllllllllllllllllllllllllll");
			IS(i % 7 ? t_create(name) : t_mkdir(name), 0);
		}
	}
	disk_again(true);
	n_blocks = 0;
	for (unsigned d = 0; d < DIRS; d++)
		note_blocks(d);
	disk_umount();
	base = malloc(test_bytes);
	memcpy(base, test_data, test_bytes);
}

static void damage(void)
{
	static const unsigned char often[] = { 0, 1, 2, 4, 8, 12, 255, 254 };
	unsigned bs = 1024, n = 1 + chance(chance(4) ? 3 : 30), b;

	for (; n; n--) {
		unsigned char *p;

		b = chance(n_blocks);
		while (chance(3) && !blocks[b].index)
			b = (b + 1) % n_blocks;
		p = test_data + (uint64_t)blocks[b].block * bs;
		/* Records begin at the front more often. */
		p += chance(2) ? chance(bs) : chance(64);
		*p = chance(2) ? often[chance(sizeof(often))]
			       : (unsigned char)chance(256);
	}
	/* A name of some other directory. */
	for (b = chance(4); b; b--)
		*(uint32_t *)(test_data +
			      (uint64_t)blocks[chance(n_blocks)].block * bs +
			      (chance(2) ? 24 : 4 * chance(200))) =
			inode_no[chance(DIRS)];
	if (!chance(3))
		memcpy(test_data +
			       (uint64_t)blocks[chance(n_blocks)].block * bs,
		       test_data + (uint64_t)blocks[chance(n_blocks)].block *
					   bs,
		       bs);
	if (!chance(3)) {
		/* Somebody else's block in a map: i_block, after a header and
		 * the first half of an extent when there are extents. */
		struct ext4_inode *raw =
			(void *)(test_data + inode_at[chance(DIRS)]);
		unsigned at = raw->i_flags & EXT4_FL_EXTENTS
				      ? 5 + 3 * chance(4)
				      : chance(12);

		raw->i_block[at] = chance(4) ? blocks[chance(n_blocks)].block
					     : chance(200);
	}
}

static void list(const char *name)
{
	struct t_list *l;
	struct file *f;

	if (vfs_open(AT_FDCWD, name, O_RDONLY | O_DIRECTORY, 0, &f))
		return;
	l = malloc(sizeof(*l));
	while (t_readdir(f, l, 64) > 0) {
		if (!chance(3))
			t_create(any_name());
	}
	file_put(f);
	free(l);
}

static void any_op(void)
{
	const char *a = any_name(), *b = any_name();
	int err;

	switch (chance(9)) {
	case 0:
		err = t_mkdir(a);
		break;
	case 1:
		err = t_unlink(a);
		break;
	case 2:
		err = t_rmdir(a);
		break;
	case 3:
		err = t_link(a, b);
		break;
	case 4:
		err = t_rename(a, b, 0);
		break;
	case 5:
		err = t_rename(a, b, RENAME_EXCHANGE);
		break;
	case 6:
		list(dir_name(chance(DIRS)));
		return;
	default:
		err = t_create(a);
	}
	done += !err;
}

static void test_round(unsigned ops)
{
	memcpy(test_data, base, test_bytes);
	damage();
	if (disk_mount())
		return;
	for (; ops; ops--)
		any_op();
	disk_umount();
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = {
		"-b 1024 -N 2600 -O ^metadata_csum,^has_journal",
		"-t ext2 -b 1024 -N 2600 -O dir_index",
	};
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 300;
	uint64_t pages, objects;

	seed = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	test_start();
	host_set_log_level(HOST_LOG_EMERG);
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		disk_name = kinds[i];
		make_base(kinds[i]);
		reclaim_all();
		pages = host_pages_in_use();
		objects = host_objects_in_use();
		for (unsigned r = 0; r < rounds; r++) {
			alarm(60);
			test_round(60);
		}
		reclaim_all();
		IS(host_pages_in_use(), pages);
		IS(host_objects_in_use(), objects);
		free(base);
	}
	printf("%u calls were done\n", done);
	return test_end();
}
