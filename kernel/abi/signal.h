/*
 * Signals: numbers, sets, sigaction, siginfo, and the frame that a handler
 * finds on its stack.  struct sigaction has no restorer on riscv64: the kernel
 * returns from handlers through its vDSO page.  user/lib uses these structures
 * as they are, so its sigaction copies nothing.
 */
#pragma once

#include "kernel/abi/types.h"

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGIOT    6
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGPOLL   29
#define SIGPWR    30
#define SIGSYS    31

/* The kernel's first real-time signal; a C library may keep some of them. */
#define ABI_SIGRTMIN 32
#define ABI_NSIG     64 /* the largest signal number */

typedef struct {
	uint64_t bits[1]; /* bit n - 1 stands for signal n */
} sigset_t;

_Static_assert(sizeof(sigset_t) == 8, "sigset_t");

/* how, for rt_sigprocmask */
#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

typedef void (*sighandler_t)(int);

#define SIG_DFL ((sighandler_t)0)
#define SIG_IGN ((sighandler_t)1)
#define SIG_ERR ((sighandler_t)-1)

#define SA_NOCLDSTOP      0x00000001u
#define SA_NOCLDWAIT      0x00000002u
#define SA_SIGINFO        0x00000004u
#define SA_UNSUPPORTED    0x00000400u
#define SA_EXPOSE_TAGBITS 0x00000800u
#define SA_ONSTACK        0x08000000u
#define SA_RESTART        0x10000000u
#define SA_NODEFER        0x40000000u
#define SA_RESETHAND      0x80000000u
#define SA_NOMASK         SA_NODEFER
#define SA_ONESHOT        SA_RESETHAND

union sigval {
	int sival_int;
	void *sival_ptr;
};

struct siginfo {
	int32_t si_signo;
	int32_t si_errno;
	int32_t si_code;
	int32_t si_pad0;
	union {
		int32_t si_pad[28];
		struct { /* kill, SI_QUEUE, SIGCHLD */
			pid_t si_pid;
			uid_t si_uid;
			union {
				int32_t si_status;
				union sigval si_value;
			};
			clock_t si_utime;
			clock_t si_stime;
		};
		struct { /* timers; its value is si_value above */
			int32_t si_timerid;
			int32_t si_overrun;
		};
		struct { /* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
			void *si_addr;
			int16_t si_addr_lsb;
		};
		struct { /* SIGPOLL */
			int64_t si_band;
			int32_t si_fd;
		};
		struct { /* SIGSYS */
			void *si_call_addr;
			int32_t si_syscall;
			uint32_t si_arch;
		};
	};
};

typedef struct siginfo siginfo_t;

_Static_assert(sizeof(struct siginfo) == 128, "siginfo_t");
_Static_assert(offsetof(struct siginfo, si_pid) == 16, "siginfo_t");
_Static_assert(offsetof(struct siginfo, si_status) == 24, "siginfo_t");
_Static_assert(offsetof(struct siginfo, si_utime) == 32, "siginfo_t");
_Static_assert(offsetof(struct siginfo, si_addr) == 16, "siginfo_t");

/* si_code: who sent it */
#define SI_USER   0
#define SI_KERNEL 0x80
#define SI_QUEUE  (-1)
#define SI_TIMER  (-2)
#define SI_TKILL  (-6)

#define ILL_ILLOPC 1
#define ILL_ILLTRP 4
#define ILL_PRVOPC 5

#define FPE_INTDIV 1

#define SEGV_MAPERR 1
#define SEGV_ACCERR 2

#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define BUS_OBJERR 3

#define TRAP_BRKPT 1
#define TRAP_TRACE 2

#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_TRAPPED   4
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

#define POLL_IN  1
#define POLL_HUP 6

/* timer_create */
struct sigevent {
	union sigval sigev_value;
	int32_t sigev_signo;
	int32_t sigev_notify;
	union {
		int32_t sigev_pad[12];
		int32_t sigev_notify_thread_id;
		struct {
			void (*sigev_notify_function)(union sigval);
			void *sigev_notify_attributes;
		};
	};
};

_Static_assert(sizeof(struct sigevent) == 64, "struct sigevent");

#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD    2
#define SIGEV_THREAD_ID 4

struct sigaction {
	union {
		void (*sa_handler)(int);
		void (*sa_sigaction)(int, siginfo_t *, void *);
	};
	uint64_t sa_flags;
	sigset_t sa_mask;
};

_Static_assert(sizeof(struct sigaction) == 24, "struct sigaction");

/* sigaltstack */
struct sigaltstack {
	void *ss_sp;
	int32_t ss_flags;
	size_t ss_size;
};

typedef struct sigaltstack stack_t;

_Static_assert(sizeof(struct sigaltstack) == 24, "stack_t");

#define SS_ONSTACK    1
#define SS_DISABLE    2
#define SS_AUTODISARM (1u << 31)
#define MINSIGSTKSZ   2048
#define SIGSTKSZ      8192

/*
 * Registers at the interruption: pc stands where x0 would, then x1 to x31.
 * The FP part is as large as the widest FP extension needs; F and D use its
 * beginning.  The words after fcsr must be zero: other values announce further
 * state behind the frame.
 */
struct sigcontext_d {
	uint64_t f[32];
	uint32_t fcsr;
};

struct sigcontext_q {
	__attribute__((aligned(16))) uint64_t f[64];
	uint32_t fcsr;
	uint32_t reserved[3];
};

struct sigcontext {
	uint64_t gregs[32];
	union {
		struct sigcontext_d d;
		struct sigcontext_q q;
	} fp;
};

_Static_assert(sizeof(struct sigcontext_q) == 528, "sigcontext");
_Static_assert(sizeof(struct sigcontext) == 784, "sigcontext");

#define REG_PC 0
#define REG_RA 1
#define REG_SP 2
#define REG_TP 4
#define REG_S0 8
#define REG_A0 10

struct ucontext {
	uint64_t uc_flags;
	struct ucontext *uc_link;
	stack_t uc_stack;
	sigset_t uc_sigmask;
	uint8_t uc_unused[120]; /* room for a sigset_t of 1024 bits */
	struct sigcontext uc_mcontext;
};

typedef struct sigcontext mcontext_t;
typedef struct ucontext ucontext_t;

_Static_assert(offsetof(struct ucontext, uc_sigmask) == 40, "ucontext_t");
_Static_assert(offsetof(struct ucontext, uc_mcontext) == 176, "ucontext_t");
_Static_assert(sizeof(struct ucontext) == 960, "ucontext_t");

/* What lies on the stack when a handler starts: sp points here, 16-aligned. */
struct rt_sigframe {
	struct siginfo info;
	struct ucontext uc;
};

_Static_assert(sizeof(struct rt_sigframe) == 1088, "rt_sigframe");
