// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Kernel stack switching: the registers that a C call preserves (AAPCS64 6.1.1), on the stack that is left. */

	.text
	.global	hal_context_switch
	.type	hal_context_switch, %function
hal_context_switch:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x9, sp
	str	x9, [x0]
	ldr	x9, [x1]
	mov	sp, x9
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

/* First return into a new context: x19 the function, x20 its argument; it does not come back. */
	.global	context_start
	.type	context_start, %function
context_start:
	mov	x0, x20
	blr	x19
	brk	#1
