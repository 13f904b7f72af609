/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Everything right, but ends with 7: FAIL. */
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"alive"
	say	"done"
	exit	7
image_end:
