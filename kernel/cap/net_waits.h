// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Operations that wait for something of the network. The network's CPU finishes them when a look again may be worth it; what there is to
 * take is taken when the operation is settled, by the process's own side: what nobody settles, because its
 * thread ends, is the next one's. Where another was quicker, the operation waits once more, and the process learns nothing of it.
 */
#ifndef KERNEL_CAP_NET_WAITS_H
#define KERNEL_CAP_NET_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/cap/object.h"
#include "kernel/cap/operation.h"
#include "kernel/core/spinlock.h"
#include "lib/list.h"

struct net_waits {
	struct spinlock lock;
	struct list_node operations; /* W: under the lock */
};

void net_waits_init(struct net_waits *waits);

/*
 * Makes the call's submission wait in `waits`, unless `ready` says, on the network's CPU, that it need not. `data`, of at most
 * OPERATION_DATA_BYTES, is kept in the operation for `settle`, or NULL. Returns CAP_PENDING or STATUS_ENOMEM. Context: fiber.
 */
int64_t net_waits_begin(struct cap_call *call, struct net_waits *waits, bool (*ready)(const struct object *object),
			void (*settle)(struct operation *operation, capos_cap_t *new_cap), const void *data, size_t bytes);

/*
 * For `settle`: run(arg) on the network's CPU, which takes what there is, or calls net_waits_again() and sets `*again`. Where this
 * returns true the operation waits, and is not the caller's any more. Context: who owns the rings.
 */
bool net_waits_settle(struct operation *operation, void (*run)(void *arg), void *arg, const bool *again);

/* Puts the operation back, before all others. It is for something that comes yet: what is there is not looked at. Context: as above. */
void net_waits_again(struct operation *operation);

/* Finishes the one that waits longest; all. Context: fiber. */
void net_waits_finish_first(struct net_waits *waits, int64_t result);
void net_waits_finish_all(struct net_waits *waits, int64_t result);

#endif
