// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/events.h"

static struct list_node raised = LIST_INIT(raised);

void net_events_raise(struct net_events *events)
{
	if (list_is_empty(&events->node))
		list_push_back(&raised, &events->node);
}

void net_events_deliver(void)
{
	struct list_node *node;

	while ((node = list_pop_front(&raised)) != NULL) {
		struct net_events *events = LIST_OWNER(node, struct net_events, node);

		if (events->changed != NULL)
			events->changed(events->ctx);
	}
}
