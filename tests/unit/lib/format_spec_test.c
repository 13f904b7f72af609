// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/format: widths and precisions beyond all sense end at a limit, and nothing overflows on the way. */
#include "lib/format.h"

#include <string.h>

#include "tests/unit/unit.h"

typedef int (*print_function)(char *buf, size_t size, const char *fmt, ...);
static print_function volatile ours = format_print; /* called by pointer: the compiler warns of such formats */

static void format_limits_widths(void)
{
	char text[8];

	CU_ASSERT_EQUAL(ours(text, sizeof(text), "%3000d", 7), 3000);
	CU_ASSERT_EQUAL(ours(text, sizeof(text), "%32766d", 7), 32766);
	CU_ASSERT_EQUAL(ours(text, sizeof(text), "%32767d", 7), 32767);
	CU_ASSERT_EQUAL(ours(text, sizeof(text), "%327671d", 7), 32767);
	CU_ASSERT_STRING_EQUAL(text, "       ");
	CU_ASSERT_EQUAL(ours(text, sizeof(text), "%.5d", 7), 5);
	CU_ASSERT_STRING_EQUAL(text, "00007");
}

static void format_survives_any_number_of_digits(void)
{
	char text[8];
	int len = ours(text, sizeof(text), "%99999999999999999999999999d", 7);

	CU_ASSERT(len >= 32767 && len <= 327670);
	len = ours(text, sizeof(text), "%.99999999999999999999999999s", "abc");
	CU_ASSERT_EQUAL(len, 3);
	CU_ASSERT_STRING_EQUAL(text, "abc");
}

static const struct unit_case cases[] = {
	UNIT_CASE(format_limits_widths),
	UNIT_CASE(format_survives_any_number_of_digits),
};

UNIT_MAIN("lib/format_spec", cases)
