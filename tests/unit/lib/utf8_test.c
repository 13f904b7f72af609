// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Every scalar value has one encoding, and nothing else is a character. */
#include "lib/utf8.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static bool is_scalar(uint32_t code)
{
	return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

static void utf8_encodes_known_characters(void)
{
	uint8_t out[UTF8_MAX];

	CU_ASSERT(utf8_encode('A', out) == 1 && memcmp(out, "A", 1) == 0);
	CU_ASSERT(utf8_encode(0xe4, out) == 2 && memcmp(out, "\xc3\xa4", 2) == 0);
	CU_ASSERT(utf8_encode(0x20ac, out) == 3 && memcmp(out, "\xe2\x82\xac", 3) == 0);
	CU_ASSERT(utf8_encode(0x1f600, out) == 4 && memcmp(out, "\xf0\x9f\x98\x80", 4) == 0);
}

static void utf8_takes_every_character_it_encodes(void)
{
	size_t wrong = 0;

	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		uint8_t out[UTF8_MAX];
		size_t len = utf8_encode(code, out);

		wrong += utf8_length(span_of(out, len)) != (is_scalar(code) ? len : 0);
		wrong += utf8_length(span_of(out, len - 1)) != 0;
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/* Of all sequences of up to three bytes, exactly as many are characters as there are scalar values of that length. */
static void utf8_takes_nothing_else(void)
{
	size_t counts[UTF8_MAX + 1] = { 0 };

	for (uint32_t bytes = 0; bytes < 1u << 24; bytes++) {
		uint8_t text[3] = { (uint8_t)(bytes >> 16), (uint8_t)(bytes >> 8), (uint8_t)bytes };

		counts[utf8_length(span_of(text, 3))]++;
	}
	CU_ASSERT_EQUAL(counts[1], 0x80u << 16);
	CU_ASSERT_EQUAL(counts[2], (0x800u - 0x80) << 8);
	CU_ASSERT_EQUAL(counts[3], 0x10000u - 0x800 - 0x800);
	CU_ASSERT_EQUAL(counts[4], 0);
}

static void utf8_rejects_what_is_cut_off_or_above_unicode(void)
{
	CU_ASSERT_EQUAL(utf8_length(span_of(NULL, 0)), 0);
	CU_ASSERT_EQUAL(utf8_length(span_of("\xf0\x9f\x98", 3)), 0);
	CU_ASSERT_EQUAL(utf8_length(span_of("\xf4\x90\x80\x80", 4)), 0);
	CU_ASSERT_EQUAL(utf8_length(span_of("\xf0\x8f\xbf\xbf", 4)), 0);
	CU_ASSERT_EQUAL(utf8_length(span_of("\xf5\x80\x80\x80", 4)), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(utf8_encodes_known_characters),
	UNIT_CASE(utf8_takes_every_character_it_encodes),
	UNIT_CASE(utf8_takes_nothing_else),
	UNIT_CASE(utf8_rejects_what_is_cut_off_or_above_unicode),
};

UNIT_MAIN("lib/utf8", cases)
