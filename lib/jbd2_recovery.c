// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Recovery in passes over the log, as Linux does it: what was committed; what was revoked; whether all of it is sound; and then home with
 * it. A log is any bytes: each pass sees every block of it once at most.
 */
#include "lib/jbd2.h"
#include "lib/jbd2_format.h"
#include "lib/string.h"

enum pass { PASS_SCAN, PASS_REVOKE, PASS_CHECK, PASS_REPLAY };

struct walk {
	const struct jbd2 *journal;
	struct jbd2_recovery *recovery;
	enum pass pass;
	uint32_t sequence;
	uint32_t at;   /* the next block */
	uint32_t left; /* blocks of the log that were not seen */
};

/* The next block, into `to`; false where the whole log was seen, or it cannot be read (`*status`). */
static bool walk_read(struct walk *walk, void *to, status_t *status)
{
	if (walk->left == 0)
		return false;
	*status = walk->recovery->read(walk->recovery->ctx, walk->at, to);
	walk->at = jbd2_next(walk->journal, walk->at);
	walk->left--;
	return *status == STATUS_OK;
}

/* The tag at `*offset`, which is moved behind it; false at the descriptor's end. */
static bool tag_next(const struct jbd2 *journal, const uint8_t *block, uint32_t *offset, struct jbd2_tag *tag)
{
	uint32_t limit = journal->block_bytes - (journal->checksums ? JBD2_TAIL_BYTES : 0);
	const uint8_t *at = block + *offset;

	if (*offset + jbd2_tag_bytes(journal) > limit)
		return false;
	tag->home = jbd2_get32(at);
	if (journal->incompat & JBD2_INCOMPAT_CSUM_V3) {
		tag->flags = jbd2_get32(at + 4);
		tag->checksum = jbd2_get32(at + 12);
	} else {
		tag->flags = (uint32_t)at[6] << 8 | at[7];
		tag->checksum = (uint32_t)at[4] << 8 | at[5];
	}
	if (journal->incompat & JBD2_INCOMPAT_64BIT)
		tag->home |= (uint64_t)jbd2_get32(at + 8) << 32;
	*offset += jbd2_tag_bytes(journal) + (tag->flags & JBD2_TAG_SAME_UUID ? 0 : sizeof(journal->uuid));
	return true;
}

/* Sorted or not, there are few: the newest revocation of a block counts. */
static bool is_revoked(const struct jbd2_recovery *recovery, uint64_t home, uint32_t sequence)
{
	for (uint32_t i = 0; i < recovery->revokes_read; i++)
		if (recovery->revokes[i].home == home && (int32_t)(recovery->revokes[i].sequence - sequence) >= 0)
			return true;
	return false;
}

/* A block that the log has: checked, or written home. */
static status_t block_replay(struct walk *walk, const struct jbd2_tag *tag)
{
	struct jbd2_recovery *recovery = walk->recovery;
	status_t status = STATUS_OK;

	if (is_revoked(recovery, tag->home, walk->sequence)) {
		walk->at = jbd2_next(walk->journal, walk->at);
		walk->left--;
		return STATUS_OK;
	}
	if (tag->home >= recovery->home_blocks)
		return STATUS_EBADMSG;
	if (!walk_read(walk, recovery->data, &status))
		return status;
	if (walk->pass == PASS_CHECK)
		return !walk->journal->checksums || jbd2_data_checksum(walk->journal, recovery->data, walk->sequence) == tag->checksum ?
		       STATUS_OK : STATUS_EBADMSG;
	if (tag->flags & JBD2_TAG_ESCAPE)
		jbd2_put32(recovery->data, JBD2_MAGIC);
	status = recovery->write(recovery->ctx, tag->home, recovery->data);
	recovery->replayed += status == STATUS_OK;
	return status;
}

/* Its blocks; false where the log ends here. */
static bool descriptor_walk(struct walk *walk, status_t *status)
{
	const struct jbd2 *journal = walk->journal;
	uint8_t *block = walk->recovery->block;
	uint32_t tail = journal->block_bytes - JBD2_TAIL_BYTES;
	uint32_t offset = JBD2_HEADER_BYTES;
	struct jbd2_tag tag;

	if (journal->checksums && jbd2_block_checksum(journal, block, tail) != jbd2_get32(block + tail))
		return false;
	while (tag_next(journal, block, &offset, &tag)) {
		if (walk->left == 0)
			return false;
		if (walk->pass == PASS_CHECK || walk->pass == PASS_REPLAY) {
			*status = block_replay(walk, &tag);
			if (*status != STATUS_OK)
				return false;
		} else {
			walk->at = jbd2_next(journal, walk->at);
			walk->left--;
		}
		if (tag.flags & JBD2_TAG_LAST)
			break;
	}
	return true;
}

