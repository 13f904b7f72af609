// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/native.h"

#include "hal/contract/timer.h"
#include "kernel/core/timer.h"
#include "kernel/io/ring_war.h"
#include "kernel/sys/process.h"
#include "kernel/sys/submissions.h"
#include "kernel/sys/thread.h"

/* Whether it would wait for ever for what cannot come: nothing is in flight, nobody else submits here. */
static bool waits_in_vain(const struct ring_set *set, uint64_t timeout_ns)
{
	return timeout_ns == CAPOS_WAIT_FOREVER && set->inflight == 0 &&
	       atomic_load_explicit(&set->users, memory_order_relaxed) == 1;
}

/* Waits until there are as many completions, as long as that may take. Returns how many there are. */
static int64_t wait_for(struct ring_set *set, uint32_t min_complete, uint64_t timeout_ns, uint32_t waiting)
{
	uint64_t deadline = timeout_ns == CAPOS_WAIT_FOREVER ? WAIT_FOREVER : timer_deadline(timeout_ns);
	status_t status = STATUS_OK;
	uint32_t count;

	while (waiting < min_complete && status == STATUS_OK) {
		if (waits_in_vain(set, timeout_ns))
			return STATUS_EDEADLK;
		if (!ring_set_has_done(set)) /* some finish at once */
			status = wait_queue_sleep(&set->waiters, deadline);
		if (ring_set_has_done(set))
			ring_set_drain(set);
		if (!submissions_run(set, &count, &waiting))
			return STATUS_ECANCELED;
		if (count > 0)
			ring_set_wake_others(set);
	}
	return waiting;
}

/* cap_enter with something to do. Not inlined: see native_call(). */
static __attribute__((noinline)) int64_t cap_enter(struct thread *thread, uint32_t min_complete, uint64_t timeout_ns)
{
	struct ring_set *set = thread->rings;
	uint32_t count;
	uint32_t waiting;

	if (min_complete > CAPOS_COMPLETIONS)
		return STATUS_EINVAL;
	if (ring_war_is_on(&set->war))
		ring_war_end(set);
	if (!submissions_run(set, &count, &waiting))
		return STATUS_ECANCELED;
	if (count > 0)
		ring_set_wake_others(set);
	if (ring_set_has_done(set)) { /* finished meanwhile, perhaps by what was just carried out */
		ring_set_drain(set);
		if (!submissions_run(set, &count, &waiting))
			return STATUS_ECANCELED;
	}
	if (waiting >= min_complete || timeout_ns == 0) {
		if (count > 0)
			ring_war_consider(set, count);
		return waiting;
	}
	return wait_for(set, min_complete, timeout_ns, waiting);
}

static __attribute__((noinline)) void call_other(struct thread *thread)
{
	struct hal_user *user = &thread->user;

	switch (user->x[8]) {
	case CAPOS_SYS_EXIT:
		process_exit(thread->process, (int32_t)user->x[0]);
		break;
	case CAPOS_SYS_CAP_ENTER:
		user->x[0] = (uint64_t)cap_enter(thread, (uint32_t)user->x[0], user->x[1]);
		break;
	default:
		process_fault(thread->process, "unknown system call", PROCESS_SIGNAL_BAD_CALL, user->x[8]);
	}
}

/*
 * A cap_enter that has nothing to carry out and nothing to wait for is answered here, and needs no frame. What has finished elsewhere is not
 * looked at: it comes with a message, which thread_run() notices.
 */
void native_call(struct thread *thread)
{
	struct hal_user *user = &thread->user;
	struct ring_set *set = thread->rings;
	uint32_t waiting;

	thread->calls++;
	if (user->x[8] == CAPOS_SYS_CAP_ENTER && !ring_war_is_on(&set->war) &&
	    cap_rings_are_idle(&set->rings, &waiting) && waiting >= (uint32_t)user->x[0])
		user->x[0] = waiting;
	else
		call_other(thread);
}
