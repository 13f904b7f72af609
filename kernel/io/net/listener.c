// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The accepting half of stream.h. */
#include <lwip/tcp.h>

#include "kernel/io/net/binding.h"
#include "kernel/io/net/convert.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/stream.h"
#include "kernel/io/net/stream_internal.h"

static struct net_listener *next_of(const struct net_listener *listener)
{
	return LIST_OWNER(listener->ring.next, struct net_listener, ring);
}

unsigned net_listener_waiting(const struct net_listener *listener)
{
	const struct net_listener *each = listener;
	unsigned count = 0;

	do {
		count += each->queue_count;
		each = next_of(each);
	} while (each != listener);
	return count;
}

/* What lwIP lets wait is what all together have room for. */
static void backlog_tell(const struct net_listener *listener)
{
	const struct net_listener *each = listener;
	unsigned backlog = 0;

	do {
		backlog += each->backlog;
		each = next_of(each);
	} while (each != listener);
	backlog = backlog < NET_BACKLOG_MAX ? backlog : NET_BACKLOG_MAX;
	tcp_backlog_set(listener->tcp, (u8_t)backlog);
}

/* Whose turn it is of those with room; where none has any, whose turn it is. */
static struct net_listener *turn_take(struct net_listener *first)
{
	struct net_listener *taken = first;

	while (taken->queue_count >= taken->backlog) {
		taken = next_of(taken);
		if (taken == first)
			break;
	}
	tcp_arg(taken->tcp, next_of(taken));
	return taken;
}

/* A handshake is done. Until somebody accepts the connection it counts against the backlog. `arg` is whose turn it was when it began: that one may be gone. */
static err_t on_accept(void *arg, struct tcp_pcb *tcp, err_t error)
{
	struct net_listener *listener;
	struct net_stream *stream;

	(void)arg;
	if (tcp == NULL || error != ERR_OK)
		return ERR_VAL;
	stream = net_stream_make(tcp);
	if (stream == NULL)
		return ERR_MEM; /* lwIP resets the connection */
	listener = turn_take(tcp->listener->callback_arg);
	tcp_backlog_delayed(tcp);
	stream->listener = listener;
	list_push_back(&listener->queue, &stream->queue_node);
	listener->queue_count++;
	net_events_raise(&listener->events);
	return ERR_OK;
}

/* Listens from now on, alone or beside others. */
static void join(struct net_listener *listener)
{
	struct net_listener *other = listener->tcp->callback_arg;

	list_init(&listener->ring);
	if (other != NULL)
		list_push_back(&other->ring, &listener->ring);
	else
		tcp_arg(listener->tcp, listener);
	tcp_accept(listener->tcp, on_accept);
	backlog_tell(listener);
}

/* The others go on. */
static void leave(struct net_listener *listener)
{
	struct net_listener *next = next_of(listener);

	if (next == listener) {
		tcp_arg(listener->tcp, NULL);
		tcp_accept(listener->tcp, NULL);
		(void)tcp_close(listener->tcp); /* of a listening one cannot fail */
		return;
	}
	if (listener->tcp->callback_arg == listener)
		tcp_arg(listener->tcp, next);
	list_remove(&listener->ring);
	backlog_tell(next);
}

status_t net_listener_open_bound(struct net_binding *binding, unsigned backlog, struct net_listener **out)
{
	struct net_listener *listener;
	status_t status;

	if (backlog == 0 || backlog > NET_BACKLOG_MAX)
		return STATUS_EINVAL;
	listener = net_memory_calloc(1, sizeof(*listener));
	if (listener == NULL)
		return STATUS_ENOMEM;
	net_events_init(&listener->events);
	list_init(&listener->queue);
	status = net_binding_listen(binding, backlog, &listener->tcp);
	if (status != STATUS_OK) {
		net_memory_free(listener);
		return status;
	}
	listener->local = binding->local;
	listener->backlog = backlog;
	join(listener);
	*out = listener;
	return STATUS_OK;
}

status_t net_listener_open(const struct net_endpoint *at, unsigned backlog, struct net_listener **out)
{
	struct net_binding binding;
	status_t status = net_binding_take(at, NET_SHARES_ADDRESS, &binding);

	if (status != STATUS_OK)
		return status;
	status = net_listener_open_bound(&binding, backlog, out);
	net_binding_drop(&binding);
	return status;
}

status_t net_listener_accept(struct net_listener *listener, struct net_stream **out)
{
	struct list_node *node = list_pop_front(&listener->queue);

	if (node == NULL)
		return STATUS_EAGAIN;
	*out = LIST_OWNER(node, struct net_stream, queue_node);
	(*out)->listener = NULL;
	listener->queue_count--;
	if ((*out)->tcp != NULL)
		tcp_backlog_accepted((*out)->tcp);
	return STATUS_OK;
}

void net_listener_close(struct net_listener *listener)
{
	while (!list_is_empty(&listener->queue))
		net_stream_abort(LIST_OWNER(listener->queue.next, struct net_stream, queue_node));
	leave(listener);
	net_events_drop(&listener->events);
	net_memory_free(listener);
}
