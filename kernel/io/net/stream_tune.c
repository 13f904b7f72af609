// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What can be chosen for a connection of stream.h, and how it stands. */
#include <lwip/ip.h>
#include <lwip/priv/tcp_priv.h>

#include "hal/contract/timer.h"
#include "kernel/io/net/convert.h"
#include "kernel/io/net/interfaces.h"
#include "kernel/io/net/net.h"
#include "kernel/io/net/stream.h"
#include "kernel/io/net/stream_internal.h"
#include "kernel/io/net/timers.h"

enum { NS_PER_MS = 1000000, IP4_MAX = 65535 };

void net_stream_tune(struct net_stream *stream, const struct net_tuning *how)
{
	const struct net_marks *marks = stream->peer.address.family == NET_FAMILY_6 ? &how->marks6 : &how->marks;

	stream->user_timeout_ms = how->user_timeout_ms;
	if (stream->tcp == NULL)
		return;
	stream->tcp->ttl = marks->ttl;
	stream->tcp->tos = marks->tos;
	stream->tcp->keep_idle = how->keepalive.idle_s * 1000;
	stream->tcp->keep_intvl = how->keepalive.interval_s * 1000;
	stream->tcp->keep_cnt = how->keepalive.probes;
	if (how->keepalive.on)
		ip_set_option(stream->tcp, SOF_KEEPALIVE);
	else
		ip_reset_option(stream->tcp, SOF_KEEPALIVE);
	if (how->keepalive.on)
		net_timers_touch();
}

bool net_stream_is_overdue(struct net_stream *stream)
{
	const struct tcp_pcb *tcp = stream->tcp;
	uint64_t now_ns;

	if (stream->user_timeout_ms == 0 || tcp->unacked == NULL) {
		stream->acked_ns = 0;
		return false;
	}
	now_ns = hal_timer_now_ns();
	if (stream->acked_ns == 0 || stream->acked != tcp->lastack) {
		stream->acked = tcp->lastack;
		stream->acked_ns = now_ns;
	}
	return now_ns - stream->acked_ns >= (uint64_t)stream->user_timeout_ms * NS_PER_MS;
}

uint32_t net_mtu_towards(const struct net_address *address)
{
	const struct netif *netif;
	ip_addr_t to;

	net_address_to_lwip(address, &to);
	netif = ip_route(IP_IS_V6_VAL(to) ? IP6_ADDR_ANY : IP4_ADDR_ANY, &to);
	if (netif != NULL && netif->mtu != 0 && !net_address_is_local(address))
		return netif->mtu;
	return IP_IS_V6_VAL(to) ? NET_MTU_SELF : IP4_MAX;
}

/* lwIP's states in the order of RFC 9293. */
static uint8_t state_of(const struct tcp_pcb *tcp)
{
	static const uint8_t states[] = {
		[CLOSED] = 10, [LISTEN] = 0, [SYN_SENT] = 1, [SYN_RCVD] = 2, [ESTABLISHED] = 3, [FIN_WAIT_1] = 4, [FIN_WAIT_2] = 5, [CLOSE_WAIT] = 6,
		[CLOSING] = 7, [LAST_ACK] = 8, [TIME_WAIT] = 9,
	};

	return states[tcp != NULL ? tcp->state : CLOSED];
}

static uint32_t segments_of(const struct tcp_seg *list)
{
	uint32_t count = 0;

	for (; list != NULL; list = list->next)
		count++;
	return count;
}

void net_stream_info(const struct net_stream *stream, struct net_stream_info *out)
{
	const struct tcp_pcb *tcp = stream->tcp;

	*out = (struct net_stream_info){ .state = state_of(tcp) };
	if (tcp == NULL)
		return;
	out->retransmits = tcp->nrtx;
	out->probes = tcp->persist_probe;
	out->timestamps = tcp_is_flag_set(tcp, TF_TIMESTAMP);
	out->selective = tcp_is_flag_set(tcp, TF_SACK);
	out->scaled = tcp_is_flag_set(tcp, TF_WND_SCALE);
	out->send_scale = tcp->snd_scale;
	out->receive_scale = tcp->rcv_scale;
	out->rto_us = (uint32_t)tcp->rto * TCP_SLOW_INTERVAL * 1000;
	out->rtt_us = (uint32_t)(tcp->sa > 0 ? tcp->sa : 0) * (TCP_SLOW_INTERVAL * 1000 / 8); /* as RFC 6298 has it, scaled so */
	out->rttvar_us = (uint32_t)(tcp->sv > 0 ? tcp->sv : 0) * (TCP_SLOW_INTERVAL * 1000 / 4);
	out->segment = tcp_mss(tcp);
	out->window = tcp->cwnd;
	out->threshold = tcp->ssthresh;
	out->unacked_segments = segments_of(tcp->unacked);
	out->unsent = tcp->snd_lbb - tcp->snd_nxt;
	out->peer_window = tcp->snd_wnd;
	out->room = tcp->rcv_wnd;
	out->mtu = net_mtu_towards(&stream->peer.address);
}
