// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Addresses of names, by DNS. Context: the network fiber. */
#ifndef KERNEL_IO_NET_RESOLVE_H
#define KERNEL_IO_NET_RESOLVE_H

#include <stdbool.h>

#include "kernel/io/net/address.h"
#include "lib/span.h"
#include "lib/status.h"

enum { NET_NAME_MAX = 253 };

struct net_query;

typedef void net_query_done(void *ctx, status_t status, const struct net_address *address);

/*
 * Asks for an address of `name`, IPv4 rather than IPv6 where `family` is NET_FAMILY_ANY. `done` is called once, maybe before this returns:
 * STATUS_OK with the address, STATUS_ENOENT where the name has none or nobody answers. Returns STATUS_OK, with the query to cancel in
 * `*query` (NULL where it is done); STATUS_EINVAL for what is no name, STATUS_ENETUNREACH where no server is known, STATUS_EAGAIN where
 * too many ask: `done` is not called then.
 */
MUST_CHECK status_t net_resolve(struct span name, enum net_family family, net_query_done *done, void *ctx, struct net_query **query);

/* `done` will not be called. */
void net_resolve_cancel(struct net_query *query);

/* The servers that are asked, at most `max`; how many. Context: the network's CPU. */
unsigned net_resolve_servers(struct net_address *out, unsigned max);

/* Whether an answer is waited for. */
bool net_resolve_is_busy(void);

#endif
