/*
 * Tracing: what a tracer sees of its tracees, what it may change, who may trace
 * whom, and what becomes of both when one of them ends. As the manual pages of
 * Linux have it; QEMU's user mode has no ptrace to compare with.
 */
#define TEST_SELF(argc, argv) look_at_self(argc, argv)
#include "crowd.h"
#include "thread.h"

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "kernel/abi/ptrace.h"

static void look_at_self(int argc, char **argv);

#define PAGE 4096ul
#ifndef __WALL
#define __WALL 0x40000000
#endif
#define EVENT(e) (SIGTRAP | (e) << 8)
#define SYSGOOD  (SIGTRAP | 0x80)

/* pc, then x1 to x31. */
struct regs {
	unsigned long x[32];
};
#define PC 0
#define A0 10
#define A7 17
#define S2 18

static long request(long what, pid_t pid, unsigned long addr, const void *data)
{
	long r = sys(SYS_ptrace, what, pid, addr, data);

	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	return r;
}

static long regset(long what, pid_t pid, unsigned long set, void *data,
		   size_t n)
{
	struct iovec iov = { data, n };
	long r = request(what, pid, set, &iov);

	return r ? r : (long)iov.iov_len;
}

static struct regs regs_of(pid_t pid)
{
	struct regs r;

	CHECK_EQ(regset(PTRACE_GETREGSET, pid, NT_PRSTATUS, &r, sizeof(r)),
		 sizeof(r));
	return r;
}

static void set_regs(pid_t pid, struct regs *r)
{
	CHECK_EQ(regset(PTRACE_SETREGSET, pid, NT_PRSTATUS, r, sizeof(*r)),
		 sizeof(*r));
}

static unsigned long peek(pid_t pid, const volatile void *at)
{
	unsigned long word = 0;

	CHECK(!request(PTRACE_PEEKDATA, pid, (unsigned long)at, &word));
	return word;
}

static long poke(pid_t pid, const volatile void *at, unsigned long word)
{
	return request(PTRACE_POKEDATA, pid, (unsigned long)at, (void *)word);
}

/* The tracee's next stop: what stands above 0x7f in its status. */
static int next_stop(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	if (!WIFSTOPPED(status))
		test_fail("%d has ended, status %#x, instead of a stop", pid,
			  status);
	return status >> 8;
}

static int next_end(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	if (WIFSTOPPED(status))
		test_fail("%d stops, status %#x, instead of an end", pid,
			  status);
	return status;
}

static void go(long what, pid_t pid, long sig)
{
	CHECK(!request(what, pid, 0, (void *)sig));
}

static unsigned long message(pid_t pid)
{
	unsigned long m = ~0ul;

	CHECK(!request(PTRACE_GETEVENTMSG, pid, 0, &m));
	return m;
}

static void options(pid_t pid, long o)
{
	CHECK(!request(PTRACE_SETOPTIONS, pid, 0, (void *)o));
}

static void trace_me(void)
{
	CHECK(!request(PTRACE_TRACEME, 0, 0, NULL));
	raise(SIGSTOP);
}

/* Runs fn in a child that is traced and stands at its SIGSTOP. */
static pid_t traced(void (*fn)(void))
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		trace_me();
		fn();
		_exit(0);
	}
	CHECK_EQ(next_stop(pid), SIGSTOP);
	return pid;
}

static void sleeper(void)
{
	for (;;)
		pause();
}

/* ... and one that nobody traces yet. It has begun to run fn. */
static int ready[2];

static pid_t victim(void (*fn)(void))
{
	pid_t pid;
	char c;

	CHECK(!pipe(ready));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		if (write(ready[1], "", 1) != 1)
			_exit(3);
		fn();
		_exit(0);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void attach(pid_t pid)
{
	CHECK(!request(PTRACE_ATTACH, pid, 0, NULL));
	CHECK_EQ(next_stop(pid), SIGSTOP);
}

static void seize(pid_t pid, long o)
{
	CHECK(!request(PTRACE_SEIZE, pid, 0, (void *)o));
}

static void interrupt(pid_t pid)
{
	CHECK(!request(PTRACE_INTERRUPT, pid, 0, NULL));
	CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_STOP));
}

static void finish(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK_EQ(next_end(pid), SIGKILL);
}

static char state_of(pid_t pid)
{
	char path[40], text[200] = "", *p;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	p = strrchr(text, ')');
	return p ? p[2] : '?';
}

/* ---- signals ---- */

static void raises(void)
{
	raise(SIGUSR1);
	_exit(7);
}

static void stops_at_signal(void)
{
	siginfo_t info;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(raises);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGUSR1);
	CHECK(!request(PTRACE_GETSIGINFO, pid, 0, &info));
	CHECK_EQ(info.si_signo, SIGUSR1);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(state_of(pid), 't');
	go(PTRACE_CONT, pid, 0); /* and it never comes */
	CHECK_EQ(next_end(pid), 7 << 8);

	pid = traced(raises);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGUSR1);
	go(PTRACE_CONT, pid, SIGUSR1);
	CHECK_EQ(next_end(pid), SIGUSR1);

	pid = traced(raises);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGUSR1);
	go(PTRACE_CONT, pid, SIGTERM); /* another one instead */
	CHECK_EQ(next_end(pid), SIGTERM);
}

static void ignores(void)
{
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	raise(SIGWINCH); /* ignored if nothing is said */
	_exit(9);
}

static void ignored_signal_is_seen(void)
{
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(ignores);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGUSR1);
	go(PTRACE_CONT, pid, SIGUSR1);
	CHECK_EQ(next_stop(pid), SIGWINCH);
	go(PTRACE_CONT, pid, SIGWINCH);
	CHECK_EQ(next_end(pid), 9 << 8);
}

static volatile int handled, handled_pid, handled_value;

static void handler(int sig, siginfo_t *info, void *context)
{
	handled = sig;
	handled_pid = info->si_pid;
	handled_value = info->si_value.sival_int;
}

static void handles(void)
{
	struct sigaction act = { .sa_sigaction = handler,
				 .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &act, NULL);
	sigaction(SIGUSR2, &act, NULL);
	raise(SIGUSR1);
	_exit(handled == SIGUSR2 && handled_pid == getppid() ? 0 : 1);
}

static void handles_changed(void)
{
	struct sigaction act = { .sa_sigaction = handler,
				 .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	_exit(handled == SIGUSR1 && handled_value == 4711 ? 0 : 1);
}

static void handler_gets_what_tracer_says(void)
{
	siginfo_t info;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(handles);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGUSR1);
	go(PTRACE_CONT, pid, SIGUSR2); /* from the tracer, then */
	CHECK_EQ(next_end(pid), 0);

	pid = traced(handles_changed);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGUSR1);
	CHECK(!request(PTRACE_GETSIGINFO, pid, 0, &info));
	info.si_value.sival_int = 4711;
	CHECK(!request(PTRACE_SETSIGINFO, pid, 0, &info));
	go(PTRACE_CONT, pid, SIGUSR1);
	CHECK_EQ(next_end(pid), 0);
}

