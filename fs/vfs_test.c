/*
 * The file layer on the build machine: names, paths, memory files, pipes,
 * poll, descriptors, mounts, /dev, /proc and the archive unpacker, through the
 * calls that the system calls use. At the end all memory must be back.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#define _GNU_SOURCE
#include "fs/dcache.h"
#include "fs/devfs.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/initramfs.h"
#include "fs/namei.h"
#include "fs/pipe.h"
#include "fs/poll.h"
#include "fs/procfs.h"
#include "fs/vfs.h"
#include "kernel/abi/dirent.h"
#include "kernel/abi/ioctl.h"
#include "kernel/abi/mount.h"
#include "kernel/abi/poll.h"

#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of signals; their header has types that the C library has too. */
#define SIGPIPE 13
#define SIGXFSZ 25

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                            \
		}                                                              \
	} while (0)
#define IS(expr, want)                                                         \
	do {                                                                   \
		long got_ = (long)(expr);                                      \
		if (got_ != (long)(want)) {                                    \
			printf("FAIL %s:%d: %s is %ld, not %s\n", __FILE__,    \
			       __LINE__, #expr, got_, #want);                  \
			failures++;                                            \
		}                                                              \
	} while (0)

/* ---- calls as a program makes them ---- */

static int t_open(const char *name, unsigned flags, mode_t mode)
{
	struct fdtable *t = host_files();
	int fd = fd_alloc(t, 0, flags & O_CLOEXEC), err;
	struct file *f;

	if (fd < 0)
		return fd;
	err = vfs_open(AT_FDCWD, name, flags, mode, &f);
	if (err) {
		fd_release(t, fd);
		return err;
	}
	fd_install(t, fd, f);
	return fd;
}

static int t_close(int fd)
{
	return fd_close(host_files(), fd);
}

static void uio_user(struct uio *u, struct iovec *v, const void *buf, size_t n)
{
	uio_init_kernel(u, v, (void *)(uintptr_t)buf, n);
	u->kernel = false;
}

static ssize_t t_rw(int fd, const void *buf, size_t n, off_t pos, bool write)
{
	struct fdref r = fd_ref(fd);
	struct iovec v;
	struct uio u;
	ssize_t ret;

	if (!r.file)
		return -EBADF;
	uio_user(&u, &v, buf, n);
	ret = write ? file_write(r.file, &u, pos < 0 ? NULL : &pos)
		    : file_read(r.file, &u, pos < 0 ? NULL : &pos);
	fd_unref(r);
	return ret;
}

static ssize_t t_read(int fd, void *buf, size_t n)
{
	return t_rw(fd, buf, n, -1, false);
}

static ssize_t t_write(int fd, const void *buf, size_t n)
{
	return t_rw(fd, buf, n, -1, true);
}

static off_t t_seek(int fd, off_t off, int whence)
{
	return file_seek(fd_ref(fd).file, off, whence);
}

static int t_stat(const char *name, struct stat *st, bool follow)
{
	struct path p;
	int err = path_lookup(AT_FDCWD, name, follow ? 0 : WALK_NOFOLLOW, &p);

	if (err)
		return err;
	inode_fill_stat(p.dentry->inode, st);
	path_put(&p);
	return 0;
}

static int t_exists(const char *name)
{
	struct stat st;

	return t_stat(name, &st, false);
}

static int t_chdir(const char *name)
{
	struct path p;
	int err = path_lookup(AT_FDCWD, name, WALK_DIRECTORY, &p);

	if (err)
		return err;
	err = vfs_chdir(&p);
	path_put(&p);
	return err;
}

static const char *t_getcwd(void)
{
	static char buf[4096];
	struct fs_context *fs = host_fs();
	char *s;
	ssize_t n = path_name(&fs->cwd, &fs->root, buf, sizeof(buf), false, &s);

	if (n < 0) {
		snprintf(buf, sizeof(buf), "error %d", (int)-n);
		return buf;
	}
	return s;
}

static int t_mkdir(const char *name)
{
	return vfs_mkdir(AT_FDCWD, name, 0777);
}

static int t_unlink(const char *name)
{
	return vfs_unlink(AT_FDCWD, name, false);
}

static int t_rmdir(const char *name)
{
	return vfs_unlink(AT_FDCWD, name, true);
}

static int t_rename(const char *from, const char *to)
{
	return vfs_rename(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int t_link(const char *from, const char *to)
{
	return vfs_link(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int t_symlink(const char *target, const char *name)
{
	return vfs_symlink(target, AT_FDCWD, name);
}

static int t_make(const char *name, const char *text)
{
	int fd = t_open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0)
		return fd;
	IS(t_write(fd, text, strlen(text)), strlen(text));
	return t_close(fd);
}

static bool t_has(const char *name, const char *text)
{
	char buf[4096] = "";
	int fd = t_open(name, O_RDONLY, 0);
	ssize_t n;

	if (fd < 0)
		return false;
	n = t_read(fd, buf, sizeof(buf));
	t_close(fd);
	return n == (ssize_t)strlen(text) && !memcmp(buf, text, (size_t)n);
}

/* All names of a directory, each followed by a blank, in a static buffer. */
struct names {
	struct dir_context c;
	char *buf;
	size_t len, room;
	unsigned count, most; /* stops after `most` of each call */
};

static bool names_emit(struct dir_context *c, const char *name, unsigned len,
		       ino_t ino, unsigned type, off_t next)
{
	struct names *n = container_of(c, struct names, c);

	if (n->count == n->most)
		return false;
	n->count++;
	if (n->len + len + 1 < n->room) {
		memcpy(n->buf + n->len, name, len);
		n->len += len;
		n->buf[n->len++] = ' ';
		n->buf[n->len] = '\0';
	}
	return true;
}

static const char *t_list(const char *name)
{
	static char buf[1 << 20];
	struct names n = {
		.c.emit = names_emit, .buf = buf, .room = sizeof(buf), .most = 3
	};
	int fd = t_open(name, O_RDONLY | O_DIRECTORY, 0), err;

	buf[0] = '\0';
	if (fd < 0)
		return "?";
	do {
		n.count = 0;
		err = file_iterate(fd_ref(fd).file, &n.c);
	} while (!err && n.count);
	t_close(fd);
	return err ? "!" : buf;
}

/* ---- the tests ---- */

static void test_names(void)
{
	char name[260], longer[5000];
	struct stat st;

	IS(t_exists("/"), 0);
	IS(t_exists("/nothing"), -ENOENT);
	IS(t_exists(""), -ENOENT);
	IS(t_mkdir("/a"), 0);
	IS(t_mkdir("/a"), -EEXIST);
	IS(t_mkdir("/"), -EEXIST);
	IS(t_mkdir("/a/b/"), 0);
	IS(t_mkdir("/x/y"), -ENOENT);
	IS(t_make("/a/f", "hello"), 0);
	CHECK(t_has("/a/f", "hello"));
	CHECK(t_has("/a/b/../f", "hello"));
	CHECK(t_has("//a//./b/..//f", "hello"));
	CHECK(t_has("/../../a/f", "hello"));
	IS(t_exists("/a/f/"), -ENOTDIR);
	IS(t_exists("/a/f/x"), -ENOTDIR);
	IS(t_exists("/a/f/.."), -ENOTDIR);
	IS(t_open("/a", O_WRONLY, 0), -EISDIR);
	IS(t_open("/a", O_RDWR | O_CREAT, 0666), -EISDIR);
	IS(t_open("/a/f", O_RDONLY | O_DIRECTORY, 0), -ENOTDIR);
	IS(t_open("/a/f", O_WRONLY | O_CREAT | O_EXCL, 0666), -EEXIST);
	IS(t_open("/a/new/", O_WRONLY | O_CREAT, 0666), -EISDIR);
	IS(t_open("/a/none", O_RDONLY, 0), -ENOENT);
	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[256] = '\0';
	IS(t_make(name, "255"), 0);
	CHECK(t_has(name, "255"));
	IS(t_unlink(name), 0);
	name[256] = 'n';
	name[257] = '\0';
	IS(t_make(name, "256"), -ENAMETOOLONG);
	IS(t_exists(name), -ENAMETOOLONG);
	memset(longer, '/', sizeof(longer));
	strcpy(longer + 4095 - 4, "/a/f");
	CHECK(t_has(longer, "hello"));
	IS(t_unlink("/a"), -EISDIR);
	IS(t_rmdir("/a/f"), -ENOTDIR);
	IS(t_rmdir("/a"), -ENOTEMPTY);
	IS(t_rmdir("/a/b/."), -EINVAL);
	IS(t_rmdir("/a/b/.."), -ENOTEMPTY);
	IS(t_rmdir("/"), -EBUSY);
	IS(t_unlink("/a/b/."), -EISDIR);
	IS(t_unlink("/a/f/"), -ENOTDIR);
	IS(t_unlink("/a/b/"), -EISDIR);
	CHECK(!strcmp(t_list("/a"), ". .. b f "));
	IS(t_stat("/a", &st, true), 0);
	IS(st.st_nlink, 3);
	IS(t_rmdir("/a/b"), 0);
	IS(t_stat("/a", &st, true), 0);
	IS(st.st_nlink, 2);
	IS(t_unlink("/a/f"), 0);
	IS(t_unlink("/a/f"), -ENOENT);
	IS(t_rmdir("/a/"), 0);
	IS(t_exists("/a"), -ENOENT);
}

static void test_links(void)
{
	char buf[64], name[32];
	struct stat st;

	IS(t_mkdir("/l"), 0);
	IS(t_make("/l/f", "one"), 0);
	IS(t_symlink("f", "/l/s"), 0);
	IS(t_symlink("/l/s", "/l/abs"), 0);
	IS(t_symlink("../l", "/l/up"), 0);
	IS(t_symlink("nowhere", "/l/dangling"), 0);
	IS(t_symlink("loop", "/l/loop"), 0);
	IS(t_symlink("", "/l/empty"), -ENOENT);
	IS(t_symlink("x", "/l/s"), -EEXIST);
	CHECK(t_has("/l/s", "one"));
	CHECK(t_has("/l/abs", "one"));
	CHECK(t_has("/l/up/up/up/s", "one"));
	IS(t_exists("/l/s/"), -ENOTDIR);
	IS(t_exists("/l/up/"), 0);
	IS(t_stat("/l/s", &st, false), 0);
	CHECK(S_ISLNK(st.st_mode));
	IS(t_stat("/l/up/", &st, false), 0);
	CHECK(S_ISDIR(st.st_mode));
	IS(t_stat("/l/loop", &st, true), -ELOOP);
	IS(t_open("/l/loop", O_WRONLY | O_CREAT, 0666), -ELOOP);
	IS(t_open("/l/s", O_RDONLY | O_NOFOLLOW, 0), -ELOOP);
	IS(t_open("/l/s", O_WRONLY | O_CREAT | O_EXCL, 0666), -EEXIST);
	IS(t_open("/l/dangling", O_WRONLY | O_CREAT | O_EXCL, 0666), -EEXIST);
	IS(t_open("/l/dangling", O_RDONLY, 0), -ENOENT);
	IS(t_make("/l/dangling", "made"), 0);
	CHECK(t_has("/l/nowhere", "made"));
	IS(vfs_readlink(AT_FDCWD, "/l/up", buf, sizeof(buf)), 4);
	CHECK(!memcmp(buf, "../l", 4));
	IS(vfs_readlink(AT_FDCWD, "/l/up", buf, 2), 2);
	IS(vfs_readlink(AT_FDCWD, "/l/f", buf, 2), -EINVAL);
	IS(t_mkdir("/l/dangling2/"), 0);
	IS(t_rmdir("/l/dangling2"), 0);
	/* A chain of 40 works, one of 41 does not. */
	for (int i = 0; i < 41; i++) {
		snprintf(name, sizeof(name), "/l/c%d", i);
		snprintf(buf, sizeof(buf), i ? "c%d" : "f", i - 1);
		IS(t_symlink(buf, name), 0);
	}
	CHECK(t_has("/l/c39", "one"));
	IS(t_open("/l/c40", O_RDONLY, 0), -ELOOP);
	for (int i = 0; i < 41; i++) {
		snprintf(name, sizeof(name), "/l/c%d", i);
		IS(t_unlink(name), 0);
	}
	/* Hard links. */
	IS(t_link("/l/f", "/l/g"), 0);
	IS(t_link("/l/f", "/l/g"), -EEXIST);
	IS(t_link("/l", "/l/h"), -EPERM);
	IS(t_link("/l/none", "/l/h"), -ENOENT);
	IS(t_link("/l/f", "/l/h/"), -ENOENT);
	IS(t_stat("/l/g", &st, true), 0);
	IS(st.st_nlink, 2);
	IS(t_unlink("/l/f"), 0);
	CHECK(t_has("/l/g", "one"));
	IS(t_link("/l/s", "/l/s2"), 0); /* the link itself */
	IS(t_stat("/l/s2", &st, false), 0);
	CHECK(S_ISLNK(st.st_mode));
	const char *const all[] = { "g",  "s",        "s2",      "abs",
				    "up", "dangling", "nowhere", "loop" };
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		snprintf(name, sizeof(name), "/l/%s", all[i]);
		IS(t_unlink(name), 0);
	}
	CHECK(!strcmp(t_list("/l"), ". .. "));
	IS(t_rmdir("/l"), 0);
}

static void test_rename(void)
{
	struct stat st, st2;

	IS(t_mkdir("/r"), 0);
	IS(t_mkdir("/r/d"), 0);
	IS(t_mkdir("/r/d/e"), 0);
	IS(t_make("/r/f", "f"), 0);
	IS(t_make("/r/g", "g"), 0);
	IS(t_rename("/r/f", "/r/f"), 0);
	IS(t_rename("/r/f", "/r/h"), 0);
	IS(t_exists("/r/f"), -ENOENT);
	CHECK(t_has("/r/h", "f"));
	IS(t_rename("/r/h", "/r/g"), 0); /* replaces */
	CHECK(t_has("/r/g", "f"));
	IS(t_exists("/r/h"), -ENOENT);
	IS(t_rename("/r/g", "/r/d"), -EISDIR);
	IS(t_rename("/r/d", "/r/g"), -ENOTDIR);
	IS(t_rename("/r/g", "/r/x/"), -ENOTDIR);
	IS(t_rename("/r/none", "/r/x"), -ENOENT);
	IS(t_rename("/r/d", "/r/d/e/x"), -EINVAL);
	IS(t_rename("/r/d", "/r/d/x"), -EINVAL);
	IS(t_rename("/r/d/e", "/r/d"), -ENOTEMPTY);
	IS(t_rename("/r/d/.", "/r/x"), -EBUSY);
	IS(t_rename("/r/d", "/r/d/.."), -EBUSY);
	IS(t_mkdir("/r/empty"), 0);
	IS(t_mkdir("/r/full"), 0);
	IS(t_make("/r/full/x", "x"), 0);
	IS(t_rename("/r/d", "/r/full"), -ENOTEMPTY);
	IS(t_rename("/r/d", "/r/empty"), 0);
	IS(t_exists("/r/empty/e"), 0);
	/* A directory to another parent. */
	IS(t_stat("/r", &st, true), 0);
	IS(t_rename("/r/empty/e", "/r/e2/"), 0);
	IS(t_stat("/r", &st2, true), 0);
	IS(st2.st_nlink, st.st_nlink + 1);
	IS(t_stat("/r/e2/..", &st, true), 0);
	IS(st.st_ino, st2.st_ino);
	/* Exchange, and not replacing. */
	IS(vfs_rename(AT_FDCWD, "/r/g", AT_FDCWD, "/r/e2", RENAME_NOREPLACE),
	   -EEXIST);
	IS(vfs_rename(AT_FDCWD, "/r/g", AT_FDCWD, "/r/none", RENAME_EXCHANGE),
	   -ENOENT);
	IS(vfs_rename(AT_FDCWD, "/r/g", AT_FDCWD, "/r/empty", 3), -EINVAL);
	IS(vfs_rename(AT_FDCWD, "/r/g", AT_FDCWD, "/r/full/x", RENAME_EXCHANGE),
	   0);
	CHECK(t_has("/r/g", "x"));
	CHECK(t_has("/r/full/x", "f"));
	IS(vfs_rename(AT_FDCWD, "/r/full", AT_FDCWD, "/r/g", RENAME_EXCHANGE),
	   0);
	CHECK(t_has("/r/full", "x"));
	CHECK(t_has("/r/g/x", "f"));
	IS(vfs_rename(AT_FDCWD, "/r/g", AT_FDCWD, "/r/g/x", RENAME_EXCHANGE),
	   -EINVAL);
	IS(vfs_rename(AT_FDCWD, "/r/g/x", AT_FDCWD, "/r/g", RENAME_EXCHANGE),
	   -EINVAL);
	IS(vfs_rename(AT_FDCWD, "/r/full", AT_FDCWD, "/r/n", RENAME_NOREPLACE),
	   0);
	/* Two names of one inode: nothing happens. */
	IS(t_link("/r/n", "/r/m"), 0);
	IS(t_rename("/r/n", "/r/m"), 0);
	CHECK(t_has("/r/n", "x"));
	/* Onto an open file: its content stays with who has it open. */
	int fd = t_open("/r/n", O_RDONLY, 0);
	char c;
	IS(t_make("/r/o", "o"), 0);
	IS(t_rename("/r/o", "/r/n"), 0);
	CHECK(t_has("/r/n", "o"));
	IS(t_read(fd, &c, 1), 1);
	CHECK(c == 'x');
	IS(t_close(fd), 0);
	/* Where one is keeps its name right. */
	IS(t_chdir("/r/empty"), 0);
	IS(t_rename("/r/empty", "/r/a-name-that-is-longer-than-forty-bytes-so-"
				"that-it-is-not-inline"),
	   0);
	CHECK(!strcmp(t_getcwd(),
		      "/r/a-name-that-is-longer-than-forty-bytes-so-"
		      "that-it-is-not-inline"));
	IS(t_rename("../e2", "../g/e2"), 0);
	IS(t_rename(t_getcwd(), "/r/g/e2/deep"), 0);
	CHECK(!strcmp(t_getcwd(), "/r/g/e2/deep"));
	IS(t_exists("../../x"), 0);
	IS(t_rmdir("/r/g/e2/deep"), 0);
	CHECK(!strcmp(t_getcwd(), "error 2"));
	IS(t_mkdir("sub"), -ENOENT);
	IS(t_make("file", ""), -ENOENT);
	IS(t_exists("."), 0);
	IS(t_exists("none"), -ENOENT);
	IS(t_chdir(".."), 0);
	CHECK(!strcmp(t_getcwd(), "/r/g/e2"));
	IS(t_chdir("/"), 0);
	IS(t_rmdir("/r/g/e2"), 0);
	IS(t_unlink("/r/g/x"), 0);
	IS(t_rmdir("/r/g"), 0);
	IS(t_unlink("/r/m"), 0);
	IS(t_unlink("/r/n"), 0);
	CHECK(!strcmp(t_list("/r"), ". .. "));
	IS(t_rmdir("/r"), 0);
}

static void test_data(void)
{
	static char big[300000], back[300000];
	struct stat st;
	int fd, fd2;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + i / 4096);
	fd = t_open("/f", O_RDWR | O_CREAT | O_EXCL, 0640);
	CHECK(fd >= 0);
	IS(t_write(fd, big, sizeof(big)), sizeof(big));
	IS(t_read(fd, back, 10), 0);
	IS(t_seek(fd, 0, SEEK_SET), 0);
	IS(t_read(fd, back, sizeof(back)), sizeof(back));
	CHECK(!memcmp(big, back, sizeof(big)));
	IS(t_rw(fd, back, 100, 4090, false), 100);
	CHECK(!memcmp(back, big + 4090, 100));
	IS(t_rw(fd, back, 100, sizeof(big) - 10, false), 10);
	/* Append goes to the end whatever the position. */
	fd2 = t_open("/f", O_WRONLY | O_APPEND, 0);
	IS(t_seek(fd2, 0, SEEK_SET), 0);
	IS(t_write(fd2, "end", 3), 3);
	IS(t_rw(fd2, "END", 3, 5, true), 3);
	IS(t_seek(fd2, 0, SEEK_CUR), sizeof(big) + 3);
	IS(t_read(fd2, back, 3), -EBADF);
	IS(t_close(fd2), 0);
	IS(t_rw(fd, back, 10, sizeof(big), false), 6);
	CHECK(!memcmp(back, "endEND", 6));
	/* Shorter, longer: zeroes between. */
	IS(file_truncate(fd_ref(fd).file, 5000), 0);
	IS(file_truncate(fd_ref(fd).file, 9000), 0);
	IS(t_rw(fd, back, 9000, 0, false), 9000);
	CHECK(!memcmp(back, big, 5000));
	for (int i = 5000; i < 9000; i++)
		CHECK(!back[i]);
	/* Sparse. */
	IS(t_rw(fd, "x", 1, 1ll << 40, true), 1);
	IS(t_stat("/f", &st, true), 0);
	IS(st.st_size, (1ll << 40) + 1);
	IS(st.st_blocks, 3 * 8);
	IS(t_seek(fd, 0, SEEK_HOLE), 8192);
	IS(t_seek(fd, 8192, SEEK_HOLE), 8192);
	IS(t_seek(fd, 8192, SEEK_DATA), 1ll << 40);
	IS(t_seek(fd, (1ll << 40) + 1, SEEK_DATA), -ENXIO);
	IS(t_rw(fd, back, 10, 1ll << 39, false), 10);
	CHECK(!back[0]);
	IS(t_seek(fd, 0, SEEK_END), (1ll << 40) + 1);
	IS(t_seek(fd, -1, SEEK_SET), -EINVAL);
	IS(t_seek(fd, 0, 9), -EINVAL);
	/* Space ahead, and holes. */
	IS(file_truncate(fd_ref(fd).file, 0), 0);
	IS(t_stat("/f", &st, true), 0);
	IS(st.st_blocks, 0);
	IS(file_fallocate(fd_ref(fd).file, 0, 0, 40000), 0);
	IS(t_stat("/f", &st, true), 0);
	IS(st.st_size, 40000);
	IS(st.st_blocks, 80);
	IS(t_rw(fd, big, 40000, 0, true), 40000);
	IS(file_fallocate(fd_ref(fd).file,
			  FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5000,
			  20000),
	   0);
	IS(t_stat("/f", &st, true), 0);
	IS(st.st_blocks, 48);
	IS(t_rw(fd, back, 40000, 0, false), 40000);
	CHECK(!memcmp(back, big, 5000) &&
	      !memcmp(back + 25000, big + 25000, 15000) && !back[5000] &&
	      !back[24999] && !back[12000]);
	IS(file_fallocate(fd_ref(fd).file, 0, 0, 0), -EINVAL);
	/* Removed while open. */
	IS(t_unlink("/f"), 0);
	IS(t_rw(fd, back, 10, 0, false), 10);
	IS(t_stat("/f", &st, true), -ENOENT);
	IS(t_close(fd), 0);
	IS(t_close(fd), -EBADF);
	IS(t_read(fd, back, 1), -EBADF);
	/* O_TRUNC. */
	IS(t_make("/f", "long text"), 0);
	IS(t_make("/f", "short"), 0);
	CHECK(t_has("/f", "short"));
	IS(t_unlink("/f"), 0);
}

static void test_bad_memory(void)
{
	static char buf[5 * 4096] __attribute__((aligned(4096)));
	uint64_t at = (uint64_t)(uintptr_t)buf;
	char back[16];
	struct file *r, *w;
	int fd = t_open("/f", O_RDWR | O_CREAT, 0666);

	IS(t_write(fd, (void *)8, 100), -EFAULT);
	IS(t_seek(fd, 0, SEEK_END), 0);
	IS(t_write(fd, "abc", 3), 3);
	IS(t_rw(fd, (void *)8, 100, 0, true), -EFAULT);
	IS(t_rw(fd, (void *)8, 3, 0, false), -EFAULT);
	IS(t_rw(fd, back, 3, 0, false), 3);
	CHECK(!memcmp(back, "abc", 3));
	/* What goes up to the bad page is written. */
	host_set_bad_range(at + 4096, at + 8192);
	IS(t_rw(fd, buf, sizeof(buf), 0, true), 4096);
	IS(t_rw(fd, buf + 4000, 4096, 100000, true), 96);
	IS(t_rw(fd, buf, sizeof(buf), 0, false), 4096);
	host_set_bad_range(0, 0);
	IS(t_seek(fd, 0, SEEK_END), 100096);
	t_close(fd);
	IS(t_unlink("/f"), 0);
	/* Through a pipe, with memory that has to be faulted in. */
	IS(pipe_create(0, &r, &w), 0);
	int rfd = fd_open(host_files(), r, false);
	int wfd = fd_open(host_files(), w, false);

	host_set_absent_range(at, at + sizeof(buf));
	memset(buf, 'p', sizeof(buf));
	IS(t_write(wfd, buf + 100, 4096), 4096);
	IS(t_write(wfd, buf, sizeof(buf)), sizeof(buf));
	host_set_absent_range(at, at + sizeof(buf));
	IS(t_read(rfd, buf, sizeof(buf)), sizeof(buf));
	CHECK(buf[4096] == 'p');
	IS(t_read(rfd, buf, sizeof(buf)), 4096);
	host_set_absent_range(0, 0);
	host_set_bad_range(at + 4096, at + 8192);
	IS(t_write(wfd, buf + 4000, 200), -EFAULT);
	IS(t_write(wfd, (void *)8, 200), -EFAULT);
	IS(t_write(wfd, "q", 1), 1);
	IS(t_read(rfd, (void *)8, 1), -EFAULT);
	IS(t_read(rfd, buf, 100), 1);
	host_set_bad_range(0, 0);
	t_close(rfd);
	t_close(wfd);
}

static void test_full(void)
{
	static char page[65536];
	struct stat st;
	ssize_t n, total = 0;
	char name[32];
	int fd, i;

	IS(t_mkdir("/small"), 0);
	IS(vfs_mount("none", "/small", "tmpfs", 0, "size=256k,nr_inodes=20"),
	   0);
	fd = t_open("/small/f", O_RDWR | O_CREAT, 0666);
	while ((n = t_write(fd, page, sizeof(page) - 100)) > 0)
		total += n;
	IS(n, -ENOSPC);
	IS(total, 256 * 1024);
	IS(t_write(fd, page, 1), -ENOSPC);
	IS(t_rw(fd, page, 4096, 0, true), 4096); /* what is there may change */
	IS(t_rw(fd, page, 1, 1 << 20, true), -ENOSPC);
	IS(file_fallocate(fd_ref(fd).file, 0, 0, 1 << 20), -ENOSPC);
	IS(file_truncate(fd_ref(fd).file, 0), 0);
	IS(t_write(fd, page, sizeof(page)), sizeof(page));
	t_close(fd);
	for (i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "/small/%d", i);
		if (t_make(name, "") < 0)
			break;
	}
	IS(i, 18); /* the root and f are two */
	IS(t_make(name, ""), -ENOSPC);
	IS(t_mkdir("/small/d"), -ENOSPC);
	IS(t_symlink("x", "/small/d"), -ENOSPC);
	IS(t_link("/small/f", "/small/d"), 0);
	IS(vfs_umount("/small", 0), 0);
	IS(t_stat("/small", &st, true), 0);
	CHECK(!strcmp(t_list("/small"), ". .. "));
	IS(vfs_mount("none", "/small", "tmpfs", 0, "bad=1"), -EINVAL);
	IS(t_rmdir("/small"), 0);
	/* Limits on the size of a file. */
	host_set_file_size_limit(10000);
	host_take_sent_signals();
	fd = t_open("/f", O_RDWR | O_CREAT, 0666);
	IS(t_write(fd, page, sizeof(page)), 10000);
	IS(host_take_sent_signals(), 0);
	IS(t_write(fd, page, 1), -EFBIG);
	IS(host_take_sent_signals(), 1ull << SIGXFSZ);
	IS(file_truncate(fd_ref(fd).file, 10001), -EFBIG);
	host_take_sent_signals();
	host_set_file_size_limit(UINT64_MAX);
	t_close(fd);
	IS(t_unlink("/f"), 0);
}

static void test_directories(void)
{
	struct names n = { .c.emit = names_emit, .most = 100 };
	char name[32], *seen = calloc(5000, 1), buf[8192];
	int fd, err, missing = 0;

	IS(t_mkdir("/d"), 0);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "/d/%d", i);
		IS(t_make(name, ""), 0);
	}
	/* Read while every second one goes and others come. */
	fd = t_open("/d", O_RDONLY, 0);
	for (int round = 0;; round++) {
		n.buf = buf;
		n.room = sizeof(buf);
		n.len = 0;
		n.count = 0;
		err = file_iterate(fd_ref(fd).file, &n.c);
		if (err || !n.count)
			break;
		for (char *s = strtok(buf, " "); s; s = strtok(NULL, " ")) {
			int i = atoi(s);

			if (s[0] == '.' || s[0] == 'n')
				continue;
			CHECK(!seen[i]);
			seen[i] = 1;
		}
		for (int i = round * 100 + 1; i < round * 100 + 100 && i < 5000;
		     i += 2) {
			snprintf(name, sizeof(name), "/d/%d", i);
			IS(t_unlink(name), 0);
		}
		if (round < 100) {
			snprintf(name, sizeof(name), "/d/n%d", round);
			IS(t_make(name, ""), 0);
		}
	}
	IS(err, 0);
	for (int i = 0; i < 5000; i += 2)
		missing += !seen[i];
	IS(missing, 0);
	t_close(fd);
	free(seen);
	IS(t_rmdir("/d"), -ENOTEMPTY);
	for (int i = 0; i < 5000; i += 2) {
		snprintf(name, sizeof(name), "/d/%d", i);
		IS(t_unlink(name), 0);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "/d/n%d", i);
		t_unlink(name);
	}
	IS(t_rmdir("/d"), 0);
}

