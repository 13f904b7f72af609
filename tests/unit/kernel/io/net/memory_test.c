// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/memory: blocks do not overlap, the limit holds, everything comes back. */
#include "kernel/io/net/memory.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

enum { BLOCKS = 2000, LIMIT = 4096 };

static struct {
	uint8_t *at;
	size_t bytes;
} blocks[BLOCKS];

static size_t size_random(void)
{
	static const size_t most[] = { 64, 300, 2000, 5000, 70000 };
	unsigned kind = (unsigned)rand() % 100;

	return 1 + (size_t)rand() % most[kind < 40 ? 0 : kind < 70 ? 1 : kind < 95 ? 2 : kind < 99 ? 3 : 4];
}

static void block_fill(unsigned i)
{
	memset(blocks[i].at, (int)(i % 251), blocks[i].bytes);
}

static void block_check(unsigned i)
{
	for (size_t at = 0; at < blocks[i].bytes; at++)
		if (blocks[i].at[at] != i % 251)
			CU_FAIL_FATAL("a block was overwritten");
}

static void blocks_keep_what_is_in_them(void)
{
	net_memory_init(LIMIT);
	for (unsigned round = 0; round < 60000; round++) {
		unsigned i = (unsigned)rand() % BLOCKS;

		if (blocks[i].at != NULL) {
			block_check(i);
			net_memory_free(blocks[i].at);
			blocks[i].at = NULL;
			continue;
		}
		blocks[i].bytes = size_random();
		blocks[i].at = net_memory_alloc(blocks[i].bytes);
		if (blocks[i].at == NULL)
			continue;
		CU_ASSERT_FATAL((uintptr_t)blocks[i].at % 16 == 0);
		block_fill(i);
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		if (blocks[i].at == NULL)
			continue;
		block_check(i);
		net_memory_free(blocks[i].at);
		blocks[i].at = NULL;
	}
	CU_ASSERT_EQUAL(net_memory_counters()->blocks, 0);
	CU_ASSERT(net_memory_counters()->pages_most <= LIMIT);
	net_memory_trim();
	CU_ASSERT(net_memory_counters()->pages == 0 && world.pages == 0);
}

static void memory_ends_at_its_limit(void)
{
	static void *taken[1000];
	unsigned count = 0;

	net_memory_init(40);
	CU_ASSERT_FALSE(net_memory_is_scarce());
	while ((taken[count] = net_memory_alloc(1000)) != NULL)
		count++;
	CU_ASSERT(count >= 40 / 4 * 14 && net_memory_is_scarce());
	CU_ASSERT(net_memory_counters()->pages == 40 && net_memory_counters()->refused == 1);
	CU_ASSERT_PTR_NULL(net_memory_alloc(100000000));
	CU_ASSERT_PTR_NULL(net_memory_calloc(SIZE_MAX / 2, 3));
	net_memory_free(taken[--count]);
	CU_ASSERT_PTR_NOT_NULL(taken[count] = net_memory_alloc(1000));
	for (count++; count > 0; count--)
		net_memory_free(taken[count - 1]);
	net_memory_trim();
	CU_ASSERT_EQUAL(world.pages, 0);
}

/* Whoever takes new work asks this: the last eighth is for what is under way. */
static void memory_is_scarce_in_the_last_eighth(void)
{
	static void *taken[1000];
	unsigned count = 0;

	net_memory_init(32);
	while ((taken[count] = net_memory_alloc(1000)) != NULL) {
		CU_ASSERT_EQUAL(net_memory_is_scarce(), net_memory_counters()->pages > 28);
		count++;
	}
	CU_ASSERT_EQUAL(net_memory_counters()->pages, 32);
	for (; count > 0; count--)
		net_memory_free(taken[count - 1]);
	net_memory_trim();
}

static void calloc_zeroes(void)
{
	uint8_t *block;

	net_memory_init(LIMIT);
	block = net_memory_alloc(500);
	memset(block, 0xff, 500);
	net_memory_free(block);
	block = net_memory_calloc(50, 10);
	for (unsigned i = 0; i < 500; i++)
		CU_ASSERT_FATAL(block[i] == 0);
	net_memory_free(block);
	for (size_t i = 0; i < 2; i++) { /* nothing is something that can be given back */
		block = net_memory_calloc(i == 0 ? 5 : 0, i == 0 ? 0 : 5);
		CU_ASSERT_PTR_NOT_NULL_FATAL(block);
		net_memory_free(block);
	}
	CU_ASSERT_PTR_NULL(net_memory_calloc(SIZE_MAX / 16 + 1, 16)); /* 0, were it not for what is carried */
	CU_ASSERT_PTR_NULL(net_memory_calloc(16, SIZE_MAX / 16 + 1));
	CU_ASSERT_EQUAL(net_memory_counters()->blocks, 0);
	net_memory_trim();
}

/* A slab that empties and fills again and again is not fetched from the kernel each time. */
static void one_empty_slab_is_kept(void)
{
	void *block;

	net_memory_init(LIMIT);
	for (unsigned i = 0; i < 10; i++) {
		block = net_memory_alloc(64);
		CU_ASSERT_EQUAL(world.pages, 4);
		net_memory_free(block);
		CU_ASSERT_EQUAL(world.pages, 4);
	}
	net_memory_trim();
	CU_ASSERT_EQUAL(world.pages, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(blocks_keep_what_is_in_them),
	UNIT_CASE(memory_ends_at_its_limit),
	UNIT_CASE(memory_is_scarce_in_the_last_eighth),
	UNIT_CASE(calloc_zeroes),
	UNIT_CASE(one_empty_slab_is_kept),
};
UNIT_MAIN("kernel/io/net/memory", cases)
