// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/device: which buffers are lent and which are copied, frames in pieces, and devices that break; above it is the test instead of lwIP. */
#include "kernel/io/net/device.c"

#include <lwip/init.h>

#include <stdlib.h>

#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

enum { BUFFERS = 64, SECOND_NS = 1000000000 };

static struct net_device device;
static uint8_t frame[70000];
static struct pbuf *got[100];
static unsigned got_count;
static uint16_t got_checks;
static err_t answer = ERR_OK;

static err_t input(struct pbuf *packet, struct netif *netif)
{
	got_checks = netif->chksum_flags;
	if (answer == ERR_OK)
		got[got_count++] = packet;
	return answer;
}

static void let_go(void)
{
	while (got_count > 0)
		(void)pbuf_free(got[--got_count]);
}

static void begin(void)
{
	static bool begun;

	if (!begun) {
		net_memory_init(2048);
		lwip_init();
		CU_ASSERT_EQUAL_FATAL(net_device_start(&device, hal_net_at(0), NULL, NULL), STATUS_OK);
		device.netif.input = input;
		begun = true;
	}
	memset(&device.counters, 0, sizeof(device.counters));
	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(i * 7 + i / 256);
}

static unsigned arrive(size_t len, bool good, size_t piece)
{
	world_arrive(frame, len, good, piece);
	return net_device_receive(&device, 1);
}

static void an_interface_is_as_its_device(void)
{
	begin();
	CU_ASSERT(netif_default == &device.netif && netif_is_up(&device.netif) && netif_is_link_up(&device.netif));
	CU_ASSERT(device.netif.mtu == 1500 && device.netif.hwaddr_len == 6 && memcmp(device.netif.hwaddr, world_guest_mac, 6) == 0);
	CU_ASSERT((device.netif.flags & NETIF_FLAG_BROADCAST) && (device.netif.flags & NETIF_FLAG_ETHARP) && (device.netif.flags & NETIF_FLAG_MLD6));
	CU_ASSERT(device.checks == NETIF_CHECKSUM_ENABLE_ALL && device.netif.chksum_flags == NETIF_CHECKSUM_ENABLE_ALL && world.starts == 1);
}

static void short_frames_are_copied_and_long_ones_lent(void)
{
	begin();
	CU_ASSERT(arrive(256, false, 2048) == 1 && device.counters.copied == 1 && world.held == 0 && device.held == 0);
	CU_ASSERT(arrive(257, false, 2048) == 1 && device.counters.copied == 1 && world.held == 1 && device.held == 1);
	CU_ASSERT(got_count == 2 && got[0]->tot_len == 256 && got[1]->tot_len == 257 && device.counters.received == 2);
	CU_ASSERT(memcmp(got[0]->payload, frame, 256) == 0 && memcmp(got[1]->payload, frame, 257) == 0);
	let_go();
	CU_ASSERT(world.held == 0 && device.held == 0);
}

/* The device keeps half of its buffers, whatever is held. */
static void half_of_the_buffers_are_lent(void)
{
	begin();
	for (unsigned round = 0; round < 3; round++) {
		device.counters.copied = 0;
		for (unsigned i = 0; i < BUFFERS; i++)
			CU_ASSERT_EQUAL(arrive(1000, false, 2048), 1);
		CU_ASSERT(device.held == BUFFERS / 2 && world.held == BUFFERS / 2 && device.counters.copied == BUFFERS / 2);
		let_go();
		CU_ASSERT(device.held == 0 && world.held == 0);
	}
}

static void what_the_device_vouches_for_is_not_checked(void)
{
	begin();
	(void)arrive(100, true, 2048);
	CU_ASSERT_EQUAL(got_checks, NETIF_CHECKSUM_ENABLE_ALL & ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP));
	CU_ASSERT_EQUAL(device.netif.chksum_flags, NETIF_CHECKSUM_ENABLE_ALL);
	(void)arrive(100, false, 2048);
	CU_ASSERT_EQUAL(got_checks, NETIF_CHECKSUM_ENABLE_ALL);
	let_go();
}

static void pieces_are_one_frame(void)
{
	begin();
	CU_ASSERT_EQUAL(arrive(1400, true, 400), 1);
	CU_ASSERT(got_count == 1 && got[0]->tot_len == 1400 && device.counters.received == 1 && device.held == 3 && device.counters.copied == 1);
	CU_ASSERT(pbuf_memcmp(got[0], 0, frame, 1400) == 0 && !(got_checks & NETIF_CHECKSUM_CHECK_TCP));
	let_go();
	world_arrive(frame, 300, false, 2048);
	world_arrive(frame, 300, false, 2048);
	world_arrive(frame, 300, false, 2048);
	CU_ASSERT(net_device_receive(&device, 2) == 2 && got_count == 2);
	CU_ASSERT(net_device_receive(&device, 2) == 1 && got_count == 3);
	CU_ASSERT_EQUAL(net_device_receive(&device, 2), 0);
	let_go();
	/* the first piece says whether the sums are good */
	world_arrive(frame, 10, true, 5);
	CU_ASSERT(net_device_receive(&device, 1) == 1 && !(got_checks & NETIF_CHECKSUM_CHECK_TCP));
	let_go();
	CU_ASSERT_EQUAL(world.held, 0);
}

