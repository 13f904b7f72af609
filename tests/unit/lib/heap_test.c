// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/heap over a source that counts: contents survive, accounts balance, misuse is reported. */
#include "lib/heap.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define OBJECTS 500

struct source {
	size_t held;
	size_t limit;
	unsigned bad;
	const char *what;
};

struct object {
	uint8_t *at;
	size_t bytes;
	uint8_t fill;
};

static struct source source;
static struct heap heap;

static void *source_alloc(void *ctx, size_t bytes)
{
	struct source *self = ctx;
	void *pages;

	if (bytes % HEAP_PAGE_BYTES != 0 || bytes > self->limit - self->held)
		return NULL;
	pages = aligned_alloc(HEAP_PAGE_BYTES, bytes);
	memset(pages, 0xc3, bytes);
	self->held += bytes;
	return pages;
}

static void source_free(void *ctx, void *pages, size_t bytes)
{
	struct source *self = ctx;

	self->held -= bytes;
	free(pages);
}

static void source_bad(void *ctx, const char *what, const void *address)
{
	struct source *self = ctx;

	(void)address;
	self->bad++;
	self->what = what;
}

static void start(void)
{
	source = (struct source){ .limit = 64 << 20 };
	heap_init(&heap, &(struct heap_source){ .ctx = &source, .alloc = source_alloc, .free = source_free, .bad = source_bad });
}

static bool is_filled(const struct object *object)
{
	for (size_t i = 0; i < object->bytes; i++)
		if (object->at[i] != object->fill)
			return false;
	return true;
}

static void fill(struct object *object, uint8_t *at, size_t bytes, uint8_t with)
{
	*object = (struct object){ .at = at, .bytes = bytes, .fill = with };
	memset(at, with, bytes);
}

static size_t random_size(struct random *random)
{
	return random_below(random, 8) ? random_below(random, 300) : random_below(random, 20000);
}

/* One random operation on one slot. Returns how many things were wrong. */
static unsigned step(struct random *random, struct object *object)
{
	size_t bytes = random_size(random);
	uint8_t with = (uint8_t)random_next(random);
	size_t align = (size_t)1 << random_below(random, 15);
	unsigned wrong = 0;
	uint8_t *at;

	if (!object->at) {
		at = random_below(random, 4) ? heap_alloc(&heap, bytes) : heap_alloc_aligned(&heap, align, bytes);
		wrong += (uintptr_t)at % 16 != 0;
		fill(object, at, bytes, with);
	} else if (random_below(random, 3) == 0) {
		wrong += !is_filled(object);
		at = heap_realloc(&heap, object->at, bytes);
		object->at = at;
		if (object->bytes > bytes)
			object->bytes = bytes;
		wrong += !is_filled(object);
		fill(object, at, bytes, with);
	} else {
		wrong += !is_filled(object);
		heap_free(&heap, object->at);
		object->at = NULL;
	}
	return wrong;
}

static void contents_survive_and_all_pages_return(void)
{
	static struct object objects[OBJECTS];
	struct random random = random_start(30);
	unsigned wrong = 0;

	start();
	for (int i = 0; i < 100000; i++) {
		wrong += step(&random, &objects[random_below(&random, OBJECTS)]);
		wrong += heap.stats.source_bytes != source.held || heap.stats.live_bytes > heap.stats.source_bytes;
	}
	for (size_t i = 0; i < OBJECTS; i++)
		heap_free(&heap, objects[i].at);
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(heap.stats.live_bytes, 0);
	CU_ASSERT_EQUAL(heap.stats.live_count, 0);
	/* One empty slab a class may stay, until trimmed. */
	CU_ASSERT(source.held <= HEAP_CLASSES * HEAP_PAGE_BYTES);
	heap_trim(&heap);
	CU_ASSERT_EQUAL(source.held, 0);
	CU_ASSERT_EQUAL(heap.stats.source_bytes, 0);
	CU_ASSERT_EQUAL(heap.stats.slab_count, 0);
	CU_ASSERT_EQUAL(source.bad, 0);
}

