// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The content of files. */
#include "kernel/io/fs/ext4/volume.h"
#include "lib/string.h"

enum {
	AHEAD_MIN = 8,       /* blocks */
	AHEAD_MAX = 128,
	STRAIGHT_MIN = 16,   /* from so many blocks on that are not cached a read goes from the device to where it is wanted */
	WRITE_BLOCKS_MAX = 64, /* of one operation */
	CUT_BLOCKS = 2048,     /* given back by one operation */
};

static unsigned block_bytes(const struct volume *volume)
{
	return volume->cache.block_bytes;
}

/* Blocks [from, to) of the file are read, as far as they have a place, without waiting. */
static void read_ahead(struct volume *volume, struct ext4_node *node, uint64_t from, uint64_t to)
{
	uint64_t end = (node_size(node) + block_bytes(volume) - 1) / block_bytes(volume);

	to = to < end ? to : end;
	while (from < to) {
		struct mapping run;
		uint64_t count;

		if (map_find(volume, node, from, &run) != STATUS_OK || run.count == 0)
			return;
		count = run.count < to - from ? run.count : to - from;
		if (run.physical != 0 && !run.unwritten)
			cache_prefetch(&volume->cache, run.physical, (unsigned)count);
		from += count;
	}
}

/* What this read needs, and where it goes on where the last one ended, what the next ones will. */
static void read_plan(struct volume *volume, struct ext4_node *node, uint64_t offset, size_t bytes)
{
	uint64_t first = offset / block_bytes(volume);
	uint64_t last = (offset + bytes - 1) / block_bytes(volume);
	unsigned most = volume->cache.limit / 4 < AHEAD_MAX ? volume->cache.limit / 4 : AHEAD_MAX;

	if (offset != node->expected) {
		node->window = 0;
		node->ahead = first;
	} else {
		node->window = node->window == 0 ? AHEAD_MIN : node->window * 2;
		node->window = node->window < most ? node->window : most;
	}
	node->expected = offset + bytes;
	if (node->ahead < first)
		node->ahead = first;
	/* The next stretch is asked for when half of this one has been read. */
	if (last + 1 + node->window / 2 <= node->ahead)
		return;
	read_ahead(volume, node, node->ahead, last + 1 + node->window);
	node->ahead = last + 1 + node->window;
}

/*
 * How many bytes at `offset` the device can put where they are wanted: whole blocks that follow each other and are not cached. Nobody else changes them meanwhile, and
 * what is read in such pieces would only drive the rest out of the cache. `*from`: where on the device.
 */
static size_t straight_bytes(struct volume *volume, struct ext4_node *node, uint64_t offset, size_t bytes, uint64_t *from)
{
	uint64_t blocks = bytes / block_bytes(volume);
	struct mapping run;
	uint64_t count = 0;

	if (offset % block_bytes(volume) != 0 || blocks < STRAIGHT_MIN ||
	    map_find(volume, node, offset / block_bytes(volume), &run) != STATUS_OK || run.physical == 0 || run.unwritten)
		return 0;
	blocks = run.count < blocks ? run.count : blocks;
	if (run.physical >= volume->cache.blocks || blocks > volume->cache.blocks - run.physical)
		return 0;
	while (count < blocks && !cache_has(&volume->cache, run.physical + count))
		count++;
	*from = run.physical * block_bytes(volume);
	return count >= STRAIGHT_MIN ? (size_t)count * block_bytes(volume) : 0;
}

/* Bytes of one block, by way of the cache; a status. */
static status_t block_read(struct volume *volume, struct ext4_node *node, uint64_t offset, uint8_t *to, uint32_t bytes)
{
	struct buffer *buffer;
	struct mapping run;
	status_t status = map_find(volume, node, offset / block_bytes(volume), &run);

	if (status == STATUS_OK && run.physical != 0 && !run.unwritten)
		status = cache_get(&volume->cache, run.physical, &buffer);
	if (status != STATUS_OK)
		return status == STATUS_EBADMSG ? STATUS_EIO : status;
	if (run.physical != 0 && !run.unwritten)
		memcpy(to, buffer->data + offset % block_bytes(volume), bytes);
	else
		memset(to, 0, bytes);
	return STATUS_OK;
}

