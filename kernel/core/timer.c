// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A sorted list. Rejected for now: a time wheel, which pays when there are hundreds of timers; there is one a waiting process.
 */
#include "kernel/core/timer.h"

#include <stdatomic.h>

#include "hal/contract/timer.h"

static struct list_node timers = LIST_INIT(timers); /* earliest deadline first. W: fibers and scheduler */
static atomic_bool due; /* W: interrupt (set), timer_expire (clear): same CPU, so relaxed is enough */

static struct timer *first(void)
{
	return list_is_empty(&timers) ? NULL : LIST_OWNER(timers.next, struct timer, node);
}

void timer_set(struct timer *timer, uint64_t deadline_ns, void (*fire)(void *arg), void *arg)
{
	struct list_node *at = timers.next;

	timer->deadline_ns = deadline_ns;
	timer->fire = fire;
	timer->arg = arg;
	while (at != &timers && LIST_OWNER(at, struct timer, node)->deadline_ns <= deadline_ns)
		at = at->next;
	list_insert_before(at, &timer->node);
	if (first() == timer)
		hal_timer_arm(deadline_ns);
}

void timer_cancel(struct timer *timer)
{
	list_remove(&timer->node);
}

void timer_interrupt(void)
{
	atomic_store_explicit(&due, true, memory_order_relaxed);
}

bool timer_is_due(void)
{
	return atomic_load_explicit(&due, memory_order_relaxed);
}

void timer_expire(void)
{
	struct timer *timer;

	atomic_store_explicit(&due, false, memory_order_relaxed);
	while ((timer = first()) != NULL && timer->deadline_ns <= hal_timer_now_ns()) {
		list_remove(&timer->node);
		timer->fire(timer->arg);
	}
	if (timer != NULL)
		hal_timer_arm(timer->deadline_ns);
}
