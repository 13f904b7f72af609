// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/ring_set.h"

#include <stddef.h>

#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "kernel/cap/chain.h"
#include "kernel/cap/operation.h"
#include "kernel/core/fiber.h"
#include "kernel/core/libc.h"
#include "kernel/core/message.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"

void ring_set_init(struct ring_set *set, struct process *process, struct thread *thread, unsigned cpu)
{
	set->process = process;
	set->thread = thread;
	set->cpu = cpu;
	atomic_store_explicit(&set->users, 1, memory_order_relaxed);
	list_init(&set->operations);
	wait_queue_init(&set->waiters);
	set->waiters.cpu = cpu;
	ring_war_init(&set->war);
}

/* Oldest first. */
static struct operation *done_take(struct ring_set *set)
{
	/* Pairs with the release of who finished them. */
	struct operation *newest = atomic_exchange_explicit(&set->done, NULL, memory_order_acquire);
	struct operation *oldest = NULL;

	while (newest != NULL) {
		struct operation *next = newest->next_done;

		newest->next_done = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

/* What the process sees of it. False: nothing, it waits once more. */
static bool complete(struct ring_set *set, struct operation *operation)
{
	struct capos_completion completion = { .user_data = operation->user_data };
	uint32_t bytes;

	operation->again = false;
	if (operation->settle != NULL)
		operation->settle(operation, &completion.new_cap);
	if (operation->again)
		return false;
	bytes = operation->data_len < operation->result_len ? operation->data_len : operation->result_len;
	if (operation->result >= 0 && bytes > 0 &&
	    process_copy_out(set->process, operation->result_va, operation->data, bytes) != STATUS_OK)
		return true;
	completion.result = operation->result;
	cap_rings_complete(&set->rings, &completion);
	return true;
}

static bool is_closing(const struct ring_set *set)
{
	return process_is_ending(set->process) || set->closing;
}

void ring_set_wake_others(struct ring_set *set)
{
	if (atomic_load_explicit(&set->users, memory_order_relaxed) > 1 && !ring_war_is_on(&set->war))
		wait_queue_wake(&set->waiters);
}

/* One that has finished: its completion, and what was linked to it. */
static void settle(struct ring_set *set, struct operation *operation)
{
	struct chain *chain = operation->chain;
	int64_t result;

	if (!is_closing(set)) {
		if (!complete(set, operation))
			return;
	} else if (operation->lost != NULL && operation->result >= 0) {
		operation->lost(operation);
	}
	list_remove(&operation->of_set);
	set->inflight--;
	result = is_closing(set) ? STATUS_ECANCELED : operation->result;
	operation_free(operation);
	if (chain != NULL)
		chain_continue(set, chain, result);
}

/* Carrying out what is linked to one may finish others at once: they are looked at too. */
void ring_set_drain(struct ring_set *set)
{
	do {
		struct operation *operation = done_take(set);

		while (operation != NULL) {
			struct operation *next = operation->next_done;

			settle(set, operation);
			operation = next;
		}
	} while (ring_set_has_done(set));
	ring_set_wake_others(set);
}

/* On the set's CPU: a thread in cap_enter goes on; one that ran at EL0 has been interrupted by the message itself. */
static void kick_here(void *arg)
{
	struct ring_set *set = arg;

	/* Pairs with the exchange in ring_set_kick(): what was put on `done` before is seen by who is woken. */
	(void)atomic_exchange_explicit(&set->kicked, 0, memory_order_acquire);
	wait_queue_wake(&set->waiters);
	object_put(&set->thread->object);
}

void ring_set_kick(struct ring_set *set)
{
	if (set->cpu == hal_cpu_index()) {
		wait_queue_wake(&set->waiters);
		return;
	}
	if (atomic_exchange_explicit(&set->kicked, 1, memory_order_acq_rel) != 0)
		return;
	(void)object_hold(&set->thread->object);
	message_send(set->cpu, kick_here, set);
}

void ring_set_close(struct ring_set *set)
{
	set->closing = true;
	operation_cancel_all(set);
	for (;;) {
		ring_set_drain(set);
		if (set->inflight == 0)
			break;
		fiber_yield(); /* others are finishing the rest */
		hal_cpu_relax();
	}
}
