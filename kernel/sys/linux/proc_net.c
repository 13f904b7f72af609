// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What /proc/net says of the network's interfaces. Frames are counted, their bytes are not.
 *
 * Spec: proc(5); Linux, net/core/net-procfs.c, net/ipv4/fib_trie.c: fib_route_seq_show(), net/ipv6/addrconf.c: if6_seq_show()
 */
#include "kernel/sys/linux/interface.h"
#include "kernel/sys/linux/text.h"
#include "lib/string.h"

enum { RTF_UP = 1, RTF_GATEWAY = 2, IFA_F_PERMANENT = 0x80, IPV6_ADDR_LOOPBACK = 0x10, IPV6_ADDR_LINKLOCAL = 0x20, IPV6_ADDR_SITELOCAL = 0x40 };

void linux_proc_net_dev(struct linux_text *text, struct process *of)
{
	struct net_interface interfaces[NET_INTERFACES_MAX];
	unsigned count = linux_interfaces(of, interfaces);

	format_to(&text->sink, "Inter-|   Receive                                                |  Transmit\n");
	format_to(&text->sink, " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n");
	for (const struct net_interface *at = interfaces; at < interfaces + count; at++)
		format_to(&text->sink, "%6s:       0 %7llu    0 %4llu    0     0          0         0        0 %7llu    0 %4llu    0     0       0          0\n", at->name,
			  (unsigned long long)at->received, (unsigned long long)at->received_lost, (unsigned long long)at->sent, (unsigned long long)at->sent_lost);
}

/* As the number that its bytes are in memory. */
static uint32_t word_of(const uint8_t bytes[4])
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static void route_line(struct linux_text *text, const char *name, uint32_t network, uint32_t gateway, uint32_t mask)
{
	format_to(&text->sink, "%s\t%08X\t%08X\t%04X\t0\t0\t0\t%08X\t0\t0\t0\n", name, network, gateway, RTF_UP | (gateway != 0 ? RTF_GATEWAY : 0), mask);
}

void linux_proc_net_route(struct linux_text *text, struct process *of)
{
	struct net_interface interfaces[NET_INTERFACES_MAX];
	unsigned count = linux_interfaces(of, interfaces);
	uint8_t mask[4];

	format_to(&text->sink, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
	for (const struct net_interface *at = interfaces; at < interfaces + count; at++) {
		if (at->gateway.family != NET_FAMILY_ANY)
			route_line(text, at->name, 0, word_of(at->gateway.bytes), 0);
		for (unsigned i = 0; i < at->address_count && at->index != NET_INTERFACE_SELF; i++) {
			const struct net_address network = linux_interface_network(&at->addresses[i]);

			if (network.family != NET_FAMILY_4)
				continue;
			linux_interface_mask(at->addresses[i].prefix, mask);
			route_line(text, at->name, word_of(network.bytes), 0, word_of(mask));
		}
	}
}

static unsigned scope_of(const struct net_interface *interface, const struct net_address *address)
{
	uint8_t scope = linux_interface_scope(interface, address);

	return scope == LINUX_SCOPE_HOST ? IPV6_ADDR_LOOPBACK : scope == LINUX_SCOPE_LINK ? IPV6_ADDR_LINKLOCAL : scope == LINUX_SCOPE_SITE ? IPV6_ADDR_SITELOCAL : 0;
}

static void inet6_line(struct linux_text *text, const struct net_interface *interface, const struct net_interface_address *address)
{
	for (unsigned i = 0; i < sizeof(address->address.bytes); i++)
		format_to(&text->sink, "%02x", address->address.bytes[i]);
	format_to(&text->sink, " %02x %02x %02x %02x %8s\n", interface->index, address->prefix, scope_of(interface, &address->address), IFA_F_PERMANENT,
		  interface->name);
}

void linux_proc_net_inet6(struct linux_text *text, struct process *of)
{
	struct net_interface interfaces[NET_INTERFACES_MAX];
	unsigned count = linux_interfaces(of, interfaces);

	for (const struct net_interface *at = interfaces; at < interfaces + count; at++)
		for (unsigned i = 0; i < at->address_count; i++)
			if (at->addresses[i].address.family == NET_FAMILY_6)
				inet6_line(text, at, &at->addresses[i]);
}
