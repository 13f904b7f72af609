/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/*
 * The floor of boot time: the least a machine can do between its exec and its first line. Ten instructions behind the
 * Image header; they write one byte and a line end to the PL011 and leave. `make perf` boots it beside Rumpk.
 */
	.text
	.globl	_start
_start:
	b	1f
	.long	0
	.quad	0x80000, image_end - _start, 0xa, 0, 0, 0
	.ascii	"ARM\x64"
	.long	0
1:	mov	x0, #0x09000000
	mov	w1, #'.'
	strb	w1, [x0]
	mov	w1, #'\n'
	strb	w1, [x0]
	adr	x1, block
	mov	w0, #0x20	/* SYS_EXIT_EXTENDED */
	hlt	#0xf000
	b	.
	.balign	8
block:	.quad	0x20026, 0
image_end:
