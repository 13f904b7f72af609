// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/word.h"

#include <stdatomic.h>

#include "kernel/sys/linux/process.h"
#include "lib/bits.h"

struct access {
	uint64_t va;
	unsigned protection;
	bool exchanges;
	bool failed;       /* W: access_try(). It held something else */
	uint32_t value;    /* what it is to hold; W: access_try(). What it held */
	uint32_t desired;
	uint64_t pa;       /* W: access_try() */
};

/* Under the lock of its memory, so that the page stays the process's. False: it is not there, or not for this. */
static bool access_try(struct process *process, struct access *access)
{
	struct linux_mm *mm = &process->personality->mm;
	uint64_t page_va = bits_align_down(access->va, HAL_PAGE_BYTES);
	struct hal_page page;
	bool there;

	if (access->va >= LINUX_VA_END)
		return false;
	spinlock_take(&mm->lock);
	there = hal_space_next(&process->space, page_va, page_va + HAL_PAGE_BYTES, &page) &&
		(page.rights & access->protection) == access->protection;
	if (there) {
		_Atomic uint32_t *word;

		access->pa = page.pa + (access->va - page_va);
		word = hal_direct_va(access->pa);
		if (access->exchanges)
			access->failed = !atomic_compare_exchange_strong(word, &access->value, access->desired);
		else
			access->value = atomic_load_explicit(word, memory_order_acquire);
	}
	spinlock_give(&mm->lock);
	return there;
}

static status_t access_do(struct process *process, struct access *access)
{
	while (!access_try(process, access))
		if (access->va >= LINUX_VA_END || linux_mm_fault(process, access->va, access->protection) != STATUS_OK)
			return STATUS_EFAULT;
	return STATUS_OK;
}

status_t linux_word_load(struct process *process, uint64_t va, uint32_t *value)
{
	struct access access = { .va = va, .protection = LINUX_PROT_READ };
	status_t status = access_do(process, &access);

	*value = access.value;
	return status;
}

bool linux_word_try(struct process *process, uint64_t va, uint32_t *value)
{
	struct access access = { .va = va, .protection = LINUX_PROT_READ };
	bool there = access_try(process, &access);

	*value = access.value;
	return there;
}

status_t linux_word_exchange(struct process *process, uint64_t va, uint32_t *expected, uint32_t desired)
{
	struct access access = { .va = va, .protection = LINUX_PROT_WRITE, .exchanges = true, .value = *expected, .desired = desired };
	status_t status = access_do(process, &access);

	*expected = access.value;
	return status == STATUS_OK && access.failed ? STATUS_EAGAIN : status;
}

status_t linux_word_try_exchange(struct process *process, uint64_t va, uint32_t *expected, uint32_t desired)
{
	struct access access = { .va = va, .protection = LINUX_PROT_WRITE, .exchanges = true, .value = *expected, .desired = desired };

	return access_try(process, &access) && !access.failed ? STATUS_OK : STATUS_EAGAIN;
}

status_t linux_word_pa(struct process *process, uint64_t va, uint64_t *pa)
{
	struct access access = { .va = va, .protection = LINUX_PROT_READ };
	status_t status = access_do(process, &access);

	*pa = access.pa;
	return status;
}
