// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The page of code that programs ask for the time without entering the kernel, and return from signal handlers through. It is a shared object of its own,
 * of one page, in the kernel's image; what it is told by the kernel lies at its end. Shared with vdso.lds by value.
 */
#ifndef KERNEL_SYS_LINUX_VDSO_VDSO_H
#define KERNEL_SYS_LINUX_VDSO_VDSO_H

#include <stdint.h>

#define VDSO_SIGRETURN 0xf04 /* behind a nop */
#define VDSO_DATA 0xf80

struct vdso_data {
	uint64_t ns_per_tick;    /* 32.32 */
	uint64_t real_offset_ns; /* real time is monotonic time and this */
};

#endif
