// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The network as a capability: what the manifest allows of it, and the way to all connections. */
#include "kernel/cap/net_object.h"

#include "kernel/cap/dispatch.h"
#include "kernel/cap/grant.h"
#include "kernel/cap/net_waits.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/libc.h"
#include "kernel/io/net/datagram.h"
#include "kernel/io/net/net.h"
#include "kernel/io/net/resolve.h"
#include "kernel/io/net/stream.h"
#include "kernel/net_methods.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

static struct net_waits address_waits; /* for an address of this machine: of every process */
static atomic_bool address_watched;

static struct net_object *net_of(const struct object *object)
{
	return LIST_OWNER((struct object *)object, struct net_object, object);
}

static void net_destroy(struct object *object)
{
	free(net_of(object));
}

status_t net_object_create(const struct net_policy *policy, struct object **out)
{
	struct net_object *net = malloc(sizeof(*net));

	if (net == NULL)
		return STATUS_ENOMEM;
	object_init(&net->object, &net_interface, net_destroy);
	net->policy = *policy;
	*out = &net->object;
	return STATUS_OK;
}

bool net_endpoint_read(const uint8_t address[16], uint16_t family, uint16_t port, struct net_endpoint *out)
{
	memset(out, 0, sizeof(*out));
	out->port = port;
	out->address.family = (uint8_t)family;
	if (family == NET_FAMILY_4)
		memcpy(out->address.bytes, address, 4);
	else if (family == NET_FAMILY_6)
		memcpy(out->address.bytes, address, 16);
	return family == NET_FAMILY_4 || family == NET_FAMILY_6 || family == NET_FAMILY_ANY;
}

void net_endpoint_write(const struct net_endpoint *endpoint, uint8_t address[16], uint16_t *family, uint16_t *port)
{
	memcpy(address, endpoint->address.bytes, 16);
	*family = endpoint->address.family;
	*port = endpoint->port;
}

/* Something to be made on the network's CPU. */
struct making {
	struct net_endpoint at;
	unsigned backlog;       /* of a listener */
	struct net_object *net; /* of a datagram: what it may do. Held */
	void *made;
	status_t status;
};

static void listen_there(void *arg)
{
	struct making *making = arg;
	struct net_listener *listener = NULL;

	making->status = net_listener_open(&making->at, making->backlog, &listener);
	making->made = listener;
}

static void connect_there(void *arg)
{
	struct making *making = arg;
	struct net_stream *stream = NULL;

	making->status = net_stream_connect(NULL, &making->at, &stream);
	making->made = stream;
}

static void bind_there(void *arg)
{
	struct making *making = arg;
	struct net_datagram *datagram = NULL;

	making->status = net_datagram_open(&making->at, 0, &datagram);
	making->made = datagram;
}

static void unlisten_there(void *arg)
{
	net_listener_close(arg);
}

static void disconnect_there(void *arg)
{
	net_stream_abort(arg);
}

static void unbind_there(void *arg)
{
	net_datagram_close(arg);
}

static struct object *listener_object(const struct making *making)
{
	return listener_object_create(making->made);
}

static struct object *stream_object(const struct making *making)
{
	return stream_object_create(making->made);
}

static struct object *datagram_object(const struct making *making)
{
	return datagram_object_create(making->made, making->net);
}

/* What can be made. */
struct kind {
	const char *name;
	void (*there)(void *making); /* on the network's CPU, as `unmake` */
	struct object *(*object)(const struct making *making); /* NULL: no memory */
	void (*unmake)(void *made);
};

static const struct kind listener_kind = { "listener", listen_there, listener_object, unlisten_there };
static const struct kind stream_kind = { "stream", connect_there, stream_object, disconnect_there };
static const struct kind datagram_kind = { "datagram", bind_there, datagram_object, unbind_there };

/* Makes it, and grants the capability of it with every right. */
static int64_t make(struct cap_call *call, struct making *making, const struct kind *kind)
{
	struct object *object;

	net_do(kind->there, making);
	if (making->status != STATUS_OK)
		return making->status;
	object = kind->object(making);
	if (object == NULL) {
		net_do(kind->unmake, making->made);
		return STATUS_ENOMEM;
	}
	return grant_new(&call->process->capset, object, object->interface->rights, kind->name, &call->new_cap);
}

int64_t network_listen(struct cap_call *call, const struct capos_net_listen *params)
{
	struct making making = { .backlog = params->backlog };

	if (!net_endpoint_read(params->address, params->family, params->port, &making.at) || params->port == 0)
		return STATUS_EINVAL;
	if (!net_policy_may_listen(&net_of(call->object)->policy, NET_TCP, params->port))
		return STATUS_EPERM;
	return make(call, &making, &listener_kind);
}

int64_t network_connect(struct cap_call *call, const struct capos_net_connect *params)
{
	struct making making = { 0 };

	if (!net_endpoint_read(params->address, params->family, params->port, &making.at) || params->family == NET_FAMILY_ANY)
		return STATUS_EINVAL;
	if (!net_policy_may_connect(&net_of(call->object)->policy, NET_TCP, &making.at.address, params->port))
		return STATUS_EPERM;
	return make(call, &making, &stream_kind);
}

int64_t network_bind(struct cap_call *call, const struct capos_net_bind *params)
{
	uint32_t right = params->port == 0 ? CAPOS_NET_RIGHT_CONNECT : CAPOS_NET_RIGHT_LISTEN;
	struct net_object *net = net_of(call->object);
	struct making making = { .net = net };
	int64_t result;

	if (!net_endpoint_read(params->address, params->family, params->port, &making.at))
		return STATUS_EINVAL;
	if (!(call->rights & right))
		return STATUS_EACCES;
	if (params->port != 0 && !net_policy_may_listen(&net->policy, NET_UDP, params->port))
		return STATUS_EPERM;
	if (!object_hold(&net->object))
		return STATUS_EBADF;
	result = make(call, &making, &datagram_kind);
	object_put(&net->object);
	return result;
}

/*
 * A question under way. Whoever claims the operation first frees it: the answer, or a time limit or a cancellation, which takes it back
 * from the network. All of it on the network's CPU.
 */
struct resolution {
	struct operation *operation;
	struct net_query *query; /* NULL: answered, or not asked yet */
};

static void answered(void *ctx, status_t status, const struct net_address *address)
{
	struct resolution *resolution = ctx;
	struct operation *operation = resolution->operation;
	struct capos_net_resolve_result result;

	resolution->query = NULL;
	if (!operation_claim(operation))
		return; /* withdraw() comes, and frees it */
	memset(&result, 0, sizeof(result));
	if (address != NULL) {
		memcpy(result.address, address->bytes, 16);
		result.family = address->family;
		operation_set_data(operation, &result, sizeof(result));
	}
	free(resolution);
	operation_finish(operation, status);
}

static void withdraw_there(void *arg)
{
	struct resolution *resolution = arg;

	if (resolution->query != NULL)
		net_resolve_cancel(resolution->query);
	free(resolution);
}

static void withdraw(struct operation *operation)
{
	net_do(withdraw_there, (void *)operation->key);
}

struct question {
	struct resolution *resolution;
	struct span name;
	enum net_family family;
};

static void ask_there(void *arg)
{
	struct question *question = arg;
	struct resolution *resolution = question->resolution;
	struct net_query *query;
	status_t status = net_resolve(question->name, question->family, answered, resolution, &query);

	if (status != STATUS_OK)
		answered(resolution, status, NULL);
	else if (query != NULL)
		resolution->query = query; /* else it was answered, and `resolution` is gone */
}

int64_t network_resolve(struct cap_call *call, const struct capos_net_resolve *params, struct span name)
{
	struct question question = { .name = name, .family = (enum net_family)params->family };

	if (!net_of(call->object)->policy.resolve)
		return STATUS_EPERM;
	if (params->family != NET_FAMILY_ANY && params->family != NET_FAMILY_4 && params->family != NET_FAMILY_6)
		return STATUS_EINVAL;
	question.resolution = calloc(1, sizeof(*question.resolution));
	if (question.resolution == NULL)
		return STATUS_ENOMEM;
	question.resolution->operation = operation_begin(call, withdraw);
	if (question.resolution->operation == NULL) {
		free(question.resolution);
		return STATUS_ENOMEM;
	}
	question.resolution->operation->key = (uint64_t)question.resolution;
	net_do(ask_there, &question);
	return CAP_PENDING;
}

static bool has_address(const struct object *object)
{
	struct net_address address;

	(void)object;
	return net_address_get(&address);
}

static void on_address(void *ctx)
{
	(void)ctx;
	if (has_address(NULL))
		net_waits_finish_all(&address_waits, 0);
}

static void watch_there(void *arg)
{
	(void)arg;
	if (atomic_exchange(&address_watched, true))
		return;
	net_waits_init(&address_waits);
	net_address_watch(on_address);
}

static void address_there(void *arg)
{
	(void)net_address_get(arg);
}

static void address_settle(struct operation *operation, capos_cap_t *new_cap)
{
	struct capos_net_address_result result;
	struct net_address address;

	(void)new_cap;
	if (operation->result < 0)
		return;
	net_do(address_there, &address);
	memset(&result, 0, sizeof(result));
	memcpy(result.address, address.bytes, 16);
	result.family = address.family;
	operation_set_data(operation, &result, sizeof(result));
}

int64_t network_address(struct cap_call *call)
{
	net_do(watch_there, NULL);
	return net_waits_begin(call, &address_waits, has_address, address_settle, NULL, 0);
}
