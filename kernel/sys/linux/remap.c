// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Areas grown, shrunk and moved with their pages: mremap(2). */
#include <stddef.h>

#include "kernel/core/panic.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/mm_pages.h"
#include "lib/bits.h"

enum { CUTS_MAX = 3 /* areas that are more for a moment. Spec: Linux, mm/mremap.c: move_vma() */ };

/* What is asked for; all of whole pages. */
struct remap {
	struct process *process;
	struct linux_mm *mm;
	uint64_t va, bytes, new_bytes;
	unsigned flags;
	uint64_t new_va;
	struct list_node dead;
};

/* The pages of `area` that lie in [va, va + bytes) are found at `to` afterwards. STATUS_ENOMEM: those up to some are there, and nowhere twice. */
static status_t pages_move(struct process *process, uint64_t va, uint64_t bytes, uint64_t to)
{
	struct hal_page page;
	status_t status;

	for (uint64_t at = va; hal_space_next(&process->space, at, va + bytes, &page); at = page.va + HAL_PAGE_BYTES) {
		status = hal_space_map(&process->space, to + (page.va - va), page.pa, 0); /* with its table; it shows nothing yet */
		if (status != STATUS_OK)
			return status;
		hal_space_clear(&process->space, page.va);
		hal_space_flush(&process->space, page.va, 1);
		hal_space_set_rights(&process->space, to + (page.va - va), page.rights);
		hal_space_flush(&process->space, to + (page.va - va), 1);
	}
	return STATUS_OK;
}

/* It grows where it is, where what follows is free. */
static bool grow_here(struct remap *remap, struct linux_area *area)
{
	uint64_t end = remap->va + remap->bytes;
	uint64_t new_end = remap->va + remap->new_bytes;

	if ((remap->flags & LINUX_MREMAP_FIXED) || area->end != end || new_end > LINUX_VA_END ||
	    !linux_areas_is_free(&remap->mm->areas, end, new_end))
		return false;
	area->end = new_end;
	linux_areas_merge(&remap->mm->areas, area->start, new_end, &remap->dead);
	return true;
}

static int64_t place_find(const struct remap *remap)
{
	uint64_t at = remap->new_va;

	if (!(remap->flags & LINUX_MREMAP_FIXED))
		at = linux_areas_gap(&remap->mm->areas, LINUX_VA_MIN, remap->mm->map_top, LINUX_VA_END, remap->new_bytes);
	return at != 0 ? (int64_t)at : STATUS_ENOMEM;
}

/* To `at`, with `to`, which is taken over. What can fail comes before anything is moved: a part of an area that goes is cut off first. */
static status_t move_to(struct remap *remap, uint64_t at, struct linux_area *to)
{
	struct linux_areas *areas = &remap->mm->areas;
	uint64_t end = remap->va + remap->bytes;
	bool stays = remap->flags & LINUX_MREMAP_DONTUNMAP;
	status_t status = stays ? STATUS_OK : linux_areas_cut(areas, remap->process->budget, remap->va, end);

	to->backing.offset = linux_area_offset(to, remap->va);
	to->start = at;
	to->end = at + remap->new_bytes;
	if (status == STATUS_OK)
		status = pages_move(remap->process, remap->va, remap->bytes, at);
	if (status != STATUS_OK) { /* what was moved goes back: its tables are there */
		VERIFY(pages_move(remap->process, at, remap->bytes, remap->va) == STATUS_OK);
		list_push_back(&remap->dead, &to->node);
	} else {
		linux_areas_insert(areas, to);
		VERIFY(stays || linux_range_unmap(remap->process, remap->va, end, &remap->dead) == STATUS_OK);
		linux_areas_merge(areas, to->start, to->end, &remap->dead);
	}
	linux_areas_merge(areas, remap->va, end, &remap->dead);
	return status;
}

static int64_t move(struct remap *remap)
{
	struct linux_areas *areas = &remap->mm->areas;
	int64_t at = areas->count < LINUX_AREAS_MAX - CUTS_MAX ? place_find(remap) : STATUS_ENOMEM;
	struct linux_area *to = at >= 0 ? linux_area_alloc(remap->process->budget, linux_areas_find(areas, remap->va)) : NULL;
	status_t status = to != NULL ? move_to(remap, (uint64_t)at, to) : STATUS_ENOMEM;

	return status == STATUS_OK ? at : status;
}

