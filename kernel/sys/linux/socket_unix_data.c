// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is sent within the machine: pieces that lie with their receiver. */
#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/socket_unix.h"
#include "lib/string.h"

enum { PIECE_MAX = 65536, OVERFLOW_USER = 65534 /* kernel.overflowuid */ };

/* What went along ends later, not in here: sockets may lie in sockets that lie in sockets. */
static void piece_free(struct piece *piece)
{
	struct budget *budget = piece->budget;
	size_t charged = piece->charged;

	for (unsigned i = 0; i < piece->file_count; i++)
		object_put(&piece->files[i]->object);
	free(piece->files);
	free(piece);
	budget_credit_bytes(budget, charged);
	budget_put(budget);
}

void linux_unix_pieces_free(struct list_node *pieces)
{
	struct list_node *node;

	while ((node = list_pop_front(pieces)) != NULL)
		piece_free(LIST_OWNER(node, struct piece, node));
}

/* Under the lock. Who was connected to a datagram socket that has gone learns so once. */
static status_t disconnected(struct unix_socket *own)
{
	own->was_connected = false;
	own->target.length = 0;
	return STATUS_ECONNREFUSED;
}

/* As a peer is told anyhow. */
void linux_unix_starve(struct unix_socket *own, struct unix_socket *receiver)
{
	if (receiver->peer == own)
		return;
	list_remove(&own->starving);
	list_push_back(&receiver->starved, &own->starving);
}

bool linux_unix_takes_from(const struct unix_socket *receiver, const struct unix_socket *sender)
{
	if (receiver->target.length > 0)
		return linux_unix_target_find(receiver) == sender;
	return receiver->peer == NULL || receiver->peer == sender;
}

/* Under the lock: what hinders so many bytes, whoever is to get them. Spec: Linux, net/unix/af_unix.c: unix_dgram_sendmsg() */
static status_t send_check(struct unix_socket *own, const struct linux_address *to, uint64_t bytes)
{
	bool is_stream = own->socket.type == LINUX_SOCK_STREAM;

	if (to != NULL && is_stream)
		return own->was_connected ? STATUS_EISCONN : STATUS_ENOTSUP;
	if (own->socket.type == LINUX_SOCK_SEQPACKET && own->was_reset)
		return linux_unix_error(own); /* before all else. Spec: there, unix_seqpacket_sendmsg() */
	if (!own->was_connected && (to == NULL || own->socket.type != LINUX_SOCK_DGRAM))
		return STATUS_ENOTCONN;
	if (!is_stream)
		linux_unix_name_need(own);
	if (!is_stream && bytes > LINUX_SOCKET_BUFFER)
		return STATUS_EMSGSIZE;
	return own->sending_done ? STATUS_EPIPE : STATUS_OK;
}

/* Under the lock: who gets what is sent, held; or why nobody does. */
static status_t receiver_find(struct unix_socket *own, const struct linux_address *to, struct unix_socket **out)
{
	struct unix_socket *receiver = own->peer;

	if (own->socket.type == LINUX_SOCK_DGRAM && (to != NULL || own->target.length > 0))
		receiver = to != NULL ? linux_unix_name_find(own, to) : linux_unix_target_find(own);
	if (receiver == NULL && own->socket.type == LINUX_SOCK_DGRAM)
		return to != NULL ? STATUS_ECONNREFUSED : disconnected(own);
	if (receiver == NULL)
		return STATUS_EPIPE;
	if (receiver->socket.type != own->socket.type)
		return STATUS_EPROTOTYPE;
	if (own->socket.type == LINUX_SOCK_DGRAM && !linux_unix_takes_from(receiver, own))
		return STATUS_EPERM;
	if (receiver->receiving_done)
		return STATUS_EPIPE;
	if (receiver->received_bytes >= LINUX_SOCKET_BUFFER) {
		linux_unix_starve(own, receiver);
		return STATUS_EAGAIN;
	}
	*out = linux_unix_hold(receiver);
	return *out != NULL ? STATUS_OK : STATUS_EPIPE;
}

/* An empty piece with room for so many bytes, paid for with so many files. NULL: there is no memory left. */
static struct piece *piece_make(struct budget *budget, size_t bytes, unsigned file_count)
{
	size_t own = sizeof(struct piece) + bytes;
	size_t charged = kheap_takes(own) + file_count * sizeof(struct linux_file *);
	struct piece *piece;

	if (!linux_charge(budget, charged))
		return NULL;
	piece = malloc(own);
	if (piece == NULL) {
		budget_credit_bytes(budget, charged);
		return NULL;
	}
	budget_hold(budget);
	piece->budget = budget;
	piece->charged = charged;
	piece->files = NULL;
	piece->file_count = 0;
	return piece;
}

/* A piece with what the message holds, as far as one piece may. */
static status_t piece_fill(struct budget *budget, struct linux_data *data, size_t most, unsigned file_count, struct piece **out)
{
	size_t bytes = data->left < most ? (size_t)data->left : most;
	struct piece *piece = piece_make(budget, bytes, file_count);
	int64_t taken = 0;

	if (piece == NULL)
		return STATUS_ENOBUFS;
	if (bytes > 0)
		taken = linux_data_take(data, piece->data, bytes);
	if (taken < 0) {
		piece_free(piece);
		return (status_t)taken;
	}
	piece->bytes = (size_t)taken;
	piece->at = 0;
	*out = piece;
	return STATUS_OK;
}

/* Where datagrams alone go by; for others it is enough that there is one. */
static status_t destination(const struct linux_socket *socket, const struct linux_message *message, struct linux_address *name, const struct linux_address **to)
{
	*to = NULL;
	if (message->address == NULL || message->address->length == 0)
		return STATUS_OK;
	*to = name;
	return socket->type == LINUX_SOCK_DGRAM ? linux_unix_name_read(message->address, name) : STATUS_OK;
}

status_t linux_unix_send_begin(struct linux_socket *socket, const struct linux_message *message)
{
	const struct linux_address *to;
	struct linux_address name;
	status_t status = destination(socket, message, &name, &to);

	if (status != STATUS_OK)
		return status;
	spinlock_take(&linux_unix_lock);
	status = send_check(unix_of(socket), to, message->data->left);
	spinlock_give(&linux_unix_lock);
	return status;
}

/* What it takes up in its receiver's buffer: many small ones fill that too. */
static size_t room_of(const struct piece *piece)
{
	return sizeof(*piece) + piece->bytes - piece->at;
}

/* Under the lock: whether who sends is told: to one that nobody has accepted yet anyhow. Spec: Linux, net/unix/af_unix.c: maybe_add_creds() */
static bool tells_sender(const struct unix_socket *own, const struct unix_socket *receiver, const struct linux_message *message)
{
	return message->tells_sender || atomic_load_explicit(&own->socket.asks_sender, memory_order_relaxed) ||
	       atomic_load_explicit(&receiver->socket.asks_sender, memory_order_relaxed) || !list_is_empty(&receiver->waiting);
}

/* A piece of it. */
static int64_t piece_send(struct linux_socket *socket, struct linux_message *message)
{
	struct unix_socket *own = unix_of(socket);
	bool is_stream = socket->type == LINUX_SOCK_STREAM;
	struct linux_data rest = *message->data;
	struct unix_socket *receiver = NULL;
	const struct linux_address *to;
	struct linux_address name;
	struct piece *piece = NULL;
	bool sends_files = false;
	size_t bytes = 0;
	status_t status = destination(socket, message, &name, &to);

	if (status != STATUS_OK)
		return status;
	spinlock_take(&linux_unix_lock); /* what cannot be sent need not be copied first */
	status = send_check(own, to, rest.left);
	if (status == STATUS_OK)
		status = receiver_find(own, to, &receiver);
	spinlock_give(&linux_unix_lock);
	if (is_stream && rest.left == 0 && (status == STATUS_OK || status == STATUS_EAGAIN || status == STATUS_EPIPE)) {
		linux_unix_tell(receiver);
		return status == STATUS_EPIPE ? status : 0;
	}
	if (status == STATUS_ECONNREFUSED && to == NULL)
		linux_unix_received_drop(own);
	if (status != STATUS_OK)
		return status;
	status = piece_fill(socket->file.budget, &rest, is_stream ? PIECE_MAX : LINUX_SOCKET_BUFFER, message->file_count, &piece);
	if (status == STATUS_OK) {
		bytes = piece->bytes;
		piece->files = message->files;
		piece->file_count = message->file_count;
		message->files = NULL;
		message->file_count = 0;
		spinlock_take(&linux_unix_lock);
		piece->from = own->name;
		if (message->tells_sender)
			piece->sender = message->sender;
		else if (tells_sender(own, receiver, message))
			piece->sender = linux_unix_caller(false);
		else
			piece->sender = (struct linux_credentials){ .user = OVERFLOW_USER, .group = OVERFLOW_USER };
		linux_unix_fly(piece);
		sends_files = piece->file_count > 0;
		list_push_back(&receiver->received, &piece->node);
		receiver->received_bytes += room_of(piece);
		spinlock_give(&linux_unix_lock);
		*message->data = rest;
	}
	linux_unix_tell(receiver);
	if (sends_files)
		linux_unix_collect_some();
	return status == STATUS_OK ? (int64_t)bytes : status;
}

/* Of a stream as much as there is room for. */
int64_t linux_unix_send(struct linux_socket *socket, struct linux_message *message)
{
	int64_t done = 0;
	int64_t sent;

	do {
		sent = piece_send(socket, message);
		done += sent > 0 ? sent : 0;
	} while (sent > 0 && message->data->left > 0 && socket->type == LINUX_SOCK_STREAM);
	return done > 0 ? done : sent;
}

/* Under the lock: what an empty queue of a connection that may end reads as, or of a datagram socket that does not wait for what cannot come. */
static bool is_at_end(const struct unix_socket *own, const struct linux_message *message)
{
	if (own->socket.type == LINUX_SOCK_DGRAM)
		return own->receiving_done && linux_socket_waits(&own->socket, message->flags);
	return own->receiving_done || own->peer == NULL || own->peer->sending_done;
}

/*
 * Under the lock: whether there is something to be received, and then the queue is the caller's until receive_over(): pieces lie there as long as they are not
 * received whole, so that nobody takes what is still to come for an end. If not, why.
 */
static bool receive_begin(struct unix_socket *own, const struct linux_message *message, int64_t *why)
{
	bool is_datagram = own->socket.type == LINUX_SOCK_DGRAM;

	*why = STATUS_EAGAIN;
	if (own->receiving) {
		own->receive_missed = true;
		return false;
	}
	if (own->was_reset && own->socket.type == LINUX_SOCK_SEQPACKET) { /* before what has come. Spec: Linux, net/core/datagram.c: __skb_try_recv_datagram() */
		*why = linux_unix_error(own);
		return false;
	}
	if (!list_is_empty(&own->received)) {
		own->receiving = true;
		return true;
	}
	if (!is_datagram && !own->was_connected)
		*why = own->socket.type == LINUX_SOCK_STREAM ? STATUS_EINVAL : STATUS_ENOTCONN;
	else if (own->was_reset)
		*why = linux_unix_error(own);
	else if (is_at_end(own, message))
		*why = 0;
	return false;
}

/* Tells who found the queue taken. */
static void receive_over(struct unix_socket *own)
{
	bool tell;

	spinlock_take(&linux_unix_lock);
	own->receiving = false;
	tell = own->receive_missed;
	own->receive_missed = false;
	spinlock_give(&linux_unix_lock);
	if (tell)
		linux_event_raise(&own->socket.event);
}

/* The first piece, or the one behind; NULL: there is none. */
static struct piece *piece_next(struct unix_socket *own, const struct piece *before)
{
	const struct list_node *node;

	spinlock_take(&linux_unix_lock);
	node = before != NULL ? before->node.next : own->received.next;
	spinlock_give(&linux_unix_lock);
	return node != &own->received ? LIST_OWNER((struct list_node *)node, struct piece, node) : NULL;
}

/* They are the receiver's. */
static void files_take(struct piece *piece, struct linux_message *message)
{
	if (piece->file_count == 0)
		return;
	spinlock_take(&linux_unix_lock);
	linux_unix_land(piece);
	message->files = piece->files;
	message->file_count = piece->file_count;
	piece->files = NULL;
	piece->file_count = 0;
	spinlock_give(&linux_unix_lock);
}

/* What was only looked at stays where it is, and is the receiver's as well. */
static void files_share(const struct piece *piece, struct linux_message *message)
{
	if (piece->file_count == 0)
		return;
	message->files = malloc(piece->file_count * sizeof(message->files[0]));
	if (message->files == NULL) {
		message->result_flags |= LINUX_MSG_CTRUNC;
		return;
	}
	for (unsigned i = 0; i < piece->file_count; i++) {
		(void)object_hold(&piece->files[i]->object); /* the piece holds it */
		message->files[i] = piece->files[i];
	}
	message->file_count = piece->file_count;
}

/* So much of it has been received; where that is all, it goes. */
static void piece_consume(struct unix_socket *own, struct piece *piece, size_t bytes)
{
	bool is_whole;

	spinlock_take(&linux_unix_lock);
	own->received_bytes -= room_of(piece);
	piece->at += bytes;
	is_whole = own->socket.type != LINUX_SOCK_STREAM || piece->at == piece->bytes;
	if (is_whole)
		list_remove(&piece->node);
	else
		own->received_bytes += room_of(piece);
	spinlock_give(&linux_unix_lock);
	if (is_whole)
		piece_free(piece);
}

/* Who has sent the first of what is received, where that is asked for. */
static void sender_take(const struct unix_socket *own, struct linux_credentials sender, struct linux_message *message)
{
	if (message->tells_sender || !atomic_load_explicit(&own->socket.asks_sender, memory_order_relaxed))
		return;
	message->sender = sender;
	message->tells_sender = true;
}

/* Whether a piece is not of who has sent what was received before: then that ends the call. */
static bool is_of_another(const struct piece *piece, const struct linux_message *message)
{
	return message->tells_sender && memcmp(&message->sender, &piece->sender, sizeof(piece->sender)) != 0;
}

/* One piece to the program: how much, of what is sent whole also how much it was, if that is asked for. */
static int64_t piece_receive(struct unix_socket *own, struct piece *piece, struct linux_message *message)
{
	size_t there = piece->bytes - piece->at;
	size_t bytes = message->data->left < there ? (size_t)message->data->left : there;
	bool is_stream = own->socket.type == LINUX_SOCK_STREAM;
	int64_t moved = bytes > 0 ? linux_data_give(message->data, piece->data + piece->at, bytes) : 0;

	if (message->address != NULL)
		linux_unix_name_tell(&piece->from, message->address);
	if (moved < 0)
		return moved;
	sender_take(own, piece->sender, message);
	if (!is_stream && bytes < there)
		message->result_flags |= LINUX_MSG_TRUNC;
	if (message->flags & LINUX_MSG_PEEK) {
		files_share(piece, message);
	} else {
		files_take(piece, message);
		piece_consume(own, piece, (size_t)moved);
	}
	return !is_stream && (message->flags & LINUX_MSG_TRUNC) ? (int64_t)there : moved;
}

/*
 * The first piece; of a stream what lies behind as well, up to descriptors that come along: those end a call, with the bytes they came with. How much.
 * Spec: unix(7), "Ancillary messages"
 */
static int64_t pieces_receive(struct unix_socket *own, struct linux_message *message)
{
	bool peek = (message->flags & LINUX_MSG_PEEK) != 0;
	struct piece *piece = piece_next(own, NULL);
	int64_t moved = 1;
	int64_t done = 0;

	if (is_of_another(piece, message)) /* it waits for all, and has some already */
		return 0;
	do {
		moved = piece_receive(own, piece, message);
		if (moved > 0)
			done += moved;
		piece = piece_next(own, peek ? piece : NULL);
	} while (moved > 0 && own->socket.type == LINUX_SOCK_STREAM && message->data->left > 0 && message->file_count == 0 && piece != NULL &&
		 !is_of_another(piece, message));
	return done > 0 ? done : moved;
}

int64_t linux_unix_receive(struct linux_socket *socket, struct linux_message *message)
{
	struct unix_socket *own = unix_of(socket);
	struct unix_socket *peer;
	int64_t result;
	bool begun;

	spinlock_take(&linux_unix_lock);
	begun = receive_begin(own, message, &result);
	peer = begun ? linux_unix_hold(own->peer) : NULL;
	spinlock_give(&linux_unix_lock);
	if (!begun && result == 0 && socket->type == LINUX_SOCK_STREAM) /* its end is nobody's. Spec: Linux, net/unix/af_unix.c: unix_stream_read_generic() */
		sender_take(own, (struct linux_credentials){ 0 }, message);
	if (!begun)
		return result;
	result = pieces_receive(own, message);
	receive_over(own);
	linux_unix_tell(peer); /* there is room again */
	if (socket->type == LINUX_SOCK_DGRAM)
		linux_unix_feed(own);
	return result;
}
