// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/buddy against a naive model (one state a page), with metadata that begins as garbage. */
#include "lib/buddy.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define FIRST 0x40010u /* not aligned to the largest orders */
#define PAGES 600u
#define BLOCKS 300

enum state { RESERVED, FREE, USED };

struct block {
	uint64_t page;
	unsigned order;
};

struct model {
	struct buddy zone;
	uint8_t meta[PAGES];
	uint8_t state[PAGES]; /* enum state */
	struct block blocks[BLOCKS];
	size_t block_count;
	uint64_t free_pages;
	unsigned wrong;
};

static struct model model;
static uint8_t memory[PAGES * BUDDY_PAGE_BYTES] __attribute__((aligned(4096)));

/* `garbage`: 0 fills metadata at random, else with that byte, which may look like a block. */
static void start(struct random *random, uint8_t garbage)
{
	memset(&model, 0, sizeof(model));
	memset(memory, 0xdb, sizeof(memory));
	if (garbage)
		memset(model.meta, garbage, PAGES);
	else
		random_fill(random, model.meta, PAGES);
	buddy_init(&model.zone, FIRST, PAGES, memory, model.meta);
}

static void add(uint64_t first, uint64_t count)
{
	model.wrong += buddy_add_range(&model.zone, FIRST + first, count) != STATUS_OK;
	memset(model.state + first, FREE, count);
	model.free_pages += count;
}

/* Marks a block in the model. False where a page of it is not in the state `from`. */
static bool mark(struct block block, enum state from, enum state to)
{
	for (uint64_t i = 0; i < UINT64_C(1) << block.order; i++) {
		if (block.page - FIRST + i >= PAGES || model.state[block.page - FIRST + i] != from)
			return false;
		model.state[block.page - FIRST + i] = (uint8_t)to;
	}
	return true;
}

/* Whether the naive allocator finds an aligned free block of that order. */
static bool fits(unsigned order)
{
	uint64_t size = UINT64_C(1) << order;

	for (uint64_t page = (FIRST + size - 1) & ~(size - 1); page + size <= FIRST + PAGES; page += size) {
		uint64_t free = 0;

		while (free < size && model.state[page - FIRST + free] == FREE)
			free++;
		if (free == size)
			return true;
	}
	return false;
}

static void allocate(unsigned order)
{
	struct block block = { .order = order };
	status_t status = buddy_alloc(&model.zone, order, &block.page);
	bool right = status == (fits(order) ? STATUS_OK : STATUS_ENOMEM);

	if (status == STATUS_OK) {
		right = right && block.page % (UINT64_C(1) << order) == 0 && mark(block, FREE, USED);
		memset(memory + (block.page - FIRST) * BUDDY_PAGE_BYTES, 0x81, BUDDY_PAGE_BYTES << order);
		model.blocks[model.block_count++] = block;
		model.free_pages -= UINT64_C(1) << order;
	}
	model.wrong += !right || model.zone.free_pages != model.free_pages;
}

static void give_back(size_t index)
{
	struct block block = model.blocks[index];

	model.blocks[index] = model.blocks[--model.block_count];
	model.wrong += buddy_free(&model.zone, block.page, block.order) != STATUS_OK || !mark(block, USED, FREE);
	model.free_pages += UINT64_C(1) << block.order;
	model.wrong += model.zone.free_pages != model.free_pages;
}

/* Any page and order whatever: right only where the model knows that very block. */
static void free_at_random(struct random *random)
{
	struct block block = { .page = FIRST - 2 + random_below(random, PAGES + 4), .order = (unsigned)random_below(random, 6) };

	for (size_t i = 0; i < model.block_count; i++)
		if (model.blocks[i].page == block.page && model.blocks[i].order == block.order)
			return;
	model.wrong += buddy_free(&model.zone, block.page, block.order) != STATUS_EINVAL;
}

static void run(struct random *random, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		uint64_t what = random_below(random, 20);

		if (what < 9 && model.block_count < BLOCKS)
			allocate((unsigned)(random_below(random, 3) ? random_below(random, 3) : random_below(random, 10)));
		else if (what < 17 && model.block_count > 0)
			give_back(random_below(random, model.block_count));
		else
			free_at_random(random);
	}
}

