// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/refusal: which messages say that a datagram was refused, and who is told. */
#include "kernel/io/net/refusal.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/io/net/datagram.h"
#include "lib/bits.h"
#include "tests/unit/kernel/io/net/wire.h"
#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

enum { FROM_PORT = 53, TO_PORT = 999, MESSAGE_MAX = 40 + 8 + 40 + 8 };

static size_t message_make(bool ipv6, uint8_t *to)
{
	unsigned header = ipv6 ? 40 : 20, refused = header + 8;

	memset(to, 0, MESSAGE_MAX);
	to[0] = to[refused] = ipv6 ? 0x60 : 0x45;
	to[ipv6 ? 6 : 9] = ipv6 ? 58 : 1;
	to[header] = ipv6 ? 1 : 3;
	to[header + 1] = ipv6 ? 4 : 3;
	to[refused + (ipv6 ? 6 : 9)] = 17;
	put32(to + refused + (ipv6 ? 8 : 12), WORLD_GUEST);
	put32(to + refused + (ipv6 ? 24 : 16), WORLD_PEER);
	put16(to + refused + header, FROM_PORT);
	put16(to + refused + header + 2, TO_PORT);
	return refused + header + 8;
}

static bool is_read(const uint8_t *message, size_t len, struct net_endpoint *from, struct net_endpoint *to)
{
	uint8_t *copy = malloc(len + (len == 0));
	bool read;

	memcpy(copy, message, len);
	read = net_refusal_read(span_of(copy, len), from, to);
	free(copy);
	return read;
}

static void both_ends_are_read_where_all_of_it_is_there(void)
{
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		uint8_t message[MESSAGE_MAX];
		size_t len = message_make(ipv6, message);
		struct net_endpoint from, to;

		CU_ASSERT(is_read(message, len, &from, &to) && from.port == FROM_PORT && to.port == TO_PORT);
		CU_ASSERT(from.address.family == (ipv6 ? NET_FAMILY_6 : NET_FAMILY_4) && get32(from.address.bytes) == WORLD_GUEST);
		CU_ASSERT(to.address.family == from.address.family && get32(to.address.bytes) == WORLD_PEER);
		CU_ASSERT(is_read(message, len - 4, &from, &to));
		for (size_t part = 0; part < len - 4; part++)
			CU_ASSERT(!is_read(message, part, &from, &to));
	}
}

static void what_says_something_else_is_not_read(void)
{
	static const uint8_t decide[2][9] = { { 0, 6, 7, 9, 20, 21, 28, 35, 37 }, { 0, 6, 40, 41, 48, 54 } };

	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++)
		for (unsigned i = 0; i < (ipv6 ? 6u : 9u); i++) {
			uint8_t message[MESSAGE_MAX];
			size_t len = message_make(ipv6, message);
			struct net_endpoint from, to;

			message[decide[ipv6][i]] ^= 0x11;
			CU_ASSERT(!is_read(message, len, &from, &to));
		}
}

/* The message of a host comes as a packet from it. */
static void refused_by_wire(void)
{
	uint8_t frame[128], message[MESSAGE_MAX];
	size_t len = message_make(false, message);

	put16(message + 22, 0xffffu & (unsigned)~world_sum(message + 20, len - 20, 0));
	world_arrive(frame, world_ip4(frame, 1, WORLD_PEER, WORLD_GUEST, message + 20, len - 20), true, 2048);
	world_run();
}

static void only_who_is_connected_to_it_is_told(void)
{
	static const struct net_endpoint port53 = { { NET_FAMILY_ANY, { 0 } }, FROM_PORT };
	struct net_endpoint peer = { { NET_FAMILY_4, { 10, 0, 2, 2 } }, TO_PORT };
	struct net_datagram *datagram;

	world_start(false);
	CU_ASSERT_EQUAL_FATAL(net_datagram_open(&port53, 0, &datagram), STATUS_OK);
	refused_by_wire();
	CU_ASSERT_EQUAL(datagram->error, STATUS_OK);
	datagram->peer = &peer;
	refused_by_wire();
	CU_ASSERT_EQUAL(datagram->error, STATUS_ECONNREFUSED);
	datagram->error = STATUS_OK;
	peer.port++;
	refused_by_wire();
	CU_ASSERT_EQUAL(datagram->error, STATUS_OK);
	net_datagram_close(datagram);
	refused_by_wire();
	CU_ASSERT_EQUAL(world.held, 0);
	world_drain();
}

static const struct unit_case cases[] = {
	UNIT_CASE(both_ends_are_read_where_all_of_it_is_there),
	UNIT_CASE(what_says_something_else_is_not_read),
	UNIT_CASE(only_who_is_connected_to_it_is_told),
};
UNIT_MAIN("kernel/io/net/refusal", cases)
