/* Signals that wait: real-time ones in order and with their values, how many,
 * who may say what in them; and waiting for signals without a handler. */
#include "user/test/signals.h"
#include "user/test/thread.h"

#include <sys/resource.h>

#define RT(n) (SIGRTMIN + (n))

static volatile sig_atomic_t seen;

static void count(int sig)
{
	seen++;
}

static void block(sigset_t *set, int first, int last)
{
	sigemptyset(set);
	for (int sig = first; sig <= last; sig++)
		sigaddset(set, sig);
	CHECK(!sigprocmask(SIG_BLOCK, set, NULL));
}

static int queue(int sig, int value)
{
	union sigval v = { .sival_int = value };

	return sigqueue(getpid(), sig, v);
}

static int take(const sigset_t *set, siginfo_t *info)
{
	struct timespec none = { 0, 0 };

	memset(info, 0, sizeof(*info));
	return sigtimedwait(set, info, &none);
}

static void in_order(void)
{
	enum { N = 100 };
	siginfo_t info;
	sigset_t set;

	block(&set, RT(0), RT(4));
	for (int i = 0; i < N; i++)
		CHECK(!queue(RT(1), 1000 + i));
	for (int i = 0; i < N; i++) {
		CHECK_EQ(take(&set, &info), RT(1));
		CHECK_EQ(info.si_signo, RT(1));
		CHECK_EQ(info.si_code, SI_QUEUE);
		CHECK_EQ(info.si_value.sival_int, 1000 + i);
		CHECK_EQ(info.si_pid, getpid());
		CHECK_EQ(info.si_uid, getuid());
	}
	CHECK_ERR(take(&set, &info), EAGAIN);
}

static void lowest_first(void)
{
	static const int sent[] = { 3, 1, 4, 1, 0, 2, 3 };
	static const int values[] = { 4, 1, 3, 5, 0, 6, 2 },
			 order[] = { 0, 1, 1, 2, 3, 3, 4 };
	siginfo_t info;
	sigset_t set;

	block(&set, RT(0), RT(4));
	sigaddset(&set, SIGUSR2);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	for (unsigned i = 0; i < ARRAY_SIZE(sent); i++)
		CHECK(!queue(RT(sent[i]), (int)i));
	CHECK(!raise(SIGUSR2));
	CHECK_EQ(take(&set, &info), SIGUSR2);
	for (unsigned i = 0; i < ARRAY_SIZE(sent); i++) {
		CHECK_EQ(take(&set, &info), RT(order[i]));
		CHECK_EQ(info.si_value.sival_int, values[i]);
	}
	CHECK_ERR(take(&set, &info), EAGAIN);
}

static void others_wait_once(void)
{
	siginfo_t info;
	sigset_t set;

	block(&set, SIGUSR1, SIGUSR1);
	CHECK(!queue(SIGUSR1, 1) && !queue(SIGUSR1, 2));
	CHECK_EQ(take(&set, &info), SIGUSR1);
	CHECK_EQ(info.si_code, SI_QUEUE);
	CHECK_EQ(info.si_value.sival_int, 1);
	CHECK_ERR(take(&set, &info), EAGAIN);
}

static int got[64], ngot;

static void note_value(int sig, siginfo_t *info, void *uc)
{
	got[ngot++] = sig * 1000 + info->si_value.sival_int;
}

