// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Handshakes under a flood of SYNs from addresses that nobody has. Half of a listener's backlog may wait for the end of its handshake;
 * whoever comes then is answered without being remembered: all there is to know is in our first sequence number, a cookie, which
 * its acknowledgement brings back (RFC 4987 §3.6 "SYN Cookies"). Such a connection has no window scaling, no timestamps and no selective
 * acknowledgements. Rejected: forgetting the handshake that waits longest. A peer that is farther away than so many SYNs of the flood take
 * would never get through.
 *
 * And handshakes from a port that the peer has used not long ago.
 */
#ifndef KERNEL_IO_NET_HANDSHAKE_H
#define KERNEL_IO_NET_HANDSHAKE_H

#include <stdint.h>

struct pbuf;
struct tcp_hdr;
struct tcp_pcb;

/* As net_segment_take(). */
int8_t net_handshake_take(struct tcp_pcb *tcp, struct tcp_hdr *header, uint16_t option_bytes, struct pbuf *packet);

#endif
