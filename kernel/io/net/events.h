// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * "Something changed: look again." What lwIP tells a connection in the midst of its work is kept until it is done, so that whoever is told
 * may do anything with any connection. Told once, however much happened meanwhile. Context: the network fiber.
 */
#ifndef KERNEL_IO_NET_EVENTS_H
#define KERNEL_IO_NET_EVENTS_H

#include "lib/list.h"

struct net_events {
	struct list_node node; /* linked to itself where nothing is to be told */
	void (*changed)(void *ctx); /* NULL: nobody is told */
	void *ctx;
};

static inline void net_events_init(struct net_events *events)
{
	list_init(&events->node);
	events->changed = NULL;
	events->ctx = NULL;
}

void net_events_raise(struct net_events *events);

/* Forgets what was to be told. */
static inline void net_events_drop(struct net_events *events)
{
	list_remove(&events->node);
}

/* Tells everybody, those included whom that changes. */
void net_events_deliver(void);

#endif
