// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/rings.h"

status_t cap_rings_take(struct cap_rings *rings, struct capos_submission *out)
{
	/* Pairs with the process's release: the entry is as it wrote it. */
	uint32_t tail = atomic_load_explicit(&rings->shared->submit_tail, memory_order_acquire);
	uint32_t count = tail - rings->submit_head;

	if (count > CAPOS_SUBMISSIONS)
		return STATUS_EINVAL;
	if (count == 0)
		return STATUS_EAGAIN;
	*out = rings->submissions[rings->submit_head % CAPOS_SUBMISSIONS];
	__asm__ volatile("" ::: "memory"); /* copied here, once; `out` alone is looked at from now on */
	rings->submit_head++;
	/* Pairs with the process's acquire: it may fill the entry again. */
	atomic_store_explicit(&rings->shared->submit_head, rings->submit_head, memory_order_release);
	return STATUS_OK;
}

status_t cap_rings_waiting(const struct cap_rings *rings, uint32_t *count)
{
	/* Pairs with the process's release: it has read the entries before. */
	uint32_t head = atomic_load_explicit(&rings->shared->complete_head, memory_order_acquire);

	if (rings->complete_tail - head > CAPOS_COMPLETIONS)
		return STATUS_EINVAL;
	*count = rings->complete_tail - head;
	return STATUS_OK;
}

void cap_rings_complete(struct cap_rings *rings, const struct capos_completion *completion)
{
	rings->completions[rings->complete_tail % CAPOS_COMPLETIONS] = *completion;
	rings->complete_tail++;
	/* Pairs with the process's acquire: it sees the entry. */
	atomic_store_explicit(&rings->shared->complete_tail, rings->complete_tail, memory_order_release);
}
