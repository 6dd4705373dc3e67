/* Regular files: opening, positions, holes, ends, limits, bad buffers. */
#include "test.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/uio.h>

static int must_open(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	CHECK(fd >= 0);
	return fd;
}

static off_t size_of(int fd)
{
	struct stat st;

	CHECK(!fstat(fd, &st));
	return st.st_size;
}

static void open_flags(void)
{
	int fd;
	char c;

	CHECK_ERR(open("none", O_RDONLY), ENOENT);
	CHECK_ERR(open("", O_RDONLY), ENOENT);
	CHECK_ERR(open("none/none", O_RDWR | O_CREAT, 0600), ENOENT);
	fd = must_open("f", O_RDWR | O_CREAT | O_EXCL);
	CHECK_EQ(write(fd, "abc", 3), 3);
	close(fd);
	CHECK_ERR(open("f", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open("f/", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("f/x", O_RDONLY), ENOTDIR);
	CHECK_ERR(open(".", O_WRONLY), EISDIR);
	CHECK_ERR(open(".", O_RDWR), EISDIR);
	CHECK_ERR(open("new/", O_WRONLY | O_CREAT, 0600), EISDIR);
	CHECK_ERR(open(bad_pointer, O_RDONLY), EFAULT);
	fd = must_open("f", O_RDONLY);
	CHECK_ERR(write(fd, "x", 1), EBADF);
	CHECK_ERR(ftruncate(fd, 0), EINVAL);
	close(fd);
	fd = must_open("f", O_WRONLY);
	CHECK_ERR(read(fd, &c, 1), EBADF);
	CHECK_EQ(size_of(fd), 3);
	close(fd);
	fd = must_open("f", O_WRONLY | O_TRUNC);
	CHECK_EQ(size_of(fd), 0);
	close(fd);
	/* The rights in open() are for the next one, not for this. */
	fd = open("locked", O_RDWR | O_CREAT, 0);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "x", 1), 1);
	close(fd);
	CHECK(!symlink("f", "link"));
	CHECK_ERR(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("link", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	fd = must_open("f", O_PATH);
	CHECK_ERR(read(fd, &c, 1), EBADF);
	CHECK_EQ(size_of(fd), 0);
	close(fd);
	CHECK_ERR(close(fd), EBADF);
	CHECK_ERR(read(fd, &c, 1), EBADF);
	CHECK_ERR(read(-1, &c, 1), EBADF);
}

static void append_appends(void)
{
	int a, b;

	make_file("f", "start", 5);
	a = must_open("f", O_WRONLY | O_APPEND);
	b = must_open("f", O_WRONLY | O_APPEND);
	CHECK_EQ(write(a, "A", 1), 1);
	CHECK_EQ(write(b, "B", 1), 1);
	CHECK_EQ(lseek(a, 0, SEEK_SET), 0);
	CHECK_EQ(write(a, "C", 1), 1);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 8);
	CHECK(file_is("f", "startABC", 8));
	/* The flag goes and comes by fcntl. */
	CHECK(!fcntl(a, F_SETFL, 0));
	CHECK_EQ(lseek(a, 0, SEEK_SET), 0);
	CHECK_EQ(write(a, "S", 1), 1);
	CHECK(!fcntl(a, F_SETFL, O_APPEND));
	CHECK_EQ(write(a, "D", 1), 1);
	CHECK(file_is("f", "StartABCD", 9));
}

/* Appenders in several processes overwrite nothing of each other's. */
static void appenders_at_once(void)
{
	enum { WRITERS = 4, LINES = 200, LEN = 16 };
	static char all[WRITERS * LINES * LEN + 1];
	int count[WRITERS] = { 0 }, fd;

	close(must_open("log", O_WRONLY | O_CREAT));
	for (int w = 0; w < WRITERS; w++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			char line[LEN];

			fd = must_open("log", O_WRONLY | O_APPEND);
			memset(line, 'a' + w, LEN);
			for (int i = 0; i < LINES; i++)
				CHECK_EQ(write(fd, line, LEN), LEN);
			_exit(0);
		}
	}
	for (int w = 0; w < WRITERS; w++) {
		int status;

		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	fd = must_open("log", O_RDONLY);
	CHECK_EQ(read(fd, all, sizeof(all)), WRITERS * LINES * LEN);
	for (int i = 0; i < WRITERS * LINES; i++) {
		char *line = all + i * LEN;

		CHECK(line[0] >= 'a' && line[0] < 'a' + WRITERS);
		for (int k = 1; k < LEN; k++)
			CHECK_EQ(line[k], line[0]);
		count[line[0] - 'a']++;
	}
	for (int w = 0; w < WRITERS; w++)
		CHECK_EQ(count[w], LINES);
}

static void positions(void)
{
	int a, b, c, status;
	char buf[8] = "";
	pid_t pid;

	make_file("f", "0123456789", 10);
	a = must_open("f", O_RDWR);
	b = dup(a);
	c = must_open("f", O_RDONLY);
	CHECK_EQ(read(a, buf, 2), 2);
	/* A copy of the descriptor shares the position, another open not. */
	CHECK_EQ(read(b, buf, 1), 1);
	CHECK_EQ(buf[0], '2');
	CHECK_EQ(read(c, buf, 1), 1);
	CHECK_EQ(buf[0], '0');
	pid = fork();
	if (!pid)
		_exit(read(a, buf, 1) == 1 && buf[0] == '3' ? 0 : 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(read(b, buf, 1), 1);
	CHECK_EQ(buf[0], '4');
	CHECK_EQ(lseek(a, -2, SEEK_END), 8);
	CHECK_EQ(read(b, buf, 8), 2);
	CHECK_EQ(read(b, buf, 8), 0);
	CHECK_EQ(lseek(a, -3, SEEK_CUR), 7);
	CHECK_ERR(lseek(a, -8, SEEK_CUR), EINVAL);
	CHECK_ERR(lseek(a, -1, SEEK_SET), EINVAL);
	CHECK_ERR(lseek(a, 0, 77), EINVAL);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 7);
	CHECK_ERR(lseek(99, 0, SEEK_CUR), EBADF);
}

static void read_and_write_at(void)
{
	char buf[8] = "";
	int fd = must_open("f", O_RDWR | O_CREAT);

	CHECK_EQ(pwrite(fd, "abcdef", 6, 10), 6);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(size_of(fd), 16);
	CHECK_EQ(pread(fd, buf, 3, 12), 3);
	CHECK(!strcmp(buf, "cde"));
	CHECK_EQ(pread(fd, buf, 8, 14), 2);
	CHECK_EQ(pread(fd, buf, 8, 16), 0);
	CHECK_EQ(pread(fd, buf, 8, 1ll << 40), 0);
	CHECK_ERR(pread(fd, buf, 1, -1), EINVAL);
	CHECK_ERR(pwrite(fd, buf, 1, -1), EINVAL);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

static void vectors(void)
{
	char a[4] = "abc", b[4] = "def", c[4] = "", d[4] = "";
	struct iovec out[3] = { { a, 3 }, { NULL, 0 }, { b, 3 } };
	struct iovec in[2] = { { c, 2 }, { d, 3 } };
	static struct iovec many[1025];
	int fd = must_open("f", O_RDWR | O_CREAT);

	CHECK_EQ(writev(fd, out, 3), 6);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(readv(fd, in, 2), 5);
	CHECK(!strcmp(c, "ab") && !strcmp(d, "cde"));
	CHECK_EQ(readv(fd, in, 2), 1);
	CHECK_EQ(preadv(fd, in, 2, 1), 5);
	CHECK(!strcmp(c, "bc"));
	CHECK_EQ(pwritev(fd, out, 3, 6), 6);
	CHECK(file_is("f", "abcdefabcdef", 12));
	CHECK_EQ(writev(fd, out, 0), 0);
	CHECK_ERR(writev(fd, out, -1), EINVAL);
	for (int i = 0; i < 1025; i++)
		many[i] = (struct iovec){ a, 1 };
	CHECK_EQ(writev(fd, many, 1024), 1024);
	CHECK_ERR(writev(fd, many, 1025), EINVAL);
	CHECK_ERR(writev(fd, bad_pointer, 1), EFAULT);
	out[0].iov_len = (size_t)-1;
	CHECK_ERR(writev(fd, out, 1), EINVAL);
	/* The good ones before a bad one count. */
	out[0].iov_len = 3;
	out[1] = (struct iovec){ bad_pointer, 3 };
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(writev(fd, out, 3), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
}

static void holes_are_zero(void)
{
	static char buf[3 * 4096];
	struct stat st;
	int fd = must_open("f", O_RDWR | O_CREAT);

	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(lseek(fd, 1 << 20, SEEK_SET), 1 << 20);
	CHECK_EQ(size_of(fd), 1);
	CHECK_EQ(write(fd, "y", 1), 1);
	CHECK(!fstat(fd, &st));
	CHECK_EQ(st.st_size, (1 << 20) + 1);
	/* Nearly all of it takes no room. */
	CHECK(st.st_blocks * 512 < 64 * 1024);
	memset(buf, 1, sizeof(buf));
	CHECK_EQ(pread(fd, buf, sizeof(buf), 1), (long)sizeof(buf));
	for (size_t i = 0; i < sizeof(buf); i++)
		CHECK_EQ(buf[i], 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), (1 << 20) - 2), 3);
	CHECK(buf[0] == 0 && buf[1] == 0 && buf[2] == 'y');
	/* Far out, in the middle of nothing. */
	CHECK_EQ(pwrite(fd, "z", 1, (1ll << 33) + 5), 1);
	CHECK_EQ(size_of(fd), (1ll << 33) + 6);
	CHECK_EQ(pread(fd, buf, 8, (1ll << 33)), 6);
	CHECK(buf[4] == 0 && buf[5] == 'z');
}

/* What was cut off does not come back when the file grows again. */
static void truncate_forgets(void)
{
	static char buf[10000];
	int fd = must_open("f", O_RDWR | O_CREAT);

	memset(buf, 'x', sizeof(buf));
	CHECK_EQ(write(fd, buf, sizeof(buf)), (long)sizeof(buf));
	CHECK(!ftruncate(fd, 4100));
	CHECK_EQ(size_of(fd), 4100);
	CHECK(!ftruncate(fd, 9000));
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 9000);
	for (int i = 0; i < 9000; i++)
		CHECK_EQ(buf[i], i < 4100 ? 'x' : 0);
	CHECK(!ftruncate(fd, 5));
	CHECK_EQ(pwrite(fd, "y", 1, 20), 1);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 21);
	for (int i = 5; i < 20; i++)
		CHECK_EQ(buf[i], 0);
	CHECK_ERR(ftruncate(fd, -1), EINVAL);
	CHECK_ERR(truncate("none", 0), ENOENT);
	CHECK_ERR(truncate(".", 0), EISDIR);
	CHECK(!truncate("f", 0));
	CHECK_EQ(size_of(fd), 0);
	/* The position stays where it was. */
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), (long)sizeof(buf));
}

