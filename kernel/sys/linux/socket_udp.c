// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* UDP sockets. What touches the port runs on the network's CPU, as in socket_tcp.c. */
#include <stddef.h>

#include "capos/abi/net.h"
#include "kernel/core/libc.h"
#include "kernel/io/net/datagram.h"
#include "kernel/io/net/net.h"
#include "kernel/io/net/peers.h"
#include "kernel/sys/linux/socket_inet.h"
#include "lib/string.h"

struct udp_socket {
	struct linux_socket socket;
	int32_t options[LINUX_INET_OPTIONS];
	struct net_object *net; /* held */
	uint32_t rights;        /* of the capability */
	/* W: the network's CPU, all that follows. */
	struct net_datagram *datagram; /* NULL: not bound yet */
	struct net_endpoint peer;      /* of `datagram`, where that has one */
	bool sending_done, receiving_done;
	struct net_peers peers;
};

static const struct linux_file_ops udp_file_ops;
static const struct linux_socket_ops udp_ops;

static struct udp_socket *udp_of(struct linux_socket *socket)
{
	return LIST_OWNER(socket, struct udp_socket, socket);
}

static bool has_peer(const struct udp_socket *own)
{
	return own->datagram != NULL && own->datagram->peer != NULL;
}

static void on_change(void *ctx)
{
	struct udp_socket *own = ctx;

	if (!object_hold(&own->socket.file.object))
		return;
	linux_event_raise(&own->socket.event);
	linux_file_put(&own->socket.file);
}

static void end_there(void *arg)
{
	struct udp_socket *own = arg;

	if (own->datagram != NULL)
		net_datagram_close(own->datagram);
	own->datagram = NULL;
}

static void udp_end(struct linux_file *file)
{
	net_do(end_there, udp_of(linux_socket_of(file)));
}

static void udp_release(struct linux_file *file)
{
	struct udp_socket *own = udp_of(linux_socket_of(file));

	object_put(&own->net->object);
	free(own);
}

struct linux_socket *linux_udp_make(int family, struct net_object *net, uint32_t rights)
{
	struct udp_socket *own = calloc(1, sizeof(*own));

	if (own == NULL)
		return NULL;
	own->socket.inet_options = own->options;
	linux_socket_init(&own->socket, &udp_file_ops, &udp_ops, family, LINUX_SOCK_DGRAM);
	(void)object_hold(&net->object); /* the caller's hold keeps it */
	own->net = net;
	own->rights = rights;
	return &own->socket;
}

/* Something to be done on the network's CPU. */
struct asking {
	struct udp_socket *own;
	struct net_endpoint at;
	unsigned shares; /* NET_SHARES_* */
	bool has_address;
	bool peer;
	uint8_t *memory;
	uint32_t bytes;
	bool peek;
	bool ended; /* nothing is there, and nothing is to come */
	uint32_t mask; /* of poll; what shutdown was asked for */
	int64_t result;
};

static status_t open_there(struct udp_socket *own, const struct net_endpoint *at, unsigned shares)
{
	status_t status = net_datagram_open(at, shares, &own->datagram);

	if (status != STATUS_OK)
		return status;
	own->datagram->events.ctx = own;
	own->datagram->events.changed = on_change;
	return STATUS_OK;
}

static void bind_there(void *arg)
{
	struct asking *asking = arg;

	asking->result = asking->own->datagram != NULL ? STATUS_EINVAL : open_there(asking->own, &asking->at, asking->shares);
}

static status_t udp_bind(struct linux_socket *socket, const struct linux_address *address)
{
	struct asking asking = { .own = udp_of(socket), .shares = linux_inet_shares(socket) };
	status_t status = linux_inet_endpoint(socket, address, &asking.at);

	if (status != STATUS_OK)
		return status;
	if (asking.at.port != 0 && !net_policy_may_listen(&asking.own->net->policy, NET_UDP, asking.at.port))
		return STATUS_EACCES;
	net_do(bind_there, &asking);
	return (status_t)asking.result;
}

/* A port of the machine's choice, for who sends before it has any. */
static status_t bound_there(struct udp_socket *own, unsigned shares)
{
	const struct net_endpoint any = { .address.family = own->socket.family == LINUX_AF_INET ? NET_FAMILY_4 : NET_FAMILY_ANY };

	return own->datagram != NULL ? STATUS_OK : open_there(own, &any, shares);
}

static bool may_send_there(const struct udp_socket *own, const struct net_endpoint *to)
{
	return net_policy_may_connect(&own->net->policy, NET_UDP, &to->address, to->port) || net_peers_has(&own->peers, to);
}

static void connect_there(void *arg)
{
	struct asking *asking = arg;
	struct udp_socket *own = asking->own;

	if (!asking->has_address) {
		asking->result = own->datagram != NULL ? net_datagram_connect(own->datagram, NULL) : STATUS_OK;
		return;
	}
	asking->result = may_send_there(own, &asking->at) ? bound_there(own, asking->shares) : STATUS_EACCES;
	if (asking->result != STATUS_OK)
		return;
	own->peer = asking->at;
	asking->result = net_datagram_connect(own->datagram, &own->peer);
}

