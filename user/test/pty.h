#pragma once
/*
 * Pseudo terminals for the tests: a pair, a session on one, and what is typed
 * and shown there.
 */
#include "test.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

/* The numbers of Linux; its C library has no names for some. */
#define GET_NUMBER  0x80045430
#define SET_LOCK    0x40045431
#define GET_LOCK    0x80045439
#define GET_PEER    0x5441
#define SET_PACKET  0x5420
#define TYPE_BYTE   0x5412
#define SEND_SIGNAL 0x40045436
#define SET_ALONE   0x540c
#define SET_SHARED  0x540d

struct pair {
	int m, s;
	char name[24]; /* of the slave */
};

static inline int pty_master(void)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	CHECK(fd >= 0);
	return fd;
}

/* Unlocked, the slave not yet open. */
static inline struct pair pty_new(void)
{
	struct pair p = { .s = -1 };
	int n = -1, off = 0;

	p.m = pty_master();
	CHECK(!ioctl(p.m, GET_NUMBER, &n));
	CHECK(!ioctl(p.m, SET_LOCK, &off));
	snprintf(p.name, sizeof(p.name), "/dev/pts/%d", n);
	return p;
}

static inline struct pair pty_pair(void)
{
	struct pair p = pty_new();

	p.s = open(p.name, O_RDWR | O_NOCTTY);
	CHECK(p.s >= 0);
	return p;
}

static inline struct termios settings(int fd)
{
	struct termios t;

	CHECK(!tcgetattr(fd, &t));
	return t;
}

/* Sets and clears flags of one word of the settings. */
#define FLAGS(fd, word, set, clear)                                            \
	do {                                                                   \
		struct termios t_ = settings(fd);                              \
		t_.word = (t_.word | (tcflag_t)(set)) & ~(tcflag_t)(clear);    \
		CHECK(!tcsetattr(fd, TCSANOW, &t_));                           \
	} while (0)

static inline void set_raw(int fd, int least, int tenths)
{
	struct termios t = settings(fd);

	cfmakeraw(&t);
	t.c_cc[VMIN] = (cc_t)least;
	t.c_cc[VTIME] = (cc_t)tenths;
	CHECK(!tcsetattr(fd, TCSANOW, &t));
}

static inline void type(int fd, const char *s)
{
	CHECK_EQ(write(fd, s, strlen(s)), (long)strlen(s));
}

static inline int look(int fd, int events)
{
	struct pollfd p = { fd, (short)events, 0 };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

/* Reads until that many bytes are there; they must be these. */
static inline void expect(int fd, const char *want, const char *file, int line)
{
	char got[512];
	size_t n = strlen(want), have = 0;

	CHECK(n < sizeof(got));
	while (have < n) {
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t r;

		if (poll(&p, 1, 10000) != 1)
			break;
		r = read(fd, got + have, n - have);
		if (r <= 0)
			break;
		have += (size_t)r;
	}
	got[have] = '\0';
	if (have != n || memcmp(got, want, n)) {
		for (size_t i = 0; i < have; i++)
			if (got[i] < ' ')
				got[i] = '?';
		test_fail("%s:%d: got \"%.60s\" (%zu bytes, not %zu)", file,
			  line, got, have, n);
	}
}
#define EXPECT(fd, want) expect(fd, want, __FILE__, __LINE__)

/* Nothing comes; asked after something else has come. */
#define NOTHING(fd) CHECK_EQ(look(fd, POLLIN) & POLLIN, 0)

/*
 * A child with a session of its own whose terminal is p's slave, as its
 * descriptor 0. It runs fn and ends.
 */
static inline pid_t session_on(struct pair *p, void (*fn)(void))
{
	pid_t pid = fork();
	int fd;

	CHECK(pid >= 0);
	if (pid)
		return pid;
	close(p->m);
	if (p->s >= 0)
		close(p->s);
	CHECK(setsid() == getpid());
	fd = open(p->name, O_RDWR);
	CHECK(fd >= 0);
	if (fd) {
		CHECK(!dup2(fd, 0));
		close(fd);
	}
	fn();
	_exit(0);
}

/* A child in a group of its own, in the background. */
static inline pid_t behind(void (*fn)(void))
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		setpgid(0, 0);
		fn();
		_exit(0);
	}
	setpgid(pid, pid);
	return pid;
}

/* Waits until pid stops; by which signal. */
static inline int stopped_by(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	return WIFSTOPPED(status) ? WSTOPSIG(status) : -status;
}

/* Signals are counted here. */
static volatile sig_atomic_t caught[65];

static inline void catch_it(int sig)
{
	caught[sig]++;
}

static inline void watch_for(int sig)
{
	struct sigaction a = { 0 };

	a.sa_handler = catch_it;
	CHECK(!sigaction(sig, &a, NULL));
}