/*
 * All of it from the cache; STATUS_EAGAIN where that has not all, or the next stretch is to be asked for. Blocks here and there are asked for, so that
 * those of all who read at random are under way at once.
 */
static int64_t read_cached(struct volume *volume, struct ext4_node *node, uint64_t offset, uint8_t *to, size_t bytes)
{
	uint64_t end = offset + bytes;

	if (offset == node->expected && (end - 1) / block_bytes(volume) + 1 + node->window / 2 > node->ahead)
		return STATUS_EAGAIN;
	while (offset < end) {
		uint64_t rest = block_bytes(volume) - offset % block_bytes(volume);
		uint32_t step = (uint32_t)(rest < end - offset ? rest : end - offset);
		status_t status = block_read(volume, node, offset, to, step);

		if (status == STATUS_EAGAIN && end - offset < STRAIGHT_MIN * block_bytes(volume))
			read_ahead(volume, node, offset / block_bytes(volume), (end - 1) / block_bytes(volume) + 1);
		if (status != STATUS_OK)
			return status;
		to += step;
		offset += step;
	}
	node->expected = end;
	return (int64_t)bytes;
}

int64_t content_read(struct fs_node *fs_node, uint64_t offset, void *data, size_t bytes)
{
	struct volume *volume = volume_of(fs_node);
	struct ext4_node *node = node_of(fs_node);
	uint64_t size = node_size(node);
	uint8_t *to = data;
	uint64_t from;
	size_t left;

	if (offset >= size || bytes == 0)
		return 0;
	left = bytes < size - offset ? bytes : (size_t)(size - offset);
	bytes = left;
	if (volume->cache.hurried)
		return read_cached(volume, node, offset, to, bytes);
	if (straight_bytes(volume, node, offset, left, &from) == 0)
		read_plan(volume, node, offset, bytes);
	while (left > 0) {
		size_t rest = block_bytes(volume) - offset % block_bytes(volume);
		size_t step = straight_bytes(volume, node, offset, left, &from);
		status_t status;

		if (step > 0) {
			status = cache_transfer(volume->device, HAL_BLOCK_READ, from, to, (uint32_t)step);
		} else {
			step = rest < left ? rest : left;
			status = block_read(volume, node, offset, to, (uint32_t)step);
		}
		if (status != STATUS_OK)
			return left < bytes ? (int64_t)(bytes - left) : status;
		to += step;
		offset += step;
		left -= step;
	}
	return (int64_t)bytes;
}

/* Blocks of one operation, one after another. */
struct making {
	uint64_t end;       /* behind the last one */
	uint64_t fresh_end; /* up to there they were given a place by this operation, which has not filled them yet */
};

/* A block of the file to be changed: `whole`: all of it will be. A new one reads as zeroes. */
static status_t block_open(struct volume *volume, struct ext4_node *node, uint64_t logical, struct making *making, bool whole, struct buffer **out)
{
	struct mapping run;
	status_t status = map_find(volume, node, logical, &run);
	bool fresh = logical < making->fresh_end;

	if (status == STATUS_OK && run.physical == 0) {
		uint64_t wanted = making->end - logical;

		fresh = true;
		status = map_make(volume, node, logical, wanted < run.count ? wanted : run.count, &run);
		making->fresh_end = logical + run.count;
	} else if (status == STATUS_OK && run.unwritten) {
		fresh = true;
		status = map_written(volume, node, &run, logical);
	}
	if (status != STATUS_OK)
		return status;
	status = whole || fresh ? cache_get_new(&volume->cache, run.physical, out) : cache_get(&volume->cache, run.physical, out);
	if (status != STATUS_OK)
		return status == STATUS_EBADMSG ? STATUS_EIO : status;
	if (fresh && !volume->given_back)
		cache_change_fresh(&volume->cache, *out);
	else
		cache_change_data(&volume->cache, *out);
	if (fresh && !whole)
		memset((*out)->data, 0, block_bytes(volume));
	return STATUS_OK;
}

