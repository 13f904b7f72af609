// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/ext4/cache.h"

#include <assert.h>
#include <stdlib.h>

#include "kernel/io/fs/ext4/platform.h"
#include "lib/string.h"

enum { FETCH_MAX = 16, FETCHES_MAX = 16 };

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

/* It is no block's any more. */
static void take_out(struct cache *cache, struct buffer *buffer)
{
	struct buffer **at = slot_of(cache, buffer->block);

	while (*at != buffer)
		at = &(*at)->hash_next;
	*at = buffer->hash_next;
	list_remove(&buffer->use);
	list_remove(&buffer->dirty);
	cache->count--;
}

static void buffer_free(struct cache *cache, struct buffer *buffer)
{
	ext4_block_free(buffer->data, cache->block_bytes);
	free(buffer->undo);
	free(buffer);
}

static struct buffer *buffer_make(struct cache *cache)
{
	struct buffer *buffer = calloc(1, sizeof(*buffer));

	if (buffer == NULL)
		return NULL;
	buffer->data = ext4_block_alloc(cache->block_bytes);
	if (buffer->data != NULL)
		return buffer;
	free(buffer);
	return NULL;
}

static void forget(struct cache *cache, struct buffer *buffer)
{
	take_out(cache, buffer);
	buffer_free(cache, buffer);
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
	list_init(&cache->fresh);
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

/*
 * Room for one more. Where nothing is idle, what may go home does first; where nothing is then, the limit gives way. The last one that had to go, to be used
 * anew; NULL: none had to.
 */
static struct buffer *make_room(struct cache *cache)
{
	struct buffer *oldest = NULL;

	while (cache->count >= cache->limit) {
		if (list_is_empty(&cache->idle) && cache->fresh_count > 0 && cache_write_fresh(cache) != STATUS_OK)
			return oldest;
		if (list_is_empty(&cache->idle) && (cache->committed_count == 0 || cache_write_home(cache) != STATUS_OK))
			return oldest;
		if (list_is_empty(&cache->idle))
			return oldest;
		if (oldest != NULL)
			buffer_free(cache, oldest);
		oldest = LIST_OWNER(cache->idle.next, struct buffer, use);
		if (oldest->fetch != NULL)
			fetch_wait(cache, oldest->fetch);
		take_out(cache, oldest);
	}
	return oldest;
}

/* Whether that waits for nothing. */
static bool has_room(const struct cache *cache)
{
	return cache->count < cache->limit ||
	       (cache->count == cache->limit && !list_is_empty(&cache->idle) && LIST_OWNER(cache->idle.next, struct buffer, use)->fetch == NULL);
}

static struct buffer *add(struct cache *cache, uint64_t block)
{
	struct buffer *buffer;
	struct buffer **slot;

	if (cache->hurried && !has_room(cache))
		return NULL;
	buffer = make_room(cache);
	if (buffer == NULL)
		buffer = buffer_make(cache);
	if (buffer == NULL)
		return NULL;
	slot = slot_of(cache, block);
	*buffer = (struct buffer){ .block = block, .data = buffer->data, .hash_next = *slot };
	*slot = buffer;
	list_init(&buffer->dirty);
	list_push_back(&cache->idle, &buffer->use);
	cache->count++;
	return buffer;
}

/* It was used: the last one to be dropped. */
static void touch(struct cache *cache, struct buffer *buffer)
{
	if (buffer->running || buffer->committed || buffer->fresh || buffer->undo != NULL)
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
	bool ahead;

	if (block >= cache->blocks)
		return STATUS_EBADMSG;
	buffer = find(cache, block);
	ahead = buffer != NULL;
	if (cache->hurried && (buffer == NULL || (buffer->fetch != NULL && !buffer->fetch->io.done)))
		return STATUS_EAGAIN;
	if (buffer == NULL) {
		if (fetch_begin(cache, block, 1) == 0)
			return STATUS_ENOMEM;
		buffer = find(cache, block);
	}
	if (buffer->fetch != NULL)
		fetch_wait(cache, buffer->fetch);
	if (buffer->failed) { /* ahead of this, and others with it, one of which may be what failed: so by itself */
		forget(cache, buffer);
		return ahead ? cache_get(cache, block, out) : STATUS_EIO;
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
	if (buffer->running || buffer->fresh)
		return;
	list_remove(&buffer->use);
	list_remove(&buffer->dirty);
	list_push_back(&cache->running, &buffer->dirty);
	buffer->running = true;
	cache->running_count++;
	cache->committed_count -= buffer->committed; /* of those that can go home */
}

void cache_change_fresh(struct cache *cache, struct buffer *buffer)
{
	if (buffer->running || buffer->committed || buffer->fresh) {
		cache_change_data(cache, buffer);
		return;
	}
	list_remove(&buffer->use);
	list_push_back(&cache->fresh, &buffer->dirty);
	buffer->fresh = true;
	cache->fresh_count++;
}

/* No longer RUNNING. */
static void unrun(struct cache *cache, struct buffer *buffer)
{
	list_remove(&buffer->dirty);
	buffer->running = false;
	cache->running_count--;
	if (buffer->undo_fresh) {
		buffer->fresh = true;
		cache->fresh_count++;
		list_push_back(&cache->fresh, &buffer->dirty);
	} else if (buffer->committed) {
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
		buffer->undo_fresh = buffer->fresh;
		buffer->undo_next = cache->undo_first;
		cache->undo_first = buffer;
	}
	if (buffer->fresh) /* it is one of the volume's own now: the log is to have it */
		cache_unfresh(cache, buffer);
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
