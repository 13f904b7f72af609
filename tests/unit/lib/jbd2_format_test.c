// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The bytes of a log as Linux has them, put together here by hand; and each limit of a superblock's numbers. */
#include "lib/jbd2.h"

#include "tests/unit/lib/jbd2_log.h"

static uint8_t due[BLOCK], got[BLOCK];

static void be32(uint8_t *to, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void header_due(uint32_t type, uint32_t sequence)
{
	memset(due, 0, BLOCK);
	be32(due, 0xc03b3998);
	be32(due + 4, type);
	be32(due + 8, sequence);
}

/* The checksum of all of a block but the four bytes at `at`, where it is. */
static void checksum_due(const struct jbd2 *journal, unsigned at)
{
	uint8_t uuid[16];

	memset(uuid, 0x77, sizeof(uuid));
	be32(due + at, 0);
	if (journal->incompat & (8 | 0x10))
		be32(due + at, sum(sum(~0u, uuid, 16), due, BLOCK));
}

/* One tag; its flags as one number. */
static unsigned tag_due(const struct jbd2 *journal, unsigned at, uint64_t block, const uint8_t *data, uint32_t flags)
{
	bool v2 = journal->incompat & 8, v3 = journal->incompat & 0x10, wide = journal->incompat & 2;
	uint8_t number[4], uuid[16];
	uint32_t checksum;

	memset(uuid, 0x77, sizeof(uuid));
	be32(number, 0x01020304);
	checksum = sum(sum(sum(~0u, uuid, 16), number, 4), data, BLOCK);
	be32(due + at, (uint32_t)block);
	if (v3) {
		be32(due + at + 4, flags);
		be32(due + at + 8, (uint32_t)(block >> 32));
		be32(due + at + 12, checksum);
		return at + 16;
	}
	due[at + 4] = v2 ? (uint8_t)(checksum >> 8) : 0;
	due[at + 5] = v2 ? (uint8_t)checksum : 0;
	due[at + 7] = (uint8_t)flags;
	if (wide)
		be32(due + at + 8, (uint32_t)(block >> 32));
	return at + 8 + (wide ? 4 : 0) + (v2 ? 2 : 0);
}

static void a_descriptor_is_these_bytes(void)
{
	static uint8_t first[BLOCK], second[BLOCK];

	memset(first, 0x31, BLOCK);
	memset(second + 4, 0x32, BLOCK - 4);
	for (unsigned f = 0; f < FEATURES; f++) {
		struct jbd2 journal = journal_make(features[f]);
		struct jbd2_descriptor descriptor;
		unsigned at;

		header_due(1, 0x01020304);
		at = tag_due(&journal, 12, 0xab12345678, first, 0);
		memset(due + at, 0x77, 16);
		at = tag_due(&journal, at + 16, 0x55, second, 1 | 2);
		at = tag_due(&journal, at, 0xcd00000056, first, 2 | 8);
		checksum_due(&journal, BLOCK - 4);
		memset(got, 0xff, BLOCK);
		jbd2_descriptor_begin(&journal, &descriptor, got, 0x01020304);
		jbd2_descriptor_add(&journal, &descriptor, 0xab12345678, first, false);
		jbd2_descriptor_add(&journal, &descriptor, 0x55, second, true);
		jbd2_descriptor_add(&journal, &descriptor, 0xcd00000056, first, false);
		CU_ASSERT(descriptor.count == 3 && descriptor.used == at);
		jbd2_descriptor_end(&journal, &descriptor);
		CU_ASSERT(memcmp(got, due, BLOCK) == 0);
	}
}

static void a_commit_is_these_bytes(void)
{
	for (unsigned f = 0; f < FEATURES; f++) {
		struct jbd2 journal = journal_make(features[f]);

		header_due(2, 0x0a0b0c0d);
		be32(due + 48, 0x12);
		be32(due + 52, 0x3456789a);
		checksum_due(&journal, 16);
		memset(got, 0xff, BLOCK);
		jbd2_commit_fill(&journal, got, 0x0a0b0c0d, 0x123456789a);
		CU_ASSERT(memcmp(got, due, BLOCK) == 0);
	}
}

static void a_superblock_keeps_what_is_not_ours(void)
{
	for (unsigned f = 0; f < FEATURES; f++) {
		struct jbd2 journal = journal_make(features[f]);

		memset(got, 0xff, BLOCK);
		memset(due, 0xff, BLOCK);
		journal.sequence = 0x11223344;
		journal.start = 0x21;
		be32(due + 0x18, 0x11223344);
		be32(due + 0x1c, 0x21);
		be32(due + 0x24, 0);
		be32(due + 0x28, features[f]);
		if (features[f] & (8 | 0x10)) {
			due[0x50] = 4;
			be32(due + 0xfc, 0);
			be32(due + 0xfc, sum(~0u, due, 1024));
		}
		jbd2_super_write(&journal, got);
		CU_ASSERT(memcmp(got, due, BLOCK) == 0);
	}
}

static void features_follow_one_another(void)
{
	struct jbd2 journal = journal_make(0);
	uint32_t seed = sum(~0u, journal.uuid, 16);

	CU_ASSERT(!journal.checksums && journal.seed == seed);
	jbd2_features_set(&journal, JBD2_INCOMPAT_CSUM_V2);
	CU_ASSERT(journal.checksums && journal.incompat == JBD2_INCOMPAT_CSUM_V2 && journal.seed == seed);
	journal.seed = 0;
	jbd2_features_set(&journal, JBD2_INCOMPAT_64BIT);
	CU_ASSERT(journal.checksums && journal.incompat == (JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_64BIT) && journal.seed == seed);
	jbd2_features_set(&journal, JBD2_INCOMPAT_CSUM_V3); /* both would be none that anybody reads */
	CU_ASSERT(journal.checksums && journal.incompat == (JBD2_INCOMPAT_CSUM_V3 | JBD2_INCOMPAT_64BIT));
}

static void sizes_are_those_of_the_format(void)
{
	static const unsigned tags[FEATURES] = { 8, 12, 10, 14, 16, 16 }, capacities[FEATURES] = { 124, 82, 99, 70, 62, 62 };

	for (unsigned f = 0; f < FEATURES; f++) {
		struct jbd2 journal = journal_make(features[f]);
		unsigned capacity = capacities[f];

		CU_ASSERT(jbd2_tag_bytes(&journal) == tags[f] && jbd2_descriptor_capacity(&journal) == capacity);
		CU_ASSERT(jbd2_transaction_blocks(&journal, 0) == 1 && jbd2_transaction_blocks(&journal, 1) == 3);
		CU_ASSERT(jbd2_transaction_blocks(&journal, capacity) == capacity + 2);
		CU_ASSERT(jbd2_transaction_blocks(&journal, capacity + 1) == capacity + 4);
		CU_ASSERT(jbd2_next(&journal, 1) == 2 && jbd2_next(&journal, LOG_BLOCKS - 2) == LOG_BLOCKS - 1 && jbd2_next(&journal, LOG_BLOCKS - 1) == 1);
	}
}

/* A superblock with two of its numbers changed; 0 is changed to 0. */
static status_t read_with(unsigned at, uint32_t value, unsigned at2, uint32_t value2, uint32_t blocks, struct jbd2 *out)
{
	struct jbd2 journal = journal_make(0);
	uint8_t *super = log_blocks[0];
	status_t status;
	const char *why = NULL;

	(void)journal;
	be32(super + JBD2_SUPER_START, 0);
	be32(super + at, value);
	if (at2 != 0)
		be32(super + at2, value2);
	status = jbd2_super_read(out, super, BLOCK, blocks, sum, &why);
	CU_ASSERT(status == STATUS_OK || strcmp(why, "its journal's superblock is damaged") == 0);
	return status;
}

static void numbers_hold_to_their_limits(void)
{
	static const struct {
		unsigned at;
		uint32_t value;
		unsigned at2;
		uint32_t value2;
		bool good;
	} rows[] = {
		{ JBD2_SUPER_BLOCKS, LOG_BLOCKS, 0, 0, true },	  { JBD2_SUPER_BLOCKS, LOG_BLOCKS + 1, 0, 0, false },
		{ JBD2_SUPER_BLOCKS, 16, 0, 0, true },		  { JBD2_SUPER_BLOCKS, 15, 0, 0, false },
		{ JBD2_SUPER_BLOCK_BYTES, BLOCK * 2, 0, 0, false }, { JBD2_SUPER_BLOCK_BYTES, BLOCK / 2, 0, 0, false },
		{ JBD2_SUPER_FIRST, 0, 0, 0, false },		  { JBD2_SUPER_FIRST, LOG_BLOCKS - 8, 0, 0, true },
		{ JBD2_SUPER_FIRST, LOG_BLOCKS - 7, 0, 0, false },  { JBD2_SUPER_FIRST, LOG_BLOCKS, 0, 0, false },
		{ JBD2_SUPER_FIRST, LOG_BLOCKS + 1, 0, 0, false },  { JBD2_SUPER_FIRST, 5, JBD2_SUPER_START, 5, true },
		{ JBD2_SUPER_FIRST, 5, JBD2_SUPER_START, 4, false }, { JBD2_SUPER_FIRST, 5, JBD2_SUPER_START, LOG_BLOCKS - 1, true },
		{ JBD2_SUPER_FIRST, 5, JBD2_SUPER_START, LOG_BLOCKS, false },
		{ JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_FAST_COMMIT, JBD2_SUPER_FAST_BLOCKS, LOG_BLOCKS - 16, true },
		{ JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_FAST_COMMIT, JBD2_SUPER_FAST_BLOCKS, LOG_BLOCKS - 15, false },
		{ JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_FAST_COMMIT, JBD2_SUPER_FAST_BLOCKS, 0, false },
	};
	struct jbd2 journal;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(read_with(rows[i].at, rows[i].value, rows[i].at2, rows[i].value2, LOG_BLOCKS, &journal), rows[i].good ? STATUS_OK : STATUS_EINVAL);
	/* Fast commits are behind what transactions are in; 256 blocks where the superblock does not say. */
	CU_ASSERT_EQUAL(read_with(JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_FAST_COMMIT, JBD2_SUPER_FAST_BLOCKS, 20, LOG_BLOCKS, &journal), STATUS_OK);
	CU_ASSERT(journal.fast_blocks == 20 && journal.end == LOG_BLOCKS - 20 && journal.first == 1 && journal.sequence == 7);
	CU_ASSERT_EQUAL(read_with(JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_FAST_COMMIT, JBD2_SUPER_BLOCKS, 272, 272, &journal), STATUS_OK);
	CU_ASSERT(journal.fast_blocks == 256 && journal.end == 16 && jbd2_next(&journal, 15) == 1);
	CU_ASSERT_EQUAL(read_with(JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_FAST_COMMIT, JBD2_SUPER_BLOCKS, 271, 272, &journal), STATUS_EINVAL);
	CU_ASSERT_EQUAL(read_with(JBD2_SUPER_INCOMPAT, 0, JBD2_SUPER_FAST_BLOCKS, 20, LOG_BLOCKS, &journal), STATUS_OK);
	CU_ASSERT(journal.fast_blocks == 0 && journal.end == LOG_BLOCKS);
}

static void refusals_say_what_is_wrong(void)
{
	static const struct {
		unsigned at;
		uint32_t value;
		status_t status;
		const char *why;
	} rows[] = {
		{ 0, 0xc03b3999, STATUS_EINVAL, "its journal has no superblock" },
		{ 4, JBD2_SUPER_V1, STATUS_ENOTSUP, "its journal is of a version that is not known" },
		{ JBD2_SUPER_INCOMPAT, 0x40, STATUS_ENOTSUP, "its journal has a feature that is not known" },
		{ JBD2_SUPER_RO_COMPAT, 1, STATUS_ENOTSUP, "its journal has a feature that is not known" },
		{ JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3, STATUS_ENOTSUP, "its journal has a feature that is not known" },
		{ JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_ASYNC_COMMIT, STATUS_ENOTSUP,
		  "its journal has commits with checksums of the first version, which only Linux replays" },
		{ JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_CSUM_V3, STATUS_EINVAL, "its journal's superblock is damaged" },
	};
	struct jbd2 journal;
	const char *why;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)journal_make(0);
		be32(log_blocks[0] + rows[i].at, rows[i].value);
		why = NULL;
		CU_ASSERT_EQUAL(jbd2_super_read(&journal, log_blocks[0], BLOCK, LOG_BLOCKS, sum, &why), rows[i].status);
		CU_ASSERT(why != NULL && strcmp(why, rows[i].why) == 0);
	}
	for (unsigned f = 2; f < FEATURES; f++) { /* commits without a flush before them, which checksums make good; another kind of them */
		journal = journal_make(features[f] | JBD2_INCOMPAT_ASYNC_COMMIT | JBD2_INCOMPAT_REVOKE);
		journal.checksums = true;
		log_blocks[0][JBD2_SUPER_CHECKSUM_TYPE] = 1;
		be32(log_blocks[0] + JBD2_SUPER_CHECKSUM, 0);
		be32(log_blocks[0] + JBD2_SUPER_CHECKSUM, sum(~0u, log_blocks[0], 1024));
		CU_ASSERT_EQUAL(jbd2_super_read(&journal, log_blocks[0], BLOCK, LOG_BLOCKS, sum, &why), STATUS_EINVAL);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_descriptor_is_these_bytes),
	UNIT_CASE(a_commit_is_these_bytes),
	UNIT_CASE(a_superblock_keeps_what_is_not_ours),
	UNIT_CASE(features_follow_one_another),
	UNIT_CASE(sizes_are_those_of_the_format),
	UNIT_CASE(numbers_hold_to_their_limits),
	UNIT_CASE(refusals_say_what_is_wrong),
};
UNIT_MAIN("lib/jbd2_format", cases)