/* What the last block has behind the file's end becomes zeroes: the file is to be longer. */
static status_t tail_clear(struct volume *volume, struct ext4_node *node)
{
	uint64_t size = node_size(node);
	uint32_t at = (uint32_t)(size % block_bytes(volume));
	struct buffer *buffer;
	struct mapping run;
	status_t status;

	if (at == 0)
		return STATUS_OK;
	status = map_find(volume, node, size / block_bytes(volume), &run);
	if (status != STATUS_OK || run.physical == 0 || run.unwritten)
		return status;
	status = cache_get(&volume->cache, run.physical, &buffer);
	if (status != STATUS_OK)
		return status;
	cache_change_data(&volume->cache, buffer);
	memset(buffer->data + at, 0, block_bytes(volume) - at);
	return STATUS_OK;
}

static void size_put(struct volume *volume, struct ext4_node *node, uint64_t size)
{
	node->inode.i_size = (uint32_t)size;
	node->inode.i_size_high = (uint32_t)(size >> 32);
	if (size > INT32_MAX && !ext2fs_has_feature_large_file(volume->ext2->super)) {
		ext2fs_set_feature_large_file(volume->ext2->super);
		volume->super_dirty = true;
	}
}

/* One operation's worth. What was written, or why nothing was. */
static int64_t write_part(struct volume *volume, struct ext4_node *node, uint64_t offset, const uint8_t *data, size_t bytes)
{
	uint64_t blocks = (offset + bytes - 1) / block_bytes(volume) - offset / block_bytes(volume) + 1;
	struct making making = { .end = offset / block_bytes(volume) + blocks };
	size_t done = 0;
	status_t status = change_begin(volume, (unsigned)blocks + OPERATION_BLOCKS);

	if (status != STATUS_OK)
		return status;
	if (offset > node_size(node))
		status = tail_clear(volume, node);
	while (status == STATUS_OK && done < bytes) {
		uint32_t at = (uint32_t)((offset + done) % block_bytes(volume));
		uint32_t step = block_bytes(volume) - at < bytes - done ? block_bytes(volume) - at : (uint32_t)(bytes - done);
		struct buffer *buffer;

		status = block_open(volume, node, (offset + done) / block_bytes(volume), &making, step == block_bytes(volume), &buffer);
		if (status != STATUS_OK)
			break;
		memcpy(buffer->data + at, data + done, step);
		done += step;
	}
	if (status == STATUS_OK) {
		if (offset + bytes > node_size(node))
			size_put(volume, node, offset + bytes);
		node_stamp(volume, node, STAMP_MODIFIED | STAMP_CHANGED);
		status = node_write(volume, node);
	}
	status = change_end(volume, status);
	return status == STATUS_OK ? (int64_t)bytes : status;
}

/* Up to the end of a block, so that the next part begins with a whole one. */
static size_t part_bytes(const struct volume *volume, uint64_t offset, size_t left)
{
	unsigned most = volume->journal.transaction_max / 2 < WRITE_BLOCKS_MAX ? volume->journal.transaction_max / 2 : WRITE_BLOCKS_MAX;
	size_t bytes = (size_t)most * block_bytes(volume) - offset % block_bytes(volume);

	return left < bytes ? left : bytes;
}

