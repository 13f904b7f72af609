// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Frames of a hostile peer into the network stack, with a listener, a connection and a datagram port that an application uses meanwhile.
 * Whatever comes: buffers of the device are given back, and memory is what it was when everything is closed.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/io/net/datagram.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/resolve.h"
#include "kernel/io/net/stream.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/kernel/io/net/world.h"

/* An input is a row of steps: one byte what, two bytes how long, and as many bytes. */
enum step {
	STEP_RAW,     /* a frame as it is */
	STEP_IP4,     /* protocol, then the payload, of an IPv4 packet to the guest */
	STEP_IP6,     /* the same with an IPv6 header of the fuzzer's, to the guest's address of the link */
	STEP_TCP,     /* flags, offset of the sequence number, then data, on the connection */
	STEP_UDP,     /* from port, to port, then data */
	STEP_TIME,    /* passes */
	STEP_ACCEPT,
	STEP_SEND,
	STEP_CONSUME,
	STEP_SHUTDOWN,
	STEP_CLOSE,
	STEP_RESOLVE,
	STEPS,
};

static struct world_tcp peer;
static struct net_listener *listener;
static struct net_datagram *datagram;
static struct net_stream *stream;

static void on_resolved(void *ctx, status_t status, const struct net_address *address)
{
	(void)ctx;
	FUZZ_ASSERT((status == STATUS_OK) == (address != NULL));
}

static void start(void)
{
	static const struct net_endpoint port80 = { { NET_FAMILY_ANY, { 0 } }, 80 };
	static const struct net_endpoint port53 = { { NET_FAMILY_ANY, { 0 } }, 53 };
	static const struct net_endpoint port999 = { { NET_FAMILY_4, { 10, 0, 2, 2 } }, 999 };

	world.offloads = true; /* checksums of TCP and UDP are vouched for: the fuzzer need not find them */
	world_start(false);
	FUZZ_ASSERT(net_listener_open(&port80, 8, &listener) == STATUS_OK);
	FUZZ_ASSERT(net_datagram_open(&port53, false, &datagram) == STATUS_OK);
	datagram->peer = &port999;
	world_pass(10000);
}

static void step_packet(enum step step, const uint8_t *data, size_t len)
{
	static const uint8_t link_local[16] = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0, 0xff, 0xfe, 0x12, 0x34, 0x56 };
	uint8_t frame[1600];
	size_t total = len;

	if (len > 1480 || len < 1)
		return;
	if (step == STEP_IP4) {
		total = world_ip4(frame, data[0], WORLD_PEER, WORLD_GUEST, data + 1, len - 1);
	} else {
		memcpy(frame, data, len);
		if (step == STEP_IP6 && len >= 54) {
			memcpy(frame, world_guest_mac, 6);
			memcpy(frame + 12, "\x86\xdd\x60", 3);
			frame[18] = (uint8_t)((len - 54) >> 8);
			frame[19] = (uint8_t)(len - 54);
			memcpy(frame + 38, link_local, 16);
		}
	}
	world_arrive(frame, total, true, 1 + total / (1 + total % 3));
}

static void step_tcp(const uint8_t *data, size_t len)
{
	uint32_t next = peer.next;

	if (len < 4 || len > 1400)
		return;
	if (data[0] & WORLD_SYN)
		peer.port = (uint16_t)(4000 + data[3]);
	peer.guest_port = 80;
	peer.window = (uint16_t)(data[2] << 8 | data[1]);
	peer.next += data[1] % 16 == 0 ? (uint32_t)data[2] * 100 : 0;
	world_tcp_send(&peer, data[0], data + 4, len - 4);
	if (data[1] % 16 == 0)
		peer.next = next;
}

static void step_application(enum step step, const uint8_t *data, size_t len)
{
	struct net_query *query;
	struct span got;

	if (step == STEP_ACCEPT && stream == NULL && net_listener_accept(listener, &stream) != STATUS_OK)
		stream = NULL;
	if (step == STEP_RESOLVE && net_resolve(span_of(data, len), NET_FAMILY_ANY, on_resolved, NULL, &query) == STATUS_OK && query != NULL &&
	    len % 2 == 0)
		net_resolve_cancel(query);
	if (stream == NULL)
		return;
	if (step == STEP_SEND)
		FUZZ_ASSERT(net_stream_send(stream, span_of(data, len)) <= (int64_t)len);
	if (step == STEP_CONSUME && net_stream_peek(stream, &got) == STATUS_OK)
		net_stream_consume(stream, len < got.len ? len : got.len);
	if (step == STEP_SHUTDOWN)
		FUZZ_ASSERT(net_stream_shutdown(stream) <= 0);
	if (step == STEP_CLOSE) {
		net_stream_close(stream);
		stream = NULL;
	}
}

static void step_run(enum step step, const uint8_t *data, size_t len)
{
	uint8_t frame[1600];
	struct world_frame sent;

	if (step <= STEP_IP6)
		step_packet(step, data, len);
	else if (step == STEP_TCP)
		step_tcp(data, len);
	else if (step == STEP_UDP && len >= 2 && len < 1400)
		world_arrive(frame,
			     world_udp(frame, WORLD_PEER, data[0] & 1 ? 53 : 999, WORLD_GUEST, data[1] & 1 ? 53 : 68, data + 2, len - 2),
			     true, 2048);
	else if (step == STEP_TIME)
		world_pass(len * 10);
	else
		step_application(step, data, len);
	world_run();
	while (world_take(&sent)) {
		peer.got_len = 0;
		(void)world_tcp_take(&peer, &sent);
	}
}

/* Everything is closed, what waited for an answer is given up, and nothing is left. */
static void finish(void)
{
	struct net_stream *waiting;
	struct net_endpoint from;
	uint32_t bytes;

	if (stream != NULL)
		net_stream_abort(stream);
	stream = NULL;
	while (net_listener_accept(listener, &waiting) == STATUS_OK)
		net_stream_abort(waiting);
	while (net_datagram_peek(datagram, &bytes, &from) == STATUS_OK)
		net_datagram_consume(datagram);
	world_run();
	world_pass(400000);
	world_drain();
	net_memory_trim();
	FUZZ_ASSERT(world.held == 0 && world.in_flight == 0 && !net_resolve_is_busy());
	FUZZ_ASSERT(net_memory_counters()->blocks < 64 && net_memory_counters()->pages == world.pages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;

	if (!started)
		start();
	started = true;
	peer = (struct world_tcp){ .port = 4000, .next = 1000 };
	for (size_t at = 0; size - at >= 3;) {
		size_t len = (size_t)(data[at + 1] << 8 | data[at + 2]);
		enum step step = data[at] % STEPS;

		at += 3;
		if (len > size - at)
			len = size - at;
		step_run(step, data + at, len);
		at += len;
	}
	finish();
	return 0;
}
