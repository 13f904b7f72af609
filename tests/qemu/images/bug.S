/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Everything right, but says that it found a bug: FAIL. */
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"alive"
	say	"BUG: 3 pages leaked"
	say	"done"
	exit	0
image_end:
