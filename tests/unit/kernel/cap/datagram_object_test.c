// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Datagrams as capabilities: whom one may send to, and that each is received once, whole or cut, by one of those who wait. */
#include "tests/unit/kernel/cap/net_calls.h"

#include "kernel/cap/datagram_object.c"

const struct cap_interface datagram_interface = { .rights = 3 };
static struct net_datagram datagram;
static struct net_object net;
static struct object *object;
static struct list_node queued;
static struct {
	struct capos_datagram_receive_result header;
	uint8_t data[100];
} room;
static uint32_t lengths[4]; /* of those that wait */
static unsigned there, closed;
static struct net_endpoint from, sent_to;
static size_t sent_bytes;

status_t net_datagram_send(struct net_datagram *of, const struct net_endpoint *to, struct span data)
{
	CU_ASSERT_PTR_EQUAL(of, &datagram);
	sent_to = *to;
	sent_bytes = data.len;
	return STATUS_OK;
}

status_t net_datagram_peek(const struct net_datagram *of, uint32_t *bytes, struct net_endpoint *whom)
{
	CU_ASSERT_PTR_EQUAL(of, &datagram);
	if (there == 0)
		return STATUS_EAGAIN;
	*bytes = lengths[0];
	*whom = from;
	return STATUS_OK;
}

uint32_t net_datagram_copy(const struct net_datagram *of, void *to, uint32_t most, uint32_t offset)
{
	uint32_t bytes = lengths[0] < most ? lengths[0] : most;

	CU_ASSERT(of == &datagram && offset == 0);
	memset(to, (int)lengths[0], bytes);
	return bytes;
}

void net_datagram_consume(struct net_datagram *of)
{
	CU_ASSERT(of == &datagram && there > 0);
	memmove(lengths, lengths + 1, sizeof(lengths) - sizeof(lengths[0]));
	if (--there == 0)
		list_remove(&queued);
}

void net_datagram_close(struct net_datagram *of)
{
	closed += of == &datagram;
}

bool net_endpoint_read(const uint8_t address[16], uint16_t family, uint16_t port, struct net_endpoint *out)
{
	*out = (struct net_endpoint){ { (uint8_t)family, { 0 } }, port };
	memcpy(out->address.bytes, address, 4);
	return family != 5;
}

void net_endpoint_write(const struct net_endpoint *endpoint, uint8_t address[16], uint16_t *family, uint16_t *port)
{
	memcpy(address, endpoint->address.bytes, 16);
	*family = endpoint->address.family;
	*port = endpoint->port;
}

static void come(uint32_t bytes)
{
	if (there == 0)
		list_push_back(&datagram.queue, &queued);
	lengths[there++] = bytes;
}

static void begin(uint32_t data_room)
{
	call_begin(NULL, 3, &room, (uint32_t)sizeof(room.header) + data_room);
	memset(&room, 0, sizeof(room));
	memset(&datagram, 0, sizeof(datagram));
	list_init(&datagram.queue);
	datagram.local.port = 5353;
	net = (struct net_object){ .object = { .holds = 1 } };
	CU_ASSERT_EQUAL(net_policy_add_connect(&net.policy, span_of("10.9.8.7:53/udp", 15)), STATUS_OK);
	object = world.call.object = datagram_object_create(&datagram, &net);
	CU_ASSERT_PTR_NOT_NULL_FATAL(object);
	CU_ASSERT_EQUAL(net.object.holds, 2);
	from = (struct net_endpoint){ { NET_FAMILY_4, { 10, 0, 0, 1 } }, 4000 };
	there = closed = 0;
}

static void end(void)
{
	CU_ASSERT_EQUAL(object->holds, 1);
	object_put(object);
	CU_ASSERT(closed == 1 && net.object.holds == 1);
}

static int64_t send(uint8_t last, uint16_t family, uint16_t port)
{
	const struct capos_datagram_send params = { .address = { 10, last == 1 ? 0 : 9, last == 1 ? 0 : 8, last }, .family = family, .port = port };

	return datagram_send(&world.call, &params, span_of("hello", 5));
}

static void one_may_send_to_whom_the_policy_names_and_answer_who_sent(void)
{
	begin(100);
	CU_ASSERT_EQUAL(send(7, NET_FAMILY_4, 53), STATUS_OK);
	CU_ASSERT(sent_to.port == 53 && sent_bytes == 5);
	CU_ASSERT_EQUAL(send(7, NET_FAMILY_4, 54), STATUS_EPERM);
	CU_ASSERT_EQUAL(send(1, NET_FAMILY_4, 4000), STATUS_EPERM);
	CU_ASSERT_EQUAL(send(7, 5, 53), STATUS_EINVAL);
	CU_ASSERT_EQUAL(send(7, NET_FAMILY_ANY, 53), STATUS_EINVAL);
	come(3);
	CU_ASSERT_EQUAL(datagram_receive(&world.call), 3);
	CU_ASSERT_EQUAL(send(1, NET_FAMILY_4, 4000), STATUS_OK);
	CU_ASSERT_EQUAL(datagram_port(&world.call), 5353);
	end();
}

static void one_is_received_whole_or_cut_with_whom_it_is_from(void)
{
	begin(50);
	come(40);
	come(60);
	come(0);
	CU_ASSERT_EQUAL(datagram_receive(&world.call), 40);
	CU_ASSERT(room.header.family == 4 && room.header.port == 4000 && room.header.address[0] == 10 && room.header.address[3] == 1);
	CU_ASSERT(room.data[0] == 40 && room.data[39] == 40 && room.data[40] == 0);
	CU_ASSERT_EQUAL(datagram_receive(&world.call), 60);
	CU_ASSERT(room.data[49] == 60 && room.data[50] == 0);
	memset(room.data, 9, sizeof(room.data));
	CU_ASSERT_EQUAL(datagram_receive(&world.call), 0);
	CU_ASSERT(room.data[0] == 9 && there == 0);
	come(10);
	world.bad_va = (uint64_t)&room.data[9];
	CU_ASSERT_EQUAL(datagram_receive(&world.call), STATUS_EFAULT);
	come(10);
	world.bad_va = (uint64_t)&room.header;
	CU_ASSERT_EQUAL(datagram_receive(&world.call), STATUS_EFAULT);
	CU_ASSERT_EQUAL(world.faults, 2);
	come(10);
	world.allocations_left = 0;
	CU_ASSERT_EQUAL(datagram_receive(&world.call), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(there, 1); /* it stays */
	list_remove(&queued);
	end();
}

static void who_waits_takes_what_comes_one_at_a_time(void)
{
	begin(50);
	CU_ASSERT_EQUAL(datagram_receive(&world.call), CAP_PENDING);
	datagram.events.changed(datagram.events.ctx);
	CU_ASSERT_EQUAL(world.finished, 0);
	come(5);
	come(6);
	CU_ASSERT_EQUAL(datagram_receive(&world.call), 5); /* another thread: then who waits is told */
	CU_ASSERT(world.finished == 1 && world.finished_with == 0);
	CU_ASSERT_EQUAL(datagram_receive(&world.call), 6);
	(void)net_settle(NULL);
	CU_ASSERT(world.operation.again && world.retimed == 1);
	come(7);
	datagram.events.changed(datagram.events.ctx);
	CU_ASSERT_EQUAL(world.finished, 2);
	CU_ASSERT_EQUAL(net_settle(NULL), 7);
	CU_ASSERT(room.data[6] == 7 && !world.operation.again);
	come(7);
	world.operation.result = STATUS_ECANCELED;
	CU_ASSERT_EQUAL(net_settle(NULL), STATUS_ECANCELED);
	CU_ASSERT_EQUAL(there, 1);
	list_remove(&queued);
	end();
}

static void what_nobody_settles_is_for_the_next(void)
{
	struct operation gone;

	begin(50);
	CU_ASSERT_EQUAL(datagram_receive(&world.call), CAP_PENDING);
	come(5);
	datagram.events.changed(datagram.events.ctx);
	CU_ASSERT_EQUAL(world.finished, 1);
	gone = world.operation; /* its thread ends */
	list_remove(&queued);
	there = 0;
	CU_ASSERT_EQUAL(datagram_receive(&world.call), CAP_PENDING);
	come(5);
	CU_ASSERT_PTR_NOT_NULL_FATAL(gone.lost);
	gone.lost(&gone);
	CU_ASSERT(world.finished == 2 && world.finished_with == 0);
	CU_ASSERT_EQUAL(net_settle(NULL), 5);
	end();
}

static void one_that_cannot_be_made_holds_nothing(void)
{
	call_begin(NULL, 3, NULL, 0);
	net.object.holds = 1;
	world.allocations_left = 0;
	CU_ASSERT_PTR_NULL(datagram_object_create(&datagram, &net));
	CU_ASSERT_EQUAL(net.object.holds, 1);
	world.allocations_left = EVER;
	net.object.holds = 0;
	CU_ASSERT_PTR_NULL(datagram_object_create(&datagram, &net));
	CU_ASSERT_EQUAL(net.object.holds, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(one_may_send_to_whom_the_policy_names_and_answer_who_sent),
	UNIT_CASE(one_is_received_whole_or_cut_with_whom_it_is_from),
	UNIT_CASE(who_waits_takes_what_comes_one_at_a_time),
	UNIT_CASE(what_nobody_settles_is_for_the_next),
	UNIT_CASE(one_that_cannot_be_made_holds_nothing),
};

UNIT_MAIN("kernel/cap/datagram_object", cases)
