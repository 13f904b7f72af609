// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/handshake: a listener of a backlog of 8 while SYNs come that nobody follows up. */
#include "kernel/io/net/handshake.h"

#include <string.h>

#include "kernel/io/net/memory.h"
#include "kernel/io/net/stream.h"
#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

enum { BACKLOG = 8, HALF = BACKLOG / 2, FLOOD = 1000 };

static struct world_frame got;
static struct world_tcp peer;
static struct net_listener *listener;

static const struct net_endpoint port80 = { { NET_FAMILY_ANY, { 0 } }, 80 };

/* SYNs of so many ports from `port` on; how many were answered. */
static unsigned flood(unsigned port, unsigned count)
{
	unsigned answered = 0;

	for (unsigned i = 0; i < count; i++) {
		peer = (struct world_tcp){ .port = (uint16_t)(port + i), .guest_port = 80, .next = 77 + i, .window = 65535 };
		world_tcp_send(&peer, WORLD_SYN, "", 0);
		world_run();
		while (world_take(&got))
			answered += world_tcp_take(&peer, &got);
	}
	return answered;
}

static struct net_stream *accepted(void)
{
	struct net_stream *stream = NULL;

	CU_ASSERT_EQUAL_FATAL(net_listener_accept(listener, &stream), STATUS_OK);
	return stream;
}

static void nothing_is_remembered_of_a_flood(void)
{
	uint64_t blocks;

	world_start(false);
	CU_ASSERT_EQUAL_FATAL(net_listener_open(&port80, BACKLOG, &listener), STATUS_OK);
	CU_ASSERT_EQUAL(flood(10000, HALF), HALF);
	blocks = net_memory_counters()->blocks;
	CU_ASSERT_EQUAL(flood(20000, FLOOD), FLOOD);
	CU_ASSERT_EQUAL(net_memory_counters()->blocks, blocks);
}

static void a_cookie_becomes_a_connection(void)
{
	static uint8_t big[1461];
	struct net_stream *stream;
	struct span data;

	CU_ASSERT_FATAL(world_tcp_connect(&peer, 5000, 80));
	stream = accepted();
	CU_ASSERT(stream->peer.port == 5000 && stream->local.port == 80 && stream->connected);
	world_tcp_send(&peer, WORLD_ACK | WORLD_PSH, "hello", 5);
	world_run();
	CU_ASSERT_FATAL(net_stream_peek(stream, &data) == STATUS_OK && data.len == 5 && memcmp(data.data, "hello", 5) == 0);
	net_stream_consume(stream, 5);
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of("and back", 8)), 8);
	world_tcp_turn(&peer);
	CU_ASSERT(peer.got_len == 8 && memcmp(peer.got, "and back", 8) == 0 && peer.out_of_order == 0);
	/* The largest segment that its SYN named is what it is sent at once, and no byte more. */
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of(big, sizeof(big))), sizeof(big));
	world_run();
	CU_ASSERT(world_take(&got) && got.len == 14 + 20 + 20 + 1460 && world_tcp_take(&peer, &got));
	world_tcp_turn(&peer);
	CU_ASSERT(peer.got_len == 8 + sizeof(big) && peer.out_of_order == 0);
	world_tcp_send(&peer, WORLD_ACK | WORLD_FIN, "", 0);
	world_run();
	CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_ENODATA);
	net_stream_close(stream);
	world_tcp_turn(&peer);
	CU_ASSERT(peer.finished && !peer.reset);
}

/* The acknowledgement itself was lost: the first data brings the cookie back. */
static void data_may_bring_the_cookie(void)
{
	struct span data;
	struct net_stream *stream;

	CU_ASSERT_EQUAL(flood(5001, 1), 1);
	world_tcp_send(&peer, WORLD_ACK | WORLD_PSH, "at once", 7);
	world_run();
	stream = accepted();
	CU_ASSERT(net_stream_peek(stream, &data) == STATUS_OK && data.len == 7);
	net_stream_abort(stream);
	world_drain();
}

/* Sends what `peer` has for an acknowledgement; whether it was reset, and nobody has it to accept. */
static bool is_refused(void)
{
	struct net_stream *stream;

	world_tcp_send(&peer, WORLD_ACK, "", 0);
	world_run();
	while (world_take(&got))
		(void)world_tcp_take(&peer, &got);
	return peer.reset && net_listener_accept(listener, &stream) == STATUS_EAGAIN;
}

/* The flags of what the guest answers to a SYN of `sequence` from `port`; 0: nothing. */
static unsigned answer_to(unsigned port, unsigned guest_port, uint32_t sequence)
{
	unsigned flags = 0;

	peer = (struct world_tcp){ .port = (uint16_t)port, .guest_port = (uint16_t)guest_port, .next = sequence, .window = 65535 };
	world_tcp_send(&peer, WORLD_SYN, "", 0);
	world_run();
	while (world_take(&got))
		if (world_tcp_take(&peer, &got))
			flags = got.data[34 + 13];
	return flags;
}

/* A connection from `port` that the guest ended first: it waits for stray segments. The next byte its peer would send. */
static uint32_t end_first(unsigned port, unsigned guest_port)
{
	CU_ASSERT_FATAL(world_tcp_connect(&peer, port, guest_port));
	net_stream_close(accepted());
	world_tcp_turn(&peer);
	CU_ASSERT(peer.finished);
	world_tcp_send(&peer, WORLD_ACK | WORLD_FIN, "", 0);
	world_run();
	world_drain();
	return peer.next;
}

static void a_peer_may_use_its_port_again_at_once(void)
{
	uint32_t next = end_first(5100, 80);
	struct net_stream *stream;

	CU_ASSERT_EQUAL(answer_to(5100, 80, next - 1000), WORLD_ACK); /* a stray one */
	CU_ASSERT_EQUAL(answer_to(5100, 80, next - 1), WORLD_ACK);
	CU_ASSERT_EQUAL(answer_to(5100, 80, next + 1), WORLD_SYN | WORLD_ACK);
	world_tcp_send(&peer, WORLD_ACK | WORLD_PSH, "anew", 4);
	world_run();
	stream = accepted();
	CU_ASSERT(stream->peer.port == 5100 && stream->connected);
	net_stream_abort(stream);
	world_drain();
}

static void what_waits_stays_where_nobody_listens(void)
{
	static const struct net_endpoint port81 = { { NET_FAMILY_ANY, { 0 } }, 81 };
	struct net_listener *eighty = listener;
	uint32_t next;

	CU_ASSERT_EQUAL_FATAL(net_listener_open(&port81, BACKLOG, &listener), STATUS_OK);
	next = end_first(5101, 81);
	net_listener_close(listener);
	listener = eighty;
	CU_ASSERT_EQUAL(answer_to(5101, 81, next - 1000), WORLD_ACK);
	CU_ASSERT_EQUAL(answer_to(5101, 81, next + 100000), WORLD_ACK);
	CU_ASSERT_EQUAL(answer_to(5102, 81, next), WORLD_RST | WORLD_ACK);
	world_pass(60000);
	world_drain();
}

static void what_is_no_cookie_is_reset(void)
{
	CU_ASSERT_EQUAL(flood(5002, 1), 1);
	peer.expected ^= 1u << 20;
	CU_ASSERT(is_refused());
	CU_ASSERT_EQUAL(flood(5002, 1), 1);
	peer.next++; /* another SYN's cookie */
	CU_ASSERT(is_refused());
	CU_ASSERT_EQUAL(flood(5002, 1), 1);
	peer.port++;
	CU_ASSERT(is_refused());
}

static void who_accepts_nothing_is_not_pressed(void)
{
	unsigned connected = 0;

	for (unsigned i = 0; i < 2 * BACKLOG; i++)
		connected += world_tcp_connect(&peer, 6000 + i, 80);
	CU_ASSERT_EQUAL(connected, BACKLOG);
	CU_ASSERT_EQUAL(flood(7000, 1), 0);
	for (unsigned i = 0; i < BACKLOG; i++)
		net_stream_abort(accepted());
	world_run();
	world_drain();
	CU_ASSERT_FATAL(world_tcp_connect(&peer, 6100, 80));
	net_stream_abort(accepted());
	world_run();
	world_drain();
}

static void a_cookie_does_not_last(void)
{
	CU_ASSERT_EQUAL(flood(5003, 1), 1);
	CU_ASSERT_EQUAL(world_pass(130000) > 0, true);
	world_drain();
	CU_ASSERT(is_refused());
}

/* After the flood connections are what they always are, and all memory is back. */
static void all_is_forgotten_in_the_end(void)
{
	uint64_t blocks;

	net_listener_close(listener);
	world_pass(60000);
	world_drain();
	blocks = net_memory_counters()->blocks;
	CU_ASSERT_EQUAL_FATAL(net_listener_open(&port80, BACKLOG, &listener), STATUS_OK);
	CU_ASSERT_FATAL(world_tcp_connect(&peer, 9000, 80));
	net_stream_abort(accepted());
	net_listener_close(listener);
	world_run();
	world_drain();
	world_pass(60000);
	CU_ASSERT_EQUAL(net_memory_counters()->blocks, blocks);
	CU_ASSERT(blocks <= 4);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nothing_is_remembered_of_a_flood),
	UNIT_CASE(a_cookie_becomes_a_connection),
	UNIT_CASE(data_may_bring_the_cookie),
	UNIT_CASE(what_is_no_cookie_is_reset),
	UNIT_CASE(who_accepts_nothing_is_not_pressed),
	UNIT_CASE(a_cookie_does_not_last),
	UNIT_CASE(a_peer_may_use_its_port_again_at_once),
	UNIT_CASE(what_waits_stays_where_nobody_listens),
	UNIT_CASE(all_is_forgotten_in_the_end),
};

UNIT_MAIN("kernel/io/net/handshake", cases)
