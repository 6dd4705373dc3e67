/* Hard and symbolic links. */
#include "test.h"

#include <limits.h>

static void touch(const char *path)
{
	make_file(path, path, strlen(path));
}

static nlink_t links_of(const char *path)
{
	struct stat st;

	CHECK(!lstat(path, &st));
	return st.st_nlink;
}

static void hard_links(void)
{
	struct stat a, b;

	touch("a");
	CHECK(!link("a", "b"));
	CHECK(!stat("a", &a) && !stat("b", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(a.st_nlink, 2);
	CHECK(file_is("b", "a", 1));
	make_file("b", "new", 3);
	CHECK(file_is("a", "new", 3));
	CHECK_ERR(link("a", "b"), EEXIST);
	CHECK_ERR(link("none", "c"), ENOENT);
	CHECK_ERR(link("a", "none/c"), ENOENT);
	CHECK_ERR(link("a/x", "c"), ENOTDIR);
	CHECK(!mkdir("d", 0755));
	CHECK_ERR(link("d", "c"), EPERM);
	CHECK_ERR(link("a", "d"), EEXIST);
	CHECK_ERR(link(bad_pointer, "c"), EFAULT);
	CHECK(!unlink("a"));
	CHECK_EQ(links_of("b"), 1);
	CHECK(file_is("b", "new", 3));
}

static void many_links(void)
{
	char name[16];

	touch("f");
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		CHECK(!link("f", name));
	}
	CHECK_EQ(links_of("f"), 101);
	CHECK(!unlink("f"));
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		CHECK_EQ(links_of(name), 100 - i);
		CHECK(!unlink(name));
	}
}

static void links_across_file_systems(void)
{
	CHECK_ERR(link("/proc/self/status", "x"), EXDEV);
	touch("f");
	CHECK_ERR(rename("f", "/dev/x"), EXDEV);
}

