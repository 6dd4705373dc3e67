/* Timers that send signals: alarm, setitimer, timer_create. */
#include "user/test/signals.h"
#include "user/test/thread.h"

#include <sys/resource.h>
#include <sys/time.h>

#define SIGEV_THREAD_ID_ 4 /* not in every C library's header */

static volatile sig_atomic_t seen;
static volatile siginfo_t last;

static void count(int sig)
{
	seen++;
}

static void note(int sig, siginfo_t *info, void *uc)
{
	last = *info;
	seen++;
}

static struct itimerval every(long first_us, long us)
{
	return (struct itimerval){ { us / 1000000, us % 1000000 },
				   { first_us / 1000000, first_us % 1000000 } };
}

static void set(int which, long first_us, long us)
{
	struct itimerval v = every(first_us, us);

	CHECK(!setitimer(which, &v, NULL));
}

static long left_us(int which)
{
	struct itimerval v;

	CHECK(!getitimer(which, &v));
	return v.it_value.tv_sec * 1000000 + v.it_value.tv_usec;
}

static void burn(long long ns)
{
	for (long long end = now_ns() + ns; now_ns() < end;)
		;
}

static void the_alarm(void)
{
	unsigned left;

	handle(SIGALRM, count, 0);
	CHECK_EQ(alarm(100), 0);
	left = alarm(1);
	CHECK(left == 99 || left == 100);
	CHECK_ERR(pause(), EINTR);
	CHECK_EQ(seen, 1);
	CHECK_EQ(alarm(0), 0);
	alarm(50);
	CHECK(alarm(0) >= 49);
	CHECK_EQ(alarm(0), 0);
	CHECK_EQ(left_us(ITIMER_REAL), 0);
}

static void wait_for_alarm(void)
{
	set(ITIMER_REAL, 10000, 0);
	wait_for_ever();
}

static void by_default_it_kills(void)
{
	CHECK_EQ(killed_by(wait_for_alarm), SIGALRM);
}

static void again_and_again(void)
{
	long long start = now_ns();
	struct itimerval old;

	handle_info(SIGALRM, note, 0);
	set(ITIMER_REAL, 30000, 10000);
	CHECK(left_us(ITIMER_REAL) > 0 && left_us(ITIMER_REAL) <= 30000);
	while (seen < 8)
		pause();
	CHECK(now_ns() - start >= 100000000 - 1000000);
	CHECK_EQ(last.si_signo, SIGALRM);
	CHECK_EQ(last.si_code, SI_KERNEL);
	CHECK(left_us(ITIMER_REAL) > 0 && left_us(ITIMER_REAL) <= 10000);
	/* What it was is given back, and then it is still. */
	memset(&old, 0, sizeof(old));
	CHECK(!setitimer(ITIMER_REAL, NULL, &old));
	CHECK_EQ(old.it_interval.tv_usec, 10000);
	seen = 0;
	nap_ms(40);
	CHECK_EQ(seen, 0);
	CHECK_EQ(left_us(ITIMER_REAL), 0);
}

static void wrong_values(void)
{
	static const struct itimerval bad[] = {
		{ { 0, 0 }, { 0, 1000000 } }, { { 0, 0 }, { 0, -1 } },
		{ { 0, 0 }, { -1, 0 } },      { { 0, 1000000 }, { 1, 0 } },
		{ { -1, 0 }, { 1, 0 } },
	};
	struct itimerval v = every(1000, 0);

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(sys(SYS_setitimer, ITIMER_REAL, &bad[i], NULL),
			 -EINVAL);
	CHECK_EQ(sys(SYS_setitimer, 3, &v, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_setitimer, -1, &v, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_getitimer, 3, &v), -EINVAL);
	CHECK_EQ(sys(SYS_getitimer, 0, bad_pointer), -EFAULT);
	CHECK_EQ(sys(SYS_setitimer, 0, bad_pointer, NULL), -EFAULT);
	/* Far beyond any life. */
	v.it_value.tv_sec = INT64_MAX;
	CHECK_EQ(sys(SYS_setitimer, 0, &v, NULL), 0);
	CHECK(left_us(ITIMER_REAL) > 1000000);
}