static void test_rights(void)
{
	struct cred *c = host_cred_edit(), root = *c;
	struct file *f;
	struct path p;
	int fd;

	IS(vfs_mkdir(AT_FDCWD, "/p", 0777), 0);
	IS(path_lookup(AT_FDCWD, "/p", 0, &p), 0);
	IS(vfs_chmod(&p, 01777), 0);
	path_put(&p);
	IS(t_make("/p/root", "r"), 0);
	IS(path_lookup(AT_FDCWD, "/p/root", 0, &p), 0);
	IS(vfs_chmod(&p, 0600), 0);
	c->uid = c->euid = c->fsuid = 1000;
	c->gid = c->egid = c->fsgid = 1000;
	IS(t_open("/p/root", O_RDONLY, 0), -EACCES);
	IS(t_unlink("/p/root"), -EPERM);
	IS(t_rename("/p/root", "/p/mine"), -EPERM);
	IS(vfs_chmod(&p, 0666), -EPERM);
	IS(vfs_chown(&p, 1000, 1000), -EPERM);
	IS(vfs_utimes(&p, NULL), -EACCES);
	path_put(&p);
	IS(t_mkdir("/no"), -EACCES);
	IS(t_make("/p/mine", "m"), 0);
	IS(path_lookup(AT_FDCWD, "/p/mine", 0, &p), 0);
	IS(vfs_chown(&p, 1000, 7), -EPERM);
	IS(vfs_chmod(&p, 0), 0);
	IS(t_open("/p/mine", O_RDONLY, 0), -EACCES);
	IS(vfs_chmod(&p, 0711), 0);
	path_put(&p);
	IS(vfs_mknod(AT_FDCWD, "/p/n", S_IFCHR | 0666, ABI_DEV(1, 3)), -EPERM);
	IS(vfs_mknod(AT_FDCWD, "/p/n", S_IFIFO | 0666, 0), 0);
	IS(t_unlink("/p/n"), 0);
	IS(t_mkdir("/p/d"), 0);
	IS(path_lookup(AT_FDCWD, "/p/d", 0, &p), 0);
	IS(vfs_chmod(&p, 0600), 0);
	IS(t_exists("/p/d/x"), -EACCES);
	path_put(&p);
	IS(t_rmdir("/p/d"), 0);
	/* Not while it is executed, nor the other way round. */
	IS(file_open_exec(AT_FDCWD, "/p/mine", 0, &f), 0);
	IS(t_open("/p/mine", O_WRONLY, 0), -ETXTBSY);
	file_put(f);
	fd = t_open("/p/mine", O_WRONLY, 0);
	IS(fd, 0);
	IS(file_open_exec(AT_FDCWD, "/p/mine", 0, &f), -ETXTBSY);
	t_close(fd);
	IS(file_open_exec(AT_FDCWD, "/p", 0, &f), -EACCES);
	*c = root;
	IS(file_open_exec(AT_FDCWD, "/p/root", 0, &f), -EACCES);
	IS(t_unlink("/p/mine"), 0);
	IS(t_unlink("/p/root"), 0);
	IS(t_rmdir("/p"), 0);
}

