/*
 * What several harts see of one memory: translations that change under those
 * that use them, code that is written here and run there, programs that move.
 *
 * A hart that keeps a stale entry reads an old page or writes to one that was
 * given away. Each case makes the change, then lets the others look exactly
 * once at what they had looked at before.
 */
#include "user/test/thread.h"

#define PAGE   4096ul
#define LOOKERS 3
#define RW     (PROT_READ | PROT_WRITE)
#define ANON   (MAP_PRIVATE | MAP_ANONYMOUS)

static volatile int round_no, looked, wrong, stop;
static volatile long saw, wanted;
static char *page;

static char *fresh(void)
{
	char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* Spins a little first: a hart that sleeps holds no translations long. */
static void wait_round(int n)
{
	for (int i = 0; i < 20000; i++)
		if (__atomic_load_n(&round_no, __ATOMIC_ACQUIRE) >= n)
			return;
	wait_at_least(&round_no, n);
}

static void wait_looked(int n)
{
	for (int i = 0; i < 20000; i++)
		if (__atomic_load_n(&looked, __ATOMIC_ACQUIRE) >= n)
			return;
	wait_at_least(&looked, n);
}

static void start_lookers(struct tthread *t, void (*fn)(void *))
{
	round_no = looked = wrong = stop = 0;
	for (long i = 0; i < LOOKERS; i++)
		thread_start(&t[i], fn, (void *)i);
}

/* ---- another page in the same place ---- */

static void look_at_page(void *arg)
{
	for (int r = 1;; r++) {
		wait_round(r);
		if (stop)
			return;
		if (*(volatile int *)page != r) {
			saw = *(volatile int *)page;
			wanted = r;
			wrong = 1;
		}
		add_and_wake(&looked, 1);
	}
}

static void page_is_replaced(void)
{
	static struct tthread t[LOOKERS];
	int r;

	page = fresh();
	*(int *)page = 0;
	start_lookers(t, look_at_page);
	for (r = 1; r <= 100; r++) {
		CHECK(mmap(page, PAGE, RW, ANON | MAP_FIXED, -1, 0) == page);
		*(volatile int *)page = r;
		set_and_wake(&round_no, r);
		wait_looked(r * LOOKERS);
		if (wrong)
			test_fail("round %ld: a hart sees %ld", wanted, saw);
	}
	stop = 1;
	set_and_wake(&round_no, r);
	for (int i = 0; i < LOOKERS; i++)
		thread_join(&t[i]);
}

/* ---- MADV_DONTNEED: the old content is gone for everybody ---- */

static void look_for_zero(void *arg)
{
	for (int r = 1;; r++) {
		wait_round(r);
		if (stop)
			return;
		/* Odd rounds: what was written; even: nothing any more. */
		if (*(volatile int *)page != (r & 1 ? r : 0)) {
			saw = *(volatile int *)page;
			wanted = r;
			wrong = 1;
		}
		add_and_wake(&looked, 1);
	}
}

static void page_is_dropped(void)
{
	static struct tthread t[LOOKERS];
	int r;

	page = fresh();
	start_lookers(t, look_for_zero);
	for (r = 1; r <= 80; r++) {
		if (r & 1)
			*(volatile int *)page = r;
		else
			CHECK(!madvise(page, PAGE, MADV_DONTNEED));
		set_and_wake(&round_no, r);
		wait_looked(r * LOOKERS);
		if (wrong)
			test_fail("round %ld: a hart sees %ld", wanted, saw);
	}
	stop = 1;
	set_and_wake(&round_no, r);
	for (int i = 0; i < LOOKERS; i++)
		thread_join(&t[i]);
}

/* ---- rights that are taken away ---- */

/* 0, or 1 when the store faulted: the handler steps over it and says so. */
static int try_store(char *p, int v)
{
	register long failed __asm__("t0") = 0;
	register char *at __asm__("t1") = p;
	register long what __asm__("t2") = v;

	__asm__ volatile(".option push\n"
			 ".option norvc\n"
			 "sw %2, 0(%1)\n"
			 ".option pop\n"
			 : "+r"(failed)
			 : "r"(at), "r"(what)
			 : "memory");
	return (int)failed;
}

static int try_load(char *p, int *v)
{
	register long failed __asm__("t0") = 0;
	register char *at __asm__("t1") = p;
	register long what __asm__("t2") = -1;

	__asm__ volatile(".option push\n"
			 ".option norvc\n"
			 "lw %1, 0(%2)\n"
			 ".option pop\n"
			 : "+r"(failed), "+r"(what)
			 : "r"(at)
			 : "memory");
	*v = (int)what;
	return (int)failed;
}

static void step_over(int sig, siginfo_t *info, void *context)
{
	/* pc, then x1 to x31; x5 is t0. */
	unsigned long *regs =
		(unsigned long *)&((ucontext_t *)context)->uc_mcontext;

	regs[0] += 4;
	regs[5] = 1;
}

static void catch_faults(void)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = step_over;
	act.sa_flags = SA_SIGINFO;
	CHECK(!sigaction(SIGSEGV, &act, NULL));
}

static void store_each_round(void *arg)
{
	for (int r = 1;; r++) {
		wait_round(r);
		if (stop)
			return;
		/* Even rounds: it must not work. */
		if (try_store(page + 8 + 4 * (long)arg, r) != !(r & 1)) {
			wanted = r;
			wrong = 1;
		}
		add_and_wake(&looked, 1);
	}
}

static void right_to_write_goes(void)
{
	static struct tthread t[LOOKERS];
	int r;

	catch_faults();
	page = fresh();
	start_lookers(t, store_each_round);
	for (r = 1; r <= 80; r++) {
		CHECK(!mprotect(page, PAGE, r & 1 ? RW : PROT_READ));
		set_and_wake(&round_no, r);
		wait_looked(r * LOOKERS);
		if (wrong)
			test_fail("round %ld: a hart %s", wanted,
				  wanted & 1 ? "may not write" :
					       "writes what is read-only");
	}
	stop = 1;
	set_and_wake(&round_no, r);
	for (int i = 0; i < LOOKERS; i++)
		thread_join(&t[i]);
}

static void load_each_round(void *arg)
{
	for (int r = 1;; r++) {
		int v;

		wait_round(r);
		if (stop)
			return;
		if (try_load(page, &v) != !(r & 1)) {
			wanted = r;
			wrong = 1;
		}
		add_and_wake(&looked, 1);
	}
}

static void page_goes(void)
{
	static struct tthread t[LOOKERS];
	int r;

	catch_faults();
	page = fresh();
	start_lookers(t, load_each_round);
	for (r = 1; r <= 80; r++) {
		if (r & 1)
			CHECK(mmap(page, PAGE, RW, ANON | MAP_FIXED, -1, 0) ==
			      page);
		else
			CHECK(!munmap(page, PAGE));
		set_and_wake(&round_no, r);
		wait_looked(r * LOOKERS);
		if (wrong)
			test_fail("round %ld: a hart %s", wanted,
				  wanted & 1 ? "finds nothing" :
					       "reads what is gone");
	}
	stop = 1;
	set_and_wake(&round_no, r);
	for (int i = 0; i < LOOKERS; i++)
		thread_join(&t[i]);
}

/* ---- fork while others write ---- */

static void count_up(void *arg)
{
	volatile long *p = (volatile long *)(page + 64 * (long)arg);

	while (!stop)
		(*p)++;
}

/* From the moment of the fork on, the child's copy stands still. */
static void fork_under_writers(void)
{
	static struct tthread t[LOOKERS];

	page = fresh();
	start_lookers(t, count_up);
	for (int i = 0; i < 30; i++) {
		pid_t pid = fork();

		if (!pid) {
			long a[LOOKERS];

			for (long k = 0; k < LOOKERS; k++)
				a[k] = *(volatile long *)(page + 64 * k);
			for (int n = 0; n < 5; n++) {
				sys(SYS_sched_yield);
				for (volatile int k = 0; k < 2000; k++)
					;
			}
			for (long k = 0; k < LOOKERS; k++)
				if (a[k] != *(volatile long *)(page + 64 * k))
					_exit(9);
			_exit(0);
		}
		CHECK_EQ(wait_status(pid), 0);
	}
	stop = 1;
	for (int i = 0; i < LOOKERS; i++)
		thread_join(&t[i]);
}

/* ---- all fault at once ---- */

static char *area;
#define AREA_PAGES 16

static void touch_all(void *arg)
{
	for (long i = 0; i < AREA_PAGES; i++) {
		long at = (i + (long)arg * 7) % AREA_PAGES;

		__atomic_fetch_add((int *)(area + at * (long)PAGE), 1,
				   __ATOMIC_RELAXED);
	}
	add_and_wake(&looked, 1);
}

/* Each page comes once, whoever asks first: no addition gets lost. */
static void faults_at_once(void)
{
	static struct tthread t[6];

	for (int round = 0; round < 20; round++) {
		area = mmap(NULL, AREA_PAGES * PAGE, RW, ANON, -1, 0);
		CHECK(area != MAP_FAILED);
		for (long i = 0; i < 6; i++)
			thread_start(&t[i], touch_all, (void *)i);
		for (int i = 0; i < 6; i++)
			thread_join(&t[i]);
		for (long i = 0; i < AREA_PAGES; i++)
			CHECK_EQ(*(int *)(area + i * (long)PAGE), 6);
		CHECK(!munmap(area, AREA_PAGES * PAGE));
	}
}

