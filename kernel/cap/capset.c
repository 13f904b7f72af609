// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/capset.h"

#include "lib/string.h"

void capset_init(struct capset *set, struct capset_source source)
{
	set->source = source;
	set->slots = CAPSET_SLOTS;
}

void capset_hide_numbers(struct capset *set)
{
	set->slots = CAPSET_SLOTS_UNSEEN;
}

/* Whether a slot has generations left. Where nobody keeps a number they go round: a number has room for the lowest bits of them. */
static bool has_generations(const struct capset *set, const struct capset_slot *slot)
{
	return set->slots == CAPSET_SLOTS_UNSEEN || slot->generation < UINT32_MAX / (set->slots + 1);
}

struct capset_slot *capset_slot(const struct capset *set, capos_cap_t cap)
{
	uint32_t index = (cap & set->slots) - 1;
	struct capset_slot *slot = index < set->slots ? capset_at(set, index) : NULL;

	return slot != NULL && atomic_load_explicit(&slot->number, memory_order_relaxed) == cap ? slot : NULL;
}

/* Where a slot's chunk stands, or is to; NULL: there is no page for that. */
static capset_chunk *chunk_place(struct capset *set, unsigned index)
{
	unsigned chunk_index = index / CAPSET_CHUNK_SLOTS;
	capset_chunk *more;

	if (chunk_index < CAPSET_CHUNKS)
		return &set->chunks[chunk_index];
	more = atomic_load_explicit(&set->more, memory_order_relaxed);
	if (more == NULL) {
		more = set->source.alloc(set->source.ctx);
		atomic_store_explicit(&set->more, more, memory_order_release);
	}
	return more != NULL ? &more[chunk_index - CAPSET_CHUNKS] : NULL;
}

/* A slot of the set, whose page comes if it is not there; NULL: there is none. */
static struct capset_slot *slot_make(struct capset *set, unsigned index)
{
	struct capset_slot *slot = capset_at(set, index);
	capset_chunk *place;

	if (slot != NULL)
		return slot;
	place = chunk_place(set, index);
	if (place != NULL)
		atomic_store_explicit(place, set->source.alloc(set->source.ctx), memory_order_release);
	return capset_at(set, index);
}

/* A slot that can be used: the lowest. One that has used up its generations is retired. */
static status_t slot_find_free(struct capset *set, struct capset_slot **out, unsigned *index)
{
	for (unsigned at = set->lowest_free; at < set->slots; at++) {
		struct capset_slot *slot = slot_make(set, at);

		if (slot == NULL)
			return STATUS_ENOMEM;
		if (atomic_load_explicit(&slot->number, memory_order_relaxed) == 0 && has_generations(set, slot)) {
			*out = slot;
			*index = set->lowest_free = at;
			return STATUS_OK;
		}
	}
	return STATUS_ENOSPC;
}

static void child_link(struct capset_slot *parent, struct capset_slot *slot)
{
	slot->parent = parent;
	slot->previous_sibling = NULL;
	slot->next_sibling = NULL;
	if (parent == NULL)
		return;
	slot->next_sibling = parent->first_child;
	if (parent->first_child != NULL)
		parent->first_child->previous_sibling = slot;
	parent->first_child = slot;
}

static void child_unlink(struct capset_slot *slot)
{
	if (slot->next_sibling != NULL)
		slot->next_sibling->previous_sibling = slot->previous_sibling;
	if (slot->previous_sibling != NULL)
		slot->previous_sibling->next_sibling = slot->next_sibling;
	else if (slot->parent != NULL)
		slot->parent->first_child = slot->next_sibling;
}

status_t capset_add(struct capset *set, struct object *object, uint32_t rights, const char *name, struct capset_slot *parent,
		    capos_cap_t *cap)
{
	struct capset_slot *slot;
	unsigned index;
	status_t status = slot_find_free(set, &slot, &index);

	if (status != STATUS_OK)
		return status;
	slot->object = object;
	slot->rights = rights;
	slot->set = set;
	slot->generation++;
	slot->order = set->added++;
	slot->first_child = NULL;
	memset(slot->name, 0, sizeof(slot->name));
	memcpy(slot->name, name, strnlen(name, sizeof(slot->name) - 1));
	child_link(parent, slot);
	set->count++;
	*cap = slot->generation * (set->slots + 1) | (index + 1);
	atomic_store_explicit(&slot->number, *cap, memory_order_release);
	return STATUS_OK;
}

struct object *capset_remove(struct capset_slot *slot)
{
	uint32_t index = (atomic_load_explicit(&slot->number, memory_order_relaxed) & slot->set->slots) - 1;
	struct capset_slot *child;

	if (index < slot->set->lowest_free)
		slot->set->lowest_free = index;
	atomic_store_explicit(&slot->number, 0, memory_order_relaxed);
	/* Who still finds the number finds object and rights as they were (capset_find). */
	atomic_thread_fence(memory_order_release);
	child_unlink(slot);
	while ((child = slot->first_child) != NULL) {
		slot->first_child = child->next_sibling;
		child_link(slot->parent, child);
	}
	slot->set->count--;
	return slot->object;
}

struct capset_slot *capset_leaf(struct capset_slot *slot)
{
	while (slot->first_child != NULL)
		slot = slot->first_child;
	return slot;
}

struct capset_slot *capset_next(const struct capset *set, unsigned *at)
{
	while (*at < set->slots) {
		struct capset_slot *slot = capset_at(set, *at);

		if (slot == NULL)
			break;
		++*at;
		if (atomic_load_explicit(&slot->number, memory_order_relaxed) != 0)
			return slot;
	}
	return NULL;
}

static void chunks_free(struct capset *set, capset_chunk *chunks, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct capset_slot *chunk = atomic_load_explicit(&chunks[i], memory_order_relaxed);

		if (chunk != NULL)
			set->source.free(set->source.ctx, chunk);
		atomic_store_explicit(&chunks[i], NULL, memory_order_relaxed);
	}
}

void capset_free(struct capset *set)
{
	capset_chunk *more = atomic_load_explicit(&set->more, memory_order_relaxed);

	chunks_free(set, set->chunks, CAPSET_CHUNKS);
	if (more != NULL) {
		chunks_free(set, more, CAPSET_CHUNKS_MORE);
		set->source.free(set->source.ctx, more);
		atomic_store_explicit(&set->more, NULL, memory_order_relaxed);
	}
	set->lowest_free = 0;
}
