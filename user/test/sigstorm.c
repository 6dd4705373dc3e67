/*
 * Signals at the wrong moment: while processes are made, stop, end and wait for
 * one another, on all harts at once. -t SECONDS makes each case run that much
 * longer.
 */
#define TEST_SELF(argc, argv) become_again(argc, argv)
static void become_again(int argc, char **argv);

#include "user/test/crowd.h"
#include "user/test/signals.h"
#include "user/test/thread.h"

#include <sys/time.h>

static pid_t start(void (*fn)(void))
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		seed = 0;
		fn();
		_exit(0);
	}
	return pid;
}

static volatile sig_atomic_t seen;

static void count(int sig)
{
	seen++;
}

/* ---- signal against exit ---- */

static void end_soon(void)
{
	handle(SIGUSR1, count, chance(2) ? SA_RESTART : 0);
	if (chance(2))
		nap_us(chance(300));
	_exit(17);
}

static void signal_against_exit(void)
{
	long long end = end_of_case();

	while (now_ns() < end) {
		pid_t pid[4];

		for (int i = 0; i < 4; i++)
			pid[i] = start(end_soon);
		for (int n = (int)chance(30); n >= 0; n--)
			kill(pid[chance(4)], chance(3) ? SIGUSR1 : SIGCONT);
		for (int i = 0; i < 4; i++) {
			int status = wait_status(pid[i]);

			/* Before it had its handler, the signal ended it. */
			if (status != SIGUSR1)
				CHECK_EQ(status, 17 << 8);
			CHECK_ERR(kill(pid[i], 0), ESRCH);
		}
	}
}

/* ---- stop against kill ---- */

static void suffer(void)
{
	for (;;) {
		if (chance(2))
			getppid();
		else
			nap_us(chance(50));
	}
}

static pid_t victim;

static void torment(void)
{
	static const int sigs[] = { SIGSTOP, SIGCONT, SIGTSTP, SIGCONT };

	for (int i = 0; i < 40; i++) {
		kill(victim, sigs[chance(4)]);
		if (!chance(4))
			nap_us(chance(100));
	}
}

static void stop_against_kill(void)
{
	long long end = end_of_case();

	while (now_ns() < end) {
		pid_t by[3];
		int status;

		victim = start(suffer);
		for (int i = 0; i < 3; i++)
			by[i] = start(torment);
		nap_us(chance(2000));
		CHECK(!kill(victim, SIGKILL));
		/* Whatever is said of it before, in the end it is that. */
		do
			CHECK_EQ(waitpid(victim, &status,
					 WUNTRACED | WCONTINUED),
				 victim);
		while (WIFSTOPPED(status) || WIFCONTINUED(status));
		CHECK_EQ(status, SIGKILL);
		for (int i = 0; i < 3; i++)
			CHECK_EQ(wait_status(by[i]), 0);
	}
}

/* The last word counts, and each change is told. */
static void stops_are_told(void)
{
	long long end = end_of_case();
	pid_t pid = start(suffer);
	int status;

	while (now_ns() < end) {
		CHECK(!kill(pid, chance(2) ? SIGSTOP : SIGTSTP));
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status));
		CHECK(!kill(pid, SIGCONT));
		CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
		CHECK(WIFCONTINUED(status));
	}
	end_child(pid);
}

/* ---- fork against signal ---- */

static int alive[2];

