// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/heap, small objects: every place of a slab is handed out once, taken back by its own bit, and refused between. */
#include "lib/heap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { OBJECTS = 600 };

static struct heap heap;
static size_t held;
static unsigned bad;

static void *source_alloc(void *ctx, size_t bytes)
{
	(void)ctx;
	held += bytes;
	return aligned_alloc(HEAP_PAGE_BYTES, bytes);
}

static void source_free(void *ctx, void *pages, size_t bytes)
{
	(void)ctx;
	held -= bytes;
	free(pages);
}

static void source_bad(void *ctx, const char *what, const void *address)
{
	(void)ctx;
	(void)what;
	(void)address;
	bad++;
}

static void start(void)
{
	held = bad = 0;
	heap_init(&heap, &(struct heap_source){ .alloc = source_alloc, .free = source_free, .bad = source_bad });
}

/* Whether objects[i] overlaps another one of so many. */
static bool overlaps(uint8_t *const *objects, unsigned i, size_t bytes)
{
	for (unsigned j = 0; j < OBJECTS; j++)
		if (j != i && objects[j] < objects[i] + bytes && objects[i] < objects[j] + bytes)
			return true;
	return false;
}

static void heap_takes_each_place_of_a_slab_back_by_itself(void)
{
	static const size_t sizes[] = { 1, 16, 24, 48, 200, 1000, HEAP_SMALL_MAX };
	static uint8_t *objects[OBJECTS];

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		unsigned wrong = 0;

		start();
		for (unsigned i = 0; i < OBJECTS; i++)
			objects[i] = heap_alloc(&heap, sizes[s]);
		for (unsigned i = 0; i < OBJECTS; i++) {
			size_t live = heap.stats.live_count;

			heap_free(&heap, objects[i]);
			wrong += heap.stats.live_count != live - 1;
			objects[i] = heap_alloc(&heap, sizes[s]);
			wrong += objects[i] == NULL || overlaps(objects, i, sizes[s]);
		}
		CU_ASSERT_EQUAL(wrong, 0);
		CU_ASSERT_EQUAL(bad, 0);
		for (unsigned i = 0; i < OBJECTS; i++)
			heap_free(&heap, objects[i]);
		heap_trim(&heap);
		CU_ASSERT_EQUAL(held, 0);
	}
}

static void heap_refuses_every_address_inside_an_object(void)
{
	uint8_t *object;

	start();
	object = heap_alloc(&heap, 64);
	for (unsigned offset = 1; offset < 64; offset++) {
		heap_free(&heap, object + offset);
		CU_ASSERT_EQUAL(bad, offset);
	}
	CU_ASSERT_EQUAL(heap.stats.live_count, 1);
	heap_free(&heap, object);
	CU_ASSERT_EQUAL(bad, 63);
	heap_free(&heap, object);
	CU_ASSERT_EQUAL(bad, 64);
	heap_trim(&heap);
	CU_ASSERT_EQUAL(held, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(heap_takes_each_place_of_a_slab_back_by_itself),
	UNIT_CASE(heap_refuses_every_address_inside_an_object),
};

UNIT_MAIN("lib/heap_slab", cases)