static void not_the_childs(void)
{
	pid_t pid;

	handle(SIGALRM, count, 0);
	set(ITIMER_REAL, 20000, 0);
	pid = fork();
	if (!pid) {
		CHECK_EQ(left_us(ITIMER_REAL), 0);
		nap_ms(60);
		_exit(seen);
	}
	while (waitpid(pid, NULL, WNOHANG) != pid)
		nap_ms(5);
	CHECK_EQ(seen, 1);
}

static void kept_by_exec(void)
{
	pid_t pid = fork();

	test_skip_on_linux("QEMU's user mode hands execve to its host");
	if (!pid) {
		set(ITIMER_REAL, 200000, 0);
		execl("/bin/sleep", "sleep", "100", (char *)NULL);
		_exit(9);
	}
	CHECK_EQ(wait_status(pid), SIGALRM);
}

static void of_cpu_time(void)
{
	static const int which[] = { ITIMER_VIRTUAL, ITIMER_PROF };
	static const int sigs[] = { SIGVTALRM, SIGPROF };

	for (int i = 0; i < 2; i++) {
		long before;

		handle(sigs[i], count, 0);
		/* A nap costs none; but the machine may be taken from us on the
		 * way there. */
		for (int tries = 0;; tries++) {
			seen = 0;
			set(which[i], 30000, 20000);
			before = left_us(which[i]);
			CHECK(before <= 40000); /* Linux has a grain */
			nap_ms(60);
			if (before > 0 && !seen)
				break;
			CHECK(tries < 30);
		}
		while (seen < 3)
			burn(1000000);
		set(which[i], 0, 0);
		seen = 0;
		burn(40000000);
		CHECK_EQ(seen, 0);
	}
}

/* Shorter than a signal takes: it does not keep the machine from working. */
static void as_short_as_can_be(void)
{
	long long end = now_ns() + 100000000;
	volatile long work = 0;

	handle(SIGALRM, count, SA_RESTART);
	/* Linux has no least interval, and may do nothing else then. */
	set(ITIMER_REAL, 1, test_on_linux() ? 5000 : 1);
	while (now_ns() < end || seen < 2)
		work = work + 1;
	/* Blocked, and ignored. */
	mask(SIG_BLOCK, SIGALRM);
	nap_ms(30);
	handle(SIGALRM, SIG_IGN, 0);
	mask(SIG_UNBLOCK, SIGALRM);
	nap_ms(30);
	if (test_on_linux())
		return; /* an older one forgets the timer then */
	handle(SIGALRM, count, SA_RESTART);
	seen = 0;
	WAIT_UNTIL(seen > 0);
}

/* A fork takes longer than from one signal to the next; it gets done. */
static void fork_takes_longer(void)
{
	enum { SIZE = 100 << 20 };
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	memset(p, 1, SIZE);
	handle(SIGALRM, count, SA_RESTART);
	/* Linux has no least interval, and may do nothing else then. */
	set(ITIMER_REAL, 1, test_on_linux() ? 5000 : 1);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid)
			_exit(p[SIZE - 1]);
		CHECK_EQ(wait_status(pid), 1 << 8);
	}
	CHECK(seen > 0);
}

/* ---- a limit of CPU time ---- */

static void limit_cpu(rlim_t soft, rlim_t hard)
{
	struct rlimit l = { soft, hard };

	CHECK(!setrlimit(RLIMIT_CPU, &l));
}

