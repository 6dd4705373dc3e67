/* The frame of a handler: where it lies, what is in it, what a handler may
 * change there, stacks that cannot hold one, and frames that are forged. */
#include "user/test/signals.h"

#include <sys/mman.h>

/* The frame as Linux lays it out; both C libraries' own names differ. */
struct frame {
	siginfo_t info;
	uint64_t flags, link;
	stack_t stack;
	uint64_t mask;
	uint8_t unused[128];
	uint64_t regs[32]; /* pc, x1 to x31 */
	uint64_t f[32];
	uint32_t fcsr;
	uint32_t pad[64];
	uint32_t reserved[3]; /* behind a quad precision fcsr */
};

enum { PC, RA, SP, S2 = 18, S3 = 19, A0 = 10, A1 = 11, T0 = 5 };

#define FRAME_SIZE 1088
#define PAGE       4096

static volatile sig_atomic_t seen;
static struct frame copy;
static uint64_t frame_at, handler_sp;
static uint64_t alt[8192] __attribute__((aligned(16)));

static inline int on_alt(uint64_t at)
{
	return at >= (uint64_t)alt && at < (uint64_t)alt + sizeof(alt);
}

static void use_alt(size_t size, int flags)
{
	stack_t st;

	memset(&st, 0, sizeof(st));
	st.ss_sp = alt;
	st.ss_size = size;
	st.ss_flags = flags;
	CHECK(!sigaltstack(&st, NULL));
}

