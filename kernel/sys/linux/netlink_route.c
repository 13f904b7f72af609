// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Messages of netlink about routes, which come of the addresses that there are. */
#include <assert.h>

#include "kernel/sys/linux/interface.h"
#include "kernel/sys/linux/netlink_tell.h"
#include "lib/string.h"

enum { RTM_NEWROUTE = 24, RTA_DST = 1, RTA_OIF = 4, RTA_GATEWAY = 5, RTA_PRIORITY = 6, RTA_PREFSRC = 7, RTA_TABLE = 15 };
enum { RT_TABLE_MAIN = 254, RTPROT_KERNEL = 2, RTPROT_BOOT = 3, RTPROT_RA = 9, RTN_UNICAST = 1, RTN_LOCAL = 2, RTM_F_CLONED = 0x200, METRIC6 = 256, METRIC6_RA = 1024 };

struct rtmsg {
	uint8_t family, prefix, source_prefix, tos, table, protocol, scope, type;
	uint32_t flags;
};

static_assert(sizeof(struct rtmsg) == 12, "linux/rtnetlink.h");

/* To the network of an address. IPv4 of this machine itself has its route in another table. Spec: Linux, net/ipv4/fib_frontend.c: fib_add_ifaddr() */
static void network_tell(struct linux_netlink_told *told, const struct net_interface *interface, const struct net_interface_address *address)
{
	bool is_4 = address->address.family == NET_FAMILY_4;
	const struct net_address network = linux_interface_network(address);
	const struct rtmsg body = { .family = linux_netlink_family(&address->address), .prefix = address->prefix, .table = RT_TABLE_MAIN, .protocol = RTPROT_KERNEL,
				    .scope = is_4 ? LINUX_SCOPE_LINK : LINUX_SCOPE_UNIVERSE, .type = RTN_UNICAST };

	if (is_4 && interface->index == NET_INTERFACE_SELF)
		return;
	linux_netlink_begin(told, RTM_NEWROUTE, LINUX_NLM_F_MULTI, &body, sizeof(body));
	linux_netlink_put_number(told, RTA_TABLE, RT_TABLE_MAIN);
	linux_netlink_put_address(told, RTA_DST, &network);
	if (is_4)
		linux_netlink_put_address(told, RTA_PREFSRC, &address->address);
	else
		linux_netlink_put_number(told, RTA_PRIORITY, METRIC6);
	linux_netlink_put_number(told, RTA_OIF, interface->index);
	linux_netlink_end(told);
}

static void gateway_tell(struct linux_netlink_told *told, const struct net_interface *interface, const struct net_address *gateway)
{
	bool is_4 = gateway->family == NET_FAMILY_4;
	const struct rtmsg body = { .family = linux_netlink_family(gateway), .table = RT_TABLE_MAIN, .protocol = is_4 ? RTPROT_BOOT : RTPROT_RA, .type = RTN_UNICAST };

	linux_netlink_begin(told, RTM_NEWROUTE, LINUX_NLM_F_MULTI, &body, sizeof(body));
	linux_netlink_put_number(told, RTA_TABLE, RT_TABLE_MAIN);
	if (!is_4)
		linux_netlink_put_number(told, RTA_PRIORITY, METRIC6_RA);
	linux_netlink_put_address(told, RTA_GATEWAY, gateway);
	linux_netlink_put_number(told, RTA_OIF, interface->index);
	linux_netlink_end(told);
}

void linux_netlink_tell_routes(struct linux_netlink_told *told, const struct linux_netlink_world *world, uint8_t family)
{
	for (const struct net_interface *interface = world->interfaces; interface < world->interfaces + world->count; interface++) {
		const struct net_address *gateway = family == LINUX_NETLINK_INET ? &interface->gateway : &interface->gateway6;

		if (gateway->family != NET_FAMILY_ANY)
			gateway_tell(told, interface, gateway);
		for (unsigned i = 0; i < interface->address_count; i++)
			if (linux_netlink_family(&interface->addresses[i].address) == family)
				network_tell(told, interface, &interface->addresses[i]);
	}
}

struct way {
	const struct net_interface *interface;
	const struct net_interface_address *from;
	const struct net_address *gateway; /* NULL: it is there, or in its network */
	bool is_local;
};

/* To this machine itself: one of its addresses, or of those that are all its own (127.0.0.0/8). */
static bool local_on(const struct net_interface *interface, const struct net_address *to, struct way *way)
{
	for (unsigned i = 0; i < interface->address_count; i++) {
		const struct net_interface_address *own = &interface->addresses[i];

		if (net_address_is_in(to, &own->address, interface->index == NET_INTERFACE_SELF ? own->prefix : net_address_bits(to))) {
			*way = (struct way){ .interface = interface, .from = own, .is_local = true };
			return true;
		}
	}
	return false;
}

/* To a neighbour of one interface, or to its gateway; from an address that reaches further than its link, where there is one. */
static bool way_on(const struct net_interface *interface, const struct net_address *to, struct way *way)
{
	const struct net_address *gateway = to->family == NET_FAMILY_4 ? &interface->gateway : &interface->gateway6;
	const struct net_interface_address *first = NULL;

	for (unsigned i = 0; i < interface->address_count; i++) {
		const struct net_interface_address *own = &interface->addresses[i];

		if (own->address.family != to->family)
			continue;
		*way = (struct way){ .interface = interface, .from = own };
		if (net_address_is_in(to, &own->address, own->prefix))
			return true;
		if (first == NULL || linux_interface_scope(interface, &first->address) == LINUX_SCOPE_LINK)
			first = own;
	}
	if (first == NULL || gateway->family == NET_FAMILY_ANY)
		return false;
	*way = (struct way){ .interface = interface, .from = first, .gateway = gateway };
	return true;
}

static bool way_find(const struct linux_netlink_world *world, const struct net_address *to, struct way *way)
{
	for (unsigned i = 0; i < world->count; i++)
		if (local_on(&world->interfaces[i], to, way))
			return true;
	for (unsigned i = 0; i < world->count; i++)
		if (way_on(&world->interfaces[i], to, way))
			return true;
	return false;
}

/* To one address; that this machine has by way of itself, whichever interface it is at. */
static void way_tell(struct linux_netlink_told *told, const struct net_address *to, const struct way *way)
{
	const struct rtmsg body = { .family = linux_netlink_family(to), .prefix = (uint8_t)net_address_bits(to), .table = RT_TABLE_MAIN,
				    .type = way->is_local ? RTN_LOCAL : RTN_UNICAST, .flags = RTM_F_CLONED };

	linux_netlink_begin(told, RTM_NEWROUTE, 0, &body, sizeof(body));
	linux_netlink_put_number(told, RTA_TABLE, RT_TABLE_MAIN);
	linux_netlink_put_address(told, RTA_DST, to);
	linux_netlink_put_number(told, RTA_OIF, way->is_local ? NET_INTERFACE_SELF : way->interface->index);
	linux_netlink_put_address(told, RTA_PREFSRC, &way->from->address);
	if (way->gateway != NULL)
		linux_netlink_put_address(told, RTA_GATEWAY, way->gateway);
	linux_netlink_end(told);
}

/* Spec: Linux, net/ipv4/route.c: inet_rtm_getroute() */
status_t linux_netlink_tell_way(struct linux_netlink_told *told, struct span body, const struct linux_netlink_world *world)
{
	struct net_address to = { .family = NET_FAMILY_4 };
	struct span wanted;
	struct way way;

	if (body.data[0] != LINUX_NETLINK_INET && body.data[0] != LINUX_NETLINK_INET6)
		return STATUS_ENOTSUP;
	if (body.len < sizeof(struct rtmsg))
		return STATUS_EINVAL;
	if (body.data[0] == LINUX_NETLINK_INET6)
		to.family = NET_FAMILY_6;
	if (!linux_netlink_attribute(span_of(body.data + sizeof(struct rtmsg), body.len - sizeof(struct rtmsg)), RTA_DST, &wanted))
		return STATUS_EINVAL;
	if (wanted.len < net_address_bits(&to) / 8)
		return to.family == NET_FAMILY_4 ? STATUS_ERANGE : STATUS_EINVAL;
	memcpy(to.bytes, wanted.data, net_address_bits(&to) / 8);
	if (!way_find(world, &to, &way))
		return STATUS_ENETUNREACH;
	way_tell(told, &to, &way);
	return STATUS_OK;
}
