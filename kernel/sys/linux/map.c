// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Areas made, taken away, protected and moved. What they held is put when the lock has been given: that may sleep. */
#include <stddef.h>

#include "kernel/sys/budget.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/memfd.h"
#include "kernel/sys/linux/mm_pages.h"
#include "kernel/sys/linux/pages.h"
#include "lib/bits.h"
#include "lib/string.h"

enum { PROT_ALL = LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC };

static bool range_is_good(uint64_t va, uint64_t bytes)
{
	return va % HAL_PAGE_BYTES == 0 && bytes <= LINUX_VA_END && va <= LINUX_VA_END - bytes;
}

status_t linux_range_unmap(struct process *process, uint64_t start, uint64_t end, struct list_node *dead)
{
	struct linux_mm *mm = linux_mm_of(process);
	struct linux_area *area;

	if (linux_areas_cut(&mm->areas, process->budget, start, end) != STATUS_OK)
		return STATUS_ENOMEM;
	while ((area = linux_areas_find(&mm->areas, start)) != NULL && area->start < end) {
		linux_pages_unmap(process, area, area->start, area->end);
		linux_areas_remove(&mm->areas, area);
		list_push_back(dead, &area->node);
	}
	return STATUS_OK;
}

status_t linux_mm_unmap(struct process *process, uint64_t va, uint64_t bytes)
{
	struct linux_mm *mm = linux_mm_of(process);
	struct list_node dead = LIST_INIT(dead);
	status_t status;

	if (bytes == 0 || bytes > LINUX_VA_END || !range_is_good(va, bits_align_up(bytes, HAL_PAGE_BYTES)))
		return STATUS_EINVAL;
	spinlock_take(&mm->lock);
	status = linux_range_unmap(process, va, va + bits_align_up(bytes, HAL_PAGE_BYTES), &dead);
	spinlock_give(&mm->lock);
	linux_areas_free(process->budget, &dead);
	return status;
}

/* What the area may ever be: only what is proven, and has not been written since, is executed. */
static uint8_t may_of(const struct linux_mm *mm, const struct linux_area *area)
{
	const struct linux_file *file = area->backing.file;
	uint32_t access = file != NULL ? atomic_load_explicit(&file->flags, memory_order_relaxed) & LINUX_O_ACCMODE : LINUX_O_RDWR;
	bool is_proven = area->backing.memory.data != NULL && !area->is_shared;
	unsigned may = PROT_ALL;

	if (area->is_shared && (access != LINUX_O_RDWR || area->backing.memory.data != NULL || area->backing.is_read_only))
		may &= ~(unsigned)LINUX_PROT_WRITE;
	if (!mm->jit && !is_proven)
		may &= ~(unsigned)LINUX_PROT_EXEC;
	return (uint8_t)may;
}

static bool protection_is_allowed(const struct linux_mm *mm, const struct linux_area *area, unsigned protection)
{
	if (protection & ~(unsigned)area->may)
		return false;
	return mm->jit || !(protection & LINUX_PROT_EXEC) || (!(protection & LINUX_PROT_WRITE) && !area->was_writable);
}

/* Without a limit of its own a process can take no more than its budget; what says that it will not is believed. */
static bool is_too_much(const struct process *process, uint64_t bytes, unsigned protection, unsigned flags)
{
	return (protection & LINUX_PROT_WRITE) && !(flags & LINUX_MAP_NORESERVE) && bytes / HAL_PAGE_BYTES > process->budget->limit;
}

/* What the seals of its file leave. It counts as a writer before they are looked at: who seals finds it, or it finds the seals. */
static status_t sealed_check(struct linux_area *area, unsigned protection)
{
	const struct linux_file *file = area->backing.file;
	uint32_t seals;

	if (!linux_area_writes(area))
		return STATUS_OK;
	linux_pages_writers(area->pages, 1);
	seals = file->ops->seals != NULL ? file->ops->seals(file) : 0;
	if (!(seals & (LINUX_SEAL_WRITE | LINUX_SEAL_FUTURE_WRITE)))
		return STATUS_OK;
	if (protection & LINUX_PROT_WRITE)
		return STATUS_EPERM;
	linux_pages_writers(area->pages, -1);
	area->may &= (uint8_t)~LINUX_PROT_WRITE;
	return STATUS_OK;
}

/* The area that is to be, in no list yet. */
static status_t area_make(struct process *process, uint64_t bytes, unsigned protection, unsigned flags, const struct linux_backing *backing,
			  struct linux_area **out)
{
	struct linux_area *area = linux_area_alloc(process->budget, NULL);
	status_t status = STATUS_OK;

	if (area == NULL)
		return STATUS_ENOMEM;
	area->end = bytes;
	area->is_shared = flags & LINUX_MAP_SHARED;
	area->protection = (uint8_t)protection;
	area->was_writable = protection & LINUX_PROT_WRITE;
	area->backing = *backing;
	if (backing->file != NULL)
		(void)object_hold(&backing->file->object); /* the caller holds it */
	if (backing->memory.data == NULL && (backing->file != NULL || area->is_shared))
		status = linux_pages_of(process->budget, backing->file, &area->pages);
	area->may = may_of(linux_mm_of(process), area);
	if (status == STATUS_OK)
		status = sealed_check(area, protection);
	if (status == STATUS_OK && !protection_is_allowed(linux_mm_of(process), area, protection))
		status = STATUS_EACCES;
	*out = area;
	return status;
}

bool linux_mm_has_room(const struct process *process, uint64_t start, uint64_t end, uint64_t bytes)
{
	const struct list_node *all = &process->personality->mm.areas.list;
	uint64_t limit = process->personality->rlimits[LINUX_RLIMIT_AS][0];

	if (limit == UINT64_MAX)
		return true;
	for (const struct list_node *node = all->next; node != all; node = node->next) {
		const struct linux_area *area = LIST_OWNER((struct list_node *)node, struct linux_area, node);
		uint64_t from = area->start > start ? area->start : start;
		uint64_t to = area->end < end ? area->end : end;

		bytes += area->end - area->start - (from < to ? to - from : 0);
	}
	return bytes <= limit;
}

/* Where it is to lie, with what was there unmapped. */
static int64_t place_choose(struct process *process, uint64_t va, uint64_t bytes, unsigned flags, struct list_node *dead)
{
	struct linux_mm *mm = linux_mm_of(process);
	uint64_t at;

	if (flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE)) {
		if (!(flags & LINUX_MAP_FIXED_NOREPLACE))
			return linux_range_unmap(process, va, va + bytes, dead) == STATUS_OK ? (int64_t)va : STATUS_ENOMEM;
		return linux_areas_is_free(&mm->areas, va, va + bytes) ? (int64_t)va : STATUS_EEXIST;
	}
	va = bits_align_down(va, HAL_PAGE_BYTES);
	if (va >= LINUX_VA_MIN && range_is_good(va, bytes) && linux_areas_is_free(&mm->areas, va, va + bytes))
		return (int64_t)va;
	at = linux_areas_gap(&mm->areas, LINUX_VA_MIN, mm->map_top, LINUX_VA_END, bytes);
	return at != 0 ? (int64_t)at : STATUS_ENOMEM;
}

int64_t linux_mm_map(struct process *process, uint64_t va, uint64_t bytes, unsigned protection, unsigned flags,
		     const struct linux_backing *backing)
{
	bool is_fixed = flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE);
	struct linux_mm *mm = linux_mm_of(process);
	struct list_node dead = LIST_INIT(dead);
	struct linux_area *area = NULL;
	int64_t at;

	if (bytes == 0 || bytes > LINUX_VA_END || backing->offset % HAL_PAGE_BYTES != 0 || backing->offset > INT64_MAX - LINUX_VA_END)
		return bytes > LINUX_VA_END ? STATUS_ENOMEM : STATUS_EINVAL;
	bytes = bits_align_up(bytes, HAL_PAGE_BYTES);
	if (is_fixed && va % HAL_PAGE_BYTES != 0)
		return STATUS_EINVAL;
	if (is_too_much(process, bytes, protection, flags) || (is_fixed && !range_is_good(va, bytes)))
		return STATUS_ENOMEM;
	if (is_fixed && va < LINUX_VA_MIN)
		return STATUS_EPERM; /* an access near 0 always faults */
	at = area_make(process, bytes, protection, flags, backing, &area);
	if (area == NULL)
		return at;
	if (at == STATUS_OK) {
		spinlock_take(&mm->lock);
		at = STATUS_ENOMEM;
		if (mm->areas.count < LINUX_AREAS_MAX && linux_mm_has_room(process, va, flags & LINUX_MAP_FIXED ? va + bytes : va, bytes))
			at = place_choose(process, va, bytes, flags, &dead);
		if (at >= 0) {
			area->start = (uint64_t)at;
			area->end = (uint64_t)at + bytes;
			linux_areas_insert(&mm->areas, area);
			linux_areas_merge(&mm->areas, area->start, area->end, &dead);
		}
		spinlock_give(&mm->lock);
	}
	if (at < 0)
		list_push_back(&dead, &area->node);
	linux_areas_free(process->budget, &dead);
	return at;
}

