// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * One walk over a device tree: each node is visited once, at its end, when its own properties and those of all its parents are at
 * hand. Only the properties named here are kept, as offsets, so that a whole path of nodes fits on a small stack.
 * Rejected: libfdt's lookups by path and by compatible, each of which is a walk of its own; and its fdt_next_tag, which
 * checks every byte of every name by itself and alone took half of the time of a walk.
 */
#ifndef LIB_FDT_WALK_H
#define LIB_FDT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

#define FDT_WALK_DEPTH_MAX 16 /* nodes in a path, the root included */

/* Order: fdt_walk_names in fdt_walk.c. */
enum fdt_property_id {
	FDT_PROPERTY_ADDRESS_CELLS,
	FDT_PROPERTY_SIZE_CELLS,
	FDT_PROPERTY_INTERRUPT_CELLS,
	FDT_PROPERTY_COMPATIBLE,
	FDT_PROPERTY_DEVICE_TYPE,
	FDT_PROPERTY_STATUS,
	FDT_PROPERTY_REG,
	FDT_PROPERTY_RANGES,
	FDT_PROPERTY_INTERRUPTS,
	FDT_PROPERTY_METHOD,
	FDT_PROPERTY_REDISTRIBUTOR_REGIONS,
	FDT_PROPERTY_REDISTRIBUTOR_STRIDE,
	FDT_PROPERTY_BOOTARGS,
	FDT_PROPERTY_STDOUT_PATH,
	FDT_PROPERTY_INITRD_START,
	FDT_PROPERTY_INITRD_END,
	FDT_PROPERTY_RNG_SEED,
	FDT_PROPERTY_KASLR_SEED,
	FDT_PROPERTY_OTHER, /* of the properties that nobody asks for the last */
	FDT_PROPERTY_COUNT,
};

/* A place in the structure block. offset == 0: there is none. */
struct fdt_place {
	uint32_t offset;
	uint32_t len; /* bytes */
};

struct fdt_node {
	struct fdt_place properties[FDT_PROPERTY_COUNT];
	uint32_t name_offset; /* in the structure block, where it ends with NUL */
};

struct fdt_walk {
	const uint8_t *structure; /* the structure block */
	uint32_t structure_bytes;
	const char *strings;      /* the strings block; its last byte is NUL */
	uint32_t strings_bytes;
	const char *why;          /* after an error: a static string */
	size_t depth;             /* of the node that is visited; the root's is 0 */
	struct fdt_node nodes[FDT_WALK_DEPTH_MAX]; /* the path to it, itself at `depth` */
};

/*
 * Walks the tree at `fdt`, whose header fdt_check_header has found good, and calls `visit` at the end of each node. An error
 * of `visit` ends the walk.
 *
 * Returns STATUS_OK; STATUS_EINVAL where the structure is malformed; STATUS_E2BIG where it is nested too deep; or what `visit` returned.
 * On error walk->why is set, by the walk or by `visit`.
 */
MUST_CHECK status_t fdt_walk_run(struct fdt_walk *walk, const void *fdt,
				 status_t (*visit)(struct fdt_walk *walk, void *context), void *context);

/* Whether the node at `depth` of the path has a property. */
static inline bool fdt_walk_has(const struct fdt_walk *walk, size_t depth, enum fdt_property_id id)
{
	return walk->nodes[depth].properties[id].offset != 0;
}

/* A property of the node at `depth`; an empty span where there is none. */
static inline struct span fdt_walk_property(const struct fdt_walk *walk, size_t depth, enum fdt_property_id id)
{
	struct fdt_place place = walk->nodes[depth].properties[id];

	return span_of(walk->structure + place.offset, place.len);
}

/* A property of one cell, or `absent` where there is none or it is no cell. */
uint32_t fdt_walk_cell(const struct fdt_walk *walk, size_t depth, enum fdt_property_id id, uint32_t absent);

/* Whether one of a property's strings is `text`. */
bool fdt_walk_has_string(const struct fdt_walk *walk, size_t depth, enum fdt_property_id id, const char *text);

/* Takes a string and its NUL off the front of a list of them; false where there is none, or no NUL. */
bool fdt_next_string(struct span *rest, struct span *string);

/* Whether the node at `depth` is called `name`, its unit address included. */
bool fdt_walk_is_named(const struct fdt_walk *walk, size_t depth, const char *name);

/* Whether the node that is visited may be used: no status, or okay. */
bool fdt_walk_is_enabled(const struct fdt_walk *walk);

/* Where the node that is visited begins, as libfdt counts: bytes from the begin of the structure block. */
int fdt_walk_node(const struct fdt_walk *walk);

/* The bytes of a property before its first NUL; all of them where there is none. */
struct span fdt_first_string(struct span property);

#endif
