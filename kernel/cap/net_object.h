// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The objects of the network: interfaces net, listener, stream, datagram. */
#ifndef KERNEL_CAP_NET_OBJECT_H
#define KERNEL_CAP_NET_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/cap/object.h"
#include "kernel/io/net/policy.h"
#include "lib/status.h"

struct net_datagram;
struct net_endpoint;
struct net_listener;
struct net_stream;

struct net_object {
	struct object object;
	struct net_policy policy;
};

/*
 * The network as `policy` allows it, for one process: what the manifest grants, after net_start(). STATUS_ENOMEM. The caller holds it.
 */
MUST_CHECK status_t net_object_create(const struct net_policy *policy, struct object **out);

/* Objects for what the network has made, which is theirs from then on. NULL where memory is out: it is still the caller's. */
struct object *listener_object_create(struct net_listener *listener);
struct object *stream_object_create(struct net_stream *stream);
struct object *datagram_object_create(struct net_datagram *datagram, struct net_object *net);

/* From and to what submissions and results say. False for a family that is none. */
bool net_endpoint_read(const uint8_t address[16], uint16_t family, uint16_t port, struct net_endpoint *out);
void net_endpoint_write(const struct net_endpoint *endpoint, uint8_t address[16], uint16_t *family, uint16_t *port);

#endif
