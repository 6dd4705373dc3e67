/* Children that end, stop and go on: what wait4, waitid and SIGCHLD tell of
 * them; and groups that nobody is left to continue. */
#include "user/test/signals.h"
#include "user/test/thread.h"

#include <sched.h>
#include <sys/resource.h>

static volatile sig_atomic_t seen;
static volatile siginfo_t last;

static void note(int sig, siginfo_t *info, void *uc)
{
	last = *info;
	seen++;
}

static void count(int sig)
{
	seen++;
}

static void end_37(void)
{
	_exit(37);
}

static int wait_info(int type, int id, siginfo_t *info, int options)
{
	if (info)
		memset(info, 0x5a, sizeof(*info));
	return waitid(type, (unsigned)id, info, options);
}

/* One event, as each call tells it: looked at (WNOWAIT), then taken. */
static void event(pid_t pid, int option, int code, int what, int status)
{
	siginfo_t info;
	int got;

	for (int keep = 1; keep >= 0; keep--) {
		CHECK_EQ(wait_info(P_PID, pid, &info,
				   option | (keep ? WNOWAIT : 0)),
			 0);
		CHECK_EQ(info.si_signo, SIGCHLD);
		CHECK_EQ(info.si_errno, 0);
		CHECK_EQ(info.si_code, code);
		CHECK_EQ(info.si_pid, pid);
		CHECK_EQ(info.si_uid, getuid());
		CHECK_EQ(info.si_status, what);
		if (keep && status >= 0 && option != WEXITED) {
			/* wait4 takes it as well; ask for it once more. */
			CHECK_EQ(waitpid(pid, &got, option | WNOHANG), pid);
			CHECK_EQ(got, status);
			return;
		}
	}
}

static void every_event(void)
{
	pid_t pid = spawn(wait_for_ever);
	siginfo_t info;
	int status;

	for (int round = 0; round < 2; round++) {
		int taken = round ? 0x137f : -1;

		CHECK(!kill(pid, SIGSTOP));
		event(pid, WSTOPPED, CLD_STOPPED, SIGSTOP, taken);
		CHECK(!kill(pid, SIGCONT));
		event(pid, WCONTINUED, CLD_CONTINUED, SIGCONT,
		      round ? 0xffff : -1);
		/* Told once. */
		CHECK_EQ(
			waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED),
			0);
	}
	CHECK(!kill(pid, SIGTERM));
	event(pid, WEXITED, CLD_KILLED, SIGTERM, -1);
	CHECK_ERR(wait_info(P_PID, pid, &info, WEXITED), ECHILD);

	pid = spawn(end_37);
	event(pid, WEXITED, CLD_EXITED, 37, -1);
	pid = spawn(end_37);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED | WCONTINUED), pid);
	CHECK_EQ(status, 37 << 8);
}

static void options(void)
{
	pid_t pid = spawn(wait_for_ever);
	siginfo_t info;
	int status;

	CHECK_ERR(wait_info(P_PID, pid, &info, 0), EINVAL);
	CHECK_ERR(wait_info(P_PID, pid, &info, WNOHANG), EINVAL);
	CHECK_ERR(wait_info(P_PID, pid, &info, WEXITED | 0x100), EINVAL);
	CHECK_ERR(wait_info(9, pid, &info, WEXITED), EINVAL);
	CHECK_ERR(wait_info(P_PID, 0, &info, WEXITED), EINVAL);
	CHECK_ERR(wait_info(P_PID, -1, &info, WEXITED), EINVAL);
	CHECK_ERR(wait_info(P_PGID, -1, &info, WEXITED), EINVAL);
	CHECK_ERR(waitpid(pid, &status, 0x100), EINVAL);
	CHECK_ERR(waitpid(pid, &status, WEXITED), EINVAL);
	CHECK_ERR(waitpid(INT32_MIN, &status, 0), ESRCH);
	CHECK_ERR(wait_info(P_PID, getpid(), &info, WEXITED), ECHILD);
	CHECK_ERR(wait_info(P_PGID, 0x3ffffff, &info, WEXITED), ECHILD);
	/* Nothing yet: no error, and no process is named. */
	CHECK_EQ(wait_info(P_ALL, 0, &info, WEXITED | WNOHANG), 0);
	CHECK_EQ(info.si_pid, 0);
	CHECK_EQ(info.si_signo, 0);
	CHECK_EQ(wait_info(P_PGID, 0, &info, WEXITED | WNOHANG), 0);
	CHECK_EQ(wait_info(P_PGID, getpgid(0), &info, WEXITED | WNOHANG), 0);
	/* One that has ended stops no more. */
	CHECK(!kill(pid, SIGKILL));
	CHECK(!wait_info(P_ALL, 0, &info, WEXITED | WNOWAIT));
	CHECK_ERR(wait_info(P_PID, pid, &info, WSTOPPED | WNOHANG), ECHILD);
	CHECK_ERR(wait_info(P_PID, pid, &info, WCONTINUED), ECHILD);
	CHECK_EQ(wait_info(P_PGID, 0, NULL, WEXITED | WNOWAIT), 0);
	CHECK_EQ(wait_status(pid), SIGKILL);
}

