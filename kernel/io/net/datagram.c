// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/datagram.h"

#include <lwip/udp.h>

#include "hal/contract/timer.h"
#include "kernel/io/net/convert.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/net.h"
#include "kernel/io/net/peers.h"
#include "kernel/io/net/sharing.h"
#include "lib/string.h"

struct received {
	struct list_node node;
	struct pbuf *pbuf;
	struct net_arrival arrival;
};

enum { BESIDE_BYTES = 256 }; /* what is kept beside the bytes of each that waits, about */
static uint64_t all_bytes;   /* that wait, everywhere, and that */

static struct received *first_of(const struct net_datagram *datagram)
{
	return LIST_OWNER(datagram->queue.next, struct received, node);
}

static void on_received(void *arg, struct udp_pcb *udp, struct pbuf *pbuf, const ip_addr_t *address, u16_t port);

/*
 * How well one fits the datagram that is being received: whose peer the sender is better than who has the very address, and that better than who has
 * any; of those who has only IPv4's is better than who has IPv6's as well; 0: not at all. Spec: Linux, net/ipv4/udp.c: compute_score()
 */
static unsigned fit_of(const struct udp_pcb *udp, uint16_t to_port, const struct net_endpoint *from)
{
	const struct net_datagram *datagram = udp->recv_arg;
	bool is_any = ip_addr_isany_val(udp->local_ip);

	if (udp->recv != on_received || udp->local_port != to_port)
		return 0;
	if (is_any && !IP_IS_ANY_TYPE_VAL(udp->local_ip) && IP_IS_V6_VAL(udp->local_ip) != !!ip_current_is_v6())
		return 0;
	if (!is_any && !ip_addr_zoneless_eq(&udp->local_ip, ip_current_dest_addr()))
		return 0;
	if (datagram->peer != NULL)
		return net_endpoint_equal(datagram->peer, from) ? 4 : 0;
	if (!is_any)
		return 3;
	return IP_IS_ANY_TYPE_VAL(udp->local_ip) && !ip_current_is_v6() ? 1 : 2;
}

/*
 * Who of those at one port gets it: who fits best; of several the last that was bound, but of those that share the port the one that draws the most,
 * by a hash of the sender, so that whatever becomes of the others all that one sends goes to one. NULL: nobody.
 */
static struct net_datagram *receiver_of(uint16_t port, const struct net_endpoint *from)
{
	struct net_datagram *best = NULL;
	unsigned best_fit = 0;
	uint64_t most = 0;

	for (const struct udp_pcb *udp = udp_pcbs; udp != NULL; udp = udp->next) {
		unsigned fit = fit_of(udp, port, from);
		uint64_t drawn = 0;

		if (fit != 0 && ip_get_option(udp, NET_SHARES_PORT))
			drawn = net_port_hash(ip_current_dest_addr(), port, ip_current_src_addr(), from->port, (uintptr_t)udp);
		if (fit > best_fit || (fit != 0 && fit == best_fit && drawn > most)) {
			best = udp->recv_arg;
			best_fit = fit;
			most = drawn;
		}
	}
	return best;
}

/* Of the datagram that is being received. */
static void arrival_note(struct net_arrival *to, const struct net_endpoint *from)
{
	*to = (struct net_arrival){ .from = *from, .at_ns = hal_timer_now_ns(), .is_from_here = net_address_is_local(&from->address) };
	net_address_from_lwip(ip_current_dest_addr(), &to->to);
	to->ttl = ip_current_is_v6() ? IP6H_HOPLIM(ip6_current_header()) : IPH_TTL(ip4_current_header());
	to->tos = ip_current_is_v6() ? (uint8_t)IP6H_TC(ip6_current_header()) : IPH_TOS(ip4_current_header());
}

/*
 * Whether one more may wait. Of the half of the network's memory that is for such nobody has more than he leaves: those that nobody receives take it
 * neither from other ports, nor the rest from connections.
 */
static bool has_room(const struct net_datagram *datagram, uint32_t bytes)
{
	uint64_t own = datagram->queue_bytes + (uint64_t)datagram->queue_count * BESIDE_BYTES;

	return datagram->queue_count < NET_DATAGRAM_QUEUE && datagram->queue_bytes + bytes <= NET_DATAGRAM_QUEUE_BYTES &&
	       own + all_bytes + bytes + BESIDE_BYTES <= net_memory_counters()->pages_limit * HAL_PAGE_BYTES / 2;
}

