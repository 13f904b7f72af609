/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Prints nothing and waits for ever: HANG. */
	.include "tests/qemu/images/image.inc"
main:	hang
image_end:
