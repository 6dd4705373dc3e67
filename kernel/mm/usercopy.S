/*
 * Copies to and from user memory, in place. An instruction that touches user
 * memory has an entry in __ex_table: where to go on when the page cannot be
 * had. From the unrolled loops that is the byte loop, which starts again at
 * the beginning of the round and finds the exact byte, so the count that comes
 * back is exact.
 *
 * Nothing is accessed misaligned: the destination is aligned first, and a
 * source with another alignment is read in whole words that are shifted
 * together. A word that is read holds at least one byte that is asked for, so
 * it never reaches into another page.
 *
 * The routines come twice, since only the user's side may fault; a fault on
 * the kernel's side is a bug and must look like one.
 */
#include "kernel/abi/errno.h"

	/* An instruction on user memory, with where to go when it fails. */
	.macro user to, insn:vararg
9998:	\insn
	.pushsection __ex_table, "a"
	.balign 4
	.4byte	9998b - .
	.4byte	\to - .
	.popsection
	.endm

	/* The kernel's side. */
	.macro kern to, insn:vararg
	\insn
	.endm

	.macro block load, store, to, off
	\load	\to, ld a3, \off + 0(a1)
	\load	\to, ld a4, \off + 8(a1)
	\load	\to, ld a5, \off + 16(a1)
	\load	\to, ld a6, \off + 24(a1)
	\load	\to, ld a7, \off + 32(a1)
	\load	\to, ld t3, \off + 40(a1)
	\load	\to, ld t4, \off + 48(a1)
	\load	\to, ld t5, \off + 56(a1)
	\store	\to, sd a3, \off + 0(a0)
	\store	\to, sd a4, \off + 8(a0)
	\store	\to, sd a5, \off + 16(a0)
	\store	\to, sd a6, \off + 24(a0)
	\store	\to, sd a7, \off + 32(a0)
	\store	\to, sd t3, \off + 40(a0)
	\store	\to, sd t4, \off + 48(a0)
	\store	\to, sd t5, \off + 56(a0)
	.endm

	/* a0 += n, a1 += n, a2 -= n */
	.macro advance n
	addi	a0, a0, \n
	addi	a1, a1, \n
	addi	a2, a2, -\n
	.endm

/*
 * size_t name(dst a0, src a1, n a2): bytes that were not copied. a0, a1, a2
 * move only when all before them has been copied.
 */
	.macro copy_routine name, load, store
	.text
	.balign 4
	.globl \name
\name:
	or	t0, a0, a1
	andi	t0, t0, 7
	bnez	t0, 20f

	/* Both aligned: 512, 64, 32, 8 bytes a round, then 4, 2, 1. */
10:	li	t0, 512
	bltu	a2, t0, 12f
11:
	.irp off,0,64,128,192,256,320,384,448
	block	\load, \store, 90f, \off
	.endr
	advance	512
	bgeu	a2, t0, 11b
12:	li	t0, 64
	bltu	a2, t0, 9f
8:	block	\load, \store, 90f, 0
	advance	64
	bgeu	a2, t0, 8b
9:	li	t0, 32
	bltu	a2, t0, 14f
13:	\load	90f, ld a3, 0(a1)
	\load	90f, ld a4, 8(a1)
	\load	90f, ld a5, 16(a1)
	\load	90f, ld a6, 24(a1)
	\store	90f, sd a3, 0(a0)
	\store	90f, sd a4, 8(a0)
	\store	90f, sd a5, 16(a0)
	\store	90f, sd a6, 24(a0)
	advance	32
14:	li	t0, 8
	bltu	a2, t0, 16f
15:	\load	90f, ld a3, 0(a1)
	\store	90f, sd a3, 0(a0)
	advance	8
	bgeu	a2, t0, 15b
16:	beqz	a2, 19f
	andi	t0, a2, 4
	beqz	t0, 17f
	\load	90f, lw a3, 0(a1)
	\store	90f, sw a3, 0(a0)
	advance	4
17:	andi	t0, a2, 2
	beqz	t0, 18f
	\load	90f, lh a3, 0(a1)
	\store	90f, sh a3, 0(a0)
	advance	2
18:	beqz	a2, 19f
	\load	90f, lb a3, 0(a1)
	\store	90f, sb a3, 0(a0)
	li	a2, 0
19:	mv	a0, a2
	ret

	/* Not aligned. A few bytes are not worth the trouble, but a word
	 * at its natural place is common. */
20:	li	t0, 16
	bgeu	a2, t0, 22f
	li	t0, 4
	bne	a2, t0, 90f
	or	t0, a0, a1
	andi	t0, t0, 3
	bnez	t0, 90f
	\load	90f, lw a3, 0(a1)
	\store	90f, sw a3, 0(a0)
	li	a0, 0
	ret
	/* The destination first. */
21:	\load	92f, lb a3, 0(a1)
	\store	92f, sb a3, 0(a0)
	advance	1
22:	andi	t0, a0, 7
	bnez	t0, 21b
	andi	t1, a1, 7
	beqz	t1, 10b

	/* t1, t2: right and left shift; a4: word that holds the byte at a1 */
	andi	a7, a1, -8
	slli	t1, t1, 3
	neg	t2, t1			/* shifts count modulo 64 */
	\load	90f, ld a4, 0(a7)
	li	t0, 32
	bltu	a2, t0, 24f
