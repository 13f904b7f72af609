/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* All markers, and then an end in the middle of a line: FAIL. */
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"alive"
	say	"done"
	adr	x0, half
	bl	print
	exit	0
half:	.asciz	"half a li"
image_end:
