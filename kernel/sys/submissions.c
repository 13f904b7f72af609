// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/submissions.h"

#include "kernel/cap/dispatch.h"
#include "kernel/sys/process.h"

enum { SIGNAL_BAD_CALL = 31 };

bool submissions_waiting(struct process *process, unsigned *count)
{
	uint32_t waiting;

	if (cap_rings_waiting(&process->rings, &waiting) != STATUS_OK) {
		process_fault(process, "impossible ring cursor", SIGNAL_BAD_CALL, 0); /* no honest program gets there */
		return false;
	}
	*count = waiting;
	return true;
}

bool submissions_run(struct process *process, unsigned *count)
{
	for (*count = 0; *count < CAPOS_SUBMISSIONS; (*count)++) {
		struct capos_submission submission;
		unsigned waiting;

		if (!submissions_waiting(process, &waiting))
			return false;
		if (waiting == CAPOS_COMPLETIONS)
			return true;

		status_t status = cap_rings_take(&process->rings, &submission);

		if (status == STATUS_EAGAIN)
			return true;
		if (status != STATUS_OK) {
			process_fault(process, "impossible ring cursor", SIGNAL_BAD_CALL, 0);
			return false;
		}

		struct capos_completion completion = cap_dispatch(process, &submission);

		if (process->end != PROCESS_RUNS)
			return false;
		cap_rings_complete(&process->rings, &completion);
	}
	return true;
}