static void agrees_with_a_naive_model(void)
{
	static const uint8_t garbage[] = { 0, 0x80, 0x83, 0xff, 1, 0x12 };
	struct random random = random_start(20);

	for (unsigned round = 0; round < 60; round++) {
		start(&random, garbage[round % 6]);
		/* Four ranges in no order, the last of them late, touching the first and the second. */
		add(400 + random_below(&random, 8), 150);
		add(random_below(&random, 20), 100);
		run(&random, 300);
		add(200, 130);
		run(&random, 300);
		add(120, 80);
		run(&random, 600);
		while (model.block_count > 0)
			give_back(random_below(&random, model.block_count));
		CU_ASSERT_EQUAL(model.free_pages, 460);
		run(&random, 100);
		CU_ASSERT_EQUAL(model.wrong, 0);
	}
}

static void all_freed_merges_to_the_largest_blocks(void)
{
	struct random random = random_start(21);
	uint64_t page;

	start(&random, 0x80);
	add(0, PAGES);
	run(&random, 2000);
	while (model.block_count > 0)
		give_back(0);
	/* 0x40010 + 600 pages hold exactly one aligned block of 256. */
	CU_ASSERT_EQUAL(buddy_alloc(&model.zone, 8, &page), STATUS_OK);
	CU_ASSERT_EQUAL(page, 0x40100);
	CU_ASSERT_EQUAL(buddy_alloc(&model.zone, 8, &page), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(model.wrong, 0);
}

static void adjacent_ranges_merge(void)
{
	struct random random = random_start(22);
	uint64_t page;

	start(&random, 0x81);
	for (unsigned i = 64; i-- > 0;)
		add(0xf0 + i, 1);
	CU_ASSERT_EQUAL(model.zone.range_count, 1);
	CU_ASSERT_EQUAL(buddy_alloc(&model.zone, 6, &page), STATUS_OK);
	CU_ASSERT_EQUAL(page, FIRST + 0xf0);
}

static void bad_ranges_are_refused(void)
{
	struct random random = random_start(23);
	struct buddy *zone = &model.zone;

	start(&random, 0);
	add(100, 100);
	CU_ASSERT_EQUAL(buddy_add_range(zone, FIRST + 50, 51), STATUS_EEXIST);
	CU_ASSERT_EQUAL(buddy_add_range(zone, FIRST + 199, 5), STATUS_EEXIST);
	CU_ASSERT_EQUAL(buddy_add_range(zone, FIRST - 1, 2), STATUS_EINVAL);
	CU_ASSERT_EQUAL(buddy_add_range(zone, FIRST + PAGES - 1, 2), STATUS_EINVAL);
	CU_ASSERT_EQUAL(buddy_add_range(zone, FIRST, UINT64_MAX), STATUS_EINVAL);
	CU_ASSERT_EQUAL(buddy_add_range(zone, FIRST, 0), STATUS_OK);
	for (unsigned i = 0; i < BUDDY_RANGES_MAX - 1; i++)
		add(300 + 2 * i, 1);
	CU_ASSERT_EQUAL(buddy_add_range(zone, FIRST + 400, 1), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(buddy_add_range(zone, FIRST + 200, 1), STATUS_OK);
	CU_ASSERT_EQUAL(zone->free_pages, 100 + BUDDY_RANGES_MAX);
	CU_ASSERT_EQUAL(zone->total_pages, zone->free_pages);
	CU_ASSERT_EQUAL(model.wrong, 0);
}

static void double_free_and_wrong_order_are_refused(void)
{
	struct random random = random_start(24);
	uint64_t page;

	start(&random, 0x02);
	add(0, PAGES);
	CU_ASSERT_EQUAL(buddy_alloc(&model.zone, 3, &page), STATUS_OK);
	CU_ASSERT_EQUAL(buddy_free(&model.zone, page, 2), STATUS_EINVAL);
	CU_ASSERT_EQUAL(buddy_free(&model.zone, page, 4), STATUS_EINVAL);
	CU_ASSERT_EQUAL(buddy_free(&model.zone, page + 4, 2), STATUS_EINVAL);
	CU_ASSERT_EQUAL(buddy_free(&model.zone, page, BUDDY_ORDER_MAX + 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(buddy_free(&model.zone, page, 3), STATUS_OK);
	CU_ASSERT_EQUAL(buddy_free(&model.zone, page, 3), STATUS_EINVAL);
	CU_ASSERT_EQUAL(buddy_alloc(&model.zone, BUDDY_ORDER_MAX + 1, &page), STATUS_EINVAL);
	CU_ASSERT_EQUAL(model.zone.free_pages, PAGES);
}

/* Each number of frames of a block is kept in turn, at each place where such a block may lie; only they can be given back, and then all is as before. */
static void what_is_not_kept_of_a_block_is_free(void)
{
	struct random random = random_start(26);
	uint64_t pages[2], again;

	start(&random, 0x03);
	add(0, PAGES);
	for (unsigned order = 0; order < 7; order++) {
		for (uint64_t count = 1; count <= UINT64_C(1) << order; count++) {
			for (unsigned i = 0; i < 2; i++) {
				CU_ASSERT_EQUAL(buddy_alloc(&model.zone, order, &pages[i]), STATUS_OK);
				CU_ASSERT_EQUAL(buddy_keep(&model.zone, pages[i], order, 0), STATUS_EINVAL);
				CU_ASSERT_EQUAL(buddy_keep(&model.zone, pages[i], order, (UINT64_C(1) << order) + 1), STATUS_EINVAL);
				CU_ASSERT_EQUAL(buddy_keep(&model.zone, pages[i], order, count), STATUS_OK);
			}
			CU_ASSERT_EQUAL(model.zone.free_pages, PAGES - 2 * count);
			if (count < UINT64_C(1) << order) {
				CU_ASSERT_EQUAL(buddy_free(&model.zone, pages[0], order), STATUS_EINVAL);
				CU_ASSERT_EQUAL(buddy_free_kept(&model.zone, pages[0] + count, 1), STATUS_EINVAL);
				CU_ASSERT_EQUAL(buddy_alloc(&model.zone, 0, &again), STATUS_OK);
				CU_ASSERT(again < pages[0] || again >= pages[0] + count);
				CU_ASSERT_EQUAL(buddy_free(&model.zone, again, 0), STATUS_OK);
			}
			CU_ASSERT_EQUAL(buddy_free_kept(&model.zone, pages[1], count), STATUS_OK);
			CU_ASSERT_EQUAL(buddy_free_kept(&model.zone, pages[0], count), STATUS_OK);
			CU_ASSERT_EQUAL(buddy_free_kept(&model.zone, pages[0], count), STATUS_EINVAL);
			CU_ASSERT_EQUAL(model.zone.free_pages, PAGES);
		}
	}
	CU_ASSERT_EQUAL(buddy_alloc(&model.zone, 8, &again), STATUS_OK); /* all has merged */
}

static void set_up_writes_block_heads_alone(void)
{
	struct random random = random_start(25);
	unsigned meta_written = 0, pages_written = 0;

	start(&random, 0x55);
	add(1, PAGES - 2);
	for (unsigned i = 0; i < PAGES; i++) {
		meta_written += model.meta[i] != 0x55;
		pages_written += memory[i * BUDDY_PAGE_BYTES] != 0xdb;
	}
	CU_ASSERT(meta_written <= 20);
	CU_ASSERT(pages_written <= 20);
}

static const struct unit_case cases[] = {
	UNIT_CASE(agrees_with_a_naive_model),		    UNIT_CASE(all_freed_merges_to_the_largest_blocks),
	UNIT_CASE(adjacent_ranges_merge),		    UNIT_CASE(bad_ranges_are_refused),
	UNIT_CASE(double_free_and_wrong_order_are_refused), UNIT_CASE(set_up_writes_block_heads_alone),
	UNIT_CASE(what_is_not_kept_of_a_block_is_free),
};
UNIT_MAIN("lib/buddy", cases)
