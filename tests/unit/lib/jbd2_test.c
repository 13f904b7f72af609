// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A journal in memory: written by the one half of lib/jbd2, replayed by the other; and logs that end too early, or say what is not so. */
#include "lib/jbd2.h"

#include <string.h>

#include "lib/jbd2_format.h"
#include "tests/unit/unit.h"

enum { BLOCK = 1024, LOG_BLOCKS = 64, HOME_BLOCKS = 300 };

static uint8_t log_blocks[LOG_BLOCKS][BLOCK];
static uint8_t home[HOME_BLOCKS][BLOCK];
static uint8_t scratch[2][BLOCK];
static struct jbd2_revoke revokes[200];
static unsigned reads;

static uint32_t sum(uint32_t seed, const void *data, size_t bytes)
{
	const uint8_t *at = data;

	for (; bytes > 0; bytes--) {
		seed ^= *at++;
		for (unsigned bit = 0; bit < 8; bit++)
			seed = seed >> 1 ^ (seed & 1 ? 0x82f63b78u : 0);
	}
	return seed;
}

static status_t log_read(void *ctx, uint32_t block, void *to)
{
	(void)ctx;
	reads++;
	memcpy(to, log_blocks[block], BLOCK);
	return STATUS_OK;
}

static status_t home_write(void *ctx, uint64_t block, const void *data)
{
	(void)ctx;
	memcpy(home[block], data, BLOCK);
	return STATUS_OK;
}

static struct jbd2 journal_make(uint32_t incompat)
{
	struct jbd2 journal;
	const char *why;

	memset(log_blocks, 0, sizeof(log_blocks));
	memset(home, 0, sizeof(home));
	jbd2_put32(log_blocks[0], JBD2_MAGIC);
	jbd2_put32(log_blocks[0] + 4, JBD2_SUPER_V2);
	jbd2_put32(log_blocks[0] + JBD2_SUPER_BLOCK_BYTES, BLOCK);
	jbd2_put32(log_blocks[0] + JBD2_SUPER_BLOCKS, LOG_BLOCKS);
	jbd2_put32(log_blocks[0] + JBD2_SUPER_FIRST, 1);
	jbd2_put32(log_blocks[0] + JBD2_SUPER_SEQUENCE, 7);
	memset(log_blocks[0] + JBD2_SUPER_UUID, 0x77, 16);
	CU_ASSERT_FATAL(jbd2_super_read(&journal, log_blocks[0], BLOCK, LOG_BLOCKS, sum, &why) == STATUS_OK);
	jbd2_features_set(&journal, incompat);
	journal.start = 50; /* so that it goes on at the log's beginning */
	jbd2_super_write(&journal, log_blocks[0]);
	CU_ASSERT_FATAL(jbd2_super_read(&journal, log_blocks[0], BLOCK, LOG_BLOCKS, sum, &why) == STATUS_OK && journal.start == 50);
	return journal;
}

/* A transaction of `count` blocks from home block `first` on, filled with `value`, or with what must be escaped. The log's next block. */
static uint32_t transaction_put(const struct jbd2 *journal, uint32_t at, uint32_t sequence, unsigned first, unsigned count, uint8_t value)
{
	struct jbd2_descriptor descriptor;
	uint32_t descriptor_at = at;

	jbd2_descriptor_begin(journal, &descriptor, scratch[0], sequence);
	for (unsigned i = 0; i < count; i++) {
		uint8_t content[BLOCK];
		bool escaped;

		at = jbd2_next(journal, at);
		memset(content, value, BLOCK);
		if (i % 2 == 1)
			jbd2_put32(content, JBD2_MAGIC);
		escaped = jbd2_must_escape(content);
		CU_ASSERT(escaped == (i % 2 == 1));
		if (escaped)
			memset(content, 0, 4);
		memcpy(log_blocks[at], content, BLOCK);
		jbd2_descriptor_add(journal, &descriptor, first + i, content, escaped);
	}
	jbd2_descriptor_end(journal, &descriptor);
	memcpy(log_blocks[descriptor_at], scratch[0], BLOCK);
	at = jbd2_next(journal, at);
	jbd2_commit_fill(journal, log_blocks[at], sequence, 1700000000);
	return jbd2_next(journal, at);
}

static uint32_t revocation_put(const struct jbd2 *journal, uint32_t at, uint32_t sequence, unsigned block)
{
	bool wide = journal->incompat & JBD2_INCOMPAT_64BIT;
	uint8_t *to = log_blocks[at];

	memset(to, 0, BLOCK);
	jbd2_put32(to, JBD2_MAGIC);
	jbd2_put32(to + 4, JBD2_REVOKE);
	jbd2_put32(to + 8, sequence);
	jbd2_put32(to + 12, JBD2_REVOKE_HEADER_BYTES + (wide ? 8 : 4));
	jbd2_put32(to + JBD2_REVOKE_HEADER_BYTES + (wide ? 4 : 0), block);
	if (journal->checksums)
		jbd2_put32(to + BLOCK - JBD2_TAIL_BYTES, jbd2_block_checksum(journal, to, BLOCK - JBD2_TAIL_BYTES));
	at = jbd2_next(journal, at);
	jbd2_commit_fill(journal, log_blocks[at], sequence, 1700000000);
	return jbd2_next(journal, at);
}

static status_t recover(const struct jbd2 *journal, struct jbd2_recovery *recovery)
{
	status_t status;

	*recovery = (struct jbd2_recovery){ .read = log_read, .write = home_write, .home_blocks = HOME_BLOCKS, .block = scratch[0],
					    .data = scratch[1], .revokes = revokes };
	status = jbd2_scan(journal, recovery);
	return status == STATUS_OK ? jbd2_replay(journal, recovery) : status;
}

static const uint32_t features[] = { 0, JBD2_INCOMPAT_64BIT, JBD2_INCOMPAT_CSUM_V2, JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_64BIT, JBD2_INCOMPAT_CSUM_V3,
				     JBD2_INCOMPAT_CSUM_V3 | JBD2_INCOMPAT_64BIT };
enum { FEATURES = sizeof(features) / sizeof(features[0]) };

