/*
 * Where things are in the kernel's half of every address space.
 *
 * All of it lies in the topmost 256 GiB, which is what Sv39 can reach, and
 * stays there in Sv48, but for the direct map: Sv48 is used where RAM lies
 * beyond what Sv39's has room for.
 *
 *	0xffff800000000000  direct map in Sv48: all usable RAM, at base + physical
 *	0xffffffc000000000  direct map in Sv39
 *	0xfffffff000000000  one struct page for each frame of RAM
 *	0xfffffff800000000  device windows
 *	0xfffffffa00000000  kernel stacks, 32 KiB slots
 *	0xffffffff80000000  kernel image
 *	0xffffffffbf800000  device tree blob, until it has been copied
 *
 * Seen from assembly too.
 */
#pragma once

#include "kernel/riscv.h"

#define PAGE_SHIFT     12
#define PAGE_SIZE      (RV_UL(1) << PAGE_SHIFT)
#define PAGE_MASK      (PAGE_SIZE - 1)
#define MEGAPAGE_SHIFT 21
#define MEGAPAGE_SIZE  (RV_UL(1) << MEGAPAGE_SHIFT)
#define GIGAPAGE_SHIFT 30
#define GIGAPAGE_SIZE  (RV_UL(1) << GIGAPAGE_SHIFT)

/* First address that no user mapping may contain: the end of Sv39's lower half
 * in Sv48 too. */
#define USER_TOP (RV_UL(1) << 38)

#define DIRECT_SV48  RV_UL(0xffff800000000000)
#define DIRECT_SV39  RV_UL(0xffffffc000000000)
#define VMEMMAP_BASE RV_UL(0xfffffff000000000)
#define VMEMMAP_SIZE (RV_UL(32) << 30)
#define DEVICE_BASE  RV_UL(0xfffffff800000000)
#define DEVICE_SIZE  (RV_UL(8) << 30)
#define KSTACK_BASE  RV_UL(0xfffffffa00000000)
#define KSTACK_AREA  (RV_UL(16) << 30)
#define IMAGE_BASE   RV_UL(0xffffffff80000000)

/* How far the direct map reaches: in Sv39 it ends at the struct pages, in Sv48
 * where they do, of which each is 32 bytes. */
#define DIRECT_SV39_SIZE (VMEMMAP_BASE - DIRECT_SV39)
#define DIRECT_SV48_SIZE (VMEMMAP_SIZE / 32 << PAGE_SHIFT)

/*
 * The device tree as the firmware left it, read-only, mapped by head.S with
 * 2 MiB pages. It shares the page-table page of the image.
 */
#define FDT_WINDOW_BASE RV_UL(0xffffffffbf800000)
#define FDT_WINDOW_SIZE (RV_UL(4) << MEGAPAGE_SHIFT)
/* What the image may take of its gigabyte. */
#define IMAGE_MAX_SIZE (FDT_WINDOW_BASE - IMAGE_BASE)

/*
 * A stack fills the upper half of its slot, so bit KSTACK_SHIFT of (sp - 1)
 * is set as long as the stack has not overflowed.
 */
#define KSTACK_SHIFT 14
#define KSTACK_SIZE  (RV_UL(1) << KSTACK_SHIFT)
#define KSTACK_SLOT  (KSTACK_SIZE * 2)

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A physical address. Never a pointer: nothing is mapped one to one. */
typedef uint64_t paddr_t;
typedef uint64_t vaddr_t;

/* Where the image begins in memory; set by head.S before C runs. */
extern paddr_t image_pa;
/* Value of `time` at the first instruction; set by head.S. */
extern uint64_t boot_entry_time;

/* DIRECT_*. A constant to the compiler, which reads it once in a function: it
 * changes in pagetable_reach, before there is anything in the direct map, and
 * neither that nor what calls it may look at it. */
extern const vaddr_t direct_base;

/* Bounds from the linker script; each is page aligned. */
extern char __image_start[], __image_end[];
extern char __text_start[], __text_end[];
extern char __rodata_start[], __rodata_end[];
extern char __data_start[], __data_end[];
extern char __bss_start[], __bss_end[];
/* A RAM root that is part of the image (inside rodata); may be empty. */
extern char __initramfs_start[], __initramfs_end[];
/* The slot of the boot hart's first stack: its lower half is the guard. */
extern char __boot_stack_slot[], __boot_stack_top[];

/* RAM to its place in the direct map and back. */
static inline void *pa_to_va(paddr_t pa)
{
	return (void *)(direct_base + pa);
}

static inline paddr_t va_to_pa(const void *va)
{
	return (vaddr_t)va - direct_base;
}

static inline bool va_is_direct(const void *va)
{
	return (vaddr_t)va >= direct_base && (vaddr_t)va < VMEMMAP_BASE;
}

/* The same for what is linked into the image. */
static inline bool va_is_image(const void *va)
{
	return (vaddr_t)va - IMAGE_BASE <
	       (vaddr_t)__image_end - (vaddr_t)__image_start;
}

static inline paddr_t image_va_to_pa(const void *va)
{
	return (vaddr_t)va - IMAGE_BASE + image_pa;
}

static inline void *image_pa_to_va(paddr_t pa)
{
	return (void *)(pa - image_pa + IMAGE_BASE);
}
#endif /* __ASSEMBLER__ */
