// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The lives of fibers; who runs when is sched.c's. */
#include "kernel/core/fiber.h"

#include <stddef.h>

#include "kernel/core/id.h"
#include "kernel/core/libc.h"
#include "kernel/core/sched.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/stack.h"

struct list_node fiber_all = LIST_INIT(fiber_all);
static struct spinlock all_lock;

/* Its first call: the scheduler switched to it for the first time. */
static void fiber_main(void *arg)
{
	struct fiber *fiber = arg;

	fiber->entry(fiber->arg);
	sched_end(fiber);
}

/* A zeroed fiber with a stack becomes one of the CPU whose scheduler is `sched`, in no queue yet. */
static void fiber_init(struct fiber *fiber, struct sched *sched, const struct fiber_options *options, void (*entry)(void *arg), void *arg)
{
	fiber->name = options->name;
	fiber->priority = options->priority;
	fiber->joinable = options->joinable;
	fiber->entry = entry;
	fiber->arg = arg;
	fiber->cpu = sched->cpu;
	fiber->queue = &sched->ready[options->priority];
	wait_queue_init_on(&fiber->joiners, sched->cpu);
	hal_context_init(&fiber->context, (void *)fiber->stack_top, fiber_main, fiber);
	spinlock_take(&all_lock);
	list_push_back(&fiber_all, &fiber->all_node);
	spinlock_give(&all_lock);
}

static struct fiber *fiber_make(struct sched *sched, const struct fiber_options *options, void (*entry)(void *arg), void *arg)
{
	struct fiber *fiber = calloc(1, sizeof(*fiber));

	if (fiber == NULL)
		return NULL;
	fiber->stack_top = stack_alloc();
	if (fiber->stack_top == 0) {
		free(fiber);
		return NULL;
	}
	fiber_init(fiber, sched, options, entry, arg);
	return fiber;
}

void fiber_begin(struct fiber *fiber, uint64_t stack_top, const char *name, void (*entry)(void *arg), void *arg)
{
	fiber->stack_top = stack_top;
	fiber_init(fiber, sched_this(), &(struct fiber_options){ .name = name, .priority = FIBER_NORMAL }, entry, arg);
	sched_make_ready(fiber);
}

struct fiber *fiber_create_with(const struct fiber_options *options, void (*entry)(void *arg), void *arg)
{
	struct fiber *fiber = fiber_make(sched_this(), options, entry, arg);

	if (fiber != NULL)
		sched_make_ready(fiber);
	return fiber;
}

static void begin_here(void *arg)
{
	sched_make_ready(arg);
}

status_t fiber_create_on(unsigned cpu, const struct fiber_options *options, void (*entry)(void *arg), void *arg)
{
	struct fiber *fiber = fiber_make(sched_of(cpu), options, entry, arg);

	if (fiber == NULL)
		return STATUS_ENOMEM;
	message_send(cpu, begin_here, fiber);
	return STATUS_OK;
}

struct fiber *fiber_create(const char *name, void (*entry)(void *arg), void *arg)
{
	return fiber_create_with(&(struct fiber_options){ .name = name, .priority = FIBER_NORMAL }, entry, arg);
}

void fiber_free(struct fiber *fiber)
{
	spinlock_take(&all_lock);
	list_remove(&fiber->all_node);
	spinlock_give(&all_lock);
	stack_free(fiber->stack_top);
	free(fiber);
}

uint64_t fiber_id(struct fiber *fiber)
{
	if (fiber->id == 0)
		fiber->id = id_next();
	return fiber->id;
}

status_t fiber_join(struct fiber *fiber, uint64_t deadline_ns)
{
	while (fiber->state != FIBER_ENDED) {
		status_t status = wait_queue_sleep(&fiber->joiners, deadline_ns);

		if (status != STATUS_OK)
			return status;
	}
	fiber_free(fiber);
	return STATUS_OK;
}

bool fiber_stack_guards(const struct fiber *fiber, uint64_t address)
{
	return stack_guards(fiber->stack_top, address);
}

void fiber_each(void (*each)(void *ctx, const struct fiber *fiber), void *ctx)
{
	spinlock_take(&all_lock);
	for (struct list_node *node = fiber_all.next; node != &fiber_all; node = node->next)
		each(ctx, LIST_OWNER(node, struct fiber, all_node));
	spinlock_give(&all_lock);
}
