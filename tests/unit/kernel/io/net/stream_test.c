// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/stream and listener against a scripted peer: echoes, bulk, loss, refusals, backlogs. */
#include "kernel/io/net/stream.h"

#include <string.h>

#include "kernel/io/net/memory.h"
#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

enum { TCP_SEGMENT = 1460 };

static struct world_frame got;
static struct world_tcp peer;
static struct net_listener *listener;

static const struct net_endpoint port80 = { { NET_FAMILY_ANY, { 0 } }, 80 };
static const struct net_endpoint port82 = { { NET_FAMILY_ANY, { 0 } }, 82 };
static const struct net_endpoint peer81 = { { NET_FAMILY_4, { 10, 0, 2, 2 } }, 81 };

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

static struct net_stream *accepted(void)
{
	struct net_stream *stream = NULL;

	CU_ASSERT_EQUAL(net_listener_accept(listener, &stream), STATUS_OK);
	return stream;
}

static void stream_echoes_and_closes(void)
{
	struct net_stream *stream;
	struct span data;

	world_start(false);
	CU_ASSERT_EQUAL_FATAL(net_listener_open(&port80, 8, &listener), STATUS_OK);
	CU_ASSERT_EQUAL(net_listener_accept(listener, &stream), STATUS_EAGAIN);
	CU_ASSERT_FATAL(world_tcp_connect(&peer, 5000, 80));
	stream = accepted();
	CU_ASSERT_EQUAL_FATAL(net_stream_connected(stream), STATUS_OK);
	CU_ASSERT(stream->peer.port == 5000 && stream->local.port == 80 && stream->peer.address.bytes[3] == 2);
	CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_EAGAIN);
	world_tcp_send(&peer, WORLD_ACK | WORLD_PSH, "hello, world", 12);
	world_run();
	echo(stream);
	world_tcp_turn(&peer);
	CU_ASSERT(peer.got_len == 12 && memcmp(peer.got, "hello, world", 12) == 0);
	CU_ASSERT(net_stream_is_flushed(stream));
	world_tcp_send(&peer, WORLD_ACK | WORLD_FIN, "", 0);
	world_run();
	CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_ENODATA);
	net_stream_close(stream);
	world_tcp_turn(&peer);
	CU_ASSERT(peer.finished && !peer.reset);
}

static void stream_sends_in_one_segment_what_is_sent_in_one_turn(void)
{
	struct net_stream *stream;
	unsigned frames = 0;

	CU_ASSERT_FATAL(world_tcp_connect(&peer, 5001, 80));
	stream = accepted();
	for (unsigned i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(net_stream_send(stream, span_of("0123456789", 10)), 10);
	world_run();
	while (world_take(&got))
		frames += world_tcp_take(&peer, &got);
	CU_ASSERT(frames == 1 && peer.got_len == 100);
	net_stream_abort(stream);
	world_tcp_turn(&peer);
	CU_ASSERT(peer.reset);
	CU_ASSERT_EQUAL(world.held, 0);
}

/* Sends `bytes` of a pattern through; `lose`: every so many-th frame of the guest is lost. */
static void bulk_out(unsigned port, size_t bytes, unsigned lose)
{
	static uint8_t pattern[300000];
	struct net_stream *stream;
	size_t done = 0;
	unsigned seen = 0;

	for (size_t i = 0; i < bytes; i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	CU_ASSERT_FATAL(world_tcp_connect(&peer, port, 80));
	stream = accepted();
	for (unsigned round = 0; round < 20000 && peer.got_len < bytes; round++) {
		int64_t sent = net_stream_send(stream, span_of(pattern + done, bytes - done));
		unsigned frames = 0;

		if (sent > 0)
			done += (size_t)sent;
		world_run();
		while (world_take(&got)) {
			seen++;
			if (lose == 0 || seen % lose != 0)
				frames += world_tcp_take(&peer, &got);
			if (frames % 2 == 1)
				world_tcp_send(&peer, WORLD_ACK, "", 0);
		}
		if (frames > 0)
			world_tcp_send(&peer, WORLD_ACK, "", 0);
		else
			world_pass(100);
	}
	CU_ASSERT_EQUAL_FATAL(peer.got_len, bytes);
	CU_ASSERT(memcmp(peer.got, pattern, bytes) == 0);
	net_stream_abort(stream);
	world_run();
	world_drain();
}

static void on_changed(void *ctx)
{
	(*(unsigned *)ctx)++;
}

/* Who has more to send than there is room for is told as soon as the peer has taken some, not when a timer looks. */
static void stream_says_when_there_is_room_again(void)
{
	static const uint8_t block[1000];
	struct net_stream *stream;
	unsigned changes = 0;

	CU_ASSERT_FATAL(world_tcp_connect(&peer, 5010, 80));
	stream = accepted();
	CU_ASSERT(net_stream_is_writable(stream));
	while (net_stream_send(stream, span_of(block, sizeof(block))) > 0)
		;
	CU_ASSERT(!net_stream_is_writable(stream));
	world_run();
	stream->events.changed = on_changed;
	stream->events.ctx = &changes;
	CU_ASSERT(changes == 0 && !net_stream_is_writable(stream));
	CU_ASSERT(world_tcp_turn(&peer) > 0);
	world_run();
	CU_ASSERT(changes > 0 && net_stream_is_writable(stream));
	stream->events.changed = NULL;
	world_tcp_send(&peer, WORLD_RST | WORLD_ACK, "", 0);
	world_run();
	CU_ASSERT(net_stream_is_writable(stream)); /* to learn that it is over */
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of("x", 1)), STATUS_ECONNRESET);
	net_stream_close(stream);
	world_drain();
}

static void stream_sends_in_bulk(void)
{
	bulk_out(5002, 300000, 0);
}

static void stream_sends_again_what_was_lost(void)
{
	bulk_out(5003, 200000, 7);
}

static void stream_puts_in_order_what_comes_out_of_order(void)
{
	struct net_stream *stream;
	struct span data;
	uint32_t start;

	CU_ASSERT_FATAL(world_tcp_connect(&peer, 5004, 80));
	stream = accepted();
	start = peer.next;
	peer.next = start + 3;
	world_tcp_send(&peer, WORLD_ACK, "def", 3);
	peer.next = start + 6;
	world_tcp_send(&peer, WORLD_ACK, "ghi", 3);
	world_run();
	CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_EAGAIN);
	peer.next = start;
	world_tcp_send(&peer, WORLD_ACK, "abc", 3);
	world_run();
	peer.next = start + 9;
	echo(stream);
	world_tcp_turn(&peer);
	CU_ASSERT(peer.got_len == 9 && memcmp(peer.got, "abcdefghi", 9) == 0);
	net_stream_close(stream);
	world_run();
	world_drain();
}

static void stream_connects(void)
{
	struct net_stream *stream;

	CU_ASSERT_EQUAL_FATAL(net_stream_connect(NULL, &peer81, &stream), STATUS_OK);
	CU_ASSERT_EQUAL(net_stream_connected(stream), STATUS_EAGAIN);
	CU_ASSERT_FALSE(net_stream_is_writable(stream));
	world_run();
	CU_ASSERT_FATAL(world_take(&got));
	peer = (struct world_tcp){ .port = 81, .guest_port = (uint16_t)(got.data[34] << 8 | got.data[35]), .next = 77, .window = 65535 };
	CU_ASSERT_FATAL(world_tcp_take(&peer, &got));
	world_tcp_send(&peer, WORLD_SYN | WORLD_ACK, "", 0);
	world_tcp_turn(&peer);
	CU_ASSERT_EQUAL(net_stream_connected(stream), STATUS_OK);
	CU_ASSERT(net_stream_is_writable(stream));
	CU_ASSERT_EQUAL(net_stream_shutdown(stream), STATUS_OK);
	CU_ASSERT(net_stream_is_writable(stream)); /* to be told that it is not */
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of("x", 1)), STATUS_EPIPE);
	world_tcp_turn(&peer);
	CU_ASSERT(peer.finished);
	world_tcp_send(&peer, WORLD_ACK, "still", 5);
	world_run();
	struct span data;
	CU_ASSERT(net_stream_peek(stream, &data) == STATUS_OK && data.len == 5);
	net_stream_consume(stream, 5);
	net_stream_close(stream);
	world_tcp_send(&peer, WORLD_ACK | WORLD_FIN, "", 0);
	world_run();
	world_drain();
}

static void stream_says_why_it_does_not_connect(void)
{
	struct net_stream *stream;

	CU_ASSERT_EQUAL_FATAL(net_stream_connect(NULL, &peer81, &stream), STATUS_OK);
	world_run();
	CU_ASSERT_FATAL(world_take(&got));
	peer = (struct world_tcp){ .port = 81, .guest_port = (uint16_t)(got.data[34] << 8 | got.data[35]) };
	CU_ASSERT_FATAL(world_tcp_take(&peer, &got));
	world_tcp_send(&peer, WORLD_RST | WORLD_ACK, "", 0);
	world_run();
	CU_ASSERT_EQUAL(net_stream_connected(stream), STATUS_ECONNREFUSED);
	net_stream_close(stream);
	CU_ASSERT_EQUAL_FATAL(net_stream_connect(NULL, &peer81, &stream), STATUS_OK);
	world_pass(300000);
	CU_ASSERT_EQUAL(net_stream_connected(stream), STATUS_ETIMEDOUT);
	net_stream_close(stream);
	world_drain();
}

static void listener_refuses_a_taken_port(void)
{
	struct net_listener *second;

	CU_ASSERT_EQUAL(net_listener_open(&port80, 8, &second), STATUS_EADDRINUSE);
	CU_ASSERT_EQUAL(net_listener_open(&peer81, 8, &second), STATUS_EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(net_listener_open(&port82, 0, &second), STATUS_EINVAL);
	CU_ASSERT_EQUAL(net_listener_open(&port82, 256, &second), STATUS_EINVAL);
}

static void listener_keeps_to_its_backlog(void)
{
	struct net_stream *stream;
	unsigned connected = 0;
	unsigned taken = 0;

	for (unsigned i = 0; i < 12; i++)
		connected += world_tcp_connect(&peer, 6000 + i, 80);
	CU_ASSERT_EQUAL(connected, 8);
	while (net_listener_accept(listener, &stream) == STATUS_OK) {
		net_stream_abort(stream);
		taken++;
	}
	CU_ASSERT_EQUAL(taken, 8);
	CU_ASSERT_FATAL(world_tcp_connect(&peer, 6020, 80));
	net_stream_abort(accepted());
	/* Connections that end before anybody accepts them leave nothing behind. */
	for (unsigned i = 0; i < 20; i++) {
		CU_ASSERT(world_tcp_connect(&peer, 6030 + i, 80));
		world_tcp_send(&peer, WORLD_RST | WORLD_ACK, "", 0);
		world_run();
	}
	CU_ASSERT_EQUAL(net_listener_accept(listener, &stream), STATUS_EAGAIN);
	world_drain();
}

/* Whoever keeps a connection of which both ends are done finds nothing of lwIP's there once the time for late segments is over. */
static void stream_is_kept_longer_than_lwip_does(void)
{
	struct net_stream *stream;
	struct span data;

	CU_ASSERT_FATAL(world_tcp_connect(&peer, 7002, 80));
	stream = accepted();
	CU_ASSERT_EQUAL(net_stream_shutdown(stream), STATUS_OK);
	world_tcp_turn(&peer);
	CU_ASSERT(peer.finished);
	world_tcp_send(&peer, WORLD_ACK | WORLD_FIN, "", 0);
	world_run();
	CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_ENODATA);
	world_pass(60000);
	CU_ASSERT_PTR_NULL(stream->tcp);
	CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_ENODATA);
	CU_ASSERT(net_stream_is_writable(stream) && net_stream_is_flushed(stream));
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of("x", 1)), STATUS_EPIPE);
	net_stream_close(stream);
	world_drain();
}

/* A peer that went away while data was under way is given up in the end. */
static void stream_gives_up_a_peer_that_is_gone(void)
{
	struct net_stream *stream;
	struct span data;

	CU_ASSERT_FATAL(world_tcp_connect(&peer, 7001, 80));
	stream = accepted();
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of("anybody?", 8)), 8);
	world_pass(3600000);
	CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_ETIMEDOUT);
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of("x", 1)), STATUS_ETIMEDOUT);
	net_stream_close(stream);
	world_drain();
}

/* As kernel/cap/stream_object.c: whoever waits to send tries again when it is told to look, if it may. */
static const uint8_t segment[TCP_SEGMENT];

static struct starved {
	struct net_stream *stream;
	unsigned looks;
	int64_t sent;
} starved;

static void on_change(void *ctx)
{
	struct starved *of = ctx;

	of->looks++;
	if (of->sent <= 0 && net_stream_is_writable(of->stream))
		of->sent = net_stream_send(of->stream, span_of(segment, sizeof(segment)));
}

/* Others have all the memory there is, and nothing but time tells when they have given some back. */
static void sender_that_found_no_memory_goes_on_when_there_is_some(void)
{
	struct {
		void *next;
	} *taken = NULL, *block;

	CU_ASSERT_FATAL(world_tcp_connect(&peer, 7020, 80));
	starved = (struct starved){ .stream = accepted() };
	world_pass(10000);
	while (!net_memory_is_scarce() && (block = net_memory_alloc(sizeof(segment))) != NULL) {
		block->next = taken;
		taken = block;
	}
	starved.stream->events.changed = on_change;
	starved.stream->events.ctx = &starved;
	CU_ASSERT_EQUAL_FATAL(net_stream_send(starved.stream, span_of(segment, sizeof(segment))), STATUS_EAGAIN);
	world_pass(20000);
	CU_ASSERT(starved.sent <= 0 && starved.looks >= 20);
	while ((block = taken) != NULL) {
		taken = block->next;
		net_memory_free(block);
	}
	world_pass(1000);
	CU_ASSERT_EQUAL(starved.sent, sizeof(segment));
	net_stream_abort(starved.stream);
	world_run();
	world_drain();
}

static void memory_is_back_when_all_is_closed(void)
{
	net_listener_close(listener);
	world_pass(3600000);
	net_memory_trim();
	CU_ASSERT(world.held == 0 && world.in_flight == 0);
	CU_ASSERT(net_memory_counters()->blocks <= 4); /* lwIP's own */
	CU_ASSERT_FALSE(world_tcp_connect(&peer, 7010, 80));
}

static const struct unit_case cases[] = {
	UNIT_CASE(stream_echoes_and_closes),
	UNIT_CASE(stream_sends_in_one_segment_what_is_sent_in_one_turn),
	UNIT_CASE(stream_says_when_there_is_room_again),
	UNIT_CASE(stream_sends_in_bulk),
	UNIT_CASE(stream_sends_again_what_was_lost),
	UNIT_CASE(stream_puts_in_order_what_comes_out_of_order),
	UNIT_CASE(stream_connects),
	UNIT_CASE(stream_says_why_it_does_not_connect),
	UNIT_CASE(listener_refuses_a_taken_port),
	UNIT_CASE(listener_keeps_to_its_backlog),
	UNIT_CASE(stream_is_kept_longer_than_lwip_does),
	UNIT_CASE(stream_gives_up_a_peer_that_is_gone),
	UNIT_CASE(sender_that_found_no_memory_goes_on_when_there_is_some),
	UNIT_CASE(memory_is_back_when_all_is_closed),
};
UNIT_MAIN("kernel/io/net/stream", cases)
