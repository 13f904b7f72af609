// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/datagram.h"

#include <lwip/udp.h>

#include "kernel/io/net/convert.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/net.h"
#include "kernel/io/net/peers.h"
#include "lib/string.h"

struct received {
	struct list_node node;
	struct pbuf *pbuf;
	struct net_endpoint from;
};

static void on_received(void *arg, struct udp_pcb *udp, struct pbuf *pbuf, const ip_addr_t *address, u16_t port)
{
	struct net_datagram *datagram = arg;
	struct received *received = NULL;

	(void)udp;
	/* One counts for what it holds, which is a whole buffer of the device at times. */
	if (datagram->queue_count < NET_DATAGRAM_QUEUE && datagram->queue_bytes + pbuf->tot_len <= NET_DATAGRAM_QUEUE_BYTES)
		received = net_memory_alloc(sizeof(*received));
	if (received == NULL) {
		datagram->dropped++;
		(void)pbuf_free(pbuf);
		return;
	}
	received->pbuf = pbuf;
	net_address_from_lwip(address, &received->from.address);
	received->from.port = port;
	datagram->queue_count++;
	datagram->queue_bytes += pbuf->tot_len;
	list_push_back(&datagram->queue, &received->node);
	net_events_raise(&datagram->events);
}

static err_t bind(struct net_datagram *datagram, const struct net_endpoint *at, bool shares)
{
	ip_addr_t address;

	net_address_to_lwip(&at->address, &address);
	datagram->udp = udp_new_ip_type(IP_GET_TYPE(&address));
	if (datagram->udp == NULL)
		return ERR_MEM;
	if (shares)
		ip_set_option(datagram->udp, SOF_REUSEADDR);
	return udp_bind(datagram->udp, &address, at->port);
}

status_t net_datagram_open(const struct net_endpoint *at, bool shares, struct net_datagram **out)
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

status_t net_datagram_send(struct net_datagram *datagram, const struct net_endpoint *to, struct span data)
{
	struct pbuf *pbuf;
	ip_addr_t address;
	err_t error;

	if (data.len > NET_DATAGRAM_MAX)
		return STATUS_EMSGSIZE;
	net_address_to_lwip(&to->address, &address);
	if (to->address.family == NET_FAMILY_ANY || ip_addr_isany(&address) || to->port == 0)
		return STATUS_EINVAL;
	pbuf = net_memory_is_scarce() ? NULL : pbuf_alloc(PBUF_TRANSPORT, (u16_t)data.len, PBUF_RAM);
	if (pbuf == NULL)
		return STATUS_EAGAIN;
	memcpy(pbuf->payload, data.data, data.len);
	error = udp_sendto(datagram->udp, pbuf, &address, to->port);
	(void)pbuf_free(pbuf);
	return error == ERR_MEM || error == ERR_BUF ? STATUS_EAGAIN : net_status(error);
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

static struct received *first_of(const struct net_datagram *datagram)
{
	return LIST_OWNER(datagram->queue.next, struct received, node);
}

status_t net_datagram_peek(const struct net_datagram *datagram, uint32_t *bytes, struct net_endpoint *from)
{
	if (list_is_empty(&datagram->queue))
		return STATUS_EAGAIN;
	*bytes = first_of(datagram)->pbuf->tot_len;
	*from = first_of(datagram)->from;
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
