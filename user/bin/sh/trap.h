/*
 * Signals: what the shell itself does with them, and trap. A handler only
 * notes the signal; the text of a trap runs between two commands.
 *
 * A shell that runs a script and has no traps makes no signal call at all.
 */
#pragma once

#include <stdbool.h>

/* A trap is to be run, or ^C came in an interactive shell. */
extern volatile int trap_pending;

void trap_run_pending(void);
/* ^C since the last call? */
bool trap_interrupted(void);
/* The same, whatever it is to do, and without forgetting it. */
bool trap_came_interrupt(void);
/*
 * Waits for input on a descriptor; false when a signal came that the shell
 * has a handler for. None is missed in the moment before it goes to sleep.
 */
bool trap_poll(int fd);
/*
 * The same for children: sleeps until a signal comes, SIGCHLD among them,
 * unless is_over (called while no signal can come) says that there is nothing
 * to wait for any more.
 */
void trap_sleep(bool (*is_over)(void));
/* The signal that ended a wait. */
int trap_last_signal(void);
/* Is any trap set? */
bool trap_any(void);
/*
 * In a forked child: traps are gone, the shell's own settings too. list:
 * trap without arguments still shows what the parent had.
 */
void trap_child(bool list);
/* The same for signals only, when the shell is about to be replaced. */
void trap_before_exec(void);
/* The shell is interactive: ^C and the like do not end it. */
void trap_interactive(void);
void trap_job_control(bool on);
/* Runs the EXIT trap, once. */
void trap_exit(void);

/* "INT" for 2; NULL if there is no such signal. */
const char *signal_name(int sig);
/* "Interrupt" for 2. */
const char *signal_text(int sig);
/* From "INT", "SIGINT", "int" or "2"; 0 for EXIT; -1 if it is none. */
int signal_number(const char *name);

int bi_trap(int argc, char **argv);
