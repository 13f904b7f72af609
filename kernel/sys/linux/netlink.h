// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What a netlink socket is asked of the network's interfaces, and answers. All of it is pure.
 *
 * Spec: RFC 3549; Linux, include/uapi/linux/{netlink,rtnetlink,if_link,if_addr}.h, net/netlink/af_netlink.c, net/core/rtnetlink.c
 */
#ifndef KERNEL_SYS_LINUX_NETLINK_H
#define KERNEL_SYS_LINUX_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/io/net/interfaces.h"
#include "lib/span.h"

enum { LINUX_NETLINK_HEADER = 16 /* struct nlmsghdr */, LINUX_NETLINK_ANSWER_MAX = 4096, LINUX_NETLINK_TOLD_MAX = 1024 /* of a request, in its error */ };

/* struct nlmsghdr */
struct linux_netlink_header {
	uint32_t bytes;
	uint16_t type, flags;
	uint32_t sequence, port;
};

struct linux_netlink_answer {
	uint8_t *to;  /* LINUX_NETLINK_ANSWER_MAX bytes */
	size_t bytes; /* 0: there is none */
	size_t split; /* at which a second datagram begins; `bytes`: there is one alone */
};

/* Who asks, and of what. */
struct linux_netlink_world {
	const struct net_interface *interfaces;
	unsigned count;
	uint32_t port;       /* of the socket that asks */
	bool caps_errors;    /* NETLINK_CAP_ACK: an error does not tell again what followed the header of the request */
};

/* Takes the first message off what was sent: false where there is none, or its length cannot be. */
bool linux_netlink_take(struct span *sent, struct span *request);

/* The answer to one message, of which `request` holds the header and what follows it, as linux_netlink_take() gave it. */
void linux_netlink_answer(struct span request, const struct linux_netlink_world *world, struct linux_netlink_answer *answer);

#endif
