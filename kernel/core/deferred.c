// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/deferred.h"

#include "kernel/core/sched.h"

/* All of it happens on one CPU: what the atomics are for is the interrupt that comes between. */
void deferred_post(struct deferred *deferred)
{
	struct sched *sched = sched_this();
	struct deferred *head = atomic_load_explicit(&sched->deferred.head, memory_order_relaxed);

	if (atomic_exchange_explicit(&deferred->posted, 1, memory_order_relaxed) != 0)
		return;
	do
		deferred->next = head;
	while (!atomic_compare_exchange_weak_explicit(&sched->deferred.head, &head, deferred, memory_order_release,
						      memory_order_relaxed));
	atomic_store_explicit(&sched->attention, 1, memory_order_release);
}

void deferred_run(struct deferred_list *list)
{
	struct deferred *deferred = atomic_exchange_explicit(&list->head, NULL, memory_order_acquire);

	while (deferred != NULL) {
		struct deferred *next = deferred->next;

		/* Before it runs: what it looks at may change again, and then it must be posted again. */
		atomic_store_explicit(&deferred->posted, 0, memory_order_relaxed);
		deferred->run(deferred->arg);
		deferred = next;
	}
}
