// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A file that a panic can write over where it lies. After a panic nothing may be allocated, and no transaction be made; so the file has its
 * blocks before, and they are at their places and not in the log, or replaying it would bring back what they were. Whatever changes the file
 * ends that (node_stamp()): its blocks may be another file's then, or in the log.
 */
#include "kernel/io/fs/ext4/platform.h"
#include "kernel/io/fs/ext4/volume.h"
#include "lib/string.h"

enum { FILL_BYTES = 4096 };

/* A new one, of zeroes. */
static status_t kept_make(struct volume *volume, struct span name, uint32_t bytes, struct fs_node **out)
{
	status_t status = name_create(volume->fs.root, name, FS_FILE, 0644, out);
	void *zeroes = status == STATUS_OK ? ext4_block_alloc(FILL_BYTES) : NULL;

	if (status != STATUS_OK)
		return status;
	if (zeroes == NULL)
		status = STATUS_ENOMEM;
	else
		memset(zeroes, 0, FILL_BYTES);
	for (uint32_t at = 0; status == STATUS_OK && at < bytes; at += FILL_BYTES) {
		int64_t written = content_write(*out, at, zeroes, bytes - at < FILL_BYTES ? bytes - at : FILL_BYTES, false);

		status = written < 0 ? (status_t)written : STATUS_OK;
	}
	if (zeroes != NULL)
		ext4_block_free(zeroes, FILL_BYTES);
	if (status == STATUS_OK)
		return STATUS_OK;
	node_put(volume, node_of(*out));
	(void)name_remove(volume->fs.root, name, false); /* half a file would be in the way the next time */
	return status;
}

static status_t kept_map(struct volume *volume, struct ext4_node *node, uint32_t blocks, struct kept_file *out)
{
	*out = (struct kept_file){ .number = node->number };
	for (uint32_t at = 0; at < blocks;) {
		struct mapping run;
		status_t status = map_find(volume, node, at, &run);

		if (status != STATUS_OK || run.physical == 0 || run.unwritten)
			return status != STATUS_OK ? status : STATUS_EEXIST;
		if (out->run_count == KEPT_RUNS)
			return STATUS_ENOSPC;
		if (run.count > blocks - at)
			run.count = blocks - at;
		out->runs[out->run_count].block = run.physical;
		out->runs[out->run_count++].count = (uint32_t)run.count;
		at += (uint32_t)run.count;
	}
	return STATUS_OK;
}

status_t file_keep(struct volume *volume, struct span name, uint32_t bytes)
{
	struct kept_file kept;
	struct fs_node *node;
	status_t status;

	volume->kept.number = 0;
	if (volume->fs.read_only || bytes % volume->cache.block_bytes != 0)
		return volume->fs.read_only ? STATUS_EROFS : STATUS_EINVAL;
	status = name_lookup(volume->fs.root, name, &node);
	if (status == STATUS_ENOENT)
		status = kept_make(volume, name, bytes, &node);
	if (status != STATUS_OK)
		return status;
	if (node->type != FS_FILE || node_size(node_of(node)) != bytes || node_of(node)->cutting)
		status = STATUS_EEXIST;
	if (status == STATUS_OK)
		status = volume_commit(volume);
	if (status == STATUS_OK)
		status = journal_checkpoint(&volume->journal, false);
	if (status == STATUS_OK)
		status = kept_map(volume, node_of(node), bytes / volume->cache.block_bytes, &kept);
	if (status == STATUS_OK)
		volume->kept = kept;
	node_put(volume, node_of(node));
	return status;
}
