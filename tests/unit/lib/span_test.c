// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/span: a part lies inside of the whole, whatever the numbers. */
#include "lib/span.h"

#include "tests/unit/unit.h"

static const uint8_t bytes[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };

static void span_hands_out_every_part_inside(void)
{
	struct span whole = span_of(bytes, sizeof(bytes));

	for (uint64_t offset = 0; offset <= 10; offset++)
		for (uint64_t len = 0; len <= 10; len++) {
			struct span part = { 0 };
			bool inside = offset + len <= sizeof(bytes);

			CU_ASSERT_EQUAL(span_sub(whole, offset, len, &part), inside);
			CU_ASSERT_PTR_EQUAL(part.data, inside ? bytes + offset : NULL);
			CU_ASSERT_EQUAL(part.len, inside ? len : 0);
		}
}

static void span_rejects_sums_that_wrap(void)
{
	struct span whole = span_of(bytes, sizeof(bytes));
	struct span part;

	CU_ASSERT_FALSE(span_sub(whole, 4, UINT64_MAX, &part));
	CU_ASSERT_FALSE(span_sub(whole, 4, UINT64_MAX - 3, &part));
	CU_ASSERT_FALSE(span_sub(whole, UINT64_MAX, 1, &part));
	CU_ASSERT_FALSE(span_sub(whole, UINT64_MAX - 1, 4, &part));
	CU_ASSERT_FALSE(span_sub(whole, UINT64_C(1) << 32, 0, &part));
}

static void span_may_be_empty(void)
{
	struct span part;

	CU_ASSERT_TRUE(span_sub(span_of(bytes, 0), 0, 0, &part));
	CU_ASSERT_EQUAL(part.len, 0);
	CU_ASSERT_FALSE(span_sub(span_of(bytes, 0), 0, 1, &part));
}

/* The hashes of draft-eastlake-fnv, section 5, folded. */
static void span_hash_is_that_of_fnv(void)
{
	const uint32_t basis = 0x811c9dc5;

	CU_ASSERT_EQUAL(span_hash(span_of("", 0), basis), basis ^ basis >> 15);
	CU_ASSERT_EQUAL(span_hash(span_of("a", 1), basis), 0xe40c292cu ^ 0xe40c292cu >> 15);
	CU_ASSERT_EQUAL(span_hash(span_of("foobar", 6), basis), 0xbf9cf968u ^ 0xbf9cf968u >> 15);
	CU_ASSERT_NOT_EQUAL(span_hash(span_of("a", 1), 1), span_hash(span_of("a", 1), 2));
}

static const struct unit_case cases[] = {
	UNIT_CASE(span_hands_out_every_part_inside),
	UNIT_CASE(span_rejects_sums_that_wrap),
	UNIT_CASE(span_may_be_empty),
	UNIT_CASE(span_hash_is_that_of_fnv),
};
UNIT_MAIN("lib/span", cases)
