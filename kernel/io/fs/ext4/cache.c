// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/ext4/cache.h"

#include <assert.h>
#include <stdlib.h>

#include "kernel/io/fs/ext4/platform.h"
#include "lib/string.h"

enum { FETCH_MAX = 16, FETCHES_MAX = 16, WRITES = 32 };

static_assert((unsigned)FETCH_MAX <= (unsigned)HAL_BLOCK_PIECES_MAX, "a fetch is one request");

/* A read of blocks that follow each other. */
struct fetch {
	struct ext4_io io;
	struct buffer *buffers[FETCH_MAX];
};

status_t cache_transfer(struct ext4_device *device, enum hal_block_operation operation, uint64_t offset, void *data, uint32_t bytes)
{
	struct ext4_io io = { .operation = operation, .offset = offset, .count = 1, .pieces = { { data, bytes } } };

	return ext4_device_do(device, &io);
}

static struct buffer **slot_of(struct cache *cache, uint64_t block)
{
	return &cache->table[(block * 0x9e3779b97f4a7c15ull >> 32) & cache->table_mask];
}

static struct buffer *find(struct cache *cache, uint64_t block)
{
	struct buffer *buffer = *slot_of(cache, block);

	while (buffer != NULL && buffer->block != block)
		buffer = buffer->hash_next;
	return buffer;
}

static void forget(struct cache *cache, struct buffer *buffer)
{
	struct buffer **at = slot_of(cache, buffer->block);

	while (*at != buffer)
		at = &(*at)->hash_next;
	*at = buffer->hash_next;
	list_remove(&buffer->use);
	list_remove(&buffer->dirty);
	ext4_block_free(buffer->data, cache->block_bytes);
	free(buffer->undo);
	free(buffer);
	cache->count--;
}

status_t cache_init(struct cache *cache, struct ext4_device *device, uint32_t block_bytes, uint64_t blocks, unsigned limit)
{
	unsigned slots = 64;

	while (slots < limit && slots < 1u << 16)
		slots *= 2;
	*cache = (struct cache){ .device = device, .block_bytes = block_bytes, .blocks = blocks, .limit = limit, .table_mask = slots - 1 };
	list_init(&cache->idle);
	list_init(&cache->running);
	list_init(&cache->committed);
	cache->table = calloc(slots, sizeof(struct buffer *));
	return cache->table != NULL ? STATUS_OK : STATUS_ENOMEM;
}

/* A read is over: its buffers are filled, or failed. */
static void fetch_finish(struct cache *cache, struct fetch *fetch)
{
	for (unsigned i = 0; i < fetch->io.count; i++) {
		fetch->buffers[i]->fetch = NULL;
		fetch->buffers[i]->checked = false;
		fetch->buffers[i]->failed = fetch->io.status != STATUS_OK;
	}
	cache->fetches--;
	free(fetch);
}

static void fetch_wait(struct cache *cache, struct fetch *fetch)
{
	cache->device->wait(cache->device, &fetch->io);
	fetch_finish(cache, fetch);
}

void cache_end(struct cache *cache)
{
	if (cache->table == NULL)
		return;
	for (unsigned i = 0; i <= cache->table_mask; i++) {
		while (cache->table[i] != NULL) {
			if (cache->table[i]->fetch != NULL)
				fetch_wait(cache, cache->table[i]->fetch);
			forget(cache, cache->table[i]);
		}
	}
	free(cache->table);
	cache->table = NULL;
}

/* Room for one more. Where nothing is idle, what is committed goes home first; where nothing is, the limit gives way. */
static void make_room(struct cache *cache)
{
	while (cache->count >= cache->limit) {
		if (list_is_empty(&cache->idle) && (cache->committed_count == 0 || cache_write_home(cache) != STATUS_OK))
			return;
		if (list_is_empty(&cache->idle))
			return;
		struct buffer *oldest = LIST_OWNER(cache->idle.next, struct buffer, use);

		if (oldest->fetch != NULL)
			fetch_wait(cache, oldest->fetch);
		forget(cache, oldest);
	}
}

/* Whether that waits for nothing. */
static bool has_room(const struct cache *cache)
{
	return cache->count < cache->limit || (!list_is_empty(&cache->idle) && LIST_OWNER(cache->idle.next, struct buffer, use)->fetch == NULL);
}

