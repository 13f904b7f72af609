// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The kernel's heap, behind malloc and its like (kernel/core/libc.h). */
#ifndef KERNEL_CORE_KHEAP_H
#define KERNEL_CORE_KHEAP_H

#include "lib/heap.h"

void kheap_init(void);

/* The one heap, to look at. Context: boot or fiber, where no other CPU allocates. */
struct heap *kheap(void);

/* The heap's functions, one CPU at a time. Context: boot, fiber or scheduler, any CPU. */
void *kheap_alloc(size_t bytes);
void *kheap_calloc(size_t count, size_t bytes);
void *kheap_realloc(void *address, size_t bytes);
void kheap_free(void *address);
void kheap_trim(void);

#endif
