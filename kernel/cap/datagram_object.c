// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * UDP ports as capabilities. Whom one may send to is the manifest's to say, but for answers: to the last that something came from and was
 * received.
 */
#include "kernel/io/net/datagram.h"

#include "kernel/cap/dispatch.h"
#include "kernel/cap/net_object.h"
#include "kernel/cap/net_waits.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/libc.h"
#include "kernel/datagram_methods.h"
#include "kernel/io/net/net.h"
#include "kernel/io/net/peers.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

struct datagram_object {
	struct object object;
	struct net_object *net;         /* held: the policy */
	struct net_datagram *datagram;  /* W: the network's CPU, as what follows */
	struct net_waits receivers;
	struct net_peers peers;
};

static struct datagram_object *datagram_of(const struct object *object)
{
	return LIST_OWNER((struct object *)object, struct datagram_object, object);
}

static bool is_readable(const struct object *object)
{
	return !list_is_empty(&datagram_of(object)->datagram->queue);
}

static void on_change(void *ctx)
{
	struct datagram_object *own = ctx;

	if (!object_hold(&own->object))
		return;
	if (is_readable(&own->object))
		net_waits_finish_first(&own->receivers, 0);
	object_put(&own->object);
}

static void close_there(void *arg)
{
	struct datagram_object *own = arg;

	net_datagram_close(own->datagram);
	object_put(&own->net->object);
	free(own);
}

static void datagram_destroy(struct object *object)
{
	net_do_later(close_there, datagram_of(object));
}

static void adopt_there(void *arg)
{
	struct datagram_object *own = arg;

	own->datagram->events.ctx = own;
	own->datagram->events.changed = on_change;
}

struct object *datagram_object_create(struct net_datagram *datagram, struct net_object *net)
{
	struct datagram_object *own = calloc(1, sizeof(*own));

	if (own == NULL || !object_hold(&net->object)) {
		free(own);
		return NULL;
	}
	object_init(&own->object, &datagram_interface, datagram_destroy);
	net_waits_init(&own->receivers);
	own->net = net;
	own->datagram = datagram;
	net_do(adopt_there, own);
	return &own->object;
}

struct sending {
	struct datagram_object *own;
	struct net_endpoint to;
	struct span data;
	status_t status;
};

static void send_there(void *arg)
{
	struct sending *sending = arg;
	const struct net_policy *policy = &sending->own->net->policy;

	if (net_policy_may_connect(policy, NET_UDP, &sending->to.address, sending->to.port) || net_peers_has(&sending->own->peers, &sending->to))
		sending->status = net_datagram_send(sending->own->datagram, &sending->to, sending->data);
	else
		sending->status = STATUS_EPERM;
}

int64_t datagram_send(struct cap_call *call, const struct capos_datagram_send *params, struct span data)
{
	struct sending sending = { .own = datagram_of(call->object), .data = data };

	if (!net_endpoint_read(params->address, params->family, params->port, &sending.to) || params->family == NET_FAMILY_ANY)
		return STATUS_EINVAL;
	net_do(send_there, &sending);
	return sending.status;
}

struct receiving {
	struct datagram_object *own;
	struct net_endpoint from;
	struct operation *operation; /* that is being settled; NULL: the first look */
	bool again;                  /* it waits */
	uint8_t *data; /* NULL: look only */
	uint32_t room;
	uint32_t bytes;
	status_t status;
};

/* Looks how long it is; with memory for it, takes it. */
static void receive_there(void *arg)
{
	struct receiving *receiving = arg;
	struct datagram_object *own = receiving->own;

	receiving->status = net_datagram_peek(own->datagram, &receiving->bytes, &receiving->from);
	receiving->again = receiving->status == STATUS_EAGAIN && receiving->operation != NULL;
	if (receiving->again)
		net_waits_again(receiving->operation);
	if (receiving->status != STATUS_OK || receiving->data == NULL)
		return;
	(void)net_datagram_copy(own->datagram, receiving->data, receiving->room, 0);
	net_datagram_consume(own->datagram);
	net_peers_note(&own->peers, &receiving->from);
	if (is_readable(&own->object))
		net_waits_finish_first(&own->receivers, 0);
}

static void receive_run(struct receiving *receiving)
{
	if (receiving->operation == NULL)
		net_do(receive_there, receiving);
	else
		(void)net_waits_settle(receiving->operation, receive_there, receiving, &receiving->again);
}

/* What was taken, to the process's room for results. */
static status_t hand_out(struct receiving *receiving, struct process *process, uint64_t va)
{
	struct capos_datagram_receive_result header = { 0 };
	status_t status;

	if (receiving->bytes < receiving->room)
		receiving->room = receiving->bytes;
	net_endpoint_write(&receiving->from, header.address, &header.family, &header.port);
	status = process_copy_out(process, va, &header, sizeof(header));
	if (status == STATUS_OK)
		status = process_copy_out(process, va + sizeof(header), receiving->data, receiving->room);
	return status;
}

/* Takes one for a process: header and data to its room for results. Its length, or why there is none. */
static int64_t receive(struct receiving *receiving, struct process *process, uint64_t va, uint32_t len)
{
	uint32_t most = len - (uint32_t)sizeof(struct capos_datagram_receive_result);
	status_t status;

	receive_run(receiving);
	if (receiving->status != STATUS_OK)
		return receiving->status;
	receiving->room = most < receiving->bytes ? most : receiving->bytes;
	receiving->data = malloc(receiving->room > 0 ? receiving->room : 1);
	if (receiving->data == NULL)
		return STATUS_ENOMEM;
	receive_run(receiving); /* another one may be the first now, of another length: `room` is what counts */
	status = receiving->status;
	if (status == STATUS_OK)
		status = hand_out(receiving, process, va);
	free(receiving->data);
	return status == STATUS_OK ? (int64_t)receiving->bytes : status;
}

static void receive_settle(struct operation *operation, capos_cap_t *new_cap)
{
	struct receiving receiving = { .own = datagram_of(operation->object), .operation = operation };
	int64_t result;

	(void)new_cap;
	if (operation->result < 0)
		return;
	result = receive(&receiving, operation->set->process, operation->result_va, operation->result_len);
	if (!receiving.again)
		operation->result = result;
}

int64_t datagram_receive(struct cap_call *call)
{
	struct datagram_object *own = datagram_of(call->object);
	struct receiving receiving = { .own = own };
	int64_t result = receive(&receiving, call->process, call->submission->result, call->submission->result_len);

	if (result != STATUS_EAGAIN)
		return result;
	return net_waits_begin(call, &own->receivers, is_readable, receive_settle, NULL, 0);
}

int64_t datagram_port(struct cap_call *call)
{
	return datagram_of(call->object)->datagram->local.port; /* never changes */
}
