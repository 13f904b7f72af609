// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* libext2fs' way to the disk: the block cache. It asks for blocks of whatever size it believes in at the moment. */
#include <ext2fs/ext2fs.h>

#include "kernel/io/fs/ext4/volume.h"
#include "lib/string.h"

static struct volume *volume_of_channel(io_channel channel)
{
	return channel->private_data;
}

/* Bytes of a request: a negative count is one of bytes. */
static uint64_t bytes_of(io_channel channel, int count)
{
	return count < 0 ? (uint64_t) - (int64_t)count : (uint64_t)count * (unsigned)channel->block_size;
}

static errcode_t channel_open(const char *name, int flags, io_channel *out)
{
	struct volume *volume = (struct volume *)strtoul(name, NULL, 16); /* volume_mount() names it so */
	io_channel channel;
	errcode_t error = ext2fs_get_memzero(sizeof(*channel), &channel);

	(void)flags;
	if (error != 0)
		return error;
	channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	channel->manager = &ext4_channel;
	channel->block_size = (int)volume->cache.block_bytes;
	channel->refcount = 1;
	channel->private_data = volume;
	*out = channel;
	return 0;
}

static errcode_t channel_close(io_channel channel)
{
	if (--channel->refcount == 0)
		ext2fs_free_mem(&channel);
	return 0;
}

static errcode_t channel_block_size(io_channel channel, int bytes)
{
	channel->block_size = bytes;
	return 0;
}

static errcode_t channel_read(io_channel channel, unsigned long long block, int count, void *data)
{
	struct cache *cache = &volume_of_channel(channel)->cache;
	uint64_t offset = block * (unsigned)channel->block_size;
	uint64_t left = bytes_of(channel, count);
	uint8_t *to = data;

	if (block > cache->blocks * 4)
		return EXT2_ET_SHORT_READ;
	while (left > 0) {
		uint32_t at = (uint32_t)(offset % cache->block_bytes);
		uint32_t step = cache->block_bytes - at < left ? cache->block_bytes - at : (uint32_t)left;
		struct buffer *buffer;
		status_t status = cache_get(cache, offset / cache->block_bytes, &buffer);

		if (status != STATUS_OK)
			return status == STATUS_ENOMEM ? EXT2_ET_NO_MEMORY : status == STATUS_EIO ? EIO : status == STATUS_EAGAIN ? EAGAIN : EXT2_ET_SHORT_READ;
		memcpy(to, buffer->data + at, step);
		to += step;
		offset += step;
		left -= step;
	}
	return 0;
}

static errcode_t channel_write(io_channel channel, unsigned long long block, int count, const void *data)
{
	struct cache *cache = &volume_of_channel(channel)->cache;
	uint64_t offset = block * (unsigned)channel->block_size;
	uint64_t left = bytes_of(channel, count);
	const uint8_t *from = data;

	if (block > cache->blocks * 4)
		return EXT2_ET_SHORT_WRITE;
	while (left > 0) {
		uint32_t at = (uint32_t)(offset % cache->block_bytes);
		uint32_t step = cache->block_bytes - at < left ? cache->block_bytes - at : (uint32_t)left;
		struct buffer *buffer;
		status_t status = step == cache->block_bytes && !cache->operation ? cache_get_new(cache, offset / cache->block_bytes, &buffer) :
										   cache_get(cache, offset / cache->block_bytes, &buffer);

		if (status == STATUS_OK)
			status = cache_change(cache, buffer);
		if (status != STATUS_OK)
			return status == STATUS_ENOMEM ? EXT2_ET_NO_MEMORY : status == STATUS_EIO ? EIO : EXT2_ET_SHORT_WRITE;
		memcpy(buffer->data + at, from, step);
		from += step;
		offset += step;
		left -= step;
	}
	return 0;
}

static errcode_t channel_read_narrow(io_channel channel, unsigned long block, int count, void *data)
{
	return channel_read(channel, block, count, data);
}

static errcode_t channel_write_narrow(io_channel channel, unsigned long block, int count, const void *data)
{
	return channel_write(channel, block, count, data);
}

static errcode_t channel_flush(io_channel channel)
{
	(void)channel;
	return 0;
}

static errcode_t channel_ahead(io_channel channel, unsigned long long block, unsigned long long count)
{
	struct cache *cache = &volume_of_channel(channel)->cache;

	if ((unsigned)channel->block_size == cache->block_bytes)
		cache_prefetch(cache, block, count < cache->limit / 4 ? (unsigned)count : cache->limit / 4);
	return 0;
}

struct struct_io_manager ext4_channel = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "rumpk",
	.open = channel_open,
	.close = channel_close,
	.set_blksize = channel_block_size,
	.read_blk = channel_read_narrow,
	.write_blk = channel_write_narrow,
	.flush = channel_flush,
	.read_blk64 = channel_read,
	.write_blk64 = channel_write,
	.cache_readahead = channel_ahead,
};
