// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Requests to block devices: judged, queued, and given back with the device's word on them. */
#include "hal/virtio/block.h"
#include "hal/virtio/memory.h"

/* Types and results of requests (§5.2.6). */
#define TYPE_IN 0u
#define TYPE_OUT 1u
#define TYPE_FLUSH 4u
#define TYPE_DISCARD 11u
#define RESULT_OK 0u
#define RESULT_UNSUPPORTED 2u
#define RESULT_NONE 0xffu /* what we write there first */

/* Whether the request makes sense for this device; `*bytes` is what it moves. */
static status_t request_judge(const struct hal_block *block, const struct hal_block_request *request, uint64_t *bytes)
{
	bool moves = request->operation == HAL_BLOCK_READ || request->operation == HAL_BLOCK_WRITE;

	*bytes = request->operation == HAL_BLOCK_DISCARD ? request->len : 0;
	if (request->operation != HAL_BLOCK_READ && request->operation != HAL_BLOCK_FLUSH && block->info.read_only)
		return STATUS_EACCES;
	if ((request->operation == HAL_BLOCK_FLUSH && !block->info.flush) || (request->operation == HAL_BLOCK_DISCARD && !block->info.discard))
		return STATUS_ENOTSUP;
	if (moves ? request->count == 0 || request->count > block->info.pieces_max : request->count != 0)
		return STATUS_EINVAL;
	for (unsigned i = 0; i < request->count; i++) {
		if (request->pieces[i].len == 0 || request->pieces[i].len % HAL_BLOCK_UNIT != 0)
			return STATUS_EINVAL;
		*bytes += request->pieces[i].len;
	}
	if (request->operation == HAL_BLOCK_DISCARD && (*bytes == 0 || *bytes / HAL_BLOCK_UNIT > block->discard_sectors_max))
		return STATUS_EINVAL;
	if ((request->offset | *bytes) % HAL_BLOCK_UNIT != 0 || *bytes > UINT32_MAX - HAL_PAGE_BYTES || *bytes > block->info.bytes ||
	    request->offset > block->info.bytes - *bytes)
		return STATUS_EINVAL;
	return STATUS_OK;
}

static void slot_fill(struct block_slot *slot, const struct hal_block_request *request, uint64_t bytes)
{
	static const uint32_t types[] = { [HAL_BLOCK_READ] = TYPE_IN, [HAL_BLOCK_WRITE] = TYPE_OUT, [HAL_BLOCK_FLUSH] = TYPE_FLUSH,
					  [HAL_BLOCK_DISCARD] = TYPE_DISCARD };
	bool moves = request->operation == HAL_BLOCK_READ || request->operation == HAL_BLOCK_WRITE;

	slot->header = (struct block_header){ types[request->operation], 0, moves ? request->offset / HAL_BLOCK_UNIT : 0 };
	slot->discard = (struct block_discard){ request->offset / HAL_BLOCK_UNIT, (uint32_t)(bytes / HAL_BLOCK_UNIT), 0 };
	slot->result = RESULT_NONE;
}

status_t hal_block_submit(struct hal_block *block, const struct hal_block_request *request)
{
	struct virtqueue_piece all[HAL_BLOCK_PIECES_MAX + 2];
	bool reads = request->operation == HAL_BLOCK_READ;
	struct block_record *record = block->free;
	unsigned count = 1;
	uint64_t bytes;
	uint64_t pa;
	status_t status;

	if (!virtio_driver_runs(&block->driver))
		return STATUS_EIO;
	status = request_judge(block, request, &bytes);
	if (status != STATUS_OK || record == NULL)
		return status != STATUS_OK ? status : STATUS_EAGAIN;
	slot_fill(record->slot, request, bytes);
	pa = hal_direct_pa(record->slot);
	all[0] = (struct virtqueue_piece){ pa, sizeof(struct block_header) };
	if (request->operation == HAL_BLOCK_DISCARD)
		all[count++] = (struct virtqueue_piece){ pa + offsetof(struct block_slot, discard), sizeof(struct block_discard) };
	for (unsigned i = 0; i < request->count; i++, count++) {
		all[count].bytes = request->pieces[i].len;
		if (!virtio_memory_pa(request->pieces[i].data, request->pieces[i].len, &all[count].address))
			return STATUS_EINVAL;
	}
	all[count++] = (struct virtqueue_piece){ pa + offsetof(struct block_slot, result), 1 };
	status = virtqueue_add(&block->queue.ring, &(struct virtqueue_chain){
		.pieces = all,
		.readable = reads ? 1 : count - 1,
		.writable = reads ? count - 1 : 1,
		.token = record,
		.table = block->driver.device->features & VIRTIO_F_INDIRECT_DESC ? record->slot->table : NULL,
		.table_address = pa + offsetof(struct block_slot, table),
	});
	if (status != STATUS_OK)
		return status;
	block->free = record->next_free;
	record->token = request->token;
	record->written = reads ? (uint32_t)bytes + 1 : 1;
	return STATUS_OK;
}

void hal_block_kick(struct hal_block *block)
{
	if (block->driver.state == VIRTIO_DRIVER_RUNNING)
		virtio_queue_publish(block->driver.device, &block->queue);
}

/* The device's word on a request: its result, and that it wrote all it was to. */
static status_t result_judge(const struct block_record *record, uint32_t written)
{
	uint8_t result = record->slot->result;

	if (result == RESULT_OK && written >= record->written)
		return STATUS_OK;
	return result == RESULT_UNSUPPORTED ? STATUS_ENOTSUP : STATUS_EIO;
}

bool hal_block_done(struct hal_block *block, void **token, status_t *status)
{
	struct virtqueue_done done;
	struct block_record *record = NULL;
	void *reclaimed;

	if (virtio_driver_runs(&block->driver)) {
		status_t taken = virtqueue_take(&block->queue.ring, &done);

		if (taken == STATUS_EAGAIN)
			return false;
		if (taken == STATUS_OK) {
			record = done.token;
			*status = result_judge(record, done.bytes);
		} else {
			virtio_driver_break(&block->driver, block->queue.ring.why);
		}
	}
	if (record == NULL) { /* it does not run; a device that has not ended its reset may still write to what it was given */
		if (block->queue.ring.in_flight == 0 || block->driver.device->transport->status_read(block->driver.device) != 0 ||
		    !virtqueue_reclaim(&block->queue.ring, &reclaimed))
			return false;
		record = reclaimed;
		*status = STATUS_ECANCELED;
	}
	*token = record->token;
	record->next_free = block->free;
	block->free = record;
	return true;
}
