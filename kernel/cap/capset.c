// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/capset.h"

#include <stdbool.h>
#include <stddef.h>

#include "lib/string.h"

/* A number: generation above, slot + 1 below, so that 0 is none. A slot that has used up its generations is retired. */
#define SLOT_BITS 8
#define GENERATION_MAX ((1u << (32 - SLOT_BITS)) - 1)

static_assert(CAPSET_SLOTS < 1 << SLOT_BITS, "slot + 1 fits its bits");

void capset_init(struct capset *set)
{
	memset(set, 0, sizeof(*set));
}

static capos_cap_t cap_number(unsigned slot, uint32_t generation)
{
	return generation << SLOT_BITS | (slot + 1);
}

static bool slot_of(const struct capset *set, capos_cap_t cap, unsigned *slot)
{
	unsigned index = (cap & ((1u << SLOT_BITS) - 1)) - 1; /* 0 wraps, and is refused below */

	if (index >= CAPSET_SLOTS || set->slots[index].object == NULL ||
	    set->slots[index].generation != cap >> SLOT_BITS)
		return false;
	*slot = index;
	return true;
}

status_t capset_add(struct capset *set, struct object *object, uint32_t rights, capos_cap_t *cap)
{
	for (unsigned i = 0; i < CAPSET_SLOTS; i++) {
		struct capset_slot *slot = &set->slots[i];

		if (slot->object != NULL || slot->generation == GENERATION_MAX)
			continue;
		slot->object = object;
		slot->rights = rights;
		slot->generation++;
		*cap = cap_number(i, slot->generation);
		return STATUS_OK;
	}
	return STATUS_ENOSPC;
}

status_t capset_remove(struct capset *set, capos_cap_t cap)
{
	unsigned slot;

	if (!slot_of(set, cap, &slot))
		return STATUS_EBADF;
	set->slots[slot].object = NULL;
	return STATUS_OK;
}

status_t capset_find(const struct capset *set, capos_cap_t cap, struct object **object, uint32_t *rights)
{
	unsigned slot;

	if (!slot_of(set, cap, &slot))
		return STATUS_EBADF;
	*object = set->slots[slot].object;
	*rights = set->slots[slot].rights;
	return STATUS_OK;
}
