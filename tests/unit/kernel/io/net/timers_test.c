// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* When lwIP's cyclic timers tick, how many ticks are made up for, and what makes one wanted: over lwIP's own tables. */
#include "kernel/io/net/timers.c"

#include <string.h>

#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

enum { ARP = 1, REASS, REASS6, ND6 = 7, MLD6 };

static struct netif interface;
static uint64_t start_ns = 5000000000;

/* No connection, no address, nothing that waits: what is left of earlier activity is forgotten. */
static void begin(void)
{
	memset(&interface, 0, sizeof(interface));
	netif_list = &interface;
	tcp_active_pcbs = NULL;
	tcp_tw_pcbs = NULL;
	memset(neighbor_cache, 0, LWIP_ND6_NUM_NEIGHBORS * sizeof(neighbor_cache[0]));
	for (unsigned n = 0; n < 200; n++)
		for (unsigned i = 0; i < ARRAY_LEN(cyclics); i++)
			(void)cyclics[i].wanted();
	for (unsigned i = 0; i < ARRAY_LEN(cyclics); i++)
		CU_ASSERT_EQUAL(cyclics[i].wanted(), 0);
	net_timers_init(start_ns);
}

static void timers_tick_when_rfcs_say(void)
{
	static const uint32_t interval_ms[] = { 250, 1000, 1000, 1000, 500, 60000, 1000, 1000, 100 };

	begin();
	for (unsigned i = 0; i < ARRAY_LEN(cyclics); i++) {
		CU_ASSERT_EQUAL(cyclics[i].interval_ms, interval_ms[i]);
		CU_ASSERT_EQUAL(due_ns[i], start_ns + interval_ms[i] * 1000000ull);
		CU_ASSERT_EQUAL(wanted[i], i != DHCP_COARSE); /* at first, all that a table does not show */
	}
	CU_ASSERT_EQUAL(net_timers_next(start_ns), due_ns[MLD6]);
	CU_ASSERT_EQUAL(net_timers_next(due_ns[MLD6]), due_ns[MLD6]);
	CU_ASSERT_EQUAL(net_timers_next(due_ns[MLD6] + 1), due_ns[MLD6] + 1); /* late: now */
}

static void what_nobody_wants_wakes_nobody(void)
{
	begin();
	net_timers_run(start_ns + 60000000000); /* each looked, and none is wanted */
	CU_ASSERT_EQUAL(net_timers_next(start_ns), NET_TIMERS_NEVER);
	net_timers_touch();
	CU_ASSERT_EQUAL(net_timers_next(start_ns), due_ns[MLD6]);
	net_timers_run(start_ns + 120000000000);
	CU_ASSERT_EQUAL(net_timers_next(start_ns), NET_TIMERS_NEVER);
	tcp_timer_needed();
	CU_ASSERT_EQUAL(net_timers_next(start_ns), due_ns[TCP]); /* the first one from now */
	wanted[TCP] = 0;
	wanted[ARP] = 3;
	CU_ASSERT_EQUAL(net_timers_next(start_ns), due_ns[ARP] + 2000000000);
}

/* Ticks that were missed are made up for, as far as more change anything. */
static void missed_ticks_are_made_up_for(void)
{
	uint32_t before;

	begin();
	net_timers_run(due_ns[TCP] - 1);
	before = tcp_ticks;
	net_timers_run(due_ns[TCP]);
	CU_ASSERT_EQUAL(due_ns[TCP], start_ns + 500000000); /* one tick */
	net_timers_run(due_ns[TCP] + 1000000000); /* five: its connections are looked at once */
	CU_ASSERT_EQUAL(due_ns[TCP], start_ns + 500000000 + 1250000000);
	CU_ASSERT_EQUAL(tcp_ticks - before, 3); /* of six; it counts every second one */
}

