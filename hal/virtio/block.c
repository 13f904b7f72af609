// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Block devices: finding, starting and stopping them. */
#include "hal/virtio/block.h"

#include "hal/virtio/memory.h"
#include "lib/bits.h"

/* Feature bits (§5.2.3). */
#define F_SEG_MAX (1ull << 2)
#define F_RO (1ull << 5)
#define F_BLK_SIZE (1ull << 6)
#define F_FLUSH (1ull << 9)
#define F_DISCARD (1ull << 13)
#define WANTED (VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC | F_SEG_MAX | F_RO | F_BLK_SIZE | F_FLUSH | F_DISCARD)

/* Offsets in the device's configuration (§5.2.4). */
#define CONFIG_CAPACITY 0u
#define CONFIG_SEG_MAX 12u
#define CONFIG_BLK_SIZE 20u
#define CONFIG_MAX_DISCARD_SECTORS 36u

unsigned hal_block_count(void)
{
	return virtio_count(VIRTIO_TYPE_BLOCK);
}

struct hal_block *hal_block_at(unsigned index)
{
	return (struct hal_block *)virtio_driver_at(VIRTIO_TYPE_BLOCK, index, NULL);
}

void hal_block_info(const struct hal_block *block, struct hal_block_info *out)
{
	*out = block->info;
}

static status_t config_read(struct hal_block *block)
{
	const struct virtio_device *device = block->driver.device;
	uint32_t block_bytes = HAL_BLOCK_UNIT;
	uint32_t pieces = HAL_BLOCK_PIECES_MAX;
	uint32_t discard = 0;
	uint64_t sectors;

	if (!virtio_config_read(device, CONFIG_CAPACITY, &sectors, sizeof(sectors)) || sectors > INT64_MAX / HAL_BLOCK_UNIT)
		return STATUS_EIO;
	if (device->features & F_BLK_SIZE)
		(void)virtio_config_read(device, CONFIG_BLK_SIZE, &block_bytes, sizeof(block_bytes));
	if (device->features & F_SEG_MAX)
		(void)virtio_config_read(device, CONFIG_SEG_MAX, &pieces, sizeof(pieces));
	if (device->features & F_DISCARD)
		(void)virtio_config_read(device, CONFIG_MAX_DISCARD_SECTORS, &discard, sizeof(discard));
	block->info = (struct hal_block_info){
		.bytes = sectors * HAL_BLOCK_UNIT,
		.block_bytes = bits_is_pow2(block_bytes) && block_bytes >= HAL_BLOCK_UNIT ? block_bytes : HAL_BLOCK_UNIT,
		.read_only = device->features & F_RO,
		.flush = device->features & F_FLUSH,
		.discard = (device->features & F_DISCARD) && discard != 0,
		.pieces_max = pieces == 0 || pieces > HAL_BLOCK_PIECES_MAX ? HAL_BLOCK_PIECES_MAX : pieces,
	};
	block->discard_sectors_max = discard;
	return STATUS_OK;
}

/* The slots, once, and every record free. */
static status_t records_begin(struct hal_block *block)
{
	while (block->slot_pages < SLOT_PAGES) {
		uint64_t pa = virtio_page_take();

		if (pa == 0)
			return STATUS_ENOMEM;
		for (unsigned i = 0; i < SLOTS_PER_PAGE; i++)
			block->records[block->slot_pages * SLOTS_PER_PAGE + i].slot = (struct block_slot *)hal_direct_va(pa) + i;
		block->slot_pages++;
	}
	block->free = NULL;
	for (unsigned i = 0; i < HAL_BLOCK_REQUESTS_MAX; i++) {
		block->records[i].next_free = block->free;
		block->free = &block->records[i];
	}
	return STATUS_OK;
}

/* Without tables of their own requests lie in the queue, which the device may have made a short one: a header and a status go with the pieces. */
static status_t pieces_fit(struct hal_block *block)
{
	uint32_t size = block->queue.ring.size;

	if (block->driver.device->features & VIRTIO_F_INDIRECT_DESC)
		return STATUS_OK;
	if (size < 3)
		return STATUS_EIO;
	if (block->info.pieces_max > size - 2)
		block->info.pieces_max = size - 2;
	return STATUS_OK;
}

/* `ready`: NULL where no interrupt is to come. */
static status_t start(struct hal_block *block, void (*ready)(void *ctx), void *ctx)
{
	struct virtio_device *device = block->driver.device;
	status_t status = records_begin(block);

	if (status == STATUS_OK)
		status = virtio_begin(device, WANTED);
	if (status == STATUS_OK)
		status = config_read(block);
	if (status != STATUS_OK)
		return status;
	if (ready != NULL)
		virtio_driver_begin(&block->driver, ready, ctx);
	status = virtio_queue_begin(device, &block->queue, 0, VIRTQUEUE_SIZE_MAX);
	if (status == STATUS_OK)
		status = pieces_fit(block);
	if (status != STATUS_OK)
		return status;
	virtqueue_hush(&block->queue.ring);
	virtio_driver_go(&block->driver);
	return STATUS_OK;
}

status_t hal_block_start(struct hal_block *block, void (*ready)(void *ctx), void *ctx)
{
	if (block->driver.state == VIRTIO_DRIVER_RUNNING || block->queue.ring.in_flight > 0)
		return STATUS_EBUSY;
	return start(block, ready, ctx);
}

status_t hal_block_start_at_panic(struct hal_block *block)
{
	virtio_driver_forget(&block->driver);
	return start(block, NULL, NULL);
}

void hal_block_stop(struct hal_block *block)
{
	virtio_driver_stop(&block->driver);
}

bool hal_block_is_broken(struct hal_block *block)
{
	(void)virtio_driver_runs(&block->driver);
	return block->driver.state == VIRTIO_DRIVER_BROKEN;
}

bool hal_block_listen(struct hal_block *block, bool interrupts)
{
	if (block->driver.state != VIRTIO_DRIVER_RUNNING)
		return block->queue.ring.in_flight > 0;
	if (!virtio_driver_listen(&block->driver, interrupts))
		return true;
	if (!interrupts)
		virtqueue_hush(&block->queue.ring); /* before the device hears of requests, so that it does not interrupt for them */
	hal_block_kick(block);
	return interrupts && virtqueue_listen(&block->queue.ring, 0);
}
