/*
 * What a language's run time does with signals, with the C library of Linux:
 * unwinds the stack from inside a handler, through the frame, to main; cancels
 * threads, which is the same with clean-up; sends signals to threads; jumps out
 * of handlers; and has functions called by timers.
 */
#include "user/test/signals.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <sys/time.h>
#include <unwind.h>

#define NOINLINE __attribute__((noinline, noclone))

/* ---- unwinding ---- */

static volatile int deep, saw_spin, saw_top, samples, incomplete;
static volatile unsigned long spun;
static char *volatile nothing;

NOINLINE static void spin(void);
NOINLINE static void touch_nothing(void);
NOINLINE static void top(void (*fn)(void));

static _Unwind_Reason_Code each_frame(struct _Unwind_Context *c, void *arg)
{
	/* It takes what it is given for the place behind a call. */
	void *in = _Unwind_FindEnclosingFunction((void *)_Unwind_GetIP(c) + 1);

	deep++;
	saw_spin |= in == (void *)spin || in == (void *)touch_nothing;
	saw_top |= in == (void *)top;
	return deep < 100 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

static void unwind(int sig)
{
	deep = saw_spin = saw_top = 0;
	_Unwind_Backtrace(each_frame, NULL);
	samples++;
	/* Not when the signal came before or behind the two. */
	if (saw_spin && !saw_top)
		incomplete++;
}

NOINLINE static void spin(void)
{
	for (int i = 0; i < 1000; i++)
		spun++;
}

NOINLINE static void top(void (*fn)(void))
{
	fn();
	__asm__ volatile("" ::: "memory"); /* no tail call */
}

static void at_any_instruction(void)
{
	struct itimerval v = { { 0, 500 }, { 0, 500 } };
	int good = 0;

	handle(SIGALRM, unwind, SA_RESTART);
	CHECK(!setitimer(ITIMER_REAL, &v, NULL));
	while (samples < 100 || good < 20) {
		top(spin);
		good += saw_spin && saw_top;
		saw_spin = 0;
	}
	memset(&v, 0, sizeof(v));
	CHECK(!setitimer(ITIMER_REAL, &v, NULL));
	CHECK_EQ(incomplete, 0);
}

static void unwind_fault(int sig, siginfo_t *info, void *uc)
{
	unwind(sig);
	_exit(saw_spin && saw_top && info->si_addr == (char *)8 ? 61 : 62);
}

NOINLINE static void touch_nothing(void)
{
	*(volatile char *)(nothing + 8) = 1;
}

static char alt[32768] __attribute__((aligned(16)));

static void fault_on_another_stack(void)
{
	stack_t st = { .ss_sp = alt, .ss_size = sizeof(alt) };

	CHECK(!sigaltstack(&st, NULL));
	handle_info(SIGSEGV, unwind_fault, SA_ONSTACK);
	top(touch_nothing);
}

static void fault_on_this_stack(void)
{
	handle_info(SIGSEGV, unwind_fault, 0);
	top(touch_nothing);
}

static void from_a_fault(void)
{
	CHECK_EQ(WEXITSTATUS(wait_status(spawn(fault_on_this_stack))), 61);
	CHECK_EQ(WEXITSTATUS(wait_status(spawn(fault_on_another_stack))), 61);
}

/* ---- threads ---- */

static sem_t ready;
static volatile int cleaned;
static int gate[2];

static void clean_up(void *arg)
{
	cleaned += (int)(long)arg;
}

static void *read_for_ever(void *arg)
{
	char c;

	pthread_cleanup_push(clean_up, (void *)1l);
	pthread_cleanup_push(clean_up, (void *)10l);
	sem_post(&ready);
	(void)!read(gate[0], &c, 1);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *spin_for_ever(void *arg)
{
	pthread_cleanup_push(clean_up, (void *)100l);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	sem_post(&ready);
	for (;;)
		spun++;
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancel(void *(*fn)(void *), int cleans)
{
	pthread_t t;
	void *res;

	cleaned = 0;
	CHECK(!pthread_create(&t, NULL, fn, NULL));
	CHECK(!sem_wait(&ready));
	nap_ms(2);
	CHECK(!pthread_cancel(t));
	CHECK(!pthread_join(t, &res));
	CHECK(res == PTHREAD_CANCELED);
	CHECK_EQ(cleaned, cleans);
}

static void cancelled(void)
{
	CHECK(!sem_init(&ready, 0, 0));
	CHECK(!pipe(gate));
	for (int i = 0; i < 10; i++) {
		cancel(read_for_ever, 11);
		cancel(spin_for_ever, 100);
	}
}

static __thread volatile int mine;
static volatile int theirs[2];

static void count_mine(int sig)
{
	mine++;
}

static void *wait_for_signals(void *arg)
{
	int *sum = arg;

	sem_post(&ready);
	while (mine < 20)
		usleep(1000);
	*sum = mine;
	return NULL;
}

static void to_one_thread(void)
{
	pthread_t t[2];
	int sum[2] = { 0, 0 };

	CHECK(!sem_init(&ready, 0, 0));
	handle(SIGUSR1, count_mine, SA_RESTART);
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_create(&t[i], NULL, wait_for_signals, &sum[i]));
	CHECK(!sem_wait(&ready) && !sem_wait(&ready));
	for (int i = 0; i < 2; i++) {
		for (int n = 0; !__atomic_load_n(&sum[i], __ATOMIC_RELAXED);
		     n++) {
			pthread_kill(t[i], SIGUSR1);
			nap_ms(1);
		}
		CHECK(!pthread_join(t[i], NULL));
		CHECK(sum[i] >= 20);
		CHECK_EQ(mine, 0);
		if (!i)
			CHECK_EQ(sum[1], 0);
	}
}

/* ---- out of a handler ---- */

static sigjmp_buf back;

static void jump(int sig)
{
	siglongjmp(back, sig);
}

static void jumped_out(void)
{
	stack_t st = { .ss_sp = alt, .ss_size = sizeof(alt) };
	volatile int times = 0;
	sigset_t set;

	CHECK(!sigaltstack(&st, NULL));
	handle(SIGSEGV, jump, SA_ONSTACK);
	handle(SIGUSR1, jump, 0);
	while (times < 100) {
		int sig = sigsetjmp(back, 1);

		if (sig) {
			CHECK_EQ(sig, times % 2 ? SIGSEGV : SIGUSR1);
			times++;
			CHECK(!sigprocmask(SIG_BLOCK, NULL, &set));
			CHECK(!sigismember(&set, sig));
		} else if (times % 2) {
			touch_nothing();
		} else {
			raise(SIGUSR1);
		}
	}
}

/* ---- functions called by timers ---- */

static void tick(union sigval v)
{
	__atomic_fetch_add((int *)v.sival_ptr, 1, __ATOMIC_RELAXED);
}

static void called_by_a_timer(void)
{
	struct itimerspec v = { { 0, 2000000 }, { 0, 2000000 } };
	volatile int ticks = 0;
	struct sigevent ev;
	timer_t t;

	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_THREAD;
	ev.sigev_value.sival_ptr = (void *)&ticks;
	ev.sigev_notify_function = tick;
	CHECK(!timer_create(CLOCK_MONOTONIC, &ev, &t));
	CHECK(!timer_settime(t, 0, &v, NULL));
	WAIT_UNTIL(__atomic_load_n(&ticks, __ATOMIC_RELAXED) >= 5);
	CHECK(!timer_delete(t));
}

TEST_MAIN(CASE(at_any_instruction), CASE(from_a_fault), CASE(cancelled),
	  CASE(to_one_thread), CASE(jumped_out), CASE(called_by_a_timer))
