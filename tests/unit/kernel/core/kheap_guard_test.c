// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What guards memory: a write beyond what was asked for, or after it was freed, is told; nothing else is. */
#include "kernel/core/kheap_guard.h"

#include <string.h>

#include "tests/unit/unit.h"

static _Alignas(16) uint8_t object[96];

static void begin(size_t bytes)
{
	memset(object, 0xee, sizeof(object));
	CU_ASSERT_PTR_NULL(kheap_guard_begin(object, sizeof(object), bytes));
}

static void all_that_was_asked_for_may_be_written(void)
{
	for (size_t bytes = 0; bytes <= sizeof(object) - 8; bytes++) {
		begin(bytes);
		memset(object, 1, bytes);
		CU_ASSERT_EQUAL(kheap_guard_asked(object, sizeof(object)), bytes);
		CU_ASSERT_PTR_NULL(kheap_guard_end(object, sizeof(object)));
		CU_ASSERT_PTR_NULL(kheap_guard_begin(object, sizeof(object), 40));
	}
}

static void a_byte_written_beyond_the_end_is_told(void)
{
	for (size_t at = 40; at < sizeof(object); at++) {
		begin(40);
		object[at] ^= 1;
		CU_ASSERT_PTR_NOT_NULL(kheap_guard_end(object, sizeof(object)));
	}
}

static void a_byte_written_after_it_was_freed_is_told(void)
{
	for (size_t at = 0; at < sizeof(object) - 8; at++) {
		begin(40);
		CU_ASSERT_PTR_NULL(kheap_guard_end(object, sizeof(object)));
		object[at] ^= 1;
		CU_ASSERT_PTR_NOT_NULL(kheap_guard_begin(object, sizeof(object), 40));
	}
}

static void freed_memory_holds_nothing_of_what_was_there(void)
{
	begin(40);
	memset(object, 7, 40);
	kheap_guard_fill(object, sizeof(object));
	for (size_t at = 0; at < sizeof(object) - 8; at++)
		CU_ASSERT_EQUAL(object[at], 0x6b);
}

static const struct unit_case cases[] = {
	UNIT_CASE(all_that_was_asked_for_may_be_written),
	UNIT_CASE(a_byte_written_beyond_the_end_is_told),
	UNIT_CASE(a_byte_written_after_it_was_freed_is_told),
	UNIT_CASE(freed_memory_holds_nothing_of_what_was_there),
};

UNIT_MAIN("kernel/core/kheap_guard", cases)
