// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The walk, and what can be asked of the node that is visited. libfdt finds and bounds each tag; offsets only grow, so it ends. */
#include "lib/fdt_walk.h"

#include <assert.h>
#include <libfdt.h>

#include "lib/bits.h"
#include "lib/string.h"

#define FDT_CELL_BYTES 4u
#define FDT_ADDRESS_CELLS_DEFAULT 2u /* Devicetree Specification v0.4 §2.3.5 */
#define FDT_SIZE_CELLS_DEFAULT 1u
#define FDT_HASH_BASIS 0xcbf29ce484222325u /* FNV-1a, 64 bit */
#define FDT_HASH_PRIME 0x100000001b3u

static const char *const fdt_walk_names[] = {
	"#address-cells",
	"#size-cells",
	"#interrupt-cells",
	"compatible",
	"device_type",
	"status",
	"reg",
	"ranges",
	"interrupts",
	"method",
	"#redistributor-regions",
	"redistributor-stride",
	"bootargs",
	"stdout-path",
	"linux,initrd-start",
	"linux,initrd-end",
	"rng-seed",
	"kaslr-seed",
};

static_assert(ARRAY_LEN(fdt_walk_names) == FDT_PROPERTY_COUNT, "a name for each property");

static status_t fdt_walk_fail(struct fdt_walk *walk, const char *why)
{
	walk->why = why;
	return STATUS_EINVAL;
}

static status_t fdt_walk_enter(struct fdt_walk *walk, int offset, int next, size_t *open)
{
	struct fdt_node *node;

	if (*open == FDT_WALK_DEPTH_MAX) {
		walk->why = "device tree is nested too deep";
		return STATUS_E2BIG;
	}
	if (*open > 0)
		walk->nodes[*open - 1].has_child = true;
	node = &walk->nodes[(*open)++];
	memset(node, 0, sizeof(*node));
	node->name.offset = (uint32_t)offset + FDT_CELL_BYTES;
	node->name.len = (uint32_t)strnlen((const char *)walk->structure + node->name.offset,
					   (size_t)(next - offset) - FDT_CELL_BYTES);
	return STATUS_OK;
}

/* Keeps the property at `offset`, which libfdt found to be whole, where its name is one of ours. */
static status_t fdt_walk_keep(struct fdt_walk *walk, const void *fdt, int offset, struct fdt_node *node)
{
	const uint8_t *header = walk->structure + offset; /* tag, len, nameoff */
	const char *name = fdt_get_string(fdt, (int)bits_be32(header + 8), NULL);

	if (name == NULL)
		return fdt_walk_fail(walk, "property name outside the strings of the device tree");
	if (node->has_child)
		return fdt_walk_fail(walk, "property after a child node in the device tree");
	for (size_t i = 0; i < FDT_PROPERTY_COUNT; i++) {
		if (name[0] != fdt_walk_names[i][0] || strcmp(name, fdt_walk_names[i]) != 0)
			continue;
		node->properties[i].offset = (uint32_t)offset + 3 * FDT_CELL_BYTES;
		node->properties[i].len = bits_be32(header + 4);
		break;
	}
	return STATUS_OK;
}

/* What ends a walk without an error of libfdt's. */
static status_t fdt_walk_leave(struct fdt_walk *walk, int next, size_t open, bool had_root)
{
	if (next < 0)
		return fdt_walk_fail(walk, "structure of the device tree is malformed or cut off");
	if (open > 0 || !had_root)
		return fdt_walk_fail(walk, "device tree ends inside a node");
	return STATUS_OK;
}

status_t fdt_walk_run(struct fdt_walk *walk, const void *fdt, status_t (*visit)(struct fdt_walk *walk, void *context),
		      void *context)
{
	bool had_root = false;
	size_t open = 0; /* nodes of the path */
	int next = 0;

	walk->structure = (const uint8_t *)fdt + fdt_off_dt_struct(fdt);
	for (;;) {
		int offset = next;
		uint32_t tag = fdt_next_tag(fdt, offset, &next);
		status_t status = STATUS_OK;

		if (tag == FDT_END)
			return fdt_walk_leave(walk, next, open, had_root);
		if (tag == FDT_BEGIN_NODE) {
			if (open == 0 && had_root)
				return fdt_walk_fail(walk, "device tree has two roots");
			had_root = true;
			status = fdt_walk_enter(walk, offset, next, &open);
		} else if (tag != FDT_NOP && open == 0) {
			return fdt_walk_fail(walk, "something outside the root of the device tree");
		} else if (tag == FDT_PROP) {
			status = fdt_walk_keep(walk, fdt, offset, &walk->nodes[open - 1]);
		} else if (tag == FDT_END_NODE) {
			walk->depth = --open;
			status = visit(walk, context);
		}
		if (status != STATUS_OK)
			return status;
	}
}

bool fdt_walk_has(const struct fdt_walk *walk, size_t depth, enum fdt_property_id id)
{
	return walk->nodes[depth].properties[id].offset != 0;
}

struct span fdt_walk_property(const struct fdt_walk *walk, size_t depth, enum fdt_property_id id)
{
	struct fdt_place place = walk->nodes[depth].properties[id];

	return span_of(walk->structure + place.offset, place.len);
}

