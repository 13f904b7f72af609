// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A borrowed, bounded view of bytes: what every parser takes and hands out. Whoever made the span owns the bytes.
 */
#ifndef LIB_SPAN_H
#define LIB_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *data;
	size_t len; /* bytes */
};

static inline struct span span_of(const void *data, size_t len)
{
	return (struct span){ .data = data, .len = len };
}

/*
 * Part of a span: `len` bytes from `offset`. False, with `out` untouched, where any of it lies outside; no sum of
 * the two arguments can wrap.
 */
static inline bool span_sub(struct span whole, uint64_t offset, uint64_t len, struct span *out)
{
	if (offset > whole.len || len > whole.len - offset)
		return false;
	*out = span_of(whole.data + offset, (size_t)len);
	return true;
}

/* A number for what lies in a span, to find it by; nobody is kept from making others of the same. `seed`: what belongs to it otherwise. Spec: FNV-1a, folded */
static inline uint32_t span_hash(struct span span, uint32_t seed)
{
	uint32_t hash = seed;

	for (size_t i = 0; i < span.len; i++)
		hash = (hash ^ span.data[i]) * 0x01000193u;
	return hash ^ hash >> 15;
}

#endif
