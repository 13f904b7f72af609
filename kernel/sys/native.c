// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/native.h"

#include "hal/contract/timer.h"
#include "kernel/io/ring_war.h"
#include "kernel/sys/process.h"
#include "kernel/sys/submissions.h"

enum { SIGNAL_BAD_CALL = 31 };

static uint64_t deadline_after(uint64_t timeout_ns)
{
	uint64_t now = hal_timer_now_ns();

	return timeout_ns < INT64_MAX - now ? now + timeout_ns : INT64_MAX;
}

/*
 * cap_enter with something to do. Every operation is complete when it was carried out, so that more completions cannot come while
 * the process waits: what is left of waiting is sleep, and without end it would be for ever. Not inlined: see native_call().
 */
static __attribute__((noinline)) int64_t cap_enter(struct process *process, uint32_t min_complete, uint64_t timeout_ns)
{
	uint32_t count;
	uint32_t waiting;

	if (min_complete > CAPOS_COMPLETIONS)
		return STATUS_EINVAL;
	if (ring_war_is_on(&process->war))
		ring_war_end(process);
	if (!submissions_run(process, &count, &waiting))
		return STATUS_ECANCELED;
	if (count > 0)
		ring_war_consider(process, count);
	if (waiting >= min_complete)
		return waiting;
	if (timeout_ns == CAPOS_WAIT_FOREVER)
		return STATUS_EDEADLK;
	if (timeout_ns > 0)
		(void)wait_queue_sleep(&process->ended, deadline_after(timeout_ns));
	return waiting;
}

static __attribute__((noinline)) void call_other(struct process *process)
{
	struct hal_user *user = &process->user;

	switch (user->x[8]) {
	case CAPOS_SYS_EXIT:
		process->code = (int32_t)user->x[0];
		process->end = PROCESS_EXITED;
		break;
	case CAPOS_SYS_CAP_ENTER:
		user->x[0] = (uint64_t)cap_enter(process, (uint32_t)user->x[0], user->x[1]);
		break;
	default:
		process_fault(process, "unknown system call", SIGNAL_BAD_CALL, user->x[8]);
	}
}

/* A cap_enter that has nothing to carry out and nothing to wait for is answered here, and needs no frame. */
void native_call(struct process *process)
{
	struct hal_user *user = &process->user;
	uint32_t waiting;

	process->calls++;
	if (user->x[8] == CAPOS_SYS_CAP_ENTER && !ring_war_is_on(&process->war) &&
	    cap_rings_are_idle(&process->rings, &waiting) && waiting >= (uint32_t)user->x[0])
		user->x[0] = waiting;
	else
		call_other(process);
}
