// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Translation tables after the MMU is on. Boot maps RAM and devices from a small static pool; later tables come from the
 * caller's source. Entries are only ever made valid or removed, and of pages of a lower half the rights are changed in place: neither needs
 * break-before-make (Arm ARM DDI 0487 D8.14.1).
 */
#include <stddef.h>

#include "hal/arm64/image.h"
#include "hal/arm64/sysreg.h"
#include "hal/arm64/tables.h"
#include "lib/bits.h"
#include "lib/string.h"

#define BOOT_POOL_TABLES 12
#define DEVICE_BASE 0xffffffc000000000ul

/* Not zeroed at boot: each is when it is taken. */
static uint64_t boot_pool[BOOT_POOL_TABLES][TABLE_ENTRIES] __attribute__((section(".unzeroed"), aligned(4096)));
static unsigned boot_pool_used;
static uint64_t image_offset; /* kernel image address minus physical address */
static uint64_t device_next = DEVICE_BASE;

uint64_t tables_image_pa(const void *va)
{
	return (uint64_t)va - image_offset;
}

uint64_t tables_kernel_root_pa(void)
{
	return tables_image_pa(early_kernel_root);
}

/* The image's tables are reached at its own address, all others in the direct map. */
static inline __attribute__((always_inline)) uint64_t *table_at(uint64_t pa)
{
	uint64_t image_pa = (uint64_t)image_start - image_offset;
	bool in_image = pa - image_pa < (uint64_t)(image_end - image_start);

	return (uint64_t *)(pa + (in_image ? image_offset : HAL_DIRECT_BASE));
}

static uint64_t boot_pool_alloc(void *ctx)
{
	(void)ctx;
	if (boot_pool_used == BOOT_POOL_TABLES)
		return 0;
	return (uint64_t)boot_pool[boot_pool_used++] - image_offset;
}

static const struct hal_page_source boot_source = { .alloc = boot_pool_alloc };

uint64_t *tables_entry_make(uint64_t root_pa, uint64_t va, unsigned level, const struct hal_page_source *source)
{
	uint64_t table_pa = root_pa;

	for (unsigned at = 1;; at++) {
		uint64_t *entry = &table_at(table_pa)[TABLE_INDEX(va, at)];

		if (at == level)
			return entry;
		table_pa = *entry & PTE_ADDR_MASK;
		if (!(*entry & PTE_VALID)) {
			table_pa = source->alloc(source->ctx);
			if (table_pa == 0)
				return NULL;
			memset(table_at(table_pa), 0, HAL_PAGE_BYTES);
			barrier_dsb_ishst(); /* the table is empty before a walker can reach it */
			*(volatile uint64_t *)entry = table_pa | PTE_TABLE | PTE_VALID;
		} else if (!(*entry & PTE_TABLE)) {
			return NULL;
		}
	}
}

/* The tables of the first 2 MiB of stacks stay once they are made: not out of the pages that the kernel counts. */
void tables_init(uint64_t image_pa)
{
	image_offset = (uint64_t)image_start - image_pa;
	(void)tables_entry_make(tables_kernel_root_pa(), HAL_STACKS_BASE, 3, &boot_source);
}

uint64_t *tables_entry_find(uint64_t root_pa, uint64_t va)
{
	uint64_t *entry = &table_at(root_pa)[TABLE_INDEX(va, 1)];

	for (unsigned level = 1; level < 3; level++) {
		if ((*entry & (PTE_VALID | PTE_TABLE)) != (PTE_VALID | PTE_TABLE))
			return NULL;
		entry = &table_at(*entry & PTE_ADDR_MASK)[TABLE_INDEX(va, level + 1)];
	}
	return *entry & PTE_VALID ? entry : NULL;
}

/* The first entry from `i` on that is not 0, TABLE_ENTRIES where none is: most tables are nearly empty, so four at once. */
static unsigned entry_next(const uint64_t *table, unsigned i)
{
	for (; i % 4 != 0; i++)
		if (table[i] != 0)
			return i;
	while (i < TABLE_ENTRIES && (table[i] | table[i + 1] | table[i + 2] | table[i + 3]) == 0)
		i += 4;
	while (i < TABLE_ENTRIES && table[i] == 0)
		i++;
	return i;
}

static void leaf_pages_free(const uint64_t *table, const struct hal_page_source *source)
{
	for (unsigned i = entry_next(table, 0); i < TABLE_ENTRIES; i = entry_next(table, i + 1))
		if (table[i] & PTE_VALID)
			source->free(source->ctx, table[i] & PTE_ADDR_MASK);
}

