// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The kernel's end of a process's submission and completion rings. The process can write any value to its cursors at any
 * time: each is read once, checked, and never read back. What the kernel itself wrote it remembers. Pure.
 */
#ifndef KERNEL_CAP_RINGS_H
#define KERNEL_CAP_RINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "capos/include/capos/abi.h"
#include "lib/status.h"

struct cap_rings {
	struct capos_rings *shared;
	const struct capos_submission *submissions; /* CAPOS_SUBMISSIONS of them; W: process */
	struct capos_completion *completions;       /* CAPOS_COMPLETIONS of them; W: kernel */
	uint32_t submit_head;                       /* W: kernel; shared->submit_head is a copy for the process */
	uint32_t complete_tail;                     /* the same */
};

/* Copies the next submission to `out`. STATUS_EAGAIN where there is none; STATUS_EINVAL where the process's cursor is impossible. */
MUST_CHECK status_t cap_rings_take(struct cap_rings *rings, struct capos_submission *out);

/*
 * Whether nothing was submitted and both of the process's cursors are possible: then `*waiting` is what cap_rings_waiting() tells.
 * False says nothing. Inline: what an empty system call comes down to.
 */
static inline bool cap_rings_are_idle(const struct cap_rings *rings, uint32_t *waiting)
{
	const struct capos_rings *shared = rings->shared;

	/* Pairs with the process's release, as in cap_rings_waiting(). */
	*waiting = rings->complete_tail - atomic_load_explicit(&shared->complete_head, memory_order_acquire);
	return *waiting <= CAPOS_COMPLETIONS &&
	       atomic_load_explicit(&shared->submit_tail, memory_order_relaxed) == rings->submit_head;
}

/* How many completions the process has not taken yet. STATUS_EINVAL where the process's cursor is impossible. */
MUST_CHECK status_t cap_rings_waiting(const struct cap_rings *rings, uint32_t *count);

/* Shows the process a completion. The caller has made sure by cap_rings_waiting() that there is room. */
void cap_rings_complete(struct cap_rings *rings, const struct capos_completion *completion);

#endif
