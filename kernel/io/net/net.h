// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The network: one fiber of one CPU has the device, lwIP and every connection; whoever else wants something has it done there by
 * net_call(). Nothing of it exists before net_start().
 */
#ifndef KERNEL_IO_NET_NET_H
#define KERNEL_IO_NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/governor.h"
#include "kernel/io/net/address.h"
#include "lib/list.h"
#include "lib/span.h"
#include "lib/status.h"

struct net_config {
	enum governor_rule rule;     /* what io= says */
	uint64_t memory_pages;       /* at most; 0: an eighth of what is free */
	bool is_static;              /* address, prefix, gateway, server as given; else from DHCP */
	struct net_address address;  /* IPv4 */
	uint8_t prefix;
	struct net_address gateway;  /* NET_FAMILY_ANY: none */
	struct net_address server;   /* of names; NET_FAMILY_ANY: none but what DHCP says */
	const char *hostname;        /* for DHCP; lives as long; NULL: none */
};

/*
 * Starts the first network device and the fiber, on this CPU. Returns when both run; addresses come later. STATUS_ENODEV where the machine has
 * no network device, STATUS_EBUSY where it has been started, STATUS_ENOMEM, STATUS_EIO. Context: fiber.
 */
MUST_CHECK status_t net_start(const struct net_config *config);

/* The CPU of the network fiber. Context: any, after net_start(). */
unsigned net_cpu(void);

/* Something to be done by the network fiber; a structure of whoever asks. */
struct net_call {
	struct list_node node;
	void (*run)(void *arg);
	void *arg;
};

/*
 * Has the network fiber call run(arg), soon, once; in order, seen from one CPU. What it sends goes out together with what others send in
 * the same turn. Context: fiber or scheduler, any CPU.
 */
void net_call(struct net_call *call);

/*
 * Has run(arg) called on the network's CPU between the turns of the network fiber, and waits for that; `run` must not sleep. What it
 * sends goes out in the next turn, which comes soon. Context: fiber or scheduler, any CPU, no lock held; where it waits it serves messages.
 */
void net_do(void (*run)(void *arg), void *arg);

/* The same for what only looks, and can send nothing: no turn comes of it. */
void net_look(void (*run)(void *arg), void *arg);

/* The same as net_do() without waiting; `run` calls net_poke() where it may have sent something. */
void net_do_later(void (*run)(void *arg), void *arg);

/* Has the network fiber take a turn. Context: fiber or scheduler of the network's CPU. */
void net_poke(void);

/* Whether there is an IPv4 address, and which. Context: the network fiber. */
bool net_address_get(struct net_address *out);

/* Whether it is one of this machine's, or NET_FAMILY_ANY, or says "any". Until there is an IPv4 address of its own: any, as it may come. Context: the same. */
bool net_address_is_local(const struct net_address *address);

/* Has `changed(NULL)` called when that changes; one at a time. Context: the network's CPU. */
void net_address_watch(void (*changed)(void *ctx));

#endif
