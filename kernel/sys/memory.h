// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The memory of a process: pages of its own, and what it shares. Context: fiber, any CPU. */
#ifndef KERNEL_SYS_MEMORY_H
#define KERNEL_SYS_MEMORY_H

#include <stdint.h>

#include "lib/list.h"
#include "lib/status.h"

struct object;
struct process;

/* Pages of an object, where a process has them. */
struct mapping {
	struct list_node node; /* in the process's list */
	uint64_t va;
	uint64_t pages;
	struct object *object; /* held */
};

/*
 * Maps a zeroed page at `va`, and tells where the kernel reaches it. STATUS_ENOMEM where the process's budget or the machine's
 * memory is used up, STATUS_EEXIST, STATUS_EINVAL as hal_space_map().
 */
MUST_CHECK status_t process_map(struct process *process, uint64_t va, unsigned rights, void **page);

/* Unmaps a page that process_map() mapped, and gives it back. */
void process_unmap(struct process *process, uint64_t va);

/*
 * The heap: zeroed read/write pages at an address of the kernel's choice. STATUS_EINVAL where `bytes` is 0 or not whole pages,
 * or what is to be unmapped is not all there, or not the process's own; STATUS_ENOMEM.
 */
MUST_CHECK status_t process_heap_map(struct process *process, uint64_t bytes, uint64_t *address);
MUST_CHECK status_t process_heap_unmap(struct process *process, uint64_t address, uint64_t bytes);

/*
 * Maps `count` pages that belong to `object`, whose physical addresses are in `pages`, at an address of the kernel's choice; the
 * mapping holds the object. STATUS_ENOMEM; STATUS_EBADF where it has just lost its last hold.
 */
MUST_CHECK status_t process_map_object(struct process *process, struct object *object, const uint64_t *pages, uint64_t count,
				       unsigned rights, uint64_t *address);

/* Takes back the mapping of `object` that begins at `address`. STATUS_EINVAL where there is none. */
MUST_CHECK status_t process_unmap_object(struct process *process, const struct object *object, uint64_t address);

/* Takes back all mappings of objects: before the space goes. */
void process_unmap_objects(struct process *process);

#endif
