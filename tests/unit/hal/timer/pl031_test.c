// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The real-time clock that a device tree names (fixtures/fdt/clocks.dts): the one that may be used, where its registers can be read. */
#include "tests/unit/machine.h"

#include "hal/timer/pl031.c"

static _Alignas(8) uint8_t tree[4096];
static size_t tree_bytes;
static uint32_t counter = 1700000000;
static bool no_mapping;

const void *hal_device_tree(size_t *bytes)
{
	*bytes = tree_bytes;
	return tree;
}

volatile void *tables_map_device_from(uint64_t pa, uint64_t bytes, const struct hal_page_source *source)
{
	CU_ASSERT_EQUAL(pa, 0x2000);
	CU_ASSERT_EQUAL(bytes, 4096);
	CU_ASSERT_PTR_NULL(source);
	return no_mapping ? NULL : &counter;
}

static void begin(void)
{
	const char *folder = getenv("RUMPK_FIXTURES");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/fdt/clocks.dtb", folder != NULL ? folder : "build/fixtures");
	file = fopen(path, "rb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	tree_bytes = fread(tree, 1, sizeof(tree), file);
	fclose(file);
}

/* The registers of the clock at 0x2000 are elsewhere. */
static void move(uint32_t base, uint32_t bytes)
{
	static const uint8_t reg[] = { 0, 0, 0x20, 0, 0, 0, 0x10, 0 };
	const uint32_t moved[] = { __builtin_bswap32(base), __builtin_bswap32(bytes) };

	begin();
	for (size_t i = 0; i + sizeof(reg) < tree_bytes; i += 4)
		if (memcmp(tree + i, reg, sizeof(reg)) == 0)
			memcpy(tree + i, moved, sizeof(moved));
}

static void the_clock_that_may_be_used_is_read(void)
{
	uint64_t seconds = 0;

	begin();
	CU_ASSERT_EQUAL(hal_rtc_read(NULL, &seconds), STATUS_OK);
	CU_ASSERT_EQUAL(seconds, 1700000000);
	no_mapping = true;
	CU_ASSERT_EQUAL(hal_rtc_read(NULL, &seconds), STATUS_ENOMEM);
	no_mapping = false;
}

static void registers_that_are_no_page_are_no_clock(void)
{
	uint64_t seconds = 99;

	move(0x2000, 4);
	CU_ASSERT_EQUAL(hal_rtc_read(NULL, &seconds), STATUS_OK);
	seconds = 99;
	move(0x2000, 3);
	CU_ASSERT_EQUAL(hal_rtc_read(NULL, &seconds), STATUS_ENODEV);
	move(0x2004, 0x1000);
	CU_ASSERT_EQUAL(hal_rtc_read(NULL, &seconds), STATUS_ENODEV);
	CU_ASSERT_EQUAL(seconds, 99);
}

static void a_tree_that_cannot_be_read_has_no_clock(void)
{
	uint64_t seconds;

	begin();
	tree_bytes -= 1;
	CU_ASSERT_EQUAL(hal_rtc_read(NULL, &seconds), STATUS_ENODEV);
}

static const struct unit_case cases[] = {
	UNIT_CASE(the_clock_that_may_be_used_is_read),
	UNIT_CASE(registers_that_are_no_page_are_no_clock),
	UNIT_CASE(a_tree_that_cannot_be_read_has_no_clock),
};

UNIT_MAIN("hal/timer/pl031", cases)
