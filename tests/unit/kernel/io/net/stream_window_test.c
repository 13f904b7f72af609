// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/stream where nobody consumes what comes, and kernel/io/net/segment. */
#include <string.h>

#include "kernel/io/net/memory.h"
#include "kernel/io/net/stream.h"
#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

enum { TCP_SEGMENT = 1460 };

static const struct net_endpoint port80 = { { NET_FAMILY_ANY, { 0 } }, 80 };

static struct world_tcp peer;
static struct net_listener *listener;

static struct net_stream *accepted(void)
{
	struct net_stream *stream = NULL;

	CU_ASSERT_EQUAL(net_listener_accept(listener, &stream), STATUS_OK);
	return stream;
}

/* Data nobody consumes fills the window, and no more; then it all comes out. Held buffers are given back. */
static void stream_receives_as_much_as_its_window_and_no_more(void)
{
	static uint8_t block[TCP_SEGMENT];
	struct net_stream *stream;
	struct span data;
	size_t sent = 0;
	size_t taken = 0;

	world_start(false);
	CU_ASSERT_EQUAL_FATAL(net_listener_open(&port80, 8, &listener), STATUS_OK);
	CU_ASSERT_FATAL(world_tcp_connect(&peer, 5005, 80));
	stream = accepted();
	for (unsigned i = 0; i < 60; i++) { /* without window scaling: 64 KiB */
		memset(block, (int)i, sizeof(block));
		world_tcp_send(&peer, WORLD_ACK, block, sizeof(block));
		world_run();
		if (world.held == 0)
			continue;
		CU_ASSERT(world.held <= 64 / 2);
	}
	CU_ASSERT(world.held > 0);
	while (net_stream_peek(stream, &data) == STATUS_OK) {
		for (size_t i = 0; i < data.len; i++)
			CU_ASSERT_FATAL(data.data[i] == (uint8_t)((taken + i) / sizeof(block)));
		taken += data.len;
		net_stream_consume(stream, data.len);
	}
	sent = 65535 / sizeof(block) * sizeof(block);
	CU_ASSERT(taken >= sent && taken <= 65535);
	CU_ASSERT_EQUAL(world.held, 0);
	net_stream_abort(stream);
	world_run();
	world_drain();
}

/* The end of what fills the window comes with it, or behind it. */
static void stream_hears_the_end_behind_a_full_window(void)
{
	static uint8_t block[TCP_SEGMENT];
	struct net_stream *stream;
	struct span data;

	for (unsigned n = 0; n < 6; n++) {
		bool with_data = n % 2 != 0;

		CU_ASSERT_FATAL(world_tcp_connect(&peer, 5006 + n, 80));
		stream = accepted();
		if (n >= 2) /* it has ended by itself, and the peer has heard of that, or not */
			CU_ASSERT_EQUAL(net_stream_shutdown(stream), STATUS_OK);
		if (n >= 4)
			world_tcp_turn(&peer);
		for (unsigned i = 0; i < 65535 / sizeof(block); i++) {
			world_tcp_send(&peer, WORLD_ACK, block, sizeof(block));
			world_run();
		}
		world_tcp_send(&peer, with_data ? WORLD_ACK | WORLD_FIN : WORLD_ACK, block, 65535 % sizeof(block));
		world_run();
		if (!with_data)
			world_tcp_send(&peer, WORLD_ACK | WORLD_FIN, "", 0);
		world_run();
		CU_ASSERT(stream->peer_done && net_stream_received(stream) == 65535);
		while (net_stream_peek(stream, &data) == STATUS_OK)
			net_stream_consume(stream, data.len);
		CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_ENODATA);
		net_stream_abort(stream);
		world_run();
		world_drain();
	}
}

/* Byte by byte: each takes a buffer. What there is no more memory for is sent again once the rest was consumed. */
static void what_nobody_consumes_leaves_memory_to_others(void)
{
	static struct world_tcp other;
	const struct net_memory_counters *memory = net_memory_counters();
	struct net_stream *stream, *second;
	struct span data;
	uint32_t first;

	CU_ASSERT_FATAL(world_tcp_connect(&peer, 5020, 80));
	stream = accepted();
	first = peer.next;
	for (unsigned i = 0; i < 65000; i++) {
		world_tcp_send(&peer, WORLD_ACK, "x", 1);
		world_run();
		world_drain();
	}
	CU_ASSERT(memory->pages <= memory->pages_limit * 3 / 4 && net_stream_received(stream) > 1000);
	CU_ASSERT_FATAL(world_tcp_connect(&other, 5021, 80));
	second = accepted();
	world_tcp_send(&other, WORLD_ACK, "hello", 5);
	world_run();
	CU_ASSERT_EQUAL(net_stream_received(second), 5);
	peer.next = first + net_stream_received(stream);
	while (net_stream_peek(stream, &data) == STATUS_OK)
		net_stream_consume(stream, data.len);
	world_tcp_send(&peer, WORLD_ACK, "again", 5);
	world_run();
	CU_ASSERT_EQUAL(net_stream_received(stream), 5);
	net_stream_abort(stream);
	net_stream_abort(second);
	world_run();
	world_drain();
}

static const struct unit_case cases[] = {
	UNIT_CASE(stream_receives_as_much_as_its_window_and_no_more),
	UNIT_CASE(stream_hears_the_end_behind_a_full_window),
	UNIT_CASE(what_nobody_consumes_leaves_memory_to_others),
};

UNIT_MAIN("kernel/io/net/stream_window", cases)
