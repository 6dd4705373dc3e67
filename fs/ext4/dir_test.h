#pragma once
/*
 * For tests that write: a disk made by mke2fs, mounted in this process, its
 * root the current directory; and e2fsck as the judge of what is left of it.
 */
#define _GNU_SOURCE
#include "fs/dcache.h"
#include "fs/ext4/dir.h"
#include "fs/ext4/write.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "kernel/abi/dirent.h"

#include "disk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned failures;
static const char *disk_name = "";

#define CHECK(cond, ...)                                                       \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s: %s: ", __FILE__, __LINE__,     \
			       disk_name, #cond);                              \
			printf(__VA_ARGS__);                                   \
			printf("\n");                                          \
			if (++failures > 30)                                   \
				exit(1);                                       \
		}                                                              \
	} while (0)
#define IS(expr, want)                                                         \
	do {                                                                   \
		long got_ = (long)(expr);                                      \
		CHECK(got_ == (long)(want), "%s is %ld", #expr, got_);         \
	} while (0)

static char test_folder[64];
static char test_image[80];
static struct host_disk test_disk;
static struct super *test_sb;
static struct mount *test_mount;
static struct path test_old_cwd;
static unsigned char *test_data; /* the disk, kept between mounts */
static uint64_t test_bytes;

static inline int run(const char *fmt, ...)
{
	char cmd[2000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

static inline void file_copy(bool in)
{
	FILE *f = fopen(test_image, in ? "r" : "w");
	size_t n = 0, zero = 0;
	static const unsigned char zeroes[65536];

	if (!f)
		abort();
	/* Holes stay holes. */
	for (uint64_t at = 0; at < test_bytes; at += n) {
		n = MIN(sizeof(zeroes), (size_t)(test_bytes - at));
		if (in) {
			zero += fread(test_data + at, 1, n, f);
		} else if (at + n < test_bytes &&
			   !memcmp(test_data + at, zeroes, n)) {
			fseek(f, (long)n, SEEK_CUR);
		} else if (fwrite(test_data + at, 1, n, f) != n) {
			abort();
		}
	}
	fclose(f);
}

/* A new disk: mke2fs with these options and this size ("8M"). */
static inline void disk_make(const char *options, unsigned kib)
{
	free(test_data);
	test_bytes = (uint64_t)kib << 10;
	test_data = calloc(1, test_bytes);
	unlink(test_image);
	if (run("mke2fs -q -F %s %s %s %uk >/dev/null 2>&1",
		strstr(options, "-t ") ? "" : "-t ext4", options, test_image,
		kib)) {
		CHECK(0, "mke2fs %s", options);
		exit(1);
	}
	file_copy(true);
}

/* tune2fs on a disk that is not mounted. */
static inline void disk_tune(const char *options, const char *arg)
{
	char text[200];

	snprintf(text, sizeof(text), options, arg);
	file_copy(false);
	if (run("tune2fs %s %s >/dev/null 2>&1", text, test_image))
		CHECK(0, "tune2fs %s", text);
	file_copy(true);
}

static inline int disk_mount(void)
{
	struct fs_context *fs = host_fs();
	int err;

	memset(&test_disk, 0, sizeof(test_disk));
	host_disk_memory(&test_disk, test_data, test_bytes);
	strcpy(test_disk.bd.name, "vdt");
	err = ext4_type.mount(&ext4_type, &test_disk.bd, false, NULL, &test_sb);
	if (err)
		return err;
	err = mount_private(test_sb, &test_mount);
	if (err)
		abort();
	test_old_cwd = fs->cwd;
	fs->cwd = (struct path){ test_mount, test_mount->root };
	return 0;
}

static inline void disk_umount(void)
{
	host_fs()->cwd = test_old_cwd;
	mount_put(test_mount);
	host_settle();
	host_disk_close(&test_disk);
}

/* Is the disk good? A journal that is not empty is replayed first. */
static inline void disk_fsck_log(bool replay)
{
	file_copy(false);
	if (run("%s %s >%s/fsck 2>&1",
		replay ? "tools/judge.py" : "e2fsck -fn", test_image,
		test_folder)) {
		CHECK(0, "e2fsck");
		run("grep -v '^Pass' %s/fsck | head -20", test_folder);
		if (getenv("KEEP"))
			run("cp %s %s", test_image, getenv("KEEP"));
	}
}
static inline void disk_fsck(void)
{
	disk_fsck_log(false);
}

/* Unmounted, judged and mounted again: nothing is left in memory. */
static inline void disk_again(bool judge)
{
	disk_umount();
	if (judge)
		disk_fsck();
	IS(disk_mount(), 0);
}

static inline void test_start(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	strcpy(test_folder, "/tmp/ext4_dir_XXXXXX");
	if (!mkdtemp(test_folder))
		abort();
	snprintf(test_image, sizeof(test_image), "%s/image", test_folder);
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", 1);
	vfs_init();
	host_set_process(fs_context_create(), fdtable_create());
}

static inline int test_end(void)
{
	struct fs_context *fs = host_fs();

	fdtable_put(host_files());
	fs_context_put(fs);
	free(test_data);
	run("rm -rf %s", test_folder);
	printf(failures ? "FAIL\n" : "ok\n");
	return failures ? 1 : 0;
}

/* ---- calls ---- */

static inline int t_create(const char *name)
{
	return vfs_mknod(AT_FDCWD, name, S_IFREG | 0644, 0);
}
static inline int t_mkdir(const char *name)
{
	return vfs_mkdir(AT_FDCWD, name, 0755);
}
static inline int t_unlink(const char *name)
{
	return vfs_unlink(AT_FDCWD, name, false);
}
static inline int t_rmdir(const char *name)
{
	return vfs_unlink(AT_FDCWD, name, true);
}
static inline int t_link(const char *from, const char *to)
{
	return vfs_link(AT_FDCWD, from, AT_FDCWD, to, 0);
}
static inline int t_rename(const char *from, const char *to, unsigned flags)
{
	return vfs_rename(AT_FDCWD, from, AT_FDCWD, to, flags);
}
static inline int t_stat(const char *name, struct stat *st)
{
	struct path p;
	int err = path_lookup(AT_FDCWD, name, WALK_NOFOLLOW, &p);

	if (err)
		return err;
	inode_fill_stat(p.dentry->inode, st);
	path_put(&p);
	return 0;
}
static inline int t_exists(const char *name)
{
	struct stat st;

	return t_stat(name, &st);
}

/* ---- lists ---- */

/* Reads a directory in pieces of `room` names; fn(arg) gets each. */
struct t_list {
	struct dir_context c;
	unsigned room, n; /* of this piece */
	struct t_name {
		char name[NAME_MAX_BYTES + 1];
		ino_t ino;
		unsigned type;
	} names[64];
};

static inline bool t_emit(struct dir_context *c, const char *name, unsigned len,
			  ino_t ino, unsigned type, off_t next)
{
	struct t_list *l = container_of(c, struct t_list, c);
	struct t_name *t = &l->names[l->n];

	if (l->n == l->room)
		return false;
	memcpy(t->name, name, len);
	t->name[len] = 0;
	t->ino = ino;
	t->type = type;
	l->n++;
	return true;
}

static inline struct file *t_opendir(const char *name)
{
	struct file *f = NULL;

	IS(vfs_open(AT_FDCWD, name, O_RDONLY | O_DIRECTORY, 0, &f), 0);
	return f;
}

/* The next at most `room` names; 0: the end. */
static inline int t_readdir(struct file *f, struct t_list *l, unsigned room)
{
	int err;

	l->c = (struct dir_context){ .emit = t_emit };
	l->room = room;
	l->n = 0;
	err = file_iterate(f, &l->c);
	return err ? err : (int)l->n;
}
