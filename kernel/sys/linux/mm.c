// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pages of areas taken away, protected, copied and counted; fault.c has them come. */
#include "kernel/sys/linux/mm.h"

#include <stddef.h>

#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/frames.h"
#include "kernel/sys/linux/mm_pages.h"
#include "kernel/sys/linux/pages.h"
#include "lib/string.h"

enum { BATCH = 64 /* pages that are forgotten by the CPUs at once, and then given back */ };

void linux_mm_init(struct linux_mm *mm)
{
	memset(mm, 0, sizeof(*mm));
	linux_areas_init(&mm->areas);
	mm->map_top = LINUX_VA_END;
}

bool linux_area_is_lent(const struct linux_area *area, const struct hal_page *page)
{
	uint64_t offset = linux_area_offset(area, page->va);

	return area->backing.memory.data != NULL && offset < area->backing.memory.len &&
	       page->pa == hal_direct_pa(area->backing.memory.data + offset);
}

unsigned linux_page_rights(const struct linux_area *area, const struct hal_page *page, unsigned want)
{
	unsigned rights = area->protection != 0 ? HAL_USER_READ : 0;

	if (linux_area_flips(area))
		rights |= want & LINUX_PROT_EXEC ? HAL_USER_EXEC : 0;
	else if (area->protection & LINUX_PROT_EXEC)
		rights |= HAL_USER_EXEC;
	if (!(area->protection & LINUX_PROT_WRITE) || (rights & HAL_USER_EXEC))
		return rights;
	if (area->is_shared) /* of a file: it is noted who writes */
		return rights | (area->backing.file == NULL || (want & LINUX_PROT_WRITE) ? HAL_USER_WRITE : 0);
	return rights | (linux_area_is_lent(area, page) || linux_frame_is_shared(page->pa) ? 0 : HAL_USER_WRITE);
}

/* Pages that have been taken away, not yet given back. */
struct batch {
	struct process *process;
	unsigned count;
	uint64_t first, last; /* addresses */
	uint64_t pa[BATCH];   /* 0: nobody's */
};

static void batch_finish(struct batch *batch)
{
	if (batch->count == 0)
		return;
	hal_space_flush(&batch->process->space, batch->first, (batch->last - batch->first) / HAL_PAGE_BYTES + 1);
	for (unsigned i = 0; i < batch->count; i++)
		if (batch->pa[i] != 0)
			linux_frame_put(batch->process->budget, batch->pa[i]);
	batch->count = 0;
}

void linux_pages_unmap(struct process *process, const struct linux_area *area, uint64_t start, uint64_t end)
{
	struct batch batch;
	struct hal_page page;

	batch.process = process;
	batch.count = 0;
	for (uint64_t va = start; hal_space_next(&process->space, va, end, &page); va = page.va + HAL_PAGE_BYTES) {
		if (batch.count == BATCH)
			batch_finish(&batch);
		if (batch.count == 0)
			batch.first = page.va;
		batch.last = page.va;
		hal_space_clear(&process->space, page.va);
		batch.pa[batch.count++] = linux_area_is_lent(area, &page) ? 0 : page.pa;
	}
	batch_finish(&batch);
}

void linux_pages_protect(struct process *process, const struct linux_area *area)
{
	uint64_t first = area->end;
	uint64_t last = area->start;
	struct hal_page page;

	for (uint64_t va = area->start; hal_space_next(&process->space, va, area->end, &page); va = page.va + HAL_PAGE_BYTES) {
		unsigned rights = linux_page_rights(area, &page, area->is_shared && (page.rights & HAL_USER_WRITE) ? LINUX_PROT_WRITE : 0);

		if (rights == page.rights)
			continue;
		if ((rights & HAL_USER_EXEC) && !(page.rights & HAL_USER_EXEC))
			hal_page_publish_code(hal_direct_va(page.pa));
		hal_space_set_rights(&process->space, page.va, rights);
		first = page.va < first ? page.va : first;
		last = page.va;
	}
	if (first <= last)
		hal_space_flush(&process->space, first, (last - first) / HAL_PAGE_BYTES + 1);
}

/* Both have the page from now on, and neither writes to it. */
static status_t page_copy(struct process *parent, struct process *child, const struct linux_area *area, const struct hal_page *page)
{
	unsigned rights = page->rights & ~(unsigned)HAL_USER_WRITE;
	status_t status = hal_space_map(&child->space, page->va, page->pa, rights);

	if (status != STATUS_OK || linux_area_is_lent(area, page))
		return status;
	status = linux_frame_share(page->pa);
	if (status != STATUS_OK)
		hal_space_clear(&child->space, page->va); /* which nobody runs */
	else if (page->rights != rights)
		hal_space_set_rights(&parent->space, page->va, rights);
	return status;
}

