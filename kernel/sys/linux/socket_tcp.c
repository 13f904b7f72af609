// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * TCP sockets. Connections and listeners belong to the network's CPU: everything that touches them runs there (net_do()), and moves bytes through memory
 * of the kernel's, since the program's may have to be brought in first.
 */
#include <stddef.h>

#include "capos/abi/net.h"
#include "kernel/core/libc.h"
#include "kernel/io/net/net.h"
#include "kernel/sys/linux/socket_tcp.h"
#include "lib/string.h"

static const struct linux_file_ops tcp_file_ops;
static const struct linux_socket_ops tcp_ops;

/* Context: the network's CPU. Waking others may serve messages, one of which may take the last hold away. */
static void on_change(void *ctx)
{
	struct tcp_socket *own = ctx;

	if (!object_hold(&own->socket.file.object))
		return;
	linux_event_raise(&own->socket.event);
	linux_file_put(&own->socket.file);
}

static void stream_adopt(struct tcp_socket *own, struct net_stream *stream)
{
	own->stream = stream;
	stream->events.ctx = own;
	stream->events.changed = on_change;
}

static void end_there(void *arg)
{
	struct tcp_socket *own = arg;

	if (own->stream != NULL)
		net_stream_close(own->stream);
	if (own->listener != NULL)
		net_listener_close(own->listener);
	own->stream = NULL;
	own->listener = NULL;
	net_poke();
}

static void tcp_end(struct linux_file *file)
{
	net_do(end_there, tcp_of(linux_socket_of(file)));
}

static void tcp_release(struct linux_file *file)
{
	struct tcp_socket *own = tcp_of(linux_socket_of(file));

	object_put(&own->net->object);
	free(own);
}

struct linux_socket *linux_tcp_make(int family, struct net_object *net, uint32_t rights)
{
	struct tcp_socket *own = calloc(1, sizeof(*own));

	if (own == NULL)
		return NULL;
	linux_socket_init(&own->socket, &tcp_file_ops, &tcp_ops, family, LINUX_SOCK_STREAM);
	(void)object_hold(&net->object); /* the caller's hold keeps it */
	own->net = net;
	own->rights = rights;
	return &own->socket;
}

static void bind_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;

	if (own->is_bound || own->stream != NULL || own->listener != NULL) {
		asking->result = STATUS_EINVAL;
		return;
	}
	own->bound = asking->at;
	own->is_bound = true;
}

static status_t tcp_bind(struct linux_socket *socket, const struct linux_address *address)
{
	struct tcp_asking asking = { .own = tcp_of(socket) };
	status_t status = linux_inet_endpoint(socket, address, &asking.at);

	if (status != STATUS_OK)
		return status;
	if (asking.at.port != 0 && !net_policy_may_listen(&asking.own->net->policy, NET_TCP, asking.at.port))
		return STATUS_EACCES;
	net_do(bind_there, &asking);
	return (status_t)asking.result;
}

static void listen_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;

	if (own->listener != NULL)
		return; /* another backlog: it keeps the first */
	if (own->stream != NULL)
		asking->result = STATUS_EINVAL;
	else
		asking->result = net_listener_open(&own->bound, asking->backlog, &own->listener);
	if (asking->result != STATUS_OK)
		return;
	own->bound.port = own->listener->local.port;
	own->listener->events.ctx = own;
	own->listener->events.changed = on_change;
}

static status_t tcp_listen(struct linux_socket *socket, unsigned backlog)
{
	struct tcp_asking asking = { .own = tcp_of(socket), .backlog = backlog > 0 ? backlog : 1 };

	/* A port of the machine's choice is none that the manifest names. */
	if (!(asking.own->rights & CAPOS_NET_RIGHT_LISTEN) || !net_policy_may_listen(&asking.own->net->policy, NET_TCP, asking.own->bound.port))
		return STATUS_EACCES;
	net_do(listen_there, &asking);
	return (status_t)asking.result;
}

static void accept_there(void *arg)
{
	struct tcp_asking *asking = arg;

	asking->result = asking->own->listener != NULL ? net_listener_accept(asking->own->listener, &asking->stream) : STATUS_EINVAL;
}

static void adopt_there(void *arg)
{
	struct tcp_asking *asking = arg;

	stream_adopt(asking->own, asking->stream);
	asking->own->connect_told = true;
}

static void abort_there(void *arg)
{
	net_stream_abort(arg);
}

static status_t tcp_accept(struct linux_socket *socket, struct linux_socket **out)
{
	struct tcp_socket *own = tcp_of(socket);
	struct tcp_asking asking = { .own = own };

	net_do(accept_there, &asking);
	if (asking.result != STATUS_OK)
		return (status_t)asking.result;
	*out = linux_tcp_make(socket->family, own->net, own->rights);
	if (*out == NULL) {
		net_do(abort_there, asking.stream);
		return STATUS_ENOMEM;
	}
	asking.own = tcp_of(*out);
	net_do(adopt_there, &asking);
	return STATUS_OK;
}

/* How connecting stands, as connect(2) tells it. The end is told once. */
static status_t connecting_status(struct tcp_socket *own)
{
	status_t status = net_stream_connected(own->stream);

	if (own->connect_told)
		return status == STATUS_OK ? STATUS_EISCONN : STATUS_ECONNABORTED;
	if (status == STATUS_EAGAIN)
		return STATUS_EALREADY;
	own->connect_told = true;
	own->error_told = status != STATUS_OK;
	return status;
}

static void connect_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;
	struct net_stream *stream;

	if (own->stream != NULL) {
		asking->result = connecting_status(own);
		return;
	}
	asking->result = own->listener != NULL ? STATUS_EISCONN : net_stream_connect(&asking->at, &stream);
	if (asking->result != STATUS_OK)
		return;
	stream_adopt(own, stream);
	asking->result = STATUS_EINPROGRESS;
}

/* An address that says "any" means this machine. */
static void own_address(struct net_endpoint *at)
{
	static const uint8_t zero[16];

	if (at->address.family != NET_FAMILY_6 && memcmp(at->address.bytes, zero, 4) == 0) {
		at->address = (struct net_address){ .family = NET_FAMILY_4, .bytes = { 127, 0, 0, 1 } };
	}
}

static status_t tcp_connect(struct linux_socket *socket, const struct linux_address *address)
{
	struct tcp_asking asking = { .own = tcp_of(socket) };
	status_t status = linux_inet_endpoint(socket, address, &asking.at);

	if (status != STATUS_OK)
		return status;
	own_address(&asking.at);
	if (!(asking.own->rights & CAPOS_NET_RIGHT_CONNECT) ||
	    !net_policy_may_connect(&asking.own->net->policy, NET_TCP, &asking.at.address, asking.at.port))
		return STATUS_EACCES;
	net_do(connect_there, &asking);
	return (status_t)asking.result;
}

static void connected_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;

	asking->result = own->stream != NULL ? net_stream_connected(own->stream) : STATUS_ENOTCONN;
	if (asking->result == STATUS_EAGAIN || asking->result == STATUS_ENOTCONN)
		return;
	own->connect_told = true;
	own->error_told = asking->result != STATUS_OK;
}

static status_t tcp_connected(struct linux_socket *socket)
{
	struct tcp_asking asking = { .own = tcp_of(socket) };

	net_do(connected_there, &asking);
	return (status_t)asking.result;
}

static void name_there(void *arg)
{
	struct tcp_asking *asking = arg;
	const struct tcp_socket *own = asking->own;

	if (own->stream != NULL && own->stream->connected)
		asking->at = asking->peer ? own->stream->peer : own->stream->local;
	else if (asking->peer)
		asking->result = STATUS_ENOTCONN;
	else if (own->is_bound || own->listener != NULL)
		asking->at = own->bound;
}

static status_t tcp_name(struct linux_socket *socket, bool peer, struct linux_address *out)
{
	struct tcp_asking asking = { .own = tcp_of(socket), .peer = peer };

	net_look(name_there, &asking);
	if (asking.result == STATUS_OK)
		linux_inet_address(socket, &asking.at, out);
	return (status_t)asking.result;
}

/* A listener that does not receive any more is none. Spec: Linux, net/ipv4/af_inet.c: inet_shutdown() */
static void listener_shut_there(struct tcp_socket *own)
{
	net_listener_close(own->listener);
	own->listener = NULL;
	own->socket.listening = false;
	net_poke();
}

static void shutdown_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;

	if (own->listener != NULL) {
		if (asking->mask != LINUX_SHUT_WR)
			listener_shut_there(own);
		return;
	}
	if (own->stream == NULL || net_stream_connected(own->stream) != STATUS_OK) {
		asking->result = STATUS_ENOTCONN;
		return;
	}
	own->receiving_done |= asking->mask != LINUX_SHUT_WR;
	if (asking->mask != LINUX_SHUT_RD)
		asking->result = net_stream_shutdown(own->stream);
	if (asking->result == STATUS_EAGAIN) /* memory is out: it ends by itself when it is closed */
		asking->result = STATUS_OK;
}

static status_t tcp_shutdown(struct linux_socket *socket, int how)
{
	struct tcp_asking asking = { .own = tcp_of(socket), .mask = (uint32_t)how };

	net_do(shutdown_there, &asking);
	if (asking.result == STATUS_OK)
		linux_event_raise(&socket->event);
	return (status_t)asking.result;
}

static const struct linux_socket_ops tcp_ops = {
	.bind = tcp_bind,
	.listen = tcp_listen,
	.accept = tcp_accept,
	.connect = tcp_connect,
	.connected = tcp_connected,
	.name = tcp_name,
	.send = linux_tcp_send,
	.receive = linux_tcp_receive,
	.shutdown = tcp_shutdown,
	.take_error = linux_tcp_take_error,
};

static const struct linux_file_ops tcp_file_ops = {
	.name = "socket",
	.is_stream = true,
	.read = linux_socket_read,
	.write = linux_socket_write,
	.poll = linux_tcp_poll,
	.stat = linux_socket_stat,
	.ioctl = linux_tcp_ioctl,
	.end = tcp_end,
	.release = tcp_release,
};
