// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What lies in the log, by offset: for lib/jbd2*.c and their tests. All numbers are big-endian. */
#ifndef LIB_JBD2_FORMAT_H
#define LIB_JBD2_FORMAT_H

#include <stdint.h>

#include "lib/jbd2.h"

#define JBD2_MAGIC 0xc03b3998u

enum jbd2_type {
	JBD2_DESCRIPTOR = 1,
	JBD2_COMMIT = 2,
	JBD2_SUPER_V1 = 3,
	JBD2_SUPER_V2 = 4,
	JBD2_REVOKE = 5,
};

enum {
	JBD2_HEADER_BYTES = 12, /* magic, type, sequence */
	JBD2_TAIL_BYTES = 4,    /* the checksum of descriptors and revocations */
	JBD2_REVOKE_HEADER_BYTES = 16,
	JBD2_COMMIT_CHECKSUM = 16,
	JBD2_COMMIT_SECONDS = 48,
	/* Of a tag. */
	JBD2_TAG_ESCAPE = 1,
	JBD2_TAG_SAME_UUID = 2,
	JBD2_TAG_DELETED = 4,
	JBD2_TAG_LAST = 8,
	/* Of the superblock. */
	JBD2_SUPER_BLOCK_BYTES = 0x0c,
	JBD2_SUPER_BLOCKS = 0x10,
	JBD2_SUPER_FIRST = 0x14,
	JBD2_SUPER_SEQUENCE = 0x18,
	JBD2_SUPER_START = 0x1c,
	JBD2_SUPER_COMPAT = 0x24,
	JBD2_SUPER_INCOMPAT = 0x28,
	JBD2_SUPER_RO_COMPAT = 0x2c,
	JBD2_SUPER_UUID = 0x30,
	JBD2_SUPER_CHECKSUM_TYPE = 0x50,
	JBD2_SUPER_FAST_BLOCKS = 0x54,
	JBD2_SUPER_CHECKSUM = 0xfc,
	JBD2_CHECKSUM_CRC32C = 4,
	JBD2_INCOMPAT_ASYNC_COMMIT = 4,
	JBD2_INCOMPAT_CSUM_V2 = 8,
	JBD2_INCOMPAT_FAST_COMMIT = 0x20,
};

static inline uint32_t jbd2_get32(const void *at)
{
	const uint8_t *byte = at;

	return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

static inline void jbd2_put32(void *at, uint32_t value)
{
	uint8_t *byte = at;

	byte[0] = (uint8_t)(value >> 24);
	byte[1] = (uint8_t)(value >> 16);
	byte[2] = (uint8_t)(value >> 8);
	byte[3] = (uint8_t)value;
}

struct jbd2_tag {
	uint64_t home;
	uint32_t flags;
	uint32_t checksum;
};

unsigned jbd2_tag_bytes(const struct jbd2 *journal);

/* What the checksum of a descriptor or a revocation is over, the tail as zeroes. */
uint32_t jbd2_block_checksum(const struct jbd2 *journal, const uint8_t *block, uint32_t at);

/* The checksum of a logged block, as a tag has it: the low half of it in version 2. */
uint32_t jbd2_data_checksum(const struct jbd2 *journal, const void *data, uint32_t sequence);

#endif
