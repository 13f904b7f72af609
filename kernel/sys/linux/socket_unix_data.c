// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is sent within the machine: pieces that lie with their receiver. */
#include "kernel/core/libc.h"
#include "kernel/sys/linux/socket_unix.h"
#include "lib/string.h"

enum { PIECE_MAX = 65536 };

/* What went along ends later, not in here: sockets may lie in sockets that lie in sockets. */
static void piece_free(struct piece *piece)
{
	for (unsigned i = 0; i < piece->file_count; i++)
		object_put(&piece->files[i]->object);
	free(piece);
}

void linux_unix_pieces_free(struct list_node *pieces)
{
	struct list_node *node;

	while ((node = list_pop_front(pieces)) != NULL)
		piece_free(LIST_OWNER(node, struct piece, node));
}

/* Under the lock: who gets what is sent, held; or why nobody does. */
static status_t receiver_find(struct unix_socket *own, const struct linux_address *to, struct unix_socket **out)
{
	struct unix_socket *receiver = own->peer;

	if (to != NULL || own->target.length > 0)
		receiver = linux_unix_name_find(to != NULL ? to : &own->target);
	if (own->sending_done)
		return STATUS_EPIPE;
	if (to != NULL && own->socket.type != LINUX_SOCK_DGRAM)
		return own->was_connected ? STATUS_EISCONN : STATUS_ENOTSUP;
	if (receiver == NULL && own->socket.type == LINUX_SOCK_DGRAM)
		return to != NULL || own->was_connected ? STATUS_ECONNREFUSED : STATUS_ENOTCONN;
	if (receiver == NULL)
		return own->was_connected ? STATUS_EPIPE : STATUS_ENOTCONN;
	if (receiver->socket.type != own->socket.type)
		return STATUS_EPROTOTYPE;
	if (receiver->receiving_done)
		return STATUS_EPIPE;
	if (receiver->received_bytes >= LINUX_SOCKET_BUFFER)
		return STATUS_EAGAIN;
	*out = linux_unix_hold(receiver);
	return *out != NULL ? STATUS_OK : STATUS_EPIPE;
}

/* A piece with what the message holds, as far as one piece may. */
static status_t piece_fill(struct linux_data *data, size_t most, struct piece **out)
{
	size_t bytes = data->left < most ? (size_t)data->left : most;
	struct piece *piece = malloc(sizeof(*piece) + bytes);
	int64_t taken = 0;

	if (piece == NULL)
		return STATUS_ENOBUFS;
	if (bytes > 0)
		taken = linux_data_take(data, piece->data, bytes);
	if (taken < 0) {
		free(piece);
		return (status_t)taken;
	}
	piece->bytes = (size_t)taken;
	piece->at = 0;
	piece->file_count = 0;
	*out = piece;
	return STATUS_OK;
}

static status_t destination(const struct linux_message *message, struct linux_address *name, const struct linux_address **to)
{
	*to = NULL;
	if (message->address == NULL || message->address->length == 0)
		return STATUS_OK;
	*to = name;
	return linux_unix_name_read(message->address, name);
}

int64_t linux_unix_send(struct linux_socket *socket, struct linux_message *message)
{
	struct unix_socket *own = unix_of(socket);
	bool is_stream = socket->type == LINUX_SOCK_STREAM;
	struct linux_data rest = *message->data;
	struct unix_socket *receiver = NULL;
	const struct linux_address *to;
	struct linux_address name;
	struct piece *piece = NULL;
	size_t bytes = 0;
	status_t status = destination(message, &name, &to);

	if (status != STATUS_OK)
		return status;
	if (!is_stream && rest.left > LINUX_SOCKET_BUFFER)
		return STATUS_EMSGSIZE;
	if (is_stream && rest.left == 0)
		return 0;
	spinlock_take(&linux_unix_lock); /* what cannot be sent need not be copied first */
	status = receiver_find(own, to, &receiver);
	spinlock_give(&linux_unix_lock);
	if (status != STATUS_OK)
		return status;
	status = piece_fill(&rest, is_stream ? PIECE_MAX : LINUX_SOCKET_BUFFER, &piece);
	if (status == STATUS_OK) {
		bytes = piece->bytes;
		memcpy(piece->files, message->files, message->file_count * sizeof(piece->files[0]));
		piece->file_count = message->file_count;
		message->file_count = 0;
		spinlock_take(&linux_unix_lock);
		piece->from = own->name;
		list_push_back(&receiver->received, &piece->node);
		receiver->received_bytes += bytes;
		spinlock_give(&linux_unix_lock);
		*message->data = rest;
	}
	linux_unix_tell(receiver);
	return status == STATUS_OK ? (int64_t)bytes : status;
}

/* Under the lock: the piece that waits longest, taken out; NULL, and why, where there is none. */
static struct piece *piece_take(struct unix_socket *own, int64_t *why)
{
	struct list_node *node = list_pop_front(&own->received);
	bool is_datagram = own->socket.type == LINUX_SOCK_DGRAM;

	if (node != NULL) {
		own->received_bytes -= LIST_OWNER(node, struct piece, node)->bytes - LIST_OWNER(node, struct piece, node)->at;
		return LIST_OWNER(node, struct piece, node);
	}
	if (own->receiving_done || (!is_datagram && own->was_connected && (own->peer == NULL || own->peer->sending_done)))
		*why = 0;
	else
		*why = is_datagram || own->was_connected ? STATUS_EAGAIN : STATUS_EINVAL;
	return NULL;
}

static void piece_put_back(struct unix_socket *own, struct piece *piece)
{
	spinlock_take(&linux_unix_lock);
	list_push_front(&own->received, &piece->node);
	own->received_bytes += piece->bytes - piece->at;
	spinlock_give(&linux_unix_lock);
}

/* One piece to the program. What is left of a stream's, or was only looked at, is put back. */
static int64_t piece_receive(struct unix_socket *own, struct piece *piece, struct linux_message *message)
{
	size_t there = piece->bytes - piece->at;
	size_t bytes = message->data->left < there ? (size_t)message->data->left : there;
	bool is_stream = own->socket.type == LINUX_SOCK_STREAM;
	bool peek = (message->flags & LINUX_MSG_PEEK) != 0;
	int64_t moved = bytes > 0 ? linux_data_give(message->data, piece->data + piece->at, bytes) : 0;

	if (message->address != NULL)
		*message->address = piece->from;
	if (moved >= 0 && !peek) {
		memcpy(message->files, piece->files, piece->file_count * sizeof(piece->files[0]));
		message->file_count = piece->file_count;
		piece->file_count = 0;
		piece->at += (size_t)moved;
	}
	if (moved >= 0 && !is_stream && bytes < there)
		message->result_flags |= LINUX_MSG_TRUNC;
	if (moved < 0 || peek || (is_stream && piece->at < piece->bytes))
		piece_put_back(own, piece);
	else
		piece_free(piece);
	return moved >= 0 && !is_stream && (message->flags & LINUX_MSG_TRUNC) ? (int64_t)there : moved;
}

int64_t linux_unix_receive(struct linux_socket *socket, struct linux_message *message)
{
	struct unix_socket *own = unix_of(socket);
	int64_t result = STATUS_EAGAIN;
	struct unix_socket *peer;
	struct piece *piece;

	if (socket->type == LINUX_SOCK_STREAM && message->data->left == 0)
		return 0;
	spinlock_take(&linux_unix_lock);
	piece = piece_take(own, &result);
	peer = linux_unix_hold(own->peer);
	spinlock_give(&linux_unix_lock);
	if (piece != NULL)
		result = piece_receive(own, piece, message);
	linux_unix_tell(peer); /* there is room again */
	return result;
}

static uint32_t connected_mask(const struct unix_socket *own)
{
	bool is_datagram = own->socket.type == LINUX_SOCK_DGRAM;
	bool ended = !is_datagram && (own->peer == NULL || own->peer->sending_done);
	uint32_t mask = 0;

	if (!list_is_empty(&own->received) || ended || own->receiving_done)
		mask |= LINUX_POLLIN | LINUX_POLLRDNORM;
	if (ended || own->receiving_done)
		mask |= LINUX_POLLRDHUP;
	if ((!is_datagram && own->peer == NULL) || (ended && own->sending_done))
		mask |= LINUX_POLLHUP;
	if (own->peer == NULL || own->peer->received_bytes < LINUX_SOCKET_BUFFER)
		mask |= LINUX_POLLOUT | LINUX_POLLWRNORM;
	return mask;
}

uint32_t linux_unix_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct linux_socket *socket = linux_socket_of(file);
	struct unix_socket *own = unix_of(socket);
	uint32_t mask;

	linux_poll_wait(waiter, &socket->event);
	spinlock_take(&linux_unix_lock);
	if (socket->listening)
		mask = list_is_empty(&own->waiting) ? 0 : LINUX_POLLIN | LINUX_POLLRDNORM;
	else if (own->was_connected || socket->type == LINUX_SOCK_DGRAM)
		mask = connected_mask(own);
	else
		mask = LINUX_POLLOUT | LINUX_POLLHUP;
	spinlock_give(&linux_unix_lock);
	return mask;
}
