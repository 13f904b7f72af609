// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The head of the image: Linux arm64 Image header (Documentation/arch/arm64/booting.rst, "Call the kernel image"), then one word
 * that names the machine layer's client. The loader jumps to the first byte.
 */
#define IMAGE_FLAG_PAGES_4K (1 << 1)
#define IMAGE_FLAG_ANYWHERE (1 << 3)

	.section .head, "ax"
	b	hal_entry
	.long	0
	.quad	0				/* text offset from a 2 MiB boundary */
	.quad	image_bytes			/* and the bundle behind it, if `rumpk bake` put one there */
	.quad	IMAGE_FLAG_PAGES_4K | IMAGE_FLAG_ANYWHERE
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0
	.quad	kernel_client