static void size_limit(void)
{
	struct rlimit rl = { 5000, 5000 };
	static char buf[8192];
	int fd = must_open("f", O_RDWR | O_CREAT);

	/* No file is as long as a number can say. */
	CHECK_EQ(pwrite(fd, "x", 1, INT64_MAX), -1);
	CHECK(errno == EFBIG || errno == EINVAL);
	CHECK(!setrlimit(RLIMIT_FSIZE, &rl));
	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(write(fd, buf, sizeof(buf)), 5000);
	CHECK_ERR(write(fd, buf, 1), EFBIG);
	CHECK_ERR(ftruncate(fd, 5001), EFBIG);
	CHECK_EQ(size_of(fd), 5000);
}

static void over_the_limit(void)
{
	struct rlimit rl = { 10, 10 };
	int fd = must_open("f", O_RDWR | O_CREAT);

	CHECK(!setrlimit(RLIMIT_FSIZE, &rl));
	CHECK_EQ(write(fd, "0123456789", 10), 10);
	CHECK_EQ(write(fd, "x", 1), -1);
}

static void size_limit_signal(void)
{
	CHECK_EQ(killed_by(over_the_limit), SIGXFSZ);
}

/* A file system of one megabyte to fill; its name. */
static const char *small_fs(void)
{
	struct statfs fs;

	if (!geteuid()) {
		CHECK(!mkdir("small", 0777));
		CHECK(!mount("tmpfs", "small", "tmpfs", 0, "size=1m"));
		return "small";
	}
	if (statfs("/tmp/small", &fs) ||
	    fs.f_blocks * (uint64_t)fs.f_bsize != 1 << 20)
		test_skip("no small file system to fill");
	return "/tmp/small";
}

