// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * CRC-32C, eight bytes at a step: checksums of metadata and of the journal, half of what a write costs if they are slow. By the CPU's instruction, or where it has none by
 * tables, which are made when the first volume is mounted, and stay.
 */
#include "kernel/io/fs/ext4/crc32c.h"

#include <stddef.h>
#include <stdlib.h>

#include "kernel/io/fs/ext4/platform.h"

#define POLYNOMIAL 0x82f63b78u

enum { STEP_BYTES = 8, VALUES = 256 };

static uint32_t (*tables)[VALUES]; /* STEP_BYTES of them. NULL: not made */
static uint32_t (*of_cpu)(uint32_t seed, const void *data, size_t bytes);

static void tables_fill(uint32_t (*to)[VALUES])
{
	for (unsigned i = 0; i < VALUES; i++) {
		uint32_t sum = i;

		for (unsigned bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? POLYNOMIAL : 0);
		to[0][i] = sum;
	}
	for (unsigned i = 0; i < VALUES; i++)
		for (unsigned k = 1; k < STEP_BYTES; k++)
			to[k][i] = to[k - 1][i] >> 8 ^ to[0][to[k - 1][i] & 0xff];
}

bool crc32c_tables_make(void)
{
	uint32_t (*made)[VALUES] = tables != NULL ? tables : malloc(STEP_BYTES * sizeof(*made));

	if (made != NULL && made != tables)
		tables_fill(made);
	tables = made;
	return made != NULL;
}

bool crc32c_prepare(void)
{
	of_cpu = ext4_cpu_crc32c();
	return of_cpu != NULL || crc32c_tables_make();
}

uint32_t crc32c_by_tables(uint32_t seed, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	uint32_t sum = seed;

	for (; bytes >= STEP_BYTES; bytes -= STEP_BYTES, at += STEP_BYTES) {
		uint64_t word;

		__builtin_memcpy(&word, at, STEP_BYTES); /* one load: a call would cost more than the step */
		word ^= sum;
		sum = tables[7][word & 0xff] ^ tables[6][word >> 8 & 0xff] ^ tables[5][word >> 16 & 0xff] ^ tables[4][word >> 24 & 0xff] ^
		      tables[3][word >> 32 & 0xff] ^ tables[2][word >> 40 & 0xff] ^ tables[1][word >> 48 & 0xff] ^ tables[0][word >> 56];
	}
	for (; bytes > 0; bytes--)
		sum = sum >> 8 ^ tables[0][(sum ^ *at++) & 0xff];
	return sum;
}

uint32_t ext4_crc32c(uint32_t seed, const void *data, size_t bytes)
{
	return of_cpu != NULL ? of_cpu(seed, data, bytes) : crc32c_by_tables(seed, data, bytes);
}

/* libext2fs' name. */
uint32_t ext2fs_crc32c_le(uint32_t seed, const unsigned char *data, size_t bytes);

uint32_t ext2fs_crc32c_le(uint32_t seed, const unsigned char *data, size_t bytes)
{
	return ext4_crc32c(seed, data, bytes);
}