static void mask_is_seen_and_set(void)
{
	unsigned long mask = 0;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(raises);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGUSR1);
	CHECK(!request(PTRACE_GETSIGMASK, pid, 8, &mask));
	CHECK_EQ(mask, 0);
	mask = ~0ul;
	CHECK(!request(PTRACE_SETSIGMASK, pid, 8, &mask));
	CHECK(!request(PTRACE_GETSIGMASK, pid, 8, &mask));
	CHECK_EQ(mask, ~(1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1)));
	CHECK_ERR(request(PTRACE_GETSIGMASK, pid, 4, &mask), EINVAL);
	CHECK_ERR(request(PTRACE_SETSIGMASK, pid, 16, &mask), EINVAL);
	/* Blocked now, the signal waits: the program ends before it comes. */
	go(PTRACE_CONT, pid, SIGUSR1);
	CHECK_EQ(next_end(pid), 7 << 8);
}

static void breaks_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	__asm__ volatile(".option push\n.option norvc\nebreak\n.option pop");
	_exit(5);
}

static void blocked_breakpoint_stops(void)
{
	struct regs r;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(breaks_blocked);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGTRAP);
	r = regs_of(pid);
	CHECK_EQ((unsigned)peek(pid, (void *)r.x[PC]), 0x00100073);
	r.x[PC] += 4;
	set_regs(pid, &r);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), 5 << 8);
}

static void faults_ignored(void)
{
	signal(SIGSEGV, SIG_IGN);
	*(volatile int *)bad_pointer = 1;
}

/* What nobody can ignore is not ignored for a tracer. */
static void ignored_fault_ends_it(void)
{
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(faults_ignored);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGSEGV);
	go(PTRACE_CONT, pid, 0); /* done again */
	CHECK_EQ(next_stop(pid), SIGSEGV);
	go(PTRACE_CONT, pid, SIGSEGV);
	CHECK_EQ(next_end(pid), SIGSEGV);
}

static volatile sig_atomic_t chld_code, chld_status;

static void on_chld(int sig, siginfo_t *info, void *context)
{
	chld_code = info->si_code;
	chld_status = info->si_status;
}

static void tracer_is_told(void)
{
	struct sigaction act = { .sa_sigaction = on_chld,
				 .sa_flags = SA_SIGINFO | SA_RESTART };
	siginfo_t info;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	CHECK(!sigaction(SIGCHLD, &act, NULL));
	pid = fork();
	if (!pid) {
		trace_me();
		raises();
	}
	/* Looked at, it is still there; taken, it is not. */
	memset(&info, 0, sizeof(info));
	CHECK(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	CHECK_EQ(info.si_code, CLD_TRAPPED);
	CHECK_EQ(info.si_status, SIGSTOP);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(next_stop(pid), SIGSTOP);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG | __WALL), 0);
	WAIT_UNTIL(chld_code == CLD_TRAPPED && chld_status == SIGSTOP);
	act.sa_flags |= SA_NOCLDSTOP;
	CHECK(!sigaction(SIGCHLD, &act, NULL));
	chld_code = 0;
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGUSR1);
	CHECK_EQ(chld_code, 0);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), 7 << 8);
	WAIT_UNTIL(chld_code == CLD_EXITED && chld_status == 7);
}

/* ---- system calls ---- */

static void makes_calls(void)
{
	if (sys(SYS_getppid, 11, 12, 13, 14, 15, 16) != getppid())
		_exit(1);
	_exit(sys(SYS_close, 1000) == 1234 ? 0 : 2);
}

static struct ptrace_syscall_info call_info(pid_t pid, size_t want)
{
	struct ptrace_syscall_info info;

	memset(&info, 0x55, sizeof(info));
	CHECK_EQ(request(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info),
		 (long)want);
	CHECK_EQ(info.arch, 0xc00000f3u);
	return info;
}

/* Up to the entry of call nr. */
static struct ptrace_syscall_info run_to(pid_t pid, unsigned long nr)
{
	struct ptrace_syscall_info info;

	for (;;) {
		go(PTRACE_SYSCALL, pid, 0);
		CHECK_EQ(next_stop(pid), SYSGOOD);
		info = call_info(pid, 80);
		CHECK_EQ(info.op, PTRACE_SYSCALL_INFO_ENTRY);
		if (info.entry.nr == nr)
			return info;
		go(PTRACE_SYSCALL, pid, 0);
		CHECK_EQ(next_stop(pid), SYSGOOD);
	}
}

static void calls_are_seen_and_changed(void)
{
	struct ptrace_syscall_info info;
	struct regs r;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(makes_calls);
	CHECK_EQ(call_info(pid, 24).op, PTRACE_SYSCALL_INFO_NONE);
	options(pid, PTRACE_O_TRACESYSGOOD);
	info = run_to(pid, SYS_getppid);
	for (int i = 0; i < 6; i++)
		CHECK_EQ(info.entry.args[i], 11 + i);
	r = regs_of(pid);
	CHECK_EQ(r.x[PC], info.instruction_pointer);
	CHECK_EQ(r.x[A7], SYS_getppid);
	CHECK_EQ((unsigned)peek(pid, (void *)(r.x[PC] - 4)), 0x73);
	go(PTRACE_SYSCALL, pid, 0);
	CHECK_EQ(next_stop(pid), SYSGOOD);
	info = call_info(pid, 33);
	CHECK_EQ(info.op, PTRACE_SYSCALL_INFO_EXIT);
	CHECK_EQ(info.exit.rval, getpid());
	CHECK(!info.exit.is_error);

	/* Not made at all, and yet with a result. */
	run_to(pid, SYS_close);
	r = regs_of(pid);
	r.x[A7] = ~0ul;
	set_regs(pid, &r);
	go(PTRACE_SYSCALL, pid, 0);
	CHECK_EQ(next_stop(pid), SYSGOOD);
	info = call_info(pid, 33);
	CHECK_EQ(info.exit.rval, -ENOSYS);
	CHECK_EQ(info.exit.is_error, 1);
	r = regs_of(pid);
	r.x[A0] = 1234;
	set_regs(pid, &r);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), 0);
}

static void plain_stops_at_calls(void)
{
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(makes_calls);
	go(PTRACE_SYSCALL, pid, 0);
	CHECK_EQ(next_stop(pid), SIGTRAP); /* nobody asked for more */
	go(PTRACE_SYSCALL, pid, SIGUSR1);  /* sent, and seen behind the call */
	CHECK_EQ(next_stop(pid), SIGTRAP);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGUSR1);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), 2 << 8);
}

static void sleeps(void)
{
	struct timespec t = { 0, 300000000 };
	long long start = now_ns();
	long r = sys(SYS_nanosleep, &t, NULL);

	_exit(r == 0 && now_ns() - start >= 300000000ll ? 0 : 1);
}

/* Interrupted by the tracer alone a call goes on as if nothing had been, even
 * when the tracer has the program do something else meanwhile. */
static void interrupted_call_goes_on(void)
{
	struct regs r, other;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = victim(sleeps);
	seize(pid, 0);
	nap_ms(50);
	for (int i = 0; i < 5; i++) {
		interrupt(pid);
		go(PTRACE_CONT, pid, 0);
		nap_ms(10);
	}
	CHECK_EQ(next_end(pid), 0);

	pid = victim(sleeps);
	seize(pid, 0);
	nap_ms(50);
	interrupt(pid);
	r = regs_of(pid);
	if (r.x[A7] == SYS_nanosleep) {
		/* It stands before the call. */
		CHECK_EQ((unsigned)peek(pid, (void *)r.x[PC]), 0x73);
		other = r;
		other.x[PC] = (unsigned long)breaks_blocked;
		set_regs(pid, &other);
		go(PTRACE_CONT, pid, 0);
		CHECK_EQ(next_stop(pid), SIGTRAP);
		set_regs(pid, &r);
	}
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), 0);
}

