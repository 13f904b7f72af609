// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/budget.h"

#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"

bool budget_charge(struct budget *budget, uint64_t pages)
{
	uint64_t used = atomic_load_explicit(&budget->used, memory_order_relaxed);

	do {
		if (pages > budget->limit - used)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&budget->used, &used, used + pages, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

void budget_credit(struct budget *budget, uint64_t pages)
{
	uint64_t used = atomic_fetch_sub_explicit(&budget->used, pages, memory_order_relaxed);

	VERIFY(used >= pages);
}

static uint64_t pages_for(uint64_t bytes)
{
	return (bytes + HAL_PAGE_BYTES - 1) / HAL_PAGE_BYTES;
}

bool budget_charge_bytes(struct budget *budget, uint64_t bytes)
{
	uint64_t small = atomic_load_explicit(&budget->small, memory_order_relaxed);

	for (;;) {
		uint64_t pages = pages_for(small + bytes) - pages_for(small);

		if (!budget_charge(budget, pages))
			return false;
		if (atomic_compare_exchange_weak_explicit(&budget->small, &small, small + bytes, memory_order_relaxed,
							  memory_order_relaxed))
			return true;
		budget_credit(budget, pages);
	}
}

void budget_credit_bytes(struct budget *budget, uint64_t bytes)
{
	uint64_t small = atomic_fetch_sub_explicit(&budget->small, bytes, memory_order_relaxed);

	VERIFY(small >= bytes);
	budget_credit(budget, pages_for(small) - pages_for(small - bytes));
}

struct budget *budget_create(struct budget *parent, uint64_t pages)
{
	struct budget *budget = calloc(1, sizeof(*budget));

	if (budget == NULL)
		return NULL;
	if (parent != NULL && !budget_charge(parent, pages)) {
		free(budget);
		return NULL;
	}
	if (parent != NULL)
		budget_hold(parent);
	budget->limit = pages;
	budget->parent = parent;
	atomic_store_explicit(&budget->holds, 1, memory_order_relaxed);
	return budget;
}

void budget_hold(struct budget *budget)
{
	atomic_fetch_add_explicit(&budget->holds, 1, memory_order_relaxed);
}

void budget_put(struct budget *budget)
{
	while (budget != NULL && atomic_fetch_sub_explicit(&budget->holds, 1, memory_order_acq_rel) == 1) {
		struct budget *parent = budget->parent;

		VERIFY(atomic_load_explicit(&budget->used, memory_order_relaxed) == 0);
		if (parent != NULL)
			budget_credit(parent, budget->limit);
		free(budget);
		budget = parent;
	}
}

uint64_t budget_page_alloc(void *budget)
{
	uint64_t pa;

	if (!budget_charge(budget, 1))
		return 0;
	pa = page_alloc(0);
	if (pa == 0)
		budget_credit(budget, 1);
	return pa;
}

void budget_page_free(void *budget, uint64_t pa)
{
	page_free(pa, 0);
	budget_credit(budget, 1);
}
