// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * War or Peace for a device that answers what it is asked: a disk's queue of requests, a 9p server's. It is looked at only while somebody waits for
 * an answer, so the governor's clock goes only then: what it calls the gap between arrivals is how long an answer took. In War who waits
 * looks again and again, as long as no other fiber of its CPU wants to run; in Peace it sleeps until the device interrupts.
 *
 * Any device's governor, the network's too, can be in the list from which /sys/rumpk/governor is written.
 */
#ifndef KERNEL_IO_DEVICE_GOVERNOR_H
#define KERNEL_IO_DEVICE_GOVERNOR_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/governor.h"
#include "lib/list.h"

enum { DEVICE_GOVERNOR_NAME_BYTES = 40 };

/* W: the device's CPU, but for `node`. */
struct device_governor {
	struct governor governor;
	char name[DEVICE_GOVERNOR_NAME_BYTES];
	struct list_node node;
	unsigned waiting;      /* fibers that wait for an answer */
	uint64_t waited_ns;    /* the governor's clock, up to when waiting last began */
	uint64_t waiting_ns;   /* when it did */
};

/* `now_ns`: where its clock begins. `name`: "disk 0". Context: fiber. */
void device_governor_init(struct device_governor *device, enum governor_rule rule, uint64_t wake_ns, uint64_t now_ns, const char *name);

/* A fiber begins, or ends, to wait for an answer. */
void device_governor_begin(struct device_governor *device, uint64_t now_ns);
void device_governor_end(struct device_governor *device, uint64_t now_ns);

/* Between begin and end, after each look at the device, which found `events` answers; `woken`: by an interrupt of it. */
void device_governor_step(struct device_governor *device, unsigned events, bool woken, uint64_t now_ns);

/* Whether who waits is to look again at once: in War, and as long as nobody else wants to run. Rests a moment then. Context: fiber. */
bool device_governor_polls(const struct device_governor *device);

/* Into the list, and out of it. Context: fiber, any CPU. */
void device_governor_add(struct device_governor *device);
void device_governor_remove(struct device_governor *device);

/* `each` for all in the list, none of which goes meanwhile; it must not sleep. Context: fiber, any CPU. */
void device_governor_each(void (*each)(void *ctx, const struct device_governor *device), void *ctx);

#endif
