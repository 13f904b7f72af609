// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Sockets within the machine: connected pairs, and names to connect or send to. What is sent lies with its receiver, in pieces, each with the files that
 * came along.
 *
 * One lock for all of them: a socket and its peer change together, and no lock is held while the program's memory is read or written.
 */
#include <assert.h>
#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/socket_unix.h"
#include "lib/string.h"

static_assert(sizeof(struct unix_socket) <= LINUX_FILE_CHARGE, "what one is charged covers it");

struct spinlock linux_unix_lock;

static const struct linux_file_ops unix_file_ops;
static const struct linux_socket_ops unix_ops;

static status_t unix_make(int type, struct unix_socket **out)
{
	struct unix_socket *own;

	if (type == LINUX_SOCK_RAW)
		type = LINUX_SOCK_DGRAM; /* Spec: Linux, net/unix/af_unix.c: unix_create() */
	if (type != LINUX_SOCK_STREAM && type != LINUX_SOCK_DGRAM && type != LINUX_SOCK_SEQPACKET)
		return STATUS_ESOCKTNOSUPPORT;
	own = calloc(1, sizeof(*own));
	if (own == NULL)
		return STATUS_ENOMEM;
	linux_socket_init(&own->socket, &unix_file_ops, &unix_ops, LINUX_AF_UNIX, type);
	list_init(&own->received);
	list_init(&own->named);
	list_init(&own->waiting);
	list_init(&own->flying);
	list_init(&own->starving);
	list_init(&own->starved);
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
	for (unsigned i = 0; i < 2; i++)
		linux_socket_peer_set(out[i], linux_unix_caller(true));
	return STATUS_OK;
}

/* A held socket has changed: tells, and lets it go. NULL: there is none. */
void linux_unix_tell(struct unix_socket *own)
{
	if (own == NULL)
		return;
	linux_event_raise(&own->socket.event);
	linux_file_put(&own->socket.file);
}

/* Under the lock: held, or NULL where its last hold has gone. */
struct unix_socket *linux_unix_hold(struct unix_socket *own)
{
	return own != NULL && object_hold(&own->socket.file.object) ? own : NULL;
}

void linux_unix_feed(struct unix_socket *own)
{
	struct list_node fed = LIST_INIT(fed);
	struct list_node *node;

	spinlock_take(&linux_unix_lock);
	while ((node = list_pop_front(&own->starved)) != NULL)
		list_push_back(&fed, node);
	while ((node = list_pop_front(&fed)) != NULL) {
		struct unix_socket *sender = linux_unix_hold(LIST_OWNER(node, struct unix_socket, starving));

		spinlock_give(&linux_unix_lock);
		linux_unix_tell(sender);
		spinlock_take(&linux_unix_lock);
	}
	spinlock_give(&linux_unix_lock);
}

static bool socket_is_stream(const struct unix_socket *own)
{
	return own->socket.type != LINUX_SOCK_DGRAM;
}

status_t linux_unix_error(struct unix_socket *own)
{
	status_t status = own->was_reset ? STATUS_ECONNRESET : STATUS_OK;

	own->was_reset = false;
	return status;
}

static status_t unix_error_take(struct linux_socket *socket)
{
	status_t status;

	spinlock_take(&linux_unix_lock);
	status = linux_unix_error(unix_of(socket));
	spinlock_give(&linux_unix_lock);
	return status;
}

static void unix_end(struct linux_file *file)
{
	struct unix_socket *own = unix_of(linux_socket_of(file));
	struct unix_socket *waiting;
	struct unix_socket *peer;
	struct list_node *node;

	spinlock_take(&linux_unix_lock);
	list_remove(&own->named);
	list_remove(&own->starving);
	peer = linux_unix_hold(own->peer);
	if (own->peer != NULL && own->peer->peer == own) {
		if (socket_is_stream(own))
			own->peer->target = own->name;
		own->peer->was_reset |= socket_is_stream(own) && !list_is_empty(&own->received);
		own->peer->peer = NULL;
	}
	spinlock_give(&linux_unix_lock);
	linux_unix_tell(peer);
	linux_unix_feed(own);
	/* Of a listener: who waits is reset. Each holds itself as long as it is in the list. Spec: Linux, net/unix/af_unix.c: unix_release_sock() */
	while (own->socket.listening) {
		spinlock_take(&linux_unix_lock);
		node = list_pop_front(&own->waiting);
		waiting = node != NULL ? LIST_OWNER(node, struct unix_socket, waiting) : NULL;
		if (waiting != NULL && waiting->peer != NULL)
			waiting->peer->was_reset = true;
		spinlock_give(&linux_unix_lock);
		if (waiting == NULL)
			break;
		linux_file_put(&waiting->socket.file);
	}
	spinlock_take(&linux_unix_lock);
	for (node = own->received.next; node != &own->received; node = node->next)
		linux_unix_land(LIST_OWNER(node, struct piece, node));
	spinlock_give(&linux_unix_lock);
	linux_unix_pieces_free(&own->received);
	if (own->socket.place != NULL)
		linux_file_put(own->socket.place);
}

static void unix_release(struct linux_file *file)
{
	free(unix_of(linux_socket_of(file)));
}

struct unix_socket *linux_unix_of_file(struct linux_file *file)
{
	return file->ops == &unix_file_ops ? unix_of(linux_socket_of(file)) : NULL;
}

static status_t unix_bind(struct linux_socket *socket, const struct linux_address *address)
{
	struct unix_socket *own = unix_of(socket);
	struct linux_address name = *address;
	status_t status = linux_unix_asks_any(socket, address) ? STATUS_OK : linux_unix_name_read(address, &name);

	if (status != STATUS_OK)
		return status;
	spinlock_take(&linux_unix_lock);
	if (own->name.length > 0) {
		spinlock_give(&linux_unix_lock);
		return name.length == 2 ? STATUS_OK : STATUS_EINVAL;
	}
	status = linux_unix_name_give(own, &name);
	spinlock_give(&linux_unix_lock);
	return status;
}

static status_t unix_listen(struct linux_socket *socket, unsigned backlog)
{
	struct unix_socket *own = unix_of(socket);
	status_t status = STATUS_OK;

	spinlock_take(&linux_unix_lock);
	if (socket->type == LINUX_SOCK_DGRAM)
		status = STATUS_ENOTSUP;
	else if (own->was_connected || own->name.length == 0)
		status = STATUS_EINVAL;
	if (status == STATUS_OK) {
		own->backlog = backlog;
		linux_socket_peer_set(socket, linux_unix_caller(true)); /* whom who connects is told of */
	}
	spinlock_give(&linux_unix_lock);
	return status;
}

static status_t unix_accept(struct linux_socket *socket, struct linux_socket **out)
{
	struct unix_socket *own = unix_of(socket);
	struct list_node *node;
	bool ended;

	spinlock_take(&linux_unix_lock);
	node = list_pop_front(&own->waiting);
	if (node != NULL)
		own->waiting_count--;
	ended = own->receiving_done && linux_socket_waits(socket, 0);
	spinlock_give(&linux_unix_lock);
	if (node == NULL) /* of one that was shut down nobody waits for what cannot come. Spec: Linux, net/unix/af_unix.c: unix_accept() */
		return ended ? STATUS_EINVAL : STATUS_EAGAIN;
	linux_unix_feed(own);
	*out = &LIST_OWNER(node, struct unix_socket, waiting)->socket;
	if (atomic_load_explicit(&socket->asks_sender, memory_order_relaxed))
		atomic_store_explicit(&(*out)->asks_sender, true, memory_order_relaxed);
	return STATUS_OK;
}

/* Under the lock: joins with a socket that the listener finds. */
static status_t stream_connect(struct unix_socket *own, struct unix_socket *to, struct unix_socket *server)
{
	if (to != NULL && to->socket.type != own->socket.type)
		return STATUS_EPROTOTYPE;
	if (to == NULL || !to->socket.listening || to->receiving_done)
		return STATUS_ECONNREFUSED;
	if (to->waiting_count > to->backlog) {
		linux_unix_starve(own, to);
		return STATUS_EAGAIN;
	}
	if (own->was_connected || own->socket.listening)
		return own->was_connected ? STATUS_EISCONN : STATUS_EINVAL;
	server->name = to->name;
	linux_socket_peer_set(&server->socket, linux_unix_caller(true));
	linux_socket_peer_set(&own->socket, linux_socket_peer(&to->socket));
	list_push_back(&to->waiting, &server->waiting);
	to->waiting_count++;
	pair(own, server);
	return STATUS_OK;
}

/* Under the lock: whether a datagram socket is connected, and not to that one. */
static bool leaves(const struct unix_socket *own, const struct unix_socket *to)
{
	return own->was_connected && (own->target.length > 0 ? linux_unix_target_find(own) : own->peer) != to;
}