static void handlers_in_order(void)
{
	struct sigaction act;
	sigset_t set;

	test_skip_on_linux("QEMU's user mode looks elsewhere for sa_mask");
	memset(&act, 0, sizeof(act));
	act.sa_sigaction = note_value;
	act.sa_flags = SA_SIGINFO;
	sigfillset(&act.sa_mask);
	for (int i = 0; i < 3; i++)
		CHECK(!sigaction(RT(i), &act, NULL));
	block(&set, RT(0), RT(2));
	for (int i = 0; i < 30; i++)
		CHECK(!queue(RT(2 - i % 3), i));
	CHECK(!sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK_EQ(ngot, 30);
	for (int i = 0; i < 30; i++)
		CHECK_EQ(got[i], RT(i / 10) * 1000 + 2 - i / 10 + i % 10 * 3);
}

static void so_many(void)
{
	struct rlimit l = { 200, 200 };
	siginfo_t info;
	sigset_t set;
	int n = 0;

	/* As long as others of this user have not as many. */
	CHECK(!setrlimit(RLIMIT_SIGPENDING, &l));
	block(&set, RT(0), RT(0));
	sigaddset(&set, SIGUSR1);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	while (n < 300 && !queue(RT(0), n))
		n++;
	CHECK(n > 0 && n <= 200);
	CHECK_EQ(errno, EAGAIN);
	/* Who does not queue a value is not turned away. */
	CHECK(!kill(getpid(), SIGUSR1));
	CHECK(!kill(getpid(), RT(0)));
	CHECK_EQ(take(&set, &info), SIGUSR1);
	for (int i = 0; i < n; i++) {
		CHECK_EQ(take(&set, &info), RT(0));
		CHECK_EQ(info.si_value.sival_int, i);
	}
	/* What was taken makes room. */
	CHECK(!queue(RT(0), 7));
}

static long send_info(int pid, int tid, int sig, int code)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = 3; /* of no account */
	info.si_code = code;
	info.si_value.sival_int = 55;
	if (tid)
		return sys(SYS_rt_tgsigqueueinfo, pid, tid, sig, &info);
	return sys(SYS_rt_sigqueueinfo, pid, sig, &info);
}

static volatile long answers[3];

/* What a thread says to itself is its own business; not what it says to its
 * process. */
static void say_to_myself(void *arg)
{
	int pid = (int)sys(SYS_getpid), me = (int)sys(SYS_gettid);

	answers[0] = send_info(pid, me, SIGUSR1, SI_USER);
	answers[1] = send_info(pid, pid, SIGUSR1, SI_USER);
	answers[2] = send_info(pid, 0, SIGUSR1, SI_USER);
}

static void who_may_say_what(void)
{
	static struct tthread t;
	pid_t me = getpid(), other = spawn(wait_for_ever);
	siginfo_t info;
	sigset_t set;

	block(&set, SIGUSR1, SIGUSR2);
	for (int tid = 0; tid <= other; tid += other) {
		CHECK_EQ(send_info(other, tid, SIGUSR1, SI_USER), -EPERM);
		CHECK_EQ(send_info(other, tid, SIGUSR1, SI_KERNEL), -EPERM);
		CHECK_EQ(send_info(other, tid, SIGUSR1, SEGV_MAPERR), -EPERM);
		CHECK_EQ(send_info(other, tid, SIGUSR1, SI_TKILL), -EPERM);
		CHECK_EQ(send_info(other, tid, 0, SI_QUEUE), 0);
		CHECK_EQ(send_info(other, tid, 65, SI_QUEUE), -EINVAL);
		CHECK_EQ(send_info(other, tid, -1, SI_QUEUE), -EINVAL);
	}
	CHECK_EQ(send_info(0x3ffffff, 0, SIGUSR1, SI_QUEUE), -ESRCH);
	CHECK_EQ(send_info(0x3ffffff, 0x3ffffff, SIGUSR1, SI_QUEUE), -ESRCH);
	CHECK_EQ(send_info(me, other, SIGUSR1, SI_QUEUE), -ESRCH);
	CHECK_EQ(send_info(0, me, SIGUSR1, SI_QUEUE), -EINVAL);
	CHECK_EQ(send_info(me, -1, SIGUSR1, SI_QUEUE), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigqueueinfo, me, SIGUSR1, bad_pointer), -EFAULT);
	CHECK_EQ(sys(SYS_rt_tgsigqueueinfo, me, me, SIGUSR1, bad_pointer),
		 -EFAULT);
	/* To oneself, anything. */
	CHECK_EQ(send_info(me, 0, SIGUSR1, SI_QUEUE), 0);
	CHECK_EQ(send_info(me, me, SIGUSR2, -60), 0);
	CHECK_EQ(take(&set, &info), SIGUSR2); /* to the thread: goes first */
	CHECK_EQ(info.si_signo, SIGUSR2);
	CHECK_EQ(info.si_code, -60);
	CHECK_EQ(info.si_value.sival_int, 55);
	CHECK_EQ(take(&set, &info), SIGUSR1);
	CHECK_EQ(info.si_signo, SIGUSR1);
	CHECK_EQ(info.si_code, SI_QUEUE);
	CHECK_EQ(send_info(other, 0, SIGTERM, SI_QUEUE), 0);
	CHECK_EQ(wait_status(other), SIGTERM);
	thread_start(&t, say_to_myself, NULL);
	thread_join(&t);
	CHECK_EQ(answers[0], 0);
	CHECK_EQ(answers[1], -EPERM);
	CHECK_EQ(answers[2], -EPERM);
}