static void symbolic_links(void)
{
	struct stat st, to;
	char buf[16];

	touch("f");
	CHECK(!symlink("f", "l"));
	CHECK_ERR(symlink("g", "l"), EEXIST);
	CHECK_ERR(symlink("g", "none/l"), ENOENT);
	CHECK_ERR(symlink("", "e"), ENOENT);
	CHECK(!lstat("l", &st) && !stat("l", &to));
	CHECK(S_ISLNK(st.st_mode) && S_ISREG(to.st_mode));
	CHECK_EQ(st.st_size, 1);
	CHECK_EQ(st.st_mode & 0777, 0777);
	memset(buf, 'x', sizeof(buf));
	CHECK_EQ(readlink("l", buf, sizeof(buf)), 1);
	CHECK(buf[0] == 'f' && buf[1] == 'x');
	CHECK(file_is("l", "f", 1));
	/* Written through, removed itself. */
	make_file("l", "through", 7);
	CHECK(file_is("f", "through", 7));
	CHECK(!unlink("l"));
	CHECK(!access("f", F_OK));
	/* A target that is not there may be made through it, unless O_EXCL. */
	CHECK(!symlink("later", "l"));
	CHECK_ERR(stat("l", &st), ENOENT);
	CHECK_ERR(open("l", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERR(mkdir("l", 0700), EEXIST);
	make_file("l", "made", 4);
	CHECK(file_is("later", "made", 4));
	/* Hard links are to the link itself, unless one asks. */
	CHECK(!link("l", "hard"));
	CHECK(!lstat("hard", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK(!linkat(AT_FDCWD, "l", AT_FDCWD, "followed",
		      AT_SYMLINK_FOLLOW));
	CHECK(!lstat("followed", &st));
	CHECK(S_ISREG(st.st_mode));
	CHECK_ERR(linkat(AT_FDCWD, "l", AT_FDCWD, "x", 0x1000000), EINVAL);
}

static void links_to_directories(void)
{
	struct stat st;

	CHECK(!mkdir("d", 0755) && !mkdir("d/e", 0755));
	touch("d/f");
	CHECK(!symlink("d", "l"));
	CHECK(!stat("l/f", &st) && !stat("l/", &st));
	CHECK(S_ISDIR(st.st_mode));
	CHECK(!lstat("l/", &st));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(rmdir("l"), ENOTDIR);
	CHECK_ERR(unlink("l/"), ENOTDIR);
	/* Relative to where the link lies; .. of what it means. */
	CHECK(!symlink("../d/f", "d/e/up"));
	CHECK_ERR(stat("d/e/up", &st), ENOENT);
	CHECK(!unlink("d/e/up"));
	CHECK(!symlink("../f", "d/e/up"));
	CHECK(!stat("d/e/up", &st));
	CHECK(!symlink("d/e", "deep"));
	CHECK(!stat("deep/../f", &st));
	CHECK(!symlink(test_dir, "d/abs"));
	CHECK(!stat("d/abs/d/f", &st));
	CHECK(!symlink("d/f", "tofile"));
	CHECK_ERR(stat("tofile/", &st), ENOTDIR);
	CHECK(!rename("l", "l2"));
	CHECK(!lstat("l2", &st));
	CHECK(S_ISLNK(st.st_mode));
}

static void forty_deep(void)
{
	char from[8], to[8];
	struct stat st;

	touch("l0");
	for (int i = 0; i < 41; i++) {
		snprintf(from, sizeof(from), "l%d", i);
		snprintf(to, sizeof(to), "l%d", i + 1);
		CHECK(!symlink(from, to));
	}
	CHECK(!stat("l40", &st));
	CHECK_ERR(stat("l41", &st), ELOOP);
	CHECK_ERR(open("l41", O_RDONLY), ELOOP);
	CHECK_ERR(open("l41", O_WRONLY | O_CREAT, 0600), ELOOP);
	CHECK(!symlink("loop", "loop"));
	CHECK_ERR(stat("loop", &st), ELOOP);
	CHECK_ERR(stat("loop/x", &st), ELOOP);
	CHECK_ERR(chdir("loop"), ELOOP);
	CHECK(!symlink("pong", "ping") && !symlink("ping", "pong"));
	CHECK_ERR(open("ping", O_WRONLY | O_CREAT, 0600), ELOOP);
	CHECK(!lstat("loop", &st));
	CHECK(!unlink("loop"));
}

static void target_sizes(void)
{
	static char target[PATH_MAX + 1], buf[PATH_MAX + 1];
	struct stat st;

	/* Short and long ones are kept in different places. */
	for (int n = 1; n < PATH_MAX; n = n < 100 ? n + 1 : n + 999) {
		memset(target, 't', (size_t)n);
		target[n] = '\0';
		CHECK(!symlink(target, "l"));
		CHECK(!lstat("l", &st));
		CHECK_EQ(st.st_size, n);
		CHECK_EQ(readlink("l", buf, sizeof(buf)), n);
		CHECK(!memcmp(buf, target, (size_t)n));
		CHECK(!unlink("l"));
	}
	memset(target, 't', PATH_MAX);
	target[PATH_MAX] = '\0';
	CHECK_ERR(symlink(target, "l"), ENAMETOOLONG);
	CHECK(!symlink("0123456789", "l"));
	memset(buf, 'x', 20);
	CHECK_EQ(readlink("l", buf, 4), 4);
	CHECK(!memcmp(buf, "0123x", 5));
	CHECK_EQ(sys(SYS_readlinkat, AT_FDCWD, "l", buf, 0), -EINVAL);
	CHECK_ERR(readlink("l", bad_pointer, 10), EFAULT);
	touch("f");
	CHECK_ERR(readlink("f", buf, 10), EINVAL);
	CHECK_ERR(readlink(".", buf, 10), EINVAL);
	CHECK_ERR(readlink("none", buf, 10), ENOENT);
}

/* The last name goes, the file stays until the last descriptor goes. */
static void unlink_while_open(void)
{
	struct stat st;
	char c;
	int fd, dead;

	touch("f");
	CHECK(!link("f", "g"));
	fd = open("f", O_RDWR);
	CHECK(fd >= 0);
	CHECK(!unlink("f") && !unlink("g"));
	CHECK(!fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'f');
	/* What has no name any more does not get one by way of a link. */
	dead = linkat(fd, "", AT_FDCWD, "h", AT_EMPTY_PATH);
	CHECK_EQ(dead, -1);
	CHECK_ERR(access("h", F_OK), ENOENT);
}

TEST_MAIN(CASE(hard_links), CASE(many_links),
	  CASE(links_across_file_systems), CASE(symbolic_links),
	  CASE(links_to_directories), CASE(forty_deep), CASE(target_sizes),
	  CASE(unlink_while_open))