/* ---- children of other kinds ---- */

static pid_t clone_telling(int sig)
{
	pid_t pid = (pid_t)sys(SYS_clone, sig, 0, 0, 0, 0);

	CHECK(pid >= 0);
	if (!pid)
		_exit(0);
	return pid;
}

static void other_kinds(void)
{
	pid_t pid;
	int status;

	test_skip_on_linux("QEMU's user mode knows fork and threads");
	handle_info(SIGUSR1, note, 0);
	handle_info(SIGCHLD, note, 0);
	pid = clone_telling(0);
	CHECK_ERR(waitpid(pid, &status, 0), ECHILD);
	CHECK_EQ(waitpid(pid, &status, (int)__WCLONE), pid);
	pid = clone_telling(0);
	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	CHECK_EQ(seen, 0);
	pid = clone_telling(SIGUSR1);
	WAIT_UNTIL(seen == 1);
	CHECK_EQ(last.si_signo, SIGUSR1);
	CHECK_EQ(last.si_pid, pid);
	CHECK_EQ(last.si_code, CLD_EXITED);
	CHECK_ERR(waitpid(-1, &status, WNOHANG), ECHILD);
	CHECK_EQ(waitpid(-1, &status, __WALL | WNOHANG), pid);
	pid = spawn(end_37);
	CHECK_ERR(waitpid(pid, &status, (int)__WCLONE), ECHILD);
	while (waitpid(pid, &status, __WNOTHREAD) != pid)
		CHECK_EQ(errno, EINTR);
}

static void sibling(void)
{
	/* A child of our parent's, which is to hear what it has not asked for.
	 */
	pid_t pid = (pid_t)sys(SYS_clone, CLONE_PARENT | SIGUSR1, 0, 0, 0, 0);

	if (!pid)
		_exit(7);
	_exit(pid < 0);
}

static void become_another(void)
{
	int fd[2]; /* exec closes the end that is written to */
	pid_t pid;
	char c;

	CHECK(!pipe2(fd, O_CLOEXEC));
	pid = (pid_t)sys(SYS_clone, SIGUSR1, 0, 0, 0, 0);
	CHECK(pid >= 0);
	if (!pid) {
		close(fd[1]);
		_exit((int)read(fd[0], &c, 1));
	}
	execl("/bin/sleep", "sleep", "0.4", (char *)NULL);
	_exit(9);
}

/* Nobody gets a signal from a child but by its own wish: not a parent that did
 * not make it, nor a program that others have become. */
static void signals_of_strangers(void)
{
	int status, ends = 0;

	test_skip_on_linux("QEMU's user mode knows fork and threads");
	handle_info(SIGUSR1, note, 0);
	spawn(sibling);
	for (int i = 0; i < 2; i++) {
		CHECK(wait(&status) > 0);
		ends += WEXITSTATUS(status);
	}
	CHECK_EQ(ends, 7);
	CHECK_EQ(seen, 0);
	CHECK_EQ(wait_status(spawn(become_another)), 0);
}

/* ---- what SIGCHLD says ---- */

