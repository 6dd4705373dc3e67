/* Who runs, and when: slices, wake-ups, places to run. */
#include "user/test/thread.h"

#include <sys/resource.h>

static volatile int *shared;

static void map_shared(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
}

/* Two that never give the hart away share one: each sees the other go on. */
static void spinners_share_a_hart(void)
{
	enum { TURNS = 20 };
	int status;

	map_shared();
	for (int me = 0; me < 2; me++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			pin_to(0);
			for (int turn = 1; turn <= TURNS; turn++) {
				shared[me] = turn;
				while (shared[!me] < turn)
					;
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 2; i++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}

static void more_spinners_than_harts(void)
{
	int n = count_harts() * 2 + 1, status;

	map_shared();
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			/* Nobody ends before all have begun. */
			__atomic_fetch_add(&shared[0], 1, __ATOMIC_SEQ_CST);
			while (shared[0] < n)
				;
			_exit(0);
		}
	}
	for (int i = 0; i < n; i++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}

/* Who sleeps gets a hart back although others would never leave it. */
static void sleeper_among_spinners(void)
{
	int n = count_harts() + 1, status;
	pid_t pid[64];

	CHECK(n < 64);
	for (int i = 0; i < n; i++) {
		pid[i] = fork();
		if (!pid[i])
			for (;;)
				;
	}
	for (int i = 0; i < 20; i++)
		nap_ms(1);
	for (int i = 0; i < n; i++) {
		CHECK(!kill(pid[i], SIGTERM));
		status = wait_status(pid[i]);
		CHECK_EQ(WTERMSIG(status), SIGTERM);
	}
}

static void ring(int members, int rounds, int pinned)
{
	int fd[33][2], status;
	char c = 0;

	CHECK(members <= 32);
	for (int i = 0; i <= members; i++)
		CHECK(!pipe(fd[i]));
	for (int i = 0; i < members; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			if (pinned)
				pin_to(0);
			for (int r = 0; r < rounds; r++) {
				CHECK_EQ(read(fd[i][0], &c, 1), 1);
				c++;
				CHECK_EQ(write(fd[i + 1][1], &c, 1), 1);
			}
			_exit(0);
		}
	}
	for (int r = 0; r < rounds; r++) {
		c = (char)r;
		CHECK_EQ(write(fd[0][1], &c, 1), 1);
		CHECK_EQ(read(fd[members][0], &c, 1), 1);
		CHECK_EQ(c, (char)(r + members));
	}
	for (int i = 0; i < members; i++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	for (int i = 0; i <= members; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
}

static void rings(void)
{
	ring(2, 500, 0);
	ring(8, 200, 1);
	ring(20, 100, 0);
}

/* Many pairs at once; a wake-up that gets lost hangs here. */
static void many_ping_pongs(void)
{
	enum { PAIRS = 8, ROUNDS = 400 };
	int status;

	for (int p = 0; p < PAIRS; p++) {
		int there[2], back[2];

		CHECK(!pipe(there) && !pipe(back));
		for (int side = 0; side < 2; side++) {
			pid_t pid = fork();

			CHECK(pid >= 0);
			if (pid)
				continue;
			for (int r = 0; r < ROUNDS; r++) {
				char c = (char)r;

				if (side) {
					CHECK_EQ(read(there[0], &c, 1), 1);
					CHECK_EQ(write(back[1], &c, 1), 1);
				} else {
					CHECK_EQ(write(there[1], &c, 1), 1);
					CHECK_EQ(read(back[0], &c, 1), 1);
				}
				CHECK_EQ(c, (char)r);
			}
			_exit(0);
		}
		close(there[0]);
		close(there[1]);
		close(back[0]);
		close(back[1]);
	}
	for (int i = 0; i < 2 * PAIRS; i++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}

/* The same by futexes in memory that processes share. */
static void futexes_between_processes(void)
{
	enum { PAIRS = 6, ROUNDS = 400 };
	int status;

	if (!test_on_linux())
		test_skip("a futex is found in its own address space only");
	map_shared();
	for (int p = 0; p < PAIRS; p++) {
		volatile int *word = &shared[p * 16];

		for (int side = 0; side < 2; side++) {
			pid_t pid = fork();

			CHECK(pid >= 0);
			if (pid)
				continue;
			for (int r = side; r < ROUNDS; r += 2) {
				wait_at_least(word, r);
				set_and_wake(word, r + 1);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 2 * PAIRS; i++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	for (int p = 0; p < PAIRS; p++)
		CHECK_EQ(shared[p * 16], ROUNDS);
}

/* Parent and child meet in wait and exit, again and again. */
static void waits_and_exits(void)
{
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();

		if (!pid) {
			if (i % 3 == 0)
				sched_yield();
			_exit(i & 0x7f);
		}
		if (i % 2)
			sched_yield();
		CHECK_EQ(WEXITSTATUS(wait_status(pid)), i & 0x7f);
	}
}

static void yields(void)
{
	for (int i = 0; i < 1000; i++)
		CHECK(!sched_yield());
}

static void places(void)
{
	unsigned long set[16], none[16];
	int harts = count_harts();
	pid_t pid;

	memset(none, 0, sizeof(none));
	CHECK_EQ(sys(SYS_sched_setaffinity, 0, sizeof(none), none), -EINVAL);
	CHECK_EQ(sys(SYS_sched_setaffinity, 0x3ffffff, sizeof(none), none) < 0,
		 1);
	CHECK_EQ(sys(SYS_sched_getaffinity, 0x3ffffff, sizeof(set), set),
		 -ESRCH);
	CHECK_EQ(sys(SYS_sched_getaffinity, 0, 1, set), -EINVAL);
	/* A child is where its parent may be. */
	CHECK(sys(SYS_sched_getaffinity, 0, sizeof(set), set) > 0);
	pin_to(harts - 1);
	pid = fork();
	if (!pid) {
		CHECK_EQ(count_harts(), 1);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK_EQ(sys(SYS_sched_setaffinity, 0, sizeof(set), set), 0);
	CHECK_EQ(count_harts(), harts);
	/* And it is moved by others, also while it runs. */
	pid = fork();
	if (!pid)
		for (;;)
			;
	for (int i = 0; i < 20; i++) {
		unsigned long one[16];

		memset(one, 0, sizeof(one));
		for (int k = 0, n = i % harts; k < 1024; k++) {
			if (!((set[k / 64] >> (k % 64)) & 1) || n--)
				continue;
			one[k / 64] = 1ul << (k % 64);
			break;
		}
		CHECK_EQ(sys(SYS_sched_setaffinity, pid, sizeof(one), one), 0);
		nap_ms(2);
	}
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(WTERMSIG(wait_status(pid)), SIGKILL);
}

static uint64_t ms_of(clockid_t clock)
{
	struct timespec t;

	CHECK(!clock_gettime(clock, &t));
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A hart is shared among users, not among processes: one of root's beside
 * thirty of a user's has half of it. */
static void users_take_turns(void)
{
	pid_t pids[30];
	uint64_t begin, ran, all;

	if (geteuid())
		test_skip("not started by root");
	test_skip_on_linux("there each process counts");
	map_shared();
	pin_to(0);
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (!pids[i]) {
			become_nobody();
			__atomic_fetch_add(shared, 1, __ATOMIC_SEQ_CST);
			for (;;)
				;
		}
	}
	WAIT_UNTIL(*shared == (int)ARRAY_SIZE(pids));
	begin = ms_of(CLOCK_MONOTONIC);
	ran = ms_of(CLOCK_PROCESS_CPUTIME_ID);
	while (ms_of(CLOCK_MONOTONIC) < begin + 500)
		;
	all = ms_of(CLOCK_MONOTONIC) - begin;
	ran = ms_of(CLOCK_PROCESS_CPUTIME_ID) - ran;
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
		kill(pids[i], SIGKILL);
		wait_status(pids[i]);
	}
	if (ran < all / 4)
		test_fail("%lu of %lu ms", (unsigned long)ran,
			  (unsigned long)all);
}

static long set_nice(int which, int who, int nice)
{
	return sys(SYS_setpriority, which, who, nice);
}

/* The kernel's own answer: 40 for -20, 1 for 19. */
static long get_nice(int which, int who)
{
	return sys(SYS_getpriority, which, who);
}

/* The cases below want to begin at 0, and whoever ran us may be nice. */
#define NOT_NICE()                                                 \
	do {                                                       \
		if (get_nice(PRIO_PROCESS, 0) != 20)               \
			test_skip("begins at another niceness");   \
	} while (0)

static void niceness(void)
{
	int ready[2];
	pid_t pid;
	char c;

	NOT_NICE();
	CHECK_EQ(get_nice(PRIO_PROCESS, 0), 20);
	CHECK_EQ(get_nice(-1, 0), -EINVAL);
	CHECK_EQ(get_nice(3, 0), -EINVAL);
	CHECK_EQ(set_nice(3, 0, 5), -EINVAL);
	CHECK_EQ(get_nice(PRIO_PROCESS, 0x3ffffff), -ESRCH);
	CHECK_EQ(get_nice(PRIO_PROCESS, -1), -ESRCH);
	CHECK_EQ(set_nice(PRIO_PROCESS, 0x3ffffff, 5), -ESRCH);
	CHECK_EQ(get_nice(PRIO_PGRP, 0x3ffffff), -ESRCH);
	CHECK_EQ(set_nice(PRIO_PGRP, 0x3ffffff, 5), -ESRCH);
	CHECK_EQ(get_nice(PRIO_USER, 0x3ffffff), -ESRCH);
	CHECK_EQ(set_nice(PRIO_USER, 0x3ffffff, 5), -ESRCH);
	/* A child has its parent's; who has ended and is not yet waited for has
	 * it still. */
	CHECK_EQ(set_nice(PRIO_PROCESS, 0, 3), 0);
	CHECK(!pipe(ready));
	pid = fork();
	if (!pid) {
		CHECK_EQ(get_nice(PRIO_PROCESS, 0), 17);
		CHECK_EQ(set_nice(PRIO_PROCESS, getpid(), 7), 0);
		CHECK_EQ(get_nice(PRIO_PROCESS, getppid()), 17);
		CHECK_EQ(write(ready[1], "", 1), 1);
		pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_EQ(get_nice(PRIO_PROCESS, pid), 13);
	CHECK_EQ(get_nice(PRIO_PROCESS, 0), 17);
	/* All of a group is changed, and the best of it told. (QEMU's user mode
	 * has a thread in it that was not changed so far.) */
	CHECK(get_nice(PRIO_PGRP, 0) >= 17);
	CHECK_EQ(set_nice(PRIO_PGRP, 0, 9), 0);
	CHECK_EQ(get_nice(PRIO_PROCESS, pid), 11);
	CHECK_EQ(get_nice(PRIO_PROCESS, 0), 11);
	CHECK_EQ(get_nice(PRIO_PGRP, 0), 11);
	/* More than the end of the scale is the end. */
	CHECK_EQ(set_nice(PRIO_PROCESS, pid, 1000), 0);
	CHECK_EQ(get_nice(PRIO_PROCESS, pid), 1);
	CHECK_EQ(get_nice(PRIO_PGRP, 0), 11);
	CHECK(!kill(pid, SIGKILL));
	wait_status(pid);
	CHECK_EQ(get_nice(PRIO_PROCESS, pid), -ESRCH);
}

/* Anybody may be nicer; only root, or whom the limit allows, less nice. */
static void who_may_be_less_nice(void)
{
	struct rlimit ten = { 10, 10 };
	pid_t other = 0;

	NOT_NICE();
	if (!geteuid())
		other = fork();
	if (!other && !geteuid())
		for (;;)
			pause();
	if (other) {
		if (setrlimit(RLIMIT_NICE, &ten)) {
			kill(other, SIGKILL);
			test_skip("this root is none");
		}
		become_nobody();
		/* Others are not found out of the way; just refused. */
		CHECK_EQ(get_nice(PRIO_PROCESS, other), 20);
		CHECK_EQ(set_nice(PRIO_PROCESS, other, 5), -EPERM);
		CHECK_EQ(set_nice(PRIO_PGRP, 0, 5), -EPERM);
		CHECK_EQ(get_nice(PRIO_PROCESS, 0), 15);
		CHECK_EQ(set_nice(PRIO_PROCESS, 0, 12), 0);
		CHECK_EQ(set_nice(PRIO_PROCESS, 0, 10), 0);
		CHECK_EQ(set_nice(PRIO_PROCESS, 0, 9), -EACCES);
		CHECK_EQ(get_nice(PRIO_PROCESS, 0), 10);
	} else {
		CHECK_EQ(set_nice(PRIO_PROCESS, 0, 5), 0);
		CHECK_EQ(set_nice(PRIO_PROCESS, 0, 5), 0);
		CHECK_EQ(set_nice(PRIO_PROCESS, 0, 4), -EACCES);
		CHECK_EQ(set_nice(PRIO_PROCESS, 0, -20), -EACCES);
	}
}

static void niceness_of_users(void)
{
	uid_t uid = 100000 + (uid_t)getpid();
	pid_t pid;

	if (geteuid())
		test_skip("not started by root");
	NOT_NICE();
	pid = fork();
	if (!pid) {
		if (set_nice(PRIO_PROCESS, 0, -20))
			_exit(9);
		CHECK_EQ(get_nice(PRIO_PROCESS, 0), 40);
		CHECK_EQ(set_nice(PRIO_PROCESS, 0, -21), 0);
		CHECK_EQ(get_nice(PRIO_PROCESS, 0), 40);
		CHECK(!setresuid(uid, 0, 0));
		CHECK_EQ(get_nice(PRIO_USER, 0), 40);
		CHECK_EQ(get_nice(PRIO_USER, (int)uid), 40);
		CHECK_EQ(get_nice(PRIO_USER, (int)uid + 1), -ESRCH);
		CHECK_EQ(set_nice(PRIO_USER, (int)uid, 6), 0);
		CHECK_EQ(get_nice(PRIO_PROCESS, 0), 14);
		_exit(0);
	}
	pid = wait_status(pid);
	if (pid == 9 << 8)
		test_skip("this root is none");
	CHECK_EQ(pid, 0);
}

/* Of two that share a hart, the nicer one gets little. */
static void niceness_has_an_effect(void)
{
	enum { LINE = 64 / sizeof(*shared) };
	pid_t pid[2];
	int did[2];

	NOT_NICE();
	map_shared();
	for (int me = 0; me < 2; me++) {
		pid[me] = fork();
		CHECK(pid[me] >= 0);
		if (pid[me])
			continue;
		pin_to(0);
		CHECK_EQ(set_nice(PRIO_PROCESS, 0, me ? 19 : 0), 0);
		shared[(2 + me) * LINE] = 1;
		for (;;)
			shared[me * LINE]++;
	}
	WAIT_UNTIL(shared[2 * LINE] && shared[3 * LINE]);
	did[0] = shared[0];
	did[1] = shared[LINE];
	nap_ms(1000);
	did[0] = shared[0] - did[0];
	did[1] = shared[LINE] - did[1];
	for (int me = 0; me < 2; me++) {
		CHECK(!kill(pid[me], SIGKILL));
		wait_status(pid[me]);
	}
	CHECK(did[1] > 0);
	if (did[0] / 5 < did[1])
		test_fail("%d beside %d", did[0], did[1]);
}

TEST_MAIN(CASE(spinners_share_a_hart), CASE(more_spinners_than_harts),
	  CASE(sleeper_among_spinners), CASE(rings), CASE(many_ping_pongs),
	  CASE(futexes_between_processes), CASE(waits_and_exits),
	  CASE(yields), CASE(places), CASE(users_take_turns), CASE(niceness),
	  CASE(who_may_be_less_nice), CASE(niceness_of_users),
	  CASE(niceness_has_an_effect))
