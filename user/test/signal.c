/* Signals: defaults, handlers, masks, stacks, and what a handler may not
 * disturb. */
#include "user/test/signals.h"
#include "user/test/thread.h"

#include <sys/mman.h>

static volatile sig_atomic_t seen, seen2, last_signal;
static volatile siginfo_t last_info;

static void count(int sig)
{
	seen++;
	last_signal = sig;
}

static void spin_for_ever(void)
{
	for (volatile long i = 0;; i++)
		;
}

static void default_actions(void)
{
	static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGILL,
				      SIGABRT, SIGBUS, SIGFPE, SIGKILL,
				      SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE,
				      SIGALRM, SIGTERM, SIGXCPU, SIGSYS };
	static const int harmless[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH };

	for (unsigned i = 0; i < ARRAY_SIZE(deadly); i++) {
		pid_t pid = spawn(i % 2 ? wait_for_ever : spin_for_ever);
		int status;

		if (i % 3)
			nap_ms(2);
		CHECK(!kill(pid, deadly[i]));
		status = wait_status(pid);
		CHECK(WIFSIGNALED(status));
		CHECK_EQ(WTERMSIG(status), deadly[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(harmless); i++) {
		pid_t pid = spawn(wait_for_ever);

		CHECK(!kill(pid, harmless[i]));
		nap_ms(3);
		CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
		CHECK(!kill(pid, SIGKILL));
		CHECK_EQ(WTERMSIG(wait_status(pid)), SIGKILL);
	}
}

static void wrong_arguments(void)
{
	struct sigaction act;
	sigset_t set;

	memset(&act, 0, sizeof(act));
	act.sa_handler = SIG_IGN;
	CHECK_ERR(sigaction(SIGKILL, &act, NULL), EINVAL);
	CHECK_ERR(sigaction(SIGSTOP, &act, NULL), EINVAL);
	CHECK_ERR(sigaction(0, &act, NULL), EINVAL);
	CHECK_ERR(sigaction(65, &act, NULL), EINVAL);
	CHECK_EQ(sys(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), -EINVAL);
	CHECK_ERR(kill(getpid(), 65), EINVAL);
	CHECK_ERR(kill(getpid(), -1), EINVAL);
	CHECK(!kill(getpid(), 0));
	CHECK_ERR(kill(0x3ffffff, SIGTERM), ESRCH);
	CHECK_ERR(kill(-0x3ffffff, SIGTERM), ESRCH);
	sigemptyset(&set);
	CHECK_ERR(sigprocmask(77, &set, NULL), EINVAL);
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 16), -EINVAL);
	/* SIGKILL and SIGSTOP cannot be blocked; that is no error. */
	sigfillset(&set);
	CHECK(!sigprocmask(SIG_SETMASK, &set, NULL));
	CHECK(!sigprocmask(SIG_SETMASK, NULL, &set));
	CHECK(!sigismember(&set, SIGKILL) && !sigismember(&set, SIGSTOP));
	CHECK(sigismember(&set, SIGTERM));
}

static void handlers_run(void)
{
	struct sigaction old;
	pid_t pid;

	seen = 0;
	handle(SIGUSR1, count, 0);
	CHECK(!sigaction(SIGUSR1, NULL, &old));
	CHECK(old.sa_handler == count);
	for (int i = 1; i <= 100; i++) {
		CHECK(!kill(getpid(), SIGUSR1));
		CHECK_EQ(seen, i);
	}
	CHECK_EQ(last_signal, SIGUSR1);
	/* Once, then the default again. */
	handle(SIGUSR2, count, SA_RESETHAND);
	CHECK(!raise(SIGUSR2));
	CHECK(!sigaction(SIGUSR2, NULL, &old));
	CHECK(old.sa_handler == SIG_DFL);
	/* Here and not in the child, and the other way round. */
	handle(SIGUSR2, count, SA_RESETHAND);
	pid = fork();
	if (!pid) {
		CHECK(!raise(SIGUSR2));
		CHECK(!raise(SIGUSR2));
		_exit(0);
	}
	CHECK_EQ(WTERMSIG(wait_status(pid)), SIGUSR2);
	CHECK(!raise(SIGUSR2));
	CHECK(!sigaction(SIGUSR2, NULL, &old));
	CHECK(old.sa_handler == SIG_DFL);
	CHECK_EQ(seen, 102);
	handle(SIGUSR1, SIG_IGN, 0);
	CHECK(!raise(SIGUSR1));
	CHECK_EQ(seen, 102);
}

