#pragma once
/*
 * /proc/sbi: what the firmware is and has, the calls that are made to it, and
 * its performance counters. Any program may read, root may write; nothing that
 * is written can become an address. One fact a line, fields behind tabs; times
 * are in nanoseconds.
 *
 *	info		key and value
 *	extensions	EID, name, since, what the probe says, what it is for
 *	functions	EID, FID, name, arguments (see sbi/calls.h)
 *	counters	index, "hardware" with CSR and width, or "firmware"
 *	features	hart, FWFT feature, name, value or error
 *	events		PMU event, name, whether there is a counter for it
 *	sse		SSE event, name, hart or "all", state or error
 *	cppc		register, name, value
 *	mpxy		channel of MPXY, protocol, its version, bytes of a
 *			message at most, microseconds for sending and for the
 *			answer, what it can; or the channel and an error
 *	stat, trace	see sbi_watch.c
 *	test		see sbitest/
 *	pmu		see sbi_pmu.c
 */
#include "kernel/lock.h"
#include "kernel/mm/page.h"
#include "kernel/smp.h"

struct proc_text;

/* Once /proc takes rows. fdt: where the firmware had put the device tree. */
void sbi_info_init(paddr_t fdt);

/* Guards what is switched on by writing. */
extern struct mutex sbi_files_lock;

/* Runs fn on every hart that is online, this one last. Sleeps. */
void sbi_on_each_hart(void (*fn)(void *), void *arg);

/* The rows of the other two files. */
int sbi_show_stat(struct proc_text *t);
int sbi_write_stat(char *order);
int sbi_show_trace(struct proc_text *t);
int sbi_write_trace(char *order);
int sbi_show_pmu(struct proc_text *t);
int sbi_write_pmu(char *order);
int sbi_show_events(struct proc_text *t);

/* Does somebody count with the performance counters? */
bool sbi_pmu_in_use(void);
