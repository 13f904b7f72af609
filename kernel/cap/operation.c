// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/operation.h"

#include "hal/contract/smp.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/libc.h"
#include "kernel/core/message.h"
#include "kernel/core/panic.h"
#include "kernel/core/timer.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"
#include "lib/string.h"

/* Out of time: whoever finishes it meanwhile has claimed it before. */
static void timed_out(void *arg)
{
	struct operation *operation = arg;

	if (!operation_claim(operation))
		return;
	operation->withdraw(operation);
	operation_finish(operation, STATUS_ETIMEDOUT);
}

struct operation *operation_begin(struct cap_call *call, void (*withdraw)(struct operation *operation))
{
	const struct capos_submission *submission = call->submission;
	struct budget *budget = call->process->budget;
	struct operation *operation;

	if (!budget_charge_bytes(budget, sizeof(*operation)))
		return NULL;
	operation = calloc(1, sizeof(*operation));
	if (operation == NULL || !object_hold(call->object)) { /* or its last capability was dropped meanwhile */
		budget_credit_bytes(budget, sizeof(*operation));
		free(operation);
		return NULL;
	}
	list_init(&operation->node);
	operation->object = call->object;
	operation->set = call->rings;
	operation->withdraw = withdraw;
	operation->user_data = submission->user_data;
	operation->result_va = submission->result;
	operation->result_len = submission->result_len;
	list_push_back(&call->rings->operations, &operation->of_set);
	call->rings->inflight++;
	call->operation = operation;
	if (submission->timeout_ns != 0) {
		operation->timed = true;
		operation->deadline_ns = timer_deadline(submission->timeout_ns);
		operation_retime(operation);
	}
	return operation;
}

void operation_retime(struct operation *operation)
{
	if (!operation->timed)
		return;
	operation->timer_cpu = hal_cpu_index();
	timer_set(&operation->timer, operation->deadline_ns, timed_out, operation);
}

void operation_untime(struct operation *operation)
{
	if (operation->timed)
		timer_cancel(&operation->timer);
}

void operation_again(struct operation *operation)
{
	/* Pairs with the exchange of who claims it. */
	atomic_store_explicit(&operation->claimed, 0, memory_order_release);
}

void operation_free(struct operation *operation)
{
	object_put(operation->object);
	budget_credit_bytes(operation->set->process->budget, sizeof(*operation));
	free(operation);
}

struct operation *operation_claim_first(struct list_node *queue)
{
	for (struct list_node *node = queue->next; node != queue; node = node->next) {
		struct operation *operation = LIST_OWNER(node, struct operation, node);

		if (operation_claim(operation)) {
			list_remove(node);
			return operation;
		}
	}
	return NULL;
}

/* To the owner of the rings. */
static void deliver(struct operation *operation)
{
	struct ring_set *set = operation->set;
	struct object *thread = &set->thread->object;

	(void)object_hold(thread); /* once it is on `done` the thread may see it, and end */
	operation->next_done = atomic_load_explicit(&set->done, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&set->done, &operation->next_done, operation, memory_order_release,
						      memory_order_relaxed))
		;
	ring_set_kick(set);
	object_put(thread);
}

static void untime_and_deliver(void *arg)
{
	struct operation *operation = arg;

	timer_cancel(&operation->timer);
	deliver(operation);
}

void operation_finish(struct operation *operation, int64_t result)
{
	operation->result = result;
	if (!operation->timed)
		deliver(operation);
	else if (operation->timer_cpu == hal_cpu_index())
		untime_and_deliver(operation);
	else
		message_send(operation->timer_cpu, untime_and_deliver, operation);
}

void operation_set_data(struct operation *operation, const void *data, size_t bytes)
{
	VERIFY(bytes <= OPERATION_DATA_BYTES);
	memcpy(operation->data, data, bytes);
	operation->data_len = (uint32_t)bytes;
}

/* Finishing puts it on `done`, and takes nothing off the list. */
static uint32_t cancel_matching(struct ring_set *set, bool all, uint64_t user_data)
{
	uint32_t count = 0;

	for (struct list_node *node = set->operations.next; node != &set->operations; node = node->next) {
		struct operation *operation = LIST_OWNER(node, struct operation, of_set);

		if ((!all && operation->user_data != user_data) || !operation_claim(operation))
			continue;
		operation->withdraw(operation);
		operation_finish(operation, STATUS_ECANCELED);
		count++;
	}
	return count;
}

uint32_t operation_cancel(struct ring_set *set, uint64_t user_data)
{
	return cancel_matching(set, false, user_data);
}

void operation_cancel_all(struct ring_set *set)
{
	(void)cancel_matching(set, true, 0);
}
