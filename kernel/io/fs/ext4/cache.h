// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The block cache of a volume, and the blocks of its running transaction. A buffer is the content of one block. What a buffer has that the disk does
 * not is in two steps: RUNNING, changed by the transaction that runs, and in memory alone; COMMITTED, in the log, and on its way home. A buffer that is
 * RUNNING is never written home: what is in the log may have to be there again after a power cut, and what is not in the log never. One that is neither can
 * be dropped at any time.
 *
 * FRESH is instead of RUNNING what is in blocks that nothing on the disk knows of, neither the volume nor the log: it needs no log, and goes home at any time
 * before the transaction that tells of them is committed.
 *
 * Undo: between cache_operation_begin() and its end, the first change of a buffer saves what it was.
 *
 * Context: whoever holds the volume's lock. A buffer stays where it is until the next call that gives one, unless it is held.
 */
#ifndef KERNEL_IO_FS_EXT4_CACHE_H
#define KERNEL_IO_FS_EXT4_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/io/fs/ext4/device.h"
#include "lib/list.h"
#include "lib/status.h"

struct fetch;

struct buffer {
	struct list_node use;  /* in cache.idle, oldest first, or alone */
	struct list_node dirty; /* in cache.running, cache.committed or cache.fresh, or alone */
	struct buffer *hash_next;
	uint64_t block;
	uint8_t *data;
	struct fetch *fetch;   /* the read that fills it; NULL: it is filled */
	uint8_t *undo;         /* what it was before this operation */
	struct buffer *undo_next;
	bool running, committed, fresh;
	bool undo_running, undo_fresh; /* what it was then */
	bool failed;           /* its read did */
	bool checked;          /* what it has was found sound: W: who reads directories */
};

struct cache {
	struct ext4_device *device;
	uint32_t block_bytes;
	uint64_t blocks;       /* of the volume */
	unsigned limit;        /* buffers; more only while a transaction needs them */
	unsigned count;
	unsigned running_count, committed_count, fresh_count;
	struct buffer **table;
	unsigned table_mask;
	struct list_node idle, running, committed, fresh;
	bool log_unflushed;    /* the commit block of what is COMMITTED may not be on disk for good: nothing may go home */
	struct buffer *undo_first;
	bool operation;
	bool hurried;          /* what is not there is STATUS_EAGAIN: nothing is waited for */
	unsigned fetches;      /* under way */
};

/* At most `limit` buffers. STATUS_ENOMEM. */
MUST_CHECK status_t cache_init(struct cache *cache, struct ext4_device *device, uint32_t block_bytes, uint64_t blocks, unsigned limit);

/* Frees it all, changed or not. */
void cache_end(struct cache *cache);

/* The content of a block. STATUS_EIO; STATUS_ENOMEM; STATUS_EBADMSG where the volume has no such block; STATUS_EAGAIN: see `hurried`. */
MUST_CHECK status_t cache_get(struct cache *cache, uint64_t block, struct buffer **out);

/* The same for a block that will be filled whole: it is not read, and has any content. */
MUST_CHECK status_t cache_get_new(struct cache *cache, uint64_t block, struct buffer **out);

/* Whether it is there already. */
bool cache_has(struct cache *cache, uint64_t block);

/* Begins to read blocks that are not there, without waiting. */
void cache_prefetch(struct cache *cache, uint64_t block, unsigned count);

/* Before a buffer is changed. STATUS_ENOMEM, and then it must not be. */
MUST_CHECK status_t cache_change(struct cache *cache, struct buffer *buffer);

/* The same without undo: for data. */
void cache_change_data(struct cache *cache, struct buffer *buffer);

/* The same for a block that was free since before the log began, and is given its content: it is FRESH, where it is nothing else yet. */
void cache_change_fresh(struct cache *cache, struct buffer *buffer);

void cache_operation_begin(struct cache *cache);
void cache_operation_end(struct cache *cache, bool undo);

/* What is COMMITTED is in the log for good. STATUS_EIO. */
MUST_CHECK status_t cache_flush_log(struct cache *cache);

/* Writes what is COMMITTED and not RUNNING home, and waits; no flush. STATUS_EIO. */
MUST_CHECK status_t cache_write_home(struct cache *cache);

/* A buffer that is FRESH no longer is: idle. */
void cache_unfresh(struct cache *cache, struct buffer *buffer);

/* What is FRESH goes home, as above. */
MUST_CHECK status_t cache_write_fresh(struct cache *cache);

/* Every RUNNING buffer has been committed. */
void cache_committed(struct cache *cache);

/* Writes `count` blocks that lie in `data` one after another. */
MUST_CHECK status_t cache_transfer(struct ext4_device *device, enum hal_block_operation operation, uint64_t offset, void *data, uint32_t bytes);

#endif
