// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Receiving. A frame is in one buffer, or in several, the first of which says in how many (virtio 1.2 §5.1.6.4). */
#include "hal/virtio/net.h"
#include "lib/string.h"

enum { PUBLISH_MAX = 32 }; /* buffers given back that the device does not know of yet */

static void buffer_post(struct hal_net *net, struct net_buffer *buffer)
{
	struct virtqueue_piece piece = { hal_direct_pa(buffer->data), HAL_NET_BUFFER_BYTES };
	struct virtqueue_chain chain = { .pieces = &piece, .writable = 1, .token = buffer };

	buffer->state = NET_BUFFER_OURS;
	if (net->driver.state == VIRTIO_DRIVER_RUNNING && virtqueue_add(&net->receive.ring, &chain) == STATUS_OK)
		buffer->state = NET_BUFFER_POSTED;
}

void net_receive_fill(struct hal_net *net)
{
	for (unsigned i = 0; i < net->buffer_count; i++)
		if (net->buffers[i].state == NET_BUFFER_OURS)
			buffer_post(net, &net->buffers[i]);
	virtio_queue_publish(net->driver.device, &net->receive);
}

void net_receive_reclaim(struct hal_net *net)
{
	void *token;

	while (virtqueue_reclaim(&net->receive.ring, &token))
		((struct net_buffer *)token)->state = NET_BUFFER_OURS;
}

/* Judges the header at the front of a frame's first buffer. False where the device broke the rules. */
static bool header_take(struct hal_net *net, struct net_buffer *buffer, uint32_t bytes, struct hal_net_frame *out)
{
	bool checksums = net->driver.device->features & NET_F_GUEST_CSUM;
	struct net_header header;

	if (bytes < sizeof(header)) {
		virtio_driver_break(&net->driver, "gave a frame without its header: reset");
		return false;
	}
	memcpy(&header, buffer->data, sizeof(header)); /* once: the device may write there again */
	__asm__ volatile("" ::"r"(&header) : "memory");
	if (!(net->driver.device->features & NET_F_MRG_RXBUF))
		header.buffers = 1;
	if (header.buffers == 0 || header.buffers > net->receive.ring.in_flight + 1) {
		virtio_driver_break(&net->driver, "gave a frame of more buffers than it has: reset");
		return false;
	}
	net->pieces_left = (uint16_t)(header.buffers - 1);
	*out = (struct hal_net_frame){
		.data = buffer->data + sizeof(header),
		.len = bytes - (uint32_t)sizeof(header),
		.checksum_good = checksums && header.flags & (NET_HDR_NEEDS_CHECKSUM | NET_HDR_DATA_VALID), /* its own, or looked at */
		.more = net->pieces_left > 0,
		.token = buffer,
	};
	return true;
}

/* The next buffer that the device has filled; NULL where there is none. */
static struct net_buffer *buffer_take(struct hal_net *net, uint32_t *bytes)
{
	struct virtqueue_done done;
	struct net_buffer *buffer;
	status_t status = virtqueue_take(&net->receive.ring, &done);

	if (status == STATUS_OK) {
		buffer = done.token;
		buffer->state = NET_BUFFER_OURS;
		*bytes = done.bytes;
		return buffer;
	}
	if (status == STATUS_EIO)
		virtio_driver_break(&net->driver, net->receive.ring.why);
	else
		virtio_queue_publish(net->driver.device, &net->receive);
	return NULL;
}

bool hal_net_receive(struct hal_net *net, struct hal_net_frame *out)
{
	struct net_buffer *buffer;
	uint32_t bytes;

	if (!virtio_driver_runs(&net->driver))
		return false;
	while ((buffer = buffer_take(net, &bytes)) != NULL) {
		if (net->pieces_left > 0) {
			net->pieces_left--;
			*out = (struct hal_net_frame){ .data = buffer->data, .len = bytes, .more = net->pieces_left > 0, .token = buffer };
		} else if (!header_take(net, buffer, bytes, out)) {
			return false;
		} else if (out->len < NET_FRAME_MIN && !out->more) {
			buffer_post(net, buffer); /* no frame: dropped */
			continue;
		}
		buffer->state = NET_BUFFER_HELD;
		return true;
	}
	return false;
}

void hal_net_release(struct hal_net *net, void *token)
{
	struct net_buffer *buffer = token;

	if (buffer->state != NET_BUFFER_HELD)
		return;
	buffer_post(net, buffer);
	if (net->driver.state == VIRTIO_DRIVER_RUNNING && (uint16_t)(net->receive.ring.next_available - net->receive.ring.published) >= PUBLISH_MAX)
		virtio_queue_publish(net->driver.device, &net->receive);
}
