// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/interface.h"

#include "lib/bits.h"

enum { IFF_UP = 1, IFF_BROADCAST = 2, IFF_LOOPBACK = 8, IFF_RUNNING = 0x40, IFF_MULTICAST = 0x1000, IFF_LOWER_UP = 0x10000 };

static bool is_self(const struct net_interface *interface)
{
	return interface->index == NET_INTERFACE_SELF;
}

uint32_t linux_interface_flags(const struct net_interface *interface)
{
	return IFF_UP | (interface->is_up ? IFF_RUNNING | IFF_LOWER_UP : 0) | (is_self(interface) ? IFF_LOOPBACK : IFF_BROADCAST | IFF_MULTICAST);
}

uint16_t linux_interface_type(const struct net_interface *interface)
{
	return is_self(interface) ? LINUX_ARPHRD_LOOPBACK : LINUX_ARPHRD_ETHER;
}

/* The bits of one byte that a prefix covers. */
static uint8_t byte_mask(uint8_t prefix, unsigned byte)
{
	return prefix >= 8 * (byte + 1) ? 0xff : prefix <= 8 * byte ? 0 : (uint8_t)(0xff00 >> (prefix - 8 * byte));
}

void linux_interface_mask(uint8_t prefix, uint8_t to[4])
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = byte_mask(prefix, i);
}

void linux_interface_broadcast(const struct net_interface *interface, const struct net_interface_address *address, uint8_t to[4])
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = is_self(interface) ? 0 : (uint8_t)(address->address.bytes[i] | ~byte_mask(address->prefix, i));
}

struct net_address linux_interface_network(const struct net_interface_address *address)
{
	struct net_address network = address->address;

	for (unsigned i = 0; i < ARRAY_LEN(network.bytes); i++)
		network.bytes[i] &= byte_mask(address->prefix, i);
	return network;
}

uint8_t linux_interface_scope(const struct net_interface *interface, const struct net_address *address)
{
	if (is_self(interface))
		return LINUX_SCOPE_HOST;
	if (address->family != NET_FAMILY_6 || address->bytes[0] != 0xfe || !(address->bytes[1] & 0x80))
		return LINUX_SCOPE_UNIVERSE;
	return address->bytes[1] & 0x40 ? LINUX_SCOPE_SITE : LINUX_SCOPE_LINK; /* RFC 4291 §2.5.6, §2.5.7 */
}