static struct buffer *add(struct cache *cache, uint64_t block)
{
	struct buffer *buffer;
	struct buffer **slot;

	if (cache->hurried && !has_room(cache))
		return NULL;
	make_room(cache);
	buffer = calloc(1, sizeof(*buffer));
	if (buffer == NULL)
		return NULL;
	buffer->data = ext4_block_alloc(cache->block_bytes);
	if (buffer->data == NULL) {
		free(buffer);
		return NULL;
	}
	slot = slot_of(cache, block);
	buffer->block = block;
	buffer->hash_next = *slot;
	*slot = buffer;
	list_init(&buffer->dirty);
	list_push_back(&cache->idle, &buffer->use);
	cache->count++;
	return buffer;
}

/* It was used: the last one to be dropped. */
static void touch(struct cache *cache, struct buffer *buffer)
{
	if (buffer->running || buffer->committed || buffer->undo != NULL)
		return;
	list_remove(&buffer->use);
	list_push_back(&cache->idle, &buffer->use);
}

/* Reads up to `count` blocks from `block` on that are not there, as one request. The number of blocks that it got past. */
static unsigned fetch_begin(struct cache *cache, uint64_t block, unsigned count)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));
	unsigned got = 0;

	if (fetch == NULL)
		return 0;
	/* Nothing that was added here is dropped for the next one: it would be, were the limit that small. */
	while (got < count && got < FETCH_MAX && got < cache->device->pieces_max && find(cache, block + got) == NULL) {
		struct buffer *buffer = add(cache, block + got);

		if (buffer == NULL)
			break;
		list_remove(&buffer->use);
		buffer->fetch = fetch;
		fetch->buffers[got] = buffer;
		fetch->io.pieces[got++] = (struct hal_block_piece){ buffer->data, cache->block_bytes };
	}
	for (unsigned i = 0; i < got; i++)
		list_push_back(&cache->idle, &fetch->buffers[i]->use);
	if (got == 0) {
		free(fetch);
		return 0;
	}
	fetch->io.operation = HAL_BLOCK_READ;
	fetch->io.offset = block * cache->block_bytes;
	fetch->io.count = got;
	cache->fetches++;
	cache->device->submit(cache->device, &fetch->io);
	return got;
}

void cache_prefetch(struct cache *cache, uint64_t block, unsigned count)
{
	while (count > 0 && block < cache->blocks && cache->fetches < FETCHES_MAX) {
		unsigned step = 1;

		if (find(cache, block) == NULL)
			step = fetch_begin(cache, block, count < cache->blocks - block ? count : (unsigned)(cache->blocks - block));
		if (step == 0)
			break;
		block += step;
		count -= step;
	}
	if (!cache->hurried)
		cache->device->kick(cache->device);
}

bool cache_has(struct cache *cache, uint64_t block)
{
	return find(cache, block) != NULL;
}

status_t cache_get(struct cache *cache, uint64_t block, struct buffer **out)
{
	struct buffer *buffer;

	if (block >= cache->blocks)
		return STATUS_EBADMSG;
	buffer = find(cache, block);
	if (cache->hurried && (buffer == NULL || (buffer->fetch != NULL && !buffer->fetch->io.done)))
		return STATUS_EAGAIN;
	if (buffer == NULL) {
		if (fetch_begin(cache, block, 1) == 0)
			return STATUS_ENOMEM;
		buffer = find(cache, block);
	}
	if (buffer->fetch != NULL)
		fetch_wait(cache, buffer->fetch);
	if (buffer->failed) {
		forget(cache, buffer);
		return STATUS_EIO;
	}
	touch(cache, buffer);
	*out = buffer;
	return STATUS_OK;
}

status_t cache_get_new(struct cache *cache, uint64_t block, struct buffer **out)
{
	struct buffer *buffer;

	if (block >= cache->blocks)
		return STATUS_EBADMSG;
	buffer = find(cache, block);
	if (buffer == NULL)
		buffer = add(cache, block);
	if (buffer == NULL)
		return STATUS_ENOMEM;
	if (buffer->fetch != NULL)
		fetch_wait(cache, buffer->fetch);
	buffer->failed = false;
	buffer->checked = false;
	touch(cache, buffer);
	*out = buffer;
	return STATUS_OK;
}

