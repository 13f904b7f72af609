// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The kernel's and the machine's functions that the stack calls, and the device. */
#include "tests/unit/kernel/io/net/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/contract/memory.h"
#include "hal/contract/net.h"
#include "hal/contract/timer.h"
#include "kernel/core/entropy.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/io/net/stack.h"
#include "tests/unit/kernel/io/net/wire.h"

enum { QUEUE = 4096 };

struct hal_net {
	int unused;
};

struct arrived {
	uint8_t *data;
	size_t len;
	bool good, more;
};

struct world world = { .now_ns = 1000000000, .link = true, .room = QUEUE };
const uint8_t world_guest_mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
const uint8_t world_peer_mac[6] = { 0x52, 0x55, 0x0a, 0, 2, 2 };

static struct hal_net device;
static struct arrived arrived[QUEUE];
static unsigned arrived_head, arrived_tail;
static struct world_frame sent[QUEUE];
static unsigned sent_head, sent_tail;
static void *done[QUEUE];
static unsigned done_head, done_tail;

uint64_t hal_timer_now_ns(void)
{
	return world.now_ns;
}

void entropy_draw(void *to, size_t bytes)
{
	uint8_t *at = to;

	while (bytes-- > 0)
		*at++ = (uint8_t)rand();
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	(void)component;
	(void)level;
	(void)fmt;
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

uint64_t page_alloc(unsigned order)
{
	size_t bytes = HAL_PAGE_BYTES << order;
	void *pages;

	if (world.pages_max != 0 && world.pages + (1ul << order) > world.pages_max)
		return 0;
	pages = aligned_alloc(bytes, bytes);
	memset(pages, 0xa5, bytes);
	world.pages += 1ul << order;
	return hal_direct_pa(pages);
}

void page_free(uint64_t pa, unsigned order)
{
	world.pages -= 1ul << order;
	free(hal_direct_va(pa));
}

uint64_t page_free_count(void)
{
	return 65536;
}

unsigned hal_net_count(void)
{
	return 1;
}

struct hal_net *hal_net_at(unsigned index)
{
	(void)index;
	return &device;
}

void hal_net_info(const struct hal_net *net, struct hal_net_info *out)
{
	(void)net;
	*out = (struct hal_net_info){ .mtu = 1500, .tx_checksum = world.offloads, .rx_checksum = world.offloads,
				      .tso4 = world.offloads, .tso6 = world.offloads, .buffers = 64 };
	memcpy(out->mac, world_guest_mac, 6);
}

status_t hal_net_start(struct hal_net *net, void (*ready)(void *ctx), void *ctx)
{
	(void)net;
	(void)ctx;
	world.ready = ready;
	world.broken = false;
	world.starts++;
	return STATUS_OK;
}

void hal_net_stop(struct hal_net *net)
{
	(void)net;
	world.keep_tokens = false;
}

bool hal_net_receive(struct hal_net *net, struct hal_net_frame *out)
{
	struct arrived *next = &arrived[arrived_head % QUEUE];

	(void)net;
	if (arrived_head == arrived_tail || world.broken)
		return false;
	arrived_head++;
	*out = (struct hal_net_frame){ .data = next->data, .len = (uint32_t)next->len, .checksum_good = next->good,
				       .more = next->more, .token = next->data };
	world.held++;
	return true;
}

void hal_net_release(struct hal_net *net, void *token)
{
	(void)net;
	world.held--;
	free(token);
}

/* What goes out, but for questions where the peer is, which it answers. */
static void wire(const uint8_t *data, size_t len)
{
	struct world_frame *to;
	uint8_t reply[64];

	if (len > sizeof(to->data) || len > 1514)
		panic("a frame of %zu bytes on the wire", len);
	if (len >= 42 && get16(data + 12) == 0x0806 && data[21] == 1 && get32(data + 38) == WORLD_PEER) {
		world_arrive(reply, world_arp(reply, 2, WORLD_PEER, WORLD_GUEST), false, 2048);
		return;
	}
	to = &sent[sent_tail++ % QUEUE];
	memcpy(to->data, data, len);
	to->len = len;
}

/* What a device does: the sum over the rest, put where the pseudo header's is. */
static void sum_fill(uint8_t *data, size_t len, const struct hal_net_offload *offload)
{
	put16(data + offload->checksum_start + offload->checksum_offset,
	      (uint16_t)~world_sum(data + offload->checksum_start, len - offload->checksum_start, 0));
}

/* Cuts a large IPv4 segment up (virtio 1.2 §5.1.6.2: the device rewrites lengths, sequence numbers and sums). */
static void segments_wire(uint8_t *data, size_t len, const struct hal_net_offload *offload)
{
	size_t header = offload->header_bytes;
	uint32_t sequence = get32(data + 14 + 20 + 4);
	uint8_t flags = data[14 + 20 + 13];
	uint8_t one[1600];

	world.large++;
	for (size_t at = header; at < len; at += offload->segment_bytes) {
		size_t part = len - at < offload->segment_bytes ? len - at : offload->segment_bytes;
		uint8_t *ip = one + 14;
		uint8_t *tcp = ip + 20;

		memcpy(one, data, header);
		memcpy(one + header, data + at, part);
		put16(ip + 2, (unsigned)(header - 14 + part));
		put16(ip + 10, 0);
		put16(ip + 10, (uint16_t)~world_sum(ip, 20, 0));
		put32(tcp + 4, sequence + (uint32_t)(at - header));
		if (at + part < len)
			tcp[13] = flags & (uint8_t)~WORLD_PSH;
		put16(tcp + 16, world_sum(ip + 12, 8, 6 + (uint32_t)(header - 34 + part)));
		sum_fill(one, header + part, offload);
		wire(one, header + part);
	}
}

status_t hal_net_send(struct hal_net *net, const struct hal_net_piece *pieces, unsigned count, const struct hal_net_offload *offload,
		      void *token)
{
	static uint8_t flat[WORLD_FRAME_MAX];
	size_t len = 0;

	(void)net;
	if (world.in_flight >= world.room)
		return STATUS_EAGAIN;
	if (count == 0 || count > HAL_NET_PIECES_MAX)
		panic("%u pieces", count);
	for (unsigned i = 0; i < count; i++) {
		if (pieces[i].len == 0 || len + pieces[i].len > sizeof(flat))
			panic("a piece of %u bytes", pieces[i].len);
		memcpy(flat + len, pieces[i].data, pieces[i].len);
		len += pieces[i].len;
	}
	if (offload != NULL && offload->segment_bytes != 0) {
		segments_wire(flat, len, offload);
	} else {
		if (offload != NULL)
			sum_fill(flat, len, offload);
		wire(flat, len);
	}
	done[done_tail++ % QUEUE] = token;
	world.in_flight++;
	return STATUS_OK;
}

void hal_net_kick(struct hal_net *net)
{
	(void)net;
	world.kicks++;
}

bool hal_net_sent(struct hal_net *net, void **token)
{
	(void)net;
	if (done_head == done_tail || world.keep_tokens)
		return false;
	*token = done[done_head++ % QUEUE];
	world.in_flight--;
	return true;
}

bool hal_net_link(struct hal_net *net)
{
	(void)net;
	return world.link;
}

bool hal_net_listen(struct hal_net *net, bool interrupts)
{
	(void)net;
	return interrupts && arrived_head != arrived_tail;
}

bool hal_net_is_broken(struct hal_net *net)
{
	(void)net;
	return world.broken;
}

void world_arrive(const uint8_t *frame, size_t len, bool checksum_good, size_t piece)
{
	for (size_t at = 0; at < len || at == 0; at += piece) {
		size_t part = len - at < piece ? len - at : piece;
		struct arrived *to = &arrived[arrived_tail++ % QUEUE];

		*to = (struct arrived){ malloc(part > 0 ? part : 1), part, checksum_good, at + part < len };
		memcpy(to->data, frame + at, part);
	}
}

bool world_take(struct world_frame *out)
{
	if (sent_head == sent_tail)
		return false;
	*out = sent[sent_head++ % QUEUE];
	return true;
}

void world_drain(void)
{
	sent_head = sent_tail;
}

void world_run(void)
{
	unsigned before;
	unsigned count;

	do {
		before = sent_tail;
		count = net_stack_take(world.now_ns);
		net_stack_finish();
		(void)net_stack_next(world.now_ns);
	} while (count > 0 || before != sent_tail || (arrived_head != arrived_tail && !world.broken));
}

unsigned world_pass(uint64_t ms)
{
	uint64_t end_ns = world.now_ns + ms * 1000000;
	unsigned wakes = 0;

	for (;;) {
		uint64_t next_ns = net_stack_next(world.now_ns);

		if (next_ns > end_ns) {
			world.now_ns = end_ns;
			return wakes;
		}
		world.now_ns = next_ns > world.now_ns ? next_ns : world.now_ns + 1;
		wakes++;
		world_run();
	}
}

void world_start(bool dhcp)
{
	static const struct net_address guest = { NET_FAMILY_4, { 10, 0, 2, 15 } };
	static const struct net_address peer = { NET_FAMILY_4, { 10, 0, 2, 2 } };
	struct net_config config = { .memory_pages = 2048, .is_static = !dhcp };

	if (!dhcp) {
		config.address = guest;
		config.prefix = 24;
		config.gateway = peer;
		config.server = peer;
	}
	if (net_stack_start(&config, 0, NULL, NULL) != STATUS_OK)
		panic("the stack does not start");
	world_run();
}
