// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Whom something came from last: a process may answer whoever has sent it something, whatever its manifest says of others. Pure.
 */
#ifndef KERNEL_IO_NET_PEERS_H
#define KERNEL_IO_NET_PEERS_H

#include <stdbool.h>

#include "kernel/io/net/stream.h"

enum { NET_PEERS = 64 };

struct net_peers {
	struct net_endpoint last[NET_PEERS]; /* a ring */
	unsigned count;
};

static inline bool net_endpoint_equal(const struct net_endpoint *a, const struct net_endpoint *b)
{
	return a->port == b->port && net_address_equal(&a->address, &b->address);
}

static inline bool net_peers_has(const struct net_peers *peers, const struct net_endpoint *endpoint)
{
	for (unsigned i = 0; i < peers->count && i < NET_PEERS; i++)
		if (net_endpoint_equal(&peers->last[i], endpoint))
			return true;
	return false;
}

static inline void net_peers_note(struct net_peers *peers, const struct net_endpoint *endpoint)
{
	if (!net_peers_has(peers, endpoint))
		peers->last[peers->count++ % NET_PEERS] = *endpoint;
}

#endif
