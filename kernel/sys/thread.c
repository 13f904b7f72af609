// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/thread.h"

#include <stddef.h>

#include "hal/contract/smp.h"
#include "kernel/cap/operation.h"
#include "kernel/core/fiber.h"
#include "kernel/core/libc.h"
#include "kernel/core/message.h"
#include "kernel/core/sched.h"
#include "kernel/core/stack.h"
#include "kernel/sys/layout.h"
#include "kernel/sys/linux/run.h"
#include "kernel/sys/memory.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread_run.h"
#include "kernel/thread_methods.h"

/* What the kernel itself keeps for a thread: its stack and this structure. */
enum { KERNEL_PAGES = STACK_BYTES / HAL_PAGE_BYTES + 1 };

static_assert(sizeof(struct thread) <= HAL_PAGE_BYTES, "one page");
static_assert(PROCESS_THREADS_MAX <= 64, "a bit for each ring block");

unsigned thread_pick_cpu(void)
{
	static _Atomic uint32_t next; /* W: any CPU */

	for (;;) {
		unsigned cpu = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % hal_cpu_count();

		if (sched_of(cpu) != NULL)
			return cpu;
	}
}

static void thread_free(struct object *object)
{
	struct thread *thread = LIST_OWNER(object, struct thread, object);

	if (thread->owner != thread)
		object_put(&thread->owner->object);
	if (thread->personality != NULL)
		linux_thread_free(thread->personality);
	object_put(&thread->process->object);
	free(thread);
}

/* It leaves the process, whose budget may be gone after that. */
static void thread_leave(struct thread *thread)
{
	budget_credit(thread->process->budget, KERNEL_PAGES);
	process_leave(thread->process, thread);
}

static void block_unmap(struct thread *thread)
{
	struct process *process = thread->process;

	for (uint64_t at = 0; at < CAPOS_RINGS_BYTES; at += HAL_PAGE_BYTES)
		process_unmap(process, thread->rings_va + at);
	spinlock_take(&process->lock);
	process->ring_blocks &= ~(1ul << thread->block);
	spinlock_give(&process->lock);
}

static status_t block_map(struct thread *thread)
{
	const unsigned read_write = HAL_USER_READ | HAL_USER_WRITE;
	struct process *process = thread->process;
	void *shared;
	void *submissions;
	void *completions;

	spinlock_take(&process->lock);
	/* No more than 64 threads: one is free. */
	thread->block = (unsigned)__builtin_ctzl(~process->ring_blocks);
	process->ring_blocks |= 1ul << thread->block;
	spinlock_give(&process->lock);
	thread->rings_va = PROCESS_RINGS_VA + thread->block * PROCESS_RINGS_STRIDE;

	status_t status = process_map(process, thread->rings_va, read_write, &shared);

	if (status == STATUS_OK)
		status = process_map(process, thread->rings_va + CAPOS_RINGS_SUBMISSIONS, read_write, &submissions);
	if (status == STATUS_OK)
		status = process_map(process, thread->rings_va + CAPOS_RINGS_COMPLETIONS, HAL_USER_READ, &completions);
	if (status != STATUS_OK) {
		block_unmap(thread);
		return status;
	}
	thread->own.rings = (struct cap_rings){
		.shared = shared, .submissions = submissions, .completions = completions,
	};
	return STATUS_OK;
}

static status_t rings_make(struct thread *thread, struct thread *share)
{
	thread->owner = thread;
	if (thread->personality != NULL)
		return STATUS_OK;
	if (share == NULL) {
		ring_set_init(&thread->own, thread->process, thread, thread->cpu);
		thread->rings = &thread->own;
		return block_map(thread);
	}
	thread->owner = share->owner;
	(void)object_hold(&thread->owner->object); /* its rings are in use by who makes this one */
	thread->rings = &thread->owner->own;
	thread->rings_va = thread->owner->rings_va;
	atomic_fetch_add_explicit(&thread->rings->users, 1, memory_order_relaxed);
	return STATUS_OK;
}

static status_t cpu_choose(const struct thread_options *options, unsigned *cpu)
{
	if (options->share != NULL)
		*cpu = options->share->cpu;
	else if (options->cpu == THREAD_CPU_ANY)
		*cpu = thread_pick_cpu();
	else if (options->cpu < hal_cpu_count() && sched_of(options->cpu) != NULL)
		*cpu = options->cpu;
	else
		return STATUS_EINVAL;
	return STATUS_OK;
}

