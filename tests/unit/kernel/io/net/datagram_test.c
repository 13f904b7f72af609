// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/datagram: who of several at a port gets what comes, what is known of it, and what is sent says. */
#include "kernel/io/net/datagram.h"

#include <string.h>

#include "kernel/io/net/memory.h"
#include "kernel/io/net/sharing.h"
#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

static const struct net_endpoint any53 = { { NET_FAMILY_ANY, { 0 } }, 53 }, own53 = { { NET_FAMILY_4, { 10, 0, 2, 15 } }, 53 };
static const struct net_endpoint peer999 = { { NET_FAMILY_4, { 10, 0, 2, 2 } }, 999 };

static uint8_t frame[2048];

static struct net_datagram *opened(const struct net_endpoint *at, unsigned shares)
{
	struct net_datagram *datagram = NULL;

	CU_ASSERT_EQUAL_FATAL(net_datagram_open(at, shares, &datagram), STATUS_OK);
	return datagram;
}

static void arrives(unsigned port)
{
	world_arrive(frame, world_udp(frame, WORLD_PEER, port, WORLD_GUEST, 53, "x", 1), false, 2048);
	world_run();
}

static void begin(void)
{
	world_start(false);
	world_arrive(frame, world_arp(frame, 2, WORLD_PEER, WORLD_GUEST), true, 2048);
	world_run();
	world_drain();
}

static void ports_are_shared_by_those_who_agree(void)
{
	static const unsigned shares[] = { 0, NET_SHARES_ADDRESS, NET_SHARES_PORT, NET_SHARES_ADDRESS | NET_SHARES_PORT };
	struct net_datagram *second;

	begin();
	for (unsigned a = 0; a < 4; a++)
		for (unsigned b = 0; b < 4; b++) {
			struct net_datagram *first = opened(&own53, shares[a]);
			status_t status = net_datagram_open(&any53, shares[b], &second);

			CU_ASSERT_EQUAL(status, shares[a] & shares[b] ? STATUS_OK : STATUS_EADDRINUSE);
			if (status == STATUS_OK)
				net_datagram_close(second);
			net_datagram_close(first);
		}
}

/* All that one sends goes to the same of them, and goes on doing so when another leaves. */
static void senders_are_shared_out(void)
{
	struct net_datagram *all[3];
	unsigned whose[64];
	unsigned total = 0;

	for (unsigned i = 0; i < 3; i++)
		all[i] = opened(&any53, NET_SHARES_PORT);
	for (unsigned port = 0; port < 64; port++) {
		uint32_t before[3] = { all[0]->queue_count, all[1]->queue_count, all[2]->queue_count };

		arrives(1000 + port);
		for (unsigned i = 0; i < 3; i++)
			if (all[i]->queue_count != before[i])
				whose[port] = i;
	}
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT(all[i]->queue_count > 5);
		total += all[i]->queue_count;
	}
	CU_ASSERT_EQUAL(total, 64);
	net_datagram_close(all[2]);
	for (unsigned port = 0; port < 64; port++) {
		uint32_t before = whose[port] < 2 ? all[whose[port]]->queue_count : 0;

		arrives(1000 + port);
		CU_ASSERT(whose[port] == 2 || all[whose[port]]->queue_count == before + 1);
	}
	net_datagram_close(all[0]);
	net_datagram_close(all[1]);
	CU_ASSERT_EQUAL(world.held, 0);
}

/* Whose peer sends it; else who has the very address; else the last that was bound. Who speaks with another gets nothing. */
static void who_fits_best_gets_it(void)
{
	const struct net_endpoint peer998 = { peer999.address, 998 };
	struct net_datagram *first = opened(&any53, NET_SHARES_ADDRESS), *exact = opened(&own53, NET_SHARES_ADDRESS), *last = opened(&any53, NET_SHARES_ADDRESS);

	arrives(999);
	CU_ASSERT(exact->queue_count == 1 && first->queue_count == 0 && last->queue_count == 0);
	CU_ASSERT_EQUAL(net_datagram_connect(first, &peer999), STATUS_OK);
	arrives(999);
	CU_ASSERT(exact->queue_count == 1 && first->queue_count == 1);
	CU_ASSERT_EQUAL(net_datagram_connect(exact, &peer999), STATUS_OK);
	arrives(998);
	CU_ASSERT(exact->queue_count == 1 && first->queue_count == 1 && last->queue_count == 1);
	CU_ASSERT_EQUAL(net_datagram_connect(last, &peer998), STATUS_OK);
	arrives(997);
	CU_ASSERT(exact->queue_count == 1 && first->queue_count == 1 && last->queue_count == 1);
	net_datagram_close(first);
	net_datagram_close(exact);
	net_datagram_close(last);
	CU_ASSERT_EQUAL(world.held, 0);
}

static void arrivals_are_known(void)
{
	struct net_datagram *datagram = opened(&any53, 0);
	const struct net_arrival *arrival;

	arrives(999);
	CU_ASSERT_EQUAL_FATAL(datagram->queue_count, 1);
	arrival = net_datagram_arrival(datagram);
	CU_ASSERT(arrival->from.port == 999 && arrival->to.family == NET_FAMILY_4 && arrival->to.bytes[3] == 15);
	CU_ASSERT(arrival->ttl == frame[14 + 8] && arrival->tos == frame[14 + 1] && !arrival->is_from_here);
	net_datagram_close(datagram);
}

static void senders_say_what_they_like(void)
{
	const struct net_address nobody = { 0 }, other = { NET_FAMILY_4, { 10, 0, 2, 16 } }, six = { NET_FAMILY_6, { [15] = 1 } };
	const struct net_marks marks = { .ttl = 7, .tos = 0x20, .multicast_ttl = 3 };
	const struct net_endpoint group = { { NET_FAMILY_4, { 224, 0, 0, 9 } }, 9 };
	struct net_datagram *datagram = opened(&any53, 0);
	struct world_frame got;

	world_drain();
	CU_ASSERT_EQUAL(net_datagram_send_as(datagram, &other, NULL, &peer999, span_of("x", 1)), STATUS_EINVAL);
	CU_ASSERT_EQUAL(net_datagram_send_as(datagram, &six, NULL, &peer999, span_of("x", 1)), STATUS_EINVAL);
	CU_ASSERT_EQUAL(net_datagram_send_as(datagram, &own53.address, &marks, &peer999, span_of("x", 1)), STATUS_OK);
	world_run();
	CU_ASSERT(world_take(&got) && got.data[14 + 1] == 0x20 && got.data[14 + 8] == 7 && got.data[14 + 15] == 15);
	CU_ASSERT_EQUAL(net_datagram_send_as(datagram, &nobody, &marks, &group, span_of("x", 1)), STATUS_OK);
	world_run();
	CU_ASSERT(world_take(&got) && got.data[14 + 8] == 3);
	CU_ASSERT_EQUAL(net_datagram_send(datagram, &peer999, span_of("x", 1)), STATUS_OK);
	world_run();
	CU_ASSERT(world_take(&got) && got.data[14 + 1] == 0 && got.data[14 + 8] == 64);
	net_datagram_close(datagram);
	world_drain();
}

/* Ports that nobody receives from, and all that a peer can send them. */
static void what_nobody_receives_leaves_memory_to_others(void)
{
	enum { PORTS = 400, EACH = 300, FIRST = 2000 };
	static struct net_datagram *all[PORTS];
	static const uint8_t bytes[1400];
	const struct net_memory_counters *memory = net_memory_counters();
	struct net_endpoint at = any53;

	for (unsigned i = 0; i < PORTS; i++) {
		at.port = (uint16_t)(FIRST + i);
		all[i] = opened(&at, 0);
	}
	for (unsigned i = 0; i < PORTS; i++)
		for (unsigned n = 0; n < EACH && all[i]->dropped == 0; n++) {
			world_arrive(frame, world_udp(frame, WORLD_PEER, 999, WORLD_GUEST, FIRST + i, bytes, sizeof(bytes)), false, 2048);
			world_run();
		}
	CU_ASSERT(all[0]->queue_count > 100 && all[1]->queue_count > 0);
	CU_ASSERT(memory->pages <= memory->pages_limit * 3 / 4 && !net_memory_is_scarce());
	for (unsigned i = 0; i < PORTS; i++)
		net_datagram_close(all[i]);
	all[0] = opened(&any53, 0);
	arrives(999);
	CU_ASSERT_EQUAL(all[0]->queue_count, 1);
	net_datagram_close(all[0]);
	CU_ASSERT_EQUAL(world.held, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(ports_are_shared_by_those_who_agree),
	UNIT_CASE(senders_are_shared_out),
	UNIT_CASE(who_fits_best_gets_it),
	UNIT_CASE(arrivals_are_known),
	UNIT_CASE(senders_say_what_they_like),
	UNIT_CASE(what_nobody_receives_leaves_memory_to_others),
};

UNIT_MAIN("kernel/io/net/datagram", cases)
