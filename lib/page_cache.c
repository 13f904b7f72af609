// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "lib/page_cache.h"

void page_cache_init(struct page_cache *cache, const struct heap_source *source, size_t bytes_max)
{
	cache->source = *source;
	cache->bytes = 0;
	cache->bytes_max = bytes_max;
	for (unsigned i = 0; i < PAGE_CACHE_PAGES_MAX; i++)
		cache->counts[i] = 0;
}

/* Which list a run is kept in; PAGE_CACHE_PAGES_MAX: none. */
static size_t list_of(size_t bytes)
{
	size_t index = bytes / HEAP_PAGE_BYTES - 1;

	return index < PAGE_CACHE_PAGES_MAX ? index : PAGE_CACHE_PAGES_MAX;
}

static void *cache_alloc(void *ctx, size_t bytes)
{
	struct page_cache *cache = ctx;
	size_t list = list_of(bytes);
	void *run;

	if (list < PAGE_CACHE_PAGES_MAX && cache->counts[list] > 0) {
		cache->bytes -= bytes;
		return cache->runs[list][--cache->counts[list]];
	}
	run = cache->source.alloc(cache->source.ctx, bytes);
	if (!run && cache->bytes > 0) {
		page_cache_flush(cache);
		run = cache->source.alloc(cache->source.ctx, bytes);
	}
	return run;
}

static void cache_free(void *ctx, void *pages, size_t bytes)
{
	struct page_cache *cache = ctx;
	size_t list = list_of(bytes);

	if (list == PAGE_CACHE_PAGES_MAX || cache->counts[list] == PAGE_CACHE_RUNS_MAX ||
	    bytes > cache->bytes_max - cache->bytes) {
		cache->source.free(cache->source.ctx, pages, bytes);
		return;
	}
	cache->runs[list][cache->counts[list]++] = pages;
	cache->bytes += bytes;
}

static void cache_bad(void *ctx, const char *what, const void *address)
{
	struct page_cache *cache = ctx;

	cache->source.bad(cache->source.ctx, what, address);
}

struct heap_source page_cache_source(struct page_cache *cache)
{
	return (struct heap_source){ .ctx = cache, .alloc = cache_alloc, .free = cache_free, .bad = cache_bad };
}

void page_cache_flush(struct page_cache *cache)
{
	for (size_t list = 0; list < PAGE_CACHE_PAGES_MAX; list++)
		while (cache->counts[list] > 0)
			cache->source.free(cache->source.ctx, cache->runs[list][--cache->counts[list]], (list + 1) * HEAP_PAGE_BYTES);
	cache->bytes = 0;
}
