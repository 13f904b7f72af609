// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/device.h"

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/mld6.h>
#include <netif/ethernet.h>

#include "kernel/core/log.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/recent.h"
#include "kernel/io/net/timers.h"
#include "lib/string.h"

/* Below this copying costs less than having one buffer less. */
enum { COPY_BYTES = 256 };

#define RESTART_WAIT_NS 1000000000ull

/* A received buffer that lwIP has been lent. */
struct lent {
	struct pbuf_custom custom; /* first: lwIP gives back its address */
	struct net_device *device;
	void *token;
};

static void lent_free(struct pbuf *pbuf)
{
	struct lent *lent = (struct lent *)(void *)pbuf;

	lent->device->held--;
	hal_net_release(lent->device->hal, lent->token);
	net_memory_free(lent);
}

static struct pbuf *piece_copy(struct net_device *device, const struct hal_net_frame *piece)
{
	struct pbuf *pbuf = pbuf_alloc(PBUF_RAW, (u16_t)piece->len, PBUF_RAM);

	if (pbuf != NULL) {
		memcpy(pbuf->payload, piece->data, piece->len);
		device->counters.copied++;
	}
	hal_net_release(device->hal, piece->token);
	return pbuf;
}

static struct pbuf *piece_lend(struct net_device *device, const struct hal_net_frame *piece)
{
	struct lent *lent = net_memory_alloc(sizeof(*lent));

	if (lent == NULL) {
		hal_net_release(device->hal, piece->token);
		return NULL;
	}
	lent->device = device;
	lent->token = piece->token;
	lent->custom.custom_free_function = lent_free;
	device->held++;
	return pbuf_alloced_custom(PBUF_RAW, (u16_t)piece->len, PBUF_REF, &lent->custom, piece->data, (u16_t)piece->len);
}

static void partial_forget(struct net_device *device)
{
	if (device->partial != NULL)
		(void)pbuf_free(device->partial);
	device->partial = NULL;
	device->partial_lost = false;
}

/* Adds a piece to the frame that is coming in. */
static void piece_take(struct net_device *device, const struct hal_net_frame *piece)
{
	bool copy = piece->len <= COPY_BYTES || device->held >= device->info.buffers / 2;
	uint32_t before = device->partial != NULL ? device->partial->tot_len : 0;
	struct pbuf *pbuf = NULL;

	if (device->partial == NULL && !device->partial_lost)
		device->partial_good = piece->checksum_good;
	if (device->partial_lost || before + piece->len > UINT16_MAX) /* all that a frame's length can be in lwIP */
		hal_net_release(device->hal, piece->token);
	else
		pbuf = copy ? piece_copy(device, piece) : piece_lend(device, piece);
	if (pbuf == NULL)
		device->partial_lost = true;
	else if (device->partial == NULL)
		device->partial = pbuf;
	else
		pbuf_cat(device->partial, pbuf);
}

/* The frame is complete: up with it, unless it is lost. What the device vouches for is not looked at again. */
static void frame_deliver(struct net_device *device)
{
	struct netif *netif = &device->netif;
	struct pbuf *frame = device->partial;
	uint16_t vouched = device->partial_good ? NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP : 0;

	if (device->partial_lost || frame == NULL) {
		device->counters.dropped++;
		partial_forget(device);
		return;
	}
	device->partial = NULL;
	device->counters.received++;
	NETIF_SET_CHECKSUM_CTRL(netif, device->checks & ~vouched);
	net_recent_first(frame);
	if (netif->input(frame, netif) != ERR_OK)
		(void)pbuf_free(frame);
	NETIF_SET_CHECKSUM_CTRL(netif, device->checks);
}

unsigned net_device_receive(struct net_device *device, unsigned most)
{
	struct hal_net_frame piece;
	unsigned count = 0;

	while (count < most && hal_net_receive(device->hal, &piece)) {
		piece_take(device, &piece);
		if (piece.more)
			continue;
		frame_deliver(device);
		count++;
	}
	if (count > 0)
		net_timers_touch();
	return count;
}

static err_t output(struct netif *netif, struct pbuf *frame)
{
	struct net_device *device = netif->state;

	net_timers_touch();
	return net_transmit_frame(&device->transmit, frame) == STATUS_OK ? ERR_OK : ERR_MEM;
}

static err_t interface_init(struct netif *netif)
{
	const struct net_device *device = netif->state;

	netif->name[0] = 'n';
	netif->name[1] = 'e';
	netif->output = etharp_output;
	netif->output_ip6 = ethip6_output;
	netif->linkoutput = output;
	netif->mtu = device->info.mtu;
	netif->mtu6 = device->info.mtu;
	netif->hwaddr_len = sizeof(device->info.mac);
	memcpy(netif->hwaddr, device->info.mac, sizeof(device->info.mac));
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
	return ERR_OK;
}

/* After each start: features may differ. */
static void device_begin(struct net_device *device)
{
	hal_net_info(device->hal, &device->info);
	device->checks = NETIF_CHECKSUM_ENABLE_ALL;
	if (device->info.tx_checksum)
		device->checks &= (uint16_t)~NETIF_CHECKSUM_GEN_TCP;
	net_transmit_init(&device->transmit, device->hal, &device->info);
}

static void link_follow(struct net_device *device)
{
	bool up = !hal_net_is_broken(device->hal) && hal_net_link(device->hal);

	if (up && !netif_is_link_up(&device->netif))
		netif_set_link_up(&device->netif);
	else if (!up && netif_is_link_up(&device->netif))
		netif_set_link_down(&device->netif);
}

status_t net_device_start(struct net_device *device, struct hal_net *hal, void (*ready)(void *ctx), void *ctx)
{
	status_t status = hal_net_start(hal, ready, ctx);

	if (status != STATUS_OK)
		return status;
	*device = (struct net_device){ .hal = hal, .ready = ready, .ctx = ctx };
	device_begin(device);
	if (netif_add_noaddr(&device->netif, device, interface_init, ethernet_input) == NULL) {
		hal_net_stop(hal);
		return STATUS_ENOMEM;
	}
	NETIF_SET_CHECKSUM_CTRL(&device->netif, device->checks);
	netif_create_ip6_linklocal_address(&device->netif, 1);
	netif_set_ip6_autoconfig_enabled(&device->netif, 1);
	netif_set_default(&device->netif);
	link_follow(device);
	netif_set_up(&device->netif);
	return STATUS_OK;
}

/* A device that broke the rules is started anew, once a second at most; connections live on. */
static uint64_t device_revive(struct net_device *device, uint64_t now_ns)
{
	if (now_ns < device->restart_ns)
		return device->restart_ns;
	device->restart_ns = now_ns + RESTART_WAIT_NS;
	device->counters.restarts++;
	net_transmit_reset(&device->transmit);
	partial_forget(device);
	hal_net_stop(device->hal);
	net_transmit_reclaim(&device->transmit);

	status_t status = hal_net_start(device->hal, device->ready, device->ctx);

	if (status != STATUS_OK) {
		log_print(LOG_NET, LOG_WARN, "the device does not start again: status %d", status);
		return device->restart_ns;
	}
	device_begin(device);
	return NET_TIMERS_NEVER;
}

uint64_t net_device_look_after(struct net_device *device, uint64_t now_ns)
{
	uint64_t again_ns = NET_TIMERS_NEVER;

	if (hal_net_is_broken(device->hal)) {
		link_follow(device);
		again_ns = device_revive(device, now_ns);
	}
	link_follow(device);
	return again_ns;
}