static bool revocation_walk(struct walk *walk)
{
	const struct jbd2 *journal = walk->journal;
	struct jbd2_recovery *recovery = walk->recovery;
	const uint8_t *block = recovery->block;
	uint32_t tail = journal->block_bytes - JBD2_TAIL_BYTES;
	uint32_t bytes = jbd2_get32(block + JBD2_HEADER_BYTES);
	uint32_t step = journal->incompat & JBD2_INCOMPAT_64BIT ? 8 : 4;

	if (journal->checksums && jbd2_block_checksum(journal, block, tail) != jbd2_get32(block + tail))
		return false;
	if (bytes < JBD2_REVOKE_HEADER_BYTES || bytes > (journal->checksums ? tail : journal->block_bytes))
		return false;
	for (uint32_t at = JBD2_REVOKE_HEADER_BYTES; at + step <= bytes; at += step) {
		if (walk->pass == PASS_SCAN)
			recovery->revoke_count++;
		if (walk->pass != PASS_REVOKE || recovery->revokes_read >= recovery->revoke_count)
			continue;
		recovery->revokes[recovery->revokes_read++] = (struct jbd2_revoke){
			.home = step == 8 ? (uint64_t)jbd2_get32(block + at) << 32 | jbd2_get32(block + at + 4) : jbd2_get32(block + at),
			.sequence = walk->sequence,
		};
	}
	return true;
}

/* A transaction has happened when its commit block is sound. */
static bool commit_walk(struct walk *walk)
{
	const struct jbd2 *journal = walk->journal;
	const uint8_t *block = walk->recovery->block;

	if (journal->checksums &&
	    jbd2_block_checksum(journal, block, JBD2_COMMIT_CHECKSUM) != jbd2_get32(block + JBD2_COMMIT_CHECKSUM))
		return false;
	walk->sequence++;
	if (walk->pass == PASS_SCAN) {
		walk->recovery->end_sequence = walk->sequence;
		walk->recovery->end_block = walk->at;
	}
	return true;
}

static status_t walk_log(const struct jbd2 *journal, struct jbd2_recovery *recovery, enum pass pass)
{
	struct walk walk = { journal, recovery, pass, journal->sequence, journal->start, journal->end - journal->first };
	const uint8_t *block = recovery->block;
	status_t status = STATUS_OK;
	bool goes_on = true;

	while (goes_on && (pass == PASS_SCAN || walk.sequence != recovery->end_sequence) && walk_read(&walk, recovery->block, &status)) {
		if (jbd2_get32(block) != JBD2_MAGIC || jbd2_get32(block + 8) != walk.sequence)
			break;
		switch (jbd2_get32(block + 4)) {
		case JBD2_DESCRIPTOR:
			goes_on = descriptor_walk(&walk, &status);
			break;
		case JBD2_REVOKE:
			goes_on = revocation_walk(&walk);
			break;
		case JBD2_COMMIT:
			goes_on = commit_walk(&walk);
			break;
		default:
			goes_on = false;
		}
	}
	if (status == STATUS_OK && pass != PASS_SCAN && walk.sequence != recovery->end_sequence)
		return STATUS_EBADMSG; /* it changed under us */
	return status;
}

status_t jbd2_scan(const struct jbd2 *journal, struct jbd2_recovery *recovery)
{
	recovery->end_sequence = journal->sequence;
	recovery->end_block = journal->start != 0 ? journal->start : journal->first;
	recovery->revoke_count = 0;
	recovery->revokes_read = 0;
	recovery->replayed = 0;
	return journal->start == 0 ? STATUS_OK : walk_log(journal, recovery, PASS_SCAN);
}

status_t jbd2_replay(const struct jbd2 *journal, struct jbd2_recovery *recovery)
{
	status_t status = STATUS_OK;

	if (journal->start == 0)
		return STATUS_OK;
	for (enum pass pass = PASS_REVOKE; status == STATUS_OK && pass <= PASS_REPLAY; pass++)
		status = walk_log(journal, recovery, pass);
	return status;
}
