/* Descriptors: numbers, copies, flags, limits, many of them. */
#include "test.h"

#include <sys/resource.h>

static int null_fd(void)
{
	int fd = open("/dev/null", O_RDWR);

	CHECK(fd >= 0);
	return fd;
}

static void set_limit(unsigned n)
{
	struct rlimit rl;

	CHECK(!getrlimit(RLIMIT_NOFILE, &rl));
	rl.rlim_cur = n;
	CHECK(!setrlimit(RLIMIT_NOFILE, &rl));
}

static void lowest_number(void)
{
	int a = null_fd(), b = null_fd(), c = null_fd();

	CHECK(a < b && b < c);
	close(b);
	CHECK_EQ(null_fd(), b);
	close(a);
	close(c);
	CHECK_EQ(dup(b), a);
	CHECK_EQ(null_fd(), c);
	CHECK_ERR(dup(99), EBADF);
	CHECK_ERR(dup(-1), EBADF);
}

static void dup_to_a_number(void)
{
	int a, b, fd[2];
	char c;

	make_file("a", "a", 1);
	make_file("b", "b", 1);
	a = open("a", O_RDONLY);
	b = open("b", O_RDONLY);
	CHECK_EQ(dup2(a, 50), 50);
	CHECK_EQ(read(50, &c, 1), 1);
	CHECK_EQ(c, 'a');
	/* What was there is closed, and the new one is in its place. */
	CHECK_EQ(dup2(b, 50), 50);
	CHECK_EQ(read(50, &c, 1), 1);
	CHECK_EQ(c, 'b');
	/* Onto itself: nothing, but the number must be good. */
	CHECK_EQ(dup2(a, a), a);
	CHECK_ERR(dup2(99, 99), EBADF);
	CHECK_EQ(sys(SYS_dup3, a, a, 0), -EINVAL);
	CHECK_EQ(sys(SYS_dup3, a, 51, 1), -EINVAL);
	CHECK_ERR(dup2(a, -1), EBADF);
	CHECK_ERR(dup2(a, 1 << 30), EBADF);
	CHECK_ERR(dup2(99, 50), EBADF);
	CHECK_EQ(fcntl(50, F_GETFD), 0);
	CHECK_EQ(dup3(a, 51, O_CLOEXEC), 51);
	CHECK_EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
	/* Closing by dup2 is a real closing: the pipe's reader sees the end. */
	CHECK(!pipe(fd));
	CHECK_EQ(dup2(a, fd[1]), fd[1]);
	CHECK_EQ(read(fd[0], &c, 1), 0);
}

