// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/handshake.h"

#include <lwip/inet_chksum.h>
#include <lwip/ip.h>
#include <lwip/priv/tcp_priv.h>

#include "hal/contract/timer.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/stream_internal.h"
#include "lib/bits.h"

#define SLOT_NS 64000000000ull /* a cookie is good for one to two of these */

enum { MSS_BITS = 3, OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, OPTION_MSS_BYTES = 4 };

/* What a cookie has room for: the largest that is not above the peer's. */
static const uint16_t mss_table[1 << MSS_BITS] = { 128, 536, 1024, 1220, 1360, 1400, 1440, 1460 };

static uint64_t cookies_until_ns; /* none that is good was given out since */

/* Of the segment that is being received. */
static uint32_t cookie_make(const struct tcp_hdr *header, uint32_t peer_sequence, unsigned mss, uint64_t slot)
{
	uint64_t what = (uint64_t)peer_sequence << 32 | (slot & 0xffffff) << 8 | mss;
	uint64_t hash = net_port_hash(ip_current_dest_addr(), header->dest, ip_current_src_addr(), header->src, what);

	return (uint32_t)hash << MSS_BITS | mss;
}

/* The peer's largest segment, as an index. What says nothing of it takes the least that everybody does (RFC 9293 §3.7.1). */
static unsigned mss_read(const struct tcp_hdr *header, uint16_t option_bytes)
{
	const uint8_t *options = (const uint8_t *)(header + 1);
	uint16_t said = mss_table[1];
	unsigned mss = 0;

	for (unsigned at = 0; at < option_bytes && options[at] != OPTION_END;) {
		unsigned bytes = options[at] == OPTION_NOP ? 1 : at + 1 < option_bytes ? options[at + 1] : 0;

		if (bytes == 0 || bytes > option_bytes - at || (options[at] != OPTION_NOP && bytes == 1))
			break;
		if (options[at] == OPTION_MSS && bytes == OPTION_MSS_BYTES)
			said = (uint16_t)(options[at + 2] << 8 | options[at + 3]);
		at += bytes;
	}
	while (mss + 1 < ARRAY_LEN(mss_table) && mss_table[mss + 1] <= said)
		mss++;
	return mss;
}

/* SYN and ACK, with our largest segment, and nothing remembered. Where memory is out, the peer asks again. */
static void answer(const struct tcp_hdr *syn, uint32_t cookie)
{
	struct netif *netif = ip_current_input_netif();
	struct pbuf *packet = pbuf_alloc(PBUF_IP, TCP_HLEN + OPTION_MSS_BYTES, PBUF_RAM);
	struct tcp_hdr *header;

	if (packet == NULL)
		return;
	header = packet->payload;
	header->src = lwip_htons(syn->dest);
	header->dest = lwip_htons(syn->src);
	header->seqno = lwip_htonl(cookie);
	header->ackno = lwip_htonl(syn->seqno + 1);
	TCPH_HDRLEN_FLAGS_SET(header, (TCP_HLEN + OPTION_MSS_BYTES) / 4, TCP_SYN | TCP_ACK);
	header->wnd = lwip_htons(UINT16_MAX);
	header->chksum = 0;
	header->urgp = 0;
	*(uint32_t *)(header + 1) = TCP_BUILD_MSS_OPTION(tcp_eff_send_mss(TCP_MSS, ip_current_dest_addr(), ip_current_src_addr()));
	IF__NETIF_CHECKSUM_ENABLED(netif, NETIF_CHECKSUM_GEN_TCP)
		header->chksum = ip_chksum_pseudo(packet, IP_PROTO_TCP, packet->tot_len, ip_current_dest_addr(), ip_current_src_addr());
	(void)ip_output_if(packet, ip_current_dest_addr(), ip_current_src_addr(), TCP_TTL, 0, IP_PROTO_TCP, netif);
	(void)pbuf_free(packet);
}

/* Whether the acknowledgement carries a cookie of ours, of now or of the slot before. */
static bool cookie_is_good(const struct tcp_hdr *header)
{
	uint32_t cookie = header->ackno - 1;
	unsigned mss = cookie & (ARRAY_LEN(mss_table) - 1);
	uint64_t slot = hal_timer_now_ns() / SLOT_NS;

	return cookie == cookie_make(header, header->seqno - 1, mss, slot) ||
	       (slot > 0 && cookie == cookie_make(header, header->seqno - 1, mss, slot - 1));
}

