// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/binding: who keeps whom away from a port, and connections that come from one. */
#include "kernel/io/net/binding.h"

#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

static const struct net_endpoint peer81 = { { NET_FAMILY_4, { 10, 0, 2, 2 } }, 81 };

static void binding_keeps_others_away(void)
{
	const struct net_endpoint any90 = { { NET_FAMILY_ANY, { 0 } }, 90 }, own90 = { { NET_FAMILY_4, { 10, 0, 2, 15 } }, 90 };
	const struct net_endpoint six90 = { { NET_FAMILY_6, { 0 } }, 90 }, other90 = { { NET_FAMILY_4, { 10, 0, 2, 16 } }, 90 };
	const struct net_endpoint own0 = { { NET_FAMILY_4, { 10, 0, 2, 15 } }, 0 };
	struct net_binding one, two, three;
	struct net_listener *second;

	world_start(false);
	CU_ASSERT_EQUAL(net_binding_take(&other90, NET_SHARES_ADDRESS, &one), STATUS_EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(net_binding_take(&own90, 0, &one), STATUS_OK);
	CU_ASSERT_EQUAL(net_binding_take(&own90, NET_SHARES_ADDRESS, &two), STATUS_EADDRINUSE);
	CU_ASSERT_EQUAL(net_binding_take(&any90, NET_SHARES_ADDRESS, &two), STATUS_EADDRINUSE);
	CU_ASSERT_EQUAL(net_binding_take(&six90, 0, &two), STATUS_OK); /* another protocol's */
	net_binding_drop(&two);
	net_binding_drop(&one);
	net_binding_drop(&one);
	CU_ASSERT_EQUAL(net_binding_take(&own90, NET_SHARES_ADDRESS, &one), STATUS_OK);
	CU_ASSERT_EQUAL(net_binding_take(&any90, 0, &two), STATUS_EADDRINUSE);
	CU_ASSERT_EQUAL(net_binding_take(&any90, NET_SHARES_ADDRESS, &two), STATUS_OK);
	CU_ASSERT_EQUAL(net_listener_open_bound(&two, 1, &second), STATUS_OK);
	CU_ASSERT_PTR_NULL(two.tcp);
	CU_ASSERT_EQUAL(net_listener_open_bound(&one, 1, &second), STATUS_EADDRINUSE);
	CU_ASSERT_PTR_NOT_NULL(one.tcp);
	CU_ASSERT_EQUAL(net_binding_take(&own90, NET_SHARES_ADDRESS, &three), STATUS_EADDRINUSE);
	net_listener_close(second);
	CU_ASSERT_EQUAL(net_listener_open_bound(&one, 1, &second), STATUS_OK);
	net_listener_close(second);
	/* Who takes any address of both protocols takes those of each. */
	CU_ASSERT_EQUAL(net_binding_take(&any90, 0, &one), STATUS_OK);
	CU_ASSERT_EQUAL(net_binding_take(&six90, 0, &two), STATUS_EADDRINUSE);
	net_binding_drop(&one);
	CU_ASSERT_EQUAL(net_binding_take(&six90, 0, &one), STATUS_OK);
	CU_ASSERT_EQUAL(net_binding_take(&any90, 0, &two), STATUS_EADDRINUSE);
	net_binding_drop(&one);
	CU_ASSERT(net_binding_take(&own0, 0, &one) == STATUS_OK && one.local.port != 0);
	CU_ASSERT(net_binding_take(&own0, 0, &two) == STATUS_OK && two.local.port != one.local.port);
	net_binding_drop(&one);
	net_binding_drop(&two);
}

static void stream_connects_from_where_it_is_bound(void)
{
	const struct net_endpoint any91 = { { NET_FAMILY_ANY, { 0 } }, 91 }, six91 = { { NET_FAMILY_6, { 0 } }, 91 };
	struct net_binding binding;
	struct net_stream *stream;
	struct world_frame got;

	CU_ASSERT_EQUAL_FATAL(net_binding_take(&six91, 0, &binding), STATUS_OK);
	CU_ASSERT_EQUAL(net_stream_connect(&binding, &peer81, &stream), STATUS_ENETUNREACH);
	net_binding_drop(&binding);
	CU_ASSERT_EQUAL_FATAL(net_binding_take(&any91, 0, &binding), STATUS_OK);
	world_run();
	world_drain();
	CU_ASSERT_EQUAL_FATAL(net_stream_connect(&binding, &peer81, &stream), STATUS_OK);
	CU_ASSERT_PTR_NULL(binding.tcp);
	CU_ASSERT(stream->local.port == 91 && stream->local.address.family == NET_FAMILY_4 && stream->local.address.bytes[3] == 15);
	world_run();
	CU_ASSERT_FATAL(world_take(&got));
	CU_ASSERT(got.data[34] == 0 && got.data[35] == 91);
	/* A connection keeps nobody from its port. */
	CU_ASSERT_EQUAL(net_binding_take(&any91, 0, &binding), STATUS_OK);
	net_binding_drop(&binding);
	net_stream_abort(stream);
	world_run();
	world_drain();
}

/* Nor do those that were accepted there, whether or not their listener shared. */
static void connections_keep_nobody_away(void)
{
	const struct net_endpoint any92 = { { NET_FAMILY_ANY, { 0 } }, 92 };
	struct net_binding binding;
	struct net_listener *listener;
	struct net_stream *stream;
	struct world_tcp peer;

	CU_ASSERT_EQUAL_FATAL(net_binding_take(&any92, 0, &binding), STATUS_OK);
	CU_ASSERT_EQUAL_FATAL(net_listener_open_bound(&binding, 1, &listener), STATUS_OK);
	CU_ASSERT_FATAL(world_tcp_connect(&peer, 5000, 92));
	CU_ASSERT_EQUAL_FATAL(net_listener_accept(listener, &stream), STATUS_OK);
	net_listener_close(listener);
	CU_ASSERT_EQUAL(net_binding_take(&any92, 0, &binding), STATUS_OK);
	net_binding_drop(&binding);
	net_stream_abort(stream);
	world_run();
	world_drain();
}

/* Each in turn, but for one that is full; who leaves takes what waits for it along, and no more. */
static void listeners_share_a_port(void)
{
	const struct net_endpoint own93 = { { NET_FAMILY_4, { 10, 0, 2, 15 } }, 93 }, any93 = { { NET_FAMILY_ANY, { 0 } }, 93 };
	static struct world_tcp peers[6];
	struct net_binding bindings[3], other;
	struct net_listener *listeners[3];
	struct net_stream *stream;

	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL_FATAL(net_binding_take(&own93, NET_SHARES_PORT, &bindings[i]), STATUS_OK);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL_FATAL(net_listener_open_bound(&bindings[i], i == 2 ? 1 : 4, &listeners[i]), STATUS_OK);
	CU_ASSERT(bindings[1].tcp == NULL && listeners[1]->tcp == listeners[0]->tcp && listeners[2]->tcp == listeners[0]->tcp);
	CU_ASSERT_EQUAL(net_binding_take(&any93, 0, &other), STATUS_EADDRINUSE);
	CU_ASSERT_EQUAL(net_binding_take(&own93, NET_SHARES_ADDRESS, &other), STATUS_EADDRINUSE);
	for (unsigned i = 0; i < 6; i++)
		CU_ASSERT_FATAL(world_tcp_connect(&peers[i], 6000 + i, 93));
	CU_ASSERT(listeners[0]->queue_count == 3 && listeners[1]->queue_count == 2 && listeners[2]->queue_count == 1);
	net_listener_close(listeners[0]);
	world_run();
	for (unsigned i = 0; i < 6; i++)
		(void)world_tcp_turn(&peers[i]);
	CU_ASSERT_EQUAL(listeners[1]->queue_count + listeners[2]->queue_count, 3);
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL_FATAL(net_listener_accept(listeners[1], &stream), STATUS_OK);
		net_stream_abort(stream);
	}
	CU_ASSERT_FATAL(world_tcp_connect(&peers[0], 6010, 93));
	CU_ASSERT(listeners[1]->queue_count == 1 && listeners[2]->queue_count == 1);
	net_listener_close(listeners[1]);
	net_listener_close(listeners[2]);
	CU_ASSERT_EQUAL(net_binding_take(&any93, 0, &other), STATUS_OK);
	net_binding_drop(&other);
	world_run();
	world_drain();
}

/* Its handshake begins with one listener and ends with another. */
static void handshakes_outlive_a_listener(void)
{
	const struct net_endpoint own94 = { { NET_FAMILY_4, { 10, 0, 2, 15 } }, 94 };
	static struct world_tcp peer;
	struct net_binding bindings[2];
	struct net_listener *listeners[2];
	struct world_frame got;

	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL_FATAL(net_binding_take(&own94, NET_SHARES_PORT, &bindings[i]), STATUS_OK);
		CU_ASSERT_EQUAL_FATAL(net_listener_open_bound(&bindings[i], 4, &listeners[i]), STATUS_OK);
	}
	peer = (struct world_tcp){ .port = 6100, .guest_port = 94, .next = 1000, .window = 8192 };
	world_tcp_send(&peer, WORLD_SYN, "", 0);
	world_run();
	net_listener_close(listeners[0]);
	while (world_take(&got))
		(void)world_tcp_take(&peer, &got);
	world_tcp_send(&peer, WORLD_ACK, "", 0);
	world_run();
	CU_ASSERT_EQUAL(listeners[1]->queue_count, 1);
	net_listener_close(listeners[1]);
	world_run();
	world_drain();
}

static const struct unit_case cases[] = {
	UNIT_CASE(binding_keeps_others_away),
	UNIT_CASE(stream_connects_from_where_it_is_bound),
	UNIT_CASE(connections_keep_nobody_away),
	UNIT_CASE(listeners_share_a_port),
	UNIT_CASE(handshakes_outlive_a_listener),
};

UNIT_MAIN("kernel/io/net/binding", cases)
