// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/chain.h"

#include <stddef.h>

#include "kernel/cap/dispatch.h"
#include "kernel/cap/operation.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/libc.h"
#include "kernel/sys/process.h"

/* NULL where the process's memory or the machine's is out: what would be linked is cancelled then. */
static struct chain *chain_make(struct budget *budget)
{
	struct chain *chain;

	if (!budget_charge_bytes(budget, sizeof(*chain)))
		return NULL;
	chain = calloc(1, sizeof(*chain));
	if (chain == NULL)
		budget_credit_bytes(budget, sizeof(*chain));
	return chain;
}

void chain_link(struct ring_set *set, const struct capos_submission *submission, int64_t result, struct operation *operation)
{
	set->link = LINK_NONE;
	if (!(submission->flags & CAPOS_SUBMIT_LINK))
		return;
	if (result != CAP_PENDING) {
		set->link = result < 0 ? LINK_FAILED : LINK_NONE;
		return;
	}
	set->chain = chain_make(set->process->budget);
	operation->chain = set->chain;
	set->link = set->chain != NULL ? LINK_WAITS : LINK_FAILED;
}

void chain_add(struct ring_set *set, const struct capos_submission *submission)
{
	struct chain *chain = set->chain;

	/* In flight, each, until it is carried out: there is room for as many. */
	chain->entries[chain->count++ % CAPOS_COMPLETIONS] = *submission;
	set->inflight++;
	if (!(submission->flags & CAPOS_SUBMIT_LINK)) {
		set->chain = NULL;
		set->link = LINK_NONE;
	}
}

void chain_continue(struct ring_set *set, struct chain *chain, int64_t result)
{
	while (chain->at != chain->count) {
		const struct capos_submission submission = chain->entries[chain->at++ % CAPOS_COMPLETIONS];
		struct capos_completion completion = { .user_data = submission.user_data, .result = STATUS_ECANCELED };
		struct operation *operation = NULL;

		set->inflight--; /* before it is carried out: where it waits it counts itself */
		if (result >= 0)
			operation = cap_dispatch(set, &submission, &completion);
		if (operation != NULL) {
			operation->chain = chain;
			return;
		}
		result = completion.result;
		if (!process_is_ending(set->process))
			cap_rings_complete(&set->rings, &completion);
	}
	if (set->chain == chain) { /* more may be linked to it, that was not read yet */
		set->chain = NULL;
		set->link = result < 0 ? LINK_FAILED : LINK_NONE;
	}
	budget_credit_bytes(set->process->budget, sizeof(*chain));
	free(chain);
}