static void says(pid_t pid, int code, int status)
{
	WAIT_UNTIL(seen == 1);
	CHECK_EQ(last.si_signo, SIGCHLD);
	CHECK_EQ(last.si_code, code);
	CHECK_EQ(last.si_pid, pid);
	CHECK_EQ(last.si_uid, getuid());
	CHECK_EQ(last.si_status, status);
	seen = 0;
}

/* Works for so long itself, whoever else wants the machine or watches. */
static void burn_then_end(void)
{
	struct timespec t = { 0, 0 };

	while (!t.tv_sec && t.tv_nsec < 100000000) {
		for (volatile int i = 0; i < 100000; i++)
			;
		CHECK(!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t));
	}
	_exit(3);
}

static void told_by_signal(void)
{
	pid_t pid;

	handle_info(SIGCHLD, note, SA_RESTART);
	pid = spawn(wait_for_ever);
	CHECK(!kill(pid, SIGSTOP));
	says(pid, CLD_STOPPED, SIGSTOP);
	CHECK(!kill(pid, SIGCONT));
	says(pid, CLD_CONTINUED, SIGCONT);
	CHECK(!kill(pid, SIGTSTP));
	says(pid, CLD_STOPPED, SIGTSTP);
	CHECK(!kill(pid, SIGKILL));
	says(pid, CLD_KILLED, SIGKILL);
	CHECK_EQ(wait_status(pid), SIGKILL);
	pid = spawn(burn_then_end);
	says(pid, CLD_EXITED, 3);
	if (!test_on_linux()) /* QEMU's user mode hands no times on */
		CHECK(last.si_utime + last.si_stime >= 1);
	CHECK_EQ(wait_status(pid), 3 << 8);
}

static void not_told_of_stops(void)
{
	pid_t pid;
	int status;

	test_skip_on_linux("QEMU's user mode does not hand this flag on");
	handle_info(SIGCHLD, note, SA_NOCLDSTOP);
	pid = spawn(wait_for_ever);
	CHECK(!kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(!kill(pid, SIGCONT));
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK_EQ(seen, 0);
	CHECK(!kill(pid, SIGKILL));
	says(pid, CLD_KILLED, SIGKILL);
}

static void nobody_waits(void)
{
	int status;

	/* Who waits all the same is told when the last has ended. */
	handle(SIGCHLD, SIG_IGN, 0);
	for (int i = 0; i < 5; i++)
		if (!fork()) {
			nap_ms(10u * (unsigned)i);
			_exit(i);
		}
	CHECK_ERR(waitpid(-1, &status, 0), ECHILD);
	if (test_on_linux()) /* QEMU's user mode does not hand this flag on */
		return;
	handle_info(SIGCHLD, note, SA_NOCLDWAIT | SA_RESTART);
	if (!fork())
		_exit(9);
	CHECK_ERR(waitpid(-1, &status, 0), ECHILD);
	WAIT_UNTIL(seen == 1);
	CHECK_EQ(last.si_status, 9);
}

static int pending(int sig)
{
	sigset_t set;

	CHECK(!sigpending(&set));
	return sigismember(&set, sig);
}

/* What a child leaves of SIGCHLD that is blocked: by its stop and going on, by
 * its end. */
static void waits_for_us(int by_end, int by_stop)
{
	pid_t pid = spawn(wait_for_ever);
	siginfo_t info;
	sigset_t set;

	mask(SIG_BLOCK, SIGCHLD);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	CHECK(!kill(pid, SIGSTOP));
	CHECK(!wait_info(P_PID, pid, &info, WSTOPPED));
	CHECK_EQ(pending(SIGCHLD), by_stop);
	while (pending(SIGCHLD))
		CHECK_EQ(sigwaitinfo(&set, &info), SIGCHLD);
	CHECK(!kill(pid, SIGCONT));
	CHECK(!wait_info(P_PID, pid, &info, WCONTINUED));
	WAIT_UNTIL(pending(SIGCHLD) || !by_stop); /* from the child, later */
	while (pending(SIGCHLD))
		CHECK_EQ(sigwaitinfo(&set, &info), SIGCHLD);
	CHECK(!kill(pid, SIGKILL));
	waitpid(pid, NULL, 0); /* where nobody waits it ends with ECHILD */
	CHECK_EQ(pending(SIGCHLD), by_end);
}

static void told_nothing(void)
{
	handle(SIGCHLD, SIG_IGN, 0);
	waits_for_us(0, 0);
	/* Who sends it without being a child is heard. */
	CHECK(!kill(getpid(), SIGCHLD));
	CHECK(pending(SIGCHLD));
}

static void told_by_default(void)
{
	handle(SIGCHLD, SIG_DFL, 0);
	waits_for_us(1, 1);
}

static void told_of_ends(void)
{
	handle(SIGCHLD, SIG_DFL, SA_NOCLDSTOP | SA_NOCLDWAIT);
	waits_for_us(1, 0);
}

/* SIG_IGN is a parent's word about its children: nothing is sent. To ignore it
 * by default is only about what becomes of it, so a blocked one waits. */
static void ignored_and_blocked(void)
{
	in_child(told_nothing);
	in_child(told_by_default);
	if (!test_on_linux()) /* QEMU's user mode does not hand the flags on */
		in_child(told_of_ends);
}

static void times(void)
{
	struct rusage ru;
	pid_t pid = spawn(burn_then_end);
	int status;

	memset(&ru, 0xff, sizeof(ru));
	CHECK_EQ(wait4(pid, &status, 0, &ru), pid);
	CHECK_EQ(status, 3 << 8);
	CHECK(ru.ru_utime.tv_sec < 100 && ru.ru_utime.tv_usec < 1000000);
	CHECK(ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec +
		      ru.ru_stime.tv_sec * 1000000 + ru.ru_stime.tv_usec >
	      10000);
}

/* ---- stop and continue ---- */

static void one_cancels_the_other(void)
{
	static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };

	handle(SIGCONT, count, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(stops); i++)
		mask(SIG_BLOCK, stops[i]);
	mask(SIG_BLOCK, SIGCONT);
	for (unsigned i = 0; i < ARRAY_SIZE(stops); i++) {
		CHECK(!raise(SIGCONT));
		CHECK(pending(SIGCONT));
		CHECK(!kill(getpid(), stops[i]));
		CHECK(pending(stops[i]) && !pending(SIGCONT));
	}
	CHECK(!kill(getpid(), SIGCONT));
	for (unsigned i = 0; i < ARRAY_SIZE(stops); i++)
		CHECK(!pending(stops[i]));
	CHECK(pending(SIGCONT));
	mask(SIG_UNBLOCK, SIGCONT);
	CHECK_EQ(seen, 1);
}

static void continue_blocked(void)
{
	mask(SIG_BLOCK, SIGCONT);
	raise(SIGSTOP);
	_exit(pending(SIGCONT) ? 11 : 12);
}

static void continue_ignored(void)
{
	handle(SIGCONT, SIG_IGN, 0);
	raise(SIGSTOP);
	_exit(11);
}

static void continue_handled(void)
{
	handle(SIGCONT, count, 0);
	raise(SIGSTOP);
	_exit(seen == 1 ? 11 : 12);
}

static void goes_on_whatever(void)
{
	static void (*const how[])(void) = { continue_ignored, continue_handled,
					     continue_blocked };

	for (unsigned i = 0; i < ARRAY_SIZE(how); i++) {
		pid_t pid = spawn(how[i]);
		int status;

		/* QEMU's user mode forgets a default one that is blocked. */
		if (i == 2 && test_on_linux()) {
			end_child(pid);
			continue;
		}
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status));
		CHECK(!kill(pid, SIGCONT));
		status = wait_status(pid);
		if (i == 2) /* not wanted, but blocked: it waits */
			CHECK_EQ(status, 11 << 8);
		CHECK_EQ(status & 0x7f, 0);
		CHECK(i == 2 || WEXITSTATUS(status) == 11);
	}
}

static void killed_while_stopped(void)
{
	pid_t pid = spawn(wait_for_ever);
	int status;

	CHECK(!kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	/* Others wait until it goes on. */
	CHECK(!kill(pid, SIGTERM));
	nap_ms(20);
	CHECK_EQ(waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED), 0);
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED | WCONTINUED), pid);
	CHECK_EQ(status, SIGKILL);
}

/* ---- several threads ---- */

static volatile int *runs; /* shared with the child; one for each thread */

enum { RUNNERS = 3, SLOT = 64 };

static void run_for_ever(void *arg)
{
	volatile int *n = runs + (long)arg * SLOT;

	for (;;)
		__atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
}

static void run_in_threads(void)
{
	static struct tthread t[RUNNERS];

	for (long i = 1; i < RUNNERS; i++)
		thread_start(&t[i], run_for_ever, (void *)i);
	run_for_ever(NULL);
}

static void share_counts(void)
{
	runs = mmap(NULL, RUNNERS * SLOT * sizeof(int), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(runs != MAP_FAILED);
}

/* A stop is told of when no thread runs any more, and once. */
static void all_threads_stop(void)
{
	int before[RUNNERS], status;
	pid_t pid;

	share_counts();
	pid = spawn(run_in_threads);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < RUNNERS; i++) {
			before[i] = runs[i * SLOT];
			WAIT_UNTIL(runs[i * SLOT] != before[i]);
		}
		CHECK(!kill(pid, SIGSTOP));
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK_EQ(status, 0x137f);
		for (int i = 0; i < RUNNERS; i++)
			before[i] = runs[i * SLOT];
		nap_ms(1);
		for (int i = 0; i < RUNNERS; i++)
			CHECK_EQ(runs[i * SLOT], before[i]);
		CHECK_EQ(
			waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED),
			0);
		CHECK(!kill(pid, SIGCONT));
		CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
		CHECK_EQ(status, 0xffff);
	}
	end_child(pid);
}

static volatile int gate;

static void come_and_go(void *arg)
{
	wait_at_least(&gate, (int)(long)arg);
	runs[0]++;
}

static void make_threads(void *arg)
{
	static struct tthread t[2];

	for (long round = 1;; round++) {
		thread_start(&t[0], come_and_go, (void *)round);
		thread_start(&t[1], come_and_go, (void *)round);
		set_and_wake(&gate, (int)round);
		thread_join(&t[0]);
		thread_join(&t[1]);
	}
}

/* The first thread takes the signal, at whatever the other is then. */
static void wait_beside_maker(void)
{
	static struct tthread t;

	thread_start(&t, make_threads, NULL);
	wait_for_ever();
}

/* Those that are made or end meanwhile neither miss a stop nor hinder it. */
static void threads_come_and_go(void)
{
	int before, status;
	pid_t pid;

	share_counts();
	pid = spawn(wait_beside_maker);
	for (int round = 0; round < 300; round++) {
		before = runs[0];
		WAIT_UNTIL(runs[0] != before);
		CHECK(!kill(pid, SIGSTOP));
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK_EQ(status, 0x137f);
		before = runs[0];
		if (round % 10 == 0)
			nap_ms(2);
		CHECK_EQ(runs[0], before);
		CHECK(!kill(pid, SIGCONT));
		CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	}
	end_child(pid);
}

static int hold[2];

/* Waits in a vfork until the test lets its child go. */
static void hold_by_vfork(void *arg)
{
	char c;
	long pid;

	runs[0] = 1;
	pid = sys(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		sys(SYS_read, hold[0], &c, 1);
		sys(SYS_exit, 0);
	}
	runs[0] = 2;
	wait_for_ever();
}

static void hold_one_thread(void)
{
	static struct tthread t;

	thread_start(&t, hold_by_vfork, NULL);
	wait_for_ever();
}

/* One that waits for what no signal ends has not stopped yet. */
static void last_thread_tells(void)
{
	int status;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode makes a fork of vfork");
	handle_info(SIGCHLD, note, SA_RESTART);
	share_counts();
	CHECK(!pipe(hold));
	pid = spawn(hold_one_thread);
	WAIT_UNTIL(runs[0] == 1);
	nap_ms(20);
	for (int round = 0; round < 2; round++) {
		CHECK(!kill(pid, SIGTSTP));
		nap_ms(30);
		CHECK_EQ(
			waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED),
			0);
		CHECK_EQ(seen, 0);
		if (round == 1)
			break;
		/* Continued before: it has heard of a stop, but waits for
		 * none. */
		CHECK(!kill(pid, SIGCONT));
		WAIT_UNTIL(seen == 1);
		CHECK_EQ(last.si_code, CLD_STOPPED);
		CHECK_EQ(last.si_pid, pid);
		CHECK_EQ(waitpid(pid, &status, WNOHANG | WUNTRACED), 0);
		CHECK_EQ(waitpid(pid, &status, WNOHANG | WCONTINUED), pid);
		seen = 0;
	}
	CHECK_EQ(runs[0], 1);
	CHECK_EQ(write(hold[1], "x", 1), 1);
	says(pid, CLD_STOPPED, SIGTSTP);
	CHECK_EQ(waitpid(pid, &status, WNOHANG | WUNTRACED), pid);
	CHECK_EQ(status, SIGTSTP << 8 | 0x7f);
	CHECK_EQ(runs[0], 1);
	CHECK(!kill(pid, SIGCONT));
	says(pid, CLD_CONTINUED, SIGCONT);
	WAIT_UNTIL(runs[0] == 2);
	/* One that is killed before it has stopped has not. */
	CHECK(!kill(pid, SIGKILL));
	says(pid, CLD_KILLED, SIGKILL);
}

/* ---- groups that nobody is left to continue ---- */

static int told[2];

static void tell(int sig)
{
	char c = sig == SIGHUP ? 'H' : sig == SIGCONT ? 'C' : '?';

	if (write(told[1], &c, 1) != 1)
		_exit(1);
}

static void stop_in_own_group(void)
{
	CHECK(!setpgid(0, 0));
	handle(SIGHUP, tell, 0);
	handle(SIGCONT, tell, 0);
	raise(SIGSTOP);
	CHECK_EQ(write(told[1], "e", 1), 1);
	_exit(0);
}

static void leave_it_stopped(void)
{
	pid_t pid;
	int status;

	CHECK(setsid() == getpid());
	pid = spawn(stop_in_own_group);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	_exit(5);
}

static void hung_up_when_orphaned(void)
{
	char got[8];
	ssize_t n, have = 0;

	CHECK(!pipe(told));
	CHECK_EQ(wait_status(spawn(leave_it_stopped)), 5 << 8);
	close(told[1]);
	while ((n = read(told[0], got + have, sizeof(got) - (size_t)have)) > 0)
		have += n;
	/* Both handlers, in either order, then it goes on. */
	CHECK_EQ(have, 3);
	CHECK((got[0] == 'H' && got[1] == 'C') ||
	      (got[0] == 'C' && got[1] == 'H'));
	CHECK_EQ(got[2], 'e');
}

static void try_to_stop(void)
{
	CHECK(setsid() == getpid()); /* the parent is in another session */
	raise(SIGTSTP);
	raise(SIGTTIN);
	raise(SIGTTOU);
	_exit(6);
}

static void stop_for_good(void)
{
	CHECK(setsid() == getpid());
	raise(SIGSTOP);
	_exit(7);
}

static void orphans_do_not_stop(void)
{
	pid_t pid = spawn(try_to_stop);
	int status;

	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK_EQ(status, 6 << 8);
	/* SIGSTOP is no terminal's. */
	pid = spawn(stop_for_good);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK(!kill(pid, SIGCONT));
	CHECK_EQ(wait_status(pid), 7 << 8);
}

TEST_MAIN(CASE(every_event), CASE(options), CASE(other_kinds),
	  CASE(signals_of_strangers), CASE(told_by_signal),
	  CASE(not_told_of_stops), CASE(nobody_waits),
	  CASE(ignored_and_blocked), CASE(times), CASE(one_cancels_the_other),
	  CASE(goes_on_whatever), CASE(killed_while_stopped),
	  CASE(all_threads_stop), CASE(threads_come_and_go),
	  CASE(last_thread_tells), CASE(hung_up_when_orphaned),
	  CASE(orphans_do_not_stop))
