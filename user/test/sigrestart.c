/*
 * Calls that wait, and what becomes of each when a signal comes: its handler
 * has SA_RESTART, or not, or nothing but a stop and a continue happened. One
 * table of calls, each tried in all three ways; what it says is what Linux does
 * (signal(7)).
 */
#include "user/test/pty.h"
#include "user/test/signals.h"

#include <sys/select.h>

enum { INTR, DONE };

/* What two processes see of each other. */
static struct shared {
	volatile int seen;  /* handlers that ran */
	volatile int ended; /* the call is over */
	volatile int word;  /* of the futex */
	volatile int other; /* SIGUSR2 came */
} * shared;

static int fd[2], gate[2];
static pid_t waited_for;
static unsigned span_ms;
static long long call_start;

static void note(int sig)
{
	shared->seen++;
}

static void note_other(int sig)
{
	shared->other++;
}

static struct timespec span(void)
{
	return (struct timespec){ span_ms / 1000, span_ms % 1000 * 1000000l };
}

static long slept(long res)
{
	if (!res && now_ns() - call_start < span_ms * 1000000ll)
		test_fail("woke up early");
	return res;
}

/* ---- the calls; each gives what the kernel says ---- */

static long call_read(void)
{
	char c;

	return sys(SYS_read, fd[0], &c, 1);
}

static long call_readv(void)
{
	char c;
	struct iovec {
		void *base;
		size_t len;
	} v = { &c, 1 };

	return sys(SYS_readv, fd[0], &v, 1);
}

static void fill(void)
{
	static char block[4096];
	int flags = fcntl(fd[1], F_GETFL);

	CHECK(!fcntl(fd[1], F_SETFL, flags | O_NONBLOCK));
	while (write(fd[1], block, sizeof(block)) > 0)
		;
	CHECK(!fcntl(fd[1], F_SETFL, flags));
}

static long call_write(void)
{
	return sys(SYS_write, fd[1], "x", 1);
}

static long call_writev(void)
{
	struct iovec {
		const void *base;
		size_t len;
	} v = { "x", 1 };

	return sys(SYS_writev, fd[1], &v, 1);
}

static long call_sendfile(void)
{
	int file = open("file", O_RDWR | O_CREAT, 0600);
	long res;

	CHECK(file >= 0 && pwrite(file, "x", 1, 0) == 1);
	res = sys(SYS_sendfile, fd[1], file, NULL, 1);
	close(file);
	return res;
}

static long call_open(void)
{
	return sys(SYS_openat, AT_FDCWD, "fifo", O_RDONLY, 0);
}

static long call_open_to_write(void)
{
	return sys(SYS_openat, AT_FDCWD, "fifo", O_WRONLY, 0);
}

static long call_wait4(void)
{
	return sys(SYS_wait4, waited_for, NULL, 0, NULL);
}

static long call_waitid(void)
{
	return sys(SYS_waitid, P_PID, waited_for, NULL, WEXITED, NULL);
}

static long call_futex(void)
{
	long res = sys(SYS_futex, &shared->word, 0, 0, NULL);

	/* Between two waits it was told, too. */
	return res == -EAGAIN && shared->word ? 0 : res;
}

static long call_futex_timed(void)
{
	struct timespec t = span();
	long res = sys(SYS_futex, &shared->word, 0, 0, &t);

	return slept(res == -ETIMEDOUT ? 0 : res);
}

static long call_futex_until(void)
{
	struct timespec t;
	long res;

	CHECK(!clock_gettime(CLOCK_MONOTONIC, &t));
	t.tv_sec += span_ms / 1000 + 1;
	res = sys(SYS_futex, &shared->word, 9, 0, &t, NULL, ~0u);
	return res == -ETIMEDOUT ? 0 : res;
}

static long call_nanosleep(void)
{
	struct timespec t = span();

	return slept(sys(SYS_nanosleep, &t, NULL));
}

static long call_clock_nanosleep(void)
{
	struct timespec t = span();

	return slept(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL));
}

static long call_sleep_until(void)
{
	struct timespec t;

	CHECK(!clock_gettime(CLOCK_MONOTONIC, &t));
	t.tv_sec += span_ms / 1000 + 1;
	return sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, 1, &t, NULL);
}

