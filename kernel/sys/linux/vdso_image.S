// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The vDSO (kernel/sys/linux/vdso), linked by itself. */
	.section .rodata.linux_vdso_image, "a"
	.balign	8
	.global	linux_vdso_image, linux_vdso_image_end
linux_vdso_image:
	.incbin	"build/gen/linux-vdso.so"
linux_vdso_image_end:
