// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What TCP connections are accepted from, as a capability. */
#include "kernel/cap/dispatch.h"
#include "kernel/cap/grant.h"
#include "kernel/cap/net_object.h"
#include "kernel/cap/net_waits.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/libc.h"
#include "kernel/io/net/net.h"
#include "kernel/io/net/stream.h"
#include "kernel/listener_methods.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

struct listener_object {
	struct object object;
	struct net_listener *listener; /* W: the network's CPU */
	struct net_waits acceptors;
};

static struct listener_object *listener_of(const struct object *object)
{
	return LIST_OWNER((struct object *)object, struct listener_object, object);
}

static bool has_connection(const struct object *object)
{
	return !list_is_empty(&listener_of(object)->listener->queue);
}

static void on_change(void *ctx)
{
	struct listener_object *own = ctx;

	if (!object_hold(&own->object))
		return;
	if (has_connection(&own->object))
		net_waits_finish_first(&own->acceptors, 0);
	object_put(&own->object);
}

static void close_there(void *arg)
{
	struct listener_object *own = arg;

	net_listener_close(own->listener);
	net_poke();
	free(own);
}

static void listener_destroy(struct object *object)
{
	net_do_later(close_there, listener_of(object));
}

static void adopt_there(void *arg)
{
	struct listener_object *own = arg;

	own->listener->events.ctx = own;
	own->listener->events.changed = on_change;
}

struct object *listener_object_create(struct net_listener *listener)
{
	struct listener_object *own = calloc(1, sizeof(*own));

	if (own == NULL)
		return NULL;
	object_init(&own->object, &listener_interface, listener_destroy);
	net_waits_init(&own->acceptors);
	own->listener = listener;
	net_do(adopt_there, own);
	return &own->object;
}

struct accepting {
	struct listener_object *own;
	struct operation *operation; /* NULL: the first look */
	bool again;
	struct net_stream *stream;
	struct net_endpoint peer;
	status_t status;
};

/* The next acceptor looks for itself: one connection was one event. */
static void accept_there(void *arg)
{
	struct accepting *accepting = arg;

	accepting->status = net_listener_accept(accepting->own->listener, &accepting->stream);
	if (accepting->status == STATUS_OK)
		accepting->peer = accepting->stream->peer;
	accepting->again = accepting->status == STATUS_EAGAIN && accepting->operation != NULL;
	if (accepting->again)
		net_waits_again(accepting->operation);
	if (has_connection(&accepting->own->object))
		net_waits_finish_first(&accepting->own->acceptors, 0);
}

static void abort_there(void *arg)
{
	net_stream_abort(arg);
}

/* The capability of what was taken; what there is no room for is reset. */
static status_t give(const struct accepting *accepting, struct process *process, struct capos_listener_accept_result *result,
		     capos_cap_t *new_cap)
{
	struct object *stream;

	if (accepting->status != STATUS_OK)
		return accepting->status;
	stream = stream_object_create(accepting->stream);
	if (stream == NULL) {
		net_do(abort_there, accepting->stream);
		return STATUS_ENOMEM;
	}
	memset(result, 0, sizeof(*result));
	net_endpoint_write(&accepting->peer, result->address, &result->family, &result->port);
	return grant_new(&process->capset, stream, stream->interface->rights, "stream", new_cap);
}

static void accept_settle(struct operation *operation, capos_cap_t *new_cap)
{
	struct accepting accepting = { .own = listener_of(operation->object), .operation = operation };
	struct capos_listener_accept_result result;

	if (operation->result < 0 || net_waits_settle(operation, accept_there, &accepting, &accepting.again))
		return;
	operation->result = give(&accepting, operation->set->process, &result, new_cap);
	if (operation->result == STATUS_OK)
		operation_set_data(operation, &result, sizeof(result));
}

int64_t listener_accept(struct cap_call *call)
{
	struct listener_object *own = listener_of(call->object);
	struct accepting accepting = { .own = own };
	struct capos_listener_accept_result result;
	status_t status;

	/* Granting waits for a lock, and others are served meanwhile. */
	if (!object_hold(call->object))
		return STATUS_EBADF;
	net_do(accept_there, &accepting);
	status = give(&accepting, call->process, &result, &call->new_cap);
	object_put(call->object);
	if (accepting.status == STATUS_EAGAIN)
		return net_waits_begin(call, &own->acceptors, has_connection, accept_settle, NULL, 0);
	return status == STATUS_OK ? cap_call_result(call, &result, sizeof(result)) : status;
}
