// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The format of ext4's journal (JBD2), version 2: superblock, descriptors, commits, and recovery. Pure: who calls it reads and writes the
 * blocks. A transaction in the log is descriptor blocks, each followed by the blocks that its tags name, then one commit block. What is not
 * followed by a sound commit block never happened.
 *
 * Spec: Linux, Documentation/filesystems/ext4/journal.rst; include/linux/jbd2.h.
 */
#ifndef LIB_JBD2_H
#define LIB_JBD2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

enum {
	JBD2_SUPER_BYTES = 1024,
	JBD2_BLOCKS_MIN = 16,         /* a log that is shorter is none */
	JBD2_INCOMPAT_REVOKE = 1,
	JBD2_INCOMPAT_64BIT = 2,
	JBD2_INCOMPAT_CSUM_V3 = 0x10,
};

struct jbd2 {
	uint32_t (*crc32c)(uint32_t seed, const void *data, size_t bytes);
	uint32_t block_bytes;
	uint32_t first, end; /* blocks of the log that transactions are in: [first, end) */
	uint32_t sequence;   /* of the first transaction in the log */
	uint32_t start;      /* its first block; 0: the log is empty */
	uint32_t incompat;
	uint8_t uuid[16];
	bool checksums;
	uint32_t seed;       /* of checksums */
	uint32_t fast_blocks; /* behind `end`: of fast commits */
};

/*
 * Reads a superblock of `JBD2_SUPER_BYTES`; the journal has `blocks` blocks of `block_bytes`. STATUS_OK; STATUS_EINVAL for what is none, or broken;
 * STATUS_ENOTSUP for features that are not known; `*why` says what.
 */
MUST_CHECK status_t jbd2_super_read(struct jbd2 *journal, const void *super, uint32_t block_bytes, uint32_t blocks,
				    uint32_t (*crc32c)(uint32_t seed, const void *data, size_t bytes), const char **why);

/* Puts sequence, start and features into a superblock that was read before, and its checksum. */
void jbd2_super_write(const struct jbd2 *journal, void *super);

/* Has transactions checksummed and 64-bit from now on, as `incompat` of JBD2_INCOMPAT_ says. The log must be empty. */
void jbd2_features_set(struct jbd2 *journal, uint32_t incompat);

/* The block of the log behind `block`. */
uint32_t jbd2_next(const struct jbd2 *journal, uint32_t block);

/* Blocks of the log that a transaction of `count` blocks takes. */
uint32_t jbd2_transaction_blocks(const struct jbd2 *journal, uint32_t count);

/* A descriptor block as it is filled. */
struct jbd2_descriptor {
	uint8_t *block;
	uint32_t sequence;
	uint32_t used;      /* bytes */
	uint32_t last_flags; /* where the last tag's flags are */
	unsigned count;
};

/* Number of tags that fit. */
unsigned jbd2_descriptor_capacity(const struct jbd2 *journal);

void jbd2_descriptor_begin(const struct jbd2 *journal, struct jbd2_descriptor *descriptor, void *block, uint32_t sequence);

/* Whether a block must be written with its first four bytes zeroed, and be told so in its tag. */
bool jbd2_must_escape(const void *data);

/* The tag of a block that belongs at `home`; `data` is what the log has, escaped where it must be. There must be room. */
void jbd2_descriptor_add(const struct jbd2 *journal, struct jbd2_descriptor *descriptor, uint64_t home, const void *data, bool escaped);

void jbd2_descriptor_end(const struct jbd2 *journal, struct jbd2_descriptor *descriptor);

/* The commit block of a transaction. */
void jbd2_commit_fill(const struct jbd2 *journal, void *block, uint32_t sequence, uint64_t seconds);

struct jbd2_revoke {
	uint64_t home;
	uint32_t sequence; /* what this transaction and earlier ones have for it is not replayed */
};

struct jbd2_recovery {
	void *ctx;
	status_t (*read)(void *ctx, uint32_t log_block, void *to);
	status_t (*write)(void *ctx, uint64_t home, const void *data);
	uint64_t home_blocks; /* of the file system */
	void *block, *data;   /* room for a block each */
	struct jbd2_revoke *revokes; /* room for `revoke_count` of them, after the scan */
	uint32_t revoke_count;
	/* What was found: */
	uint32_t end_sequence; /* of the first transaction that did not happen */
	uint32_t end_block;    /* where it would be */
	uint32_t replayed;     /* blocks written */
	uint32_t revokes_read;
};

/* The first pass: what transactions there are, and how many blocks they revoke. STATUS_OK, or what `read` returned. */
MUST_CHECK status_t jbd2_scan(const struct jbd2 *journal, struct jbd2_recovery *recovery);

/*
 * The rest: every block goes home, but those that were revoked. Nothing is written before everything was found sound. STATUS_OK; STATUS_EBADMSG where the
 * log is damaged: a checksum, a block that the file system does not have; or what `read` and `write` returned.
 */
MUST_CHECK status_t jbd2_replay(const struct jbd2 *journal, struct jbd2_recovery *recovery);

#endif
