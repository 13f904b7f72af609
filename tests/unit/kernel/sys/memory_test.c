// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A process's heap and mappings over a space that is a list of pages: lowest addresses first, nothing unmapped that is another's, nothing left of a failure. */
#include "tests/unit/kernel/cap/call.h"

#include "kernel/sys/layout.h"
#include "kernel/sys/memory.c"

enum { SPACE_PAGES = 256, PAGE = 4096 };
#define HEAP PROCESS_HEAP_BASE

static uint64_t space[SPACE_PAGES]; /* what is mapped at each page of the heap's beginning; 0: nothing */
static unsigned rights_of[SPACE_PAGES], maps_left;
static unsigned given_pages;
static struct object object = { .holds = 1 }, other = { .holds = 1 };

void panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

uint64_t budget_page_alloc(void *budget)
{
	CU_ASSERT_PTR_EQUAL(budget, &world.budget);
	if (world.budget.used == world.budget.limit)
		return 0;
	world.budget.used++;
	given_pages++;
	return hal_direct_pa(memset(aligned_alloc(PAGE, PAGE), 0xee, PAGE));
}

void budget_page_free(void *budget, uint64_t pa)
{
	CU_ASSERT_PTR_EQUAL(budget, &world.budget);
	world.budget.used--;
	given_pages--;
	free(hal_direct_va(pa));
}

static unsigned place(uint64_t va)
{
	CU_ASSERT_FATAL(va >= HEAP && va < HEAP + SPACE_PAGES * PAGE && va % PAGE == 0);
	return (unsigned)((va - HEAP) / PAGE);
}

status_t hal_space_map(struct hal_space *of, uint64_t va, uint64_t pa, unsigned rights)
{
	CU_ASSERT_PTR_EQUAL(of, &world.process.space);
	if (maps_left == 0)
		return STATUS_ENOMEM;
	maps_left--;
	CU_ASSERT_EQUAL(space[place(va)], 0);
	space[place(va)] = pa;
	rights_of[place(va)] = rights;
	return STATUS_OK;
}

status_t hal_space_unmap(struct hal_space *of, uint64_t va, uint64_t *pa)
{
	CU_ASSERT_PTR_EQUAL(of, &world.process.space);
	*pa = space[place(va)];
	space[place(va)] = 0;
	return *pa != 0 ? STATUS_OK : STATUS_ENOENT;
}

bool hal_space_is_mapped(const struct hal_space *of, uint64_t va)
{
	CU_ASSERT_PTR_EQUAL(of, &world.process.space);
	return va < HEAP + SPACE_PAGES * PAGE && space[place(va)] != 0;
}

static void begin(uint64_t pages)
{
	call_begin(NULL, 0, NULL, 0);
	world.budget.limit = pages;
	world.process.heap_low = HEAP;
	list_init(&world.process.mappings);
	maps_left = SPACE_PAGES;
}

static void end(void)
{
	process_unmap_objects(&world.process);
	for (unsigned i = 0; i < SPACE_PAGES; i++)
		if (space[i] != 0)
			process_unmap(&world.process, HEAP + i * PAGE);
	CU_ASSERT(given_pages == 0 && world.charged_bytes == 0 && object.holds == 1 && other.holds == 1);
}

static uint64_t heap(uint64_t pages)
{
	uint64_t address = 0;

	CU_ASSERT_EQUAL(process_heap_map(&world.process, pages * PAGE, &address), STATUS_OK);
	return address;
}

static status_t unmap(uint64_t address, uint64_t pages)
{
	return process_heap_unmap(&world.process, address, pages * PAGE);
}

static uint64_t share(struct object *of, uint64_t pages)
{
	static const uint64_t pas[] = { 0x10000, 0x11000, 0x12000, 0x13000 };
	uint64_t address = 0;

	CU_ASSERT_EQUAL(process_map_object(&world.process, of, pas, pages, HAL_USER_READ, &address), STATUS_OK);
	CU_ASSERT(space[place(address)] == 0x10000 && rights_of[place(address)] == HAL_USER_READ);
	return address;
}

static void the_heap_is_zeroed_and_lies_as_low_as_it_can(void)
{
	begin(100);
	CU_ASSERT_EQUAL(heap(3), HEAP);
	CU_ASSERT(*(uint8_t *)hal_direct_va(space[1]) == 0 && ((uint8_t *)hal_direct_va(space[2]))[PAGE - 1] == 0);
	CU_ASSERT_EQUAL(rights_of[2], HAL_USER_READ | HAL_USER_WRITE);
	CU_ASSERT_EQUAL(heap(2), HEAP + 3 * PAGE);
	CU_ASSERT_EQUAL(world.process.heap_low, HEAP + 5 * PAGE);
	CU_ASSERT_EQUAL(unmap(HEAP + PAGE, 2), STATUS_OK);
	CU_ASSERT_EQUAL(world.process.heap_low, HEAP + PAGE);
	CU_ASSERT_EQUAL(given_pages, 3);
	CU_ASSERT_EQUAL(heap(3), HEAP + 5 * PAGE); /* the hole is too small */
	CU_ASSERT_EQUAL(heap(1), HEAP + PAGE);
	CU_ASSERT_EQUAL(heap(1), HEAP + 2 * PAGE);
	CU_ASSERT_EQUAL(heap(1), HEAP + 8 * PAGE);
	end();
}

static void only_a_heap_that_is_all_there_is_unmapped(void)
{
	begin(100);
	CU_ASSERT_EQUAL(heap(4), HEAP);
	CU_ASSERT_EQUAL(unmap(HEAP + PAGE, 1), STATUS_OK);
	CU_ASSERT_EQUAL(unmap(HEAP, 3), STATUS_EINVAL); /* a hole */
	CU_ASSERT_EQUAL(unmap(HEAP + 3 * PAGE, 2), STATUS_EINVAL);
	CU_ASSERT_EQUAL(unmap(HEAP, 0), STATUS_EINVAL);
	CU_ASSERT_EQUAL(unmap(HEAP - PAGE, 2), STATUS_EINVAL);
	CU_ASSERT_EQUAL(unmap(PROCESS_HEAP_END, 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(process_heap_unmap(&world.process, HEAP + 1, PAGE), STATUS_EINVAL);
	CU_ASSERT_EQUAL(process_heap_unmap(&world.process, HEAP, PAGE + 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(process_heap_unmap(&world.process, HEAP, UINT64_MAX - PAGE + 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(given_pages, 3);
	CU_ASSERT_EQUAL(unmap(HEAP, 1), STATUS_OK);
	CU_ASSERT_EQUAL(unmap(HEAP + 2 * PAGE, 2), STATUS_OK);
	CU_ASSERT_EQUAL(given_pages, 0);
	end();
}

static void what_is_shared_is_no_heap(void)
{
	uint64_t shared;

	begin(100);
	CU_ASSERT_EQUAL(heap(1), HEAP);
	shared = share(&object, 2);
	CU_ASSERT_EQUAL(shared, HEAP + PAGE);
	CU_ASSERT_EQUAL(heap(2), HEAP + 3 * PAGE);
	CU_ASSERT_EQUAL(unmap(HEAP, 2), STATUS_EINVAL);
	CU_ASSERT_EQUAL(unmap(HEAP + 2 * PAGE, 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(unmap(HEAP + 2 * PAGE, 2), STATUS_EINVAL);
	CU_ASSERT_EQUAL(unmap(HEAP, 5), STATUS_EINVAL);
	CU_ASSERT_EQUAL(unmap(HEAP, 1), STATUS_OK); /* up to its first byte, */
	CU_ASSERT_EQUAL(unmap(HEAP + 3 * PAGE, 1), STATUS_OK); /* and from its last on */
	end();
}

static void a_mapping_goes_by_its_address_and_its_object(void)
{
	uint64_t first, second;

	begin(100);
	first = share(&object, 2);
	second = share(&other, 3);
	CU_ASSERT(object.holds == 2 && other.holds == 2 && world.charged_bytes == 2 * sizeof(struct mapping));
	CU_ASSERT_EQUAL(process_unmap_object(&world.process, &object, first + PAGE), STATUS_EINVAL);
	CU_ASSERT_EQUAL(process_unmap_object(&world.process, &object, second), STATUS_EINVAL);
	CU_ASSERT_EQUAL(process_unmap_object(&world.process, &object, second + 3 * PAGE), STATUS_EINVAL);
	CU_ASSERT_EQUAL(process_unmap_object(&world.process, &object, first), STATUS_OK);
	CU_ASSERT(object.holds == 1 && space[0] == 0 && space[1] == 0 && space[2] == 0x10000);
	CU_ASSERT_EQUAL(process_unmap_object(&world.process, &object, first), STATUS_EINVAL);
	CU_ASSERT_EQUAL(share(&object, 2), first);
	end();
}

static void nothing_is_left_of_what_finds_no_memory(void)
{
	static const uint64_t pas[] = { 0x10000, 0x11000, 0x12000 };
	uint64_t address;
	void *page;

	begin(5);
	CU_ASSERT_EQUAL(process_heap_map(&world.process, 6 * PAGE, &address), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(process_heap_map(&world.process, 0, &address), STATUS_EINVAL);
	CU_ASSERT_EQUAL(process_heap_map(&world.process, PAGE - 1, &address), STATUS_EINVAL);
	CU_ASSERT_EQUAL(process_heap_map(&world.process, PROCESS_HEAP_END - HEAP + PAGE, &address), STATUS_ENOMEM);
	for (unsigned left = 0; left < 3; left++) {
		maps_left = left;
		CU_ASSERT_EQUAL(process_heap_map(&world.process, 3 * PAGE, &address), STATUS_ENOMEM);
		CU_ASSERT_EQUAL(given_pages, 0);
		maps_left = left;
		CU_ASSERT_EQUAL(process_map_object(&world.process, &object, pas, 3, HAL_USER_READ, &address), STATUS_ENOMEM);
		CU_ASSERT(object.holds == 1 && world.charged_bytes == 0 && space[0] == 0 && space[1] == 0);
	}
	maps_left = SPACE_PAGES;
	world.allocations_left = 0;
	CU_ASSERT_EQUAL(process_map_object(&world.process, &object, pas, 3, HAL_USER_READ, &address), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(world.charged_bytes, 0);
	world.allocations_left = EVER;
	world.pages_left = 0;
	CU_ASSERT_EQUAL(process_map_object(&world.process, &object, pas, 3, HAL_USER_READ, &address), STATUS_ENOMEM);
	world.pages_left = EVER;
	object.holds = 0;
	CU_ASSERT_EQUAL(process_map_object(&world.process, &object, pas, 3, HAL_USER_READ, &address), STATUS_EBADF);
	object.holds = 1;
	CU_ASSERT_EQUAL(heap(5), HEAP);
	CU_ASSERT_EQUAL(process_map(&world.process, HEAP + 9 * PAGE, HAL_USER_READ, &page), STATUS_ENOMEM);
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(the_heap_is_zeroed_and_lies_as_low_as_it_can),
	UNIT_CASE(only_a_heap_that_is_all_there_is_unmapped),
	UNIT_CASE(what_is_shared_is_no_heap),
	UNIT_CASE(a_mapping_goes_by_its_address_and_its_object),
	UNIT_CASE(nothing_is_left_of_what_finds_no_memory),
};

UNIT_MAIN("kernel/sys/memory", cases)
