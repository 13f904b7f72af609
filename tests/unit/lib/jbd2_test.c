// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A journal in memory: written by the one half of lib/jbd2, replayed by the other; and logs that end too early, or say what is not so. */
#include "lib/jbd2.h"

#include "tests/unit/lib/jbd2_log.h"

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