/* ---- waiting without a handler ---- */

static void wrong_waits(void)
{
	struct timespec bad[] = { { 0, -1 }, { 0, 1000000000 }, { -1, 0 } };
	sigset_t set;

	block(&set, SIGUSR1, SIGUSR1);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_ERR(sigtimedwait(&set, NULL, &bad[i]), EINVAL);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, NULL, NULL, 16), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, bad_pointer, NULL, NULL, 8), -EFAULT);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, NULL, bad_pointer, 8), -EFAULT);
	CHECK(!raise(SIGUSR1));
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, bad_pointer, NULL, 8), -EFAULT);
}

static void waits_as_long(void)
{
	struct timespec t = { 0, 30000000 };
	long long start = now_ns();
	sigset_t set;

	block(&set, SIGUSR1, SIGUSR1);
	CHECK_ERR(sigtimedwait(&set, NULL, &t), EAGAIN);
	CHECK(now_ns() - start >= 30000000);
}

static void by_default_ignored(void)
{
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	/* Blocked it waits, though nobody would do anything. */
	block(&set, SIGCHLD, SIGCHLD);
	pid = fork();
	if (!pid)
		_exit(4);
	/* It has come before anybody waits for it. */
	CHECK(!waitid(P_PID, (unsigned)pid, &info, WEXITED | WNOWAIT));
	CHECK_EQ(take(&set, &info), SIGCHLD);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_status, 4);
	CHECK_EQ(wait_status(pid), 4 << 8);
}

static void other_signals_end_it(void)
{
	struct timespec t = { 100, 0 };
	sigset_t set;
	pid_t pid;

	for (int restart = 0; restart <= 1; restart++) {
		handle(SIGUSR2, count, restart ? SA_RESTART : 0);
		block(&set, SIGUSR1, SIGUSR1);
		seen = 0;
		pid = poke_often(SIGUSR2);
		CHECK_ERR(sigtimedwait(&set, NULL, &t), EINTR);
		CHECK(seen > 0);
		CHECK_ERR(sigwaitinfo(&set, NULL), EINTR);
		end_child(pid);
	}
}

static void kill_is_not_waited_for(void)
{
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	pid = fork();
	if (!pid) {
		sigfillset(&set);
		sigprocmask(SIG_BLOCK, &set, NULL);
		sigwaitinfo(&set, &info);
		_exit(1);
	}
	nap_ms(20);
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(wait_status(pid), SIGKILL);
}

static void what_waits(void)
{
	sigset_t set;

	block(&set, SIGUSR1, SIGUSR2);
	CHECK(!kill(getpid(), SIGUSR1)); /* to the process */
	CHECK(!raise(SIGUSR2));          /* to the thread */
	CHECK(!sigpending(&set));
	CHECK(sigismember(&set, SIGUSR1) && sigismember(&set, SIGUSR2));
	CHECK(!sigismember(&set, SIGTERM));
	CHECK_EQ(sys(SYS_rt_sigpending, &set, 16), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigpending, bad_pointer, 8), -EFAULT);
	CHECK_EQ(sys(SYS_rt_sigsuspend, &set, 16), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigsuspend, bad_pointer, 8), -EFAULT);
}

static void unknown_flags(void)
{
	struct padded_action a, old;

	/* A program asks in this way which flags there are. */
	test_skip_on_linux("QEMU's user mode gives back what it was given");
	memset(&a, 0, sizeof(a));
	a.act.sa_handler = count;
	a.act.sa_flags = SA_SIGINFO | 0x400 | 0x100;
	CHECK(!sigaction(SIGUSR1, &a.act, NULL));
	CHECK(!sigaction(SIGUSR1, NULL, &old.act));
	CHECK_EQ(old.act.sa_flags, SA_SIGINFO);
}

TEST_MAIN(CASE(in_order), CASE(lowest_first), CASE(others_wait_once),
	  CASE(handlers_in_order), CASE(so_many), CASE(who_may_say_what),
	  CASE(wrong_waits), CASE(waits_as_long), CASE(by_default_ignored),
	  CASE(other_signals_end_it), CASE(kill_is_not_waited_for),
	  CASE(what_waits), CASE(unknown_flags))