uint32_t fdt_walk_cell(const struct fdt_walk *walk, size_t depth, enum fdt_property_id id, uint32_t absent)
{
	struct span property = fdt_walk_property(walk, depth, id);

	return property.len == FDT_CELL_BYTES ? bits_be32(property.data) : absent;
}

struct span fdt_first_string(struct span property)
{
	size_t len = 0;

	while (len < property.len && property.data[len] != '\0')
		len++;
	return span_of(property.data, len);
}

bool fdt_walk_has_string(const struct fdt_walk *walk, size_t depth, enum fdt_property_id id, const char *text)
{
	struct span rest = fdt_walk_property(walk, depth, id);
	size_t text_len = strlen(text);

	while (rest.len > 0) {
		struct span first = fdt_first_string(rest);

		if (first.len == rest.len)
			return false; /* not ended by a NUL */
		if (first.len == text_len && memcmp(first.data, text, text_len) == 0)
			return true;
		rest = span_of(first.data + first.len + 1, rest.len - first.len - 1);
	}
	return false;
}

bool fdt_walk_is_named(const struct fdt_walk *walk, size_t depth, const char *name)
{
	struct fdt_place place = walk->nodes[depth].name;

	return place.len == strlen(name) && memcmp(walk->structure + place.offset, name, place.len) == 0;
}

bool fdt_walk_is_enabled(const struct fdt_walk *walk)
{
	return !fdt_walk_has(walk, walk->depth, FDT_PROPERTY_STATUS) ||
	       fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_STATUS, "okay") ||
	       fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_STATUS, "ok");
}

static uint64_t fdt_hash(uint64_t hash, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ data[i]) * FDT_HASH_PRIME;
	return hash;
}

uint64_t fdt_walk_path_hash(const struct fdt_walk *walk)
{
	uint64_t hash = FDT_HASH_BASIS;

	for (size_t i = 1; i <= walk->depth; i++) {
		hash = fdt_hash(hash, (const uint8_t *)"/", 1);
		hash = fdt_hash(hash, walk->structure + walk->nodes[i].name.offset, walk->nodes[i].name.len);
	}
	return hash;
}

uint64_t fdt_path_hash(struct span path)
{
	return fdt_hash(FDT_HASH_BASIS, path.data, path.len);
}

uint64_t fdt_read_cells(const uint8_t *data, uint32_t cells)
{
	if (cells == 0)
		return 0;
	return cells == 1 ? bits_be32(data) : bits_be64(data);
}

static uint32_t fdt_walk_address_cells(const struct fdt_walk *walk, size_t depth)
{
	return fdt_walk_cell(walk, depth, FDT_PROPERTY_ADDRESS_CELLS, FDT_ADDRESS_CELLS_DEFAULT);
}

static uint32_t fdt_walk_size_cells(const struct fdt_walk *walk, size_t depth)
{
	return fdt_walk_cell(walk, depth, FDT_PROPERTY_SIZE_CELLS, FDT_SIZE_CELLS_DEFAULT);
}

/*
 * Moves a range from the bus of the node at `depth` to that of its parent. Spec: Devicetree Specification v0.4 §2.3.8 "ranges".
 */
static status_t fdt_walk_translate(const struct fdt_walk *walk, size_t depth, struct fdt_range *range)
{
	struct span ranges = fdt_walk_property(walk, depth, FDT_PROPERTY_RANGES);
	uint32_t child_cells = fdt_walk_address_cells(walk, depth);
	uint32_t parent_cells = fdt_walk_address_cells(walk, depth - 1);
	uint32_t size_cells = fdt_walk_size_cells(walk, depth);
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

status_t fdt_walk_reg(struct fdt_walk *walk, uint32_t index, struct fdt_range *range)
{
	struct span reg = fdt_walk_property(walk, walk->depth, FDT_PROPERTY_REG);
	struct span entry;
	uint32_t address_cells;
	uint32_t size_cells;
	status_t status = STATUS_OK;

	if (walk->depth == 0 || reg.len == 0)
		return STATUS_ENODATA;
	address_cells = fdt_walk_address_cells(walk, walk->depth - 1);
	size_cells = fdt_walk_size_cells(walk, walk->depth - 1);
	if (address_cells == 0 || address_cells > 2 || size_cells > 2)
		return fdt_walk_fail(walk, "reg has cells of an unknown number");
	if (reg.len % (FDT_CELL_BYTES * (address_cells + size_cells)) != 0)
		return fdt_walk_fail(walk, "reg is not a whole number of entries");
	if (!span_sub(reg, (uint64_t)index * FDT_CELL_BYTES * (address_cells + size_cells),
		      FDT_CELL_BYTES * (address_cells + size_cells), &entry))
		return STATUS_ENODATA;
	range->base_pa = fdt_read_cells(entry.data, address_cells);
	range->bytes = fdt_read_cells(entry.data + FDT_CELL_BYTES * address_cells, size_cells);
	if (range->bytes > UINT64_MAX - range->base_pa)
		return fdt_walk_fail(walk, "reg goes beyond the address space");
	for (size_t depth = walk->depth - 1; depth > 0 && status == STATUS_OK; depth--)
		status = fdt_walk_translate(walk, depth, range);
	return status == STATUS_EINVAL ? fdt_walk_fail(walk, "ranges of a bus are malformed") : status;
}
