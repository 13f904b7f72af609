// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What libext2fs calls of the C library, and the kernel has nowhere else. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

char *strncpy(char *restrict to, const char *restrict from, size_t max);
char *strcat(char *restrict to, const char *restrict from);

/* No environment. */
char *getenv(const char *name)
{
	(void)name;
	return NULL;
}

/* No clock: who writes inodes gives them their times. */
time_t time(time_t *out)
{
	if (out != NULL)
		*out = 0;
	return 0;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* Digits alone: no sign, no prefix. */
unsigned long strtoul(const char *text, char **end, int base)
{
	unsigned long value = 0;

	while (digit_of(*text) < base)
		value = value * (unsigned long)base + (unsigned long)digit_of(*text++);
	if (end != NULL)
		*end = (char *)(uintptr_t)text;
	return value;
}

char *strncpy(char *restrict to, const char *restrict from, size_t max)
{
	size_t len = strnlen(from, max);

	memcpy(to, from, len);
	memset(to + len, 0, max - len);
	return to;
}

char *strcat(char *restrict to, const char *restrict from)
{
	(void)strcpy(to + strlen(to), from);
	return to;
}

static void swap(uint8_t *a, uint8_t *b, size_t bytes)
{
	for (; bytes > 0; bytes--, a++, b++) {
		uint8_t kept = *a;

		*a = *b;
		*b = kept;
	}
}

static void sift(uint8_t *base, size_t at, size_t count, size_t bytes, int (*compare)(const void *a, const void *b))
{
	for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
		if (child + 1 < count && compare(base + child * bytes, base + (child + 1) * bytes) < 0)
			child++;
		if (compare(base + at * bytes, base + child * bytes) >= 0)
			return;
		swap(base + at * bytes, base + child * bytes, bytes);
		at = child;
	}
}

/* Heapsort: no memory, no bad case. */
void qsort(void *base, size_t count, size_t bytes, int (*compare)(const void *a, const void *b))
{
	uint8_t *at = base;

	for (size_t i = count / 2; i-- > 0;)
		sift(at, i, count, bytes, compare);
	while (count > 1) {
		count--;
		swap(at, at + count * bytes, bytes);
		sift(at, 0, count, bytes, compare);
	}
}
