// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/stack.h"

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/init.h>

#include "hal/contract/timer.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/io/net/convert.h"
#include "kernel/io/net/device.h"
#include "kernel/io/net/events.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/port.h"
#include "kernel/io/net/stream.h"
#include "kernel/io/net/timers.h"

enum {
	TURN_FRAMES = 64, /* then whoever waits for what they brought has a turn */
	TURN_LOOPS = 8,   /* how often what this machine sends itself is answered before others have theirs */
};

static struct net_device device;
static const struct netif *loop; /* W: net_stack_start. lwIP's own, for 127.0.0.1 and ::1 */
static bool started; /* W: net_stack_start */
static struct net_events address_events = { .node = LIST_INIT(address_events.node) };

/* Something of the interface changed. A new address is a line on the console: it is what a user looks for. */
static void on_status(struct netif *netif)
{
	static struct net_address shown;
	struct net_address address;
	char text[NET_ADDRESS_TEXT];

	net_address_from_lwip(&netif->ip_addr, &address);
	if (ip4_addr_isany_val(*netif_ip4_addr(netif)) || net_address_equal(&address, &shown))
		return;
	shown = address;
	net_events_raise(&address_events);
	log_print(LOG_NET, LOG_INFO, "address %s", net_address_print(&address, text));
}

static void address_set(const struct net_config *config)
{
	uint32_t bits = config->prefix == 0 ? 0 : UINT32_MAX << (32 - config->prefix);
	ip_addr_t address;
	ip_addr_t gateway;
	ip4_addr_t mask;

	net_address_to_lwip(&config->address, &address);
	net_address_to_lwip(&config->gateway, &gateway);
	if (config->gateway.family != NET_FAMILY_4)
		ip_addr_set_zero_ip4(&gateway);
	ip4_addr_set_u32(&mask, lwip_htonl(bits));
	netif_set_addr(&device.netif, ip_2_ip4(&address), &mask, ip_2_ip4(&gateway));
}

static status_t addresses_begin(const struct net_config *config)
{
	ip_addr_t server;

	netif_set_status_callback(&device.netif, on_status);
	netif_set_hostname(&device.netif, config->hostname);
	if (config->server.family != NET_FAMILY_ANY) {
		net_address_to_lwip(&config->server, &server);
		dns_setserver(0, &server);
	}
	if (config->is_static)
		address_set(config);
	else if (dhcp_start(&device.netif) != ERR_OK)
		return STATUS_ENOMEM;
	return STATUS_OK;
}

status_t net_stack_start(const struct net_config *config, unsigned index, void (*ready)(void *ctx), void *ctx)
{
	status_t status;

	if (started)
		return STATUS_EBUSY;
	if (index >= hal_net_count())
		return STATUS_ENODEV;
	if (config->is_static && (config->address.family != NET_FAMILY_4 || config->prefix > 32))
		return STATUS_EINVAL;
	net_memory_init(config->memory_pages != 0 ? config->memory_pages : page_free_count() / 8);
	net_port_init();
	lwip_init();
	loop = netif_list; /* the only one so far */
	net_timers_init(hal_timer_now_ns());
	status = net_device_start(&device, hal_net_at(index), ready, ctx);
	if (status != STATUS_OK)
		return status;
	started = true;
	status = addresses_begin(config);
	net_stack_finish();
	return status;
}

unsigned net_stack_take(uint64_t now_ns)
{
	net_transmit_reclaim(&device.transmit);
	net_timers_run(now_ns);
	return net_device_receive(&device, TURN_FRAMES);
}

/* Whether something waits that this machine has sent to itself. */
static inline bool loop_is_pending(void)
{
	return device.netif.loop_first != NULL || loop->loop_first != NULL;
}

void net_stack_loop(void)
{
	for (unsigned i = 0; i < TURN_LOOPS && loop_is_pending(); i++)
		netif_poll_all();
}

void net_stack_finish(void)
{
	net_events_deliver();
	net_stream_push_all();
	for (unsigned i = 0; i < TURN_LOOPS && loop_is_pending(); i++) {
		netif_poll_all();
		net_events_deliver();
		net_stream_push_all();
	}
	net_transmit_flush(&device.transmit);
}

uint64_t net_stack_next(uint64_t now_ns)
{
	uint64_t device_ns = net_device_look_after(&device, now_ns);
	uint64_t timers_ns;

	net_stack_finish(); /* a link that came up has things to say */
	timers_ns = net_timers_next(now_ns);
	if (loop_is_pending())
		return now_ns;
	return device_ns < timers_ns ? device_ns : timers_ns;
}

bool net_stack_listen(bool interrupts)
{
	return hal_net_listen(device.hal, interrupts) && !hal_net_is_broken(device.hal);
}

void net_address_watch(void (*changed)(void *ctx))
{
	address_events.changed = changed;
}

bool net_address_get(struct net_address *out)
{
	net_address_from_lwip(&device.netif.ip_addr, out);
	return !ip4_addr_isany_val(*netif_ip4_addr(&device.netif));
}

static bool has_address(const struct netif *netif, const ip_addr_t *address)
{
	if (IP_IS_V6(address))
		return netif_get_ip6_addr_match((struct netif *)netif, ip_2_ip6(address)) >= 0;
	return ip4_addr_eq(ip_2_ip4(address), netif_ip4_addr(netif));
}

bool net_address_is_local(const struct net_address *address)
{
	struct net_address own;
	ip_addr_t wanted;

	net_address_to_lwip(address, &wanted);
	return address->family == NET_FAMILY_ANY || ip_addr_isany(&wanted) || has_address(loop, &wanted) || has_address(&device.netif, &wanted) ||
	       !net_address_get(&own);
}
