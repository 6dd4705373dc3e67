/* poll: what is ready, what will be, and how one stops waiting. */
#include "test.h"

#include <poll.h>
#include <sys/select.h>

static int look(int fd, int events)
{
	struct pollfd p = { fd, (short)events, 0 };
	int n = poll(&p, 1, 0);

	CHECK_EQ(n, p.revents != 0);
	return p.revents;
}

static void pipe_states(void)
{
	static char buf[4096];
	int fd[2], other[2];

	CHECK(!pipe2(fd, O_NONBLOCK));
	CHECK_EQ(look(fd[0], POLLIN), 0);
	CHECK_EQ(look(fd[1], POLLOUT), POLLOUT);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	CHECK_EQ(look(fd[0], POLLIN), POLLIN);
	CHECK_EQ(look(fd[0], 0), 0);
	while (write(fd[1], buf, sizeof(buf)) > 0)
		;
	CHECK_EQ(look(fd[1], POLLOUT), 0);
	while (read(fd[0], buf, sizeof(buf)) > 0)
		;
	CHECK_EQ(look(fd[1], POLLOUT), POLLOUT);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	close(fd[1]);
	CHECK_EQ(look(fd[0], POLLIN), POLLIN | POLLHUP);
	CHECK_EQ(read(fd[0], buf, 10), 1);
	CHECK_EQ(look(fd[0], POLLIN), POLLHUP);
	CHECK_EQ(look(fd[0], 0), POLLHUP);
	CHECK(!pipe(other));
	close(other[0]);
	CHECK(look(other[1], POLLOUT) & POLLERR);
}

static void other_files(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0600), null;

	CHECK_EQ(look(fd, POLLIN | POLLOUT), POLLIN | POLLOUT);
	null = open("/dev/null", O_RDWR);
	CHECK_EQ(look(null, POLLIN | POLLOUT), POLLIN | POLLOUT);
	CHECK_EQ(look(99, POLLIN), POLLNVAL);
	/* Negative ones are left out. */
	CHECK_EQ(look(-1, POLLIN), 0);
}

static void several(void)
{
	struct pollfd p[4];
	int a[2], b[2];

	CHECK(!pipe(a) && !pipe(b));
	p[0] = (struct pollfd){ a[0], POLLIN, 77 };
	p[1] = (struct pollfd){ -5, POLLIN, 77 };
	p[2] = (struct pollfd){ b[0], POLLIN, 77 };
	p[3] = (struct pollfd){ b[1], POLLOUT, 77 };
	CHECK_EQ(poll(p, 3, 0), 0);
	CHECK(!p[0].revents && !p[1].revents && !p[2].revents);
	CHECK_EQ(poll(p, 4, -1), 1);
	CHECK_EQ(p[3].revents, POLLOUT);
	CHECK_EQ(write(b[1], "x", 1), 1);
	CHECK_EQ(poll(p, 4, -1), 2);
	CHECK(!p[0].revents && p[2].revents == POLLIN);
	CHECK_EQ(write(a[1], "x", 1), 1);
	CHECK_EQ(poll(p, 3, -1), 2);
	/* The same one twice. */
	p[1] = p[0];
	CHECK_EQ(poll(p, 2, -1), 2);
}

static void waiting(void)
{
	struct pollfd p[2];
	int a[2], b[2];
	pid_t pid;
	char c;

	CHECK(!pipe(a) && !pipe(b));
	p[0] = (struct pollfd){ a[0], POLLIN, 0 };
	p[1] = (struct pollfd){ b[0], POLLIN, 0 };
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 200; i++) {
			int *to = i % 3 ? a : b;

			CHECK_EQ(write(to[1], "x", 1), 1);
			if (i % 7 == 0)
				nap_ms(1);
		}
		_exit(0);
	}
	for (int got = 0; got < 200;) {
		CHECK(poll(p, 2, -1) > 0);
		for (int i = 0; i < 2; i++) {
			if (!p[i].revents)
				continue;
			CHECK_EQ(read(p[i].fd, &c, 1), 1);
			got++;
		}
	}
	CHECK_EQ(wait_status(pid), 0);
	/* Somebody hangs up. */
	pid = fork();
	if (!pid) {
		nap_ms(10);
		_exit(0);
	}
	close(a[1]);
	close(b[1]);
	CHECK_EQ(poll(p, 1, -1), 1);
	CHECK_EQ(p[0].revents, POLLHUP);
	CHECK_EQ(wait_status(pid), 0);
}

static void time_limits(void)
{
	struct pollfd p;
	long long start;
	int fd[2];

	CHECK(!pipe(fd));
	p = (struct pollfd){ fd[0], POLLIN, 0 };
	start = now_ns();
	CHECK_EQ(poll(&p, 1, 30), 0);
	CHECK(now_ns() - start >= 30 * 1000000ll);
	start = now_ns();
	CHECK_EQ(poll(NULL, 0, 20), 0);
	CHECK(now_ns() - start >= 20 * 1000000ll);
	{
		struct timespec bad = { 0, 2000000000 };
		struct timespec zero = { 0, 0 };

		CHECK_EQ(sys(SYS_ppoll, &p, 1, &bad, NULL, 8), -EINVAL);
		CHECK_EQ(sys(SYS_ppoll, &p, 1, &zero, NULL, 8), 0);
	}
}

static volatile int caught;

static void on_signal(int sig)
{
	caught++;
}

/* Either call, on descriptors that both take. */
static long wait_by(int call, struct pollfd *p, unsigned n, struct timespec *t)
{
	fd_set in;

	if (call == SYS_ppoll)
		return sys(SYS_ppoll, p, n, t, NULL, 8);
	FD_ZERO(&in);
	if (n)
		FD_SET(p->fd, &in);
	return sys(SYS_pselect6, n ? p->fd + 1 : 0, &in, NULL, NULL, t, NULL);
}

