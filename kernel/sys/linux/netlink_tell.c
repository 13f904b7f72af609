// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/netlink_tell.h"

#include <assert.h>

#include "kernel/sys/linux/interface.h"
#include "lib/bits.h"
#include "lib/string.h"

enum { RTM_NEWLINK = 16, RTM_NEWADDR = 20 };
enum {
	IFLA_ADDRESS = 1, IFLA_BROADCAST = 2, IFLA_IFNAME = 3, IFLA_MTU = 4, IFLA_QDISC = 6, IFLA_STATS = 7, IFLA_TXQLEN = 13, IFLA_OPERSTATE = 16, IFLA_LINKMODE = 17, IFLA_STATS64 = 23, IFLA_GROUP = 27,
	IFLA_CARRIER = 33, IF_OPER_UNKNOWN = 0, IF_OPER_DOWN = 2, IF_OPER_UP = 6,
};
enum { IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_LABEL = 3, IFA_BROADCAST = 4, IFA_CACHEINFO = 6, IFA_FLAGS = 8, IFA_F_PERMANENT = 0x80 };

struct ifinfomsg {
	uint8_t family, pad;
	uint16_t type;
	int32_t index;
	uint32_t flags, change;
};

struct ifaddrmsg {
	uint8_t family, prefix, flags, scope;
	uint32_t index;
};

struct ifa_cacheinfo {
	uint32_t preferred, valid, made, changed;
};

static_assert(sizeof(struct ifinfomsg) == 16 && sizeof(struct ifaddrmsg) == 8 && sizeof(struct ifa_cacheinfo) == 16, "linux/rtnetlink.h");

static void add(struct linux_netlink_told *told, const void *from, size_t bytes)
{
	size_t padded = bits_align_up(bytes, 4);

	if (padded > LINUX_NETLINK_ANSWER_MAX - told->bytes)
		return;
	memset(told->to + told->bytes, 0, padded);
	memcpy(told->to + told->bytes, from, bytes);
	told->bytes += padded;
}

void linux_netlink_begin(struct linux_netlink_told *told, uint16_t type, uint16_t flags, const void *body, size_t bytes)
{
	const struct linux_netlink_header header = { .type = type, .flags = flags, .sequence = told->asked.sequence, .port = told->port };

	told->begun = told->bytes;
	add(told, &header, sizeof(header));
	add(told, body, bytes);
}

void linux_netlink_end(struct linux_netlink_told *told)
{
	const uint32_t bytes = (uint32_t)(told->bytes - told->begun);

	if (bytes >= sizeof(struct linux_netlink_header)) /* or there was no room for its beginning */
		memcpy(told->to + told->begun, &bytes, sizeof(bytes));
}

void linux_netlink_put(struct linux_netlink_told *told, uint16_t type, uint16_t flags, const void *body, size_t bytes)
{
	linux_netlink_begin(told, type, flags, body, bytes);
	linux_netlink_end(told);
}

void linux_netlink_put_attribute(struct linux_netlink_told *told, uint16_t type, const void *value, size_t bytes)
{
	const uint16_t header[2] = { (uint16_t)(sizeof(header) + bytes), type };

	add(told, header, sizeof(header));
	add(told, value, bytes);
}

void linux_netlink_put_number(struct linux_netlink_told *told, uint16_t type, uint32_t value)
{
	linux_netlink_put_attribute(told, type, &value, sizeof(value));
}

void linux_netlink_put_address(struct linux_netlink_told *told, uint16_t type, const struct net_address *address)
{
	linux_netlink_put_attribute(told, type, address->bytes, net_address_bits(address) / 8);
}

static void attribute_byte(struct linux_netlink_told *told, uint16_t type, uint8_t value)
{
	linux_netlink_put_attribute(told, type, &value, sizeof(value));
}

static void attribute_text(struct linux_netlink_told *told, uint16_t type, const char *text)
{
	linux_netlink_put_attribute(told, type, text, strlen(text) + 1);
}

/* Frames are counted, their bytes are not. Spec: Linux, include/uapi/linux/if_link.h: struct rtnl_link_stats, struct rtnl_link_stats64 */
static void counters_tell(struct linux_netlink_told *told, const struct net_interface *interface)
{
	const uint64_t wide[25] = { [0] = interface->received, [1] = interface->sent, [6] = interface->received_lost, [7] = interface->sent_lost };
	uint32_t narrow[24];

	for (unsigned i = 0; i < ARRAY_LEN(narrow); i++)
		narrow[i] = (uint32_t)wide[i];
	linux_netlink_put_attribute(told, IFLA_STATS64, wide, sizeof(wide));
	linux_netlink_put_attribute(told, IFLA_STATS, narrow, sizeof(narrow));
}

void linux_netlink_tell_link(struct linux_netlink_told *told, const struct net_interface *interface, uint16_t flags)
{
	static const uint8_t broadcast[NET_HARDWARE_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, none[NET_HARDWARE_BYTES];
	bool is_self = interface->index == NET_INTERFACE_SELF;
	const struct ifinfomsg link = { .type = linux_interface_type(interface), .index = (int32_t)interface->index, .flags = linux_interface_flags(interface) };

	linux_netlink_begin(told, RTM_NEWLINK, flags, &link, sizeof(link));
	attribute_text(told, IFLA_IFNAME, interface->name);
	linux_netlink_put_number(told, IFLA_TXQLEN, LINUX_INTERFACE_QUEUE);
	attribute_byte(told, IFLA_OPERSTATE, is_self ? IF_OPER_UNKNOWN : interface->is_up ? IF_OPER_UP : IF_OPER_DOWN);
	attribute_byte(told, IFLA_LINKMODE, 0);
	linux_netlink_put_number(told, IFLA_MTU, interface->mtu);
	linux_netlink_put_number(told, IFLA_GROUP, 0);
	attribute_byte(told, IFLA_CARRIER, interface->is_up);
	attribute_text(told, IFLA_QDISC, "noqueue");
	linux_netlink_put_attribute(told, IFLA_ADDRESS, interface->hardware, sizeof(interface->hardware));
	linux_netlink_put_attribute(told, IFLA_BROADCAST, is_self ? none : broadcast, sizeof(none));
	counters_tell(told, interface);
	linux_netlink_end(told);
}

static void address_tell(struct linux_netlink_told *told, const struct net_interface *interface, const struct net_interface_address *address)
{
	static const struct ifa_cacheinfo for_ever = { .preferred = UINT32_MAX, .valid = UINT32_MAX };
	const struct ifaddrmsg body = {
		.family = linux_netlink_family(&address->address), .prefix = address->prefix, .flags = IFA_F_PERMANENT,
		.scope = linux_interface_scope(interface, &address->address), .index = interface->index,
	};
	uint8_t broadcast[4];

	linux_netlink_begin(told, RTM_NEWADDR, LINUX_NLM_F_MULTI, &body, sizeof(body));
	linux_netlink_put_address(told, IFA_ADDRESS, &address->address);
	if (body.family == LINUX_NETLINK_INET) {
		linux_netlink_put_address(told, IFA_LOCAL, &address->address);
		linux_interface_broadcast(interface, address, broadcast);
		if (interface->index != NET_INTERFACE_SELF)
			linux_netlink_put_attribute(told, IFA_BROADCAST, broadcast, sizeof(broadcast));
		attribute_text(told, IFA_LABEL, interface->name);
	}
	linux_netlink_put_number(told, IFA_FLAGS, IFA_F_PERMANENT);
	linux_netlink_put_attribute(told, IFA_CACHEINFO, &for_ever, sizeof(for_ever));
	linux_netlink_end(told);
}

void linux_netlink_tell_addresses(struct linux_netlink_told *told, const struct linux_netlink_world *world, uint8_t family)
{
	for (const struct net_interface *interface = world->interfaces; interface < world->interfaces + world->count; interface++)
		for (unsigned i = 0; i < interface->address_count; i++)
			if (linux_netlink_family(&interface->addresses[i].address) == family)
				address_tell(told, interface, &interface->addresses[i]);
}
