#pragma once
/*
 * The first process: what it is told to run, and what happens when that
 * cannot be run or comes to an end. It is looked for on the root that is
 * mounted; when nothing there can be started, or what was started has ended,
 * the root goes back to RAM and init starts from there. Only when that fails
 * too is there nothing left to do.
 */

/*
 * Starts it. path: what "init=" said, or NULL; arg: its argument or NULL.
 * Both must stay. 0 or -ENOMEM.
 */
int init_start(const char *path, const char *arg);

/* The last thread of init is about to end: it becomes init again. */
void init_restart(int status) __attribute__((noreturn));