static long long ns_of(const struct timespec *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

/* However it ends, the caller learns how long it could have waited still. */
static void time_left(void)
{
	static const int calls[] = { SYS_ppoll, SYS_pselect6 };
	const struct timespec five = { 5, 0 };
	struct timespec t, *fixed;
	struct sigaction act;
	struct pollfd p;
	int fd[2];

	CHECK(!pipe(fd));
	CHECK_EQ(write(fd[1], "x", 1), 1);
	p = (struct pollfd){ fd[0], POLLIN, 0 };
	fixed = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(fixed != MAP_FAILED);
	*fixed = five;
	CHECK(!mprotect(fixed, 4096, PROT_READ));
	memset(&act, 0, sizeof(act));
	act.sa_handler = on_signal;
	CHECK(!sigaction(SIGALRM, &act, NULL));
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		t = five;
		CHECK_EQ(wait_by(calls[i], &p, 1, &t), 1);
		CHECK(ns_of(&t) < 5000000000ll && ns_of(&t) > 1000000000ll);
		t = (struct timespec){ 0, 20000000 };
		CHECK_EQ(wait_by(calls[i], NULL, 0, &t), 0);
		CHECK_EQ(ns_of(&t), 0);
		CHECK_EQ(wait_by(calls[i], NULL, 0, &t), 0);
		CHECK_EQ(ns_of(&t), 0);
		if (test_on_linux()) /* QEMU's user mode hands less back */
			continue;
		t = (struct timespec){ 30, 0 };
		alarm(1);
		CHECK_EQ(wait_by(calls[i], NULL, 0, &t), -EINTR);
		/* The alarm was set some time before. */
		CHECK(ns_of(&t) < 29900000000ll && ns_of(&t) > 0);
		/* Beyond any life, and still less than was asked for. */
		t = (struct timespec){ INT64_MAX, 999999999 };
		CHECK_EQ(wait_by(calls[i], &p, 1, &t), 1);
		CHECK(t.tv_sec > 1000000000 && t.tv_sec < INT64_MAX);
		/* What cannot be written does not undo what was found. */
		CHECK_EQ(wait_by(calls[i], &p, 1, fixed), 1);
		CHECK_EQ(ns_of(fixed), 5000000000ll);
	}
}

static void signals_and_masks(void)
{
	struct timespec t = { 100, 0 };
	struct sigaction act;
	sigset_t none, one;
	pid_t pid;

	memset(&act, 0, sizeof(act));
	act.sa_handler = on_signal;
	CHECK(!sigaction(SIGUSR1, &act, NULL));
	pid = fork();
	if (!pid) {
		for (;;) {
			nap_ms(3);
			if (kill(getppid(), SIGUSR1))
				_exit(0);
		}
	}
	CHECK_ERR(poll(NULL, 0, 100000), EINTR);
	CHECK(caught > 0);
	/* Blocked outside, open while it waits: no gap between the two. */
	sigemptyset(&none);
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	CHECK(!sigprocmask(SIG_BLOCK, &one, NULL));
	for (int i = 0; i < 10; i++) {
		int before = caught;

		CHECK_ERR(ppoll(NULL, 0, &t, &none), EINTR);
		CHECK(caught > before);
		before = caught;
		nap_ms(5);
		CHECK_EQ(caught, before);
	}
	kill(pid, SIGKILL);
	wait_status(pid);
}

static void too_many(void)
{
	struct pollfd p = { 0, 0, 0 };

	CHECK(sys(SYS_ppoll, &p, 1u << 31, NULL, NULL, 8) == -EINVAL ||
	      test_on_linux());
	CHECK_EQ(sys(SYS_ppoll, bad_pointer, 1, NULL, NULL, 8), -EFAULT);
}

static void many_at_once(void)
{
	enum { N = 400 };
	static struct pollfd p[N];
	int fd[N][2];

	for (int i = 0; i < N; i++) {
		CHECK(!pipe(fd[i]));
		p[i] = (struct pollfd){ fd[i][0], POLLIN, 0 };
	}
	CHECK_EQ(poll(p, N, 0), 0);
	CHECK_EQ(write(fd[N - 1][1], "x", 1), 1);
	CHECK_EQ(poll(p, N, -1), 1);
	CHECK_EQ(p[N - 1].revents, POLLIN);
}

static void by_select(void)
{
	struct timeval t = { 0, 0 };
	fd_set in, out;
	int fd[2];

	CHECK(!pipe(fd));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(fd[0], &in);
	FD_SET(fd[1], &out);
	CHECK_EQ(select(fd[1] + 1, &in, &out, NULL, NULL), 1);
	CHECK(!FD_ISSET(fd[0], &in) && FD_ISSET(fd[1], &out));
	FD_ZERO(&in);
	FD_SET(fd[0], &in);
	CHECK_EQ(select(fd[0] + 1, &in, NULL, NULL, &t), 0);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	FD_SET(fd[0], &in);
	CHECK_EQ(select(fd[0] + 1, &in, NULL, NULL, NULL), 1);
	t.tv_sec = 5;
	CHECK_EQ(select(fd[0] + 1, &in, NULL, NULL, &t), 1);
	CHECK(t.tv_sec > 0 && t.tv_sec < 5);
}

TEST_MAIN(CASE(pipe_states), CASE(other_files), CASE(several), CASE(waiting),
	  CASE(time_limits), CASE(time_left), CASE(signals_and_masks),
	  CASE(too_many), CASE(many_at_once), CASE(by_select))
