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
	UNIT_CASE(cmdline_splits_items_and_skips_empty_ones),
};

UNIT_MAIN("lib/cmdline", cases)
