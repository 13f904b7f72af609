// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Addresses of the network and their text. Pure. */
#ifndef KERNEL_IO_NET_ADDRESS_H
#define KERNEL_IO_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

enum net_family {
	NET_FAMILY_ANY = 0, /* no address: of every family, where one is listened on */
	NET_FAMILY_4 = 4,
	NET_FAMILY_6 = 6,
};

struct net_address {
	uint8_t family;    /* enum net_family */
	uint8_t bytes[16]; /* in the network's order; IPv4 has 4, and zeroes */
};

/* Bits of an address: 32 or 128. */
static inline unsigned net_address_bits(const struct net_address *address)
{
	return address->family == NET_FAMILY_4 ? 32 : 128;
}

/*
 * Reads "10.0.2.2" (four decimal numbers, without leading zeroes) or "fe80::1" (RFC 4291 §2.2 forms 1 and 2, and 3 with an
 * IPv4 address at the end). STATUS_EINVAL for anything else; `out` is undefined then.
 */
MUST_CHECK status_t net_address_parse(struct span text, struct net_address *out);

/* Whether the first `prefix` bits of both are the same, and their family. */
bool net_address_is_in(const struct net_address *address, const struct net_address *network, unsigned prefix);

static inline bool net_address_equal(const struct net_address *a, const struct net_address *b)
{
	return net_address_is_in(a, b, net_address_bits(a));
}

enum { NET_ADDRESS_TEXT = 46 };

/* Its text with a NUL, at most NET_ADDRESS_TEXT bytes; IPv6 as RFC 5952 has it, but for IPv4 parts. Returns `to`. */
const char *net_address_print(const struct net_address *address, char to[NET_ADDRESS_TEXT]);

#endif
