// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Physical pages, counted exactly. Context: boot, fiber or scheduler, any CPU. */
#ifndef KERNEL_CORE_PAGE_H
#define KERNEL_CORE_PAGE_H

#include <stdint.h>

#include "hal/contract/boot.h"
#include "hal/contract/memory.h"

/* Takes over all RAM that is free. A panic where there is too little to count it with. */
void page_init(const struct hal_range *free, unsigned count);

/* The smallest order whose pages hold so many bytes. */
static inline unsigned page_order_for(uint64_t bytes)
{
	unsigned order = 0;

	while (HAL_PAGE_BYTES << order < bytes)
		order++;
	return order;
}

/* 2^order pages of any content, aligned to their size. Physical address, or 0 where memory is out. */
uint64_t page_alloc(unsigned order);

/* Gives back what page_alloc returned, whole. Freeing what is not allocated is a panic. */
void page_free(uint64_t pa, unsigned order);

/* `count` pages, one after the other, of any content, and no more than those. Physical address, or 0. */
uint64_t page_run_alloc(uint64_t count);

/* Gives back what page_run_alloc returned, whole. A panic as above. */
void page_run_free(uint64_t pa, uint64_t count);

/* Pages nobody has. Exact where no other CPU allocates meanwhile. */
uint64_t page_free_count(void);

/* Single pages as the machine layer asks for them. */
struct hal_page_source page_source(void);

#endif
