// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include <capos/capos.h>
#include <capos/thread.h>

#include "checks.h"

enum { BATCH = 48, ERROR_CANCELED = -125, ERROR_BADF = -9, ERROR_TIMEDOUT = -110, STEP_NS = 1000000 };

static int check_batch(capos_cap_t ring)
{
	struct capos_submission submissions[BATCH];
	struct capos_operation operations[BATCH];

	for (unsigned i = 0; i < BATCH; i++)
		submissions[i] = capos_ring_nop_submission(i % 8 == 7 ? CAPOS_CAP_NONE : ring);
	EXPECT(capos_submit_batch(submissions, operations, BATCH) == 0);
	EXPECT(capos_operation_wait(&operations[BATCH - 1], CAPOS_WAIT_FOREVER) == 0);
	for (unsigned i = 0; i < BATCH; i++)
		EXPECT(capos_operation_is_done(&operations[i]) && operations[i].result == (i % 8 == 7 ? ERROR_BADF : 0));
	return 0;
}

/* The one in the middle fails: what is linked behind it does not run, what is not does. */
static int check_links(capos_cap_t ring)
{
	struct capos_submission submissions[5];
	struct capos_operation operations[5];
	static const int64_t due[5] = { 0, ERROR_BADF, ERROR_CANCELED, ERROR_CANCELED, 0 };

	for (unsigned i = 0; i < 5; i++) {
		submissions[i] = capos_ring_nop_submission(i == 1 ? CAPOS_CAP_NONE : ring);
		submissions[i].flags = i < 3 ? CAPOS_SUBMIT_LINK : 0;
	}
	EXPECT(capos_submit_batch(submissions, operations, 5) == 0);
	for (unsigned i = 0; i < 5; i++)
		EXPECT(capos_operation_wait(&operations[i], CAPOS_WAIT_FOREVER) == 0 && operations[i].result == due[i]);
	return 0;
}

static int check_waiting(capos_cap_t clock)
{
	uint64_t now = (uint64_t)capos_clock_now(clock);
	struct capos_clock_wait_until late = { .deadline_ns = now + 1000ull * 1000000000 };
	struct capos_clock_wait_until soon = { .deadline_ns = now + STEP_NS };
	struct capos_submission submission = capos_clock_wait_until_submission(clock, &late, 0);
	struct capos_operation cancelled;
	struct capos_operation timed;
	struct capos_operation done;

	EXPECT(capos_submit(&submission, &cancelled) == 0);
	submission.timeout_ns = STEP_NS;
	EXPECT(capos_submit(&submission, &timed) == 0);
	submission = capos_clock_wait_until_submission(clock, &soon, 0);
	EXPECT(capos_submit(&submission, &done) == 0);
	EXPECT(capos_operation_wait(&done, CAPOS_WAIT_FOREVER) == 0 && done.result == 0);
	EXPECT(capos_operation_wait(&timed, CAPOS_WAIT_FOREVER) == 0 && timed.result == ERROR_TIMEDOUT);
	EXPECT(capos_operation_wait(&cancelled, STEP_NS) == ERROR_TIMEDOUT && !capos_operation_is_done(&cancelled));
	EXPECT(capos_operation_cancel(&cancelled) == 1);
	EXPECT(capos_operation_wait(&cancelled, CAPOS_WAIT_FOREVER) == 0 && cancelled.result == ERROR_CANCELED);
	return 0;
}

/* Waits, again and again, for times that are its own, on a ring that others use for the same. */
static int wait_often(void *arg)
{
	capos_cap_t clock = capos_capset_get("clock");

	for (unsigned i = 0; i < 20; i++) {
		uint64_t deadline = (uint64_t)capos_clock_now(clock) + (unsigned long)arg * STEP_NS / 10;

		EXPECT(capos_clock_wait_until(clock, deadline, 0) == 0);
		EXPECT((uint64_t)capos_clock_now(clock) >= deadline);
	}
	return 0;
}

static int check_shared(void)
{
	const struct capos_thread_options options = { .share_rings = true, .cpu = CAPOS_CPU_ANY };
	struct capos_thread threads[6];
	int value;

	for (unsigned long i = 0; i < 6; i++)
		EXPECT(capos_thread_create(&threads[i], &options, wait_often, (void *)(i + 1)) == 0);
	EXPECT(wait_often((void *)3) == 0);
	for (unsigned i = 0; i < 6; i++)
		EXPECT(capos_thread_join(&threads[i], &value) == 0 && value == 0);
	return 0;
}

int check_operations(void)
{
	int line = check_batch(capos_capset_get("ring"));

	if (line == 0)
		line = check_links(capos_capset_get("ring"));
	if (line == 0)
		line = check_waiting(capos_capset_get("clock"));
	return line != 0 ? line : check_shared();
}
