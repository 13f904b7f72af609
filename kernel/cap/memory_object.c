// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/memory_object.h"

#include "kernel/sys/process.h"

static int64_t map(struct cap_call *call)
{
	struct capos_memory_map params;
	uint64_t address;
	status_t status;

	if (process_copy_in(call->process, &params, call->submission->params, sizeof(params)) != STATUS_OK)
		return STATUS_EFAULT;
	status = process_heap_map(call->process, params.bytes, &address);
	return status == STATUS_OK ? (int64_t)address : status;
}

static int64_t unmap(struct cap_call *call)
{
	struct capos_memory_unmap params;

	if (process_copy_in(call->process, &params, call->submission->params, sizeof(params)) != STATUS_OK)
		return STATUS_EFAULT;
	return process_heap_unmap(call->process, params.address, params.bytes);
}

static const struct cap_method methods[] = {
	[CAPOS_MEMORY_MAP - 1] = { .run = map,
				   .rights = CAPOS_MEMORY_RIGHT_MAP,
				   .params_min = sizeof(struct capos_memory_map),
				   .params_max = sizeof(struct capos_memory_map) },
	[CAPOS_MEMORY_UNMAP - 1] = { .run = unmap,
				     .rights = CAPOS_MEMORY_RIGHT_MAP,
				     .params_min = sizeof(struct capos_memory_unmap),
				     .params_max = sizeof(struct capos_memory_unmap) },
};

static const struct cap_interface interface = {
	.id = CAPOS_INTERFACE_MEMORY,
	.name = "memory",
	.methods = methods,
	.method_count = sizeof(methods) / sizeof(methods[0]),
};

struct object memory_object = { .interface = &interface };
