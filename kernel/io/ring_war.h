// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * War and Peace for a thread's submission ring. In Peace the thread enters the kernel for what it submits. In War a poller, a fiber
 * on another CPU, looks at the ring all the time, says so in the rings (`polled`), and the thread makes no system calls. The
 * governor decides which; a process that calls cap_enter all the same gets Peace.
 */
#ifndef KERNEL_IO_RING_WAR_H
#define KERNEL_IO_RING_WAR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/governor.h"
#include "lib/span.h"

struct ring_set;

enum ring_war_state {
	RING_PEACE,    /* the thread's fiber owns the rings */
	RING_WAR,      /* the poller does */
	RING_STOPPING, /* the poller does, and is asked to give them back */
};

struct ring_war {
	_Atomic uint32_t state;   /* enum ring_war_state. W: who owns the rings; RING_STOPPING: the thread's fiber */
	struct governor governor; /* W: who owns the rings */
	/* W: the thread's fiber, all that follows. */
	uint64_t wars;
	bool unjudged;          /* the last one, which may have ended by itself */
	uint64_t events_before; /* found in War when the last one began */
	uint32_t futile;        /* wars, one after the other, in which too little was found to pay */
	uint32_t shunned;       /* occasions for War still to be let pass */
};

/* Reads `io=war|peace|auto` of the command line; says on the console what it does not understand. Context: boot. */
void ring_war_configure(struct span command_line);

/* What the command line said: also for devices. Context: any, after boot. */
enum governor_rule ring_war_rule(void);

void ring_war_init(struct ring_war *war);

/* Whether the poller owns the rings. False is final until the thread's fiber says otherwise. Context: the thread's fiber. */
static inline bool ring_war_is_on(const struct ring_war *war)
{
	return atomic_load_explicit(&war->state, memory_order_acquire) != RING_PEACE; /* pairs with the poller's release */
}

/* Makes Peace, if there is War: the rings are the caller's when this returns. Context: the thread's fiber. */
void ring_war_end(struct ring_set *set);

/* After `events` submissions were carried out in Peace, and with no thread asleep at the rings: begins War where that is better. Context: the thread's fiber. */
void ring_war_consider(struct ring_set *set, unsigned events);

#endif