static status_t udp_connect(struct linux_socket *socket, const struct linux_address *address)
{
	struct asking asking = { .own = udp_of(socket), .shares = linux_inet_shares(socket), .has_address = linux_address_family(address) != LINUX_AF_UNSPEC };
	status_t status = asking.has_address ? linux_inet_peer(socket, address, &asking.at) : STATUS_OK;

	if (status != STATUS_OK)
		return status;
	net_do(connect_there, &asking);
	return (status_t)asking.result;
}

static void name_there(void *arg)
{
	struct asking *asking = arg;
	const struct udp_socket *own = asking->own;

	if (asking->peer && !has_peer(own))
		asking->result = STATUS_ENOTCONN;
	else if (asking->peer)
		asking->at = own->peer;
	else if (own->datagram != NULL)
		asking->at = own->datagram->local;
}

static status_t udp_name(struct linux_socket *socket, bool peer, struct linux_address *out)
{
	struct asking asking = { .own = udp_of(socket), .peer = peer };

	net_look(name_there, &asking);
	if (asking.result == STATUS_OK)
		linux_inet_address(socket, &asking.at, out);
	return (status_t)asking.result;
}

/* What its peer's machine said, once. */
static status_t error_take(struct udp_socket *own)
{
	status_t error = own->datagram != NULL ? own->datagram->error : STATUS_OK;

	if (error != STATUS_OK)
		own->datagram->error = STATUS_OK;
	return error;
}

static void error_there(void *arg)
{
	struct asking *asking = arg;

	asking->result = error_take(asking->own);
}

static status_t udp_take_error(struct linux_socket *socket)
{
	struct asking asking = { .own = udp_of(socket) };

	net_do(error_there, &asking);
	return (status_t)asking.result;
}

/* Bound first, whatever comes of it. Spec: Linux, net/ipv4/af_inet.c: inet_send_prepare(), udp.c: udp_sendmsg(), net/core/sock.c: sock_alloc_send_pskb() */
static void send_there(void *arg)
{
	struct asking *asking = arg;
	struct udp_socket *own = asking->own;

	asking->result = bound_there(own, asking->shares);
	if (asking->result != STATUS_OK)
		return;
	if (!asking->has_address && !has_peer(own)) {
		asking->result = STATUS_EDESTADDRREQ;
		return;
	}
	asking->result = error_take(own);
	if (asking->result == STATUS_OK && own->sending_done)
		asking->result = STATUS_EPIPE;
	if (asking->result != STATUS_OK)
		return;
	if (!asking->has_address)
		asking->at = own->peer;
	asking->result = may_send_there(own, &asking->at) ? STATUS_OK : STATUS_EACCES;
	if (asking->result == STATUS_OK)
		asking->result = net_datagram_send(own->datagram, &asking->at, span_of(asking->memory, asking->bytes));
}

static int64_t udp_send(struct linux_socket *socket, struct linux_message *message)
{
	struct asking asking = {
		.own = udp_of(socket), .shares = linux_inet_shares(socket), .has_address = message->address != NULL && message->address->length > 0,
	};
	struct linux_data rest = *message->data;
	int64_t result = STATUS_OK;

	if (asking.has_address)
		result = linux_inet_peer(socket, message->address, &asking.at);
	if (result == STATUS_OK && asking.has_address && asking.at.port == 0)
		result = STATUS_EINVAL;
	if (result != STATUS_OK)
		return result;
	if (rest.left > NET_DATAGRAM_MAX)
		return STATUS_EMSGSIZE;
	asking.bytes = (uint32_t)rest.left;
	asking.memory = malloc(asking.bytes + 1u);
	if (asking.memory == NULL)
		return STATUS_ENOBUFS;
	result = asking.bytes > 0 ? linux_data_take(&rest, asking.memory, asking.bytes) : 0;
	if (result >= 0 && (uint32_t)result < asking.bytes)
		result = STATUS_EFAULT;
	if (result >= 0) {
		net_do(send_there, &asking);
		result = asking.result == STATUS_OK ? (int64_t)asking.bytes : asking.result;
	}
	free(asking.memory);
	if (result >= 0)
		*message->data = rest;
	return result;
}

/* Looks how long it is; with memory for it, takes it. What comes from another than the peer is dropped. */
static void receive_there(void *arg)
{
	struct asking *asking = arg;
	struct udp_socket *own = asking->own;
	uint32_t bytes;

	asking->result = error_take(own);
	if (asking->result != STATUS_OK)
		return;
	do {
		asking->result = own->datagram != NULL ? net_datagram_peek(own->datagram, &bytes, &asking->at) : STATUS_EAGAIN;
		if (asking->result != STATUS_OK || !has_peer(own) || net_endpoint_equal(&asking->at, &own->peer))
			break;
		net_datagram_consume(own->datagram);
	} while (true);
	asking->ended = asking->result == STATUS_EAGAIN && own->receiving_done;
	if (asking->result != STATUS_OK)
		return;
	asking->result = bytes;
	if (asking->memory == NULL)
		return;
	(void)net_datagram_copy(own->datagram, asking->memory, asking->bytes, 0);
	if (!asking->peek)
		net_datagram_consume(own->datagram);
	net_peers_note(&own->peers, &asking->at);
}

