/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Status 0 without a word: FAIL. */
	.include "tests/qemu/images/image.inc"
main:	exit	0
image_end:
