// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Where a log ends, what its revocations are worth, and logs that fail or change while they are read. */
#include "lib/jbd2.h"

#include <stdlib.h>

#include "tests/unit/lib/jbd2_log.h"

enum { START = 50, ONE_TAG_DESCRIPTORS = LOG_BLOCKS / 2 };

static unsigned read_count, write_count, fail_read, fail_write;
static void (*change)(void); /* of the log, before this read */
static unsigned change_read;

static status_t read_or_fail(void *ctx, uint32_t block, void *to)
{
	if (++read_count == change_read)
		change();
	return read_count == fail_read ? STATUS_EIO : log_read(ctx, block, to);
}

static status_t write_or_fail(void *ctx, uint64_t block, const void *data)
{
	return ++write_count == fail_write ? STATUS_EIO : home_write(ctx, block, data);
}

/* As a caller does it: room for revocations is made when the scan has counted them, and not a byte more. */
static status_t recover_exactly(const struct jbd2 *journal, struct jbd2_recovery *recovery)
{
	status_t status;

	read_count = write_count = 0;
	*recovery = (struct jbd2_recovery){ .read = read_or_fail, .write = write_or_fail, .home_blocks = HOME_BLOCKS, .block = malloc(BLOCK),
					    .data = malloc(BLOCK), .revoke_count = 5, .revokes_read = 6, .replayed = 7 };
	status = jbd2_scan(journal, recovery);
	CU_ASSERT(recovery->revokes_read == 0 && recovery->replayed == 0);
	if (status == STATUS_OK) {
		recovery->revokes = malloc(recovery->revoke_count * sizeof(*recovery->revokes));
		status = jbd2_replay(journal, recovery);
	}
	free(recovery->revokes);
	free(recovery->block);
	free(recovery->data);
	return status;
}

static void seal(const struct jbd2 *journal, uint32_t at)
{
	if (journal->checksums)
		jbd2_put32(log_blocks[at] + BLOCK - JBD2_TAIL_BYTES, jbd2_block_checksum(journal, log_blocks[at], BLOCK - JBD2_TAIL_BYTES));
}

static void an_empty_log_has_nothing(void)
{
	struct jbd2 journal = journal_make(0);
	struct jbd2_recovery recovery;

	(void)transaction_put(&journal, START, 7, 10, 4, 0x11);
	journal.start = 0;
	CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && read_count == 0 && write_count == 0);
	CU_ASSERT(recovery.end_sequence == 7 && recovery.end_block == 1 && recovery.revoke_count == 0);
}

/* Where the last of `count` tags has the low byte of its flags. */
static unsigned last_flags(const struct jbd2 *journal, unsigned count)
{
	return JBD2_HEADER_BYTES + 16 + (count - 1) * jbd2_tag_bytes(journal) + 7;
}

static void a_descriptor_may_be_full(void)
{
	for (unsigned f = 0; f < FEATURES; f++) {
		struct jbd2 journal = journal_make(features[f]);
		unsigned count = jbd2_descriptor_capacity(&journal) < 71 ? jbd2_descriptor_capacity(&journal) : 70;
		struct jbd2_recovery recovery;
		uint32_t end = transaction_put(&journal, START, 7, 10, count, 0x11);

		CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.replayed == count && recovery.end_block == end);
		CU_ASSERT(home[9 + count][9] == 0x11 && home[10 + count][9] == 0);
		CU_ASSERT(jbd2_get32(home[10]) == 0x11111111 && jbd2_get32(home[11]) == JBD2_MAGIC); /* the escaped ones alone */
		/* where no tag says that it is the last one, the block's end does */
		memset(home, 0, sizeof(home));
		log_blocks[START][last_flags(&journal, count)] = JBD2_TAG_SAME_UUID | (count % 2 == 0 ? JBD2_TAG_ESCAPE : 0);
		seal(&journal, START);
		CU_ASSERT(jbd2_descriptor_capacity(&journal) > 70 || (recover_exactly(&journal, &recovery) == STATUS_OK && recovery.replayed == count));
	}
}

