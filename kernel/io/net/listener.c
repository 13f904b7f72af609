// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The accepting half of stream.h. */
#include <lwip/tcp.h>

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

static status_t listener_bind(struct net_listener *listener, const struct net_endpoint *at, unsigned backlog)
{
	struct tcp_pcb *bound;
	ip_addr_t address;
	err_t error;

	net_address_to_lwip(&at->address, &address);
	bound = tcp_new_ip_type(IP_GET_TYPE(&address));
	if (bound == NULL)
		return STATUS_ENOMEM;
	ip_set_option(bound, SOF_REUSEADDR); /* what is left of older connections of this port is no reason to refuse */
	error = tcp_bind(bound, &address, at->port);
	if (error == ERR_OK)
		listener->tcp = tcp_listen_with_backlog_and_err(bound, (u8_t)backlog, &error);
	if (error != ERR_OK || listener->tcp == NULL) {
		tcp_abort(bound);
		return error == ERR_OK ? STATUS_ENOMEM : net_status(error);
	}
	listener->local = *at;
	listener->local.port = ((struct tcp_pcb_listen *)listener->tcp)->local_port;
	tcp_arg(listener->tcp, listener);
	tcp_accept(listener->tcp, on_accept);
	return STATUS_OK;
}

status_t net_listener_open(const struct net_endpoint *at, unsigned backlog, struct net_listener **out)
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
	status = listener_bind(listener, at, backlog);
	if (status != STATUS_OK) {
		net_memory_free(listener);
		return status;
	}
	*out = listener;
	return STATUS_OK;
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