static char *page(int rights)
{
	char *p = mmap(NULL, PAGE, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void count(int sig)
{
	seen++;
}

/* ---- what is in it ---- */

static void keep_frame(int sig, siginfo_t *info, void *uc)
{
	frame_at = (uint64_t)info;
	memcpy(&copy, info, sizeof(copy));
	CHECK_EQ((char *)uc - (char *)info, 128);
	seen++;
}

/* Sends sig to this process with sp, s2 and s3 as given; all registers are kept
 * as the compiler wants them. */
static void raise_with(int sig, uint64_t sp, uint64_t s2, uint64_t s3)
{
	register long a0 __asm__("a0") = getpid();
	register long a1 __asm__("a1") = sig;
	register long a7 __asm__("a7") = SYS_kill;
	register uint64_t r2 __asm__("s2") = s2;
	register uint64_t r3 __asm__("s3") = s3;
	register uint64_t t3 __asm__("t3") = sp;

	__asm__ volatile("mv t4, sp\n"
			 "beqz t3, 1f\n"
			 "mv sp, t3\n"
			 "1: ecall\n"
			 "mv sp, t4\n"
			 : "+r"(a0), "+r"(r2), "+r"(r3)
			 : "r"(a1), "r"(a7), "r"(t3)
			 : "t4", "memory");
	CHECK_EQ(a0, 0);
	copy.regs[0] = r2; /* what they are afterwards */
	copy.regs[1] = r3;
}

static void the_frame(void)
{
	char stack[8192] __attribute__((aligned(16)));
	uint64_t sp = (uint64_t)stack + 6000, none = 0;
	struct frame f;

	_Static_assert(sizeof(struct frame) == FRAME_SIZE, "the frame");
	test_skip_on_linux("QEMU's user mode has a shorter one");
	handle_info(SIGUSR1, keep_frame, 0);
	mask(SIG_BLOCK, SIGUSR2);
	raise_with(SIGUSR1, sp, 0x1234, 0x5678);
	CHECK_EQ(seen, 1);
	memcpy(&f, (void *)frame_at, sizeof(f)); /* nobody has been there */
	CHECK_EQ(frame_at % 16, 0);
	CHECK(frame_at <= sp - FRAME_SIZE && frame_at > sp - FRAME_SIZE - 16);
	CHECK_EQ(f.info.si_signo, SIGUSR1);
	CHECK_EQ(f.info.si_code, SI_USER);
	CHECK_EQ(f.info.si_pid, getpid());
	CHECK_EQ(f.flags, 0);
	CHECK_EQ(f.link, 0);
	CHECK(f.stack.ss_size == 0);
	CHECK_EQ(f.mask, 1ul << (SIGUSR2 - 1));
	CHECK_EQ(f.regs[SP], sp);
	CHECK_EQ(f.regs[S2], 0x1234);
	CHECK_EQ(f.regs[S3], 0x5678);
	CHECK_EQ(f.regs[A0], 0); /* kill's answer */
	CHECK_EQ(f.regs[A1], SIGUSR1);
	CHECK_EQ(f.reserved[0] | f.reserved[1] | f.reserved[2], 0);
	CHECK_EQ(copy.regs[0], 0x1234);
	CHECK_EQ(copy.regs[1], 0x5678);
	/* Nothing of the kernel's in what is not used. */
	for (size_t i = 48; i < sizeof(f.info); i++)
		none |= ((uint8_t *)&f.info)[i];
	CHECK_EQ(none, 0);
}

static void change_it(int sig, siginfo_t *info, void *uc)
{
	struct frame *f = (struct frame *)info;

	f->regs[S2]++;
	f->regs[S3] = ~f->regs[S3];
	f->f[8] = 0x4045000000000000; /* fs0: 42.0 */
	f->f[31] = 7;
	f->fcsr = 0x61;
	f->mask = ~0ul; /* SIGKILL and SIGSTOP too, which is no use */
	seen++;
}

static void the_handler_changes_it(void)
{
	uint64_t fs0 = 1, ft11 = 2, fcsr = 3;
	sigset_t set;

	handle_info(SIGUSR1, change_it, 0);
	__asm__ volatile("fmv.d.x fs0, zero\nfscsr zero" ::: "fs0");
	raise_with(SIGUSR1, 0, 10, 20);
	__asm__ volatile("fmv.x.d %0, fs0\nfmv.x.d %1, ft11\nfrcsr %2\n"
			 "fscsr zero"
			 : "=r"(fs0), "=r"(ft11), "=r"(fcsr));
	CHECK_EQ(seen, 1);
	CHECK_EQ(copy.regs[0], 11);
	CHECK_EQ(copy.regs[1], ~20l);
	CHECK_EQ(fs0, 0x4045000000000000);
	CHECK_EQ(ft11, 7);
	CHECK_EQ(fcsr, 0x61);
	CHECK(!sigprocmask(SIG_SETMASK, NULL, &set));
	CHECK(sigismember(&set, SIGTERM) && sigismember(&set, SIGHUP));
	if (!test_on_linux()) /* QEMU's user mode says they are blocked */
		CHECK(!sigismember(&set, SIGKILL) &&
		      !sigismember(&set, SIGSTOP));
}

/* A thread that has never touched an FP register has a frame like the others,
 * and a handler that does spoils nothing. */
static void fp_in_the_handler_only(int sig)
{
	__asm__ volatile("li t0, -1\nfmv.d.x fs1, t0\nfscsr t0" ::
				 : "t0", "fs1");
	seen++;
}

static void no_fp_before(void)
{
	uint64_t fs1, fcsr;

	handle(SIGUSR1, fp_in_the_handler_only, 0);
	raise_with(SIGUSR1, 0, 0, 0);
	__asm__ volatile("fmv.x.d %0, fs1\nfrcsr %1" : "=r"(fs1), "=r"(fcsr));
	CHECK_EQ(seen, 1);
	CHECK(fs1 != ~0ul);
	CHECK_EQ(fcsr, 0);
}

/* ---- faults: code and address ---- */

static volatile siginfo_t fault;
static volatile int fault_signal;
static volatile uint64_t fault_pc;

static void skip_it(int sig, siginfo_t *info, void *uc)
{
	struct frame *f = (struct frame *)info;

	fault_signal = sig;
	fault = *info;
	fault_pc = f->regs[PC];
	f->regs[PC] = f->regs[T0]; /* where t0 says */
}

/* Runs an instruction that faults; t0 has the place behind it. */
#define TRY(insn, ...)                                                         \
	do {                                                                   \
		fault_signal = 0;                                              \
		__asm__ volatile("la t0, 1f\n" insn "\n1:\n" ::__VA_ARGS__     \
				 : "t0", "t1", "ra", "memory");                \
	} while (0)

#define FAULT(sig, code, addr)                                                 \
	do {                                                                   \
		CHECK_EQ(fault_signal, sig);                                   \
		CHECK_EQ(fault.si_signo, sig);                                 \
		CHECK_EQ(fault.si_code, code);                                 \
		CHECK_EQ((uint64_t)fault.si_addr, (uint64_t)(addr));           \
	} while (0)

static void handle_faults(void)
{
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP };

	for (unsigned i = 0; i < ARRAY_SIZE(sigs); i++)
		handle_info(sigs[i], skip_it, 0);
}

static void faults_of_memory(void)
{
	char *none = page(PROT_NONE), *ro = page(PROT_READ);
	char *rw = page(PROT_READ | PROT_WRITE), *gone = page(PROT_READ);
	char *file;
	int fd;

	handle_faults();
	CHECK(!munmap(gone, PAGE));
	TRY("lb t1, 5(%0)", "r"(gone));
	FAULT(SIGSEGV, SEGV_MAPERR, gone + 5);
	TRY("sb t1, 7(%0)", "r"(gone));
	FAULT(SIGSEGV, SEGV_MAPERR, gone + 7);
	TRY("jr %0", "r"(gone));
	FAULT(SIGSEGV, SEGV_MAPERR, gone);
	CHECK_EQ(fault_pc, (uint64_t)gone);
	TRY("lb t1, 9(%0)", "r"(none));
	FAULT(SIGSEGV, SEGV_ACCERR, none + 9);
	TRY("sb t1, 100(%0)", "r"(ro));
	FAULT(SIGSEGV, SEGV_ACCERR, ro + 100);
	TRY("jr %0", "r"(rw));
	FAULT(SIGSEGV, SEGV_ACCERR, rw);
	TRY("lb t1, 0(zero)", "r"(0));
	FAULT(SIGSEGV, SEGV_MAPERR, 0);

	fd = open("short", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && !ftruncate(fd, PAGE));
	file = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(file != MAP_FAILED);
	TRY("lb t1, 0(%0)", "r"(file + 1));
	CHECK_EQ(fault_signal, 0);
	TRY("lb t1, 0(%0)", "r"(file + PAGE + 3));
	FAULT(SIGBUS, BUS_ADRERR, file + PAGE + 3);
}

static void faults_of_the_kernels(void)
{
	const uint64_t at[] = { 0xffffffff80200000, 0xffffffc000000000,
				1ul << 63, 1ul << 38, ~7ul };

	test_skip_on_linux("QEMU's user mode has other limits");
	handle_faults();
	for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
		TRY("lb t1, 0(%0)", "r"(at[i]));
		FAULT(SIGSEGV, SEGV_MAPERR, at[i]);
		TRY("sb t1, 0(%0)", "r"(at[i]));
		FAULT(SIGSEGV, SEGV_MAPERR, at[i]);
		TRY("jr %0", "r"(at[i]));
		CHECK_EQ(fault_signal, SIGSEGV);
		CHECK_EQ(fault.si_code, SEGV_MAPERR);
	}
}

