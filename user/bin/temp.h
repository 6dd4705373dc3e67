/*
 * For programs that make a file which must not stay when they are interrupted:
 * beside the one that it is to replace, say.
 */
#pragma once

#include <signal.h>
#include <stddef.h>

static void (*temp_drop)(void);

/* Without the file, die of the signal all the same. */
static inline void temp_interrupted(int sig)
{
	temp_drop();
	signal(sig, SIG_DFL);
	raise(sig);
}

/*
 * From now on drop() is called when a signal is about to end the program; it
 * may only do what a handler may.  Signals that are ignored stay so.  What
 * grows beyond `ulimit -f` becomes an error of write (EFBIG), no signal.
 */
static inline void temp_guard(void (*drop)(void))
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE };
	size_t i;

	temp_drop = drop;
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (signal(signals[i], temp_interrupted) == SIG_IGN)
			signal(signals[i], SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* Hold such signals up (1) while a file is made and its name is noted; and let
 * them come (0). */
static inline void temp_hold(int held)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGPIPE);
	sigprocmask(held ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}
