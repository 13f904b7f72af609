// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/sched.h"

#include <stddef.h>

#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "kernel/core/panic.h"

static struct sched boot_sched;
static struct list_node boot_lists[WHEEL_SLOTS] __attribute__((section(".unzeroed")));
static struct sched *scheds[HAL_CPUS_MAX]; /* W: each CPU its own, before it is online */

void sched_make(struct sched *sched, unsigned cpu, struct list_node *lists)
{
	sched->cpu = cpu;
	timer_queue_init(&sched->timers, lists);
	message_inbox_init(&sched->inbox);
}

void sched_adopt(struct sched *sched)
{
	hal_cpu_set_local(sched);
	scheds[sched->cpu] = sched;
	/* Pairs with the acquire in smp_start: what this CPU has set up is seen. */
	atomic_store_explicit(&sched->online, 1, memory_order_release);
}

void sched_init(void)
{
	sched_make(&boot_sched, 0, boot_lists);
	sched_adopt(&boot_sched);
}

struct sched *sched_of(unsigned cpu)
{
	return scheds[cpu];
}

struct fiber *fiber_current(void)
{
	const struct sched *sched = sched_this();

	return sched != NULL ? sched->current : NULL;
}

static void attention_set(struct sched *sched)
{
	atomic_store_explicit(&sched->attention, 1, memory_order_relaxed);
}

/* Not inlined: who makes a fiber ready ends with it. */
static __attribute__((noinline)) void ready_push(struct sched *sched, struct fiber *fiber)
{
	struct ready_queue *queue = fiber->queue;

	ASSERT_OWNED(sched == sched_this() && fiber->cpu == sched->cpu && fiber->state != FIBER_ENDED);
	fiber->state = FIBER_AWAKE;
	if (queue->tail == NULL) {
		fiber->next = fiber;
		sched->ready_mask |= 1u << fiber->priority;
	} else {
		fiber->next = queue->tail->next;
		queue->tail->next = fiber;
	}
	queue->tail = fiber;
	if (sched->current != NULL && fiber->priority < sched->current->priority)
		attention_set(sched);
}

/* The next fiber to run; NULL where none is ready. */
static struct fiber *ready_pop(struct sched *sched)
{
	ASSERT_OWNED(sched == sched_this());
	if (sched->ready_mask == 0)
		return NULL;

	unsigned priority = (unsigned)__builtin_ctz(sched->ready_mask);
	struct ready_queue *queue = &sched->ready[priority];
	struct fiber *fiber = queue->tail->next;

	if (fiber == queue->tail) {
		queue->tail = NULL;
		sched->ready_mask &= ~(1u << priority);
	} else {
		queue->tail->next = fiber->next;
	}
	return fiber;
}

void sched_make_ready(struct fiber *fiber)
{
	ready_push(sched_this(), fiber);
}

/* Serves what is not a fiber: what interrupts left to do, messages of other CPUs, deadlines. */
static void attend(struct sched *sched)
{
	/* Pairs with the release of who set it: what it announces is seen. */
	(void)atomic_exchange_explicit(&sched->attention, 0, memory_order_acquire);
	deferred_serve(&sched->deferred);
	message_serve(&sched->inbox);
	if (timer_is_due())
		timer_expire();
}

/* Leaves `from`, which has been put wherever it waits, for the next ready fiber, or for the scheduler. */
static void switch_from(struct sched *sched, struct fiber *from)
{
	struct fiber *next = ready_pop(sched);

	sched->current = next;
	if (next != from)
		hal_context_switch(&from->context, next != NULL ? &next->context : &sched->idle);
}

/* Yielding when there is more to look at than one's own run queue. Not inlined, so that the usual case needs no frame. */
static __attribute__((noinline)) void yield_with_attention(struct sched *sched, struct fiber *from)
{
	attend(sched);
	if (sched->ready_mask == 0 || (unsigned)__builtin_ctz(sched->ready_mask) > from->priority)
		return;
	ready_push(sched, from);
	switch_from(sched, from);
}

void fiber_yield(void)
{
	struct sched *sched = sched_this();
	struct fiber *from = sched->current;
	struct fiber *tail = from->queue->tail;

	ASSERT_OWNED(from->cpu == sched->cpu);

	if (__builtin_expect(atomic_load_explicit(&sched->attention, memory_order_relaxed) != 0, 0)) {
		yield_with_attention(sched, from);
		return;
	}
	if (tail == NULL)
		return;

	/* The head leaves the queue and `from` becomes its tail; right for a queue of one, too, in this order. */
	struct fiber *next = tail->next;

	tail->next = from;
	from->next = next->next;
	from->queue->tail = from;
	sched->current = next;
	hal_context_switch(&from->context, &next->context);
}

void fiber_sleep(void)
{
	struct sched *sched = sched_this();

	sched->current->state = FIBER_SLEEPING;
	switch_from(sched, sched->current);
}

static void wake_here(void *arg)
{
	struct fiber *fiber = arg;

	if (fiber->state == FIBER_SLEEPING)
		ready_push(sched_this(), fiber);
}

void fiber_wake(struct fiber *fiber)
{
	if (fiber->cpu == sched_this()->cpu)
		wake_here(fiber);
	else
		message_send(fiber->cpu, wake_here, fiber);
}

void sched_end(struct fiber *fiber)
{
	struct sched *sched = sched_this();

	fiber->state = FIBER_ENDED;
	wait_queue_wake(&fiber->joiners);
	if (!fiber->joinable) {
		fiber->next = sched->dead;
		sched->dead = fiber;
	}
	sched->current = NULL;
	hal_context_switch(&fiber->context, &sched->idle);
	panic("sched: a fiber that has ended runs: %s", fiber->name);
}

static void dead_free(struct sched *sched)
{
	while (sched->dead != NULL) {
		struct fiber *fiber = sched->dead;

		sched->dead = fiber->next;
		fiber_free(fiber);
	}
}

/*
 * Sleeps, unless something came between the last look and the masking of interrupts. Another CPU that publishes a message either
 * is seen by this last look, or sees that this CPU sleeps and interrupts it (message.c).
 */
static void sleep_until_interrupt(struct sched *sched)
{
	hal_irq_disable();
	timer_settle();
	atomic_store_explicit(&sched->sleeping, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (!sched_has_work(sched)) {
		hal_cpu_wait();
		sched->wakeups++;
	}
	atomic_store_explicit(&sched->sleeping, 0, memory_order_relaxed);
	hal_irq_enable();
}

_Noreturn void sched_run(void)
{
	struct sched *sched = sched_this();

	for (;;) {
		dead_free(sched);
		if (atomic_load_explicit(&sched->attention, memory_order_relaxed) != 0)
			attend(sched);

		struct fiber *next = ready_pop(sched);

		if (next == NULL) {
			sleep_until_interrupt(sched);
			continue;
		}
		sched->current = next;
		hal_context_switch(&sched->idle, &next->context);
	}
}
