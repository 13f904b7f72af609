// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* How a connection stands, as getsockopt() tells it. */
#include <assert.h>
#include <stddef.h>

#include "kernel/io/net/net.h"
#include "kernel/sys/linux/socket_tcp.h"
#include "lib/bits.h"
#include "lib/string.h"

enum { OPTION_TIMESTAMPS = 1, OPTION_SACK = 2, OPTION_SCALED = 4 };
enum { SEGMENT_AT_FIRST = 536, RTO_AT_FIRST_US = 1000000, REORDERING = 3, ACK_US = 40000, NAME_BYTES = 16 };

/* Spec: Linux 6.1, include/uapi/linux/tcp.h: struct tcp_info */
struct tcp_info {
	uint8_t state, ca_state, retransmits, probes, backoff, options, scales, fastopen;
	uint32_t rto, ato, snd_mss, rcv_mss;
	uint32_t unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
	uint32_t rcv_rtt, rcv_space, total_retrans;
	uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
	uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
	uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
	uint32_t delivered, delivered_ce;
	uint64_t bytes_sent, bytes_retrans;
	uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd;
};

static_assert(offsetof(struct tcp_info, rtt) == 68 && offsetof(struct tcp_info, pacing_rate) == 104 && sizeof(struct tcp_info) == LINUX_OPTION_MAX,
	      "include/uapi/linux/tcp.h");

enum { ESTABLISHED = 3, LISTENING = 0, CLOSED = 10 };

/* Spec: Linux, include/net/tcp_states.h */
static uint8_t linux_state(uint8_t state)
{
	static const uint8_t states[] = { 10 /* LISTEN */, 2, 3, 1 /* ESTABLISHED */, 4, 5, 8, 11, 9, 6, 7 /* CLOSE */ };

	return states[state < ARRAY_LEN(states) ? state : CLOSED];
}

static void info_there(void *arg)
{
	struct tcp_asking *asking = arg;
	const struct tcp_socket *own = asking->own;

	asking->info = (struct net_stream_info){ .state = own->listener != NULL ? LISTENING : CLOSED };
	if (own->stream != NULL)
		net_stream_info(own->stream, &asking->info);
	if (own->listener != NULL) {
		asking->info.unacked_segments = own->listener->queue_count;
		asking->backlog = own->listener->backlog - 1; /* tcp_listen() */
	}
}

/* What has not been measured, or is counted nowhere, is 0. */
static void info_tell(const struct tcp_asking *asking, struct tcp_info *to)
{
	const struct net_stream_info *info = &asking->info;
	uint32_t segment = info->segment != 0 ? info->segment : SEGMENT_AT_FIRST;

	*to = (struct tcp_info){
		.state = linux_state(info->state),
		.retransmits = info->retransmits,
		.probes = info->probes,
		.options = (uint8_t)((info->timestamps ? OPTION_TIMESTAMPS : 0) | (info->selective ? OPTION_SACK : 0) | (info->scaled ? OPTION_SCALED : 0)),
		.scales = info->scaled ? (uint8_t)(info->send_scale | info->receive_scale << 4) : 0,
		.rto = info->rto_us != 0 ? info->rto_us : RTO_AT_FIRST_US,
		.ato = info->state == ESTABLISHED ? ACK_US : 0,
		.snd_mss = segment,
		.rcv_mss = segment,
		.unacked = info->unacked_segments,
		.sacked = asking->backlog, /* of who listens */
		.retrans = info->retransmits,
		.pmtu = info->mtu,
		.rcv_ssthresh = info->room,
		.rtt = info->rtt_us,
		.rttvar = info->rttvar_us,
		.snd_ssthresh = info->segment != 0 ? info->threshold / segment : INT32_MAX,
		.snd_cwnd = info->segment != 0 ? info->window / segment : 1,
		.advmss = segment,
		.reordering = REORDERING,
		.rcv_space = info->room,
		.notsent_bytes = info->unsent,
		.snd_wnd = info->peer_window,
	};
}

int64_t linux_tcp_option(struct linux_socket *socket, int level, int name, void *to)
{
	struct tcp_asking asking = { .own = tcp_of(socket) };
	bool connected;
	uint32_t number;

	if (level == LINUX_IPPROTO_TCP && name == LINUX_TCP_CONGESTION) {
		memcpy(to, (const char[NAME_BYTES]){ "reno" }, NAME_BYTES);
		return NAME_BYTES;
	}
	if (level == LINUX_IPPROTO_TCP ? name != LINUX_TCP_INFO && name != LINUX_TCP_MAXSEG : level != LINUX_IPPROTO_IP || name != LINUX_IP_MTU)
		return STATUS_ENOPROTOOPT;
	net_look(info_there, &asking);
	connected = asking.info.segment != 0;
	if (level == LINUX_IPPROTO_TCP && name == LINUX_TCP_INFO) {
		info_tell(&asking, to);
		return sizeof(struct tcp_info);
	}
	if (level == LINUX_IPPROTO_IP && !connected)
		return STATUS_ENOTCONN;
	number = (uint32_t)*linux_socket_option(socket, LINUX_IPPROTO_TCP, LINUX_TCP_MAXSEG);
	number = level == LINUX_IPPROTO_IP ? asking.info.mtu : connected ? asking.info.segment : number != 0 ? number : SEGMENT_AT_FIRST;
	memcpy(to, &number, sizeof(number));
	return sizeof(number);
}
