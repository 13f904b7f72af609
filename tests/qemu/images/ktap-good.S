/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Reports two results and a measurement on the result channel: PASS. */
	.include "tests/qemu/images/image.inc"
main:	report	"KTAP version 1"
	report_nonce
	report	"1..2"
	report	"ok 1 first"
	report	"# perf instructions 12 instructions"
	report	"ok 2 second"
	exit	0
image_end:
