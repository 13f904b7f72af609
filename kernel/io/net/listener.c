// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The accepting half of stream.h. */
#include <lwip/tcp.h>

#include "kernel/io/net/binding.h"
#include "kernel/io/net/convert.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/stream.h"
#include "kernel/io/net/stream_internal.h"

/* A handshake is done. Until somebody accepts the connection it counts against the backlog. */
static err_t on_accept(void *arg, struct tcp_pcb *tcp, err_t error)
{
	struct net_listener *listener = arg;
	struct net_stream *stream;

	if (tcp == NULL || error != ERR_OK || listener == NULL)
		return ERR_VAL;
	stream = net_stream_make(tcp);
	if (stream == NULL)
		return ERR_MEM; /* lwIP resets the connection */
	tcp_backlog_delayed(tcp);
	stream->listener = listener;
	list_push_back(&listener->queue, &stream->queue_node);
	listener->queue_count++;
	net_events_raise(&listener->events);
	return ERR_OK;
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
	tcp_arg(listener->tcp, listener);
	tcp_accept(listener->tcp, on_accept);
	*out = listener;
	return STATUS_OK;
}

status_t net_listener_open(const struct net_endpoint *at, unsigned backlog, struct net_listener **out)
{
	struct net_binding binding;
	status_t status = net_binding_take(at, true, &binding);

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
	tcp_arg(listener->tcp, NULL);
	tcp_accept(listener->tcp, NULL);
	(void)tcp_close(listener->tcp); /* of a listening one cannot fail */
	net_events_drop(&listener->events);
	net_memory_free(listener);
}
