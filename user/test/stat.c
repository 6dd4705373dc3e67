/* What is known about files: stat, statx, statfs, times. */
#include "test.h"

#include <sys/statfs.h>
#include <sys/sysmacros.h>

static struct stat stat_of(const char *path)
{
	struct stat st;

	CHECK(!lstat(path, &st));
	return st;
}

static void fields(void)
{
	struct stat st, dir, fd_st;
	int fd;

	make_file("f", "12345", 5);
	st = stat_of("f");
	CHECK(S_ISREG(st.st_mode));
	CHECK_EQ(st.st_mode & 07777, 0644);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_uid, geteuid());
	CHECK_EQ(st.st_size, 5);
	CHECK(st.st_blocks > 0 && st.st_blocks <= 16);
	CHECK(st.st_blksize >= 512);
	CHECK(st.st_ino != 0);
	fd = open("f", O_RDONLY);
	CHECK(!fstat(fd, &fd_st));
	CHECK_EQ(fd_st.st_ino, st.st_ino);
	CHECK_EQ(fd_st.st_dev, st.st_dev);
	CHECK(!fstatat(fd, "", &fd_st, AT_EMPTY_PATH));
	CHECK_EQ(fd_st.st_ino, st.st_ino);
	CHECK_ERR(fstatat(fd, "", &fd_st, 0), ENOENT);
	CHECK_ERR(fstatat(AT_FDCWD, "f", &fd_st, 0x10000000), EINVAL);
	dir = stat_of(".");
	CHECK(S_ISDIR(dir.st_mode));
	CHECK_EQ(dir.st_dev, st.st_dev);
	CHECK(dir.st_ino != st.st_ino);
	CHECK_ERR(fstat(99, &st), EBADF);
}

static void kinds(void)
{
	struct stat st = stat_of("/dev/null");
	int fd[2];

	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(major(st.st_rdev), 1);
	CHECK_EQ(minor(st.st_rdev), 3);
	CHECK(S_ISDIR(stat_of("/").st_mode));
	CHECK(S_ISDIR(stat_of("/proc").st_mode));
	CHECK(stat_of("/proc").st_dev != stat_of("/tmp").st_dev);
	CHECK(!symlink("12345678", "l"));
	st = stat_of("l");
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(st.st_size, 8);
	CHECK(!mkfifo("p", 0640));
	CHECK(S_ISFIFO(stat_of("p").st_mode));
	CHECK_EQ(stat_of("p").st_mode & 0777, 0640);
	CHECK(!pipe(fd));
	CHECK(!fstat(fd[1], &st));
	CHECK(S_ISFIFO(st.st_mode));
	CHECK(!mknod("reg", S_IFREG | 0600, 0));
	CHECK(S_ISREG(stat_of("reg").st_mode));
	CHECK_EQ(mknod("what", 0170000 | 0600, 0), -1);
}