static long call_ppoll(void)
{
	struct pollfd p = { fd[0], POLLIN, 0 };

	return sys(SYS_ppoll, &p, 1, NULL, NULL, 8);
}

static long call_ppoll_timed(void)
{
	struct timespec t = span();

	return slept(sys(SYS_ppoll, NULL, 0, &t, NULL, 8));
}

static long call_pselect(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd[0], &set);
	return sys(SYS_pselect6, fd[0] + 1, &set, NULL, NULL, NULL, NULL);
}

static long call_pselect_timed(void)
{
	struct timespec t = span();

	return slept(sys(SYS_pselect6, 0, NULL, NULL, NULL, &t, NULL));
}

/* Only a handler ends it: in the third way that of another signal. */
static long call_sigsuspend(void)
{
	unsigned long none = 0;
	long res = sys(SYS_rt_sigsuspend, &none, 8);

	return shared->other ? 0 : res;
}

static long call_sigtimedwait(void)
{
	unsigned long set = 1ul << (SIGUSR2 - 1);

	return sys(SYS_rt_sigtimedwait, &set, NULL, NULL, 8);
}

/* ---- what ends each, done by the other process ---- */

static void give_byte(void)
{
	CHECK_EQ(write(fd[1], "x", 1), 1);
}

/* Again and again: Linux's terminal may move what it holds only after it has
 * told of room. */
static void make_room(void)
{
	static char block[65536];
	int flags = fcntl(fd[0], F_GETFL);

	CHECK(!fcntl(fd[0], F_SETFL, flags | O_NONBLOCK));
	CHECK(read(fd[0], block, sizeof(block)) > 0);
	while (!shared->ended) {
		nap_ms(1);
		read(fd[0], block, sizeof(block));
	}
}

static void open_other_end(void)
{
	CHECK(open("fifo", O_RDWR | O_NONBLOCK) >= 0);
	/* On a busy machine its last handler may not have ended yet. */
	while (!shared->ended)
		nap_ms(1);
}

static void let_child_end(void)
{
	CHECK_EQ(write(gate[1], "x", 1), 1);
}

static void wake_word(void)
{
	shared->word = 1;
	sys(SYS_futex, &shared->word, 1, 1);
}

static void send_other(void)
{
	CHECK(!kill(getppid(), SIGUSR2));
}

static void nothing(void)
{
}

/* ---- before the call ---- */

static void make_child(void)
{
	char c;

	CHECK(!pipe(gate));
	waited_for = fork();
	if (!waited_for)
		_exit(read(gate[0], &c, 1) == 1 ? 0 : 1);
}

static void make_fifo(void)
{
	CHECK(!mkfifo("fifo", 0600));
}

/* A terminal in place of the pipe: what is typed goes in, or what is printed
 * comes out. */
static void use_terminal(int printed)
{
	struct pair p = pty_pair();

	set_raw(p.s, 1, 0);
	CHECK_EQ(dup2(printed ? p.m : p.s, fd[0]), fd[0]);
	CHECK_EQ(dup2(printed ? p.s : p.m, fd[1]), fd[1]);
}

static void type_at_terminal(void)
{
	use_terminal(0);
}

static void fill_terminal(void)
{
	use_terminal(1);
	/* Elsewhere some of it moves on behind our back. */
	for (int i = 0; i < 5; i++, nap_ms(5))
		fill();
}

static void block_other(void)
{
	mask(SIG_BLOCK, SIGUSR2);
}

