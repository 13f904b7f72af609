/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Dies in the middle of its second marker, with status 0: FAIL. */
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"alive"
	adr	x0, half
	bl	print
	exit	0
half:	.asciz	"done"
image_end:
