/*
 * Every bad pointer in every argument of every system call. The list of calls
 * makes the table, so a new call is tried from its first day. What comes back
 * must be an error or a harmless result; nobody is killed, and the system goes
 * on. Where it is certain, the error must be EFAULT.
 */
#include "test.h"

#include <limits.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/uio.h>

#define PAGE     4096ul
#define USER_TOP (1ul << 38)

struct call {
	const char *name;
	int number;
};

static const struct call calls[] = {
#define ROW(number, name, ...) { #name, number },
	SYSCALL_LIST(ROW)
#undef ROW
};

/* These end, stop or change the whole program or system when they work. */
static int left_alone(int n)
{
	switch (n) {
	case SYS_exit:
	case SYS_exit_group:
	case SYS_reboot:
	case SYS_rt_sigreturn:
	case SYS_clone:
	case SYS_execve:
	case SYS_kill:
	case SYS_tkill:
	case SYS_tgkill:
	case SYS_sync:
	case SYS_syncfs:
	case SYS_sethostname:
	case SYS_clock_settime:
	case SYS_setpgid:
	case SYS_setsid:
	case SYS_vhangup:
	case SYS_brk:
	case SYS_munmap:
	case SYS_mmap:
	case SYS_mremap:
	case SYS_mprotect:
	case SYS_madvise:
	case SYS_set_tid_address:
	case SYS_set_robust_list:
	case SYS_umount2:
	case SYS_mount:
	case SYS_setuid:
	case SYS_setgid:
	case SYS_setreuid:
	case SYS_setregid:
	case SYS_setresuid:
	case SYS_setresgid:
	case SYS_setgroups:
	case SYS_setrlimit:
	case SYS_prlimit64:
	case SYS_close:
	case SYS_dup3:
	case SYS_chdir:
	case SYS_fchdir:
	case SYS_sigaltstack:
	case SYS_rt_sigaction:
	case SYS_rt_sigprocmask:
	case SYS_syslog:
	case SYS_umask:
	case SYS_prctl:
	case SYS_ptrace:
		return 1;
	}
	return 0;
}

/* These may wait for ever with good arguments. */
static int waits(int n)
{
	return n == SYS_rt_sigsuspend || n == SYS_rt_sigtimedwait ||
	       n == SYS_ppoll || n == SYS_pselect6 || n == SYS_futex ||
	       n == SYS_nanosleep || n == SYS_clock_nanosleep ||
	       n == SYS_wait4 || n == SYS_waitid;
}

/* These are meant for other processes as well, and a number among the
 * arguments may be one's: who is nobody reaches only its own. */
static int reaches_others(int n)
{
	return n == SYS_sched_setaffinity || n == SYS_setpriority;
}

/* Addresses that are wrong in all ways there are. */
static unsigned long bad[24];
static unsigned bads;
static unsigned long read_only;

static void make_bad(void)
{
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	memset(p, 1, 8 * PAGE);
	CHECK(!munmap(p + PAGE, PAGE));
	CHECK(!mprotect(p + 3 * PAGE, PAGE, PROT_NONE));
	CHECK(!mprotect(p + 5 * PAGE, PAGE, PROT_READ));
	bad[bads++] = 0;
	bad[bads++] = 1;
	bad[bads++] = 4095;
	bad[bads++] = (unsigned long)p + PAGE;         /* unmapped */
	bad[bads++] = (unsigned long)p + PAGE - 1;     /* straddling */
	bad[bads++] = (unsigned long)p + PAGE - 7;
	bad[bads++] = (unsigned long)p + 3 * PAGE;     /* no access */
	bad[bads++] = (unsigned long)p + 3 * PAGE - 3;
	bad[bads++] = read_only = (unsigned long)p + 5 * PAGE;
	if (!test_on_linux()) {
		bad[bads++] = USER_TOP;
		bad[bads++] = USER_TOP - 1;
		bad[bads++] = USER_TOP - 8;
		bad[bads++] = USER_TOP + PAGE;
		bad[bads++] = 1ul << 40;
		bad[bads++] = 1ul << 62;
		bad[bads++] = 0xffffffc000000000ul; /* the direct map */
		bad[bads++] = 0xffffffc080200000ul;
		bad[bads++] = 0xffff800080200000ul; /* in Sv48 */
		bad[bads++] = 0xffffffff80000000ul; /* the kernel */
		bad[bads++] = 0xfffffff000000000ul;
		bad[bads++] = 0xfffffffa00004000ul; /* stacks */
		bad[bads++] = ~0ul;
		bad[bads++] = ~0ul - 4095;
		bad[bads++] = 1ul << 63;
	}
}

