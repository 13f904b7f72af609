// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* One submission and its completion, in turn: the synchronous use of the rings. */
#include <capos/capos.h>

#include "capos/src/ring.h"
#include "capos/src/thread.h"

static inline __attribute__((always_inline)) void fill(struct capos_submission *submission, const struct capos_request *request,
							uint64_t user_data)
{
	/* One by one: a compound literal would be cleared first. */
	submission->cap = request->cap;
	submission->method = request->method;
	submission->flags = 0;
	submission->params = (uint64_t)request->params;
	submission->result = (uint64_t)request->result;
	submission->params_len = request->params_len;
	submission->result_len = request->result_len;
	submission->user_data = user_data;
	submission->transfer = (uint64_t)request->transfers;
	submission->transfer_count = request->transfer_count;
	submission->reserved = 0;
	submission->timeout_ns = request->timeout_ns;
}


/* A ring that is full, or that others use as well. */
static __attribute__((noinline)) int64_t call_any(struct ring *ring, const struct capos_request *request, capos_cap_t *new_cap)
{
	struct capos_operation operation;
	struct capos_submission submission;
	int64_t status;

	fill(&submission, request, (uint64_t)&operation);
	status = ring_put(ring, &submission, &operation, 1);
	if (status == 0)
		status = ring_wait(ring, &operation, CAPOS_WAIT_FOREVER);
	if (status < 0)
		return status;
	if (new_cap)
		*new_cap = operation.new_cap;
	return operation.result;
}

/* Of a ring that is this thread's own: the completion of `operation`. Those before it, of other operations, are delivered. */
static inline __attribute__((always_inline)) int64_t take(struct ring *ring, uint32_t tail, const struct capos_operation *operation,
							  const struct capos_completion **found)
{
	struct capos_rings *cursors = ring->cursors;

	for (;;) {
		const struct capos_completion *completion = &ring->completions[ring->taken % CAPOS_COMPLETIONS];

		/* Pairs with the kernel's release: the entry is as it wrote it. */
		if (atomic_load_explicit(&cursors->complete_tail, memory_order_acquire) == ring->taken) {
			if (!ring_polled_wait(cursors, tail, ring->taken)) {
				int64_t waiting = capos_sys_cap_enter(1, CAPOS_WAIT_FOREVER);

				if (__builtin_expect(waiting < 0, 0))
					return waiting;
			}
			continue;
		}
		ring->taken++;
		if (completion->user_data == (uint64_t)operation) {
			*found = completion;
			return 0;
		}
		ring_deliver(completion);
		/* Pairs with the kernel's acquire: the entry was read. */
		atomic_store_explicit(&cursors->complete_head, ring->taken, memory_order_release);
	}
}

int64_t capos_call(const struct capos_request *request, capos_cap_t *new_cap)
{
	struct ring *ring = thread_ring();
	struct capos_rings *cursors = ring->cursors;
	uint32_t tail = atomic_load_explicit(&cursors->submit_tail, memory_order_relaxed);
	struct capos_operation operation; /* its address is all that is used: no other lives there */
	const struct capos_completion *completion;
	int64_t result;

	/* Pairs with the kernel's release: it has copied the entry that this one takes the place of. */
	if (__builtin_expect(ring->shared || tail - atomic_load_explicit(&cursors->submit_head, memory_order_acquire) >= CAPOS_SUBMISSIONS,
			     0))
		return call_any(ring, request, new_cap);
	fill(&ring->submissions[tail % CAPOS_SUBMISSIONS], request, (uint64_t)&operation);
	/* Pairs with the kernel's acquire: it sees the entry. */
	atomic_store_explicit(&cursors->submit_tail, tail + 1, memory_order_release);
	result = take(ring, tail + 1, &operation, &completion);
	if (__builtin_expect(result < 0, 0))
		return result;
	result = completion->result;
	if (new_cap)
		*new_cap = completion->new_cap;
	/* Pairs with the kernel's acquire: the entry was read. */
	atomic_store_explicit(&cursors->complete_head, ring->taken, memory_order_release);
	return result;
}

int64_t capos_cap_call(capos_cap_t cap, uint16_t method, const void *params, uint32_t params_len, void *result,
		       uint32_t result_len)
{
	const struct capos_request request = {
		.cap = cap,
		.method = method,
		.params = params,
		.params_len = params_len,
		.result = result,
		.result_len = result_len,
	};

	return capos_call(&request, NULL);
}
