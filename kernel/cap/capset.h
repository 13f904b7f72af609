// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The capabilities of one process: a table of {object, rights}. A capability's number names slot and generation, so that a
 * number whose capability was removed never means another one. Pure. Context: the process's fiber.
 */
#ifndef KERNEL_CAP_CAPSET_H
#define KERNEL_CAP_CAPSET_H

#include <stdint.h>

#include "kernel/cap/object.h"
#include "lib/status.h"

enum { CAPSET_SLOTS = 64 };

struct capset_slot {
	struct object *object; /* NULL: free */
	uint32_t rights;
	uint32_t generation; /* counts the capabilities this slot has had */
};

struct capset {
	struct capset_slot slots[CAPSET_SLOTS];
};

/* Empties a set; for a new one. */
void capset_init(struct capset *set);

/* Adds a capability. STATUS_ENOSPC where the set is full. */
MUST_CHECK status_t capset_add(struct capset *set, struct object *object, uint32_t rights, capos_cap_t *cap);

/* Takes a capability out. STATUS_EBADF where there is none of that number. */
MUST_CHECK status_t capset_remove(struct capset *set, capos_cap_t cap);

/* The object and rights of a capability. STATUS_EBADF where there is none of that number. */
MUST_CHECK status_t capset_find(const struct capset *set, capos_cap_t cap, struct object **object, uint32_t *rights);

#endif
