// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Local addresses and ports of TCP that are taken before anybody listens at them or connects from them. Context: the network fiber. */
#ifndef KERNEL_IO_NET_BINDING_H
#define KERNEL_IO_NET_BINDING_H

#include <stdbool.h>

#include "kernel/io/net/sharing.h"
#include "kernel/io/net/stream.h"
#include "lib/status.h"

struct net_binding {
	struct net_endpoint local; /* with the port that was chosen, where 0 was asked for */
	unsigned shares; /* NET_SHARES_* */
	struct tcp_pcb *tcp; /* NULL: taken over by a connection or a listener */
};

/*
 * Takes `at`, of which the address may be of NET_FAMILY_ANY. `shares`: NET_SHARES_*, with whom; connections do not hinder.
 * STATUS_EADDRINUSE, STATUS_EADDRNOTAVAIL, STATUS_ENOMEM.
 */
MUST_CHECK status_t net_binding_take(const struct net_endpoint *at, unsigned shares, struct net_binding *out);

/* Gives it back, where it has not been taken over. */
void net_binding_drop(struct net_binding *binding);

/* Takes it over, for whoever connects from there. */
struct tcp_pcb *net_binding_use(struct net_binding *binding);

/*
 * The same for who listens there: `*out` does, by itself or, where the port is shared with whom listens at the very same address, for all of them.
 * STATUS_EADDRINUSE where another listens by now, STATUS_ENOMEM: it is bound as before.
 */
MUST_CHECK status_t net_binding_listen(struct net_binding *binding, unsigned backlog, struct tcp_pcb **out);

#endif
