// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Connections as capabilities, over a connection that takes and gives as much as the test says: from the network's CPU and from another one. */
#include "tests/unit/kernel/cap/net_calls.h"

#include "kernel/cap/stream_object.c"

enum { BYTES = 100000 };

const struct cap_interface stream_interface = { .rights = 7 };
static struct net_stream connection;
static struct object *stream;
static unsigned cpu_now, aborted, closed, consumed;
static uint8_t memory[BYTES], sent[BYTES], received[BYTES];
static size_t sent_bytes, sends_left, receives_left, piece;
static status_t connected, peeked;
static unsigned asked_elsewhere; /* than on the network's CPU, where it may be gone */

unsigned hal_cpu_index(void)
{
	return cpu_now;
}

unsigned net_cpu(void)
{
	return 0;
}

status_t net_stream_connected(const struct net_stream *of)
{
	CU_ASSERT_PTR_EQUAL(of, &connection);
	asked_elsewhere += net_errands == 0;
	return connected;
}

status_t net_stream_peek(struct net_stream *of, struct span *out)
{
	CU_ASSERT_PTR_EQUAL(of, &connection);
	if (receives_left == 0)
		return peeked;
	*out = span_of(received + consumed, receives_left < piece ? receives_left : piece);
	return STATUS_OK;
}

void net_stream_consume(struct net_stream *of, size_t bytes)
{
	CU_ASSERT(of == &connection && bytes <= receives_left);
	consumed += (unsigned)bytes;
	receives_left -= bytes;
}

int64_t net_stream_send(struct net_stream *of, struct span data)
{
	size_t bytes = data.len < sends_left ? data.len : sends_left;

	CU_ASSERT(of == &connection && data.len <= 16384);
	memcpy(sent + sent_bytes, data.data, bytes);
	sent_bytes += bytes;
	sends_left -= bytes;
	return bytes > 0 ? (int64_t)bytes : STATUS_EAGAIN;
}

bool net_stream_is_writable(const struct net_stream *of)
{
	CU_ASSERT_PTR_EQUAL(of, &connection);
	return sends_left > 0;
}

status_t net_stream_shutdown(struct net_stream *of)
{
	CU_ASSERT_PTR_EQUAL(of, &connection);
	return STATUS_ENOTCONN;
}

void net_stream_close(struct net_stream *of)
{
	CU_ASSERT_PTR_EQUAL(of, &connection);
	closed++;
}

void net_stream_abort(struct net_stream *of)
{
	CU_ASSERT_PTR_EQUAL(of, &connection);
	aborted++;
}

void net_endpoint_write(const struct net_endpoint *endpoint, uint8_t address[16], uint16_t *family, uint16_t *port)
{
	memcpy(address, endpoint->address.bytes, 16);
	*family = endpoint->address.family;
	*port = endpoint->port;
}

/* A connection, and a call of it; `room` bytes at `memory`. */
static void begin(uint32_t room)
{
	call_begin(NULL, 7, memory, room);
	connection = (struct net_stream){ .local = { { NET_FAMILY_4, { 1, 2, 3, 4 } }, 80 }, .peer = { { NET_FAMILY_4, { 9 } }, 4000 } };
	stream = world.call.object = stream_object_create(&connection);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	cpu_now = aborted = closed = consumed = net_pokes = 0;
	sent_bytes = sends_left = receives_left = 0;
	piece = BYTES;
	connected = STATUS_OK;
	peeked = STATUS_EAGAIN;
	for (unsigned i = 0; i < BYTES; i++) {
		memory[i] = (uint8_t)(i * 7 + i / 251);
		received[i] = (uint8_t)(i * 5 + i / 253);
		sent[i] = 0;
	}
}

static void end(void)
{
	object_put(stream);
	CU_ASSERT_EQUAL(net_pokes, 1);
}

static int64_t send(uint64_t bytes)
{
	return stream_send(&world.call, &(struct capos_stream_send){ .data = (uint64_t)memory, .bytes = (uint32_t)bytes });
}

static void what_is_sent_goes_out_in_order_as_far_as_it_can(void)
{
	for (cpu_now = 0; cpu_now < 2; cpu_now++) {
		unsigned cpu = cpu_now;

		begin(0);
		cpu_now = cpu;
		sends_left = BYTES;
		CU_ASSERT_EQUAL(send(50000), 50000);
		CU_ASSERT_EQUAL(memcmp(sent, memory, 50000), 0);
		CU_ASSERT_EQUAL(sent_bytes, 50000);
		sends_left = 20000;
		sent_bytes = 0;
		CU_ASSERT_EQUAL(send(40000), 20000);
		CU_ASSERT_EQUAL(memcmp(sent, memory, 20000), 0);
		sends_left = 1;
		CU_ASSERT_EQUAL(send(0), 0);
		sends_left = BYTES;
		world.bad_va = (uint64_t)memory + 39999;
		sent_bytes = 0;
		CU_ASSERT_EQUAL(send(40000), cpu == 0 ? 32768 : STATUS_EFAULT);
		CU_ASSERT_EQUAL(world.faults, 1);
		world.bad_va = (uint64_t)memory;
		CU_ASSERT_EQUAL(send(40000), STATUS_EFAULT);
		end();
	}
}

static void what_came_is_received_in_order_as_far_as_there_is_room(void)
{
	for (cpu_now = 0; cpu_now < 2; cpu_now++) {
		unsigned cpu = cpu_now;

		begin(50000);
		cpu_now = cpu;
		receives_left = 70000;
		piece = 999;
		CU_ASSERT_EQUAL(stream_receive(&world.call), 50000);
		CU_ASSERT_EQUAL(memcmp(memory, received, 50000), 0);
		CU_ASSERT_EQUAL(stream_receive(&world.call), 20000);
		CU_ASSERT_EQUAL(memcmp(memory, received + 50000, 20000), 0);
		peeked = STATUS_ENODATA; /* the end */
		CU_ASSERT_EQUAL(stream_receive(&world.call), 0);
		peeked = STATUS_ECONNRESET;
		CU_ASSERT_EQUAL(stream_receive(&world.call), STATUS_ECONNRESET);
		receives_left = 10;
		world.bad_va = (uint64_t)memory + 9;
		CU_ASSERT_EQUAL(stream_receive(&world.call), STATUS_EFAULT);
		CU_ASSERT_EQUAL(world.faults, 1);
		end();
	}
}

/* Straight from and to the process on the network's CPU, through memory on others. */
static void only_another_cpu_needs_memory(void)
{
	begin(10);
	world.allocations_left = 0;
	sends_left = receives_left = 100;
	CU_ASSERT_EQUAL(send(10), 10);
	CU_ASSERT_EQUAL(stream_receive(&world.call), 10);
	cpu_now = 1;
	CU_ASSERT_EQUAL(send(10), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(stream_receive(&world.call), STATUS_ENOMEM);
	world.allocations_left = EVER;
	sends_left = BYTES;
	CU_ASSERT_EQUAL(send(70000), 65536); /* at once, for another CPU */
	end();
}

static void who_finds_nothing_waits_and_takes_what_comes(void)
{
	for (unsigned sending = 0; sending < 2; sending++) {
		begin(100);
		CU_ASSERT_EQUAL(sending ? send(100) : stream_receive(&world.call), CAP_PENDING);
		CU_ASSERT(world.begun == 1 && world.finished == 0);
		connection.events.changed(connection.events.ctx); /* nothing for it yet */
		CU_ASSERT_EQUAL(world.finished, 0);
		*(sending ? &sends_left : &receives_left) = 30;
		connection.events.changed(connection.events.ctx);
		CU_ASSERT(world.finished == 1 && world.finished_with == 0);
		*(sending ? &sends_left : &receives_left) = 0; /* another took it: it waits again, its time running */
		(void)net_settle(NULL);
		CU_ASSERT(world.operation.again && world.retimed == 1 && world.untimed == 0);
		*(sending ? &sends_left : &receives_left) = 30;
		connection.events.changed(connection.events.ctx);
		CU_ASSERT_EQUAL(world.finished, 2);
		CU_ASSERT_EQUAL(net_settle(NULL), 30);
		CU_ASSERT(!world.operation.again && world.untimed == 1);
		CU_ASSERT_EQUAL(sending ? memcmp(sent, memory, 30) : memcmp(memory, received, 30), 0);
		world.operation.result = STATUS_ETIMEDOUT;
		CU_ASSERT_EQUAL(net_settle(NULL), STATUS_ETIMEDOUT);
		CU_ASSERT_EQUAL(world.retimed, 2);
		*(sending ? &sends_left : &receives_left) = 0;
		CU_ASSERT_EQUAL(sending ? send(100) : stream_receive(&world.call), CAP_PENDING);
		CU_ASSERT_TRUE(operation_claim(&world.operation)); /* its time is over */
		world.operation.withdraw(&world.operation);
		CU_ASSERT(list_is_empty(&stream_of(stream)->receivers.operations) && list_is_empty(&stream_of(stream)->senders.operations));
		world.no_operation = true;
		*(sending ? &sends_left : &receives_left) = 0;
		CU_ASSERT_EQUAL(sending ? send(100) : stream_receive(&world.call), STATUS_ENOMEM);
		end();
	}
}

/* Whoever has taken a part has the next one look, where something is left. */
static void what_is_left_is_the_next_ones(void)
{
	begin(10);
	CU_ASSERT_EQUAL(stream_receive(&world.call), CAP_PENDING);
	receives_left = 30;
	CU_ASSERT_EQUAL(stream_receive(&world.call), 10); /* another thread's */
	CU_ASSERT_EQUAL(world.finished, 1);
	(void)net_settle(NULL);
	end();
	begin(10);
	CU_ASSERT_EQUAL(send(10), CAP_PENDING);
	sends_left = 10;
	CU_ASSERT_EQUAL(send(10), 10);
	CU_ASSERT_EQUAL(world.finished, 0); /* nothing can be sent any more */
	sends_left = 11;
	CU_ASSERT_EQUAL(send(10), 10);
	CU_ASSERT_EQUAL(world.finished, 1);
	end();
}

static void a_connection_is_waited_for(void)
{
	begin(0);
	connected = STATUS_EAGAIN;
	CU_ASSERT_EQUAL(stream_connected(&world.call), CAP_PENDING);
	connection.events.changed(connection.events.ctx);
	CU_ASSERT_EQUAL(world.finished, 0);
	connected = STATUS_ECONNREFUSED;
	connection.events.changed(connection.events.ctx);
	CU_ASSERT_EQUAL(world.finished, 1);
	CU_ASSERT_EQUAL(world.finished_with, STATUS_ECONNREFUSED);
	CU_ASSERT_EQUAL(net_settle(NULL), STATUS_ECONNREFUSED);
	asked_elsewhere = 0;
	CU_ASSERT_EQUAL(stream_connected(&world.call), CAP_PENDING); /* known already */
	CU_ASSERT_EQUAL(world.finished, 2);
	CU_ASSERT_EQUAL(net_settle(NULL), STATUS_ECONNREFUSED);
	CU_ASSERT_EQUAL(asked_elsewhere, 0);
	end();
	CU_ASSERT_EQUAL(closed, 1);
}

static void a_reset_ends_all_that_waits(void)
{
	begin(10);
	CU_ASSERT_EQUAL(stream_shutdown(&world.call), STATUS_ENOTCONN);
	CU_ASSERT_EQUAL(stream_receive(&world.call), CAP_PENDING);
	CU_ASSERT_EQUAL(stream_reset(&world.call), STATUS_OK);
	CU_ASSERT(aborted == 1 && world.finished == 1);
	CU_ASSERT_EQUAL(net_settle(NULL), STATUS_ECONNABORTED);
	CU_ASSERT_EQUAL(stream_receive(&world.call), STATUS_ECONNABORTED);
	CU_ASSERT_EQUAL(send(1), STATUS_ECONNABORTED);
	CU_ASSERT_EQUAL(stream_shutdown(&world.call), STATUS_ECONNABORTED);
	CU_ASSERT_EQUAL(stream_reset(&world.call), STATUS_OK);
	CU_ASSERT_EQUAL(aborted, 1);
	stream->holds = 0; /* its last capability has just gone */
	CU_ASSERT_EQUAL(stream_reset(&world.call), STATUS_EBADF);
	stream->holds = 1;
	end();
	CU_ASSERT_EQUAL(closed, 0);
}

static void a_stream_says_whose_ends_it_has(void)
{
	struct capos_stream_endpoints_result result;

	begin(0);
	world.submission.result = (uint64_t)&result;
	CU_ASSERT_EQUAL(stream_endpoints(&world.call), STATUS_OK);
	CU_ASSERT(result.family == 4 && result.local_port == 80 && result.peer_port == 4000 && result.local[3] == 4 && result.peer[0] == 9);
	end();
}

/* What bytes are copied through comes with the first connection: without it there is none. */
static void without_memory_there_is_no_stream(void)
{
	begin(0);
	end();
	free(bounce);
	bounce = NULL;
	for (unsigned allocations = 0; allocations < 2; allocations++) {
		world.allocations_left = allocations;
		CU_ASSERT_PTR_NULL(stream_object_create(&connection));
	}
	CU_ASSERT_PTR_NULL(bounce);
	begin(0);
	sends_left = 1;
	CU_ASSERT_EQUAL(send(1), 1);
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(without_memory_there_is_no_stream),
	UNIT_CASE(what_is_sent_goes_out_in_order_as_far_as_it_can),
	UNIT_CASE(what_came_is_received_in_order_as_far_as_there_is_room),
	UNIT_CASE(only_another_cpu_needs_memory),
	UNIT_CASE(who_finds_nothing_waits_and_takes_what_comes),
	UNIT_CASE(what_is_left_is_the_next_ones),
	UNIT_CASE(a_connection_is_waited_for),
	UNIT_CASE(a_reset_ends_all_that_waits),
	UNIT_CASE(a_stream_says_whose_ends_it_has),
};

UNIT_MAIN("kernel/cap/stream_object", cases)
