// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Hierarchical time wheel: any number of deadlines, of which the earliest is known exactly, so that a one-shot timer can be
 * armed for it and no tick is needed. For one caller at a time (a CPU's own); it allocates nothing and owns no node.
 *
 * Time is filed in ticks of 2^WHEEL_TICK_SHIFT ns; six bits of a tick make a level, and a deadline lies at the level of the
 * highest bits in which it differs from the wheel's base, the last tick that was looked at:
 *
 *	level 8 ... 2        1             0
 *	[  64 slots  ] [ 64 of 65 us ] [ 64 of 1 us ]      base 0x....41: 0x....7f is at level 0, 0x....80 at level 1
 *
 * So there is no wrap, every level's deadlines are before those of the level above it, and the first occupied slot of the first
 * occupied level, found by two bitmaps, holds the earliest. Ticks only file: deadlines are compared in full, and none is early.
 *
 * Cost. Add and cancel: no loop. Take: when the base enters a slot, its nodes are filed anew below; that happens to a node at most
 * WHEEL_LEVELS - 1 times. Next: no loop, but for slots that cancelling has emptied, each once, where the nodes of the first slot
 * were added in order of deadline, as those with one length of timeout are; else that slot is sorted, and stays so until something
 * is added to it out of order.
 *
 * Rejected: deadlines rounded up to slots, as nobody can then say when the next one is; an early wake-up at each level instead of
 * sorting, since an idle machine must not wake for nothing; a heap, where cancelling (what happens to most timeouts) is dear.
 */
#ifndef LIB_WHEEL_H
#define LIB_WHEEL_H

#include <stdint.h>

#include "lib/list.h"

#define WHEEL_TICK_SHIFT 10 /* 1.024 us */
#define WHEEL_LEVEL_BITS 6
#define WHEEL_LEVELS 9 /* 10 + 9 * 6 bits: every 64-bit deadline */
#define WHEEL_LEVEL_SLOTS (1 << WHEEL_LEVEL_BITS)
#define WHEEL_SLOTS (WHEEL_LEVELS * WHEEL_LEVEL_SLOTS)
#define WHEEL_NEVER UINT64_MAX

/* An empty wheel that begins at time 0, with WHEEL_SLOTS lists (9 KiB) of the caller's. */
#define WHEEL_INIT(lists) { .slots = (lists) }

struct wheel_node {
	struct list_node link; /* linked to itself while in no wheel */
	uint64_t deadline_ns;
};

struct wheel {
	uint64_t base_tick; /* no node was due at any tick before it */
	struct list_node *slots;
	uint32_t levels;                   /* bit per level: occupied[level] != 0 */
	uint64_t occupied[WHEEL_LEVELS];   /* bit per slot: its list has been made, and perhaps emptied since */
	uint64_t disordered[WHEEL_LEVELS]; /* of those: may not be sorted by deadline */
	uint64_t refiled;                  /* nodes moved to a lower level so far */
	uint64_t compared;                 /* comparisons that sorting took so far */
};

/* The same at time `now_ns`. `slots` may hold anything: a list is made when its first node comes. */
void wheel_init(struct wheel *wheel, struct list_node *slots, uint64_t now_ns);

/* Puts in a node that is in no wheel; it stays the caller's. A deadline in the past is due at once. */
void wheel_add(struct wheel *wheel, struct wheel_node *node, uint64_t deadline_ns);

/* Takes a node out of its wheel; nothing where it has been taken already. */
static inline void wheel_cancel(struct wheel_node *node)
{
	list_remove(&node->link);
}

/* The earliest deadline, exactly; WHEEL_NEVER where there is none. */
uint64_t wheel_next(struct wheel *wheel);

/*
 * Takes out the earliest node whose deadline is at or before `now_ns`, of equal ones the one added first; NULL where none is due.
 * Between two calls, nodes may be added and cancelled. `now_ns` should not go back; where it does, nothing is lost or early.
 */
struct wheel_node *wheel_take_due(struct wheel *wheel, uint64_t now_ns);

#endif
