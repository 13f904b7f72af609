// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The walk, and what can be asked of the node that is visited. Each tag is bounded before it is used, and offsets only grow, so
 * the walk ends. Spec: Devicetree Specification v0.4 §5.4 "Structure Block".
 */
#include "lib/fdt_walk.h"

#include <assert.h>
#include <libfdt.h>

#include "lib/bits.h"
#include "lib/string.h"

#define FDT_CELL_BYTES 4u

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

static_assert(ARRAY_LEN(fdt_walk_names) == FDT_PROPERTY_OTHER, "a name for each property");

static status_t fdt_walk_fail(struct fdt_walk *walk, const char *why)
{
	walk->why = why;
	return STATUS_EINVAL;
}

static status_t fdt_walk_malformed(struct fdt_walk *walk)
{
	return fdt_walk_fail(walk, "structure of the device tree is malformed or cut off");
}

/* Enters the node whose name is at `*at`, and moves behind the name. */
static status_t fdt_walk_enter(struct fdt_walk *walk, uint32_t *at, size_t *open)
{
	const char *name = (const char *)walk->structure + *at;
	size_t left = walk->structure_bytes - *at;
	size_t len = strnlen(name, left);
	struct fdt_node *node;

	if (len == left)
		return fdt_walk_malformed(walk);
	if (*open == FDT_WALK_DEPTH_MAX) {
		walk->why = "device tree is nested too deep";
		return STATUS_E2BIG;
	}
	node = &walk->nodes[(*open)++];
	memset(node, 0, sizeof(*node));
	node->name_offset = *at;
	*at += (uint32_t)bits_align_up(len + 1, FDT_CELL_BYTES);
	return STATUS_OK;
}

/* Which of our properties has the name at `offset` of the strings; FDT_PROPERTY_OTHER where none. */
static size_t fdt_walk_identify(const struct fdt_walk *walk, uint32_t offset)
{
	const char *name = walk->strings + offset;
	size_t id = 0;

	while (id < FDT_PROPERTY_OTHER && (name[0] != fdt_walk_names[id][0] || strcmp(name, fdt_walk_names[id]) != 0))
		id++;
	return id;
}

/* Takes the property whose length is at `*at`, keeps it by its name, and moves behind it. */
static status_t fdt_walk_keep(struct fdt_walk *walk, uint32_t *at, struct fdt_node *node)
{
	const uint8_t *header = walk->structure + *at; /* len, nameoff */
	uint32_t left = walk->structure_bytes - *at;
	uint32_t name_offset;
	uint32_t len;

	if (left < 2 * FDT_CELL_BYTES || bits_be32(header) > left - 2 * FDT_CELL_BYTES)
		return fdt_walk_malformed(walk);
	len = bits_be32(header);
	name_offset = bits_be32(header + FDT_CELL_BYTES);
	if (name_offset >= walk->strings_bytes)
		return fdt_walk_fail(walk, "property name outside the strings of the device tree");
	node->properties[fdt_walk_identify(walk, name_offset)] = (struct fdt_place){ .offset = *at + 2 * FDT_CELL_BYTES, .len = len };
	*at += 2 * FDT_CELL_BYTES + (uint32_t)bits_align_up(len, FDT_CELL_BYTES);
	return STATUS_OK;
}

/* Finds the blocks of a tree whose header is good. */
static status_t fdt_walk_begin(struct fdt_walk *walk, const void *fdt)
{
	const uint8_t *header = fdt;

	walk->structure = header + bits_be32(header + offsetof(struct fdt_header, off_dt_struct));
	walk->structure_bytes = bits_be32(header + offsetof(struct fdt_header, size_dt_struct));
	walk->strings = (const char *)header + bits_be32(header + offsetof(struct fdt_header, off_dt_strings));
	walk->strings_bytes = bits_be32(header + offsetof(struct fdt_header, size_dt_strings));
	if (walk->strings_bytes > 0 && walk->strings[walk->strings_bytes - 1] != '\0')
		return fdt_walk_fail(walk, "strings of the device tree are cut off");
	return STATUS_OK;
}

status_t fdt_walk_run(struct fdt_walk *walk, const void *fdt, status_t (*visit)(struct fdt_walk *walk, void *context),
		      void *context)
{
	status_t status = fdt_walk_begin(walk, fdt);
	bool had_root = false;
	bool had_child = false;  /* the last node of the path */
	size_t open = 0; /* nodes of the path */
	uint32_t at = 0; /* may pass the end by the padding of the last tag */

	while (status == STATUS_OK) {
		uint32_t tag;

		if ((uint64_t)at + FDT_CELL_BYTES > walk->structure_bytes)
			return fdt_walk_malformed(walk);
		tag = bits_be32(walk->structure + at);
		at += FDT_CELL_BYTES;
		if (tag == FDT_NOP)
			continue;
		if (tag == FDT_END)
			return open == 0 && had_root ? STATUS_OK : fdt_walk_fail(walk, "device tree ends inside a node");
		if (open == 0 && (tag != FDT_BEGIN_NODE || had_root))
			return fdt_walk_fail(walk, "something outside the root of the device tree");
		if (tag == FDT_BEGIN_NODE) {
			had_root = true;
			had_child = false;
			status = fdt_walk_enter(walk, &at, &open);
		} else if (tag == FDT_PROP && had_child) {
			return fdt_walk_fail(walk, "property after a child node in the device tree");
		} else if (tag == FDT_PROP) {
			status = fdt_walk_keep(walk, &at, &walk->nodes[open - 1]);
		} else if (tag == FDT_END_NODE) {
			had_child = true; /* of its parent */
			walk->depth = --open;
			status = visit(walk, context);
		} else {
			return fdt_walk_malformed(walk);
		}
	}
	return status;
}

uint32_t fdt_walk_cell(const struct fdt_walk *walk, size_t depth, enum fdt_property_id id, uint32_t absent)
{
	struct span property = fdt_walk_property(walk, depth, id);

	return property.len == FDT_CELL_BYTES ? bits_be32(property.data) : absent;
}

struct span fdt_first_string(struct span property)
{
	return span_of(property.data, strnlen((const char *)property.data, property.len));
}

bool fdt_next_string(struct span *rest, struct span *string)
{
	*string = fdt_first_string(*rest);
	if (string->len == rest->len)
		return false;
	*rest = span_of(rest->data + string->len + 1, rest->len - string->len - 1);
	return true;
}

bool fdt_walk_has_string(const struct fdt_walk *walk, size_t depth, enum fdt_property_id id, const char *text)
{
	struct span rest = fdt_walk_property(walk, depth, id);
	struct span string;

	while (fdt_next_string(&rest, &string)) {
		if (strcmp((const char *)string.data, text) == 0)
			return true;
	}
	return false;
}

bool fdt_walk_is_named(const struct fdt_walk *walk, size_t depth, const char *name)
{
	return strcmp((const char *)walk->structure + walk->nodes[depth].name_offset, name) == 0;
}

bool fdt_walk_is_enabled(const struct fdt_walk *walk)
{
	return !fdt_walk_has(walk, walk->depth, FDT_PROPERTY_STATUS) ||
	       fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_STATUS, "okay") ||
	       fdt_walk_has_string(walk, walk->depth, FDT_PROPERTY_STATUS, "ok");
}

int fdt_walk_node(const struct fdt_walk *walk)
{
	return (int)(walk->nodes[walk->depth].name_offset - FDT_CELL_BYTES);
}
