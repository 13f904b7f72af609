// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "apps/blog/server.h"

#include <stdatomic.h>
#include <string.h>

#include <capos/capos.h>
#include <capos/thread.h>

#include "apps/blog/inbox.h"
#include "apps/blog/log.h"
#include "apps/blog/session.h"

enum { BACKLOG = CAPOS_NET_BACKLOG_MAX, STACK_BYTES = 32 * 1024 };
enum { ERROR_TIMEDOUT = -110, ERROR_NOSPC = -28, ERROR_NOMEM = -12 };

#define SECOND_NS 1000000000ull
#define IDLE_NS (30 * SECOND_NS)    /* between two requests */
#define REQUEST_NS (10 * SECOND_NS) /* from a request's first byte to its last; a body of PUT has as long again as at SEND_RATE */
#define LINGER_NS (2 * SECOND_NS)
#define SEND_NS (30 * SECOND_NS)    /* and as long as the reply takes at SEND_RATE */
#define SEND_RATE 16384             /* bytes a second: a client that takes fewer holds a connection for nothing */

struct connection {
	struct capos_operation operation;
	enum session_step step;
	capos_cap_t stream; /* CAPOS_CAP_NONE: nobody's */
	uint64_t deadline_ns; /* of the step, over all its operations; 0: none yet */
	struct capos_stream_send send;
	struct session session;
	char host[LOG_HOST_MAX];
};

struct worker {
	struct capos_thread thread;
	struct capos_operation accepting;
	struct capos_listener_accept_result accepted;
	bool accepts;
	unsigned count;
	struct connection connections[SERVER_CONNECTIONS];
};

static struct {
	const struct server_options *options;
	capos_cap_t listener, clock, capset;
	_Atomic unsigned workers;
	_Atomic uint64_t answered;
} server;

static uint64_t now_ns(void)
{
	int64_t now = capos_clock_now(server.clock);

	return now > 0 ? (uint64_t)now : 0;
}

/* What is left until the step's deadline, which is `allowed_ns` from now where it has none; at least a moment. */
static uint64_t left_ns(struct connection *connection, uint64_t allowed_ns)
{
	uint64_t now = now_ns();

	if (connection->deadline_ns == 0)
		connection->deadline_ns = now + allowed_ns;
	return connection->deadline_ns > now ? connection->deadline_ns - now : 1;
}

static void log_reply(struct connection *connection)
{
	char line[LOG_LINE_MAX];

	connection->session.fresh = false;
	atomic_fetch_add_explicit(&server.answered, 1, memory_order_relaxed);
	if (!server.options->quiet)
		(void)capos_console_write_line(capos_capset_get("console"), line,
					       log_line(&connection->session, connection->host, line));
}

static void receive(struct connection *connection)
{
	struct session *session = &connection->session;
	struct capos_submission submission;
	uint64_t timeout_ns = IDLE_NS;
	char *data;
	size_t room;

	if (session->body_begun)
		connection->deadline_ns = 0; /* it has its own */
	session->body_begun = false;
	if (session_is_partial(session))
		timeout_ns = left_ns(connection, REQUEST_NS + session->body_bytes / SEND_RATE * SECOND_NS);
	session_room(session, &data, &room);
	submission = capos_stream_receive_submission(connection->stream, data, (uint32_t)room, timeout_ns);
	(void)capos_submit(&submission, &connection->operation);
}

static void send(struct connection *connection)
{
	uint64_t timeout_ns = SEND_NS;
	struct capos_submission submission;
	const char *data;
	size_t bytes;

	session_unsent(&connection->session, &data, &bytes);
	if (connection->session.piece_sent > 0) /* it does not take all at once: only then time counts */
		timeout_ns = left_ns(connection, SEND_NS + bytes / SEND_RATE * SECOND_NS);
	connection->send = (struct capos_stream_send){ .data = (uint64_t)data, .bytes = bytes };
	submission = capos_stream_send_submission(connection->stream, &connection->send, timeout_ns);
	(void)capos_submit(&submission, &connection->operation);
}

static void linger(struct connection *connection, bool begins)
{
	struct capos_submission submission;

	if (begins)
		(void)capos_stream_shutdown(connection->stream); /* where that fails, closing does it */
	submission = capos_stream_receive_submission(connection->stream, connection->session.head, REPLY_HEAD_MAX,
						     left_ns(connection, LINGER_NS));
	(void)capos_submit(&submission, &connection->operation);
}

static void close(struct worker *worker, struct connection *connection)
{
	(void)capos_capset_drop(server.capset, connection->stream);
	session_end(&connection->session);
	connection->stream = CAPOS_CAP_NONE;
	worker->count--;
}

/* Begins what is next; where that is another step, with a deadline of its own. */
static void step_to(struct worker *worker, struct connection *connection, enum session_step step)
{
	bool begins = step != connection->step || connection->session.fresh;

	if (begins)
		connection->deadline_ns = 0;
	connection->step = step;
	if (connection->session.fresh)
		log_reply(connection);
	if (step == SESSION_RECEIVE)
		receive(connection);
	else if (step == SESSION_SEND)
		send(connection);
	else if (step == SESSION_LINGER)
		linger(connection, begins);
	else
		close(worker, connection);
}

/* What comes after an operation that has completed. */
static enum session_step next_step(struct connection *connection)
{
	struct session *session = &connection->session;
	int64_t result = connection->operation.result;

	switch (connection->step) {
	case SESSION_RECEIVE:
		if (result < 0)
			return result == ERROR_TIMEDOUT ? session_late(session) : SESSION_CLOSE;
		return session_received(session, (size_t)result);
	case SESSION_SEND:
		return result > 0 ? session_sent(session, (size_t)result) : SESSION_CLOSE;
	default:
		return result > 0 && now_ns() < connection->deadline_ns ? SESSION_LINGER : SESSION_CLOSE;
	}
}

static void welcome(struct worker *worker)
{
	struct connection *connection = worker->connections;

	while (connection->stream != CAPOS_CAP_NONE)
		connection++; /* there is one: else nothing would have been accepted */
	if (!session_begin(&connection->session, inbox())) {
		(void)capos_capset_drop(server.capset, worker->accepting.new_cap);
		return;
	}
	connection->stream = worker->accepting.new_cap;
	log_host(worker->accepted.family, worker->accepted.address, connection->host);
	worker->count++;
	step_to(worker, connection, SESSION_RECEIVE);
}

/* Asks for a connection where there is room for one and none was asked for. */
static void accept(struct worker *worker)
{
	struct capos_submission submission;

	if (worker->accepts || worker->count == SERVER_CONNECTIONS)
		return;
	submission = capos_listener_accept_submission(server.listener, &worker->accepted, 0);
	worker->accepts = capos_submit(&submission, &worker->accepting) == 0;
}

static int worker_run(void *arg);

/* One more worker, where there may be one and memory for it; else those that are there have to do. */
static void worker_start(void)
{
	const struct capos_thread_options options = { .stack_bytes = STACK_BYTES, .cpu = CAPOS_CPU_ANY };
	struct worker *worker;

	if (atomic_fetch_add_explicit(&server.workers, 1, memory_order_relaxed) >= SERVER_WORKERS - 1) {
		atomic_fetch_sub_explicit(&server.workers, 1, memory_order_relaxed);
		return;
	}
	worker = calloc(1, sizeof(*worker));
	if (worker != NULL && capos_thread_create(&worker->thread, &options, worker_run, worker) == 0)
		return;
	free(worker);
	atomic_fetch_sub_explicit(&server.workers, 1, memory_order_relaxed);
}

/* Goes on with everything that has completed. Whether anything had; negative: there is nothing to accept from any more. */
static int64_t serve_done(struct worker *worker)
{
	bool any = false;

	for (struct connection *connection = worker->connections; connection < worker->connections + SERVER_CONNECTIONS; connection++) {
		if (connection->stream == CAPOS_CAP_NONE || !capos_operation_is_done(&connection->operation))
			continue;
		step_to(worker, connection, next_step(connection));
		any = true;
	}
	if (worker->accepts && capos_operation_is_done(&worker->accepting)) {
		int64_t result = worker->accepting.result;

		if (result == 0)
			welcome(worker);
		else if (result != ERROR_NOSPC && result != ERROR_NOMEM)
			return result;
		worker->accepts = false;
		if (worker->count == SERVER_CONNECTIONS)
			worker_start();
		any = true;
	}
	accept(worker);
	return any;
}

static bool is_over(void)
{
	uint64_t requests = server.options->requests;

	return requests > 0 && atomic_load_explicit(&server.answered, memory_order_relaxed) >= requests;
}

static int worker_run(void *arg)
{
	struct worker *worker = arg;
	int64_t status = 0;

	while (status >= 0 && !is_over()) {
		status = serve_done(worker);
		if (status == 0) {
			status = capos_sys_cap_enter(1, CAPOS_WAIT_FOREVER);
			(void)capos_poll();
		}
	}
	capos_exit(status < 0 ? 1 : 0);
}

int64_t server_run(const struct server_options *options)
{
	static const uint8_t any[16];
	struct worker *worker = calloc(1, sizeof(*worker));
	int64_t status;

	if (worker == NULL)
		return ERROR_NOMEM;
	server.options = options;
	inbox_open(options->inbox);
	server.clock = capos_capset_get("clock");
	server.capset = capos_capset_get("capset");
	status = capos_net_listen(capos_capset_get("net"), any, 0, options->port, BACKLOG, &server.listener);
	if (status < 0)
		return status;
	(void)capos_print("listens on TCP port %u", options->port);
	return worker_run(worker);
}
