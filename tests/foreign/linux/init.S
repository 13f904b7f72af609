/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* The first process of a Linux that the harness boots: says so, and ends the machine with status 42 from EL0. */
	.set	SYS_WRITE, 64
	.set	SYS_REBOOT, 142
	.set	SYS_EXIT_EXTENDED, 0x20

	.globl	_start
_start:
	mov	x0, #1
	adr	x1, text
	mov	x2, #text_end - text
	mov	x8, #SYS_WRITE
	svc	#0
	adr	x1, block
	mov	w0, #SYS_EXIT_EXTENDED
	hlt	#0xf000				/* semihosting, allowed to EL0 by userspace=on */
	b	.
text:	.ascii	"init: hello from Linux\n"
text_end:
	.balign	8
block:	.quad	0x20026, 42
