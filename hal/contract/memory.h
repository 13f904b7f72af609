// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Kernel address space: where physical memory can be reached, and mapped kernel stacks. Layout of the upper half
 * (39-bit, one table of the first level):
 *
 *   0xffffff8000000000  all RAM but the kernel's image, read/write, never executable ("direct map")
 *   0xffffffc000000000  device registers
 *   0xffffffd000000000  kernel stacks, an unmapped guard page under each
 *   0xffffffff80000000  the image: text read/execute, constants read-only, data read/write
 */
#ifndef HAL_CONTRACT_MEMORY_H
#define HAL_CONTRACT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

#define HAL_PAGE_BYTES 4096ul
#define HAL_DIRECT_BASE 0xffffff8000000000ul
#define HAL_DIRECT_BYTES 0x4000000000ul
#define HAL_STACKS_BASE 0xffffffd000000000ul

static inline void *hal_direct_va(uint64_t pa)
{
	return (void *)(HAL_DIRECT_BASE + pa);
}

static inline uint64_t hal_direct_pa(const void *va)
{
	return (uint64_t)va - HAL_DIRECT_BASE;
}

/* Gives and takes back single pages; alloc returns a physical address, or 0 where memory is out. */
struct hal_page_source {
	void *ctx;
	uint64_t (*alloc)(void *ctx);
	void (*free)(void *ctx, uint64_t pa);
};

/*
 * Maps one read/write page at a kernel address that is not mapped yet. Tables it needs come from `source` and stay.
 * Returns STATUS_ENOMEM where the source is dry, with nothing changed but tables. Context: fiber or boot.
 */
MUST_CHECK status_t hal_kernel_map(uint64_t va, uint64_t pa, const struct hal_page_source *source);

/* Unmaps one page and returns its physical address; it must have been mapped by hal_kernel_map. */
uint64_t hal_kernel_unmap(uint64_t va);

/* Whether the kernel may read `bytes` from `va` on: used before following a chain that may be broken. */
int hal_kernel_readable(uint64_t va, size_t bytes);

#endif
