// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "lib/jbd2.h"

#include "lib/jbd2_format.h"
#include "lib/string.h"

#define INCOMPAT_KNOWN (JBD2_INCOMPAT_REVOKE | JBD2_INCOMPAT_64BIT | JBD2_INCOMPAT_ASYNC_COMMIT | JBD2_INCOMPAT_CSUM_V2 | \
			JBD2_INCOMPAT_CSUM_V3 | JBD2_INCOMPAT_FAST_COMMIT)

static uint32_t checksum_holed(uint32_t (*crc32c)(uint32_t, const void *, size_t), uint32_t seed, const uint8_t *data, uint32_t at, uint32_t bytes)
{
	static const uint8_t zeroes[4];
	uint32_t sum = crc32c(seed, data, at);

	sum = crc32c(sum, zeroes, sizeof(zeroes));
	return crc32c(sum, data + at + 4, bytes - at - 4);
}

uint32_t jbd2_block_checksum(const struct jbd2 *journal, const uint8_t *block, uint32_t at)
{
	return checksum_holed(journal->crc32c, journal->seed, block, at, journal->block_bytes);
}

uint32_t jbd2_data_checksum(const struct jbd2 *journal, const void *data, uint32_t sequence)
{
	uint8_t number[4];
	uint32_t sum;

	jbd2_put32(number, sequence);
	sum = journal->crc32c(journal->crc32c(journal->seed, number, sizeof(number)), data, journal->block_bytes);
	return journal->incompat & JBD2_INCOMPAT_CSUM_V3 ? sum : sum & 0xffff;
}

static void features_settle(struct jbd2 *journal)
{
	journal->checksums = journal->incompat & (JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3);
	journal->seed = journal->crc32c(~0u, journal->uuid, sizeof(journal->uuid));
}

/* Whether the numbers make a log. */
static bool geometry_holds(struct jbd2 *journal, const uint8_t *super, uint32_t blocks)
{
	uint32_t length = jbd2_get32(super + JBD2_SUPER_BLOCKS);

	if (jbd2_get32(super + JBD2_SUPER_BLOCK_BYTES) != journal->block_bytes || length < JBD2_BLOCKS_MIN || length > blocks)
		return false;
	if (journal->incompat & JBD2_INCOMPAT_FAST_COMMIT) {
		journal->fast_blocks = jbd2_get32(super + JBD2_SUPER_FAST_BLOCKS);
		if (journal->fast_blocks == 0)
			journal->fast_blocks = 256;
		if (journal->fast_blocks > length - JBD2_BLOCKS_MIN)
			return false;
	}
	journal->first = jbd2_get32(super + JBD2_SUPER_FIRST);
	journal->end = length - journal->fast_blocks;
	journal->sequence = jbd2_get32(super + JBD2_SUPER_SEQUENCE);
	journal->start = jbd2_get32(super + JBD2_SUPER_START);
	return journal->first >= 1 && journal->first < journal->end && journal->end - journal->first >= JBD2_BLOCKS_MIN / 2 &&
	       (journal->start == 0 || (journal->start >= journal->first && journal->start < journal->end));
}

status_t jbd2_super_read(struct jbd2 *journal, const void *super, uint32_t block_bytes, uint32_t blocks,
			 uint32_t (*crc32c)(uint32_t seed, const void *data, size_t bytes), const char **why)
{
	const uint8_t *at = super;

	*journal = (struct jbd2){ .crc32c = crc32c, .block_bytes = block_bytes };
	*why = "its journal has no superblock";
	if (jbd2_get32(at) != JBD2_MAGIC)
		return STATUS_EINVAL;
	*why = "its journal is of a version that is not known";
	if (jbd2_get32(at + 4) != JBD2_SUPER_V2)
		return STATUS_ENOTSUP;
	*why = "its journal has a feature that is not known";
	journal->incompat = jbd2_get32(at + JBD2_SUPER_INCOMPAT);
	if ((journal->incompat & ~INCOMPAT_KNOWN) != 0 || jbd2_get32(at + JBD2_SUPER_RO_COMPAT) != 0)
		return STATUS_ENOTSUP;
	if ((journal->incompat & JBD2_INCOMPAT_CSUM_V2) && (journal->incompat & JBD2_INCOMPAT_CSUM_V3))
		return STATUS_ENOTSUP;
	/* Such a commit may be there before its blocks are: checksums alone tell, and those of the first version are not read. */
	*why = "its journal has commits with checksums of the first version, which only Linux replays";
	if ((journal->incompat & JBD2_INCOMPAT_ASYNC_COMMIT) && !(journal->incompat & (JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3)))
		return STATUS_ENOTSUP;
	memcpy(journal->uuid, at + JBD2_SUPER_UUID, sizeof(journal->uuid));
	features_settle(journal);
	*why = "its journal's superblock is damaged";
	if (journal->checksums && (at[JBD2_SUPER_CHECKSUM_TYPE] != JBD2_CHECKSUM_CRC32C ||
				   checksum_holed(crc32c, ~0u, at, JBD2_SUPER_CHECKSUM, JBD2_SUPER_BYTES) != jbd2_get32(at + JBD2_SUPER_CHECKSUM)))
		return STATUS_EINVAL;
	return geometry_holds(journal, at, blocks) ? STATUS_OK : STATUS_EINVAL;
}

void jbd2_super_write(const struct jbd2 *journal, void *super)
{
	uint8_t *at = super;

	jbd2_put32(at + JBD2_SUPER_SEQUENCE, journal->sequence);
	jbd2_put32(at + JBD2_SUPER_START, journal->start);
	jbd2_put32(at + JBD2_SUPER_COMPAT, 0); /* checksums of the first version, which our commits do not have */
	jbd2_put32(at + JBD2_SUPER_INCOMPAT, journal->incompat);
	if (!journal->checksums)
		return;
	at[JBD2_SUPER_CHECKSUM_TYPE] = JBD2_CHECKSUM_CRC32C;
	jbd2_put32(at + JBD2_SUPER_CHECKSUM, checksum_holed(journal->crc32c, ~0u, at, JBD2_SUPER_CHECKSUM, JBD2_SUPER_BYTES));
}

void jbd2_features_set(struct jbd2 *journal, uint32_t incompat)
{
	if (incompat & JBD2_INCOMPAT_CSUM_V3)
		journal->incompat &= ~(uint32_t)JBD2_INCOMPAT_CSUM_V2;
	journal->incompat |= incompat;
	features_settle(journal);
}

uint32_t jbd2_next(const struct jbd2 *journal, uint32_t block)
{
	return block + 1 < journal->end ? block + 1 : journal->first;
}

unsigned jbd2_tag_bytes(const struct jbd2 *journal)
{
	if (journal->incompat & JBD2_INCOMPAT_CSUM_V3)
		return 16;
	return 8 + (journal->incompat & JBD2_INCOMPAT_CSUM_V2 ? 2 : 0) + (journal->incompat & JBD2_INCOMPAT_64BIT ? 4 : 0);
}

unsigned jbd2_descriptor_capacity(const struct jbd2 *journal)
{
	return (journal->block_bytes - JBD2_HEADER_BYTES - JBD2_TAIL_BYTES - sizeof(journal->uuid)) / jbd2_tag_bytes(journal);
}

uint32_t jbd2_transaction_blocks(const struct jbd2 *journal, uint32_t count)
{
	unsigned capacity = jbd2_descriptor_capacity(journal);

	return count + (count + capacity - 1) / capacity + 1;
}

static void header_put(uint8_t *block, enum jbd2_type type, uint32_t sequence)
{
	jbd2_put32(block, JBD2_MAGIC);
	jbd2_put32(block + 4, type);
	jbd2_put32(block + 8, sequence);
}

void jbd2_descriptor_begin(const struct jbd2 *journal, struct jbd2_descriptor *descriptor, void *block, uint32_t sequence)
{
	memset(block, 0, journal->block_bytes);
	header_put(block, JBD2_DESCRIPTOR, sequence);
	*descriptor = (struct jbd2_descriptor){ .block = block, .sequence = sequence, .used = JBD2_HEADER_BYTES };
}

bool jbd2_must_escape(const void *data)
{
	return jbd2_get32(data) == JBD2_MAGIC;
}

/* Flags are a word in version 3, half of one before: the high byte of that is 0, as the block was. */
static void flags_put(const struct jbd2 *journal, uint8_t *at, uint32_t flags)
{
	if (journal->incompat & JBD2_INCOMPAT_CSUM_V3)
		jbd2_put32(at, flags);
	else
		at[1] = (uint8_t)flags;
}

void jbd2_descriptor_add(const struct jbd2 *journal, struct jbd2_descriptor *descriptor, uint64_t home, const void *data, bool escaped)
{
	uint8_t *tag = descriptor->block + descriptor->used;
	uint32_t checksum = journal->checksums ? jbd2_data_checksum(journal, data, descriptor->sequence) : 0;
	uint32_t flags = (escaped ? JBD2_TAG_ESCAPE : 0) | (descriptor->count > 0 ? JBD2_TAG_SAME_UUID : 0);
	bool v3 = journal->incompat & JBD2_INCOMPAT_CSUM_V3;

	jbd2_put32(tag, (uint32_t)home);
	if (v3) {
		jbd2_put32(tag + 8, (uint32_t)(home >> 32));
		jbd2_put32(tag + 12, checksum);
	} else {
		tag[4] = (uint8_t)(checksum >> 8);
		tag[5] = (uint8_t)checksum;
		if (journal->incompat & JBD2_INCOMPAT_64BIT)
			jbd2_put32(tag + 8, (uint32_t)(home >> 32));
	}
	descriptor->last_flags = descriptor->used + (v3 ? 4 : 6);
	flags_put(journal, descriptor->block + descriptor->last_flags, flags);
	descriptor->used += jbd2_tag_bytes(journal);
	if (descriptor->count++ == 0) {
		memcpy(descriptor->block + descriptor->used, journal->uuid, sizeof(journal->uuid));
		descriptor->used += sizeof(journal->uuid);
	}
}

void jbd2_descriptor_end(const struct jbd2 *journal, struct jbd2_descriptor *descriptor)
{
	uint8_t *flags = descriptor->block + descriptor->last_flags;
	uint32_t tail = journal->block_bytes - JBD2_TAIL_BYTES;

	flags[journal->incompat & JBD2_INCOMPAT_CSUM_V3 ? 3 : 1] |= JBD2_TAG_LAST;
	if (journal->checksums)
		jbd2_put32(descriptor->block + tail, jbd2_block_checksum(journal, descriptor->block, tail));
}

void jbd2_commit_fill(const struct jbd2 *journal, void *block, uint32_t sequence, uint64_t seconds)
{
	uint8_t *at = block;

	memset(at, 0, journal->block_bytes);
	header_put(at, JBD2_COMMIT, sequence);
	jbd2_put32(at + JBD2_COMMIT_SECONDS, (uint32_t)(seconds >> 32));
	jbd2_put32(at + JBD2_COMMIT_SECONDS + 4, (uint32_t)seconds);
	if (journal->checksums)
		jbd2_put32(at + JBD2_COMMIT_CHECKSUM, jbd2_block_checksum(journal, at, JBD2_COMMIT_CHECKSUM));
}