static long long cpu_ns(int clock)
{
	struct timespec t;

	CHECK(!clock_gettime(clock, &t));
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void burn_for_ever(void)
{
	for (;;)
		burn(1000000);
}

static void burn_in_child(void)
{
	limit_cpu(1, RLIM_INFINITY);
	burn(300000000);
	/* It has its own second, from nought. */
	CHECK_EQ(killed_by(burn_for_ever), SIGXCPU);
	CHECK(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < 1000000000);
}

/* Each second of its time a signal; then the end. */
static void burn_to_the_end(void)
{
	struct rlimit l;

	handle_info(SIGXCPU, note, 0);
	limit_cpu(1, 3);
	for (int i = 1; i < 3; i++) {
		while (seen < i)
			burn(1000000);
		CHECK_EQ(seen, i);
		CHECK_EQ(last.si_signo, SIGXCPU);
		CHECK_EQ(last.si_code, SI_KERNEL);
		CHECK(test_on_linux() || /* that goes by its ticks */
		      cpu_ns(CLOCK_PROCESS_CPUTIME_ID) >= i * 1000000000ll);
		CHECK(!getrlimit(RLIMIT_CPU, &l));
		CHECK_EQ(l.rlim_cur, i + 1);
		CHECK_EQ(l.rlim_max, 3);
	}
	mask(SIG_BLOCK, SIGXCPU);
	burn_for_ever();
}

static void cpu_limit(void)
{
	struct rusage ru;
	int status;

	in_child(burn_in_child);
	CHECK(wait4(spawn(burn_to_the_end), &status, 0, &ru) > 0);
	CHECK_EQ(status, SIGKILL);
	/* 3, and little more. */
	CHECK(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec < 6);
}

/* Rest costs nothing, and a limit that is taken back is none. */
static void cpu_limit_taken_back(void)
{
	handle(SIGXCPU, count, 0);
	limit_cpu(1, 60);
	nap_ms(1200);
	CHECK_EQ(seen, 0);
	limit_cpu(60, 60);
	burn(1200000000);
	CHECK_EQ(seen, 0);
	/* What is less than was used is at an end at once. */
	limit_cpu(1, 60);
	while (!seen)
		burn(1000000);
}

/* ---- timer_create ---- */

static long create(int clock, int notify, int sig, int tid, int *id)
{
	struct sigevent ev;

	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = notify;
	ev.sigev_signo = sig;
	ev.sigev_value.sival_int = 4711;
	/* Where both C libraries have it. */
	memcpy((char *)&ev + 16, &tid, sizeof(tid));
	return sys(SYS_timer_create, clock, &ev, id);
}

static long settime(int id, int flags, long long first_ns, long long ns)
{
	struct itimerspec v = {
		{ ns / 1000000000, ns % 1000000000 },
		{ first_ns / 1000000000, first_ns % 1000000000 },
	};

	return sys(SYS_timer_settime, id, flags, &v, NULL);
}

static long long left_ns(int id, long long *interval)
{
	struct itimerspec v;

	CHECK(!sys(SYS_timer_gettime, id, &v));
	*interval = v.it_interval.tv_sec * 1000000000ll + v.it_interval.tv_nsec;
	return v.it_value.tv_sec * 1000000000ll + v.it_value.tv_nsec;
}

static sigset_t block_rt(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	return set;
}

static void timers(void)
{
	static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC };
	sigset_t set = block_rt();
	siginfo_t info;
	long long interval;

	for (unsigned i = 0; i < ARRAY_SIZE(clocks); i++) {
		struct timespec now;
		int id = -1, other;

		CHECK(!create(clocks[i], SIGEV_SIGNAL, SIGRTMIN, 0, &id));
		CHECK(!create(clocks[i], SIGEV_SIGNAL, SIGRTMIN, 0, &other));
		CHECK(id != other);
		CHECK_EQ(left_ns(id, &interval), 0);
		CHECK(!settime(id, 0, 20000000, 0));
		CHECK(left_ns(id, &interval) <= 20000000);
		CHECK_EQ(interval, 0);
		CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
		CHECK_EQ(info.si_code, SI_TIMER);
		CHECK_EQ(info.si_value.sival_int, 4711);
		if (!test_on_linux()) {
			CHECK_EQ(((int *)&info)[4], id); /* si_timerid */
			CHECK_EQ(((int *)&info)[5], 0);  /* si_overrun */
		}
		CHECK_EQ(left_ns(id, &interval), 0);
		/* A point in time that has gone by. */
		CHECK(!clock_gettime(clocks[i], &now));
		CHECK(!settime(id, 1, now.tv_sec * 1000000000ll + now.tv_nsec,
			       0));
		CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
		CHECK(!settime(id, 0, 1000000, 0));
		CHECK(!settime(id, 0, 0, 0)); /* taken back, most likely */
		CHECK(!sys(SYS_timer_delete, id));
		CHECK_EQ(sys(SYS_timer_delete, id), -EINVAL);
		CHECK(!sys(SYS_timer_delete, other));
		nap_ms(5);
		while (sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }) >
		       0)
			;
	}
}