static void flags(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_APPEND, 0600), copy;

	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND),
		 O_RDWR | O_APPEND);
	copy = dup(fd);
	/* Flags of the file are shared, those of the number are not. */
	CHECK(!fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_EQ(fcntl(copy, F_GETFL) & (O_APPEND | O_NONBLOCK), O_NONBLOCK);
	CHECK(!fcntl(fd, F_SETFD, FD_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(copy, F_GETFD), 0);
	/* The way of access cannot be changed. */
	CHECK(!fcntl(fd, F_SETFL, O_RDONLY));
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	CHECK_EQ(fcntl(fd, F_DUPFD, 40), 40);
	CHECK_EQ(fcntl(fd, F_DUPFD, 40), 41);
	CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 40), 42);
	CHECK_EQ(fcntl(40, F_GETFD), 0);
	CHECK_EQ(fcntl(42, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(fcntl(fd, F_DUPFD, -1), EINVAL);
	CHECK_ERR(fcntl(fd, F_DUPFD, 1 << 30), EINVAL);
	CHECK_ERR(fcntl(99, F_GETFD), EBADF);
	CHECK_ERR(fcntl(fd, 12345), EINVAL);
}

static void table_is_full(void)
{
	int fd[2], n = 0, last = -1, one;
	struct rlimit rl;

	set_limit(40);
	while ((one = open("/dev/null", O_RDONLY)) >= 0) {
		last = one;
		n++;
	}
	CHECK_EQ(errno, EMFILE);
	CHECK_EQ(last, 39);
	CHECK_ERR(dup(0), EMFILE);
	CHECK_ERR(pipe(fd), EMFILE);
	CHECK_ERR(fcntl(0, F_DUPFD, 0), EMFILE);
	CHECK_ERR(dup2(last, 40), EBADF);
	CHECK_EQ(dup2(last, 39), 39);
	/* One free is not enough for a pipe, and it does not get lost. */
	close(20);
	CHECK_ERR(pipe(fd), EMFILE);
	CHECK_EQ(dup(0), 20);
	/* A file that could not be opened was not made either. */
	CHECK_ERR(open("new", O_WRONLY | O_CREAT, 0600), EMFILE);
	close(last);
	CHECK_EQ(null_fd(), last);
	CHECK(!getrlimit(RLIMIT_NOFILE, &rl));
	CHECK_EQ(rl.rlim_cur, 40);
}

static void ten_thousand(void)
{
	enum { N = 10000 };
	static int fds[N];
	struct stat st;
	pid_t pid;

	set_limit(N + 100);
	for (int i = 0; i < N; i++) {
		fds[i] = i % 3 ? dup(fds[0]) : open("/dev/zero", O_RDONLY);
		CHECK(fds[i] >= 0);
		if (i)
			CHECK(fds[i] > fds[i - 1]);
	}
	for (int i = 0; i < N; i += 7) {
		char c = 1;

		CHECK_EQ(read(fds[i], &c, 1), 1);
		CHECK_EQ(c, 0);
	}
	pid = fork();
	if (!pid) {
		for (int i = 0; i < N; i += 11)
			CHECK(!fstat(fds[i], &st));
		CHECK_ERR(fstat(fds[N - 1] + 1, &st), EBADF);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	for (int i = 1; i < N; i += 2)
		CHECK(!close(fds[i]));
	CHECK_EQ(dup(fds[0]), fds[1]);
	CHECK(!close(fds[1]));
	for (int i = 0; i < N; i += 2)
		CHECK(!close(fds[i]));
	CHECK_ERR(close(fds[N / 2]), EBADF);
}

static void many_files_each_its_own(void)
{
	enum { N = 1000 };
	char name[16];
	int fds[N];

	set_limit(N + 100);
	for (int i = 0; i < N; i++) {
		memset(name, 0, sizeof(name));
		snprintf(name, sizeof(name), "f%d", i);
		fds[i] = open(name, O_RDWR | O_CREAT, 0600);
		CHECK(fds[i] >= 0);
		CHECK_EQ(write(fds[i], name, 4), 4);
	}
	for (int i = 0; i < N; i++) {
		char got[16];

		memset(name, 0, sizeof(name));
		snprintf(name, sizeof(name), "f%d", i);
		CHECK_EQ(pread(fds[i], got, 4, 0), 4);
		CHECK(!memcmp(got, name, 4));
		CHECK(!unlink(name));
	}
}

/* Children share what the parent opened, not what one opens afterwards. */
static void after_fork(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);
	pid_t pid;

	CHECK_EQ(write(fd, "1", 1), 1);
	pid = fork();
	if (!pid) {
		CHECK_EQ(write(fd, "2", 1), 1);
		CHECK_EQ(dup2(fd, 70), 70);
		close(fd);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK_EQ(write(fd, "3", 1), 1);
	CHECK(file_is("f", "123", 3));
	CHECK_ERR(fcntl(70, F_GETFD), EBADF);
}

/* A pipe's last writer may be in another process. */
static void last_close_counts(void)
{
	int fd[2], go[2];
	pid_t pid;
	char c;

	CHECK(!pipe(fd) && !pipe(go));
	pid = fork();
	if (!pid) {
		close(go[1]);
		CHECK_EQ(read(go[0], &c, 1), 0);
		_exit(0);
	}
	close(fd[1]);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	/* The child still has it. */
	CHECK_ERR(read(fd[0], &c, 1), EAGAIN);
	close(go[1]);
	CHECK_EQ(wait_status(pid), 0);
	CHECK_EQ(read(fd[0], &c, 1), 0);
}

TEST_MAIN(CASE(lowest_number), CASE(dup_to_a_number), CASE(flags),
	  CASE(table_is_full), CASE(ten_thousand),
	  CASE(many_files_each_its_own), CASE(after_fork),
	  CASE(last_close_counts))
