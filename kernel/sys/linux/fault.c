// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Pages come when they are touched. What takes no sleep is done under the memory's lock; a page of a cache is got without it, and what it is for is then
 * looked up again.
 */
#include <stddef.h>

#include "kernel/core/panic.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/frames.h"
#include "kernel/sys/linux/mm_pages.h"
#include "kernel/sys/linux/pages.h"
#include "lib/bits.h"
#include "lib/string.h"

enum { AROUND_PAGES = 16 /* of the bundle: they cost a table entry each, and a fault far more */ };

struct fault {
	struct process *process;
	struct linux_mm *mm;
	uint64_t va; /* of the page */
	unsigned want;
	struct linux_area *area; /* while the lock is held */
	struct linux_pages *pages; /* held: where `got_pa` is from */
	uint64_t index;
	uint64_t got_pa; /* counted for us; 0: none */
};

static void page_map(struct fault *fault, const struct hal_page *page, status_t *status)
{
	unsigned rights = linux_page_rights(fault->area, page, fault->want);

	if (rights & HAL_USER_EXEC)
		hal_page_publish_code(hal_direct_va(page->pa));
	*status = hal_space_map(&fault->process->space, page->va, page->pa, rights);
}

/* A page of the process's own in which `from` is, or zeroes. */
static status_t own_page_map(struct fault *fault, const void *from, size_t bytes)
{
	struct hal_page page = { .va = fault->va, .pa = budget_page_alloc(fault->process->budget) };
	status_t status;
	uint8_t *to;

	if (page.pa == 0)
		return STATUS_ENOMEM;
	to = hal_direct_va(page.pa);
	memcpy(to, from, bytes);
	memset(to + bytes, 0, HAL_PAGE_BYTES - bytes);
	page_map(fault, &page, &status);
	if (status != STATUS_OK)
		budget_page_free(fault->process->budget, page.pa);
	return status;
}

/* Neighbours of a page that lies in memory for ever: as far as they do so too, and are in the area. */
static void around_map(struct fault *fault)
{
	const struct linux_area *area = fault->area;
	uint64_t window = bits_align_down(fault->va, AROUND_PAGES * HAL_PAGE_BYTES);
	status_t status = STATUS_OK;

	for (uint64_t va = window; status == STATUS_OK && va < window + AROUND_PAGES * HAL_PAGE_BYTES; va += HAL_PAGE_BYTES) {
		uint64_t offset = linux_area_offset(area, va);

		if (va < area->start || va >= area->end || offset + HAL_PAGE_BYTES > area->backing.memory.len ||
		    hal_space_is_mapped(&fault->process->space, va))
			continue;

		struct hal_page page = { .va = va, .pa = hal_direct_pa(area->backing.memory.data + offset) };

		page_map(fault, &page, &status);
	}
}

/* Of content in memory. Its last page is not the process's to see whole, and one that is written is its own. */
static status_t memory_fault(struct fault *fault)
{
	const struct span *memory = &fault->area->backing.memory;
	uint64_t offset = linux_area_offset(fault->area, fault->va);
	uint64_t left = offset < memory->len ? memory->len - offset : 0;
	struct hal_page page = { .va = fault->va };
	status_t status;

	if (left == 0)
		return STATUS_EIO;
	if ((fault->want & LINUX_PROT_WRITE) || left < HAL_PAGE_BYTES || (uint64_t)memory->data % HAL_PAGE_BYTES != 0)
		return own_page_map(fault, memory->data + offset, left < HAL_PAGE_BYTES ? left : HAL_PAGE_BYTES);
	page.pa = hal_direct_pa(memory->data + offset);
	page_map(fault, &page, &status);
	if (status == STATUS_OK)
		around_map(fault);
	return status;
}

/* Of a cache: STATUS_EAGAIN where the page has to be got first. */
static status_t cache_fault(struct fault *fault)
{
	struct linux_area *area = fault->area;
	struct hal_page page = { .va = fault->va, .pa = fault->got_pa };
	status_t status;

	if (fault->got_pa == 0 || fault->pages != area->pages || fault->index != linux_area_index(area, fault->va))
		return STATUS_EAGAIN;
	if ((fault->want & LINUX_PROT_WRITE) && !area->is_shared)
		return own_page_map(fault, hal_direct_va(fault->got_pa), HAL_PAGE_BYTES);
	if (fault->want & LINUX_PROT_WRITE)
		linux_pages_dirty(area->pages, fault->index);
	page_map(fault, &page, &status);
	if (status == STATUS_OK)
		fault->got_pa = 0; /* the table entry has it */
	return status;
}

