/*
 * Checksums where the harts multiply without carries (Zbc); crc32c.c says how
 * they are used. A word of eight bytes stands for a polynomial whose highest
 * power is in bit 0, as the sum's 32 bits do.
 */
	.text
	.option push
	.option arch, +zbc

/* uint64_t clmul_multiply(uint64_t a, uint64_t b): the lower half of it. */
	.globl clmul_multiply
clmul_multiply:
	clmul	a0, a0, a1
	ret

/*
 * uint32_t clmul_crc32c(uint32_t crc, const void *p, size_t n): over n words.
 * A word W, to which the sum so far is added, becomes W * x^32 mod P. The
 * quotient is the upper half of W * (x^96 / P), whose own highest power makes
 * it W plus a product: the 1 in the constant. The rest is what the quotient
 * times P has below x^32.
 */
	.macro	crc_word offset
	ld	t0, \offset(a1)
	xor	a0, a0, t0
	clmul	a0, a0, a3
	clmulr	a0, a0, a4
	.endm

	.globl clmul_crc32c
clmul_crc32c:
	ld	a3, quotient
	lwu	a4, remainder
	slli	a0, a0, 32
	srli	a0, a0, 32
	addi	a2, a2, -8
	bltz	a2, 2f
1:	.irp	i,0,1,2,3,4,5,6,7	/* eight words a turn */
	crc_word (\i * 8)
	.endr
	addi	a1, a1, 64
	addi	a2, a2, -8
	bgez	a2, 1b
2:	addi	a2, a2, 8
	beqz	a2, 4f
3:	crc_word 0			/* those that are left */
	addi	a1, a1, 8
	addi	a2, a2, -1
	bnez	a2, 3b
4:	sext.w	a0, a0
	ret
	.option pop

	.section .rodata
	.balign 8
quotient:
	.dword	0x4869ec38dea713f1	/* x^96 / P */
remainder:
	.word	0x82f63b78		/* P - x^32 */
