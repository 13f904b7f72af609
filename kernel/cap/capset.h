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

/* The most capabilities of a set, and the bits of a number that are its slot + 1, so that 0 is none; the generation is above. */
#define CAPSET_SLOTS 4095u
#define CAPSET_SLOTS_UNSEEN 16383u /* capset_hide_numbers() */

#define CAPSET_CHUNK_SLOTS 32u
#define CAPSET_CHUNKS 64       /* in the set itself */
#define CAPSET_CHUNKS_MORE 512 /* in a page of its own, which who has few capabilities has not */

static_assert(CAPSET_SLOTS_UNSEEN < (CAPSET_CHUNKS + CAPSET_CHUNKS_MORE) * CAPSET_CHUNK_SLOTS, "each slot has its place");

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

/* CAPSET_CHUNK_SLOTS slots; NULL: none yet. Release; pairs with the acquire in capset_at() */
typedef struct capset_slot *_Atomic capset_chunk;

static_assert(sizeof(struct capset_slot) * CAPSET_CHUNK_SLOTS == 4096, "a page of slots");
static_assert(sizeof(capset_chunk) * CAPSET_CHUNKS_MORE == 4096, "a page of chunks");

/* Pages for the table, zeroed; NULL where there is none. */
struct capset_source {
	void *ctx;
	void *(*alloc)(void *ctx);
	void (*free)(void *ctx, void *page);
};

struct capset {
	capset_chunk chunks[CAPSET_CHUNKS]; /* filled from 0 on, and stay, as those behind: */
	capset_chunk *_Atomic more;         /* as a chunk itself */
	struct capset_source source;
	uint32_t slots; /* CAPSET_SLOTS or CAPSET_SLOTS_UNSEEN: with the latter generations go round, otherwise a slot that used up its own is not used again */
	uint32_t count; /* capabilities in it */
	uint32_t added; /* ever */
	uint32_t lowest_free; /* no slot below can be used */
};

/* An empty set of zeroed memory. */
void capset_init(struct capset *set, struct capset_source source);

/* Of an empty set: the numbers of its capabilities are told to nobody, so that none can be kept for longer than the capability. There may be more. */
void capset_hide_numbers(struct capset *set);

/* A slot of the set; NULL where it has no page yet. */
static inline struct capset_slot *capset_at(const struct capset *set, unsigned index)
{
	const capset_chunk *chunks = set->chunks;
	unsigned chunk_index = index / CAPSET_CHUNK_SLOTS;
	struct capset_slot *chunk;

	if (chunk_index >= CAPSET_CHUNKS) {
		chunks = atomic_load_explicit(&set->more, memory_order_acquire);
		chunk_index -= CAPSET_CHUNKS;
		if (chunks == NULL)
			return NULL;
	}
	chunk = atomic_load_explicit(&chunks[chunk_index], memory_order_acquire);
	return chunk != NULL ? &chunk[index % CAPSET_CHUNK_SLOTS] : NULL;
}

/*
 * The object and rights of a capability. STATUS_EBADF where there is none of that number. The object lives until this CPU's fiber
 * yields; who keeps it longer holds it (object_hold). Context: any CPU.
 */
MUST_CHECK static inline status_t capset_find(const struct capset *set, capos_cap_t cap, struct object **object, uint32_t *rights)
{
	uint32_t index = (cap & set->slots) - 1; /* 0 wraps, and is refused here: */
	const struct capset_slot *slot;

	if (index >= set->slots)
		return STATUS_EBADF;
	slot = capset_at(set, index);
	if (slot == NULL || atomic_load_explicit(&slot->number, memory_order_acquire) != cap)
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

/* One without children that descends from `slot`; itself where it has none. When it goes, the next to go is its parent's. */
struct capset_slot *capset_leaf(struct capset_slot *slot);

/* The first capability in slot `*at` or behind, which moves past it; NULL: no more. */
struct capset_slot *capset_next(const struct capset *set, unsigned *at);

/* Gives the pages back; the set is empty. */
void capset_free(struct capset *set);

#endif