static int is_after(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec ||
	       (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

static void times_move(void)
{
	struct timespec before, mtime, ctime, dir;
	int fd;

	make_file("f", "x", 1);
	mtime = stat_of("f").st_mtim;
	ctime = stat_of("f").st_ctim;
	clock_gettime(CLOCK_REALTIME, &before);
	CHECK(mtime.tv_sec <= before.tv_sec &&
	      mtime.tv_sec > before.tv_sec - 60);
	nap_ms(30);
	fd = open("f", O_RDWR);
	CHECK_EQ(write(fd, "y", 1), 1);
	CHECK(is_after(stat_of("f").st_mtim, mtime));
	CHECK(is_after(stat_of("f").st_ctim, ctime));
	mtime = stat_of("f").st_mtim;
	ctime = stat_of("f").st_ctim;
	nap_ms(30);
	/* Rights are not content. */
	CHECK(!fchmod(fd, 0600));
	CHECK(!is_after(stat_of("f").st_mtim, mtime));
	CHECK(is_after(stat_of("f").st_ctim, ctime));
	dir = stat_of(".").st_mtim;
	nap_ms(30);
	CHECK(!link("f", "g"));
	CHECK(is_after(stat_of(".").st_mtim, dir));
	dir = stat_of(".").st_mtim;
	nap_ms(30);
	CHECK(!unlink("g"));
	CHECK(is_after(stat_of(".").st_mtim, dir));
	nap_ms(30);
	CHECK(!ftruncate(fd, 0));
	CHECK(is_after(stat_of("f").st_mtim, mtime));
}

static void times_are_set(void)
{
	struct timespec t[2] = { { 1000000000, 123456789 },
				 { 1500000000, 987654321 } };
	struct stat st;
	int fd;

	make_file("f", "x", 1);
	CHECK(!utimensat(AT_FDCWD, "f", t, 0));
	st = stat_of("f");
	CHECK_EQ(st.st_atim.tv_sec, 1000000000);
	CHECK_EQ(st.st_atim.tv_nsec, 123456789);
	CHECK_EQ(st.st_mtim.tv_sec, 1500000000);
	CHECK_EQ(st.st_mtim.tv_nsec, 987654321);
	t[0].tv_nsec = UTIME_OMIT;
	t[1].tv_nsec = UTIME_NOW;
	fd = open("f", O_RDONLY);
	CHECK(!futimens(fd, t));
	st = stat_of("f");
	CHECK_EQ(st.st_atim.tv_sec, 1000000000);
	CHECK(st.st_mtim.tv_sec > 1500000000 ||
	      !test_on_linux() /* a machine may have no clock */);
	t[0].tv_nsec = 2000000000;
	CHECK_ERR(futimens(fd, t), EINVAL);
	CHECK(!utimensat(AT_FDCWD, "f", NULL, 0));
	CHECK_ERR(utimensat(AT_FDCWD, "none", NULL, 0), ENOENT);
	/* The link itself. */
	CHECK(!symlink("f", "l"));
	t[0] = (struct timespec){ 5, 0 };
	t[1] = (struct timespec){ 7, 0 };
	CHECK(!utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
	CHECK_EQ(stat_of("l").st_mtim.tv_sec, 7);
	CHECK(stat_of("f").st_mtim.tv_sec != 7);
}

static void more_by_statx(void)
{
	struct statx x;
	struct stat st;

	make_file("f", "12345", 5);
	st = stat_of("f");
	memset(&x, 0xff, sizeof(x));
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x), 0);
	CHECK_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	CHECK_EQ(x.stx_size, 5);
	CHECK_EQ(x.stx_ino, st.st_ino);
	CHECK_EQ(x.stx_mode, st.st_mode);
	CHECK_EQ(x.stx_nlink, 1);
	CHECK_EQ(x.stx_uid, st.st_uid);
	CHECK_EQ(x.stx_blocks, st.st_blocks);
	CHECK_EQ(x.stx_mtime.tv_sec, st.st_mtim.tv_sec);
	CHECK_EQ(x.stx_mtime.tv_nsec, st.st_mtim.tv_nsec);
	CHECK_EQ(x.stx_dev_major, major(st.st_dev));
	CHECK_EQ(x.stx_dev_minor, minor(st.st_dev));
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "/dev/null", 0, STATX_BASIC_STATS,
		     &x), 0);
	CHECK_EQ(x.stx_rdev_major, 1);
	CHECK_EQ(x.stx_rdev_minor, 3);
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "none", 0, STATX_SIZE, &x),
		 -ENOENT);
	if (!test_on_linux())
		CHECK_EQ(sys(SYS_statx, AT_FDCWD, "f", 0, 0x80000000u, &x),
			 -EINVAL);
}

static void file_system(void)
{
	struct statfs fs, other;
	int fd;

	CHECK(!statfs(".", &fs));
	CHECK(fs.f_type == 0x01021994 || fs.f_type == 0xef53);
	CHECK(fs.f_bsize >= 512);
	CHECK(fs.f_bfree <= fs.f_blocks && fs.f_bavail <= fs.f_bfree);
	CHECK(fs.f_ffree <= fs.f_files);
	CHECK_EQ(fs.f_namelen, 255);
	fd = open(".", O_RDONLY);
	CHECK(!fstatfs(fd, &other));
	CHECK_EQ(other.f_type, fs.f_type);
	CHECK(!statfs("/proc", &other));
	CHECK_EQ(other.f_type, 0x9fa0);
	CHECK_ERR(statfs("none", &fs), ENOENT);
	CHECK_ERR(fstatfs(99, &fs), EBADF);
}

static void use_is_counted(void)
{
	struct statfs before, after;
	static char buf[1 << 20];
	long used, extra;

	CHECK(!statfs(".", &before));
	/* A disk needs blocks to keep its accounts, too. */
	extra = before.f_type == 0x01021994 ? 0 : 1 << 17;
	memset(buf, 1, sizeof(buf));
	make_file("f", buf, sizeof(buf));
	CHECK(!statfs(".", &after));
	used = (long)(before.f_bfree - after.f_bfree) * after.f_bsize;
	CHECK(used >= 1 << 20 && used <= (1 << 20) + extra);
	CHECK_EQ(stat_of("f").st_blocks, 2048);
	CHECK(after.f_ffree < before.f_ffree);
	CHECK(!unlink("f"));
	sync(); /* a disk may give blocks back only then */
	CHECK(!statfs(".", &after));
	used = (long)(before.f_bfree - after.f_bfree) * after.f_bsize;
	CHECK(used >= 0 && used <= extra);
	CHECK_EQ(after.f_ffree, before.f_ffree);
}

TEST_MAIN(CASE(fields), CASE(kinds), CASE(times_move), CASE(times_are_set),
	  CASE(more_by_statx), CASE(file_system), CASE(use_is_counted))
