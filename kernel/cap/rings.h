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
MUST_CHECK static inline status_t cap_rings_take(struct cap_rings *rings, struct capos_submission *out)
{
	/* Pairs with the process's release: the entry is as it wrote it. */
	uint32_t tail = atomic_load_explicit(&rings->shared->submit_tail, memory_order_acquire);
	uint32_t count = tail - rings->submit_head;

	if (count - 1 >= CAPOS_SUBMISSIONS)
		return count == 0 ? STATUS_EAGAIN : STATUS_EINVAL;
	*out = rings->submissions[rings->submit_head % CAPOS_SUBMISSIONS];
	__asm__ volatile("" ::: "memory"); /* copied here, once; `out` alone is looked at from now on */
	rings->submit_head++;
	/* Pairs with the process's acquire: it may fill the entry again. */
	atomic_store_explicit(&rings->shared->submit_head, rings->submit_head, memory_order_release);
	return STATUS_OK;
}

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
MUST_CHECK static inline status_t cap_rings_waiting(const struct cap_rings *rings, uint32_t *count)
{
	/* Pairs with the process's release: it has read the entries before. */
	uint32_t head = atomic_load_explicit(&rings->shared->complete_head, memory_order_acquire);

	if (rings->complete_tail - head > CAPOS_COMPLETIONS)
		return STATUS_EINVAL;
	*count = rings->complete_tail - head;
	return STATUS_OK;
}

/* Shows the process a completion. The caller has made sure by cap_rings_waiting() that there is room. */
static inline void cap_rings_complete(struct cap_rings *rings, const struct capos_completion *completion)
{
	struct capos_completion *entry = &rings->completions[rings->complete_tail % CAPOS_COMPLETIONS];

	entry->user_data = completion->user_data;
	entry->result = completion->result;
	entry->new_cap = completion->new_cap; /* the rest is 0 from the beginning, and nobody else writes here */
	rings->complete_tail++;
	/* Pairs with the process's acquire: it sees the entry. */
	atomic_store_explicit(&rings->shared->complete_tail, rings->complete_tail, memory_order_release);
}

#endif