static void test_descriptors(void)
{
	struct fdtable *t = host_files(), *copy;
	int fd = t_open("/", O_RDONLY | O_CLOEXEC, 0), n = 0;
	struct stat st;

	IS(fd, 0);
	IS(t_make("/f", "0123456789"), 0);
	IS(t_open("/f", O_RDONLY, 0), 1);
	IS(t_open("/f", O_RDONLY, 0), 2);
	IS(t_close(1), 0);
	IS(t_open("/f", O_RDONLY, 0), 1);
	IS(fd_dup2(t, 2, 700, false), 700);
	IS(fd_dup2(t, 3, 701, false), -EBADF);
	IS(fd_dup2(t, 1, 1 << 30, false), -EBADF);
	IS(t_seek(700, 4, SEEK_SET), 4);
	IS(t_seek(2, 0, SEEK_CUR), 4);
	IS(t_seek(1, 0, SEEK_CUR), 0);
	copy = fdtable_fork(t);
	CHECK(copy->files[700] && copy->files[2] == copy->files[700]);
	fdtable_exec(copy);
	IS(fdtable_next(copy, 0), 1);
	fdtable_put(copy);
	IS(fd_get_cloexec(t, 0), 1);
	IS(fd_set_cloexec(t, 0, false), 0);
	IS(fd_get_cloexec(t, 0), 0);
	IS(fd_get_cloexec(t, 5), -EBADF);
	IS(t_close(-1), -EBADF);
	IS(t_close(100000000), -EBADF);
	/* Ten thousand, and the limit. */
	host_set_fd_limit(12000);
	while ((fd = t_open("/f", O_RDONLY, 0)) >= 0)
		n++;
	IS(fd, -EMFILE);
	IS(n, 12000 - 4);
	IS(fd_alloc(t, 12000, false), -EINVAL);
	IS(t_close(5000), 0);
	IS(t_open("/f", O_RDONLY, 0), 5000);
	for (int i = 0; i < 12000; i++)
		t_close(i);
	IS(fdtable_next(t, 0), -1);
	IS(t_stat("/f", &st, true), 0);
	IS(t_unlink("/f"), 0);
	host_set_fd_limit(1024);
}