/* A page that others have too is written: from now on it is another. */
static status_t page_divide(struct fault *fault, const struct hal_page *page)
{
	const struct linux_area *area = fault->area;
	bool is_lent = linux_area_is_lent(area, page);
	struct hal_page own = { .va = page->va, .pa = budget_page_alloc(fault->process->budget) };
	status_t status;

	if (own.pa == 0)
		return STATUS_ENOMEM;
	memcpy(hal_direct_va(own.pa), hal_direct_va(page->pa), HAL_PAGE_BYTES);
	hal_space_clear(&fault->process->space, page->va);
	hal_space_flush(&fault->process->space, page->va, 1);
	page_map(fault, &own, &status);
	VERIFY(status == STATUS_OK); /* the tables are there */
	if (!is_lent)
		linux_frame_put(fault->process->budget, page->pa);
	return STATUS_OK;
}

/* A page that is there, but not for this. */
static status_t page_allow(struct fault *fault, const struct hal_page *page)
{
	const struct linux_area *area = fault->area;
	unsigned rights;

	if ((page->rights & fault->want) == fault->want)
		return STATUS_OK; /* it has come meanwhile */
	if (fault->want & LINUX_PROT_WRITE) {
		if (!area->is_shared && (linux_area_is_lent(area, page) || linux_frame_is_shared(page->pa)))
			return page_divide(fault, page);
		if (area->is_shared && area->pages != NULL)
			linux_pages_dirty(area->pages, linux_area_index(area, page->va));
	}
	rights = linux_page_rights(area, page, fault->want);
	if (rights & HAL_USER_EXEC) { /* nobody writes any more when it is published */
		hal_space_set_rights(&fault->process->space, page->va, HAL_USER_READ);
		hal_space_flush(&fault->process->space, page->va, 1);
		hal_page_publish_code(hal_direct_va(page->pa));
	}
	hal_space_set_rights(&fault->process->space, page->va, rights);
	hal_space_flush(&fault->process->space, page->va, 1);
	return STATUS_OK;
}

static status_t fault_locked(struct fault *fault)
{
	struct linux_area *area = linux_areas_find(&fault->mm->areas, fault->va);
	struct hal_page page;

	if (area == NULL || area->start > fault->va)
		return STATUS_EFAULT;
	/* What may be done at all may be read: the CPU knows no memory that can be written, or executed, and not read. */
	if (area->protection == 0 || (fault->want & ~(unsigned)(area->protection | LINUX_PROT_READ)))
		return STATUS_EACCES;
	fault->area = area;
	if (hal_space_next(&fault->process->space, fault->va, fault->va + HAL_PAGE_BYTES, &page))
		return page_allow(fault, &page);
	if (area->pages != NULL)
		return cache_fault(fault);
	if (area->backing.memory.data != NULL)
		return memory_fault(fault);
	return own_page_map(fault, "", 0);
}

static void got_forget(struct fault *fault)
{
	if (fault->got_pa != 0)
		linux_frame_put(fault->process->budget, fault->got_pa);
	if (fault->pages != NULL)
		linux_pages_put(fault->pages);
	fault->got_pa = 0;
	fault->pages = NULL;
}

status_t linux_mm_fault(struct process *process, uint64_t va, unsigned protection)
{
	struct fault fault = { .process = process, .mm = linux_mm_of(process), .va = bits_align_down(va, HAL_PAGE_BYTES), .want = protection };
	status_t status;

	do {
		spinlock_take(&fault.mm->lock);
		status = fault_locked(&fault);
		struct linux_pages *pages = status == STATUS_EAGAIN ? fault.area->pages : NULL;
		uint64_t index = status == STATUS_EAGAIN ? linux_area_index(fault.area, fault.va) : 0;

		if (pages != NULL)
			linux_pages_hold(pages);
		spinlock_give(&fault.mm->lock);
		got_forget(&fault);
		if (pages != NULL) {
			fault.pages = pages;
			fault.index = index;
			status = linux_pages_get(pages, index, &fault.got_pa);
			status = status == STATUS_OK ? STATUS_EAGAIN : status;
		}
	} while (status == STATUS_EAGAIN);
	got_forget(&fault);
	return status;
}
