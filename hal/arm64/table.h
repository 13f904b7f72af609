// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * VMSAv8-64 translation table entries (Arm ARM DDI 0487 D8.3), 4 KiB granule, 39-bit spaces: three levels, 512 entries
 * each. Assembly and C share the attribute indices of MAIR_EL1.
 */
#ifndef HAL_ARM64_TABLE_H
#define HAL_ARM64_TABLE_H

#define PTE_VALID (1ul << 0)
#define PTE_TABLE (1ul << 1) /* levels 1 and 2: table, not block */
#define PTE_PAGE (1ul << 1)  /* level 3 */
#define PTE_ATTR_NORMAL (0ul << 2)
#define PTE_ATTR_DEVICE (1ul << 2)
#define PTE_AP_EL0 (1ul << 6)
#define PTE_AP_RO (1ul << 7)
#define PTE_SH_INNER (3ul << 8)
#define PTE_AF (1ul << 10)
#define PTE_NG (1ul << 11)
#define PTE_PXN (1ul << 53)
#define PTE_UXN (1ul << 54)
#define PTE_ADDR_MASK 0x0000fffffffff000ul

/* Attr0: normal, write-back, allocate. Attr1: device-nGnRE. */
#define MAIR_VALUE 0x04fful

#define PTE_NORMAL (PTE_VALID | PTE_AF | PTE_SH_INNER | PTE_ATTR_NORMAL)
#define PTE_KERNEL_RW (PTE_NORMAL | PTE_PXN | PTE_UXN)
#define PTE_KERNEL_RO (PTE_KERNEL_RW | PTE_AP_RO)
#define PTE_KERNEL_RX (PTE_NORMAL | PTE_UXN | PTE_AP_RO)
#define PTE_DEVICE (PTE_VALID | PTE_AF | PTE_ATTR_DEVICE | PTE_PXN | PTE_UXN)

#define TABLE_ENTRIES 512
#define TABLE_INDEX(va, level) (((va) >> (39 - 9 * (level))) & (TABLE_ENTRIES - 1))
#define TABLE_BLOCK_BYTES(level) (1ul << (39 - 9 * (level)))

/* Fixed addresses beside the image, in its table of the second level. */
#define FIXMAP_UART_VA 0xffffffff80200000ul
#define FIXMAP_FDT_VA 0xffffffffa0000000ul
#define FIXMAP_FDT_BYTES 0x400000ul

/* Where a PL011 is looked for until the device tree has named one: QEMU's virt machine (hw/arm/virt.c, VIRT_UART). */
#define UART_EARLY_PA 0x09000000ul

#endif