/* The same after a fork, when each page must be copied exactly once. */
static void copies_at_once(void)
{
	static struct tthread t[6];

	area = mmap(NULL, AREA_PAGES * PAGE, RW, ANON, -1, 0);
	CHECK(area != MAP_FAILED);
	memset(area, 0, AREA_PAGES * PAGE);
	for (int round = 0; round < 4; round++) {
		int go[2];
		pid_t pid;
		char c;

		CHECK(!pipe(go));
		pid = fork();
		if (!pid) {
			close(go[1]);
			CHECK_EQ(read(go[0], &c, 1), 0);
			for (long i = 0; i < AREA_PAGES; i++)
				CHECK_EQ(*(int *)(area + i * (long)PAGE),
					 6 * round);
			_exit(0);
		}
		for (long i = 0; i < 6; i++)
			thread_start(&t[i], touch_all, (void *)i);
		for (int i = 0; i < 6; i++)
			thread_join(&t[i]);
		for (long i = 0; i < AREA_PAGES; i++)
			CHECK_EQ(*(int *)(area + i * (long)PAGE),
				 6 * (round + 1));
		close(go[1]);
		CHECK_EQ(wait_status(pid), 0);
		close(go[0]);
	}
}

static void map_and_unmap(void *arg)
{
	for (int i = 0; i < 25; i++) {
		long p = sys(SYS_mmap, 0, 4 * PAGE, RW, ANON, -1, 0);

		if (p < 0) {
			wrong = 1;
			return;
		}
		for (long k = 0; k < 4; k++)
			*(volatile int *)(p + k * (long)PAGE) = (int)k + i;
		for (long k = 0; k < 4; k++)
			if (*(volatile int *)(p + k * (long)PAGE) != k + i)
				wrong = 1;
		if (sys(SYS_munmap, p, 4 * PAGE))
			wrong = 1;
	}
}

static void mappings_at_once(void)
{
	static struct tthread t[6];

	wrong = 0;
	for (long i = 0; i < 6; i++)
		thread_start(&t[i], map_and_unmap, NULL);
	for (int i = 0; i < 6; i++)
		thread_join(&t[i]);
	CHECK_EQ(wrong, 0);
}

/* A call copies to a page that another hart takes away meanwhile. */
static void take_and_give(void *arg)
{
	while (!stop) {
		sys(SYS_munmap, page, PAGE);
		sys(SYS_mmap, page, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	}
}

static void copies_to_what_goes(void)
{
	static struct tthread t;
	int zero = open("/dev/zero", O_RDONLY), fd[2];
	int good = 0, bad = 0;

	test_skip_on_linux("it brings QEMU's user mode down");
	CHECK(!pipe2(fd, O_NONBLOCK));
	page = fresh();
	stop = 0;
	thread_start(&t, take_and_give, NULL);
	for (int i = 0; i < 500; i++) {
		long n = sys(SYS_read, zero, page, PAGE);

		CHECK(n == -EFAULT || (n > 0 && n <= (long)PAGE));
		good += n > 0;
		bad += n < 0;
		n = sys(SYS_write, fd[1], page, 64);
		CHECK(n == -EFAULT || n == 64);
		if (n == 64) {
			char buf[64];

			CHECK_EQ(read(fd[0], buf, 64), 64);
		}
		n = sys(SYS_openat, AT_FDCWD, page, O_RDONLY);
		CHECK(n == -EFAULT || n == -ENOENT);
	}
	stop = 1;
	thread_join(&t);
	CHECK_EQ(good + bad, 500);
}

/* ---- code ---- */

/* li a0, r; ret */
static void write_code(void *at, int r)
{
	((volatile uint32_t *)at)[0] = 0x00000513u | (uint32_t)r << 20;
	((volatile uint32_t *)at)[1] = 0x00008067u;
}

static int run_code(const void *at)
{
	return ((int (*)(void))(uintptr_t)at)();
}

static void call_each_round(void *arg)
{
	for (int r = 1;; r++) {
		int got;

		wait_round(r);
		if (stop)
			return;
		got = run_code(page);
		if (got != r) {
			saw = got;
			wanted = r;
			wrong = 1;
		}
		add_and_wake(&looked, 1);
	}
}

static void code_is_rewritten(void)
{
	static struct tthread t[LOOKERS];
	int r;

	page = mmap(NULL, PAGE, RW | PROT_EXEC, ANON, -1, 0);
	CHECK(page != MAP_FAILED);
	start_lookers(t, call_each_round);
	for (r = 1; r <= 80; r++) {
		write_code(page, r);
		flush_icache(page, page + 8);
		set_and_wake(&round_no, r);
		wait_looked(r * LOOKERS);
		if (wrong)
			test_fail("round %ld: a hart runs what gives %ld",
				  wanted, saw);
	}
	stop = 1;
	set_and_wake(&round_no, r);
	for (int i = 0; i < LOOKERS; i++)
		thread_join(&t[i]);
}

/* What is written on one hart is run on the next, which ran there before what
 * had been written before. */
static void code_goes_with_its_writer(void)
{
	int harts = count_harts();
	unsigned long all[16];

	CHECK(sys(SYS_sched_getaffinity, 0, sizeof(all), all) > 0);
	page = mmap(NULL, PAGE, RW | PROT_EXEC, ANON, -1, 0);
	CHECK(page != MAP_FAILED);
	for (int r = 1; r <= 60; r++) {
		write_code(page, r);
		flush_icache(page, page + 8);
		pin_to(r % harts);
		CHECK_EQ(run_code(page), r);
		CHECK_EQ(sys(SYS_sched_setaffinity, 0, sizeof(all), all), 0);
	}
}

/* A program's pages are written as a file, and nobody says that they are code
 * but who maps them: on a hart that ran from the same page what was in it. */
static void code_of_a_file(void)
{
	int harts = count_harts(), fd, status;
	unsigned long all[16];
	uint32_t code[2];

	CHECK(sys(SYS_sched_getaffinity, 0, sizeof(all), all) > 0);
	fd = open("code", O_RDWR | O_CREAT | O_TRUNC, 0700);
	CHECK(fd >= 0);
	for (int r = 1; r <= 40; r++) {
		pid_t pid;

		pin_to(r % harts);
		write_code(code, r);
		CHECK_EQ(pwrite(fd, code, sizeof(code), 0), sizeof(code));
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			CHECK_EQ(sys(SYS_sched_setaffinity, 0, sizeof(all),
				     all), 0);
			pin_to(r / 2 % harts);
			page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC,
				    MAP_SHARED, fd, 0);
			CHECK(page != MAP_FAILED);
			_exit(run_code(page));
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), r);
		CHECK_EQ(sys(SYS_sched_setaffinity, 0, sizeof(all), all), 0);
	}
	close(fd);
}