static void what_was_committed_is_replayed_in_every_format(void)
{
	for (unsigned f = 0; f < FEATURES; f++) {
		struct jbd2 journal = journal_make(features[f]);
		struct jbd2_recovery recovery;
		uint32_t at = transaction_put(&journal, 50, 7, 10, 8, 0x11);

		at = transaction_put(&journal, at, 8, 12, 20, 0x22);
		CU_ASSERT(recover(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 9 && recovery.end_block == at);
		CU_ASSERT(recovery.replayed == 28);
		CU_ASSERT(home[10][9] == 0x11 && home[11][9] == 0x11 && home[12][9] == 0x22 && home[31][9] == 0x22 && home[32][9] == 0);
		CU_ASSERT(jbd2_get32(home[11]) == JBD2_MAGIC && jbd2_get32(home[13]) == JBD2_MAGIC);
	}
}

static void what_was_not_committed_is_not(void)
{
	for (unsigned f = 0; f < FEATURES; f++) {
		struct jbd2 journal = journal_make(features[f]);
		struct jbd2_recovery recovery;
		uint32_t at = transaction_put(&journal, 50, 7, 10, 4, 0x11);
		uint32_t end = transaction_put(&journal, at, 8, 10, 4, 0x22);

		memset(log_blocks[end - 1], 0, BLOCK);
		CU_ASSERT(recover(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 8 && home[10][9] == 0x11);
		/* nor what is of another time */
		jbd2_commit_fill(&journal, log_blocks[end - 1], 6, 0);
		CU_ASSERT(recover(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 8 && home[10][9] == 0x11);
	}
}

static void what_was_revoked_is_not_replayed(void)
{
	for (unsigned f = 0; f < FEATURES; f++) {
		struct jbd2 journal = journal_make(features[f]);
		struct jbd2_recovery recovery;
		uint32_t at = transaction_put(&journal, 50, 7, 10, 4, 0x11);

		at = revocation_put(&journal, at, 8, 12);
		at = transaction_put(&journal, at, 9, 11, 1, 0x33);
		CU_ASSERT(recover(&journal, &recovery) == STATUS_OK && recovery.revokes_read == 1 && recovery.end_sequence == 10);
		CU_ASSERT(home[10][9] == 0x11 && home[11][9] == 0x33 && home[12][9] == 0 && home[13][9] == 0x11);
		/* but a later one is */
		(void)transaction_put(&journal, at, 10, 12, 1, 0x44);
		CU_ASSERT(recover(&journal, &recovery) == STATUS_OK && home[12][9] == 0x44);
	}
}

static void a_damaged_log_is_refused_before_anything_is_written(void)
{
	for (unsigned f = 0; f < FEATURES; f++) {
		struct jbd2 journal = journal_make(features[f]);
		struct jbd2_recovery recovery;
		uint32_t at = transaction_put(&journal, 50, 7, 10, 4, 0x11);

		(void)transaction_put(&journal, at, 8, HOME_BLOCKS - 1, 2, 0x22); /* the second one is beyond */
		CU_ASSERT(recover(&journal, &recovery) == STATUS_EBADMSG && home[10][9] == 0);
		if (!journal.checksums)
			continue;
		(void)transaction_put(&journal, at, 8, 20, 2, 0x22);
		log_blocks[51][100] ^= 1;
		CU_ASSERT(recover(&journal, &recovery) == STATUS_EBADMSG && home[10][9] == 0 && home[20][9] == 0);
		log_blocks[51][100] ^= 1;
		log_blocks[50][40] ^= 1; /* a descriptor: the log ends there */
		CU_ASSERT(recover(&journal, &recovery) == STATUS_OK && recovery.replayed == 0);
	}
}

/* A descriptor that says of itself that it goes on for ever. */
static void a_log_that_bites_its_tail_ends(void)
{
	struct jbd2 journal = journal_make(0);
	struct jbd2_recovery recovery;

	for (unsigned i = 1; i < LOG_BLOCKS; i++) {
		jbd2_put32(log_blocks[i], JBD2_MAGIC);
		jbd2_put32(log_blocks[i] + 4, JBD2_DESCRIPTOR);
		jbd2_put32(log_blocks[i] + 8, 7);
		log_blocks[i][JBD2_HEADER_BYTES + 7] = JBD2_TAG_LAST | JBD2_TAG_SAME_UUID;
	}
	reads = 0;
	CU_ASSERT(recover(&journal, &recovery) == STATUS_OK && recovery.replayed == 0 && reads <= LOG_BLOCKS);
}

static void superblocks_that_make_no_sense_are_refused(void)
{
	static const struct {
		unsigned at;
		uint32_t value;
	} wrong[] = {
		{ 0, 0 }, { 4, JBD2_SUPER_V1 }, { JBD2_SUPER_BLOCK_BYTES, 4096 }, { JBD2_SUPER_BLOCKS, LOG_BLOCKS + 1 }, { JBD2_SUPER_BLOCKS, 3 },
		{ JBD2_SUPER_FIRST, 0 }, { JBD2_SUPER_FIRST, LOG_BLOCKS }, { JBD2_SUPER_START, LOG_BLOCKS }, { JBD2_SUPER_INCOMPAT, 0x40 },
		{ JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3 }, { JBD2_SUPER_RO_COMPAT, 1 },
		{ JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_FAST_COMMIT }, { JBD2_SUPER_INCOMPAT, JBD2_INCOMPAT_ASYNC_COMMIT },
	};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct jbd2 journal = journal_make(0);
		const char *why = NULL;

		jbd2_put32(log_blocks[0] + wrong[i].at, wrong[i].value);
		CU_ASSERT(jbd2_super_read(&journal, log_blocks[0], BLOCK, LOG_BLOCKS, sum, &why) != STATUS_OK && why != NULL);
	}
	for (unsigned at = 0; at < JBD2_SUPER_BYTES; at += 5) { /* with a checksum, every bit counts */
		struct jbd2 journal = journal_make(JBD2_INCOMPAT_CSUM_V3);
		const char *why;

		log_blocks[0][at] ^= 0x10;
		CU_ASSERT(jbd2_super_read(&journal, log_blocks[0], BLOCK, LOG_BLOCKS, sum, &why) != STATUS_OK || at == JBD2_SUPER_INCOMPAT + 3);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_was_committed_is_replayed_in_every_format),
	UNIT_CASE(what_was_not_committed_is_not),
	UNIT_CASE(what_was_revoked_is_not_replayed),
	UNIT_CASE(a_damaged_log_is_refused_before_anything_is_written),
	UNIT_CASE(a_log_that_bites_its_tail_ends),
	UNIT_CASE(superblocks_that_make_no_sense_are_refused),
};
UNIT_MAIN("lib/jbd2", cases)
