/*
 * strace: what its parts know of each other. main.c starts, attaches and
 * follows; show.c makes a line of a call and its arguments; names.c has the
 * words for numbers; count.c is -c.
 */
#pragma once

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/abi/ptrace.h"
#include "kernel/abi/syscalls.h"

/* What an argument is: the words of the list of system calls. Those that end
 * in _OUT are known when the call has been made. */
enum kind {
	NOTHING,
	INT,
	SIZE,
	HEX,
	PTR,
	ID,
	DEV,
	MODE,
	FD,
	DIRFD,
	PATH,
	STR,
	BUF,
	IOV,
	ARGS,
	ENVS,
	TIME,
	SIGNAL,
	SIGSET,
	ACTION,
	RLIM,
	POLL,
	OPEN,
	AT,
	ACCESS_AT,
	ACCESS,
	WHENCE,
	FCNTL,
	IOCTL,
	PROT,
	MAP,
	WAIT,
	IDTYPE,
	CLONE,
	FUTEX,
	FLOCK,
	SIGHOW,
	CLOCK,
	RLIMIT,
	PRIO,
	PTRACE,
	FIRST_OUT,
	BUF_OUT = FIRST_OUT,
	IOV_OUT,
	TIME_OUT,
	SIGSET_OUT,
	ACTION_OUT,
	RLIM_OUT,
	STAT_OUT,
	STATUS_OUT,
	INFO_OUT,
	FDS_OUT,
};

struct call {
	const char *name; /* NULL: no such call */
	unsigned char kind[6];
};

extern const struct call calls[SYSCALL_LIMIT];

/* One thread that is traced. */
struct tracee {
	struct tracee *next;
	pid_t pid;
	int in_call;   /* between entry and exit */
	int hidden;    /* it is not the program yet */
	int shown;     /* the line of its call has begun */
	int comma;     /* ... and ends with the comma before what comes later */
	unsigned done; /* how many arguments are shown */
	unsigned long nr, args[6];
	struct timespec since; /* when the call began */
};

struct options {
	FILE *out;
	int counts, follow, took; /* -c, -f, -T */
	int clock;                /* 1: -t, 2: -tt, 3: -r */
	size_t string;            /* -s */
	char wanted[SYSCALL_LIMIT]; /* -e trace= */
};
extern struct options opt;

/* ---- main.c ---- */

long trace(long request, pid_t pid, unsigned long addr, void *data);
/* Copies n bytes from the tracee; how many could be. */
size_t tracee_read(const struct tracee *t, unsigned long from, void *to,
		   size_t n);

/* ---- show.c ---- */

void show_entry(struct tracee *t);
void show_exit(struct tracee *t, long result);
void show_signal(struct tracee *t, const siginfo_t *info);
/* A line that is no call's: "+++ exited with 0 +++". */
void show_note(struct tracee *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- names.c ---- */

/* The name of one value, or its number. */
void put_name(enum kind kind, unsigned long value);
/* Bits, and what is left as a number. */
void put_bits(enum kind kind, unsigned long value);
void put_signal(int sig);
void put_set(unsigned long set); /* of signals */
void put_sigcode(int sig, int code);
/* opens: it says also for what, reading or writing. */
void put_open_flags(unsigned long flags, int opens);
void put_action_flags(unsigned long flags);
void put_poll_bits(unsigned long bits);
void put_mode(unsigned long mode);
/* Calls by number or group, "a,b", "!a", "%file": 0, or the bad word. */
const char *choose_calls(char *list);

/* ---- count.c ---- */

void count_call(const struct tracee *t, long result);
void count_show(void);