static void every_size_is_aligned_and_apart(void)
{
	static uint8_t *at[HEAP_SMALL_MAX + 40];

	start();
	for (size_t bytes = 0; bytes < HEAP_SMALL_MAX + 40; bytes++) {
		at[bytes] = heap_alloc(&heap, bytes);
		CU_ASSERT_PTR_NOT_NULL_FATAL(at[bytes]);
		CU_ASSERT_EQUAL((uintptr_t)at[bytes] % 16, 0);
		memset(at[bytes], (int)bytes, bytes);
	}
	for (size_t bytes = 0; bytes < HEAP_SMALL_MAX + 40; bytes++) {
		CU_ASSERT(is_filled(&(struct object){ .at = at[bytes], .bytes = bytes, .fill = (uint8_t)bytes }));
		heap_free(&heap, at[bytes]);
	}
	heap_trim(&heap);
	CU_ASSERT_EQUAL(source.held, 0);
}

static void alignment_is_kept(void)
{
	start();
	for (size_t align = 1; align <= 1 << 20; align *= 2)
		for (size_t bytes = 0; bytes < 9000; bytes += 1000) {
			uint8_t *a = heap_alloc_aligned(&heap, align, bytes), *b = heap_alloc_aligned(&heap, align, bytes);

			CU_ASSERT_EQUAL((uintptr_t)a % align, 0);
			CU_ASSERT_EQUAL((uintptr_t)b % align, 0);
			memset(a, 1, bytes);
			memset(b, 2, bytes);
			heap_free(&heap, a);
			heap_free(&heap, b);
		}
	heap_trim(&heap);
	CU_ASSERT_EQUAL(source.held, 0);
	CU_ASSERT_EQUAL(source.bad, 0);
	CU_ASSERT_PTR_NULL(heap_alloc_aligned(&heap, 48, 10));
	CU_ASSERT_PTR_NULL(heap_alloc_aligned(&heap, 0, 10));
}

static void sizes_that_overflow_are_refused(void)
{
	volatile size_t huge = SIZE_MAX;

	start();
	CU_ASSERT_PTR_NULL(heap_alloc(&heap, huge));
	CU_ASSERT_PTR_NULL(heap_alloc(&heap, huge - 4096));
	CU_ASSERT_PTR_NULL(heap_calloc(&heap, huge / 2 + 2, 2));
	CU_ASSERT_PTR_NULL(heap_alloc_aligned(&heap, (size_t)1 << 63, 1));
	CU_ASSERT_PTR_NULL(heap_alloc_aligned(&heap, 4096, huge));
	CU_ASSERT_EQUAL(source.held, 0);
}

static void calloc_zeroes(void)
{
	uint8_t *at;

	start();
	at = heap_alloc(&heap, 100);
	memset(at, 0xff, 100);
	heap_free(&heap, at);
	at = heap_calloc(&heap, 10, 10);
	CU_ASSERT(is_filled(&(struct object){ .at = at, .bytes = 100 }));
	heap_free(&heap, at);
	heap_trim(&heap);
}

static void exhausted_source_harms_nothing(void)
{
	struct object object;
	unsigned got = 0;
	void *taken[8];

	start();
	source.limit = 2 * HEAP_PAGE_BYTES;
	fill(&object, heap_alloc(&heap, 1000), 1000, 7);
	CU_ASSERT_PTR_NULL(heap_realloc(&heap, object.at, 10000));
	CU_ASSERT_PTR_NULL(heap_calloc(&heap, 1, 10000));
	CU_ASSERT(is_filled(&object));
	while (got < 8 && (taken[got] = heap_alloc(&heap, 500)) != NULL)
		got++;
	CU_ASSERT_EQUAL(got, 7);
	heap_free(&heap, taken[3]);
	CU_ASSERT_PTR_EQUAL(heap_alloc(&heap, 500), taken[3]);
	source.limit = 4 * HEAP_PAGE_BYTES;
	taken[got] = heap_alloc(&heap, 500);
	CU_ASSERT_PTR_NOT_NULL(taken[got]);
	for (unsigned i = 0; i <= got; i++)
		heap_free(&heap, taken[i]);
	heap_free(&heap, object.at);
	heap_trim(&heap);
	CU_ASSERT_EQUAL(source.held, 0);
}

