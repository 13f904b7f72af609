// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/recent: the order of lwIP's connections. */
#include "kernel/io/net/recent.h"

#include <lwip/pbuf.h>
#include <lwip/priv/tcp_priv.h>

#include "tests/unit/kernel/io/net/wire.h"
#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

enum { TCP_AT = 14 + 20, FRAME_BYTES = TCP_AT + 20 };

static struct tcp_pcb pcbs[3];

static void pcbs_listed(void)
{
	for (unsigned i = 0; i < 3; i++)
		pcbs[i] = (struct tcp_pcb){ .local_port = 80, .remote_port = (u16_t)(1000 + i), .next = i < 2 ? &pcbs[i + 1] : NULL };
	tcp_active_pcbs = &pcbs[0];
}

static bool order_is(unsigned first, unsigned second, unsigned third)
{
	return tcp_active_pcbs == &pcbs[first] && pcbs[first].next == &pcbs[second] && pcbs[second].next == &pcbs[third] && pcbs[third].next == NULL;
}

/* A segment arrives of which so many bytes are in the first buffer. */
static void arrives(unsigned from_port, unsigned to_port, uint16_t bytes)
{
	uint8_t frame[FRAME_BYTES], tcp[20] = { [12] = 0x50 };

	put16(tcp, from_port);
	put16(tcp + 2, to_port);
	CU_ASSERT_EQUAL_FATAL(world_ip4(frame, 6, WORLD_PEER, WORLD_GUEST, tcp, sizeof(tcp)), FRAME_BYTES);

	struct pbuf pbuf = { .payload = frame, .len = bytes, .tot_len = FRAME_BYTES };

	net_recent_first(&pbuf);
}

static void a_segments_connection_comes_first(void)
{
	pcbs_listed();
	arrives(1002, 80, FRAME_BYTES);
	CU_ASSERT(order_is(2, 0, 1));
	arrives(1000, 80, FRAME_BYTES);
	CU_ASSERT(order_is(0, 2, 1));
	arrives(1000, 80, FRAME_BYTES);
	CU_ASSERT(order_is(0, 2, 1));
	tcp_active_pcbs = NULL;
	arrives(1000, 80, FRAME_BYTES);
	CU_ASSERT_PTR_NULL(tcp_active_pcbs);
}

static void what_names_no_connection_changes_nothing(void)
{
	pcbs_listed();
	arrives(1002, 81, FRAME_BYTES);
	arrives(80, 1002, FRAME_BYTES);
	for (uint16_t bytes = 0; bytes < FRAME_BYTES; bytes++)
		arrives(1002, 80, bytes);
	CU_ASSERT(order_is(0, 1, 2));
	tcp_active_pcbs = NULL;
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_segments_connection_comes_first),
	UNIT_CASE(what_names_no_connection_changes_nothing),
};
UNIT_MAIN("kernel/io/net/recent", cases)
