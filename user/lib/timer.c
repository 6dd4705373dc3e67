/* Timers that send signals. */
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/syscall.h"

int getitimer(int which, struct itimerval *old)
{
	return (int)CALL(getitimer, which, old);
}

int setitimer(int which, const struct itimerval *restrict value,
	      struct itimerval *restrict old)
{
	return (int)CALL(setitimer, which, value, old);
}

unsigned int alarm(unsigned int seconds)
{
	struct itimerval v = { { 0, 0 }, { seconds, 0 } }, old;

	if (setitimer(ITIMER_REAL, &v, &old) < 0)
		return 0;
	/* Part of a second counts as one: nought would say that there was no
	 * alarm. */
	return (unsigned int)old.it_value.tv_sec + (old.it_value.tv_usec != 0);
}

int timer_create(clockid_t clock, struct sigevent *restrict ev,
		 timer_t *restrict id)
{
	return (int)CALL(timer_create, clock, ev, id);
}

int timer_delete(timer_t id)
{
	return (int)CALL(timer_delete, id);
}

int timer_settime(timer_t id, int flags,
		  const struct itimerspec *restrict value,
		  struct itimerspec *restrict old)
{
	return (int)CALL(timer_settime, id, flags, value, old);
}

int timer_gettime(timer_t id, struct itimerspec *value)
{
	return (int)CALL(timer_gettime, id, value);
}

int timer_getoverrun(timer_t id)
{
	return (int)CALL(timer_getoverrun, id);
}
