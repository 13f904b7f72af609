// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/wait.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/core/fiber.h"

struct waiter {
	struct list_node node;
	struct fiber *fiber;
	bool timed_out;
};

void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->waiters);
}

static void waiter_timed_out(void *arg)
{
	struct waiter *waiter = arg;

	waiter->timed_out = true;
	list_remove(&waiter->node);
	fiber_wake(waiter->fiber);
}

status_t wait_queue_sleep(struct wait_queue *queue, uint64_t deadline_ns)
{
	struct waiter waiter = { .fiber = fiber_current() };
	struct timer timer;

	list_push_back(&queue->waiters, &waiter.node);
	if (deadline_ns != TIMER_NEVER)
		timer_set(&timer, deadline_ns, waiter_timed_out, &waiter);
	fiber_sleep();
	if (deadline_ns != TIMER_NEVER)
		timer_cancel(&timer);
	return waiter.timed_out ? STATUS_ETIMEDOUT : STATUS_OK;
}

void wait_queue_wake(struct wait_queue *queue)
{
	struct list_node *node;

	while ((node = list_pop_front(&queue->waiters)) != NULL)
		fiber_wake(LIST_OWNER(node, struct waiter, node)->fiber);
}