static void blocked_and_pending(void)
{
	sigset_t set;

	seen = 0;
	handle(SIGUSR1, count, 0);
	mask(SIG_BLOCK, SIGUSR1);
	CHECK(!raise(SIGUSR1) && !raise(SIGUSR1));
	CHECK_EQ(seen, 0);
	CHECK(!sigpending(&set));
	CHECK(sigismember(&set, SIGUSR1) && !sigismember(&set, SIGUSR2));
	/* Twice the same is once. */
	mask(SIG_UNBLOCK, SIGUSR1);
	CHECK_EQ(seen, 1);
	CHECK(!sigpending(&set));
	CHECK(!sigismember(&set, SIGUSR1));
	/* Ignoring forgets what waits. */
	mask(SIG_BLOCK, SIGUSR1);
	CHECK(!raise(SIGUSR1));
	handle(SIGUSR1, SIG_IGN, 0);
	handle(SIGUSR1, count, 0);
	mask(SIG_UNBLOCK, SIGUSR1);
	CHECK_EQ(seen, 1);
}

static void inherited_by_fork(void)
{
	sigset_t set;
	pid_t pid;

	seen = 0;
	handle(SIGUSR1, count, 0);
	handle(SIGUSR2, SIG_IGN, 0);
	mask(SIG_BLOCK, SIGTERM);
	CHECK(!raise(SIGTERM));
	pid = fork();
	if (!pid) {
		/* Handlers and the mask, but nothing that waits. */
		CHECK(!sigpending(&set));
		CHECK(!sigismember(&set, SIGTERM));
		CHECK(!sigprocmask(SIG_BLOCK, NULL, &set));
		CHECK(sigismember(&set, SIGTERM));
		CHECK(!raise(SIGUSR1) && !raise(SIGUSR2));
		CHECK_EQ(seen, 1);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK_EQ(seen, 0);
}

static void inherited_by_exec(void)
{
	pid_t pid;

	test_skip_on_linux("QEMU's user mode hands execve to its host");
	/* Ignored stays ignored; a handler becomes the default. */
	pid = fork();
	if (!pid) {
		handle(SIGUSR1, count, 0);
		handle(SIGUSR2, SIG_IGN, 0);
		execl("/bin/sh", "sh", "-c", "kill -USR2 $$; exit 5",
		      (char *)NULL);
		_exit(99);
	}
	CHECK_EQ(WEXITSTATUS(wait_status(pid)), 5);
	pid = fork();
	if (!pid) {
		handle(SIGUSR1, count, 0);
		execl("/bin/sh", "sh", "-c", "kill -USR1 $$; exit 5",
		      (char *)NULL);
		_exit(99);
	}
	CHECK_EQ(WTERMSIG(wait_status(pid)), SIGUSR1);
	/* The mask stays, and what waits behind it. */
	pid = fork();
	if (!pid) {
		mask(SIG_BLOCK, SIGTERM);
		CHECK(!raise(SIGTERM));
		execl("/bin/sh", "sh", "-c", "exit 6", (char *)NULL);
		_exit(99);
	}
	CHECK_EQ(WEXITSTATUS(wait_status(pid)), 6);
	/* No flag does: the new program hears of its children. */
	pid = fork();
	if (!pid) {
		handle(SIGCHLD, SIG_DFL, SA_NOCLDWAIT);
		execl("/bin/sh", "sh", "-c", "(exit 7); exit $?", (char *)NULL);
		_exit(99);
	}
	CHECK_EQ(WEXITSTATUS(wait_status(pid)), 7);
}

/* ---- one table of actions for two processes (CLONE_SIGHAND) ---- */

static int go[2], said[2];

static void wait_to_go(void)
{
	char c;

	if (sys(SYS_read, go[0], &c, 1) != 1)
		sys(SYS_exit_group, 98);
}

static void has_the_same(void *arg)
{
	struct sigaction act;

	wait_to_go();
	sys(SYS_rt_sigaction, SIGUSR2, NULL, &act, 8);
	sys(SYS_exit_group, act.sa_handler == SIG_IGN ? 0 : 1);
}

static void exec_then_signal(void *arg)
{
	static char *args[] = { (char *)(uintptr_t) "sh",
				(char *)(uintptr_t) "-c",
				(char *)(uintptr_t) "echo; read x; "
						    "kill -USR2 $$; exit 5",
				NULL };

	sys(SYS_dup3, go[0], 0, 0);
	sys(SYS_dup3, said[1], 1, 0);
	sys(SYS_execve, "/bin/sh", args, &args[3]);
	sys(SYS_exit_group, 99);
}

static pid_t share_actions(void (*fn)(void *))
{
	static char stacks[2][8192] __attribute__((aligned(16)));
	static int n;
	long pid = thread_clone(CLONE_VM | CLONE_SIGHAND | SIGCHLD,
				stacks[n++] + 8192, NULL, fn, NULL);

	CHECK(pid > 0);
	return (pid_t)pid;
}

/* Both see a change; a program that one becomes does not, nor does a child that
 * is made without the flag. */
static void shared_actions(void)
{
	pid_t same, other, child;
	struct sigaction act;
	char c;

	test_skip_on_linux("QEMU's user mode knows fork and threads");
	CHECK(!pipe(go) && !pipe(said));
	same = share_actions(has_the_same);
	other = share_actions(exec_then_signal);
	CHECK_EQ(read(said[0], &c, 1), 1);
	child = fork();
	CHECK(child >= 0);
	if (!child) {
		wait_to_go();
		CHECK(!sigaction(SIGUSR2, NULL, &act));
		CHECK(act.sa_handler == SIG_DFL);
		_exit(0);
	}
	handle(SIGUSR2, SIG_IGN, 0);
	/* A line for each. */
	CHECK_EQ(write(go[1], "\n\n\n", 3), 3);
	CHECK_EQ(wait_status(same), 0);
	CHECK_EQ(wait_status(child), 0);
	CHECK_EQ(wait_status(other), SIGUSR2);
}

static void note_info(int sig, siginfo_t *info, void *context)
{
	memcpy((void *)(uintptr_t)&last_info, info, sizeof(*info));
	last_signal = sig;
	CHECK(context != NULL);
	seen++;
}

static void who_and_why(void)
{
	pid_t pid, me = getpid();

	seen = 0;
	handle_info(SIGUSR1, note_info, 0);
	handle_info(SIGCHLD, note_info, 0);
	CHECK(!kill(me, SIGUSR1));
	CHECK_EQ(last_info.si_signo, SIGUSR1);
	CHECK_EQ(last_info.si_code, SI_USER);
	CHECK_EQ(last_info.si_pid, me);
	CHECK_EQ(last_info.si_uid, getuid());
	pid = fork();
	if (!pid)
		_exit(37);
	WAIT_UNTIL(last_signal == SIGCHLD);
	CHECK_EQ(last_info.si_pid, pid);
	CHECK_EQ(last_info.si_code, CLD_EXITED);
	CHECK_EQ(last_info.si_status, 37);
	CHECK_EQ(WEXITSTATUS(wait_status(pid)), 37);
}

static char *fault_page;

static void repair(int sig, siginfo_t *info, void *context)
{
	last_signal = sig;
	last_info = *info;
	if (mprotect(fault_page, 4096, PROT_READ | PROT_WRITE))
		_exit(9);
}

static void faults_can_be_handled(void)
{
	fault_page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	CHECK(fault_page != MAP_FAILED);
	handle_info(SIGSEGV, repair, 0);
	for (int i = 0; i < 20; i++) {
		CHECK(!mprotect(fault_page, 4096, i % 2 ? PROT_NONE :
							  PROT_READ));
		last_signal = 0;
		/* The same instruction again, and then it works. */
		*(volatile char *)(fault_page + 123) = (char)i;
		CHECK_EQ(last_signal, SIGSEGV);
		CHECK(last_info.si_addr == fault_page + 123);
		CHECK_EQ(last_info.si_code, SEGV_ACCERR);
		CHECK_EQ(fault_page[123], i);
	}
}

static void fault_while_blocked(void)
{
	handle(SIGSEGV, count, 0);
	mask(SIG_BLOCK, SIGSEGV);
	*(volatile char *)bad_pointer = 1;
}

static void fault_while_ignored(void)
{
	handle(SIGSEGV, SIG_IGN, 0);
	*(volatile char *)bad_pointer = 1;
}

static void handler_that_faults(int sig)
{
	*(volatile char *)bad_pointer = 1;
}

static void fault_in_the_handler(void)
{
	handle(SIGSEGV, handler_that_faults, 0);
	*(volatile char *)bad_pointer = 1;
}

static void no_stack_for_the_handler(void)
{
	handle(SIGUSR1, count, 0);
	__asm__ volatile("mv a0, %0\n"
			 "li a1, 10\n"
			 "li sp, 64\n"
			 "li a7, 129\n"
			 "ecall" ::"r"(getpid()) : "a0", "a1", "a7");
}

static void faults_that_must_kill(void)
{
	CHECK_EQ(killed_by(fault_while_blocked), SIGSEGV);
	CHECK_EQ(killed_by(fault_while_ignored), SIGSEGV);
	CHECK_EQ(killed_by(fault_in_the_handler), SIGSEGV);
	CHECK_EQ(killed_by(no_stack_for_the_handler), SIGSEGV);
}

static void in_second(int sig)
{
	seen2++;
}

static void in_first(int sig)
{
	seen++;
	if (sig == SIGUSR1 && seen == 1) {
		/* Its own is blocked here, the other is not. */
		raise(SIGUSR1);
		if (seen != 1)
			seen = 100;
		raise(SIGUSR2);
		if (seen2 != 1)
			seen = 100;
	}
}

static void nested(void)
{
	struct sigaction act;
	sigset_t set;

	seen = seen2 = 0;
	handle(SIGUSR1, in_first, 0);
	handle(SIGUSR2, in_second, 0);
	raise(SIGUSR1);
	CHECK_EQ(seen, 2);
	CHECK_EQ(seen2, 1);
	CHECK(!sigprocmask(SIG_BLOCK, NULL, &set));
	CHECK(!sigismember(&set, SIGUSR1) && !sigismember(&set, SIGUSR2));
	/* sa_mask blocks others meanwhile. QEMU 7.2's user mode looks for it
	 * where this machine has none. */
	if (test_on_linux())
		return;
	seen = seen2 = 0;
	memset(&act, 0, sizeof(act));
	act.sa_handler = in_first;
	sigaddset(&act.sa_mask, SIGUSR2);
	CHECK(!sigaction(SIGUSR1, &act, NULL));
	raise(SIGUSR1);
	CHECK_EQ(seen, 101);
	CHECK_EQ(seen2, 1);
}

static volatile int hits;

static void again(int sig)
{
	if (++hits < 5)
		raise(sig);
}

static void not_deferred(void)
{
	hits = 0;
	handle(SIGUSR1, again, SA_NODEFER);
	raise(SIGUSR1);
	CHECK_EQ(hits, 5);
}

static char alt_stack[65536] __attribute__((aligned(16)));
static volatile unsigned long handler_sp;

static void where_am_i(int sig)
{
	char here;

	handler_sp = (unsigned long)&here;
	seen++;
}

static void overflow_seen(int sig)
{
	_exit(33);
}

static __attribute__((noinline)) long sink(long n)
{
	volatile char frame[8000];

	frame[0] = (char)n;
	return n ? sink(n - 1) + frame[0] : 0;
}

static void run_out_of_stack(void)
{
	stack_t st;

	memset(&st, 0, sizeof(st));
	st.ss_sp = alt_stack;
	st.ss_size = sizeof(alt_stack);
	CHECK(!sigaltstack(&st, NULL));
	handle(SIGSEGV, overflow_seen, SA_ONSTACK);
	sink(1 << 20);
}

static void other_stack(void)
{
	stack_t st, old;

	memset(&st, 0, sizeof(st));
	CHECK(!sigaltstack(NULL, &old));
	CHECK(old.ss_flags & SS_DISABLE);
	st.ss_sp = alt_stack;
	st.ss_size = 100;
	CHECK_ERR(sigaltstack(&st, NULL), ENOMEM);
	st.ss_size = sizeof(alt_stack);
	st.ss_flags = 1234;
	CHECK_ERR(sigaltstack(&st, NULL), EINVAL);
	st.ss_flags = 0;
	CHECK(!sigaltstack(&st, NULL));
	CHECK(!sigaltstack(NULL, &old));
	CHECK(old.ss_sp == alt_stack && old.ss_size == sizeof(alt_stack));
	CHECK_EQ(old.ss_flags, 0);
	handle(SIGUSR1, where_am_i, SA_ONSTACK);
	handle(SIGUSR2, where_am_i, 0);
	raise(SIGUSR1);
	CHECK(handler_sp > (unsigned long)alt_stack &&
	      handler_sp < (unsigned long)alt_stack + sizeof(alt_stack));
	raise(SIGUSR2);
	CHECK(!(handler_sp > (unsigned long)alt_stack &&
		handler_sp < (unsigned long)alt_stack + sizeof(alt_stack)));
	CHECK_EQ(WEXITSTATUS(wait_status(spawn(run_out_of_stack))), 33);
}

static void calls_are_interrupted(void)
{
	struct timespec t = { 100, 0 }, left = { 0, 0 };
	pid_t pid;
	int status;

	seen = 0;
	handle(SIGUSR1, count, 0);
	pid = poke_often(SIGUSR1);
	CHECK_ERR(nanosleep(&t, &left), EINTR);
	CHECK(left.tv_sec >= 50 && left.tv_sec < 100);
	CHECK_ERR(waitpid(pid, &status, 0), EINTR);
	CHECK_ERR(pause(), EINTR);
	end_child(pid);
	CHECK(seen >= 3);
}

static void calls_are_restarted(void)
{
	int fd[2];
	pid_t poker, writer;
	char c = 0;

	seen = 0;
	handle(SIGUSR1, count, SA_RESTART);
	CHECK(!pipe(fd));
	poker = poke_often(SIGUSR1);
	writer = fork();
	if (!writer) {
		nap_ms(60);
		_exit(write(fd[1], "w", 1) == 1 ? 0 : 1);
	}
	CHECK_EQ(read(fd[0], &c, 1), 1);
	CHECK_EQ(c, 'w');
	CHECK(seen > 0);
	CHECK_EQ(wait_status(writer), 0);
	end_child(poker);
}

static void suspend(void)
{
	sigset_t set, old;
	pid_t pid;

	seen = 0;
	handle(SIGUSR1, count, 0);
	mask(SIG_BLOCK, SIGUSR1);
	CHECK(!raise(SIGUSR1));
	sigemptyset(&set);
	/* Comes at once, inside; and then it is blocked as before. */
	CHECK_ERR(sigsuspend(&set), EINTR);
	CHECK_EQ(seen, 1);
	CHECK(!sigprocmask(SIG_BLOCK, NULL, &old));
	CHECK(sigismember(&old, SIGUSR1));
	pid = poke_often(SIGUSR1);
	for (int i = 2; i < 10; i++) {
		CHECK_ERR(sigsuspend(&set), EINTR);
		CHECK(seen >= i);
	}
	end_child(pid);
}

static void wait_for_signals(void)
{
	struct timespec t = { 0, 1000000 };
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_ERR(sigtimedwait(&set, &info, &t), EAGAIN);
	CHECK(!raise(SIGUSR2));
	CHECK_EQ(sigtimedwait(&set, &info, &t), SIGUSR2);
	CHECK_EQ(info.si_signo, SIGUSR2);
	pid = fork();
	if (!pid) {
		nap_ms(10);
		_exit(kill(getppid(), SIGUSR1));
	}
	CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(wait_status(pid), 0);
}

static void use_fp(int sig)
{
	__asm__ volatile("li t0, -1\n"
			 "fmv.d.x ft0, t0\n"
			 "fmv.d.x fa0, t0\n"
			 "fmv.d.x fs0, t0\n"
			 "fmv.d.x ft11, t0\n"
			 "li t0, 3\n"
			 "fscsr t0\n" ::
				 : "t0", "ft0", "fa0", "fs0", "ft11");
	seen++;
}

/* All registers are afterwards what they were, also the FP ones. */
static void registers_are_kept(void)
{
	unsigned long fs0, ft0, ft11, fcsr, t[6];
	long pid = getpid();

	seen = 0;
	handle(SIGUSR1, use_fp, 0);
	for (int i = 0; i < 50; i++) {
		register long a0 __asm__("a0") = pid;
		register long a1 __asm__("a1") = SIGUSR1;
		register long a7 __asm__("a7") = SYS_kill;

		__asm__ volatile("li t0, 0x1234567\n"
				 "fmv.d.x ft0, t0\n"
				 "fmv.d.x fs0, t0\n"
				 "fmv.d.x ft11, t0\n"
				 "li t0, 0x21\n"
				 "fscsr t0\n"
				 "li t0, 101\n"
				 "li t1, 102\n"
				 "li t2, 103\n"
				 "li t3, 104\n"
				 "li t5, 105\n"
				 "li t6, 106\n"
				 "ecall\n"
				 "sd t0, 0(%3)\n"
				 "sd t1, 8(%3)\n"
				 "sd t2, 16(%3)\n"
				 "sd t3, 24(%3)\n"
				 "sd t5, 32(%3)\n"
				 "sd t6, 40(%3)\n"
				 "fmv.x.d t0, ft0\n"
				 "sd t0, %4\n"
				 "fmv.x.d t0, fs0\n"
				 "sd t0, %5\n"
				 "fmv.x.d t0, ft11\n"
				 "sd t0, %6\n"
				 "frcsr t0\n"
				 "sd t0, %7\n"
				 "fscsr zero\n"
				 : "+r"(a0), "+r"(a1), "+r"(a7)
				 : "r"(t), "m"(ft0), "m"(fs0), "m"(ft11),
				   "m"(fcsr)
				 : "t0", "t1", "t2", "t3", "t5", "t6", "ft0",
				   "fs0", "ft11", "memory");
		CHECK_EQ(a0, 0);
		CHECK_EQ(a1, SIGUSR1);
		for (int k = 0; k < 6; k++)
			CHECK_EQ(t[k], 101 + k);
		CHECK_EQ(ft0, 0x1234567);
		CHECK_EQ(fs0, 0x1234567);
		CHECK_EQ(ft11, 0x1234567);
		CHECK_EQ(fcsr, 0x21);
	}
	CHECK_EQ(seen, 50);
}

/* Signals that come at any instruction of a computation. */
static void at_any_moment(void)
{
	pid_t pid;
	double sum = 0;
	unsigned long whole = 0, want = 0;

	seen = 0;
	handle(SIGUSR1, use_fp, 0);
	pid = poke_often(SIGUSR1);
	while (seen < 20) {
		sum = 0;
		whole = want = 0;
		for (int i = 1; i <= 20000; i++) {
			sum += i * 0.5;
			whole = whole * 31 + (unsigned)i;
		}
		CHECK(sum == 20000.0 * 20001.0 / 4);
	}
	for (int i = 1; i <= 20000; i++)
		want = want * 31 + (unsigned)i;
	CHECK(whole == want);
	end_child(pid);
}

static void change_the_mask(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	/* What the handler writes there is what holds afterwards. */
	sigaddset(&uc->uc_sigmask, SIGUSR2);
	seen++;
}

static void the_frame_counts(void)
{
	sigset_t set;

	seen = 0;
	handle_info(SIGUSR1, change_the_mask, 0);
	raise(SIGUSR1);
	CHECK_EQ(seen, 1);
	CHECK(!sigprocmask(SIG_BLOCK, NULL, &set));
	CHECK(sigismember(&set, SIGUSR2));
	CHECK(!sigismember(&set, SIGUSR1));
}

static void frame_of_nonsense(void)
{
	static char junk[8192];

	memset(junk, 0xff, sizeof(junk));
	__asm__ volatile("mv sp, %0\n"
			 "li a7, 139\n"
			 "ecall\n" ::"r"((unsigned long)(junk + 2048) & ~15ul));
}

static void frame_nowhere(void)
{
	__asm__ volatile("li sp, 0x100\n"
			 "li a7, 139\n"
			 "ecall\n");
}

static void forged_returns(void)
{
	test_skip_on_linux("QEMU's user mode takes them differently");
	CHECK(killed_by(frame_of_nonsense) != 0);
	CHECK_EQ(killed_by(frame_nowhere), SIGSEGV);
}

static void ignored_children(void)
{
	int status;
	pid_t pid;

	/* Nobody waits for them, and none stays. */
	handle(SIGCHLD, SIG_IGN, 0);
	for (int i = 0; i < 10; i++) {
		pid = fork();
		if (!pid)
			_exit(1);
	}
	CHECK_ERR(waitpid(-1, &status, 0), ECHILD);
	if (test_on_linux()) /* QEMU's user mode does not hand this flag on */
		return;
	handle(SIGCHLD, SIG_DFL, SA_NOCLDWAIT);
	pid = fork();
	if (!pid)
		_exit(1);
	CHECK_ERR(waitpid(pid, &status, 0), ECHILD);
}

static void groups(void)
{
	pid_t leader, member;
	int status;

	leader = spawn(wait_for_ever);
	member = spawn(wait_for_ever);
	CHECK(!setpgid(leader, leader));
	CHECK(!setpgid(member, leader));
	CHECK_EQ(getpgid(member), leader);
	CHECK(!kill(-leader, SIGTERM));
	CHECK_EQ(WTERMSIG(wait_status(leader)), SIGTERM);
	CHECK_EQ(waitpid(-leader, &status, 0), member);
	CHECK_EQ(WTERMSIG(status), SIGTERM);
	CHECK_ERR(kill(-leader, 0), ESRCH);
	CHECK_ERR(setpgid(getpid(), 0x3fffff), EPERM);
	CHECK_ERR(setpgid(0x3fffff, 0), ESRCH);
	CHECK_ERR(setpgid(0, -1), EINVAL);
	/* A new session has a new group; twice is refused. */
	leader = fork();
	if (!leader) {
		CHECK_EQ(setsid(), getpid());
		CHECK_EQ(getsid(0), getpid());
		CHECK_EQ(getpgid(0), getpid());
		CHECK_ERR(setsid(), EPERM);
		CHECK_ERR(setpgid(0, 0), EPERM);
		_exit(0);
	}
	CHECK_EQ(wait_status(leader), 0);
}

static void storm(void)
{
	enum { N = 2000 };
	pid_t pid;

	/* Many, from another process, while this one works. */
	seen = 0;
	handle(SIGUSR1, count, 0);
	handle(SIGUSR2, in_second, 0);
	seen2 = 0;
	pid = fork();
	if (!pid) {
		for (int i = 0; i < N; i++) {
			CHECK(!kill(getppid(), SIGUSR1));
			CHECK(!kill(getppid(), SIGUSR2));
		}
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) != pid)
		CHECK_EQ(errno, EINTR);
	CHECK(seen > 0 && seen <= N);
	CHECK(seen2 > 0 && seen2 <= N);
}

TEST_MAIN(CASE(default_actions), CASE(wrong_arguments), CASE(handlers_run),
	  CASE(blocked_and_pending), CASE(inherited_by_fork),
	  CASE(inherited_by_exec), CASE(shared_actions), CASE(who_and_why),
	  CASE(faults_can_be_handled), CASE(faults_that_must_kill),
	  CASE(nested), CASE(not_deferred), CASE(other_stack),
	  CASE(calls_are_interrupted), CASE(calls_are_restarted), CASE(suspend),
	  CASE(wait_for_signals), CASE(registers_are_kept), CASE(at_any_moment),
	  CASE(the_frame_counts), CASE(forged_returns), CASE(ignored_children),
	  CASE(groups), CASE(storm))
