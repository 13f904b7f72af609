// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A pair of rings as the kernel sees it: the shared memory, the operations that wait, and who looks at it. It belongs to the thread that it
 * was made for, and to that thread's CPU: only fibers of that CPU (that thread's, and those of threads that share the rings) touch
 * it; or, in War, the poller, alone.
 *
 * An operation that waits is finished by whoever makes it happen, on any CPU, which puts it on `done` and kicks the CPU; the owner
 * of the rings completes it to the process. Each submission taken reserves the room for its completion: `inflight` and completions
 * not yet taken are at most CAPOS_COMPLETIONS together, so that no completion is ever lost or waits for room.
 */
#ifndef KERNEL_CAP_RING_SET_H
#define KERNEL_CAP_RING_SET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/cap/chain.h"
#include "kernel/cap/rings.h"
#include "kernel/core/wait.h"
#include "kernel/io/ring_war.h"
#include "lib/list.h"

struct operation;
struct process;
struct thread;

struct ring_set {
	struct ring_war war; /* W: who owns the rings */
	struct cap_rings rings;
	struct process *process;
	struct thread *thread; /* whose it is; W: ring_set_init */
	unsigned cpu;          /* that thread's */
	_Atomic uint32_t users; /* W: any CPU. Threads that submit here */

	/* W: any CPU: operations that finished, newest first. Release; pairs with the acquire in ring_set_drain(). */
	struct operation *_Atomic done;
	_Atomic uint32_t kicked; /* W: any CPU (set), its CPU (clear): a message is under way to it */

	/* W: who owns the rings, all that follows but `waiters`. */
	uint32_t inflight;           /* submissions taken whose completions are still to come */
	struct list_node operations; /* that wait */
	struct chain *chain;         /* linked submissions that are being read in, or NULL */
	enum link_state link;
	bool closing;                /* nothing completes any more */
	struct wait_queue waiters;   /* W: its CPU. Threads in cap_enter */
};

/* Rings without anything in them, for a thread of CPU `cpu`; struct cap_rings is the caller's to fill. Context: fiber. */
void ring_set_init(struct ring_set *set, struct process *process, struct thread *thread, unsigned cpu);

/* Whether operations have finished that wait for ring_set_drain(). Context: any. */
static inline bool ring_set_has_done(const struct ring_set *set)
{
	return atomic_load_explicit(&set->done, memory_order_relaxed) != NULL;
}

/* Completes what has finished, and carries out what was linked to it. Context: the fiber that owns the rings. */
void ring_set_drain(struct ring_set *set);

/* After completions: other threads that share the rings, and wait for them, look. Context: the set's CPU, in Peace. */
void ring_set_wake_others(struct ring_set *set);

/* Has the set's CPU look at what has finished. Context: fiber or scheduler, any CPU; the set must have operations in flight, or be the caller's. */
void ring_set_kick(struct ring_set *set);

/*
 * Ends all that waits, as cancelled, and comes back when nothing is in flight. The process sees none of it. Context: the fiber that
 * owns the rings, as the last user.
 */
void ring_set_close(struct ring_set *set);

#endif
