// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the parts of the memory's code share. Context of all: the memory's lock is held, unless it says otherwise. */
#ifndef KERNEL_SYS_LINUX_MM_PAGES_H
#define KERNEL_SYS_LINUX_MM_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/user.h"
#include "kernel/sys/linux/mm.h"
#include "kernel/sys/linux/process.h"

static inline struct linux_mm *linux_mm_of(const struct process *process)
{
	return &process->personality->mm;
}

/* Where in its backing an address of an area is; in pages. */
static inline uint64_t linux_area_offset(const struct linux_area *area, uint64_t va)
{
	return area->backing.offset + (va - area->start);
}

static inline uint64_t linux_area_index(const struct linux_area *area, uint64_t va)
{
	return linux_area_offset(area, va) / HAL_PAGE_BYTES;
}

/* Whether a page of the area is nobody's: it lies in memory for ever. */
bool linux_area_is_lent(const struct linux_area *area, const struct hal_page *page);

/* What a page that is there may be used for without a fault; `want`: what it is wanted for, LINUX_PROT_*. */
unsigned linux_page_rights(const struct linux_area *area, const struct hal_page *page, unsigned want);

/* Takes away the pages of [start, end) of one area, and gives them back. */
void linux_pages_unmap(struct process *process, const struct linux_area *area, uint64_t start, uint64_t end);

/* Sets the rights of all pages of the area anew, after it was changed. */
void linux_pages_protect(struct process *process, const struct linux_area *area);

/* Unmaps what is in the range; areas, and parts that were cut off, go to `dead`. STATUS_ENOMEM: nothing was done. */
MUST_CHECK status_t linux_range_unmap(struct process *process, uint64_t start, uint64_t end, struct list_node *dead);

#endif
