// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Memory functions by words of 8 bytes, wherever they begin: a load across a word's boundary costs less than putting words together by shifts.
 * Nothing outside the given bytes is read, so that the sanitizers can watch. String functions go byte by byte: no hot path has
 * strings. To be compiled with -fno-builtin and -fno-tree-loop-distribute-patterns, lest a loop becomes a call of itself.
 */
#include "lib/string.h"

#include <stdint.h>

#define WORD sizeof(word_t)
#define BLOCK (8 * WORD)
#define LOW_BITS 0x0101010101010101u

/* Words of memory whatever its owner takes it for, at any address. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;
typedef uint32_t __attribute__((may_alias, aligned(1))) half_t;
typedef uint16_t __attribute__((may_alias, aligned(1))) quarter_t;

/* Upwards. What is stored was loaded before: right too where the target overlaps from below. */
static void copy_up(void *to, const void *from, size_t len)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	for (; len >= BLOCK; len -= BLOCK, t += BLOCK, f += BLOCK) {
		const word_t *w = (const word_t *)f;
		word_t *v = (word_t *)t;
		uint64_t w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4], w5 = w[5], w6 = w[6], w7 = w[7];

		v[0] = w0;
		v[1] = w1;
		v[2] = w2;
		v[3] = w3;
		v[4] = w4;
		v[5] = w5;
		v[6] = w6;
		v[7] = w7;
	}
	for (; len >= WORD; len -= WORD, t += WORD, f += WORD)
		*(word_t *)t = *(const word_t *)f;
	if (len & sizeof(half_t)) {
		*(half_t *)t = *(const half_t *)f;
		t += sizeof(half_t);
		f += sizeof(half_t);
	}
	if (len & sizeof(quarter_t)) {
		*(quarter_t *)t = *(const quarter_t *)f;
		t += sizeof(quarter_t);
		f += sizeof(quarter_t);
	}
	if (len & 1)
		*t = *f;
}

/* From the end, for a target above an overlapping source. */
static void copy_down(void *to, const void *from, size_t len)
{
	uint8_t *t = (uint8_t *)to + len;
	const uint8_t *f = (const uint8_t *)from + len;

	for (; len >= WORD; len -= WORD) {
		t -= WORD;
		f -= WORD;
		*(word_t *)t = *(const word_t *)f;
	}
	while (len-- > 0)
		*--t = *--f;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
	copy_up(to, from, len);
	return to;
}

void *memmove(void *to, const void *from, size_t len)
{
	/* One comparison: the difference wraps, and is large, where the target is below. */
	if ((uintptr_t)to - (uintptr_t)from >= len)
		copy_up(to, from, len);
	else
		copy_down(to, from, len);
	return to;
}

void *memset(void *to, int byte, size_t len)
{
	uint8_t *t = to;
	uint64_t word = LOW_BITS * (uint8_t)byte;

	for (; len >= BLOCK; len -= BLOCK, t += BLOCK) {
		word_t *w = (word_t *)t;

		w[0] = word;
		w[1] = word;
		w[2] = word;
		w[3] = word;
		w[4] = word;
		w[5] = word;
		w[6] = word;
		w[7] = word;
	}
	for (; len >= WORD; len -= WORD, t += WORD)
		*(word_t *)t = word;
	if (len & sizeof(half_t)) {
		*(half_t *)t = (uint32_t)word;
		t += sizeof(half_t);
	}
	if (len & sizeof(quarter_t)) {
		*(quarter_t *)t = (uint16_t)word;
		t += sizeof(quarter_t);
	}
	if (len & 1)
		*t = (uint8_t)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a;
	const uint8_t *y = b;

	for (; len >= WORD && *(const word_t *)x == *(const word_t *)y; len -= WORD, x += WORD, y += WORD)
		;
	for (; len > 0; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *at, int byte, size_t len)
{
	const uint8_t *p = at;

	for (; len > 0; len--, p++)
		if (*p == (uint8_t)byte)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t len = 0;

	while (len < max && s[len])
		len++;
	return len;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max > 0 && *a && *a == *b; max--, a++, b++)
		;
	return max > 0 ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strcpy(char *restrict to, const char *restrict from)
{
	memcpy(to, from, strlen(from) + 1);
	return to;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++);
	return (char *)(uintptr_t)last;
}
