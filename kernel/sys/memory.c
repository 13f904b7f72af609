// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Heap and mappings lie at the lowest free addresses of one range, so that what is mapped and unmapped again and again does not
 * spread over the address space.
 */
#include "kernel/sys/memory.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/core/panic.h"
#include "kernel/sys/layout.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

static status_t map_locked(struct process *process, uint64_t va, unsigned rights, void **page)
{
	uint64_t pa = budget_page_alloc(process->budget);

	if (pa == 0)
		return STATUS_ENOMEM;
	memset(hal_direct_va(pa), 0, HAL_PAGE_BYTES);

	status_t status = hal_space_map(&process->space, va, pa, rights);

	if (status != STATUS_OK) {
		budget_page_free(process->budget, pa);
		return status;
	}
	*page = hal_direct_va(pa);
	return STATUS_OK;
}

status_t process_map(struct process *process, uint64_t va, unsigned rights, void **page)
{
	spinlock_take(&process->lock);

	status_t status = map_locked(process, va, rights, page);

	spinlock_give(&process->lock);
	return status;
}

static void range_unmap(struct process *process, uint64_t address, uint64_t bytes)
{
	for (uint64_t va = address; va < address + bytes; va += HAL_PAGE_BYTES) {
		uint64_t pa;

		if (hal_space_unmap(&process->space, va, &pa) == STATUS_OK)
			budget_page_free(process->budget, pa);
	}
	if (address >= PROCESS_HEAP_BASE && address < process->heap_low)
		process->heap_low = address;
}

void process_unmap(struct process *process, uint64_t va)
{
	spinlock_take(&process->lock);

	uint64_t pa;

	if (hal_space_unmap(&process->space, va, &pa) == STATUS_OK)
		budget_page_free(process->budget, pa);
	spinlock_give(&process->lock);
}

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

static void range_taken(struct process *process, uint64_t address, uint64_t bytes)
{
	if (address == process->heap_low)
		process->heap_low = address + bytes;
}

static status_t heap_map_locked(struct process *process, uint64_t bytes, uint64_t *address)
{
	if (bytes / HAL_PAGE_BYTES > budget_left(process->budget) || !range_find(process, bytes, address))
		return STATUS_ENOMEM;
	for (uint64_t done = 0; done < bytes; done += HAL_PAGE_BYTES) {
		void *page;
		status_t status = map_locked(process, *address + done, HAL_USER_READ | HAL_USER_WRITE, &page);

		if (status != STATUS_OK) {
			range_unmap(process, *address, done);
			return status;
		}
	}
	range_taken(process, *address, bytes);
	return STATUS_OK;
}

status_t process_heap_map(struct process *process, uint64_t bytes, uint64_t *address)
{
	if (bytes == 0 || bytes % HAL_PAGE_BYTES != 0)
		return STATUS_EINVAL;
	spinlock_take(&process->lock);

	status_t status = heap_map_locked(process, bytes, address);

	spinlock_give(&process->lock);
	return status;
}

/* The mapping that [address, address + bytes) touches, or NULL. */
static struct mapping *mapping_at(const struct process *process, uint64_t address, uint64_t bytes)
{
	for (struct list_node *node = process->mappings.next; node != &process->mappings; node = node->next) {
		struct mapping *mapping = LIST_OWNER(node, struct mapping, node);

		if (address < mapping->va + mapping->pages * HAL_PAGE_BYTES && address + bytes > mapping->va)
			return mapping;
	}
	return NULL;
}

static status_t heap_unmap_locked(struct process *process, uint64_t address, uint64_t bytes)
{
	if (mapping_at(process, address, bytes) != NULL)
		return STATUS_EINVAL;
	for (uint64_t va = address; va < address + bytes; va += HAL_PAGE_BYTES)
		if (!hal_space_is_mapped(&process->space, va))
			return STATUS_EINVAL;
	range_unmap(process, address, bytes);
	return STATUS_OK;
}

status_t process_heap_unmap(struct process *process, uint64_t address, uint64_t bytes)
{
	if (!range_is_heap(address, bytes))
		return STATUS_EINVAL;
	spinlock_take(&process->lock);

	status_t status = heap_unmap_locked(process, address, bytes);

	spinlock_give(&process->lock);
	return status;
}

static void mapping_unmap(struct process *process, uint64_t address, uint64_t pages)
{
	uint64_t pa; /* the object's own */

	for (uint64_t i = 0; i < pages; i++)
		VERIFY(hal_space_unmap(&process->space, address + i * HAL_PAGE_BYTES, &pa) == STATUS_OK);
	if (address < process->heap_low)
		process->heap_low = address;
}

static struct mapping *mapping_alloc(struct process *process)
{
	struct mapping *mapping;

	if (!budget_charge_bytes(process->budget, sizeof(*mapping)))
		return NULL;
	mapping = calloc(1, sizeof(*mapping));
	if (mapping == NULL)
		budget_credit_bytes(process->budget, sizeof(*mapping));
	return mapping;
}

static void mapping_free(struct process *process, struct mapping *mapping)
{
	budget_credit_bytes(process->budget, sizeof(*mapping));
	free(mapping);
}

static status_t map_pages_locked(struct process *process, const uint64_t *pages, uint64_t count, unsigned rights,
				 uint64_t *address)
{
	if (!range_find(process, count * HAL_PAGE_BYTES, address))
		return STATUS_ENOMEM;
	for (uint64_t i = 0; i < count; i++) {
		status_t status = hal_space_map(&process->space, *address + i * HAL_PAGE_BYTES, pages[i], rights);

		if (status != STATUS_OK) {
			mapping_unmap(process, *address, i);
			return status;
		}
	}
	range_taken(process, *address, count * HAL_PAGE_BYTES);
	return STATUS_OK;
}

status_t process_map_object(struct process *process, struct object *object, const uint64_t *pages, uint64_t count,
			    unsigned rights, uint64_t *address)
{
	struct mapping *mapping = mapping_alloc(process);
	status_t status;

	if (mapping == NULL)
		return STATUS_ENOMEM;
	if (!object_hold(object)) {
		mapping_free(process, mapping);
		return STATUS_EBADF;
	}
	spinlock_take(&process->lock);
	status = map_pages_locked(process, pages, count, rights, address);
	if (status == STATUS_OK) {
		*mapping = (struct mapping){ .va = *address, .pages = count, .object = object };
		list_push_back(&process->mappings, &mapping->node);
	}
	spinlock_give(&process->lock);
	if (status != STATUS_OK) {
		mapping_free(process, mapping);
		object_put(object);
	}
	return status;
}

status_t process_unmap_object(struct process *process, const struct object *object, uint64_t address)
{
	struct mapping *mapping;

	spinlock_take(&process->lock);
	mapping = mapping_at(process, address, 1);
	if (mapping != NULL && (mapping->va != address || mapping->object != object))
		mapping = NULL;
	if (mapping != NULL) {
		list_remove(&mapping->node);
		mapping_unmap(process, mapping->va, mapping->pages);
	}
	spinlock_give(&process->lock);
	if (mapping == NULL)
		return STATUS_EINVAL;
	object_put(mapping->object);
	mapping_free(process, mapping);
	return STATUS_OK;
}

void process_unmap_objects(struct process *process)
{
	struct list_node *node;

	while ((node = list_pop_front(&process->mappings)) != NULL) {
		struct mapping *mapping = LIST_OWNER(node, struct mapping, node);

		mapping_unmap(process, mapping->va, mapping->pages);
		object_put(mapping->object);
		mapping_free(process, mapping);
	}
}
