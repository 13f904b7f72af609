// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/refusal.h"

#include <lwip/pbuf.h>

#include "kernel/io/net/datagram.h"
#include "lib/string.h"

enum { UDP = 17, MESSAGE_HEADER = 8, PORTS = 4, FRAGMENT_AT = 6 };

/* Where in a header and in a message of each version what is. */
struct version {
	uint8_t first, first_mask; /* of the header, which has no options */
	uint8_t header_bytes, protocol_at, source_at, address_bytes;
	uint8_t protocol, type, code; /* of the message */
};

static const struct version version4 = { 0x45, 0xff, 20, 9, 12, 4, 1, 3, 3 };
static const struct version version6 = { 0x60, 0xf0, 40, 6, 8, 16, 58, 1, 4 };

static bool is_header(const struct version *version, const uint8_t *header, uint8_t protocol)
{
	return (header[0] & version->first_mask) == version->first && header[version->protocol_at] == protocol &&
	       (version == &version6 || ((header[FRAGMENT_AT] & 0x3f) | header[FRAGMENT_AT + 1]) == 0);
}

static void endpoint_read(const struct version *version, const uint8_t *address, const uint8_t *port, struct net_endpoint *out)
{
	memset(out, 0, sizeof(*out));
	out->address.family = version == &version4 ? NET_FAMILY_4 : NET_FAMILY_6;
	memcpy(out->address.bytes, address, version->address_bytes);
	out->port = (uint16_t)(port[0] << 8 | port[1]);
}

bool net_refusal_read(struct span packet, struct net_endpoint *from, struct net_endpoint *to)
{
	const struct version *version = packet.len > 0 && packet.data[0] >> 4 == 4 ? &version4 : &version6;
	struct span message;
	const uint8_t *refused;
	const uint8_t *ports;

	if (!span_sub(packet, version->header_bytes, MESSAGE_HEADER + version->header_bytes + PORTS, &message))
		return false;
	refused = message.data + MESSAGE_HEADER;
	ports = refused + version->header_bytes;
	if (!is_header(version, packet.data, version->protocol) || message.data[0] != version->type || message.data[1] != version->code ||
	    !is_header(version, refused, UDP))
		return false;
	endpoint_read(version, refused + version->source_at, ports, from);
	endpoint_read(version, refused + version->source_at + version->address_bytes, ports + 2, to);
	return true;
}

int net_refusal_look(const struct pbuf *packet)
{
	struct net_endpoint from;
	struct net_endpoint to;

	if (net_refusal_read(span_of(packet->payload, packet->len), &from, &to))
		net_datagram_refused(&from, &to);
	return 0;
}