static status_t protect_locked(struct process *process, uint64_t start, uint64_t end, unsigned protection, struct list_node *dead)
{
	struct linux_mm *mm = linux_mm_of(process);
	struct linux_area *area;

	for (area = linux_areas_find(&mm->areas, start); area != NULL && area->start < end; area = linux_areas_next(&mm->areas, area))
		if (!protection_is_allowed(mm, area, protection))
			return STATUS_EACCES;
	if (linux_areas_cut(&mm->areas, process->budget, start, end) != STATUS_OK)
		return STATUS_ENOMEM;
	for (area = linux_areas_find(&mm->areas, start); area != NULL && area->start < end; area = linux_areas_next(&mm->areas, area)) {
		area->protection = (uint8_t)protection;
		area->was_writable = area->was_writable || (protection & LINUX_PROT_WRITE);
		linux_pages_protect(process, area);
	}
	linux_areas_merge(&mm->areas, start, end, dead);
	return STATUS_OK;
}

/* What lies before the first hole is protected all the same. Spec: Linux, mm/mprotect.c: do_mprotect_pkey() */
status_t linux_mm_protect(struct process *process, uint64_t va, uint64_t bytes, unsigned protection)
{
	struct linux_mm *mm = linux_mm_of(process);
	struct list_node dead = LIST_INIT(dead);
	uint64_t until;
	uint64_t end;
	status_t status;

	if (va % HAL_PAGE_BYTES != 0)
		return STATUS_EINVAL;
	if (bytes > LINUX_VA_END || !range_is_good(va, bits_align_up(bytes, HAL_PAGE_BYTES)))
		return STATUS_ENOMEM;
	if (bytes == 0)
		return STATUS_OK;
	end = va + bits_align_up(bytes, HAL_PAGE_BYTES);
	spinlock_take(&mm->lock);
	until = linux_areas_mapped_until(&mm->areas, va, end);
	status = until > va ? protect_locked(process, va, until, protection, &dead) : STATUS_ENOMEM;
	if (status == STATUS_OK && until < end)
		status = STATUS_ENOMEM;
	spinlock_give(&mm->lock);
	linux_areas_free(process->budget, &dead);
	return status;
}

status_t linux_mm_forget(struct process *process, uint64_t va, uint64_t bytes)
{
	struct linux_mm *mm = linux_mm_of(process);
	uint64_t end = va + bytes;
	bool is_mapped;

	spinlock_take(&mm->lock);
	is_mapped = linux_areas_is_mapped(&mm->areas, va, end);
	for (const struct linux_area *area = linux_areas_find(&mm->areas, va); area != NULL && area->start < end;
	     area = linux_areas_next(&mm->areas, area))
		linux_pages_unmap(process, area, area->start > va ? area->start : va, area->end < end ? area->end : end);
	spinlock_give(&mm->lock);
	return is_mapped ? STATUS_OK : STATUS_ENOMEM;
}

uint64_t linux_mm_brk(struct process *process, uint64_t wanted)
{
	static const struct linux_backing heap = { .kind = LINUX_AREA_HEAP };
	struct linux_mm *mm = linux_mm_of(process);
	uint64_t before;
	uint64_t from;
	uint64_t to;
	bool done = true;

	spinlock_take(&mm->lock);
	before = mm->brk;
	spinlock_give(&mm->lock);
	if (wanted < mm->brk_start || wanted > LINUX_VA_END - HAL_PAGE_BYTES)
		return before;
	from = bits_align_up(before, HAL_PAGE_BYTES);
	to = bits_align_up(wanted, HAL_PAGE_BYTES);
	if (to > from)
		done = linux_mm_map(process, from, to - from, LINUX_PROT_READ | LINUX_PROT_WRITE, LINUX_MAP_PRIVATE | LINUX_MAP_FIXED_NOREPLACE, &heap) >= 0;
	else if (to < from)
		done = linux_mm_unmap(process, to, from - to) == STATUS_OK;
	if (!done)
		return before;
	spinlock_take(&mm->lock);
	mm->brk = wanted;
	spinlock_give(&mm->lock);
	return wanted;
}
