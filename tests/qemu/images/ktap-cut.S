/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Plans three results and gives two, with status 0: PROTOCOL. */
	.include "tests/qemu/images/image.inc"
main:	report	"KTAP version 1"
	report_nonce
	report	"1..3"
	report	"ok 1 first"
	report	"ok 2 second"
	exit	0
image_end:
