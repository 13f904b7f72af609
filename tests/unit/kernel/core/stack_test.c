// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Stacks: their slots, their guard pages, and that nothing is left of one for which memory does not suffice. */
#include "tests/unit/machine.h"

#include "kernel/core/stack.c"

enum { STACK_PAGES = STACK_BYTES / 4096, PAGES = (SLOTS + 1) * STACK_PAGES };

static uint64_t mapped[PAGES][2]; /* va, pa */
static unsigned mapped_count, pages_taken, pages_limit, maps_limit;

uint64_t page_alloc(unsigned order)
{
	CU_ASSERT_EQUAL(order, 0);
	return pages_taken < pages_limit ? 0x40000000 + 4096ull * pages_taken++ : 0;
}

void page_free(uint64_t pa, unsigned order)
{
	CU_ASSERT_EQUAL(order, 0);
	CU_ASSERT(pa >= 0x40000000);
	pages_taken--;
}

struct hal_page_source page_source(void)
{
	return (struct hal_page_source){ 0 };
}

status_t hal_kernel_map(uint64_t va, uint64_t pa, const struct hal_page_source *source)
{
	(void)source;
	if (mapped_count == maps_limit)
		return STATUS_ENOMEM;
	mapped[mapped_count][0] = va;
	mapped[mapped_count++][1] = pa;
	return STATUS_OK;
}

uint64_t hal_kernel_unmap(uint64_t va)
{
	for (unsigned i = 0; i < mapped_count; i++) {
		uint64_t pa = mapped[i][1];

		if (mapped[i][0] != va)
			continue;
		memmove(mapped + i, mapped + i + 1, (mapped_count - i - 1) * sizeof(mapped[0]));
		mapped_count--;
		return pa;
	}
	CU_FAIL("unmapped what is not mapped");
	return 0x40000000;
}

static bool is_mapped(uint64_t va)
{
	for (unsigned i = 0; i < mapped_count; i++)
		if (mapped[i][0] == va)
			return true;
	return false;
}

static void begin(void)
{
	memset(slot_taken, 0, sizeof(slot_taken));
	mapped_count = pages_taken = 0;
	pages_limit = maps_limit = PAGES;
}

static void a_stack_has_a_guard_below_it(void)
{
	uint64_t first, second;

	begin();
	first = stack_alloc();
	second = stack_alloc();
	CU_ASSERT_EQUAL(first, HAL_STACKS_BASE + STACK_BYTES + 4096);
	CU_ASSERT_EQUAL(second, first + STACK_BYTES + 4096);
	CU_ASSERT_EQUAL(mapped_count, 2 * STACK_PAGES);
	CU_ASSERT(is_mapped(first - 4096) && is_mapped(first - STACK_BYTES) && !is_mapped(first) && !is_mapped(first - STACK_BYTES - 4096));
	CU_ASSERT_FALSE(stack_guards(first, first - STACK_BYTES));
	CU_ASSERT_TRUE(stack_guards(first, first - STACK_BYTES - 1));
	CU_ASSERT_TRUE(stack_guards(first, first - STACK_BYTES - 4096));
	CU_ASSERT_FALSE(stack_guards(first, first - STACK_BYTES - 4097));
	stack_free(first);
	CU_ASSERT_EQUAL(mapped_count, STACK_PAGES);
	CU_ASSERT_EQUAL(pages_taken, STACK_PAGES);
	CU_ASSERT_TRUE(is_mapped(second - 4096));
	CU_ASSERT_EQUAL(stack_alloc(), first);
	CU_ASSERT_EQUAL(lock.taken, 0);
}

/* Pages run out, or tables do, at any page of the stack. */
static void nothing_is_left_of_a_stack_that_cannot_be_had(void)
{
	for (unsigned limit = 0; limit < STACK_PAGES; limit++) {
		begin();
		pages_limit = limit;
		CU_ASSERT_EQUAL(stack_alloc(), 0);
		CU_ASSERT(mapped_count == 0 && pages_taken == 0);
		pages_limit = PAGES;
		maps_limit = limit;
		CU_ASSERT_EQUAL(stack_alloc(), 0);
		CU_ASSERT(mapped_count == 0 && pages_taken == 0);
		maps_limit = PAGES;
		CU_ASSERT_EQUAL(stack_alloc(), HAL_STACKS_BASE + STACK_BYTES + 4096);
		CU_ASSERT_EQUAL(lock.taken, 0);
	}
}

static void there_are_so_many_stacks_and_no_more(void)
{
	begin();
	for (unsigned i = 0; i < SLOTS; i++)
		CU_ASSERT_EQUAL(stack_alloc(), HAL_STACKS_BASE + (i + 1ul) * (STACK_BYTES + 4096));
	CU_ASSERT_EQUAL(stack_alloc(), 0);
	stack_free(HAL_STACKS_BASE + SLOTS * (STACK_BYTES + 4096));
	stack_free(HAL_STACKS_BASE + 65 * (STACK_BYTES + 4096));
	CU_ASSERT_EQUAL(stack_alloc(), HAL_STACKS_BASE + 65 * (STACK_BYTES + 4096));
	CU_ASSERT_EQUAL(stack_alloc(), HAL_STACKS_BASE + SLOTS * (STACK_BYTES + 4096));
	CU_ASSERT_EQUAL(stack_alloc(), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_stack_has_a_guard_below_it),
	UNIT_CASE(nothing_is_left_of_a_stack_that_cannot_be_had),
	UNIT_CASE(there_are_so_many_stacks_and_no_more),
};

UNIT_MAIN("kernel/core/stack", cases)
