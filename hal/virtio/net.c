// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Network devices: finding, starting and stopping them. Spec: virtio 1.2 §5.1 "Network Device". */
#include "hal/virtio/net.h"

#include "hal/virtio/memory.h"
#include "lib/bits.h"
#include "lib/string.h"

#define QUEUE_RECEIVE 0
#define QUEUE_SEND 1

/* Offsets in the device's configuration (§5.1.4). */
#define CONFIG_MAC 0u
#define CONFIG_STATUS 6u
#define CONFIG_MTU 10u
#define STATUS_LINK_UP 1u

#define MTU_DEFAULT 1500u
#define MTU_MIN 68u /* RFC 791 */

#define NET_WANTED                                                                                                                 \
	(VIRTIO_F_EVENT_IDX | NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_MTU | NET_F_MAC | NET_F_HOST_TSO4 | NET_F_HOST_TSO6 | NET_F_MRG_RXBUF | \
	 NET_F_STATUS)

unsigned hal_net_count(void)
{
	return virtio_count(VIRTIO_TYPE_NET);
}

/* An address that no other machine has by design: locally administered, and told apart by where the device is. */
static void mac_invent(struct hal_net *net)
{
	uint64_t address = net->driver.device->address;
	const uint8_t mac[6] = { 0x02, 0x52, 0x75, (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint8_t)address };

	memcpy(net->mac, mac, sizeof(mac));
}

/* What the device says of itself. It may be asked before it is started: features that tell what is valid are read as they are offered. */
static void config_read(struct hal_net *net, uint64_t features)
{
	uint16_t status = STATUS_LINK_UP;
	uint16_t mtu = MTU_DEFAULT;

	if (!(features & NET_F_MAC) || !virtio_config_read(net->driver.device, CONFIG_MAC, net->mac, sizeof(net->mac)) || (net->mac[0] & 1))
		mac_invent(net);
	if (features & NET_F_STATUS)
		(void)virtio_config_read(net->driver.device, CONFIG_STATUS, &status, sizeof(status));
	if (features & NET_F_MTU)
		(void)virtio_config_read(net->driver.device, CONFIG_MTU, &mtu, sizeof(mtu));
	net->link = status & STATUS_LINK_UP;
	net->mtu = mtu < MTU_MIN || (mtu > MTU_DEFAULT && !(features & NET_F_MRG_RXBUF)) ? MTU_DEFAULT : mtu;
}

static void config_changed(struct virtio_driver *driver)
{
	config_read((struct hal_net *)driver, driver->device->features);
}

static void ended(struct virtio_driver *driver)
{
	net_receive_reclaim((struct hal_net *)driver);
}

static void found(struct virtio_driver *driver)
{
	driver->changed = config_changed;
	driver->ended = ended;
	config_read((struct hal_net *)driver, driver->device->transport->features_read(driver->device));
}

struct hal_net *hal_net_at(unsigned index)
{
	return (struct hal_net *)virtio_driver_at(VIRTIO_TYPE_NET, index, found);
}

void hal_net_info(const struct hal_net *net, struct hal_net_info *out)
{
	uint64_t features = net->driver.state == VIRTIO_DRIVER_RUNNING ? net->driver.device->features : 0;

	*out = (struct hal_net_info){
		.mtu = net->mtu,
		.tx_checksum = features & NET_F_CSUM,
		.rx_checksum = features & NET_F_GUEST_CSUM,
		.tso4 = (features & NET_F_CSUM) && (features & NET_F_HOST_TSO4),
		.tso6 = (features & NET_F_CSUM) && (features & NET_F_HOST_TSO6),
		.buffers = net->buffer_count,
	};
	memcpy(out->mac, net->mac, sizeof(out->mac));
}

/* Memory for headers and buffers, once; a few buffers do where memory is short. */
static bool memory_take(struct hal_net *net)
{
	uint64_t pa;

	if (net->headers == NULL) {
		pa = virtio_page_take();
		if (pa == 0)
			return false;
		net->headers = hal_direct_va(pa);
	}
	while (net->buffer_count < NET_BUFFERS && (pa = virtio_page_take()) != 0)
		for (unsigned at = 0; at < HAL_PAGE_BYTES; at += HAL_NET_BUFFER_BYTES)
			net->buffers[net->buffer_count++].data = (uint8_t *)hal_direct_va(pa) + at;
	return net->buffer_count >= NET_BUFFERS_MIN;
}

static status_t queues_begin(struct hal_net *net)
{
	status_t status = virtio_queue_begin(net->driver.device, &net->receive, QUEUE_RECEIVE, NET_BUFFERS);

	if (status == STATUS_OK)
		status = virtio_queue_begin(net->driver.device, &net->send, QUEUE_SEND, VIRTQUEUE_SIZE_MAX);
	if (status != STATUS_OK)
		return status;
	virtqueue_hush(&net->receive.ring);
	virtqueue_hush(&net->send.ring);
	return STATUS_OK;
}

status_t hal_net_start(struct hal_net *net, void (*ready)(void *ctx), void *ctx)
{
	struct virtio_device *device = net->driver.device;
	status_t status;

	if (net->driver.state == VIRTIO_DRIVER_RUNNING || net->send.ring.in_flight > 0)
		return STATUS_EBUSY;
	if (!memory_take(net))
		return STATUS_ENOMEM;
	status = virtio_begin(device, NET_WANTED);
	if (status != STATUS_OK)
		return status;
	net_receive_reclaim(net); /* where the reset that ended the last run did not come to an end */
	virtio_driver_begin(&net->driver, ready, ctx);
	status = queues_begin(net);
	if (status != STATUS_OK)
		return status;
	net->full = false;
	net->pieces_left = 0;
	config_read(net, device->features);
	virtio_driver_go(&net->driver);
	net_receive_fill(net);
	return STATUS_OK;
}

void hal_net_stop(struct hal_net *net)
{
	virtio_driver_stop(&net->driver);
}

bool hal_net_link(struct hal_net *net)
{
	return virtio_driver_runs(&net->driver) && net->link;
}

bool hal_net_is_broken(struct hal_net *net)
{
	(void)virtio_driver_runs(&net->driver);
	return net->driver.state == VIRTIO_DRIVER_BROKEN;
}

bool hal_net_listen(struct hal_net *net, bool interrupts)
{
	bool link = net->link;
	bool something;

	if (net->driver.state != VIRTIO_DRIVER_RUNNING)
		return net->driver.state == VIRTIO_DRIVER_BROKEN;
	if (!virtio_driver_listen(&net->driver, interrupts))
		return true;
	hal_net_kick(net);
	if (!interrupts) {
		virtqueue_hush(&net->receive.ring);
		virtqueue_hush(&net->send.ring);
		return false;
	}
	something = net->link != link;
	something |= virtqueue_listen(&net->receive.ring, 0);
	if (net->full) /* half of the room is worth an interrupt, the first of it is not */
		something |= virtqueue_listen(&net->send.ring, net->send.ring.in_flight / 2);
	return something;
}

void hal_net_kick(struct hal_net *net)
{
	if (net->driver.state != VIRTIO_DRIVER_RUNNING)
		return;
	virtio_queue_publish(net->driver.device, &net->send);
	virtio_queue_publish(net->driver.device, &net->receive);
}
