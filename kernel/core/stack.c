// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Slots of one guard page and one stack each, in the kernel's stack area. A freed stack is unmapped and its pages go back, so
 * that a dangling pointer into it faults instead of reading another fiber's frames.
 */
#include "kernel/core/stack.h"

#include <stddef.h>

#include "hal/contract/memory.h"
#include "kernel/core/page.h"
#include "kernel/core/spinlock.h"

#define SLOT_BYTES (STACK_BYTES + HAL_PAGE_BYTES)
enum { SLOTS = 1024 };

static struct spinlock lock; /* of the slots, and of the tables of the stack area */
static uint64_t slot_taken[SLOTS / 64]; /* bit i % 64 of word i / 64: slot i is in use */

static uint64_t slot_top(unsigned slot)
{
	return HAL_STACKS_BASE + (slot + 1ul) * SLOT_BYTES;
}

static int slot_take(unsigned *slot)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		if (!(slot_taken[i / 64] & 1ul << i % 64)) {
			slot_taken[i / 64] |= 1ul << i % 64;
			*slot = i;
			return 1;
		}
	}
	return 0;
}

static void unmap_from(uint64_t va, uint64_t top)
{
	for (; va < top; va += HAL_PAGE_BYTES)
		page_free(hal_kernel_unmap(va), 0);
}

static uint64_t stack_map(void)
{
	const struct hal_page_source tables = page_source();
	unsigned slot;

	if (!slot_take(&slot))
		return 0;

	uint64_t top = slot_top(slot);

	for (uint64_t va = top - HAL_PAGE_BYTES; va >= top - STACK_BYTES; va -= HAL_PAGE_BYTES) {
		uint64_t pa = page_alloc(0);

		if (pa == 0 || hal_kernel_map(va, pa, &tables) != STATUS_OK) {
			if (pa != 0)
				page_free(pa, 0);
			unmap_from(va + HAL_PAGE_BYTES, top);
			slot_taken[slot / 64] &= ~(1ul << slot % 64);
			return 0;
		}
	}
	return top;
}

uint64_t stack_alloc(void)
{
	spinlock_take(&lock);

	uint64_t top = stack_map();

	spinlock_give(&lock);
	return top;
}

void stack_free(uint64_t top)
{
	unsigned slot = (unsigned)((top - HAL_STACKS_BASE) / SLOT_BYTES - 1);

	spinlock_take(&lock);

	unmap_from(top - STACK_BYTES, top);
	slot_taken[slot / 64] &= ~(1ul << slot % 64);
	spinlock_give(&lock);
}

int stack_guards(uint64_t top, uint64_t address)
{
	return address >= top - SLOT_BYTES && address < top - STACK_BYTES;
}