static void what_reads_and_writes_fail_with_is_told(void)
{
	struct jbd2 journal = journal_make(JBD2_INCOMPAT_CSUM_V3);
	struct jbd2_recovery recovery;
	uint32_t at = transaction_put(&journal, START, 7, 10, 3, 0x11);
	unsigned reads_due, writes_due;

	at = revocation_put(&journal, at, 8, 11);
	(void)transaction_put(&journal, at, 9, 12, 3, 0x22);
	CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.replayed == 5 && write_count == 5);
	reads_due = read_count;
	writes_due = write_count;
	for (fail_read = 1; fail_read <= reads_due; fail_read++)
		CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_EIO && read_count == fail_read);
	fail_read = 0;
	for (fail_write = 1; fail_write <= writes_due; fail_write++)
		CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_EIO && write_count == fail_write && recovery.replayed == fail_write - 1);
	fail_write = 0;
}

static void a_log_ends_at_what_is_damaged(void)
{
	for (unsigned f = 2; f < FEATURES; f++) {
		struct jbd2 journal = journal_make(features[f]);
		struct jbd2_recovery recovery;
		uint32_t end = transaction_put(&journal, START, 7, 10, 2, 0x11);

		/* a commit, though a good one of the same number follows */
		memcpy(log_blocks[end], log_blocks[end - 1], BLOCK);
		log_blocks[end - 1][60] ^= 1;
		CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 7 && recovery.end_block == START);
		/* a descriptor, though a commit follows at once */
		(void)transaction_put(&journal, START, 7, 10, 2, 0x11);
		log_blocks[START][40] ^= 1;
		jbd2_commit_fill(&journal, log_blocks[START + 1], 7, 0);
		CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 7 && recovery.replayed == 0);
		/* a revocation */
		(void)revocation_put(&journal, START, 7, 10);
		log_blocks[START][40] ^= 1;
		CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 7 && recovery.revoke_count == 0);
	}
}

static void a_log_ends_at_what_is_not_known(void)
{
	struct jbd2 journal = journal_make(0);
	struct jbd2_recovery recovery;

	(void)transaction_put(&journal, START + 1, 7, 10, 2, 0x11);
	memcpy(log_blocks[START], log_blocks[START + 1], BLOCK);
	jbd2_put32(log_blocks[START] + 4, 9);
	CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 7 && read_count == 1);
}

static void revocations_are_as_long_as_they_say(void)
{
	static const struct {
		uint32_t bytes;
		unsigned narrow, wide; /* how many they revoke */
	} rows[] = { { 16, 0, 0 }, { 19, 0, 0 }, { 20, 1, 0 }, { 24, 2, 1 }, { BLOCK - 4, 251, 125 }, { BLOCK, 252, 126 } };

	for (unsigned f = 0; f < FEATURES; f++) {
		struct jbd2 journal = journal_make(features[f]);
		struct jbd2_recovery recovery;

		for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			unsigned due = journal.incompat & JBD2_INCOMPAT_64BIT ? rows[i].wide : rows[i].narrow;
			bool beyond = rows[i].bytes > BLOCK - (journal.checksums ? 4 : 0);

			(void)revocation_put(&journal, START, 7, 10);
			jbd2_put32(log_blocks[START] + 12, rows[i].bytes);
			seal(&journal, START);
			CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.end_sequence == (beyond ? 7 : 8));
			CU_ASSERT(recovery.revoke_count == (beyond ? 0 : due) && recovery.revokes_read == recovery.revoke_count);
		}
		for (unsigned i = 0; i < 2; i++) {
			jbd2_put32(log_blocks[START] + 12, i == 0 ? 15 : BLOCK + 1);
			seal(&journal, START);
			CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 7 && recovery.revoke_count == 0);
		}
	}
}

static void a_revocation_counts_for_its_own_transaction_too(void)
{
	struct jbd2 journal = journal_make(JBD2_INCOMPAT_64BIT);
	struct jbd2_recovery recovery;
	uint32_t end = transaction_put(&journal, START, 7, 10, 3, 0x11);

	(void)revocation_put(&journal, end - 1, 7, 12); /* in its commit's place, which comes behind it */
	CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 8 && recovery.replayed == 2 && home[12][9] == 0);
	/* all of a number counts: block 12 of the second 2^32 is another one */
	(void)journal_make(JBD2_INCOMPAT_64BIT);
	end = transaction_put(&journal, START, 7, 12, 1, 0x11);
	(void)revocation_put(&journal, end, 8, 12);
	jbd2_put32(log_blocks[end] + JBD2_REVOKE_HEADER_BYTES, 1);
	CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 9 && home[12][9] == 0x11);
	jbd2_put32(log_blocks[START] + JBD2_HEADER_BYTES + 8, 1); /* and the log has that, beyond the volume */
	CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 9 && recovery.replayed == 0);
	jbd2_put32(log_blocks[end] + JBD2_REVOKE_HEADER_BYTES, 2);
	CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_EBADMSG && recovery.replayed == 0);
}

