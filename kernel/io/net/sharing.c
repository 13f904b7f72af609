// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/sharing.h"

#include <assert.h>

#include <lwip/ip.h>

static_assert(((NET_SHARES_ADDRESS | NET_SHARES_PORT) & (SOF_REUSEADDR | SOF_KEEPALIVE | SOF_BROADCAST | SOF_INHERITED)) == 0, "bits of our own");

void net_sharing_set(struct ip_pcb *pcb, unsigned shares)
{
	ip_reset_option(pcb, NET_SHARES_ADDRESS | NET_SHARES_PORT);
	ip_set_option(pcb, SOF_REUSEADDR | shares);
}

static bool overlaps(const ip_addr_t *one, const ip_addr_t *other)
{
	if (IP_IS_ANY_TYPE_VAL(*one) || IP_IS_ANY_TYPE_VAL(*other))
		return true;
	if (IP_IS_V6_VAL(*one) != IP_IS_V6_VAL(*other))
		return false;
	return ip_addr_isany_val(*one) || ip_addr_isany_val(*other) || ip_addr_zoneless_eq(one, other);
}

/* Spec: Linux, net/ipv4/inet_connection_sock.c: inet_csk_bind_conflict(); net/ipv4/udp.c: udp_lib_lport_inuse() */
bool net_sharing_hinders(const struct ip_pcb *pcb, bool listens, const ip_addr_t *address, unsigned shares)
{
	unsigned both = shares & pcb->so_options & (listens ? NET_SHARES_PORT : NET_SHARES_ADDRESS | NET_SHARES_PORT);

	return both == 0 && overlaps(&pcb->local_ip, address);
}
