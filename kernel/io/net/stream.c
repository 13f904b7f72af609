// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/stream.h"

#include <lwip/tcp.h>
#include <lwip/priv/tcp_priv.h>

#include "hal/contract/memory.h"
#include "kernel/io/net/binding.h"
#include "kernel/io/net/convert.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/stream_internal.h"
#include "kernel/io/net/timers.h"

enum { POLL_HALF_SECONDS = 1 }; /* a stream that found no memory tries again after as long, at the latest */
enum { OWNER = 0 };             /* the one of lwIP's ext_args: the stream, as long as that has the connection */

static struct list_node unsent = LIST_INIT(unsent);

/* A buffer takes memory of its own, however little is in it. */
static uint32_t memory_of(const struct pbuf *pbuf)
{
	enum { BESIDE_BYTES = 192 };

	return pbuf->len + BESIDE_BYTES;
}

bool net_stream_may_take(const struct tcp_pcb *tcp)
{
	const struct net_memory_counters *memory = net_memory_counters();
	const struct net_stream *stream = tcp_ext_arg_get(tcp, OWNER);
	uint64_t most = memory->pages_limit - memory->pages_limit / 4;

	return stream == NULL || stream->held == 0 || (memory->pages < most && stream->held <= (most - memory->pages) * HAL_PAGE_BYTES);
}

static void received_free(struct net_stream *stream)
{
	struct pbuf *next;

	for (struct pbuf *pbuf = stream->received; pbuf != NULL; pbuf = next) {
		next = pbuf->next;
		pbuf->next = NULL;
		(void)pbuf_free(pbuf);
	}
	stream->received = NULL;
	stream->received_last = NULL;
}

/* lwIP: bytes came, or with `pbuf` NULL the end of the stream. */
static err_t on_received(void *arg, struct tcp_pcb *tcp, struct pbuf *pbuf, err_t error)
{
	struct net_stream *stream = arg;

	(void)error;
	if (pbuf != NULL && stream->is_deaf) { /* Spec: RFC 9293 §3.6.1 "Half-Closed Connections"; RFC 2525 §2.17 */
		(void)pbuf_free(pbuf);
		tcp_abort(tcp); /* on_error() */
		stream->error = STATUS_ECONNRESET;
		return ERR_ABRT;
	}
	if (pbuf == NULL) {
		stream->peer_done = true;
	} else {
		if (stream->received == NULL)
			stream->received = pbuf;
		else
			stream->received_last->next = pbuf;
		for (; pbuf != NULL; pbuf = pbuf->next) {
			stream->held += memory_of(pbuf);
			stream->received_last = pbuf;
		}
		net_stream_consume(stream, 0);
	}
	net_events_raise(&stream->events);
	return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *tcp, u16_t bytes)
{
	struct net_stream *stream = arg;

	(void)tcp;
	(void)bytes;
	net_events_raise(&stream->events);
	return ERR_OK;
}

/* Every half second: whoever waits for memory tries again, and who waits for too long is given up. */
static err_t on_poll(void *arg, struct tcp_pcb *tcp)
{
	if (net_stream_is_overdue(arg)) {
		tcp_abort(tcp); /* on_error() */
		return ERR_ABRT;
	}
	return on_sent(arg, tcp, 0);
}

/* lwIP has let go of the connection. */
static void on_error(void *arg, err_t error)
{
	struct net_stream *stream = arg;

	if (stream->tcp != NULL)
		tcp_ext_arg_set(stream->tcp, OWNER, NULL);
	stream->tcp = NULL;
	stream->error = error == ERR_CLSD && stream->peer_done && stream->sending_done ? STATUS_OK : net_status(error);
	if (!stream->connected && stream->error == STATUS_ECONNRESET)
		stream->error = STATUS_ECONNREFUSED;
	if (error == ERR_ABRT) /* no answer, however often it was asked for */
		stream->error = STATUS_ETIMEDOUT;
	list_remove(&stream->unsent_node);
	if (stream->listener != NULL)
		net_stream_close(stream); /* nobody has it: queues hold no dead ones */
	else
		net_events_raise(&stream->events);
}

/* lwIP: the memory of a connection is free. Of one that waited for late segments (RFC 9293 §3.3.2 "TIME-WAIT") nothing else tells so. */
static void on_freed(u8_t id, void *data)
{
	struct net_stream *stream = data;

	(void)id;
	if (stream == NULL)
		return;
	stream->tcp = NULL;
	if (!stream->peer_done)
		stream->error = STATUS_ECONNABORTED;
	list_remove(&stream->unsent_node);
}