static void overruns(void)
{
	sigset_t set = block_rt();
	long long start, gone;
	siginfo_t info;
	int id, n;

	CHECK(!create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, &id));
	start = now_ns();
	CHECK(!settime(id, 0, 1000000, 1000000));
	nap_ms(50);
	CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
	gone = (now_ns() - start) / 1000000;
	n = (int)sys(SYS_timer_getoverrun, id);
	if (test_on_linux()) {
		CHECK(!sys(SYS_timer_delete, id));
		return; /* QEMU's user mode takes signals at once */
	}
	CHECK_EQ(((int *)&info)[5], n);
	CHECK(n >= 30 && n <= gone);
	CHECK(!settime(id, 0, 0, 0));
	while (sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }) > 0)
		;
	CHECK(!sys(SYS_timer_delete, id));
}

static void many_kinds(void)
{
	sigset_t set = block_rt();
	long long interval;
	siginfo_t info;
	int id;

	CHECK(!create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, &id));
	CHECK(!settime(id, 0, 30000000, 20000000));
	CHECK(left_ns(id, &interval) <= 30000000);
	CHECK_EQ(interval, 20000000);
	nap_ms(60);
	CHECK(left_ns(id, &interval) <= 20000000);
	CHECK(!sys(SYS_timer_delete, id));
	/* To one thread. */
	CHECK(!create(CLOCK_MONOTONIC, SIGEV_THREAD_ID_, SIGRTMIN,
		      (int)sys(SYS_gettid), &id));
	CHECK(!settime(id, 0, 1, 0));
	CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
	CHECK(!sys(SYS_timer_delete, id));
	/* Deleted while its signal waits. */
	CHECK(!create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, &id));
	CHECK(!settime(id, 0, 1, 1));
	nap_ms(5);
	CHECK(!sys(SYS_timer_delete, id));
	while (sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }) > 0)
		;
	/* CPU time. */
	CHECK(!create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN, 0,
		      &id));
	for (int tries = 0;; tries++) {
		CHECK(!settime(id, 0, 20000000, 0));
		nap_ms(40);
		if (sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }) < 0)
			break;
		CHECK(tries < 30);
	}
	CHECK_EQ(errno, EAGAIN);
	while (sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }) < 0)
		burn(1000000);
	/* This one stays: the end of the process takes it along. */
	CHECK(!settime(id, 0, 20000000, 1000000));
}

/* By the numbers that C libraries have for clocks of CPU time: of the process,
 * also by its id, of the thread; 3 would be a device's. */
static int cpu_clock(int id, unsigned kind)
{
	return (int)(~(unsigned)id << 3 | kind);
}

static void by_number(void)
{
	const int clocks[] = { cpu_clock(0, 2), cpu_clock(getpid(), 2),
			       cpu_clock(0, 6) };
	sigset_t set = block_rt();
	siginfo_t info;
	int id;

	for (unsigned i = 0; i < ARRAY_SIZE(clocks); i++) {
		CHECK(!create(clocks[i], SIGEV_SIGNAL, SIGRTMIN, 0, &id));
		CHECK(!settime(id, 0, 2000000, 0));
		while (sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }) < 0)
			burn(100000);
		CHECK(!sys(SYS_timer_delete, id));
	}
	CHECK_EQ(create(cpu_clock(0, 3), SIGEV_SIGNAL, SIGRTMIN, 0, &id),
		 -EOPNOTSUPP);
}

/* ---- CPU time of one thread, and sleep on a process's ---- */

static volatile int done;

static void burn_until_done(void *arg)
{
	while (!done)
		burn(1000000);
}

