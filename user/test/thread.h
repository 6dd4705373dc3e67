#pragma once
/*
 * Threads from nothing but clone and futex, so that the same test runs on any
 * C library. They share the library's own thread's variables (errno and all),
 * so they call sys() and no function of the library that keeps a state.
 */
#include "user/test/test.h"

#include <sched.h>
#include <sys/mman.h>

#define THREAD_STACK 16384
#define THREAD_FLAGS                                                    \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
	 CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

#ifndef FUTEX_WAIT
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#endif

struct tthread {
	volatile int tid; /* the kernel clears it at the end */
	char *stack;
};

static inline long thread_clone(unsigned long flags, char *stack_top,
				volatile int *tid, void (*fn)(void *),
				void *arg)
{
#ifdef __riscv
	register long a0 __asm__("a0") = (long)flags;
	register long a1 __asm__("a1") = (long)stack_top;
	register long a2 __asm__("a2") = (long)tid;
	register long a3 __asm__("a3") = 0;
	register long a4 __asm__("a4") = (long)tid;
	register long a7 __asm__("a7") = SYS_clone;
	register void (*entry)(void *) __asm__("s2") = fn;
	register void *what __asm__("s3") = arg;

	__asm__ volatile("ecall\n"
			 "bnez a0, 1f\n"
			 "mv a0, s3\n"
			 "jalr s2\n"
			 "li a0, 0\n"
			 "li a7, 93\n"
			 "ecall\n"
			 "1:\n"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7),
			   "r"(entry), "r"(what)
			 : "memory", "ra");
	return a0;
#else
	/* What fn leaves where a result would be is the thread's status, and
	 * nobody asks for that. */
	int res = clone((int (*)(void *))(void *)fn, stack_top, (int)flags, arg,
			tid, NULL, tid);

	return res < 0 ? -errno : res;
#endif
}

static inline void thread_start(struct tthread *t, void (*fn)(void *),
				void *arg)
{
	long tid;

	if (!t->stack)
		t->stack = mmap(NULL, THREAD_STACK, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(t->stack != MAP_FAILED);
	/* Not zero, whoever looks first. */
	t->tid = -1;
	tid = thread_clone(THREAD_FLAGS, t->stack + THREAD_STACK, &t->tid, fn,
			   arg);
	if (tid < 0)
		test_fail("no thread: %ld", tid);
}

static inline long futex_wait(volatile int *word, int value)
{
	return sys(SYS_futex, word, FUTEX_WAIT, value, NULL);
}

static inline long futex_wake(volatile int *word, int n)
{
	return sys(SYS_futex, word, FUTEX_WAKE, n);
}

static inline void thread_join(struct tthread *t)
{
	int tid;

	while ((tid = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE)))
		futex_wait(&t->tid, tid);
}

/* Waits until *word is at least n; the way that makes it so wakes. */
static inline void wait_at_least(volatile int *word, int n)
{
	int v;

	while ((v = __atomic_load_n(word, __ATOMIC_ACQUIRE)) < n)
		futex_wait(word, v);
}

static inline void set_and_wake(volatile int *word, int n)
{
	__atomic_store_n(word, n, __ATOMIC_SEQ_CST);
	futex_wake(word, 1000);
}

static inline void add_and_wake(volatile int *word, int n)
{
	__atomic_fetch_add(word, n, __ATOMIC_SEQ_CST);
	futex_wake(word, 1000);
}

/* How many harts this program may use. */
static inline int count_harts(void)
{
	unsigned long set[16];
	long n;
	int harts = 0;

	memset(set, 0, sizeof(set));
	n = sys(SYS_sched_getaffinity, 0, sizeof(set), set);
	CHECK(n > 0);
	for (int i = 0; i < 1024; i++)
		harts += (int)((set[i / 64] >> (i % 64)) & 1);
	return harts;
}

/* Runs on this hart from now on; the n-th of those that one may use. */
static inline void pin_to(int n)
{
	unsigned long set[16], one[16];

	memset(set, 0, sizeof(set));
	memset(one, 0, sizeof(one));
	CHECK(sys(SYS_sched_getaffinity, 0, sizeof(set), set) > 0);
	for (int i = 0; i < 1024; i++) {
		if (!((set[i / 64] >> (i % 64)) & 1) || n--)
			continue;
		one[i / 64] |= 1ul << (i % 64);
		CHECK_EQ(sys(SYS_sched_setaffinity, 0, sizeof(one), one), 0);
		return;
	}
	test_fail("there is no such hart");
}
