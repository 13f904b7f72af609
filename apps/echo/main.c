// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Sends back what it receives, on TCP and UDP port 7, until somebody connects to TCP port 99. One thread: everything waits as an
 * operation of its own, and what has completed says what is next.
 */
#include <capos/capos.h>

enum { CONNECTIONS = 64, BYTES = 8192, DATAGRAM = 1472 };

enum state { FREE, RECEIVING, SENDING };

struct connection {
	struct capos_operation operation;
	enum state state;
	capos_cap_t stream;
	uint32_t have, sent;
	struct capos_stream_send send;
	uint8_t bytes[BYTES];
};

static struct connection connections[CONNECTIONS];
static capos_cap_t listener, quit;
static struct capos_operation accepting, quitting, receiving;
static struct capos_listener_accept_result accepted, quitter;
static capos_cap_t datagrams;
static struct {
	struct capos_datagram_receive_result from;
	uint8_t bytes[DATAGRAM];
} datagram;

static void say(const char *text)
{
	size_t len = 0;

	while (text[len] != '\0')
		len++;
	(void)capos_console_write_line(capos_capset_get("console"), text, len);
}

static void drop(capos_cap_t cap)
{
	(void)capos_capset_drop(capos_capset_get("capset"), cap);
}

static void receive(struct connection *connection)
{
	struct capos_submission submission =
		capos_stream_receive_submission(connection->stream, connection->bytes, BYTES, 0);

	connection->state = RECEIVING;
	capos_submit(&submission, &connection->operation);
}

static void send(struct connection *connection)
{
	connection->send = (struct capos_stream_send){ .data = (uint64_t)(connection->bytes + connection->sent),
						       .bytes = connection->have - connection->sent };

	struct capos_submission submission = capos_stream_send_submission(connection->stream, &connection->send, 0);

	connection->state = SENDING;
	capos_submit(&submission, &connection->operation);
}

/* What it waited for has happened. */
static void go_on(struct connection *connection)
{
	int64_t result = connection->operation.result;

	if (result <= 0) {
		drop(connection->stream);
		connection->state = FREE;
		return;
	}
	if (connection->state == RECEIVING) {
		connection->have = (uint32_t)result;
		connection->sent = 0;
		send(connection);
		return;
	}
	connection->sent += (uint32_t)result;
	if (connection->sent < connection->have)
		send(connection);
	else
		receive(connection);
}

static void accept(void)
{
	struct capos_submission submission = capos_listener_accept_submission(listener, &accepted, 0);

	capos_submit(&submission, &accepting);
}

/* A new connection, for which there is room, or none. */
static void welcome(void)
{
	capos_cap_t stream = accepting.new_cap;
	int64_t result = accepting.result;

	accept();
	if (result != 0)
		return;
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		if (connections[i].state == FREE) {
			connections[i].stream = stream;
			receive(&connections[i]);
			return;
		}
	}
	drop(stream);
}

static void receive_datagram(void)
{
	struct capos_submission submission = capos_datagram_receive_submission(datagrams, &datagram, sizeof(datagram), 0);

	capos_submit(&submission, &receiving);
}

static void answer_datagram(void)
{
	int64_t bytes = receiving.result;

	if (bytes >= 0 && bytes <= DATAGRAM)
		(void)capos_datagram_send(datagrams, datagram.from.address, datagram.from.family, datagram.from.port,
					  datagram.bytes, (size_t)bytes);
	receive_datagram();
}

static bool open_all(void)
{
	static const uint8_t any[16];
	capos_cap_t net = capos_capset_get("net");

	return capos_net_listen(net, any, 0, 7, 64, &listener) == 0 && capos_net_listen(net, any, 0, 99, 1, &quit) == 0 &&
	       capos_net_bind(net, any, 0, 7, &datagrams) == 0;
}

/* Goes on with everything that is done; whether anything was. */
static bool serve_done(void)
{
	bool any = false;

	if (capos_operation_is_done(&accepting)) {
		welcome();
		any = true;
	}
	if (capos_operation_is_done(&receiving)) {
		answer_datagram();
		any = true;
	}
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		if (connections[i].state != FREE && capos_operation_is_done(&connections[i].operation)) {
			go_on(&connections[i]);
			any = true;
		}
	}
	return any;
}

int main(void)
{
	struct capos_submission submission;

	if (!open_all()) {
		say("echo: cannot listen");
		return 1;
	}
	submission = capos_listener_accept_submission(quit, &quitter, 0);
	capos_submit(&submission, &quitting);
	accept();
	receive_datagram();
	say("echo: serves TCP and UDP port 7");
	while (!capos_operation_is_done(&quitting)) {
		if (serve_done())
			continue;
		if (capos_sys_cap_enter(1, CAPOS_WAIT_FOREVER) < 0)
			return 1;
		(void)capos_poll();
	}
	return 0;
}
