// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/grant.h"

#include <stddef.h>

#include "kernel/core/spinlock.h"
#include "lib/string.h"

static struct spinlock lock; /* every set, and the tree through them */

/* Removes a capability; an object that has lost its last hold is put on `dead`, to be retired without the lock. */
static void slot_drop(struct capset_slot *slot, struct object **dead)
{
	struct object *object = capset_remove(slot);

	if (object_put_last(object)) {
		object->next_dead = *dead;
		*dead = object;
	}
}

static void dead_retire(struct object *dead)
{
	while (dead != NULL) {
		struct object *object = dead;

		dead = object->next_dead;
		object_retire(object);
	}
}

status_t grant_new(struct capset *set, struct object *object, uint32_t rights, const char *name, capos_cap_t *cap)
{
	spinlock_take(&lock);

	status_t status = capset_add(set, object, rights, name, NULL, cap);

	spinlock_give(&lock);
	if (status != STATUS_OK)
		object_put(object);
	return status;
}

/* `beside`: derived from what `cap` was derived from, and not from `cap`. */
static status_t copy_locked(const struct capset *from, capos_cap_t cap, bool beside, uint32_t rights, struct capset *to, const char *name,
			    capos_cap_t *copy)
{
	struct capset_slot *slot = capset_slot(from, cap);

	if (slot == NULL)
		return STATUS_EBADF;

	/* The slot holds it, so that this cannot fail. */
	(void)object_hold(slot->object);

	status_t status = capset_add(to, slot->object, slot->rights & rights, name != NULL ? name : slot->name, beside ? slot->parent : slot, copy);

	if (status != STATUS_OK)
		(void)object_put_last(slot->object); /* it is not the last */
	return status;
}

status_t grant_copy(const struct capset *from, capos_cap_t cap, uint32_t rights, struct capset *to, const char *name,
		    capos_cap_t *copy)
{
	spinlock_take(&lock);

	status_t status = copy_locked(from, cap, false, rights, to, name, copy);

	spinlock_give(&lock);
	return status;
}

status_t grant_duplicate(const struct capset *from, capos_cap_t cap, struct capset *to, capos_cap_t *copy)
{
	spinlock_take(&lock);

	status_t status = copy_locked(from, cap, true, UINT32_MAX, to, NULL, copy);

	spinlock_give(&lock);
	return status;
}

status_t grant_move_first(struct capset *from, struct capset *to, capos_cap_t *cap, char name[CAPOS_NAME_BYTES])
{
	status_t status = STATUS_EAGAIN;
	unsigned at = 0;

	spinlock_take(&lock);

	struct capset_slot *oldest = NULL;

	for (struct capset_slot *slot; (slot = capset_next(from, &at)) != NULL;)
		if (oldest == NULL || slot->order < oldest->order)
			oldest = slot;
	if (oldest != NULL) {
		(void)object_hold(oldest->object);
		status = capset_add(to, oldest->object, oldest->rights, oldest->name, oldest->parent, cap);
		memcpy(name, oldest->name, CAPOS_NAME_BYTES);
		if (status == STATUS_OK)
			(void)capset_remove(oldest);
		(void)object_put_last(oldest->object); /* one of the two holds it */
	}
	spinlock_give(&lock);
	return status;
}

status_t grant_drop(struct capset *set, capos_cap_t cap)
{
	struct object *dead = NULL;

	spinlock_take(&lock);

	struct capset_slot *slot = capset_slot(set, cap);

	if (slot != NULL)
		slot_drop(slot, &dead);
	spinlock_give(&lock);
	dead_retire(dead);
	return slot != NULL ? STATUS_OK : STATUS_EBADF;
}

status_t grant_revoke(struct capset *set, capos_cap_t cap, uint32_t *count)
{
	*count = 0;
	spinlock_take(&lock);

	struct capset_slot *slot = capset_slot(set, cap);
	struct capset_slot *leaf = slot != NULL ? capset_leaf(slot) : NULL;

	for (; leaf != slot; (*count)++) {
		struct capset_slot *parent = leaf->parent;

		(void)object_put_last(capset_remove(leaf)); /* it is the object of `slot`, which holds it */
		leaf = capset_leaf(parent);
	}
	spinlock_give(&lock);
	return slot != NULL ? STATUS_OK : STATUS_EBADF;
}

status_t grant_next(struct capset *set, unsigned *at, struct capos_capset_entry *entry)
{
	spinlock_take(&lock);

	const struct capset_slot *slot = capset_next(set, at);

	if (slot != NULL) {
		*entry = (struct capos_capset_entry){
			.cap = atomic_load_explicit(&slot->number, memory_order_relaxed),
			.interface = slot->object->interface->id,
			.rights = slot->rights,
		};
		memcpy(entry->name, slot->name, sizeof(entry->name));
	}
	spinlock_give(&lock);
	return slot != NULL ? STATUS_OK : STATUS_ENOENT;
}

void grant_close(struct capset *set)
{
	struct object *dead = NULL;
	unsigned at = 0;

	spinlock_take(&lock);
	for (struct capset_slot *slot; (slot = capset_next(set, &at)) != NULL;)
		slot_drop(slot, &dead);
	spinlock_give(&lock);
	dead_retire(dead);
	capset_free(set);
}
