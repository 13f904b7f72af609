// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The calls about memory. Advice that changes nothing a program can see is taken and not followed.
 *
 * Spec: Linux include/uapi/asm-generic/mman-common.h, mman.h; the manual pages named as the calls
 */
#include <stddef.h>

#include "kernel/sys/budget.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/mm_pages.h"
#include "kernel/sys/linux/pages.h"
#include "kernel/sys/linux/proven.h"
#include "kernel/sys/thread.h"
#include "lib/bits.h"

enum { MAP_TYPE = 15, MAP_SHARED_VALIDATE = 3, MAP_LOCKED = 0x2000, MAP_POPULATE = 0x8000, MAP_NONBLOCK = 0x10000, MAP_HUGETLB = 0x40000 };
enum { MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4 };
enum {
	MADV_NORMAL = 0, MADV_WILLNEED = 3, MADV_DONTNEED = 4, MADV_FREE = 8, MADV_DONTFORK = 10, MADV_DOFORK = 11, MADV_MERGEABLE = 12, MADV_DODUMP = 17,
	MADV_WIPEONFORK = 18, MADV_KEEPONFORK = 19, MADV_COLD = 20, MADV_PAGEOUT = 21, MADV_POPULATE_READ = 22, MADV_POPULATE_WRITE = 23,
};
enum { PROT_KNOWN = 7 };

/* Its pages, as far as they can be had. */
static status_t populate(struct thread *thread, uint64_t va, uint64_t bytes, unsigned protection)
{
	status_t status = STATUS_OK;

	for (uint64_t at = va; status == STATUS_OK && at < va + bytes && !thread->ending; at += HAL_PAGE_BYTES) {
		status = linux_mm_fault(thread->process, at, protection);
		linux_give_way(thread);
	}
	return status;
}

static bool range_of(const uint64_t x[6], uint64_t *end)
{
	*end = 0;
	if (x[0] % HAL_PAGE_BYTES != 0)
		return false;
	if (x[1] <= LINUX_VA_END && x[0] <= LINUX_VA_END - x[1])
		*end = bits_align_up(x[0] + x[1], HAL_PAGE_BYTES);
	return true;
}

/* What the backing's file, which it holds, can be mapped for. */
static status_t backing_of(struct thread *thread, const uint64_t x[6], unsigned type, struct linux_backing *backing)
{
	uint32_t access = linux_file_flags(backing->file) & LINUX_O_ACCMODE;
	status_t status;

	if (access == LINUX_O_WRONLY || (type == LINUX_MAP_SHARED && (x[2] & LINUX_PROT_WRITE) && access != LINUX_O_RDWR))
		return STATUS_EACCES;
	backing->offset = x[5];
	status = backing->file->ops->map != NULL ? backing->file->ops->map(backing->file, &backing->memory) : STATUS_ENODEV;
	if (status != STATUS_OK || backing->memory.len > 0 || type != LINUX_MAP_PRIVATE)
		return status;
	/* What is executed is proven first; with it what else is mapped of the same file. */
	if ((x[2] & LINUX_PROT_EXEC) && !linux_mm_of(thread->process)->jit)
		return linux_file_prove(backing->file, &backing->memory);
	backing->memory = linux_file_proven(backing->file);
	return STATUS_OK;
}

/* What is wrong with what mmap is asked, whatever the file. */
static status_t asked_check(const uint64_t x[6], unsigned type)
{
	if (x[1] > UINT64_MAX - HAL_PAGE_BYTES + 1)
		return STATUS_ENOMEM;
	if ((type != LINUX_MAP_SHARED && type != LINUX_MAP_PRIVATE) || x[1] == 0)
		return STATUS_EINVAL;
	if (x[3] & MAP_HUGETLB)
		return STATUS_ENOMEM; /* there are none set aside, as on a Linux where nobody did */
	if (!(x[3] & LINUX_MAP_ANONYMOUS) && x[1] <= LINUX_VA_END && x[5] > (uint64_t)INT64_MAX - LINUX_VA_END)
		return STATUS_EOVERFLOW;
	return STATUS_OK;
}

