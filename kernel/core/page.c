// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * RAM is given to the allocator piece by piece, as it is asked for: seeding all of it at boot writes to the head of every large
 * block, and the first write to each 2 MiB of a virtual machine's memory costs its host a zeroed huge page.
 */
#include "kernel/core/page.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "kernel/core/kheap_guard.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "lib/bits.h"
#include "lib/buddy.h"

#define PIECE_BYTES 0x200000ul

/*
 * Single pages, which are most, come from a small store of this CPU's own; blocks of them move between it and the zone, under the
 * zone's lock.
 */
enum { STORE_PAGES = 32, STORE_MOVES = STORE_PAGES / 2 };

struct page_store {
	alignas(64) _Atomic uint64_t count; /* W: its CPU; R: who counts */
	uint64_t pa[STORE_PAGES];           /* W: its CPU */
};

static struct page_store stores[HAL_CPUS_MAX];
static struct spinlock zone_lock;
static struct buddy zone;
static struct hal_range pending[HAL_RANGES_MAX]; /* not given to the zone yet, from the low end on */
static unsigned pending_count;
static uint64_t pending_pages;

/* This CPU's. Its fibers and its scheduler do not yield with it in hand, and an interrupt has no business here. */
static struct page_store *store_this(void)
{
	ASSERT_OWNED(!hal_cpu_in_exception());
	return &stores[hal_cpu_index()];
}

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
	uint64_t first = free[0].base_pa / HAL_PAGE_BYTES;
	uint64_t end = (free[count - 1].base_pa + free[count - 1].bytes) / HAL_PAGE_BYTES;

	for (unsigned i = 0; i < count; i++)
		pending[i] = free[i];
	pending_count = count;

	uint8_t *meta = meta_take(pending, count, end - first);

	buddy_init(&zone, first, end - first, hal_direct_va(first * HAL_PAGE_BYTES), meta);
	for (unsigned i = 0; i < count; i++)
		pending_pages += pending[i].bytes / HAL_PAGE_BYTES;
	log_print(LOG_MEMORY, LOG_DEBUG, "%llu pages free at boot", (unsigned long long)pending_pages);
}

/* Gives the zone the next piece of RAM, up to a boundary of its size. False where there is none left. */
static bool zone_grow(void)
{
	for (unsigned i = 0; i < pending_count; i++) {
		struct hal_range *range = &pending[i];
		uint64_t bytes = bits_align_down(range->base_pa, PIECE_BYTES) + PIECE_BYTES - range->base_pa;

		if (range->bytes == 0)
			continue;
		if (bytes > range->bytes)
			bytes = range->bytes;
		if (buddy_add_range(&zone, range->base_pa / HAL_PAGE_BYTES, bytes / HAL_PAGE_BYTES) != STATUS_OK) {
			log_print(LOG_MEMORY, LOG_WARN, "%llu KiB at 0x%llx left unused: RAM is in too many pieces",
				  (unsigned long long)(range->bytes >> 10), (unsigned long long)range->base_pa);
			pending_pages -= range->bytes / HAL_PAGE_BYTES;
			range->bytes = 0;
			continue;
		}
		range->base_pa += bytes;
		range->bytes -= bytes;
		pending_pages -= bytes / HAL_PAGE_BYTES;
		return true;
	}
	return false;
}

/* Context: zone lock taken. */
static uint64_t zone_alloc(unsigned order)
{
	uint64_t page;

	ASSERT_OWNED(spinlock_is_taken(&zone_lock));
	do {
		status_t status = buddy_alloc(&zone, order, &page);

		if (status == STATUS_OK)
			return page * HAL_PAGE_BYTES;
		if (status != STATUS_ENOMEM)
			return 0;
	} while (zone_grow());
	return 0;
}

/* Context: zone lock taken. */
static void zone_free(uint64_t pa, unsigned order)
{
	ASSERT_OWNED(spinlock_is_taken(&zone_lock));
	if (pa % HAL_PAGE_BYTES != 0 || buddy_free(&zone, pa / HAL_PAGE_BYTES, order) != STATUS_OK)
		panic("memory: free of 0x%llx, order %u: no such allocation", (unsigned long long)pa, order);
}

/* Takes pages from the zone, as many as there are up to STORE_MOVES. */
static void store_fill(struct page_store *store, uint64_t count)
{
	spinlock_take(&zone_lock);
	while (count < STORE_MOVES) {
		uint64_t pa = zone_alloc(0);

		if (pa == 0)
			break;
		store->pa[count++] = pa;
	}
	spinlock_give(&zone_lock);
	atomic_store_explicit(&store->count, count, memory_order_relaxed);
}

static uint64_t pages_alloc(unsigned order)
{
	struct page_store *store = store_this();
	uint64_t pa;

	if (order == 0) {
		uint64_t count = atomic_load_explicit(&store->count, memory_order_relaxed);

		if (count == 0)
			store_fill(store, 0);
		count = atomic_load_explicit(&store->count, memory_order_relaxed);
		if (count == 0)
			return 0;
		atomic_store_explicit(&store->count, count - 1, memory_order_relaxed);
		return store->pa[count - 1];
	}
	spinlock_take(&zone_lock);
	pa = zone_alloc(order);
	spinlock_give(&zone_lock);
	return pa;
}

static void pages_free(uint64_t pa, unsigned order)
{
	struct page_store *store = store_this();
	uint64_t count = atomic_load_explicit(&store->count, memory_order_relaxed);

	VERIFY(pa % HAL_PAGE_BYTES == 0);
	if (order == 0 && count < STORE_PAGES) {
		for (uint64_t i = 0; i < count; i++)
			if (store->pa[i] == pa)
				panic("memory: free of 0x%llx, order 0: it is free", (unsigned long long)pa);
		store->pa[count] = pa;
		atomic_store_explicit(&store->count, count + 1, memory_order_relaxed);
		return;
	}
	spinlock_take(&zone_lock);
	zone_free(pa, order);
	while (order == 0 && count > STORE_MOVES)
		zone_free(store->pa[--count], 0);
	spinlock_give(&zone_lock);
	atomic_store_explicit(&store->count, count, memory_order_relaxed);
}

enum { LINKS_BYTES = 64 }; /* the zone's own lists begin free pages */

/* In the debug image what is free holds a pattern, as freed objects do (kernel/core/kheap_guard.h). */
static uint8_t *guarded_at(uint64_t pa, uint64_t page)
{
	return (uint8_t *)hal_direct_va(pa + page * HAL_PAGE_BYTES) + LINKS_BYTES;
}

static uint64_t guard_begin(uint64_t pa, uint64_t count)
{
	for (uint64_t i = 0; DEBUG_CHECKS && pa != 0 && i < count; i++)
		if (kheap_guard_begin(guarded_at(pa, i), HAL_PAGE_BYTES - LINKS_BYTES, 0) != NULL)
			panic("memory: page 0x%llx was written after it was freed", (unsigned long long)(pa + i * HAL_PAGE_BYTES));
	return pa;
}

static void guard_fill(uint64_t pa, uint64_t count)
{
	for (uint64_t i = 0; DEBUG_CHECKS && pa % HAL_PAGE_BYTES == 0 && i < count; i++)
		kheap_guard_fill(guarded_at(pa, i), HAL_PAGE_BYTES - LINKS_BYTES);
}

uint64_t page_alloc(unsigned order)
{
	return guard_begin(pages_alloc(order), 1ull << order);
}

void page_free(uint64_t pa, unsigned order)
{
	guard_fill(pa, 1ull << order);
	pages_free(pa, order);
}

uint64_t page_run_alloc(uint64_t count)
{
	unsigned order = page_order_for(count * HAL_PAGE_BYTES);
	uint64_t pa;

	if (order == 0)
		return page_alloc(0);
	spinlock_take(&zone_lock);
	pa = zone_alloc(order);
	if (pa != 0 && buddy_keep(&zone, pa / HAL_PAGE_BYTES, order, count) != STATUS_OK)
		panic("memory: of 0x%llx, order %u, %llu pages are not kept", (unsigned long long)pa, order, (unsigned long long)count);
	spinlock_give(&zone_lock);
	return guard_begin(pa, count);
}

void page_run_free(uint64_t pa, uint64_t count)
{
	status_t status;

	if (count == 1) {
		page_free(pa, 0);
		return;
	}
	guard_fill(pa, count);
	spinlock_take(&zone_lock);
	status = pa % HAL_PAGE_BYTES == 0 ? buddy_free_kept(&zone, pa / HAL_PAGE_BYTES, count) : STATUS_EINVAL;
	spinlock_give(&zone_lock);
	if (status != STATUS_OK)
		panic("memory: free of 0x%llx, %llu pages: no such allocation", (unsigned long long)pa, (unsigned long long)count);
}

uint64_t page_free_count(void)
{
	uint64_t count = zone.free_pages + pending_pages;

	for (unsigned i = 0; i < HAL_CPUS_MAX; i++)
		count += atomic_load_explicit(&stores[i].count, memory_order_relaxed);
	return count;
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
