// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spec: Devicetree Specification v0.4 §2.3.5 "#address-cells and #size-cells", §2.3.6 "reg", §2.3.8 "ranges". */
#include "lib/fdt_bus.h"

#include "lib/bits.h"

#define FDT_CELL_BYTES 4u
#define FDT_ADDRESS_CELLS_DEFAULT 2u
#define FDT_SIZE_CELLS_DEFAULT 1u

static status_t fdt_bus_fail(struct fdt_walk *walk, const char *why)
{
	walk->why = why;
	return STATUS_EINVAL;
}

uint64_t fdt_read_cells(const uint8_t *data, uint32_t cells)
{
	if (cells == 0)
		return 0;
	return cells == 1 ? bits_be32(data) : bits_be64(data);
}

static uint32_t fdt_bus_address_cells(const struct fdt_walk *walk, size_t depth)
{
	return fdt_walk_cell(walk, depth, FDT_PROPERTY_ADDRESS_CELLS, FDT_ADDRESS_CELLS_DEFAULT);
}

static uint32_t fdt_bus_size_cells(const struct fdt_walk *walk, size_t depth)
{
	return fdt_walk_cell(walk, depth, FDT_PROPERTY_SIZE_CELLS, FDT_SIZE_CELLS_DEFAULT);
}

/*
 * Moves a range from the bus of the node at `depth` to that of its parent. Spec: Devicetree Specification v0.4 §2.3.8 "ranges".
 */
static status_t fdt_bus_translate(const struct fdt_walk *walk, size_t depth, struct fdt_range *range)
{
	struct span ranges = fdt_walk_property(walk, depth, FDT_PROPERTY_RANGES);
	uint32_t child_cells = fdt_bus_address_cells(walk, depth);
	uint32_t parent_cells = fdt_bus_address_cells(walk, depth - 1);
	uint32_t size_cells = fdt_bus_size_cells(walk, depth);
	size_t entry_bytes;

	if (!fdt_walk_has(walk, depth, FDT_PROPERTY_RANGES))
		return STATUS_ENODATA;
	if (ranges.len == 0)
		return STATUS_OK;
	if (child_cells > 2 || parent_cells > 2 || size_cells > 2 || child_cells == 0 || parent_cells == 0)
		return STATUS_ENODATA;
	entry_bytes = FDT_CELL_BYTES * (child_cells + parent_cells + size_cells);
	if (ranges.len % entry_bytes != 0)
		return STATUS_EINVAL;
	for (const uint8_t *at = ranges.data; at < ranges.data + ranges.len; at += entry_bytes) {
		uint64_t child = fdt_read_cells(at, child_cells);
		uint64_t parent = fdt_read_cells(at + FDT_CELL_BYTES * child_cells, parent_cells);
		uint64_t bytes = fdt_read_cells(at + FDT_CELL_BYTES * (child_cells + parent_cells), size_cells);

		if (range->base_pa < child || range->base_pa - child > bytes ||
		    range->bytes > bytes - (range->base_pa - child))
			continue;
		range->base_pa = parent + (range->base_pa - child);
		return range->base_pa < parent || range->bytes > UINT64_MAX - range->base_pa ? STATUS_EINVAL : STATUS_OK;
	}
	return STATUS_ENODATA;
}

status_t fdt_bus_reg(struct fdt_walk *walk, uint32_t index, struct fdt_range *range)
{
	struct span reg = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_REG);
	struct span entry;
	uint32_t address_cells;
	uint32_t size_cells;
	status_t status = STATUS_OK;

	if (walk->depth == 0 || reg.len == 0)
		return STATUS_ENODATA;
	address_cells = fdt_bus_address_cells(walk, walk->depth - 1);
	size_cells = fdt_bus_size_cells(walk, walk->depth - 1);
	if (address_cells == 0 || address_cells > 2 || size_cells > 2)
		return fdt_bus_fail(walk, "reg has cells of an unknown number");
	if (reg.len % (FDT_CELL_BYTES * (address_cells + size_cells)) != 0)
		return fdt_bus_fail(walk, "reg is not a whole number of entries");
	if (!span_sub(reg, (uint64_t)index * FDT_CELL_BYTES * (address_cells + size_cells),
		      FDT_CELL_BYTES * (address_cells + size_cells), &entry))
		return STATUS_ENODATA;
	range->base_pa = fdt_read_cells(entry.data, address_cells);
	range->bytes = fdt_read_cells(entry.data + FDT_CELL_BYTES * address_cells, size_cells);
	if (range->bytes > UINT64_MAX - range->base_pa)
		return fdt_bus_fail(walk, "reg goes beyond the address space");
	for (size_t depth = walk->depth - 1; depth > 0 && status == STATUS_OK; depth--)
		status = fdt_bus_translate(walk, depth, range);
	return status == STATUS_EINVAL ? fdt_bus_fail(walk, "ranges of a bus are malformed") : status;
}
