// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Giving and taking capabilities away, in the sets of processes and in what carries capabilities between them. One change at a time in
 * the whole machine, under one lock: capabilities are handed around rarely, and used often (capset_find takes none).
 * Context of all: fiber, any CPU.
 */
#ifndef KERNEL_CAP_GRANT_H
#define KERNEL_CAP_GRANT_H

#include <stdint.h>

#include "kernel/cap/capset.h"
#include "lib/status.h"

/* Adds a capability that is derived from none. Takes over one hold of `object`, on errors too. As capset_add(). */
MUST_CHECK status_t grant_new(struct capset *set, struct object *object, uint32_t rights, const char *name, capos_cap_t *cap);

/*
 * Derives a capability in `to` with those rights of `cap` that are in `rights` too. `name` NULL: the same name. STATUS_EBADF, STATUS_ENOSPC,
 * STATUS_ENOMEM.
 */
MUST_CHECK status_t grant_copy(const struct capset *from, capos_cap_t cap, uint32_t rights, struct capset *to, const char *name,
			       capos_cap_t *copy);

/* The same as `cap` beside it: derived from what that was derived from, so that one stays when the other goes. As grant_copy(). */
MUST_CHECK status_t grant_duplicate(const struct capset *from, capos_cap_t cap, struct capset *to, capos_cap_t *copy);

/* Moves the oldest capability of `from` to `to`: derived from what it was derived from. STATUS_EAGAIN where `from` is empty. */
MUST_CHECK status_t grant_move_first(struct capset *from, struct capset *to, capos_cap_t *cap, char name[CAPOS_NAME_BYTES]);

/* Takes one away. STATUS_EBADF, which need not matter: another thread may have done it. */
status_t grant_drop(struct capset *set, capos_cap_t cap);

/* Takes away all that was derived from it, wherever it is, and tells how many. STATUS_EBADF. */
MUST_CHECK status_t grant_revoke(struct capset *set, capos_cap_t cap, uint32_t *count);

/* The capability in slot `*at` or behind, which moves past it. STATUS_ENOENT: no more. */
MUST_CHECK status_t grant_next(struct capset *set, unsigned *at, struct capos_capset_entry *entry);

/* Takes all away, and gives the set's pages back. */
void grant_close(struct capset *set);

#endif
