// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A process's own memory: pages up to what its budget allows. */
#include "kernel/cap/grant.h"
#include "kernel/cap/objects.h"
#include "kernel/cap/region.h"
#include "kernel/memory_methods.h"
#include "kernel/region_methods.h"
#include "kernel/sys/memory.h"
#include "kernel/sys/process.h"

int64_t memory_map(struct cap_call *call, const struct capos_memory_map *params)
{
	uint64_t address;
	status_t status = process_heap_map(call->process, params->bytes, &address);

	return status == STATUS_OK ? (int64_t)address : status;
}

int64_t memory_unmap(struct cap_call *call, const struct capos_memory_unmap *params)
{
	return process_heap_unmap(call->process, params->address, params->bytes);
}

int64_t memory_create_region(struct cap_call *call, const struct capos_memory_create_region *params)
{
	struct region *region;
	status_t status = region_create(call->process->budget, params->bytes, &region);

	if (status != STATUS_OK)
		return status;
	return grant_new(&call->process->capset, &region->object, CAPOS_REGION_RIGHT_READ | CAPOS_REGION_RIGHT_WRITE, "region",
			 &call->new_cap);
}

struct object memory_object = OBJECT_INIT(memory_interface);
