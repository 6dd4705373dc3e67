/*
 * Where a program begins.  The kernel leaves on the stack: argc, argv[] and a
 * null, envp[] and a null, the auxiliary vector.
 *
 * The start of a tiny program is part of what fork + exec costs, so nothing is
 * done here that the program did not ask for: `environ` and the pointer behind
 * the program's name are weak, and are stored only when something that uses
 * them was linked in; storing them would touch a page of .bss.  There is no
 * relocation, no initialiser list and no thread area.
 */
	.section .text._start, "ax"
	.globl	_start
	.type	_start, @function
	.weak	environ
	.weak	__libc_argv
_start:
	.option	push
	.option	norelax
	lla	gp, __global_pointer$
	.option	pop
	ld	a0, 0(sp)		/* argc */
	addi	a1, sp, 8		/* argv */
	slli	a2, a0, 3
	add	a2, a2, a1
	addi	a2, a2, 8		/* envp, behind argv's null */
	lui	t0, %hi(environ)
	addi	t0, t0, %lo(environ)
	beqz	t0, 1f
	sd	a2, 0(t0)
1:	lui	t0, %hi(__libc_argv)
	addi	t0, t0, %lo(__libc_argv)
	beqz	t0, 2f
	sd	a1, 0(t0)
2:	li	s0, 0			/* a debugger stops unwinding here */
	call	main
	tail	exit
	.size	_start, . - _start

	.section .note.GNU-stack, "", @progbits
