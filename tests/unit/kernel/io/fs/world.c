// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/unit/kernel/io/fs/world.h"

#include <stdlib.h>

#include "hal/contract/memory.h"
#include "hal/contract/timer.h"

struct world world;

void world_begin(uint64_t pages)
{
	world = (struct world){ .budget = { .limit = pages }, .now_ns = 5000000001 };
}

bool world_is_clean(void)
{
	return world.pages == 0 && atomic_load(&world.budget.used) == 0 && atomic_load(&world.budget.small) == 0 &&
	       atomic_load(&world.budget.holds) == 0;
}

uint64_t hal_timer_now_ns(void)
{
	return world.now_ns;
}

static uint64_t pages_for(uint64_t bytes)
{
	return (bytes + HAL_PAGE_BYTES - 1) / HAL_PAGE_BYTES;
}

bool budget_charge_bytes(struct budget *budget, uint64_t bytes)
{
	uint64_t pages = pages_for(budget->small + bytes) - pages_for(budget->small);

	if (pages > budget->limit - budget->used)
		return false;
	budget->used += pages;
	budget->small += bytes;
	return true;
}

void budget_credit_bytes(struct budget *budget, uint64_t bytes)
{
	budget->used -= pages_for(budget->small) - pages_for(budget->small - bytes);
	budget->small -= bytes;
}

void budget_hold(struct budget *budget)
{
	budget->holds++;
}

void budget_put(struct budget *budget)
{
	budget->holds--;
}

/* An address of the host's, as the direct map would reach it. */
uint64_t budget_page_alloc(void *of)
{
	struct budget *budget = of;

	if (world.dry || budget->used == budget->limit)
		return 0;
	budget->used++;
	world.pages++;
	return hal_direct_pa(aligned_alloc(HAL_PAGE_BYTES, HAL_PAGE_BYTES));
}

void budget_page_free(void *of, uint64_t pa)
{
	struct budget *budget = of;

	budget->used--;
	world.pages--;
	free(hal_direct_va(pa));
}
