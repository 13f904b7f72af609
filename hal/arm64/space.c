// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Lower-half address spaces. An address space identifier belongs to one space while it lives, so that switching between
 * processes flushes nothing; it is flushed when the space goes.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "hal/arm64/cpu.h"
#include "hal/arm64/space.h"
#include "hal/arm64/tables.h"
#include "lib/string.h"

#define ASIDS 256 /* what every CPU has (ID_AA64MMFR0_EL1.ASIDBits); 0 is the kernel's */

extern uint64_t early_empty_table[TABLE_ENTRIES];
static _Atomic uint64_t asid_taken[ASIDS / 64] = { 1 }; /* W: any CPU */

static unsigned asid_take(void)
{
	for (unsigned i = 0; i < ASIDS; i++)
		if (!(atomic_fetch_or_explicit(&asid_taken[i / 64], 1ul << i % 64, memory_order_relaxed) & 1ul << i % 64))
			return i;
	return 0;
}

static void asid_give(unsigned asid)
{
	atomic_fetch_and_explicit(&asid_taken[asid / 64], ~(1ul << asid % 64), memory_order_relaxed);
}

status_t hal_space_create(struct hal_space *space, struct hal_page_source pages)
{
	unsigned asid = asid_take();

	if (asid == 0)
		return STATUS_EAGAIN;
	space->pages = pages;
	space->asid = (uint16_t)asid;
	space->mapped = 0;
	space->root_pa = pages.alloc(pages.ctx);
	if (space->root_pa == 0) {
		asid_give(asid);
		return STATUS_ENOMEM;
	}
	memset(hal_direct_va(space->root_pa), 0, HAL_PAGE_BYTES);
	return STATUS_OK;
}

void space_switch(struct cpu *cpu, struct hal_space *space)
{
	cpu->space = space;
	sysreg_write(ttbr0_el1, space->root_pa | (uint64_t)space->asid << 48);
	barrier_isb();
}

void hal_space_leave(struct hal_space *space)
{
	struct cpu *cpu = cpu_this();

	if (cpu->space != space)
		return;
	cpu->space = NULL;
	sysreg_write(ttbr0_el1, tables_image_pa(early_empty_table));
	barrier_isb();
}

void hal_space_destroy(struct hal_space *space)
{
	hal_space_leave(space);
	barrier_dsb_ishst();
	__asm__ volatile("tlbi aside1is, %0" ::"r"((uint64_t)space->asid << 48) : "memory");
	barrier_dsb_ish();
	tables_destroy(space->root_pa, space->mapped != 0, &space->pages);
	asid_give(space->asid);
}

uint64_t space_attributes(unsigned rights)
{
	uint64_t attributes = PTE_NORMAL | PTE_NG | PTE_PXN | PTE_PAGE;

	if (rights != 0)
		attributes |= PTE_AP_EL0;
	if (!(rights & HAL_USER_WRITE))
		attributes |= PTE_AP_RO;
	if (!(rights & HAL_USER_EXEC))
		attributes |= PTE_UXN;
	return attributes;
}

static bool page_is_valid(uint64_t va)
{
	return va % HAL_PAGE_BYTES == 0 && va < HAL_USER_END;
}

status_t hal_space_map(struct hal_space *space, uint64_t va, uint64_t pa, unsigned rights)
{
	if (!page_is_valid(va) || (rights & (HAL_USER_WRITE | HAL_USER_EXEC)) == (HAL_USER_WRITE | HAL_USER_EXEC))
		return STATUS_EINVAL;

	uint64_t *entry = tables_entry_make(space->root_pa, va, 3, &space->pages);

	if (entry == NULL)
		return STATUS_ENOMEM;
	if (*entry & PTE_VALID)
		return STATUS_EEXIST;
	*(volatile uint64_t *)entry = pa | space_attributes(rights);
	space->mapped++;
	barrier_dsb_ishst();
	barrier_isb();
	return STATUS_OK;
}

status_t hal_space_unmap(struct hal_space *space, uint64_t va, uint64_t *pa)
{
	uint64_t *entry = page_is_valid(va) ? tables_entry_find(space->root_pa, va) : NULL;

	if (entry == NULL)
		return STATUS_ENOENT;
	*pa = *entry & PTE_ADDR_MASK;
	*(volatile uint64_t *)entry = 0;
	space->mapped--;
	barrier_dsb_ishst();
	__asm__ volatile("tlbi vale1is, %0" ::"r"((uint64_t)space->asid << 48 | va >> 12) : "memory");
	barrier_dsb_ish();
	return STATUS_OK;
}

bool hal_space_is_mapped(const struct hal_space *space, uint64_t va)
{
	return va < HAL_USER_END && tables_entry_find(space->root_pa, va) != NULL;
}

status_t hal_space_translate(const struct hal_space *space, uint64_t va, uint64_t *pa)
{
	const uint64_t *entry = va < HAL_USER_END ? tables_entry_find(space->root_pa, va) : NULL;

	if (entry == NULL)
		return STATUS_EFAULT;
	*pa = (*entry & PTE_ADDR_MASK) | (va & (HAL_PAGE_BYTES - 1));
	return STATUS_OK;
}

void hal_page_publish_code(void *page)
{
	uint64_t line = 4ul << (sysreg_read(ctr_el0) >> 16 & 0xf); /* CTR_EL0.DminLine: log2 of words */

	for (uint64_t va = (uint64_t)page; va < (uint64_t)page + HAL_PAGE_BYTES; va += line)
		__asm__ volatile("dc cvau, %0" ::"r"(va) : "memory");
	barrier_dsb_ish();
	__asm__ volatile("ic ialluis" ::: "memory");
	barrier_dsb_ish();
	barrier_isb();
}

static bool range_is_user(uint64_t va, size_t bytes)
{
	return va < HAL_USER_END && bytes <= HAL_USER_END - va;
}

status_t hal_user_copy_in(struct hal_space *space, void *to, uint64_t from_va, size_t bytes)
{
	if (!range_is_user(from_va, bytes))
		return STATUS_EFAULT;
	space_activate(space);
	return user_copy_in(to, from_va, bytes);
}

status_t hal_user_copy_out(struct hal_space *space, uint64_t to_va, const void *from, size_t bytes)
{
	if (!range_is_user(to_va, bytes))
		return STATUS_EFAULT;
	space_activate(space);
	return user_copy_out(to_va, from, bytes);
}
