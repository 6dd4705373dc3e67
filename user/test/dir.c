/* Directories: reading, making, removing, renaming, and long names. */
#include "test.h"

#include <limits.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE  2
#endif

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	CHECK(fd >= 0);
	close(fd);
}

/* Names other than . and .. */
static unsigned count_names(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	unsigned n = 0, dots = 0;

	CHECK(dir);
	while ((e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			dots++;
		else
			n++;
	}
	CHECK_EQ(dots, 2);
	closedir(dir);
	return n;
}

static ino_t ino_of(const char *path)
{
	struct stat st;

	CHECK(!lstat(path, &st));
	return st.st_ino;
}

static void make_and_remove(void)
{
	struct stat st;

	CHECK(!mkdir("d", 0755));
	CHECK_ERR(mkdir("d", 0755), EEXIST);
	CHECK_ERR(mkdir("none/d", 0755), ENOENT);
	CHECK_ERR(mkdir("", 0755), ENOENT);
	CHECK_ERR(mkdir("/", 0755), EEXIST);
	CHECK_ERR(mkdir(".", 0755), EEXIST);
	CHECK(!mkdir("d/e/", 0700));
	CHECK(!stat("d", &st));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0755);
	CHECK_EQ(st.st_nlink, 3);
	touch("d/f");
	CHECK_ERR(mkdir("d/f", 0755), EEXIST);
	CHECK_ERR(mkdir("d/f/g", 0755), ENOTDIR);
	CHECK_ERR(rmdir("d"), ENOTEMPTY);
	CHECK_ERR(rmdir("d/f"), ENOTDIR);
	CHECK_ERR(unlink("d/e"), EISDIR);
	CHECK_ERR(rmdir("d/."), EINVAL);
	CHECK_ERR(rmdir("d/e/.."), ENOTEMPTY);
	CHECK_ERR(rmdir("none"), ENOENT);
	CHECK_ERR(unlink("none"), ENOENT);
	CHECK_ERR(unlink("d/f/"), ENOTDIR);
	CHECK(!rmdir("d/e/"));
	CHECK(!stat("d", &st));
	CHECK_EQ(st.st_nlink, 2);
	CHECK(!unlink("d/f"));
	CHECK(!rmdir("d"));
	CHECK_ERR(stat("d", &st), ENOENT);
}

static void remove_where_one_is(void)
{
	char buf[PATH_MAX];
	struct stat st;

	CHECK(!mkdir("d", 0755));
	CHECK(!chdir("d"));
	CHECK(!rmdir("../d"));
	CHECK(!stat(".", &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_ERR(open("f", O_WRONLY | O_CREAT, 0600), ENOENT);
	CHECK_ERR(mkdir("d", 0755), ENOENT);
	CHECK_EQ(sys(SYS_getcwd, buf, sizeof(buf)), -ENOENT);
	CHECK(!chdir(".."));
	CHECK(!chdir(test_dir));
}

static void names_of_all_lengths(void)
{
	char name[300], path[PATH_MAX + 10];
	struct stat st;

	for (int n = 1; n <= 255; n += n < 250 ? 31 : 1) {
		memset(name, 'n', (size_t)n);
		name[n] = '\0';
		touch(name);
		CHECK(!stat(name, &st));
	}
	memset(name, 'n', 256);
	name[256] = '\0';
	CHECK_ERR(open(name, O_WRONLY | O_CREAT, 0600), ENAMETOOLONG);
	CHECK_ERR(mkdir(name, 0700), ENAMETOOLONG);
	CHECK_ERR(stat(name, &st), ENAMETOOLONG);
	CHECK_ERR(symlink("x", name), ENAMETOOLONG);
	CHECK_ERR(rename("n", name), ENAMETOOLONG);
	CHECK_ERR(unlink(name), ENAMETOOLONG);
	/* PATH_MAX bytes and an end do not fit, one byte less does. */
	memset(path, '/', sizeof(path));
	path[PATH_MAX] = '\0';
	CHECK_ERR(stat(path, &st), ENAMETOOLONG);
	path[PATH_MAX - 1] = '\0';
	CHECK(!stat(path, &st));
	for (int i = 0; i < PATH_MAX; i++)
		path[i] = i % 2 ? '/' : '.';
	path[PATH_MAX] = '\0';
	CHECK_ERR(stat(path, &st), ENAMETOOLONG);
	path[PATH_MAX - 1] = '\0';
	CHECK(!stat(path, &st));
	/* Every byte but / and the end is a name. */
	for (int c = 1; c < 256; c++) {
		char one[3] = { 'x', (char)c, '\0' };

		if (c == '/' || c == 'n')
			continue;
		CHECK(!mkdir(one, 0700));
		CHECK(!rmdir(one));
	}
}

static void many_entries(void)
{
	enum { N = 5000 };
	static char seen[N];
	struct dirent *e;
	struct stat st;
	char name[40];
	DIR *dir;

	CHECK(!mkdir("d", 0755));
	CHECK(!chdir("d"));
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "entry-%d-of-many", i);
		touch(name);
	}
	CHECK(!chdir(".."));
	dir = opendir("d");
	CHECK(dir);
	while ((e = readdir(dir))) {
		int i;

		if (e->d_name[0] == '.')
			continue;
		CHECK(!strncmp(e->d_name, "entry-", 6));
		i = atoi(e->d_name + 6);
		CHECK(i >= 0 && i < N);
		CHECK_EQ(seen[i], 0);
		seen[i] = 1;
		CHECK(e->d_type == DT_REG || e->d_type == DT_UNKNOWN);
	}
	closedir(dir);
	for (int i = 0; i < N; i++)
		CHECK_EQ(seen[i], 1);
	CHECK(!chdir("d"));
	CHECK_ERR(stat("entry-5000-of-many", &st), ENOENT);
	for (int i = N - 1; i >= 0; i--) {
		snprintf(name, sizeof(name), "entry-%d-of-many", i);
		CHECK(!unlink(name));
	}
	CHECK(!chdir(".."));
	CHECK_EQ(count_names("d"), 0);
	CHECK(!rmdir("d"));
}

