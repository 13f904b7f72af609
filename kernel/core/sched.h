// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * LWKT scheduling: each CPU has a scheduler of its own, with a run queue and a list of dead fibers that nobody else touches.
 * One CPU runs today; the structure is per CPU throughout.
 */
#ifndef KERNEL_CORE_SCHED_H
#define KERNEL_CORE_SCHED_H

#include <stdbool.h>

#include "hal/contract/context.h"
#include "lib/list.h"

struct fiber;

struct sched {
	struct list_node ready;  /* fibers, next to run first */
	struct list_node dead;   /* fibers to be freed by the scheduler, which is on none of their stacks */
	struct fiber *current;   /* NULL: the scheduler itself */
	struct hal_context idle; /* the scheduler's own context: the CPU's boot stack */
};

/* Makes this CPU's scheduler. Context: boot. */
void sched_init(void);

/* Runs fibers for ever, and sleeps when none is ready. Context: boot; the caller's stack becomes the scheduler's. */
_Noreturn void sched_run(void);

/* This CPU's; NULL before sched_init(). */
struct sched *sched_this(void);

/* Whether a fiber other than the caller waits to run. Context: fiber. */
bool sched_has_ready(void);

#endif