static void breed(void)
{
	for (;;) {
		pid_t pid = fork();

		if (pid < 0)
			nap_us(100);
		else if (!pid && chance(3))
			_exit(0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

/* One signal to the group, and nobody of it is left: who was being made when it
 * came has had it, or was made by none. */
static void fork_against_signal(void)
{
	static const int sigs[] = { SIGKILL, SIGTERM, SIGHUP };
	long long end = end_of_case();
	char c;

	while (now_ns() < end) {
		int sig = sigs[chance(3)];
		pid_t pid;

		CHECK(!pipe(alive));
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			seed = 0;
			setpgid(0, 0);
			close(alive[0]);
			breed();
		}
		setpgid(pid, pid);
		close(alive[1]);
		nap_us(chance(1500));
		CHECK(!kill(-pid, sig));
		CHECK_EQ(wait_status(pid), sig);
		/* Every member holds the other end. */
		CHECK_EQ(read(alive[0], &c, 1), 0);
		close(alive[0]);
	}
}

static void fork_while_signalled(void)
{
	long long end = end_of_case();
	pid_t by;

	handle(SIGUSR1, count, 0);
	by = fork();
	CHECK(by >= 0);
	if (!by)
		for (;;) {
			kill(getppid(), SIGUSR1);
			nap_us(chance(300));
		}
	while (now_ns() < end) {
		pid_t pid = fork();
		int status;

		/* Never EINTR, whatever the handler's flags. */
		CHECK(pid >= 0);
		if (!pid)
			_exit(5);
		while (waitpid(pid, &status, 0) != pid)
			CHECK_EQ(errno, EINTR);
		CHECK_EQ(status, 5 << 8);
	}
	kill(by, SIGKILL);
	while (waitpid(by, NULL, 0) != by)
		CHECK_EQ(errno, EINTR);
	CHECK(seen > 0);
}

/* ---- threads ---- */

static void change_mask(int how, int sig)
{
	unsigned long set = 1ul << (sig - 1);

	sys(SYS_rt_sigprocmask, how, &set, NULL, 8);
}

static void fork_often(void *arg)
{
	for (;;) {
		long pid = sys(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (pid == 0)
			for (;;)
				sys(SYS_ppoll, NULL, 0, NULL, NULL, 8);
	}
}

/* As fork_against_signal, where another thread takes the signal than those that
 * fork. */
static void threads_fork_against_signal(void)
{
	long long end = end_of_case();
	char c;

	while (now_ns() < end) {
		static struct tthread t[3];
		int sig = chance(2) ? SIGKILL : SIGTERM;
		pid_t pid;

		CHECK(!pipe(alive));
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			setpgid(0, 0);
			close(alive[0]);
			for (int i = 0; i < 3; i++)
				thread_start(&t[i], fork_often, NULL);
			suffer();
		}
		setpgid(pid, pid);
		close(alive[1]);
		nap_us(1000 + chance(3000));
		CHECK(!kill(-pid, sig));
		CHECK_EQ(wait_status(pid), sig);
		CHECK_EQ(read(alive[0], &c, 1), 0);
		close(alive[0]);
	}
}

static volatile long *turns;

static void turn(void *arg)
{
	for (;;)
		__atomic_fetch_add(turns, 1, __ATOMIC_RELAXED);
}

static void more_and_more(void *arg)
{
	static struct tthread t[16];

	for (int i = 0; i < 16; i++)
		thread_start(&t[i], turn, NULL);
}

/* The first thread is the one that the signal comes to. */
static void more_threads(void)
{
	static struct tthread t;

	thread_start(&t, more_and_more, NULL);
	wait_for_ever();
}

/* As turn, but leaves the harts to those that make more. */
static void turn_now_and_then(void)
{
	for (;;) {
		__atomic_fetch_add(turns, 1, __ATOMIC_RELAXED);
		nap_us(1000);
	}
}

static void more_children(void *arg)
{
	for (int i = 0; i < 50; i++)
		if (!sys(SYS_clone, SIGCHLD, 0, 0, 0, 0))
			turn_now_and_then();
	sys(SYS_exit, 0);
}

static void children_of_threads(void)
{
	static struct tthread t[2];

	for (int i = 0; i < 2; i++)
		thread_start(&t[i], more_children, NULL);
	wait_for_ever();
}

/* A group is stopped while more of it are made: nobody goes on. */
static void nobody_goes_on(void (*fn)(void), int sig)
{
	long long end = end_of_case();

	turns = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(turns != MAP_FAILED);
	while (now_ns() < end) {
		pid_t pid = fork();
		long seen_so_far;
		int status, tries = 0;

		CHECK(pid >= 0);
		if (!pid) {
			seed = 0;
			setpgid(0, 0);
			fn();
		}
		setpgid(pid, pid);
		/* In the middle of it. */
		seen_so_far = *turns;
		while (*turns == seen_so_far)
			nap_us(100);
		nap_us(chance(1500));
		CHECK(!kill(-pid, sig));
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status));
		do {
			CHECK(tries++ < 100);
			seen_so_far = *turns;
			nap_ms(20);
		} while (*turns != seen_so_far);
		CHECK(!kill(-pid, SIGKILL));
		CHECK_EQ(wait_status(pid), SIGKILL);
	}
}

