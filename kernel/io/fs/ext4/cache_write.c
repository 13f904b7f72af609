// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The way home: what is committed or fresh goes from the block cache to its places on the disk. */
#include <stdlib.h>

#include "kernel/io/fs/ext4/cache.h"

enum { WRITES = 32 };

/* [begin, middle) and [middle, end) of `from`, which are in order, as one. */
static void merge(struct buffer **from, struct buffer **to, unsigned begin, unsigned middle, unsigned end)
{
	unsigned a = begin;
	unsigned b = middle;

	for (unsigned i = begin; i < end; i++)
		to[i] = b == end || (a < middle && from[a]->block <= from[b]->block) ? from[a++] : from[b++];
}

/* In the order of their blocks; in which of the two they are then. qsort() takes forty times as long for what mostly is in order. */
static struct buffer **sort(struct buffer **from, struct buffer **to, unsigned count)
{
	for (unsigned width = 1; width < count; width *= 2) {
		struct buffer **sorted = to;

		for (unsigned begin = 0; begin < count; begin += 2 * width) {
			unsigned middle = begin + width < count ? begin + width : count;

			merge(from, to, begin, middle, middle + width < count ? middle + width : count);
		}
		to = from;
		from = sorted;
	}
	return from;
}

/* Writes that are under way, the oldest at `ended`. */
struct writes {
	struct ext4_io *ios; /* WRITES */
	unsigned begun, ended;
};

/* Waits until no more than `most` are under way. STATUS_EIO where one failed. */
static status_t writes_finish(struct cache *cache, struct writes *writes, unsigned most)
{
	status_t status = STATUS_OK;

	while (writes->begun - writes->ended > most) {
		struct ext4_io *io = &writes->ios[writes->ended++ % WRITES];

		cache->device->wait(cache->device, io);
		if (io->status != STATUS_OK)
			status = STATUS_EIO;
	}
	return status;
}

/*
 * WRITES requests at a time, each of as many blocks as follow each other. Where so many are under way the older half is waited for: then the device
 * hears of as many at once, while it still has the others.
 */
static status_t write_sorted(struct cache *cache, struct buffer **sorted, unsigned count, struct ext4_io *ios)
{
	struct writes writes = { .ios = ios };
	status_t status = STATUS_OK;
	status_t last;

	for (unsigned i = 0; i < count && status == STATUS_OK;) {
		struct ext4_io *io = &ios[writes.begun++ % WRITES];

		*io = (struct ext4_io){ .operation = HAL_BLOCK_WRITE, .offset = sorted[i]->block * cache->block_bytes };
		do
			io->pieces[io->count++] = (struct hal_block_piece){ sorted[i++]->data, cache->block_bytes };
		while (i < count && io->count < cache->device->pieces_max && sorted[i]->block == sorted[i - 1]->block + 1);
		cache->device->submit(cache->device, io);
		if (writes.begun - writes.ended == WRITES)
			status = writes_finish(cache, &writes, WRITES / 2);
	}
	last = writes_finish(cache, &writes, 0);
	return status == STATUS_OK ? last : status;
}

void cache_unfresh(struct cache *cache, struct buffer *buffer)
{
	buffer->fresh = false;
	list_remove(&buffer->dirty);
	list_push_back(&cache->idle, &buffer->use);
	cache->fresh_count--;
}

static void gone_home(struct cache *cache, struct buffer *buffer)
{
	buffer->committed = false;
	list_remove(&buffer->dirty);
	list_push_back(&cache->idle, &buffer->use);
	cache->committed_count--;
}

/* Where there is no memory to do it well: one after another. */
static status_t write_slowly(struct cache *cache, struct list_node *list, void (*gone)(struct cache *, struct buffer *))
{
	while (!list_is_empty(list)) {
		struct buffer *buffer = LIST_OWNER(list->next, struct buffer, dirty);
		status_t status = cache_transfer(cache->device, HAL_BLOCK_WRITE, buffer->block * cache->block_bytes, buffer->data,
						 cache->block_bytes);

		if (status != STATUS_OK)
			return STATUS_EIO;
		gone(cache, buffer);
	}
	return STATUS_OK;
}

status_t cache_flush_log(struct cache *cache)
{
	status_t status = cache->log_unflushed ? ext4_device_flush(cache->device) : STATUS_OK;

	if (status == STATUS_OK)
		cache->log_unflushed = false;
	return status;
}

/* Writes the `most` buffers of a list home, in the order of their blocks, and tells `gone` of each once all are. */
static status_t list_write(struct cache *cache, struct list_node *list, unsigned most, void (*gone)(struct cache *, struct buffer *))
{
	struct buffer **room = malloc((most + 1ul) * 2 * sizeof(struct buffer *));
	struct ext4_io *ios = malloc(WRITES * sizeof(*ios));
	struct buffer **sorted;
	unsigned count = 0;
	status_t status;

	if (room != NULL && ios != NULL) {
		for (struct list_node *node = list->next; node != list; node = node->next)
			room[count++] = LIST_OWNER(node, struct buffer, dirty);
		sorted = sort(room, room + count, count);
		status = write_sorted(cache, sorted, count, ios);
		for (unsigned i = 0; i < count && status == STATUS_OK; i++)
			gone(cache, sorted[i]);
	} else {
		status = write_slowly(cache, list, gone);
	}
	free(ios);
	free(room);
	return status;
}

status_t cache_write_home(struct cache *cache)
{
	status_t status = cache_flush_log(cache);

	return status != STATUS_OK ? status : list_write(cache, &cache->committed, cache->committed_count, gone_home);
}

status_t cache_write_fresh(struct cache *cache)
{
	return list_write(cache, &cache->fresh, cache->fresh_count, cache_unfresh);
}
