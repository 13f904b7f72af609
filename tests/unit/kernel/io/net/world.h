// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A world for the network stack on the host: a clock that stands still unless moved, pages, and a network device whose other end is the
 * test. Frames that the stack sends are cut up and summed as a device with offloads would do it, so that the test sees what would be
 * on the wire. The guest is 10.0.2.15, 52:54:00:12:34:56; the test plays 10.0.2.2, 52:55:0a:00:02:02.
 */
#ifndef TESTS_UNIT_KERNEL_IO_NET_WORLD_H
#define TESTS_UNIT_KERNEL_IO_NET_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORLD_FRAME_MAX = 65536 + 64 };

struct world_frame {
	uint8_t data[2048];
	size_t len;
};

struct world {
	uint64_t now_ns;
	bool offloads;       /* the device sums and cuts up; before world_start() */
	bool link;
	bool broken;
	unsigned room;       /* frames the device takes before it is full */
	uint64_t pages;      /* allocated now */
	uint64_t pages_max;  /* then allocation fails; 0: no limit */
	unsigned held;       /* received buffers the stack has not released */
	unsigned large;      /* large segments that were cut up */
	unsigned kicks, starts;
	unsigned in_flight;  /* frames whose token was not given back */
	bool keep_tokens;    /* the device is never done */
	void (*ready)(void *ctx);
};

extern struct world world;

extern const uint8_t world_guest_mac[6], world_peer_mac[6];
#define WORLD_GUEST 0x0a00020fu
#define WORLD_PEER 0x0a000202u

/* Starts the stack with a static address (prefix 24, gateway and name server the peer), or with DHCP. Once a program. */
void world_start(bool dhcp);

/* Turns until nothing happens any more, without time passing. */
void world_run(void);

/* Lets time pass in steps as the stack asks for them, at most `ms`; the number of wake-ups it wanted. */
unsigned world_pass(uint64_t ms);

/* A frame arrives, in buffers of at most `piece` bytes. */
void world_arrive(const uint8_t *frame, size_t len, bool checksum_good, size_t piece);

/* The next frame the stack sent; false where there is none. */
bool world_take(struct world_frame *out);
void world_drain(void);

/* Builders. Each returns the length of the frame. `from` and `to` in host order. */
uint16_t world_sum(const uint8_t *data, size_t len, uint32_t sum);
size_t world_arp(uint8_t *frame, unsigned operation, uint32_t from, uint32_t to);
size_t world_ip4(uint8_t *frame, unsigned protocol, uint32_t from, uint32_t to, const void *payload, size_t len);
size_t world_udp(uint8_t *frame, uint32_t from, unsigned from_port, uint32_t to, unsigned to_port, const void *payload, size_t len);

/* One side of a TCP connection, as simple as can be. */
struct world_tcp {
	uint16_t port, guest_port;
	uint32_t next;     /* the next byte we send */
	uint32_t expected; /* the next byte of the guest */
	uint16_t window;
	uint8_t got[512 * 1024];
	size_t got_len;
	bool finished, reset;
	unsigned out_of_order; /* segments that were not the next ones */
};

enum { WORLD_FIN = 1, WORLD_SYN = 2, WORLD_RST = 4, WORLD_PSH = 8, WORLD_ACK = 16 };

void world_tcp_send(struct world_tcp *tcp, unsigned flags, const void *data, size_t len);

/* Reads a frame of the guest; true where it is of this connection, whose state follows it. */
bool world_tcp_take(struct world_tcp *tcp, const struct world_frame *frame);

/* Takes every frame there is and acknowledges; the number of those that were ours. */
unsigned world_tcp_turn(struct world_tcp *tcp);

/* The three-way handshake towards a listening guest. */
bool world_tcp_connect(struct world_tcp *tcp, unsigned port, unsigned guest_port);

#endif