static void stop_against_new_threads(void)
{
	nobody_goes_on(more_threads, SIGSTOP);
}

static void stop_against_new_children(void)
{
	nobody_goes_on(children_of_threads, SIGTSTP);
}

static volatile int taken;

static void take_one(void *arg)
{
	unsigned long set = 1ul << (SIGUSR1 - 1) | 1ul << (SIGUSR2 - 1);

	/* One each in a round. */
	for (int n = 2;; n += 2) {
		sys(SYS_rt_sigtimedwait, &set, NULL, NULL, 8);
		add_and_wake(&taken, 1);
		wait_at_least(&taken, n);
	}
}

/* Two signals, two that wait for either: none is left asleep. */
static void signals_for_many(void)
{
	static struct tthread t[2];
	long long end = end_of_case();
	int sent = 0;

	mask(SIG_BLOCK, SIGUSR1);
	mask(SIG_BLOCK, SIGUSR2);
	for (int i = 0; i < 2; i++)
		thread_start(&t[i], take_one, NULL);
	while (now_ns() < end) {
		if (chance(2))
			nap_us(chance(300)); /* until both wait again */
		CHECK_EQ(sys(SYS_kill, getpid(), SIGUSR1), 0);
		CHECK_EQ(sys(SYS_kill, getpid(), SIGUSR2), 0);
		sent += 2;
		wait_at_least(&taken, sent);
	}
}

static void take_what_kills(void *arg)
{
	change_mask(SIG_UNBLOCK, SIGTERM);
	for (;;)
		sys(SYS_getppid);
}

/* A program with threads that becomes itself again and again; the signal that
 * ends it comes to those that exec ends. */
static void become_again(int argc, char **argv)
{
	static struct tthread t[2];

	if (argc != 2 || strcmp(argv[1], "again"))
		return;
	change_mask(SIG_BLOCK, SIGTERM);
	for (int i = 0; i < 2; i++)
		thread_start(&t[i], take_what_kills, NULL);
	nap_us(chance(100));
	execv("/proc/self/exe", argv);
	_exit(99);
}

static void exec_against_signal(void)
{
	static char name[] = "sigstorm", again[] = "again";
	char *argv[] = { name, again, NULL };
	long long end = end_of_case();

	while (now_ns() < end) {
		int sig = chance(2) ? SIGKILL : SIGTERM;
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			change_mask(SIG_BLOCK, SIGTERM);
			execv("/proc/self/exe", argv);
			_exit(98);
		}
		nap_us(1000 + chance(4000));
		CHECK(!kill(pid, sig));
		CHECK_EQ(wait_status(pid), sig);
	}
}

/* ---- timers against everything ---- */

/* In a group of its own, which ends with it: a few thousand sufferers that stay
 * behind take the memory, and the harts from all others. */
static void stops_apart(void)
{
	CHECK(!setpgid(0, 0));
	stops_are_told();
}

static void timers_against_work(void)
{
	struct itimerval v = { { 0, 300 }, { 0, 300 } };
	long long end = end_of_case();
	char byte, got;
	int fd[2];

	handle(SIGALRM, count, SA_RESTART);
	handle(SIGPROF, count, SA_RESTART);
	CHECK(!pipe(fd));
	while (now_ns() < end) {
		pid_t pid;

		CHECK(!setitimer(ITIMER_REAL, &v, NULL));
		CHECK(!setitimer(ITIMER_PROF, &v, NULL));
		pid = start(chance(2) ? end_soon : stops_apart);
		byte = (char)chance(256);
		CHECK_EQ(write(fd[1], &byte, 1), 1);
		CHECK_EQ(read(fd[0], &got, 1), 1);
		CHECK_EQ(got, byte);
		kill(pid, SIGKILL);
		kill(-pid, SIGKILL);
		wait_status(pid);
	}
	memset(&v, 0, sizeof(v));
	CHECK(!setitimer(ITIMER_REAL, &v, NULL));
	CHECK(!setitimer(ITIMER_PROF, &v, NULL));
	CHECK(seen > 0);
}

