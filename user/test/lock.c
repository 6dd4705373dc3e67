/* Locks that programs agree on: of ranges (fcntl) and of whole files (flock). */
#include "user/test/thread.h"

#include <limits.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/time.h>

static int set(int fd, int cmd, int type, long start, long len)
{
	struct flock l = { .l_type = (short)type, .l_whence = SEEK_SET,
			   .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &l) ? -errno : 0;
}

/* The same tried by another process. */
static int other_sets(int cmd, int type, long start, long len)
{
	pid_t pid = fork();
	int fd, res;

	CHECK(pid >= 0);
	if (pid)
		return -WEXITSTATUS(wait_status(pid));
	fd = open("f", O_RDWR);
	CHECK(fd >= 0);
	res = set(fd, cmd, type, start, len);
	_exit(-res);
}

/* What is in the way of another process's lock there must be this. */
static void other_sees(int want, long from, long len, int type, long start,
		       long length, pid_t whose)
{
	pid_t pid = fork();
	struct flock l = { .l_type = (short)want, .l_whence = SEEK_SET,
			   .l_start = from, .l_len = len, .l_pid = 0 };
	int fd;

	CHECK(pid >= 0);
	if (!pid) {
		fd = open("f", O_RDWR);
		CHECK(fd >= 0);
		CHECK(!fcntl(fd, F_GETLK, &l));
		CHECK_EQ(l.l_type, type);
		if (type != F_UNLCK) {
			CHECK_EQ(l.l_whence, SEEK_SET);
			CHECK_EQ(l.l_start, start);
			CHECK_EQ(l.l_len, length);
			CHECK_EQ(l.l_pid, whose);
		}
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
}

static int make(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "0123456789", 10), 10);
	return fd;
}

static void ranges_split_and_merge(void)
{
	int fd = make();
	pid_t me = getpid();

	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 10, 10), 0);
	CHECK_EQ(set(fd, F_GETLK, F_WRLCK, 10, 10), 0);
	other_sees(F_RDLCK, 15, 1, F_WRLCK, 10, 10, me);
	other_sees(F_RDLCK, 0, 10, F_UNLCK, 0, 0, 0);
	other_sees(F_WRLCK, 20, 0, F_UNLCK, 0, 0, 0);
	CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 13, 3), 0);
	other_sees(F_RDLCK, 12, 3, F_WRLCK, 10, 3, me);
	other_sees(F_RDLCK, 13, 3, F_UNLCK, 0, 0, 0);
	other_sees(F_RDLCK, 15, 2, F_WRLCK, 16, 4, me);
	CHECK_EQ(set(fd, F_SETLK, F_RDLCK, 13, 3), 0);
	other_sees(F_WRLCK, 13, 3, F_RDLCK, 13, 3, me);
	other_sees(F_RDLCK, 13, 3, F_UNLCK, 0, 0, 0);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 13, 3), 0);
	other_sees(F_RDLCK, 14, 1, F_WRLCK, 10, 10, me);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 20, 10), 0);
	other_sees(F_RDLCK, 29, 1, F_WRLCK, 10, 20, me);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 5, 5), 0);
	other_sees(F_RDLCK, 29, 1, F_WRLCK, 5, 25, me);
	/* Over the end of one and the beginning of another. */
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 40, 10), 0);
	CHECK_EQ(set(fd, F_SETLK, F_RDLCK, 25, 20), 0);
	other_sees(F_WRLCK, 24, 1, F_WRLCK, 5, 20, me);
	other_sees(F_WRLCK, 30, 1, F_RDLCK, 25, 20, me);
	other_sees(F_RDLCK, 25, 100, F_WRLCK, 45, 5, me);
	CHECK_EQ(set(fd, F_SETLK, F_RDLCK, 0, 0), 0);
	other_sees(F_RDLCK, 0, 0, F_UNLCK, 0, 0, 0);
	other_sees(F_WRLCK, 1000, 1, F_RDLCK, 0, 0, me);
	CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 100, LONG_MAX - 100), 0);
	other_sees(F_WRLCK, 99, 0, F_RDLCK, 0, 100, me);
	other_sees(F_WRLCK, LONG_MAX, 0, F_RDLCK, LONG_MAX, 0, me);
	CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 0, 0), 0);
	other_sees(F_WRLCK, 0, 0, F_UNLCK, 0, 0, 0);
}