static void end_small_fs(void)
{
	CHECK(!chdir(test_dir));
	if (!geteuid())
		CHECK(!umount2("small", 0));
}

static void full_file_system(void)
{
	enum { CHUNK = 10000 };
	static char buf[CHUNK];
	struct statfs fs;
	long total = 0, again = 0;
	ssize_t n;
	int fd;

	CHECK(!chdir(small_fs()));
	fd = must_open("big", O_RDWR | O_CREAT);
	while ((n = write(fd, buf, CHUNK)) > 0)
		total += n;
	CHECK(n < 0 && errno == ENOSPC);
	CHECK(total > 900 * 1024 && total <= 1024 * 1024);
	CHECK_EQ(size_of(fd), total);
	CHECK_ERR(pwrite(fd, buf, 1, 8 << 20), ENOSPC);
	CHECK(!statfs(".", &fs));
	CHECK_EQ(fs.f_bfree, 0);
	/* What is there can still be written over, read, and removed. */
	CHECK_EQ(pwrite(fd, "hello", 5, 4094), 5);
	CHECK_EQ(pread(fd, buf, 5, 4094), 5);
	CHECK(!memcmp(buf, "hello", 5));
	CHECK(!ftruncate(fd, 0));
	CHECK(!statfs(".", &fs));
	CHECK(fs.f_bfree > 200);
	lseek(fd, 0, SEEK_SET);
	while ((n = write(fd, buf, CHUNK)) > 0)
		again += n;
	CHECK_EQ(again, total);
	CHECK(!unlink("big"));
	close(fd);
	make_file("other", buf, CHUNK);
	CHECK(!unlink("other"));
	end_small_fs();
}

