// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/storm/storm.h"

#include <capos/thread.h>

enum { THREADS = 7, BATCH = 50, HOUR_NS_SHIFT = 42 };

struct wait {
	struct capos_submission submissions[BATCH];
	struct capos_operation operations[BATCH];
	struct capos_clock_wait_until params[BATCH];
};

/* Waits that end soon, late and never, linked and not. */
static bool submit(struct wait *wait, uint64_t *state)
{
	for (unsigned i = 0; i < BATCH; i++) {
		wait->submissions[i] = capos_clock_wait_until_submission(capos_capset_get("clock"), &wait->params[i], 0);
		wait->params[i].deadline_ns = now_ns() + (draw_below(state, 2) ? draw_below(state, 300000) : 1ull << HOUR_NS_SHIFT);
		wait->submissions[i].timeout_ns = draw_below(state, 2) ? draw_below(state, 1000000) : 0;
		wait->submissions[i].flags = i + 1 < BATCH && draw_below(state, 4) == 0 ? CAPOS_SUBMIT_LINK : 0;
	}
	return capos_submit_batch(wait->submissions, wait->operations, BATCH) == 0;
}

/* Until all are done; what does not end by itself is cancelled. */
static void finish(struct wait *wait, uint64_t *state)
{
	for (unsigned i = 0; i < BATCH; i++)
		while (!capos_operation_is_done(&wait->operations[i]))
			if (draw_below(state, 3) == 0 || capos_operation_wait(&wait->operations[i], 2000000) < 0)
				(void)capos_operation_cancel(&wait->operations[i]);
}

/* As many as fit, in one ring, which may be shared with others that do the same. */
static int fill_ring(void *arg)
{
	struct wait waits[2];
	uint64_t state = (uint64_t)arg;
	uint64_t end_ns = state >> 4;

	while (now_ns() < end_ns) {
		if (!submit(&waits[0], &state) || !submit(&waits[1], &state) || capos_enter() != 0)
			return EXIT_BROKEN;
		finish(&waits[0], &state);
		finish(&waits[1], &state);
	}
	return 0;
}

/* Ends in the middle of it, now and then: the process's end takes all that is under way with it. */
int storm_outstanding(uint64_t seed, uint64_t end_ns)
{
	struct capos_thread threads[THREADS];
	uint64_t state = seed;
	uint64_t life_ns = now_ns() + 1000000 + draw_below(&state, 60000000);
	int value;

	for (unsigned i = 0; i < THREADS; i++) {
		const struct capos_thread_options options = { .share_rings = draw_below(&state, 3) == 0, .cpu = CAPOS_CPU_ANY };

		if (capos_thread_create(&threads[i], &options, fill_ring, (void *)(end_ns << 4 | draw_below(&state, 16))) != 0)
			return 1;
	}
	if (life_ns < end_ns) {
		(void)capos_clock_wait_until(capos_capset_get("clock"), life_ns, 0);
		capos_sys_exit(0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		if (capos_thread_join(&threads[i], &value) != 0 || value != 0)
			return EXIT_BROKEN + 1;
	return 0;
}
