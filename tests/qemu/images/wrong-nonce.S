/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Everything right but for another run's nonce, as a stale image would: FAIL. */
	.include "tests/qemu/images/image.inc"
main:	say	"boot: nonce 0123456789abcdef"
	say	"alive"
	say	"done"
	exit	0
image_end:
