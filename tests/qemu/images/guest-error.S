/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Everything right, but pokes at a register the interrupt controller does not have: FAIL. */
	.include "tests/qemu/images/image.inc"
main:	mov	x5, #0x08000000
	str	w5, [x5, #0x0ff0]
	bl	print_nonce
	say	"alive"
	say	"done"
	exit	0
image_end:
