// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The caches before the heap, without the debug image's guards: what each keeps, moves and gives back, and how often the lock is taken for it. */
#undef KERNEL_DEBUG
#define KERNEL_DEBUG 0
#include "tests/unit/machine.h"

#include "kernel/core/kheap.c"

enum { CPUS = 2, BYTES = 48 };

static unsigned cpu_now, pages_left, pages_taken, yields;
static jmp_buf panicked;

unsigned hal_cpu_index(void)
{
	return cpu_now;
}

unsigned hal_cpu_count(void)
{
	return CPUS;
}

uint64_t page_run_alloc(uint64_t count)
{
	if (pages_left == 0)
		return 0;
	pages_left--;
	pages_taken++;
	return hal_direct_pa(aligned_alloc(HAL_PAGE_BYTES, HAL_PAGE_BYTES * count));
}

void page_run_free(uint64_t pa, uint64_t count)
{
	(void)count;
	pages_left++;
	pages_taken--;
	free(hal_direct_va(pa));
}

void message_send(unsigned cpu, void (*run)(void *arg), void *arg)
{
	unsigned before = cpu_now;

	CU_ASSERT_NOT_EQUAL(cpu, cpu_now);
	cpu_now = cpu;
	run(arg);
	cpu_now = before;
}

void fiber_yield(void)
{
	yields++;
}

void panic(const char *fmt, ...)
{
	(void)fmt;
	longjmp(panicked, 1);
}

static void begin(void)
{
	memset(caches, 0, sizeof(caches));
	atomic_store(&lock.taken, 0);
	cpu_now = 0;
	pages_left = 64;
	kheap_init();
}

/* Nothing lives: all pages come back. */
static void end(void)
{
	kheap_trim();
	CU_ASSERT_EQUAL(pages_taken, 0);
	CU_ASSERT_EQUAL(lock.taken, 0);
	CU_ASSERT_EQUAL(heap.stats.live_count, 0);
}

/* How often the lock was taken since this was asked last. */
static uint64_t locked(void)
{
	static uint64_t before;
	uint64_t since = kheap_lock_count() - before;

	before = kheap_lock_count();
	return since;
}

static void an_empty_cache_takes_four_at_once(void)
{
	void *given[5];

	begin();
	(void)locked();
	for (unsigned i = 0; i < 4; i++) {
		given[i] = kheap_alloc(BYTES);
		CU_ASSERT_PTR_NOT_NULL_FATAL(given[i]);
		memset(given[i], (int)i, BYTES);
		for (unsigned j = 0; j < i; j++)
			CU_ASSERT_PTR_NOT_EQUAL(given[i], given[j]);
	}
	CU_ASSERT_EQUAL(locked(), 1);
	CU_ASSERT_EQUAL(heap.stats.live_count, 4);
	given[4] = kheap_alloc(BYTES);
	CU_ASSERT_EQUAL(locked(), 1);
	CU_ASSERT_EQUAL(heap.stats.live_count, 8);
	for (unsigned i = 0; i < 5; i++)
		kheap_free(given[i]);
	CU_ASSERT_EQUAL(locked(), 0);
	CU_ASSERT_PTR_EQUAL(kheap_alloc(BYTES), given[4]); /* last in, first out */
	kheap_free(given[4]);
	end();
}

static void a_full_cache_gives_back_its_four_oldest(void)
{
	void *given[12];
	unsigned class;

	begin();
	for (unsigned i = 0; i < 12; i++)
		given[i] = kheap_alloc(BYTES);
	class = heap_class_for(&heap, BYTES);
	(void)locked();
	for (unsigned i = 0; i < 8; i++)
		kheap_free(given[i]);
	CU_ASSERT_EQUAL(locked(), 0);
	CU_ASSERT_EQUAL(heap.stats.live_count, 12);
	kheap_free(given[8]);
	CU_ASSERT_EQUAL(locked(), 1);
	CU_ASSERT_EQUAL(heap.stats.live_count, 8);
	CU_ASSERT_EQUAL(caches[0].counts[class], 5);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(heap_class_at(&heap, given[i]), HEAP_CLASSES); /* they live no more */
	for (unsigned i = 4; i < 9; i++)
		CU_ASSERT_PTR_EQUAL(objects[0].of[class][i - 4], given[i]);
	for (unsigned i = 9; i < 12; i++)
		kheap_free(given[i]);
	end();
}