void cache_change_data(struct cache *cache, struct buffer *buffer)
{
	if (buffer->running)
		return;
	list_remove(&buffer->use);
	list_remove(&buffer->dirty);
	list_push_back(&cache->running, &buffer->dirty);
	buffer->running = true;
	cache->running_count++;
	cache->committed_count -= buffer->committed; /* of those that can go home */
}

/* No longer RUNNING. */
static void unrun(struct cache *cache, struct buffer *buffer)
{
	list_remove(&buffer->dirty);
	buffer->running = false;
	cache->running_count--;
	if (buffer->committed) {
		cache->committed_count++;
		list_push_back(&cache->committed, &buffer->dirty);
	} else {
		list_push_back(&cache->idle, &buffer->use);
	}
}

status_t cache_change(struct cache *cache, struct buffer *buffer)
{
	if (cache->operation && buffer->undo == NULL) {
		buffer->undo = malloc(cache->block_bytes);
		if (buffer->undo == NULL)
			return STATUS_ENOMEM;
		memcpy(buffer->undo, buffer->data, cache->block_bytes);
		buffer->undo_running = buffer->running;
		buffer->undo_next = cache->undo_first;
		cache->undo_first = buffer;
	}
	cache_change_data(cache, buffer);
	return STATUS_OK;
}

void cache_operation_begin(struct cache *cache)
{
	cache->operation = true;
}

void cache_operation_end(struct cache *cache, bool undo)
{
	while (cache->undo_first != NULL) {
		struct buffer *buffer = cache->undo_first;

		cache->undo_first = buffer->undo_next;
		if (undo) {
			memcpy(buffer->data, buffer->undo, cache->block_bytes);
			buffer->checked = false;
			if (!buffer->undo_running)
				unrun(cache, buffer);
		}
		free(buffer->undo);
		buffer->undo = NULL;
	}
	cache->operation = false;
}

void cache_committed(struct cache *cache)
{
	struct list_node *node;

	while ((node = list_pop_front(&cache->running)) != NULL) {
		struct buffer *buffer = LIST_OWNER(node, struct buffer, dirty);

		buffer->running = false;
		buffer->committed = true;
		cache->running_count--;
		cache->committed_count++;
		list_push_back(&cache->committed, node);
	}
}

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
 * WRITES requests at a time, each of as many blocks as follow each other. Where they are under way the older half is waited for: the device hears of as many
 * at once then, while it still has the others.
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

static void gone_home(struct cache *cache, struct buffer *buffer)
{
	buffer->committed = false;
	list_remove(&buffer->dirty);
	list_push_back(&cache->idle, &buffer->use);
	cache->committed_count--;
}

/* Where there is no memory to do it well: one after another. */
static status_t write_slowly(struct cache *cache)
{
	while (!list_is_empty(&cache->committed)) {
		struct buffer *buffer = LIST_OWNER(cache->committed.next, struct buffer, dirty);
		status_t status = cache_transfer(cache->device, HAL_BLOCK_WRITE, buffer->block * cache->block_bytes, buffer->data,
						 cache->block_bytes);

		if (status != STATUS_OK)
			return STATUS_EIO;
		gone_home(cache, buffer);
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

status_t cache_write_home(struct cache *cache)
{
	struct buffer **room = malloc((cache->committed_count + 1ul) * 2 * sizeof(struct buffer *));
	struct buffer **sorted;
	struct ext4_io *ios = malloc(WRITES * sizeof(*ios));
	unsigned count = 0;
	status_t status = cache_flush_log(cache);

	if (status == STATUS_OK && room != NULL && ios != NULL) {
		for (struct list_node *node = cache->committed.next; node != &cache->committed; node = node->next)
			room[count++] = LIST_OWNER(node, struct buffer, dirty);
		sorted = sort(room, room + count, count);
		status = write_sorted(cache, sorted, count, ios);
		for (unsigned i = 0; i < count && status == STATUS_OK; i++)
			gone_home(cache, sorted[i]);
	} else if (status == STATUS_OK) {
		status = write_slowly(cache);
	}
	free(ios);
	free(room);
	return status;
}
