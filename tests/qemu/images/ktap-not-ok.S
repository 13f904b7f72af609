/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* A result that is not ok, and still status 0: FAIL. */
	.include "tests/qemu/images/image.inc"
main:	report	"KTAP version 1"
	report_nonce
	report	"1..2"
	report	"ok 1 first"
	report	"not ok 2 second # 3 is not 4"
	exit	0
image_end:
