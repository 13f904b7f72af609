// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Alignment, powers of two and little/big-endian reads of unaligned bytes. Inlined wherever they are used: each is as short as a call, and
 * a call costs an emulated boot the translation of two more blocks.
 */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define BITS_INLINE static inline __attribute__((always_inline))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

BITS_INLINE bool bits_is_pow2(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

/* `align` is a power of two; the caller makes sure that the sum cannot wrap. */
BITS_INLINE uint64_t bits_align_up(uint64_t x, uint64_t align)
{
	return (x + align - 1) & ~(align - 1);
}

BITS_INLINE uint64_t bits_align_down(uint64_t x, uint64_t align)
{
	return x & ~(align - 1);
}

BITS_INLINE uint32_t bits_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

BITS_INLINE uint64_t bits_le64(const uint8_t *p)
{
	return (uint64_t)bits_le32(p) | (uint64_t)bits_le32(p + 4) << 32;
}

BITS_INLINE uint32_t bits_be32(const uint8_t *p)
{
	return (uint32_t)p[3] | (uint32_t)p[2] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[0] << 24;
}

BITS_INLINE uint64_t bits_be64(const uint8_t *p)
{
	return (uint64_t)bits_be32(p) << 32 | bits_be32(p + 4);
}

#endif
