// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/submissions.h"

#include "hal/contract/smp.h"
#include "kernel/cap/chain.h"
#include "kernel/cap/dispatch.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/panic.h"
#include "kernel/sys/process.h"

/* The process's cursors are impossible: no honest program gets there. */
static bool rings_broken(struct ring_set *set)
{
	process_fault(set->process, "impossible ring cursor", PROCESS_SIGNAL_BAD_CALL, 0);
	return false;
}

/* What waits, is linked, or follows what is linked. True where there is a completion. */
static __attribute__((noinline)) bool run_linked(struct ring_set *set, const struct capos_submission *submission,
						 struct capos_completion *completion)
{
	struct operation *operation = NULL;

	switch (set->link) {
	case LINK_WAITS:
		chain_add(set, submission);
		return false;
	case LINK_FAILED:
		*completion = (struct capos_completion){ .user_data = submission->user_data, .result = STATUS_ECANCELED };
		break;
	case LINK_NONE:
		operation = cap_dispatch(set, submission, completion);
		break;
	}
	chain_link(set, submission, operation != NULL ? CAP_PENDING : completion->result, operation);
	return operation == NULL;
}

/* Carries out one; true where there is a completion. */
static bool run_one(struct ring_set *set, const struct capos_submission *submission, struct capos_completion *completion)
{
	if (set->link != LINK_NONE || submission->flags != 0)
		return run_linked(set, submission, completion);
	return cap_dispatch(set, submission, completion) == NULL;
}

bool submissions_run(struct ring_set *set, uint32_t *count, uint32_t *waiting)
{
	struct cap_rings *rings = &set->rings;
	uint32_t taken = 0;
	uint32_t completions;
	status_t status = cap_rings_waiting(rings, &completions);

	/* The rings are those of their own CPU, or in War the poller's, on another one. */
	ASSERT_OWNED((hal_cpu_index() == set->cpu) != ring_war_is_on(&set->war));
	/* The process can only take completions meanwhile, so there is at least as much room as this counts. */
	while (status == STATUS_OK && completions + set->inflight < CAPOS_COMPLETIONS && taken < CAPOS_SUBMISSIONS) {
		struct capos_submission submission;
		struct capos_completion completion;

		status = cap_rings_take(rings, &submission);
		if (status != STATUS_OK)
			break;

		bool complete = run_one(set, &submission, &completion);

		if (process_is_ending(set->process))
			return false;
		taken++;
		if (complete) {
			cap_rings_complete(rings, &completion);
			completions++;
		}
	}
	if (status == STATUS_EINVAL)
		return rings_broken(set);
	*count = taken;
	*waiting = completions;
	return true;
}
