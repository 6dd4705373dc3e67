/* Signals by name, as kill and its relatives read them. */
#pragma once

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

static const char *const signal_names[] = {
	"EXIT",   "HUP",  "INT",    "QUIT", "ILL",   "TRAP", "ABRT", "BUS",
	"FPE",    "KILL", "USR1",   "SEGV", "USR2",  "PIPE", "ALRM", "TERM",
	"STKFLT", "CHLD", "CONT",   "STOP", "TSTP",  "TTIN", "TTOU", "URG",
	"XCPU",   "XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS",
};

#define SIGNAL_NAMES ((int)(sizeof(signal_names) / sizeof(*signal_names)))

/* "9", "KILL", "SIGKILL", "kill"; -1 for what is none. */
static inline int signal_number(const char *s)
{
	char *end;
	long n;
	int i;

	if (isdigit((unsigned char)*s)) {
		n = strtol(s, &end, 10);
		return *end || n > 64 ? -1 : (int)n;
	}
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	for (i = 0; i < SIGNAL_NAMES; i++)
		if (strcasecmp(s, signal_names[i]) == 0)
			return i;
	return -1;
}
