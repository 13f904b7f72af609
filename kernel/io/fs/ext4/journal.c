// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/ext4/journal.h"

#include <stdlib.h>

#include "kernel/io/fs/ext4/platform.h"
#include "lib/string.h"

enum { WRITES = 32, TRANSACTION_MIN = 64, TRANSACTION_MAX = 4096 };

/* Writes to the log that are under way: neighbours in one request. The last one may still grow, and is not. */
struct journal_writes {
	unsigned used;
	bool grows;
	status_t status;
	struct ext4_io ios[WRITES];
};

static uint64_t block_of(const struct journal *journal, uint32_t log_block)
{
	unsigned low = 0;
	unsigned high = journal->run_count;

	while (high - low > 1) {
		unsigned middle = (low + high) / 2;

		if (journal->runs[middle].log_block <= log_block)
			low = middle;
		else
			high = middle;
	}
	return journal->runs[low].block + (log_block - journal->runs[low].log_block);
}

static status_t transfer(struct journal *journal, enum hal_block_operation operation, uint32_t log_block, void *data)
{
	uint32_t bytes = journal->cache->block_bytes;

	return cache_transfer(journal->cache->device, operation, block_of(journal, log_block) * bytes, data, bytes);
}

status_t journal_init(struct journal *journal, struct cache *cache, struct journal_run *runs, unsigned run_count, uint32_t blocks,
		      const char **why)
{
	bool scratched = true;
	status_t status;

	*journal = (struct journal){ .cache = cache, .runs = runs, .run_count = run_count };
	journal->super = ext4_block_alloc(cache->block_bytes);
	for (unsigned i = 0; i < JOURNAL_SCRATCH; i++) {
		journal->scratch[i] = ext4_block_alloc(cache->block_bytes);
		scratched = scratched && journal->scratch[i] != NULL;
	}
	journal->writes = calloc(1, sizeof(*journal->writes));
	if (journal->super == NULL || !scratched || journal->writes == NULL)
		return STATUS_ENOMEM;
	*why = "its journal cannot be read";
	status = transfer(journal, HAL_BLOCK_READ, 0, journal->super);
	return status != STATUS_OK ? status : jbd2_super_read(&journal->format, journal->super, cache->block_bytes, blocks, ext4_crc32c, why);
}

void journal_end(struct journal *journal)
{
	if (journal->cache == NULL)
		return;
	ext4_block_free(journal->super, journal->cache->block_bytes);
	for (unsigned i = 0; i < JOURNAL_SCRATCH; i++)
		ext4_block_free(journal->scratch[i], journal->cache->block_bytes);
	free(journal->writes);
	free(journal->runs);
	*journal = (struct journal){ 0 };
}

/* The superblock as the format has it now, behind all that was written before. */
static status_t super_write(struct journal *journal)
{
	status_t status;

	jbd2_super_write(&journal->format, journal->super);
	status = transfer(journal, HAL_BLOCK_WRITE, 0, journal->super);
	return status != STATUS_OK ? status : ext4_device_flush(journal->cache->device);
}

static status_t recovery_read(void *ctx, uint32_t log_block, void *to)
{
	return transfer(ctx, HAL_BLOCK_READ, log_block, to);
}

static status_t recovery_write(void *ctx, uint64_t home, const void *data)
{
	struct journal *journal = ctx;
	uint32_t bytes = journal->cache->block_bytes;

	return cache_transfer(journal->cache->device, HAL_BLOCK_WRITE, home * bytes, (void *)(uintptr_t)data, bytes);
}

status_t journal_recover(struct journal *journal, uint32_t *replayed, const char **why)
{
	struct jbd2_recovery recovery = {
		.ctx = journal, .read = recovery_read, .write = recovery_write, .home_blocks = journal->cache->blocks,
		.block = journal->scratch[0], .data = journal->scratch[1],
	};
	status_t status = STATUS_ENOTSUP;

	*why = "its journal has fast commits, which only Linux replays";
	if (journal->format.fast_blocks == 0) {
		*why = "its journal cannot be replayed";
		status = jbd2_scan(&journal->format, &recovery);
	}
	if (status != STATUS_OK)
		return status;
	recovery.revokes = malloc((recovery.revoke_count + 1ul) * sizeof(struct jbd2_revoke));
	if (recovery.revokes == NULL)
		return STATUS_ENOMEM;
	status = jbd2_replay(&journal->format, &recovery);
	free(recovery.revokes);
	if (status == STATUS_OK)
		status = ext4_device_flush(journal->cache->device);
	if (status != STATUS_OK)
		return status;
	*replayed = recovery.replayed;
	journal->format.sequence = recovery.end_sequence + 1;
	journal->format.start = 0;
	return super_write(journal);
}

/* For the next transaction, beside descriptors, the commit block and what a commit adds. */
static void room_find(struct journal *journal)
{
	uint32_t around = jbd2_transaction_blocks(&journal->format, journal->free) - journal->free + journal->counting_max + 1;

	journal->room = journal->free > around ? journal->free - around : 0;
	if (journal->room > journal->transaction_max)
		journal->room = journal->transaction_max;
}

status_t journal_begin(struct journal *journal, uint32_t incompat, unsigned counting)
{
	const struct jbd2 *format = &journal->format;
	unsigned cached = journal->cache->limit / 2;

	jbd2_features_set(&journal->format, incompat);
	journal->head = format->first;
	journal->sequence = format->sequence;
	journal->free = format->end - format->first;
	journal->transaction_max = journal->free / 4;
	if (journal->transaction_max > cached && cached >= TRANSACTION_MIN)
		journal->transaction_max = cached;
	if (journal->transaction_max > TRANSACTION_MAX)
		journal->transaction_max = TRANSACTION_MAX;
	journal->counting_max = counting < journal->transaction_max ? counting : journal->transaction_max;
	journal->format.start = journal->head;
	room_find(journal);
	return super_write(journal);
}

bool journal_has_room(const struct journal *journal, unsigned blocks)
{
	return journal->room == journal->transaction_max || (journal->room >= blocks && journal->room >= journal->transaction_max / 4);
}

static void last_submit(struct journal *journal)
{
	struct journal_writes *writes = journal->writes;

	if (writes->grows) {
		journal->cache->device->submit(journal->cache->device, &writes->ios[writes->used - 1]);
		journal->cache->device->kick(journal->cache->device);
	}
	writes->grows = false;
}

static void writes_finish(struct journal *journal)
{
	struct journal_writes *writes = journal->writes;

	last_submit(journal);
	for (unsigned i = 0; i < writes->used; i++) {
		journal->cache->device->wait(journal->cache->device, &writes->ios[i]);
		if (writes->ios[i].status != STATUS_OK)
			writes->status = STATUS_EIO;
	}
	writes->used = 0;
}

/* `data` to the head of the log, which moves on. */
static void log_write(struct journal *journal, void *data)
{
	struct journal_writes *writes = journal->writes;
	uint32_t bytes = journal->cache->block_bytes;
	uint64_t offset = block_of(journal, journal->head) * bytes;
	struct ext4_io *io = writes->grows ? &writes->ios[writes->used - 1] : NULL;

	if (io == NULL || io->count == journal->cache->device->pieces_max || io->offset + (uint64_t)io->count * bytes != offset) {
		last_submit(journal);
		if (writes->used == WRITES)
			writes_finish(journal);
		io = &writes->ios[writes->used++];
		writes->grows = true;
		*io = (struct ext4_io){ .operation = HAL_BLOCK_WRITE, .offset = offset };
	}
	io->pieces[io->count++] = (struct hal_block_piece){ data, bytes };
	journal->head = jbd2_next(&journal->format, journal->head);
	journal->free--;
}