/* The connection as it would be had it been remembered since its SYN: as tcp_listen_input() of lwIP makes it. */
static bool connection_make(struct tcp_pcb_listen *listener, const struct tcp_hdr *header)
{
	struct tcp_pcb *tcp = tcp_alloc(listener->prio);
	uint32_t cookie = header->ackno - 1;

	if (tcp == NULL)
		return false;
	ip_addr_copy(tcp->local_ip, *ip_current_dest_addr());
	ip_addr_copy(tcp->remote_ip, *ip_current_src_addr());
	tcp->local_port = listener->local_port;
	tcp->remote_port = header->src;
	tcp->state = SYN_RCVD;
	tcp->rcv_nxt = header->seqno;
	tcp->rcv_ann_right_edge = tcp->rcv_nxt;
	tcp->snd_wl1 = header->seqno - 2; /* before what its SYN had: the window is taken from the segment that follows */
	tcp->snd_wl2 = cookie;
	tcp->lastack = cookie;
	tcp->snd_nxt = cookie + 1;
	tcp->snd_lbb = cookie + 1;
	tcp->snd_wnd = header->wnd;
	tcp->snd_wnd_max = header->wnd;
	tcp->callback_arg = listener->callback_arg;
	tcp->listener = listener;
	tcp->so_options = listener->so_options & SOF_INHERITED;
	tcp->netif_idx = listener->netif_idx;
	tcp->mss = tcp_eff_send_mss(mss_table[cookie & (ARRAY_LEN(mss_table) - 1)], &tcp->local_ip, &tcp->remote_ip);
	TCP_REG_ACTIVE(tcp);
	return true;
}

/* The segment once more from its beginning, for the connection that is there now. */
static void take_again(struct tcp_hdr *header, uint16_t option_bytes, struct pbuf *packet)
{
	(void)pbuf_add_header_force(packet, TCP_HLEN + (size_t)option_bytes); /* as much as was taken off */
	header->src = lwip_htons(header->src);
	header->dest = lwip_htons(header->dest);
	header->seqno = lwip_htonl(header->seqno);
	header->ackno = lwip_htonl(header->ackno);
	header->wnd = lwip_htons(header->wnd);
	pbuf_ref(packet);
	(void)tcp_input(packet, ip_current_input_netif());
}

/* Whether as many connections wait to be accepted as may. */
static bool is_full(const struct tcp_pcb_listen *listener)
{
	return net_listener_waiting(listener->callback_arg) >= listener->backlog;
}

/* Whether there is room to remember one more: half of the backlog is kept for those that are done with it. */
static bool may_remember(const struct tcp_pcb_listen *listener)
{
	unsigned under_way = listener->accepts_pending - net_listener_waiting(listener->callback_arg);

	return under_way < (listener->backlog + 1u) / 2 && listener->accepts_pending < listener->backlog && !net_memory_is_scarce();
}

static err_t take_syn(const struct tcp_pcb_listen *listener, const struct tcp_hdr *header, uint16_t option_bytes)
{
	unsigned mss = mss_read(header, option_bytes);
	uint64_t now_ns = hal_timer_now_ns();

	if (is_full(listener))
		return ERR_ABRT; /* the peer tries again: who accepts nothing has no use for more */
	if (may_remember(listener))
		return ERR_OK;
	cookies_until_ns = now_ns + 2 * SLOT_NS;
	answer(header, cookie_make(header, header->seqno, mss, now_ns / SLOT_NS));
	return ERR_ABRT;
}

static err_t take_ack(struct tcp_pcb_listen *listener, struct tcp_hdr *header, uint16_t option_bytes, struct pbuf *packet)
{
	if (hal_timer_now_ns() >= cookies_until_ns || !cookie_is_good(header))
		return ERR_OK; /* lwIP resets it */
	/* Where nobody accepts what is there, or memory is out, it is lost: the peer sends it again. */
	if (!is_full(listener) && listener->accepts_pending < UINT8_MAX && connection_make(listener, header))
		take_again(header, option_bytes, packet);
	return ERR_ABRT;
}

static bool is_listened_on(uint16_t port)
{
	const struct tcp_pcb_listen *listener = tcp_listen_pcbs.listen_pcbs;

	while (listener != NULL && listener->local_port != port)
		listener = listener->next;
	return listener != NULL;
}

/*
 * A peer begins anew from a port whose last connection still waits for stray segments: a SYN behind all that it sent there is none of them, and
 * what waited is forgotten (RFC 9293 §3.6.1 MAY-2; our sequence numbers go on with the clock). lwIP would answer for the old connection until its
 * time is over, and does not hear a reset.
 */
static err_t take_anew(struct tcp_pcb *waiting, struct tcp_hdr *header, uint16_t option_bytes, struct pbuf *packet)
{
	if (!TCP_SEQ_GT(header->seqno, waiting->rcv_nxt) || !is_listened_on(waiting->local_port))
		return ERR_OK;
	tcp_abandon(waiting, 0);
	take_again(header, option_bytes, packet);
	return ERR_ABRT;
}

int8_t net_handshake_take(struct tcp_pcb *tcp, struct tcp_hdr *header, uint16_t option_bytes, struct pbuf *packet)
{
	struct tcp_pcb_listen *listener = (struct tcp_pcb_listen *)tcp;
	uint8_t flags = TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST);

	/* Options that lie in two buffers cannot be put back: they are lwIP's alone. */
	if (TCP_HLEN + option_bytes != TCPH_HDRLEN_BYTES(header))
		return ERR_OK;
	if (tcp->state == TIME_WAIT && flags == TCP_SYN)
		return take_anew(tcp, header, option_bytes, packet);
	if (tcp->state != LISTEN || listener->callback_arg == NULL)
		return ERR_OK;
	if (flags == TCP_SYN)
		return take_syn(listener, header, option_bytes);
	return flags == TCP_ACK ? take_ack(listener, header, option_bytes, packet) : ERR_OK;
}