/* ---- registers and memory ---- */

static void counts_in_s2(void)
{
	register unsigned long s2 __asm__("s2") = 5;

	__asm__ volatile("1: addi	%0, %0, 0\n"
			 "	li	t0, 77\n"
			 "	bne	%0, t0, 1b"
			 : "+r"(s2)
			 :
			 : "t0");
	_exit(s2 == 77 ? 0 : 1);
}

static void registers_are_seen_and_set(void)
{
	struct regs r, more[2];
	struct iovec iov;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = victim(counts_in_s2);
	seize(pid, 0);
	do { /* it may not be there yet */
		nap_ms(1);
		interrupt(pid);
		r = regs_of(pid);
		if (r.x[S2] != 5)
			go(PTRACE_CONT, pid, 0);
	} while (r.x[S2] != 5);
	CHECK_EQ(regset(PTRACE_GETREGSET, pid, NT_PRSTATUS, more, sizeof(more)),
		 sizeof(r));
	CHECK(!memcmp(more, &r, sizeof(r)));
	CHECK_EQ(regset(PTRACE_GETREGSET, pid, NT_PRSTATUS, more, 16), 16);
	CHECK_ERR(regset(PTRACE_GETREGSET, pid, NT_PRSTATUS, more, 12), EINVAL);
	CHECK_ERR(regset(PTRACE_GETREGSET, pid, 0x900, more, 8), EINVAL);
	CHECK_ERR(request(PTRACE_GETREGSET, pid, NT_PRSTATUS, bad_pointer),
		  EFAULT);
	iov = (struct iovec){ bad_pointer, 256 };
	CHECK_ERR(request(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov), EFAULT);
	CHECK_ERR(request(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov), EFAULT);
	r.x[S2] = 77;
	set_regs(pid, &r);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), 0);
}

static void kernel_pc_is_harmless(void)
{
	static const unsigned long nonsense[] = {
		0xffffffff80000000ul,
		0xffffffc080200000ul,
		~0ul,
		1ul << 63,
		1ul << 40,
		0,
		8,
		3,
	};

	test_skip_on_linux("QEMU's user mode has no ptrace");
	for (unsigned i = 0; i < ARRAY_SIZE(nonsense); i++) {
		pid_t pid = traced(sleeper);
		struct regs r;

		for (int k = 0; k < 32; k++)
			r.x[k] = nonsense[i];
		set_regs(pid, &r);
		go(PTRACE_CONT, pid, 0);
		CHECK_EQ(next_stop(pid), SIGSEGV);
		go(PTRACE_CONT, pid, SIGSEGV);
		CHECK_EQ(next_end(pid), SIGSEGV);
	}
}

static void uses_fp(void)
{
	unsigned long v = 0x4011223344556677ul, out;

	__asm__ volatile("fmv.d.x	f8, %0" : : "r"(v) : "f8");
	sys(SYS_kill, sys(SYS_getpid), SIGUSR1);
	__asm__ volatile("fmv.x.d	%0, f8" : "=r"(out));
	_exit(out == 0x123456789abcdef0ul ? 0 : 1);
}

static void uses_fp_late(void)
{
	unsigned long out;

	sys(SYS_kill, sys(SYS_getpid), SIGUSR1);
	__asm__ volatile("fmv.x.d	%0, f8" : "=r"(out));
	_exit(out == 0x123456789abcdef0ul ? 0 : 1);
}

static void fp_registers_are_seen_and_set(void)
{
	unsigned long f[33];

	test_skip_on_linux("QEMU's user mode has no ptrace");
	for (int late = 0; late < 2; late++) {
		pid_t pid = traced(late ? uses_fp_late : uses_fp);

		go(PTRACE_CONT, pid, 0);
		CHECK_EQ(next_stop(pid), SIGUSR1);
		memset(f, 1, sizeof(f));
		CHECK_EQ(
			regset(PTRACE_GETREGSET, pid, NT_PRFPREG, f, sizeof(f)),
			sizeof(f));
		CHECK_EQ(f[8], late ? 0 : 0x4011223344556677ul);
		f[8] = 0x123456789abcdef0ul;
		f[32] = ~0ul; /* of which only some bits exist */
		CHECK_EQ(
			regset(PTRACE_SETREGSET, pid, NT_PRFPREG, f, sizeof(f)),
			sizeof(f));
		go(PTRACE_CONT, pid, 0);
		CHECK_EQ(next_end(pid), 0);
	}
}

static volatile unsigned long word = 0x1122334455667788ul;

__attribute__((noinline)) static int answer(void)
{
	__asm__ volatile("");
	return 42;
}

static void checks_word(void)
{
	raise(SIGUSR1);
	_exit(word == 99 ? answer() : 1);
}

static void memory_is_seen_and_set(void)
{
	void *text = (void *)((unsigned long)answer & ~7ul);
	unsigned long old, here;
	struct regs r;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	memcpy(&here, text, 8);
	pid = traced(checks_word);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGUSR1);
	CHECK_EQ(peek(pid, &word), 0x1122334455667788ul);
	CHECK_EQ(peek(pid, (char *)&word + 1),
		 peek(pid, &word) >> 8 | peek(pid, (char *)&word + 8) << 56);
	CHECK(!poke(pid, &word, 99));
	CHECK_EQ(word, 0x1122334455667788ul);
	/* A breakpoint in code, which is the tracee's alone. */
	old = peek(pid, text);
	CHECK_EQ(old, here);
	CHECK(!request(PTRACE_POKETEXT, pid, (unsigned long)text,
		       (void *)0x9002900290029002ul));
	CHECK_EQ(peek(pid, text), 0x9002900290029002ul);
	CHECK_EQ(answer(), 42);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGTRAP);
	r = regs_of(pid);
	CHECK_EQ(r.x[PC] & ~7ul, (unsigned long)text);
	CHECK(!poke(pid, text, old));
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), 42 << 8);
	CHECK_EQ(answer(), 42);
}

/* The C library's function gives the word itself. */
static void library_gives_words(void)
{
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	word = 4711;
	pid = traced(sleeper);
	CHECK_EQ(ptrace(PTRACE_PEEKDATA, pid, &word, NULL), 4711);
	CHECK(!ptrace(PTRACE_POKEDATA, pid, &word, -1l));
	errno = EIO;
	CHECK_EQ(ptrace(PTRACE_PEEKTEXT, pid, &word, NULL), -1);
	CHECK_EQ(errno, 0);
	CHECK_ERR(ptrace(PTRACE_PEEKDATA, pid, 16l, NULL), EIO);
	CHECK_ERR(ptrace(PTRACE_CONT, pid, NULL, 65l), EIO);
	CHECK(!ptrace(PTRACE_DETACH, pid, NULL, (long)SIGTERM));
	CHECK_EQ(next_end(pid), SIGTERM);
}

static char *area;

static void odd_memory(void)
{
	unsigned long vdso = 0, out, a, b;
	char *shared, *rdonly, line[200];
	FILE *maps;
	pid_t pid;
	int fd;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	area = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	strcpy(area + PAGE, "present");
	CHECK(!mprotect(area + PAGE, 2 * PAGE, PROT_NONE));
	make_file("file", "0123456789abcdef", 16);
	fd = open("file", O_RDWR);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	rdonly = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(shared != MAP_FAILED && rdonly != MAP_FAILED);
	CHECK(!munmap(area + 3 * PAGE, PAGE));
	pid = traced(sleeper);
	/* Not there yet, and out of the program's own reach. */
	CHECK_EQ(peek(pid, area), 0);
	CHECK(!poke(pid, area + PAGE - 8, 5));
	CHECK_EQ(peek(pid, area + PAGE - 8), 5);
	CHECK(!memcmp(&(unsigned long){ peek(pid, area + PAGE) }, "present",
		      8));
	CHECK(!poke(pid, area + PAGE, 6));
	CHECK_EQ(peek(pid, area + PAGE), 6);
	CHECK_EQ(area[PAGE - 8], 0);
	/* At edges and beyond. */
	CHECK_ERR(poke(pid, area + 3 * PAGE, 1), EIO);
	CHECK_ERR(request(PTRACE_PEEKDATA, pid,
			  (unsigned long)area + 3 * PAGE - 4, &out),
		  EIO);
	for (int i = 36; i < 64; i++) {
		CHECK_ERR(request(PTRACE_PEEKDATA, pid, ~0ul << i, &out), EIO);
		CHECK_ERR(poke(pid, (void *)(~0ul << i), 1), EIO);
	}
	CHECK_ERR(request(PTRACE_PEEKDATA, pid, ~3ul, &out), EIO);
	CHECK_ERR(poke(pid, (void *)~3ul, 1), EIO);
	CHECK_ERR(
		request(PTRACE_PEEKDATA, pid, (unsigned long)area, bad_pointer),
		EFAULT);
	/* What is shared for reading is not written; what is shared for
	 * writing, for everybody. */
	CHECK_ERR(poke(pid, rdonly, 1), EIO);
	CHECK(!poke(pid, shared, 0x4847464544434241ul));
	CHECK(!memcmp(rdonly, "ABCDEFGH89abcdef", 16));
	CHECK(file_is("file", "ABCDEFGH89abcdef", 16));
	/* The page that handlers return through. */
	snprintf(line, sizeof(line), "/proc/%d/maps", (int)pid);
	maps = fopen(line, "r");
	CHECK(maps);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[vdso]") &&
		    sscanf(line, "%lx-%lx", &a, &b) == 2)
			vdso = a;
	fclose(maps);
	CHECK(vdso);
	CHECK_EQ((unsigned)peek(pid, (void *)vdso), 0x08b00893);
	CHECK_ERR(poke(pid, (void *)vdso, 1), EIO);
	CHECK_ERR(poke(pid, (void *)(vdso - 4), 1), EIO);
	finish(pid);
}

/* ---- stopping it ---- */

static void attach_and_detach(void)
{
	int status;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = victim(sleeper);
	for (int i = 0; i < 3; i++) {
		attach(pid);
		CHECK_ERR(request(PTRACE_ATTACH, pid, 0, NULL), EPERM);
		CHECK_ERR(request(PTRACE_INTERRUPT, pid, 0, NULL), EIO);
		CHECK_ERR(request(PTRACE_LISTEN, pid, 0, NULL), EIO);
		go(PTRACE_DETACH, pid, 0);
		CHECK_EQ(waitpid(pid, &status, WNOHANG | WUNTRACED), 0);
		CHECK_ERR(request(PTRACE_CONT, pid, 0, NULL), ESRCH);
	}
	attach(pid);
	go(PTRACE_DETACH, pid, SIGTERM);
	CHECK_EQ(next_end(pid), SIGTERM);
}

static void reads(void)
{
	char c = 0;

	_exit(read(10, &c, 1) == 1 ? c : 1);
}

static void seize_and_interrupt(void)
{
	int fd[2];
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	CHECK(!pipe(fd));
	CHECK_EQ(dup2(fd[0], 10), 10);
	pid = victim(reads);
	CHECK_ERR(request(PTRACE_SEIZE, pid, 8, NULL), EIO);
	CHECK_ERR(request(PTRACE_SEIZE, pid, 0, (void *)0x80ul), EIO);
	seize(pid, PTRACE_O_TRACESYSGOOD);
	CHECK_ERR(request(PTRACE_GETEVENTMSG, pid, 0, NULL), ESRCH);
	interrupt(pid);
	go(PTRACE_SYSCALL, pid, 0);
	CHECK_EQ(next_stop(pid), SYSGOOD); /* the call is made again */
	CHECK_EQ(call_info(pid, 80).entry.nr, SYS_read);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG | __WALL), 0);
	CHECK_EQ(write(fd[1], "\7", 1), 1);
	CHECK_EQ(next_end(pid), 7 << 8);
}

/* A tracee whose process stops, and is continued. */
static void group_stop_seized(void)
{
	siginfo_t info;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = victim(sleeper);
	seize(pid, 0);
	kill(pid, SIGTSTP);
	CHECK_EQ(next_stop(pid), SIGTSTP);
	CHECK_ERR(request(PTRACE_LISTEN, pid, 0, NULL), EIO);
	go(PTRACE_CONT, pid, 0); /* it never comes */
	kill(pid, SIGSTOP);
	CHECK_EQ(next_stop(pid), SIGSTOP);
	go(PTRACE_CONT, pid, SIGSTOP);
	CHECK_EQ(next_stop(pid), SIGSTOP | PTRACE_EVENT_STOP << 8);
	CHECK(!request(PTRACE_GETSIGINFO, pid, 0, &info));
	CHECK_EQ(info.si_signo, SIGSTOP);
	go(PTRACE_LISTEN, pid, 0);
	CHECK_ERR(request(PTRACE_CONT, pid, 0, NULL), ESRCH);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG | WUNTRACED | __WALL), 0);
	/* It can still be looked at, and then listens on. */
	CHECK(!request(PTRACE_INTERRUPT, pid, 0, NULL));
	CHECK_EQ(next_stop(pid), SIGSTOP | PTRACE_EVENT_STOP << 8);
	go(PTRACE_LISTEN, pid, 0);
	kill(pid, SIGCONT);
	CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_STOP));
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGCONT);
	go(PTRACE_CONT, pid, SIGCONT);
	finish(pid);
}

static void group_stop_attached(void)
{
	siginfo_t info;
	int status;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = victim(sleeper);
	attach(pid);
	go(PTRACE_CONT, pid, SIGSTOP); /* let it act */
	CHECK_EQ(next_stop(pid), SIGSTOP);
	CHECK_ERR(request(PTRACE_GETSIGINFO, pid, 0, &info), EINVAL);
	CHECK_ERR(request(PTRACE_SETSIGINFO, pid, 0, &info), EINVAL);
	/* The tracer's word is above the stop: it runs, and sleeps. */
	go(PTRACE_CONT, pid, 0);
	kill(pid, SIGUSR1);
	CHECK_EQ(next_stop(pid), SIGUSR1);
	/* Let go, it is what its process is: stopped. */
	go(PTRACE_DETACH, pid, 0);
	WAIT_UNTIL(state_of(pid) == 'T');
	/* Traced anew, it stands still at once. */
	seize(pid, 0);
	CHECK_EQ(next_stop(pid), SIGSTOP | PTRACE_EVENT_STOP << 8);
	go(PTRACE_DETACH, pid, 0);
	kill(pid, SIGCONT);
	WAIT_UNTIL(state_of(pid) == 'S');
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, SIGKILL);
}

