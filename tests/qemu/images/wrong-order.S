/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Both markers, in the wrong order: FAIL. */
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"done"
	say	"alive"
	exit	0
image_end:
