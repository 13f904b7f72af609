// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pages on a RAM of this test's own: taken in pieces, counted exactly, and every one given out once until none is left. */
#undef KERNEL_DEBUG
#define KERNEL_DEBUG 0
#include "tests/unit/machine.h"

#include "kernel/core/page.c"

enum { RAM_BYTES = 5 * PIECE_BYTES, PAGES_MAX = RAM_BYTES / 4096, LEADING = 3 };

struct log_filter log_filter_now;
static uint8_t *ram; /* aligned to a piece */
static uint8_t seen[PAGES_MAX];
static uint64_t all[PAGES_MAX];
static unsigned cpu_now;
static jmp_buf panicked;

unsigned hal_cpu_index(void)
{
	return cpu_now;
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	(void)component;
	(void)level;
	(void)fmt;
}

void panic(const char *fmt, ...)
{
	(void)fmt;
	longjmp(panicked, 1);
}

/* RAM of `bytes` from `offset` on; what the allocator counts it with comes off its end. */
static uint64_t begin(uint64_t offset, uint64_t bytes)
{
	const struct hal_range range = { hal_direct_pa(ram + offset), bytes };

	memset(stores, 0, sizeof(stores));
	memset(seen, 0, sizeof(seen));
	memset(&zone, 0, sizeof(zone));
	atomic_store(&zone_lock.taken, 0);
	pending_pages = 0;
	cpu_now = 0;
	page_init(&range, 1);
	return (bytes - bits_align_up(bytes / 4096, 4096)) / 4096;
}

static unsigned number(uint64_t pa)
{
	uint64_t offset = pa - hal_direct_pa(ram);

	CU_ASSERT_FATAL(offset < RAM_BYTES && offset % 4096 == 0);
	return (unsigned)(offset / 4096);
}

static void ram_is_taken_a_piece_at_a_time(void)
{
	uint64_t count, pa;

	count = begin(LEADING * 4096, RAM_BYTES - LEADING * 4096);
	CU_ASSERT_EQUAL(page_free_count(), count);
	CU_ASSERT_EQUAL(zone.free_pages, 0);
	pa = page_alloc(0);
	/* To the next boundary of a piece, and not further. */
	CU_ASSERT_EQUAL(zone.free_pages + stores[0].count + 1, PIECE_BYTES / 4096 - LEADING);
	CU_ASSERT_EQUAL(pending[0].base_pa, hal_direct_pa(ram + PIECE_BYTES));
	CU_ASSERT_EQUAL(page_free_count(), count - 1);
	page_free(pa, 0);
	CU_ASSERT_EQUAL(page_free_count(), count);
	pa = page_alloc(9);
	CU_ASSERT_EQUAL(pa, hal_direct_pa(ram + PIECE_BYTES));
	CU_ASSERT_EQUAL(pending[0].base_pa, hal_direct_pa(ram + 2 * PIECE_BYTES));
	CU_ASSERT_EQUAL(page_free_count(), count - 512);
	page_free(pa, 9);
	CU_ASSERT_EQUAL(page_free_count(), count);
	CU_ASSERT_EQUAL(zone_lock.taken, 0);
}

static void every_page_is_given_out_once_and_comes_back(void)
{
	uint64_t count = begin(LEADING * 4096, RAM_BYTES - LEADING * 4096), taken = 0, pa;

	while ((pa = page_alloc(0)) != 0) {
		CU_ASSERT_EQUAL_FATAL(seen[number(pa)]++, 0);
		all[taken++] = pa;
	}
	CU_ASSERT_EQUAL(taken, count);
	CU_ASSERT(seen[0] == 0 && seen[LEADING - 1] == 0 && seen[LEADING] == 1 && seen[LEADING + count - 1] == 1);
	CU_ASSERT_EQUAL(page_free_count(), 0);
	CU_ASSERT_EQUAL(page_alloc(1), 0);
	for (uint64_t i = 0; i < taken; i++)
		page_free(all[i], 0);
	CU_ASSERT_EQUAL(page_free_count(), count);
	CU_ASSERT_EQUAL(zone_lock.taken, 0);
}