static void stops_itself(void)
{
	raise(SIGSTOP);
	_exit(3);
}

static void seize_and_continue(void)
{
	int status, stop;
	pid_t pid;

	seed = 0;
	for (int i = 0; i < 200; i++) {
		pid = spawn(stops_itself);
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status));
		seize(pid, 0);
		for (volatile unsigned n = chance(3000); n; n--)
			;
		kill(pid, SIGCONT);
		do {
			CHECK_EQ(waitpid(pid, &status, __WALL), pid);
			stop = status >> 8;
			if (!WIFSTOPPED(status))
				break;
			go(stop == (SIGSTOP | PTRACE_EVENT_STOP << 8)
				   ? PTRACE_LISTEN
				   : PTRACE_CONT,
			   pid, 0);
		} while (1);
		CHECK_EQ(status, 3 << 8);
	}
}

/* Continued in the moment in which it begins to stand still for its tracer, it
 * does not stand there for ever. Several at once, so that they wait for each
 * other in the kernel at all its places. */
static void continued_while_seized(void)
{
	pid_t pid[8];

	test_skip_on_linux("QEMU's user mode has no ptrace");
	for (int i = 0; i < 8; i++)
		pid[i] = spawn(seize_and_continue);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(wait_status(pid[i]), 0);
}

/* ---- forks, threads, programs, ends ---- */

static void forks(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(3);
	_exit(WEXITSTATUS(wait_status(pid)) == 3 ? 4 : 1);
}

static void child_is_traced(void)
{
	int status, seen = 0;
	pid_t pid, child;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	for (int seized = 0; seized < 2; seized++) {
		pid = traced(forks);
		if (seized) {
			/* As an attacher would: from the outside. */
			go(PTRACE_DETACH, pid, SIGSTOP);
			WAIT_UNTIL(state_of(pid) == 'T');
			seize(pid, PTRACE_O_TRACEFORK);
			CHECK_EQ(next_stop(pid),
				 SIGSTOP | PTRACE_EVENT_STOP << 8);
			kill(pid, SIGCONT);
			go(PTRACE_CONT, pid, 0);
			CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_STOP));
			go(PTRACE_CONT, pid, 0);
			CHECK_EQ(next_stop(pid), SIGCONT);
		} else {
			options(pid, PTRACE_O_TRACEFORK);
		}
		go(PTRACE_CONT, pid, 0);
		CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_FORK));
		child = (pid_t)message(pid);
		CHECK(child > 0 && child != pid);
		CHECK_EQ(next_stop(child),
			 seized ? EVENT(PTRACE_EVENT_STOP) : SIGSTOP);
		go(PTRACE_CONT, pid, 0);
		go(PTRACE_CONT, child, 0);
		/* The child's end is told here, and to its parent. */
		seen = 0;
		while (seen != 3) {
			pid_t got = waitpid(-1, &status, __WALL);

			if (got == child && WIFEXITED(status)) {
				CHECK_EQ(WEXITSTATUS(status), 3);
				seen |= 1;
			} else if (got == pid && WIFEXITED(status)) {
				CHECK_EQ(WEXITSTATUS(status), 4);
				seen |= 2;
			} else if (got == pid) { /* SIGCHLD */
				CHECK_EQ(status >> 8, SIGCHLD);
				go(PTRACE_CONT, pid, 0);
			} else {
				test_fail("%d: %#x", got, status);
			}
		}
		CHECK_ERR(waitpid(-1, NULL, __WALL), ECHILD);
	}
}

static void vforks(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(3);
	_exit(WEXITSTATUS(wait_status(pid)));
}

static void vfork_is_seen(void)
{
	pid_t pid, child;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(vforks);
	options(pid, PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_VFORK));
	child = (pid_t)message(pid);
	CHECK_EQ(next_stop(child), SIGSTOP);
	go(PTRACE_CONT, pid, 0); /* waits for the child */
	CHECK_EQ(waitpid(pid, NULL, WNOHANG | __WALL), 0);
	go(PTRACE_CONT, child, 0);
	CHECK_EQ(next_end(child), 3 << 8);
	CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_VFORK_DONE));
	CHECK_EQ(message(pid), child);
	go(PTRACE_DETACH, pid, 0);
	CHECK_EQ(next_end(pid), 3 << 8);
}

static struct tthread threads[4];
static volatile int thread_go;

static void thread_body(void *arg)
{
	while (!thread_go)
		futex_wait(&thread_go, 0);
}

static void join(struct tthread *t)
{
	int tid;

	while ((tid = t->tid))
		futex_wait(&t->tid, tid);
}

static void starts_threads(void)
{
	for (int i = 0; i < 2; i++)
		thread_start(&threads[i], thread_body, NULL);
	thread_go = 1;
	futex_wake(&thread_go, 10);
	join(&threads[0]);
	join(&threads[1]);
	_exit(6);
}

static void threads_are_traced(void)
{
	int status, begun = 0, ended = 0, events = 0;
	pid_t pid, got;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(starts_threads);
	options(pid, PTRACE_O_TRACECLONE);
	go(PTRACE_CONT, pid, 0);
	for (;;) {
		got = waitpid(-1, &status, __WALL);
		CHECK(got > 0);
		if (got == pid && WIFEXITED(status))
			break;
		if (WIFEXITED(status)) {
			ended++;
			/* Its own end, or, as it had told of that but was not
			 * through with it, that of all. */
			CHECK(WEXITSTATUS(status) == 0 ||
			      WEXITSTATUS(status) == 6);
			continue;
		}
		CHECK(WIFSTOPPED(status));
		if (status >> 8 == EVENT(PTRACE_EVENT_CLONE)) {
			events++;
			CHECK_EQ(got, pid);
		} else {
			begun++;
			CHECK_EQ(status >> 8, SIGSTOP);
			CHECK(got != pid);
		}
		go(PTRACE_CONT, got, 0);
	}
	CHECK_EQ(WEXITSTATUS(status), 6);
	CHECK_EQ(events, 2);
	CHECK_EQ(begun, 2);
	CHECK_EQ(ended, 2);
	CHECK_ERR(waitpid(-1, NULL, __WALL), ECHILD);
}

static char *self_path;

static void execs(void)
{
	execl(self_path, "ptrace", "exit", "8", NULL);
	_exit(1);
}

static void program_is_seen(void)
{
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(execs);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGTRAP);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), 8 << 8);

	pid = traced(execs);
	options(pid, PTRACE_O_TRACEEXEC);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_EXEC));
	CHECK_EQ(message(pid), pid);
	CHECK_EQ(regs_of(pid).x[2] % 16, 0);
	CHECK_EQ(peek(pid, (void *)regs_of(pid).x[2]), 3); /* argc */
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), 8 << 8);
}

static void exec_body(void *arg)
{
	static const char *const args[] = { "ptrace", "exit", "8", NULL };

	sys(SYS_execve, self_path, args, NULL);
	sys(SYS_exit_group, 1);
}

/* A thread that is not the first becomes the program. */
static void threads_exec(void)
{
	thread_start(&threads[0], thread_body, NULL);
	thread_start(&threads[1], exec_body, NULL);
	sleeper();
}

