// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A condition counts signals: who waits remembers the count from before it unlocked the mutex, and waits for another. `waiters` spares
 * the signal that nobody waits for its system call: either the signaller sees the waiter, or the waiter the new count
 * (both sides write, then read the other's word, sequentially consistent).
 */
#include <capos/thread.h>

#include "capos/src/wait.h"

int64_t capos_condition_wait(struct capos_condition *condition, struct capos_mutex *mutex, uint64_t timeout_ns)
{
	uint64_t deadline = clock_deadline(timeout_ns);
	uint32_t sequence;
	int64_t status;

	atomic_fetch_add(&condition->waiters, 1);
	sequence = atomic_load(&condition->sequence);
	capos_mutex_unlock(mutex);
	status = wait_for_change(&condition->sequence, sequence, deadline);
	atomic_fetch_sub(&condition->waiters, 1);
	capos_mutex_lock(mutex);
	return status;
}

static void notify(struct capos_condition *condition, uint32_t count)
{
	atomic_fetch_add(&condition->sequence, 1);
	if (atomic_load(&condition->waiters) != 0)
		wake(&condition->sequence, count);
}

void capos_condition_signal(struct capos_condition *condition)
{
	notify(condition, 1);
}

void capos_condition_broadcast(struct capos_condition *condition)
{
	notify(condition, UINT32_MAX);
}
