/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* A panic line behind all markers, and still status 0: PANIC. */
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"alive"
	say	"done"
	say	"PANIC: broken on purpose"
	exit	0
image_end:
