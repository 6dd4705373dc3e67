/*
 * The end, when the kernel itself is found to be wrong. Never for a program,
 * a disk, a device tree or for memory that ran out.
 *
 * Stops the other harts, prints a line that begins with "PANIC: ", registers,
 * a back-trace with names, and last PANIC_MARKER on a line of its own; then
 * halts, restarts or powers off as "panic=" asked.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct trapframe;

/* Tests look for it: after this the machine is gone by a panic. */
#define PANIC_MARKER "--- octopos: kernel panic, system halted ---"

void panic(const char *fmt, ...)
	__attribute__((noreturn, cold, format(printf, 1, 2)));

/*
 * The kernel cannot go on, by no fault of its own: no memory, a tree that
 * cannot be read, no program. Says why, then switches off, or restarts where
 * "panic=" wants that.
 */
void boot_stop(const char *fmt, ...)
	__attribute__((noreturn, cold, format(printf, 1, 2)));

/* A panic for a trap: prints the registers of `tf`, and its stack. */
void panic_regs(const struct trapframe *tf, const char *fmt, ...)
	__attribute__((noreturn, cold, format(printf, 2, 3)));

/* panic() unless the condition holds. */
#define KASSERT(cond)                                                          \
	do {                                                                   \
		if (__builtin_expect(!(cond), 0))                              \
			panic("%s:%d: %s", __FILE__, __LINE__, #cond);         \
	} while (0)

/*
 * The value of "panic=": "0" or "halt" (what happens without it), "reboot",
 * "off", or a number of seconds before a restart. Anything else halts.
 */
void panic_set_option(const char *value);

/*
 * For loops that wait for another hart, which may never come: has some hart
 * panicked? Then this one ends here, quietly. (Called on the panicking hart
 * itself, panic_park() finishes the panic instead.)
 */
bool panic_in_progress(void);
void panic_park(void) __attribute__((noreturn));

/*
 * Stops all other harts for good; set by the code that starts them. It must
 * not wait for ever, since a hart may be stuck.
 */
extern void (*panic_stop_others)(void);
/* Prints what else is worth knowing (thread, process); may be NULL. */
extern void (*panic_describe)(void);

/*
 * A back-trace to the log: pc, ra, then each word between `sp` and the end of
 * its stack that points behind a call. Without frame pointers old words on
 * the stack show up too: read it as a superset of the truth.
 */
void backtrace_print(uint64_t pc, uint64_t ra, uint64_t sp);