static void misuse_is_reported(void)
{
	static uint8_t foreign[3 * HEAP_PAGE_BYTES] __attribute__((aligned(4096)));
	uint8_t *small, *large;

	start();
	small = heap_alloc(&heap, 40);
	large = heap_alloc(&heap, 10000);
	heap_free(&heap, small + 16);
	CU_ASSERT_STRING_EQUAL(source.what, "pointer into an allocation");
	heap_free(&heap, large + 16);
	CU_ASSERT_STRING_EQUAL(source.what, "pointer into an allocation");
	heap_free(&heap, foreign + 4096);
	CU_ASSERT_STRING_EQUAL(source.what, "foreign pointer");
	heap_free(&heap, foreign + 4100);
	heap_free(&heap, large + 4096 - (uintptr_t)large % 4096);
	heap_free(&heap, small - 32);
	CU_ASSERT_EQUAL(source.bad, 6);
	heap_free(&heap, small);
	heap_free(&heap, small);
	CU_ASSERT_STRING_EQUAL(source.what, "freed already");
	CU_ASSERT_PTR_NULL(heap_realloc(&heap, small, 10));
	CU_ASSERT_EQUAL(source.bad, 8);
	CU_ASSERT_EQUAL(heap.stats.live_count, 1);
	heap_free(&heap, large);
	heap_trim(&heap);
	CU_ASSERT_EQUAL(source.held, 0);
}

static void memory_of_another_heap_is_foreign(void)
{
	static struct heap other;
	struct source second = { .limit = 1 << 20 };
	void *small, *large;

	start();
	heap_init(&other, &(struct heap_source){ .ctx = &second, .alloc = source_alloc, .free = source_free, .bad = source_bad });
	small = heap_alloc(&other, 100);
	large = heap_alloc(&other, 5000);
	heap_free(&heap, small);
	heap_free(&heap, large);
	CU_ASSERT_EQUAL(source.bad, 2);
	heap_free(&other, small);
	heap_free(&other, large);
	heap_trim(&other);
	CU_ASSERT_EQUAL(second.bad + second.held, 0);
}

static void classes_are_those_of_sizes_and_of_what_lives(void)
{
	start();
	for (size_t bytes = 0; bytes <= HEAP_SMALL_MAX; bytes += 7) {
		uint8_t *at = heap_alloc(&heap, bytes);
		unsigned class = heap_class_for(&heap, bytes);

		CU_ASSERT(class < HEAP_CLASSES);
		CU_ASSERT_EQUAL(heap_class_at(&heap, at), class);
		CU_ASSERT_EQUAL(heap_takes(&heap, bytes), heap_usable(&heap, at));
		CU_ASSERT_EQUAL(heap_class_at(&heap, at + 1), HEAP_CLASSES);
		heap_free(&heap, at);
		CU_ASSERT_EQUAL(heap_class_at(&heap, at), HEAP_CLASSES); /* its slab stays, empty */
	}

	uint8_t *small = heap_alloc(&heap, HEAP_SMALL_MAX);
	uint8_t *large = heap_alloc(&heap, HEAP_SMALL_MAX + 1);
	uint8_t *page = heap_alloc_aligned(&heap, HEAP_PAGE_BYTES, 64);

	CU_ASSERT_EQUAL(heap_class_for(&heap, HEAP_SMALL_MAX), HEAP_CLASSES - 1);
	CU_ASSERT_EQUAL(heap_class_for(&heap, HEAP_SMALL_MAX + 1), HEAP_CLASSES);
	CU_ASSERT_EQUAL(heap_class_at(&heap, large), HEAP_CLASSES);
	CU_ASSERT(heap_takes(&heap, HEAP_SMALL_MAX + 1) == HEAP_PAGE_BYTES && heap_takes(&heap, HEAP_PAGE_BYTES - 64) == HEAP_PAGE_BYTES);
	CU_ASSERT_EQUAL(heap_takes(&heap, HEAP_PAGE_BYTES - 63), 2 * HEAP_PAGE_BYTES); /* there is a header */
	CU_ASSERT_EQUAL(heap_class_at(&heap, page), HEAP_CLASSES);
	heap_free(&heap, small);
	heap_free(&heap, large);
	heap_free(&heap, page);
	heap_trim(&heap);
	CU_ASSERT_EQUAL(source.held, 0);
	CU_ASSERT_EQUAL(source.bad, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(contents_survive_and_all_pages_return),
	UNIT_CASE(every_size_is_aligned_and_apart),
	UNIT_CASE(alignment_is_kept),
	UNIT_CASE(sizes_that_overflow_are_refused),
	UNIT_CASE(calloc_zeroes),
	UNIT_CASE(exhausted_source_harms_nothing),
	UNIT_CASE(misuse_is_reported),
	UNIT_CASE(memory_of_another_heap_is_foreign),
	UNIT_CASE(classes_are_those_of_sizes_and_of_what_lives),
};
UNIT_MAIN("lib/heap", cases)
