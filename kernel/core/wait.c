// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/wait.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "hal/contract/smp.h"
#include "kernel/core/fiber.h"
#include "kernel/core/panic.h"
#include "kernel/core/timer.h"

static_assert(WAIT_FOREVER == TIMER_NEVER, "one way to say never");

/* A fiber in a queue; lives on that fiber's stack. */
struct waiter {
	struct list_node node; /* linked to itself when taken out */
	struct fiber *fiber;
	bool timed_out;
};

void wait_queue_init(struct wait_queue *queue)
{
	wait_queue_init_on(queue, hal_cpu_index());
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
	struct fiber *fiber = fiber_current();
	struct waiter waiter = { .fiber = fiber };
	struct timer timer;

	ASSERT_OWNED(queue->cpu == fiber->cpu);
	if (fiber->cancelled)
		return STATUS_ECANCELED;
	list_push_back(&queue->waiters, &waiter.node);
	if (deadline_ns != WAIT_FOREVER)
		timer_set(&timer, deadline_ns, waiter_timed_out, &waiter);
	fiber->waits = queue;
	fiber_sleep();
	fiber->waits = NULL;
	if (deadline_ns != WAIT_FOREVER)
		timer_cancel(&timer);
	list_remove(&waiter.node); /* a cancelled fiber was woken where it stood */
	if (fiber->cancelled)
		return STATUS_ECANCELED;
	return waiter.timed_out ? STATUS_ETIMEDOUT : STATUS_OK;
}

void wait_queue_wake(struct wait_queue *queue)
{
	struct list_node *node;

	ASSERT_OWNED(queue->cpu == hal_cpu_index());
	while ((node = list_pop_front(&queue->waiters)) != NULL)
		fiber_wake(LIST_OWNER(node, struct waiter, node)->fiber);
}

void fiber_cancel(struct fiber *fiber)
{
	ASSERT_OWNED(fiber->cpu == hal_cpu_index());
	fiber->cancelled = true;
	if (fiber->waits != NULL)
		fiber_wake(fiber);
}