/* A neighbour that was reached counts down, a tick after the other. */
static void a_timer_ticks_as_often_as_it_is_due(void)
{
	static const struct {
		uint64_t late_ns;
		uint32_t ticks;
	} rows[] = { { 0, 1 }, { 999999999, 1 }, { 1000000000, 2 }, { 1999999999, 2 }, { 3000000000, 4 }, { 7199000000000, 7200 }, { 7200000000000, 7200 } };

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		begin();
		neighbor_cache[0].state = ND6_REACHABLE;
		neighbor_cache[0].counter.reachable_time = 10000000;
		net_timers_run(due_ns[ND6] - 1);
		CU_ASSERT_EQUAL(neighbor_cache[0].counter.reachable_time, 10000000);
		cyclic_run(ND6, due_ns[ND6] + rows[i].late_ns);
		CU_ASSERT_EQUAL(neighbor_cache[0].counter.reachable_time, 10000000 - rows[i].ticks * 1000);
		CU_ASSERT_EQUAL(due_ns[ND6], start_ns + (rows[i].late_ns / 1000000000 + 2) * 1000000000);
		CU_ASSERT_EQUAL(wanted[ND6], 0);
	}
}

/* Connections in rest want nothing; each thing that only time brings on does. */
static void connections_want_ticks_where_time_alone_moves_them(void)
{
	static const u8_t flags[] = { TF_ACK_DELAY, TF_CLOSEPEND, TF_NAGLEMEMERR };
	static struct tcp_pcb other;
	static struct tcp_seg segment;
	static struct pbuf packet;
	struct tcp_pcb pcb;

	for (unsigned state = CLOSED; state <= TIME_WAIT; state++) {
		pcb = (struct tcp_pcb){ .state = state };
		CU_ASSERT_EQUAL(tcp_pcb_waits(&pcb), state != ESTABLISHED && state != CLOSE_WAIT);
	}
	for (unsigned state = ESTABLISHED; state <= CLOSE_WAIT; state += CLOSE_WAIT - ESTABLISHED) {
		for (unsigned i = 0; i < 8; i++) {
			pcb = (struct tcp_pcb){ .state = state, .flags = TF_ACK_NOW | TF_WND_SCALE | TF_NODELAY };
			CU_ASSERT(!tcp_pcb_waits(&pcb));
			pcb.unacked = i == 0 ? &segment : NULL;
			pcb.unsent = i == 1 ? &segment : NULL;
			pcb.ooseq = i == 2 ? &segment : NULL;
			pcb.refused_data = i == 3 ? &packet : NULL;
			pcb.persist_backoff = i == 4;
			pcb.flags |= i >= 5 ? flags[i - 5] : 0;
			pcb.so_options = SOF_KEEPALIVE | SOF_REUSEADDR;
			CU_ASSERT(tcp_pcb_waits(&pcb));
		}
	}
	begin();
	pcb = (struct tcp_pcb){ .state = ESTABLISHED };
	other = (struct tcp_pcb){ .state = ESTABLISHED, .next = &pcb };
	tcp_active_pcbs = &other;
	CU_ASSERT_EQUAL(tcp_wanted(), 0);
	pcb.unsent = &segment; /* the last of them */
	CU_ASSERT_EQUAL(tcp_wanted(), 1);
	tcp_active_pcbs = NULL;
	CU_ASSERT_EQUAL(tcp_wanted(), 0);
	tcp_tw_pcbs = &pcb;
	CU_ASSERT_EQUAL(tcp_wanted(), 1);
	tcp_tw_pcbs = NULL;
}

/* How often a timer is wanted after one event, the look that sees it included. */
static unsigned looks_after(unsigned i)
{
	unsigned looks = 0;

	while (looks < 1000 && cyclics[i].wanted() == 1)
		looks++;
	return looks;
}

static void an_event_is_remembered_for_as_long_as_it_matters(void)
{
	begin();
	lwip_stats.etharp.xmit++;
	CU_ASSERT_EQUAL(looks_after(ARP), 8);
	lwip_stats.ip_frag.recv++;
	CU_ASSERT_EQUAL(looks_after(REASS), 16);
	lwip_stats.ip6_frag.recv++;
	CU_ASSERT_EQUAL(looks_after(REASS6), 61);
	lwip_stats.ip6_frag.recv++;
	CU_ASSERT_EQUAL(reass6_wanted(), 1);
	lwip_stats.ip6_frag.recv++; /* another one begins the time anew */
	CU_ASSERT_EQUAL(looks_after(REASS6), 61);
	CU_ASSERT_EQUAL(looks_after(REASS6), 0);
	CU_ASSERT_PTR_NULL(net_memory_calloc(SIZE_MAX / 2, 1)); /* memory was refused: who sends looks again */
	CU_ASSERT_EQUAL(looks_after(TCP), 4);
}

