// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sockets within the machine: what can be done with one now without waiting. */
#include "kernel/sys/linux/interface.h"
#include "kernel/sys/linux/socket_unix.h"

enum { WRITABLE_SHARE = 4 }; /* it is writable while no more than this share of its buffer is taken. Spec: Linux, net/unix/af_unix.c: unix_writable() */

/* Under the lock. Where others send to as well, whatever is left there counts. */
static bool is_writable(struct unix_socket *own)
{
	struct unix_socket *receiver = own->peer;

	if (own->socket.type == LINUX_SOCK_DGRAM && own->target.length > 0)
		receiver = linux_unix_target_find(own);
	if (receiver == NULL)
		return true;
	if (receiver->peer == own)
		return receiver->received_bytes <= LINUX_SOCKET_BUFFER / WRITABLE_SHARE;
	if (receiver->received_bytes < LINUX_SOCKET_BUFFER)
		return true;
	linux_unix_starve(own, receiver);
	return false;
}

static uint32_t mask_of(struct unix_socket *own)
{
	bool is_datagram = own->socket.type == LINUX_SOCK_DGRAM;
	bool had_peer = !is_datagram && own->was_connected;
	bool ended = own->receiving_done || (had_peer && (own->peer == NULL || own->peer->sending_done));
	bool sent = own->sending_done || (had_peer && (own->peer == NULL || own->peer->receiving_done));
	uint32_t mask = 0;

	if (!list_is_empty(&own->received) || ended)
		mask |= LINUX_POLLIN | LINUX_POLLRDNORM;
	if (ended)
		mask |= LINUX_POLLRDHUP;
	if ((ended && sent) || (!is_datagram && !own->was_connected))
		mask |= LINUX_POLLHUP;
	if (own->was_reset)
		mask |= LINUX_POLLERR;
	if (is_writable(own))
		mask |= LINUX_POLLOUT | LINUX_POLLWRNORM;
	return mask;
}

static uint32_t listener_mask_of(const struct unix_socket *own)
{
	uint32_t mask = list_is_empty(&own->waiting) && !own->receiving_done ? 0 : LINUX_POLLIN | LINUX_POLLRDNORM;

	if (own->receiving_done)
		mask |= LINUX_POLLRDHUP;
	if (own->receiving_done && own->sending_done)
		mask |= LINUX_POLLHUP;
	return mask;
}

/* FIONREAD: all that can be read of a stream, the next message of others. */
int64_t linux_unix_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	struct linux_socket *socket = linux_socket_of(file);
	struct unix_socket *own = unix_of(socket);
	uint32_t bytes = 0;

	if (request != LINUX_FIONREAD)
		return linux_interface_ioctl(socket, thread, request, argument);
	if (socket->listening)
		return STATUS_EINVAL;
	spinlock_take(&linux_unix_lock);
	for (struct list_node *node = own->received.next; node != &own->received; node = node->next) {
		const struct piece *piece = LIST_OWNER(node, struct piece, node);

		bytes += (uint32_t)(piece->bytes - piece->at);
		if (socket->type == LINUX_SOCK_DGRAM)
			break;
	}
	spinlock_give(&linux_unix_lock);
	return linux_copy_out(thread, argument, &bytes, sizeof(bytes));
}

uint32_t linux_unix_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct linux_socket *socket = linux_socket_of(file);
	struct unix_socket *own = unix_of(socket);
	uint32_t mask;

	linux_poll_wait(waiter, &socket->event);
	spinlock_take(&linux_unix_lock);
	mask = socket->listening ? listener_mask_of(own) : mask_of(own);
	spinlock_give(&linux_unix_lock);
	return mask;
}