static int64_t call_mmap(struct thread *thread, const uint64_t x[6])
{
	unsigned type = x[3] & MAP_TYPE;
	unsigned flags = (unsigned)x[3] & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE | LINUX_MAP_NORESERVE);
	struct linux_backing backing = { .kind = LINUX_AREA_PLAIN };
	int64_t result = STATUS_OK;

	if (type == MAP_SHARED_VALIDATE)
		type = LINUX_MAP_SHARED;
	if (x[5] % HAL_PAGE_BYTES != 0)
		return STATUS_EINVAL;
	if (!(x[3] & LINUX_MAP_ANONYMOUS)) { /* that comes first */
		result = linux_fd_get(thread->process, (int)x[4], LINUX_FILE_USE, &backing.file);
		if (result != STATUS_OK)
			return result;
	}
	result = asked_check(x, type);
	if (result == STATUS_OK && backing.file != NULL)
		result = backing_of(thread, x, type, &backing);
	if (result == STATUS_OK)
		result = linux_mm_map(thread->process, x[0], x[1], x[2] & PROT_KNOWN, type | flags, &backing);
	if (backing.file != NULL)
		linux_file_put(backing.file);
	if (result >= 0 && (x[3] & (MAP_POPULATE | MAP_LOCKED)) && !(x[3] & MAP_NONBLOCK) && (x[2] & PROT_KNOWN)) {
		status_t ignored = populate(thread, (uint64_t)result, x[1], x[2] & LINUX_PROT_WRITE ? LINUX_PROT_WRITE : LINUX_PROT_READ);

		(void)ignored; /* what is not there yet comes when touched, or does not come */
	}
	return result;
}

static int64_t call_munmap(struct thread *thread, const uint64_t x[6])
{
	return linux_mm_unmap(thread->process, x[0], x[1]);
}

static int64_t call_mprotect(struct thread *thread, const uint64_t x[6])
{
	if (x[1] == 0)
		return x[0] % HAL_PAGE_BYTES != 0 ? STATUS_EINVAL : STATUS_OK;
	if (x[2] & ~(uint64_t)PROT_KNOWN)
		return STATUS_EINVAL; /* PROT_BTI and PROT_MTE too: they are not offered. PROT_GROWSDOWN: stacks do not grow */
	return linux_mm_protect(thread->process, x[0], x[1], (unsigned)x[2]);
}

static int64_t call_mremap(struct thread *thread, const uint64_t x[6])
{
	return linux_mm_remap(thread->process, x[0], x[1], x[2], x[3] <= 7 ? (unsigned)x[3] : ~0u, x[4]);
}

static int64_t call_brk(struct thread *thread, const uint64_t x[6])
{
	return (int64_t)linux_mm_brk(thread->process, x[0]);
}

static status_t fork_set(struct process *process, uint64_t start, uint64_t end, enum linux_area_fork how)
{
	struct linux_mm *mm = linux_mm_of(process);
	struct list_node dead = LIST_INIT(dead);
	status_t status = STATUS_ENOMEM;

	spinlock_take(&mm->lock);
	if (linux_areas_is_mapped(&mm->areas, start, end))
		status = linux_areas_cut(&mm->areas, process->budget, start, end);
	for (struct linux_area *area = linux_areas_find(&mm->areas, start); status == STATUS_OK && area != NULL && area->start < end;
	     area = linux_areas_next(&mm->areas, area)) {
		if (how == LINUX_FORK_WIPE && (area->is_shared || area->backing.file != NULL || area->backing.memory.data != NULL))
			status = STATUS_EINVAL;
		else
			area->fork = (uint8_t)how;
	}
	linux_areas_merge(&mm->areas, start, end, &dead);
	spinlock_give(&mm->lock);
	linux_areas_free(process->budget, &dead);
	return status;
}

/* Only what has no file is freed: its pages are the only place where it is. */
static status_t may_be_freed(struct process *process, uint64_t start, uint64_t end)
{
	struct linux_mm *mm = linux_mm_of(process);
	status_t status = STATUS_OK;

	spinlock_take(&mm->lock);
	for (const struct linux_area *area = linux_areas_find(&mm->areas, start); area != NULL && area->start < end;
	     area = linux_areas_next(&mm->areas, area))
		if (area->is_shared || area->backing.file != NULL || area->backing.memory.data != NULL)
			status = STATUS_EINVAL;
	spinlock_give(&mm->lock);
	return status;
}

static bool is_mapped(struct process *process, uint64_t start, uint64_t end)
{
	struct linux_mm *mm = linux_mm_of(process);
	bool all;

	spinlock_take(&mm->lock);
	all = linux_areas_is_mapped(&mm->areas, start, end);
	spinlock_give(&mm->lock);
	return all;
}

