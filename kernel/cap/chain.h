// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Linked submissions (CAPOS_SUBMIT_LINK) behind one that waits: copied, and carried out one after the other once it has completed.
 * Context: the fiber that owns the rings.
 */
#ifndef KERNEL_CAP_CHAIN_H
#define KERNEL_CAP_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "capos/include/capos/abi.h"

struct operation;
struct ring_set;

struct chain {
	uint32_t count; /* ever added; entry i lies at i modulo the capacity */
	uint32_t at;    /* the next to be carried out */
	struct capos_submission entries[CAPOS_COMPLETIONS]; /* all that can be in flight */
};

/* What becomes of the next submission that is read, as one was linked to it. */
enum link_state {
	LINK_NONE,   /* it is carried out */
	LINK_FAILED, /* it is cancelled: the one before has failed */
	LINK_WAITS,  /* it is added to set->chain: the one before waits */
};

/* Has the next submission follow `submission`, whose result is `result` or CAP_PENDING by `operation`. */
void chain_link(struct ring_set *set, const struct capos_submission *submission, int64_t result, struct operation *operation);

/* Adds a submission to set->chain, which it ends where it is not itself linked to one. In flight from here on. */
void chain_add(struct ring_set *set, const struct capos_submission *submission);

/* What `chain` waited for has completed with `result`: carries out the rest, up to one that waits again. */
void chain_continue(struct ring_set *set, struct chain *chain, int64_t result);

#endif
