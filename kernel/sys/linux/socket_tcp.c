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
	own->local = stream->local;
	stream->events.ctx = own;
	stream->events.changed = on_change;
	net_stream_tune(stream, &own->tuning);
}

static int32_t option_of(struct linux_socket *socket, int level, int name)
{
	return *linux_socket_option(socket, level, name);
}

/* Spec: Linux, include/uapi/asm-generic/socket.h: SO_KEEPALIVE; include/uapi/linux/tcp.h: TCP_KEEP*, TCP_USER_TIMEOUT */
static struct net_tuning tuning_of(struct linux_socket *socket)
{
	struct net_tuning tuning = {
		.keepalive.on = option_of(socket, LINUX_SOL_SOCKET, LINUX_SO_KEEPALIVE) != 0,
		.keepalive.idle_s = (uint32_t)option_of(socket, LINUX_IPPROTO_TCP, LINUX_TCP_KEEPIDLE),
		.keepalive.interval_s = (uint32_t)option_of(socket, LINUX_IPPROTO_TCP, LINUX_TCP_KEEPINTVL),
		.keepalive.probes = (uint32_t)option_of(socket, LINUX_IPPROTO_TCP, LINUX_TCP_KEEPCNT),
		.user_timeout_ms = (uint32_t)option_of(socket, LINUX_IPPROTO_TCP, LINUX_TCP_USER_TIMEOUT),
	};

	linux_inet_marks(socket, &tuning.marks, &tuning.marks6);
	return tuning;
}

static void tune_there(void *arg)
{
	const struct tcp_asking *asking = arg;

	asking->own->tuning = asking->tuning;
	if (asking->own->stream != NULL)
		net_stream_tune(asking->own->stream, &asking->tuning);
}

static void tcp_options_changed(struct linux_socket *socket)
{
	struct tcp_asking asking = { .own = tcp_of(socket), .tuning = tuning_of(socket) };

	net_do(tune_there, &asking);
}

/* What was sent is still delivered, but where SO_LINGER gives it no time; close() never waits for that. */
static void end_there(void *arg)
{
	struct tcp_socket *own = arg;
	bool at_once = own->socket.linger.on && own->socket.linger.seconds == 0;

	if (own->stream != NULL)
		(at_once ? net_stream_abort : net_stream_close)(own->stream);
	if (own->listener != NULL)
		net_listener_close(own->listener);
	if (own->is_bound)
		net_binding_drop(&own->binding);
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

/* Without a tuning. */
static struct tcp_socket *tcp_make(int family, struct net_object *net, uint32_t rights)
{
	struct tcp_socket *own = calloc(1, sizeof(*own));

	if (own == NULL)
		return NULL;
	own->socket.inet_options = own->options;
	linux_socket_init(&own->socket, &tcp_file_ops, &tcp_ops, family, LINUX_SOCK_STREAM);
	(void)object_hold(&net->object); /* the caller's hold keeps it */
	own->net = net;
	own->rights = rights;
	return own;
}

struct linux_socket *linux_tcp_make(int family, struct net_object *net, uint32_t rights)
{
	struct tcp_socket *own = tcp_make(family, net, rights);

	if (own == NULL)
		return NULL;
	own->tuning = tuning_of(&own->socket);
	return &own->socket;
}

static status_t take_there(struct tcp_socket *own, const struct net_endpoint *at, unsigned shares)
{
	status_t status = net_binding_take(at, shares, &own->binding);

	own->is_bound = status == STATUS_OK;
	if (own->is_bound)
		own->local = own->binding.local;
	return status;
}

/* As it was before it was connected or listened: bound still, where bind() was called. Spec: Linux, net/ipv4/tcp.c: tcp_disconnect() */
static void disconnect_there(struct tcp_socket *own)
{
	if (own->stream != NULL)
		net_stream_abort(own->stream);
	if (own->listener != NULL)
		net_listener_close(own->listener);
	own->stream = NULL;
	own->listener = NULL;
	own->socket.listening = false;
	own->connect_told = false;
	own->error_told = false;
	own->receiving_done = false;
	own->is_shut = false;
	own->local.address = (struct net_address){ 0 }; /* the port is told as it was, though nobody has it */
	if (own->is_bound)
		own->local = own->binding.local;
	if (own->is_bound && own->binding.tcp == NULL)
		(void)take_there(own, &own->local, own->binding.shares); /* else another was quicker: it is not bound any more */
	net_poke();
}

static void bind_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;
	bool connected = own->stream != NULL && own->stream->tcp != NULL;

	if (own->is_bound || connected || own->listener != NULL) {
		asking->result = STATUS_EINVAL;
		return;
	}
	asking->result = take_there(own, &asking->at, asking->shares);
	if (asking->result != STATUS_OK)
		own->local.address = (struct net_address){ 0 }; /* of a connection that is over */
}

