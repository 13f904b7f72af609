// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Messages of netlink that are answers, one behind the other. Pure. */
#ifndef KERNEL_SYS_LINUX_NETLINK_TELL_H
#define KERNEL_SYS_LINUX_NETLINK_TELL_H

#include <stdint.h>

#include "kernel/sys/linux/netlink.h"
#include "lib/status.h"

enum { LINUX_NLM_F_REQUEST = 1, LINUX_NLM_F_MULTI = 2, LINUX_NLM_F_ACK = 4, LINUX_NLM_F_CAPPED = 0x100, LINUX_NLM_F_DUMP = 0x300 };
enum { LINUX_NETLINK_INET = 2, LINUX_NETLINK_INET6 = 10 /* AF_* in messages */ };

/* What is said so far. */
struct linux_netlink_told {
	struct linux_netlink_header asked;
	uint32_t port;
	uint8_t *to;
	size_t bytes;
	size_t begun; /* where the last message begins */
};

/* A message with its body: attributes may follow, until its end. What there is no room for is left out: answers are far from LINUX_NETLINK_ANSWER_MAX. */
void linux_netlink_begin(struct linux_netlink_told *told, uint16_t type, uint16_t flags, const void *body, size_t bytes);
void linux_netlink_end(struct linux_netlink_told *told);

/* The same with nothing between. */
void linux_netlink_put(struct linux_netlink_told *told, uint16_t type, uint16_t flags, const void *body, size_t bytes);

/* An attribute of the message that was begun: bytes, a number, an address. */
void linux_netlink_put_attribute(struct linux_netlink_told *told, uint16_t type, const void *value, size_t bytes);
void linux_netlink_put_number(struct linux_netlink_told *told, uint16_t type, uint32_t value);
void linux_netlink_put_address(struct linux_netlink_told *told, uint16_t type, const struct net_address *address);

/* The first attribute of a type, of those behind the body of a request; false: there is none, or what comes before it is not within what was sent. */
bool linux_netlink_attribute(struct span attributes, uint16_t type, struct span *out);

static inline uint8_t linux_netlink_family(const struct net_address *address)
{
	return address->family == NET_FAMILY_4 ? LINUX_NETLINK_INET : LINUX_NETLINK_INET6;
}

/* An interface: of all where `flags` say so (LINUX_NLM_F_MULTI), or the one that was asked for. */
void linux_netlink_tell_link(struct linux_netlink_told *told, const struct net_interface *interface, uint16_t flags);

/* The addresses of a family of all interfaces; and the routes that come of them, or lead to a gateway: those of the main table (netlink_route.c). */
void linux_netlink_tell_addresses(struct linux_netlink_told *told, const struct linux_netlink_world *world, uint8_t family);
void linux_netlink_tell_routes(struct linux_netlink_told *told, const struct linux_netlink_world *world, uint8_t family);

/* The way to the one address that a request asks for, of which `body` has a byte at least. STATUS_ENETUNREACH, STATUS_ENOTSUP, STATUS_EINVAL, STATUS_ERANGE. */
MUST_CHECK status_t linux_netlink_tell_way(struct linux_netlink_told *told, struct span body, const struct linux_netlink_world *world);

#endif
