// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The network interfaces that there are: this machine itself (1), and the device (2). */
#ifndef KERNEL_IO_NET_INTERFACES_H
#define KERNEL_IO_NET_INTERFACES_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/net/address.h"

enum { NET_INTERFACES_MAX = 2, NET_INTERFACE_ADDRESSES = 4, NET_INTERFACE_SELF = 1, NET_INTERFACE_DEVICE = 2, NET_HARDWARE_BYTES = 6, NET_MTU_SELF = 65536 };

struct net_interface {
	unsigned index;
	const char *name; /* static */
	bool is_up;       /* it has a link */
	uint32_t mtu;
	uint8_t hardware[NET_HARDWARE_BYTES];
	unsigned address_count;
	struct net_interface_address {
		struct net_address address;
		uint8_t prefix; /* bits */
	} addresses[NET_INTERFACE_ADDRESSES];            /* those that are in use */
	struct net_address gateway, gateway6;            /* NET_FAMILY_ANY: there is none */
	uint64_t received, received_lost, sent, sent_lost; /* frames */
};

/* All there are, as far as `most`; how many. Context: the network's CPU, between turns of its fiber (net_look()). */
unsigned net_interfaces(struct net_interface *out, unsigned most);

#endif
