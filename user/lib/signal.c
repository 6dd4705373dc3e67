/*
 * Signals.  The structures are the kernel's own, and the kernel returns from
 * handlers by itself, so nothing is translated.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include "user/lib/syscall.h"

int kill(pid_t pid, int sig)
{
	return (int)CALL(kill, pid, sig);
}

int killpg(pid_t pgid, int sig)
{
	if (pgid < 0)
		return (int)__syscall_fail(-EINVAL);
	return kill(-pgid, sig);
}

int tgkill(pid_t tgid, pid_t tid, int sig)
{
	return (int)CALL(tgkill, tgid, tid, sig);
}

int sigqueue(pid_t pid, int sig, const union sigval value)
{
	siginfo_t info = { .si_signo = sig, .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = value;
	return (int)CALL(rt_sigqueueinfo, pid, sig, &info);
}

int raise(int sig)
{
	return tgkill(getpid(), gettid(), sig);
}

int sigaction(int sig, const struct sigaction *restrict act,
	      struct sigaction *restrict old)
{
	/*
	 * The user mode of QEMU 7.2 has a word too many in the structure,
	 * before the mask: room for it, so that it overwrites nothing.
	 */
	struct {
		struct sigaction sa;
		sigset_t mask_again;
	} in, out;
	int err;

	if (act) {
		in.sa = *act;
		in.mask_again = act->sa_mask;
	}
	err = (int)CALL(rt_sigaction, sig, act ? &in : NULL, old ? &out : NULL,
			sizeof(sigset_t));
	if (old && err == 0)
		*old = out.sa;
	return err;
}

sighandler_t signal(int sig, sighandler_t handler)
{
	struct sigaction act = { .sa_handler = handler,
				 .sa_flags = SA_RESTART };
	struct sigaction old = { 0 };

	if (sigaction(sig, &act, &old) < 0)
		return SIG_ERR;
	return old.sa_handler;
}

int siginterrupt(int sig, int flag)
{
	struct sigaction act;

	if (sigaction(sig, NULL, &act) < 0)
		return -1;
	if (flag)
		act.sa_flags &= ~(uint64_t)SA_RESTART;
	else
		act.sa_flags |= SA_RESTART;
	return sigaction(sig, &act, NULL);
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	return (int)CALL(rt_sigprocmask, how, set, old, sizeof(sigset_t));
}

int sigpending(sigset_t *set)
{
	return (int)CALL(rt_sigpending, set, sizeof(sigset_t));
}

int sigsuspend(const sigset_t *mask)
{
	return (int)CALL(rt_sigsuspend, mask, sizeof(sigset_t));
}

int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
		 const struct timespec *restrict timeout)
{
	return (int)CALL(rt_sigtimedwait, set, info, timeout, sizeof(sigset_t));
}

int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
	return sigtimedwait(set, info, NULL);
}

int sigwait(const sigset_t *restrict set, int *restrict sig)
{
	long ret;

	do
		ret = SYS(rt_sigtimedwait, set, 0, 0, sizeof(sigset_t));
	while (ret == -EINTR);
	if (ret < 0)
		return (int)-ret;
	*sig = (int)ret;
	return 0;
}

int sigaltstack(const stack_t *restrict set, stack_t *restrict old)
{
	return (int)CALL(sigaltstack, set, old);
}

int pause(void)
{
	return (int)CALL(ppoll, 0, 0, 0, 0, 0);
}

int sigemptyset(sigset_t *set)
{
	set->bits[0] = 0;
	return 0;
}

int sigfillset(sigset_t *set)
{
	set->bits[0] = ~0ul;
	return 0;
}

static int sig_check(int sig)
{
	if (sig < 1 || sig > ABI_NSIG)
		return (int)__syscall_fail(-EINVAL);
	return 0;
}

int sigaddset(sigset_t *set, int sig)
{
	if (sig_check(sig) < 0)
		return -1;
	set->bits[0] |= 1ul << (sig - 1);
	return 0;
}

int sigdelset(sigset_t *set, int sig)
{
	if (sig_check(sig) < 0)
		return -1;
	set->bits[0] &= ~(1ul << (sig - 1));
	return 0;
}

int sigismember(const sigset_t *set, int sig)
{
	if (sig_check(sig) < 0)
		return -1;
	return (int)((set->bits[0] >> (sig - 1)) & 1);
}

/* Waiting for descriptors lives here, as it may take a signal mask. */
int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
	  const sigset_t *mask)
{
	/* The kernel writes the time left into the copy. */
	struct timespec ts;

	if (timeout)
		ts = *timeout;
	return (int)CALL(ppoll, fds, n, timeout ? &ts : NULL, mask,
			 sizeof(sigset_t));
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec ts;

	ts.tv_sec = timeout / 1000;
	ts.tv_nsec = timeout % 1000 * 1000000l;
	return (int)CALL(ppoll, fds, n, timeout < 0 ? NULL : &ts, NULL,
			 sizeof(sigset_t));
}
