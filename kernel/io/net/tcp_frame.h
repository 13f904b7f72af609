// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * TCP segments in Ethernet frames as the stack sends them: where the headers end, what the pseudo header's sum is, and whether one segment
 * continues another one so that a device can be given both as one large frame (TCP segmentation offload). Pure; for frames of our own:
 * what is not plain TCP over IPv4 or IPv6 is left alone.
 */
#ifndef KERNEL_IO_NET_TCP_FRAME_H
#define KERNEL_IO_NET_TCP_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TCP_FRAME_HEADER_MAX = 14 + 40 + 60,
	TCP_FRAME_CHECKSUM = 16, /* offset in the TCP header */
	TCP_FRAME_BYTES_MAX = 65535, /* of what is sent as one: IP's length field */
};

struct tcp_frame {
	uint16_t ip_at, tcp_at, payload_at; /* from the first byte of the frame */
	bool ipv6;
	uint8_t flags;
	uint32_t sequence;
	uint32_t payload_bytes;
};

/*
 * Reads the headers of a frame of `total_bytes`, of which `contiguous_bytes` lie at `data`. False where it is not TCP, is a fragment, has
 * extension headers, or its headers are not all there.
 */
bool tcp_frame_read(const uint8_t *data, uint32_t contiguous_bytes, uint32_t total_bytes, struct tcp_frame *out);

/* Whether the segment may begin a large one: it carries data, and ACK is its only flag. */
bool tcp_frame_may_grow(const struct tcp_frame *frame);

/*
 * Whether the segment `next` carries on where `first`, of which `payload_bytes` are gathered so far, ends, with nothing else changed in
 * its headers but what the device fills in.
 */
bool tcp_frame_continues(const uint8_t *first_data, const struct tcp_frame *first, uint32_t payload_bytes, const uint8_t *next_data,
			 const struct tcp_frame *next);

/* Puts the pseudo header's sum for `payload_bytes` where the device is to put the checksum. */
void tcp_frame_prepare_checksum(uint8_t *data, const struct tcp_frame *frame, uint32_t payload_bytes);

/* Makes the headers of a segment those of a large one: IP's length and checksum, PSH if any of `flags` has it, and as above. */
void tcp_frame_enlarge(uint8_t *data, const struct tcp_frame *frame, uint32_t payload_bytes, uint8_t flags);

#endif