/* A block that is filled here and goes to the log, and is so until the write is over. */
static uint8_t *filled_take(struct journal *journal)
{
	if (journal->filled == JOURNAL_SCRATCH) {
		writes_finish(journal);
		journal->filled = 1;
	}
	return journal->scratch[journal->filled++];
}

/* What the log has of a block that would pass for one of the log's own there: a copy at `to`. */
static uint8_t *escaped(struct journal *journal, const struct buffer *buffer, uint8_t *to)
{
	memcpy(to, buffer->data, journal->cache->block_bytes);
	memset(to, 0, 4);
	return to;
}

/* A descriptor and its blocks, from `*node` on, which moves on. */
static void part_write(struct journal *journal, struct list_node **node)
{
	struct list_node *const end = &journal->cache->running;
	struct list_node *const first = *node;
	unsigned capacity = jbd2_descriptor_capacity(&journal->format);
	struct jbd2_descriptor descriptor;
	struct buffer *buffer;

	jbd2_descriptor_begin(&journal->format, &descriptor, filled_take(journal), journal->sequence);
	for (*node = first; *node != end && descriptor.count < capacity; *node = (*node)->next) {
		buffer = LIST_OWNER(*node, struct buffer, dirty);
		if (jbd2_must_escape(buffer->data))
			jbd2_descriptor_add(&journal->format, &descriptor, buffer->block, escaped(journal, buffer, journal->scratch[0]), true);
		else
			jbd2_descriptor_add(&journal->format, &descriptor, buffer->block, buffer->data, false);
	}
	jbd2_descriptor_end(&journal->format, &descriptor);
	log_write(journal, descriptor.block);
	for (struct list_node *at = first; at != *node; at = at->next) {
		buffer = LIST_OWNER(at, struct buffer, dirty);
		log_write(journal, jbd2_must_escape(buffer->data) ? escaped(journal, buffer, filled_take(journal)) : buffer->data);
	}
}

status_t journal_commit(struct journal *journal, uint64_t seconds, bool wait)
{
	struct ext4_device *device = journal->cache->device;
	struct list_node *node = journal->cache->running.next;
	unsigned count = journal->cache->running_count;
	status_t status;

	if (count == 0)
		return STATUS_OK;
	if (journal->free <= jbd2_transaction_blocks(&journal->format, count))
		return STATUS_ENOSPC;
	status = cache_write_fresh(journal->cache); /* before the flush that comes before the commit block */
	if (status != STATUS_OK)
		return status;
	journal->writes->status = STATUS_OK;
	journal->filled = 1;
	while (node != &journal->cache->running)
		part_write(journal, &node);
	writes_finish(journal);
	status = journal->writes->status;
	if (status == STATUS_OK)
		status = ext4_device_flush(device);
	if (status != STATUS_OK)
		return status;
	jbd2_commit_fill(&journal->format, journal->scratch[0], journal->sequence, seconds);
	log_write(journal, journal->scratch[0]);
	writes_finish(journal);
	status = journal->writes->status;
	journal->cache->log_unflushed = true;
	if (status == STATUS_OK && wait)
		status = cache_flush_log(journal->cache);
	if (status != STATUS_OK)
		return status;
	journal->sequence++;
	journal->commits++;
	journal->blocks += count;
	room_find(journal);
	cache_committed(journal->cache);
	return STATUS_OK;
}

status_t journal_checkpoint(struct journal *journal, bool close)
{
	status_t status = cache_write_home(journal->cache);

	if (status == STATUS_OK)
		status = ext4_device_flush(journal->cache->device);
	if (status != STATUS_OK)
		return status;
	journal->format.sequence = journal->sequence;
	journal->format.start = close ? 0 : journal->head;
	status = super_write(journal);
	if (status == STATUS_OK)
		journal->free = journal->format.end - journal->format.first;
	room_find(journal);
	return status;
}
