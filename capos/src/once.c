// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include <capos/thread.h>

#include "capos/src/wait.h"

enum { NEW, RUNS, AWAITED, DONE };

void capos_once(struct capos_once *once, void (*run)(void))
{
	/* Pairs with the release below: what `run` did is seen. */
	uint32_t state = atomic_load_explicit(&once->state, memory_order_acquire);

	while (state != DONE) {
		if (state == NEW && atomic_compare_exchange_strong_explicit(&once->state, &state, RUNS, memory_order_acquire,
									     memory_order_acquire)) {
			run();
			if (atomic_exchange_explicit(&once->state, DONE, memory_order_release) == AWAITED)
				wake(&once->state, UINT32_MAX);
			return;
		}
		if (state == RUNS && !atomic_compare_exchange_strong_explicit(&once->state, &state, AWAITED, memory_order_acquire,
									      memory_order_acquire))
			continue;
		if (state != DONE)
			(void)wait_for_change(&once->state, AWAITED, CAPOS_WAIT_FOREVER);
		state = atomic_load_explicit(&once->state, memory_order_acquire);
	}
}
