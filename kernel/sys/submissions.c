// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/submissions.h"

#include "kernel/cap/dispatch.h"
#include "kernel/sys/process.h"

enum { SIGNAL_BAD_CALL = 31 };

/* The process's cursors are impossible: no honest program gets there. */
static bool rings_broken(struct process *process)
{
	process_fault(process, "impossible ring cursor", SIGNAL_BAD_CALL, 0);
	return false;
}

bool submissions_run(struct process *process, uint32_t *count, uint32_t *waiting)
{
	struct cap_rings *rings = &process->rings;

	*count = 0;
	if (cap_rings_waiting(rings, waiting) != STATUS_OK)
		return rings_broken(process);
	/* The process can only take completions meanwhile, so there is at least as much room as this counts. */
	while (*waiting < CAPOS_COMPLETIONS && *count < CAPOS_SUBMISSIONS) {
		struct capos_submission submission;
		status_t status = cap_rings_take(rings, &submission);

		if (status == STATUS_EAGAIN)
			return true;
		if (status != STATUS_OK)
			return rings_broken(process);

		struct capos_completion completion = cap_dispatch(process, &submission);

		if (process->end != PROCESS_RUNS)
			return false;
		cap_rings_complete(rings, &completion);
		(*count)++;
		(*waiting)++;
	}
	return true;
}
