/* SPDX-License-Identifier: BSD-2-Clause */
/* SPDX-FileCopyrightText: The Rumpk authors */
/* Prints nothing and burns the CPU for ever: HANG, told by the CPU budget. */
	.include "tests/qemu/images/image.inc"
main:	b	main
image_end:
