/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Complete results of another run's nonce: PROTOCOL. */
	.include "tests/qemu/images/image.inc"
main:	report	"KTAP version 1"
	report	"# nonce 0123456789abcdef"
	report	"1..1"
	report	"ok 1 first"
	exit	0
image_end:
