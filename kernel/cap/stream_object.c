// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * TCP connections as capabilities. The connection itself is touched on the network's CPU alone; bytes are copied between the process and it
 * through `bounce` there, and through memory of their own where the process runs on another CPU.
 */
#include "kernel/io/net/stream.h"

#include "hal/contract/smp.h"
#include "kernel/cap/dispatch.h"
#include "kernel/cap/net_object.h"
#include "kernel/cap/net_waits.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/libc.h"
#include "kernel/io/net/net.h"
#include "kernel/stream_methods.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { BOUNCE_BYTES = 16384, AWAY_BYTES = 65536 /* at once, for another CPU */ };

struct stream_object {
	struct object object;
	struct net_stream *stream; /* W: the network's CPU. NULL after a reset */
	struct net_waits connecting, senders, receivers;
};

/* W: the network's CPU; between two looks at the process nothing else happens there. It comes with the first connection, and stays. */
static uint8_t *bounce;

static struct stream_object *stream_of(const struct object *object)
{
	return LIST_OWNER((struct object *)object, struct stream_object, object);
}

static status_t connected_status(const struct stream_object *own)
{
	return own->stream != NULL ? net_stream_connected(own->stream) : STATUS_ECONNABORTED;
}

static status_t peek(const struct stream_object *own, struct span *out)
{
	status_t status = own->stream != NULL ? net_stream_peek(own->stream, out) : STATUS_ECONNABORTED;

	return status == STATUS_ENOTCONN ? STATUS_EAGAIN : status; /* not yet: it waits */
}

static int64_t send_some(const struct stream_object *own, struct span data)
{
	int64_t result = own->stream != NULL ? net_stream_send(own->stream, data) : STATUS_ECONNABORTED;

	return result == STATUS_ENOTCONN ? STATUS_EAGAIN : result;
}

static bool is_connected(const struct object *object)
{
	return connected_status(stream_of(object)) != STATUS_EAGAIN;
}

static bool is_readable(const struct object *object)
{
	struct span data;

	return peek(stream_of(object), &data) != STATUS_EAGAIN;
}

static bool is_writable(const struct object *object)
{
	const struct stream_object *own = stream_of(object);

	return own->stream == NULL || net_stream_is_writable(own->stream);
}

/* One at a time: it takes what there is, and then the next may look. Of an end everybody learns in turn. */
static void tell(struct stream_object *own)
{
	if (is_connected(&own->object))
		net_waits_finish_all(&own->connecting, connected_status(own));
	if (is_readable(&own->object))
		net_waits_finish_first(&own->receivers, 0);
	if (is_writable(&own->object))
		net_waits_finish_first(&own->senders, 0);
}

/* Something changed. Finishing operations serves messages of other CPUs at times: one of them may take the last hold. */
static void on_change(void *ctx)
{
	struct stream_object *own = ctx;

	if (!object_hold(&own->object))
		return;
	tell(own);
	object_put(&own->object);
}

static void close_there(void *arg)
{
	struct stream_object *own = arg;

	if (own->stream != NULL)
		net_stream_close(own->stream);
	net_poke();
	free(own);
}

static void stream_destroy(struct object *object)
{
	net_do_later(close_there, stream_of(object));
}

static void adopt_there(void *arg)
{
	struct stream_object *own = arg;

	if (bounce == NULL && (bounce = malloc(BOUNCE_BYTES)) == NULL) {
		own->stream = NULL;
		return;
	}
	own->stream->events.ctx = own;
	own->stream->events.changed = on_change;
}

struct object *stream_object_create(struct net_stream *stream)
{
	struct stream_object *own = calloc(1, sizeof(*own));

	if (own == NULL)
		return NULL;
	object_init(&own->object, &stream_interface, stream_destroy);
	net_waits_init(&own->connecting);
	net_waits_init(&own->senders);
	net_waits_init(&own->receivers);
	own->stream = stream;
	net_do(adopt_there, own);
	if (own->stream == NULL) {
		free(own);
		return NULL;
	}
	return &own->object;
}

static void connected_there(void *arg)
{
	struct operation *operation = arg;

	operation->result = connected_status(stream_of(operation->object));
}

static void connected_settle(struct operation *operation, capos_cap_t *new_cap)
{
	(void)new_cap;
	if (operation->result == 0)
		net_do(connected_there, operation);
}

int64_t stream_connected(struct cap_call *call)
{
	struct stream_object *own = stream_of(call->object);

	return net_waits_begin(call, &own->connecting, is_connected, connected_settle, NULL, 0);
}

/* A transfer, on the network's CPU: either straight to or from the process, or through memory of the caller's. */
struct transfer {
	struct stream_object *own;
	struct process *process; /* NULL: `memory` */
	uint64_t va;
	uint8_t *memory;
	uint64_t bytes;
	int64_t result; /* bytes, or why there are none */
	struct operation *operation; /* that is being settled; NULL: the first look */
	bool again; /* it waits */
};

/* Where there was nothing after all: nothing changes between that look and the wait. */
static void again_maybe(struct transfer *transfer)
{
	transfer->again = transfer->result == STATUS_EAGAIN && transfer->operation != NULL;
	if (transfer->again)
		net_waits_again(transfer->operation);
}

static bool transfer_in(struct transfer *transfer, uint64_t offset, size_t bytes)
{
	if (transfer->process != NULL)
		return process_copy_in(transfer->process, bounce, transfer->va + offset, bytes) == STATUS_OK;
	memcpy(bounce, transfer->memory + offset, bytes);
	return true;
}

static void send_there(void *arg)
{
	struct transfer *transfer = arg;
	uint64_t done = 0;
	int64_t sent = 0;

	while (done < transfer->bytes) {
		size_t step = transfer->bytes - done < BOUNCE_BYTES ? transfer->bytes - done : BOUNCE_BYTES;

		/* What cannot be sent need not be copied first. */
		sent = is_writable(&transfer->own->object) ? 0 : STATUS_EAGAIN;
		if (sent == 0 && !transfer_in(transfer, done, step))
			sent = STATUS_EFAULT;
		if (sent == 0)
			sent = send_some(transfer->own, span_of(bounce, step));
		if (sent <= 0)
			break;
		done += (uint64_t)sent;
	}
	transfer->result = done > 0 || sent == 0 ? (int64_t)done : sent;
	again_maybe(transfer);
	if (!transfer->again && is_writable(&transfer->own->object))
		net_waits_finish_first(&transfer->own->senders, 0);
}

static bool transfer_out(struct transfer *transfer, uint64_t offset, struct span data)
{
	if (transfer->process != NULL)
		return process_copy_out(transfer->process, transfer->va + offset, data.data, data.len) == STATUS_OK;
	memcpy(transfer->memory + offset, data.data, data.len);
	return true;
}

static void receive_there(void *arg)
{
	struct transfer *transfer = arg;
	uint64_t done = 0;
	struct span data;
	status_t status = STATUS_OK;

	while (done < transfer->bytes && (status = peek(transfer->own, &data)) == STATUS_OK) {
		if (data.len > transfer->bytes - done)
			data.len = transfer->bytes - done;
		if (!transfer_out(transfer, done, data)) {
			status = STATUS_EFAULT;
			break;
		}
		net_stream_consume(transfer->own->stream, data.len);
		done += data.len;
	}
	transfer->result = done > 0 || status == STATUS_OK || status == STATUS_ENODATA ? (int64_t)done : status;
	again_maybe(transfer);
	if (is_readable(&transfer->own->object))
		net_waits_finish_first(&transfer->own->receivers, 0);
}

static void transfer_run(struct transfer *transfer, bool send)
{
	void (*there)(void *arg) = send ? send_there : receive_there;

	if (transfer->operation == NULL)
		net_do(there, transfer);
	else
		(void)net_waits_settle(transfer->operation, there, transfer, &transfer->again);
}

/* For a process of another CPU than the network's. */
static int64_t transfer_away(struct transfer *transfer, struct process *process, bool send)
{
	transfer->process = NULL;
	if (transfer->bytes > AWAY_BYTES)
		transfer->bytes = AWAY_BYTES;
	transfer->memory = malloc(transfer->bytes > 0 ? transfer->bytes : 1);
	if (transfer->memory == NULL)
		return STATUS_ENOMEM;
	if (send && process_copy_in(process, transfer->memory, transfer->va, transfer->bytes) != STATUS_OK)
		transfer->result = STATUS_EFAULT;
	else
		transfer_run(transfer, send);
	if (!send && transfer->result > 0 &&
	    process_copy_out(process, transfer->va, transfer->memory, (size_t)transfer->result) != STATUS_OK)
		transfer->result = STATUS_EFAULT;
	free(transfer->memory);
	return transfer->result;
}

/* Sends or receives for a process that runs here: as much as can be done now; STATUS_EAGAIN: nothing. */
static int64_t transfer(struct transfer *transfer, bool send)
{
	if (transfer->bytes > CAPOS_STREAM_BYTES_MAX)
		transfer->bytes = CAPOS_STREAM_BYTES_MAX;
	if (hal_cpu_index() != net_cpu())
		return transfer_away(transfer, transfer->process, send);
	transfer_run(transfer, send);
	return transfer->result;
}

static void transfer_settle(struct operation *operation, uint64_t va, uint64_t bytes, bool send)
{
	struct transfer settling = { .own = stream_of(operation->object), .operation = operation, .va = va, .bytes = bytes };
	int64_t result;

	if (operation->result < 0)
		return;
	settling.process = operation->set->process;
	result = transfer(&settling, send);
	if (!settling.again)
		operation->result = result;
}

static void send_settle(struct operation *operation, capos_cap_t *new_cap)
{
	struct capos_stream_send params;

	(void)new_cap;
	memcpy(&params, operation->data, sizeof(params));
	transfer_settle(operation, params.data, params.bytes, true);
}

int64_t stream_send(struct cap_call *call, const struct capos_stream_send *params)
{
	struct stream_object *own = stream_of(call->object);
	struct transfer sending = { .own = own, .process = call->process, .va = params->data, .bytes = params->bytes };
	int64_t result = transfer(&sending, true);

	if (result != STATUS_EAGAIN)
		return result;
	return net_waits_begin(call, &own->senders, is_writable, send_settle, params, sizeof(*params));
}

static void receive_settle(struct operation *operation, capos_cap_t *new_cap)
{
	(void)new_cap;
	transfer_settle(operation, operation->result_va, operation->result_len, false);
}

int64_t stream_receive(struct cap_call *call)
{
	struct stream_object *own = stream_of(call->object);
	const struct capos_submission *submission = call->submission;
	struct transfer receiving = { .own = own, .process = call->process, .va = submission->result, .bytes = submission->result_len };
	int64_t result = transfer(&receiving, false);

	if (result != STATUS_EAGAIN)
		return result;
	return net_waits_begin(call, &own->receivers, is_readable, receive_settle, NULL, 0);
}

struct ending {
	struct stream_object *own;
	status_t result;
};

static void shutdown_there(void *arg)
{
	struct ending *ending = arg;

	ending->result = ending->own->stream != NULL ? net_stream_shutdown(ending->own->stream) : STATUS_ECONNABORTED;
}

int64_t stream_shutdown(struct cap_call *call)
{
	struct ending ending = { .own = stream_of(call->object) };

	net_do(shutdown_there, &ending);
	return ending.result;
}

static void reset_there(void *arg)
{
	struct ending *ending = arg;
	struct stream_object *own = ending->own;

	if (own->stream != NULL)
		net_stream_abort(own->stream);
	own->stream = NULL;
	tell(own);
}

int64_t stream_reset(struct cap_call *call)
{
	struct ending ending = { .own = stream_of(call->object) };

	/* Whoever is told may serve messages meanwhile: one of them may take the last capability away. */
	if (!object_hold(call->object))
		return STATUS_EBADF;
	net_do(reset_there, &ending);
	object_put(call->object);
	return STATUS_OK;
}

struct asking {
	const struct stream_object *own;
	struct net_endpoint local, peer;
};

static void endpoints_there(void *arg)
{
	struct asking *asking = arg;

	if (asking->own->stream != NULL) {
		asking->local = asking->own->stream->local;
		asking->peer = asking->own->stream->peer;
	}
}

int64_t stream_endpoints(struct cap_call *call)
{
	struct asking asking = { .own = stream_of(call->object) };
	struct capos_stream_endpoints_result result;

	net_do(endpoints_there, &asking);
	memset(&result, 0, sizeof(result));
	net_endpoint_write(&asking.local, result.local, &result.family, &result.local_port);
	net_endpoint_write(&asking.peer, result.peer, &result.family, &result.peer_port);
	return cap_call_result(call, &result, sizeof(result));
}
