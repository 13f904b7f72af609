// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/sched.h"

#include <stddef.h>

#include "hal/contract/cpu.h"
#include "kernel/core/fiber.h"
#include "kernel/core/id.h"
#include "kernel/core/libc.h"
#include "kernel/core/panic.h"
#include "kernel/core/stack.h"
#include "kernel/core/timer.h"

static struct sched boot_sched;

void sched_init(void)
{
	list_init(&boot_sched.ready);
	list_init(&boot_sched.dead);
	hal_cpu_set_local(&boot_sched);
}

struct sched *sched_this(void)
{
	return hal_cpu_local();
}

bool sched_has_ready(void)
{
	return !list_is_empty(&sched_this()->ready);
}

static struct fiber *ready_pop(struct sched *sched)
{
	struct list_node *node = list_pop_front(&sched->ready);

	if (node == NULL)
		return NULL;

	struct fiber *fiber = LIST_OWNER(node, struct fiber, node);

	fiber->is_ready = false;
	return fiber;
}

static void ready_push(struct sched *sched, struct fiber *fiber)
{
	fiber->is_ready = true;
	list_push_back(&sched->ready, &fiber->node);
}

/* Leaves `from`, which has been put wherever it waits, for the next ready fiber, or for the scheduler. */
static void switch_from(struct sched *sched, struct fiber *from)
{
	struct fiber *next = ready_pop(sched);

	if (next == from) {
		return;
	}
	sched->current = next;
	hal_context_switch(&from->context, next != NULL ? &next->context : &sched->idle);
}

static void fiber_main(void *arg)
{
	struct fiber *fiber = arg;
	struct sched *sched = sched_this();

	fiber->entry(fiber->arg);
	list_push_back(&sched->dead, &fiber->node);
	sched->current = NULL;
	hal_context_switch(&fiber->context, &sched->idle);
}

struct fiber *fiber_create(const char *name, void (*entry)(void *arg), void *arg)
{
	struct fiber *fiber = calloc(1, sizeof(*fiber));

	if (fiber == NULL)
		return NULL;
	fiber->stack_top = stack_alloc();
	if (fiber->stack_top == 0) {
		free(fiber);
		return NULL;
	}
	fiber->name = name;
	fiber->entry = entry;
	fiber->arg = arg;
	hal_context_init(&fiber->context, (void *)fiber->stack_top, fiber_main, fiber);
	ready_push(sched_this(), fiber);
	return fiber;
}

uint64_t fiber_id(struct fiber *fiber)
{
	if (fiber->id == 0)
		fiber->id = id_next();
	return fiber->id;
}

struct fiber *fiber_current(void)
{
	const struct sched *sched = sched_this();

	return sched != NULL ? sched->current : NULL;
}

void fiber_yield(void)
{
	struct sched *sched = sched_this();

	if (timer_is_due())
		timer_expire();
	if (list_is_empty(&sched->ready))
		return;
	ready_push(sched, sched->current);
	switch_from(sched, sched->current);
}

void fiber_sleep(void)
{
	struct sched *sched = sched_this();

	switch_from(sched, sched->current);
}

void fiber_wake(struct fiber *fiber)
{
	struct sched *sched = sched_this();

	if (!fiber->is_ready && fiber != sched->current)
		ready_push(sched, fiber);
}

bool fiber_stack_guards(const struct fiber *fiber, uint64_t address)
{
	return stack_guards(fiber->stack_top, address);
}

static void dead_free(struct sched *sched)
{
	struct list_node *node;

	while ((node = list_pop_front(&sched->dead)) != NULL) {
		struct fiber *fiber = LIST_OWNER(node, struct fiber, node);

		stack_free(fiber->stack_top);
		free(fiber);
	}
}

/* Sleeps, unless something came between the last look and the masking of interrupts. */
static void idle(struct sched *sched)
{
	hal_irq_disable();
	if (list_is_empty(&sched->ready) && !timer_is_due())
		hal_cpu_wait();
	hal_irq_enable();
}

_Noreturn void sched_run(void)
{
	struct sched *sched = sched_this();

	for (;;) {
		dead_free(sched);
		if (timer_is_due())
			timer_expire();

		struct fiber *next = ready_pop(sched);

		if (next == NULL) {
			idle(sched);
			continue;
		}
		sched->current = next;
		hal_context_switch(&sched->idle, &next->context);
	}
}
