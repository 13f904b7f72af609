// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/format against the host's snprintf: random directives, every buffer size, and the corners by name. */
#include "lib/format.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define TEXT 256

typedef int (*print_function)(char *buf, size_t size, const char *fmt, ...);

/* The formats are made at run time, or odd on purpose: called by pointer, which the compiler does not check. */
static print_function volatile ours = format_print;
static print_function volatile theirs = snprintf;

static const int64_t numbers[] = { 0, 1, -1, 7, 8, 9, 10, 127, 128, 255, 256, 32767, 32768, 65535, 65536, INT32_MAX, INT32_MIN,
				   UINT32_MAX, INT64_MAX, INT64_MIN, 1234567890123456789 };
static const char *const strings[] = { "", "a", "hello", "a longer text that fills fields" };

/* "%", random flags, width and precision, `tail`. `stars`: how many of the two come as arguments. */
static void make_format(struct random *random, char *fmt, const char *tail, bool alternative, int stars)
{
	size_t at = 0;

	fmt[at++] = '%';
	for (const char *flag = "-0+ #"; *flag; flag++)
		if (random_below(random, 3) == 0 && (*flag != '#' || alternative))
			fmt[at++] = *flag;
	if (stars > 0)
		fmt[at++] = '*';
	else if (random_below(random, 2) == 0)
		at += (size_t)sprintf(fmt + at, "%d", 1 + (int)random_below(random, 40));
	if (stars > 1)
		at += (size_t)sprintf(fmt + at, ".*");
	else if (random_below(random, 2) == 0)
		at += random_below(random, 8) == 0 ? (size_t)sprintf(fmt + at, ".") :
						     (size_t)sprintf(fmt + at, ".%d", (int)random_below(random, 30));
	strcpy(fmt + at, tail);
}

static bool same(const char *a, int a_len, const char *b, int b_len, const char *fmt)
{
	if (a_len == b_len && strcmp(a, b) == 0)
		return true;
	printf("format [%s]: ours %d [%s], host %d [%s]\n", fmt, a_len, a, b_len, b);
	return false;
}

#define COMPARE(fmt, ...) \
	same(a, ours(a, size, fmt, __VA_ARGS__), b, theirs(b, size, fmt, __VA_ARGS__), fmt)

/* An integer argument with the C type that its length modifier names. */
static bool compare_integer(const char *fmt, const char *length, int64_t value, int stars, int width, int precision,
			    size_t size)
{
	char a[TEXT] = "", b[TEXT] = "";
	bool wide = strchr("ljzt", length[0]) && length[0];

	if (stars == 2)
		return wide ? COMPARE(fmt, width, precision, value) : COMPARE(fmt, width, precision, (int)value);
	if (stars == 1)
		return wide ? COMPARE(fmt, width, value) : COMPARE(fmt, width, (int)value);
	return wide ? COMPARE(fmt, value) : COMPARE(fmt, (int)value);
}

static void integers_agree_with_the_host(void)
{
	static const char *const lengths[] = { "", "hh", "h", "l", "ll", "z", "j", "t" };
	struct random random = random_start(10);
	unsigned bad = 0;

	for (int i = 0; i < 200000; i++) {
		const char *length = lengths[random_below(&random, 8)];
		char letter = "diuxXo"[random_below(&random, 6)];
		int stars = (int)random_below(&random, 3);
		int64_t any = (int64_t)(random_next(&random) >> random_below(&random, 64));
		int64_t value = i % 2 ? numbers[random_below(&random, 21)] : any;
		char tail[8], fmt[64];

		sprintf(tail, "%s%c|", length, letter);
		make_format(&random, fmt, tail, strchr("xXo", letter), stars);
		bad += !compare_integer(fmt, length, value, stars, (int)random_below(&random, 60) - 30,
					(int)random_below(&random, 30) - 4, i % 3 ? TEXT : random_below(&random, 40));
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void strings_and_characters_agree_with_the_host(void)
{
	struct random random = random_start(11);
	unsigned bad = 0;

	for (int i = 0; i < 50000; i++) {
		const char *text = strings[random_below(&random, 4)];
		size_t size = i % 3 ? TEXT : random_below(&random, 40);
		char fmt[64], a[TEXT] = "", b[TEXT] = "";
		int letter = 'a' + (int)random_below(&random, 26);

		make_format(&random, fmt, "s<", false, 0);
		bad += !COMPARE(fmt, text);
		make_format(&random, fmt, "c<", false, 0);
		bad += !COMPARE(fmt, letter);
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void text_around_directives_is_kept(void)
{
	char a[TEXT], b[TEXT];
	size_t size = TEXT;

	CU_ASSERT(COMPARE("plain%s", ""));
	CU_ASSERT(COMPARE("100%% of %s is %d, %5.2s|%-6x|%c", "it", -5, "abc", 48879u, 'z'));
	CU_ASSERT(COMPARE("%p %20p %-20p|", (void *)0x1234, (void *)a, (void *)b));
	CU_ASSERT(COMPARE("%s", "a text that is longer than sixteen bytes and has no directive"));
}

static void string_with_precision_needs_no_end(void)
{
	char *text = malloc(3);
	char a[TEXT];

	memcpy(text, "abc", 3);
	CU_ASSERT_EQUAL(format_print(a, TEXT, "%.3s", text), 3);
	CU_ASSERT_STRING_EQUAL(a, "abc");
	free(text);
}

static void size_zero_writes_nothing(void)
{
	char a = 'x';

	CU_ASSERT_EQUAL(format_print(&a, 0, "%d", 12345), 5);
	CU_ASSERT_EQUAL(a, 'x');
	CU_ASSERT_EQUAL(format_print(NULL, 0, "%d", 12345), 5);
	CU_ASSERT_EQUAL(format_print(&a, 1, "%d", 12345), 5);
	CU_ASSERT_EQUAL(a, '\0');
}

static void odd_formats_are_copied(void)
{
	char a[TEXT];

	CU_ASSERT_EQUAL(ours(a, TEXT, "%y %d", 5), 4);
	CU_ASSERT_STRING_EQUAL(a, "%y 5");
	ours(a, TEXT, "50%");
	CU_ASSERT_STRING_EQUAL(a, "50%");
	ours(a, TEXT, "%5.");
	CU_ASSERT_STRING_EQUAL(a, "%5.");
	ours(a, TEXT, "%n%s", "x");
	CU_ASSERT_STRING_EQUAL(a, "%nx");
	ours(a, TEXT, "%s|%.2s", (char *)NULL, (char *)NULL);
	CU_ASSERT_STRING_EQUAL(a, "(null)|(n");
}

struct count_sink {
	struct format_sink sink;
	size_t bytes;
	bool only_spaces_and_x;
};

static void count_write(struct format_sink *sink, const char *text, size_t len)
{
	struct count_sink *count = (struct count_sink *)sink;

	count->bytes += len;
	for (size_t i = 0; i < len; i++)
		count->only_spaces_and_x &= text[i] == ' ' || text[i] == 'x';
}

static void sink_has_no_limit(void)
{
	struct count_sink count = { .sink = { .write = count_write }, .only_spaces_and_x = true };

	CU_ASSERT_EQUAL(format_to(&count.sink, "%*s%-*s", 30000, "x", 30000, "x"), 60000);
	CU_ASSERT_EQUAL(count.bytes, 60000);
	CU_ASSERT(count.only_spaces_and_x);
}

static const struct unit_case cases[] = {
	UNIT_CASE(integers_agree_with_the_host),       UNIT_CASE(strings_and_characters_agree_with_the_host),
	UNIT_CASE(text_around_directives_is_kept),     UNIT_CASE(string_with_precision_needs_no_end),
	UNIT_CASE(size_zero_writes_nothing),	       UNIT_CASE(odd_formats_are_copied),
	UNIT_CASE(sink_has_no_limit),
};
UNIT_MAIN("lib/format", cases)