/* A mapped page that finds no room is SIGBUS, not an endless fault. */
static void touch_full_mapping(void)
{
	char *p;
	int fd = must_open("map", O_RDWR | O_CREAT);

	CHECK(!ftruncate(fd, 4 << 20));
	p = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	for (long i = 0; i < 4 << 20; i += 4096)
		p[i] = 1;
}

static void full_under_a_mapping(void)
{
	int status;
	pid_t pid;

	CHECK(!chdir(small_fs()));
	pid = spawn(touch_full_mapping);
	status = wait_status(pid);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGBUS);
	CHECK(!unlink("map"));
	end_small_fs();
}

/* Two pages, of which the second may not be touched. */
static char *half_bad(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	memset(p, 'g', 8192);
	CHECK(!munmap(p + 4096, 4096));
	return p;
}

static void write_from_bad_pointer(void)
{
	char *p = half_bad(), buf[5000];
	int fd = must_open("f", O_RDWR | O_CREAT);
	ssize_t n;

	CHECK_ERR(write(fd, bad_pointer, 10), EFAULT);
	CHECK_ERR(write(fd, bad_pointer, 100000), EFAULT);
	CHECK_EQ(size_of(fd), 0);
	/* Nothing at all, or what could be read. */
	n = write(fd, p + 4000, 200);
	CHECK(n == 96 || (n == -1 && errno == EFAULT));
	CHECK_EQ(size_of(fd), n < 0 ? 0 : n);
	CHECK(!ftruncate(fd, 0));
	n = pwrite(fd, p, 8192, 100);
	CHECK((n > 0 && n <= 4096) || (n == -1 && errno == EFAULT));
	CHECK(size_of(fd) <= 100 + 4096);
	n = pread(fd, buf, sizeof(buf), 0);
	for (ssize_t i = 100; i < n; i++)
		CHECK_EQ(buf[i], 'g');
	/* The file is not locked by it. */
	CHECK_EQ(pwrite(fd, "ok", 2, 0), 2);
	CHECK_EQ(pread(fd, buf, 2, 0), 2);
	CHECK(!memcmp(buf, "ok", 2));
}

