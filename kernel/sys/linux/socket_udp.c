// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* UDP sockets. What touches the port runs on the network's CPU, as in socket_tcp.c. What they send and receive is in socket_udp_data.c. */
#include <stddef.h>

#include "capos/abi/net.h"
#include "kernel/core/libc.h"
#include "kernel/io/net/net.h"
#include "kernel/sys/linux/socket_udp.h"
#include "lib/string.h"

static const struct linux_file_ops udp_file_ops;
static const struct linux_socket_ops udp_ops;

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
	linux_inet_marks(&own->socket, &own->marks, &own->marks6);
	return &own->socket;
}

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
	struct udp_asking *asking = arg;

	asking->result = asking->own->datagram != NULL ? STATUS_EINVAL : open_there(asking->own, &asking->at, asking->shares);
}

static status_t udp_bind(struct linux_socket *socket, const struct linux_address *address)
{
	struct udp_asking asking = { .own = udp_of(socket), .shares = linux_inet_shares(socket) };
	status_t status = linux_inet_endpoint(socket, address, &asking.at);

	if (status != STATUS_OK)
		return status;
	if (asking.at.port != 0 && !net_policy_may_listen(&asking.own->net->policy, NET_UDP, asking.at.port))
		return STATUS_EACCES;
	net_do(bind_there, &asking);
	return (status_t)asking.result;
}

status_t linux_udp_bound_there(struct udp_socket *own, unsigned shares)
{
	const struct net_endpoint any = { .address.family = own->socket.family == LINUX_AF_INET ? NET_FAMILY_4 : NET_FAMILY_ANY };

	return own->datagram != NULL ? STATUS_OK : open_there(own, &any, shares);
}

bool linux_udp_may_send_there(const struct udp_socket *own, const struct net_endpoint *to)
{
	return net_policy_may_connect(&own->net->policy, NET_UDP, &to->address, to->port) || net_peers_has(&own->peers, to);
}

static void connect_there(void *arg)
{
	struct udp_asking *asking = arg;
	struct udp_socket *own = asking->own;

	if (!asking->has_address) {
		asking->result = own->datagram != NULL ? net_datagram_connect(own->datagram, NULL) : STATUS_OK;
		return;
	}
	asking->result = linux_udp_may_send_there(own, &asking->at) ? linux_udp_bound_there(own, asking->shares) : STATUS_EACCES;
	if (asking->result != STATUS_OK)
		return;
	own->peer = asking->at;
	asking->result = net_datagram_connect(own->datagram, &own->peer);
}

static status_t udp_connect(struct linux_socket *socket, const struct linux_address *address)
{
	struct udp_asking asking = { .own = udp_of(socket), .shares = linux_inet_shares(socket), .has_address = linux_address_family(address) != LINUX_AF_UNSPEC };
	status_t status = asking.has_address ? linux_inet_peer(socket, address, &asking.at) : STATUS_OK;

	if (status != STATUS_OK)
		return status;
	net_do(connect_there, &asking);
	return (status_t)asking.result;
}

static void name_there(void *arg)
{
	struct udp_asking *asking = arg;
	const struct udp_socket *own = asking->own;

	if (asking->peer && !udp_has_peer(own))
		asking->result = STATUS_ENOTCONN;
	else if (asking->peer)
		asking->at = own->peer;
	else if (own->datagram != NULL)
		asking->at = own->datagram->local;
}

static status_t udp_name(struct linux_socket *socket, bool peer, struct linux_address *out)
{
	struct udp_asking asking = { .own = udp_of(socket), .peer = peer };

	net_look(name_there, &asking);
	if (asking.result == STATUS_OK)
		linux_inet_address(socket, &asking.at, out);
	return (status_t)asking.result;
}

static void error_there(void *arg)
{
	struct udp_asking *asking = arg;

	asking->result = linux_udp_error_there(asking->own);
}

static status_t udp_take_error(struct linux_socket *socket)
{
	struct udp_asking asking = { .own = udp_of(socket) };

	net_do(error_there, &asking);
	return (status_t)asking.result;
}

/* Done, and who waits told, even where it is refused. Spec: Linux, net/ipv4/af_inet.c: inet_shutdown() */
static void shutdown_there(void *arg)
{
	struct udp_asking *asking = arg;

	asking->own->receiving_done |= asking->mask != LINUX_SHUT_WR;
	asking->own->sending_done |= asking->mask != LINUX_SHUT_RD;
	asking->result = udp_has_peer(asking->own) ? STATUS_OK : STATUS_ENOTCONN;
}

static status_t udp_shutdown(struct linux_socket *socket, int how)
{
	struct udp_asking asking = { .own = udp_of(socket), .mask = (uint32_t)how };

	net_do(shutdown_there, &asking);
	linux_event_raise(&socket->event);
	return (status_t)asking.result;
}

static void mark_there(void *arg)
{
	const struct udp_asking *asking = arg;
	struct udp_socket *own = asking->own;

	own->marks = asking->marks;
	own->marks6 = asking->marks6;
}

static void udp_options_changed(struct linux_socket *socket)
{
	struct udp_asking asking = { .own = udp_of(socket) };

	linux_inet_marks(socket, &asking.marks, &asking.marks6);
	net_do(mark_there, &asking);
}

static void mtu_there(void *arg)
{
	struct udp_asking *asking = arg;

	asking->result = udp_has_peer(asking->own) ? STATUS_OK : STATUS_ENOTCONN;
	if (asking->result == STATUS_OK)
		asking->bytes = net_mtu_towards(&asking->own->peer.address);
}

static int64_t udp_option(struct linux_socket *socket, int level, int name, void *to)
{
	struct udp_asking asking = { .own = udp_of(socket) };

	if (level != LINUX_IPPROTO_IP || name != LINUX_IP_MTU)
		return STATUS_ENOPROTOOPT;
	net_look(mtu_there, &asking);
	if (asking.result != STATUS_OK)
		return asking.result;
	memcpy(to, &asking.bytes, sizeof(asking.bytes));
	return sizeof(asking.bytes);
}

static const struct linux_socket_ops udp_ops = {
	.bind = udp_bind,
	.connect = udp_connect,
	.name = udp_name,
	.send = linux_udp_send,
	.receive = linux_udp_receive,
	.shutdown = udp_shutdown,
	.take_error = udp_take_error,
	.option = udp_option,
	.options_changed = udp_options_changed,
};

static const struct linux_file_ops udp_file_ops = {
	.name = "socket",
	.is_stream = true,
	.read = linux_socket_read,
	.write = linux_socket_write,
	.poll = linux_udp_poll,
	.stat = linux_socket_stat,
	.ioctl = linux_udp_ioctl,
	.end = udp_end,
	.release = udp_release,
};
