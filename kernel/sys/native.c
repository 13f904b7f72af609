// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/native.h"

#include "hal/contract/timer.h"
#include "kernel/cap/dispatch.h"
#include "kernel/sys/process.h"

enum { SIGNAL_BAD_CALL = 31 };

/* The process's cursors are impossible: no honest program gets there. */
static void rings_broken(struct process *process)
{
	process_fault(process, "impossible ring cursor", SIGNAL_BAD_CALL, 0);
}

/* Carries out what was submitted, as far as there is room for completions. False where the process must end. */
static bool submissions_run(struct process *process)
{
	for (unsigned i = 0; i < CAPOS_SUBMISSIONS; i++) {
		struct capos_submission submission;
		uint32_t waiting;
		status_t status = cap_rings_waiting(&process->rings, &waiting);

		if (status == STATUS_OK && waiting == CAPOS_COMPLETIONS)
			return true;
		if (status == STATUS_OK)
			status = cap_rings_take(&process->rings, &submission);
		if (status == STATUS_EAGAIN)
			return true;
		if (status != STATUS_OK) {
			rings_broken(process);
			return false;
		}

		struct capos_completion completion = cap_dispatch(process, &submission);

		if (process->end != PROCESS_RUNS)
			return false;
		cap_rings_complete(&process->rings, &completion);
	}
	return true;
}

static uint64_t deadline_after(uint64_t timeout_ns)
{
	uint64_t now = hal_timer_now_ns();

	return timeout_ns < INT64_MAX - now ? now + timeout_ns : INT64_MAX;
}

/*
 * Every operation is complete when it was carried out, so that more completions cannot come while the process waits: what is left
 * of waiting is sleep, and without end it would be for ever.
 */
static int64_t cap_enter(struct process *process, uint32_t min_complete, uint64_t timeout_ns)
{
	uint32_t waiting;

	if (min_complete > CAPOS_COMPLETIONS)
		return STATUS_EINVAL;
	if (!submissions_run(process))
		return STATUS_ECANCELED;
	if (cap_rings_waiting(&process->rings, &waiting) != STATUS_OK) {
		rings_broken(process);
		return STATUS_ECANCELED;
	}
	if (waiting >= min_complete)
		return waiting;
	if (timeout_ns == CAPOS_WAIT_FOREVER)
		return STATUS_EDEADLK;
	if (timeout_ns > 0)
		(void)wait_queue_sleep(&process->ended, deadline_after(timeout_ns));
	return waiting;
}

void native_call(struct process *process)
{
	struct hal_user *user = &process->user;

	switch (user->x[8]) {
	case CAPOS_SYS_EXIT:
		process->end = PROCESS_EXITED;
		process->code = (int32_t)user->x[0];
		break;
	case CAPOS_SYS_CAP_ENTER:
		user->x[0] = (uint64_t)cap_enter(process, (uint32_t)user->x[0], user->x[1]);
		break;
	default:
		process_fault(process, "unknown system call", SIGNAL_BAD_CALL, user->x[8]);
	}
}