static void faults_of_instructions(void)
{
	handle_faults();
	TRY(".align 2\n.word 0", "r"(0));
	CHECK_EQ(fault_signal, SIGILL);
	CHECK_EQ(fault.si_code, ILL_ILLOPC);
	CHECK_EQ((uint64_t)fault.si_addr, fault_pc);
	TRY("csrr t1, sstatus", "r"(0)); /* not for users */
	CHECK_EQ(fault_signal, SIGILL);
	CHECK_EQ(fault.si_code, ILL_ILLOPC);
	CHECK_EQ((uint64_t)fault.si_addr, fault_pc);
	TRY("sret", "r"(0));
	CHECK_EQ(fault_signal, SIGILL);
	TRY("ebreak", "r"(0));
	CHECK_EQ(fault_signal, SIGTRAP);
	CHECK_EQ(fault.si_code, TRAP_BRKPT);
	CHECK_EQ((uint64_t)fault.si_addr, fault_pc);
}

static void faults_of_alignment(void)
{
	static uint32_t word[4];

	test_skip_on_linux("QEMU's user mode does such accesses");
	handle_faults();
	/* Plain accesses are done by the hart, its firmware, or not at all. */
	TRY("amoadd.w t1, zero, (%0)", "r"((char *)word + 1));
	CHECK_EQ(fault_signal, SIGBUS);
	CHECK_EQ(fault.si_code, BUS_ADRALN);
	CHECK_EQ((uint64_t)fault.si_addr, (uint64_t)word + 1);
}

