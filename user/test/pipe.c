/* Pipes and FIFOs: order, pieces, ends, and waiting on either side. */
#include "test.h"

#include <limits.h>
#include <sched.h>
#include <sys/ioctl.h>

static void bytes_in_order(void)
{
	enum { TOTAL = 300000 };
	static unsigned char buf[5000];
	unsigned seen = 0;
	int fd[2];
	ssize_t n;
	pid_t pid;

	CHECK(!pipe(fd));
	pid = fork();
	if (!pid) {
		unsigned sent = 0, step = 1;

		while (sent < TOTAL) {
			unsigned len = step++ % sizeof(buf) + 1;

			if (len > TOTAL - sent)
				len = TOTAL - sent;
			for (unsigned i = 0; i < len; i++)
				buf[i] = (unsigned char)((sent + i) % 251);
			CHECK_EQ(write(fd[1], buf, len), len);
			sent += len;
		}
		_exit(0);
	}
	close(fd[1]);
	while ((n = read(fd[0], buf, 1 + seen % sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			CHECK_EQ(buf[i], (seen + i) % 251);
		seen += (unsigned)n;
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(seen, TOTAL);
	CHECK_EQ(wait_status(pid), 0);
}

/* Several writers at once: each write of PIPE_BUF bytes stays in one piece. */
static void two_writers_do_not_mix(void)
{
	enum { WRITERS = 2, ROUNDS = 150 };
	static unsigned char buf[PIPE_BUF];
	int fd[2], count[WRITERS] = { 0 };

	CHECK(!pipe(fd));
	for (int w = 0; w < WRITERS; w++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			for (int i = 0; i < ROUNDS; i++) {
				memset(buf, w * 100 + i % 100, sizeof(buf));
				CHECK_EQ(write(fd[1], buf, PIPE_BUF),
					 PIPE_BUF);
			}
			_exit(0);
		}
	}
	close(fd[1]);
	for (int i = 0; i < WRITERS * ROUNDS; i++) {
		size_t have = 0;
		int w;

		while (have < PIPE_BUF) {
			ssize_t n = read(fd[0], buf + have, PIPE_BUF - have);

			CHECK(n > 0);
			have += (size_t)n;
		}
		w = buf[0] / 100;
		CHECK(w < WRITERS);
		for (int k = 0; k < PIPE_BUF; k++)
			CHECK_EQ(buf[k], w * 100 + count[w] % 100);
		count[w]++;
	}
	CHECK_EQ(read(fd[0], buf, 1), 0);
	for (int w = 0; w < WRITERS; w++) {
		int status;

		CHECK_EQ(count[w], ROUNDS);
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}

/* The same with odd lengths, so that pieces lie across the buffer's pages. */
static void odd_pieces_do_not_mix(void)
{
	enum { WRITERS = 4, ROUNDS = 300, LEN = 1021 };
	static unsigned char buf[LEN];
	int fd[2];

	CHECK(!pipe(fd));
	for (int w = 0; w < WRITERS; w++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			memset(buf, 'a' + w, sizeof(buf));
			for (int i = 0; i < ROUNDS; i++)
				CHECK_EQ(write(fd[1], buf, LEN), LEN);
			_exit(0);
		}
	}
	close(fd[1]);
	for (int i = 0; i < WRITERS * ROUNDS; i++) {
		size_t have = 0;

		while (have < LEN) {
			ssize_t n = read(fd[0], buf + have, LEN - have);

			CHECK(n > 0);
			have += (size_t)n;
		}
		for (int k = 1; k < LEN; k++)
			CHECK_EQ(buf[k], buf[0]);
	}
	CHECK_EQ(read(fd[0], buf, 1), 0);
	for (int w = 0; w < WRITERS; w++)
		CHECK(wait(NULL) > 0);
}

static void end_of_file(void)
{
	int fd[2];
	char c;

	CHECK(!pipe(fd));
	CHECK_EQ(write(fd[1], "ab", 2), 2);
	close(fd[1]);
	CHECK_EQ(read(fd[0], &c, 1), 1);
	CHECK_EQ(c, 'a');
	CHECK_EQ(read(fd[0], &c, 1), 1);
	CHECK_EQ(c, 'b');
	CHECK_EQ(read(fd[0], &c, 1), 0);
	CHECK_EQ(read(fd[0], &c, 1), 0);
}

/* Closing the last writer wakes a reader that waits. */
static void close_wakes_reader(void)
{
	int fd[2];
	pid_t pid;
	char c;

	for (int i = 0; i < 50; i++) {
		CHECK(!pipe(fd));
		pid = fork();
		if (!pid) {
			close(fd[1]);
			_exit(read(fd[0], &c, 1) == 0 ? 0 : 1);
		}
		close(fd[0]);
		if (i % 2)
			sched_yield();
		close(fd[1]);
		CHECK_EQ(wait_status(pid), 0);
	}
}

static void write_to_nobody(void)
{
	int fd[2];

	CHECK(!pipe(fd));
	close(fd[0]);
	CHECK_EQ(write(fd[1], "x", 1), 1);
}

static void broken_pipe(void)
{
	int fd[2];

	CHECK_EQ(killed_by(write_to_nobody), SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	CHECK(!pipe(fd));
	close(fd[0]);
	CHECK_ERR(write(fd[1], "x", 1), EPIPE);
	CHECK_EQ(write(fd[1], "x", 0), 0);
}

/* A writer that waits for room hears that the last reader has gone. */
static void close_wakes_writer(void)
{
	static char big[200000];
	int fd[2];
	pid_t pid;
	char c;

	CHECK(!pipe(fd));
	pid = fork();
	if (!pid) {
		ssize_t n;

		close(fd[0]);
		signal(SIGPIPE, SIG_IGN);
		n = write(fd[1], big, sizeof(big));
		CHECK(n < (ssize_t)sizeof(big));
		CHECK_ERR(write(fd[1], "x", 1), EPIPE);
		_exit(0);
	}
	close(fd[1]);
	CHECK_EQ(read(fd[0], &c, 1), 1);
	close(fd[0]);
	CHECK_EQ(wait_status(pid), 0);
}

static void non_blocking(void)
{
	static char buf[PIPE_BUF];
	int fd[2], room = 0;
	ssize_t n;

	CHECK(!pipe2(fd, O_NONBLOCK));
	CHECK_ERR(read(fd[0], buf, 1), EAGAIN);
	while ((n = write(fd[1], buf, PIPE_BUF)) > 0) {
		CHECK_EQ(n, PIPE_BUF);
		room += PIPE_BUF;
	}
	CHECK(n < 0 && errno == EAGAIN);
	CHECK(room >= PIPE_BUF);
	/* One byte taken is not room for a piece that may not be parted. */
	CHECK_EQ(read(fd[0], buf, 1), 1);
	CHECK_ERR(write(fd[1], buf, PIPE_BUF), EAGAIN);
	CHECK_EQ(read(fd[0], buf, PIPE_BUF), PIPE_BUF);
	CHECK_EQ(write(fd[1], buf, PIPE_BUF), PIPE_BUF);
	while (read(fd[0], buf, sizeof(buf)) > 0)
		;
	CHECK_EQ(errno, EAGAIN);
	close(fd[1]);
	CHECK_EQ(read(fd[0], buf, 1), 0);
}

/* More than the pipe holds: what fits is written, and said. */
static void partial_write(void)
{
	enum { BIG = 1 << 20 };
	char *big = malloc(BIG);
	int fd[2];
	ssize_t n, got = 0, m;

	CHECK(big);
	for (int i = 0; i < BIG; i++)
		big[i] = (char)(i % 253);
	CHECK(!pipe2(fd, O_NONBLOCK));
	n = write(fd[1], big, BIG);
	CHECK(n >= PIPE_BUF && n < BIG);
	while ((m = read(fd[0], big, BIG)) > 0) {
		for (ssize_t i = 0; i < m; i++)
			CHECK_EQ((unsigned char)big[i], (got + i) % 253);
		got += m;
	}
	CHECK_EQ(got, n);
}

/* A write larger than the pipe ends only when all of it was taken. */
static void large_write_waits(void)
{
	enum { BIG = 300000 };
	char *big = calloc(BIG, 1);
	int fd[2], got = 0;
	ssize_t n;
	pid_t pid;

	CHECK(big);
	CHECK(!pipe(fd));
	pid = fork();
	if (!pid) {
		CHECK_EQ(write(fd[1], big, BIG), BIG);
		_exit(0);
	}
	close(fd[1]);
	while ((n = read(fd[0], big, 777)) > 0)
		got += (int)n;
	CHECK_EQ(got, BIG);
	CHECK_EQ(wait_status(pid), 0);
}

static void on_alarm(int sig)
{
}

static void signal_ends_waiting(void)
{
	struct sigaction act;
	int fd[2];
	pid_t pid;
	char c;

	memset(&act, 0, sizeof(act));
	act.sa_handler = on_alarm;
	CHECK(!sigaction(SIGUSR1, &act, NULL));
	CHECK(!pipe(fd));
	pid = fork();
	if (!pid) {
		/* Again and again: the first may come too early. */
		for (;;) {
			kill(getppid(), SIGUSR1);
			nap_ms(5);
		}
	}
	CHECK_ERR(read(fd[0], &c, 1), EINTR);
	kill(pid, SIGKILL);
	wait_status(pid);
}

static void ends_and_directions(void)
{
	struct stat st;
	int fd[2];
	char c = 0;

	CHECK(!pipe(fd));
	CHECK_ERR(write(fd[0], &c, 1), EBADF);
	CHECK_ERR(read(fd[1], &c, 1), EBADF);
	CHECK_ERR(lseek(fd[0], 0, SEEK_SET), ESPIPE);
	CHECK_ERR(pread(fd[0], &c, 1, 0), ESPIPE);
	CHECK_ERR(pwrite(fd[1], &c, 1, 0), ESPIPE);
	CHECK_ERR(ftruncate(fd[1], 0), EINVAL);
	CHECK_ERR(fsync(fd[1]), EINVAL);
	CHECK(!fstat(fd[0], &st));
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_EQ(fcntl(fd[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_EQ(fcntl(fd[1], F_GETFL) & O_ACCMODE, O_WRONLY);
	CHECK_ERR(pipe2(fd, 0x1234567), EINVAL);
	CHECK(!pipe2(fd, O_CLOEXEC));
	CHECK_EQ(fcntl(fd[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd[1], F_GETFD), FD_CLOEXEC);
}

static void counts_what_is_there(void)
{
	int fd[2], n = -1;
	char buf[100];

	CHECK(!pipe(fd));
	CHECK(!ioctl(fd[0], FIONREAD, &n));
	CHECK_EQ(n, 0);
	CHECK_EQ(write(fd[1], buf, 77), 77);
	CHECK(!ioctl(fd[0], FIONREAD, &n));
	CHECK_EQ(n, 77);
	CHECK_EQ(read(fd[0], buf, 7), 7);
	CHECK(!ioctl(fd[0], FIONREAD, &n));
	CHECK_EQ(n, 70);
	/* A read takes what there is and does not wait for more. */
	CHECK_EQ(read(fd[0], buf, sizeof(buf)), 70);
}

/* A wrong buffer loses nothing of what others get. */
static void bad_buffers(void)
{
	char buf[16] = "";
	int fd[2];

	CHECK(!pipe(fd));
	CHECK_ERR(write(fd[1], bad_pointer, 10), EFAULT);
	CHECK_EQ(write(fd[1], "hello", 5), 5);
	CHECK_ERR(read(fd[0], bad_pointer, 5), EFAULT);
	CHECK_EQ(read(fd[0], buf, sizeof(buf)), 5);
	CHECK(!strcmp(buf, "hello"));
	CHECK_ERR(pipe(bad_pointer), EFAULT);
}

static void fifo_joins_processes(void)
{
	char buf[8] = "";
	struct stat st;
	pid_t pid;
	int fd;

	CHECK(!mkfifo("fifo", 0600));
	CHECK(!stat("fifo", &st));
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_ERR(mkfifo("fifo", 0600), EEXIST);
	CHECK_ERR(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	CHECK(fd >= 0);
	CHECK_EQ(read(fd, buf, 1), 0);
	close(fd);
	pid = fork();
	if (!pid) {
		/* Waits here until somebody reads. */
		fd = open("fifo", O_WRONLY);
		CHECK(fd >= 0);
		CHECK_EQ(write(fd, "xyz", 3), 3);
		_exit(0);
	}
	fd = open("fifo", O_RDONLY);
	CHECK(fd >= 0);
	CHECK_EQ(read(fd, buf, 3), 3);
	CHECK(!strcmp(buf, "xyz"));
	CHECK_EQ(read(fd, buf, 3), 0);
	CHECK_EQ(wait_status(pid), 0);
	close(fd);
	/* Both ends at once need nobody else. */
	fd = open("fifo", O_RDWR);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "12", 2), 2);
	CHECK_EQ(read(fd, buf, 8), 2);
}

/* A byte goes to and fro: a lost wake-up would hang here. */
static void ping_pong(void)
{
	int there[2], back[2], status;
	char c = 0;
	pid_t pid;

	CHECK(!pipe(there) && !pipe(back));
	pid = fork();
	if (!pid) {
		close(there[1]);
		close(back[0]);
		while (read(there[0], &c, 1) == 1) {
			c++;
			CHECK_EQ(write(back[1], &c, 1), 1);
		}
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	for (int i = 0; i < 3000; i++) {
		char was = c;

		CHECK_EQ(write(there[1], &c, 1), 1);
		CHECK_EQ(read(back[0], &c, 1), 1);
		CHECK_EQ((unsigned char)c, (unsigned char)(was + 1));
	}
	close(there[1]);
	status = wait_status(pid);
	CHECK_EQ(status, 0);
}

/* For ioctl alone (mode 3) one is at no end of a pipe, and does not keep it. */
static void fifo_at_no_end(void)
{
	char name[32];
	int fd, p[2];

	test_skip_on_linux("QEMU's user mode opens it for reading");
	CHECK(!mkfifo("fifo", 0600));
	CHECK_ERR(open("fifo", O_ACCMODE | O_NONBLOCK), EINVAL);
	fd = open("fifo", O_RDWR);
	CHECK(fd >= 0);
	CHECK_ERR(open("fifo", O_ACCMODE), EINVAL);
	CHECK(!close(fd) && !pipe(p));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", p[0]);
	CHECK_ERR(open(name, O_ACCMODE), EINVAL);
}

TEST_MAIN(CASE(fifo_at_no_end), CASE(bytes_in_order), CASE(two_writers_do_not_mix),
	  CASE(odd_pieces_do_not_mix), CASE(end_of_file),
	  CASE(close_wakes_reader), CASE(broken_pipe),
	  CASE(close_wakes_writer), CASE(non_blocking), CASE(partial_write),
	  CASE(large_write_waits), CASE(signal_ends_waiting),
	  CASE(ends_and_directions), CASE(counts_what_is_there),
	  CASE(bad_buffers), CASE(fifo_joins_processes), CASE(ping_pong))
