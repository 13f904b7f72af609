// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/capset.h"

#include "lib/string.h"

void capset_init(struct capset *set, struct capset_source source)
{
	set->source = source;
}

struct capset_slot *capset_slot(const struct capset *set, capos_cap_t cap)
{
	uint32_t index = (cap & ((1u << CAPSET_SLOT_BITS) - 1)) - 1;
	struct capset_slot *chunk;

	if (index >= CAPSET_SLOTS)
		return NULL;
	chunk = atomic_load_explicit(&set->chunks[index / CAPSET_CHUNK_SLOTS], memory_order_relaxed);
	if (chunk == NULL || atomic_load_explicit(&chunk[index % CAPSET_CHUNK_SLOTS].number, memory_order_relaxed) != cap)
		return NULL;
	return &chunk[index % CAPSET_CHUNK_SLOTS];
}

/* A slot that can be used: the lowest. One that has used up its generations is retired. */
static status_t slot_find_free(struct capset *set, struct capset_slot **out, unsigned *index)
{
	for (unsigned at = set->lowest_free; at < CAPSET_SLOTS; at++) {
		struct capset_slot *chunk = atomic_load_explicit(&set->chunks[at / CAPSET_CHUNK_SLOTS], memory_order_relaxed);

		if (chunk == NULL) {
			chunk = set->source.alloc(set->source.ctx);
			if (chunk == NULL)
				return STATUS_ENOMEM;
			atomic_store_explicit(&set->chunks[at / CAPSET_CHUNK_SLOTS], chunk, memory_order_release);
		}

		struct capset_slot *slot = &chunk[at % CAPSET_CHUNK_SLOTS];

		if (atomic_load_explicit(&slot->number, memory_order_relaxed) == 0 && slot->generation < CAPSET_GENERATION_MAX) {
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
	*cap = slot->generation << CAPSET_SLOT_BITS | (index + 1);
	atomic_store_explicit(&slot->number, *cap, memory_order_release);
	return STATUS_OK;
}

struct object *capset_remove(struct capset_slot *slot)
{
	uint32_t index = (atomic_load_explicit(&slot->number, memory_order_relaxed) & ((1u << CAPSET_SLOT_BITS) - 1)) - 1;
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

struct capset_slot *capset_next_derived(const struct capset_slot *slot)
{
	struct capset_slot *child = slot->first_child;

	while (child != NULL && child->first_child != NULL)
		child = child->first_child;
	return child;
}

struct capset_slot *capset_next(const struct capset *set, unsigned *at)
{
	while (*at < CAPSET_SLOTS) {
		struct capset_slot *chunk = atomic_load_explicit(&set->chunks[*at / CAPSET_CHUNK_SLOTS], memory_order_relaxed);

		if (chunk == NULL)
			break;

		struct capset_slot *slot = &chunk[(*at)++ % CAPSET_CHUNK_SLOTS];

		if (atomic_load_explicit(&slot->number, memory_order_relaxed) != 0)
			return slot;
	}
	return NULL;
}

void capset_free(struct capset *set)
{
	for (unsigned i = 0; i < CAPSET_CHUNKS; i++) {
		struct capset_slot *chunk = atomic_load_explicit(&set->chunks[i], memory_order_relaxed);

		if (chunk != NULL)
			set->source.free(set->source.ctx, chunk);
		atomic_store_explicit(&set->chunks[i], NULL, memory_order_relaxed);
	}
	set->lowest_free = 0;
}
