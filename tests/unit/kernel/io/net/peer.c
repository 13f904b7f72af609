// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The other end of the wire: frames, and one side of a TCP connection. */
#include <string.h>

#include "kernel/core/panic.h"
#include "tests/unit/kernel/io/net/wire.h"
#include "tests/unit/kernel/io/net/world.h"

uint16_t world_sum(const uint8_t *data, size_t len, uint32_t sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += get16(data + i);
	if (len % 2 != 0)
		sum += (unsigned)data[len - 1] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

size_t world_arp(uint8_t *frame, unsigned operation, uint32_t from, uint32_t to)
{
	memset(frame, 0, 42);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, world_peer_mac, 6);
	put16(frame + 12, 0x0806);
	put16(frame + 14, 1);
	put16(frame + 16, 0x0800);
	frame[18] = 6;
	frame[19] = 4;
	put16(frame + 20, operation);
	memcpy(frame + 22, world_peer_mac, 6);
	put32(frame + 28, from);
	memcpy(frame + 32, world_guest_mac, 6);
	put32(frame + 38, to);
	return 42;
}

size_t world_ip4(uint8_t *frame, unsigned protocol, uint32_t from, uint32_t to, const void *payload, size_t len)
{
	uint8_t *ip = frame + 14;

	memcpy(frame, world_guest_mac, 6);
	memcpy(frame + 6, world_peer_mac, 6);
	put16(frame + 12, 0x0800);
	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, (unsigned)(20 + len));
	ip[8] = 64;
	ip[9] = (uint8_t)protocol;
	put32(ip + 12, from);
	put32(ip + 16, to);
	put16(ip + 10, (uint16_t)~world_sum(ip, 20, 0));
	memcpy(ip + 20, payload, len);
	return 34 + len;
}

/* Of a datagram or segment in a frame: the sum with the pseudo header's. */
static uint16_t transport_sum(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + 14;

	return world_sum(ip + 20, len - 34, world_sum(ip + 12, 8, ip[9] + (uint32_t)(len - 34)));
}

size_t world_udp(uint8_t *frame, uint32_t from, unsigned from_port, uint32_t to, unsigned to_port, const void *payload, size_t len)
{
	uint8_t udp[1480];
	size_t total;

	put16(udp, from_port);
	put16(udp + 2, to_port);
	put16(udp + 4, (unsigned)(8 + len));
	put16(udp + 6, 0);
	memcpy(udp + 8, payload, len);
	total = world_ip4(frame, 17, from, to, udp, 8 + len);
	put16(frame + 34 + 6, (uint16_t)~transport_sum(frame, total));
	return total;
}

void world_tcp_send(struct world_tcp *tcp, unsigned flags, const void *data, size_t len)
{
	uint8_t segment[1480] = { 0 };
	uint8_t frame[1514];
	size_t header = flags & WORLD_SYN ? 24 : 20;
	size_t total;

	put16(segment, tcp->port);
	put16(segment + 2, tcp->guest_port);
	put32(segment + 4, tcp->next);
	put32(segment + 8, flags & WORLD_ACK ? tcp->expected : 0);
	segment[12] = (uint8_t)(header / 4 << 4);
	segment[13] = (uint8_t)flags;
	put16(segment + 14, tcp->window);
	if (flags & WORLD_SYN) {
		segment[20] = 2;
		segment[21] = 4;
		put16(segment + 22, 1460);
	}
	memcpy(segment + header, data, len);
	total = world_ip4(frame, 6, WORLD_PEER, WORLD_GUEST, segment, header + len);
	put16(frame + 34 + 16, (uint16_t)~transport_sum(frame, total));
	world_arrive(frame, total, false, 2048);
	tcp->next += (uint32_t)len + ((flags & (WORLD_SYN | WORLD_FIN)) != 0);
}

bool world_tcp_take(struct world_tcp *tcp, const struct world_frame *frame)
{
	const uint8_t *segment = frame->data + 34;
	size_t header;
	size_t len;

	if (frame->len < 54 || get16(frame->data + 12) != 0x0800 || frame->data[23] != 6 || get16(segment + 2) != tcp->port ||
	    get16(segment) != tcp->guest_port)
		return false;
	if (world_sum(frame->data + 14, 20, 0) != 0xffff || transport_sum(frame->data, 14u + get16(frame->data + 16)) != 0xffff)
		panic("a segment with a wrong checksum");
	header = (size_t)(segment[12] >> 4) * 4;
	len = get16(frame->data + 16) - 20 - header;
	tcp->reset = tcp->reset || (segment[13] & WORLD_RST);
	if (segment[13] & WORLD_SYN)
		tcp->expected = get32(segment + 4);
	if (get32(segment + 4) != tcp->expected) {
		tcp->out_of_order++;
		return true;
	}
	memcpy(tcp->got + tcp->got_len, segment + header, len);
	tcp->got_len += len;
	tcp->expected += (uint32_t)len + ((segment[13] & (WORLD_SYN | WORLD_FIN)) != 0);
	tcp->finished = tcp->finished || (segment[13] & WORLD_FIN);
	return true;
}

unsigned world_tcp_turn(struct world_tcp *tcp)
{
	struct world_frame frame;
	unsigned count = 0;
	uint32_t before = tcp->expected;

	world_run();
	while (world_take(&frame))
		count += world_tcp_take(tcp, &frame);
	if (tcp->expected != before && !tcp->reset)
		world_tcp_send(tcp, WORLD_ACK, "", 0);
	world_run();
	return count;
}

bool world_tcp_connect(struct world_tcp *tcp, unsigned port, unsigned guest_port)
{
	uint32_t before;

	*tcp = (struct world_tcp){ .port = (uint16_t)port, .guest_port = (uint16_t)guest_port, .next = 1000 + port, .window = 65535 };
	world_tcp_send(tcp, WORLD_SYN, "", 0);
	before = tcp->expected;
	world_tcp_turn(tcp);
	return tcp->expected != before && !tcp->reset;
}
