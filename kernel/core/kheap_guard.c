// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/kheap_guard.h"

#include <stdbool.h>

#include "lib/string.h"

enum { GUARD_BYTE = 0xfa, FREED_BYTE = 0x6b };

#define ASKED_SEAL 0x52756d706b41736bull
#define FREED_SEAL 0x52756d706b467265ull
/* So that a size changed by a bit is none. */
#define TWICE(bytes) ((uint64_t)(bytes) << 32 | (uint32_t)(bytes))

static uint64_t *tail_of(void *object, size_t usable)
{
	return (uint64_t *)(void *)((uint8_t *)object + usable - sizeof(uint64_t));
}

static uint64_t seal(const void *object, uint64_t value)
{
	return value ^ (uintptr_t)object;
}

static bool is_filled(const uint8_t *from, const uint8_t *end, uint8_t byte)
{
	while (from < end && *from == byte)
		from++;
	return from == end;
}

kheap_guard_verdict kheap_guard_begin(void *object, size_t usable, size_t bytes)
{
	uint64_t *tail = tail_of(object, usable);
	kheap_guard_verdict verdict = NULL;

	if (*tail == seal(object, FREED_SEAL) && !is_filled(object, (uint8_t *)tail, FREED_BYTE))
		verdict = "written after it was freed";
	memset((uint8_t *)object + bytes, GUARD_BYTE, usable - sizeof(*tail) - bytes);
	*tail = seal(object, ASKED_SEAL ^ TWICE(bytes));
	return verdict;
}

size_t kheap_guard_asked(const void *object, size_t usable)
{
	return (uint32_t)(*tail_of((void *)(uintptr_t)object, usable) ^ seal(object, ASKED_SEAL));
}

kheap_guard_verdict kheap_guard_end(void *object, size_t usable)
{
	uint64_t *tail = tail_of(object, usable);
	size_t bytes = kheap_guard_asked(object, usable);

	if (*tail != seal(object, ASKED_SEAL ^ TWICE(bytes)) || bytes > usable - sizeof(*tail) ||
	    !is_filled((uint8_t *)object + bytes, (uint8_t *)tail, GUARD_BYTE))
		return "written beyond its end";
	kheap_guard_fill(object, usable);
	return NULL;
}

void kheap_guard_fill(void *object, size_t usable)
{
	uint64_t *tail = tail_of(object, usable);

	memset(object, FREED_BYTE, (size_t)((uint8_t *)tail - (uint8_t *)object));
	*tail = seal(object, FREED_SEAL);
}
