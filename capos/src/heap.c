// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* malloc and its like: the heap of lib/, fed by the memory capability. */
#include "lib/heap.h"

#include <capos/capos.h>

static struct heap heap;
static capos_cap_t memory;

static void *source_alloc(void *ctx, size_t bytes)
{
	(void)ctx;

	int64_t address = capos_memory_map(memory, bytes);

	return address > 0 ? (void *)address : NULL;
}

static void source_free(void *ctx, void *pages, size_t bytes)
{
	(void)ctx;
	(void)capos_memory_unmap(memory, pages, bytes); /* what was mapped can be unmapped */
}

/* The program is broken: stop where a debugger shows why. */
static void source_bad(void *ctx, const char *what, const void *address)
{
	(void)ctx;
	(void)what;
	(void)address;
	__builtin_trap();
}

static struct heap *heap_ready(void)
{
	static const struct heap_source source = { .alloc = source_alloc, .free = source_free, .bad = source_bad };

	if (memory == CAPOS_CAP_NONE) {
		memory = capos_capset_get("memory");
		heap_init(&heap, &source);
	}
	return &heap;
}

void *malloc(size_t bytes)
{
	return heap_alloc(heap_ready(), bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return heap_calloc(heap_ready(), count, bytes);
}

void *realloc(void *address, size_t bytes)
{
	return heap_realloc(heap_ready(), address, bytes);
}

void free(void *address)
{
	heap_free(heap_ready(), address);
}
