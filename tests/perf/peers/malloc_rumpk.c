// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * libcapos' malloc on the host: the heap of lib/ and the lock around it as in capos/src/heap.c, with mmap and munmap in the place of the
 * memory capability. Linked before the C library, so that these are the program's.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include <capos/thread.h>

#include "lib/heap.h"
#include "lib/page_cache.h"

/* Free pages that are kept, at most. */
enum { KEPT_BYTES = 256 << 10 };

static struct heap heap;
static struct page_cache cache;
static struct capos_mutex lock;

/* One thread only: nobody ever waits. */
int64_t capos_mutex_wait(struct capos_mutex *mutex, uint64_t timeout_ns)
{
	(void)mutex;
	(void)timeout_ns;
	abort();
}

void capos_mutex_wake(struct capos_mutex *mutex)
{
	(void)mutex;
}

static void *source_alloc(void *ctx, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)ctx;
	return at == MAP_FAILED ? NULL : at;
}

static void source_free(void *ctx, void *pages, size_t bytes)
{
	(void)ctx;
	munmap(pages, bytes);
}

static void source_bad(void *ctx, const char *what, const void *address)
{
	(void)ctx;
	(void)what;
	(void)address;
	abort();
}

static struct heap *heap_take(void)
{
	static const struct heap_source source = { .alloc = source_alloc, .free = source_free, .bad = source_bad };

	capos_mutex_lock(&lock);
	if (!heap.source.alloc) {
		const struct heap_source cached = page_cache_source(&cache);

		page_cache_init(&cache, &source, KEPT_BYTES);
		heap_init(&heap, &cached);
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

void free(void *address)
{
	if (!address)
		return;
	heap_free(heap_take(), address);
	(void)heap_give(NULL);
}
