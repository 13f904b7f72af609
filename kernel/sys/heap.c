// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The heap of a process: pages at the lowest free addresses of a range of their own, so that what is mapped and unmapped again and
 * again does not spread over the address space.
 */
#include "kernel/sys/process.h"

#include "kernel/sys/layout.h"

static bool range_is_heap(uint64_t address, uint64_t bytes)
{
	return bytes != 0 && (address | bytes) % HAL_PAGE_BYTES == 0 && address >= PROCESS_HEAP_BASE &&
	       address < PROCESS_HEAP_END && bytes <= PROCESS_HEAP_END - address;
}

/* The lowest run of `bytes` in which nothing is mapped. */
static bool range_find(const struct process *process, uint64_t bytes, uint64_t *address)
{
	uint64_t start = process->heap_low;

	for (uint64_t va = start; va < PROCESS_HEAP_END; va += HAL_PAGE_BYTES) {
		if (hal_space_is_mapped(&process->space, va))
			start = va + HAL_PAGE_BYTES;
		else if (va + HAL_PAGE_BYTES - start == bytes) {
			*address = start;
			return true;
		}
	}
	return false;
}

static void range_unmap(struct process *process, uint64_t address, uint64_t bytes)
{
	for (uint64_t va = address; va < address + bytes; va += HAL_PAGE_BYTES) {
		uint64_t pa;

		if (hal_space_unmap(&process->space, va, &pa) == STATUS_OK)
			process->space.pages.free(process->space.pages.ctx, pa);
	}
	if (address < process->heap_low)
		process->heap_low = address;
}

status_t process_heap_map(struct process *process, uint64_t bytes, uint64_t *address)
{
	uint64_t budget = (process->pages_limit - process->pages_used) * HAL_PAGE_BYTES;

	if (bytes == 0 || bytes % HAL_PAGE_BYTES != 0)
		return STATUS_EINVAL;
	if (bytes > budget || !range_find(process, bytes, address))
		return STATUS_ENOMEM;
	for (uint64_t done = 0; done < bytes; done += HAL_PAGE_BYTES) {
		void *page;
		status_t status = process_map(process, *address + done, HAL_USER_READ | HAL_USER_WRITE, &page);

		if (status != STATUS_OK) {
			range_unmap(process, *address, done);
			return status;
		}
	}
	if (*address == process->heap_low)
		process->heap_low = *address + bytes;
	return STATUS_OK;
}

status_t process_heap_unmap(struct process *process, uint64_t address, uint64_t bytes)
{
	if (!range_is_heap(address, bytes))
		return STATUS_EINVAL;
	for (uint64_t va = address; va < address + bytes; va += HAL_PAGE_BYTES)
		if (!hal_space_is_mapped(&process->space, va))
			return STATUS_EINVAL;
	range_unmap(process, address, bytes);
	return STATUS_OK;
}