/* The log has a block that looks like the transaction's end, for a place that there is not. */
static void a_block_beyond_the_volume_is_no_way_out(void)
{
	struct jbd2 journal = journal_make(0);
	struct jbd2_recovery recovery;

	(void)transaction_put(&journal, START, 7, HOME_BLOCKS, 1, 0x11);
	memcpy(log_blocks[START + 1], log_blocks[START + 2], BLOCK);
	CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_EBADMSG && recovery.end_sequence == 8 && write_count == 0);
	(void)transaction_put(&journal, START, 7, HOME_BLOCKS - 1, 1, 0x11);
	CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && home[HOME_BLOCKS - 1][9] == 0x11);
}

/* Descriptors of one block all over the log: each block is seen once, as a descriptor or as what belongs to one. */
static void descriptors_everywhere(void)
{
	for (unsigned i = 1; i < LOG_BLOCKS; i++) {
		memset(log_blocks[i], 0, BLOCK);
		jbd2_put32(log_blocks[i], JBD2_MAGIC);
		jbd2_put32(log_blocks[i] + 4, JBD2_DESCRIPTOR);
		jbd2_put32(log_blocks[i] + 8, 7);
		jbd2_put32(log_blocks[i] + JBD2_HEADER_BYTES, 12);
		log_blocks[i][JBD2_HEADER_BYTES + 7] = JBD2_TAG_LAST | JBD2_TAG_SAME_UUID;
	}
}

static void each_block_of_the_log_is_seen_once(void)
{
	struct jbd2 journal = journal_make(0);
	struct jbd2_recovery recovery;

	for (uint32_t i = 0, at = START; i < LOG_BLOCKS - 1; i++, at = jbd2_next(&journal, at))
		jbd2_commit_fill(&journal, log_blocks[at], 7 + i, 0);
	read_count = 0;
	recovery = (struct jbd2_recovery){ .read = read_or_fail, .block = scratch[0] };
	CU_ASSERT(jbd2_scan(&journal, &recovery) == STATUS_OK && read_count == LOG_BLOCKS - 1 && recovery.end_sequence == 7 + LOG_BLOCKS - 1);

	descriptors_everywhere();
	CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.end_sequence == 7 && read_count == ONE_TAG_DESCRIPTORS);
	/* nor does it go on for ever where the log becomes so after it was scanned: by five reads; or after its revocations were read */
	for (change_read = 6; change_read <= 10; change_read += 4) {
		(void)journal_make(0);
		(void)revocation_put(&journal, transaction_put(&journal, START, 7, 12, 1, 0x11), 8, 12);
		change = descriptors_everywhere;
		CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_EBADMSG && recovery.end_sequence == 9 && recovery.replayed == 0);
		CU_ASSERT_EQUAL(read_count, change_read - 1 + ONE_TAG_DESCRIPTORS);
	}
	change_read = 0;
}

static void revoke_more(void)
{
	jbd2_put32(log_blocks[START] + 12, JBD2_REVOKE_HEADER_BYTES + 100);
}

static void a_log_that_grew_revocations_writes_beyond_nothing(void)
{
	struct jbd2 journal = journal_make(0);
	struct jbd2_recovery recovery;

	(void)revocation_put(&journal, START, 7, 12);
	change = revoke_more;
	change_read = 4; /* behind the scan's three */
	CU_ASSERT(recover_exactly(&journal, &recovery) == STATUS_OK && recovery.revoke_count == 1 && recovery.revokes_read == 1);
	change_read = 0;
}

static const struct unit_case cases[] = {
	UNIT_CASE(an_empty_log_has_nothing),
	UNIT_CASE(a_descriptor_may_be_full),
	UNIT_CASE(what_reads_and_writes_fail_with_is_told),
	UNIT_CASE(a_log_ends_at_what_is_damaged),
	UNIT_CASE(a_log_ends_at_what_is_not_known),
	UNIT_CASE(revocations_are_as_long_as_they_say),
	UNIT_CASE(a_revocation_counts_for_its_own_transaction_too),
	UNIT_CASE(a_block_beyond_the_volume_is_no_way_out),
	UNIT_CASE(each_block_of_the_log_is_seen_once),
	UNIT_CASE(a_log_that_grew_revocations_writes_beyond_nothing),
};
UNIT_MAIN("lib/jbd2_recovery", cases)
