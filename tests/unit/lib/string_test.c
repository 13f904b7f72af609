// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/string against the host's C library: every small length at every alignment, and random large ones. */
#define _GNU_SOURCE /* strnlen */
#include <string.h>

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define AREA 320
#define SMALL 150
#define LARGE 5000

void *rumpk_memcpy(void *restrict to, const void *restrict from, size_t len);
void *rumpk_memmove(void *to, const void *from, size_t len);
void *rumpk_memset(void *to, int byte, size_t len);
int rumpk_memcmp(const void *a, const void *b, size_t len);
void *rumpk_memchr(const void *at, int byte, size_t len);
size_t rumpk_strlen(const char *s);
size_t rumpk_strnlen(const char *s, size_t max);
int rumpk_strcmp(const char *a, const char *b);
int rumpk_strncmp(const char *a, const char *b, size_t max);
char *rumpk_strcpy(char *restrict to, const char *restrict from);
char *rumpk_strchr(const char *s, int c);
char *rumpk_strrchr(const char *s, int c);

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void memcpy_copies_every_alignment(void)
{
	struct random random = random_start(1);
	uint8_t from[AREA], ours[AREA], theirs[AREA];
	unsigned bad = 0;

	random_fill(&random, from, AREA);
	for (size_t len = 0; len < SMALL; len++)
		for (size_t t = 0; t < 16; t++)
			for (size_t f = 0; f < 16; f++) {
				memset(ours, 0xa5, AREA);
				memset(theirs, 0xa5, AREA);
				bad += rumpk_memcpy(ours + t, from + f, len) != ours + t;
				memcpy(theirs + t, from + f, len);
				bad += memcmp(ours, theirs, AREA) != 0;
			}
	CU_ASSERT_EQUAL(bad, 0);
}

static void memcpy_reads_nothing_beyond_its_source(void)
{
	struct random random = random_start(2);
	uint8_t to[LARGE];

	/* Blocks of exactly the size, so that the address sanitizer sees one byte too many on either side. */
	for (int i = 0; i < 3000; i++) {
		size_t len = 1 + random_below(&random, i < 2500 ? SMALL : LARGE / 2);
		uint8_t *from = malloc(len);
		size_t skip = random_below(&random, len < 8 ? len : 8);

		random_fill(&random, from, len);
		rumpk_memcpy(to + random_below(&random, 8), from + skip, len - skip);
		CU_ASSERT_EQUAL(rumpk_memcmp(from, from, len), 0);
		CU_ASSERT_PTR_NULL(rumpk_memchr(from, 256 + from[0], 0));
		free(from);
	}
}

static void memmove_survives_every_overlap(void)
{
	struct random random = random_start(3);
	uint8_t start[AREA], ours[AREA], theirs[AREA];
	unsigned bad = 0;

	random_fill(&random, start, AREA);
	for (size_t len = 0; len < SMALL; len++)
		for (size_t f = 64; f < 72; f++)
			for (size_t t = 24; t < 112; t++) {
				memcpy(ours, start, AREA);
				memcpy(theirs, start, AREA);
				bad += rumpk_memmove(ours + t, ours + f, len) != ours + t;
				memmove(theirs + t, theirs + f, len);
				bad += memcmp(ours, theirs, AREA) != 0;
			}
	CU_ASSERT_EQUAL(bad, 0);
}

static void memmove_agrees_on_large_blocks(void)
{
	struct random random = random_start(4);
	static uint8_t ours[LARGE], theirs[LARGE];

	random_fill(&random, ours, LARGE);
	memcpy(theirs, ours, LARGE);
	for (int i = 0; i < 3000; i++) {
		size_t t = random_below(&random, LARGE), f = random_below(&random, LARGE);
		size_t len = random_below(&random, LARGE - (t > f ? t : f));

		rumpk_memmove(ours + t, ours + f, len);
		memmove(theirs + t, theirs + f, len);
		if (i % 50 == 0)
			CU_ASSERT_EQUAL(memcmp(ours, theirs, LARGE), 0);
	}
	CU_ASSERT_EQUAL(memcmp(ours, theirs, LARGE), 0);
}

static void memset_fills_every_alignment(void)
{
	uint8_t ours[AREA], theirs[AREA];
	unsigned bad = 0;

	for (size_t len = 0; len < SMALL; len++)
		for (size_t t = 0; t < 16; t++) {
			int byte = (int)(len * 16 + t) - 700;

			memset(ours, 0x5a, AREA);
			memset(theirs, 0x5a, AREA);
			bad += rumpk_memset(ours + t, byte, len) != ours + t;
			memset(theirs + t, byte, len);
			bad += memcmp(ours, theirs, AREA) != 0;
		}
	CU_ASSERT_EQUAL(bad, 0);
}

static void memcmp_finds_the_first_difference(void)
{
	struct random random = random_start(5);
	uint8_t a[AREA], b[AREA];
	unsigned bad = 0;

	for (int i = 0; i < 100000; i++) {
		size_t len = random_below(&random, SMALL), x = random_below(&random, 16), y = random_below(&random, 16);

		memset(a, 7, AREA);
		memset(b, 7, AREA);
		for (unsigned change = 0; len > 0 && change < i % 3u; change++)
			a[x + random_below(&random, len)] = (uint8_t)random_next(&random);
		bad += sign(rumpk_memcmp(a + x, b + y, len)) != sign(memcmp(a + x, b + y, len));
	}
	CU_ASSERT_EQUAL(bad, 0);
}

/* Short strings over few letters, so that equal, prefix and differing ones all occur; exactly allocated. */
static char *random_string(struct random *random)
{
	size_t len = random_below(random, 12);
	char *s = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		s[i] = "ab\x80\xff"[random_below(random, 4)];
	s[len] = '\0';
	return s;
}

static void string_functions_agree_with_the_host(void)
{
	struct random random = random_start(6);
	unsigned bad = 0;

	for (int i = 0; i < 100000; i++) {
		char *a = random_string(&random), *b = random_string(&random);
		char ours[16], theirs[16];
		size_t max = random_below(&random, 14);
		int c = "ab\x80z\0"[random_below(&random, 5)];

		bad += rumpk_strlen(a) != strlen(a);
		bad += rumpk_strnlen(a, max) != strnlen(a, max);
		bad += sign(rumpk_strcmp(a, b)) != sign(strcmp(a, b));
		bad += sign(rumpk_strncmp(a, b, max)) != sign(strncmp(a, b, max));
		bad += rumpk_strcpy(ours, a) != ours || strcmp(strcpy(theirs, a), ours) != 0;
		bad += rumpk_strchr(a, c) != strchr(a, c);
		bad += rumpk_strrchr(a, c) != strrchr(a, c);
		bad += rumpk_memchr(a, c, strlen(a) + 1) != memchr(a, c, strlen(a) + 1);
		free(a);
		free(b);
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(memcpy_copies_every_alignment),   UNIT_CASE(memcpy_reads_nothing_beyond_its_source),
	UNIT_CASE(memmove_survives_every_overlap),  UNIT_CASE(memmove_agrees_on_large_blocks),
	UNIT_CASE(memset_fills_every_alignment),    UNIT_CASE(memcmp_finds_the_first_difference),
	UNIT_CASE(string_functions_agree_with_the_host),
};
UNIT_MAIN("lib/string", cases)