static volatile long *progress;

/* All bad values in one argument, sound and small ones in the others. */
static void one_call(const struct call *c, int fd)
{
	static const long others[] = { 0, 1, 64, -1 };
	static char buf[PAGE];
	struct iovec iov = { buf, 16 };

	for (int arg = 0; arg < 6; arg++) {
		for (unsigned b = 0; b < bads; b++) {
			for (unsigned o = 0; o < ARRAY_SIZE(others) * 2; o++) {
				long a[6], r;
				long v = others[o % ARRAY_SIZE(others)];

				for (int i = 0; i < 6; i++)
					a[i] = v;
				/* Half of the time a descriptor in front, a
				 * buffer behind it. */
				if (o >= ARRAY_SIZE(others)) {
					a[0] = fd;
					a[1] = (long)(c->number == SYS_readv ||
						      c->number == SYS_writev ?
							      (void *)&iov :
							      (void *)buf);
				}
				a[arg] = (long)bad[b];
				progress[1] = arg;
				progress[2] = (long)b;
				progress[3] = (long)o;
				if (waits(c->number) && !bad[b])
					continue;
				r = sys(c->number, a[0], a[1], a[2], a[3],
					a[4], a[5]);
				if (r < 0 && r > -4096 && r != -EFAULT)
					progress[4]++;
			}
		}
	}
}

/* Where a process may run; its parent and the first one are asked. */
static void harts_of_others(unsigned long masks[2])
{
	masks[0] = masks[1] = 0;
	CHECK(sys(SYS_sched_getaffinity, getppid(), 8, &masks[0]) == 8);
	CHECK(sys(SYS_sched_getaffinity, 1, 8, &masks[1]) == 8);
}

/* Each call in a child of its own: it may change what it wants there. */
static void every_call(void)
{
	unsigned long before[2], after[2];
	const char *null;

	if (!test_on_linux())
		harts_of_others(before);
	/* First, or it fills the hole that make_bad leaves: then the number of
	 * a call is a path at a bad address, and 47 is "/". */
	progress = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(progress != MAP_FAILED);
	make_bad();
	/* One of its own where it may have one: some calls give it another mode
	 * and owner, and so others no /dev/null. */
	null = mknod("null", S_IFCHR | 0600, 1 << 8 | 3) ? "/dev/null" : "null";
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		int status = -1;
		pid_t pid;

		if (left_alone(calls[i].number))
			continue;
		/* QEMU's user mode is not safe against all of this itself. */
		if (test_on_linux() && (waits(calls[i].number) ||
					calls[i].number ==
						SYS_sched_getaffinity ||
					calls[i].number ==
						SYS_sched_setaffinity))
			continue;
		progress[0] = (long)i;
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			int fd = open("f", O_RDWR | O_CREAT, 0600);
			int out = open(null, O_RDWR);

			for (int k = 0; k < 3; k++)
				dup2(out, k);
			setsid();
			signal(SIGXFSZ, SIG_IGN);
			signal(SIGPIPE, SIG_IGN);
			if (reaches_others(calls[i].number))
				become_nobody();
			one_call(&calls[i], fd);
			_exit(0);
		}
		if (!waits(calls[i].number)) {
			int left = 2000;

			while (waitpid(pid, &status, WNOHANG) != pid && --left)
				nap_ms(5);
			if (!left) {
				kill(pid, SIGKILL);
				wait_status(pid);
				test_fail("%s does not come back",
					  calls[i].name);
			}
			if (status)
				test_fail("%s, argument %ld, address %#lx, "
					  "others %ld: status %#x",
					  calls[i].name, progress[1],
					  bad[progress[2]], progress[3],
					  status);
			continue;
		}
		/* Some of these wait, rightly. None may be killed. */
		for (int k = 0; k < 30; k++) {
			if (waitpid(pid, &status, WNOHANG) == pid)
				break;
			nap_ms(5);
		}
		if (kill(pid, SIGKILL) == 0 && status == -1) {
			status = wait_status(pid);
			CHECK(WIFSIGNALED(status));
			CHECK_EQ(WTERMSIG(status), SIGKILL);
		} else {
			CHECK_EQ(status, 0);
		}
	}
	if (test_on_linux())
		return;
	harts_of_others(after);
	CHECK(before[0] == after[0] && before[1] == after[1]);
}

/* What must be EFAULT and nothing else; X is the pointer. */
#define MUST_FAULT(list)                                                  \
	do {                                                              \
		for (unsigned b_ = 0; b_ < bads; b_++) {                  \
			void *X = (void *)bad[b_];                        \
			long r_;                                          \
									  \
			if (!X)                                           \
				continue;                                 \
			r_ = sys list;                                    \
			if (r_ != -EFAULT)                                \
				test_fail("line %d: %s with %p gives "    \
					  "%ld", __LINE__, #list, X, r_); \
		}                                                         \
	} while (0)

/* The same for what QEMU's user mode does not look at closely. */
#define KERNEL_MUST_FAULT(list)           \
	do {                              \
		if (!test_on_linux())     \
			MUST_FAULT(list); \
	} while (0)

static void writes_must_fault(void)
{
	int fd, zero = open("/dev/zero", O_RDONLY), pipes[2];
	static char data[PAGE];

	make_bad();
	make_file("f", data, PAGE);
	fd = open("f", O_RDWR);
	CHECK(!symlink("0123456789abcdef", "l"));
	CHECK(!pipe(pipes));
	MUST_FAULT((SYS_newfstatat, AT_FDCWD, ".", X, 0));
	MUST_FAULT((SYS_fstat, fd, X));
	MUST_FAULT((SYS_statx, AT_FDCWD, ".", 0, 0xfff, X));
	MUST_FAULT((SYS_uname, X));
	MUST_FAULT((SYS_sysinfo, X));
	MUST_FAULT((SYS_times, X));
	MUST_FAULT((SYS_getrusage, 0, X));
	MUST_FAULT((SYS_clock_gettime, CLOCK_MONOTONIC, X));
	KERNEL_MUST_FAULT((SYS_clock_getres, CLOCK_MONOTONIC, X));
	MUST_FAULT((SYS_statfs, ".", X));
	MUST_FAULT((SYS_fstatfs, fd, X));
	MUST_FAULT((SYS_pipe2, X, 0));
	MUST_FAULT((SYS_getcwd, X, 4096));
	MUST_FAULT((SYS_prlimit64, 0, 7, NULL, X));
	if (!test_on_linux()) {
		CHECK_EQ(sys(SYS_getresuid, bad[3], data, data), -EFAULT);
		CHECK_EQ(sys(SYS_getresuid, data, data, bad[3]), -EFAULT);
	}
	MUST_FAULT((SYS_rt_sigpending, X, 8));
	MUST_FAULT((SYS_rt_sigprocmask, SIG_BLOCK, NULL, X, 8));
	MUST_FAULT((SYS_rt_sigaction, SIGUSR1, NULL, X, 8));
	MUST_FAULT((SYS_sigaltstack, NULL, X));
	KERNEL_MUST_FAULT((SYS_sched_getaffinity, 0, 8, X));
	for (unsigned b = 0; b < bads; b++) {
		long r = sys(SYS_readlinkat, AT_FDCWD, "l", bad[b], 16);

		CHECK_EQ(r, -EFAULT);
		/* What lies before the bad place may be filled. */
		lseek(fd, 0, SEEK_SET);
		r = sys(SYS_read, fd, bad[b], 64);
		CHECK(r == -EFAULT || (r > 0 && r < 64));
		r = sys(SYS_pread64, fd, bad[b], 64, 0);
		CHECK(r == -EFAULT || (r > 0 && r < 64));
		r = sys(SYS_read, zero, bad[b], 64);
		CHECK(r == -EFAULT || (r > 0 && r < 64));
		r = sys(SYS_getrandom, bad[b], 64, 0);
		CHECK(r == -EFAULT || (r > 0 && r < 64));
		CHECK_EQ(write(pipes[1], data, 64), 64);
		r = sys(SYS_read, pipes[0], bad[b], 64);
		CHECK(r == -EFAULT || (r > 0 && r < 64));
		/* Whatever it took, the pipe still works. */
		CHECK_EQ(write(pipes[1], data, 64), 64);
		while ((r = sys(SYS_read, pipes[0], data, PAGE)) == PAGE)
			;
		CHECK(r >= 64);
	}
}

static void reads_must_fault(void)
{
	int fd, pipes[2];

	make_bad();
	/* The page that can only not be written is good for these. */
	for (unsigned b = 0; b < bads; b++)
		if (bad[b] == read_only)
			bad[b] = bad[3];
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK(!pipe(pipes));
	MUST_FAULT((SYS_openat, AT_FDCWD, X, 0));
	MUST_FAULT((SYS_newfstatat, AT_FDCWD, X, NULL, 0));
	MUST_FAULT((SYS_mkdirat, AT_FDCWD, X, 0700));
	MUST_FAULT((SYS_unlinkat, AT_FDCWD, X, 0));
	MUST_FAULT((SYS_symlinkat, X, AT_FDCWD, "s"));
	MUST_FAULT((SYS_symlinkat, "s", AT_FDCWD, X));
	MUST_FAULT((SYS_linkat, AT_FDCWD, "f", AT_FDCWD, X, 0));
	MUST_FAULT((SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, X, 0));
	MUST_FAULT((SYS_renameat2, AT_FDCWD, X, AT_FDCWD, "f", 0));
	MUST_FAULT((SYS_readlinkat, AT_FDCWD, X, pipes, 8));
	MUST_FAULT((SYS_faccessat, AT_FDCWD, X, 0));
	MUST_FAULT((SYS_faccessat2, AT_FDCWD, X, 0, 0));
	MUST_FAULT((SYS_chdir, X));
	MUST_FAULT((SYS_truncate, X, 0));
	MUST_FAULT((SYS_statfs, X, pipes));
	MUST_FAULT((SYS_fchmodat, AT_FDCWD, X, 0600));
	MUST_FAULT((SYS_fchownat, AT_FDCWD, X, -1, -1, 0));
	MUST_FAULT((SYS_mknodat, AT_FDCWD, X, S_IFIFO | 0600, 0));
	MUST_FAULT((SYS_utimensat, AT_FDCWD, "f", X, 0));
	KERNEL_MUST_FAULT((SYS_nanosleep, X, NULL));
	KERNEL_MUST_FAULT((SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, X, NULL));
	MUST_FAULT((SYS_ppoll, X, 3, NULL, NULL, 8));
	MUST_FAULT((SYS_ppoll, NULL, 0, X, NULL, 8));
	MUST_FAULT((SYS_writev, fd, X, 2));
	MUST_FAULT((SYS_readv, fd, X, 2));
	MUST_FAULT((SYS_rt_sigaction, SIGUSR1, X, NULL, 8));
	MUST_FAULT((SYS_rt_sigprocmask, SIG_BLOCK, X, NULL, 8));
	MUST_FAULT((SYS_sigaltstack, X, NULL));
	MUST_FAULT((SYS_execve, X, NULL, NULL));
	MUST_FAULT((SYS_execve, "/none", X, NULL));
	MUST_FAULT((SYS_execve, "/none", NULL, X));
	for (unsigned b = 0; b < bads; b++) {
		long r = sys(SYS_write, fd, bad[b], 64);

		CHECK(r == -EFAULT || (r > 0 && r < 64));
		r = sys(SYS_write, pipes[1], bad[b], 64);
		CHECK(r == -EFAULT || (r > 0 && r < 64));
	}
}

/* Good pointers at odd places are served. */
static void odd_but_good(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct stat st, copy;

	CHECK(p != MAP_FAILED);
	CHECK(!stat(".", &st));
	for (unsigned i = 0; i < 16; i++) {
		char *at = p + PAGE - sizeof(st) / 2 + i;

		CHECK_EQ(sys(SYS_newfstatat, AT_FDCWD, ".", at, 0), 0);
		memcpy(&copy, at, sizeof(copy));
		CHECK_EQ(copy.st_ino, st.st_ino);
		CHECK_EQ(copy.st_mode, st.st_mode);
		strcpy(p + PAGE - i, "/dev/null");
		CHECK_EQ(sys(SYS_faccessat, AT_FDCWD, p + PAGE - i, R_OK), 0);
	}
	/* A string that ends with the last byte there is. */
	CHECK(!munmap(p + PAGE, PAGE));
	for (unsigned i = 2; i < 20; i++) {
		memset(p + PAGE - i, '/', i - 1);
		p[PAGE - 1] = '\0';
		CHECK_EQ(sys(SYS_faccessat, AT_FDCWD, p + PAGE - i, R_OK), 0);
		p[PAGE - 1] = '/';
		CHECK_EQ(sys(SYS_faccessat, AT_FDCWD, p + PAGE - i, R_OK),
			 -EFAULT);
	}
}

static void unknown_calls(void)
{
	static const long numbers[] = { -1, 292, 500, 1000, 1 << 20,
					1l << 40, INT64_MAX, INT64_MIN };

	test_skip_on_linux("QEMU's user mode prints a line for each");
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		CHECK_EQ(sys(numbers[i], 0, 0, 0), -ENOSYS);
	for (int n = 0; n < SYSCALL_LIMIT; n++) {
		int known = 0;

		for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
			known |= calls[i].number == n;
		if (!known)
			CHECK_EQ(sys(n, 1, 2, 3, 4, 5, 6), -ENOSYS);
	}
}

/* ---- what a program does to itself ends that program ---- */

static void jump_to_null(void)
{
	((void (*)(void))(uintptr_t)(unsigned long)0)();
}

static void jump_to_kernel(void)
{
	volatile unsigned long at = 0xffffffff80000000ul;

	((void (*)(void))(uintptr_t)at)();
}

static void illegal(void)
{
	__asm__ volatile(".4byte 0");
}

static void privileged(void)
{
	__asm__ volatile("csrw satp, zero");
}

static void supervisor_read(void)
{
	unsigned long v;

	__asm__ volatile("csrr %0, sstatus" : "=r"(v));
}

static void privileged_return(void)
{
	__asm__ volatile("sret");
}

static void fence_vma(void)
{
	__asm__ volatile("sfence.vma");
}

static void breakpoint(void)
{
	__asm__ volatile("ebreak");
}

static void no_stack(void)
{
	__asm__ volatile("li sp, 0; sd zero, -8(sp)");
}

static void stack_in_kernel(void)
{
	__asm__ volatile("li sp, -4096; sd zero, -8(sp)");
}

/* The kernel may not trust these registers when the trap comes. */
static void odd_registers_at_a_call(void)
{
	__asm__ volatile("li sp, -2048\n"
			 "li gp, -1\n"
			 "li tp, -1\n"
			 "li a0, 0\n"
			 "li a7, 94\n"
			 "ecall\n");
}

static void illegal_instructions(void)
{
	CHECK_EQ(killed_by(jump_to_null), SIGSEGV);
	CHECK_EQ(killed_by(illegal), SIGILL);
	CHECK_EQ(killed_by(privileged), SIGILL);
	CHECK_EQ(killed_by(supervisor_read), SIGILL);
	CHECK_EQ(killed_by(privileged_return), SIGILL);
	CHECK_EQ(killed_by(fence_vma), SIGILL);
	CHECK_EQ(killed_by(breakpoint), SIGTRAP);
	CHECK_EQ(killed_by(no_stack), SIGSEGV);
	in_child(odd_registers_at_a_call);
	if (test_on_linux())
		return;
	CHECK_EQ(killed_by(jump_to_kernel), SIGSEGV);
	CHECK_EQ(killed_by(stack_in_kernel), SIGSEGV);
}

TEST_MAIN(CASE_LIMIT(every_call, 120), CASE(writes_must_fault),
	  CASE(reads_must_fault), CASE(odd_but_good), CASE(unknown_calls),
	  CASE(illegal_instructions))