int64_t content_write(struct fs_node *fs_node, uint64_t offset, const void *data, size_t bytes, bool append)
{
	struct volume *volume = volume_of(fs_node);
	struct ext4_node *node = node_of(fs_node);
	const uint8_t *from = data;
	size_t done = 0;

	if (append)
		offset = node_size(node);
	if (bytes > INT64_MAX || offset > INT64_MAX - bytes || (offset + bytes) / block_bytes(volume) >= UINT32_MAX)
		return STATUS_EFBIG;
	if (node->cutting) { /* what is cut off must not come back */
		status_t status = orphan_cut(volume, node);

		if (status != STATUS_OK)
			return status;
	}
	while (done < bytes) {
		size_t step = part_bytes(volume, offset + done, bytes - done);
		int64_t written = write_part(volume, node, offset + done, from + done, step);

		/* Where the volume is nearly full, block by block. */
		if (written == STATUS_ENOSPC && step > block_bytes(volume))
			written = write_part(volume, node, offset + done, from + done, block_bytes(volume) - (offset + done) % block_bytes(volume));
		if (written < 0)
			return done > 0 ? (int64_t)done : written;
		done += (size_t)written;
	}
	return (int64_t)done;
}

/*
 * libext2fs 1.47.0 holds an extent that ends with the volume to be beyond its end (punch_extent_blocks()): for the time of the call the volume is a block
 * longer. What is given back is judged again by ext2fs_block_alloc_stats_range(), which knows better. And of a block map it misses what is in the middle
 * (ind_punch()): so everything from `from` on.
 */
static status_t punch(struct volume *volume, struct ext4_node *node, uint64_t from)
{
	struct ext2_super_block *super = volume->ext2->super;
	errcode_t error;

	map_forget(node);
	ext2fs_blocks_count_set(super, volume->cache.blocks + 1);
	error = ext2fs_punch(volume->ext2, node->number, (struct ext2_inode *)&node->inode, NULL, from, UINT32_MAX - 1);
	ext2fs_blocks_count_set(super, volume->cache.blocks);
	return ext4_status(error);
}

status_t content_cut(struct volume *volume, struct ext4_node *node, uint64_t first)
{
	uint64_t end = 0;
	uint64_t rest;
	status_t status = map_end(volume, node, &end);
	bool last = false;

	while (status == STATUS_OK && !last) {
		uint64_t from = first;

		if (end > first + CUT_BLOCKS)
			from = end - CUT_BLOCKS;
		last = from == first;
		status = change_begin(volume, OPERATION_BLOCKS + CUT_BLOCKS / 64);
		if (status != STATUS_OK)
			return status;
		status = change_end(volume, punch(volume, node, from));
		end = from;
		if (status == STATUS_OK && !last && map_end(volume, node, &rest) == STATUS_OK && rest < end)
			end = rest; /* over what has no blocks: a file of a few can be as long as it likes */
	}
	return status;
}

/* The size alone, in one operation; in the orphan list while blocks are to follow. */
static status_t size_change(struct volume *volume, struct ext4_node *node, uint64_t size, bool shrinks)
{
	status_t status = change_begin(volume, OPERATION_BLOCKS);

	if (status != STATUS_OK)
		return status;
	if (!shrinks)
		status = tail_clear(volume, node);
	if (status == STATUS_OK && shrinks && node->inode.i_links_count > 0) /* else it is in the list already */
		status = orphan_add(volume, node);
	size_put(volume, node, size);
	node_stamp(volume, node, STAMP_MODIFIED | STAMP_CHANGED);
	if (status == STATUS_OK)
		status = node_write(volume, node);
	if (status == STATUS_OK && shrinks) /* last: it is not taken back where the rest fails */
		status = tail_clear(volume, node);
	return change_end(volume, status);
}

status_t content_resize(struct volume *volume, struct ext4_node *node, uint64_t size)
{
	uint64_t old = node_size(node);
	status_t status;

	if (size > INT64_MAX || size / block_bytes(volume) >= UINT32_MAX)
		return STATUS_EFBIG;
	status = node->cutting ? orphan_cut(volume, node) : STATUS_OK; /* the last time it failed */
	if (status != STATUS_OK)
		return status;
	status = size_change(volume, node, size, size < old);
	if (status != STATUS_OK || size >= old)
		return status;
	if (node->inode.i_links_count > 0) {
		fs_node_hold(&node->node);
		node->cutting = true;
	}
	return orphan_cut(volume, node);
}
