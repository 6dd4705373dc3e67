/* Clocks and sleeping. No upper limits: the machine may be busy. */
#include "test.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/times.h>

static long long ns_of(clockid_t clock)
{
	struct timespec t;

	CHECK(!clock_gettime(clock, &t));
	CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void clocks_go_forward(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC,
					    CLOCK_PROCESS_CPUTIME_ID,
					    CLOCK_THREAD_CPUTIME_ID,
					    CLOCK_MONOTONIC_RAW,
					    CLOCK_BOOTTIME };

	for (unsigned i = 0; i < ARRAY_SIZE(clocks); i++) {
		long long last = ns_of(clocks[i]), now;
		struct timespec res;

		for (int k = 0; k < 2000; k++) {
			now = ns_of(clocks[i]);
			CHECK(now >= last);
			last = now;
		}
		CHECK(!clock_getres(clocks[i], &res));
		CHECK(res.tv_sec == 0 && res.tv_nsec > 0);
	}
	{
		struct timespec t;

		CHECK_ERR(clock_gettime(12345, &t), EINVAL);
		CHECK_ERR(clock_getres(12345, &t), EINVAL);
	}
}

/* Not on this hart only: the clock is one for all. */
static void one_time_for_all(void)
{
	int fd[2];
	pid_t pid;

	CHECK(!pipe(fd));
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 200; i++) {
			long long t = now_ns();

			CHECK_EQ(write(fd[1], &t, sizeof(t)), sizeof(t));
		}
		_exit(0);
	}
	for (int i = 0; i < 200; i++) {
		long long t;

		CHECK_EQ(read(fd[0], &t, sizeof(t)), sizeof(t));
		CHECK(now_ns() >= t);
	}
	CHECK_EQ(wait_status(pid), 0);
}

static void sleeping(void)
{
	static const long spans[] = { 0, 1, 1000, 1000000, 20000000 };
	struct timespec t;

	for (unsigned i = 0; i < ARRAY_SIZE(spans); i++) {
		long long start = now_ns();

		t = (struct timespec){ 0, spans[i] };
		CHECK(!nanosleep(&t, NULL));
		CHECK(now_ns() - start >= spans[i]);
	}
	t = (struct timespec){ 0, 1000000000 };
	CHECK_ERR(nanosleep(&t, NULL), EINVAL);
	t = (struct timespec){ -1, 0 };
	CHECK_ERR(nanosleep(&t, NULL), EINVAL);
	t = (struct timespec){ 0, -1 };
	CHECK_ERR(nanosleep(&t, NULL), EINVAL);
}

static void until_a_moment(void)
{
	struct timespec t;
	long long now = now_ns(), then = now + 20000000;

	t = (struct timespec){ then / 1000000000, then % 1000000000 };
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t,
		     NULL), 0);
	CHECK(now_ns() >= then);
	/* What is over needs no waiting. */
	t = (struct timespec){ 0, 1 };
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t,
		     NULL), 0);
	CHECK(sys(SYS_clock_nanosleep, 12345, 0, &t, NULL) < 0);
}

/* Sleepers with many different ends wake, each not before its own. */
static void many_sleepers(void)
{
	enum { N = 40 };
	int status;

	for (int i = 0; i < N; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			unsigned ms = 5 + (unsigned)(i * 37 % N);
			long long start = now_ns();

			nap_ms(ms);
			CHECK(now_ns() - start >= ms * 1000000ll);
			_exit(0);
		}
	}
	for (int i = 0; i < N; i++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}

/* Years ahead and beyond what a number of nanoseconds can say. */
static void far_away(void)
{
	static const time_t seconds[] = { 1l << 31, 1l << 40, INT64_MAX };

	for (unsigned i = 0; i < ARRAY_SIZE(seconds); i++) {
		struct timespec t = { seconds[i], 0 };
		int status;
		pid_t pid = fork();

		if (!pid) {
			nanosleep(&t, NULL);
			_exit(1);
		}
		nap_ms(10);
		CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
		kill(pid, SIGKILL);
		CHECK_EQ(WTERMSIG(wait_status(pid)), SIGKILL);
	}
}

