// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Memory functions by words of 8 bytes, wherever they begin: a load across a word's boundary costs less than putting words together by shifts. What
 * is left behind the last whole word is covered by a word that ends there: less to decide than by halves, quarters and bytes.
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

/* Less than a word: two halves, or up to three bytes, which may be the same. All are loaded before one is stored. */
static inline void copy_few(uint8_t *to, const uint8_t *from, size_t len)
{
	if (len >= sizeof(half_t)) {
		uint32_t first = *(const half_t *)from, last = *(const half_t *)(from + len - sizeof(half_t));

		*(half_t *)to = first;
		*(half_t *)(to + len - sizeof(half_t)) = last;
	} else if (len > 0) {
		uint8_t first = from[0], middle = from[len / 2], last = from[len - 1];

		to[0] = first;
		to[len / 2] = middle;
		to[len - 1] = last;
	}
}

/*
 * Upwards. What is stored was loaded before: right too where the target overlaps from below. The last word, which may overlap the one before it, is
 * loaded first and stored last.
 */
static inline void copy_up(uint8_t *to, const uint8_t *from, size_t len)
{
	if (len < WORD) {
		copy_few(to, from, len);
		return;
	}

	uint8_t *end = to + len - WORD; /* where the last one goes */
	uint64_t last = *(const word_t *)(from + len - WORD);

	for (; len >= BLOCK; len -= BLOCK, to += BLOCK, from += BLOCK) {
		const word_t *w = (const word_t *)from;
		word_t *v = (word_t *)to;
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
	for (; to < end; to += WORD, from += WORD)
		*(word_t *)to = *(const word_t *)from;
	*(word_t *)end = last;
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

/* Less than a word, as copy_few(). */
static inline void set_few(uint8_t *to, uint64_t word, size_t len)
{
	if (len >= sizeof(half_t)) {
		*(half_t *)to = (uint32_t)word;
		*(half_t *)(to + len - sizeof(half_t)) = (uint32_t)word;
	} else if (len > 0) {
		to[0] = (uint8_t)word;
		to[len / 2] = (uint8_t)word;
		to[len - 1] = (uint8_t)word;
	}
}

void *memset(void *to, int byte, size_t len)
{
	uint8_t *t = to;
	uint64_t word = LOW_BITS * (uint8_t)byte;

	if (len < WORD) {
		set_few(t, word, len);
		return to;
	}

	uint8_t *end = t + len - WORD; /* where the last one goes, which may overlap the one before it */

	*(word_t *)end = word;
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
	for (; t < end; t += WORD)
		*(word_t *)t = word;
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

	while (*end++)
		;
	return (size_t)(end - s - 1);
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
	uint8_t x, y;

	do {
		x = (uint8_t)*a++;
		y = (uint8_t)*b++;
	} while (x != 0 && x == y);
	return x - y;
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