static const struct row {
	const char *name;
	void (*before)(void);
	long (*call)(void);
	void (*end)(void);
	unsigned char plain, restart, stopped;
} rows[] = {
	{ "read", nothing, call_read, give_byte, INTR, DONE, DONE },
	{ "readv", nothing, call_readv, give_byte, INTR, DONE, DONE },
	{ "write", fill, call_write, make_room, INTR, DONE, DONE },
	{ "writev", fill, call_writev, make_room, INTR, DONE, DONE },
	{ "read, terminal", type_at_terminal, call_read, give_byte, INTR, DONE,
	  DONE },
	{ "write, terminal", fill_terminal, call_write, make_room, INTR, DONE,
	  DONE },
	{ "sendfile", fill, call_sendfile, make_room, INTR, DONE, DONE },
	{ "open", make_fifo, call_open, open_other_end, INTR, DONE, DONE },
	{ "open to write", make_fifo, call_open_to_write, open_other_end, INTR,
	  DONE, DONE },
	{ "wait4", make_child, call_wait4, let_child_end, INTR, DONE, DONE },
	{ "waitid", make_child, call_waitid, let_child_end, INTR, DONE, DONE },
	{ "futex", nothing, call_futex, wake_word, INTR, DONE, DONE },
	{ "futex, timed", nothing, call_futex_timed, nothing, INTR, INTR,
	  DONE },
	{ "futex, until", nothing, call_futex_until, nothing, INTR, INTR,
	  DONE },
	{ "nanosleep", nothing, call_nanosleep, nothing, INTR, INTR, DONE },
	{ "clock_nanosleep", nothing, call_clock_nanosleep, nothing, INTR, INTR,
	  DONE },
	{ "sleep until", nothing, call_sleep_until, nothing, INTR, INTR, DONE },
	{ "ppoll", nothing, call_ppoll, give_byte, INTR, INTR, DONE },
	{ "ppoll, timed", nothing, call_ppoll_timed, nothing, INTR, INTR,
	  DONE },
	{ "pselect6", nothing, call_pselect, give_byte, INTR, INTR, DONE },
	{ "pselect6, timed", nothing, call_pselect_timed, nothing, INTR, INTR,
	  DONE },
	{ "rt_sigsuspend", block_other, call_sigsuspend, send_other, INTR, INTR,
	  DONE },
	{ "rt_sigtimedwait", block_other, call_sigtimedwait, send_other, INTR,
	  INTR, INTR },
};

enum { PLAIN, RESTART, STOPPED };

/* Signals until the call has ended; one that goes on is given a few, then what
 * it waits for. */
static void disturb(const struct row *r, int way, int expect)
{
	pid_t parent = getppid();

	for (int n = 0; !shared->ended; n++) {
		nap_ms(4);
		if (way == STOPPED) {
			CHECK(!kill(parent, SIGSTOP));
			nap_ms(4);
			CHECK(!kill(parent, SIGCONT));
		} else {
			CHECK(!kill(parent, SIGUSR1));
		}
		if (expect == DONE && n == 5) {
			nap_ms(4);
			r->end();
			return;
		}
	}
}

static void try(const struct row *r, int way, int expect)
{
	static const char *const names[] = { "plain", "restart", "stopped" };
	pid_t pid;
	long res;

	memset(shared, 0, sizeof(*shared));
	handle(SIGUSR1, note, way == RESTART ? SA_RESTART : 0);
	handle(SIGUSR2, note_other, 0);
	CHECK(!pipe(fd));
	span_ms = expect == DONE ? 100 : 100000;
	r->before();
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		disturb(r, way, expect);
		_exit(0);
	}
	call_start = now_ns();
	res = r->call();
	shared->ended = 1;
	if (expect == INTR ? res != -EINTR : res < 0)
		test_fail("%s, %s: %ld", r->name, names[way], res);
	/* Its end, too, is told while signals still come. */
	while (waitpid(pid, NULL, 0) != pid)
		CHECK_EQ(errno, EINTR);
	if (way != STOPPED && expect == INTR)
		CHECK(shared->seen > 0);
}

static void in_ways(int way)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (!pid) {
			char name[16];

			snprintf(name, sizeof(name), "d%u", i);
			CHECK(!mkdir(name, 0700) && !chdir(name));
			try(r, way,
			    way == PLAIN     ? r->plain
			    : way == RESTART ? r->restart
					     : r->stopped);
			if (waited_for) {
				kill(waited_for, SIGKILL);
				waitpid(waited_for, NULL, 0);
			}
			_exit(0);
		}
		status = wait_status(pid);
		if (status)
			test_fail("%s: status %#x", r->name, status);
	}
}

static void without_restart(void)
{
	in_ways(PLAIN);
}

static void with_restart(void)
{
	in_ways(RESTART);
}

static void stop_and_continue(void)
{
	in_ways(STOPPED);
}

TEST_MAIN(CASE(without_restart), CASE(with_restart), CASE(stop_and_continue))
