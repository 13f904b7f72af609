// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/page_cache over a source that counts: what is kept is given again, is bounded, and is never what is missing. */
#include "lib/page_cache.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

enum { PAGE = HEAP_PAGE_BYTES, KEPT = 64 * PAGE };

struct source {
	size_t held;
	size_t limit;
	unsigned calls;
	unsigned bad;
};

static struct source source;
static struct page_cache cache;
static struct heap_source front;

static void *source_alloc(void *ctx, size_t bytes)
{
	struct source *self = ctx;

	self->calls++;
	if (bytes > self->limit - self->held)
		return NULL;
	self->held += bytes;
	return aligned_alloc(PAGE, bytes);
}

static void source_free(void *ctx, void *pages, size_t bytes)
{
	struct source *self = ctx;

	self->calls++;
	self->held -= bytes;
	free(pages);
}

static void source_bad(void *ctx, const char *what, const void *address)
{
	(void)what;
	(void)address;
	((struct source *)ctx)->bad++;
}

static void make(size_t limit)
{
	const struct heap_source behind = { .ctx = &source, .alloc = source_alloc, .free = source_free, .bad = source_bad };

	source = (struct source){ .limit = limit };
	page_cache_init(&cache, &behind, KEPT);
	front = page_cache_source(&cache);
}

static void *take(size_t pages)
{
	return front.alloc(front.ctx, pages * PAGE);
}

static void give(void *run, size_t pages)
{
	front.free(front.ctx, run, pages * PAGE);
}

static void runs_given_back_are_given_again(void)
{
	make(1000 * PAGE);

	void *three = take(3);
	void *five = take(5);

	give(three, 3);
	give(five, 5);
	CU_ASSERT_EQUAL(source.calls, 2);
	CU_ASSERT_PTR_EQUAL(take(5), five);
	CU_ASSERT_PTR_EQUAL(take(3), three);
	CU_ASSERT_EQUAL(source.calls, 2);
	CU_ASSERT_EQUAL(cache.bytes, 0);
	give(three, 3);
	give(five, 5);
	page_cache_flush(&cache);
	CU_ASSERT_EQUAL(source.held, 0);
}

static void no_more_is_kept_than_allowed(void)
{
	void *runs[PAGE_CACHE_RUNS_MAX + 1];
	void *large;

	make(1000 * PAGE);
	for (unsigned i = 0; i <= PAGE_CACHE_RUNS_MAX; i++)
		runs[i] = take(1);
	for (unsigned i = 0; i <= PAGE_CACHE_RUNS_MAX; i++)
		give(runs[i], 1);
	CU_ASSERT_EQUAL(source.held, PAGE_CACHE_RUNS_MAX * PAGE);
	page_cache_flush(&cache);
	large = take(PAGE_CACHE_PAGES_MAX + 1);
	give(large, PAGE_CACHE_PAGES_MAX + 1);
	CU_ASSERT_EQUAL(source.held, 0);
	for (unsigned i = 0; i < 3; i++)
		runs[i] = take(PAGE_CACHE_PAGES_MAX);
	for (unsigned i = 0; i < 3; i++)
		give(runs[i], PAGE_CACHE_PAGES_MAX);
	CU_ASSERT_EQUAL(source.held, KEPT);
	page_cache_flush(&cache);
	CU_ASSERT_EQUAL(source.held, 0);
}

static void what_is_kept_is_never_what_is_missing(void)
{
	make(10 * PAGE);

	void *eight = take(8);
	void *nine;

	give(eight, 8);
	nine = take(9);
	CU_ASSERT_PTR_NOT_NULL(nine);
	CU_ASSERT_PTR_NULL(take(2));
	give(nine, 9);
	page_cache_flush(&cache);
	CU_ASSERT_EQUAL(source.held, 0);
}

/* Through a heap: contents survive, and misuse is told as before. */
static void a_heap_over_it_is_a_heap(void)
{
	static struct heap heap;
	struct random random = random_start(3);
	struct {
		uint8_t *at;
		size_t bytes;
	} objects[60] = { 0 };

	make(4000 * PAGE);
	heap_init(&heap, &front);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned one = (unsigned)random_below(&random, 60);
		size_t bytes = 1 + random_below(&random, 40000);

		if (objects[one].at) {
			CU_ASSERT_EQUAL(objects[one].at[0], one);
			CU_ASSERT_EQUAL(objects[one].at[objects[one].bytes - 1], one);
			CU_ASSERT_TRUE(heap_usable(&heap, objects[one].at) >= objects[one].bytes);
		}
		heap_free(&heap, objects[one].at);
		objects[one].bytes = bytes;
		objects[one].at = heap_alloc(&heap, bytes);
		CU_ASSERT_PTR_NOT_NULL_FATAL(objects[one].at);
		memset(objects[one].at, (int)one, bytes);
	}
	for (unsigned i = 0; i < 60; i++)
		heap_free(&heap, objects[i].at);
	CU_ASSERT_EQUAL(source.bad, 0);
	objects[0].at = heap_alloc(&heap, 100);
	CU_ASSERT_TRUE(heap_usable(&heap, objects[0].at) >= 100);
	heap_free(&heap, objects[0].at);
	CU_ASSERT_EQUAL(heap_usable(&heap, objects[0].at), 0);
	CU_ASSERT_EQUAL(source.bad, 1);
	heap_trim(&heap);
	page_cache_flush(&cache);
	CU_ASSERT_EQUAL(source.held, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(runs_given_back_are_given_again),
	UNIT_CASE(no_more_is_kept_than_allowed),
	UNIT_CASE(what_is_kept_is_never_what_is_missing),
	UNIT_CASE(a_heap_over_it_is_a_heap),
};

UNIT_MAIN("lib/page_cache", cases)