static void thread_becomes_program(void)
{
	int status, ended = 0, tid = 0;
	pid_t pid, got;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(threads_exec);
	options(pid,
		PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
	go(PTRACE_CONT, pid, 0);
	for (;;) {
		got = waitpid(-1, &status, __WALL);
		CHECK(got > 0);
		if (!WIFSTOPPED(status)) {
			if (got == pid)
				break;
			ended++;
			continue;
		}
		if (status >> 8 == EVENT(PTRACE_EVENT_CLONE) && ended == 0)
			tid = (int)message(got);
		if (status >> 8 == EVENT(PTRACE_EVENT_EXEC)) {
			CHECK_EQ(got, pid);
			CHECK_EQ(message(got), tid);
			tid = -1;
		}
		go(PTRACE_CONT, got, 0);
	}
	CHECK_EQ(tid, -1);
	CHECK_EQ(ended, 1);
	CHECK_EQ(status, 8 << 8);
	CHECK_ERR(waitpid(-1, NULL, __WALL), ECHILD);
}

static void exits_9(void)
{
	word = 5;
	_exit(9);
}

static void end_is_seen(void)
{
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(exits_9);
	options(pid, PTRACE_O_TRACEEXIT);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_EXIT));
	CHECK_EQ(message(pid), 9 << 8);
	CHECK_EQ(peek(pid, &word), 5);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), 9 << 8);

	/* Whoever is killed is not asked to wait. */
	pid = traced(sleeper);
	options(pid, PTRACE_O_TRACEEXIT);
	go(PTRACE_CONT, pid, 0);
	finish(pid);
}

static void kill_ends_every_stop(void)
{
	test_skip_on_linux("QEMU's user mode has no ptrace");
	for (int at = 0; at < 6; at++) {
		pid_t pid = traced(at == 3   ? forks
				   : at == 4 ? exits_9
					     : raises);
		int end = SIGKILL;

		options(pid, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
				     PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
		if (at == 1 || at == 2) {
			go(PTRACE_SYSCALL, pid, 0);
			CHECK_EQ(next_stop(pid), SYSGOOD);
		}
		if (at == 2) {
			go(PTRACE_SYSCALL, pid, 0);
			CHECK_EQ(next_stop(pid), SYSGOOD);
		}
		if (at == 3) {
			go(PTRACE_CONT, pid, 0);
			CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_FORK));
			end = (int)message(pid);
			CHECK_EQ(next_stop(end), SIGSTOP);
			finish(end);
			end = SIGKILL;
		}
		if (at == 4) {
			go(PTRACE_CONT, pid, 0);
			CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_EXIT));
			end = 9 << 8; /* that was decided */
		}
		if (at == 5) {
			go(PTRACE_CONT, pid, SIGSTOP);
			CHECK_EQ(next_stop(pid), SIGSTOP);
			CHECK(!request(PTRACE_KILL, pid, 0, NULL));
		} else {
			kill(pid, SIGKILL);
		}
		CHECK_EQ(next_end(pid), end);
		CHECK_ERR(request(PTRACE_CONT, pid, 0, NULL), ESRCH);
		CHECK_ERR(request(PTRACE_KILL, pid, 0, NULL), ESRCH);
	}
}

/* ---- several processes ---- */

/* A tracer of its own: seizes pid, stops it if asked, says so, and waits for
 * its end. */
static pid_t other_tracer(pid_t pid, long o, int stop)
{
	int fd[2];
	pid_t tracer;
	char c;

	CHECK(!pipe(fd));
	tracer = fork();
	if (!tracer) {
		seize(pid, o);
		if (stop)
			interrupt(pid);
		if (write(fd[1], "", 1) == 1)
			sleeper();
		_exit(1);
	}
	CHECK_EQ(read(fd[0], &c, 1), 1);
	close(fd[0]);
	close(fd[1]);
	return tracer;
}

static void tracer_ends(void)
{
	pid_t pid, tracer;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	for (int stop = 0; stop < 2; stop++) {
		pid = victim(sleeper);
		tracer = other_tracer(pid, 0, stop);
		CHECK_ERR(request(PTRACE_SEIZE, pid, 0, NULL), EPERM);
		CHECK_ERR(request(PTRACE_CONT, pid, 0, NULL), ESRCH);
		finish(tracer);
		/* It goes on, and is free for others. */
		WAIT_UNTIL(state_of(pid) == 'S');
		attach(pid);
		go(PTRACE_DETACH, pid, SIGTERM);
		CHECK_EQ(next_end(pid), SIGTERM);

		pid = victim(sleeper);
		tracer = other_tracer(pid, PTRACE_O_EXITKILL, stop);
		finish(tracer);
		CHECK_EQ(next_end(pid), SIGKILL);
	}
}

/* A signal in the tracer's hand when it ends acts. */
static void signal_survives_tracer(void)
{
	pid_t pid, tracer;
	int status;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = victim(sleeper);
	tracer = other_tracer(pid, 0, 0);
	kill(pid, SIGUSR1);
	WAIT_UNTIL(state_of(pid) == 't');
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	finish(tracer);
	CHECK_EQ(next_end(pid), SIGUSR1);
}

static void parent_and_tracer_hear_of_end(void)
{
	pid_t pid, tracer;
	int fd[2], status;
	char c;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	CHECK(!pipe(fd));
	pid = victim(sleeper);
	tracer = fork();
	if (!tracer) {
		seize(pid, 0);
		CHECK_EQ(write(fd[1], "", 1), 1);
		CHECK_EQ(next_end(pid), SIGKILL);
		_exit(0);
	}
	CHECK_EQ(read(fd[0], &c, 1), 1);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, SIGKILL);
	CHECK_EQ(next_end(tracer), 0);
}

static void forks_and_kills(void)
{
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (!pid)
			sleeper();
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) != pid)
			;
	}
}

/* What a tracer does not ask for does not fill the kernel. */
static void deaths_are_bounded(void)
{
	struct rlimit few = { 25, 1000 };
	int status, told = 0;
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	if (geteuid())
		test_skip("for others the limit stops the forks");
	CHECK(!setrlimit(RLIMIT_NPROC, &few));
	pid = traced(forks_and_kills);
	options(pid, PTRACE_O_TRACEFORK);
	do {
		go(PTRACE_CONT, pid, 0);
		CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	} while (WIFSTOPPED(status));
	CHECK_EQ(status, 0);
	while (waitpid(-1, &status, __WALL) > 0) {
		CHECK_EQ(status, SIGKILL);
		told++;
	}
	CHECK_EQ(told, 25);
}

/* A thread of a process that one is not the parent of. */
static void one_thread_of_several(void)
{
	pid_t pid, tid;
	int status;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	pid = traced(starts_threads);
	options(pid, PTRACE_O_TRACECLONE);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_CLONE));
	tid = (pid_t)message(pid);
	CHECK_EQ(next_stop(tid), SIGSTOP);
	go(PTRACE_DETACH, tid, 0);
	options(pid, 0);
	go(PTRACE_DETACH, pid, 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 6 << 8);
}

/* ---- who may ---- */

static void as_nobody(void)
{
	pid_t other = (pid_t)word, pid;

	become_nobody();
	/* Root's, init, itself, nobody's at all. */
	CHECK_ERR(request(PTRACE_ATTACH, other, 0, NULL), EPERM);
	CHECK_ERR(request(PTRACE_SEIZE, other, 0, NULL), EPERM);
	CHECK_ERR(request(PTRACE_SEIZE, 1, 0, NULL), EPERM);
	CHECK_ERR(request(PTRACE_SEIZE, getpid(), 0, NULL), EPERM);
	CHECK_ERR(request(PTRACE_SEIZE, 0x3ffff0, 0, NULL), ESRCH);
	CHECK_ERR(request(PTRACE_SEIZE, 0, 0, NULL), ESRCH);
	CHECK_ERR(request(PTRACE_SEIZE, -1, 0, NULL), ESRCH);
	/* This process has been root's: its children are hidden until they
	 * say otherwise. */
	pid = victim(sleeper);
	CHECK_ERR(request(PTRACE_SEIZE, pid, 0, NULL), EPERM);
	finish(pid);
	CHECK_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	CHECK_ERR(prctl(PR_SET_DUMPABLE, 2, 0, 0, 0), EINVAL);
	CHECK(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	CHECK_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
	pid = victim(sleeper);
	seize(pid, 0);
	finish(pid);
	CHECK(!prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	pid = victim(sleeper);
	CHECK_ERR(request(PTRACE_SEIZE, pid, 0, NULL), EPERM);
	finish(pid);
}

static void other_ids(void)
{
	pid_t pid, tracer;
	int status;

	/* One id of six is another's. */
	for (int i = 0; i < 6; i++) {
		pid = fork();
		if (!pid) {
			uid_t u[3] = { 1234, 1234, 1234 };
			gid_t g[3] = { 1234, 1234, 1234 };

			sys(SYS_setgroups, 0, NULL);
			if (i < 3)
				u[i] = 1235;
			else
				g[i - 3] = 1235;
			if (sys(SYS_setresgid, g[0], g[1], g[2]) ||
			    sys(SYS_setresuid, u[0], u[1], u[2]) ||
			    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
				_exit(1);
			sleeper();
		}
		WAIT_UNTIL(state_of(pid) == 'S');
		tracer = fork();
		if (!tracer) {
			become_nobody();
			CHECK_ERR(request(PTRACE_SEIZE, pid, 0, NULL), EPERM);
			_exit(0);
		}
		CHECK_EQ(waitpid(tracer, &status, 0), tracer);
		CHECK_EQ(status, 0);
		finish(pid);
	}
}

static void strangers_may_not(void)
{
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	if (geteuid())
		test_skip("only root can be many users");
	CHECK_ERR(request(PTRACE_SEIZE, 1, 0, NULL), EPERM);
	CHECK_ERR(request(PTRACE_ATTACH, 1, 0, NULL), EPERM);
	pid = victim(sleeper);
	word = (unsigned long)pid;
	in_child(as_nobody);
	finish(pid);
	other_ids();
}

static void copy_self(const char *to, mode_t mode)
{
	char *buf = malloc(1 << 20);
	int fd = open(self_path, O_RDONLY);
	ssize_t n;

	CHECK(buf && fd >= 0);
	n = read(fd, buf, 1 << 20);
	CHECK(n > 0);
	make_file(to, buf, (size_t)n);
	CHECK(!chmod(to, mode));
	close(fd);
	free(buf);
}

static void execs_setuid(void)
{
	CHECK(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	raise(SIGSTOP);
	execl("./setuid", "ptrace", "euid", NULL);
	_exit(99);
}

static void execs_traceme(void)
{
	execl("./setuid", "ptrace", "traceme", NULL);
	_exit(99);
}

static void execs_unreadable(void)
{
	CHECK(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	raise(SIGSTOP);
	execl("./hidden", "ptrace", "exit", "0", NULL);
	_exit(99);
}

static void users_tracee(void)
{
	unsigned long out;
	pid_t pid;
	int status;

	become_nobody();
	CHECK(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	/* Without a tracer it becomes root's. */
	pid = spawn(execs_setuid);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	kill(pid, SIGCONT);
	CHECK_EQ(next_end(pid), 0);
	/* Traced by its user it stays his. */
	pid = spawn(execs_setuid);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	seize(pid, PTRACE_O_TRACEEXEC);
	CHECK_EQ(next_stop(pid), SIGSTOP | PTRACE_EVENT_STOP << 8);
	kill(pid, SIGCONT);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_STOP));
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGCONT);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_EXEC));
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), (1234 & 0xff) << 8);
	/* Nor does root's offer itself to him. */
	pid = spawn(execs_traceme);
	CHECK_EQ(next_end(pid), 0);
	/* A program that one may run and not read. */
	pid = spawn(execs_unreadable);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	seize(pid, PTRACE_O_TRACEEXEC);
	CHECK_EQ(next_stop(pid), SIGSTOP | PTRACE_EVENT_STOP << 8);
	kill(pid, SIGCONT);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_STOP));
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), SIGCONT);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_stop(pid), EVENT(PTRACE_EVENT_EXEC));
	CHECK_ERR(request(PTRACE_PEEKDATA, pid, regs_of(pid).x[2], &out), EIO);
	CHECK_ERR(poke(pid, (void *)regs_of(pid).x[2], 1), EIO);
	go(PTRACE_CONT, pid, 0);
	CHECK_EQ(next_end(pid), 0);
}

static void set_id_program_stays_the_users(void)
{
	test_skip_on_linux("QEMU's user mode has no ptrace");
	if (geteuid())
		test_skip("only root can make such a program");
	copy_self("setuid", 04755);
	copy_self("hidden", 0711);
	in_child(users_tracee);
}

static void refuses_nonsense(void)
{
	struct iovec iov = { bad_pointer, 256 };
	pid_t pid;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	CHECK_ERR(request(PTRACE_CONT, getpid(), 0, NULL), ESRCH);
	CHECK_ERR(request(0x7fffffff, getpid(), 0, NULL), ESRCH);
	pid = traced(sleeper);
	CHECK_ERR(request(PTRACE_CONT, pid, 0, (void *)65), EIO);
	CHECK_ERR(request(PTRACE_CONT, pid, 0, (void *)-1l), EIO);
	CHECK_ERR(request(PTRACE_DETACH, pid, 0, (void *)1000), EIO);
	CHECK_ERR(request(PTRACE_SINGLESTEP, pid, 0, NULL), EIO);
	CHECK_ERR(request(12, pid, 0, NULL), EIO); /* GETREGS elsewhere */
	CHECK_ERR(request(-1, pid, 0, NULL), EIO);
	CHECK_ERR(request(1l << 32 | PTRACE_CONT, pid, 0, NULL), EIO);
	CHECK_ERR(request(PTRACE_SETOPTIONS, pid, 0, (void *)0x80), EINVAL);
	CHECK_ERR(request(PTRACE_SETOPTIONS, pid, 0, (void *)-1l), EINVAL);
	CHECK_ERR(request(PTRACE_GETEVENTMSG, pid, 0, bad_pointer), EFAULT);
	CHECK_ERR(request(PTRACE_GETSIGINFO, pid, 0, bad_pointer), EFAULT);
	CHECK_ERR(request(PTRACE_SETSIGINFO, pid, 0, bad_pointer), EFAULT);
	CHECK_ERR(request(PTRACE_GETSIGMASK, pid, 8, bad_pointer), EFAULT);
	CHECK_ERR(request(PTRACE_SETSIGMASK, pid, 8, bad_pointer), EFAULT);
	CHECK_ERR(request(PTRACE_GET_SYSCALL_INFO, pid, 80, bad_pointer),
		  EFAULT);
	CHECK_EQ(request(PTRACE_GET_SYSCALL_INFO, pid, 0, NULL), 24);
	CHECK_ERR(request(PTRACE_SETREGSET, pid, NT_PRFPREG, &iov), EFAULT);
	finish(pid);
}

/* ---- all at once ---- */

static void busy_thread(void *arg)
{
	for (int i = 0; !arg || i < 20; i++) {
		sys(SYS_getppid);
		sys(SYS_sched_yield);
	}
}

/* A program that does what is hard to trace. */
static void restless(void)
{
	struct tthread t[2] = { { 0 } };

	for (;;) {
		pid_t pid;

		for (int i = 0; i < 2; i++)
			thread_start(&t[i], busy_thread, &t[i]);
		pid = fork();
		if (!pid) {
			raise(SIGWINCH);
			_exit(0);
		}
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		raise(SIGUSR1);
		for (int i = 0; i < 2; i++)
			join(&t[i]);
	}
}

/* Whatever a tracer may think of, at any time. */
static void hostile(pid_t pid)
{
	static const long what[] = {
		PTRACE_CONT,        PTRACE_SYSCALL,
		PTRACE_CONT,        PTRACE_SYSCALL,
		PTRACE_GETREGSET,   PTRACE_SETREGSET,
		PTRACE_PEEKDATA,    PTRACE_POKEDATA,
		PTRACE_INTERRUPT,   PTRACE_LISTEN,
		PTRACE_SETSIGINFO,  PTRACE_GETSIGINFO,
		PTRACE_SETSIGMASK,  PTRACE_SETOPTIONS,
		PTRACE_GETEVENTMSG, PTRACE_DETACH,
		PTRACE_SEIZE,       PTRACE_ATTACH,
		PTRACE_CONT,        PTRACE_GET_SYSCALL_INFO,
	};
	unsigned long buf[34];
	struct iovec iov = { buf, 256 };
	long w = what[chance(ARRAY_SIZE(what))];
	unsigned long data = (unsigned long)buf, addr = 8;

	for (unsigned i = 0; i < ARRAY_SIZE(buf); i++)
		buf[i] = (unsigned long)chance(1u << 30) << chance(40);
	switch (w) {
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
	case PTRACE_DETACH:
		data = chance(3) ? 0 : chance(65);
		if (data == SIGKILL)
			data = 0;
		break;
	case PTRACE_GETREGSET:
	case PTRACE_SETREGSET:
		data = (unsigned long)&iov;
		addr = 1 + chance(2);
		iov.iov_len = chance(34) * 8;
		break;
	case PTRACE_SETOPTIONS:
		data = 0x7f;
		break;
	case PTRACE_POKEDATA:
		addr = chance(2) ? 0x10000 + chance(0x8000) : buf[0];
		data = buf[1];
		break;
	case PTRACE_PEEKDATA:
		addr = buf[0];
		break;
	case PTRACE_SEIZE:
	case PTRACE_ATTACH:
		addr = 0;
		data = w == PTRACE_SEIZE ? 0x7f : 0;
		break;
	}
	request(w, pid, addr, (void *)data);
}

static void storm_tracer(pid_t *victims, int n)
{
	long long until = end_of_case();
	pid_t known[32];
	unsigned count = 0;

	seed = 0;
	for (int i = 0; i < n; i++)
		request(chance(2) ? PTRACE_SEIZE : PTRACE_ATTACH, victims[i], 0,
			NULL);
	while (now_ns() < until) {
		int status;
		pid_t got = waitpid(-1, &status, __WALL | WNOHANG);

		if (got > 0 && WIFSTOPPED(status)) {
			known[count++ % 32] = got;
			if (chance(4))
				request(PTRACE_SETOPTIONS, got, 0,
					(void *)0x7f);
			if (chance(8)) {
				request(PTRACE_SYSCALL, got, 0, NULL);
				continue;
			}
		}
		if (!count || !chance(20))
			hostile(victims[chance((unsigned)n)]);
		else
			hostile(known[chance(count < 32 ? count : 32)]);
	}
	_exit(0);
}

/* Several tracers at the same tracees, which are killed now and then, and so
 * are the tracers. What is to be seen is that all of it ends. */
static void storm(void)
{
	pid_t victims[4], tracers[3];
	long long until;
	int round = 0;

	test_skip_on_linux("QEMU's user mode has no ptrace");
	until = end_of_case() + 1000000000ll;
	while (now_ns() < until) {
		round++;
		for (int i = 0; i < 4; i++)
			victims[i] = victim(restless);
		for (int i = 0; i < 3; i++) {
			tracers[i] = fork();
			if (!tracers[i])
				storm_tracer(victims, 4);
		}
		for (int i = 0; i < 10; i++) {
			nap_us(20000);
			kill(victims[chance(4)], chance(2) ? SIGSTOP : SIGCONT);
		}
		/* Both sides at the same time. */
		for (int i = 0; i < 4; i++) {
			if (i < 3)
				kill(tracers[i], SIGKILL);
			kill(victims[i], SIGKILL);
		}
		for (int i = 0; i < 3; i++)
			while (waitpid(tracers[i], NULL, 0) != tracers[i])
				;
		for (int i = 0; i < 4; i++)
			while (waitpid(victims[i], NULL, 0) != victims[i])
				;
	}
	/* What the victims had forked goes to init and ends by itself, or
	 * stands still for nobody: those were let go. */
	CHECK(round > 0);
}

static void look_at_self(int argc, char **argv)
{
	self_path = argv[0];
	if (argc == 3 && !strcmp(argv[1], "exit"))
		_exit(atoi(argv[2]));
	if (argc == 2 && !strcmp(argv[1], "euid"))
		_exit((int)geteuid() & 0xff);
	if (argc == 2 && !strcmp(argv[1], "traceme"))
		_exit(request(PTRACE_TRACEME, 0, 0, NULL) != -1 ||
		      errno != EPERM);
}

TEST_MAIN(CASE(stops_at_signal), CASE(ignored_signal_is_seen),
	  CASE(handler_gets_what_tracer_says), CASE(mask_is_seen_and_set),
	  CASE(blocked_breakpoint_stops), CASE(ignored_fault_ends_it),
	  CASE(tracer_is_told), CASE(calls_are_seen_and_changed),
	  CASE(plain_stops_at_calls), CASE(interrupted_call_goes_on),
	  CASE(registers_are_seen_and_set), CASE(kernel_pc_is_harmless),
	  CASE(fp_registers_are_seen_and_set), CASE(memory_is_seen_and_set),
	  CASE(library_gives_words), CASE(odd_memory), CASE(attach_and_detach),
	  CASE(seize_and_interrupt), CASE(group_stop_seized),
	  CASE(group_stop_attached), CASE(continued_while_seized),
	  CASE(child_is_traced), CASE(vfork_is_seen), CASE(threads_are_traced),
	  CASE(program_is_seen), CASE(thread_becomes_program),
	  CASE(end_is_seen), CASE(kill_ends_every_stop), CASE(tracer_ends),
	  CASE(signal_survives_tracer), CASE(parent_and_tracer_hear_of_end),
	  CASE(deaths_are_bounded), CASE(one_thread_of_several),
	  CASE(strangers_may_not), CASE(set_id_program_stays_the_users),
	  CASE(refuses_nonsense), CASE(storm))
