// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The options of a SYN, as hostile as can be: an exact copy of them, so that whoever reads beyond is seen. */
#include "kernel/io/net/handshake.c"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { NONE = 1 /* what is taken where nothing is said: 536 */ };

static unsigned read_options(const uint8_t *options, uint16_t bytes)
{
	uint8_t *segment = malloc(TCP_HLEN + bytes);
	unsigned mss;

	memset(segment, 0, TCP_HLEN);
	memcpy(segment + TCP_HLEN, options, bytes);
	mss = mss_read((const struct tcp_hdr *)(void *)segment, bytes);
	free(segment);
	return mss;
}

static void the_largest_segment_is_rounded_down_to_what_a_cookie_holds(void)
{
	for (unsigned i = 0; i < ARRAY_LEN(mss_table); i++) {
		for (int more = -1; more <= 1; more++) {
			uint16_t said = (uint16_t)(mss_table[i] + more);
			uint8_t options[] = { 2, 4, (uint8_t)(said >> 8), (uint8_t)said };
			unsigned due = more < 0 && i > 0 ? i - 1 : i;

			CU_ASSERT_EQUAL(read_options(options, 4), due);
		}
	}
	CU_ASSERT_EQUAL(read_options((const uint8_t[]){ 2, 4, 0xff, 0xff }, 4), 7);
	CU_ASSERT_EQUAL(read_options((const uint8_t[]){ 2, 4, 0, 0 }, 4), 0);
}

static void it_is_found_among_others(void)
{
	static const struct {
		uint8_t options[12];
		uint16_t bytes;
		unsigned mss;
	} rows[] = {
		{ { 0 }, 0, NONE },
		{ { 1, 1, 1, 1 }, 4, NONE },
		{ { 1, 2, 4, 4, 0, 1, 1, 1 }, 8, 2 },
		{ { 3, 3, 7, 1, 2, 4, 5, 0xb4 }, 8, 7 },
		{ { 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 2, 4 }, 12, NONE }, /* cut off */
		{ { 4, 2, 2, 4, 5, 0xb4 }, 6, 7 },
		{ { 2, 4, 4, 0, 2, 4, 5, 0xb4 }, 8, 7 }, /* the last one counts */
		{ { 0, 2, 4, 5, 0xb4 }, 5, NONE }, /* behind the end */
		{ { 30, 4, 5, 0xb4 }, 4, NONE }, /* as long, and another one */
		{ { 2, 3, 5, 2, 4, 4, 0 }, 7, 2 }, /* too short for one */
		{ { 2, 6, 5, 0xb4, 0, 0, 2, 4, 4, 0 }, 10, 2 },
		{ { 1, 2 }, 2, NONE },
		{ { 2 }, 1, NONE },
		{ { 2, 4, 5 }, 3, NONE },
		{ { 3, 0, 2, 4, 5, 0xb4 }, 6, NONE }, /* a length that goes nowhere */
		{ { 3, 1, 2, 4, 5, 0xb4 }, 6, NONE },
		{ { 3, 5, 2, 4 }, 4, NONE },
		{ { 3, 4, 2, 4 }, 4, NONE },
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		CU_ASSERT_EQUAL(read_options(rows[i].options, rows[i].bytes), rows[i].mss);
}

static const struct unit_case cases[] = {
	UNIT_CASE(the_largest_segment_is_rounded_down_to_what_a_cookie_holds),
	UNIT_CASE(it_is_found_among_others),
};
UNIT_MAIN("kernel/io/net/handshake_options", cases)
