/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* All markers and then a panic line, status 255: PANIC. */
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"alive"
	say	"done"
	say	"PANIC: broken on purpose"
	exit	255
image_end:
