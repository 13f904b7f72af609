// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A network device as an interface of lwIP. Received frames go up in the driver's own buffers, which come back when lwIP, or whoever
 * holds the data, lets go of them; small ones, and all of them where few buffers are left, are copied. Context: the network fiber.
 */
#ifndef KERNEL_IO_NET_DEVICE_H
#define KERNEL_IO_NET_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <lwip/netif.h>

#include "hal/contract/net.h"
#include "kernel/io/net/transmit.h"
#include "lib/status.h"

struct net_device_counters {
	uint64_t received; /* frames given to lwIP */
	uint64_t copied;   /* pieces of them */
	uint64_t dropped;  /* frames for which there was no memory */
	uint64_t restarts; /* after the device broke the rules */
};

struct net_device {
	struct hal_net *hal;
	struct hal_net_info info;
	void (*ready)(void *ctx);
	void *ctx;
	struct netif netif;
	struct net_transmit transmit;
	unsigned held;        /* received buffers that somebody holds */
	struct pbuf *partial; /* the pieces of a frame that is not complete */
	bool partial_good;    /* its checksums are */
	bool partial_lost;    /* a piece had no memory: the frame is dropped when it is complete */
	uint16_t checks;      /* of lwIP's flags: what it looks at where the device does not vouch */
	uint64_t restart_ns;  /* when to try again */
	struct net_device_counters counters;
};

/*
 * Starts the device and adds it to lwIP, up if its link is. `ready(ctx)` is called in interrupt context. Addresses are the caller's
 * business. Returns what hal_net_start() does.
 */
MUST_CHECK status_t net_device_start(struct net_device *device, struct hal_net *hal, void (*ready)(void *ctx), void *ctx);

/* Gives up to `most` received frames to lwIP; the number. */
unsigned net_device_receive(struct net_device *device, unsigned most);

/* What is to be done now and then, before going to sleep: the link, a device that broke. When to look again at the latest. */
uint64_t net_device_look_after(struct net_device *device, uint64_t now_ns);

#endif
