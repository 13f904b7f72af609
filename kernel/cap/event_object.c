// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Waiting for a word of memory, by its physical place (a futex): a waiter is queued under the lock of its bucket after the word was
 * seen to hold what it expects, and who changes the word notifies afterwards, under the same lock; so none is missed. A page that is
 * given back while somebody waits leaves that one waiting for nobody, or for a stranger's notify: waking is a hint.
 */
#include <stdatomic.h>

#include "kernel/cap/objects.h"
#include "kernel/cap/operation.h"
#include "kernel/core/spinlock.h"
#include "kernel/event_methods.h"
#include "kernel/sys/process.h"

enum { BUCKETS = 64, WORD_BYTES = 4 };

/* Lists are made at their first use: `waiters.next` NULL until then. */
static struct bucket {
	_Alignas(64) struct spinlock lock;
	struct list_node waiters; /* W: under the lock. Oldest first; key: physical address */
} buckets[BUCKETS];

static struct bucket *bucket_lock(uint64_t pa)
{
	struct bucket *bucket = &buckets[(pa >> 2 ^ pa >> 12) % BUCKETS];

	spinlock_take(&bucket->lock);
	if (bucket->waiters.next == NULL)
		list_init(&bucket->waiters);
	return bucket;
}

static void withdraw(struct operation *operation)
{
	struct bucket *bucket = bucket_lock(operation->key);

	list_remove(&operation->node);
	spinlock_give(&bucket->lock);
}

/* Under the process's lock, so that the page stays the process's while it is looked at. */
static int64_t wait_locked(struct cap_call *call, const struct capos_event_wait *params)
{
	struct operation *operation;
	uint64_t pa;

	if (hal_space_translate(&call->process->space, params->address, &pa) != STATUS_OK)
		return STATUS_EFAULT;

	struct bucket *bucket = bucket_lock(pa);
	const _Atomic uint32_t *word = hal_direct_va(pa);
	int64_t result = STATUS_EAGAIN;

	if (atomic_load_explicit(word, memory_order_relaxed) == params->expected) {
		operation = operation_begin(call, withdraw);
		result = operation != NULL ? CAP_PENDING : STATUS_ENOMEM;
		if (operation != NULL) {
			operation->key = pa;
			list_push_back(&bucket->waiters, &operation->node);
		}
	}
	spinlock_give(&bucket->lock);
	return result;
}

/* Whoever names memory that is not there is faulted, as by an access of its own. */
static int64_t bad_address(struct cap_call *call, uint64_t address)
{
	process_fault(call->process, "bad memory access (word of an event)", PROCESS_SIGNAL_MEMORY, address);
	return STATUS_EFAULT;
}

int64_t event_wait(struct cap_call *call, const struct capos_event_wait *params)
{
	int64_t result;

	if (params->address % WORD_BYTES != 0 || params->reserved != 0)
		return STATUS_EINVAL;
	spinlock_take(&call->process->lock);
	result = wait_locked(call, params);
	spinlock_give(&call->process->lock);
	return result == STATUS_EFAULT ? bad_address(call, params->address) : result;
}

/* The oldest that waits for the word, claimed. */
static struct operation *waiter_take(uint64_t pa)
{
	struct bucket *bucket = bucket_lock(pa);
	struct operation *found = NULL;

	for (struct list_node *node = bucket->waiters.next; found == NULL && node != &bucket->waiters; node = node->next) {
		struct operation *operation = LIST_OWNER(node, struct operation, node);

		if (operation->key == pa && operation_claim(operation))
			found = operation;
	}
	if (found != NULL)
		list_remove(&found->node);
	spinlock_give(&bucket->lock);
	return found;
}

int64_t event_notify(struct cap_call *call, const struct capos_event_notify *params)
{
	uint32_t count = 0;
	uint64_t pa;
	status_t status;

	if (params->address % WORD_BYTES != 0 || params->reserved != 0)
		return STATUS_EINVAL;
	spinlock_take(&call->process->lock);
	status = hal_space_translate(&call->process->space, params->address, &pa);
	spinlock_give(&call->process->lock);
	if (status != STATUS_OK)
		return bad_address(call, params->address);
	while (count < params->count) {
		struct operation *operation = waiter_take(pa);

		if (operation == NULL)
			break;
		operation_finish(operation, 0);
		count++;
	}
	return count;
}

struct object event_object = OBJECT_INIT(event_interface);
