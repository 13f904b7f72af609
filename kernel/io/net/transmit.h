// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Frames on their way from lwIP to the device. Nothing is copied: lwIP's buffers are held until the device is done with them. Where the
 * device cuts up large segments itself, segments that follow each other are handed to it as one, which lwIP need not know of. Context: the
 * network fiber.
 */
#ifndef KERNEL_IO_NET_TRANSMIT_H
#define KERNEL_IO_NET_TRANSMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/net.h"
#include "lib/list.h"
#include "lib/status.h"

struct pbuf;

struct net_transmit_counters {
	uint64_t frames;   /* from lwIP */
	uint64_t sent;     /* given to the device */
	uint64_t merged;   /* frames that went as part of a large one */
	uint64_t dropped;  /* no memory, no room, or refused by the device */
	uint64_t waited;   /* times the device's queue was full */
};

struct net_transmit {
	struct hal_net *device;
	bool checksum, large4, large6;
	struct net_batch *open;   /* may still grow; not in `waiting` */
	struct list_node waiting; /* for room in the device, in order */
	unsigned waiting_count;
	bool kick;
	struct net_transmit_counters counters;
};

/* For a device that has been started. */
void net_transmit_init(struct net_transmit *transmit, struct hal_net *device, const struct hal_net_info *info);

/* Takes a frame, of which it holds a reference from now on. STATUS_ENOMEM where it is dropped. */
MUST_CHECK status_t net_transmit_frame(struct net_transmit *transmit, struct pbuf *frame);

/* Lets go of what the device is done with. */
void net_transmit_reclaim(struct net_transmit *transmit);

/* Hands everything to the device that it has room for, and tells it. */
void net_transmit_flush(struct net_transmit *transmit);

/* Drops what waits: the device is going to be started anew. */
void net_transmit_reset(struct net_transmit *transmit);

#endif
