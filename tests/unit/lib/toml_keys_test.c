// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/toml: which bytes a bare key, a number and a table name may have: each byte is tried. */
#include "lib/toml.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

static bool is_bare(int c)
{
	return c != 0 && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", c) != NULL;
}

/* The first event of a text; TOML_END where there is none, or it is wrong. */
static struct toml_event first(const char *text, size_t len)
{
	static char buffer[32];
	struct toml_event event = { 0 };
	struct toml toml;

	toml_begin(&toml, span_of(text, len), buffer, sizeof(buffer));
	if (toml_next(&toml, &event) != STATUS_OK)
		event.kind = TOML_END;
	return event;
}

static void toml_takes_keys_of_letters_digits_and_dashes_only(void)
{
	for (int c = 0; c < 256; c++) {
		char text[] = "x? = 1";
		char table[] = "[x?]";
		struct toml_event event;

		text[1] = table[2] = (char)c;
		event = first(text, sizeof(text) - 1);
		if (c != ' ' && c != '\t')
			CU_ASSERT_EQUAL(event.kind == TOML_KEY, is_bare(c));
		event = first(table, sizeof(table) - 1);
		if (c != ' ' && c != '\t' && c != ']')
			CU_ASSERT_EQUAL(event.kind == TOML_TABLE, is_bare(c));
	}
}

static void toml_takes_numbers_of_digits_only(void)
{
	for (int c = 0; c < 256; c++) {
		char text[] = "x = 1?";
		struct toml_event event;

		text[5] = (char)c;
		event = first(text, sizeof(text) - 1);
		if (c >= '0' && c <= '9') {
			CU_ASSERT(event.kind == TOML_KEY && event.integer == 10 + c - '0');
		} else if (c != ' ' && c != '\t' && c != '\n' && c != '#') {
			CU_ASSERT_EQUAL(event.kind, TOML_END);
		}
	}
}

static void toml_takes_integers_to_both_ends_of_their_range(void)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} rows[] = {
		{ "x = 9223372036854775807", true, INT64_MAX },
		{ "x = 9223372036854775808", false, 0 },
		{ "x = 9223372036854775810", false, 0 },
		{ "x = 92233720368547758070", false, 0 },
		{ "x = -9223372036854775807", true, INT64_MIN + 1 },
		{ "x = -9223372036854775809", false, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct toml_event event = first(rows[i].text, strlen(rows[i].text));

		CU_ASSERT_EQUAL(event.kind == TOML_KEY, rows[i].good);
		CU_ASSERT(!rows[i].good || event.integer == rows[i].value);
	}
}

static void toml_takes_keys_up_to_their_longest(void)
{
	char text[TOML_KEY_MAX + 8];

	for (size_t len = TOML_KEY_MAX - 1; len <= TOML_KEY_MAX + 1; len++) {
		memset(text, 'k', len);
		memcpy(text + len, " = 1", 4);
		CU_ASSERT_EQUAL(first(text, len + 4).kind == TOML_KEY, len <= TOML_KEY_MAX);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(toml_takes_keys_of_letters_digits_and_dashes_only),
	UNIT_CASE(toml_takes_numbers_of_digits_only),
	UNIT_CASE(toml_takes_integers_to_both_ends_of_their_range),
	UNIT_CASE(toml_takes_keys_up_to_their_longest),
};

UNIT_MAIN("lib/toml_keys", cases)