static void fault_and_handler_of_another(void)
{
	/* Both wait; the fault's frame tells where it was done. */
	handle_faults();
	handle(SIGHUP, count, 0);
	mask(SIG_BLOCK, SIGHUP);
	CHECK(!kill(getpid(), SIGHUP));
	TRY("lb t1, 0(zero)", "r"(0));
	FAULT(SIGSEGV, SEGV_MAPERR, 0);
	CHECK_EQ(seen, 0);
	mask(SIG_UNBLOCK, SIGHUP);
	CHECK_EQ(seen, 1);
}

/* ---- handlers that are not there ---- */

static void handler_nowhere(void)
{
	handle(SIGUSR1, (void (*)(int))16, 0);
	kill(getpid(), SIGUSR1);
}

static void handler_in_data(void)
{
	handle(SIGUSR1, (void (*)(int))alt, 0);
	kill(getpid(), SIGUSR1);
}

static void handler_of_the_kernel(void)
{
	handle(SIGUSR1, (void (*)(int))0xffffffff80200000, 0);
	kill(getpid(), SIGUSR1);
}

static void handler_of_faults_nowhere(void)
{
	handle(SIGSEGV, (void (*)(int))16, SA_NODEFER);
	*(volatile char *)bad_pointer = 1;
}

static void bad_handlers(void)
{
	CHECK_EQ(killed_by(handler_nowhere), SIGSEGV);
	CHECK_EQ(killed_by(handler_in_data), SIGSEGV);
	if (!test_on_linux()) {
		CHECK_EQ(killed_by(handler_of_the_kernel), SIGSEGV);
		CHECK_EQ(killed_by(handler_of_faults_nowhere), SIGSEGV);
	}
	/* One that can be told of. */
	handle_info(SIGSEGV, keep_frame, 0);
	handle(SIGUSR1, (void (*)(int))16, 0);
	CHECK(!sigaction(SIGUSR2, NULL, NULL));
}

/* ---- stacks ---- */

static void stack_not_there(void)
{
	handle(SIGUSR1, count, 0);
	raise_with(SIGUSR1, 64, 0, 0);
}

static void stack_read_only(void)
{
	handle(SIGUSR1, count, 0);
	raise_with(SIGUSR1, (uint64_t)page(PROT_READ) + PAGE, 0, 0);
}

static void stack_too_short(void)
{
	char *p;

	handle(SIGUSR1, count, 0);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(!mprotect(p, PAGE, PROT_NONE));
	raise_with(SIGUSR1, (uint64_t)p + PAGE + 400, 0, 0);
}

static void stack_of_the_kernel(void)
{
	handle(SIGUSR1, count, 0);
	raise_with(SIGUSR1, 0xffffffff80300000, 0, 0);
}

static void deeper_and_deeper(int sig)
{
	raise(sig);
}

static void alt_stack_overflows(void)
{
	use_alt(8192, 0);
	handle(SIGUSR1, deeper_and_deeper, SA_ONSTACK | SA_NODEFER);
	raise(SIGUSR1);
}

static void alt_stack_not_there(void)
{
	stack_t st;

	memset(&st, 0, sizeof(st));
	st.ss_sp = (void *)PAGE;
	st.ss_size = 8192;
	CHECK(!sigaltstack(&st, NULL));
	handle(SIGUSR1, count, SA_ONSTACK);
	raise(SIGUSR1);
}

static void bad_stacks(void)
{
	CHECK_EQ(killed_by(stack_not_there), SIGSEGV);
	CHECK_EQ(killed_by(stack_read_only), SIGSEGV);
	CHECK_EQ(killed_by(stack_too_short), SIGSEGV);
	/* QEMU's user mode begins again at the top of the other stack. */
	if (!test_on_linux()) {
		CHECK_EQ(killed_by(stack_of_the_kernel), SIGSEGV);
		CHECK_EQ(killed_by(alt_stack_overflows), SIGSEGV);
	}
	CHECK_EQ(killed_by(alt_stack_not_there), SIGSEGV);
}