static void ranges_from_elsewhere(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_CUR };
	int fd = make();
	pid_t me = getpid();

	CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
	l.l_start = -1;
	l.l_len = 2;
	CHECK(!fcntl(fd, F_SETLK, &l));
	other_sees(F_RDLCK, 0, 0, F_WRLCK, 3, 2, me);
	l.l_type = F_UNLCK;
	CHECK(!fcntl(fd, F_SETLK, &l));
	l.l_type = F_WRLCK;
	l.l_whence = SEEK_END;
	l.l_len = -5;
	CHECK(!fcntl(fd, F_SETLK, &l));
	other_sees(F_RDLCK, 0, 0, F_WRLCK, 4, 5, me);
	other_sees(F_RDLCK, 9, -5, F_WRLCK, 4, 5, me);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
}

static void wrong_ranges(void)
{
	struct flock l = { .l_type = 7, .l_whence = SEEK_SET };
	int fd = make(), r, w, p;

	CHECK_ERR(fcntl(fd, F_SETLK, &l), EINVAL);
	CHECK_ERR(fcntl(fd, F_GETLK, &l), EINVAL);
	l.l_type = F_UNLCK;
	CHECK_ERR(fcntl(fd, F_GETLK, &l), EINVAL);
	l.l_whence = 9;
	CHECK_ERR(fcntl(fd, F_SETLK, &l), EINVAL);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, -1, 1), -EINVAL);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 5, -6), -EINVAL);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, LONG_MIN, -1), -EINVAL);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, LONG_MAX, 2), -EOVERFLOW);
	l.l_type = F_WRLCK;
	l.l_whence = SEEK_END;
	l.l_start = LONG_MAX;
	CHECK_ERR(fcntl(fd, F_SETLK, &l), EOVERFLOW);
	CHECK_ERR(fcntl(99, F_SETLK, &l), EBADF);
	r = open("f", O_RDONLY);
	w = open("f", O_WRONLY);
	p = open("f", O_PATH);
	CHECK_EQ(set(r, F_SETLK, F_WRLCK, 0, 1), -EBADF);
	CHECK_EQ(set(w, F_SETLK, F_RDLCK, 0, 1), -EBADF);
	CHECK_EQ(set(w, F_SETLK, F_WRLCK, 0, 1), 0);
	CHECK_EQ(set(p, F_SETLK, F_UNLCK, 0, 1), -EBADF);
	CHECK_EQ(set(r, F_SETLK, F_RDLCK, 0, 1), 0);
	CHECK_ERR(flock(p, LOCK_SH), EBADF);
	CHECK_ERR(flock(99, LOCK_SH), EBADF);
	CHECK_ERR(flock(fd, 0), EINVAL);
	CHECK_ERR(flock(fd, LOCK_SH | LOCK_EX), EINVAL);
	CHECK_ERR(flock(fd, LOCK_NB), EINVAL);
}

static void any_close_drops_ranges(void)
{
	int fd = make(), other = open("f", O_RDONLY), copy;

	CHECK(other >= 0);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	CHECK_EQ(other_sets(F_SETLK, F_RDLCK, 0, 1), -EAGAIN);
	CHECK(!close(other));
	CHECK_EQ(other_sets(F_SETLK, F_RDLCK, 0, 1), 0);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	copy = dup(fd);
	CHECK_EQ(other_sets(F_SETLK, F_RDLCK, 0, 1), -EAGAIN);
	CHECK_EQ(dup2(0, copy), copy);
	CHECK_EQ(other_sets(F_SETLK, F_RDLCK, 0, 1), 0);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	CHECK(!close(fd));
	CHECK_EQ(other_sets(F_SETLK, F_WRLCK, 0, 0), 0);
}

