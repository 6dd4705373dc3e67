/*
 * System calls about timers that send signals. CPU time is counted as a whole,
 * so ITIMER_VIRTUAL and ITIMER_PROF run alike.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/time.h"
#include "kernel/mm/usercopy.h"
#include "kernel/proc.h"
#include "kernel/signal_impl.h"
#include "kernel/sigtimer.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"

#define ID_MAX INT32_MAX

static bool timeval_ok(const struct timeval *tv)
{
	return tv->tv_sec >= 0 && tv->tv_usec >= 0 && tv->tv_usec < 1000000;
}

/* Saturates well below the end of time. */
static uint64_t ns_of(time_t sec, int64_t ns)
{
	if ((uint64_t)sec > INT64_MAX / NSEC_PER_SEC / 2)
		return INT64_MAX / 2;
	return (uint64_t)sec * NSEC_PER_SEC + (uint64_t)ns;
}

static struct timeval to_timeval(uint64_t ns)
{
	/* What is left of an armed timer is not nothing. */
	ns += 999;
	return (struct timeval){ (time_t)(ns / NSEC_PER_SEC),
				 (suseconds_t)(ns % NSEC_PER_SEC / 1000) };
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / NSEC_PER_SEC),
				  (int64_t)(ns % NSEC_PER_SEC) };
}

/* ---- setitimer ---- */

static const uint8_t itimer_signal[] = { SIGALRM, SIGVTALRM, SIGPROF };

static void itimer_get(int which, struct itimerval *v)
{
	struct sigtimer *t = sigtimer_find(SIGTIMER_ITIMER(which));
	uint64_t left = 0, interval = 0;

	if (t)
		sigtimer_get(t, &left, &interval);
	v->it_value = left ? to_timeval(left) : (struct timeval){ 0, 0 };
	v->it_interval = (struct timeval){
		(time_t)(interval / NSEC_PER_SEC),
		(suseconds_t)(interval % NSEC_PER_SEC / 1000),
	};
}

static int itimer_set(int which, const struct itimerval *v)
{
	uint64_t span = ns_of(v->it_value.tv_sec, v->it_value.tv_usec * 1000);
	struct sigtimer *t = sigtimer_find(SIGTIMER_ITIMER(which));
	int err;

	if (!t && !span)
		return 0;
	if (!t) {
		err = sigtimer_create(SIGTIMER_ITIMER(which),
				      itimer_signal[which],
				      which != ITIMER_REAL, &t);
		if (err)
			return err;
	}
	sigtimer_set(
		t, span ? sigtimer_clock(t) + span : 0,
		ns_of(v->it_interval.tv_sec, v->it_interval.tv_usec * 1000));
	return 0;
}

SYSCALL2(getitimer, int, which, uaddr_t, uold)
{
	struct itimerval old;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	sigtimer_lock();
	itimer_get(which, &old);
	sigtimer_unlock();
	return put_user(old, uold);
}

SYSCALL3(setitimer, int, which, uaddr_t, unew, uaddr_t, uold)
{
	struct itimerval new = { 0 }, old;
	int err;

	if (unew && get_user(new, unew))
		return -EFAULT;
	if (which < ITIMER_REAL || which > ITIMER_PROF ||
	    !timeval_ok(&new.it_value) || !timeval_ok(&new.it_interval))
		return -EINVAL;
	sigtimer_lock();
	itimer_get(which, &old);
	err = itimer_set(which, &new);
	sigtimer_unlock();
	if (err)
		return err;
	return uold ? put_user(old, uold) : 0;
}

/* ---- timer_create ---- */

static bool is_own_thread(int tid)
{
	struct thread *t;
	bool found;

	spin_lock(&proc_tree.lock);
	t = thread_find_locked(tid);
	found = t && t->proc == current_proc();
	spin_unlock(&proc_tree.lock);
	return found;
}

/* What *ev asks for; NULL: SIGALRM with the timer's id. */
static int signal_of(const struct sigevent *ev, int *sig, int *tid)
{
	*sig = *tid = 0;
	switch (ev->sigev_notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_THREAD_ID:
		*tid = ev->sigev_notify_thread_id;
		if (!is_own_thread(*tid))
			return -EINVAL;
		break;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD: /* the C library's business */
		break;
	default:
		return -EINVAL;
	}
	*sig = ev->sigev_signo;
	return *sig < 1 || *sig > ABI_NSIG ? -EINVAL : 0;
}

static long delete_timer(int id)
{
	struct sigtimer *t;

	sigtimer_lock();
	t = id >= 0 ? sigtimer_find(id) : NULL;
	if (t)
		sigtimer_delete(t);
	sigtimer_unlock();
	return t ? 0 : -EINVAL;
}

static int free_id(struct proc *p)
{
	while (sigtimer_find(p->next_timer))
		p->next_timer = (p->next_timer + 1) & ID_MAX;
	return p->next_timer++ & ID_MAX;
}

/* Is it a clock of the process's CPU time, or of that of one of its threads
 * (*tid, else 0)? C libraries give the two their numbers below zero, see
 * named_cpu_time in sys_time.c; others' are of no use here. */
static bool own_cpu_clock(clockid_t clock, int *tid)
{
	int id = clock < 0 ? ~(clock >> 3) : 0;
	bool of_thread = clock == CLOCK_THREAD_CPUTIME_ID ||
			 (clock < 0 && clock & 4);

	*tid = !of_thread ? 0 : id ? id : current_thread()->tid;
	if (clock >= 0)
		return of_thread || clock == CLOCK_PROCESS_CPUTIME_ID;
	return (clock & 3) != 3 && (of_thread ? is_own_thread(*tid)
					      : !id || id == current_proc()->pid);
}

SYSCALL3(timer_create, clockid_t, clock, uaddr_t, uev, uaddr_t, uid)
{
	struct sigevent ev = { .sigev_signo = SIGALRM,
			       .sigev_notify = SIGEV_SIGNAL };
	struct proc *p = current_proc();
	struct sigtimer *t;
	int sig, tid, cpu_tid, id, err;
	bool cpu = own_cpu_clock(clock, &cpu_tid);

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		break;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	default:
		if (!cpu) /* 3: a device's, which has no timers */
			return clock < 0 && (clock & 7) == 3 ? -EOPNOTSUPP
							     : -EINVAL;
	}
	if (uev && get_user(ev, uev))
		return -EFAULT;
	err = signal_of(&ev, &sig, &tid);
	if (err)
		return err;
	sigtimer_lock();
	id = free_id(p);
	err = sigtimer_create(id, sig, cpu, &t);
	if (!err) {
		t->tid = tid;
		t->cpu_tid = cpu_tid;
		t->realtime = clock == CLOCK_REALTIME;
		if (sig) {
			t->entry->info.word[1] = (uint32_t)SI_TIMER;
			t->entry->info.word[3] =
				uev ? (uint64_t)ev.sigev_value.sival_ptr
				    : (uint64_t)id;
		}
	}
	sigtimer_unlock();
	if (err || !put_user(id, uid))
		return err;
	delete_timer(id);
	return -EFAULT;
}

static void timer_value(struct sigtimer *t, struct itimerspec *v)
{
	uint64_t left, interval;

	sigtimer_get(t, &left, &interval);
	v->it_value = to_timespec(left);
	v->it_interval = to_timespec(interval);
}

SYSCALL2(timer_gettime, int, id, uaddr_t, uold)
{
	struct sigtimer *t;
	struct itimerspec old;

	sigtimer_lock();
	t = id >= 0 ? sigtimer_find(id) : NULL;
	if (t)
		timer_value(t, &old);
	sigtimer_unlock();
	return t ? put_user(old, uold) : -EINVAL;
}

SYSCALL1(timer_getoverrun, int, id)
{
	struct sigtimer *t;
	long res;

	sigtimer_lock();
	t = id >= 0 ? sigtimer_find(id) : NULL;
	res = t ? t->overrun : -EINVAL;
	sigtimer_unlock();
	return res;
}

static bool timespec_ok(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 &&
	       ts->tv_nsec < (int64_t)NSEC_PER_SEC;
}

static uint64_t first_time(const struct sigtimer *t, const struct timespec *ts,
			   bool absolute)
{
	uint64_t at = ns_of(ts->tv_sec, ts->tv_nsec);

	if (!at)
		return 0;
	if (!absolute)
		return sigtimer_clock(t) + at;
	if (t->realtime)
		at = deadline_at(ts, true);
	return at ? at : 1;
}

SYSCALL4(timer_settime, int, id, int, flags, uaddr_t, unew, uaddr_t, uold)
{
	struct itimerspec new, old;
	struct sigtimer *t;
	int err = 0;

	if (get_user(new, unew))
		return -EFAULT;
	if (!timespec_ok(&new.it_value) || !timespec_ok(&new.it_interval))
		return -EINVAL;
	sigtimer_lock();
	t = id >= 0 ? sigtimer_find(id) : NULL;
	if (!t) {
		err = -EINVAL;
	} else if (!sigtimer_clock(t)) {
		err = -ESRCH;
	} else {
		timer_value(t, &old);
		sigtimer_set(
			t, first_time(t, &new.it_value, flags & TIMER_ABSTIME),
			ns_of(new.it_interval.tv_sec, new.it_interval.tv_nsec));
	}
	sigtimer_unlock();
	if (err)
		return err;
	return uold ? put_user(old, uold) : 0;
}

SYSCALL1(timer_delete, int, id)
{
	return delete_timer(id);
}
