/*
 * From the firmware to the first C function.
 *
 * The firmware enters S-mode at the first byte of the image, wherever that
 * was loaded (2 MiB aligned), with a0 = hart id, a1 = device tree, paging
 * off. The image is linked at a virtual address, so until paging is on only
 * pc-relative addresses (lla) are right and no C can run. Nothing is mapped
 * one to one: stvec points at the virtual successor of the write to satp, and
 * the page fault of the next fetch is the jump.
 *
 * The early page table is two pages of bss: the root, and one table for the
 * gigabyte that holds the image and, at its end, the device tree. The direct
 * map and the final rights are built by C.
 *
 * Whatever goes wrong before C has a trap handler is told through the
 * firmware's console, byte by byte because that needs no addresses: first
 * DBCN, else the legacy call.
 */
#include "boot/boot.h"
#include "kernel/memlayout.h"
#include "sbi/sbi.h"

#define PTE_IMAGE (PTE_V | PTE_R | PTE_W | PTE_X | PTE_G | PTE_A | PTE_D)
#define PTE_FDT   (PTE_V | PTE_R | PTE_G | PTE_A)
#define CSR_TH_SXSTATUS 0x5c0
#define TH_SXSTATUS_MAEE 21
#define ROOT_INDEX ((IMAGE_BASE >> GIGAPAGE_SHIFT) & 511)
#define FDT_INDEX  ((FDT_WINDOW_BASE >> MEGAPAGE_SHIFT) & 511)
#define FDT_MAGIC 0xedfe0dd0		/* as a little-endian load sees it */

	.option norelax
	.section .head, "ax", @progbits

/*
 * The Linux image header for RISC-V, version 0.2: U-Boot, QEMU and firmware
 * read it. The first instruction does nothing but look like "MZ", so that an
 * EFI stub could be put in.
 */
	.globl _start
_start:
	c.li	s4, -13
	.option push
	.option norvc
	j	boot_primary
	.option pop
	.balign 8
	.dword	0x200000		/* offset from the start of RAM */
	.dword	__image_size		/* memory it takes, bss included */
	.dword	0			/* flags: little endian */
	.word	2			/* version 0.2 */
	.word	0
	.dword	0
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\005"
	.word	0

/*
 * Registers up to the call of C:
 *	s0 hart id   s1 device tree   s2 image's physical address
 *	s3 time at entry   s4 virtual minus physical address   s5 satp
 *	s6 what the leaf entries for memory have besides
 */
	.balign 4
boot_primary:
	lla	t0, trap_primary
	csrw	stvec, t0
	csrw	sie, zero
	csrci	sstatus, SSTATUS_SIE
	li	t0, SSTATUS_FS | SSTATUS_VS
	csrc	sstatus, t0
	csrw	sscratch, zero
	/*
	 * Old firmware (OpenSBI 1.1) marks a hart as started before it has
	 * noted where to: one that looks in between enters here, while the
	 * boot hart is long busy. It stops itself, and is started again.
	 */
	li	t0, 1
	lla	t1, boot_taken
	amoswap.w t0, t0, (t1)
	bnez	t0, fail_stop
	mv	s0, a0
	mv	s1, a1
	rdtime	s3
	lla	s2, _start
	li	s4, IMAGE_BASE
	sub	s4, s4, s2

	li	t0, MEGAPAGE_SIZE - 1
	and	t0, t0, s2
	lla	a0, text_misplaced
	bnez	t0, fail_primary

	/* bss is page aligned at both ends; 64 bytes at a time. */
	lla	t0, __bss_start
	lla	t1, __bss_end
1:	sd	zero, 0(t0)
	sd	zero, 8(t0)
	sd	zero, 16(t0)
	sd	zero, 24(t0)
	sd	zero, 32(t0)
	sd	zero, 40(t0)
	sd	zero, 48(t0)
	sd	zero, 56(t0)
	addi	t0, t0, 64
	bltu	t0, t1, 1b

	lla	t0, image_pa
	sd	s2, (t0)
	lla	t0, boot_entry_time
	sd	s3, (t0)

	/*
	 * The device tree: its magic, and a size that the window can hold.
	 * Read in bytes: its alignment is a promise that some loaders break.
	 */
	lla	a0, text_no_fdt
	beqz	s1, fail_primary
	mv	t0, s1
	call	load_word
	li	t2, FDT_MAGIC
	bne	t1, t2, fail_primary
	addi	t0, s1, 4
	call	load_word
	/* t1 is big-endian: turn it round. */
	li	t2, 4
	li	t3, 0
1:	slli	t3, t3, 8
	andi	t4, t1, 0xff
	or	t3, t3, t4
	srli	t1, t1, 8
	addi	t2, t2, -1
	bnez	t2, 1b
	lla	a0, text_big_fdt
	li	t0, MEGAPAGE_SIZE - 1
	and	t1, s1, t0		/* where it begins in its 2 MiB */
	add	t3, t3, t1
	add	t3, t3, t0		/* where it ends, rounded up */
	srli	t3, t3, MEGAPAGE_SHIFT	/* pages that it needs */
	li	t2, FDT_WINDOW_SIZE >> MEGAPAGE_SHIFT
	bgtu	t3, t2, fail_primary

	/*
	 * T-Head's C906, C910 and C920 call themselves implementation 0 of
	 * architecture 0. Their firmware may have switched on page attributes
	 * of their own; an entry without them is memory that is not cached. A
	 * register tells, which other harts do not have: reading it may trap.
	 */
	li	s6, 0
	li	s7, 0
	li	a7, SBI_EXT_BASE
	li	a6, SBI_BASE_MVENDORID
	ecall
	li	t0, MVENDORID_THEAD
	bnez	a0, attributes_known
	bne	a1, t0, attributes_known
	li	a6, SBI_BASE_MARCHID
	ecall
	or	t1, a0, a1
	li	a6, SBI_BASE_MIMPID
	ecall
	or	a0, a0, a1
	or	t1, t1, a0
	bnez	t1, attributes_known
	lla	t0, 1f
	csrw	stvec, t0
	csrr	t1, CSR_TH_SXSTATUS
	.balign 4
1:	lla	t0, trap_primary
	csrw	stvec, t0
sxstatus_read:
	srli	t1, t1, TH_SXSTATUS_MAEE
	andi	t1, t1, 1
	beqz	t1, attributes_known
	li	s6, PTE_THEAD_MEMORY
	li	s7, PTE_THEAD_IO
attributes_known:
	lla	t0, pte_memory_bits
	sd	s6, (t0)
	lla	t0, pte_io_bits
	sd	s7, (t0)

	/* Root entry for the image's gigabyte. */
	lla	t0, boot_page_table
	lla	t1, boot_image_table
	srli	t2, t1, PAGE_SHIFT
	slli	t2, t2, PTE_PPN_SHIFT
	ori	t2, t2, PTE_V
	li	t4, ROOT_INDEX * 8
	add	t4, t4, t0
	sd	t2, (t4)
	/* satp for it */
	srli	t0, t0, PAGE_SHIFT
	li	s5, SATP_MODE_SV39
	or	s5, s5, t0
	/* The image, all of it. */
	lla	t4, __image_end
	srli	t2, s2, PAGE_SHIFT
	slli	t2, t2, PTE_PPN_SHIFT
	ori	t2, t2, PTE_IMAGE
	or	t2, t2, s6
	li	t6, 1 << (MEGAPAGE_SHIFT - PAGE_SHIFT + PTE_PPN_SHIFT)
	li	t5, MEGAPAGE_SIZE
	mv	t0, t1
	mv	a2, s2
1:	sd	t2, (t0)
	addi	t0, t0, 8
	add	t2, t2, t6
	add	a2, a2, t5
	bltu	a2, t4, 1b
	/* The device tree; t3 pages. */
	srli	t2, s1, MEGAPAGE_SHIFT
	slli	t2, t2, MEGAPAGE_SHIFT - PAGE_SHIFT + PTE_PPN_SHIFT
	ori	t2, t2, PTE_FDT
	or	t2, t2, s6
	li	t0, FDT_INDEX * 8
	add	t0, t0, t1
1:	sd	t2, (t0)
	addi	t0, t0, 8
	add	t2, t2, t6
	addi	t3, t3, -1
	bnez	t3, 1b

paging_on:
	lla	t0, primary_virtual
	add	t0, t0, s4
	csrw	stvec, t0
	sfence.vma
	csrw	satp, s5
	/* Only reached when the hart has not taken the mode. */
	lla	t0, trap_primary
	csrw	stvec, t0
	lla	a0, text_no_sv39
	j	fail_primary

	.balign 4
primary_virtual:
	lla	t0, trap_primary
	csrw	stvec, t0
	lla	sp, __boot_stack_top
	mv	tp, zero
	mv	gp, zero
	mv	ra, zero		/* a back-trace ends here */
	mv	a0, s0
	li	t0, MEGAPAGE_SIZE - 1
	and	a1, s1, t0
	li	t0, FDT_WINDOW_BASE
	add	a1, a1, t0
	mv	a2, s2
	tail	start_boot

/* t1 = the four bytes at t0; keeps a0. */
load_word:
	lbu	t1, 3(t0)
	lbu	t2, 2(t0)
	slli	t1, t1, 8
	or	t1, t1, t2
	lbu	t2, 1(t0)
	slli	t1, t1, 8
	or	t1, t1, t2
	lbu	t2, 0(t0)
	slli	t1, t1, 8
	or	t1, t1, t2
	ret

/*
 * A further hart, or one that was stopped: a0 = hart id, a1 = physical
 * address of its struct boot_secondary_args.
 */
	.balign 4
	.globl boot_secondary