static void on_received(void *arg, struct udp_pcb *udp, struct pbuf *pbuf, const ip_addr_t *address, u16_t port)
{
	struct net_endpoint from = { .port = port };
	struct received *received = NULL;
	struct net_datagram *datagram;

	net_address_from_lwip(address, &from.address);
	datagram = receiver_of(udp->local_port, &from);
	if (datagram == NULL && ((struct net_datagram *)arg)->peer == NULL)
		datagram = arg; /* to all */
	if (datagram == NULL) {
		(void)pbuf_free(pbuf);
		return;
	}
	/* One counts for what it holds, which is a whole buffer of the device at times. */
	if (has_room(datagram, pbuf->tot_len))
		received = net_memory_alloc(sizeof(*received));
	if (received == NULL) {
		datagram->dropped++;
		(void)pbuf_free(pbuf);
		return;
	}
	received->pbuf = pbuf;
	arrival_note(&received->arrival, &from);
	datagram->queue_count++;
	datagram->queue_bytes += pbuf->tot_len;
	all_bytes += pbuf->tot_len + BESIDE_BYTES;
	list_push_back(&datagram->queue, &received->node);
	net_events_raise(&datagram->events);
}

static err_t bind(struct net_datagram *datagram, const struct net_endpoint *at, unsigned shares)
{
	ip_addr_t address;

	net_address_to_lwip(&at->address, &address);
	for (const struct udp_pcb *udp = udp_pcbs; udp != NULL && at->port != 0; udp = udp->next)
		if (udp->local_port == at->port && net_sharing_hinders((const struct ip_pcb *)udp, false, &address, shares))
			return ERR_USE;
	datagram->udp = udp_new_ip_type(IP_GET_TYPE(&address));
	if (datagram->udp == NULL)
		return ERR_MEM;
	net_sharing_set((struct ip_pcb *)datagram->udp, shares);
	return udp_bind(datagram->udp, &address, at->port);
}

status_t net_datagram_open(const struct net_endpoint *at, unsigned shares, struct net_datagram **out)
{
	struct net_datagram *datagram;
	err_t error;

	if (!net_address_is_local(&at->address))
		return STATUS_EADDRNOTAVAIL;
	datagram = net_memory_calloc(1, sizeof(*datagram));
	if (datagram == NULL)
		return STATUS_ENOMEM;
	error = bind(datagram, at, shares);
	if (error != ERR_OK) {
		if (datagram->udp != NULL)
			udp_remove(datagram->udp);
		net_memory_free(datagram);
		return net_status(error);
	}
	net_events_init(&datagram->events);
	list_init(&datagram->queue);
	datagram->bound = at->address;
	datagram->local = *at;
	datagram->local.port = datagram->udp->local_port;
	datagram->marks = (struct net_marks){ .ttl = UDP_TTL, .multicast_ttl = UDP_TTL };
	datagram->marks6 = datagram->marks;
	udp_recv(datagram->udp, on_received, datagram);
	*out = datagram;
	return STATUS_OK;
}

status_t net_datagram_connect(struct net_datagram *datagram, const struct net_endpoint *peer)
{
	const ip_addr_t *from = &datagram->udp->local_ip;
	struct netif *netif;
	ip_addr_t to;

	datagram->peer = NULL;
	datagram->local.address = datagram->bound;
	if (peer == NULL)
		return STATUS_OK;
	net_address_to_lwip(&peer->address, &to);
	netif = ip_route(from, &to);
	if (netif != NULL && ip_addr_isany(from))
		from = ip_netif_get_local_ip(netif, &to);
	if (netif == NULL || from == NULL)
		return STATUS_ENETUNREACH;
	net_address_from_lwip(from, &datagram->local.address);
	datagram->peer = peer;
	return STATUS_OK;
}

/* Out of the socket, from an address of its own where `from` is one. */
static err_t output(struct net_datagram *datagram, const struct net_address *from, const struct net_endpoint *to, struct pbuf *pbuf)
{
	ip_addr_t source, address;
	struct netif *netif;

	net_address_to_lwip(&to->address, &address);
	if (from->family == NET_FAMILY_ANY)
		return udp_sendto(datagram->udp, pbuf, &address, to->port);
	net_address_to_lwip(from, &source);
	netif = ip_route(&source, &address);
	return netif != NULL ? udp_sendto_if_src(datagram->udp, pbuf, &address, to->port, netif, &source) : ERR_RTE;
}

