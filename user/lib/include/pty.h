/* Pairs of pseudo terminals in one call. */
#pragma once

#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

/* name, if not NULL, has room for a path; t and ws may be NULL. */
int openpty(int *master, int *slave, char *name, const struct termios *t,
	    const struct winsize *ws);
pid_t forkpty(int *master, char *name, const struct termios *t,
	      const struct winsize *ws);
