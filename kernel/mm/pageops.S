/*
 * A page at a time: filling with zeroes and copying are most of what a page
 * fault costs, so both are unrolled to 256 bytes a round. Eight loads before
 * eight stores, so that an in-order core does not wait for each load.
 */
	.text

/* void page_zero(void *page) */
	.balign 4
	.globl page_zero
page_zero:
	li	t0, 4096
	add	t0, t0, a0
1:
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	sd	zero, 8 * \n(a0)
	.endr
	.irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	sd	zero, 8 * \n(a0)
	.endr
	addi	a0, a0, 256
	bne	a0, t0, 1b
	ret

/* void page_copy(void *dst, const void *src) */
	.balign 4
	.globl page_copy
page_copy:
	li	t0, 4096
	add	t0, t0, a0
1:
	.irp n,0,8,16,24
	ld	a2, 8 * (\n + 0)(a1)
	ld	a3, 8 * (\n + 1)(a1)
	ld	a4, 8 * (\n + 2)(a1)
	ld	a5, 8 * (\n + 3)(a1)
	ld	a6, 8 * (\n + 4)(a1)
	ld	a7, 8 * (\n + 5)(a1)
	ld	t1, 8 * (\n + 6)(a1)
	ld	t2, 8 * (\n + 7)(a1)
	sd	a2, 8 * (\n + 0)(a0)
	sd	a3, 8 * (\n + 1)(a0)
	sd	a4, 8 * (\n + 2)(a0)
	sd	a5, 8 * (\n + 3)(a0)
	sd	a6, 8 * (\n + 4)(a0)
	sd	a7, 8 * (\n + 5)(a0)
	sd	t1, 8 * (\n + 6)(a0)
	sd	t2, 8 * (\n + 7)(a0)
	.endr
	addi	a0, a0, 256
	addi	a1, a1, 256
	bne	a0, t0, 1b
	ret