/* The same for madvise, as that tells it. Spec: Linux, mm/madvise.c: madvise_populate() */
static status_t populate_advised(struct thread *thread, uint64_t va, uint64_t bytes, unsigned protection)
{
	status_t status = populate(thread, va, bytes, protection);

	switch (status) {
	case STATUS_EFAULT:
		return STATUS_ENOMEM;
	case STATUS_EACCES:
		return STATUS_EINVAL;
	case STATUS_EIO:
		return STATUS_EFAULT;
	default:
		return status;
	}
}

static int64_t call_madvise(struct thread *thread, const uint64_t x[6])
{
	struct process *process = thread->process;
	uint64_t end;
	status_t status = STATUS_OK;

	if (!range_of(x, &end) || (end == 0 && x[1] != 0) || x[2] > MADV_POPULATE_WRITE ||
	    (x[2] > MADV_DONTNEED && x[2] < MADV_FREE))
		return STATUS_EINVAL;
	if (end <= x[0])
		return 0;
	switch (x[2]) {
	case MADV_FREE:
		status = may_be_freed(process, x[0], end);
		if (status != STATUS_OK)
			return status;
		return linux_mm_forget(process, x[0], end - x[0]);
	case MADV_DONTNEED:
		return linux_mm_forget(process, x[0], end - x[0]);
	case MADV_FREE + 1: /* MADV_REMOVE */
		return STATUS_EINVAL;
	case MADV_DONTFORK:
		return fork_set(process, x[0], end, LINUX_FORK_OMIT);
	case MADV_WIPEONFORK:
		return fork_set(process, x[0], end, LINUX_FORK_WIPE);
	case MADV_DOFORK:
	case MADV_KEEPONFORK:
		return fork_set(process, x[0], end, LINUX_FORK_COPY);
	case MADV_POPULATE_READ:
		return populate_advised(thread, x[0], end - x[0], LINUX_PROT_READ);
	case MADV_POPULATE_WRITE:
		return populate_advised(thread, x[0], end - x[0], LINUX_PROT_WRITE);
	default:
		return is_mapped(process, x[0], end) ? 0 : STATUS_ENOMEM;
	}
}

/* The cache that shows what is at `*va`, held, with its pages up to `end` or the area's end, which becomes `*va`. NULL: none does. */
static struct linux_pages *cache_at(struct process *process, uint64_t *va, uint64_t end, uint64_t *first, uint64_t *behind)
{
	struct linux_mm *mm = linux_mm_of(process);
	struct linux_pages *pages = NULL;
	struct linux_area *area;

	spinlock_take(&mm->lock);
	area = linux_areas_find(&mm->areas, *va);
	if (area == NULL || area->start >= end) {
		*va = end;
	} else {
		uint64_t from = area->start > *va ? area->start : *va;
		uint64_t to = area->end < end ? area->end : end;

		if (area->is_shared && area->pages != NULL) {
			pages = area->pages;
			linux_pages_hold(pages);
			*first = linux_area_index(area, from);
			*behind = *first + (to - from) / HAL_PAGE_BYTES;
		}
		*va = to;
	}
	spinlock_give(&mm->lock);
	return pages;
}

