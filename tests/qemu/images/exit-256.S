/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Everything right, but ends with 256, which QEMU makes 0: FAIL, by what the guest says of it. */
	.include "tests/qemu/images/image.inc"
main:	bl	print_nonce
	say	"alive"
	say	"done"
	say	"proc: process 1 exited with code 256"
	exit	256
image_end:
