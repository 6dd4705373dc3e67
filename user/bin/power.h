/*
 * What poweroff and reboot have in common: telling init, which ends all
 * processes in order before it ends the machine.
 */
#pragma once

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Longer than init takes, whatever its processes and lines do. */
#define POWER_PATIENCE 60

/* Is the first process one that waits for orders?  A shell may be it. */
static inline int init_listens(int sig)
{
	unsigned long caught = 0;
	char line[128];
	FILE *f = getpid() == 1 ? NULL : fopen("/proc/1/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "SigCgt: %lx", &caught) == 1)
			break;
	if (f)
		fclose(f);
	return caught >> (sig - 1) & 1;
}

static inline void ended_by_init(int sig)
{
	_exit(0);
}

/*
 * Give init the order and wait for the end.  Comes back when there is no init
 * that would take it: then the caller has to do it alone.
 */
static inline void order_init(int sig, int value)
{
	union sigval v = { .sival_int = value };

	if (!init_listens(sig))
		return;
	/* It ends this program too, and that is no failure. */
	signal(SIGTERM, ended_by_init);
	if (sigqueue(1, sig, v) < 0)
		err(1, "init");
	sleep(POWER_PATIENCE);
	errx(1, "init does not come to an end; -f does without it");
}