struct pipe_ends {
	struct file *r, *w;
	unsigned char *got;
	size_t n;
	bool done;
};

static void pipe_reader(void *arg)
{
	struct pipe_ends *e = arg;
	struct iovec v;
	struct uio u;
	ssize_t n;

	for (;;) {
		uio_init_kernel(&u, &v, e->got + e->n, 1000);
		n = file_read(e->r, &u, NULL);
		if (n <= 0)
			break;
		e->n += (size_t)n;
	}
	IS(n, 0);
	file_put(e->r);
	e->done = true;
	thread_exit();
}

static void pipe_writer(void *arg)
{
	struct pipe_ends *e = arg;
	struct iovec v;
	struct uio u;
	unsigned char rec[300];

	/* Records of one byte repeated: whole ones only come out. */
	for (unsigned i = 0; i < 500; i++) {
		size_t n = 100 + i % 200;

		memset(rec, (int)(i * 2 + (e->n & 1)), sizeof(rec));
		rec[0] = (unsigned char)(n >> 8);
		rec[1] = (unsigned char)n;
		uio_init_kernel(&u, &v, rec, n);
		IS(file_write(e->w, &u, NULL), n);
	}
	file_put(e->w);
	thread_exit();
}

static void test_pipes(void)
{
	struct file *r, *w;
	struct pipe_ends e, w1, w2;
	char buf[70000];
	int rfd, wfd;
	uint32_t have;

	IS(pipe_create(O_NONBLOCK, &r, &w), 0);
	rfd = fd_open(host_files(), r, false);
	wfd = fd_open(host_files(), w, false);
	IS(t_read(rfd, buf, 1), -EAGAIN);
	IS(t_write(wfd, "x", 1), 1);
	IS(t_read(rfd, buf, 10), 1);
	IS(t_seek(rfd, 0, SEEK_CUR), -ESPIPE);
	IS(t_rw(rfd, buf, 1, 0, false), -ESPIPE);
	IS(t_rw(wfd, buf, 1, 0, true), -ESPIPE);
	IS(t_write(rfd, buf, 1), -EBADF);
	IS(t_read(wfd, buf, 1), -EBADF);
	memset(buf, 'b', sizeof(buf));
	IS(t_write(wfd, buf, sizeof(buf)), 65536);
	IS(t_write(wfd, buf, 1), -EAGAIN);
	IS(r->ops->ioctl(r, FIONREAD, (uint64_t)(uintptr_t)&have), 0);
	IS(have, 65536);
	IS(t_read(rfd, buf, 100), 100);
	IS(t_write(wfd, buf, 4096), -EAGAIN); /* whole or not at all */
	IS(t_write(wfd, buf, 5000), 100);
	for (int i = 0; i < 1000; i++) {
		IS(t_read(rfd, buf, 60), 60);
		IS(t_write(wfd, buf, 60), 60);
	}
	IS(t_read(rfd, buf, 70000), 65536);
	t_close(wfd);
	IS(t_read(rfd, buf, 10), 0);
	t_close(rfd);
	IS(pipe_create(0, &r, &w), 0);
	file_put(r);
	wfd = fd_open(host_files(), w, false);
	host_take_sent_signals();
	IS(t_write(wfd, "x", 1), -EPIPE);
	IS(host_take_sent_signals(), 1ull << SIGPIPE);
	t_close(wfd);

	/* Two writers of records, one reader. */
	IS(pipe_create(0, &r, &w), 0);
	file_get(w);
	e = (struct pipe_ends){ .r = r, .got = malloc(300000) };
	w1 = (struct pipe_ends){ .w = w, .n = 0 };
	w2 = (struct pipe_ends){ .w = w, .n = 1 };
	IS(kthread_create("w1", pipe_writer, &w1, NULL), 0);
	IS(kthread_create("r", pipe_reader, &e, NULL), 0);
	IS(kthread_create("w2", pipe_writer, &w2, NULL), 0);
	host_settle();
	CHECK(e.done);
	for (size_t at = 0; at < e.n;) {
		size_t n = (size_t)e.got[at] << 8 | e.got[at + 1];

		CHECK(n >= 100 && n < 300 && at + n <= e.n);
		if (n < 100 || at + n > e.n)
			break;
		for (size_t i = 3; i < n; i++)
			CHECK(e.got[at + i] == e.got[at + 2]);
		at += n;
	}
	free(e.got);
}

