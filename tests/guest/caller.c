// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/guest/caller.h"

#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "kernel/cap/channel.h"
#include "kernel/cap/grant.h"
#include "kernel/cap/objects.h"
#include "kernel/channel_methods.h"
#include "kernel/clock_methods.h"
#include "kernel/core/fiber.h"
#include "kernel/sys/memory.h"
#include "kernel/sys/submissions.h"
#include "lib/string.h"

#define SECOND_NS 1000000000ul

static status_t grants_make(struct caller *caller)
{
	const uint32_t rights = CAPOS_CHANNEL_RIGHT_READ | CAPOS_CHANNEL_RIGHT_WRITE | CAPOS_CHANNEL_RIGHT_GIVE |
				CAPOS_CHANNEL_RIGHT_TAKE;
	struct process *process = caller->user.process;
	struct object *channel;
	status_t status = grant_new(&process->capset, &clock_object, CAPOS_CLOCK_RIGHT_READ | CAPOS_CLOCK_RIGHT_WAIT, "clock",
				    &caller->clock);

	if (status == STATUS_OK)
		status = channel_create(process->budget, HAL_PAGE_BYTES, &channel);
	return status == STATUS_OK ? grant_new(&process->capset, channel, rights, "channel", &caller->channel) : status;
}

status_t caller_begin(struct caller *caller)
{
	static const uint32_t never = 0xd4000001; /* svc #0 */
	status_t status;
	void *page;

	*caller = (struct caller){ 0 };
	status = user_make(&never, sizeof(never), &never, &caller->user);
	if (status != STATUS_OK)
		return status;
	status = process_map(caller->user.process, CALLER_VA, HAL_USER_READ | HAL_USER_WRITE, &page);
	caller->page = page;
	if (status == STATUS_OK)
		status = grants_make(caller);
	if (status != STATUS_OK)
		caller_end(caller);
	return status;
}

void caller_end(struct caller *caller)
{
	thread_abandon(caller->user.thread);
	process_abandon(caller->user.process);
	object_settle();
}

capos_cap_t caller_cap(struct caller *caller, const char *name)
{
	struct capos_capset_entry entry;

	for (unsigned at = 0; grant_next(&caller->user.process->capset, &at, &entry) == STATUS_OK;)
		if (strcmp(entry.name, name) == 0)
			return entry.cap;
	return CAPOS_CAP_NONE;
}

void caller_submit(struct caller *caller, struct capos_submission submission, const void *params, uint32_t bytes)
{
	struct cap_rings *rings = &caller->user.thread->own.rings;
	uint32_t place = CALLER_PARAMS + caller->submitted % CAPOS_COMPLETIONS * CALLER_PARAMS_EACH;

	if (bytes > 0) {
		memcpy(caller->page + place, params, bytes);
		submission.params = CALLER_VA + place;
		submission.params_len = bytes;
	}
	((struct capos_submission *)rings->submissions)[caller->submitted++ % CAPOS_SUBMISSIONS] = submission;
	atomic_store_explicit(&rings->shared->submit_tail, caller->submitted, memory_order_release);
}

bool caller_run(struct caller *caller)
{
	struct ring_set *set = &caller->user.thread->own;
	uint32_t count;
	uint32_t waiting;

	ring_set_drain(set);
	return submissions_run(set, &count, &waiting);
}

bool caller_take(struct caller *caller, struct capos_completion *completion)
{
	const struct cap_rings *rings = &caller->user.thread->own.rings;
	uint64_t deadline = hal_timer_now_ns() + SECOND_NS;

	while (rings->complete_tail == caller->taken) {
		if (hal_timer_now_ns() > deadline || !caller_run(caller))
			return false;
		fiber_yield();
		hal_cpu_relax();
	}
	*completion = rings->completions[caller->taken++ % CAPOS_COMPLETIONS];
	atomic_store_explicit(&rings->shared->complete_head, caller->taken, memory_order_release);
	return true;
}

int64_t caller_call(struct caller *caller, struct capos_submission submission, const void *params, uint32_t bytes)
{
	struct capos_completion completion;

	caller_submit(caller, submission, params, bytes);
	return caller_run(caller) && caller_take(caller, &completion) ? completion.result : INT64_MIN;
}
