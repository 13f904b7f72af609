// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * malloc and its like: the heap of lib/, fed by the memory capability, under one lock. The lock costs no system call while one thread
 * allocates at a time.
 */
#include "lib/heap.h"

#include <capos/capos.h>
#include <capos/thread.h>

#include "capos/src/start.h"
#include "lib/page_cache.h"

/* Free pages that are kept, at most. */
enum { KEPT_BYTES = 256 << 10 };

static struct heap heap;
static struct page_cache cache;
static struct capos_mutex lock;
static bool is_ready; /* under the lock */

static void *source_alloc(void *ctx, size_t bytes)
{
	(void)ctx;

	int64_t address = capos_memory_map(capos_own.memory, bytes);

	return address > 0 ? (void *)address : NULL;
}

static void source_free(void *ctx, void *pages, size_t bytes)
{
	(void)ctx;
	(void)capos_memory_unmap(capos_own.memory, pages, bytes); /* what was mapped can be unmapped */
}

/* The program is broken: stop where a debugger shows why. */
static void source_bad(void *ctx, const char *what, const void *address)
{
	(void)ctx;
	(void)what;
	(void)address;
	__builtin_trap();
}

static struct heap *heap_take(void)
{
	static const struct heap_source source = { .alloc = source_alloc, .free = source_free, .bad = source_bad };

	capos_mutex_lock(&lock);
	if (!is_ready) {
		const struct heap_source cached = page_cache_source(&cache);

		page_cache_init(&cache, &source, KEPT_BYTES);
		heap_init(&heap, &cached);
		is_ready = true;
	}
	return &heap;
}

static void *heap_give(void *address)
{
	capos_mutex_unlock(&lock);
	return address;
}

void *malloc(size_t bytes)
{
	return heap_give(heap_alloc(heap_take(), bytes));
}

void *calloc(size_t count, size_t bytes)
{
	return heap_give(heap_calloc(heap_take(), count, bytes));
}

void *realloc(void *address, size_t bytes)
{
	return heap_give(heap_realloc(heap_take(), address, bytes));
}

void *aligned_alloc(size_t align, size_t bytes)
{
	return heap_give(heap_alloc_aligned(heap_take(), align, bytes));
}

void free(void *address)
{
	if (!address)
		return;
	heap_free(heap_take(), address);
	(void)heap_give(NULL);
}

size_t malloc_usable_size(void *address)
{
	size_t bytes;

	if (!address)
		return 0;
	bytes = heap_usable(heap_take(), address);
	(void)heap_give(NULL);
	return bytes;
}

void capos_heap_trim(void)
{
	heap_trim(heap_take());
	page_cache_flush(&cache);
	(void)heap_give(NULL);
}
