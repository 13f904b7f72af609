// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Where things lie in a native process's lower half (39 bits). The process learns all of it from struct capos_start. */
#ifndef KERNEL_SYS_LAYOUT_H
#define KERNEL_SYS_LAYOUT_H

#define PROCESS_IMAGE_MIN 0x10000ul /* an access near 0 always faults */
#define PROCESS_IMAGE_END 0x1000000000ul
#define PROCESS_HEAP_BASE 0x2000000000ul
#define PROCESS_HEAP_END 0x6000000000ul
#define PROCESS_START_VA 0x7000000000ul       /* struct capos_start and what it points to: one page, read-only */
#define PROCESS_RINGS_VA 0x7000001000ul       /* ring blocks (CAPOS_RINGS_BYTES), the first the main thread's */
#define PROCESS_RINGS_STRIDE 0x4000ul
#define PROCESS_STACK_TOP 0x7fffff0000ul

#endif
