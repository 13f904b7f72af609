// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/wait.h"

#include <stdatomic.h>
#include <stddef.h>

#include "hal/contract/smp.h"
#include "kernel/core/fiber.h"
#include "kernel/core/message.h"
#include "kernel/core/sched.h"
#include "kernel/sys/linux/thread.h"

enum { WOKEN_EARLY_MAX = 16 };

void linux_event_init(struct linux_event *event)
{
	event->lock = (struct spinlock){ 0 };
	list_init(&event->waiters);
}

/*
 * Whether the thread sleeps, and the caller is the one to wake it. Pairs with sleep_once(): either this sees that it sleeps, or it sees that it was
 * woken.
 */
static bool wake_claim(struct linux_thread *personality)
{
	atomic_store_explicit(&personality->woken, 1, memory_order_seq_cst);
	return atomic_load_explicit(&personality->sleeps, memory_order_seq_cst) != 0 &&
	       atomic_exchange_explicit(&personality->sleeps, 0, memory_order_seq_cst) != 0;
}

static void wake_here(void *arg)
{
	struct thread *thread = arg;

	if (!thread->ended)
		wait_queue_wake(&thread->personality->queue);
	object_put(&thread->object);
}

/* Takes over a hold. */
static void wake_send(struct thread *thread)
{
	if (thread->cpu == hal_cpu_index())
		wake_here(thread);
	else
		message_send(thread->cpu, wake_here, thread);
}

void linux_wake(struct thread *thread)
{
	if (wake_claim(thread->personality) && object_hold(&thread->object))
		wake_send(thread);
}

/* A thread that waits has removed itself before it goes: under the event's lock it is there. */
static void waiter_collect(struct linux_waiter *waiter, struct linux_wakes *wakes)
{
	if (waiter->thread == NULL)
		waiter->notify(waiter, wakes);
	else if (wakes->count == LINUX_WAKES_MAX)
		wakes->more = true;
	else if (wake_claim(waiter->thread->personality) && object_hold(&waiter->thread->object))
		wakes->threads[wakes->count++] = waiter->thread;
}

void linux_event_collect(struct linux_event *event, struct linux_wakes *wakes)
{
	spinlock_take(&event->lock);
	for (struct list_node *node = event->waiters.next; node != &event->waiters; node = node->next)
		waiter_collect(LIST_OWNER(node, struct linux_waiter, node), wakes);
	spinlock_give(&event->lock);
}

void linux_event_raise(struct linux_event *event)
{
	struct linux_wakes wakes;

	do {
		wakes.count = 0;
		wakes.more = false;
		linux_event_collect(event, &wakes);
		for (unsigned i = 0; i < wakes.count; i++)
			wake_send(wakes.threads[i]);
	} while (wakes.more);
}

static void waiter_put_in(struct linux_waiter *waiter, struct linux_event *event)
{
	waiter->event = event;
	spinlock_take(&event->lock);
	list_push_back(&event->waiters, &waiter->node);
	spinlock_give(&event->lock);
}

void linux_waiter_add(struct linux_waiter *waiter, struct thread *thread, struct linux_event *event)
{
	waiter->thread = thread;
	waiter->notify = NULL;
	waiter_put_in(waiter, event);
}

void linux_waiter_add_notify(struct linux_waiter *waiter, void (*notify)(struct linux_waiter *waiter, struct linux_wakes *wakes),
			     struct linux_event *event)
{
	waiter->thread = NULL;
	waiter->notify = notify;
	waiter_put_in(waiter, event);
}

void linux_waiter_remove(struct linux_waiter *waiter)
{
	struct linux_event *event = waiter->event;

	if (event == NULL)
		return;
	spinlock_take(&event->lock);
	list_remove(&waiter->node);
	spinlock_give(&event->lock);
	waiter->event = NULL;
}

static status_t sleep_once(struct thread *thread, uint64_t deadline_ns)
{
	struct linux_thread *personality = thread->personality;
	status_t status = STATUS_OK;

	atomic_store_explicit(&personality->sleeps, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&personality->woken, memory_order_seq_cst) == 0) {
		linux_cpu_time_pause(&personality->cpu_time);
		status = wait_queue_sleep(&personality->queue, deadline_ns);
		linux_cpu_time_go(&personality->cpu_time);
	} else if (++personality->woken_early % WOKEN_EARLY_MAX == 0) {
		linux_give_way(thread); /* what wakes it all the time, itself perhaps, does not keep others from running */
	}
	atomic_store_explicit(&personality->sleeps, 0, memory_order_relaxed);
	/* Pairs with the store of who woke it: what it did before is seen. */
	(void)atomic_exchange_explicit(&personality->woken, 0, memory_order_acquire);
	return atomic_load_explicit(&thread->ending, memory_order_relaxed) ? STATUS_ECANCELED : status;
}

status_t linux_sleep_uninterrupted(struct thread *thread, uint64_t deadline_ns)
{
	return sleep_once(thread, deadline_ns);
}

status_t linux_sleep(struct thread *thread, uint64_t deadline_ns)
{
	status_t status;

	if (linux_signal_is_due(thread))
		return STATUS_EINTR;
	status = sleep_once(thread, deadline_ns);
	return status != STATUS_ECANCELED && linux_signal_is_due(thread) ? STATUS_EINTR : status;
}

void linux_give_way(struct thread *thread)
{
	struct linux_cpu_time *time = &thread->personality->cpu_time;

	if (!sched_has_work(sched_this()))
		return;
	linux_cpu_time_pause(time);
	fiber_yield();
	linux_cpu_time_go(time);
}
