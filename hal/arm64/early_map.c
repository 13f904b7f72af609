// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The first tables. Runs with the MMU off at its physical address (-mstrict-align, no absolute pointers): addresses of
 * symbols are physical here, and only their differences and page numbers are used.
 */
#include <stdbool.h>
#include <stddef.h>

#include "hal/arm64/image.h"
#include "hal/arm64/tables.h"

#define TABLE_STORAGE __attribute__((section(".tables"), aligned(4096)))

uint64_t early_kernel_root[TABLE_ENTRIES] TABLE_STORAGE;
extern uint64_t early_empty_table[TABLE_ENTRIES];
uint64_t early_empty_table[TABLE_ENTRIES] TABLE_STORAGE;
extern uint64_t early_identity[TABLE_ENTRIES];
uint64_t early_identity[TABLE_ENTRIES] TABLE_STORAGE;
static uint64_t early_image_l2[TABLE_ENTRIES] TABLE_STORAGE;
static uint64_t early_image_l3[TABLE_ENTRIES] TABLE_STORAGE;
static uint64_t early_fixmap_l3[TABLE_ENTRIES] TABLE_STORAGE;

uint8_t early_fiber_stacks[HAL_BOOT_STACKS][HAL_PAGE_BYTES + HAL_BOOT_STACK_BYTES] __attribute__((section(".unzeroed"), aligned(4096)));

#define IMAGE_VA 0xffffffff80000000ul

static uint64_t entry_for_table(const uint64_t *table)
{
	return (uint64_t)table | PTE_TABLE | PTE_VALID;
}

static uint64_t *image_entry(uint64_t image_pa, uint64_t pa)
{
	return &early_image_l3[(pa - image_pa) / HAL_PAGE_BYTES];
}

static void map_image(uint64_t image_pa)
{
	static const uint64_t attributes[] = { PTE_KERNEL_RX, PTE_KERNEL_RO, PTE_KERNEL_RW }; /* text, what is read only, all else */
	uint64_t text_end = (uint64_t)image_text_end;
	uint64_t rodata_end = (uint64_t)image_rodata_end;
	uint64_t end = (uint64_t)image_end;

	for (uint64_t pa = image_pa; pa < end; pa += HAL_PAGE_BYTES)
		*image_entry(image_pa, pa) = pa | attributes[(pa >= text_end) + (pa >= rodata_end)] | PTE_PAGE;
}

/* The page below each stack of the image is a hole. */
static void unmap_guards(uint64_t image_pa)
{
	*image_entry(image_pa, (uint64_t)image_boot_stack_guard) = 0;
	*image_entry(image_pa, (uint64_t)image_exception_stack_guard) = 0;
	for (unsigned i = 0; i < HAL_BOOT_STACKS; i++)
		*image_entry(image_pa, (uint64_t)early_fiber_stacks[i]) = 0;
}

struct early_roots early_map_build(uint64_t image_pa, uint64_t fdt_pa)
{
	uint64_t block = TABLE_BLOCK_BYTES(2);
	uint64_t fdt_block = fdt_pa & ~(block - 1);
	uint64_t identity = image_pa & ~(TABLE_BLOCK_BYTES(1) - 1);

	map_image(image_pa);
	unmap_guards(image_pa);
	early_fixmap_l3[0] = UART_EARLY_PA | PTE_DEVICE | PTE_PAGE;
	early_image_l2[TABLE_INDEX(IMAGE_VA, 2)] = entry_for_table(early_image_l3);
	early_image_l2[TABLE_INDEX(FIXMAP_UART_VA, 2)] = entry_for_table(early_fixmap_l3);
	for (uint64_t i = 0; i < FIXMAP_FDT_BYTES / block; i++)
		early_image_l2[TABLE_INDEX(FIXMAP_FDT_VA, 2) + i] = (fdt_block + i * block) | PTE_KERNEL_RO;
	early_kernel_root[TABLE_INDEX(IMAGE_VA, 1)] = entry_for_table(early_image_l2);
	early_identity[TABLE_INDEX(identity, 1)] = identity | PTE_KERNEL_RX;
	return (struct early_roots){ .ttbr0 = (uint64_t)early_identity, .ttbr1 = (uint64_t)early_kernel_root };
}