static void read_into_bad_pointer(void)
{
	char *p = half_bad(), *ro;
	static char data[6000];
	ssize_t n;
	int fd;

	memset(data, 'd', sizeof(data));
	make_file("f", data, sizeof(data));
	fd = must_open("f", O_RDONLY);
	CHECK_ERR(read(fd, bad_pointer, 10), EFAULT);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	n = read(fd, p + 4000, 200);
	CHECK(n == 96 || (n == -1 && errno == EFAULT));
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), n < 0 ? 0 : n);
	ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(ro != MAP_FAILED);
	CHECK_ERR(pread(fd, ro, 10, 0), EFAULT);
	CHECK_EQ(ro[0], 0);
	CHECK_EQ(pread(fd, data, sizeof(data), 0), 6000);
}

/* The page that is written from is the page that is written to. */
static void write_from_own_mapping(void)
{
	enum { SIZE = 3 * 4096 };
	static char want[2 * SIZE];
	char *p;
	int fd = must_open("f", O_RDWR | O_CREAT);

	for (int i = 0; i < SIZE; i++)
		want[i] = (char)(i % 241);
	CHECK_EQ(write(fd, want, SIZE), SIZE);
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	/* Onto itself. */
	CHECK_EQ(pwrite(fd, p, SIZE, 0), SIZE);
	CHECK(file_is("f", want, SIZE));
	/* Behind itself. */
	CHECK_EQ(pwrite(fd, p, SIZE, SIZE), SIZE);
	memcpy(want + SIZE, want, SIZE);
	CHECK(file_is("f", want, 2 * SIZE));
	munmap(p, SIZE);
	/* From pages that nobody has touched so far. */
	CHECK(!ftruncate(fd, 0));
	CHECK(!ftruncate(fd, SIZE));
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(pwrite(fd, p + 10, 4096, 0), 4096);
	CHECK_EQ(p[0], 0);
	/* And read into a mapping of what is read. */
	p[5] = 'q';
	CHECK_EQ(pread(fd, p + 4096, 4096, 0), 4096);
	CHECK_EQ(p[4096 + 5], 'q');
	CHECK_EQ(pread(fd, p, 4096, 0), 4096);
	CHECK_EQ(p[5], 'q');
}

/* Every alignment of both sides, over the edges of pages. */
static void all_alignments(void)
{
	static unsigned char out[3 * 4096], in[3 * 4096];
	int fd = must_open("f", O_RDWR | O_CREAT);

	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 7 % 255);
	for (unsigned from = 0; from < 9; from++) {
		for (unsigned to = 0; to < 9; to++) {
			for (unsigned len = 4080; len < 4110; len += 5) {
				memset(in, 0xee, sizeof(in));
				CHECK_EQ(pwrite(fd, out + from, len, to), len);
				CHECK_EQ(pread(fd, in + 16 + from, len, to),
					 len);
				CHECK(!memcmp(in + 16 + from, out + from,
					      len));
				CHECK_EQ(in[15 + from], 0xee);
				CHECK_EQ(in[16 + from + len], 0xee);
			}
		}
	}
}

