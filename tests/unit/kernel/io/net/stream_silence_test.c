// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/stream where the peer says nothing: how often it is asked, and when it is given up. */
#include <string.h>

#include "kernel/io/net/stream.h"
#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

enum { TCP_FLAGS = 14 + 20 + 13 };

static const struct net_endpoint port80 = { { NET_FAMILY_ANY, { 0 } }, 80 };
static const struct net_endpoint peer81 = { { NET_FAMILY_4, { 10, 0, 2, 2 } }, 81 };
static const struct net_tuning probing = { .keepalive = { .on = true, .idle_s = 60, .interval_s = 10, .probes = 3 } };

static struct world_tcp peer;
static struct net_listener *listener;

static void begin(void)
{
	uint8_t frame[64];

	world_start(false);
	CU_ASSERT_EQUAL_FATAL(net_listener_open(&port80, 8, &listener), STATUS_OK);
	world_arrive(frame, world_arp(frame, 2, WORLD_PEER, WORLD_GUEST), true, 2048);
	world_run();
	world_drain();
}

static struct net_stream *accepted(unsigned port)
{
	struct net_stream *stream = NULL;

	CU_ASSERT_FATAL(world_tcp_connect(&peer, port, 80));
	CU_ASSERT_EQUAL(net_listener_accept(listener, &stream), STATUS_OK);
	return stream;
}

/* In tenths of a second from now, up to `tenths`: when the guest sent to `port`. How often that was; the first `most` times are told. */
static unsigned times_sent(unsigned port, unsigned tenths, unsigned *times, unsigned most)
{
	struct world_frame frame;
	unsigned count = 0;

	for (unsigned now = 1; now <= tenths; now++) {
		world_pass(100);
		while (world_take(&frame)) {
			if (frame.len <= TCP_FLAGS || frame.data[23] != 6 || (frame.data[36] << 8 | frame.data[37]) != (int)port)
				continue;
			if (count < most)
				times[count] = now;
			count++;
		}
	}
	return count;
}

/* Each time twice as long as before, two minutes in all. */
static void who_does_not_answer_a_syn_is_asked_ever_more_seldom(void)
{
	static const unsigned due[] = { 10, 30, 70, 150, 310, 630, 1270 };
	struct net_stream *stream;
	unsigned times[8];

	begin();
	CU_ASSERT_EQUAL_FATAL(net_stream_connect(NULL, &peer81, &stream), STATUS_OK);
	world_run();
	world_drain();
	CU_ASSERT_EQUAL(times_sent(81, 1260, times, 8), 6);
	for (unsigned i = 0; i < 6; i++)
		CU_ASSERT(times[i] + 5 >= due[i] && times[i] <= due[i] + 5);
	CU_ASSERT_EQUAL(net_stream_connected(stream), STATUS_EAGAIN);
	world_pass(3000);
	CU_ASSERT_EQUAL(net_stream_connected(stream), STATUS_ETIMEDOUT);
	net_stream_close(stream);
	world_drain();
}

/* Nobody is woken meanwhile; an answer begins the time anew, and so does anything else that comes. */
static void a_peer_in_rest_is_probed(void)
{
	struct net_stream *stream = accepted(6001);
	unsigned times[4];

	net_stream_tune(stream, &probing);
	world_pass(1000);
	CU_ASSERT(world_pass(57000) <= 1);
	world_drain();
	CU_ASSERT_EQUAL(times_sent(6001, 40, times, 4), 1);
	CU_ASSERT(times[0] >= 15 && times[0] <= 30);
	for (unsigned round = 0; round < 3; round++) {
		world_tcp_send(&peer, WORLD_ACK, round == 1 ? "x" : "", round == 1);
		world_run();
		world_drain();
		CU_ASSERT_EQUAL(times_sent(6001, 590 - 10, times, 4), round == 1); /* that byte is acknowledged */
		CU_ASSERT_EQUAL(times_sent(6001, 40, times, 4), 1);
	}
	world_tcp_send(&peer, WORLD_ACK, "", 0);
	CU_ASSERT(net_stream_is_writable(stream));
	net_stream_tune(stream, &(struct net_tuning){ .keepalive = { .idle_s = 1, .interval_s = 1, .probes = 1 } });
	CU_ASSERT_EQUAL(times_sent(6001, 2000, times, 4), 0);
	net_stream_abort(stream);
	world_run();
	world_drain();
}

/* After as many probes as were asked for, and once more that time. */
static void a_peer_that_answers_no_probe_is_given_up(void)
{
	struct net_stream *stream = accepted(6002);
	unsigned times[8];
	struct span data;

	net_stream_tune(stream, &probing);
	CU_ASSERT_EQUAL(times_sent(6002, 890, times, 8), 3);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT(times[i] >= 600 + 100 * i && times[i] <= 620 + 100 * i);
	CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_EAGAIN);
	world_pass(3000);
	CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_ETIMEDOUT);
	net_stream_tune(stream, &probing); /* of what is over: nothing */
	net_stream_close(stream);
	world_drain();
}

/* Counted from when it was sent, however long it had nothing to send before; each acknowledgement begins the time anew. */
static void who_acknowledges_nothing_for_too_long_is_given_up(void)
{
	struct net_stream *stream = accepted(6003);
	struct span data;

	net_stream_tune(stream, &(struct net_tuning){ .user_timeout_ms = 5000 });
	for (unsigned round = 0; round < 2; round++) {
		CU_ASSERT_EQUAL(net_stream_send(stream, span_of("ab", 2)), 2);
		net_stream_push_all();
		world_run();
		world_pass(4500);
		CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_EAGAIN);
		world_tcp_turn(&peer);
		CU_ASSERT(net_stream_is_flushed(stream));
		world_pass(20000);
	}
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of("cd", 2)), 2);
	net_stream_push_all();
	world_run();
	world_pass(4500);
	CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_EAGAIN);
	world_pass(2000);
	CU_ASSERT_EQUAL(net_stream_peek(stream, &data), STATUS_ETIMEDOUT);
	net_stream_close(stream);
	world_drain();
}

/* Its packets say what was chosen; and how it stands is told. */
static void a_connection_is_tuned_and_told(void)
{
	struct net_stream *stream = accepted(6004);
	struct net_stream_info info;
	struct world_frame frame;

	net_stream_tune(stream, &(struct net_tuning){ .marks = { .ttl = 9, .tos = 0xb8 }, .marks6 = { .ttl = 1 } });
	world_run();
	world_drain();
	CU_ASSERT_EQUAL(net_stream_send(stream, span_of("abc", 3)), 3);
	net_stream_info(stream, &info);
	CU_ASSERT(info.state == 3 && info.unsent == 3 && info.unacked_segments == 0 && info.mtu == 1500 && info.segment >= 536 && info.peer_window == 65535);
	net_stream_push_all();
	world_run();
	net_stream_info(stream, &info);
	CU_ASSERT(info.unsent == 0 && info.unacked_segments == 1 && info.rto_us >= 500000);
	CU_ASSERT(world_take(&frame) && frame.data[14 + 1] == 0xb8 && frame.data[14 + 8] == 9);
	world_tcp_send(&peer, WORLD_RST, "", 0);
	world_run();
	net_stream_info(stream, &info);
	CU_ASSERT_EQUAL(info.state, 10);
	net_stream_close(stream);
	world_drain();
}

static const struct unit_case cases[] = {
	UNIT_CASE(who_does_not_answer_a_syn_is_asked_ever_more_seldom),
	UNIT_CASE(a_peer_in_rest_is_probed),
	UNIT_CASE(a_peer_that_answers_no_probe_is_given_up),
	UNIT_CASE(who_acknowledges_nothing_for_too_long_is_given_up),
	UNIT_CASE(a_connection_is_tuned_and_told),
};

UNIT_MAIN("kernel/io/net/stream_silence", cases)