/* Under the lock: a datagram socket is to send there, and takes from there alone. */
static status_t datagram_connect(struct unix_socket *own, struct unix_socket *to)
{
	if (to == NULL)
		return STATUS_ECONNREFUSED;
	if (to->socket.type != LINUX_SOCK_DGRAM)
		return STATUS_EPROTOTYPE;
	if (!linux_unix_takes_from(to, own))
		return STATUS_EPERM;
	own->target = to->name;
	own->target_serial = to->serial;
	own->was_connected = true;
	return STATUS_OK;
}

/* It sends to nobody, and takes from anybody. One of a pair stays in that: the other knows it by nothing else. */
static status_t disconnect(struct unix_socket *own)
{
	status_t status = STATUS_OK;
	bool left;

	spinlock_take(&linux_unix_lock);
	left = leaves(own, NULL);
	if (own->peer != NULL)
		status = STATUS_EINVAL;
	else
		own->was_connected = false;
	own->target.length = 0;
	spinlock_give(&linux_unix_lock);
	if (left && status == STATUS_OK)
		linux_unix_received_drop(own);
	return status;
}

static status_t unix_connect(struct linux_socket *socket, const struct linux_address *address)
{
	struct unix_socket *own = unix_of(socket);
	struct unix_socket *server = NULL;
	struct unix_socket *to = NULL;
	struct linux_address name;
	bool left;
	status_t status = linux_unix_name_read(address, &name);

	if (socket->type == LINUX_SOCK_DGRAM && address->length >= 2 && linux_address_family(address) == LINUX_AF_UNSPEC)
		return disconnect(own);
	if (status != STATUS_OK)
		return status;
	if (socket->type != LINUX_SOCK_DGRAM) {
		status = unix_make(socket->type, &server);
		if (status == STATUS_OK && !linux_file_charge(&server->socket.file, socket->file.budget)) {
			linux_file_put(&server->socket.file);
			status = STATUS_ENOMEM;
		}
		if (status != STATUS_OK)
			return status;
	}
	spinlock_take(&linux_unix_lock);
	linux_unix_name_need(own);
	to = linux_unix_hold(linux_unix_name_find(own, &name));
	left = leaves(own, to);
	status = server != NULL ? stream_connect(own, to, server) : datagram_connect(own, to);
	spinlock_give(&linux_unix_lock);
	if (status != STATUS_OK && server != NULL)
		linux_file_put(&server->socket.file);
	if (status == STATUS_OK && server == NULL && left)
		linux_unix_received_drop(own);
	linux_unix_tell(to);
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
	spinlock_take(&linux_unix_lock);
	if (peer && own->peer == NULL && !own->was_connected)
		status = STATUS_ENOTCONN;
	else
		linux_unix_name_tell(!peer ? &own->name : own->peer != NULL && own->target.length == 0 ? &own->peer->name : &own->target, out);
	spinlock_give(&linux_unix_lock);
	if (out->length == 0)
		out->length = 2;
	out->bytes[0] = LINUX_AF_UNIX;
	return status;
}

static status_t unix_shutdown(struct linux_socket *socket, int how)
{
	struct unix_socket *own = unix_of(socket);
	struct unix_socket *peer;

	spinlock_take(&linux_unix_lock);
	peer = linux_unix_hold(own->peer);
	own->sending_done |= how != LINUX_SHUT_RD;
	own->receiving_done |= how != LINUX_SHUT_WR;
	spinlock_give(&linux_unix_lock);
	linux_unix_tell(peer);
	linux_unix_feed(own);
	linux_event_raise(&socket->event);
	return STATUS_OK;
}

static const struct linux_socket_ops unix_ops = {
	.bind = unix_bind,
	.listen = unix_listen,
	.accept = unix_accept,
	.connect = unix_connect,
	.connected = unix_connected,
	.name = unix_name,
	.send = linux_unix_send,
	.receive = linux_unix_receive,
	.shutdown = unix_shutdown,
	.take_error = unix_error_take,
};

static const struct linux_file_ops unix_file_ops = {
	.name = "socket",
	.is_stream = true,
	.read = linux_socket_read,
	.write = linux_socket_write,
	.poll = linux_unix_poll,
	.stat = linux_socket_stat,
	.ioctl = linux_unix_ioctl,
	.end = unix_end,
	.release = unix_release,
};
