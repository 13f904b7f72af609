// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net against a scripted peer: addresses, echoes, datagrams, names, rest, exhaustion, and devices that fail. */
#include "kernel/io/net/stack.h"

#include <string.h>

#include "kernel/io/net/datagram.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/resolve.h"
#include "kernel/io/net/stream.h"
#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

static uint8_t frame[1514];
static struct world_frame got;
static struct world_tcp peer;
static struct net_listener *listener;

static const struct net_endpoint port80 = { { NET_FAMILY_ANY, { 0 } }, 80 };

static unsigned type_of(const struct world_frame *f)
{
	return (unsigned)(f->data[12] << 8 | f->data[13]);
}

static void stack_announces_and_answers_arp(void)
{
	bool announced = false;

	world_start(false);
	while (world_take(&got))
		announced = announced || (type_of(&got) == 0x0806 && memcmp(got.data + 28, "\x0a\x00\x02\x0f", 4) == 0);
	CU_ASSERT(announced);
	world_arrive(frame, world_arp(frame, 1, WORLD_PEER, WORLD_GUEST), false, 2048);
	world_run();
	CU_ASSERT_FATAL(world_take(&got));
	CU_ASSERT(type_of(&got) == 0x0806 && got.data[21] == 2);
	CU_ASSERT(memcmp(got.data, world_peer_mac, 6) == 0 && memcmp(got.data + 22, world_guest_mac, 6) == 0);
	/* Not for us. */
	world_arrive(frame, world_arp(frame, 1, WORLD_PEER, WORLD_GUEST + 1), false, 2048);
	world_run();
	CU_ASSERT_FALSE(world_take(&got));
}

static void stack_answers_a_ping(void)
{
	uint8_t icmp[1400] = { 8, 0, 0, 0, 0x12, 0x34, 0, 1 };
	uint16_t sum;

	memset(icmp + 8, 0x5a, sizeof(icmp) - 8);
	sum = (uint16_t)~world_sum(icmp, sizeof(icmp), 0);
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
	world_arrive(frame, world_ip4(frame, 1, WORLD_PEER, WORLD_GUEST, icmp, sizeof(icmp)), false, 2048);
	world_run();
	CU_ASSERT_FATAL(world_take(&got));
	CU_ASSERT_EQUAL(got.len, 34 + sizeof(icmp));
	CU_ASSERT_EQUAL(got.data[34], 0);
	CU_ASSERT(memcmp(got.data + 38, icmp + 4, sizeof(icmp) - 4) == 0);
	CU_ASSERT_EQUAL(world_sum(got.data + 34, sizeof(icmp), 0), 0xffff);
}

static void stack_ignores_what_has_a_wrong_checksum(void)
{
	size_t len = world_udp(frame, WORLD_PEER, 9, WORLD_GUEST, 9, "hello", 5);

	frame[34 + 6] ^= 1;
	world_arrive(frame, len, false, 2048);
	world_run();
	CU_ASSERT_FALSE(world_take(&got)); /* else: port unreachable */
	frame[34 + 6] ^= 1;
	world_arrive(frame, len, false, 2048);
	world_run();
	CU_ASSERT(world_take(&got));
	world_drain();
}

/* The guest's side of an echo: everything back. */
static void echo(struct net_stream *stream)
{
	struct span data;

	while (net_stream_peek(stream, &data) == STATUS_OK) {
		int64_t sent = net_stream_send(stream, data);

		if (sent <= 0)
			break;
		net_stream_consume(stream, (size_t)sent);
	}
}

static struct net_stream *accepted(unsigned port)
{
	struct net_stream *stream = NULL;

	if (listener == NULL)
		CU_ASSERT_EQUAL(net_listener_open(&port80, 8, &listener), STATUS_OK);
	CU_ASSERT_FATAL(world_tcp_connect(&peer, port, 80));
	CU_ASSERT_EQUAL(net_listener_accept(listener, &stream), STATUS_OK);
	return stream;
}

