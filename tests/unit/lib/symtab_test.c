// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/symtab: look-up at, between and around symbols, and tables that are broken. */
#include "lib/symtab.h"

#include <string.h>

#include "tests/unit/unit.h"

#define BASE 0xffff000000080000u
#define END (BASE + 0x1000)

struct table {
	uint32_t magic, count, offsets[3], names[3];
	char strings[18];
};

static const struct table good = { SYMTAB_MAGIC, 3, { 0x10, 0x40, 0x800 }, { 0, 6, 11 }, "start\0main\0panic" };

static void symtab_names_the_function_around_an_address(void)
{
	struct symtab symtab;
	uint64_t offset = 99;

	CU_ASSERT_EQUAL_FATAL(symtab_open(&symtab, &good, sizeof(good), BASE, END), STATUS_OK);
	CU_ASSERT_STRING_EQUAL(symtab_find(&symtab, BASE + 0x10, &offset), "start");
	CU_ASSERT_EQUAL(offset, 0);
	CU_ASSERT_STRING_EQUAL(symtab_find(&symtab, BASE + 0x3f, &offset), "start");
	CU_ASSERT_EQUAL(offset, 0x2f);
	CU_ASSERT_STRING_EQUAL(symtab_find(&symtab, BASE + 0x40, &offset), "main");
	CU_ASSERT_STRING_EQUAL(symtab_find(&symtab, END - 1, &offset), "panic");
	CU_ASSERT_EQUAL(offset, 0x7ff);
}

static void symtab_knows_nothing_outside_the_image(void)
{
	struct symtab symtab;
	uint64_t offset;

	CU_ASSERT_EQUAL_FATAL(symtab_open(&symtab, &good, sizeof(good), BASE, END), STATUS_OK);
	CU_ASSERT_PTR_NULL(symtab_find(&symtab, BASE - 1, &offset));
	CU_ASSERT_PTR_NULL(symtab_find(&symtab, BASE + 0xf, &offset));
	CU_ASSERT_PTR_NULL(symtab_find(&symtab, END, &offset));
	CU_ASSERT_PTR_NULL(symtab_find(&symtab, 0, &offset));
	CU_ASSERT_PTR_NULL(symtab_find(&symtab, UINT64_MAX, &offset));
}

static void symtab_refuses_broken_headers(void)
{
	struct symtab symtab;
	struct table table = good;

	table.magic ^= 1;
	CU_ASSERT_EQUAL(symtab_open(&symtab, &table, sizeof(table), BASE, END), STATUS_EBADMSG);
	table = good;
	table.count = UINT32_MAX;
	CU_ASSERT_EQUAL(symtab_open(&symtab, &table, sizeof(table), BASE, END), STATUS_EBADMSG);
	for (size_t len = 0; len < offsetof(struct table, strings); len++)
		CU_ASSERT_EQUAL(symtab_open(&symtab, &good, len, BASE, END), STATUS_EBADMSG);
}

static void symtab_hands_out_no_broken_name(void)
{
	struct symtab symtab;
	struct table table = good;
	uint64_t offset;

	table.names[1] = 5000;
	memset((char *)&table + offsetof(struct table, strings) + 11, 'x', sizeof(table) - offsetof(struct table, strings) - 11);
	CU_ASSERT_EQUAL_FATAL(symtab_open(&symtab, &table, sizeof(table), BASE, END), STATUS_OK);
	CU_ASSERT_PTR_NULL(symtab_find(&symtab, BASE + 0x40, &offset));
	CU_ASSERT_PTR_NULL(symtab_find(&symtab, BASE + 0x900, &offset));
	CU_ASSERT_STRING_EQUAL(symtab_find(&symtab, BASE + 0x20, &offset), "start");
}

static void symtab_may_be_empty(void)
{
	static const uint32_t empty[] = { SYMTAB_MAGIC, 0 };
	struct symtab symtab;
	uint64_t offset;

	CU_ASSERT_EQUAL_FATAL(symtab_open(&symtab, empty, sizeof(empty), BASE, END), STATUS_OK);
	CU_ASSERT_PTR_NULL(symtab_find(&symtab, BASE, &offset));
}

static const struct unit_case cases[] = {
	UNIT_CASE(symtab_names_the_function_around_an_address),
	UNIT_CASE(symtab_knows_nothing_outside_the_image),
	UNIT_CASE(symtab_refuses_broken_headers),
	UNIT_CASE(symtab_hands_out_no_broken_name),
	UNIT_CASE(symtab_may_be_empty),
};
UNIT_MAIN("lib/symtab", cases)