static void what_is_large_goes_past_the_caches(void)
{
	void *large, *largest;

	begin();
	largest = kheap_alloc(HEAP_SMALL_MAX);
	CU_ASSERT_EQUAL(caches[0].counts[HEAP_CLASSES - 1], 3);
	kheap_free(largest);
	(void)locked();
	large = kheap_alloc(HEAP_SMALL_MAX + 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(large);
	CU_ASSERT_EQUAL(lock.taken, 0);
	memset(large, 1, HEAP_SMALL_MAX + 1);
	kheap_free(large);
	CU_ASSERT_EQUAL(locked(), 2);
	CU_ASSERT_EQUAL(lock.taken, 0);
	kheap_free(NULL);
	CU_ASSERT_EQUAL(locked(), 0);
	end();
}

static void what_is_freed_twice_is_told(void)
{
	void *small, *large;

	begin();
	small = kheap_alloc(BYTES);
	kheap_free(small);
	if (setjmp(panicked) == 0) {
		kheap_free(small);
		CU_FAIL("freed twice");
	}
	large = kheap_alloc(8192);
	kheap_free(large);
	small = kheap_alloc(8000); /* keeps a page of the source, so that the heap may look */
	if (setjmp(panicked) == 0) {
		kheap_free((char *)small + 16);
		CU_FAIL("nothing lives there");
	}
	atomic_store(&lock.taken, 0);
	kheap_free(small);
	end();
}

static void without_pages_there_is_no_memory(void)
{
	void *last;

	begin();
	pages_left = 0;
	CU_ASSERT_PTR_NULL(kheap_alloc(BYTES));
	CU_ASSERT_PTR_NULL(kheap_alloc(100000));
	CU_ASSERT_PTR_NULL(kheap_calloc(3, BYTES));
	CU_ASSERT_PTR_NULL(kheap_calloc(SIZE_MAX / 2, 3));
	CU_ASSERT_PTR_NULL(kheap_realloc(NULL, BYTES));
	CU_ASSERT_EQUAL(lock.taken, 0);
	pages_left = 1;
	last = kheap_alloc(HEAP_SMALL_MAX); /* of which a page does not hold four */
	CU_ASSERT_PTR_NOT_NULL(last);
	CU_ASSERT_EQUAL(heap.stats.live_count, caches[0].counts[HEAP_CLASSES - 1] + 1);
	CU_ASSERT(caches[0].counts[HEAP_CLASSES - 1] < 3);
	kheap_free(last);
	end();
}

static void memory_is_cleared_and_kept_as_it_was_asked_for(void)
{
	uint8_t *bytes;

	begin();
	bytes = kheap_alloc(BYTES);
	memset(bytes, 0xee, BYTES);
	kheap_free(bytes);
	bytes = kheap_calloc(3, 16);
	for (unsigned i = 0; i < BYTES; i++)
		CU_ASSERT_EQUAL(bytes[i], 0);
	memset(bytes, 7, BYTES);
	bytes = kheap_realloc(bytes, 4000);
	for (unsigned i = 0; i < BYTES; i++)
		CU_ASSERT_EQUAL(bytes[i], 7);
	kheap_free(bytes);
	end();
}

static void trimming_empties_the_cache_of_every_cpu_that_has_used_it(void)
{
	void *given;

	begin();
	given = kheap_alloc(BYTES);
	cpu_now = 1;
	kheap_free(given);
	CU_ASSERT_TRUE(caches[0].used);
	CU_ASSERT_TRUE(caches[1].used);
	(void)locked();
	end();
	CU_ASSERT_EQUAL(locked(), 3);
	CU_ASSERT_FALSE(caches[0].used);
	CU_ASSERT_FALSE(caches[1].used);
	kheap_trim();
	CU_ASSERT_EQUAL(locked(), 1);
	CU_ASSERT_EQUAL(yields, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(an_empty_cache_takes_four_at_once),
	UNIT_CASE(a_full_cache_gives_back_its_four_oldest),
	UNIT_CASE(what_is_large_goes_past_the_caches),
	UNIT_CASE(what_is_freed_twice_is_told),
	UNIT_CASE(without_pages_there_is_no_memory),
	UNIT_CASE(memory_is_cleared_and_kept_as_it_was_asked_for),
	UNIT_CASE(trimming_empties_the_cache_of_every_cpu_that_has_used_it),
};

UNIT_MAIN("kernel/core/kheap", cases)