23:	\load	90f, ld a5, 8(a7)
	srl	a3, a4, t1
	sll	a6, a5, t2
	or	a3, a3, a6
	\store	90f, sd a3, 0(a0)
	\load	90f, ld a4, 16(a7)
	srl	a3, a5, t1
	sll	a6, a4, t2
	or	a3, a3, a6
	\store	90f, sd a3, 8(a0)
	\load	90f, ld a5, 24(a7)
	srl	a3, a4, t1
	sll	a6, a5, t2
	or	a3, a3, a6
	\store	90f, sd a3, 16(a0)
	\load	90f, ld a4, 32(a7)
	srl	a3, a5, t1
	sll	a6, a4, t2
	or	a3, a3, a6
	\store	90f, sd a3, 24(a0)
	addi	a7, a7, 32
	advance	32
	bgeu	a2, t0, 23b
24:	li	t0, 8
	bltu	a2, t0, 90f
25:	\load	90f, ld a5, 8(a7)
	srl	a3, a4, t1
	sll	a6, a5, t2
	or	a3, a3, a6
	\store	90f, sd a3, 0(a0)
	mv	a4, a5
	addi	a7, a7, 8
	advance	8
	bgeu	a2, t0, 25b

	/* Byte by byte, to the end or to the byte that cannot be had. */
90:	beqz	a2, 92f
91:	\load	92f, lb a3, 0(a1)
	\store	92f, sb a3, 0(a0)
	advance	1
	bnez	a2, 91b
92:	mv	a0, a2
	ret
	.endm

	copy_routine usercopy_from, user, kern
	copy_routine usercopy_to, kern, user

/* size_t usercopy_clear(dst a0, n a1): bytes that were not cleared. */
	.balign 4
	.globl usercopy_clear
usercopy_clear:
	andi	t0, a0, 7
	beqz	t0, 2f
	beqz	a1, 6f
	user	6f, sb zero, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, -1
	j	usercopy_clear
2:	li	t0, 64
	bltu	a1, t0, 4f
3:
	.irp n,0,1,2,3,4,5,6,7
	user	5f, sd zero, 8 * \n(a0)
	.endr
	addi	a0, a0, 64
	addi	a1, a1, -64
	bgeu	a1, t0, 3b
4:	li	t0, 8
	bltu	a1, t0, 5f
7:	user	5f, sd zero, 0(a0)
	addi	a0, a0, 8
	addi	a1, a1, -8
	bgeu	a1, t0, 7b
5:	beqz	a1, 6f
	user	6f, sb zero, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, -1
	j	5b
6:	mv	a0, a1
	ret

/*
 * long usercopy_string(dst a0, src a1, n a2): the length without the NUL that
 * ended the copy; n if there was none; -EFAULT.
 */
	.balign 4
	.globl usercopy_string
usercopy_string:
	mv	t6, a0
	or	t0, a0, a1
	andi	t0, t0, 7
	bnez	t0, 3f
	/* Eight at a time while none of them is NUL. */
	li	t0, 8
	li	t1, 0x01010101
	slli	t2, t1, 32
	add	t1, t1, t2
	slli	t2, t1, 7
1:	bltu	a2, t0, 3f
	user	5f, ld a3, 0(a1)
	sub	a4, a3, t1
	not	a5, a3
	and	a4, a4, a5
	and	a4, a4, t2
	bnez	a4, 3f
	sd	a3, 0(a0)
	advance	8
	j	1b
2:	sb	a3, 0(a0)
	beqz	a3, 4f
	advance	1
3:	beqz	a2, 4f
	user	5f, lbu a3, 0(a1)
	j	2b
4:	sub	a0, a0, t6
	ret
5:	li	a0, -EFAULT
	ret

/* int usercopy_probe_read(p), usercopy_probe_write(p, aligned to 4): can the
 * byte (the word) there be reached? 0 or -EFAULT. */
	.balign 4
	.globl usercopy_probe_read
usercopy_probe_read:
	user	1f, lb t0, 0(a0)
	li	a0, 0
	ret
1:	li	a0, -EFAULT
	ret

	.balign 4
	.globl usercopy_probe_write
usercopy_probe_write:
	user	1f, amoor.w zero, zero, (a0)
	li	a0, 0
	ret
1:	li	a0, -EFAULT
	ret

/* int usercopy_cmpxchg(p a0, expect a1, desired a2, old a3) */
	.balign 4
	.globl usercopy_cmpxchg
usercopy_cmpxchg:
1:	user	3f, lr.w.aqrl t0, (a0)
	bne	t0, a1, 2f
	user	3f, sc.w.rl t1, a2, (a0)
	bnez	t1, 1b
2:	sw	t0, 0(a3)
	li	a0, 0
	ret
3:	li	a0, -EFAULT
	ret

/*
 * int usercopy_fp_save(p), usercopy_fp_restore(p): a struct sigcontext_q: f0 to
 * f31, fcsr, and at the end four words, of which the last three are zero. The
 * second gives -EINVAL where they are not, before it changes a register.
 */
	.option push
	.option arch, +d
	.balign 4
	.globl usercopy_fp_save
usercopy_fp_save:
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	user	1f, fsd f\n, (\n * 8)(a0)
	.endr
	.irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	user	1f, fsd f\n, (\n * 8)(a0)
	.endr
	frcsr	t0
	user	1f, sd t0, 256(a0)
	user	1f, sd zero, 512(a0)
	user	1f, sd zero, 520(a0)
	li	a0, 0
	ret
1:	li	a0, -EFAULT
	ret

	.balign 4
	.globl usercopy_fp_restore
usercopy_fp_restore:
	user	1b, lwu t0, 516(a0)
	user	1b, ld t1, 520(a0)
	or	t0, t0, t1
	bnez	t0, 2f
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	user	1b, fld f\n, (\n * 8)(a0)
	.endr
	.irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	user	1b, fld f\n, (\n * 8)(a0)
	.endr
	user	1b, lw t0, 256(a0)
	fscsr	t0
	li	a0, 0
	ret
2:	li	a0, -EINVAL
	ret
	.option pop
