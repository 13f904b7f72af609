// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/process_object.h"

#include "kernel/cap/operation.h"
#include "kernel/process_methods.h"
#include "kernel/sys/process.h"
#include "lib/list.h"

static struct process *process_of(const struct object *object)
{
	return LIST_OWNER((struct object *)object, struct process, object);
}

static void withdraw(struct operation *operation)
{
	struct process *process = process_of(operation->object);

	spinlock_take(&process->lock);
	list_remove(&operation->node);
	spinlock_give(&process->lock);
}

static struct capos_process_wait_result result_of(const struct process *process)
{
	if (process->end == PROCESS_EXITED)
		return (struct capos_process_wait_result){ .end = CAPOS_PROCESS_EXITED, .code = (int32_t)process->code };
	return (struct capos_process_wait_result){
		.end = CAPOS_PROCESS_KILLED,
		.code = process->fault.signal,
		.pc = process->fault.pc,
		.address = process->fault.address,
	};
}

int64_t process_object_wait(struct cap_call *call)
{
	struct process *process = process_of(call->object);
	struct operation *operation = operation_begin(call, withdraw);
	bool finished;

	if (operation == NULL)
		return STATUS_ENOMEM;
	spinlock_take(&process->lock);
	finished = atomic_load_explicit(&process->finished, memory_order_acquire);
	if (!finished)
		list_push_back(&process->waiters, &operation->node);
	spinlock_give(&process->lock);
	if (finished && operation_claim(operation)) {
		struct capos_process_wait_result result = result_of(process);

		operation_set_data(operation, &result, sizeof(result));
		operation_finish(operation, 0);
	}
	return CAP_PENDING;
}

int64_t process_object_kill(struct cap_call *call)
{
	static const struct hal_user_fault killed = { .what = "on request", .signal = PROCESS_SIGNAL_KILL };

	process_end(process_of(call->object), PROCESS_KILLED, 0, &killed);
	return 0;
}

void process_waiters_finish(struct process *process)
{
	const struct capos_process_wait_result result = result_of(process);
	struct operation *operation;

	for (;;) {
		spinlock_take(&process->lock);
		operation = operation_claim_first(&process->waiters);
		spinlock_give(&process->lock);
		if (operation == NULL)
			return;
		operation_set_data(operation, &result, sizeof(result));
		operation_finish(operation, 0);
	}
}
