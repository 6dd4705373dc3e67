/* Signals. */
#pragma once

#include <sys/types.h>

#include "kernel/abi/signal.h"
#include "kernel/abi/time.h"

#define NSIG     (ABI_NSIG + 1)
#define _NSIG    NSIG
#define SIGRTMIN 34 /* as elsewhere: the first two belong to libraries */
#define SIGRTMAX 64

typedef int sig_atomic_t;
typedef union sigval sigval_t;
typedef struct sigevent sigevent_t;

int kill(pid_t pid, int sig);
int killpg(pid_t pgid, int sig);
int raise(int sig);
int sigqueue(pid_t pid, int sig, const union sigval value);
int tgkill(pid_t tgid, pid_t tid, int sig);
sighandler_t signal(int sig, sighandler_t handler);
int sigaction(int sig, const struct sigaction *restrict act,
	      struct sigaction *restrict old);
int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old);
int sigpending(sigset_t *set);
int sigsuspend(const sigset_t *mask);
int sigwait(const sigset_t *restrict set, int *restrict sig);
int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info);
int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
		 const struct timespec *restrict timeout);
int sigaltstack(const stack_t *restrict set, stack_t *restrict old);
int siginterrupt(int sig, int flag);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigaddset(sigset_t *set, int sig);
int sigdelset(sigset_t *set, int sig);
int sigismember(const sigset_t *set, int sig);
void psignal(int sig, const char *s);
const char *sigabbrev_np(int sig);