/* What is neither made nor removed during a reading shows exactly once. */
static void changed_while_read(void)
{
	enum { STAY = 300 };
	static unsigned char seen[STAY];
	char name[24], buf[512];
	int fd, round = 0;
	long n;

	CHECK(!mkdir("d", 0755));
	CHECK(!chdir("d"));
	for (int i = 0; i < STAY; i++) {
		snprintf(name, sizeof(name), "stay%d", i);
		touch(name);
		snprintf(name, sizeof(name), "go%d", i);
		touch(name);
	}
	fd = open(".", O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	while ((n = sys(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			unsigned short len;
			char *what = buf + at + 19;

			memcpy(&len, buf + at + 16, sizeof(len));
			CHECK(len >= 20 && len % 8 == 0 && at + len <= n);
			if (!strncmp(what, "stay", 4)) {
				int i = atoi(what + 4);

				CHECK(i >= 0 && i < STAY);
				CHECK_EQ(seen[i], 0);
				seen[i] = 1;
			}
			at += len;
		}
		snprintf(name, sizeof(name), "go%d", round);
		unlink(name);
		snprintf(name, sizeof(name), "go%d", STAY - round);
		unlink(name);
		snprintf(name, sizeof(name), "new%d", round);
		/* Not for ever: each may be one more to read. */
		if (round++ < 100)
			touch(name);
	}
	CHECK_EQ(n, 0);
	for (int i = 0; i < STAY; i++)
		CHECK_EQ(seen[i], 1);
	/* From the start again, by lseek. */
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK(sys(SYS_getdents64, fd, buf, sizeof(buf)) > 0);
}

static void getdents_arguments(void)
{
	char buf[512];
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	CHECK(fd >= 0);
	/* No room for one record. */
	CHECK_EQ(sys(SYS_getdents64, fd, buf, 8), -EINVAL);
	CHECK_EQ(sys(SYS_getdents64, fd, bad_pointer, sizeof(buf)), -EFAULT);
	CHECK_EQ(sys(SYS_getdents64, 99, buf, sizeof(buf)), -EBADF);
	/* Nothing of it is lost: the file stands where it stood. */
	if (test_on_linux()) /* QEMU's user mode has read them already */
		lseek(fd, 0, SEEK_SET);
	CHECK(sys(SYS_getdents64, fd, buf, sizeof(buf)) > 0);
	CHECK_EQ(sys(SYS_getdents64, fd, buf, sizeof(buf)), 0);
	CHECK_ERR(read(fd, buf, 1), EISDIR);
	close(fd);
	touch("f");
	fd = open("f", O_RDONLY);
	CHECK_EQ(sys(SYS_getdents64, fd, buf, sizeof(buf)), -ENOTDIR);
	close(fd);
	/* A removed directory is empty, not wrong. */
	CHECK(!mkdir("d", 0755));
	fd = open("d", O_RDONLY);
	CHECK(!rmdir("d"));
	CHECK(sys(SYS_getdents64, fd, buf, sizeof(buf)) <= 0);
}

static void rename_files(void)
{
	ino_t a;

	make_file("a", "aaa", 3);
	make_file("b", "bbb", 3);
	a = ino_of("a");
	CHECK(!rename("a", "c"));
	CHECK_EQ(ino_of("c"), a);
	CHECK_ERR(access("a", F_OK), ENOENT);
	CHECK_ERR(rename("a", "d"), ENOENT);
	/* Over another file: that one is gone. */
	CHECK(!rename("c", "b"));
	CHECK(file_is("b", "aaa", 3));
	CHECK_ERR(access("c", F_OK), ENOENT);
	CHECK(!rename("b", "b"));
	CHECK(file_is("b", "aaa", 3));
	/* Two names of one file: nothing happens. */
	CHECK(!link("b", "b2"));
	CHECK(!rename("b", "b2"));
	CHECK_EQ(ino_of("b"), ino_of("b2"));
	CHECK_EQ(count_names("."), 2);
	CHECK_ERR(rename("b", "none/x"), ENOENT);
	CHECK_ERR(rename("b", "b2/x"), ENOTDIR);
	CHECK_ERR(rename("b/", "x"), ENOTDIR);
	CHECK_ERR(rename("b", "x/"), ENOTDIR);
	CHECK_ERR(rename("b", ""), ENOENT);
	CHECK_ERR(rename(bad_pointer, "x"), EFAULT);
	CHECK_ERR(rename("b", bad_pointer), EFAULT);
}

static void rename_directories(void)
{
	struct stat st;

	CHECK(!mkdir("a", 0755) && !mkdir("a/sub", 0755));
	CHECK(!mkdir("b", 0755) && !mkdir("empty", 0755));
	touch("f");
	touch("a/sub/g");
	CHECK_ERR(rename("a", "f"), ENOTDIR);
	CHECK_ERR(rename("f", "b"), EISDIR);
	CHECK_ERR(rename("b", "a"), ENOTEMPTY);
	/* Into itself, at any depth. */
	CHECK_ERR(rename("a", "a/x"), EINVAL);
	CHECK_ERR(rename("a", "a/sub/x"), EINVAL);
	CHECK_ERR(rename("a/sub", "a"), ENOTEMPTY);
	CHECK_ERR(rename(".", "x"), EBUSY);
	CHECK_ERR(rename("a", "."), EBUSY);
	CHECK_ERR(rename("a/..", "x"), EBUSY);
	CHECK(!rename("a", "a"));
	/* Over an empty one, and what .. means afterwards. */
	CHECK(!rename("a/sub", "b/moved"));
	CHECK(!stat("a", &st));
	CHECK_EQ(st.st_nlink, 2);
	CHECK(!stat("b", &st));
	CHECK_EQ(st.st_nlink, 3);
	CHECK_EQ(ino_of("b/moved/.."), ino_of("b"));
	CHECK(!rename("b/moved/", "empty/"));
	CHECK(!access("empty/g", F_OK));
	CHECK_EQ(ino_of("empty/.."), ino_of("."));
	CHECK(!stat("b", &st));
	CHECK_EQ(st.st_nlink, 2);
	CHECK(!rename("b", "newname/"));
	CHECK_EQ(count_names("."), 4);
}

static void rename_keeps_or_swaps(void)
{
	struct stat st;

	make_file("a", "a", 1);
	make_file("b", "b", 1);
	CHECK(!mkdir("d", 0755) && !mkdir("d/e", 0755) &&
	      !mkdir("d2", 0755));
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b",
		     RENAME_NOREPLACE), -EEXIST);
	CHECK(file_is("b", "b", 1));
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "c",
		     RENAME_NOREPLACE), 0);
	CHECK(file_is("c", "a", 1));
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "c",
		     RENAME_EXCHANGE), 0);
	CHECK(file_is("b", "a", 1) && file_is("c", "b", 1));
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "none",
		     RENAME_EXCHANGE), -ENOENT);
	/* A file and a directory change places, over two parents. */
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "d/e", AT_FDCWD, "c",
		     RENAME_EXCHANGE), 0);
	CHECK(!stat("c", &st));
	CHECK(S_ISDIR(st.st_mode));
	CHECK(file_is("d/e", "b", 1));
	CHECK_EQ(ino_of("c/.."), ino_of("."));
	CHECK(!stat("d", &st));
	CHECK_EQ(st.st_nlink, 2);
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "d/x",
		     RENAME_EXCHANGE), -ENOENT);
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "x",
		     RENAME_EXCHANGE | RENAME_NOREPLACE), -EINVAL);
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "x", 0x80),
		 -EINVAL);
}