static status_t tcp_bind(struct linux_socket *socket, const struct linux_address *address)
{
	struct tcp_asking asking = { .own = tcp_of(socket), .shares = linux_inet_shares(socket) };
	status_t status = linux_inet_endpoint(socket, address, &asking.at);

	if (status != STATUS_OK)
		return status;
	if (asking.at.port != 0 && !net_policy_may_listen(&asking.own->net->policy, NET_TCP, asking.at.port))
		return STATUS_EACCES;
	net_do(bind_there, &asking);
	return (status_t)asking.result;
}

/* Who has not called bind() listens at any address. A port of the machine's choice is seldom one that the manifest names: then it is given back. */
static status_t listen_begin(struct tcp_socket *own, unsigned backlog, unsigned shares)
{
	const struct net_endpoint any = { .address.family = own->socket.family == LINUX_AF_INET ? NET_FAMILY_4 : NET_FAMILY_ANY };
	bool was_bound = own->is_bound;
	status_t status = was_bound ? STATUS_OK : take_there(own, &any, shares);

	if (status == STATUS_OK && !net_policy_may_listen(&own->net->policy, NET_TCP, own->local.port))
		status = STATUS_EACCES;
	if (status == STATUS_OK)
		status = net_listener_open_bound(&own->binding, backlog, &own->listener);
	if (status == STATUS_OK) {
		own->listener->events.ctx = own;
		own->listener->events.changed = on_change;
	} else if (!was_bound && own->is_bound) {
		net_binding_drop(&own->binding);
		own->is_bound = false;
		own->local = (struct net_endpoint){ 0 };
	}
	return status;
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
		asking->result = own->rights & CAPOS_NET_RIGHT_LISTEN ? listen_begin(own, asking->backlog, asking->shares) : STATUS_EACCES;
}

/* One more waits than was asked for. Spec: Linux, include/net/sock.h: sk_acceptq_is_full() */
static status_t tcp_listen(struct linux_socket *socket, unsigned backlog)
{
	struct tcp_asking asking = {
		.own = tcp_of(socket), .backlog = backlog < NET_BACKLOG_MAX ? backlog + 1 : NET_BACKLOG_MAX, .shares = linux_inet_shares(socket),
	};

	net_do(listen_there, &asking);
	return (status_t)asking.result;
}

static void accept_there(void *arg)
{
	struct tcp_asking *asking = arg;

	asking->tuning = asking->own->tuning;
	asking->result = asking->own->listener != NULL ? net_listener_accept(asking->own->listener, &asking->stream) : STATUS_EINVAL;
}

static void adopt_there(void *arg)
{
	struct tcp_asking *asking = arg;

	asking->own->tuning = asking->tuning;
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
	asking.own = tcp_make(socket->family, own->net, own->rights);
	if (asking.own == NULL) {
		net_do(abort_there, asking.stream);
		return STATUS_ENOMEM;
	}
	*out = &asking.own->socket;
	linux_socket_options_copy(*out, socket);
	net_do(adopt_there, &asking);
	return STATUS_OK;
}

/*
 * How connecting stands, as connect(2) tells it. Its end is told once; after a failure, or where the connection is over by now, the socket can be
 * connected anew. Whom SO_ERROR has told why already is told ECONNABORTED. Spec: Linux, net/ipv4/af_inet.c: __inet_stream_connect()
 */
static status_t connecting_status(struct tcp_socket *own)
{
	const struct net_stream *stream = own->stream;
	status_t why = own->error_told || stream->error == STATUS_OK ? STATUS_ECONNABORTED : stream->error;

	if (own->connect_told)
		return STATUS_EISCONN;
	if (own->is_shut)
		return STATUS_EINVAL;
	if (stream->tcp != NULL) {
		own->connect_told = stream->connected;
		return stream->connected ? STATUS_OK : STATUS_EALREADY;
	}
	disconnect_there(own);
	return why;
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
	if (asking->result != STATUS_OK)
		return;
	asking->result = own->listener != NULL ? STATUS_EISCONN : net_stream_connect(own->is_bound ? &own->binding : NULL, &asking->at, &stream);
	if (asking->result != STATUS_OK) {
		if (own->is_bound && own->listener == NULL)
			disconnect_there(own);
		return;
	}
	stream_adopt(own, stream);
	asking->result = STATUS_EINPROGRESS;
}

static void unconnect_there(void *arg)
{
	struct tcp_asking *asking = arg;

	disconnect_there(asking->own);
}

static bool may_connect(const struct tcp_socket *own, const struct net_endpoint *to)
{
	return (own->rights & CAPOS_NET_RIGHT_CONNECT) && net_policy_may_connect(&own->net->policy, NET_TCP, &to->address, to->port);
}

/* Where to is of no interest to who is being connected. */
static status_t tcp_connect(struct linux_socket *socket, const struct linux_address *address)
{
	struct tcp_asking asking = { .own = tcp_of(socket) };

	if (address->length >= 2 && linux_address_family(address) == LINUX_AF_UNSPEC) {
		net_do(unconnect_there, &asking);
		linux_event_raise(&socket->event);
		return STATUS_OK;
	}
	asking.result = linux_inet_peer(socket, address, &asking.at);
	if (asking.result == STATUS_OK && !may_connect(asking.own, &asking.at))
		asking.result = STATUS_EACCES;
	net_do(connect_there, &asking);
	return (status_t)asking.result;
}

static void connected_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;

	asking->result = own->stream == NULL ? STATUS_ENOTCONN : own->connect_told ? net_stream_connected(own->stream) : connecting_status(own);
	if (asking->result == STATUS_EALREADY)
		asking->result = STATUS_EAGAIN;
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

	if (!asking->peer)
		asking->at = own->local;
	else if (own->stream != NULL && own->stream->connected && own->stream->tcp != NULL)
		asking->at = own->stream->peer;
	else
		asking->result = STATUS_ENOTCONN;
}

static status_t tcp_name(struct linux_socket *socket, bool peer, struct linux_address *out)
{
	struct tcp_asking asking = { .own = tcp_of(socket), .peer = peer };

	net_look(name_there, &asking);
	if (asking.result == STATUS_OK)
		linux_inet_address(socket, &asking.at, out);
	return (status_t)asking.result;
}

/* A listener that does not receive any more is none, nor is connecting done any more. Spec: Linux, net/ipv4/af_inet.c: inet_shutdown() */
static void shutdown_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;
	bool connecting = own->stream != NULL && !own->stream->connected && own->stream->tcp != NULL;

	if (connecting || own->listener != NULL) {
		if (connecting || asking->mask != LINUX_SHUT_WR)
			disconnect_there(own);
		return;
	}
	own->receiving_done |= asking->mask != LINUX_SHUT_WR;
	if (own->stream == NULL || own->stream->tcp == NULL) {
		own->is_shut |= own->stream != NULL && !own->connect_told;
		asking->result = STATUS_ENOTCONN;
		return;
	}
	if (asking->mask != LINUX_SHUT_RD)
		asking->result = net_stream_shutdown(own->stream);
	own->stream->is_deaf = own->receiving_done && own->stream->sending_done;
	if (asking->result == STATUS_EAGAIN) /* memory is out: it ends by itself when it is closed */
		asking->result = STATUS_OK;
}

static status_t tcp_shutdown(struct linux_socket *socket, int how)
{
	struct tcp_asking asking = { .own = tcp_of(socket), .mask = (uint32_t)how };

	net_do(shutdown_there, &asking);
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
	.option = linux_tcp_option,
	.options_changed = tcp_options_changed,
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