static struct pollfd polled[3];
static int poll_result = -1000;

static void poller(void *arg)
{
	poll_result = poll_files(polled, 3, WAIT_FOREVER);
	thread_exit();
}

static void test_poll(void)
{
	struct pollfd p[70];
	struct file *r, *w;
	int rfd, wfd;
	char c;

	IS(pipe_create(0, &r, &w), 0);
	rfd = fd_open(host_files(), r, false);
	wfd = fd_open(host_files(), w, false);
	p[0] = (struct pollfd){ rfd, POLLIN, 0 };
	p[1] = (struct pollfd){ wfd, POLLOUT, 0 };
	p[2] = (struct pollfd){ 99, POLLIN, 0 };
	IS(poll_files(p, 2, 0), 1);
	IS(p[0].revents, 0);
	IS(p[1].revents, POLLOUT);
	IS(poll_files(p, 3, WAIT_FOREVER), 2);
	IS(p[2].revents, POLLNVAL);
	IS(poll_files(p, 1, time_now() + 1000000), 0);
	for (int i = 0; i < 70; i++)
		p[i] = (struct pollfd){ i % 2 ? rfd : -1, POLLIN, 0 };
	IS(poll_files(p, 70, time_now() + 1000000), 0);
	polled[0] = (struct pollfd){ rfd, POLLIN, 0 };
	polled[1] = (struct pollfd){ -5, POLLIN, 0 };
	polled[2] = (struct pollfd){ rfd, POLLIN, 0 };
	IS(kthread_create("poller", poller, NULL, NULL), 0);
	host_settle();
	IS(poll_result, -1000);
	IS(t_write(wfd, "x", 1), 1);
	host_settle();
	IS(poll_result, 2);
	IS(t_read(rfd, &c, 1), 1);
	t_close(wfd);
	IS(poll_files(polled, 3, WAIT_FOREVER), 2);
	IS(polled[0].revents, POLLHUP);
	t_close(rfd);
}

static int fifo_fd = -1000;

static void fifo_opener(void *arg)
{
	fifo_fd = t_open("/fifo", O_RDONLY, 0);
	thread_exit();
}

static void test_fifo(void)
{
	char buf[10];
	int w;

	IS(vfs_mknod(AT_FDCWD, "/fifo", S_IFIFO | 0666, 0), 0);
	IS(t_open("/fifo", O_WRONLY | O_NONBLOCK, 0), -ENXIO);
	w = t_open("/fifo", O_RDONLY | O_NONBLOCK, 0);
	CHECK(w >= 0);
	IS(t_read(w, buf, 1), 0); /* nobody writes: the end */
	t_close(w);
	IS(kthread_create("opener", fifo_opener, NULL, NULL), 0);
	host_settle();
	IS(fifo_fd, -1000);
	w = t_open("/fifo", O_WRONLY, 0);
	host_settle();
	CHECK(w >= 0 && fifo_fd >= 0);
	IS(t_write(w, "hi", 2), 2);
	IS(t_read(fifo_fd, buf, 10), 2);
	t_close(w);
	IS(t_read(fifo_fd, buf, 10), 0);
	t_close(fifo_fd);
	IS(t_unlink("/fifo"), 0);
}

