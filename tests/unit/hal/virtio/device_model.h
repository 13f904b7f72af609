// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A virtio device for drivers on the host: what hal/virtio/device.c would do, with a model of the device at the other end of each
 * queue. "Physical" addresses are the host's own, moved as the direct map moves them.
 */
#ifndef TESTS_UNIT_HAL_VIRTIO_DEVICE_MODEL_H
#define TESTS_UNIT_HAL_VIRTIO_DEVICE_MODEL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/arm64/tables.h"
#include "hal/virtio/device.h"
#include "tests/unit/lib/virtqueue_device.h"

enum { PAGES_MAX = 128, FAKE_QUEUES = 2 };

static struct {
	struct virtio_device device;
	struct model queues[FAKE_QUEUES];
	uint64_t offers;
	uint16_t queue_size;
	uint8_t config[64];
	uint32_t config_bytes;
	bool needs_reset;
	bool ends_reset;
	bool runs;
	status_t begins;                     /* what beginning with it comes to */
	status_t queue_begins[FAKE_QUEUES]; /* or one of its queues */
	unsigned resets, reports, readies, notified;
	char reported[128];
	void *pages[PAGES_MAX];
	unsigned page_count, page_limit;
} fake;

const struct hal_device_services *virtio_services;

static uint64_t fake_page(void *ctx)
{
	(void)ctx;
	if (fake.page_count == fake.page_limit)
		return 0;
	fake.pages[fake.page_count] = aligned_alloc(HAL_PAGE_BYTES, HAL_PAGE_BYTES);
	return hal_direct_pa(fake.pages[fake.page_count++]);
}

static uint64_t fake_features(const struct virtio_device *device)
{
	(void)device;
	return fake.offers;
}

static uint8_t fake_status(const struct virtio_device *device)
{
	(void)device;
	return fake.ends_reset ? 0 : VIRTIO_STATUS_DRIVER_OK;
}

struct virtio_device *virtio_find(uint32_t type, unsigned index)
{
	return type == fake.device.type && index == 0 ? &fake.device : NULL;
}

void virtio_report(const struct virtio_device *device, bool problem, const char *text)
{
	fake.reports += device == &fake.device && problem;
	snprintf(fake.reported, sizeof(fake.reported), "%s", text);
}

bool virtio_reset(const struct virtio_device *device)
{
	(void)device;
	fake.resets++;
	fake.runs = false;
	return fake.ends_reset;
}

status_t virtio_begin(struct virtio_device *device, uint64_t wanted)
{
	if (fake.begins != STATUS_OK)
		return fake.begins;
	device->features = fake.offers & (wanted | VIRTIO_F_VERSION_1);
	atomic_store(&device->config_changed, false);
	fake.runs = false;
	return STATUS_OK;
}

status_t virtio_queue_begin(struct virtio_device *device, struct virtio_queue *queue, uint16_t index, uint16_t limit)
{
	struct model *model = &fake.queues[index];
	uint16_t size = limit < fake.queue_size ? limit : fake.queue_size;

	if (fake.queue_begins[index] != STATUS_OK)
		return fake.queue_begins[index];
	if (model->descriptors != NULL)
		model_free(model);
	model_init(model, size, device->features & VIRTIO_F_EVENT_IDX);
	model->moved = HAL_DIRECT_BASE;
	queue->index = index;
	virtqueue_init(&queue->ring, size, model->descriptors, model->available, model->used, model->slots, model->event_index);
	return STATUS_OK;
}

void virtio_go(struct virtio_device *device)
{
	(void)device;
	fake.runs = true;
}

void virtio_queue_show(const struct virtio_device *device, struct virtio_queue *queue)
{
	(void)device;
	fake.notified += virtqueue_publish(&queue->ring);
}

void virtio_interrupts_begin(struct virtio_device *device)
{
	(void)device;
}

status_t virtio_config_check(struct virtio_device *device, bool *changed)
{
	*changed = atomic_exchange(&device->config_changed, false);
	return *changed && fake.needs_reset ? STATUS_EIO : STATUS_OK;
}

bool virtio_config_read(const struct virtio_device *device, uint32_t offset, void *to, uint32_t bytes)
{
	(void)device;
	if (offset + bytes > fake.config_bytes)
		return false;
	memcpy(to, fake.config + offset, bytes);
	return true;
}

uint64_t tables_image_pa(const void *va)
{
	return hal_direct_pa(va);
}

static inline void fake_ready(void *ctx)
{
	(*(unsigned *)ctx)++;
}

/* A device of `type` that keeps the rules and offers everything. */
static void fake_device(uint32_t type, const void *config, uint32_t config_bytes)
{
	static const struct virtio_transport transport = { .features_read = fake_features, .status_read = fake_status };
	static struct hal_device_services services;

	memset(&fake, 0, sizeof(fake));
	services.pages.alloc = fake_page;
	virtio_services = &services;
	fake.device.transport = &transport;
	fake.device.type = type;
	fake.offers = UINT64_MAX;
	fake.queue_size = 256;
	fake.page_limit = PAGES_MAX;
	fake.ends_reset = true;
	fake.config_bytes = config_bytes;
	memcpy(fake.config, config, config_bytes);
}

static void fake_end(void)
{
	for (unsigned i = 0; i < FAKE_QUEUES; i++)
		if (fake.queues[i].descriptors != NULL)
			model_free(&fake.queues[i]);
	for (unsigned i = 0; i < fake.page_count; i++)
		free(fake.pages[i]);
}

#endif
