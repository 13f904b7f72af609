// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/guest/net_server.h"

#include <lwip/dhcp.h>
#include <lwip/mld6.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/udp.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/timer.h"
#include "kernel/core/log.h"
#include "kernel/core/wait.h"
#include "kernel/io/net/datagram.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/net.h"
#include "kernel/io/net/stream.h"
#include "lib/bits.h"
#include "lib/string.h"

enum { BACKLOG = 128 };

#define SETTLE_NS 80000000000ull /* the longest that lwIP waits for anything is a minute: the rest of a datagram of IPv6 */
#define LOOK_NS 5000000ull

enum service { ECHO = 7, DISCARD = 9, POUR = 19, QUIT = 99 };

struct server {
	struct net_listener *listener;
	enum service service;
};

static struct server servers[] = { { .service = ECHO }, { .service = DISCARD }, { .service = POUR }, { .service = QUIT } };
static struct net_datagram *datagrams;
static unsigned connections;
static bool failed;
static bool quitting; /* somebody wants it to end: when no connection is left */
static bool done;
static struct wait_queue finished;
static uint8_t pattern[16384];

static void echo(struct net_stream *stream)
{
	struct span data;

	while (net_stream_peek(stream, &data) == STATUS_OK) {
		int64_t sent = net_stream_send(stream, data);

		if (sent <= 0)
			return;
		net_stream_consume(stream, (size_t)sent);
	}
}

static void swallow(struct net_stream *stream)
{
	struct span data;

	while (net_stream_peek(stream, &data) == STATUS_OK)
		net_stream_consume(stream, data.len);
}

static void pour(struct net_stream *stream)
{
	while (net_stream_send(stream, span_of(pattern, sizeof(pattern))) > 0)
		;
}

static void end_maybe(void)
{
	if (!quitting || connections > 0)
		return;
	done = true;
	wait_queue_wake(&finished);
}

/* Something changed on a connection: serve it, and close it when the peer has. */
static void on_stream(void *ctx)
{
	static void (*const serve[])(struct net_stream *stream) = { [ECHO] = echo, [DISCARD] = swallow, [POUR] = pour, [QUIT] = swallow };
	struct net_stream *stream = ctx;
	struct span data;

	serve[stream->local.port](stream);

	status_t status = net_stream_peek(stream, &data);

	if (status != STATUS_OK && status != STATUS_EAGAIN) {
		net_stream_close(stream);
		connections--;
		end_maybe();
	}
}

static void on_listener(void *ctx)
{
	struct server *server = ctx;
	struct net_stream *stream;

	while (net_listener_accept(server->listener, &stream) == STATUS_OK) {
		if (server->service == QUIT) {
			net_stream_close(stream);
			quitting = true;
			end_maybe();
			continue;
		}
		connections++;
		stream->events.changed = on_stream;
		stream->events.ctx = stream;
		on_stream(stream);
	}
}

static void on_datagram(void *ctx)
{
	static uint8_t data[2048];
	struct net_endpoint from;
	uint32_t bytes;

	(void)ctx;
	while (net_datagram_peek(datagrams, &bytes, &from) == STATUS_OK) {
		bytes = net_datagram_copy(datagrams, data, sizeof(data), 0);
		net_datagram_consume(datagrams);
		if (net_datagram_send(datagrams, &from, span_of(data, bytes)) != STATUS_OK)
			log_line("net: a datagram was not sent");
	}
}

/* Not before there is an address: a SYN that comes earlier is lost, and its sender waits for seconds. */
static void open_all(void *ctx)
{
	struct net_endpoint at = { .port = ECHO };
	struct net_address address;
	static bool opened;

	(void)ctx;
	if (opened || !net_address_get(&address))
		return;
	opened = true;
	for (unsigned i = 0; i < ARRAY_LEN(servers); i++) {
		at.port = (uint16_t)servers[i].service;
		if (net_listener_open(&at, BACKLOG, &servers[i].listener) != STATUS_OK) {
			failed = true;
			continue;
		}
		servers[i].listener->events.changed = on_listener;
		servers[i].listener->events.ctx = &servers[i];
	}
	at.port = ECHO;
	failed = failed || net_datagram_open(&at, false, &datagrams) != STATUS_OK;
	if (!failed)
		datagrams->events.changed = on_datagram;
	log_line("net: serves");
}

/* What is held for good: the lease and its port, multicast groups, and connections that the peer may still repeat something of. */
static uint64_t blocks_kept(void)
{
	const struct netif *netif;
	uint64_t count = 0;

	NETIF_FOREACH(netif) {
		count += netif_dhcp_data(netif) != NULL;
		for (const struct mld_group *group = netif_mld6_data(netif); group != NULL; group = group->next)
			count++;
	}
	for (const struct udp_pcb *udp = udp_pcbs; udp != NULL; udp = udp->next)
		count++;
	for (const struct tcp_pcb *tcp = tcp_tw_pcbs; tcp != NULL; tcp = tcp->next)
		count++;
	return count;
}

static void close_all(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ARRAY_LEN(servers); i++)
		net_listener_close(servers[i].listener);
	net_datagram_close(datagrams);
}

static void tell(void)
{
	const struct net_memory_counters *counters = net_memory_counters();

	net_memory_trim();
	log_line("net: %u connections, %llu blocks of which %llu are kept, %llu pages of at most %llu, %llu times refused", connections,
		 (unsigned long long)counters->blocks, (unsigned long long)blocks_kept(), (unsigned long long)counters->pages,
		 (unsigned long long)counters->pages_most, (unsigned long long)counters->refused);
}

static void settled_look(void *arg)
{
	bool *settled = arg;

	*settled = tcp_active_pcbs == NULL && net_memory_counters()->blocks == blocks_kept();
}

/*
 * Waits until all memory is back, which is not at once: a connection that was closed waits for the acknowledgement of its end, and the
 * device holds what it has not sent yet. False where it does not come back.
 */
static bool settle(void)
{
	uint64_t end_ns = hal_timer_now_ns() + SETTLE_NS;
	bool settled = false;

	net_do(close_all, NULL);
	net_do(settled_look, &settled);
	while (!settled && hal_timer_now_ns() < end_ns) {
		(void)wait_queue_sleep(&finished, hal_timer_now_ns() + LOOK_NS);
		net_do(settled_look, &settled);
	}
	tell();
	return settled;
}

int net_server_run(void)
{
	static const struct net_config config = { .rule = GOVERNOR_AUTO };
	status_t status = net_start(&config);

	if (status != STATUS_OK) {
		log_line("net: does not start: status %d", status);
		return 1;
	}
	memset(pattern, 'x', sizeof(pattern));
	wait_queue_init(&finished);
	net_address_watch(open_all);
	while (!done)
		(void)wait_queue_sleep(&finished, WAIT_FOREVER);
	failed = !settle() || failed;
	return failed ? 1 : 0;
}
