// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A network device for hal/virtio/net*.c on the host: queue 0 receives, queue 1 sends. */
#ifndef TESTS_UNIT_HAL_VIRTIO_NET_DEVICE_H
#define TESTS_UNIT_HAL_VIRTIO_NET_DEVICE_H

#include "hal/virtio/net.h"
#include "tests/unit/hal/virtio/device_model.h"

static struct hal_net *fake_net;

/* A device that keeps the rules and offers everything, found and not started. */
static struct hal_net *fake_begin(void)
{
	static const uint8_t config[12] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0, 0, 0, 0xdc, 5 };

	fake_device(VIRTIO_TYPE_NET, config, sizeof(config));
	fake_net = hal_net_at(0);
	return fake_net;
}

static bool fake_start(void)
{
	return hal_net_start(fake_net, fake_ready, &fake.readies) == STATUS_OK;
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
