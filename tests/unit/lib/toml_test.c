// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The TOML subset: what comes out of right texts, and where and why wrong ones stop. */
#include "lib/toml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define BUFFER_BYTES 32

static char transcript[1024];
static uint32_t error_line;
static const char *error_why;

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
	size_t used = strlen(transcript);
	va_list args;

	va_start(args, format);
	vsnprintf(transcript + used, sizeof(transcript) - used, format, args);
	va_end(args);
}

static void note_event(const struct toml_event *event)
{
	int key_len = (int)event->key.len;
	const char *key = (const char *)event->key.data;
	const char *string = (const char *)event->string.data;

	if (event->string.data != NULL)
		CU_ASSERT_EQUAL(strlen(string), event->string.len);
	if (event->kind == TOML_TABLE && event->sub.len > 0)
		note("[%.*s>%.*s]", key_len, key, (int)event->sub.len, (const char *)event->sub.data);
	else if (event->kind == TOML_TABLE)
		note(event->is_array ? "[[%.*s]]" : "[%.*s]", key_len, key);
	else if (event->kind == TOML_ITEM)
		note("(%.*s)<%s>", key_len, key, string);
	else if (event->kind == TOML_ARRAY_END)
		note("end(%.*s);", key_len, key);
	else if (event->type == TOML_STRING)
		note("%.*s<%s>;", key_len, key, string);
	else if (event->type == TOML_INTEGER)
		note("%.*s=%lld;", key_len, key, (long long)event->integer);
	else if (event->type == TOML_BOOLEAN)
		note("%.*s?%d;", key_len, key, event->boolean);
	else
		note("%.*s=array;", key_len, key);
}

/* Parses an exact heap copy, writing down what comes out. */
static status_t parse_bytes(const char *text, size_t len)
{
	char *copy = malloc(len + 1);
	char buffer[BUFFER_BYTES];
	struct toml_event event;
	struct toml toml;
	status_t status;

	memcpy(copy + 1, text, len);
	transcript[0] = '\0';
	toml_begin(&toml, span_of(copy + 1, len), buffer, sizeof(buffer));
	while ((status = toml_next(&toml, &event)) == STATUS_OK && event.kind != TOML_END)
		note_event(&event);
	CU_ASSERT_EQUAL(toml_next(&toml, &event), status); /* an end stays an end, an error an error */
	error_line = toml.line;
	error_why = toml.why;
	free(copy);
	return status;
}

static void gives(const char *text, const char *expected)
{
	CU_ASSERT_EQUAL(parse_bytes(text, strlen(text)), STATUS_OK);
	if (strcmp(transcript, expected) != 0) {
		printf("\n    expected %s\n    got      %s\n", expected, transcript);
		CU_FAIL("other events");
	}
}

static void refuses(const char *text, uint32_t line, const char *why)
{
	CU_ASSERT_NOT_EQUAL(parse_bytes(text, strlen(text)), STATUS_OK);
	if (error_line != line || error_why == NULL || strcmp(error_why, why) != 0) {
		printf("\n    expected %u: %s\n    got      %u: %s\n", line, why, error_line, error_why ? error_why : "(none)");
		CU_FAIL("other cause");
	}
}

static void toml_gives_tables_keys_and_values(void)
{
	gives("", "");
	gives("# a comment\n\n  \t\n", "");
	gives("name = \"x\" # c\nn=-12\r\nyes = true\nno=false\n[ t-1 ]\nk_2 = 0", "name<x>;n=-12;yes?1;no?0;[t-1]k_2=0;");
}

static void toml_gives_arrays_of_tables_and_their_sub_tables(void)
{
	gives("[[p]]\na = 1\n[p.c]\nb=2\n[[ p ]] # next\n[ p\t. c ]", "[[p]]a=1;[p>c]b=2;[[p]][p>c]");
	gives("[p]\n[p]", "[p][p]");
	refuses("[[a]", 1, "table name is not closed");
	refuses("[[a] ]", 1, "table name is not closed");
	refuses("[a]]", 1, "something follows on the same line");
	refuses("[ [a]]", 1, "a bare key is expected");
	refuses("[[[a]]]", 1, "a bare key is expected");
	refuses("[[a.b]]", 1, "an array of tables has a name without dots");
	refuses("[a.]", 1, "a bare key is expected");
	refuses("[.a]", 1, "a bare key is expected");
	refuses("[a..b]", 1, "a bare key is expected");
	refuses("[a.b.c]", 1, "table name is not closed");
	refuses("[a.b]]", 1, "something follows on the same line");
	refuses("[a.\nb]", 1, "a bare key is expected");
	refuses("[a.k234567890123456789012345678901234567890123456789012345678901234x]", 1, "key is too long");
}

