// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sending: each frame is a header of ours and the caller's pieces, as they lie. */
#include "hal/virtio/memory.h"
#include "hal/virtio/net.h"

#define FRAME_BYTES_MAX (65535u + 14 + 4) /* the largest IP packet, an Ethernet header and a tag */

static status_t offload_judge(const struct hal_net *net, const struct hal_net_offload *offload, uint32_t bytes)
{
	uint64_t needed = offload->checksum ? NET_F_CSUM : 0;

	if (offload->segment_bytes != 0)
		needed |= offload->ipv6 ? NET_F_HOST_TSO6 : NET_F_HOST_TSO4;
	if ((net->driver.device->features & needed) != needed)
		return STATUS_ENOTSUP;
	if (offload->checksum && (uint32_t)offload->checksum_start + offload->checksum_offset + sizeof(uint16_t) > bytes)
		return STATUS_EINVAL;
	if (offload->segment_bytes != 0 && (!offload->checksum || offload->header_bytes == 0 || offload->header_bytes > bytes))
		return STATUS_EINVAL;
	return STATUS_OK;
}

static void header_fill(struct net_header *header, const struct hal_net_offload *offload)
{
	*header = (struct net_header){ 0 };
	if (offload == NULL)
		return;
	if (offload->checksum) {
		header->flags = NET_HDR_NEEDS_CHECKSUM;
		header->checksum_start = offload->checksum_start;
		header->checksum_offset = offload->checksum_offset;
	}
	if (offload->segment_bytes != 0) {
		header->segmentation = offload->ipv6 ? NET_HDR_TCPV6 : NET_HDR_TCPV4;
		header->segment_bytes = offload->segment_bytes;
		header->header_bytes = offload->header_bytes;
	}
}

status_t hal_net_send(struct hal_net *net, const struct hal_net_piece *pieces, unsigned count, const struct hal_net_offload *offload,
		      void *token)
{
	struct virtqueue_piece all[HAL_NET_PIECES_MAX + 1];
	struct virtqueue_chain chain = { .pieces = all, .readable = count + 1, .token = token };
	struct net_header *header;
	uint32_t bytes = 0;
	status_t status;

	static_assert(HAL_NET_PIECES_MAX + 1 <= VIRTQUEUE_PIECES_MAX, "a header in front");
	if (net->driver.state != VIRTIO_DRIVER_RUNNING)
		return STATUS_EIO;
	if (count == 0 || count > HAL_NET_PIECES_MAX || token == NULL)
		return STATUS_EINVAL;
	for (unsigned i = 0; i < count; i++) {
		if (pieces[i].len == 0 || pieces[i].len > FRAME_BYTES_MAX ||
		    !virtio_memory_pa(pieces[i].data, pieces[i].len, &all[i + 1].address))
			return STATUS_EINVAL;
		all[i + 1].bytes = pieces[i].len;
		bytes += pieces[i].len;
	}
	if (bytes < NET_FRAME_MIN || bytes > FRAME_BYTES_MAX)
		return STATUS_EINVAL;
	status = offload == NULL ? STATUS_OK : offload_judge(net, offload, bytes);
	if (status != STATUS_OK)
		return status;
	if (count + 1 > net->send.ring.free_count) {
		net->full = true;
		return count + 1 > net->send.ring.size ? STATUS_EINVAL : STATUS_EAGAIN;
	}
	/* The header of the chain's first descriptor: nobody else's while the chain is in flight. */
	header = (struct net_header *)(void *)((uint8_t *)net->headers + NET_HEADER_SPACE * virtqueue_next_head(&net->send.ring));
	header_fill(header, offload);
	all[0] = (struct virtqueue_piece){ hal_direct_pa(header), sizeof(*header) };
	return virtqueue_add(&net->send.ring, &chain);
}

bool hal_net_sent(struct hal_net *net, void **token)
{
	struct virtqueue_done done;
	status_t status;

	if (net->driver.state == VIRTIO_DRIVER_RUNNING) {
		status = virtqueue_take(&net->send.ring, &done);
		if (status == STATUS_OK) {
			net->full = false;
			*token = done.token;
			return true;
		}
		if (status == STATUS_EAGAIN)
			return false;
		virtio_driver_break(&net->driver, net->send.ring.why);
	}
	return virtqueue_reclaim(&net->send.ring, token); /* the device has been reset */
}
