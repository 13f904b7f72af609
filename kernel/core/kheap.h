// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The kernel's heap, behind malloc and its like (kernel/core/libc.h). */
#ifndef KERNEL_CORE_KHEAP_H
#define KERNEL_CORE_KHEAP_H

#include "lib/heap.h"

void kheap_init(void);

/* The one heap. Context: boot or fiber, on the boot CPU. */
struct heap *kheap(void);

#endif