static void end_well(int sig, siginfo_t *info, void *uc)
{
	_exit(on_alt((uint64_t)info) && info->si_code == SI_KERNEL ? 33 : 34);
}

static void saved_by_another_stack(void)
{
	use_alt(sizeof(alt), 0);
	handle_info(SIGSEGV, end_well, SA_ONSTACK);
	handle(SIGUSR1, count, 0);
	raise_with(SIGUSR1, 64, 0, 0);
}

static void stack_for_the_fault(void)
{
	test_skip_on_linux("QEMU's user mode ends such a program");
	/* No room for SIGUSR1's frame: SIGSEGV, and that has room. */
	CHECK_EQ(WEXITSTATUS(wait_status(spawn(saved_by_another_stack))), 33);
}

static void note_stack(int sig)
{
	char here;

	handler_sp = (uint64_t)&here;
	seen++;
}

static void at_its_top(void)
{
	/* Grown down to nothing: that counts as on it. */
	use_alt(sizeof(alt), 0);
	handle(SIGUSR1, note_stack, SA_ONSTACK);
	raise_with(SIGUSR1, (uint64_t)alt + sizeof(alt) - 4096, 0, 0);
	CHECK(on_alt(handler_sp));
	CHECK(handler_sp < (uint64_t)alt + sizeof(alt) - 4096 - 700);
	raise_with(SIGUSR1, (uint64_t)alt + sizeof(alt), 0, 0);
	CHECK(on_alt(handler_sp));
	CHECK_EQ(seen, 2);
}

static void look_at_stack(int sig)
{
	stack_t st;

	CHECK(!sigaltstack(NULL, &st));
	copy.stack = st;
	seen++;
}

static void change_stack(int sig)
{
	stack_t st;

	memset(&st, 0, sizeof(st));
	st.ss_flags = SS_DISABLE;
	copy.link = sigaltstack(&st, NULL) ? (uint64_t)errno : 0;
	seen++;
}

static void on_it(void)
{
	stack_t st;

	use_alt(sizeof(alt), 0);
	handle(SIGUSR1, look_at_stack, SA_ONSTACK);
	handle(SIGUSR2, change_stack, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK_EQ(copy.stack.ss_flags, SS_ONSTACK);
	raise(SIGUSR2);
	CHECK_EQ(copy.link, EPERM);
	CHECK_EQ(seen, 2);
	/* Not on it: it may, and it comes back with the frame. */
	handle(SIGUSR2, change_stack, 0);
	raise(SIGUSR2);
	CHECK_EQ(copy.link, 0);
	CHECK(!sigaltstack(NULL, &st));
	CHECK_EQ(st.ss_flags, 0);
	CHECK(st.ss_sp == alt && st.ss_size == sizeof(alt));
}

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static void disarms_itself(void)
{
	stack_t st;

	test_skip_on_linux("QEMU's user mode does not know it");
	use_alt(sizeof(alt), (int)SS_AUTODISARM);
	handle(SIGUSR1, look_at_stack, SA_ONSTACK);
	handle(SIGUSR2, change_stack, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK_EQ(seen, 1);
	CHECK_EQ(copy.stack.ss_flags, SS_DISABLE);
	raise(SIGUSR2); /* so it may be changed there */
	CHECK_EQ(copy.link, 0);
	CHECK(!sigaltstack(NULL, &st));
	CHECK_EQ((unsigned)st.ss_flags, SS_AUTODISARM);
	CHECK(st.ss_sp == alt && st.ss_size == sizeof(alt));
}

/* ---- frames that nobody has made ---- */

static struct frame forged __attribute__((aligned(16)));

static void sigreturn_from(uint64_t at)
{
	__asm__ volatile("mv sp, %0\n"
			 "li a7, 139\n"
			 "ecall\n" ::"r"(at)
			 : "memory");
	_exit(70);
}

static void arrive(void)
{
	_exit(44);
}

static void forge(void (*pc)(void))
{
	memset(&forged, 0, sizeof(forged));
	forged.regs[PC] = (uint64_t)pc;
	forged.regs[SP] = (uint64_t)(alt + 8000);
}

static void forged_well(void)
{
	forge(arrive);
	sigreturn_from((uint64_t)&forged);
}

static void forged_kernel_pc(void)
{
	forge((void (*)(void))0xffffffff80200000);
	sigreturn_from((uint64_t)&forged);
}

static void forged_extension(void)
{
	forge(arrive);
	forged.reserved[1] = 0x53465457;
	sigreturn_from((uint64_t)&forged);
}

static void forged_reserved(void)
{
	forge(arrive);
	forged.reserved[0] = 1;
	sigreturn_from((uint64_t)&forged);
}

static void forged_askew(void)
{
	char *at = (char *)alt + 4;

	forge(arrive);
	memcpy(at, &forged, sizeof(forged));
	sigreturn_from((uint64_t)at);
}

static void forged_at_the_end(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(!mprotect(p + PAGE, PAGE, PROT_NONE));
	forge(arrive);
	memcpy(p + PAGE - 512, &forged, 512);
	sigreturn_from((uint64_t)p + PAGE - 512);
}

static void forged_in_the_kernel(void)
{
	sigreturn_from(0xffffffff80200000);
}

static void forged_everywhere(void)
{
	uint64_t x = 88172645463325252;

	/* Any bytes: what they can do is what the program could do. */
	for (size_t i = 0; i < sizeof(forged) / 8; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		((uint64_t *)&forged)[i] = x;
	}
	sigreturn_from((uint64_t)&forged);
}

static void forged_frames(void)
{
	CHECK_EQ(WEXITSTATUS(wait_status(spawn(forged_well))), 44);
	test_skip_on_linux("QEMU's user mode looks at less");
	CHECK_EQ(killed_by(forged_kernel_pc), SIGSEGV);
	CHECK_EQ(killed_by(forged_extension), SIGSEGV);
	CHECK_EQ(killed_by(forged_reserved), SIGSEGV);
	CHECK_EQ(killed_by(forged_askew), SIGSEGV);
	CHECK_EQ(killed_by(forged_at_the_end), SIGSEGV);
	CHECK_EQ(killed_by(forged_in_the_kernel), SIGSEGV);
	CHECK_EQ(killed_by(forged_everywhere), SIGSEGV);
}

/* ---- what comes back is no call's answer ---- */

static int back_fd[2];

static void second(int sig)
{
	seen++;
}

static void first(int sig)
{
	sigset_t set;

	/* The second one waits until the mask comes back: then the read that
	 * was interrupted, and is not to be made again, is the last call that
	 * the registers know of. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	seen++;
}

static void interrupt_parent(void)
{
	nap_ms(30);
	CHECK(!kill(getppid(), SIGUSR1));
	nap_ms(30);
	CHECK_EQ(write(back_fd[1], "x", 1), 1); /* ends a read made again */
}

static void no_second_time(void)
{
	int error = 0;
	char c;
	pid_t pid;

	CHECK(!pipe(back_fd));
	handle(SIGUSR1, first, 0);
	handle(SIGUSR2, second, SA_RESTART);
	/* On a busy machine the signal may come before the read. */
	for (int tries = 0; tries < 20 && !error; tries++) {
		seen = 0;
		pid = spawn(interrupt_parent);
		if (read(back_fd[0], &c, 1) < 0)
			error = errno;
		CHECK_EQ(seen, 2);
		CHECK_EQ(wait_status(pid), 0);
	}
	CHECK_EQ(error, EINTR);
}

TEST_MAIN(CASE(the_frame), CASE(the_handler_changes_it), CASE(no_fp_before),
	  CASE(faults_of_memory), CASE(faults_of_the_kernels),
	  CASE(faults_of_instructions), CASE(faults_of_alignment),
	  CASE(fault_and_handler_of_another), CASE(bad_handlers),
	  CASE(bad_stacks), CASE(stack_for_the_fault), CASE(at_its_top),
	  CASE(on_it), CASE(disarms_itself), CASE(forged_frames),
	  CASE(no_second_time))
