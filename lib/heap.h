// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * General-purpose allocator over a source of pages: the kernel's malloc and libcapos'. Context of every function: one
 * caller at a time; the heap has no lock of its own.
 */
#ifndef LIB_HEAP_H
#define LIB_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/list.h"

#define HEAP_PAGE_BYTES 4096u
#define HEAP_CLASSES 22
#define HEAP_SMALL_MAX 2016u /* bytes; above it an allocation has pages of its own */

struct heap_source {
	void *ctx;
	/* `bytes` (a multiple of HEAP_PAGE_BYTES) of page-aligned memory, of any content; NULL where there is none. */
	void *(*alloc)(void *ctx, size_t bytes);
	/* Takes back what `alloc` gave, whole. */
	void (*free)(void *ctx, void *pages, size_t bytes);
	/* The heap's user is broken: `address`, which was to be freed, is none that lives; `what` ("freed already",
	 * "foreign pointer", ...) says why. May return; then the call that found it does nothing. */
	void (*bad)(void *ctx, const char *what, const void *address);
};

struct heap_stats {
	size_t live_bytes;   /* handed out, rounded up to what was reserved for each */
	size_t live_count;   /* allocations */
	size_t source_bytes; /* held from the source: live, free in slabs, headers */
	size_t slab_count;   /* pages among them that are slabs */
};

struct heap {
	struct heap_source source;
	struct heap_stats stats;
	struct list_node slabs[HEAP_CLASSES]; /* slabs with room, those with most recent frees first */
	uint8_t class_of[HEAP_SMALL_MAX / 16 + 1]; /* by size in units of 16 bytes, rounded up */
};

/* Makes an empty heap, which holds nothing of the source yet. `heap` must stay where it is. */
void heap_init(struct heap *heap, const struct heap_source *source);

/*
 * `bytes` of memory of any content, aligned to 16. 0 bytes is an allocation like any other. NULL where the source is
 * empty.
 */
void *heap_alloc(struct heap *heap, size_t bytes) __attribute__((malloc, warn_unused_result));

/* heap_alloc of count * bytes, zeroed; NULL too where the product does not fit. */
void *heap_calloc(struct heap *heap, size_t count, size_t bytes) __attribute__((malloc, warn_unused_result));

/* heap_alloc aligned to `align` bytes; NULL too where that is not a power of two. heap_free takes it back. */
void *heap_alloc_aligned(struct heap *heap, size_t align, size_t bytes) __attribute__((malloc, warn_unused_result));

/* As realloc: NULL allocates; where it returns NULL the old memory is untouched; alignment above 16 is not kept. */
void *heap_realloc(struct heap *heap, void *address, size_t bytes) __attribute__((warn_unused_result));

/* Gives memory back. NULL does nothing. What is not an allocation that lives goes to `bad`. */
void heap_free(struct heap *heap, void *address);

/*
 * The size class of an allocation of `bytes`, and of the one that lives at `address`: below HEAP_CLASSES, where any two allocations of
 * a class can stand for each other; HEAP_CLASSES for larger ones, and where none lives. For caches before the heap. Context:
 * any caller at any time, for an address as long as it lives; others may use the heap meanwhile.
 */
unsigned heap_class_for(const struct heap *heap, size_t bytes);
unsigned heap_class_at(const struct heap *heap, const void *address);

/* How many bytes the allocation at `address` has room for. 0, and `bad` was told, where none lives there. */
size_t heap_usable(struct heap *heap, void *address);

/* How much of the source an allocation of `bytes` takes, but for what slabs share. */
size_t heap_takes(const struct heap *heap, size_t bytes);

/* Gives empty slabs that were kept for later back to the source: where nothing lives, the heap then holds nothing. */
void heap_trim(struct heap *heap);

#endif
