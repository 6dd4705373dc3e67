/*
 * The message ring and the way to the console.
 *
 * A record is a 16-byte header and the text, rounded up to 16 bytes, at a
 * position that only grows; its place is the position modulo the size of the
 * ring, so headers never wrap and texts may. Positions make readers simple:
 * one that fell behind the oldest record just continues there.
 *
 * Times are kept as raw ticks, because the first lines are older than the
 * knowledge of how long a tick is.
 *
 * The lock is a bare word, not a struct spinlock: the checks of the debug
 * build print. A panic stops honouring it, since its holder may be the one
 * that crashed.
 */
#include "kernel/printk.h"

#include <stdbool.h>

#include "kernel/bits.h"
#include "kernel/memlayout.h"
#include "kernel/riscv.h"
#include "kernel/string.h"
#include "sbi/dbcn.h"

#define RING_SIZE    PRINTK_RING_SIZE
#define RECORD_ALIGN 16
#define PREFIX_MAX   40

struct record {
	uint64_t ticks;
	uint16_t len;
	uint16_t hart;
	uint8_t level;
	uint8_t pad[3];
};

_Static_assert(sizeof(struct record) == RECORD_ALIGN, "headers never wrap");
_Static_assert(PRINTK_LINE_MAX + PREFIX_MAX <= PRINTK_READ_MIN, "line fits");

static char ring[RING_SIZE] __attribute__((aligned(RECORD_ALIGN)));
static uint64_t ring_head;  /* [lock] where the next record goes */
static uint64_t ring_tail;  /* [lock] oldest record */
static uint64_t ring_clear; /* [lock] a new reader begins here */

static char line[PRINTK_LINE_MAX + 1];         /* [lock] */
static char out[PREFIX_MAX + PRINTK_LINE_MAX]; /* [lock] */

static uint32_t lock;
static bool in_panic;
static int console_level = PRINTK_DEBUG;
static uint64_t clock_hz;
static void (*console_write)(const char *text, size_t n);
static unsigned int (*hart_index)(void);

static void printk_lock(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {
		while (READ_ONCE(lock)) {
			if (READ_ONCE(in_panic))
				return;
			cpu_relax();
		}
	}
}

static void printk_unlock(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

/* The firmware wants physical addresses: `out` has one that is known. */
static void firmware_write(const char *text, size_t n)
{
	size_t part;

	if (va_is_image(text) || va_is_direct(text)) {
		sbi_console_write(text,
				  va_is_image(text) ? image_va_to_pa(text)
						    : va_to_pa(text),
				  n);
		return;
	}
	for (; n; text += part, n -= part) {
		part = MIN(n, sizeof(out));
		memcpy(out, text, part);
		sbi_console_write(out, image_va_to_pa(out), part);
	}
}

static uint64_t ticks_to_us(uint64_t ticks)
{
	if (!clock_hz)
		return 0;
	return ticks / clock_hz * 1000000 +
	       ticks % clock_hz * 1000000 / clock_hz;
}

static void ring_copy_in(uint64_t pos, const char *src, size_t n)
{
	size_t at = pos % RING_SIZE;
	size_t part = MIN(n, RING_SIZE - at);

	memcpy(ring + at, src, part);
	memcpy(ring, src + part, n - part);
}

static void ring_copy_out(char *dst, uint64_t pos, size_t n)
{
	size_t at = pos % RING_SIZE;
	size_t part = MIN(n, RING_SIZE - at);

	memcpy(dst, ring + at, part);
	memcpy(dst + part, ring, n - part);
}

static struct record *ring_record(uint64_t pos)
{
	return (struct record *)(ring + pos % RING_SIZE);
}

static size_t record_size(size_t len)
{
	return sizeof(struct record) + round_up(len, RECORD_ALIGN);
}

static uint64_t ring_append(enum printk_level level, const char *text,
			    size_t len)
{
	uint64_t pos = ring_head;
	struct record *r;

	while (pos + record_size(len) - ring_tail > RING_SIZE)
		ring_tail += record_size(ring_record(ring_tail)->len);
	r = ring_record(pos);
	r->ticks = rdtime() - boot_entry_time;
	r->len = (uint16_t)len;
	r->hart = (uint16_t)(hart_index ? hart_index() : 0);
	r->level = (uint8_t)level;
	ring_copy_in(pos + sizeof(*r), text, len);
	ring_head = pos + record_size(len);
	return pos;
}

/* "[    1.234567 h0] text\n" into PREFIX_MAX + PRINTK_LINE_MAX bytes. */
static size_t record_format(uint64_t pos, char *buf)
{
	const struct record *r = ring_record(pos);
	uint64_t us = ticks_to_us(r->ticks);
	size_t n;

	n = (size_t)snprintf(buf, PREFIX_MAX, "[%5lu.%06lu h%u] ", us / 1000000,
			     us % 1000000, r->hart);
	ring_copy_out(buf + n, pos + sizeof(*r), r->len);
	n += r->len;
	buf[n++] = '\n';
	return n;
}

void vprintk(enum printk_level level, const char *fmt, va_list ap)
{
	uint64_t pos;
	size_t n;
	int len;

	printk_lock();
	len = vsnprintf(line, sizeof(line), fmt, ap);
	n = MIN((size_t)len, sizeof(line) - 1);
	while (n && line[n - 1] == '\n')
		n--;
	/* A process's name may have anything in it, and a terminal obeys, also
	 * to bytes above ASCII. */
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)line[i] < ' ' && line[i] != '\t') ||
		    (unsigned char)line[i] >= 0x7f)
			line[i] = '?';
	pos = ring_append(level, line, n);
	if ((int)level < console_level) {
		n = record_format(pos, out);
		if (console_write && !in_panic)
			console_write(out, n);
		else
			firmware_write(out, n);
	}
	printk_unlock();
}

void printk(enum printk_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(level, fmt, ap);
	va_end(ap);
}

void printk_set_console(void (*write)(const char *text, size_t n))
{
	printk_lock();
	console_write = write;
	printk_unlock();
}

void printk_set_loglevel(int level)
{
	console_level = level;
}

void printk_set_clock(uint64_t hz)
{
	clock_hz = hz;
}

uint64_t printk_time_us(void)
{
	return ticks_to_us(rdtime() - boot_entry_time);
}

void printk_set_hart_index(unsigned int (*index)(void))
{
	hart_index = index;
}

static uint64_t reader_start(uint64_t pos)
{
	if (pos == 0)
		pos = ring_clear;
	return MAX(pos, ring_tail);
}

size_t printk_read(uint64_t *pos, char *buf, size_t n)
{
	size_t done = 0, len;
	uint64_t p;

	printk_lock();
	p = reader_start(*pos);
	while (p < ring_head) {
		/* Format in `out`, so that no line is cut by a small buffer. */
		len = record_format(p, out);
		if (len > n - done)
			break;
		memcpy(buf + done, out, len);
		done += len;
		p += record_size(ring_record(p)->len);
	}
	*pos = p;
	printk_unlock();
	return done;
}

size_t printk_pending(uint64_t pos)
{
	size_t n = 0;
	uint64_t p;

	printk_lock();
	for (p = reader_start(pos); p < ring_head;
	     p += record_size(ring_record(p)->len))
		n += record_format(p, out);
	printk_unlock();
	return n;
}

void printk_clear(void)
{
	printk_lock();
	ring_clear = ring_head;
	printk_unlock();
}

void printk_begin_panic(void)
{
	WRITE_ONCE(in_panic, true);
	if (console_level <= PRINTK_EMERG)
		console_level = PRINTK_EMERG + 1;
}
