// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Keeps runs of pages that a heap gives back, for the next time it wants one of that length: a source of pages in front of another, whose
 * calls are dear. Where the source behind it has nothing left, all that is kept goes back to it first, so that what is kept is never
 * what is missing. Context of every function: one caller at a time.
 */
#ifndef LIB_PAGE_CACHE_H
#define LIB_PAGE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/heap.h"

#define PAGE_CACHE_PAGES_MAX 32 /* of a run; longer ones go straight through */
#define PAGE_CACHE_RUNS_MAX 8   /* of one length */

struct page_cache {
	struct heap_source source;
	size_t bytes; /* kept */
	size_t bytes_max;
	uint8_t counts[PAGE_CACHE_PAGES_MAX];
	void *runs[PAGE_CACHE_PAGES_MAX][PAGE_CACHE_RUNS_MAX]; /* of index + 1 pages; the last one kept is the first one given */
};

/* Keeps nothing yet, and at most `bytes_max` in future. `cache` must stay where it is. */
void page_cache_init(struct page_cache *cache, const struct heap_source *source, size_t bytes_max);

/* What a heap is made with: its `bad` is that of the source behind. */
struct heap_source page_cache_source(struct page_cache *cache);

/* Gives back all that is kept. */
void page_cache_flush(struct page_cache *cache);

#endif
