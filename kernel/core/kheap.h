// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The kernel's heap, behind malloc and its like (kernel/core/libc.h). */
#ifndef KERNEL_CORE_KHEAP_H
#define KERNEL_CORE_KHEAP_H

#include "lib/heap.h"

void kheap_init(void);

/* The one heap, to look at. Context: boot or fiber, where no other CPU allocates. */
struct heap *kheap(void);

/*
 * The heap's functions. Small allocations come from a cache of this CPU and go back to it; the heap's lock is taken for several of them
 * at once, for large ones, and for kheap_realloc. Context: boot, fiber or scheduler, any CPU.
 */
void *kheap_alloc(size_t bytes);
void *kheap_calloc(size_t count, size_t bytes);
void *kheap_realloc(void *address, size_t bytes);
void kheap_free(void *address);

/* How much memory an allocation of `bytes` takes: what it is charged as, where that is much more. Context: any. */
size_t kheap_takes(size_t bytes);

/* Empties every CPU's cache, and then gives back all pages in which nothing lives. Context: fiber; boot where one CPU runs. */
void kheap_trim(void);

/* How often the lock has been taken. */
uint64_t kheap_lock_count(void);

#endif
