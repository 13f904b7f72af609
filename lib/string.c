// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Memory functions by words of 8 bytes. Every access is aligned: where source and target are not aligned alike, words
 * are put together by shifts. Nothing outside the given bytes is read, so that the sanitizers can watch. String
 * functions go byte by byte: no hot path has strings. To be compiled with -fno-builtin and
 * -fno-tree-loop-distribute-patterns, lest a loop becomes a call of itself.
 */
#include "lib/string.h"

#include <stdint.h>

#define WORD sizeof(uint64_t)
#define BLOCK (8 * WORD)
#define LOW_BITS 0x0101010101010101u

/* A word of memory whatever its owner takes it for. */
typedef uint64_t __attribute__((may_alias)) word_t;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the shifts put the lower address into the lower bits");

static size_t misalignment(const void *p)
{
	return (uintptr_t)p % WORD;
}

/* Both aligned, upwards. A block is loaded before it is stored: right too where the target overlaps from below. */
static void copy_words_up(uint8_t **to, const uint8_t **from, size_t *len)
{
	word_t *t = (word_t *)(void *)*to;
	const word_t *f = (const word_t *)(const void *)*from;
	size_t left = *len;

	for (; left >= BLOCK; left -= BLOCK, t += 8, f += 8) {
		uint64_t w0 = f[0], w1 = f[1], w2 = f[2], w3 = f[3], w4 = f[4], w5 = f[5], w6 = f[6], w7 = f[7];

		t[0] = w0;
		t[1] = w1;
		t[2] = w2;
		t[3] = w3;
		t[4] = w4;
		t[5] = w5;
		t[6] = w6;
		t[7] = w7;
	}
	for (; left >= WORD; left -= WORD)
		*t++ = *f++;
	*to = (uint8_t *)t;
	*from = (const uint8_t *)f;
	*len = left;
}

/* Target aligned, source not. `held` has the source's bytes from *from to the next word boundary in its upper part. */
static void copy_shifted_up(uint8_t **to, const uint8_t **from, size_t *len)
{
	const uint8_t *f = *from;
	word_t *t = (word_t *)(void *)*to;
	size_t skew = misalignment(f);
	unsigned shift = (unsigned)skew * 8;
	const word_t *next = (const word_t *)(const void *)(f + (WORD - skew));
	size_t left = *len;
	uint64_t held = 0;

	for (size_t i = skew; i < WORD; i++)
		held |= (uint64_t)f[i - skew] << (i * 8);
	for (; left >= 2 * WORD; left -= WORD) {
		uint64_t word = *next++;

		*t++ = held >> shift | word << (64 - shift);
		held = word;
	}
	*from += (size_t)((uint8_t *)t - *to);
	*to = (uint8_t *)t;
	*len = left;
}

static void copy_up(void *to, const void *from, size_t len)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (len >= 2 * WORD) {
		for (; misalignment(t) != 0; len--)
			*t++ = *f++;
		if (misalignment(f) == 0)
			copy_words_up(&t, &f, &len);
		else if (len >= 2 * WORD)
			copy_shifted_up(&t, &f, &len);
	}
	while (len-- > 0)
		*t++ = *f++;
}

/*
 * From the end, for a target above an overlapping source. By words only where both are aligned alike: others are rare.
 */
static void copy_down(void *to, const void *from, size_t len)
{
	uint8_t *t = (uint8_t *)to + len;
	const uint8_t *f = (const uint8_t *)from + len;

	if (misalignment(t) == misalignment(f)) {
		for (; len > 0 && misalignment(t) != 0; len--)
			*--t = *--f;
		for (; len >= WORD; len -= WORD) {
			t -= WORD;
			f -= WORD;
			*(word_t *)(void *)t = *(const word_t *)(const void *)f;
		}
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

	if (len >= WORD) {
		for (; misalignment(t) != 0; len--)
			*t++ = (uint8_t)byte;
		for (; len >= BLOCK; len -= BLOCK, t += BLOCK) {
			word_t *w = (word_t *)(void *)t;

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
			*(word_t *)(void *)t = word;
	}
	while (len-- > 0)
		*t++ = (uint8_t)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a;
	const uint8_t *y = b;

	if (misalignment(x) == misalignment(y)) {
		for (; len > 0 && misalignment(x) != 0 && *x == *y; len--, x++, y++)
			;
		for (; misalignment(x) == 0 && len >= WORD; len -= WORD, x += WORD, y += WORD)
			if (*(const word_t *)(const void *)x != *(const word_t *)(const void *)y)
				break;
	}
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
