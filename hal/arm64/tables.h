// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Translation tables: the boot tables, and the one walker that fills tables of either half. */
#ifndef HAL_ARM64_TABLES_H
#define HAL_ARM64_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/arm64/table.h"
#include "hal/contract/boot.h"
#include "hal/contract/memory.h"
#include "lib/status.h"

/* Filled by early_map_build() with the MMU off, in rising order of level. */
extern uint64_t early_kernel_root[TABLE_ENTRIES];

/* The stacks that struct hal_boot_info tells of, each behind the page that guards it. */
extern uint8_t early_fiber_stacks[HAL_BOOT_STACKS][HAL_PAGE_BYTES + HAL_BOOT_STACK_BYTES];

struct early_roots {
	uint64_t ttbr0;
	uint64_t ttbr1;
};

/*
 * Builds the tables the kernel starts with: the image page by page, the device tree, the early UART, and the identity map that
 * survives switching the MMU on. Context: MMU off, called from entry.S at its physical address.
 */
struct early_roots early_map_build(uint64_t image_pa, uint64_t fdt_pa);

/* Tells where the image is in RAM; before any other call of this header. */
void tables_init(uint64_t image_pa);

/*
 * The entry for `va` at `level` (1 to 3) below the table at `root_pa`, with the tables above it made where missing. NULL
 * where a table could not be had or a block is in the way.
 */
uint64_t *tables_entry_make(uint64_t root_pa, uint64_t va, unsigned level, const struct hal_page_source *source);

/* The valid level 3 entry for `va`, or NULL. */
uint64_t *tables_entry_find(uint64_t root_pa, uint64_t va);

/*
 * Gives the tables below `root_pa` back to their source, _destroy `root_pa` itself too; with the pages that are mapped there, which are looked for
 * only `with_pages`.
 */
void tables_empty(uint64_t root_pa, bool with_pages, const struct hal_page_source *source);
void tables_destroy(uint64_t root_pa, bool with_pages, const struct hal_page_source *source);

/* Maps [pa, pa + bytes), whole pages, with the largest blocks that fit. */
MUST_CHECK status_t tables_map_range(uint64_t va, uint64_t pa, uint64_t bytes, uint64_t attributes);

/* Maps device registers and returns their address; NULL where tables are out. For boot, never unmapped. */
volatile void *tables_map_device(uint64_t pa, uint64_t bytes);

/* The same after boot, tables coming from `source`. Context: fiber, one at a time. */
volatile void *tables_map_device_from(uint64_t pa, uint64_t bytes, const struct hal_page_source *source);

/* Physical address of something in the kernel's image. */
uint64_t tables_image_pa(const void *va);

/* Physical address of the kernel's own table of the first level. */
uint64_t tables_kernel_root_pa(void);

#endif
