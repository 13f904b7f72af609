/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Prints all markers and then never stops printing: HANG, and the log stays bounded. */
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"alive"
	say	"done"
again:	say	"la la la la la la la la la la la la la la la la la la la la la la la la la la la la la"
	b	again
image_end:
