/*
 * The border between head.S and C.
 *
 * head.S hands over the boot hart by calling start_boot() with paging on, on
 * the boot stack, interrupts masked in sstatus and sie, FP and vector off,
 * tp = 0, sscratch = 0, stvec at a handler that prints the trap and powers
 * off. Everything in the image is mapped readable, writable and executable by
 * 2 MiB pages, the device tree read-only in its window; nothing else is.
 *
 * A further hart is given to the firmware with the *physical* address of
 * boot_secondary as its start and the *physical* address of a struct
 * boot_secondary_args as its opaque word. It turns paging on and jumps to
 * `entry` with a0 = hart id, in the same state as above. The arguments must
 * be visible in memory before the call (smp_mb) and may be reused once the
 * hart has reached `entry`. A hart that stopped starts again the same way.
 */
#pragma once

/* Offsets into struct boot_secondary_args */
#define BOOT_ARGS_SATP      0
#define BOOT_ARGS_STACK_TOP 8
#define BOOT_ARGS_THREAD    16
#define BOOT_ARGS_ENTRY     24

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct boot_secondary_args {
	uint64_t satp;      /* must map the image at its link address */
	uint64_t stack_top; /* virtual */
	uint64_t thread;    /* becomes tp */
	void (*entry)(uint64_t hartid);
};

_Static_assert(offsetof(struct boot_secondary_args, satp) == BOOT_ARGS_SATP,
	       "head.S reads it");
_Static_assert(offsetof(struct boot_secondary_args, stack_top) ==
		       BOOT_ARGS_STACK_TOP,
	       "head.S reads it");
_Static_assert(offsetof(struct boot_secondary_args, thread) == BOOT_ARGS_THREAD,
	       "head.S reads it");
_Static_assert(offsetof(struct boot_secondary_args, entry) == BOOT_ARGS_ENTRY,
	       "head.S reads it");

/* Code, not data; take image_va_to_pa(boot_secondary). */
extern char boot_secondary[];

/* The early page table's root: what satp names when start_boot is called. */
extern uint64_t boot_page_table[];

/*
 * The first C function, in kernel/start.c. `fdt` points into the window at
 * FDT_WINDOW_BASE; its magic has been seen there and its total size fits.
 */
void start_boot(uint64_t hartid, const void *fdt, uint64_t image_pa)
	__attribute__((noreturn));
#endif