static long long used_ns(int who)
{
	struct rusage ru;

	CHECK(!sys(SYS_getrusage, who, &ru));
	return (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000000ll +
	       (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) * 1000ll;
}

static int is_sent(const sigset_t *set)
{
	siginfo_t info;

	return sigtimedwait(set, &info, &(struct timespec){ 0, 0 }) > 0;
}

static int thread_timer;

static void make_thread_timer(void *arg)
{
	if (create(CLOCK_THREAD_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN, 0,
		   &thread_timer) ||
	    settime(thread_timer, 0, 3600000000000ll, 0))
		thread_timer = -1;
}

/* What another thread runs does not count; what this one does, does. */
static void of_one_thread(void)
{
	static struct tthread other, t;
	sigset_t set = block_rt();
	long long start, interval;
	int id;

	CHECK(!create(CLOCK_THREAD_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN, 0, &id));
	thread_start(&other, burn_until_done, NULL);
	CHECK(!settime(id, 0, 40000000, 0));
	start = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
	WAIT_UNTIL(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - start > 200000000);
	CHECK(used_ns(RUSAGE_SELF) - used_ns(RUSAGE_THREAD) > 100000000);
	if (cpu_ns(CLOCK_THREAD_CPUTIME_ID) < 40000000)
		CHECK(!is_sent(&set));
	while (!is_sent(&set))
		burn(1000000);
	CHECK(cpu_ns(CLOCK_THREAD_CPUTIME_ID) >= 40000000);
	CHECK_EQ(left_ns(id, &interval), 0);
	/* Again and again. */
	CHECK(!settime(id, 0, 5000000, 5000000));
	for (int i = 0; i < 3; i++)
		while (!is_sent(&set))
			burn(1000000);
	done = 1;
	thread_join(&other);
	/* Its thread has ended: it is still, for good. */
	thread_start(&t, make_thread_timer, NULL);
	thread_join(&t);
	CHECK(thread_timer > 0);
	while (settime(thread_timer, 0, 1000000, 0) != -ESRCH)
		nap_ms(1);
	CHECK_EQ(left_ns(thread_timer, &interval), 0);
	CHECK(!sys(SYS_timer_delete, thread_timer));
}

static void sleep_on_cpu_time(void)
{
	static struct tthread other;
	struct timespec t = { 0, 30000000 }, left = { 0, 0 };
	long long start;

	thread_start(&other, burn_until_done, NULL);
	start = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
	CHECK_EQ(
		sys(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &t, NULL),
		0);
	CHECK(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - start >= 30000000);
	start = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) + 30000000;
	t.tv_sec = start / 1000000000;
	t.tv_nsec = start % 1000000000;
	for (int i = 0; i < 2; i++) { /* the second time it has gone by */
		CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID,
			     TIMER_ABSTIME, &t, NULL),
			 0);
		CHECK(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) >= start);
	}
	done = 1;
	thread_join(&other);
	/* Nobody runs: only a signal ends it, and nearly all is left. */
	handle(SIGALRM, count, 0);
	set(ITIMER_REAL, 30000, 30000);
	t = (struct timespec){ 5, 0 };
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &t,
		     &left),
		 -EINTR);
	CHECK_EQ(left.tv_sec, 4);
	CHECK(seen > 0);
	set(ITIMER_REAL, 0, 0);
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL),
		 -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0,
		     bad_pointer, NULL),
		 -EFAULT);
	t.tv_nsec = -1;
	CHECK_EQ(
		sys(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &t, NULL),
		-EINVAL);
	CHECK_EQ(sys(SYS_clock_nanosleep, 99, 0, &t, NULL), -EINVAL);
}

static void wrong_timers(void)
{
	struct itimerspec v = { { 0, 0 }, { 0, 1000000000 } };
	int id, other;

	CHECK_EQ(create(99, SIGEV_SIGNAL, SIGRTMIN, 0, &id), -EINVAL);
	CHECK_EQ(sys(SYS_timer_create, CLOCK_MONOTONIC, bad_pointer, &id),
		 -EFAULT);
	CHECK_EQ(sys(SYS_timer_create, CLOCK_MONOTONIC, NULL, bad_pointer),
		 -EFAULT);
	CHECK_EQ(sys(SYS_timer_delete, 12345), -EINVAL);
	CHECK_EQ(sys(SYS_timer_gettime, -2, &v), -EINVAL);
	CHECK_EQ(sys(SYS_timer_settime, 12345, 0, &v, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_timer_getoverrun, -1), -EINVAL);
	CHECK(!create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, &id));
	CHECK_EQ(sys(SYS_timer_settime, id, 0, &v, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_timer_settime, id, 0, bad_pointer, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_timer_gettime, id, bad_pointer), -EFAULT);
	if (test_on_linux())
		return;
	CHECK_EQ(create(CLOCK_MONOTONIC, 17, SIGRTMIN, 0, &other), -EINVAL);
	CHECK_EQ(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 65, 0, &other), -EINVAL);
	CHECK_EQ(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 0, 0, &other), -EINVAL);
	CHECK_EQ(create(CLOCK_MONOTONIC, SIGEV_THREAD_ID_, SIGRTMIN, 1, &other),
		 -EINVAL);
}