status_t thread_create(struct process *process, const struct thread_options *options, struct thread **out)
{
	unsigned cpu;
	status_t status = cpu_choose(options, &cpu);
	struct thread *thread;

	if (status != STATUS_OK)
		return status;
	if (!budget_charge(process->budget, KERNEL_PAGES))
		return STATUS_ENOMEM;
	thread = calloc(1, sizeof(*thread));
	if (thread == NULL) {
		budget_credit(process->budget, KERNEL_PAGES);
		return STATUS_ENOMEM;
	}
	object_init(&thread->object, &thread_interface, thread_free);
	(void)object_hold(&process->object);
	thread->process = process;
	thread->cpu = cpu;
	list_init(&thread->waiters);
	list_init(&thread->of_process);
	thread->user.pc = options->pc;
	thread->user.sp = options->sp;
	thread->user.tls = options->tls;
	thread->personality = options->personality; /* before others find it in its process */
	status = process_join(process, thread);
	if (status != STATUS_OK) {
		budget_credit(process->budget, KERNEL_PAGES);
		thread->owner = thread;
		thread->personality = NULL;
		object_put(&thread->object);
		return status;
	}
	status = rings_make(thread, options->share);
	if (status != STATUS_OK) {
		thread_leave(thread);
		object_put(&thread->object);
		return status;
	}
	thread->user.x[0] = options->x[0];
	thread->user.x[1] = thread->rings_va;
	thread->user.x[2] = options->x[2];
	thread->is_main = options->is_main;
	thread->run = options->personality != NULL ? linux_run : thread_run;
	*out = thread;
	return STATUS_OK;
}

/* Its rings are not used by it any more; nobody's, where it was the last. */
static void rings_leave(struct thread *thread)
{
	struct ring_set *set = thread->rings;

	if (set == NULL)
		return;
	if (atomic_fetch_sub_explicit(&set->users, 1, memory_order_relaxed) > 1)
		return;
	ring_set_close(set);
	block_unmap(thread->owner);
}

/* Who waits for its end. */
static void waiters_finish(struct thread *thread)
{
	struct operation *operation;

	for (;;) {
		spinlock_take(&thread->lock);
		thread->gone = true;
		operation = operation_claim_first(&thread->waiters);
		spinlock_give(&thread->lock);
		if (operation == NULL)
			return;
		operation_finish(operation, 0);
	}
}

/* Its fiber. The holds are its own, and that of the process's list. */
static void thread_main(void *arg)
{
	struct thread *thread = arg;
	struct process *process = thread->process;

	thread->fiber = fiber_current();
	if (thread->is_main)
		process_print_start(process);
	thread->run(thread);
	if (thread->rings != NULL)
		ring_war_end(thread->rings); /* as long as this one counts as a user: the poller may be making another */
	rings_leave(thread);
	/* Here, where it ran: this CPU holds registers of it, and its tables. */
	hal_user_retire(&thread->user);
	hal_space_leave(&process->space);
	thread->ended = true;
	waiters_finish(thread);
	thread_leave(thread);
	object_put(&thread->object);
}

struct thread *thread_current(void)
{
	const struct fiber *fiber = fiber_current();

	return fiber != NULL && fiber->entry == thread_main ? fiber->arg : NULL;
}

status_t thread_start(struct thread *thread)
{
	static const struct fiber_options options = { .name = "thread", .priority = FIBER_NORMAL };
	status_t status = STATUS_OK;

	(void)object_hold(&thread->object); /* the fiber's */
	if (thread->cpu != hal_cpu_index())
		status = fiber_create_on(thread->cpu, &options, thread_main, thread);
	else if (fiber_create_with(&options, thread_main, thread) == NULL)
		status = STATUS_ENOMEM;
	if (status != STATUS_OK)
		object_put(&thread->object);
	return status;
}

void thread_abandon(struct thread *thread)
{
	rings_leave(thread);
	thread_leave(thread);
	object_put(&thread->object);
}

static void notice_here(void *arg)
{
	struct thread *thread = arg;

	if (thread->fiber != NULL && !thread->ended)
		fiber_cancel(thread->fiber);
	object_put(&thread->object);
}

void thread_notice(struct thread *thread)
{
	if (object_hold(&thread->object)) /* else it is gone already */
		message_send(thread->cpu, notice_here, thread);
}
