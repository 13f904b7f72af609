// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/timers.h"

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/mld6.h>
#include <lwip/nd6.h>
#include <lwip/netif.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <lwip/timeouts.h>
#include <stdbool.h>

#include "kernel/io/net/memory.h"
#include "kernel/io/net/resolve.h"
#include "lib/bits.h"

#define NS_PER_MS 1000000ull

struct cyclic {
	uint32_t interval_ms;
	uint32_t catch_up; /* most ticks that are made up for at once: more change nothing */
	void (*tick)(void);
	uint32_t (*wanted)(void); /* how many ticks from now one matters, 1 or more; 0: none does as things are */
};

/* Activity that a table of lwIP does not show: a counter that moved, and how many ticks that still matters. */
struct trace {
	uint32_t seen;
	uint32_t left;
};

static uint32_t trace_wanted(struct trace *trace, uint32_t counter, uint32_t ticks)
{
	if (trace->seen != counter) {
		trace->seen = counter;
		trace->left = ticks;
	} else if (trace->left > 0) {
		trace->left--;
	}
	return trace->left > 0;
}

/* The sooner of two, of which 0 is never. */
static uint32_t least(uint32_t ticks, uint32_t other)
{
	return ticks == 0 || (other != 0 && other < ticks) ? other : ticks;
}

/* Whether time alone will do something to the connection, probes of its peer aside. */
static bool tcp_pcb_waits(const struct tcp_pcb *pcb)
{
	if (pcb->state != ESTABLISHED && pcb->state != CLOSE_WAIT)
		return true;
	return pcb->unacked != NULL || pcb->unsent != NULL || pcb->ooseq != NULL || pcb->refused_data != NULL ||
	       pcb->persist_backoff != 0 || (pcb->flags & (TF_ACK_DELAY | TF_CLOSEPEND | TF_NAGLEMEMERR)) != 0;
}

/* Ticks until a connection in rest is probed, or given up after the last probe: as tcp_slowtmr() has it, which counts every second one. */
static uint32_t keepalive_wanted(const struct tcp_pcb *pcb)
{
	uint32_t sent = pcb->keep_cnt_sent < pcb->keep_cnt ? pcb->keep_cnt_sent : pcb->keep_cnt;
	uint32_t due = (pcb->keep_idle + sent * pcb->keep_intvl) / TCP_SLOW_INTERVAL;
	uint32_t idle = tcp_ticks - pcb->tmr;

	return idle <= due ? 2 * (due - idle + 1) : 1;
}

/* Whoever found no memory looks again at a tick: on_poll() in stream.c. */
static uint32_t memory_wanted(void)
{
	const struct net_memory_counters *memory = net_memory_counters();
	static struct trace trace;

	return trace_wanted(&trace, (uint32_t)(memory->refused + memory->scarce), 4);
}

static uint32_t tcp_wanted(void)
{
	uint32_t ticks = 0;

	if (memory_wanted() != 0 || tcp_tw_pcbs != NULL)
		return 1;
	for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
		if (tcp_pcb_waits(pcb))
			return 1;
		if (ip_get_option(pcb, SOF_KEEPALIVE))
			ticks = least(ticks, keepalive_wanted(pcb));
	}
	return ticks;
}

/* lwIP's first SYNs come at equal distances: each is to wait twice as long as the one before. Spec: RFC 6298 §5.5 */
static void tcp_tick(void)
{
	for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next)
		if (pcb->state == SYN_SENT)
			pcb->rto = (s16_t)(LWIP_TCP_RTO_TIME / TCP_SLOW_INTERVAL << pcb->nrtx);
	tcp_tmr();
}

/* Requests are repeated, and given up, for ARP_MAXPENDING seconds after the last was sent. */
static uint32_t arp_wanted(void)
{
	static struct trace trace;

	return trace_wanted(&trace, lwip_stats.etharp.xmit, 8);
}

static uint32_t reass_wanted(void)
{
	static struct trace trace;

	return trace_wanted(&trace, lwip_stats.ip_frag.recv, IP_REASS_MAXAGE + 1);
}

static uint32_t reass6_wanted(void)
{
	static struct trace trace;

	return trace_wanted(&trace, lwip_stats.ip6_frag.recv, IPV6_REASS_MAXAGE + 1);
}

static uint32_t dhcp_fine_wanted(void)
{
	const struct netif *netif;

	NETIF_FOREACH(netif)
		if (netif_dhcp_data(netif) != NULL && netif_dhcp_data(netif)->request_timeout > 0)
			return 1;
	return 0;
}

/* The lease is renewed, or ends. */
static uint32_t dhcp_coarse_wanted(void)
{
	const struct netif *netif;
	uint32_t ticks = 0;

	NETIF_FOREACH(netif) {
		const struct dhcp *dhcp = netif_dhcp_data(netif);

		if (dhcp == NULL)
			continue;
		ticks = least(ticks, dhcp->t1_renew_time);
		ticks = least(ticks, dhcp->t2_rebind_time);
		if (dhcp->t0_timeout > dhcp->lease_used)
			ticks = least(ticks, (uint32_t)dhcp->t0_timeout - dhcp->lease_used);
	}
	return ticks;
}

