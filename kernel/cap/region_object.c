// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/region.h"
#include "kernel/core/libc.h"
#include "kernel/core/page.h"
#include "kernel/region_methods.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/memory.h"
#include "kernel/sys/process.h"
#include "lib/list.h"
#include "lib/string.h"

void region_pages_free(struct region_pages *pages)
{
	for (uint64_t i = 0; i < pages->count; i++)
		budget_page_free(pages->budget, pages->pa[i]);
	page_free(hal_direct_pa(pages->pa), pages->pa_order);
	budget_credit(pages->budget, 1ul << pages->pa_order);
	budget_put(pages->budget);
}

/* The list of pages. */
static status_t list_alloc(struct budget *budget, uint64_t count, struct region_pages *pages)
{
	uint64_t pa;

	*pages = (struct region_pages){ .budget = budget, .pa_order = page_order_for(count * sizeof(uint64_t)) };
	if (!budget_charge(budget, 1ul << pages->pa_order))
		return STATUS_ENOMEM;
	pa = page_alloc(pages->pa_order);
	if (pa == 0) {
		budget_credit(budget, 1ul << pages->pa_order);
		return STATUS_ENOMEM;
	}
	pages->pa = hal_direct_va(pa);
	budget_hold(budget);
	return STATUS_OK;
}

status_t region_pages_alloc(struct budget *budget, uint64_t bytes, struct region_pages *pages)
{
	uint64_t count = bytes / HAL_PAGE_BYTES;
	status_t status;

	if (bytes == 0 || bytes % HAL_PAGE_BYTES != 0 || bytes > REGION_BYTES_MAX)
		return STATUS_EINVAL;
	if (count > budget_left(budget))
		return STATUS_ENOMEM;
	status = list_alloc(budget, count, pages);
	while (status == STATUS_OK && pages->count < count) {
		uint64_t pa = budget_page_alloc(budget);

		if (pa == 0) {
			region_pages_free(pages);
			return STATUS_ENOMEM;
		}
		memset(hal_direct_va(pa), 0, HAL_PAGE_BYTES);
		pages->pa[pages->count++] = pa;
	}
	return status;
}

static void region_destroy(struct object *object)
{
	struct region *region = LIST_OWNER(object, struct region, object);

	region_pages_free(&region->pages);
	free(region);
}

status_t region_create(struct budget *budget, uint64_t bytes, struct region **out)
{
	struct region *region = calloc(1, sizeof(*region));
	status_t status;

	if (region == NULL)
		return STATUS_ENOMEM;
	status = region_pages_alloc(budget, bytes, &region->pages);
	if (status != STATUS_OK) {
		free(region);
		return status;
	}
	object_init(&region->object, &region_interface, region_destroy);
	*out = region;
	return STATUS_OK;
}

int64_t region_map(struct cap_call *call, const struct capos_region_map *params)
{
	const struct region *region = LIST_OWNER(call->object, struct region, object);
	unsigned rights = HAL_USER_READ;
	uint64_t address;
	status_t status;

	if (params->writable > 1)
		return STATUS_EINVAL;
	if (params->writable && !(call->rights & CAPOS_REGION_RIGHT_WRITE))
		return STATUS_EACCES;
	if (params->writable)
		rights |= HAL_USER_WRITE;
	status = process_map_object(call->process, call->object, region->pages.pa, region->pages.count, rights, &address);
	return status == STATUS_OK ? (int64_t)address : status;
}

int64_t region_unmap(struct cap_call *call, const struct capos_region_unmap *params)
{
	return process_unmap_object(call->process, call->object, params->address);
}

int64_t region_size(struct cap_call *call)
{
	return (int64_t)(LIST_OWNER(call->object, struct region, object)->pages.count * HAL_PAGE_BYTES);
}