static void leases_are_looked_at_when_they_end_or_are_renewed(void)
{
	static const struct {
		uint16_t t1, t2, t0, used;
		uint32_t due;
	} rows[] = { { 0, 0, 0, 0, 0 }, { 5, 0, 0, 0, 5 }, { 0, 7, 0, 0, 7 }, { 5, 7, 0, 0, 5 }, { 7, 5, 0, 0, 5 }, { 0, 0, 9, 4, 5 }, { 0, 0, 9, 9, 0 }, { 0, 0, 9, 10, 0 },
		     { 6, 7, 9, 4, 5 }, { 4, 7, 9, 4, 4 }, { 6, 3, 9, 4, 3 } };
	struct dhcp dhcp;

	begin();
	netif_set_client_data(&interface, LWIP_NETIF_CLIENT_DATA_INDEX_DHCP, &dhcp);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		dhcp = (struct dhcp){ .t1_renew_time = rows[i].t1, .t2_rebind_time = rows[i].t2, .t0_timeout = rows[i].t0, .lease_used = rows[i].used };
		CU_ASSERT_EQUAL(dhcp_coarse_wanted(), rows[i].due);
		net_timers_touch();
		CU_ASSERT_EQUAL(wanted[DHCP_COARSE], rows[i].due);
		CU_ASSERT_EQUAL(dhcp_fine_wanted(), 0);
		dhcp.request_timeout = 1;
		CU_ASSERT_EQUAL(dhcp_fine_wanted(), 1);
	}
	netif_set_client_data(&interface, LWIP_NETIF_CLIENT_DATA_INDEX_DHCP, NULL);
}

static void neighbours_and_groups_are_asked_until_they_answer(void)
{
	static struct mld_group last, group = { .next = &last };

	begin();
	for (unsigned state = ND6_NO_ENTRY; state <= ND6_PROBE; state++) {
		neighbor_cache[LWIP_ND6_NUM_NEIGHBORS - 1].state = (uint8_t)state;
		CU_ASSERT_EQUAL(nd6_wanted(), state == ND6_INCOMPLETE || state == ND6_DELAY || state == ND6_PROBE);
	}
	neighbor_cache[LWIP_ND6_NUM_NEIGHBORS - 1].state = ND6_NO_ENTRY;
	neighbor_cache[0].state = ND6_PROBE;
	CU_ASSERT_EQUAL(nd6_wanted(), 1);
	neighbor_cache[0].state = ND6_NO_ENTRY;
	interface.rs_count = 1;
	CU_ASSERT_EQUAL(nd6_wanted(), 0); /* nobody is asked without a link */
	interface.flags = NETIF_FLAG_LINK_UP;
	CU_ASSERT_EQUAL(nd6_wanted(), 1);
	interface.rs_count = 0;
	CU_ASSERT_EQUAL(nd6_wanted(), 0);
	interface.ip6_addr_state[LWIP_IPV6_NUM_ADDRESSES - 1] = IP6_ADDR_PREFERRED;
	CU_ASSERT_EQUAL(nd6_wanted(), 0);
	interface.ip6_addr_state[LWIP_IPV6_NUM_ADDRESSES - 1] = IP6_ADDR_TENTATIVE;
	CU_ASSERT_EQUAL(nd6_wanted(), 1);
	netif_set_client_data(&interface, LWIP_NETIF_CLIENT_DATA_INDEX_MLD6, &group);
	CU_ASSERT_EQUAL(mld6_wanted(), 0);
	last.timer = 1;
	CU_ASSERT_EQUAL(mld6_wanted(), 1);
	netif_set_client_data(&interface, LWIP_NETIF_CLIENT_DATA_INDEX_MLD6, NULL);
	CU_ASSERT_EQUAL(dns_wanted(), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(timers_tick_when_rfcs_say),
	UNIT_CASE(what_nobody_wants_wakes_nobody),
	UNIT_CASE(missed_ticks_are_made_up_for),
	UNIT_CASE(a_timer_ticks_as_often_as_it_is_due),
	UNIT_CASE(connections_want_ticks_where_time_alone_moves_them),
	UNIT_CASE(an_event_is_remembered_for_as_long_as_it_matters),
	UNIT_CASE(leases_are_looked_at_when_they_end_or_are_renewed),
	UNIT_CASE(neighbours_and_groups_are_asked_until_they_answer),
};
UNIT_MAIN("kernel/io/net/timers", cases)