static uint32_t dns_wanted(void)
{
	return net_resolve_is_busy();
}

static uint32_t nd6_wanted(void)
{
	const struct netif *netif;

	for (unsigned i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
		uint8_t state = neighbor_cache[i].state;

		if (state == ND6_INCOMPLETE || state == ND6_DELAY || state == ND6_PROBE)
			return 1;
	}
	NETIF_FOREACH(netif) {
		if (netif->rs_count > 0 && netif_is_link_up(netif))
			return 1;
		for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
			if (ip6_addr_istentative(netif_ip6_addr_state(netif, i)))
				return 1;
	}
	return 0;
}

static uint32_t mld6_wanted(void)
{
	const struct netif *netif;

	NETIF_FOREACH(netif)
		for (const struct mld_group *group = netif_mld6_data(netif); group != NULL; group = group->next)
			if (group->timer > 0)
				return 1;
	return 0;
}

/* Ticks that are not made up for count as time: lwIP counts every second one. */
static void tcp_skip(uint64_t ticks)
{
	static uint64_t skipped;

	skipped += ticks;
	tcp_ticks += (uint32_t)(skipped / 2);
	skipped %= 2;
}

enum { TCP, DHCP_COARSE = 5 };

static const struct cyclic cyclics[] = {
	[TCP] = { TCP_TMR_INTERVAL, 1, tcp_tick, tcp_wanted },
	{ ARP_TMR_INTERVAL, ARP_MAXAGE + 1, etharp_tmr, arp_wanted },
	{ IP_TMR_INTERVAL, IP_REASS_MAXAGE + 1, ip_reass_tmr, reass_wanted },
	{ IP6_REASS_TMR_INTERVAL, IPV6_REASS_MAXAGE + 1, ip6_reass_tmr, reass6_wanted },
	{ DHCP_FINE_TIMER_MSECS, 1, dhcp_fine_tmr, dhcp_fine_wanted },
	[DHCP_COARSE] = { DHCP_COARSE_TIMER_MSECS, UINT16_MAX, dhcp_coarse_tmr, dhcp_coarse_wanted },
	{ DNS_TMR_INTERVAL, 3600, dns_tmr, dns_wanted },
	{ ND6_TMR_INTERVAL, 7200, nd6_tmr, nd6_wanted },
	{ MLD6_TMR_INTERVAL, 1, mld6_tmr, mld6_wanted },
};

/* When each ticks next, and at which of its ticks somebody waits for it: 0 for none. */
static uint64_t due_ns[ARRAY_LEN(cyclics)];
static uint32_t wanted[ARRAY_LEN(cyclics)];

void net_timers_init(uint64_t now_ns)
{
	for (unsigned i = 0; i < ARRAY_LEN(cyclics); i++)
		due_ns[i] = now_ns + cyclics[i].interval_ms * NS_PER_MS;
	net_timers_touch();
}

static void cyclic_run(unsigned i, uint64_t now_ns)
{
	const struct cyclic *cyclic = &cyclics[i];
	uint64_t interval_ns = cyclic->interval_ms * NS_PER_MS;
	uint64_t ticks = (now_ns - due_ns[i]) / interval_ns + 1;

	due_ns[i] += ticks * interval_ns;
	if (i == TCP)
		tcp_skip(ticks - 1);
	for (uint64_t n = 0; n < ticks && n < cyclic->catch_up; n++)
		cyclic->tick();
	wanted[i] = cyclic->wanted();
}

void net_timers_run(uint64_t now_ns)
{
	for (unsigned i = 0; i < ARRAY_LEN(cyclics); i++)
		if (now_ns >= due_ns[i])
			cyclic_run(i, now_ns);
}

void net_timers_touch(void)
{
	for (unsigned i = 0; i < ARRAY_LEN(cyclics); i++)
		wanted[i] = 1;
	wanted[DHCP_COARSE] = dhcp_coarse_wanted(); /* its tables show it at once, and its tick is long */
}

uint64_t net_timers_next(uint64_t now_ns)
{
	uint64_t next_ns = NET_TIMERS_NEVER;

	for (unsigned i = 0; i < ARRAY_LEN(cyclics); i++) {
		uint64_t at_ns = due_ns[i] + (wanted[i] - 1) * (cyclics[i].interval_ms * NS_PER_MS);

		if (wanted[i] != 0 && at_ns < next_ns)
			next_ns = at_ns;
	}
	return next_ns > now_ns ? next_ns : now_ns;
}

/* lwIP's two names: it says itself when its first connection is there. */
void sys_timeouts_init(void)
{
}

void tcp_timer_needed(void)
{
	wanted[TCP] = 1;
}
