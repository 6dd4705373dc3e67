/*
 * What stands for device registers: plain memory, zero or of any bytes, which
 * keeps what is written. Every access must lie inside what was mapped, and at
 * a multiple of its own size: the kernel would not survive another.
 *
 * With a seed some of it looks like something: the magic of virtio, functions
 * on a PCI bus with capabilities and base address registers of any size.
 */
#include "tools/board/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/cpu.h"
#include "kernel/dev/driver.h"
#include "kernel/mm/page.h"
#include "kernel/mm/pagetable.h"
#include "kernel/mm/vmspace.h"

#define WINDOWS_MAX 4096
#define ECAM_SIZE   (1u << 20)
/* Behind this a window is zero, and forgets. */
#define KEPT (1u << 20)

/* Windows have addresses that nobody else has, far from each other. */
#define WINDOW_BASE  UINT64_C(0x100000000000)
#define WINDOW_SHIFT 32

static struct window {
	uint64_t begin; /* as far into a page as the registers are */
	size_t size;
	uint8_t *bytes; /* the first KEPT of them */
	bool ecam;
	bool nothing; /* there is no device: ones, and writes are lost */
} windows[WINDOWS_MAX];
static unsigned n_windows;
static uint64_t state;
static bool seeded;

void registers_seed(uint64_t seed)
{
	state = seed;
	seeded = true;
}

/* splitmix64 */
static uint64_t any(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void put(uint8_t *p, unsigned bytes, uint64_t v)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static bool rarely(void)
{
	return any() % 24 == 0;
}

/* A virtio function, with here and there something wrong. */
static void make_function(uint8_t *p)
{
	unsigned cap = 0x40;

	for (unsigned i = 0; i < 0x40; i++)
		p[i] = (uint8_t)any();
	put(p, 2, rarely() ? any() : 0x1af4);
	put(p + 2, 2,
	    rarely() ? 0x1000 + any() % 0x90 : 0x1042 + any() % 2 * 2);
	p[0x0b] = rarely() ? 0x06 : 0x01;
	p[0x0e] = (uint8_t)(rarely() ? any() : any() & 0x80);
	p[0x06] = rarely() ? 0 : 0x10;
	p[0x34] = (uint8_t)(rarely() ? any() : cap);
	p[0x3d] = (uint8_t)(rarely() ? any() : 1 + any() % 4);
	for (unsigned i = 0; i < 5; i++, cap += 0x18) {
		p[cap] = rarely() ? 0x11 : 0x09;
		p[cap + 1] = (uint8_t)(rarely() ? any() : cap + 0x18);
		p[cap + 3] = (uint8_t)(rarely() ? any() : 1 + i);
		p[cap + 4] = (uint8_t)(rarely() ? any() : 2 * (any() % 2));
		put(p + cap + 8, 4,
		    rarely() ? any() % 0x2000 : any() % 4 << 10);
		put(p + cap + 12, 4, rarely() ? any() : 0x400);
		put(p + cap + 16, 4, rarely() ? any() : 4);
	}
}

/* Where a common structure may be: not reset, and a queue that is in use, would
 * end it too soon. */
static void make_common(uint8_t *p)
{
	for (unsigned at = 0; at < 0x1000; at += 0x400) {
		p[at + 7] |= 1; /* version 1, behind either selector */
		p[at + 4] |= 1;
		p[at + 0x14] = 0;
		put(p + at + 0x1c, 2, 0);
		put(p + at + 0x1e, 2, rarely() ? any() : any() % 4);
	}
}

static void make_window(struct window *w)
{
	size_t kept = w->size < KEPT ? w->size : KEPT;

	w->bytes = calloc(1, kept ? kept : 1);
	w->ecam = w->size == ECAM_SIZE;
	if (!seeded)
		return;
	w->nothing = any() % 8 == 0;
	if (w->nothing) {
		memset(w->bytes, 0xff, kept);
		return;
	}
	for (size_t i = 0; i < kept && i < 8192; i++)
		w->bytes[i] = (uint8_t)(any() & any());
	if (kept >= 0x100 && any() % 2) {
		put(w->bytes, 4, 0x74726976);
		put(w->bytes + 4, 4, 1 + any() % 3);
		put(w->bytes + 8, 4, any() % 6);
		put(w->bytes + 0x70, 4, 0);
	}
	if (kept >= 0x1000 && any() % 2)
		make_common(w->bytes);
	for (size_t at = 0; w->ecam && at < ECAM_SIZE; at += 0x1000)
		if (any() % 4 == 0)
			make_function(w->bytes + at);
}

volatile void *device_map(paddr_t pa, size_t size)
{
	struct window *w = &windows[n_windows];

	if (!size || size > DEVICE_SIZE || pa + size < pa ||
	    pa + size > UINT64_C(1) << 56 || pa_is_ram(pa) ||
	    pa_is_ram(pa + size - 1) || n_windows == WINDOWS_MAX)
		return NULL;
	w->size = size;
	make_window(w);
	w->begin = WINDOW_BASE + ((uint64_t)n_windows++ << WINDOW_SHIFT) +
		   pa % PAGE_SIZE;
	return (volatile void *)(uintptr_t)w->begin;
}

bool pa_is_ram(paddr_t pa)
{
	uint64_t base, size;

	for (unsigned i = 0; fdt_memory(&machine_tree, i, &base, &size); i++)
		if (pa >= base && pa - base < size)
			return true;
	return false;
}

/* Of the board's RAM there is nothing here to look at, an initrd for one. */
pte_t *kernel_walk(vaddr_t va, unsigned *level)
{
	return NULL;
}

/* The byte where an access of `bytes` begins, NULL behind what is kept. */
static uint8_t *find(const volatile void *p, unsigned bytes, struct window **w,
		     uint64_t *offset)
{
	uint64_t at = (uint64_t)(uintptr_t)p;
	uint64_t n = (at - WINDOW_BASE) >> WINDOW_SHIFT;

	if (at >= WINDOW_BASE && n < n_windows) {
		*w = &windows[n];
		*offset = at - (*w)->begin;
		if (at % bytes == 0 && *offset < (*w)->size &&
		    bytes <= (*w)->size - *offset)
			return *offset + bytes <= KEPT ? (*w)->bytes + *offset
						       : NULL;
	}
	fprintf(stderr, "ERROR: access of %u bytes at %#llx: no register\n",
		bytes, (unsigned long long)at);
	abort();
}

static uint64_t load(const volatile void *p, unsigned bytes)
{
	struct window *w;
	uint64_t offset, v = 0;
	const uint8_t *b = find(p, bytes, &w, &offset);

	for (unsigned i = 0; b && i < bytes; i++)
		v |= (uint64_t)b[i] << 8 * i;
	return v;
}

/* A base address register takes the bits above its size, which is the same
 * for it each time: most are 64 bits wide, and a few are of another kind. */
static uint32_t bar_takes(uint64_t offset, uint32_t v)
{
	uint64_t key = offset * UINT64_C(0x9e3779b97f4a7c15) >> 40;
	unsigned bits = 12 + (key % 16 ? key % 4 : key / 16 % 20);
	bool high = (offset & 4) && key >> 8 & 7;

	if (!(key >> 8 & 7))
		return v;
	return high ? v : (v & ~((1u << bits) - 1)) | 4;
}

static void store(volatile void *p, unsigned bytes, uint64_t v)
{
	struct window *w;
	uint64_t offset;
	uint8_t *b = find(p, bytes, &w, &offset);

	if (!b || w->nothing)
		return;
	if (w->ecam && (offset & 0xfff) >= 0x10 && (offset & 0xfff) < 0x28)
		v = bar_takes(offset, (uint32_t)v);
	put(b, bytes, v);
}

uint8_t mmio_read8(const volatile void *p)
{
	return (uint8_t)load(p, 1);
}

uint16_t mmio_read16(const volatile void *p)
{
	return (uint16_t)load(p, 2);
}

uint32_t mmio_read32(const volatile void *p)
{
	return (uint32_t)load(p, 4);
}

void mmio_write8(volatile void *p, uint8_t v)
{
	store(p, 1, v);
}

void mmio_write16(volatile void *p, uint16_t v)
{
	store(p, 2, v);
}

void mmio_write32(volatile void *p, uint32_t v)
{
	store(p, 4, v);
}

void mmio_write64(volatile void *p, uint64_t v)
{
	store(p, 8, v);
}
