// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Operations and transactions: an operation is done whole or not at all, and a transaction has whole ones. */
#include "kernel/io/fs/ext4/platform.h"
#include "kernel/io/fs/ext4/volume.h"

/* Of what is FRESH at most: it does not count for the transaction. */
#define FRESH_BYTES (1u << 20)

uint64_t volume_seconds(const struct volume *volume)
{
	return volume->clock_base + ext4_now_ns() / 1000000000;
}

void volume_fail(struct volume *volume, const char *why)
{
	if (volume->failed)
		return;
	volume->failed = true;
	ext4_report(why);
}

static status_t journal_judge(struct volume *volume, status_t status)
{
	if (status != STATUS_OK)
		volume_fail(volume, "ext4: the journal cannot be written: nothing more is written to the volume");
	return status;
}

/* `wait`: what was committed before, too, outlives a power cut. */
static status_t commit(struct volume *volume, bool wait)
{
	status_t status = STATUS_OK;

	if (volume->failed)
		return STATUS_EROFS;
	if (volume->changed) {
		status = allocation_flush(volume);
		if (status == STATUS_OK)
			status = journal_commit(&volume->journal, volume_seconds(volume), wait);
	} else if (wait && !volume->fs.read_only) {
		status = cache_flush_log(&volume->cache);
	}
	if (status == STATUS_OK)
		volume->changed = false;
	return journal_judge(volume, status);
}

/* Nothing is running: room for the next transaction. Late, so that nobody who asked for what he wrote to be on disk waits for it. */
static status_t checkpoint(struct volume *volume)
{
	status_t status = journal_checkpoint(&volume->journal, false);

	if (status == STATUS_OK)
		volume->given_back = false;
	return journal_judge(volume, status);
}

status_t volume_commit(struct volume *volume)
{
	return commit(volume, true);
}

/* For an operation that changes up to `blocks`: in the transaction that runs, in the next one, and in the log. */
static status_t make_room(struct volume *volume, unsigned blocks)
{
	struct cache *cache = &volume->cache;
	unsigned fresh_max = FRESH_BYTES / cache->block_bytes < cache->limit / 4 ? FRESH_BYTES / cache->block_bytes : cache->limit / 4;
	status_t status = STATUS_OK;

	if (cache->fresh_count > fresh_max)
		status = journal_judge(volume, cache_write_fresh(cache));
	if (status == STATUS_OK && cache->running_count > 0 && cache->running_count + blocks > volume->journal.room)
		status = commit(volume, false);
	if (status == STATUS_OK && !volume->changed && !journal_has_room(&volume->journal, blocks))
		status = checkpoint(volume);
	return status;
}

status_t change_begin(struct volume *volume, unsigned blocks)
{
	status_t status = volume->fs.read_only || volume->failed ? STATUS_EROFS : make_room(volume, blocks);

	if (status != STATUS_OK)
		return status;
	if (!volume->changed) {
		volume->changed = true;
		volume->changed_ns = ext4_now_ns();
		ext4_flusher_wake(volume->flusher);
	}
	volume->allocation_count = 0;
	volume->allocations_lost = false;
	volume->allocations_wrong = false;
	volume->orphan_before = volume->ext2->super->s_last_orphan;
	cache_operation_begin(&volume->cache);
	return STATUS_OK;
}

/* Held nodes as the disk has them again; the others are read when they are wanted. */
static void nodes_reload(struct volume *volume)
{
	nodes_idle_forget(volume, 0);
	names_drop_all(volume->names);
	for (unsigned i = 0; i < NODE_SLOTS; i++)
		for (struct ext4_node *node = volume->slots[i]; node != NULL; node = node->next)
			if (node_reload(volume, node) != STATUS_OK)
				volume_fail(volume, "ext4: what had to be taken back cannot be read: nothing more is written to the volume");
}

status_t change_end(struct volume *volume, status_t status)
{
	if (volume->allocations_wrong) {
		volume_fail(volume, "ext4: the bitmaps and the files do not agree: nothing more is written to the volume: run e2fsck");
		status = STATUS_EIO;
	}
	if (status != STATUS_OK && volume->allocations_lost)
		volume_fail(volume, "ext4: out of memory: nothing more is written to the volume");
	cache_operation_end(&volume->cache, status != STATUS_OK);
	if (status == STATUS_OK)
		return STATUS_OK;
	volume->ext2->super->s_last_orphan = volume->orphan_before;
	allocation_undo(volume);
	(void)ext2fs_flush_icache(volume->ext2);
	nodes_reload(volume);
	return status;
}