/* Many renames against each other: no name is lost or doubled. */
static void renames_at_once(void)
{
	enum { WORKERS = 4, ROUNDS = 200 };
	int status;

	CHECK(!mkdir("a", 0755) && !mkdir("b", 0755));
	for (int w = 0; w < WORKERS; w++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			char x[16], y[16];

			snprintf(x, sizeof(x), "a/%d", w);
			snprintf(y, sizeof(y), "b/%d", w);
			CHECK(!mkdir(x, 0755));
			for (int i = 0; i < ROUNDS; i++) {
				CHECK(!rename(x, y));
				/* These two may only ever win or be told. */
				if (w == 0)
					rename("a/3", "b/2/x");
				if (w == 1)
					rename("b/2/x", "a/3");
				if (w < 2)
					CHECK(!rename(y, x));
				else if (rename(y, x))
					CHECK_EQ(errno, ENOENT);
				if (w == 3 && access(x, F_OK))
					break;
			}
			_exit(0);
		}
	}
	for (int w = 0; w < WORKERS; w++) {
		CHECK(wait(&status) > 0);
		if (WIFSIGNALED(status))
			test_fail("a worker is killed by %d",
				  WTERMSIG(status));
	}
	CHECK(count_names("a") + count_names("b") <= WORKERS);
	CHECK(!access("a/0", F_OK) && !access("a/1", F_OK));
}

