// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Translation tables, walked by a walker of this test's own: what is mapped where and how, what is given back, and tables that are not to be had. */
#include "tests/unit/machine.h"

#include "hal/arm64/image.h"
#include "hal/arm64/tables.c"

enum { PAGES = 64 };
#define MIB2 0x200000ul
#define GIB 0x40000000ul

/* The image, which lies in the direct map here. */
char image_start[4096], image_end[4096];
uint64_t early_kernel_root[TABLE_ENTRIES] __attribute__((aligned(4096)));
static _Alignas(4096) uint64_t pages[PAGES][TABLE_ENTRIES];
static unsigned pages_taken, pages_limit;
static uint64_t freed[PAGES];
static unsigned freed_count;

static uint64_t page_take(void *ctx)
{
	(void)ctx;
	if (pages_taken == pages_limit)
		return 0;
	memset(pages[pages_taken], 0xee, 4096);
	return hal_direct_pa(pages[pages_taken++]);
}

static void page_give(void *ctx, uint64_t pa)
{
	(void)ctx;
	freed[freed_count++] = pa;
}

static const struct hal_page_source source = { .alloc = page_take, .free = page_give };

static void begin(void)
{
	memset(early_kernel_root, 0, sizeof(early_kernel_root));
	tables_init(hal_direct_pa(image_start));
	pages_taken = freed_count = boot_pool_used = 0;
	pages_limit = PAGES;
	device_next = DEVICE_BASE;
}

/* What `va` is translated to: the entry with its offset in the block, 0 where nothing is mapped. The level of the entry is told. */
static uint64_t walk(uint64_t va, unsigned *level)
{
	const uint64_t *table = early_kernel_root;

	for (*level = 1; *level <= 3; ++*level) {
		uint64_t entry = table[va >> (39 - 9 * *level) & 511];

		if (!(entry & 1))
			return 0;
		if (*level == 3 || !(entry & 2))
			return *level == 3 && !(entry & 2) ? 0 : entry + (va & ((1ul << (39 - 9 * *level)) - 1));
		table = hal_direct_va(entry & PTE_ADDR_MASK);
	}
	return 0;
}

static void maps_to(uint64_t va, uint64_t pa, uint64_t attributes, unsigned level)
{
	unsigned at;

	CU_ASSERT_EQUAL(walk(va, &at), pa | attributes | (level == 3 ? 2 : 0));
	CU_ASSERT_EQUAL(at, level);
}

static void a_range_is_mapped_with_the_largest_blocks_that_fit(void)
{
	unsigned level;

	begin();
	CU_ASSERT_EQUAL(tables_map_range(HAL_DIRECT_BASE + GIB - 0x1000, GIB - 0x1000, 2 * GIB + MIB2 + 0x2000, PTE_KERNEL_RW), STATUS_OK);
	CU_ASSERT_EQUAL(walk(HAL_DIRECT_BASE + GIB - 0x2000, &level), 0);
	maps_to(HAL_DIRECT_BASE + GIB - 0x1000, GIB - 0x1000, PTE_KERNEL_RW, 3);
	maps_to(HAL_DIRECT_BASE + GIB, GIB, PTE_KERNEL_RW, 1);
	maps_to(HAL_DIRECT_BASE + 2 * GIB, 2 * GIB, PTE_KERNEL_RW, 1);
	maps_to(HAL_DIRECT_BASE + 3 * GIB, 3 * GIB, PTE_KERNEL_RW, 2);
	maps_to(HAL_DIRECT_BASE + 3 * GIB + MIB2, 3 * GIB + MIB2, PTE_KERNEL_RW, 3);
	CU_ASSERT_EQUAL(walk(HAL_DIRECT_BASE + 3 * GIB + MIB2 + 0x1000, &level), 0);
	CU_ASSERT_EQUAL(boot_pool_used, 4);
}