static void a_cpu_keeps_some_pages_and_gives_half_of_them_back(void)
{
	uint64_t pages[STORE_PAGES + STORE_MOVES];

	(void)begin(0, RAM_BYTES);
	for (unsigned i = 0; i < STORE_PAGES + STORE_MOVES; i++) {
		pages[i] = page_alloc(0);
		CU_ASSERT_EQUAL(stores[0].count, STORE_MOVES - 1 - i % STORE_MOVES);
	}
	for (unsigned i = 0; i < STORE_PAGES; i++) {
		page_free(pages[i], 0);
		CU_ASSERT_EQUAL(stores[0].count, i + 1);
	}
	page_free(pages[STORE_PAGES], 0);
	CU_ASSERT_EQUAL(stores[0].count, STORE_MOVES);
	CU_ASSERT_EQUAL(page_alloc(0), pages[STORE_MOVES - 1]);
	cpu_now = 1;
	page_free(pages[STORE_PAGES + 1], 0);
	CU_ASSERT(stores[0].count == STORE_MOVES - 1 && stores[1].count == 1);
	CU_ASSERT_EQUAL(page_alloc(0), pages[STORE_PAGES + 1]);
}

static void what_is_not_allocated_cannot_be_freed(void)
{
	uint64_t pa, large;

	(void)begin(0, RAM_BYTES);
	pa = page_alloc(0);
	large = page_alloc(3);
	page_free(pa, 0);
	if (setjmp(panicked) == 0) {
		page_free(pa, 0);
		CU_FAIL("it is free");
	}
	if (setjmp(panicked) == 0) {
		page_free(large + 1, 0);
		CU_FAIL("no page");
	}
	if (setjmp(panicked) == 0) {
		page_free(large, 2);
		CU_FAIL("it is larger");
	}
	CU_ASSERT_EQUAL(page_order_for(1), 0);
	CU_ASSERT_EQUAL(page_order_for(4096), 0);
	CU_ASSERT_EQUAL(page_order_for(4097), 1);
	CU_ASSERT_EQUAL(page_order_for(8193), 2);
}

static void ram_in_two_pieces_is_used_up_to_the_last_page(void)
{
	const struct hal_range ranges[] = { { hal_direct_pa(ram), 3 * 4096 }, { hal_direct_pa(ram + PIECE_BYTES + 4096), 7 * 4096 } };
	uint64_t taken = 0, pa;

	(void)begin(0, RAM_BYTES);
	memset(stores, 0, sizeof(stores));
	memset(seen, 0, sizeof(seen));
	pending_pages = 0;
	page_init(ranges, 2);
	CU_ASSERT_EQUAL(page_free_count(), 9); /* one counts the others */
	while ((pa = page_alloc(0)) != 0) {
		CU_ASSERT_EQUAL_FATAL(seen[number(pa)]++, 0);
		taken++;
	}
	CU_ASSERT_EQUAL(taken, 9);
	if (setjmp(panicked) == 0) {
		page_init((const struct hal_range[]){ { hal_direct_pa(ram), 0 } }, 1);
		page_init((const struct hal_range[]){ { hal_direct_pa(ram), 4096 }, { hal_direct_pa(ram) + (1ull << 30), 4096 } }, 2);
		CU_FAIL("no room to count it with");
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(ram_is_taken_a_piece_at_a_time),
	UNIT_CASE(every_page_is_given_out_once_and_comes_back),
	UNIT_CASE(a_cpu_keeps_some_pages_and_gives_half_of_them_back),
	UNIT_CASE(what_is_not_allocated_cannot_be_freed),
	UNIT_CASE(ram_in_two_pieces_is_used_up_to_the_last_page),
};

int main(void)
{
	ram = aligned_alloc(PIECE_BYTES, RAM_BYTES);
	return unit_run("kernel/core/page", cases, ARRAY_LEN(cases));
}