static status_t area_copy(struct process *parent, struct process *child, const struct linux_area *area)
{
	struct linux_area *copy = linux_area_alloc(child->budget, area);
	struct hal_page page;
	status_t status = STATUS_OK;

	if (copy == NULL)
		return STATUS_ENOMEM;
	linux_areas_insert(&linux_mm_of(child)->areas, copy);
	if (area->is_shared || area->fork == LINUX_FORK_WIPE)
		return STATUS_OK;
	for (uint64_t va = area->start; status == STATUS_OK && hal_space_next(&parent->space, va, area->end, &page); va = page.va + HAL_PAGE_BYTES)
		status = page_copy(parent, child, area, &page);
	return status;
}

status_t linux_mm_copy(struct process *parent, struct process *child)
{
	struct linux_mm *from = linux_mm_of(parent);
	struct linux_mm *to = linux_mm_of(child);
	status_t status = STATUS_OK;

	spinlock_take(&from->lock);
	to->brk_start = from->brk_start;
	to->brk = from->brk;
	to->map_top = from->map_top;
	to->jit = from->jit;
	to->stack_top = from->stack_top;
	to->barriers = from->barriers;
	memcpy(to->auxv, from->auxv, sizeof(to->auxv));
	for (const struct list_node *node = from->areas.list.next; status == STATUS_OK && node != &from->areas.list; node = node->next) {
		const struct linux_area *area = LIST_OWNER((struct list_node *)node, struct linux_area, node);

		if (area->fork != LINUX_FORK_OMIT)
			status = area_copy(parent, child, area);
	}
	/* What a CPU still holds of the parent's pages must not let it write to them any more. */
	hal_space_flush(&parent->space, 0, LINUX_VA_END / HAL_PAGE_BYTES);
	spinlock_give(&from->lock);
	return status;
}

void linux_mm_clear(struct process *process)
{
	struct linux_mm *mm = linux_mm_of(process);
	struct list_node dead = LIST_INIT(dead);
	struct linux_area *area;

	spinlock_take(&mm->lock);
	while ((area = linux_areas_find(&mm->areas, 0)) != NULL) {
		linux_pages_unmap(process, area, area->start, area->end);
		linux_areas_remove(&mm->areas, area);
		list_push_back(&dead, &area->node);
	}
	hal_space_trim(&process->space);
	mm->barriers = 0;
	spinlock_give(&mm->lock);
	linux_areas_free(process->budget, &dead);
}

bool linux_mm_is_shared(struct process *process, uint64_t va)
{
	struct linux_mm *mm = linux_mm_of(process);
	const struct linux_area *area;
	bool is_shared;

	spinlock_take(&mm->lock);
	area = linux_areas_find(&mm->areas, va);
	is_shared = area != NULL && area->start <= va && area->is_shared;
	spinlock_give(&mm->lock);
	return is_shared;
}

static void pages_count(const struct process *process, const struct linux_area *area, struct linux_mm_info *info)
{
	struct hal_page page;

	for (uint64_t va = area->start; hal_space_next(&process->space, va, area->end, &page); va = page.va + HAL_PAGE_BYTES) {
		bool is_lent = linux_area_is_lent(area, &page);
		bool is_shared = is_lent || area->is_shared || linux_frame_is_shared(page.pa);
		bool is_dirty = !is_lent && (area->pages == NULL || (page.rights & HAL_USER_WRITE));

		info->shared_pages += is_shared;
		info->private_pages += !is_shared;
		info->dirty_shared_pages += is_shared && is_dirty;
		info->dirty_private_pages += !is_shared && is_dirty;
	}
}

bool linux_mm_next(struct process *process, uint64_t va, bool with_pages, struct linux_mm_info *out)
{
	struct linux_mm *mm = linux_mm_of(process);
	const struct linux_area *area;

	memset(out, 0, sizeof(*out));
	spinlock_take(&mm->lock);
	area = linux_areas_find(&mm->areas, va);
	if (area != NULL) {
		out->start = area->start;
		out->end = area->end;
		out->offset = area->backing.file != NULL ? area->backing.offset : 0;
		out->protection = area->protection;
		out->is_shared = area->is_shared;
		out->kind = area->backing.kind;
		out->file = area->backing.file;
		if (out->file != NULL)
			(void)object_hold(&out->file->object); /* the area holds it */
		if (with_pages)
			pages_count(process, area, out);
	}
	spinlock_give(&mm->lock);
	return out->end != 0;
}

void linux_mm_count(struct process *process, uint64_t *present_pages, uint64_t *bytes)
{
	struct linux_mm *mm = linux_mm_of(process);
	*bytes = 0;
	spinlock_take(&mm->lock);
	for (const struct list_node *node = mm->areas.list.next; node != &mm->areas.list; node = node->next) {
		const struct linux_area *area = LIST_OWNER((struct list_node *)node, struct linux_area, node);

		*bytes += area->end - area->start;
	}
	*present_pages = process->space.mapped;
	spinlock_give(&mm->lock);
}
