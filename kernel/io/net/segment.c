// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/segment.h"

#include <lwip/priv/tcp_priv.h>

#include "kernel/io/net/handshake.h"
#include "kernel/io/net/stream_internal.h"

/*
 * A FIN right behind data that fill the window: lwIP sends it, as it takes no memory, and drops it when it comes, until it is sent again more than a
 * second later. It is the last that the peer may send, so nothing else can follow it into the room that is made here.
 */
static void fin_admit(struct tcp_pcb *tcp, const struct tcp_hdr *header, const struct pbuf *packet)
{
	bool receives = tcp->state == ESTABLISHED || tcp->state == FIN_WAIT_1 || tcp->state == FIN_WAIT_2;
	uint8_t flags = TCPH_FLAGS(header) & (TCP_SYN | TCP_RST | TCP_FIN);

	if (receives && flags == TCP_FIN && header->seqno == tcp->rcv_nxt && packet->tot_len == tcp->rcv_wnd)
		tcp->rcv_wnd++;
}

int8_t net_segment_take(struct tcp_pcb *tcp, struct tcp_hdr *header, uint16_t option_bytes, struct pbuf *packet)
{
	if (packet->tot_len > 0 && tcp->state != LISTEN && !net_stream_may_take(tcp))
		return ERR_ABRT; /* its peer sends it again */
	fin_admit(tcp, header, packet);
	return net_handshake_take(tcp, header, option_bytes, packet);
}
