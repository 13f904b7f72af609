// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A network device for hal/virtio/net*.c on the host: what hal/virtio/device.c would do, with a model of the device at the other end
 * of each queue. "Physical" addresses are the host's own, moved as the direct map moves them.
 */
#ifndef TESTS_UNIT_HAL_VIRTIO_NET_DEVICE_H
#define TESTS_UNIT_HAL_VIRTIO_NET_DEVICE_H

#include <stdlib.h>
#include <string.h>

#include "hal/arm64/tables.h"
#include "hal/virtio/net.h"
#include "tests/unit/lib/virtqueue_device.h"

enum { PAGES_MAX = 128 };

static struct {
	struct virtio_device device;
	struct hal_net *net;
	struct model queues[2];
	uint64_t offers;
	uint16_t queue_size;
	uint8_t config[12];
	bool needs_reset;
	bool ends_reset;
	bool runs;
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

struct virtio_device *virtio_find(uint32_t type, unsigned index)
{
	return type == VIRTIO_TYPE_NET && index == 0 ? &fake.device : NULL;
}

void virtio_report(const struct virtio_device *device, bool problem, const char *text)
{
	(void)device;
	(void)problem;
	fake.reports++;
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
	device->features = fake.offers & (wanted | VIRTIO_F_VERSION_1);
	atomic_store(&device->config_changed, false);
	fake.runs = false;
	return STATUS_OK;
}

status_t virtio_queue_begin(struct virtio_device *device, struct virtio_queue *queue, uint16_t index, uint16_t limit)
{
	struct model *model = &fake.queues[index];
	uint16_t size = limit < fake.queue_size ? limit : fake.queue_size;

	if (model->descriptors != NULL)
		model_free(model);
	model_init(model, size, device->features & VIRTIO_F_EVENT_IDX);
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
	if (offset + bytes > sizeof(fake.config))
		return false;
	memcpy(to, fake.config + offset, bytes);
	return true;
}

uint64_t tables_image_pa(const void *va)
{
	return hal_direct_pa(va);
}

static void fake_ready(void *ctx)
{
	(*(unsigned *)ctx)++;
}

/* A device that keeps the rules and offers everything, found and not started. */
static struct hal_net *fake_begin(void)
{
	static const struct virtio_transport transport = { .features_read = fake_features };
	static struct hal_device_services services;
	static const uint8_t config[12] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0, 0, 0, 0xdc, 5 };

	memset(&fake, 0, sizeof(fake));
	services.pages.alloc = fake_page;
	virtio_services = &services;
	fake.device.transport = &transport;
	fake.offers = UINT64_MAX;
	fake.queue_size = 256;
	fake.page_limit = PAGES_MAX;
	fake.ends_reset = true;
	memcpy(fake.config, config, sizeof(config));
	fake.net = hal_net_at(0);
	return fake.net;
}

static bool fake_start(void)
{
	return hal_net_start(fake.net, fake_ready, &fake.readies) == STATUS_OK;
}

static void fake_end(void)
{
	for (unsigned i = 0; i < 2; i++)
		model_free(&fake.queues[i]);
	for (unsigned i = 0; i < fake.page_count; i++)
		free(fake.pages[i]);
}

static unsigned fake_posted(void)
{
	return (uint16_t)(atomic_load(&fake.queues[0].available->index) - fake.queues[0].seen_available);
}

/* Fills the next receive buffer with `bytes` of `data` and says that it wrote `says`. */
static void fake_fill(const void *data, size_t bytes, uint32_t says)
{
	struct model_chain chain = model_fetch(&fake.queues[0]);

	memcpy(hal_direct_va(chain.pieces[0].address), data, bytes);
	model_finish(&fake.queues[0], &chain, says);
}

/* A frame of `bytes` in one buffer, each byte of it `byte`. */
static void fake_deliver(struct net_header header, uint8_t byte, uint32_t bytes)
{
	uint8_t data[HAL_NET_BUFFER_BYTES];

	memset(data, byte, sizeof(data));
	memcpy(data, &header, sizeof(header));
	fake_fill(data, sizeof(header) + bytes, (uint32_t)sizeof(header) + bytes);
}

#endif
