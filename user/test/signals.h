#pragma once
/* What the tests of signals have in common. */
#include "user/test/test.h"

/* QEMU's user mode takes the words behind a sigaction for the mask. */
struct padded_action {
	struct sigaction act;
	uint64_t zero[16];
};

static inline void handle(int sig, void (*fn)(int), int flags)
{
	struct padded_action a;

	memset(&a, 0, sizeof(a));
	a.act.sa_handler = fn;
	a.act.sa_flags = flags;
	CHECK(!sigaction(sig, &a.act, NULL));
}

static inline void handle_info(int sig, void (*fn)(int, siginfo_t *, void *),
			       int flags)
{
	struct padded_action a;

	memset(&a, 0, sizeof(a));
	a.act.sa_sigaction = fn;
	a.act.sa_flags = flags | SA_SIGINFO;
	CHECK(!sigaction(sig, &a.act, NULL));
}

static inline void mask(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK(!sigprocmask(how, &set, NULL));
}

/* A child that sends sig to its parent every few milliseconds. */
static inline pid_t poke_often(int sig)
{
	pid_t parent = getpid(), pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		for (;;) {
			nap_ms(3);
			if (kill(parent, sig))
				_exit(0);
		}
	}
	return pid;
}

static inline void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	wait_status(pid);
}

static inline void wait_for_ever(void)
{
	for (;;)
		pause();
}
