// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The capabilities of one process: a table of {object, rights}, in pages that come as they are needed. A capability's number names
 * slot and generation, so that a number whose capability was removed never means another one.
 *
 * Slots are nodes of a tree besides: what was copied from a capability, within a process or into another one's table, is its child, so
 * that revoking finds all that was derived. When a capability goes, its children become its parent's.
 *
 * Pure. Finding takes no lock and may run beside every change; changes are one at a time for all tables (kernel/cap/grant.h).
 */
#ifndef KERNEL_CAP_CAPSET_H
#define KERNEL_CAP_CAPSET_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/cap/object.h"
#include "lib/status.h"

#define CAPSET_SLOT_BITS 12 /* of a number: slot + 1, so that 0 is none; the generation above */
#define CAPSET_CHUNKS 128
#define CAPSET_CHUNK_SLOTS 32u
#define CAPSET_SLOTS (CAPSET_CHUNKS * CAPSET_CHUNK_SLOTS - 1) /* the most capabilities of a process */
#define CAPSET_GENERATION_MAX ((1u << (32 - CAPSET_SLOT_BITS)) - 1)

static_assert(CAPSET_SLOTS < 1 << CAPSET_SLOT_BITS, "slot + 1 fits its bits");

struct capset_slot {
	_Atomic uint32_t number; /* the capability's; 0: free. Release; pairs with the acquire in capset_find() */
	uint32_t rights;
	struct object *object;
	uint32_t generation; /* counts the capabilities this slot has had */
	uint32_t order;      /* counts the capabilities that were added to the set before */
	struct capset *set;
	struct capset_slot *parent;      /* what it was derived from; NULL: nothing that is still there */
	struct capset_slot *first_child; /* by next_sibling */
	struct capset_slot *next_sibling;
	struct capset_slot *previous_sibling; /* NULL: the parent's first */
	char name[CAPOS_NAME_BYTES];
} __attribute__((aligned(128)));

static_assert(sizeof(struct capset_slot) * CAPSET_CHUNK_SLOTS == 4096, "a page of slots");

/* Pages for the table: zeroed, CAPSET_CHUNK_SLOTS slots; NULL where there is none. */
struct capset_source {
	void *ctx;
	void *(*alloc)(void *ctx);
	void (*free)(void *ctx, void *page);
};

struct capset {
	struct capset_slot *_Atomic chunks[CAPSET_CHUNKS]; /* filled from 0 on, and stay. Release; pairs with capset_find()'s acquire */
	struct capset_source source;
	uint32_t count; /* capabilities in it */
	uint32_t added; /* ever */
	uint32_t lowest_free; /* no slot below can be used */
};

/* An empty set of zeroed memory. */
void capset_init(struct capset *set, struct capset_source source);

/*
 * The object and rights of a capability. STATUS_EBADF where there is none of that number. The object lives until this CPU's fiber
 * yields; who keeps it longer holds it (object_hold). Context: any CPU.
 */
MUST_CHECK static inline status_t capset_find(const struct capset *set, capos_cap_t cap, struct object **object, uint32_t *rights)
{
	uint32_t index = (cap & ((1u << CAPSET_SLOT_BITS) - 1)) - 1; /* 0 wraps, and is refused here: */
	const struct capset_slot *chunk;

	if (index >= CAPSET_SLOTS)
		return STATUS_EBADF;
	chunk = atomic_load_explicit(&set->chunks[index / CAPSET_CHUNK_SLOTS], memory_order_acquire);
	if (chunk == NULL)
		return STATUS_EBADF;

	const struct capset_slot *slot = &chunk[index % CAPSET_CHUNK_SLOTS];

	if (atomic_load_explicit(&slot->number, memory_order_acquire) != cap)
		return STATUS_EBADF;

	struct object *found = slot->object;
	uint32_t found_rights = slot->rights;

	/* Both belong to this number only if it still stands: who changes them takes it away first. */
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&slot->number, memory_order_relaxed) != cap)
		return STATUS_EBADF;
	*object = found;
	*rights = found_rights;
	return STATUS_OK;
}

/* The slot of a capability; NULL where there is none of that number. */
struct capset_slot *capset_slot(const struct capset *set, capos_cap_t cap);

/*
 * Adds a capability, derived from `parent` where that is not NULL; the set takes over one hold of the object. STATUS_ENOSPC where the set is
 * full, STATUS_ENOMEM where there is no page for it.
 */
MUST_CHECK status_t capset_add(struct capset *set, struct object *object, uint32_t rights, const char *name,
			       struct capset_slot *parent, capos_cap_t *cap);

/* Takes a capability out and returns its object, whose hold is the caller's now. */
struct object *capset_remove(struct capset_slot *slot);

/* The next capability to go when all that was derived from `slot` goes: one without children. NULL: nothing is left. */
struct capset_slot *capset_next_derived(const struct capset_slot *slot);

/* The first capability in slot `*at` or behind, which moves past it; NULL: no more. */
struct capset_slot *capset_next(const struct capset *set, unsigned *at);

/* Gives the pages back; the set is empty. */
void capset_free(struct capset *set);

#endif
