// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The kernel command line: whatever it holds, words come out and nothing else is touched. */
#include "lib/cmdline.h"

#include <string.h>

#include "tests/unit/unit.h"

static struct span text(const char *s)
{
	return span_of(s, strlen(s));
}

static bool is(struct span span, const char *s)
{
	return span.len == strlen(s) && memcmp(span.data, s, span.len) == 0;
}

static void cmdline_gives_words_in_order(void)
{
	struct span rest = text("  log=info,virtio=debug\tquiet  nonce=12ab \n");
	struct cmdline_word word;

	CU_ASSERT_TRUE(cmdline_next_word(&rest, &word));
	CU_ASSERT(is(word.key, "log") && word.has_value && is(word.value, "info,virtio=debug"));
	CU_ASSERT_TRUE(cmdline_next_word(&rest, &word));
	CU_ASSERT(is(word.key, "quiet") && !word.has_value && word.value.len == 0);
	CU_ASSERT_TRUE(cmdline_next_word(&rest, &word));
	CU_ASSERT(is(word.key, "nonce") && is(word.value, "12ab"));
	CU_ASSERT_FALSE(cmdline_next_word(&rest, &word));
	CU_ASSERT_FALSE(cmdline_next_word(&rest, &word));
}

static void cmdline_takes_quoted_values_whole(void)
{
	struct span value;

	CU_ASSERT_TRUE(cmdline_get(text("a=\"x y=z\" b=2"), "a", &value));
	CU_ASSERT(is(value, "x y=z"));
	CU_ASSERT_TRUE(cmdline_get(text("a=\"x y\" b=2"), "b", &value));
	CU_ASSERT(is(value, "2"));
	CU_ASSERT_FALSE(cmdline_get(text("a=\"x y=z\""), "y", &value));
	CU_ASSERT_TRUE(cmdline_get(text("a=\"\""), "a", &value));
	CU_ASSERT_EQUAL(value.len, 0);
}

static void cmdline_lets_an_open_quote_reach_to_the_end(void)
{
	struct span value;

	CU_ASSERT_TRUE(cmdline_get(text("a=\"x y "), "a", &value));
	CU_ASSERT(is(value, "x y "));
	CU_ASSERT_TRUE(cmdline_get(text("a=\""), "a", &value));
	CU_ASSERT_EQUAL(value.len, 0);
}

static void cmdline_lets_the_last_of_equal_keys_win(void)
{
	struct span value;

	CU_ASSERT_TRUE(cmdline_get(text("a=1 b=2 a=3"), "a", &value));
	CU_ASSERT(is(value, "3"));
}

static void cmdline_compares_whole_keys(void)
{
	struct span value;

	CU_ASSERT_FALSE(cmdline_get(text("login=x xlog=y lo=z"), "log", &value));
	CU_ASSERT_FALSE(cmdline_get(text(""), "log", &value));
	CU_ASSERT_FALSE(cmdline_get(span_of(NULL, 0), "log", &value));
}

static void cmdline_ends_at_a_nul(void)
{
	struct span value;

	CU_ASSERT_FALSE(cmdline_get(span_of("a=1\0b=2", 7), "b", &value));
	CU_ASSERT_TRUE(cmdline_get(span_of("a=1\0b=2", 7), "a", &value));
	CU_ASSERT(is(value, "1"));
}

static bool rest_is(const char *line, const char *expected)
{
	struct span rest;

	return cmdline_rest(text(line), &rest) && is(rest, expected);
}

static void cmdline_leaves_what_stands_behind_two_dashes_to_the_program(void)
{
	struct span value;

	CU_ASSERT(rest_is("log=info -- -v  log=debug -- x\n", "-v  log=debug -- x"));
	CU_ASSERT(rest_is("--\tx", "x"));
	CU_ASSERT(rest_is("a --", ""));
	CU_ASSERT(rest_is("a -- \t ", ""));
	CU_ASSERT(rest_is("a=\"x -- y\" -- z", "z"));
	CU_ASSERT_TRUE(cmdline_rest(span_of("-- a\0b", 6), &value));
	CU_ASSERT(is(value, "a"));
	CU_ASSERT_TRUE(cmdline_get(text("log=info -- log=debug"), "log", &value));
	CU_ASSERT(is(value, "info"));
	CU_ASSERT_FALSE(cmdline_get(text("-- log=debug"), "log", &value));
}

static void cmdline_has_nothing_for_the_program_without_two_dashes(void)
{
	static const char *const lines[] = { "", "log=info", "--x", "x--", "---", "-", "a=--", "--=x", "a=\"-- x", "a=\"x -- y\"" };
	struct span rest = text("untouched");

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		CU_ASSERT_FALSE(cmdline_rest(text(lines[i]), &rest));
	CU_ASSERT_FALSE(cmdline_rest(span_of("a\0-- b", 6), &rest));
	CU_ASSERT_FALSE(cmdline_rest(span_of(NULL, 0), &rest));
	CU_ASSERT(is(rest, "untouched"));
}

static void cmdline_splits_items_and_skips_empty_ones(void)
{
	struct span rest = text(",info,,virtio=debug,");
	struct span item;

	CU_ASSERT_TRUE(cmdline_next_item(&rest, ',', &item));
	CU_ASSERT(is(item, "info"));
	CU_ASSERT_TRUE(cmdline_next_item(&rest, ',', &item));
	CU_ASSERT(is(item, "virtio=debug"));
	CU_ASSERT_FALSE(cmdline_next_item(&rest, ',', &item));
}

static const struct unit_case cases[] = {
	UNIT_CASE(cmdline_gives_words_in_order),
	UNIT_CASE(cmdline_takes_quoted_values_whole),
	UNIT_CASE(cmdline_lets_an_open_quote_reach_to_the_end),
	UNIT_CASE(cmdline_lets_the_last_of_equal_keys_win),
	UNIT_CASE(cmdline_compares_whole_keys),
	UNIT_CASE(cmdline_ends_at_a_nul),
	UNIT_CASE(cmdline_leaves_what_stands_behind_two_dashes_to_the_program),
	UNIT_CASE(cmdline_has_nothing_for_the_program_without_two_dashes),
	UNIT_CASE(cmdline_splits_items_and_skips_empty_ones),
};

UNIT_MAIN("lib/cmdline", cases)
