// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What a process may use of the machine's memory, in pages: its program, stacks, tables, heap, rings, regions, and the kernel's own
 * memory for its threads. A process that starts another gives up part of its own, and has it back once all of that is free.
 * A budget lives as long as anything that was charged to it. Context: fiber or scheduler, any CPU.
 */
#ifndef KERNEL_SYS_BUDGET_H
#define KERNEL_SYS_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct budget {
	uint64_t limit; /* pages */
	struct budget *parent;
	_Atomic uint64_t used;
	_Atomic uint64_t small; /* bytes of small structures; whole pages for them are in `used` */
	_Atomic uint32_t holds;
	_Atomic uint32_t nodes; /* W: kernel/cap/fs_object.c. Of file systems that have few; kept in the budget that has no parent */
};

/* A budget of `pages`, out of `parent`'s where that is not NULL. NULL where that has not so many left, or memory is out. */
struct budget *budget_create(struct budget *parent, uint64_t pages);

void budget_hold(struct budget *budget);
void budget_put(struct budget *budget);

/* Charges `pages`; false, and nothing is charged, where they are not left. */
bool budget_charge(struct budget *budget, uint64_t pages);
void budget_credit(struct budget *budget, uint64_t pages);

/* The same for small structures of the kernel's own: so many bytes, which take up a page each time one is begun. */
bool budget_charge_bytes(struct budget *budget, uint64_t bytes);
void budget_credit_bytes(struct budget *budget, uint64_t bytes);

/* A page of any content, charged. 0 where the budget or the machine's memory is used up. `budget`: void, for struct hal_page_source. */
uint64_t budget_page_alloc(void *budget);
void budget_page_free(void *budget, uint64_t pa);

static inline uint64_t budget_left(const struct budget *budget)
{
	return budget->limit - atomic_load_explicit(&budget->used, memory_order_relaxed);
}

#endif