static void toml_gives_array_items_one_by_one(void)
{
	gives("a = []", "a=array;end(a);");
	gives("a = [\"x\", \"y\"]\nb = 1", "a=array;(a)<x>(a)<y>end(a);b=1;");
	gives("a = [ # c\n\n  \"x\" # d\n , \n\"y\",\n]\n", "a=array;(a)<x>(a)<y>end(a);");
}

static void toml_decodes_escapes(void)
{
	gives("a = \"\\\"\\\\\\n\\t\\u0041\\u00e4\\u20AC\"", "a<\"\\\n\tA\xc3\xa4\xe2\x82\xac>;");
	gives("a = \"\xc3\xa4\xf0\x9f\x98\x80\"", "a<\xc3\xa4\xf0\x9f\x98\x80>;");
	gives("a = \"\"", "a<>;");
}

static void toml_reads_integers_to_their_limits(void)
{
	static const char text[] = "a = 9223372036854775807\nb = -9223372036854775808\nc = +0\n";
	struct toml_event event;
	struct toml toml;

	toml_begin(&toml, span_of(text, strlen(text)), NULL, 0);
	CU_ASSERT_EQUAL(toml_next(&toml, &event), STATUS_OK);
	CU_ASSERT_EQUAL(event.integer, INT64_MAX);
	CU_ASSERT_EQUAL(toml_next(&toml, &event), STATUS_OK);
	CU_ASSERT_EQUAL(event.integer, INT64_MIN);
	CU_ASSERT_EQUAL(event.line, 2);
	CU_ASSERT_EQUAL(toml_next(&toml, &event), STATUS_OK);
	CU_ASSERT_EQUAL(event.integer, 0);
	refuses("a = 9223372036854775808", 1, "integer is too large");
	refuses("a = -9223372036854775809", 1, "integer is too large");
	refuses("a = 99999999999999999999999", 1, "integer is too large");
	refuses("a = 01", 1, "integer begins with a zero");
	refuses("a = -", 1, "a value is expected: string, integer, true, false or array");
}

static void toml_rejects_what_is_outside_the_subset(void)
{
	refuses("[\"a\"]", 1, "a bare key is expected");
	refuses("a.b = 1", 1, "an equals sign is expected");
	refuses("\"a\" = 1", 1, "a bare key is expected");
	refuses("a = \"\"\"x\"\"\"", 1, "multi-line strings are not supported");
	refuses("a = 'x'", 1, "a value is expected: string, integer, true, false or array");
	refuses("a = {}", 1, "a value is expected: string, integer, true, false or array");
	refuses("a = 1.5", 1, "something follows on the same line");
	refuses("a = 0x10", 1, "something follows on the same line");
	refuses("a = 1_000", 1, "something follows on the same line");
	refuses("a = truely", 1, "a value is expected: string, integer, true, false or array");
	refuses("a = [1]", 1, "a string is expected");
	refuses("a = [[\"x\"]]", 1, "a string is expected");
}

static void toml_rejects_broken_lines_and_names_them(void)
{
	refuses("\n\n= 1", 3, "a bare key is expected");
	refuses("a = 1\nb", 2, "an equals sign is expected");
	refuses("a =\nb = 1", 1, "a value is expected: string, integer, true, false or array");
	refuses("a = 1 b = 2", 1, "something follows on the same line");
	refuses("[a] b = 1", 1, "something follows on the same line");
	refuses("[a\n]", 1, "table name is not closed");
	refuses("[]", 1, "a bare key is expected");
	refuses("a = 1\r", 1, "something follows on the same line");
	refuses("a = [\n\"x\"\n\"y\"]", 3, "a comma is expected");
	refuses("a = [\n,]", 2, "a string is expected");
	refuses("a = [\"x\",,]", 1, "a string is expected");
	refuses("a = [\"x\"\n\n", 3, "array is not closed");
	refuses("a = [\"x\"] b", 1, "something follows on the same line");
}

static void toml_rejects_broken_strings(void)
{
	refuses("a = \"x", 1, "string is not closed");
	refuses("a = \"x\n\"", 1, "string is not closed");
	refuses("a = \"\\", 1, "unknown escape");
	refuses("a = \"\\x41\"", 1, "unknown escape");
	refuses("a = \"\\u004\"", 1, "\\u is not followed by a character's four digits");
	refuses("a = \"\\u0000\"", 1, "\\u is not followed by a character's four digits");
	refuses("a = \"\\ud800\"", 1, "\\u is not followed by a character's four digits");
	refuses("a = \"\\udfff\"", 1, "\\u is not followed by a character's four digits");
	refuses("a = \"\x01\"", 1, "control character or broken UTF-8 in a string");
	refuses("a = \"\x7f\"", 1, "control character or broken UTF-8 in a string");
	refuses("# \x1b[2J", 1, "control character or broken UTF-8 in a comment");
	refuses("a = 1 # \x1b[2J", 1, "control character or broken UTF-8 in a comment");
	refuses("a = [ # \x1b[2J\n]", 1, "control character or broken UTF-8 in a comment");
}

static void toml_rejects_broken_utf8(void)
{
	static const char *const texts[] = {
		"# \x80",	      "# \xc0\x80",	    "# \xc1\xbf",	      "# \xc3",		   "# \xc3\n",	    "# \xe0\x9f\xbf",
		"# \xed\xa0\x80",     "# \xe2\x82",	    "# \xf0\x8f\xbf\xbf",     "# \xf4\x90\x80\x80", "# \xf5\x80\x80\x80", "# \xff",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		refuses(texts[i], 1, "control character or broken UTF-8 in a comment");
}

static void toml_rejects_strings_and_keys_that_do_not_fit(void)
{
	refuses("a = \"0123456789012345678901234567890x\"", 1, "string is too long");
	gives("a = \"0123456789012345678901234567890\"", "a<0123456789012345678901234567890>;");
	refuses("k234567890123456789012345678901234567890123456789012345678901234x = 1", 1, "key is too long");
}

static void toml_ends_or_stops_wherever_the_text_is_cut_off(void)
{
	static const char text[] = "# c\nname = \"\\u00e4\xc3\xa4\"\n[t]\n[[p]]\n[p.c]\na = [\"x\", # d\n \"y\"]\nn = -12\nb = true\r\n";

	for (size_t len = 0; len < sizeof(text); len++) {
		if (parse_bytes(text, len) != STATUS_OK) {
			CU_ASSERT_PTR_NOT_NULL(error_why);
			CU_ASSERT(error_line >= 1 && error_line <= 10);
		}
	}
}

static void toml_survives_every_flipped_bit(void)
{
	char text[] = "# c\nname = \"\\u00e4\xc3\xa4\"\n[t]\n[[p]]\n[p.c]\na = [\"x\", # d\n \"y\"]\nn = -12\nb = true\r\n";

	for (size_t bit = 0; bit < (sizeof(text) - 1) * 8; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ (int)(1u << bit % 8));
		if (parse_bytes(text, sizeof(text) - 1) != STATUS_OK)
			CU_ASSERT_PTR_NOT_NULL(error_why);
		text[bit / 8] = (char)(text[bit / 8] ^ (int)(1u << bit % 8));
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(toml_gives_tables_keys_and_values),
	UNIT_CASE(toml_gives_arrays_of_tables_and_their_sub_tables),
	UNIT_CASE(toml_gives_array_items_one_by_one),
	UNIT_CASE(toml_decodes_escapes),
	UNIT_CASE(toml_reads_integers_to_their_limits),
	UNIT_CASE(toml_rejects_what_is_outside_the_subset),
	UNIT_CASE(toml_rejects_broken_lines_and_names_them),
	UNIT_CASE(toml_rejects_broken_strings),
	UNIT_CASE(toml_rejects_broken_utf8),
	UNIT_CASE(toml_rejects_strings_and_keys_that_do_not_fit),
	UNIT_CASE(toml_ends_or_stops_wherever_the_text_is_cut_off),
	UNIT_CASE(toml_survives_every_flipped_bit),
};

UNIT_MAIN("lib/toml", cases)
