// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Datagrams, and what can be done, of UDP sockets. */
#include "kernel/core/libc.h"
#include "kernel/io/net/net.h"
#include "kernel/sys/linux/interface.h"
#include "kernel/sys/linux/socket_udp.h"

status_t linux_udp_error_there(struct udp_socket *own)
{
	status_t error = own->datagram != NULL ? own->datagram->error : STATUS_OK;

	if (error != STATUS_OK)
		own->datagram->error = STATUS_OK;
	return error;
}

/* What the program says of this one alone counts more than what it says of the socket. An address of the other family is ignored. */
static status_t send_as_there(const struct udp_asking *asking)
{
	struct udp_socket *own = asking->own;
	struct net_marks marks = asking->at.address.family == NET_FAMILY_6 ? own->marks6 : own->marks;
	struct net_address from = { 0 };

	if (asking->control != NULL) {
		linux_inet_source(asking->control, &from);
		if (from.family != asking->at.address.family)
			from.family = NET_FAMILY_ANY;
		marks.tos = asking->control->tos >= 0 ? (uint8_t)asking->control->tos : marks.tos;
		marks.ttl = asking->control->ttl >= 0 ? (uint8_t)asking->control->ttl : marks.ttl;
		marks.multicast_ttl = asking->control->ttl >= 0 ? (uint8_t)asking->control->ttl : marks.multicast_ttl;
	}
	return net_datagram_send_as(own->datagram, &from, &marks, &asking->at, span_of(asking->memory, asking->bytes));
}

/* Bound first, whatever comes of it. Spec: Linux, net/ipv4/af_inet.c: inet_send_prepare(), udp.c: udp_sendmsg(), net/core/sock.c: sock_alloc_send_pskb() */
static void send_there(void *arg)
{
	struct udp_asking *asking = arg;
	struct udp_socket *own = asking->own;

	asking->result = linux_udp_bound_there(own, asking->shares);
	if (asking->result != STATUS_OK)
		return;
	if (!asking->has_address && !udp_has_peer(own)) {
		asking->result = STATUS_EDESTADDRREQ;
		return;
	}
	asking->result = linux_udp_error_there(own);
	if (asking->result == STATUS_OK && own->sending_done)
		asking->result = STATUS_EPIPE;
	if (asking->result != STATUS_OK)
		return;
	if (!asking->has_address)
		asking->at = own->peer;
	asking->result = linux_udp_may_send_there(own, &asking->at) ? STATUS_OK : STATUS_EACCES;
	if (asking->result == STATUS_OK)
		asking->result = send_as_there(asking);
}

int64_t linux_udp_send(struct linux_socket *socket, struct linux_message *message)
{
	struct udp_asking asking = {
		.own = udp_of(socket), .shares = linux_inet_shares(socket), .has_address = message->address != NULL && message->address->length > 0,
	};
	struct linux_data rest = *message->data;
	int64_t result = STATUS_OK;

	asking.control = message->control;
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

/* Looks how long it is; with memory for it, takes it. What came from another before there was a peer is received as well: poll has told it. */
static void receive_there(void *arg)
{
	struct udp_asking *asking = arg;
	struct udp_socket *own = asking->own;
	uint32_t bytes;

	asking->result = linux_udp_error_there(own);
	if (asking->result != STATUS_OK)
		return;
	asking->result = own->datagram != NULL ? net_datagram_peek(own->datagram, &bytes, &asking->at) : STATUS_EAGAIN;
	asking->ended = asking->result == STATUS_EAGAIN && own->receiving_done;
	if (asking->result != STATUS_OK)
		return;
	asking->result = bytes;
	if (asking->memory == NULL)
		return;
	asking->arrival = *net_datagram_arrival(own->datagram);
	(void)net_datagram_copy(own->datagram, asking->memory, asking->bytes, 0);
	if (!asking->peek)
		net_datagram_consume(own->datagram);
	net_peers_note(&own->peers, &asking->at);
}

/* Who does not wait is not told of the end. Spec: Linux, net/core/datagram.c: __skb_wait_for_more_packets() */
static int64_t nothing_there(const struct linux_socket *socket, const struct linux_message *message, const struct udp_asking *asking)
{
	return asking->ended && linux_socket_waits(socket, message->flags) ? 0 : asking->result;
}

int64_t linux_udp_receive(struct linux_socket *socket, struct linux_message *message)
{
	struct udp_asking asking = { .own = udp_of(socket), .peek = (message->flags & LINUX_MSG_PEEK) != 0 };
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
	if (message->control != NULL)
		linux_inet_arrival_tell(socket, &asking.arrival, message->control);
	return message->flags & LINUX_MSG_TRUNC ? asking.result : moved;
}

static void poll_there(void *arg)
{
	struct udp_asking *asking = arg;
	const struct udp_socket *own = asking->own;

	asking->mask = LINUX_POLLOUT | LINUX_POLLWRNORM;
	if (own->receiving_done || (own->datagram != NULL && !list_is_empty(&own->datagram->queue)))
		asking->mask |= LINUX_POLLIN | LINUX_POLLRDNORM;
	if (own->datagram != NULL && own->datagram->error != STATUS_OK)
		asking->mask |= LINUX_POLLERR;
	if (own->receiving_done)
		asking->mask |= LINUX_POLLRDHUP | (own->sending_done ? (uint32_t)LINUX_POLLHUP : 0);
}

uint32_t linux_udp_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct linux_socket *socket = linux_socket_of(file);
	struct udp_asking asking = { .own = udp_of(socket) };

	linux_poll_wait(waiter, &socket->event);
	net_look(poll_there, &asking);
	return asking.mask;
}

static void first_there(void *arg)
{
	struct udp_asking *asking = arg;
	const struct net_datagram *datagram = asking->own->datagram;

	if (datagram == NULL || net_datagram_peek(datagram, &asking->bytes, &asking->at) != STATUS_OK)
		asking->bytes = 0;
}

/* FIONREAD: how long the next datagram is. Spec: udp(7) */
int64_t linux_udp_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	struct udp_asking asking = { .own = udp_of(linux_socket_of(file)) };

	if (request != LINUX_FIONREAD)
		return linux_interface_ioctl(linux_socket_of(file), thread, request, argument);
	net_look(first_there, &asking);
	return linux_copy_out(thread, argument, &asking.bytes, sizeof(asking.bytes));
}
