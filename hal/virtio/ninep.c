// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/virtio/ninep.h"

#include <assert.h>
#include <stddef.h>

#include "hal/virtio/memory.h"

#define F_MOUNT_TAG (1ull << 0)
#define WANTED (VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC | F_MOUNT_TAG)

/* Offsets in the device's configuration. */
#define CONFIG_TAG_BYTES 0u
#define CONFIG_TAG 2u

unsigned hal_ninep_count(void)
{
	return virtio_count(VIRTIO_TYPE_NINEP);
}

struct hal_ninep *hal_ninep_at(unsigned index)
{
	static_assert(offsetof(struct hal_ninep, driver) == 0, "one is the other");
	return (struct hal_ninep *)virtio_driver_at(VIRTIO_TYPE_NINEP, index, NULL);
}

size_t hal_ninep_tag(const struct hal_ninep *channel, char *tag, size_t bytes)
{
	const struct virtio_device *device = channel->driver.device;
	uint16_t length;

	if (!(device->transport->features_read(device) & F_MOUNT_TAG) ||
	    !virtio_config_read(device, CONFIG_TAG_BYTES, &length, sizeof(length)))
		return 0;
	if (length > HAL_NINEP_TAG_MAX)
		return 0;
	if (bytes > length)
		bytes = length;
	/* Byte by byte: a field of 2, 4 or 8 would be read as one number. */
	for (size_t i = 0; i < bytes; i++)
		if (!virtio_config_read(device, CONFIG_TAG + (uint32_t)i, tag + i, 1))
			return 0;
	return bytes;
}

/* The tables, once, and every record free. */
static status_t records_begin(struct hal_ninep *channel)
{
	uint64_t pa;

	if (channel->tables == NULL) {
		pa = virtio_page_take();
		if (pa == 0)
			return STATUS_ENOMEM;
		channel->tables = hal_direct_va(pa);
	}
	channel->free = NULL;
	for (unsigned i = 0; i < HAL_NINEP_REQUESTS_MAX; i++) {
		channel->records[i].table = &channel->tables[i];
		channel->records[i].next_free = channel->free;
		channel->free = &channel->records[i];
	}
	return STATUS_OK;
}

/* `ready`: NULL where no interrupt is to come. */
static status_t start(struct hal_ninep *channel, void (*ready)(void *ctx), void *ctx)
{
	struct virtio_device *device = channel->driver.device;
	status_t status = records_begin(channel);

	if (status == STATUS_OK)
		status = virtio_begin(device, WANTED);
	if (status != STATUS_OK)
		return status;
	if (ready != NULL)
		virtio_driver_begin(&channel->driver, ready, ctx);
	status = virtio_queue_begin(device, &channel->queue, 0, VIRTQUEUE_SIZE_MAX);
	if (status != STATUS_OK)
		return status;
	virtqueue_hush(&channel->queue.ring);
	virtio_driver_go(&channel->driver);
	return STATUS_OK;
}

status_t hal_ninep_start(struct hal_ninep *channel, void (*ready)(void *ctx), void *ctx)
{
	if (channel->driver.state == VIRTIO_DRIVER_RUNNING || channel->queue.ring.in_flight > 0)
		return STATUS_EBUSY;
	return start(channel, ready, ctx);
}

status_t hal_ninep_start_at_panic(struct hal_ninep *channel)
{
	virtio_driver_forget(&channel->driver);
	return start(channel, NULL, NULL);
}

void hal_ninep_stop(struct hal_ninep *channel)
{
	virtio_driver_stop(&channel->driver);
}

void hal_ninep_break(struct hal_ninep *channel, const char *why)
{
	if (channel->driver.state == VIRTIO_DRIVER_RUNNING)
		virtio_driver_break(&channel->driver, why);
}

bool hal_ninep_is_broken(struct hal_ninep *channel)
{
	(void)virtio_driver_runs(&channel->driver);
	return channel->driver.state == VIRTIO_DRIVER_BROKEN;
}

bool hal_ninep_reaches(const void *data, uint32_t len)
{
	uint64_t pa;

	return virtio_memory_pa(data, len, &pa);
}

status_t hal_ninep_submit(struct hal_ninep *channel, const struct hal_ninep_request *request)
{
	struct virtqueue_piece pieces[HAL_NINEP_PIECES_MAX];
	struct ninep_record *record = channel->free;
	unsigned count = request->readable + request->writable;
	status_t status;

	if (!virtio_driver_runs(&channel->driver))
		return STATUS_EIO;
	if (record == NULL)
		return STATUS_EAGAIN;
	if (count > HAL_NINEP_PIECES_MAX)
		return STATUS_EINVAL;
	for (unsigned i = 0; i < count; i++) {
		pieces[i].bytes = request->pieces[i].len;
		if (!virtio_memory_pa(request->pieces[i].data, request->pieces[i].len, &pieces[i].address))
			return STATUS_EINVAL;
	}
	status = virtqueue_add(&channel->queue.ring, &(struct virtqueue_chain){
		.pieces = pieces,
		.readable = request->readable,
		.writable = request->writable,
		.token = record,
		.table = channel->driver.device->features & VIRTIO_F_INDIRECT_DESC ? record->table->descriptors : NULL,
		.table_address = hal_direct_pa(record->table),
	});
	if (status != STATUS_OK)
		return status;
	channel->free = record->next_free;
	record->token = request->token;
	return STATUS_OK;
}

void hal_ninep_kick(struct hal_ninep *channel)
{
	if (channel->driver.state == VIRTIO_DRIVER_RUNNING)
		virtio_queue_publish(channel->driver.device, &channel->queue);
}

bool hal_ninep_done(struct hal_ninep *channel, void **token, uint32_t *bytes, status_t *status)
{
	struct virtqueue_done done = { 0 };
	struct ninep_record *record = NULL;
	void *reclaimed;

	*status = STATUS_OK;
	if (virtio_driver_runs(&channel->driver)) {
		status_t taken = virtqueue_take(&channel->queue.ring, &done);

		if (taken == STATUS_EAGAIN)
			return false;
		if (taken == STATUS_OK)
			record = done.token;
		else
			hal_ninep_break(channel, channel->queue.ring.why);
	}
	if (record == NULL) { /* it does not run; a device that has not ended its reset may still write to what it was given */
		if (channel->queue.ring.in_flight == 0 || channel->driver.device->transport->status_read(channel->driver.device) != 0 ||
		    !virtqueue_reclaim(&channel->queue.ring, &reclaimed))
			return false;
		record = reclaimed;
		*status = STATUS_ECANCELED;
	}
	*token = record->token;
	*bytes = done.bytes;
	record->next_free = channel->free;
	channel->free = record;
	return true;
}

bool hal_ninep_listen(struct hal_ninep *channel, bool interrupts)
{
	if (channel->driver.state != VIRTIO_DRIVER_RUNNING)
		return channel->queue.ring.in_flight > 0;
	if (!virtio_driver_listen(&channel->driver, interrupts))
		return true;
	if (!interrupts)
		virtqueue_hush(&channel->queue.ring); /* before the device hears of requests, so that it does not interrupt for them */
	hal_ninep_kick(channel);
	return interrupts && virtqueue_listen(&channel->queue.ring, 0);
}