/* Two folders of one parent change places while others move names between the
 * two: both want the same two folders, and neither may wait for the other. */
static void folders_swapped_while_used(void)
{
	enum { WORKERS = 4, ROUNDS = 400, FOLDERS = 6 };
	char x[16], y[16];

	for (int i = 0; i < FOLDERS; i++) {
		snprintf(x, sizeof(x), "%d", i);
		CHECK(!mkdir(x, 0755));
	}
	for (int w = 0; w < WORKERS; w++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid)
			continue;
		for (int i = w; i < ROUNDS; i++) {
			int a = i % FOLDERS, b = (a + 1 + i / 7 % 5) % FOLDERS;

			snprintf(x, sizeof(x), w & 1 ? "%d" : "%d/f", a);
			snprintf(y, sizeof(y), w & 1 ? "%d" : "%d/f", b);
			if (w & 1)
				CHECK(!sys(SYS_renameat2, AT_FDCWD, x, AT_FDCWD,
					   y, RENAME_EXCHANGE));
			else if (rename(x, y))
				CHECK_EQ(errno, ENOENT);
			if (!(w & 1) && i % 3 == 0)
				close(open(x, O_CREAT | O_WRONLY, 0644));
		}
		_exit(0);
	}
	for (int w = 0; w < WORKERS; w++) {
		int status;

		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	for (int i = 0; i < FOLDERS; i++) {
		snprintf(x, sizeof(x), "%d/f", i);
		CHECK(!unlink(x) || errno == ENOENT);
	}
}

static void deep_and_up_again(void)
{
	char path[PATH_MAX], want[PATH_MAX];
	int depth = 0;

	CHECK(!mkdir("x", 0755));
	CHECK(getcwd(want, sizeof(want)));
	CHECK_EQ(strcmp(want, test_dir), 0);
	while (depth < 60) {
		CHECK(!mkdir("a-name-of-some-length", 0755));
		CHECK(!chdir("a-name-of-some-length"));
		strcat(want, "/a-name-of-some-length");
		depth++;
	}
	CHECK(getcwd(path, sizeof(path)));
	CHECK_EQ(strcmp(path, want), 0);
	CHECK_ERR(getcwd(path, 20) ? 0 : -1, ERANGE);
	while (depth--)
		CHECK(!chdir(".."));
	CHECK(getcwd(path, sizeof(path)));
	CHECK_EQ(strcmp(path, test_dir), 0);
	CHECK(!chdir("/../.."));
	CHECK(getcwd(path, sizeof(path)));
	CHECK_EQ(strcmp(path, "/"), 0);
}

