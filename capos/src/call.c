// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* One submission and its completion, in turn: the synchronous use of the rings. */
#include <capos/capos.h>

#include "capos/src/start.h"

/* How often a polled ring is looked at before the kernel is asked after all: far more than a poller that has begun, or is about to,
 * needs, so that only one that cannot run is given up. */
enum { POLLS = 1 << 20 };

/* Waits for the completion behind `head`. 0, or what cap_enter says went wrong. */
static int64_t completion_wait(struct capos_rings *rings, uint32_t head)
{
	/* Pairs with the kernel's barrier between taking `polled` back and its last look at the submissions. */
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < POLLS && atomic_load_explicit(&rings->polled, memory_order_relaxed); i++) {
		if (atomic_load_explicit(&rings->complete_tail, memory_order_relaxed) != head)
			return 0;
		__asm__ volatile("yield");
	}
	/* The poller may have answered before it stopped. */
	if (atomic_load_explicit(&rings->complete_tail, memory_order_relaxed) != head)
		return 0;
	return capos_sys_cap_enter(1, CAPOS_WAIT_FOREVER);
}

int64_t capos_cap_call(capos_cap_t cap, uint16_t method, const void *params, uint32_t params_len, void *result,
		       uint32_t result_len)
{
	struct capos_rings *rings = (struct capos_rings *)capos_start->rings;
	struct capos_submission *submissions = (struct capos_submission *)capos_start->submissions;
	const struct capos_completion *completions = (const struct capos_completion *)capos_start->completions;
	uint32_t tail = atomic_load_explicit(&rings->submit_tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&rings->complete_head, memory_order_relaxed);

	submissions[tail % CAPOS_SUBMISSIONS] = (struct capos_submission){
		.cap = cap,
		.method = method,
		.params = (uint64_t)params,
		.params_len = params_len,
		.result = (uint64_t)result,
		.result_len = result_len,
	};
	/* Pairs with the kernel's acquire: it sees the entry. */
	atomic_store_explicit(&rings->submit_tail, tail + 1, memory_order_release);

	int64_t waiting = completion_wait(rings, head);

	if (waiting < 0)
		return waiting;
	/* Pairs with the kernel's release: the entry is as it wrote it. */
	(void)atomic_load_explicit(&rings->complete_tail, memory_order_acquire);

	int64_t value = completions[head % CAPOS_COMPLETIONS].result;

	atomic_store_explicit(&rings->complete_head, head + 1, memory_order_release);
	return value;
}
