// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/tcp_frame.h"

#include "lib/string.h"

enum {
	ETHERNET_BYTES = 14,
	IP4_BYTES = 20,
	IP6_BYTES = 40,
	TCP_BYTES = 20,
	PROTOCOL_TCP = 6,
	FLAG_PSH = 0x08,
	FLAG_ACK = 0x10,
	/* Offsets in the TCP header. */
	AT_SEQUENCE = 4,
	AT_ACKNOWLEDGMENT = 8,
	AT_DATA_OFFSET = 12,
	AT_FLAGS = 13,
	AT_WINDOW = 14,
};

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)read16(at) << 16 | read16(at + 2);
}

static void write16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Where TCP's header begins; 0 where the frame is something else. */
static uint16_t tcp_find(const uint8_t *data, uint32_t bytes, bool *ipv6)
{
	const uint8_t *ip = data + ETHERNET_BYTES;

	if (bytes < ETHERNET_BYTES + IP4_BYTES + TCP_BYTES)
		return 0;
	*ipv6 = read16(data + 12) == 0x86dd;
	if (*ipv6)
		return bytes >= ETHERNET_BYTES + IP6_BYTES + TCP_BYTES && ip[6] == PROTOCOL_TCP ? ETHERNET_BYTES + IP6_BYTES : 0;
	if (read16(data + 12) != 0x0800 || ip[0] != 0x45 || ip[9] != PROTOCOL_TCP || (read16(ip + 6) & 0x3fff) != 0)
		return 0;
	return ETHERNET_BYTES + IP4_BYTES;
}

bool tcp_frame_read(const uint8_t *data, uint32_t contiguous_bytes, uint32_t total_bytes, struct tcp_frame *out)
{
	out->tcp_at = tcp_find(data, contiguous_bytes, &out->ipv6);
	if (out->tcp_at == 0)
		return false;

	const uint8_t *tcp = data + out->tcp_at;
	uint32_t header_bytes = (tcp[AT_DATA_OFFSET] >> 4) * 4u;

	if (header_bytes < TCP_BYTES || out->tcp_at + header_bytes > contiguous_bytes)
		return false;
	out->ip_at = ETHERNET_BYTES;
	out->payload_at = (uint16_t)(out->tcp_at + header_bytes);
	out->flags = tcp[AT_FLAGS];
	out->sequence = read32(tcp + AT_SEQUENCE);
	out->payload_bytes = total_bytes - out->payload_at;
	return true;
}

bool tcp_frame_may_grow(const struct tcp_frame *frame)
{
	return frame->payload_bytes > 0 && frame->flags == FLAG_ACK;
}

bool tcp_frame_continues(const uint8_t *first_data, const struct tcp_frame *first, uint32_t payload_bytes, const uint8_t *next_data,
			 const struct tcp_frame *next)
{
	const uint8_t *a = first_data + first->tcp_at;
	const uint8_t *b = next_data + next->tcp_at;
	/* IPv4: not what is from the length to the checksum; IPv6: not the length. */
	uint16_t length_at = first->ipv6 ? first->ip_at + 4 : first->ip_at + 2;
	uint16_t addresses_at = first->ipv6 ? first->ip_at + 6 : first->ip_at + 12;

	if (first->tcp_at != next->tcp_at || first->payload_at != next->payload_at || first->ipv6 != next->ipv6)
		return false;
	if (next->payload_bytes == 0 || next->payload_bytes > first->payload_bytes || (next->flags & ~FLAG_PSH) != FLAG_ACK)
		return false;
	if (next->sequence != first->sequence + payload_bytes ||
	    first->payload_at + payload_bytes + next->payload_bytes > TCP_FRAME_BYTES_MAX)
		return false;
	return memcmp(first_data, next_data, length_at) == 0 &&
	       memcmp(first_data + addresses_at, next_data + addresses_at, first->tcp_at + 4u - addresses_at) == 0 &&
	       memcmp(a + AT_ACKNOWLEDGMENT, b + AT_ACKNOWLEDGMENT, AT_FLAGS - AT_ACKNOWLEDGMENT) == 0 &&
	       memcmp(a + AT_WINDOW, b + AT_WINDOW, 2) == 0 &&
	       memcmp(a + TCP_BYTES, b + TCP_BYTES, first->payload_at - first->tcp_at - TCP_BYTES) == 0;
}

/* The ones' complement sum of big-endian words; `bytes` is even. */
static uint32_t sum_words(const uint8_t *at, uint32_t bytes)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < bytes; i += 2)
		sum += read16(at + i);
	return sum;
}

static uint32_t sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

void tcp_frame_prepare_checksum(uint8_t *data, const struct tcp_frame *frame, uint32_t payload_bytes)
{
	const uint8_t *ip = data + frame->ip_at;
	uint32_t tcp_bytes = frame->payload_at - frame->tcp_at + payload_bytes;
	uint32_t sum = frame->ipv6 ? sum_words(ip + 8, 32) : sum_words(ip + 12, 8);

	sum += PROTOCOL_TCP + (tcp_bytes & 0xffff) + (tcp_bytes >> 16);
	write16(data + frame->tcp_at + TCP_FRAME_CHECKSUM, sum_fold(sum));
}

void tcp_frame_enlarge(uint8_t *data, const struct tcp_frame *frame, uint32_t payload_bytes, uint8_t flags)
{
	uint8_t *ip = data + frame->ip_at;
	uint32_t ip_bytes = frame->payload_at - frame->ip_at + payload_bytes;

	if (frame->ipv6) {
		write16(ip + 4, ip_bytes - IP6_BYTES);
	} else {
		write16(ip + 2, ip_bytes);
		write16(ip + 10, 0);
		write16(ip + 10, ~sum_fold(sum_words(ip, IP4_BYTES)));
	}
	data[frame->tcp_at + AT_FLAGS] |= flags & FLAG_PSH;
	tcp_frame_prepare_checksum(data, frame, payload_bytes);
}
