// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Where a process begins: x0 points to struct capos_start, sp to the end of the stack. */

	.section .text.start, "ax"
	.global	capos_entry
capos_entry:
	mov	x29, xzr
	mov	x30, xzr
	bl	capos_main
	brk	#0

	.section .note.rumpk, "a"
	.balign	4
	.long	6			/* bytes of the owner's name */
	.long	4			/* bytes of the descriptor */
	.long	1			/* type: native */
	.asciz	"Rumpk"
	.balign	4
	.long	2			/* CAPOS_ABI_VERSION */
