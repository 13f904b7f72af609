// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What a process may do with the network, as its manifest says it: what it may listen on, and what it may connect or send to. All that no
 * rule allows is refused. Pure.
 *
 *   listen:  tcp:80   udp:53   tcp:8000-8010   udp:*
 *   connect: 10.0.2.2:80/tcp   10.0.2.0/24:53/udp   [2001:db8::]/32:443/tcp   *:443/tcp
 */
#ifndef KERNEL_IO_NET_POLICY_H
#define KERNEL_IO_NET_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/net/address.h"
#include "lib/span.h"
#include "lib/status.h"

enum { NET_POLICY_RULES = 16 };

enum net_protocol {
	NET_TCP,
	NET_UDP,
};

struct net_rule {
	bool listen; /* else connect */
	uint8_t protocol;
	uint8_t prefix; /* bits of `network` that count */
	uint16_t port_first, port_last;
	struct net_address network; /* NET_FAMILY_ANY: every address */
};

struct net_policy {
	uint32_t rule_count;
	bool resolve; /* ask for the addresses of names: a rule of its own, for questions leave the machine too */
	struct net_rule rules[NET_POLICY_RULES];
};

/* Adds a rule. STATUS_EINVAL where it cannot be read, STATUS_ENOSPC where there are too many: the policy is as it was. */
MUST_CHECK status_t net_policy_add_listen(struct net_policy *policy, struct span text);
MUST_CHECK status_t net_policy_add_connect(struct net_policy *policy, struct span text);

bool net_policy_may_listen(const struct net_policy *policy, enum net_protocol protocol, uint16_t port);

bool net_policy_may_connect(const struct net_policy *policy, enum net_protocol protocol, const struct net_address *address,
			    uint16_t port);

#endif