static void devices(void)
{
	char buf[5000];
	int fd = must_open("/dev/null", O_RDWR);

	CHECK_EQ(write(fd, buf, sizeof(buf)), (long)sizeof(buf));
	CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
	close(fd);
	fd = must_open("/dev/zero", O_RDWR);
	memset(buf, 1, sizeof(buf));
	CHECK_EQ(read(fd, buf, sizeof(buf)), (long)sizeof(buf));
	for (unsigned i = 0; i < sizeof(buf); i++)
		CHECK_EQ(buf[i], 0);
	CHECK_ERR(read(fd, bad_pointer, 10), EFAULT);
	close(fd);
	fd = must_open("/dev/full", O_RDWR);
	CHECK_ERR(write(fd, "x", 1), ENOSPC);
	CHECK_EQ(read(fd, buf, 10), 10);
	close(fd);
	fd = must_open("/dev/urandom", O_RDONLY);
	memset(buf, 0, sizeof(buf));
	CHECK_EQ(read(fd, buf, 256), 256);
	int zeros = 0;
	for (int i = 0; i < 256; i++)
		zeros += buf[i] == 0;
	CHECK(zeros < 30);
}

static void removed_while_open(void)
{
	char buf[8] = "";
	struct stat st;
	int fd = must_open("f", O_RDWR | O_CREAT);

	CHECK_EQ(write(fd, "still", 5), 5);
	CHECK(!unlink("f"));
	CHECK_ERR(open("f", O_RDONLY), ENOENT);
	CHECK(!fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(pread(fd, buf, 8, 0), 5);
	CHECK(!strcmp(buf, "still"));
	CHECK_EQ(pwrite(fd, "more", 4, 100000), 4);
	make_file("f", "new", 3);
	CHECK_EQ(pread(fd, buf, 5, 0), 5);
	CHECK(!strcmp(buf, "still"));
	CHECK(file_is("f", "new", 3));
}

/* A big file, whole, in odd pieces. */
static void four_megabytes(void)
{
	enum { SIZE = 4 << 20, PIECE = 65521 };
	static unsigned char buf[PIECE];
	int fd = must_open("f", O_RDWR | O_CREAT);
	long at = 0;
	ssize_t n;

	while (at < SIZE) {
		for (int i = 0; i < PIECE; i++)
			buf[i] = (unsigned char)((at + i) / 4096 + i % 3);
		CHECK_EQ(write(fd, buf, PIECE), PIECE);
		at += PIECE;
	}
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	at = 0;
	while ((n = read(fd, buf, PIECE)) > 0) {
		CHECK_EQ(n, PIECE);
		for (int i = 0; i < PIECE; i += 97)
			CHECK_EQ(buf[i], (unsigned char)((at + i) / 4096 +
							 i % 3));
		at += n;
	}
	CHECK(at >= SIZE);
	CHECK(!fsync(fd) && !fdatasync(fd));
}

TEST_MAIN(CASE(open_flags), CASE(append_appends), CASE(appenders_at_once),
	  CASE(positions), CASE(read_and_write_at), CASE(vectors),
	  CASE(holes_are_zero), CASE(truncate_forgets), CASE(size_limit),
	  CASE(size_limit_signal), CASE(full_file_system),
	  CASE(full_under_a_mapping), CASE(write_from_bad_pointer),
	  CASE(read_into_bad_pointer), CASE(write_from_own_mapping),
	  CASE(all_alignments), CASE(devices), CASE(removed_while_open),
	  CASE(four_megabytes))