status_t net_datagram_send_as(struct net_datagram *datagram, const struct net_address *from, const struct net_marks *marks, const struct net_endpoint *to,
			      struct span data)
{
	struct pbuf *pbuf;
	ip_addr_t address;
	err_t error;

	if (data.len > NET_DATAGRAM_MAX)
		return STATUS_EMSGSIZE;
	net_address_to_lwip(&to->address, &address);
	if (to->address.family == NET_FAMILY_ANY || ip_addr_isany(&address) || to->port == 0)
		return STATUS_EINVAL;
	if (from->family != NET_FAMILY_ANY && (from->family != to->address.family || !net_address_is_local(from)))
		return STATUS_EINVAL;
	pbuf = net_memory_is_scarce() ? NULL : pbuf_alloc(PBUF_TRANSPORT, (u16_t)data.len, PBUF_RAM);
	if (pbuf == NULL)
		return STATUS_EAGAIN;
	memcpy(pbuf->payload, data.data, data.len);
	if (marks == NULL)
		marks = to->address.family == NET_FAMILY_6 ? &datagram->marks6 : &datagram->marks;
	datagram->udp->ttl = marks->ttl;
	udp_set_multicast_ttl(datagram->udp, marks->multicast_ttl);
	datagram->udp->tos = marks->tos;
	error = output(datagram, from, to, pbuf);
	(void)pbuf_free(pbuf);
	return error == ERR_MEM || error == ERR_BUF ? STATUS_EAGAIN : net_status(error);
}

status_t net_datagram_send(struct net_datagram *datagram, const struct net_endpoint *to, struct span data)
{
	return net_datagram_send_as(datagram, &(struct net_address){ 0 }, NULL, to, data);
}

const struct net_arrival *net_datagram_arrival(const struct net_datagram *datagram)
{
	return &first_of(datagram)->arrival;
}

void net_datagram_refused(const struct net_endpoint *from, const struct net_endpoint *to)
{
	ip_addr_t local;

	net_address_to_lwip(&from->address, &local);
	for (const struct udp_pcb *udp = udp_pcbs; udp != NULL; udp = udp->next) {
		struct net_datagram *datagram = udp->recv_arg;

		if (udp->recv != on_received || udp->local_port != from->port || (!ip_addr_isany_val(udp->local_ip) && !ip_addr_zoneless_eq(&udp->local_ip, &local)) ||
		    datagram->peer == NULL || !net_endpoint_equal(datagram->peer, to))
			continue;
		datagram->error = STATUS_ECONNREFUSED;
		net_events_raise(&datagram->events);
	}
}

status_t net_datagram_peek(const struct net_datagram *datagram, uint32_t *bytes, struct net_endpoint *from)
{
	if (list_is_empty(&datagram->queue))
		return STATUS_EAGAIN;
	*bytes = first_of(datagram)->pbuf->tot_len;
	*from = first_of(datagram)->arrival.from;
	return STATUS_OK;
}

uint32_t net_datagram_copy(const struct net_datagram *datagram, void *to, uint32_t most, uint32_t offset)
{
	const struct pbuf *pbuf = first_of(datagram)->pbuf;

	if (offset >= pbuf->tot_len)
		return 0;
	return pbuf_copy_partial(pbuf, to, most < UINT16_MAX ? (u16_t)most : UINT16_MAX, (u16_t)offset);
}

void net_datagram_consume(struct net_datagram *datagram)
{
	struct received *received = first_of(datagram);

	list_remove(&received->node);
	datagram->queue_count--;
	datagram->queue_bytes -= received->pbuf->tot_len;
	all_bytes -= received->pbuf->tot_len + BESIDE_BYTES;
	(void)pbuf_free(received->pbuf);
	net_memory_free(received);
}

void net_datagram_close(struct net_datagram *datagram)
{
	while (!list_is_empty(&datagram->queue))
		net_datagram_consume(datagram);
	net_events_drop(&datagram->events);
	udp_remove(datagram->udp);
	net_memory_free(datagram);
}
