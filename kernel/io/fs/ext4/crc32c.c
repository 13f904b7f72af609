// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * CRC-32C, eight bytes at a step: checksums of metadata and of the journal, half of what a write costs if they are slow. By the CPU's instruction, or by tables, which
 * are made when a volume is mounted.
 */
#include "kernel/io/fs/ext4/crc32c.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/io/fs/ext4/platform.h"

#define POLYNOMIAL 0x82f63b78u

static uint32_t tables[8][256] __attribute__((section(".unzeroed")));
static uint32_t (*of_cpu)(uint32_t seed, const void *data, size_t bytes);
static bool prepared;

void crc32c_prepare(void)
{
	if (prepared)
		return;
	prepared = true;
	of_cpu = ext4_cpu_crc32c();
	for (unsigned i = 0; i < 256; i++) {
		uint32_t sum = i;

		for (unsigned bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? POLYNOMIAL : 0);
		tables[0][i] = sum;
	}
	for (unsigned i = 0; i < 256; i++)
		for (unsigned k = 1; k < 8; k++)
			tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 0xff];
}

uint32_t crc32c_by_tables(uint32_t seed, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	uint32_t sum = seed;

	for (; bytes >= 8; bytes -= 8, at += 8) {
		uint64_t word;

		__builtin_memcpy(&word, at, 8); /* one load: a call would cost more than the step */
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
