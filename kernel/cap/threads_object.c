// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* New threads of the process that calls. */
#include "hal/contract/user.h"
#include "kernel/cap/grant.h"
#include "kernel/cap/objects.h"
#include "kernel/cap/ring_set.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"
#include "kernel/thread_methods.h"
#include "kernel/threads_methods.h"

static bool params_are_valid(const struct capos_threads_create *params)
{
	return params->entry < HAL_USER_END && params->entry % 4 == 0 && params->stack_top <= HAL_USER_END &&
	       params->stack_top % 16 == 0 && (params->flags & ~CAPOS_THREADS_SHARE_RINGS) == 0;
}

int64_t threads_create(struct cap_call *call, const struct capos_threads_create *params)
{
	struct thread_options options = {
		.pc = params->entry,
		.sp = params->stack_top,
		.tls = params->tls,
		.x = { params->arg },
		.share = params->flags & CAPOS_THREADS_SHARE_RINGS ? call->rings->thread : NULL,
		.cpu = params->cpu,
	};
	struct thread *thread;
	status_t status;

	if (!params_are_valid(params))
		return STATUS_EINVAL;
	status = thread_create(call->process, &options, &thread);
	if (status != STATUS_OK)
		return status;
	(void)object_hold(&thread->object); /* the capability's; the other is this function's */
	status = grant_new(&call->process->capset, &thread->object, CAPOS_THREAD_RIGHT_WAIT | CAPOS_THREAD_RIGHT_END, "thread",
			   &call->new_cap);
	if (status == STATUS_OK) {
		thread->user.x[2] = call->new_cap;
		status = thread_start(thread);
		if (status != STATUS_OK)
			grant_drop(&call->process->capset, call->new_cap);
	}
	if (status != STATUS_OK) {
		call->new_cap = CAPOS_CAP_NONE;
		thread_abandon(thread);
		return status;
	}
	object_put(&thread->object);
	return 0;
}

struct object threads_object = OBJECT_INIT(threads_interface);
