/*
 * Kernel messages: one line each, to the console and into a ring that dmesg
 * reads.
 *
 * Works from the first line of C on, from any hart, with any lock held and
 * from trap handlers: it takes one lock of its own, sleeps never and needs no
 * memory. Until a console is registered, and again during a panic, text goes
 * out through the firmware's console. The ring keeps the newest 64 KiB, each
 * record with the time since entry and the hart that spoke.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* As syslog numbers them. */
enum printk_level {
	PRINTK_EMERG = 0,
	PRINTK_ERR = 3,
	PRINTK_WARN = 4,
	PRINTK_NOTICE = 5,
	PRINTK_INFO = 6,
	PRINTK_DEBUG = 7,
};

#define PRINTK_RING_SIZE 65536 /* bytes of the message log */
/* Longer lines are cut. */
#define PRINTK_LINE_MAX 400
/* What printk_read needs at least to make progress: a line with its prefix. */
#define PRINTK_READ_MIN (PRINTK_LINE_MAX + 40)

/* One line; a newline at the end is welcome but not needed. */
void printk(enum printk_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void vprintk(enum printk_level level, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

#define pr_emerg(...)  printk(PRINTK_EMERG, __VA_ARGS__)
#define pr_err(...)    printk(PRINTK_ERR, __VA_ARGS__)
#define pr_warn(...)   printk(PRINTK_WARN, __VA_ARGS__)
#define pr_notice(...) printk(PRINTK_NOTICE, __VA_ARGS__)
#define pr_info(...)   printk(PRINTK_INFO, __VA_ARGS__)
#define pr_debug(...)  printk(PRINTK_DEBUG, __VA_ARGS__)

/*
 * Where lines go from now on; NULL: the firmware's console. `write` is called
 * with the lock of printk held: it must put the bytes out by polling or into
 * a queue, not sleep and not print. Lines end with "\n" alone.
 */
void printk_set_console(void (*write)(const char *text, size_t n));
/* Only levels below this reach the console ("loglevel="; "quiet" is 4). */
void printk_set_loglevel(int level);
/* Ticks of `time` in a second; before this, lines show time zero. */
void printk_set_clock(uint64_t hz);
/* Microseconds since the image was entered; 0 without a clock. */
uint64_t printk_time_us(void);
/* Tells the index of the running hart; before this, 0 is shown. */
void printk_set_hart_index(unsigned int (*index)(void));

/*
 * Copies whole lines, oldest first, from `*pos` on; begin with 0. Moves
 * `*pos` and returns the number of bytes, 0 when there is nothing newer.
 * Lines that were overwritten meanwhile are skipped.
 */
size_t printk_read(uint64_t *pos, char *buf, size_t n);
/* Bytes that printk_read would give from `pos` on. */
size_t printk_pending(uint64_t pos);
/* Readers that begin with 0 no longer see what is there now. */
void printk_clear(void);

/* For panic.c: from now on no lock and the firmware's console. */
void printk_begin_panic(void);
