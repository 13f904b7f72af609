// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* UDP. Nothing here waits, as in stream.h. Context: the network fiber. */
#ifndef KERNEL_IO_NET_DATAGRAM_H
#define KERNEL_IO_NET_DATAGRAM_H

#include "kernel/io/net/events.h"
#include "kernel/io/net/stream.h"
#include "lib/list.h"
#include "lib/span.h"
#include "lib/status.h"

enum {
	NET_DATAGRAM_MAX = 65507,      /* bytes of one: 65535 - 20 - 8 */
	NET_DATAGRAM_QUEUE_BYTES = 256 * 1024, /* received ones that wait: further ones are dropped */
	NET_DATAGRAM_QUEUE = 256,
};

struct udp_pcb;

/* What is known of a received one besides its bytes. */
struct net_arrival {
	struct net_endpoint from;
	struct net_address to;
	uint64_t at_ns;    /* hal_timer_now_ns() */
	uint8_t ttl, tos;
	bool is_from_here; /* this machine has sent it to itself */
};

struct net_datagram {
	struct net_events events;
	struct udp_pcb *udp;
	struct net_endpoint local;
	struct net_address bound;        /* `local`'s, while there is no peer */
	const struct net_endpoint *peer; /* its owner's. Whom alone it speaks with; NULL: with anybody */
	struct net_marks marks, marks6;  /* its owner's, of what is sent by IPv4, by IPv6 */
	status_t error; /* STATUS_ECONNREFUSED: the peer's machine said that nobody is there. Its owner clears it */
	struct list_node queue; /* received */
	uint32_t queue_count;
	uint32_t queue_bytes;
	uint64_t dropped;
};

/*
 * Binds to `at`, of which the address may be of NET_FAMILY_ANY and the port 0: a free one. `shares`: NET_SHARES_*, with whom. Of several, what a
 * peer of theirs sends gets who is connected to that one; else who has the very address; else the last; of those that share the port one by a hash
 * of the sender. STATUS_EADDRINUSE, STATUS_EADDRNOTAVAIL, STATUS_ENOMEM.
 */
MUST_CHECK status_t net_datagram_open(const struct net_endpoint *at, unsigned shares, struct net_datagram **out);

/* Speaks with nobody else than `peer`, which must live as long, from now on, from the address that leads there; NULL: with anybody again. STATUS_ENETUNREACH. */
MUST_CHECK status_t net_datagram_connect(struct net_datagram *datagram, const struct net_endpoint *peer);

/* Sends one. STATUS_EAGAIN where memory is out, STATUS_ENETUNREACH, STATUS_EMSGSIZE, STATUS_EINVAL. */
MUST_CHECK status_t net_datagram_send(struct net_datagram *datagram, const struct net_endpoint *to, struct span data);

/*
 * The same from an address of this machine's, but for NET_FAMILY_ANY, and with other marks than the socket's, but for NULL. STATUS_EINVAL: it is no
 * such address, or one of another family.
 */
MUST_CHECK status_t net_datagram_send_as(struct net_datagram *datagram, const struct net_address *from, const struct net_marks *marks,
					 const struct net_endpoint *to, struct span data);

/* All that is known of the received one that waits longest, which there is. */
const struct net_arrival *net_datagram_arrival(const struct net_datagram *datagram);

/* The received one that waits longest: its length and sender, without taking it. STATUS_EAGAIN where there is none. */
MUST_CHECK status_t net_datagram_peek(const struct net_datagram *datagram, uint32_t *bytes, struct net_endpoint *from);

/* Copies bytes of it, from `offset` on: as many as there are, at most `most`. */
uint32_t net_datagram_copy(const struct net_datagram *datagram, void *to, uint32_t most, uint32_t offset);

/* What `from` sent to `to` found no receiver: where that is its owner's peer, it is told. */
void net_datagram_refused(const struct net_endpoint *from, const struct net_endpoint *to);

/* Drops it. */
void net_datagram_consume(struct net_datagram *datagram);

void net_datagram_close(struct net_datagram *datagram);

#endif
