// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Between stream.c, stream_tune.c, listener.c, handshake.c and segment.c. */
#ifndef KERNEL_IO_NET_STREAM_INTERNAL_H
#define KERNEL_IO_NET_STREAM_INTERNAL_H

#include <stdbool.h>

struct net_listener;
struct net_stream;
struct tcp_pcb;

/* A stream for a connection of lwIP, which tells it everything from now on. NULL where memory is out. */
struct net_stream *net_stream_make(struct tcp_pcb *tcp);

/*
 * Whether a connection may take more data: of three quarters of the network's memory none holds more than it leaves, and one that holds nothing may
 * always.
 */
bool net_stream_may_take(const struct tcp_pcb *tcp);

/* Whether what was sent has waited for its acknowledgement for longer than the user timeout. Called each half second. */
bool net_stream_is_overdue(struct net_stream *stream);

/* How many connections wait to be accepted from a listener and all that share its port. */
unsigned net_listener_waiting(const struct net_listener *listener);

#endif