/* Who does not wait is not told of the end. Spec: Linux, net/core/datagram.c: __skb_wait_for_more_packets() */
static int64_t nothing_there(const struct linux_socket *socket, const struct linux_message *message, const struct asking *asking)
{
	return asking->ended && linux_socket_waits(socket, message->flags) ? 0 : asking->result;
}

static int64_t udp_receive(struct linux_socket *socket, struct linux_message *message)
{
	struct asking asking = { .own = udp_of(socket), .peek = (message->flags & LINUX_MSG_PEEK) != 0 };
	int64_t moved = 0;

	net_do(receive_there, &asking);
	if (asking.result < 0)
		return nothing_there(socket, message, &asking);
	asking.bytes = message->data->left < NET_DATAGRAM_MAX ? (uint32_t)message->data->left : NET_DATAGRAM_MAX;
	asking.memory = malloc(asking.bytes + 1u);
	if (asking.memory == NULL)
		return STATUS_ENOMEM;
	net_do(receive_there, &asking); /* another one may be the first now, of another length */
	if (asking.result >= 0 && (uint64_t)asking.result < asking.bytes)
		asking.bytes = (uint32_t)asking.result;
	if (asking.result >= 0 && asking.bytes > 0)
		moved = linux_data_give(message->data, asking.memory, asking.bytes);
	free(asking.memory);
	if (asking.result < 0 || moved < 0)
		return asking.result < 0 ? asking.result : moved;
	if ((uint64_t)asking.result > asking.bytes)
		message->result_flags |= LINUX_MSG_TRUNC;
	if (message->address != NULL)
		linux_inet_address(socket, &asking.at, message->address);
	return message->flags & LINUX_MSG_TRUNC ? asking.result : moved;
}

/* Done, and who waits told, even where it is refused. Spec: Linux, net/ipv4/af_inet.c: inet_shutdown() */
static void shutdown_there(void *arg)
{
	struct asking *asking = arg;

	asking->own->receiving_done |= asking->mask != LINUX_SHUT_WR;
	asking->own->sending_done |= asking->mask != LINUX_SHUT_RD;
	asking->result = has_peer(asking->own) ? STATUS_OK : STATUS_ENOTCONN;
}

static status_t udp_shutdown(struct linux_socket *socket, int how)
{
	struct asking asking = { .own = udp_of(socket), .mask = (uint32_t)how };

	net_do(shutdown_there, &asking);
	linux_event_raise(&socket->event);
	return (status_t)asking.result;
}

static void poll_there(void *arg)
{
	struct asking *asking = arg;
	const struct udp_socket *own = asking->own;

	asking->mask = LINUX_POLLOUT | LINUX_POLLWRNORM;
	if (own->receiving_done || (own->datagram != NULL && !list_is_empty(&own->datagram->queue)))
		asking->mask |= LINUX_POLLIN | LINUX_POLLRDNORM;
	if (own->datagram != NULL && own->datagram->error != STATUS_OK)
		asking->mask |= LINUX_POLLERR;
	if (own->receiving_done)
		asking->mask |= LINUX_POLLRDHUP | (own->sending_done ? (uint32_t)LINUX_POLLHUP : 0);
}

static uint32_t udp_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct linux_socket *socket = linux_socket_of(file);
	struct asking asking = { .own = udp_of(socket) };

	linux_poll_wait(waiter, &socket->event);
	net_look(poll_there, &asking);
	return asking.mask;
}

static void first_there(void *arg)
{
	struct asking *asking = arg;
	const struct net_datagram *datagram = asking->own->datagram;

	if (datagram == NULL || net_datagram_peek(datagram, &asking->bytes, &asking->at) != STATUS_OK)
		asking->bytes = 0;
}

/* FIONREAD: how long the next datagram is. Spec: udp(7) */
static int64_t udp_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	struct asking asking = { .own = udp_of(linux_socket_of(file)) };

	if (request != LINUX_FIONREAD)
		return STATUS_ENOTTY;
	net_look(first_there, &asking);
	return linux_copy_out(thread, argument, &asking.bytes, sizeof(asking.bytes));
}

static const struct linux_socket_ops udp_ops = {
	.bind = udp_bind,
	.connect = udp_connect,
	.name = udp_name,
	.send = udp_send,
	.receive = udp_receive,
	.shutdown = udp_shutdown,
	.take_error = udp_take_error,
};

static const struct linux_file_ops udp_file_ops = {
	.name = "socket",
	.is_stream = true,
	.read = linux_socket_read,
	.write = linux_socket_write,
	.poll = udp_poll,
	.stat = linux_socket_stat,
	.ioctl = udp_ioctl,
	.end = udp_end,
	.release = udp_release,
};