static int64_t call_msync(struct thread *thread, const uint64_t x[6])
{
	struct process *process = thread->process;
	status_t status = STATUS_OK;
	uint64_t end;

	if (!range_of(x, &end) || (x[2] & ~(uint64_t)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (x[2] & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return STATUS_EINVAL;
	if (end < x[0] || (x[1] != 0 && !is_mapped(process, x[0], end)))
		return STATUS_ENOMEM;
	for (uint64_t va = x[0]; va < end && status == STATUS_OK;) {
		uint64_t first;
		uint64_t behind;
		struct linux_pages *pages = cache_at(process, &va, end, &first, &behind);

		if (pages == NULL)
			continue;
		status = linux_pages_write(pages, first, behind);
		linux_pages_put(pages);
	}
	return status;
}

/* Context: under the lock of its memory. */
static bool is_present(struct process *process, uint64_t va)
{
	const struct linux_area *area = linux_areas_find(&linux_mm_of(process)->areas, va);

	if (hal_space_is_mapped(&process->space, va))
		return true;
	if (area == NULL || area->start > va)
		return false;
	return area->pages != NULL ? linux_pages_has(area->pages, linux_area_index(area, va)) : area->backing.memory.data != NULL;
}

enum { STRETCH_PAGES = 256 }; /* after which a call that looks at each page lets others run */

/* Which of some pages are there. */
static void presence_look(struct process *process, uint64_t va, uint8_t *present, size_t count)
{
	struct linux_mm *mm = linux_mm_of(process);

	spinlock_take(&mm->lock);
	for (size_t i = 0; i < count; i++)
		present[i] = is_present(process, va + i * HAL_PAGE_BYTES);
	spinlock_give(&mm->lock);
}

static int64_t call_mincore(struct thread *thread, const uint64_t x[6])
{
	uint64_t end;

	if (!range_of(x, &end))
		return STATUS_EINVAL;
	if (end < x[0] || (x[1] != 0 && !is_mapped(thread->process, x[0], end)))
		return STATUS_ENOMEM;
	for (uint64_t va = x[0]; va < end && !thread->ending; va += STRETCH_PAGES * HAL_PAGE_BYTES) {
		size_t count = (size_t)((end - va) / HAL_PAGE_BYTES);
		uint8_t present[STRETCH_PAGES];

		if (count > STRETCH_PAGES)
			count = STRETCH_PAGES;
		presence_look(thread->process, va, present, count);
		if (linux_copy_out(thread, x[2] + (va - x[0]) / HAL_PAGE_BYTES, present, count) != STATUS_OK)
			return STATUS_EFAULT;
		linux_give_way(thread);
	}
	return 0;
}

/* The pages of a range to be locked or not: all mapped, or none. Spec: Linux, mm/mlock.c: do_mlock(), apply_vma_lock_flags() */
static status_t lock_range(struct process *process, const uint64_t x[6], uint64_t *start, uint64_t *end)
{
	*start = bits_align_down(x[0], HAL_PAGE_BYTES);
	*end = *start + bits_align_up(x[1] + x[0] % HAL_PAGE_BYTES, HAL_PAGE_BYTES);
	if (*end < *start)
		return STATUS_EINVAL;
	return *start == *end || is_mapped(process, *start, *end) ? STATUS_OK : STATUS_ENOMEM;
}

/* Nothing is ever paged out, so a page that is there is locked: they only have to come. */
static int64_t call_mlock(struct thread *thread, const uint64_t x[6])
{
	uint64_t start;
	uint64_t end;
	status_t status = lock_range(thread->process, x, &start, &end);

	if (status != STATUS_OK)
		return status;
	for (uint64_t va = start; va < end && status == STATUS_OK; va += HAL_PAGE_BYTES) {
		status = linux_mm_fault(thread->process, va, LINUX_PROT_WRITE);
		if (status == STATUS_EACCES)
			status = linux_mm_fault(thread->process, va, LINUX_PROT_READ);
		if ((va - start) / HAL_PAGE_BYTES % STRETCH_PAGES == STRETCH_PAGES - 1)
			linux_give_way(thread);
	}
	return status == STATUS_OK ? 0 : STATUS_ENOMEM;
}

enum { MLOCK_ONFAULT = 1 };

static int64_t call_mlock2(struct thread *thread, const uint64_t x[6])
{
	if (x[2] & ~(uint64_t)MLOCK_ONFAULT)
		return STATUS_EINVAL;
	return call_mlock(thread, x);
}

static int64_t call_munlock(struct thread *thread, const uint64_t x[6])
{
	uint64_t start;
	uint64_t end;

	return lock_range(thread->process, x, &start, &end);
}

enum { MCL_CURRENT = 1, MCL_FUTURE = 2, MCL_ONFAULT = 4 };

static int64_t call_mlockall(struct thread *thread, const uint64_t x[6])
{
	(void)thread;
	return x[0] == 0 || x[0] == MCL_ONFAULT || (x[0] & ~(uint64_t)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) ? STATUS_EINVAL : 0;
}

static int64_t call_munlockall(struct thread *thread, const uint64_t x[6])
{
	(void)thread;
	(void)x;
	return 0;
}

const struct linux_call linux_calls_memory[] = {
	{ 214, 1, "brk", call_brk },
	{ 215, 2, "munmap", call_munmap },
	{ 216, 5, "mremap", call_mremap },
	{ 222, 6, "mmap", call_mmap },
	{ 226, 3, "mprotect", call_mprotect },
	{ 227, 3, "msync", call_msync },
	{ 228, 2, "mlock", call_mlock },
	{ 229, 2, "munlock", call_munlock },
	{ 230, 1, "mlockall", call_mlockall },
	{ 231, 0, "munlockall", call_munlockall },
	{ 232, 3, "mincore", call_mincore },
	{ 233, 3, "madvise", call_madvise },
	{ 284, 3, "mlock2", call_mlock2 },
	{ 0 },
};
