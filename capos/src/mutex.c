// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* U. Drepper, "Futexes Are Tricky" (2011), section 6 "Mutexes, Take 3"; pairs as in <capos/thread.h>. */
#include <capos/thread.h>

#include "capos/src/wait.h"

enum { FREE, LOCKED, CONTENDED };

/* Not even a look at a word that others write: the state goes to CONTENDED and stays there until the last of those who wait has it. */
int64_t capos_mutex_wait(struct capos_mutex *mutex, uint64_t timeout_ns)
{
	uint64_t deadline = clock_deadline(timeout_ns);

	while (atomic_exchange_explicit(&mutex->state, CONTENDED, memory_order_acquire) != FREE)
		if (wait_for_change(&mutex->state, CONTENDED, deadline) == STATUS_ETIMEDOUT)
			return STATUS_ETIMEDOUT;
	return 0;
}

void capos_mutex_wake(struct capos_mutex *mutex)
{
	wake(&mutex->state, 1);
}
