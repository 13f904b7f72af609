// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A thread as a capability. */
#include "kernel/cap/operation.h"
#include "kernel/sys/thread.h"
#include "kernel/thread_methods.h"
#include "lib/list.h"

static struct thread *thread_of(const struct object *object)
{
	return LIST_OWNER((struct object *)object, struct thread, object);
}

static void withdraw(struct operation *operation)
{
	struct thread *thread = thread_of(operation->object);

	spinlock_take(&thread->lock);
	list_remove(&operation->node);
	spinlock_give(&thread->lock);
}

int64_t thread_object_wait(struct cap_call *call)
{
	struct thread *thread = thread_of(call->object);
	struct operation *operation;
	int64_t result = 0;

	spinlock_take(&thread->lock);
	if (!thread->gone) {
		operation = operation_begin(call, withdraw);
		result = operation != NULL ? CAP_PENDING : STATUS_ENOMEM;
		if (operation != NULL)
			list_push_back(&thread->waiters, &operation->node);
	}
	spinlock_give(&thread->lock);
	return result;
}

int64_t thread_object_end(struct cap_call *call)
{
	struct thread *thread = thread_of(call->object);

	atomic_store_explicit(&thread->ending, true, memory_order_relaxed);
	thread_notice(thread);
	return 0;
}
