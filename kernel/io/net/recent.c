// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/recent.h"

#include <lwip/pbuf.h>
#include <lwip/priv/tcp_priv.h>

#include "kernel/io/net/tcp_frame.h"

void net_recent_first(const struct pbuf *frame)
{
	struct tcp_frame tcp;

	if (!tcp_frame_read(frame->payload, frame->len, frame->tot_len, &tcp))
		return;

	const uint8_t *ports = (const uint8_t *)frame->payload + tcp.tcp_at;
	uint16_t remote_port = (uint16_t)(ports[0] << 8 | ports[1]);
	uint16_t local_port = (uint16_t)(ports[2] << 8 | ports[3]);

	for (struct tcp_pcb **link = &tcp_active_pcbs, *pcb; (pcb = *link) != NULL; link = &pcb->next)
		if (pcb->remote_port == remote_port && pcb->local_port == local_port) {
			*link = pcb->next;
			pcb->next = tcp_active_pcbs;
			tcp_active_pcbs = pcb;
			return;
		}
}