static void datagrams_come_and_go(void)
{
	static const struct net_endpoint port53 = { { NET_FAMILY_ANY, { 0 } }, 53 };
	struct net_datagram *datagram;
	struct net_endpoint from;
	uint32_t bytes;
	char text[16] = "";

	CU_ASSERT_EQUAL_FATAL(net_datagram_open(&port53, 0, &datagram), STATUS_OK);
	CU_ASSERT_EQUAL(net_datagram_peek(datagram, &bytes, &from), STATUS_EAGAIN);
	world_arrive(frame, world_udp(frame, WORLD_PEER, 999, WORLD_GUEST, 53, "question", 8), false, 2048);
	world_run();
	CU_ASSERT_EQUAL_FATAL(net_datagram_peek(datagram, &bytes, &from), STATUS_OK);
	CU_ASSERT(bytes == 8 && from.port == 999 && from.address.bytes[0] == 10 && from.address.bytes[3] == 2);
	CU_ASSERT(net_datagram_copy(datagram, text, 5, 3) == 5 && memcmp(text, "stion", 5) == 0);
	net_datagram_consume(datagram);
	CU_ASSERT_EQUAL(net_datagram_send(datagram, &from, span_of("answer", 6)), STATUS_OK);
	world_run();
	CU_ASSERT_FATAL(world_take(&got));
	CU_ASSERT(got.len == 48 && memcmp(got.data + 42, "answer", 6) == 0 && got.data[36] == 3 && got.data[37] == 0xe7);
	for (unsigned i = 0; i < 300; i++) {
		world_arrive(frame, world_udp(frame, WORLD_PEER, 999, WORLD_GUEST, 53, "flood", 5), false, 2048);
		world_run();
	}
	CU_ASSERT_EQUAL(datagram->queue_count, NET_DATAGRAM_QUEUE);
	CU_ASSERT_EQUAL(datagram->dropped, 300 - NET_DATAGRAM_QUEUE);
	net_datagram_close(datagram);
	CU_ASSERT_EQUAL(world.held, 0);
	world_drain();
}

static status_t resolved;
static struct net_address resolved_to;
static unsigned resolutions;

static void on_resolved(void *ctx, status_t status, const struct net_address *address)
{
	(void)ctx;
	resolved = status;
	resolutions++;
	if (address != NULL)
		resolved_to = *address;
}

/* Answers the question in `got` with 192.0.2.1 or, with `missing`, with no such name. */
static void dns_answer(bool missing)
{
	uint8_t message[512];
	size_t question = got.len - 42;
	static const uint8_t answer[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1 };

	memcpy(message, got.data + 42, question);
	message[2] = 0x81;
	message[3] = missing ? 0x83 : 0x80;
	message[7] = !missing;
	memcpy(message + question, answer, sizeof(answer));
	world_arrive(frame,
		     world_udp(frame, WORLD_PEER, 53, WORLD_GUEST, (unsigned)(got.data[34] << 8 | got.data[35]), message,
			       question + (missing ? 0 : sizeof(answer))),
		     false, 2048);
	world_run();
}

static void names_are_resolved(void)
{
	struct net_query *query;

	CU_ASSERT_EQUAL(net_resolve(span_of("", 0), NET_FAMILY_ANY, on_resolved, NULL, &query), STATUS_EINVAL);
	CU_ASSERT_EQUAL(net_resolve(span_of("a b", 3), NET_FAMILY_ANY, on_resolved, NULL, &query), STATUS_EINVAL);
	CU_ASSERT_EQUAL_FATAL(net_resolve(span_of("example.org", 11), NET_FAMILY_4, on_resolved, NULL, &query), STATUS_OK);
	world_run();
	CU_ASSERT_FATAL(world_take(&got));
	CU_ASSERT_EQUAL_FATAL(got.data[37], 53);
	CU_ASSERT(resolutions == 0 && net_resolve_is_busy());
	dns_answer(false);
	CU_ASSERT(resolutions == 1 && resolved == STATUS_OK && resolved_to.bytes[0] == 192 && resolved_to.bytes[3] == 1);
	/* Again, from the cache. */
	CU_ASSERT_EQUAL(net_resolve(span_of("example.org", 11), NET_FAMILY_4, on_resolved, NULL, &query), STATUS_OK);
	CU_ASSERT(query == NULL && resolutions == 2 && !net_resolve_is_busy());
	CU_ASSERT_EQUAL(net_resolve(span_of("missing.example", 15), NET_FAMILY_4, on_resolved, NULL, &query), STATUS_OK);
	world_run();
	CU_ASSERT_FATAL(world_take(&got));
	dns_answer(true);
	CU_ASSERT(resolutions == 3 && resolved == STATUS_ENOENT);
	/* A server that never answers; and a question that nobody waits for any more. */
	CU_ASSERT_EQUAL(net_resolve(span_of("silent.example", 14), NET_FAMILY_4, on_resolved, NULL, &query), STATUS_OK);
	world_pass(60000);
	CU_ASSERT(resolutions == 4 && resolved == STATUS_ENOENT);
	CU_ASSERT_EQUAL(net_resolve(span_of("cancelled.example", 17), NET_FAMILY_4, on_resolved, NULL, &query), STATUS_OK);
	net_resolve_cancel(query);
	world_pass(60000);
	CU_ASSERT(resolutions == 4 && !net_resolve_is_busy());
	world_drain();
}

/* An open connection on which nothing happens, and none: nobody needs to wake up. */
static void stack_sleeps_when_nothing_happens(void)
{
	struct net_stream *stream;

	world_pass(7200000); /* what earlier tests left unanswered is given up */
	CU_ASSERT_EQUAL(world_pass(3600000), 0);
	stream = accepted(7000);
	world_pass(10000);
	CU_ASSERT_EQUAL(world_pass(3600000), 0);
	world_tcp_send(&peer, WORLD_ACK, "awake?", 6);
	world_run();
	echo(stream);
	world_tcp_turn(&peer);
	CU_ASSERT_EQUAL(peer.got_len, 6);
	net_stream_abort(stream);
	world_run();
	world_drain();
}

/* With no page to be had, frames are dropped; with pages again, everything goes on. */
static void stack_survives_having_no_memory(void)
{
	struct net_stream *stream;
	uint64_t before;

	net_memory_trim();
	before = world.pages;
	stream = accepted(7002);
	world.pages_max = world.pages;
	for (unsigned i = 0; i < 1000; i++) {
		static uint8_t block[1460];

		int64_t sent = net_stream_send(stream, span_of(block, sizeof(block)));

		CU_ASSERT(sent > 0 || sent == STATUS_EAGAIN);
		world_arrive(frame, world_udp(frame, WORLD_PEER, i, WORLD_GUEST, 9, block, 1000), false, 2048);
		world_run();
	}
	CU_ASSERT(net_memory_counters()->refused > 0);
	world.pages_max = 0;
	while (world_take(&got))
		(void)world_tcp_take(&peer, &got);
	world_tcp_send(&peer, WORLD_ACK, "", 0);
	world_run();
	for (unsigned i = 0; i < 200 && !net_stream_is_flushed(stream); i++) {
		world_pass(500);
		world_tcp_turn(&peer);
	}
	CU_ASSERT(net_stream_is_flushed(stream));
	net_stream_abort(stream);
	world_run();
	world_drain();
	world_pass(60000);
	net_memory_trim();
	CU_ASSERT(world.pages <= before);
	CU_ASSERT_EQUAL(world.held, 0);
}

/* The device takes nothing for a while: frames wait, up to a number, and go out in order. */
static void stack_waits_for_room_in_the_device(void)
{
	struct net_stream *stream;

	stream = accepted(7003);
	world.room = 0;
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of("later", 5)), 5);
	world_run();
	CU_ASSERT_FALSE(world_take(&got));
	world.room = 4096;
	world_tcp_turn(&peer);
	CU_ASSERT(peer.got_len == 5 && peer.out_of_order == 0);
	net_stream_abort(stream);
	world_run();
	world_drain();
}

static void connections_outlive_the_link_and_the_device(void)
{
	struct net_stream *stream;
	unsigned starts = world.starts;

	stream = accepted(7004);
	world.link = false;
	world_run();
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of("one", 3)), 3);
	world_pass(1000);
	world_drain();
	world.link = true;
	world_run();
	for (unsigned i = 0; i < 20 && peer.got_len < 3; i++) {
		world_pass(1000);
		world_tcp_turn(&peer);
	}
	CU_ASSERT_EQUAL(peer.got_len, 3);
	world.keep_tokens = true;
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of("two", 3)), 3);
	world_run();
	world.broken = true;
	world_drain();
	world_run();
	CU_ASSERT_EQUAL(world.starts, starts + 1);
	CU_ASSERT_EQUAL(world.in_flight, 0);
	for (unsigned i = 0; i < 20 && peer.got_len < 6; i++) {
		world_pass(1000);
		world_tcp_turn(&peer);
	}
	CU_ASSERT(peer.got_len == 6 && memcmp(peer.got, "onetwo", 6) == 0);
	net_stream_abort(stream);
	world_run();
	world_drain();
}

static void memory_is_back_when_all_is_closed(void)
{
	net_listener_close(listener);
	world_pass(120000);
	net_memory_trim();
	CU_ASSERT_EQUAL(world.held, 0);
	CU_ASSERT(net_memory_counters()->blocks <= 4); /* lwIP's own: ports of names, groups of neighbours */
	CU_ASSERT_EQUAL(net_memory_counters()->pages, world.pages);
	CU_ASSERT_FALSE(world_tcp_connect(&peer, 7010, 80));
}

static const struct unit_case cases[] = {
	UNIT_CASE(stack_announces_and_answers_arp),
	UNIT_CASE(stack_answers_a_ping),
	UNIT_CASE(stack_ignores_what_has_a_wrong_checksum),
	UNIT_CASE(datagrams_come_and_go),
	UNIT_CASE(names_are_resolved),
	UNIT_CASE(stack_sleeps_when_nothing_happens),
	UNIT_CASE(stack_survives_having_no_memory),
	UNIT_CASE(stack_waits_for_room_in_the_device),
	UNIT_CASE(connections_outlive_the_link_and_the_device),
	UNIT_CASE(memory_is_back_when_all_is_closed),
};
UNIT_MAIN("kernel/io/net/stack", cases)