static void endpoints_note(struct net_stream *stream)
{
	net_address_from_lwip(&stream->tcp->local_ip, &stream->local.address);
	stream->local.port = stream->tcp->local_port;
	net_address_from_lwip(&stream->tcp->remote_ip, &stream->peer.address);
	stream->peer.port = stream->tcp->remote_port;
}

static err_t on_connected(void *arg, struct tcp_pcb *tcp, err_t error)
{
	struct net_stream *stream = arg;

	(void)tcp;
	(void)error;
	stream->connected = true;
	endpoints_note(stream);
	net_events_raise(&stream->events);
	return ERR_OK;
}

struct net_stream *net_stream_make(struct tcp_pcb *tcp)
{
	static const struct tcp_ext_arg_callbacks callbacks = { .destroy = on_freed };
	struct net_stream *stream = net_memory_calloc(1, sizeof(*stream));

	if (stream == NULL)
		return NULL;
	net_events_init(&stream->events);
	list_init(&stream->unsent_node);
	list_init(&stream->queue_node);
	stream->tcp = tcp;
	tcp_arg(tcp, stream);
	tcp_recv(tcp, on_received);
	tcp_sent(tcp, on_sent);
	tcp_poll(tcp, on_poll, POLL_HALF_SECONDS);
	tcp_err(tcp, on_error);
	tcp_ext_arg_set_callbacks(tcp, OWNER, &callbacks);
	tcp_ext_arg_set(tcp, OWNER, stream);
	tcp_nagle_disable(tcp); /* what is sent in one turn goes out together anyhow */
	if (tcp->state == ESTABLISHED)
		(void)on_connected(stream, tcp, ERR_OK);
	return stream;
}

/* One of IPv4 does not speak with IPv6. */
static bool can_reach(const struct net_binding *from, const struct net_address *to)
{
	return from == NULL || from->local.address.family == NET_FAMILY_ANY || from->local.address.family == to->family;
}

static struct tcp_pcb *unbound(const ip_addr_t *address)
{
	struct tcp_pcb *tcp = net_memory_is_scarce() ? NULL : tcp_new_ip_type(IP_GET_TYPE(address));

	if (tcp != NULL)
		ip_set_option(tcp, SOF_REUSEADDR);
	return tcp;
}

status_t net_stream_connect(struct net_binding *from, const struct net_endpoint *to, struct net_stream **out)
{
	ip_addr_t address;
	struct tcp_pcb *tcp;
	err_t error;

	net_address_to_lwip(&to->address, &address);
	if (to->address.family == NET_FAMILY_ANY || ip_addr_isany(&address) || to->port == 0)
		return STATUS_EINVAL;
	if (!can_reach(from, &to->address))
		return STATUS_ENETUNREACH;
	tcp = from != NULL ? net_binding_use(from) : unbound(&address);
	if (tcp == NULL)
		return STATUS_EAGAIN;
	*out = net_stream_make(tcp);
	if (*out == NULL) {
		tcp_abort(tcp);
		return STATUS_EAGAIN;
	}
	net_timers_touch();
	error = tcp_connect(tcp, &address, to->port, on_connected);
	if (error == ERR_OK) {
		endpoints_note(*out);
		return STATUS_OK;
	}
	net_stream_abort(*out);
	return error == ERR_MEM || error == ERR_BUF ? STATUS_EAGAIN : net_status(error);
}

status_t net_stream_connected(const struct net_stream *stream)
{
	if (stream->connected)
		return STATUS_OK;
	return stream->tcp != NULL ? STATUS_EAGAIN : stream->error;
}

status_t net_stream_peek(struct net_stream *stream, struct span *out)
{
	const struct pbuf *pbuf = stream->received;

	if (pbuf != NULL) {
		*out = span_of((const uint8_t *)pbuf->payload + stream->taken, pbuf->len - stream->taken);
		return STATUS_OK;
	}
	if (stream->peer_done)
		return STATUS_ENODATA;
	if (!stream->connected && stream->tcp != NULL)
		return STATUS_ENOTCONN;
	return stream->tcp != NULL ? STATUS_EAGAIN : stream->error;
}

uint32_t net_stream_received(const struct net_stream *stream)
{
	uint32_t bytes = 0;

	for (const struct pbuf *pbuf = stream->received; pbuf != NULL; pbuf = pbuf->next)
		bytes += pbuf->len;
	return bytes - stream->taken;
}

size_t net_stream_copy(const struct net_stream *stream, void *to, size_t bytes)
{
	u16_t most = bytes < UINT16_MAX ? (u16_t)bytes : UINT16_MAX;

	return stream->received != NULL ? pbuf_copy_partial(stream->received, to, most, (u16_t)stream->taken) : 0;
}

