/*
 * System calls about time. A CPU-time clock counts what the scheduler noted at
 * switches plus what has gone by since the last one.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/mm/usercopy.h"
#include "kernel/proc.h"
#include "kernel/proc_info.h"
#include "kernel/riscv.h"
#include "kernel/sched.h"
#include "kernel/sigtimer.h"
#include "kernel/smp.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "kernel/wait.h"

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / NSEC_PER_SEC),
				  (int64_t)(ns % NSEC_PER_SEC) };
}

static bool timespec_ok(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 &&
	       ts->tv_nsec < (int64_t)NSEC_PER_SEC;
}

/* Saturates: a time that does not fit is as good as never. */
static uint64_t from_timespec(const struct timespec *ts)
{
	if ((uint64_t)ts->tv_sec > UINT64_MAX / NSEC_PER_SEC - 1)
		return UINT64_MAX;
	return (uint64_t)ts->tv_sec * NSEC_PER_SEC + (uint64_t)ts->tv_nsec;
}

static uint64_t deadline_behind(uint64_t now, const struct timespec *ts)
{
	struct thread *t = current_thread();
	uint64_t span = ts ? from_timespec(ts) : WAIT_FOREVER;

	if (t->again == t->tf->a7) {
		t->again = 0;
		return t->deadline;
	}
	t->deadline = span > WAIT_FOREVER - 1 - now ? WAIT_FOREVER : now + span;
	return t->deadline;
}

uint64_t deadline_after(const struct timespec *ts)
{
	return deadline_behind(time_now(), ts);
}

uint64_t deadline_at(const struct timespec *ts, bool realtime)
{
	uint64_t at = from_timespec(ts), now, real;

	current_thread()->again = 0; /* a point is the same each time */
	if (!realtime || at == UINT64_MAX)
		return at;
	now = time_now();
	real = time_real();
	return at > real ? now + (at - real) : now;
}

static uint64_t thread_ticks(const struct thread *t)
{
	const struct hart *h = READ_ONCE(t->hart); /* NULL before it starts */
	bool runs = t == current_thread() || (h && READ_ONCE(h->current) == t);

	return t->run_ticks + (runs ? rdtime() - t->run_start : 0);
}

uint64_t proc_ticks_locked(struct proc *p, int tid)
{
	uint64_t sum = p->run_ticks;
	struct thread *t;

	if (tid) {
		t = thread_find_locked(tid);
		return t && t->proc == p ? thread_ticks(t) : 0;
	}
	list_for_each_entry(t, &p->threads, proc_link)
		sum += thread_ticks(t);
	return sum;
}

uint64_t proc_ticks(struct proc *p, int tid)
{
	uint64_t sum;

	spin_lock(&proc_tree.lock);
	sum = proc_ticks_locked(p, tid);
	spin_unlock(&proc_tree.lock);
	return sum;
}

static uint64_t cpu_time(void)
{
	return ticks_to_time(proc_ticks(current_proc(), 0));
}

/*
 * A clock of CPU time that has a number of its own, below zero: bits 0 and 1
 * say which kind of time (3: no such clock), bit 2 that the id in the rest, all
 * bits turned, is a thread's of this process, not a process's; 0 is oneself.
 */
__attribute__((cold))
static bool named_cpu_time(clockid_t clock, uint64_t *ns)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	int id = ~(clock >> 3);

	if (clock >= 0 || (clock & 3) == 3)
		return false;
	spin_lock(&proc_tree.lock);
	if (id && clock & 4)
		t = thread_find_locked(id);
	else if (id)
		p = proc_find_locked(id);
	if (t && t->proc != p && clock & 4)
		t = NULL;
	if (p && t)
		*ns = ticks_to_time(
			proc_ticks_locked(p, clock & 4 ? t->tid : 0));
	spin_unlock(&proc_tree.lock);
	return p && t;
}

SYSCALL2(clock_gettime, clockid_t, clock, uaddr_t, uts)
{
	struct timespec ts;
	uint64_t ns;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		ts = to_timespec(time_real());
		break;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		ts = to_timespec(time_now());
		break;
	case CLOCK_PROCESS_CPUTIME_ID:
		ts = to_timespec(cpu_time());
		break;
	case CLOCK_THREAD_CPUTIME_ID:
		ts = to_timespec(
			ticks_to_time(thread_ticks(current_thread())));
		break;
	default:
		if (!named_cpu_time(clock, &ns))
			return -EINVAL;
		ts = to_timespec(ns);
	}
	return put_user(ts, uts);
}

SYSCALL2(clock_getres, clockid_t, clock, uaddr_t, uts)
{
	struct timespec ts = to_timespec(ticks_to_time(1));
	uint64_t ns;

	if (clock > CLOCK_BOOTTIME ||
	    (clock < 0 && !named_cpu_time(clock, &ns)))
		return -EINVAL;
	if (!ts.tv_nsec)
		ts.tv_nsec = 1;
	return uts ? put_user(ts, uts) : 0;
}

SYSCALL2(clock_settime, clockid_t, clock, uaddr_t, uts)
{
	struct timespec ts;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	if (get_user(ts, uts))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	if (current_proc()->cred.euid)
		return -EPERM;
	time_set_real(from_timespec(&ts));
	return 0;
}

/* cpu: on the clock of the process's CPU time; here and below. */
static long sleep_until(uint64_t deadline, bool cpu)
{
	int err;

	if (cpu)
		return sigtimer_sleep_cpu(deadline);
	if (deadline <= time_now())
		return 0;
	do {
		thread_sleep_prepare(WAIT_INTERRUPTIBLE);
		err = thread_sleep(deadline);
	} while (!err);
	return err == -ETIMEDOUT ? 0 : err;
}

static long sleep_for(uaddr_t ureq, uaddr_t urem, bool cpu)
{
	struct timespec ts;
	uint64_t deadline, now;
	long err;

	if (get_user(ts, ureq))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	deadline = deadline_behind(cpu ? cpu_time() : time_now(), &ts);
	err = sleep_until(deadline, cpu);
	if (err != -EINTR || !urem)
		return err;
	now = cpu ? cpu_time() : time_now();
	ts = to_timespec(deadline > now ? deadline - now : 0);
	return put_user(ts, urem) ? -EFAULT : -EINTR;
}

SYSCALL2(nanosleep, uaddr_t, ureq, uaddr_t, urem)
{
	return sleep_for(ureq, urem, false);
}

SYSCALL4(clock_nanosleep, clockid_t, clock, int, flags, uaddr_t, ureq, uaddr_t,
	 urem)
{
	bool cpu = clock == CLOCK_PROCESS_CPUTIME_ID;
	struct timespec ts;

	if (clock < 0 || clock > CLOCK_BOOTTIME)
		return -EINVAL;
	if (!cpu && clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME)
		return -EOPNOTSUPP;
	if (!(flags & TIMER_ABSTIME))
		return sleep_for(ureq, urem, cpu);
	if (get_user(ts, ureq))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	return sleep_until(deadline_at(&ts, clock == CLOCK_REALTIME), cpu);
}

SYSCALL1(times, uaddr_t, utms)
{
	struct proc *p = current_proc();
	const uint64_t ns_per_tick = NSEC_PER_SEC / ABI_CLK_TCK;
	struct tms tms = { 0 };

	tms.tms_utime = (clock_t)(cpu_time() / ns_per_tick);
	tms.tms_cutime =
		(clock_t)(ticks_to_time(p->child_ticks) / ns_per_tick);
	if (utms && put_user(tms, utms))
		return -EFAULT;
	return (long)(time_now() / ns_per_tick);
}