static void so_many(void)
{
	struct rlimit l = { 40, 40 };
	int id, n = 0;

	test_skip_on_linux("QEMU's user mode has 32 timers");
	CHECK(!setrlimit(RLIMIT_SIGPENDING, &l));
	while (n < 100 &&
	       !create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, &id))
		n++;
	CHECK(n <= 40);
	CHECK_EQ(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0, &id),
		 -EAGAIN);
	/* One that sends nothing takes as much. */
	CHECK_EQ(create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, &id), -EAGAIN);
	/* An alarm can always be set. */
	handle(SIGALRM, count, 0);
	set(ITIMER_REAL, 1000, 0);
	WAIT_UNTIL(seen == 1);
}

/* As many as one gets: there is still an alarm, and a sleep on CPU time. */
static void as_many_as_may_be(void)
{
	struct timespec past = { 0, 1 };
	int id, n = 0;

	while (n < 40000 &&
	       !create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, &id))
		n++;
	CHECK(n >= 32);
	handle(SIGALRM, count, 0);
	set(ITIMER_REAL, 1000, 0);
	WAIT_UNTIL(seen == 1);
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID,
		     TIMER_ABSTIME, &past, NULL),
		 0);
}

/* Thousands of timers: how long do others take for what
 * takes no time? */
static void timers_of_a_crowd(int clock, long long first, long long interval)
{
	pid_t pids[8], pid;
	long long from;
	int go[2], id;
	char c;

	CHECK(!pipe(go));
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i])
			continue;
		if (!geteuid())
			become_nobody();
		handle(SIGUSR1, SIG_IGN, 0);
		for (int n = 0; n < 900; n++) {
			CHECK(!create(clock, SIGEV_SIGNAL, SIGUSR1, 0, &id));
			CHECK(!settime(id, 0, first, interval));
		}
		CHECK_EQ(write(go[1], "x", 1), 1);
		while (clock == CLOCK_MONOTONIC)
			pause();
		for (;;)
			;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		CHECK_EQ(read(go[0], &c, 1), 1);
	from = now_ns();
	for (int i = 0; i < 20; i++) {
		pid = fork();
		CHECK(pid >= 0);
		if (!pid)
			_exit(0);
		CHECK_EQ(wait_status(pid), 0);
	}
	CHECK(now_ns() - from < 10000000000);
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		kill(pids[i], SIGKILL);
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		CHECK_EQ(WTERMSIG(wait_status(pids[i])), SIGKILL);
	close(go[0]);
	close(go[1]);
}

/* Timers whose signals nobody wants leave the harts to others, */
static void unwanted_by_thousands(void)
{
	test_skip_on_linux("QEMU's user mode has 32 timers");
	timers_of_a_crowd(CLOCK_MONOTONIC, 1000000, 1);
}

/* and those that are looked at whenever their program runs. */
static void of_cpu_time_by_thousands(void)
{
	test_skip_on_linux("QEMU's user mode has 32 timers");
	timers_of_a_crowd(CLOCK_PROCESS_CPUTIME_ID, 3600000000000, 0);
	timers_of_a_crowd(CLOCK_PROCESS_CPUTIME_ID, 1, 1);
}

TEST_MAIN(CASE(the_alarm), CASE(by_default_it_kills), CASE(again_and_again),
	  CASE(wrong_values), CASE(not_the_childs), CASE(kept_by_exec),
	  CASE(of_cpu_time), CASE(as_short_as_can_be), CASE(fork_takes_longer),
	  CASE(cpu_limit), CASE(cpu_limit_taken_back), CASE(timers),
	  CASE(overruns), CASE(many_kinds), CASE(by_number),
	  CASE(of_one_thread),
	  CASE(sleep_on_cpu_time), CASE(wrong_timers), CASE(so_many),
	  CASE(as_many_as_may_be),
	  CASE_LIMIT(unwanted_by_thousands, 60),
	  CASE_LIMIT(of_cpu_time_by_thousands, 60))
