// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/timer.h"

#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"

static struct timer_queue *queue_this(void)
{
	return &sched_this()->timers;
}

void timer_queue_init(struct timer_queue *queue, struct list_node *lists)
{
	*queue = (struct timer_queue){ .armed_ns = TIMER_NEVER, .wheel = WHEEL_INIT(lists) };
}

static void queue_arm(struct timer_queue *queue, uint64_t deadline_ns)
{
	queue->armed_ns = deadline_ns;
	if (deadline_ns != TIMER_NEVER)
		hal_timer_arm(deadline_ns);
	else
		hal_timer_disarm();
}

void timer_set(struct timer *timer, uint64_t deadline_ns, void (*fire)(void *arg), void *arg)
{
	struct timer_queue *queue = queue_this();

	ASSERT_OWNED(!hal_cpu_in_exception());
	if (DEBUG_CHECKS)
		timer->cpu = sched_this()->cpu;
	timer->fire = fire;
	timer->arg = arg;
	if (deadline_ns < queue->armed_ns)
		queue_arm(queue, deadline_ns);
	wheel_add(&queue->wheel, &timer->node, deadline_ns);
}

void timer_cancel(struct timer *timer)
{
	ASSERT_OWNED(timer->cpu == sched_this()->cpu && !hal_cpu_in_exception());
	wheel_cancel(&timer->node);
}

void timer_interrupt(void)
{
	struct sched *sched = sched_this();

	atomic_store_explicit(&sched->timers.due, true, memory_order_relaxed);
	atomic_store_explicit(&sched->attention, 1, memory_order_release);
}

bool timer_is_due(void)
{
	return atomic_load_explicit(&queue_this()->due, memory_order_relaxed);
}

void timer_expire(void)
{
	struct timer_queue *queue = queue_this();
	struct wheel_node *node;
	uint64_t now_ns = hal_timer_now_ns(); /* once: what is set anew meanwhile comes after others have run */

	ASSERT_OWNED(!hal_cpu_in_exception());
	atomic_store_explicit(&queue->due, false, memory_order_relaxed);
	while ((node = wheel_take_due(&queue->wheel, now_ns)) != NULL) {
		struct timer *timer = LIST_OWNER(node, struct timer, node);

		ASSERT_OWNED(timer->cpu == sched_this()->cpu);
		timer->fire(timer->arg);
	}
	queue_arm(queue, wheel_next(&queue->wheel));
}

void timer_settle(void)
{
	struct timer_queue *queue = queue_this();
	uint64_t next = wheel_next(&queue->wheel);

	if (next != queue->armed_ns && !timer_is_due())
		queue_arm(queue, next);
}
