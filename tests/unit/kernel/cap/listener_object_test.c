// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Accepting: a connection that is there, one that is waited for, one that another has taken, and one that cannot be given. */
#include "tests/unit/kernel/cap/net_calls.h"

#include "kernel/cap/listener_object.c"

const struct cap_interface listener_interface = { .rights = 1 };
static const struct cap_interface stream_interface = { .rights = 6 };
static struct net_listener listener;
static struct net_stream connection;
static struct list_node queued;
static struct object *object, stream;
static struct capos_listener_accept_result result;
static unsigned there, aborted, closed;
static bool no_object;

status_t net_listener_accept(struct net_listener *of, struct net_stream **out)
{
	CU_ASSERT_PTR_EQUAL(of, &listener);
	if (there == 0)
		return STATUS_EAGAIN;
	*out = &connection;
	if (--there == 0)
		list_remove(&queued);
	return STATUS_OK;
}

void net_listener_close(struct net_listener *of)
{
	closed += of == &listener;
}

void net_stream_abort(struct net_stream *of)
{
	aborted += of == &connection;
}

struct object *stream_object_create(struct net_stream *of)
{
	CU_ASSERT_PTR_EQUAL(of, &connection);
	if (no_object)
		return NULL;
	object_init(&stream, &stream_interface, NULL);
	return &stream;
}

void net_endpoint_write(const struct net_endpoint *endpoint, uint8_t address[16], uint16_t *family, uint16_t *port)
{
	memcpy(address, endpoint->address.bytes, 16);
	*family = endpoint->address.family;
	*port = endpoint->port;
}

static void come(unsigned connections)
{
	if (there == 0)
		list_push_back(&listener.queue, &queued);
	there += connections;
}

static void begin(void)
{
	call_begin(NULL, 1, &result, sizeof(result));
	memset(&result, 0, sizeof(result));
	list_init(&listener.queue);
	connection.peer = (struct net_endpoint){ { NET_FAMILY_4, { 9, 8, 7, 6 } }, 4000 };
	object = world.call.object = listener_object_create(&listener);
	CU_ASSERT_PTR_NOT_NULL_FATAL(object);
	there = aborted = closed = 0;
	no_object = false;
}

static void end(void)
{
	CU_ASSERT_EQUAL(object->holds, 1);
	object_put(object);
	CU_ASSERT_EQUAL(closed, 1);
}

static void a_connection_that_is_there_is_given_at_once(void)
{
	begin();
	come(1);
	CU_ASSERT_EQUAL(listener_accept(&world.call), STATUS_OK);
	CU_ASSERT(world.granted == &stream && world.granted_rights == 6 && world.call.new_cap == NEW_CAP && world.begun == 0);
	CU_ASSERT(result.family == 4 && result.port == 4000 && result.address[3] == 6 && result.address[4] == 0);
	end();
}

static void one_that_comes_is_given_to_who_waits(void)
{
	capos_cap_t cap = CAPOS_CAP_NONE;

	begin();
	CU_ASSERT_EQUAL(listener_accept(&world.call), CAP_PENDING);
	listener.events.changed(listener.events.ctx);
	CU_ASSERT_EQUAL(world.finished, 0);
	come(1);
	listener.events.changed(listener.events.ctx);
	CU_ASSERT(world.finished == 1 && world.finished_with == 0);
	CU_ASSERT_EQUAL(net_settle(&cap), STATUS_OK);
	CU_ASSERT(cap == NEW_CAP && world.granted == &stream && !world.operation.again);
	memcpy(&result, world.operation.data, sizeof(result));
	CU_ASSERT(world.operation.data_len == sizeof(result) && result.family == 4 && result.port == 4000 && result.address[0] == 9);
	end();
}

static void one_that_another_took_is_waited_for_again(void)
{
	capos_cap_t cap = CAPOS_CAP_NONE;

	begin();
	CU_ASSERT_EQUAL(listener_accept(&world.call), CAP_PENDING);
	come(2);
	listener.events.changed(listener.events.ctx);
	CU_ASSERT_EQUAL(world.finished, 1);
	there = 0;
	list_remove(&queued);
	(void)net_settle(&cap);
	CU_ASSERT(world.operation.again && cap == CAPOS_CAP_NONE && world.retimed == 1 && world.untimed == 0);
	come(2); /* two, of which another takes the first: then this one is told */
	world.call.new_cap = CAPOS_CAP_NONE;
	CU_ASSERT_EQUAL(listener_accept(&world.call), STATUS_OK);
	CU_ASSERT_EQUAL(world.finished, 2);
	world.operation.result = STATUS_ECANCELED;
	CU_ASSERT_EQUAL(net_settle(&cap), STATUS_ECANCELED);
	CU_ASSERT_EQUAL(there, 1);
	list_remove(&queued);
	end();
}

static void what_cannot_be_given_is_reset(void)
{
	begin();
	come(2);
	no_object = true;
	CU_ASSERT_EQUAL(listener_accept(&world.call), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(aborted, 1);
	no_object = false;
	world.grants = STATUS_ENOSPC;
	CU_ASSERT_EQUAL(listener_accept(&world.call), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(result.family, 0);
	world.no_operation = true;
	CU_ASSERT_EQUAL(listener_accept(&world.call), STATUS_ENOMEM);
	object->holds = 0;
	CU_ASSERT_EQUAL(listener_accept(&world.call), STATUS_EBADF);
	listener.events.changed(listener.events.ctx);
	object->holds = 1;
	end();
	world.allocations_left = 0;
	CU_ASSERT_PTR_NULL(listener_object_create(&listener));
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_connection_that_is_there_is_given_at_once),
	UNIT_CASE(one_that_comes_is_given_to_who_waits),
	UNIT_CASE(one_that_another_took_is_waited_for_again),
	UNIT_CASE(what_cannot_be_given_is_reset),
};

UNIT_MAIN("kernel/cap/listener_object", cases)
