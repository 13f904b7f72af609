// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * LWKT scheduling: each CPU owns its run queues, its fibers and its timers, and nobody else touches them. CPUs speak by messages
 * (message.h). Within a CPU the highest priority that has a ready fiber runs, in turn among equals; the lower ones wait
 * until it sleeps.
 */
#ifndef KERNEL_CORE_SCHED_H
#define KERNEL_CORE_SCHED_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/context.h"
#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "kernel/core/deferred.h"
#include "kernel/core/fiber.h"
#include "kernel/core/message.h"
#include "kernel/core/timer.h"

struct sched {
	/* W: any CPU (set), this CPU (clear). A fiber that yields must look further than its own run queue: a message, a
	 * deadline, a ready fiber of a higher priority. */
	alignas(64) _Atomic uint32_t attention;
	/* W: this CPU. It waits for an interrupt, or runs a process, and must be sent one to notice anything. */
	_Atomic uint32_t sleeping;
	/* W: this CPU, when it has started; R: the boot CPU. */
	_Atomic uint32_t online;

	/* W: this CPU, all that follows. */
	alignas(64) struct fiber *current; /* NULL: the scheduler itself */
	uint32_t ready_mask;               /* bit p: ready[p] is not empty; bit 0 is the highest priority */
	unsigned cpu;
	struct ready_queue ready[FIBER_PRIORITIES];
	struct fiber *dead;      /* to be freed by the scheduler, which is on none of their stacks */
	struct hal_context idle; /* the scheduler's own context */
	uint64_t wakeups;        /* interrupts that ended a sleep */
	struct timer_queue timers;
	struct deferred_list deferred; /* W: interrupt (add), this CPU (take) */
	struct message_inbox inbox;
};

/* Makes the boot CPU's scheduler. Context: boot. */
void sched_init(void);

/* A scheduler for CPU `cpu`, of zeroed memory, with WHEEL_SLOTS lists of any content for its timers. Context: any. */
void sched_make(struct sched *sched, unsigned cpu, struct list_node *lists);

/* Makes it the scheduler of this CPU, whose number it has. Context: boot of that CPU. */
void sched_adopt(struct sched *sched);

/* Runs fibers for ever, and sleeps when none is ready. Context: boot; the caller's stack becomes the scheduler's. */
_Noreturn void sched_run(void);

/* This CPU's; NULL before sched_init(). Context: any. */
static inline struct sched *sched_this(void)
{
	return hal_cpu_local();
}

/* Another CPU's; NULL where that CPU has not started. */
struct sched *sched_of(unsigned cpu);

/* Puts a fiber of this CPU at the end of its run queue. It must be in none. */
void sched_make_ready(struct fiber *fiber);

/* The last act of the fiber that runs here. */
_Noreturn void sched_end(struct fiber *fiber);

/* Whether a fiber of this CPU waits to run, or something needs the scheduler's attention. Context: fiber. */
static inline bool sched_has_work(const struct sched *sched)
{
	return sched->ready_mask != 0 || atomic_load_explicit(&sched->attention, memory_order_relaxed) != 0;
}

#endif