/* Deeper than a path can say; still each step works. */
static void deeper_than_a_path(void)
{
	char name[201], path[8192];
	long n;

	memset(name, 'd', 200);
	name[200] = '\0';
	for (int i = 0; i < 25; i++) {
		CHECK(!mkdir(name, 0755));
		CHECK(!chdir(name));
	}
	n = sys(SYS_getcwd, path, sizeof(path));
	CHECK(n == -ENAMETOOLONG || n > 5000);
	touch("f");
	CHECK(!access("f", F_OK));
	for (int i = 0; i < 25; i++)
		CHECK(!chdir(".."));
	CHECK(!access(name, F_OK));
}

static void change_directory(void)
{
	struct stat st;
	int fd;

	CHECK(!mkdir("d", 0755));
	touch("f");
	CHECK_ERR(chdir("none"), ENOENT);
	CHECK_ERR(chdir("f"), ENOTDIR);
	CHECK_ERR(chdir(bad_pointer), EFAULT);
	fd = open("d", O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	CHECK(!fchdir(fd));
	CHECK(!stat("../f", &st));
	touch("g");
	CHECK(!chdir("/"));
	/* The *at calls begin at the descriptor. */
	CHECK(!fstatat(fd, "g", &st, 0));
	CHECK(!mkdirat(fd, "h", 0755));
	CHECK(!fstatat(fd, "h/../../f", &st, 0));
	CHECK_ERR(unlinkat(fd, "h", 0), EISDIR);
	CHECK(!unlinkat(fd, "h", AT_REMOVEDIR));
	CHECK_ERR(unlinkat(fd, "g", AT_REMOVEDIR), ENOTDIR);
	CHECK_ERR(unlinkat(fd, "g", 0x1000000), EINVAL);
	CHECK(!unlinkat(fd, "g", 0));
	CHECK_ERR(fstatat(99, "g", &st, 0), EBADF);
	CHECK(!fstatat(99, "/", &st, 0));
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	CHECK_ERR(fstatat(fd, "g", &st, 0), ENOTDIR);
	CHECK_ERR(fchdir(fd), ENOTDIR);
	CHECK_ERR(fchdir(99), EBADF);
}

static void odd_paths(void)
{
	struct stat st;

	CHECK(!mkdir("d", 0755) && !mkdir("d/e", 0755));
	touch("f");
	CHECK(!stat("d//e", &st) && !stat(".//d/.//e/.", &st));
	CHECK_EQ(ino_of("d/e/.."), ino_of("d"));
	CHECK_EQ(ino_of("d/e/../.."), ino_of("."));
	CHECK_EQ(ino_of("/.."), ino_of("/"));
	CHECK_EQ(ino_of("//"), ino_of("/"));
	CHECK(!stat("d/", &st));
	CHECK_ERR(stat("f/", &st), ENOTDIR);
	CHECK_ERR(stat("f/.", &st), ENOTDIR);
	CHECK_ERR(stat("f/..", &st), ENOTDIR);
	CHECK_ERR(stat("none/..", &st), ENOENT);
	CHECK_ERR(stat("", &st), ENOENT);
	CHECK_ERR(stat("...", &st), ENOENT);
}

/* Makers and removers of one name: always one of them is right. */
static void make_and_remove_at_once(void)
{
	enum { WORKERS = 4, ROUNDS = 300 };
	int status;

	for (int w = 0; w < WORKERS; w++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid)
			continue;
		for (int i = 0; i < ROUNDS; i++) {
			if (mkdir("same", 0755))
				CHECK_EQ(errno, EEXIST);
			close(open("same/f", O_WRONLY | O_CREAT, 0600));
			unlink("same/f");
			if (rmdir("same"))
				CHECK(errno == ENOENT || errno == ENOTEMPTY);
		}
		_exit(0);
	}
	for (int w = 0; w < WORKERS; w++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	unlink("same/f");
	rmdir("same");
	CHECK_EQ(count_names("."), 0);
}

TEST_MAIN(CASE(make_and_remove), CASE(remove_where_one_is),
	  CASE(names_of_all_lengths), CASE(many_entries),
	  CASE(changed_while_read), CASE(getdents_arguments),
	  CASE(rename_files), CASE(rename_directories),
	  CASE(rename_keeps_or_swaps), CASE(renames_at_once),
	  CASE(folders_swapped_while_used),
	  CASE(deep_and_up_again), CASE(deeper_than_a_path),
	  CASE(change_directory), CASE(odd_paths),
	  CASE(make_and_remove_at_once))