/* They are a process's: a child has none of them, but a new program does. */
static void fork_and_exec(void)
{
	int fd = make(), ready[2];
	pid_t pid;
	char c;

	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 0, 10), 0);
	pid = fork();
	if (!pid) {
		CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 5, 10), -EAGAIN);
		CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 0, 0), 0);
		CHECK(!close(fd));
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	other_sees(F_RDLCK, 0, 0, F_WRLCK, 0, 10, getpid());
	CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 0, 0), 0);
	CHECK(!pipe(ready));
	pid = fork();
	if (!pid) {
		CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 2, 3), 0);
		CHECK_EQ(write(ready[1], "", 1), 1);
		execl("/bin/sleep", "sleep", "100", NULL);
		_exit(127);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	nap_ms(50);
	other_sees(F_RDLCK, 0, 0, F_WRLCK, 2, 3, pid);
	CHECK(!kill(pid, SIGKILL));
	wait_status(pid);
	other_sees(F_RDLCK, 0, 0, F_UNLCK, 0, 0, 0);
}

static void on_alarm(int sig)
{
}

static void waits(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval never = { 0 };
	int fd = make(), ready[2], leave[2];
	pid_t pid;
	char c;

	CHECK(!pipe(ready) && !pipe(leave));
	for (int way = 0; way < 3; way++) {
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			int mine = open("f", O_RDWR);

			CHECK(!(way == 2 ? flock(mine, LOCK_EX)
					 : set(mine, way ? F_OFD_SETLK : F_SETLK,
					       F_WRLCK, 3, 1)));
			CHECK_EQ(write(ready[1], "", 1), 1);
			CHECK_EQ(read(leave[0], &c, 1), 1);
			nap_ms(100);
			_exit(0);
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		if (way == 2) {
			CHECK_ERR(flock(fd, LOCK_SH | LOCK_NB), EWOULDBLOCK);
			CHECK_EQ(write(leave[1], "", 1), 1);
			CHECK(!flock(fd, LOCK_SH));
		} else {
			CHECK_EQ(set(fd, F_SETLK, F_RDLCK, 0, 0), -EAGAIN);
			CHECK_EQ(write(leave[1], "", 1), 1);
			CHECK_EQ(set(fd, F_SETLKW, F_RDLCK, 0, 0), 0);
		}
		CHECK_EQ(wait_status(pid), 0);
		CHECK(!flock(fd, LOCK_UN));
		CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 0, 0), 0);
	}
	/* A signal ends a wait, or lets it go on. */
	pid = fork();
	if (!pid) {
		int mine = open("f", O_RDWR);

		CHECK_EQ(set(mine, F_SETLK, F_WRLCK, 0, 0), 0);
		CHECK(!flock(mine, LOCK_EX));
		CHECK_EQ(write(ready[1], "", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	/* QEMU's user mode begins flock anew itself. */
	for (int way = 0; way < (test_on_linux() ? 1 : 2); way++) {
		/* Again and again: the first may come before the wait. */
		struct itimerval soon = { { 0, 30000 }, { 0, 30000 } };

		CHECK(!sigaction(SIGALRM, &sa, NULL));
		CHECK(!setitimer(ITIMER_REAL, &soon, NULL));
		if (way)
			CHECK_ERR(flock(fd, LOCK_SH), EINTR);
		else
			CHECK_EQ(set(fd, F_SETLKW, F_RDLCK, 0, 0), -EINTR);
		CHECK(!setitimer(ITIMER_REAL, &never, NULL));
	}
	sa.sa_flags = SA_RESTART;
	for (int way = 0; way < 2; way++) {
		struct itimerval soon = { .it_value.tv_usec = 30000 };
		pid_t waiter = fork();

		if (!waiter) {
			CHECK(!sigaction(SIGALRM, &sa, NULL));
			CHECK(!setitimer(ITIMER_REAL, &soon, NULL));
			if (way)
				flock(fd, LOCK_SH);
			else
				set(fd, F_SETLKW, F_RDLCK, 0, 0);
			_exit(9);
		}
		nap_ms(150);
		CHECK_EQ(waitpid(waiter, NULL, WNOHANG), 0);
		CHECK(!kill(waiter, SIGKILL));
		CHECK_EQ(wait_status(waiter), SIGKILL);
	}
	CHECK(!kill(pid, SIGKILL));
	wait_status(pid);
	CHECK_EQ(set(fd, F_SETLKW, F_WRLCK, 0, 0), 0);
}

/* Three that wait for each other: one of them is told. */
static void deadlock(void)
{
	enum { N = 3 };
	int fd = make(), told = 0, ready[2], go[2];
	pid_t pid[N];
	char c;

	CHECK(!pipe(ready) && !pipe(go));
	for (int i = 0; i < N; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (pid[i])
			continue;
		CHECK_EQ(set(fd, F_SETLK, F_WRLCK, i, 1), 0);
		CHECK_EQ(write(ready[1], "", 1), 1);
		CHECK_EQ(read(go[0], &c, 1), 1);
		switch (set(fd, F_SETLKW, F_WRLCK, (i + 1) % N, 1)) {
		case 0:
			_exit(0);
		case -EDEADLK:
			_exit(1);
		default:
			_exit(2);
		}
	}
	for (int i = 0; i < N; i++)
		CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_EQ(write(go[1], "abc", N), N);
	for (int i = 0; i < N; i++) {
		int status = wait_status(pid[i]);

		CHECK(status == 0 || status == 1 << 8);
		told += status != 0;
	}
	CHECK_EQ(told, 1);
}

/* Those of an open file: shared by its descriptors, whoever has them. */
static void ranges_of_open_files(void)
{
	int a = make(), b = open("f", O_RDWR), copy;
	struct flock l = { .l_type = F_WRLCK };
	pid_t pid;

	CHECK_EQ(set(a, F_OFD_SETLK, F_WRLCK, 0, 5), 0);
	CHECK_EQ(set(b, F_OFD_SETLK, F_RDLCK, 4, 1), -EAGAIN);
	CHECK_EQ(set(b, F_SETLK, F_RDLCK, 4, 1), -EAGAIN);
	CHECK_EQ(set(a, F_SETLK, F_RDLCK, 4, 1), -EAGAIN);
	CHECK_EQ(set(b, F_OFD_SETLK, F_RDLCK, 5, 1), 0);
	CHECK(!fcntl(b, F_OFD_GETLK, &l));
	CHECK_EQ(l.l_type, F_WRLCK);
	CHECK_EQ(l.l_start, 0);
	CHECK_EQ(l.l_len, 5);
	CHECK_EQ(l.l_pid, -1);
	l.l_pid = 1;
	CHECK_ERR(fcntl(b, F_OFD_SETLK, &l), EINVAL);
	copy = dup(a);
	CHECK(!close(a));
	CHECK_EQ(set(b, F_OFD_SETLK, F_RDLCK, 4, 1), -EAGAIN);
	pid = fork();
	if (!pid) {
		CHECK_EQ(set(copy, F_OFD_SETLK, F_UNLCK, 4, 1), 0);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK_EQ(set(b, F_OFD_SETLK, F_RDLCK, 4, 1), 0);
	CHECK_EQ(set(b, F_OFD_SETLK, F_RDLCK, 3, 1), -EAGAIN);
	CHECK(!close(copy));
	CHECK_EQ(set(b, F_OFD_SETLK, F_RDLCK, 3, 1), 0);
}

static void whole_files(void)
{
	int a = make(), b = open("f", O_RDONLY), c;

	CHECK(!flock(a, LOCK_SH));
	CHECK(!flock(b, LOCK_SH));
	/* Who wants more gives up first what it had. */
	CHECK_ERR(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK(!flock(b, LOCK_EX | LOCK_NB));
	CHECK(!flock(b, LOCK_EX | LOCK_NB));
	CHECK_ERR(flock(a, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	CHECK(!flock(b, LOCK_SH));
	CHECK(!flock(a, LOCK_SH | LOCK_NB));
	CHECK(!flock(b, LOCK_UN));
	CHECK(!flock(b, LOCK_UN));
	CHECK(!flock(a, LOCK_EX | LOCK_NB));
	/* They have nothing to do with ranges. */
	CHECK_EQ(other_sets(F_SETLK, F_WRLCK, 0, 0), 0);
	c = dup(a);
	CHECK(!close(a));
	CHECK_ERR(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	CHECK(!close(c));
	CHECK(!flock(b, LOCK_EX | LOCK_NB));
	CHECK(!close(b));
	/* A folder has them as well. */
	b = open(".", O_RDONLY | O_DIRECTORY);
	c = open(".", O_RDONLY | O_DIRECTORY);
	CHECK(!flock(b, LOCK_EX));
	CHECK_ERR(flock(c, LOCK_EX | LOCK_NB), EWOULDBLOCK);
}

/* What a lock is for: nobody's change of a number is lost. */
static void locked_changes(void)
{
	enum { N = 4, ROUNDS = 150 };
	int fd = make(), n = 0;
	pid_t pid[N];

	CHECK_EQ(pwrite(fd, &n, sizeof(n), 0), (long)sizeof(n));
	for (int i = 0; i < N; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (pid[i])
			continue;
		fd = open("f", O_RDWR);
		for (int r = 0; r < ROUNDS; r++) {
			/* Half of them by ranges, which each sees alone. */
			CHECK(!(i % 2 ? set(fd, F_OFD_SETLKW, F_WRLCK, 0, 4)
				      : set(fd, F_SETLKW, F_WRLCK, 0, 4)));
			CHECK_EQ(pread(fd, &n, sizeof(n), 0), (long)sizeof(n));
			if (r % 8 == 0)
				sched_yield();
			n++;
			CHECK_EQ(pwrite(fd, &n, sizeof(n), 0), (long)sizeof(n));
			CHECK(!set(fd, i % 2 ? F_OFD_SETLK : F_SETLK, F_UNLCK,
				   0, 0));
		}
		_exit(0);
	}
	for (int i = 0; i < N; i++)
		CHECK_EQ(wait_status(pid[i]), 0);
	CHECK_EQ(pread(fd, &n, sizeof(n), 0), (long)sizeof(n));
	CHECK_EQ(n, N * ROUNDS);
}

static volatile int race_fd, race_result, race_begun;

static void locker(void *arg)
{
	struct flock l = { .l_type = F_WRLCK };

	race_begun = 1;
	race_result = (int)sys(SYS_fcntl, race_fd, F_SETLKW, &l);
}

/* A lock that comes when its descriptor is closed already is given back. */
static void close_while_waiting(void)
{
	int fd = make(), ready[2];
	static struct tthread t;
	pid_t pid;
	char c;

	CHECK(!pipe(ready));
	pid = fork();
	if (!pid) {
		CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 0, 0), 0);
		CHECK_EQ(write(ready[1], "", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	race_fd = open("f", O_RDWR);
	thread_start(&t, locker, NULL);
	WAIT_UNTIL(race_begun);
	nap_ms(100);
	CHECK(!close(race_fd));
	CHECK(!kill(pid, SIGKILL));
	wait_status(pid);
	thread_join(&t);
	CHECK_EQ(race_result, -EBADF);
	CHECK_EQ(other_sets(F_SETLK, F_WRLCK, 0, 0), 0);
}

/* A user's locks do not fill the memory. */
static void so_many_and_no_more(void)
{
	int fd = make(), n;

	test_skip_on_linux("there the memory is the limit");
	become_nobody();
	for (n = 0; n < 100000; n++)
		if (set(fd, F_SETLK, F_WRLCK, 2 * n, 1))
			break;
	CHECK(n >= 1000 && n < 2000);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 2 * n, 1), -ENOLCK);
	/* But one of them can be given up, and another taken for it. */
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 2 * i, 1), 0);
		CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 2 * (n + i), 1), 0);
		CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 2 * (n + i) + 2, 1),
			 -ENOLCK);
	}
	/* Nor do holes in one make more than there may be. */
	CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 0, 0), 0);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	for (n = 0; n < 100000; n++)
		if (set(fd, F_SETLK, F_UNLCK, 2 * n + 1, 1))
			break;
	CHECK(n >= 1000 && n < 2000);
	CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 2 * n + 1, 1), -ENOLCK);
	CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 2 * n + 1, 0), 0);
	CHECK_EQ(set(fd, F_SETLK, F_UNLCK, 0, 0), 0);
	CHECK_EQ(set(fd, F_SETLK, F_WRLCK, 2 * n, 1), 0);
}

TEST_MAIN(CASE(ranges_split_and_merge), CASE(ranges_from_elsewhere),
	  CASE(wrong_ranges), CASE(any_close_drops_ranges), CASE(fork_and_exec),
	  CASE(waits), CASE(deadlock), CASE(ranges_of_open_files),
	  CASE(whole_files), CASE(locked_changes), CASE(close_while_waiting),
	  CASE(so_many_and_no_more))
