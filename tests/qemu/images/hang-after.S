/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* All markers, and then never an end: HANG. */
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"alive"
	say	"done"
	hang
image_end:
