// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net on a device that sums and cuts up segments itself, addresses from DHCP. */
#include <string.h>

#include "kernel/io/net/memory.h"
#include "kernel/io/net/net.h"
#include "kernel/io/net/stream.h"
#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

static uint8_t frame[1514];
static struct world_frame got;
static struct world_tcp peer;
static struct net_listener *listener;

/* An answer of the server to the DHCP message in `got`. */
static void dhcp_answer(unsigned type)
{
	uint8_t message[300] = { 2, 1, 6, 0 };
	static const uint8_t options[] = { 54, 4, 10, 0, 2, 2, 1, 4, 255, 255, 255, 0, 3, 4, 10, 0, 2, 2, 6, 4, 10, 0, 2, 3,
					   51, 4, 0, 0, 14, 16, 255 };

	memcpy(message + 4, got.data + 42 + 4, 4);
	memcpy(message + 16, "\x0a\x00\x02\x0f", 4);
	memcpy(message + 28, world_guest_mac, 6);
	memcpy(message + 236, "\x63\x82\x53\x63\x35\x01", 6);
	message[242] = (uint8_t)type;
	memcpy(message + 243, options, sizeof(options));
	world_arrive(frame, world_udp(frame, WORLD_PEER, 67, WORLD_GUEST, 68, message, sizeof(message)), true, 2048);
	world_run();
}

/* The type of the next DHCP message; 0 where there is none. */
static unsigned dhcp_take(void)
{
	while (world_take(&got))
		if (got.len > 285 && got.data[23] == 17 && got.data[37] == 67)
			return got.data[42 + 242];
	return 0;
}

static void address_comes_from_dhcp_and_is_kept(void)
{
	struct net_address address;

	world.offloads = true;
	world_start(true);
	CU_ASSERT_EQUAL_FATAL(dhcp_take(), 1);
	CU_ASSERT_FALSE(net_address_get(&address));
	dhcp_answer(2);
	CU_ASSERT_EQUAL_FATAL(dhcp_take(), 3);
	dhcp_answer(5);
	CU_ASSERT(net_address_get(&address));
	CU_ASSERT(memcmp(address.bytes, "\x0a\x00\x02\x0f", 4) == 0);
	world_drain();
	/* Half of the lease of an hour: not one wake-up a minute, but one when it is to be renewed, and some around it. */
	world_pass(100000);
	CU_ASSERT_EQUAL(world_pass(1500000), 0);
	world_pass(300000);
	CU_ASSERT_EQUAL(dhcp_take(), 3);
	dhcp_answer(5);
	world_drain();
}

static void checksums_the_device_vouches_for_are_not_looked_at(void)
{
	static const struct net_endpoint port80 = { { NET_FAMILY_ANY, { 0 } }, 80 };
	size_t len = world_udp(frame, WORLD_PEER, 9, WORLD_GUEST, 9, "hello", 5);

	frame[34 + 6] ^= 1;
	world_arrive(frame, len, true, 2048);
	world_run();
	CU_ASSERT(world_take(&got)); /* port unreachable: it was looked at */
	world_arrive(frame, len, false, 2048);
	world_run();
	CU_ASSERT_FALSE(world_take(&got));
	CU_ASSERT_EQUAL_FATAL(net_listener_open(&port80, 8, &listener), STATUS_OK);
}

static struct net_stream *accepted(unsigned port)
{
	struct net_stream *stream = NULL;

	CU_ASSERT_FATAL(world_tcp_connect(&peer, port, 80));
	CU_ASSERT_EQUAL_FATAL(net_listener_accept(listener, &stream), STATUS_OK);
	return stream;
}

/* Segments go to the device by the dozen, and come out as they would have one by one. */
static void bulk_goes_out_in_large_segments(void)
{
	static uint8_t pattern[400000];
	struct net_stream *stream = accepted(4000);
	size_t done = 0;

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 13 + i / 509);
	for (unsigned round = 0; round < 5000 && peer.got_len < sizeof(pattern); round++) {
		int64_t sent = net_stream_send(stream, span_of(pattern + done, sizeof(pattern) - done));

		if (sent > 0)
			done += (size_t)sent;
		if (world_tcp_turn(&peer) == 0)
			world_pass(100);
	}
	CU_ASSERT_EQUAL_FATAL(peer.got_len, sizeof(pattern));
	CU_ASSERT(memcmp(peer.got, pattern, sizeof(pattern)) == 0);
	CU_ASSERT_EQUAL(peer.out_of_order, 0);
	CU_ASSERT(world.large > 10);
	net_stream_abort(stream);
	world_run();
	world_drain();
}

/* Large segments of which parts are lost are sent again, in whatever way. */
static void large_segments_survive_loss(void)
{
	static uint8_t pattern[200000];
	struct net_stream *stream = accepted(4001);
	size_t done = 0;
	unsigned seen = 0;

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 3 + i / 257);
	for (unsigned round = 0; round < 20000 && peer.got_len < sizeof(pattern); round++) {
		int64_t sent = net_stream_send(stream, span_of(pattern + done, sizeof(pattern) - done));
		unsigned frames = 0;

		if (sent > 0)
			done += (size_t)sent;
		world_run();
		while (world_take(&got)) {
			if (++seen % 11 == 0)
				continue;
			frames += world_tcp_take(&peer, &got);
			world_tcp_send(&peer, WORLD_ACK, "", 0);
		}
		if (frames == 0)
			world_pass(100);
	}
	CU_ASSERT_EQUAL_FATAL(peer.got_len, sizeof(pattern));
	CU_ASSERT(memcmp(peer.got, pattern, sizeof(pattern)) == 0);
	net_stream_abort(stream);
	world_run();
	world_drain();
}

/* A frame in many small buffers is one frame; half of one is none. */
static void frames_in_pieces_are_put_together(void)
{
	struct net_stream *stream = accepted(4002);
	uint8_t icmp[1400] = { 8, 0, 0, 0, 0x12, 0x34, 0, 1 };
	uint16_t sum = (uint16_t)~world_sum(icmp, sizeof(icmp), 0);
	size_t len;

	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
	for (size_t piece = 60; piece < 1500; piece += 61) {
		len = world_ip4(frame, 1, WORLD_PEER, WORLD_GUEST, icmp, sizeof(icmp));
		world_arrive(frame, len, false, piece);
		world_run();
		CU_ASSERT_FATAL(world_take(&got));
		CU_ASSERT(got.len == len && got.data[34] == 0 && world_sum(got.data + 34, sizeof(icmp), 0) == 0xffff);
	}
	CU_ASSERT_EQUAL(world.held, 0);
	net_stream_abort(stream);
	world_run();
	world_drain();
}

static void memory_is_back_when_all_is_closed(void)
{
	net_listener_close(listener);
	world_pass(1800000);
	net_memory_trim();
	CU_ASSERT(world.held == 0 && world.in_flight == 0);
	CU_ASSERT(net_memory_counters()->blocks <= 8); /* lwIP's own: DHCP's, ports of names, groups of neighbours */
	CU_ASSERT_EQUAL(net_memory_counters()->pages, world.pages);
}

static const struct unit_case cases[] = {
	UNIT_CASE(address_comes_from_dhcp_and_is_kept),
	UNIT_CASE(checksums_the_device_vouches_for_are_not_looked_at),
	UNIT_CASE(bulk_goes_out_in_large_segments),
	UNIT_CASE(large_segments_survive_loss),
	UNIT_CASE(frames_in_pieces_are_put_together),
	UNIT_CASE(memory_is_back_when_all_is_closed),
};
UNIT_MAIN("kernel/io/net/offload", cases)