void tables_empty(uint64_t root_pa, bool with_pages, const struct hal_page_source *source)
{
	uint64_t *root = table_at(root_pa);

	for (unsigned i = entry_next(root, 0); i < TABLE_ENTRIES; i = entry_next(root, i + 1)) {
		if (!(root[i] & PTE_VALID))
			continue;
		uint64_t *middle = table_at(root[i] & PTE_ADDR_MASK);

		for (unsigned j = entry_next(middle, 0); j < TABLE_ENTRIES; j = entry_next(middle, j + 1)) {
			if (!(middle[j] & PTE_VALID))
				continue;
			if (with_pages)
				leaf_pages_free(table_at(middle[j] & PTE_ADDR_MASK), source);
			source->free(source->ctx, middle[j] & PTE_ADDR_MASK);
		}
		source->free(source->ctx, root[i] & PTE_ADDR_MASK);
		root[i] = 0;
	}
}

void tables_destroy(uint64_t root_pa, bool with_pages, const struct hal_page_source *source)
{
	tables_empty(root_pa, with_pages, source);
	source->free(source->ctx, root_pa);
}

/* Whether what is aligned as `addresses` are together, and so long, can be a block of the level. */
static unsigned fits(uint64_t addresses, uint64_t bytes, unsigned level)
{
	return ((addresses & (TABLE_BLOCK_BYTES(level) - 1)) == 0) & (bytes >= TABLE_BLOCK_BYTES(level));
}

/* The largest block that both addresses are aligned to and that is not longer than `bytes`. */
static unsigned level_for(uint64_t va, uint64_t pa, uint64_t bytes)
{
	return 3 - fits(va | pa, bytes, 2) - fits(va | pa, bytes, 1);
}

static status_t map_range(uint64_t va, uint64_t pa, uint64_t bytes, uint64_t attributes, const struct hal_page_source *source)
{
	while (bytes > 0) {
		unsigned level = level_for(va, pa, bytes);
		uint64_t block = TABLE_BLOCK_BYTES(level);
		volatile uint64_t *entry = tables_entry_make(tables_kernel_root_pa(), va, level, source);

		if (entry == NULL)
			return STATUS_ENOMEM;
		/* The neighbours in the same table need no walk of their own. */
		do {
			*entry++ = pa | attributes | (level == 3 ? PTE_PAGE : 0);
			va += block;
			pa += block;
			bytes -= block;
		} while (bytes >= block && TABLE_INDEX(va, level) != 0);
	}
	barrier_dsb_ishst();
	barrier_isb();
	return STATUS_OK;
}

status_t tables_map_range(uint64_t va, uint64_t pa, uint64_t bytes, uint64_t attributes)
{
	return map_range(va, pa, bytes, attributes, &boot_source);
}

volatile void *tables_map_device_from(uint64_t pa, uint64_t bytes, const struct hal_page_source *source)
{
	uint64_t first = bits_align_down(pa, HAL_PAGE_BYTES);
	uint64_t size = bits_align_up(pa + bytes, HAL_PAGE_BYTES) - first;
	uint64_t va = device_next;

	if (map_range(va, first, size, PTE_DEVICE, source) != STATUS_OK)
		return NULL;
	device_next += size;
	return (volatile void *)(va + (pa - first));
}

volatile void *tables_map_device(uint64_t pa, uint64_t bytes)
{
	return tables_map_device_from(pa, bytes, &boot_source);
}

status_t hal_kernel_map(uint64_t va, uint64_t pa, const struct hal_page_source *source)
{
	uint64_t *entry = tables_entry_make(tables_kernel_root_pa(), va, 3, source);

	if (entry == NULL)
		return STATUS_ENOMEM;
	*(volatile uint64_t *)entry = pa | PTE_KERNEL_RW | PTE_PAGE;
	barrier_dsb_ishst();
	barrier_isb();
	return STATUS_OK;
}

uint64_t hal_kernel_unmap(uint64_t va)
{
	uint64_t *entry = tables_entry_find(tables_kernel_root_pa(), va);
	uint64_t pa = *entry & PTE_ADDR_MASK;

	*(volatile uint64_t *)entry = 0;
	barrier_dsb_ishst();
	__asm__ volatile("tlbi vaae1is, %0" ::"r"(va >> 12 & 0xffffffffffful) : "memory");
	barrier_dsb_ish();
	barrier_isb();
	return pa;
}

int hal_kernel_readable(uint64_t va, size_t bytes)
{
	if (va > UINT64_MAX - bytes)
		return 0;
	for (uint64_t page = bits_align_down(va, HAL_PAGE_BYTES); page < va + bytes; page += HAL_PAGE_BYTES) {
		uint64_t par;

		if (page < HAL_DIRECT_BASE)
			return 0;
		__asm__ volatile("at s1e1r, %1\n\tisb\n\tmrs %0, par_el1" : "=r"(par) : "r"(page) : "memory");
		if (par & 1) /* PAR_EL1.F */
			return 0;
	}
	return 1;
}
