// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A log in memory, written by lib/jbd2 or by hand, and the blocks that it is replayed to. */
#ifndef TESTS_UNIT_LIB_JBD2_LOG_H
#define TESTS_UNIT_LIB_JBD2_LOG_H

#include <string.h>

#include "lib/jbd2.h"
#include "lib/jbd2_format.h"
#include "tests/unit/unit.h"

enum { BLOCK = 1024, LOG_BLOCKS = 80, HOME_BLOCKS = 300 };

static uint8_t log_blocks[LOG_BLOCKS][BLOCK];
static uint8_t home[HOME_BLOCKS][BLOCK];
static uint8_t scratch[2][BLOCK];
static struct jbd2_revoke revokes[200];
static unsigned reads;

static inline uint32_t sum(uint32_t seed, const void *data, size_t bytes)
{
	const uint8_t *at = data;

	for (; bytes > 0; bytes--) {
		seed ^= *at++;
		for (unsigned bit = 0; bit < 8; bit++)
			seed = seed >> 1 ^ (seed & 1 ? 0x82f63b78u : 0);
	}
	return seed;
}

static inline status_t log_read(void *ctx, uint32_t block, void *to)
{
	(void)ctx;
	reads++;
	memcpy(to, log_blocks[block], BLOCK);
	return STATUS_OK;
}

static inline status_t home_write(void *ctx, uint64_t block, const void *data)
{
	(void)ctx;
	memcpy(home[block], data, BLOCK);
	return STATUS_OK;
}

static inline struct jbd2 journal_make(uint32_t incompat)
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
static inline uint32_t transaction_put(const struct jbd2 *journal, uint32_t at, uint32_t sequence, unsigned first, unsigned count, uint8_t value)
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

static inline uint32_t revocation_put(const struct jbd2 *journal, uint32_t at, uint32_t sequence, unsigned block)
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

static inline status_t recover(const struct jbd2 *journal, struct jbd2_recovery *recovery)
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

#endif
