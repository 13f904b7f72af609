// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/page.h"

#include <assert.h>
#include <stddef.h>

#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "lib/bits.h"
#include "lib/buddy.h"

static struct buddy zone;

static_assert(BUDDY_PAGE_BYTES == HAL_PAGE_BYTES, "frames are pages");

/* The allocator's byte a page comes out of the first range that has the room. */
static uint8_t *meta_take(struct hal_range *ranges, unsigned count, uint64_t pages)
{
	uint64_t bytes = bits_align_up(pages, HAL_PAGE_BYTES);

	for (unsigned i = 0; i < count; i++) {
		if (ranges[i].bytes < bytes)
			continue;
		ranges[i].bytes -= bytes;
		return hal_direct_va(ranges[i].base_pa + ranges[i].bytes);
	}
	panic("memory: no room for the page allocator's %llu bytes", (unsigned long long)bytes);
}

void page_init(const struct hal_range *free, unsigned count)
{
	struct hal_range ranges[HAL_RANGES_MAX];
	uint64_t first = free[0].base_pa / HAL_PAGE_BYTES;
	uint64_t end = (free[count - 1].base_pa + free[count - 1].bytes) / HAL_PAGE_BYTES;

	for (unsigned i = 0; i < count; i++)
		ranges[i] = free[i];

	uint8_t *meta = meta_take(ranges, count, end - first);

	buddy_init(&zone, first, end - first, hal_direct_va(first * HAL_PAGE_BYTES), meta);
	for (unsigned i = 0; i < count; i++)
		if (buddy_add_range(&zone, ranges[i].base_pa / HAL_PAGE_BYTES, ranges[i].bytes / HAL_PAGE_BYTES) != STATUS_OK)
			log_print(LOG_MEMORY, LOG_WARN, "%llu KiB at 0x%llx left unused: too many pieces",
				  (unsigned long long)(ranges[i].bytes >> 10), (unsigned long long)ranges[i].base_pa);
	log_print(LOG_MEMORY, LOG_DEBUG, "%llu pages free at boot", (unsigned long long)zone.free_pages);
}

uint64_t page_alloc(unsigned order)
{
	uint64_t page;

	return buddy_alloc(&zone, order, &page) == STATUS_OK ? page * HAL_PAGE_BYTES : 0;
}

void page_free(uint64_t pa, unsigned order)
{
	if (pa % HAL_PAGE_BYTES != 0 || buddy_free(&zone, pa / HAL_PAGE_BYTES, order) != STATUS_OK)
		panic("memory: free of 0x%llx, order %u: no such allocation", (unsigned long long)pa, order);
}

uint64_t page_free_count(void)
{
	return zone.free_pages;
}

static uint64_t source_alloc(void *ctx)
{
	(void)ctx;
	return page_alloc(0);
}

static void source_free(void *ctx, uint64_t pa)
{
	(void)ctx;
	page_free(pa, 0);
}

struct hal_page_source page_source(void)
{
	return (struct hal_page_source){ .alloc = source_alloc, .free = source_free };
}
