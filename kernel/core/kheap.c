// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/kheap.h"

#include "hal/contract/memory.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"

static struct heap heap;
static struct spinlock lock;

static unsigned order_for(size_t bytes)
{
	unsigned order = 0;

	while ((HAL_PAGE_BYTES << order) < bytes)
		order++;
	return order;
}

static void *source_alloc(void *ctx, size_t bytes)
{
	(void)ctx;

	uint64_t pa = page_alloc(order_for(bytes));

	return pa != 0 ? hal_direct_va(pa) : NULL;
}

static void source_free(void *ctx, void *pages, size_t bytes)
{
	(void)ctx;
	page_free(hal_direct_pa(pages), order_for(bytes));
}

static void source_bad(void *ctx, const char *what, const void *address)
{
	(void)ctx;
	panic("heap: %s: %p", what, address);
}

void kheap_init(void)
{
	static const struct heap_source source = { .alloc = source_alloc, .free = source_free, .bad = source_bad };

	heap_init(&heap, &source);
}

struct heap *kheap(void)
{
	return &heap;
}

void *kheap_alloc(size_t bytes)
{
	spinlock_take(&lock);

	void *address = heap_alloc(&heap, bytes);

	spinlock_give(&lock);
	return address;
}

void *kheap_calloc(size_t count, size_t bytes)
{
	spinlock_take(&lock);

	void *address = heap_calloc(&heap, count, bytes);

	spinlock_give(&lock);
	return address;
}

void *kheap_realloc(void *old, size_t bytes)
{
	spinlock_take(&lock);

	void *address = heap_realloc(&heap, old, bytes);

	spinlock_give(&lock);
	return address;
}

void kheap_free(void *address)
{
	spinlock_take(&lock);
	heap_free(&heap, address);
	spinlock_give(&lock);
}

void kheap_trim(void)
{
	spinlock_take(&lock);
	heap_trim(&heap);
	spinlock_give(&lock);
}
