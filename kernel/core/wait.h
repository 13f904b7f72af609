// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Waiting for something to happen: fibers sleep in a queue until woken, cancelled or out of time. A queue is its CPU's: other CPUs
 * wake it by a message.
 */
#ifndef KERNEL_CORE_WAIT_H
#define KERNEL_CORE_WAIT_H

#include <stdint.h>

#include "lib/list.h"
#include "lib/status.h"

#define WAIT_FOREVER UINT64_MAX

struct wait_queue {
	struct list_node waiters; /* W: its CPU */
	unsigned cpu;             /* W: wait_queue_init; a static queue is CPU 0's */
};

#define WAIT_QUEUE_INIT(name) { .waiters = LIST_INIT((name).waiters) }

/* An empty queue of a CPU, _init of this one. */
static inline void wait_queue_init_on(struct wait_queue *queue, unsigned cpu)
{
	list_init(&queue->waiters);
	queue->cpu = cpu;
}

void wait_queue_init(struct wait_queue *queue);

/*
 * Sleeps until woken, or until `deadline_ns` (WAIT_FOREVER: no limit). STATUS_OK, STATUS_ETIMEDOUT, or STATUS_ECANCELED where
 * the fiber was cancelled, before or meanwhile. The caller looks again at what it waits for: being woken is a hint. Context: fiber.
 */
status_t wait_queue_sleep(struct wait_queue *queue, uint64_t deadline_ns);

/* Wakes every fiber in the queue, in the order they came. Context: fiber or scheduler, same CPU. */
void wait_queue_wake(struct wait_queue *queue);

#endif
