// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Pages of a lower half found, changed and taken away many at a time: what is cached of them is dropped once for all, at the caller's word.
 * Rights change in place, which needs no break-before-make (Arm ARM DDI 0487 D8.14.1).
 */
#include "hal/arm64/space.h"
#include "hal/arm64/tables.h"

#define FLUSH_PAGES_MAX 16 /* with more it is cheaper to drop all of the space */

static unsigned rights_of(uint64_t entry)
{
	if (!(entry & PTE_AP_EL0))
		return 0;
	return HAL_USER_READ | (entry & PTE_AP_RO ? 0 : HAL_USER_WRITE) | (entry & PTE_UXN ? 0 : HAL_USER_EXEC);
}

/* The table of level 3 with the entry for `*va`; where there is none `*va` becomes the first address of the next that may be. */
static const uint64_t *leaf_table(const struct hal_space *space, uint64_t *va)
{
	const uint64_t *table = hal_direct_va(space->root_pa);

	for (unsigned level = 1; level < 3; level++) {
		uint64_t entry = table[TABLE_INDEX(*va, level)];

		if (!(entry & PTE_VALID)) {
			*va = (*va & ~(TABLE_BLOCK_BYTES(level) - 1)) + TABLE_BLOCK_BYTES(level);
			return NULL;
		}
		table = hal_direct_va(entry & PTE_ADDR_MASK);
	}
	return table;
}

bool hal_space_next(const struct hal_space *space, uint64_t va, uint64_t end, struct hal_page *out)
{
	while (va < end) {
		const uint64_t *table = leaf_table(space, &va);

		if (table == NULL)
			continue;
		do {
			unsigned at = TABLE_INDEX(va, 3);
			uint64_t entry = table[at];

			if (entry & PTE_VALID) {
				*out = (struct hal_page){ .va = va, .pa = entry & PTE_ADDR_MASK, .rights = rights_of(entry) };
				return true;
			}
			va += HAL_PAGE_BYTES;
			/* Most tables are nearly empty, so four at once. */
			for (at++; at % 4 == 0 && at < TABLE_ENTRIES && va + 4 * HAL_PAGE_BYTES <= end; at += 4, va += 4 * HAL_PAGE_BYTES)
				if ((table[at] | table[at + 1] | table[at + 2] | table[at + 3]) != 0)
					break;
		} while (va < end && TABLE_INDEX(va, 3) != 0);
	}
	return false;
}

void hal_space_set_rights(struct hal_space *space, uint64_t va, unsigned rights)
{
	uint64_t *entry = tables_entry_find(space->root_pa, va);

	*(volatile uint64_t *)entry = (*entry & PTE_ADDR_MASK) | space_attributes(rights);
}

void hal_space_clear(struct hal_space *space, uint64_t va)
{
	*(volatile uint64_t *)tables_entry_find(space->root_pa, va) = 0;
	space->mapped--;
}

void hal_space_flush(const struct hal_space *space, uint64_t va, uint64_t pages)
{
	uint64_t asid = (uint64_t)space->asid << 48;

	barrier_dsb_ishst();
	if (pages > FLUSH_PAGES_MAX)
		__asm__ volatile("tlbi aside1is, %0" ::"r"(asid) : "memory");
	else
		for (uint64_t page = va >> 12; page < (va >> 12) + pages; page++)
			__asm__ volatile("tlbi vale1is, %0" ::"r"(asid | page) : "memory");
	barrier_dsb_ish();
	barrier_isb();
}

void hal_space_trim(struct hal_space *space)
{
	hal_space_leave(space); /* no walker goes through what is freed */
	hal_space_flush(space, 0, HAL_USER_END / HAL_PAGE_BYTES);
	tables_empty(space->root_pa, false, &space->pages);
}