static void test_mounts(void)
{
	struct stat st, st2;
	struct file *f;

	IS(t_mkdir("/m"), 0);
	IS(t_mkdir("/m/below"), 0);
	IS(vfs_mount("none", "/m", "nofs", 0, NULL), -ENODEV);
	IS(vfs_mount("none", "/nothing", "tmpfs", 0, NULL), -ENOENT);
	IS(vfs_mount("/m", "/m", "ext4", 0, NULL), -ENOTBLK);
	IS(vfs_mount("none", "/m", "tmpfs", 0, "mode=700"), 0);
	IS(t_exists("/m/below"), -ENOENT);
	IS(t_stat("/m", &st, true), 0);
	IS(t_stat("/", &st2, true), 0);
	CHECK(st.st_dev != st2.st_dev);
	IS(st.st_mode, S_IFDIR | 0700);
	IS(t_rmdir("/m"), -EBUSY);
	IS(t_rename("/m", "/n"), -EBUSY);
	IS(t_make("/m/f", "in"), 0);
	IS(t_link("/m/f", "/f"), -EXDEV);
	IS(t_rename("/m/f", "/f"), -EXDEV);
	IS(t_stat("/m/..", &st, true), 0);
	IS(st.st_ino, st2.st_ino);
	IS(t_chdir("/m"), 0);
	CHECK(!strcmp(t_getcwd(), "/m"));
	IS(t_mkdir("sub"), 0);
	IS(t_chdir("sub"), 0);
	CHECK(!strcmp(t_getcwd(), "/m/sub"));
	IS(t_chdir("../.."), 0);
	CHECK(!strcmp(t_getcwd(), "/"));
	/* One on top of another, and one below. */
	IS(vfs_mount("none", "/m/sub", "tmpfs", 0, NULL), 0);
	IS(vfs_umount("/m", 0), -EBUSY);
	IS(vfs_umount("/m/sub", 0), 0);
	IS(vfs_mount("none", "/m", "tmpfs", 0, NULL), 0);
	IS(t_exists("/m/f"), -ENOENT);
	IS(vfs_umount("/m", 0), 0);
	CHECK(t_has("/m/f", "in"));
	/* Read-only. */
	IS(vfs_mount(NULL, "/m", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	IS(t_open("/m/f", O_RDWR, 0), -EROFS);
	IS(t_open("/m/f", O_RDONLY | O_TRUNC, 0), -EROFS);
	IS(t_make("/m/g", ""), -EROFS);
	IS(t_mkdir("/m/sub"), -EEXIST);
	IS(t_unlink("/m/f"), -EROFS);
	CHECK(t_has("/m/f", "in"));
	IS(vfs_mount(NULL, "/m", NULL, MS_REMOUNT, NULL), 0);
	IS(t_make("/m/g", ""), 0);
	/* In use. */
	IS(vfs_open(AT_FDCWD, "/m/f", O_RDONLY, 0, &f), 0);
	IS(vfs_umount("/m", 0), -EBUSY);
	IS(vfs_umount("/m", MNT_DETACH), 0);
	IS(t_exists("/m/f"), -ENOENT);
	IS(t_exists("/m/below"), 0);
	file_put(f);
	IS(vfs_umount("/m", 0), -EINVAL);
	IS(vfs_umount("/", 0), -EBUSY);
	/* The same tree in two places. */
	IS(t_mkdir("/b"), 0);
	IS(vfs_mount("/m", "/b", NULL, MS_BIND, NULL), 0);
	IS(t_exists("/b/below"), 0);
	IS(t_make("/b/x", "x"), 0);
	CHECK(t_has("/m/x", "x"));
	IS(vfs_umount("/b", 0), 0);
	IS(t_unlink("/m/x"), 0);
	IS(t_rmdir("/b"), 0);
	IS(t_rmdir("/m/below"), 0);
	IS(t_rmdir("/m"), 0);
}

static void test_devices(void)
{
	static unsigned char disk_data[1 << 20], back[8192];
	static struct host_disk disk;
	struct stat st;
	int fd;

	for (size_t i = 0; i < sizeof(disk_data); i++)
		disk_data[i] = (unsigned char)(i / 512 + i);
	host_disk_memory(&disk, disk_data, sizeof(disk_data));
	strcpy(disk.bd.name, "vdt");
	disk.bd.dev = ABI_DEV(254, 16);
	blk_register(&disk.bd);
	CHECK(blk_find("/dev/vdt") == &disk.bd);
	IS(t_mkdir("/dev"), 0);
	IS(vfs_mount("dev", "/dev", "devtmpfs", 0, NULL), 0);
	fd = t_open("/dev/null", O_RDWR, 0);
	IS(t_write(fd, back, 100), 100);
	IS(t_read(fd, back, 100), 0);
	t_close(fd);
	fd = t_open("/dev/zero", O_RDWR, 0);
	memset(back, 1, sizeof(back));
	IS(t_read(fd, back, sizeof(back)), sizeof(back));
	CHECK(!back[0] && !back[8191]);
	IS(t_read(fd, (void *)8, 1), -EFAULT);
	t_close(fd);
	fd = t_open("/dev/full", O_RDWR, 0);
	IS(t_write(fd, back, 1), -ENOSPC);
	t_close(fd);
	fd = t_open("/dev/urandom", O_RDONLY, 0);
	IS(t_read(fd, back, 1000), 1000);
	t_close(fd);
	IS(t_stat("/dev/vdt", &st, true), 0);
	CHECK(S_ISBLK(st.st_mode) && st.st_rdev == disk.bd.dev);
	fd = t_open("/dev/vdt", O_RDWR, 0);
	IS(t_rw(fd, back, sizeof(back), 70000, false), sizeof(back));
	CHECK(!memcmp(back, disk_data + 70000, sizeof(back)));
	IS(t_seek(fd, 0, SEEK_END), sizeof(disk_data));
	IS(t_write(fd, back, 1), -ENOSPC);
	IS(t_rw(fd, "hello", 5, 510, true), 5);
	CHECK(!memcmp(disk_data + 510, "hello", 5));
	t_close(fd);
	IS(vfs_mknod(AT_FDCWD, "/node", S_IFCHR | 0600, ABI_DEV(99, 1)), 0);
	IS(t_open("/node", O_RDONLY, 0), -ENXIO);
	IS(t_unlink("/node"), 0);
	IS(vfs_umount("/dev", 0), 0);
	IS(t_rmdir("/dev"), 0);
}

static int next_pid(int from)
{
	return from <= 1 ? 1 : from <= 7 ? 7 : -1;
}

static int owner(int pid, uid_t *uid, gid_t *gid)
{
	*uid = *gid = 0;
	return pid == 1 || pid == 7 ? 0 : -ESRCH;
}

static int place(int pid, enum proc_place what, struct path *out)
{
	if (what == PROC_EXE)
		return -ENOENT;
	*out = host_fs()->cwd;
	path_get(out);
	return 0;
}

static int files(int pid, struct fdtable **out)
{
	if (pid != 1)
		return -ENOENT;
	*out = host_files();
	fdtable_get(*out);
	return 0;
}

static int show_comm(struct proc_text *t, int pid)
{
	proc_printf(t, "p%d\n", pid);
	return 0;
}

static int show_long(struct proc_text *t)
{
	for (int i = 0; i < 1000; i++)
		proc_printf(t, "line %d of many\n", i);
	return 0;
}

static char knob[PROC_WRITE_MAX + 1];

static int show_knob(struct proc_text *t)
{
	proc_printf(t, "%s\n", knob);
	return 0;
}

static int turn_knob(char *text)
{
	if (!strcmp(text, "stuck"))
		return -EBUSY;
	strcpy(knob, text);
	return 0;
}

/* Files of /proc that are written to, and lie in a folder. */
static void test_proc_write(void)
{
	struct cred *c = host_cred_edit(), root = *c;
	static char text[PROC_WRITE_MAX + 2];
	int fd;

	IS(proc_register_file("kit/knob", 0644, show_knob, turn_knob), 0);
	IS(proc_register("kitten", show_knob), 0);
	IS(proc_register_file("kit/other", 0400, show_knob, NULL), 0);
	CHECK(strstr(t_list("/proc"), " long kit kitten self "));
	CHECK(!strcmp(t_list("/proc/kit"), ". .. knob other "));
	IS(t_exists("/proc/kit/k"), -ENOENT);
	IS(t_exists("/proc/knob"), -ENOENT);
	fd = t_open("/proc/kit/knob", O_WRONLY | O_TRUNC, 0);
	IS(t_write(fd, "half way\n", 9), 9);
	CHECK(t_has("/proc/kit/knob", "half way\n"));
	IS(t_write(fd, "stuck", 5), -EBUSY);
	memset(text, 'a', sizeof(text));
	IS(t_write(fd, text, PROC_WRITE_MAX + 1), -E2BIG);
	CHECK(t_has("/proc/kit/knob", "half way\n"));
	IS(t_write(fd, text, PROC_WRITE_MAX), PROC_WRITE_MAX);
	IS(strlen(knob), PROC_WRITE_MAX);
	t_close(fd);
	fd = t_open("/proc/kitten", O_WRONLY, 0);
	IS(t_write(fd, "x", 1), -EINVAL);
	t_close(fd);
	c->uid = c->euid = c->fsuid = 1000;
	IS(t_open("/proc/kit/knob", O_WRONLY, 0), -EACCES);
	IS(t_open("/proc/kit/other", O_RDONLY, 0), -EACCES);
	*c = root;
}

static void test_proc(void)
{
	static const struct proc_hooks hooks = { next_pid, owner, place,
						 files };
	char buf[128], want[16];
	size_t total = 0;
	ssize_t n;
	int fd;

	proc_set_hooks(&hooks);
	IS(proc_register_pid("comm", 0444, show_comm), 0);
	IS(proc_register("long", show_long), 0);
	IS(t_mkdir("/proc"), 0);
	IS(vfs_mount("proc", "/proc", "proc", 0, NULL), 0);
	CHECK(strstr(t_list("/proc"), "mounts"));
	CHECK(strstr(t_list("/proc"), " self 1 7 "));
	CHECK(t_has("/proc/7/comm", "p7\n"));
	CHECK(t_has("/proc/self/comm", "p1\n"));
	IS(t_exists("/proc/8"), -ENOENT);
	IS(t_exists("/proc/07"), -ENOENT);
	IS(t_make("/proc/new", ""), -EACCES);
	IS(t_mkdir("/proc/new"), -EPERM);
	IS(t_unlink("/proc/7/comm"), -EPERM);
	fd = t_open("/proc/long", O_RDONLY, 0);
	while ((n = t_read(fd, buf, 100)) > 0)
		total += (size_t)n;
	IS(total, 10 * 15 + 90 * 16 + 900 * 17);
	IS(t_seek(fd, 0, SEEK_SET), 0);
	IS(t_read(fd, buf, 15), 15);
	CHECK(!memcmp(buf, "line 0 of many\n", 15));
	snprintf(want, sizeof(want), "/proc/1/fd/%d", fd);
	n = vfs_readlink(AT_FDCWD, want, buf, sizeof(buf));
	CHECK(n == 10 && !memcmp(buf, "/proc/long", 10));
	CHECK(strstr(t_list("/proc/1/fd"), " 0 "));
	t_close(fd);
	IS(t_chdir("/proc/1"), 0);
	CHECK(!strcmp(t_getcwd(), "/proc/1"));
	CHECK(strstr(t_list("."), " fd "));
	IS(t_chdir("/"), 0);
	n = vfs_readlink(AT_FDCWD, "/proc/1/cwd", buf, sizeof(buf));
	CHECK(n == 1 && buf[0] == '/');
	IS(vfs_readlink(AT_FDCWD, "/proc/1/exe", buf, sizeof(buf)), -ENOENT);
	IS(t_exists("/proc/1/cwd/proc/7"), 0);
	fd = t_open("/proc/mounts", O_RDONLY, 0);
	n = t_read(fd, buf, sizeof(buf) - 1);
	CHECK(n > 0);
	buf[n > 0 ? n : 0] = '\0';
	CHECK(!strncmp(buf,
		       "rootfs / tmpfs rw,relatime 0 0\nproc /proc proc "
		       "rw,relatime 0 0\n",
		       60));
	t_close(fd);
	CHECK(strstr(t_list("/proc/7"), "comm"));
	test_proc_write();
	IS(vfs_umount("/proc", 0), 0);
	IS(t_rmdir("/proc"), 0);
}

static size_t member(char *at, const char *name, unsigned ino, mode_t mode,
		     unsigned nlink, const char *data)
{
	size_t n, size = data ? strlen(data) : 0;

	n = (size_t)sprintf(at,
			    "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X"
			    "%08X%08zX%08X",
			    ino, mode, 5u, 6u, nlink, 1000u, size, 0u, 1u, 4u,
			    64u, strlen(name) + 1, 0u);
	n += (size_t)sprintf(at + n, "%s", name) + 1;
	while (n % 4)
		at[n++] = 0;
	memcpy(at + n, data ? data : "", size);
	n += size;
	while (n % 4)
		at[n++] = 0;
	return n;
}

static void test_cpio(void)
{
	static char a[8192], damaged[8192];
	struct stat st;
	struct path p;
	size_t n = 0;

	n += member(a + n, ".", 1, S_IFDIR | 0755, 2, NULL);
	n += member(a + n, "bin", 2, S_IFDIR | 0700, 2, NULL);
	n += member(a + n, "./bin/sh", 3, S_IFREG | 0755, 1, "shell");
	n += member(a + n, "new/dir/file", 4, S_IFREG | 0644, 1, "made");
	n += member(a + n, "link", 5, S_IFLNK | 0777, 1, "bin/sh");
	n += member(a + n, "tty", 6, S_IFCHR | 0620, 1, NULL);
	n += member(a + n, "one", 7, S_IFREG | 0644, 2, NULL);
	n += member(a + n, "two", 7, S_IFREG | 0644, 2, "shared");
	n += member(a + n, "TRAILER!!!", 0, 0, 1, NULL);
	IS(t_mkdir("/c"), 0);
	IS(path_lookup(AT_FDCWD, "/c", 0, &p), 0);
	IS(cpio_unpack(p.dentry->inode, a, n), 0);
	CHECK(t_has("/c/link", "shell"));
	CHECK(t_has("/c/new/dir/file", "made"));
	CHECK(t_has("/c/one", "shared"));
	IS(t_stat("/c/two", &st, true), 0);
	IS(st.st_nlink, 2);
	IS(st.st_uid, 5);
	IS(t_stat("/c/tty", &st, true), 0);
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == ABI_DEV(4, 64));
	IS(t_stat("/c/bin", &st, true), 0);
	IS(st.st_mode, S_IFDIR | 0700);
	/* Over itself, then damaged in every byte and cut everywhere. */
	IS(cpio_unpack(p.dentry->inode, a, n), 0);
	CHECK(t_has("/c/one", "shared"));
	for (size_t i = 0; i < n; i++) {
		cpio_unpack(p.dentry->inode, a, i);
		memcpy(damaged, a, n);
		damaged[i] ^= (char)(1 << i % 7);
		cpio_unpack(p.dentry->inode, damaged, n);
	}
	IS(cpio_unpack(p.dentry->inode, "", 0), -EINVAL);
	n = member(a, "../escape", 9, S_IFREG | 0644, 1, "x");
	IS(cpio_unpack(p.dentry->inode, a, n), -EINVAL);
	IS(t_exists("/escape"), -ENOENT);
	path_put(&p);
}

/* Every allocation of a busy sequence fails once: errors, never harm. */
static void sequence(void)
{
	struct file *r, *w;
	char buf[100];
	int fd;

	t_mkdir("/o");
	t_mkdir("/o/dir-with-a-name-that-is-longer-than-forty-bytes");
	fd = t_open("/o/f", O_RDWR | O_CREAT, 0666);
	if (fd >= 0) {
		t_rw(fd, "x", 1, 1 << 20, true);
		t_rw(fd, buf, 100, 100, true);
		t_close(fd);
	}
	t_symlink("f", "/o/s");
	fd = t_open("/o/s", O_RDONLY, 0);
	if (fd >= 0)
		t_close(fd);
	t_link("/o/f", "/o/g");
	t_rename("/o/g", "/o/h");
	if (!pipe_create(0, &r, &w)) {
		file_put(r);
		file_put(w);
	}
	struct fdtable *t = fdtable_fork(host_files());
	if (t)
		fdtable_put(t);
	if (!vfs_mount("none", "/o", "tmpfs", 0, NULL)) {
		t_mkdir("/o/deep");
		t_mkdir("/o/deep/er");
		IS(vfs_umount("/o", 0), 0);
	}
	host_fail_alloc(0);
	t_unlink("/o/f");
	t_unlink("/o/s");
	t_unlink("/o/g");
	t_unlink("/o/h");
	t_rmdir("/o/dir-with-a-name-that-is-longer-than-forty-bytes");
	t_rmdir("/o");
}

static void test_no_memory(void)
{
	for (unsigned n = 1; n < 120; n++) {
		t_rmdir("/o");
		host_fail_alloc(n);
		sequence();
		t_rmdir("/o");
		IS(t_exists("/o"), -ENOENT);
	}
}

/* Threads that change one tree at once, switched at random. */
static unsigned chaos_done;

static void chaos_worker(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg * 7919 + 1;
	char a[40], b[40], buf[64];

	for (int i = 0; i < 400; i++) {
		seed = seed * 1103515245 + 12345;
		snprintf(a, sizeof(a), "/z/%u/%u", seed >> 8 & 1,
			 seed >> 12 & 3);
		snprintf(b, sizeof(b), "/z/%u/%u", seed >> 16 & 1,
			 seed >> 20 & 3);
		switch (seed >> 24 & 15) {
		case 0:
			t_mkdir(a);
			break;
		case 1:
			t_rmdir(a);
			break;
		case 2:
		case 3:
			t_unlink(a);
			break;
		case 4:
		case 5:
		case 6:
			t_rename(a, b);
			break;
		case 7:
			vfs_rename(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
			break;
		case 8:
			t_link(a, b);
			break;
		case 9:
			t_symlink(b, a);
			break;
		case 10:
			vfs_readlink(AT_FDCWD, a, buf, sizeof(buf));
			t_exists(b);
			break;
		case 11:
			reclaim_all();
			break;
		default: {
			struct file *f;

			if (!vfs_open(AT_FDCWD, a, O_RDWR | O_CREAT, 0666,
				      &f)) {
				off_t pos = 4000;

				file_write_kernel(f, buf, sizeof(buf), &pos);
				file_put(f);
			}
		}
		}
	}
	chaos_done++;
	thread_exit();
}

static void remove_all(const char *dir)
{
	char list[4096], path[300];

	strcpy(list, t_list(dir));
	for (char *at = list, *s; (s = strsep(&at, " "));) {
		if (!*s || *s == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, s);
		if (t_unlink(path) == -EISDIR) {
			remove_all(path);
			IS(t_rmdir(path), 0);
		}
	}
}

static void test_chaos(void)
{
	for (unsigned round = 1; round <= 20; round++) {
		IS(t_mkdir("/z"), 0);
		IS(t_mkdir("/z/0"), 0);
		IS(t_mkdir("/z/1"), 0);
		chaos_done = 0;
		host_set_chaos(round);
		for (uintptr_t i = 0; i < 4; i++)
			IS(kthread_create("chaos", chaos_worker,
					  (void *)(i + round * 10), NULL),
			   0);
		host_settle();
		host_set_chaos(0);
		IS(chaos_done, 4);
		remove_all("/z");
		IS(t_rmdir("/z"), 0);
	}
}

/* ---- inodes that come and go: a file system that makes them up ---- */

static unsigned fake_reads, fake_evicts;

static const struct inode_ops fake_ops;

static int fake_inode(struct super *sb, ino_t ino, struct inode **out)
{
	struct inode *ip;
	bool fresh;
	int err = inode_lookup(sb, ino, &ip, &fresh);

	if (err)
		return err;
	if (fresh) {
		sched_yield_now(); /* as if it were read */
		CHECK(!ip->priv);
		if (ino == 13 && ++fake_reads % 3) {
			inode_fail_new(ip);
			return -EIO;
		}
		ip->priv = ip;
		ip->ops = &fake_ops;
		ip->mode = ino == 1 ? S_IFDIR | 0755 : S_IFREG | 0644;
		inode_unlock_new(ip);
	}
	CHECK(ip->priv == ip && ip->ino == ino && ip->mode);
	*out = ip;
	return 0;
}

static int fake_lookup(struct inode *dir, const char *name, unsigned len,
		       struct inode **out)
{
	if (len != 1 || *name < '0' || *name > '9')
		return -ENOENT;
	return fake_inode(dir->sb, (ino_t)(10 + *name - '0'), out);
}

static void fake_evict(struct inode *ip)
{
	sched_yield_now();
	ip->priv = NULL;
	fake_evicts++;
}

static const struct inode_ops fake_ops = { .lookup = fake_lookup };
static const struct super_ops fake_super_ops = { .evict = fake_evict };

static void fake_worker(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	struct stat st;
	char name[2] = "0";

	for (int i = 0; i < 500; i++) {
		seed = seed * 1103515245 + 12345;
		name[0] = (char)('0' + (seed >> 8) % 10);
		if ((seed >> 16) % 8 == 0)
			reclaim_all();
		else if (t_stat(name, &st, true))
			CHECK(name[0] == '3');
		else
			IS(st.st_ino, 10 + name[0] - '0');
	}
	chaos_done++;
	thread_exit();
}

static void fake_mount(struct mount **m)
{
	static const struct fs_type fake_type = { .name = "fake" };
	struct super *sb = super_alloc(&fake_type, NULL);

	sb->ops = &fake_super_ops;
	IS(fake_inode(sb, 1, &sb->root), 0);
	IS(mount_private(sb, m), 0);
	host_fs()->cwd = (struct path){ *m, (*m)->root };
}

static void test_icache(void)
{
	struct fs_context *fs = host_fs();
	struct path old = fs->cwd;

	for (unsigned round = 1; round <= 10; round++) {
		struct mount *m;

		fake_mount(&m);
		chaos_done = 0;
		host_set_chaos(round);
		for (uintptr_t i = 0; i < 4; i++)
			IS(kthread_create("fake", fake_worker,
					  (void *)(i * 77 + round), NULL),
			   0);
		host_settle();
		host_set_chaos(0);
		IS(chaos_done, 4);
		fs->cwd = old;
		mount_put(m);
	}
	CHECK(fake_evicts > 100);
}

static void reclaim_worker(void *arg)
{
	while (chaos_done < 2) {
		reclaim_all();
		sched_yield_now();
	}
	thread_exit();
}

static void name_worker(void *arg)
{
	/* The names of the one that is unmounted are in memory, and others come
	 * and go. */
	for (int i = 0; i < 40; i++) {
		t_mkdir("/w");
		t_rmdir("/w");
	}
	chaos_done++;
	thread_exit();
}

static struct path old_cwd;

static void unmount_worker(void *arg)
{
	struct stat st;
	char name[2] = "0";

	for (; name[0] <= '9'; name[0]++)
		t_stat(name, &st, true);
	host_fs()->cwd = old_cwd;
	mount_put(arg);
	chaos_done++;
	thread_exit();
}

/* What is just being given back belongs to a file system that goes. */
static void test_reclaim_unmount(void)
{
	old_cwd = host_fs()->cwd;
	for (unsigned round = 1; round <= 300; round++) {
		struct mount *m;

		fake_mount(&m);
		chaos_done = 0;
		host_set_chaos(round);
		IS(kthread_create("reclaim", reclaim_worker, NULL, NULL), 0);
		IS(kthread_create("names", name_worker, NULL, NULL), 0);
		IS(kthread_create("unmount", unmount_worker, m, NULL), 0);
		host_settle();
		host_set_chaos(0);
		IS(chaos_done, 2);
	}
}

int main(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} tests[] = {
		{ "names", test_names },
		{ "links", test_links },
		{ "rename", test_rename },
		{ "data", test_data },
		{ "bad memory", test_bad_memory },
		{ "full", test_full },
		{ "directories", test_directories },
		{ "rights", test_rights },
		{ "descriptors", test_descriptors },
		{ "pipes", test_pipes },
		{ "poll", test_poll },
		{ "fifo", test_fifo },
		{ "mounts", test_mounts },
		{ "devices", test_devices },
		{ "proc", test_proc },
		{ "no memory", test_no_memory },
		{ "chaos", test_chaos },
		{ "icache", test_icache },
		{ "reclaim, unmount", test_reclaim_unmount },
		{ "cpio", test_cpio },
	};
	uint64_t pages, objects;
	struct fs_context *fs;
	struct fdtable *table;

	setvbuf(stdout, NULL, _IOLBF, 0);
	vfs_init();
	fs = fs_context_create();
	table = fdtable_create();
	host_set_process(fs, table);
	for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
		int before = failures;

		reclaim_all();
		pages = host_pages_in_use();
		objects = host_objects_in_use();
		tests[i].fn();
		reclaim_all();
		/* These make things that stay: /dev, /proc, the RAM root. */
		if (tests[i].fn != test_devices && tests[i].fn != test_proc &&
		    tests[i].fn != test_cpio &&
		    tests[i].fn != test_descriptors) {
			IS(host_pages_in_use(), pages);
			IS(host_objects_in_use(), objects);
		}
		printf("%s %s\n", failures == before ? "ok" : "FAIL",
		       tests[i].name);
	}
	fdtable_put(table);
	fs_context_put(fs);
	printf("%d failures\n", failures);
	return failures ? 1 : 0;
}