/* As long as lwIP can count; a frame that is longer is lost as a whole, and the next one is not. */
static void a_frame_that_is_too_long_is_dropped(void)
{
	begin();
	CU_ASSERT(arrive(65535, false, 4000) == 1 && got_count == 1 && got[0]->tot_len == 65535 && device.counters.dropped == 0);
	let_go();
	CU_ASSERT(arrive(65536, false, 4000) == 1 && got_count == 0 && device.counters.dropped == 1 && world.held == 0 && device.held == 0);
	CU_ASSERT(arrive(70000, false, 3000) == 1 && got_count == 0 && device.counters.dropped == 2 && world.held == 0 && device.held == 0);
	CU_ASSERT(arrive(300, false, 100) == 1 && got_count == 1 && got[0]->tot_len == 300 && device.counters.dropped == 2);
	CU_ASSERT(device.counters.received == 2 && pbuf_memcmp(got[0], 0, frame, 300) == 0);
	let_go();
}

static void without_memory_frames_are_dropped(void)
{
	static void *taken[20000];
	unsigned count = 0;

	begin();
	net_memory_trim();
	world.pages_max = world.pages + 1; /* less than a slab */
	while ((taken[count] = net_memory_alloc(64)) != NULL) /* what is left of slabs that are open */
		count++;
	for (unsigned bytes = 300; bytes < 5000; bytes += 100) {
		void *block;

		while ((block = net_memory_alloc(bytes)) != NULL)
			taken[count++] = block;
	}
	CU_ASSERT(arrive(2000, false, 2048) == 1 && arrive(200, false, 2048) == 1 && arrive(200, false, 100) == 1);
	CU_ASSERT(got_count == 0 && device.counters.dropped == 3 && device.counters.received == 0 && world.held == 0 && device.held == 0);
	world.pages_max = 0;
	CU_ASSERT(arrive(2000, false, 2048) == 1 && got_count == 1);
	let_go();
	while (count > 0)
		net_memory_free(taken[--count]);
}

static void what_is_not_taken_comes_back(void)
{
	begin();
	answer = ERR_MEM;
	CU_ASSERT(arrive(1000, false, 2048) == 1 && world.held == 0 && device.held == 0);
	answer = ERR_OK;
}

static void frames_go_out_as_long_as_the_device_takes_them(void)
{
	struct world_frame sent;
	struct pbuf *packet = pbuf_alloc(PBUF_RAW, 100, PBUF_RAM);

	begin();
	world_drain();
	memcpy(packet->payload, frame, 100);
	CU_ASSERT_EQUAL(device.netif.linkoutput(&device.netif, packet), ERR_OK);
	net_transmit_flush(&device.transmit);
	CU_ASSERT(world_take(&sent) && sent.len == 100 && memcmp(sent.data, frame, 100) == 0);
	(void)pbuf_free(packet);
}

static void the_link_is_followed(void)
{
	begin();
	world.link = false;
	CU_ASSERT(net_device_look_after(&device, 5) == NET_TIMERS_NEVER && !netif_is_link_up(&device.netif));
	world.link = true;
	CU_ASSERT(net_device_look_after(&device, 5) == NET_TIMERS_NEVER && netif_is_link_up(&device.netif) && world.starts == 1);
}

/* A device that broke the rules begins anew, at most once a second; half a frame of before is forgotten. */
static void a_broken_device_is_started_anew(void)
{
	uint64_t now_ns = 100ull * SECOND_NS;

	begin();
	world_arrive(frame, 1000, false, 600);
	device.partial_lost = false;
	CU_ASSERT_EQUAL(net_device_receive(&device, 0), 0);
	world.offloads = true;
	world.broken = true;
	CU_ASSERT_EQUAL(net_device_look_after(&device, now_ns), NET_TIMERS_NEVER);
	CU_ASSERT(world.starts == 2 && device.counters.restarts == 1 && !world.broken && netif_is_link_up(&device.netif));
	CU_ASSERT_EQUAL(device.checks, NETIF_CHECKSUM_ENABLE_ALL & ~NETIF_CHECKSUM_GEN_TCP); /* and may have other features */
	world.broken = true;
	CU_ASSERT_EQUAL(net_device_look_after(&device, now_ns + SECOND_NS - 1), now_ns + SECOND_NS);
	CU_ASSERT(world.starts == 2 && !netif_is_link_up(&device.netif));
	CU_ASSERT_EQUAL(net_device_look_after(&device, now_ns + SECOND_NS), NET_TIMERS_NEVER);
	CU_ASSERT(world.starts == 3 && device.counters.restarts == 2 && netif_is_link_up(&device.netif));
	CU_ASSERT(net_device_receive(&device, 1) == 1 && got_count == 1 && got[0]->tot_len == 1000);
	let_go();
}

static const struct unit_case cases[] = {
	UNIT_CASE(an_interface_is_as_its_device),
	UNIT_CASE(short_frames_are_copied_and_long_ones_lent),
	UNIT_CASE(half_of_the_buffers_are_lent),
	UNIT_CASE(what_the_device_vouches_for_is_not_checked),
	UNIT_CASE(pieces_are_one_frame),
	UNIT_CASE(a_frame_that_is_too_long_is_dropped),
	UNIT_CASE(without_memory_frames_are_dropped),
	UNIT_CASE(what_is_not_taken_comes_back),
	UNIT_CASE(frames_go_out_as_long_as_the_device_takes_them),
	UNIT_CASE(the_link_is_followed),
	UNIT_CASE(a_broken_device_is_started_anew),
};
UNIT_MAIN("kernel/io/net/device", cases)
