// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/interfaces.h"

#include <assert.h>
#include <lwip/netif.h>
#include <lwip/priv/nd6_priv.h>

#include "kernel/io/net/convert.h"
#include "kernel/io/net/device.h"
#include "lib/string.h"

enum { LOOPBACK_PREFIX6 = 128, PREFIX6 = 64 };

static_assert(NET_INTERFACE_ADDRESSES >= 1 + LWIP_IPV6_NUM_ADDRESSES, "all that lwIP keeps");
static_assert(NET_HARDWARE_BYTES <= NETIF_MAX_HWADDR_LEN, "what lwIP keeps of an interface");

static uint8_t prefix_of(uint32_t mask)
{
	uint8_t bits = 0;

	for (uint32_t left = lwip_ntohl(mask); (left & 0x80000000u) != 0; left <<= 1)
		bits++;
	return bits;
}

static void address_add(struct net_interface *to, const ip_addr_t *address, uint8_t prefix)
{
	net_address_from_lwip(address, &to->addresses[to->address_count].address);
	to->addresses[to->address_count++].prefix = prefix;
}

/* Where packets go that are for no network of its own. */
static void gateways_look(const struct netif *netif, struct net_interface *out)
{
	if (!ip4_addr_isany(netif_ip4_addr(netif)) && !ip4_addr_isany(netif_ip4_gw(netif)))
		net_address_from_lwip(netif_ip_gw4(netif), &out->gateway);
	for (unsigned i = 0; i < LWIP_ND6_NUM_ROUTERS; i++) {
		const struct nd6_router_list_entry *router = &default_router_list[i];
		ip_addr_t address;

		if (router->neighbor_entry == NULL || router->invalidation_timer == 0 || router->neighbor_entry->netif != netif)
			continue;
		ip_addr_copy_from_ip6(address, router->neighbor_entry->next_hop_address);
		net_address_from_lwip(&address, &out->gateway6);
		return;
	}
}

static void device_look(const struct netif *netif, struct net_interface *out)
{
	const struct net_device *device = netif->state;

	memcpy(out->hardware, netif->hwaddr, sizeof(out->hardware));
	gateways_look(netif, out);
	out->received = device->counters.received;
	out->received_lost = device->counters.dropped;
	out->sent = device->transmit.counters.frames;
	out->sent_lost = device->transmit.counters.dropped;
}

static void interface_look(const struct netif *netif, bool is_self, struct net_interface *out)
{
	*out = (struct net_interface){ .index = is_self ? NET_INTERFACE_SELF : NET_INTERFACE_DEVICE, .name = is_self ? "lo" : "eth0",
				       .is_up = netif_is_up(netif) && netif_is_link_up(netif), .mtu = is_self ? NET_MTU_SELF : netif->mtu };
	if (!is_self)
		device_look(netif, out);
	if (!ip4_addr_isany(netif_ip4_addr(netif)))
		address_add(out, netif_ip_addr4(netif), prefix_of(netif_ip4_netmask(netif)->addr));
	for (int8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
		if (ip6_addr_isvalid(netif_ip6_addr_state(netif, i)))
			address_add(out, netif_ip_addr6(netif, i), is_self ? LOOPBACK_PREFIX6 : PREFIX6);
}

static bool is_loopback(const struct netif *netif)
{
	return netif->name[0] == 'l' && netif->name[1] == 'o'; /* lwip/core/netif.c: netif_loopif_init() */
}

unsigned net_interfaces(struct net_interface *out, unsigned most)
{
	const struct netif *netif;
	unsigned count = 0;

	for (unsigned index = NET_INTERFACE_SELF; index <= NET_INTERFACE_DEVICE; index++) { /* in their order, which is not that of lwIP's list */
		NETIF_FOREACH(netif) {
			if (is_loopback(netif) == (index == NET_INTERFACE_SELF) && count < most)
				interface_look(netif, index == NET_INTERFACE_SELF, &out[count++]);
		}
	}
	return count;
}