/* ---- moving ---- */

static void moves_about(void)
{
	enum { PROCESSES = 6, MOVES = 60 };
	int harts = count_harts(), status;

	/* The same addresses in each, and a different content. */
	area = mmap(NULL, 16 * PAGE, RW, ANON, -1, 0);
	CHECK(area != MAP_FAILED);
	for (int p = 0; p < PROCESSES; p++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid)
			continue;
		{
			double fp = p + 0.25;
			unsigned long all[16];

			CHECK(sys(SYS_sched_getaffinity, 0, sizeof(all), all) >
			      0);
			for (int m = 0; m < MOVES; m++) {
				int to = (p + m) % harts;

				for (long i = 0; i < 16; i++)
					*(volatile long *)(area + i *
							   (long)PAGE) =
						p * 1000 + i + m;
				pin_to(to);
				for (long i = 0; i < 16; i++)
					CHECK_EQ(*(volatile long *)(area + i *
								(long)PAGE),
						 p * 1000 + i + m);
				fp += 1;
				CHECK(fp == p + 0.25 + m + 1);
				/* All of them again, to be able to go on. */
				CHECK_EQ(sys(SYS_sched_setaffinity, 0,
					     sizeof(all), all), 0);
			}
			_exit(0);
		}
	}
	for (int p = 0; p < PROCESSES; p++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}

static void is_where_it_was_sent(void)
{
	int harts = count_harts();
	unsigned long all[16];

	test_skip_on_linux("QEMU's user mode has the host's numbers");
	CHECK(sys(SYS_sched_getaffinity, 0, sizeof(all), all) > 0);
	for (int i = 0; i < harts * 10; i++) {
		unsigned cpu = 99;

		pin_to(i % harts);
		CHECK_EQ(sys(SYS_getcpu, &cpu, NULL, NULL), 0);
		CHECK_EQ(cpu, i % harts);
		CHECK_EQ(count_harts(), 1);
		CHECK_EQ(sys(SYS_sched_setaffinity, 0, sizeof(all), all), 0);
	}
}

TEST_MAIN(CASE(page_is_replaced), CASE(page_is_dropped),
	  CASE(right_to_write_goes), CASE(page_goes),
	  CASE(fork_under_writers), CASE(faults_at_once),
	  CASE(copies_at_once), CASE(mappings_at_once),
	  CASE(copies_to_what_goes), CASE(code_is_rewritten),
	  CASE(code_goes_with_its_writer), CASE(code_of_a_file),
	  CASE(moves_about), CASE(is_where_it_was_sent))