boot_secondary:
	lla	t0, trap_secondary
	csrw	stvec, t0
	csrw	sie, zero
	csrci	sstatus, SSTATUS_SIE
	li	t0, SSTATUS_FS | SSTATUS_VS
	csrc	sstatus, t0
	csrw	sscratch, zero
	ld	t1, BOOT_ARGS_SATP(a1)
	ld	sp, BOOT_ARGS_STACK_TOP(a1)
	ld	tp, BOOT_ARGS_THREAD(a1)
	ld	s0, BOOT_ARGS_ENTRY(a1)
	li	t2, IMAGE_BASE
	lla	t0, _start
	sub	t2, t2, t0
	lla	t0, secondary_virtual
	add	t0, t0, t2
	csrw	stvec, t0
	sfence.vma
	csrw	satp, t1
	lla	t0, trap_secondary
	csrw	stvec, t0
	lla	a0, text_no_satp
	j	fail_secondary

	.balign 4
secondary_virtual:
	lla	t0, trap_secondary
	csrw	stvec, t0
	mv	gp, zero
	mv	ra, zero
	jr	s0

/*
 * What went wrong, in words, and the end: the boot hart powers the machine
 * off, another one stops itself, which the boot hart sees as a hart that has
 * not come up. s10 tells them apart. Works with paging on and off.
 */
	.balign 4
trap_primary:
	li	s10, 0
	j	fail_trap
	.balign 4
trap_secondary:
	li	s10, 1
fail_trap:
	lla	a0, text_trap
	call	puts
	csrr	a0, scause
	call	puthex
	lla	a0, text_sepc
	call	puts
	csrr	a0, sepc
	call	puthex
	lla	a0, text_stval
	call	puts
	csrr	a0, stval
	call	puthex
	lla	a0, text_newline
	j	fail
fail_primary:
	li	s10, 0
	j	fail
fail_secondary:
	li	s10, 1
/* Prints a0 and ends. */
fail:
	call	puts
	bnez	s10, 1f
	li	a7, SBI_EXT_SRST
	li	a6, SBI_SRST_SYSTEM_RESET
	li	a0, SBI_SRST_TYPE_SHUTDOWN
	li	a1, SBI_SRST_REASON_FAILURE
	ecall
	li	a7, SBI_EXT_LEGACY_SHUTDOWN
	ecall
	j	2f
fail_stop:
1:	li	a7, SBI_EXT_HSM
	li	a6, SBI_HSM_HART_STOP
	ecall
2:	csrw	sie, zero
	wfi
	j	2b

/* Prints the text at a0. Uses s6-s8; the firmware keeps all but a0, a1. */
puts:
	mv	s6, a0
	mv	s7, ra
1:	lbu	a0, (s6)
	beqz	a0, 2f
	call	putchar
	addi	s6, s6, 1
	j	1b
2:	jr	s7

/* Prints a0 as 16 digits. Uses s6-s8. */
puthex:
	mv	s6, a0
	mv	s7, ra
	li	s8, 60
1:	srl	a0, s6, s8
	andi	a0, a0, 15
	li	t0, 10
	bltu	a0, t0, 2f
	addi	a0, a0, 'a' - '0' - 10
2:	addi	a0, a0, '0'
	call	putchar
	addi	s8, s8, -4
	bgez	s8, 1b
	jr	s7

/* Prints the byte a0: DBCN, and where that answers an error the old way. */
putchar:
	mv	s9, a0
	li	a7, SBI_EXT_DBCN
	li	a6, SBI_DBCN_WRITE_BYTE
	ecall
	beqz	a0, 1f
	mv	a0, s9
	li	a7, SBI_EXT_LEGACY_PUTCHAR
	li	a6, 0
	ecall
1:	ret

text_misplaced:
	.asciz	"octopos: cannot boot: loaded at an address that is no multiple of 2 MiB\n"
text_no_fdt:
	.asciz	"octopos: cannot boot: the firmware handed over no device tree\n"
text_big_fdt:
	.asciz	"octopos: cannot boot: the device tree is larger than its window\n"
text_no_sv39:
	.asciz	"octopos: cannot boot: the hart refuses Sv39 paging\n"
text_no_satp:
	.asciz	"octopos: a hart refuses the paging mode and stays off\n"
text_trap:
	.asciz	"octopos: trap before there is a handler: scause "
text_sepc:
	.asciz	" sepc "
text_stval:
	.asciz	" stval "
text_newline:
	.asciz	"\n"

/* Set before bss is of use, hence in data. */
	.section .data
	.balign 8
	.globl image_pa
image_pa:
	.dword	0
	.globl boot_entry_time
boot_entry_time:
	.dword	0
	.globl direct_base
direct_base:
	.dword	DIRECT_SV39
boot_taken:
	.word	0

	.section .bss.boot_page_tables, "aw", @nobits
	.balign 4096
	.globl boot_page_table
boot_page_table:
	.skip	4096
boot_image_table:
	.skip	4096

/* The stack's slot: guard below, stack above; see kernel/memlayout.h. */
	.section .bss.boot_stack, "aw", @nobits
	.balign 2 * 16384
	.globl __boot_stack_slot
__boot_stack_slot:
	.skip	2 * 16384
	.globl __boot_stack_top
__boot_stack_top:
