// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Sockets within the machine: connected pairs, and names to connect or send to. What is sent lies with its receiver, in pieces, each with the files that
 * came along.
 *
 * One lock for all of them: a socket and its peer change together, and no lock is held while the program's memory is read or written.
 */
#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/socket.h"
#include "lib/list.h"
#include "lib/string.h"

enum { PIECE_MAX = 65536 };

struct piece {
	struct list_node node;
	struct linux_address from;
	size_t bytes, at; /* what is left begins at `at` */
	unsigned file_count;
	struct linux_file *files[LINUX_RIGHTS_MAX]; /* held */
	uint8_t data[];
};

struct unix_socket {
	struct linux_socket socket;
	/* W: under the lock. */
	struct unix_socket *peer;  /* of a connected one; NULL: gone, or never there */
	bool was_connected;
	bool sending_done, receiving_done;
	struct list_node received; /* pieces */
	size_t received_bytes;
	struct linux_address name; /* length 0: none */
	struct linux_address target; /* where a datagram goes that says nothing else; length 0: to the peer */
	struct list_node named;    /* in the list of names */
	struct list_node waiting;  /* of a listener: connections; of one of those: its place there */
	struct unix_socket *listener; /* whose connection it is, that nobody has accepted yet */
	unsigned waiting_count, backlog;
};

static struct spinlock lock;
static struct list_node names = LIST_INIT(names); /* W: under the lock */

static const struct linux_file_ops unix_file_ops;
static const struct linux_socket_ops unix_ops;

static struct unix_socket *unix_of(struct linux_socket *socket)
{
	return LIST_OWNER(socket, struct unix_socket, socket);
}

static status_t unix_make(int type, struct unix_socket **out)
{
	struct unix_socket *own;

	if (type != LINUX_SOCK_STREAM && type != LINUX_SOCK_DGRAM && type != LINUX_SOCK_SEQPACKET)
		return STATUS_ESOCKTNOSUPPORT;
	own = calloc(1, sizeof(*own));
	if (own == NULL)
		return STATUS_ENOMEM;
	linux_socket_init(&own->socket, &unix_file_ops, &unix_ops, LINUX_AF_UNIX, type);
	list_init(&own->received);
	list_init(&own->named);
	list_init(&own->waiting);
	*out = own;
	return STATUS_OK;
}

status_t linux_unix_make(int type, struct linux_socket **out)
{
	struct unix_socket *own;
	status_t status = unix_make(type, &own);

	if (status == STATUS_OK)
		*out = &own->socket;
	return status;
}

static void pair(struct unix_socket *a, struct unix_socket *b)
{
	a->peer = b;
	b->peer = a;
	a->was_connected = b->was_connected = true;
}

status_t linux_unix_pair(int type, struct linux_socket *out[2])
{
	status_t status = linux_unix_make(type, &out[0]);

	if (status != STATUS_OK)
		return status;
	status = linux_unix_make(type, &out[1]);
	if (status != STATUS_OK) {
		linux_file_put(&out[0]->file);
		return status;
	}
	pair(unix_of(out[0]), unix_of(out[1]));
	return STATUS_OK;
}

/* A held socket has changed: tells, and lets it go. NULL: there is none. */
static void tell(struct unix_socket *own)
{
	if (own == NULL)
		return;
	linux_event_raise(&own->socket.event);
	linux_file_put(&own->socket.file);
}

/* Under the lock: held, or NULL where its last hold has gone. */
static struct unix_socket *hold(struct unix_socket *own)
{
	return own != NULL && object_hold(&own->socket.file.object) ? own : NULL;
}

/* What went along ends later, not in here: sockets may lie in sockets that lie in sockets. */
static void piece_free(struct piece *piece)
{
	for (unsigned i = 0; i < piece->file_count; i++)
		object_put(&piece->files[i]->object);
	free(piece);
}

static void pieces_free(struct list_node *pieces)
{
	struct list_node *node;

	while ((node = list_pop_front(pieces)) != NULL)
		piece_free(LIST_OWNER(node, struct piece, node));
}

static void unix_end(struct linux_file *file)
{
	struct unix_socket *own = unix_of(linux_socket_of(file));
	struct unix_socket *peer;
	struct list_node *node;

	spinlock_take(&lock);
	list_remove(&own->named);
	peer = hold(own->peer);
	if (own->peer != NULL && own->peer->peer == own)
		own->peer->peer = NULL;
	if (own->listener != NULL)
		own->listener->waiting_count--;
	if (own->listener != NULL || !own->socket.listening)
		list_remove(&own->waiting);
	spinlock_give(&lock);
	tell(peer);
	/* Of a listener: who waits is refused. Each holds itself as long as it is in the list. */
	while (own->socket.listening) {
		spinlock_take(&lock);
		node = list_pop_front(&own->waiting);
		if (node != NULL)
			LIST_OWNER(node, struct unix_socket, waiting)->listener = NULL;
		spinlock_give(&lock);
		if (node == NULL)
			break;
		linux_file_put(&LIST_OWNER(node, struct unix_socket, waiting)->socket.file);
	}
	pieces_free(&own->received);
}

static void unix_release(struct linux_file *file)
{
	free(unix_of(linux_socket_of(file)));
}

static bool name_equal(const struct linux_address *a, const struct linux_address *b)
{
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* A name as it is compared: a path without what stands behind its NUL, or an abstract one whole. Spec: unix(7) */
static status_t name_read(const struct linux_address *address, struct linux_address *out)
{
	if (linux_address_family(address) != LINUX_AF_UNIX || address->length < 2)
		return STATUS_EINVAL;
	*out = *address;
	if (address->length > 2 && address->bytes[2] != 0)
		out->length = 2 + (uint32_t)strnlen((const char *)address->bytes + 2, address->length - 2);
	return STATUS_OK;
}

/* Under the lock. */
static struct unix_socket *name_find(const struct linux_address *name)
{
	for (struct list_node *node = names.next; node != &names; node = node->next)
		if (name_equal(&LIST_OWNER(node, struct unix_socket, named)->name, name))
			return LIST_OWNER(node, struct unix_socket, named);
	return NULL;
}

/* Under the lock. A name of the kernel's choice: five digits. */
static void name_choose(struct linux_address *name)
{
	static uint32_t next;

	name->length = 2 + 6;
	do {
		uint32_t number = next++;

		for (unsigned i = 0; i < 5; i++, number >>= 4)
			name->bytes[7 - i] = (uint8_t)"0123456789abcdef"[number & 15];
		name->bytes[2] = 0;
	} while (name_find(name) != NULL);
}

static status_t unix_bind(struct linux_socket *socket, const struct linux_address *address)
{
	struct unix_socket *own = unix_of(socket);
	struct linux_address name;
	status_t status = name_read(address, &name);

	if (status != STATUS_OK)
		return status;
	spinlock_take(&lock);
	if (name.length == 2)
		name_choose(&name);
	if (own->name.length > 0)
		status = STATUS_EINVAL;
	else if (name.bytes[2] != 0 && name_find(&name) != NULL)
		list_remove(&name_find(&name)->named); /* its file is gone, for another was just made */
	else if (name_find(&name) != NULL)
		status = STATUS_EADDRINUSE;
	if (status == STATUS_OK) {
		own->name = name;
		list_push_back(&names, &own->named);
	}
	spinlock_give(&lock);
	return status;
}

static status_t unix_listen(struct linux_socket *socket, unsigned backlog)
{
	struct unix_socket *own = unix_of(socket);
	status_t status = STATUS_OK;

	spinlock_take(&lock);
	if (socket->type == LINUX_SOCK_DGRAM)
		status = STATUS_ENOTSUP;
	else if (own->was_connected || own->name.length == 0)
		status = STATUS_EINVAL;
	else
		own->backlog = backlog;
	spinlock_give(&lock);
	return status;
}

static status_t unix_accept(struct linux_socket *socket, struct linux_socket **out)
{
	struct unix_socket *own = unix_of(socket);
	struct list_node *node;

	spinlock_take(&lock);
	node = list_pop_front(&own->waiting);
	if (node != NULL) {
		LIST_OWNER(node, struct unix_socket, waiting)->listener = NULL;
		own->waiting_count--;
	}
	spinlock_give(&lock);
	if (node == NULL)
		return STATUS_EAGAIN;
	*out = &LIST_OWNER(node, struct unix_socket, waiting)->socket;
	return STATUS_OK;
}

/* Under the lock: joins with a socket that the listener finds. */
static status_t stream_connect(struct unix_socket *own, struct unix_socket *to, struct unix_socket *server)
{
	if (own->was_connected)
		return STATUS_EISCONN;
	if (to == NULL || !to->socket.listening || to->socket.type != own->socket.type)
		return to != NULL && to->socket.type != own->socket.type ? STATUS_EPROTOTYPE : STATUS_ECONNREFUSED;
	if (to->waiting_count >= to->backlog)
		return STATUS_EAGAIN;
	server->name = to->name;
	server->listener = to;
	list_push_back(&to->waiting, &server->waiting);
	to->waiting_count++;
	pair(own, server);
	return STATUS_OK;
}

static status_t unix_connect(struct linux_socket *socket, const struct linux_address *address)
{
	struct unix_socket *own = unix_of(socket);
	struct unix_socket *server = NULL;
	struct unix_socket *to = NULL;
	struct linux_address name;
	status_t status = name_read(address, &name);

	if (status != STATUS_OK)
		return status;
	if (socket->type != LINUX_SOCK_DGRAM) {
		status = unix_make(socket->type, &server);
		if (status != STATUS_OK)
			return status;
	}
	spinlock_take(&lock);
	to = hold(name_find(&name));
	if (server != NULL)
		status = stream_connect(own, to, server);
	else if (to == NULL || to->socket.type != LINUX_SOCK_DGRAM)
		status = to == NULL ? STATUS_ECONNREFUSED : STATUS_EPROTOTYPE;
	else {
		own->target = name; /* looked up anew each time: it may go, and come again */
		own->was_connected = true;
	}
	spinlock_give(&lock);
	if (status != STATUS_OK && server != NULL)
		linux_file_put(&server->socket.file);
	tell(to);
	return status;
}

static status_t unix_connected(struct linux_socket *socket)
{
	(void)socket;
	return STATUS_OK;
}

static status_t unix_name(struct linux_socket *socket, bool peer, struct linux_address *out)
{
	struct unix_socket *own = unix_of(socket);
	status_t status = STATUS_OK;

	memset(out, 0, sizeof(*out));
	spinlock_take(&lock);
	if (peer && own->peer == NULL)
		status = STATUS_ENOTCONN;
	else
		*out = peer ? own->peer->name : own->name;
	spinlock_give(&lock);
	if (out->length == 0)
		out->length = 2;
	out->bytes[0] = LINUX_AF_UNIX;
	return status;
}

/* Under the lock: who gets what is sent, held; or why nobody does. */
static status_t receiver_find(struct unix_socket *own, const struct linux_address *to, struct unix_socket **out)
{
	struct unix_socket *receiver = own->peer;

	if (to != NULL || own->target.length > 0)
		receiver = name_find(to != NULL ? to : &own->target);
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
	*out = hold(receiver);
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
	return name_read(message->address, name);
}

static int64_t unix_send(struct linux_socket *socket, struct linux_message *message)
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
	spinlock_take(&lock); /* what cannot be sent need not be copied first */
	status = receiver_find(own, to, &receiver);
	spinlock_give(&lock);
	if (status != STATUS_OK)
		return status;
	status = piece_fill(&rest, is_stream ? PIECE_MAX : LINUX_SOCKET_BUFFER, &piece);
	if (status == STATUS_OK) {
		bytes = piece->bytes;
		memcpy(piece->files, message->files, message->file_count * sizeof(piece->files[0]));
		piece->file_count = message->file_count;
		message->file_count = 0;
		spinlock_take(&lock);
		piece->from = own->name;
		list_push_back(&receiver->received, &piece->node);
		receiver->received_bytes += bytes;
		spinlock_give(&lock);
		*message->data = rest;
	}
	tell(receiver);
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
	spinlock_take(&lock);
	list_push_front(&own->received, &piece->node);
	own->received_bytes += piece->bytes - piece->at;
	spinlock_give(&lock);
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

static int64_t unix_receive(struct linux_socket *socket, struct linux_message *message)
{
	struct unix_socket *own = unix_of(socket);
	int64_t result = STATUS_EAGAIN;
	struct unix_socket *peer;
	struct piece *piece;

	if (socket->type == LINUX_SOCK_STREAM && message->data->left == 0)
		return 0;
	spinlock_take(&lock);
	piece = piece_take(own, &result);
	peer = hold(own->peer);
	spinlock_give(&lock);
	if (piece != NULL)
		result = piece_receive(own, piece, message);
	tell(peer); /* there is room again */
	return result;
}

static status_t unix_shutdown(struct linux_socket *socket, int how)
{
	struct unix_socket *own = unix_of(socket);
	struct unix_socket *peer;
	bool connected;

	spinlock_take(&lock);
	connected = own->was_connected;
	peer = connected ? hold(own->peer) : NULL;
	if (connected) {
		own->sending_done |= how != LINUX_SHUT_RD;
		own->receiving_done |= how != LINUX_SHUT_WR;
	}
	spinlock_give(&lock);
	tell(peer);
	linux_event_raise(&socket->event);
	return connected ? STATUS_OK : STATUS_ENOTCONN;
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

static uint32_t unix_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct linux_socket *socket = linux_socket_of(file);
	struct unix_socket *own = unix_of(socket);
	uint32_t mask;

	linux_poll_wait(waiter, &socket->event);
	spinlock_take(&lock);
	if (socket->listening)
		mask = list_is_empty(&own->waiting) ? 0 : LINUX_POLLIN | LINUX_POLLRDNORM;
	else if (own->was_connected || socket->type == LINUX_SOCK_DGRAM)
		mask = connected_mask(own);
	else
		mask = LINUX_POLLOUT | LINUX_POLLHUP;
	spinlock_give(&lock);
	return mask;
}

static const struct linux_socket_ops unix_ops = {
	.bind = unix_bind,
	.listen = unix_listen,
	.accept = unix_accept,
	.connect = unix_connect,
	.connected = unix_connected,
	.name = unix_name,
	.send = unix_send,
	.receive = unix_receive,
	.shutdown = unix_shutdown,
};

static const struct linux_file_ops unix_file_ops = {
	.name = "socket",
	.is_stream = true,
	.read = linux_socket_read,
	.write = linux_socket_write,
	.poll = unix_poll,
	.stat = linux_socket_stat,
	.end = unix_end,
	.release = unix_release,
};