/* Makes room where it goes to and gives back what it is to lose: that stays so where the rest fails. Spec: Linux, mm/mremap.c: mremap_to() */
static status_t ranges_clear(struct remap *remap)
{
	uint64_t new_end = remap->va + remap->new_bytes;
	status_t status = STATUS_OK;

	if (remap->flags & LINUX_MREMAP_FIXED)
		status = linux_range_unmap(remap->process, remap->new_va, remap->new_va + remap->new_bytes, &remap->dead);
	if (status != STATUS_OK || remap->new_bytes >= remap->bytes)
		return status;
	status = linux_range_unmap(remap->process, new_end, remap->va + remap->bytes, &remap->dead);
	remap->bytes = remap->new_bytes;
	return status;
}

static int64_t remap_locked(struct remap *remap)
{
	struct linux_area *area = linux_areas_find(&remap->mm->areas, remap->va);
	status_t status;

	if (area == NULL || area->start > remap->va)
		return STATUS_EFAULT;
	status = ranges_clear(remap);
	if (status != STATUS_OK)
		return status;
	if (remap->new_bytes == remap->bytes && !(remap->flags & (LINUX_MREMAP_FIXED | LINUX_MREMAP_DONTUNMAP)))
		return (int64_t)remap->va;
	area = linux_areas_find(&remap->mm->areas, remap->va);
	if (area->end < remap->va + remap->bytes)
		return STATUS_EFAULT;
	if ((remap->new_bytes - remap->bytes) / HAL_PAGE_BYTES > remap->process->budget->limit && remap->new_bytes > remap->bytes)
		return STATUS_ENOMEM;
	if (remap->new_bytes > remap->bytes && !linux_mm_has_room(remap->process, 0, 0, remap->new_bytes - remap->bytes))
		return STATUS_ENOMEM;
	if (!(remap->flags & LINUX_MREMAP_DONTUNMAP) && grow_here(remap, area))
		return (int64_t)remap->va;
	return remap->flags & LINUX_MREMAP_MAYMOVE ? move(remap) : STATUS_ENOMEM;
}

static bool is_good(const struct remap *remap)
{
	bool is_fixed = remap->flags & LINUX_MREMAP_FIXED;
	uint64_t end = remap->va + remap->bytes;

	if ((remap->flags & ~7u) || (is_fixed && !(remap->flags & LINUX_MREMAP_MAYMOVE)) || remap->va % HAL_PAGE_BYTES != 0 ||
	    remap->va > LINUX_VA_END || remap->bytes > LINUX_VA_END - remap->va || remap->new_bytes == 0 || remap->new_bytes > LINUX_VA_END)
		return false;
	if ((remap->flags & LINUX_MREMAP_DONTUNMAP) && (!(remap->flags & LINUX_MREMAP_MAYMOVE) || remap->bytes != remap->new_bytes))
		return false;
	if (!is_fixed)
		return remap->bytes != 0;
	return remap->bytes != 0 && remap->new_va % HAL_PAGE_BYTES == 0 && remap->new_va >= LINUX_VA_MIN &&
	       remap->new_va <= LINUX_VA_END - remap->new_bytes && (remap->new_va >= end || remap->new_va + remap->new_bytes <= remap->va);
}

int64_t linux_mm_remap(struct process *process, uint64_t va, uint64_t bytes, uint64_t new_bytes, unsigned flags, uint64_t new_va)
{
	struct remap remap = {
		.process = process,
		.mm = linux_mm_of(process),
		.va = va,
		.bytes = bytes > LINUX_VA_END ? bytes : bits_align_up(bytes, HAL_PAGE_BYTES),
		.new_bytes = new_bytes > LINUX_VA_END ? new_bytes : bits_align_up(new_bytes, HAL_PAGE_BYTES),
		.flags = flags,
		.new_va = new_va,
		.dead = LIST_INIT(remap.dead),
	};
	int64_t result;

	if (!is_good(&remap))
		return STATUS_EINVAL;
	spinlock_take(&remap.mm->lock);
	result = remap_locked(&remap);
	spinlock_give(&remap.mm->lock);
	linux_areas_free(process->budget, &remap.dead);
	return result;
}
