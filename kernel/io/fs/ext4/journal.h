// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The journal of a mounted volume: where it lies, the transaction that runs, and where the log begins. A commit has the log on disk when it returns:
 * blocks, flush, commit block, flush. Blocks go home later, all at once, when the log has no room for another transaction; it begins anew behind them.
 *
 * Context: whoever holds the volume's lock.
 */
#ifndef KERNEL_IO_FS_EXT4_JOURNAL_H
#define KERNEL_IO_FS_EXT4_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/fs/ext4/cache.h"
#include "lib/jbd2.h"
#include "lib/status.h"

/* Blocks of the log that follow each other on the disk too. */
struct journal_run {
	uint32_t log_block, count;
	uint64_t block;
};

struct journal_writes;

/* The first for what is written and waited for; the others are descriptors and escaped blocks whose writes are under way. */
enum { JOURNAL_SCRATCH = 9 };

struct journal {
	struct jbd2 format;
	struct cache *cache;
	struct journal_run *runs;
	unsigned run_count;
	uint8_t *super;      /* a block: the journal's first */
	uint8_t *scratch[JOURNAL_SCRATCH]; /* a block each */
	unsigned filled;                   /* of them, from 1 on, by the commit that runs */
	struct journal_writes *writes;
	uint32_t head;       /* where the next transaction goes */
	uint32_t free;       /* blocks of the log */
	uint32_t sequence;   /* of the running transaction */
	unsigned transaction_max; /* blocks */
	unsigned room;            /* of them for the next transaction, or the one that runs */
	unsigned counting_max; /* blocks of bitmaps and descriptors that a commit adds */
	uint64_t commits, blocks; /* so far */
};

/*
 * Takes over `runs` (made by malloc), which are `blocks` blocks, and reads the superblock. STATUS_OK, or as jbd2_super_read() and the device say; `*why` too.
 */
MUST_CHECK status_t journal_init(struct journal *journal, struct cache *cache, struct journal_run *runs, unsigned run_count, uint32_t blocks,
				 const char **why);

void journal_end(struct journal *journal);

/* Writes home what the log has, straight to the device: nothing may be cached. `*replayed`: blocks. */
MUST_CHECK status_t journal_recover(struct journal *journal, uint32_t *replayed, const char **why);

/* The log is open for transactions; the features that the volume wants are set. `counting`: blocks of the volume that count what is free. */
MUST_CHECK status_t journal_begin(struct journal *journal, uint32_t incompat, unsigned counting);

/* Whether the log has room for a transaction that begins with a change of `blocks`, and for some more: small ones cost as much as large ones. */
bool journal_has_room(const struct journal *journal, unsigned blocks);

/*
 * Commits every RUNNING buffer of the cache. `wait`: for good; else with the next one, or cache_flush_log(): until then a power cut takes it back, whole. Whatever goes
 * wrong, the volume must not be changed any more.
 */
MUST_CHECK status_t journal_commit(struct journal *journal, uint64_t seconds, bool wait);

/* Everything that was committed goes home, and the log is empty. Nothing may be RUNNING. `close`: and stays empty. */
MUST_CHECK status_t journal_checkpoint(struct journal *journal, bool close);

#endif