/* ---- a pipeline of many ---- */

/* Of processes: eight harts on a busy machine of two cores need their time. */
#define PIPELINE      200
#define LONG_PIPELINE 1000 /* with -t */

static void pass_on(int in, int out)
{
	char block[64];
	ssize_t n;

	while ((n = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)n) != n)
			_exit(1);
	_exit(n ? 2 : 0);
}

/* A pipeline in a group of its own; *in and *out are its ends. */
static pid_t pipeline(int n, int *in, int *out)
{
	int first[2], next[2], from;
	pid_t leader = 0;

	CHECK(!pipe(first));
	from = first[0];
	for (int i = 0; i < n; i++) {
		pid_t pid;

		CHECK(!pipe(next));
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			setpgid(0, leader);
			close(first[1]);
			close(next[0]);
			pass_on(from, next[1]);
		}
		if (!leader)
			leader = pid;
		setpgid(pid, leader);
		close(from);
		close(next[1]);
		from = next[0];
	}
	*in = first[1];
	*out = from;
	return leader;
}

static void all_end(pid_t group, int n, int status)
{
	for (int i = 0; i < n; i++) {
		int got;

		CHECK(waitpid(-group, &got, 0) > 0);
		CHECK_EQ(got, status);
	}
	CHECK_ERR(waitpid(-group, NULL, 0), ECHILD);
}

static void many_in_a_row(void)
{
	int n = test_seconds ? LONG_PIPELINE : PIPELINE, in, out, status;
	char got[16];
	pid_t group;

	for (int way = 0; way < 3; way++) {
		group = pipeline(n, &in, &out);
		CHECK_EQ(write(in, "through all\n", 12), 12);
		for (int have = 0; have < 12;) {
			ssize_t r = read(out, got + have, sizeof(got));

			CHECK(r > 0);
			have += (int)r;
		}
		CHECK(!memcmp(got, "through all\n", 12));
		switch (way) {
		case 0: /* the end of file runs through */
			close(in);
			CHECK_EQ(read(out, got, 1), 0);
			all_end(group, n, 0);
			break;
		case 1: /* one signal for all, while all are at work */
			CHECK(!kill(-group, SIGSTOP));
			for (int i = 0; i < n; i++) {
				CHECK(waitpid(-group, &status, WUNTRACED) > 0);
				CHECK(WIFSTOPPED(status));
			}
			CHECK(!kill(-group, SIGCONT));
			CHECK_EQ(write(in, "x", 1), 1);
			CHECK_EQ(read(out, got, 1), 1);
			CHECK(!kill(-group, SIGTERM));
			all_end(group, n, SIGTERM);
			close(in);
			break;
		default: /* nobody reads any more: from the end to the front */
			close(out);
			signal(SIGPIPE, SIG_IGN);
			while (write(in, "x", 1) == 1)
				nap_us(100);
			CHECK_EQ(errno, EPIPE);
			all_end(group, n, SIGPIPE);
			close(in);
			out = -1;
		}
		if (out >= 0)
			close(out);
	}
}

TEST_MAIN(CASE(signal_against_exit), CASE(stop_against_kill),
	  CASE(stops_are_told), CASE(fork_against_signal),
	  CASE(fork_while_signalled), CASE(threads_fork_against_signal),
	  CASE(stop_against_new_threads),
	  CASE(stop_against_new_children), CASE(signals_for_many),
	  CASE(exec_against_signal), CASE(timers_against_work),
	  CASE_LIMIT(many_in_a_row, 120))