/* And what is empty behind that, as where a fragment held the header alone: what can be peeked at is something. */
void net_stream_consume(struct net_stream *stream, size_t bytes)
{
	uint32_t left = (uint32_t)bytes;

	while (stream->received != NULL && (left > 0 || stream->received->len == 0)) {
		struct pbuf *pbuf = stream->received;
		uint32_t here = pbuf->len - stream->taken;

		if (left < here) {
			stream->taken += left;
			break;
		}
		left -= here;
		stream->taken = 0;
		stream->received = pbuf->next;
		stream->held -= memory_of(pbuf);
		pbuf->next = NULL;
		(void)pbuf_free(pbuf);
	}
	for (left = (uint32_t)bytes; stream->tcp != NULL && left > 0;) {
		uint16_t step = left < UINT16_MAX ? (uint16_t)left : UINT16_MAX;

		tcp_recved(stream->tcp, step);
		left -= step;
	}
}

int64_t net_stream_send(struct net_stream *stream, struct span data)
{
	struct tcp_pcb *tcp = stream->tcp;
	size_t sent = 0;

	if (stream->sending_done)
		return STATUS_EPIPE;
	if (tcp == NULL)
		return stream->error;
	if (!stream->connected)
		return STATUS_ENOTCONN;
	if (tcp->unacked == NULL)
		stream->acked_ns = 0;
	while (sent < data.len && !net_memory_is_scarce()) {
		size_t step = data.len - sent;

		if (step > tcp_sndbuf(tcp))
			step = tcp_sndbuf(tcp);
		if (step > 16u * tcp->mss) /* all or nothing: where memory is short, at least a part */
			step = 16u * tcp->mss;
		if (step == 0 || tcp_write(tcp, data.data + sent, (u16_t)step, TCP_WRITE_FLAG_COPY) != ERR_OK)
			break;
		sent += step;
	}
	if (sent > 0 && list_is_empty(&stream->unsent_node))
		list_push_back(&unsent, &stream->unsent_node);
	if (sent > 0 || data.len == 0)
		return (int64_t)sent;
	net_timers_touch(); /* for memory time alone may have to pass */
	return STATUS_EAGAIN;
}

void net_stream_push_all(void)
{
	struct list_node *node;

	while ((node = list_pop_front(&unsent)) != NULL) {
		net_timers_touch();
		(void)tcp_output(LIST_OWNER(node, struct net_stream, unsent_node)->tcp); /* what it cannot send now it sends later */
	}
}

bool net_stream_is_writable(const struct net_stream *stream)
{
	if (stream->tcp == NULL || stream->sending_done)
		return true;
	return stream->connected && tcp_sndbuf(stream->tcp) > 0 && tcp_sndqueuelen(stream->tcp) < TCP_SND_QUEUELEN - 32 &&
	       !net_memory_is_scarce();
}

bool net_stream_is_flushed(const struct net_stream *stream)
{
	return stream->tcp == NULL || (stream->tcp->unsent == NULL && stream->tcp->unacked == NULL);
}

status_t net_stream_shutdown(struct net_stream *stream)
{
	if (stream->tcp == NULL)
		return stream->error;
	if (!stream->connected)
		return STATUS_ENOTCONN;
	if (stream->sending_done)
		return STATUS_OK;
	if (tcp_shutdown(stream->tcp, 0, 1) != ERR_OK)
		return STATUS_EAGAIN;
	stream->sending_done = true;
	net_timers_touch();
	return STATUS_OK;
}

/* What was to be sent is on its way, as far as it may be by now; lwIP forgets the stream, the stream is gone. */
static struct tcp_pcb *stream_part(struct net_stream *stream)
{
	struct tcp_pcb *tcp = stream->tcp;

	if (tcp != NULL) {
		if (!list_is_empty(&stream->unsent_node))
			(void)tcp_output(tcp);
		tcp_arg(tcp, NULL);
		tcp_recv(tcp, NULL);
		tcp_sent(tcp, NULL);
		tcp_poll(tcp, NULL, 0);
		tcp_err(tcp, NULL);
		tcp_ext_arg_set(tcp, OWNER, NULL);
	}
	net_events_drop(&stream->events);
	list_remove(&stream->unsent_node);
	list_remove(&stream->queue_node);
	if (stream->listener != NULL)
		stream->listener->queue_count--;
	received_free(stream);
	net_memory_free(stream);
	return tcp;
}

void net_stream_close(struct net_stream *stream)
{
	bool unread = stream->received != NULL;
	struct tcp_pcb *tcp = stream_part(stream);

	if (tcp == NULL)
		return;
	net_timers_touch();
	if (unread || tcp_close(tcp) != ERR_OK)
		tcp_abort(tcp);
}

void net_stream_abort(struct net_stream *stream)
{
	struct tcp_pcb *tcp = stream_part(stream);

	if (tcp != NULL)
		tcp_abort(tcp);
}