static void own_time(void)
{
	long long start = ns_of(CLOCK_PROCESS_CPUTIME_ID);
	struct rusage self, children;
	struct tms before, after;
	pid_t pid;

	/* Work is counted, sleep is not. */
	while (ns_of(CLOCK_PROCESS_CPUTIME_ID) - start < 30000000)
		for (volatile int i = 0; i < 1000; i++)
			;
	CHECK(!getrusage(RUSAGE_SELF, &self));
	CHECK((self.ru_utime.tv_sec + self.ru_stime.tv_sec) * 1000000ll +
		      self.ru_utime.tv_usec + self.ru_stime.tv_usec >=
	      20000);
	CHECK(times(&before) != (clock_t)-1);
	pid = fork();
	if (!pid) {
		start = ns_of(CLOCK_PROCESS_CPUTIME_ID);
		while (ns_of(CLOCK_PROCESS_CPUTIME_ID) - start < 60000000)
			for (volatile int i = 0; i < 1000; i++)
				;
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK(times(&after) != (clock_t)-1);
	CHECK(after.tms_cutime + after.tms_cstime >
	      before.tms_cutime + before.tms_cstime);
	CHECK(!getrusage(RUSAGE_CHILDREN, &children));
	CHECK((children.ru_utime.tv_sec + children.ru_stime.tv_sec) *
		      1000000ll + children.ru_utime.tv_usec +
		      children.ru_stime.tv_usec >= 40000);
	CHECK_ERR(getrusage(77, &self), EINVAL);
	/* The machine itself may be taken away for a while, and that counts. */
	for (int tries = 0;; tries++) {
		start = ns_of(CLOCK_PROCESS_CPUTIME_ID);
		nap_ms(50);
		if (ns_of(CLOCK_PROCESS_CPUTIME_ID) - start < 50000000)
			break;
		CHECK(tries < 30);
	}
}

static void calendar(void)
{
	struct timeval tv;
	time_t t = time(NULL);

	CHECK(!gettimeofday(&tv, NULL));
	CHECK(tv.tv_sec >= t && tv.tv_sec - t < 60);
	CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
}

/* 1: it was stopped and goes on; 0: it had ended before. */
static int stop_and_continue(pid_t pid, unsigned after_ms)
{
	int status;

	nap_ms(after_ms);
	CHECK(!kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	if (!WIFSTOPPED(status))
		return 0;
	nap_ms(20);
	CHECK(!kill(pid, SIGCONT));
	return 1;
}

/* A stop is no end of a wait. */
static void waits_through_a_stop(void)
{
	for (int how = 0; how < 4; how++) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (!pid) {
			struct timespec t = { 60, 0 };
			struct timeval v = { 60, 0 };

			if (how == 0)
				nanosleep(&t, NULL);
			else if (how == 1)
				sys(SYS_ppoll, NULL, 0, &t, NULL, 8);
			else if (how == 2)
				select(0, NULL, NULL, NULL, &v);
			else
				pause();
			_exit(1);
		}
		CHECK_EQ(stop_and_continue(pid, 40), 1);
		nap_ms(40);
		CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
		CHECK(!kill(pid, SIGTERM));
		CHECK_EQ(wait_status(pid), SIGTERM);
	}
}

/* And the time goes on meanwhile: what is left is not begun again. On a busy
 * machine anything may take longer, so once is enough. */
static void time_goes_on_in_a_stop(void)
{
	static const long span = 300000000;
	struct timespec t = { 0, span };

	for (int tries = 0; tries < 50; tries++) {
		long long start = now_ns(), took;
		int stopped;
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid)
			_exit(nanosleep(&t, NULL) != 0);
		stopped = stop_and_continue(pid, 200);
		if (!stopped)
			continue; /* it had ended */
		CHECK_EQ(wait_status(pid), 0);
		took = now_ns() - start;
		CHECK(took >= span);
		if (took < span + 180000000)
			return;
	}
	test_fail("after a stop it sleeps for too long");
}

/* Clocks that are named by a process or a thread. */
static void named_clocks(void)
{
	const clockid_t own = (clockid_t)(~(unsigned)getpid() << 3 | 2);
	const clockid_t thread = (clockid_t)(~(unsigned)getpid() << 3 | 6);
	long long before = ns_of(CLOCK_PROCESS_CPUTIME_ID), start;
	struct timespec t;
	pid_t pid;

	start = ns_of(own);
	CHECK(start >= before && start <= ns_of(CLOCK_PROCESS_CPUTIME_ID));
	before = ns_of(CLOCK_THREAD_CPUTIME_ID);
	start = ns_of(thread);
	CHECK(start >= before && start <= ns_of(CLOCK_THREAD_CPUTIME_ID));
	CHECK(!clock_getres(own, &t));
	CHECK(!clock_getres(thread, &t));
	pid = fork();
	if (!pid)
		for (;;)
			;
	start = ns_of((clockid_t)(~(unsigned)pid << 3 | 2));
	WAIT_UNTIL(ns_of((clockid_t)(~(unsigned)pid << 3 | 2)) - start >
		   20000000);
	/* No thread of this process; and nobody. */
	CHECK_ERR(clock_gettime((clockid_t)(~(unsigned)pid << 3 | 6), &t),
		  EINVAL);
	kill(pid, SIGKILL);
	CHECK_EQ(wait_status(pid), SIGKILL);
	CHECK_ERR(clock_gettime((clockid_t)(~(unsigned)pid << 3 | 2), &t),
		  EINVAL);
	CHECK_ERR(clock_getres((clockid_t)(~(unsigned)pid << 3 | 2), &t),
		  EINVAL);
	CHECK_ERR(clock_gettime((clockid_t)(~0u << 3 | 7), &t), EINVAL);
}

TEST_MAIN(CASE(clocks_go_forward), CASE(one_time_for_all), CASE(sleeping),
	  CASE(until_a_moment), CASE(many_sleepers), CASE(far_away),
	  CASE(named_clocks), CASE(own_time), CASE(calendar), CASE(waits_through_a_stop),
	  CASE(time_goes_on_in_a_stop))
