// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Segments of TCP before lwIP looks at them. */
#ifndef KERNEL_IO_NET_SEGMENT_H
#define KERNEL_IO_NET_SEGMENT_H

#include <stdint.h>

struct pbuf;
struct tcp_hdr;
struct tcp_pcb;

/*
 * lwIP, for each segment that belongs to `tcp`, which may be a listening one, or wait for stray segments: header in host order, `packet` at its
 * data, `option_bytes` of options behind the header. ERR_OK: lwIP goes on with it; ERR_ABRT: it has been dealt with. Context: the network fiber.
 */
int8_t net_segment_take(struct tcp_pcb *tcp, struct tcp_hdr *header, uint16_t option_bytes, struct pbuf *packet);

#endif
