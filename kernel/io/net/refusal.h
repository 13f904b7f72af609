// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What a host says of a datagram that it has no receiver for: lwIP says so itself, and does not listen when others do. Anybody may send such a message; all that it
 * does is that a socket which is connected to whom it speaks of tells an error once.
 */
#ifndef KERNEL_IO_NET_REFUSAL_H
#define KERNEL_IO_NET_REFUSAL_H

#include "kernel/io/net/stream.h"
#include "lib/span.h"

struct pbuf;

/*
 * Of a received packet, from its IP header on: the ends of the datagram that it says was refused. False where it is no "port unreachable" about UDP,
 * has options or extension headers, is a fragment, or is not all there.
 *
 * Spec: RFC 792 "Destination Unreachable Message", RFC 4443 §3.1 "Destination Unreachable Message"
 */
bool net_refusal_read(struct span packet, struct net_endpoint *from, struct net_endpoint *to);

/* lwIP, for each packet before it looks at it. 0: it goes on with it. Context: the network fiber. */
int net_refusal_look(const struct pbuf *packet);

#endif