static void blocks_end_with_their_table(void)
{
	unsigned level;

	begin();
	CU_ASSERT_EQUAL(tables_map_range(HAL_DIRECT_BASE + MIB2 - 0x2000, GIB, 0x4000, PTE_DEVICE), STATUS_OK);
	for (unsigned i = 0; i < 4; i++)
		maps_to(HAL_DIRECT_BASE + MIB2 - 0x2000 + i * 0x1000, GIB + i * 0x1000, PTE_DEVICE, 3);
	CU_ASSERT_EQUAL(walk(HAL_DIRECT_BASE + MIB2 + 0x2000, &level), 0);
}

static void a_range_that_finds_no_table_is_refused(void)
{
	begin();
	boot_pool_used = BOOT_POOL_TABLES - 1;
	CU_ASSERT_EQUAL(tables_map_range(HAL_DIRECT_BASE, GIB, 0x1000, PTE_DEVICE), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(boot_pool_used, BOOT_POOL_TABLES);
	CU_ASSERT_PTR_NULL((const void *)tables_map_device(GIB, 4096));
}

static void devices_are_mapped_one_behind_the_other_by_whole_pages(void)
{
	begin();
	CU_ASSERT_EQUAL((uint64_t)tables_map_device_from(0x9000004, 8, &source), DEVICE_BASE + 4);
	CU_ASSERT_EQUAL((uint64_t)tables_map_device_from(0x9000ffc, 8, &source), DEVICE_BASE + 0x1000 + 0xffc);
	CU_ASSERT_EQUAL((uint64_t)tables_map_device(0xa000000, 0x1000), DEVICE_BASE + 0x3000);
	maps_to(DEVICE_BASE, 0x9000000, PTE_DEVICE, 3);
	maps_to(DEVICE_BASE + 0x1000, 0x9000000, PTE_DEVICE, 3);
	maps_to(DEVICE_BASE + 0x2000, 0x9001000, PTE_DEVICE, 3);
	maps_to(DEVICE_BASE + 0x3000, 0xa000000, PTE_DEVICE, 3);
	CU_ASSERT_EQUAL(pages_taken, 2);
}

static void a_kernel_page_is_mapped_found_and_unmapped(void)
{
	const uint64_t va = HAL_STACKS_BASE + GIB + 0x5000;
	unsigned level;

	begin();
	pages_limit = 1;
	CU_ASSERT_EQUAL(hal_kernel_map(va, 0x40001000, &source), STATUS_ENOMEM);
	pages_limit = PAGES;
	CU_ASSERT_EQUAL(hal_kernel_map(va, 0x40001000, &source), STATUS_OK);
	maps_to(va, 0x40001000, PTE_KERNEL_RW, 3);
	CU_ASSERT_PTR_NULL(tables_entry_find(tables_kernel_root_pa(), va + 0x1000));
	CU_ASSERT_PTR_NULL(tables_entry_find(tables_kernel_root_pa(), va + MIB2));
	CU_ASSERT_PTR_NULL(tables_entry_find(tables_kernel_root_pa(), va + GIB));
	CU_ASSERT_EQUAL(hal_kernel_unmap(va), 0x40001000);
	CU_ASSERT_EQUAL(walk(va, &level), 0);
	CU_ASSERT_PTR_NULL(tables_entry_find(tables_kernel_root_pa(), va));
}

/* Such tables stay, and would be pages that are missing once a process is gone. */
static void the_first_stacks_take_no_page_for_tables(void)
{
	begin();
	pages_limit = 0;
	CU_ASSERT_EQUAL(hal_kernel_map(HAL_STACKS_BASE, 0x40001000, &source), STATUS_OK);
	CU_ASSERT_EQUAL(hal_kernel_map(HAL_STACKS_BASE + MIB2 - 0x1000, 0x40002000, &source), STATUS_OK);
	maps_to(HAL_STACKS_BASE, 0x40001000, PTE_KERNEL_RW, 3);
	maps_to(HAL_STACKS_BASE + MIB2 - 0x1000, 0x40002000, PTE_KERNEL_RW, 3);
	CU_ASSERT_EQUAL(hal_kernel_map(HAL_STACKS_BASE + MIB2, 0x40003000, &source), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(pages_taken, 0);
}

/* Behind a block there is no table: neither looked up nor made. */
static void a_block_is_not_taken_for_a_table(void)
{
	begin();
	CU_ASSERT_EQUAL(tables_map_range(HAL_DIRECT_BASE, 0, MIB2, PTE_KERNEL_RW), STATUS_OK);
	CU_ASSERT_EQUAL(tables_map_range(HAL_DIRECT_BASE + GIB, GIB, GIB, PTE_KERNEL_RW), STATUS_OK);
	CU_ASSERT_PTR_NULL(tables_entry_find(tables_kernel_root_pa(), HAL_DIRECT_BASE + 0x1000));
	CU_ASSERT_PTR_NULL(tables_entry_find(tables_kernel_root_pa(), HAL_DIRECT_BASE + GIB));
	CU_ASSERT_PTR_NULL(tables_entry_make(tables_kernel_root_pa(), HAL_DIRECT_BASE + 0x1000, 3, &source));
	CU_ASSERT_PTR_NULL(tables_entry_make(tables_kernel_root_pa(), HAL_DIRECT_BASE + GIB, 2, &source));
	CU_ASSERT_EQUAL(pages_taken, 0);
}

static unsigned times_freed(uint64_t pa)
{
	unsigned times = 0;

	for (unsigned i = 0; i < freed_count; i++)
		times += freed[i] == pa;
	return times;
}

static void every_page_and_every_table_is_given_back_once(void)
{
	static const uint64_t vas[] = { 0, 0x1000, 0x1ff000, MIB2 - 0x5000, MIB2, GIB - 0x1000, GIB, 511 * GIB, 512 * GIB - 0x1000 };
	uint64_t root_pa = hal_direct_pa(pages[0]);

	begin();
	memset(pages[0], 0, 4096);
	pages_taken = 1;
	for (unsigned i = 0; i < ARRAY_LEN(vas); i++) {
		uint64_t *entry = tables_entry_make(root_pa, vas[i], 3, &source);

		CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
		*entry = (0x40000000 + 0x1000 * i) | PTE_NORMAL | PTE_PAGE;
	}
	*tables_entry_make(root_pa, 0x9000, 3, &source) = 0x7000; /* not valid: somebody else's note */
	tables_destroy(root_pa, true, &source);
	for (unsigned i = 0; i < ARRAY_LEN(vas); i++)
		CU_ASSERT_EQUAL(times_freed(0x40000000 + 0x1000 * i), 1);
	for (unsigned i = 0; i < pages_taken; i++)
		CU_ASSERT_EQUAL(times_freed(hal_direct_pa(pages[i])), 1);
	CU_ASSERT_EQUAL(freed_count, ARRAY_LEN(vas) + pages_taken);
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		CU_ASSERT_EQUAL(pages[0][i], 0);
}

static void pages_that_are_said_not_to_be_there_are_not_looked_for(void)
{
	uint64_t root_pa = hal_direct_pa(pages[0]);

	begin();
	memset(pages[0], 0, 4096);
	pages_taken = 1;
	*tables_entry_make(root_pa, MIB2, 3, &source) = 0x40000000 | PTE_NORMAL | PTE_PAGE;
	*tables_entry_make(root_pa, GIB, 3, &source) = 0;
	tables_empty(root_pa, false, &source);
	CU_ASSERT_EQUAL(times_freed(0x40000000), 0);
	CU_ASSERT_EQUAL(freed_count, pages_taken - 1); /* the first table stays */
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_range_is_mapped_with_the_largest_blocks_that_fit),
	UNIT_CASE(blocks_end_with_their_table),
	UNIT_CASE(a_range_that_finds_no_table_is_refused),
	UNIT_CASE(devices_are_mapped_one_behind_the_other_by_whole_pages),
	UNIT_CASE(a_kernel_page_is_mapped_found_and_unmapped),
	UNIT_CASE(the_first_stacks_take_no_page_for_tables),
	UNIT_CASE(a_block_is_not_taken_for_a_table),
	UNIT_CASE(every_page_and_every_table_is_given_back_once),
	UNIT_CASE(pages_that_are_said_not_to_be_there_are_not_looked_for),
};

UNIT_MAIN("hal/arm64/tables", cases)
