// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * TCP connections and what they are accepted from. Nothing here waits: what cannot be done now is STATUS_EAGAIN, and `events` are raised
 * when it may be worth another try. Context: the network fiber.
 */
#ifndef KERNEL_IO_NET_STREAM_H
#define KERNEL_IO_NET_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/net/address.h"
#include "kernel/io/net/events.h"
#include "lib/list.h"
#include "lib/span.h"
#include "lib/status.h"

struct net_binding;
struct pbuf;
struct tcp_pcb;

enum { NET_BACKLOG_MAX = 255 };

struct net_endpoint {
	struct net_address address;
	uint16_t port;
};

/* Probes of a peer that sends nothing. Spec: RFC 9293 §3.8.4 "TCP Keep-Alives" */
struct net_keepalive {
	bool on;
	uint32_t idle_s;     /* how long nothing has come when it is probed first, then at which distance, and how often: 1 to 32767, */
	uint32_t interval_s; /* the same, */
	uint32_t probes;     /* 1 to 127 */
};

/* What the IP header of a packet says besides addresses. */
struct net_marks {
	uint8_t ttl, tos;
	uint8_t multicast_ttl; /* where it goes to several */
};

/* What is chosen for one connection. */
struct net_tuning {
	struct net_keepalive keepalive;
	uint32_t user_timeout_ms;     /* how long what was sent may wait for its acknowledgement, else STATUS_ETIMEDOUT (RFC 5482 §2); 0: as long as TCP has it */
	struct net_marks marks, marks6; /* of IPv4, of IPv6 */
};

/* How a connection stands. Sizes in bytes. */
struct net_stream_info {
	uint8_t state; /* as RFC 9293 §3.3.2 lists them, from LISTEN, 0, to CLOSED, 10 */
	uint8_t retransmits, probes;
	bool timestamps, selective, scaled;
	uint8_t send_scale, receive_scale;
	uint32_t rto_us, rtt_us, rttvar_us;
	uint32_t segment, window, threshold, unacked_segments, unsent;
	uint32_t peer_window, room, mtu;
};

struct net_stream {
	struct net_events events;
	struct tcp_pcb *tcp; /* NULL once lwIP has let go of it: `error` tells why */
	status_t error;
	bool connected;   /* at any time */
	bool peer_done;   /* nothing comes behind what is in `received` */
	bool sending_done;
	bool is_deaf;     /* nobody receives any more, and sending is done: whatever comes ends it */
	struct pbuf *received, *received_last; /* linked by `next`; lengths of the whole chain are not kept */
	uint32_t taken;                        /* bytes of the first buffer that were consumed */
	uint32_t held;                         /* memory of all that is in `received`, about */
	struct list_node unsent_node;          /* linked to itself where nothing is to be pushed out */
	struct net_listener *listener;         /* whose queue it is in */
	struct list_node queue_node;
	struct net_endpoint local, peer;       /* `peer`: once it is connected */
	uint32_t user_timeout_ms;
	uint32_t acked;                        /* the first byte that was not acknowledged, at `acked_ns` */
	uint64_t acked_ns;                     /* 0: nothing waited when it was looked at last, or since, or there is no time-out */
};

/* Those that share a port share lwIP's listening block, `tcp`: of that the argument is the one whose turn it is. Each has a queue of its own. */
struct net_listener {
	struct net_events events;
	struct tcp_pcb *tcp;
	struct list_node ring; /* the others, without a head */
	struct list_node queue; /* connections that nobody has accepted yet, by queue_node: */
	unsigned queue_count, backlog;
	struct net_endpoint local;
};

/*
 * Begins to connect. `from`: where it is bound, which is taken over, on errors too where lwIP has changed it by then; NULL: from a port
 * of the machine's choice. STATUS_EAGAIN where memory is out; STATUS_ENETUNREACH, STATUS_EADDRINUSE, STATUS_EINVAL. The stream is the caller's.
 */
MUST_CHECK status_t net_stream_connect(struct net_binding *from, const struct net_endpoint *to, struct net_stream **out);

/* Whether connecting is over: STATUS_OK connected, STATUS_EAGAIN not yet, else why it failed. */
MUST_CHECK status_t net_stream_connected(const struct net_stream *stream);

/*
 * What has been received, from the first byte not consumed on, as far as it lies in one piece. STATUS_OK; STATUS_ENODATA where the peer
 * has sent everything; STATUS_EAGAIN; or why the connection ended. The bytes stay until consumed.
 */
MUST_CHECK status_t net_stream_peek(struct net_stream *stream, struct span *out);

/* Copies from there, from all pieces; at most 65,535 bytes: how many. They stay. */
size_t net_stream_copy(const struct net_stream *stream, void *to, size_t bytes);

/* How many bytes have been received and not been consumed, in all pieces. */
uint32_t net_stream_received(const struct net_stream *stream);

/* Takes bytes off what net_stream_peek() shows; at most as many. */
void net_stream_consume(struct net_stream *stream, size_t bytes);

/*
 * Copies as much of `data` as there is room for to what is to be sent. Bytes taken, 1 or more; STATUS_EAGAIN; STATUS_EPIPE after
 * net_stream_shutdown(); STATUS_ENOTCONN before it is connected; or why the connection ended. It goes out at the end of this turn.
 */
MUST_CHECK int64_t net_stream_send(struct net_stream *stream, struct span data);

/* Whether net_stream_send() would do something else than STATUS_EAGAIN or STATUS_ENOTCONN. */
bool net_stream_is_writable(const struct net_stream *stream);

/* Whether everything that was sent has been acknowledged. */
bool net_stream_is_flushed(const struct net_stream *stream);

/* How it goes on from now on. A peer that answers none of the probes is given up, STATUS_ETIMEDOUT. */
void net_stream_tune(struct net_stream *stream, const struct net_tuning *how);

void net_stream_info(const struct net_stream *stream, struct net_stream_info *out);

/* The largest packet towards an address, with its headers. */
uint32_t net_mtu_towards(const struct net_address *address);

/* Nothing more will be sent: the peer gets the end of the stream behind what is on its way. */
MUST_CHECK status_t net_stream_shutdown(struct net_stream *stream);

/* Ends it, and frees it. What was sent is still delivered, but where received bytes were not consumed: the peer is told so by a reset. */
void net_stream_close(struct net_stream *stream);

/* Ends it at once by a reset, and frees it. */
void net_stream_abort(struct net_stream *stream);

/* Pushes out what was given to net_stream_send(): at the end of a turn. */
void net_stream_push_all(void);

/*
 * Listens where `binding` is bound, which is taken over where that is done; `backlog`: most connections that wait to be accepted, or for
 * their handshake to end. Those who share the port get what comes in turn, but for one whose queue is full. STATUS_EADDRINUSE, STATUS_ENOMEM.
 */
MUST_CHECK status_t net_listener_open_bound(struct net_binding *binding, unsigned backlog, struct net_listener **out);

/* The same at `at`, of which the address may be of NET_FAMILY_ANY. STATUS_EADDRNOTAVAIL. */
MUST_CHECK status_t net_listener_open(const struct net_endpoint *at, unsigned backlog, struct net_listener **out);

/* The connection that waits longest, now the caller's; STATUS_EAGAIN where there is none. */
MUST_CHECK status_t net_listener_accept(struct net_listener *listener, struct net_stream **out);

/* Stops listening; connections nobody accepted are reset. */
void net_listener_close(struct net_listener *listener);

#endif
