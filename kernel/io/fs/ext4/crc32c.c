// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* CRC-32C, eight bytes at a step: checksums of metadata and of the journal. The tables are made when a volume is mounted. */
#include "kernel/io/fs/ext4/crc32c.h"

#include <stdbool.h>

#include "kernel/io/fs/ext4/platform.h"
#include "lib/string.h"

#define POLYNOMIAL 0x82f63b78u

static uint32_t tables[8][256] __attribute__((section(".unzeroed")));
static bool prepared;

void crc32c_prepare(void)
{
	if (prepared)
		return;
	prepared = true;
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

uint32_t ext4_crc32c(uint32_t seed, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	uint32_t sum = seed;

	for (; bytes >= 8; bytes -= 8, at += 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		word ^= sum;
		sum = tables[7][word & 0xff] ^ tables[6][word >> 8 & 0xff] ^ tables[5][word >> 16 & 0xff] ^ tables[4][word >> 24 & 0xff] ^
		      tables[3][word >> 32 & 0xff] ^ tables[2][word >> 40 & 0xff] ^ tables[1][word >> 48 & 0xff] ^ tables[0][word >> 56];
	}
	for (; bytes > 0; bytes--)
		sum = sum >> 8 ^ tables[0][(sum ^ *at++) & 0xff];
	return sum;
}

/* libext2fs' name. */
uint32_t ext2fs_crc32c_le(uint32_t seed, const unsigned char *data, size_t bytes);

uint32_t ext2fs_crc32c_le(uint32_t seed, const unsigned char *data, size_t bytes)
{
	return ext4_crc32c(seed, data, bytes);
}
