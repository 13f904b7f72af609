// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the parts of the network driver share: starting (net.c), receiving (net_receive.c), sending (net_send.c). */
#ifndef HAL_VIRTIO_NET_H
#define HAL_VIRTIO_NET_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/contract/memory.h"
#include "hal/contract/net.h"
#include "hal/virtio/driver.h"

/* Feature bits. Spec: virtio 1.2 §5.1.3. */
#define NET_F_CSUM (1ull << 0)
#define NET_F_GUEST_CSUM (1ull << 1)
#define NET_F_MTU (1ull << 3)
#define NET_F_MAC (1ull << 5)
#define NET_F_HOST_TSO4 (1ull << 11)
#define NET_F_HOST_TSO6 (1ull << 12)
#define NET_F_MRG_RXBUF (1ull << 15)
#define NET_F_STATUS (1ull << 16)

/* struct virtio_net_hdr, in front of every frame. Spec: §5.1.6. */
struct net_header {
	uint8_t flags;
	uint8_t segmentation;
	uint16_t header_bytes;
	uint16_t segment_bytes;
	uint16_t checksum_start;
	uint16_t checksum_offset;
	uint16_t buffers; /* of a received frame */
};

static_assert(sizeof(struct net_header) == 12 && offsetof(struct net_header, buffers) == 10, "virtio 1.2 §5.1.6");

#define NET_HDR_NEEDS_CHECKSUM 1u
#define NET_HDR_DATA_VALID 2u
#define NET_HDR_TCPV4 1u
#define NET_HDR_TCPV6 4u

enum {
	NET_BUFFERS = 128,
	NET_BUFFERS_MIN = 8,
	NET_FRAME_MIN = 14, /* an Ethernet header */
	NET_HEADER_SPACE = 16,
};

enum net_buffer_state {
	NET_BUFFER_OURS,
	NET_BUFFER_POSTED, /* the device's */
	NET_BUFFER_HELD,   /* whoever received it */
};

/* A buffer for received frames: half a page. Its address is the token. */
struct net_buffer {
	uint8_t *data;
	enum net_buffer_state state;
};

struct hal_net {
	struct virtio_driver driver;
	bool full;                  /* a send did not fit, and nothing has been taken back since */
	bool link;
	uint8_t mac[6];
	uint16_t mtu;
	uint16_t pieces_left;       /* of a frame that is being received */
	struct virtio_queue receive, send;
	struct net_header *headers; /* NET_HEADER_SPACE bytes a descriptor of `send`; a page */
	unsigned buffer_count;
	struct net_buffer buffers[NET_BUFFERS];
};

static_assert(sizeof(struct hal_net) <= HAL_PAGE_BYTES && offsetof(struct hal_net, driver) == 0, "it lives in a page");
static_assert(NET_HEADER_SPACE * VIRTQUEUE_SIZE_MAX <= HAL_PAGE_BYTES, "a header for each descriptor in a page");
static_assert(NET_BUFFERS <= VIRTQUEUE_SIZE_MAX && HAL_PAGE_BYTES % HAL_NET_BUFFER_BYTES == 0, "all can be posted");

/* Posts every buffer that is ours. */
void net_receive_fill(struct hal_net *net);

/* Takes back what the device had; it has been reset. */
void net_receive_reclaim(struct hal_net *net);

#endif
