// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Ending War, from either side, must lose no submission: the poller takes back its word (`polled`), and only then looks into the ring a
 * last time; the process publishes, and only then looks whether it is polled. With a full barrier between the two on both
 * sides (here, and capos_cap_call in capos/src/call.c), one of them sees the other.
 */
#include "kernel/io/ring_war.h"

#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/fiber.h"
#include "kernel/core/log.h"
#include "kernel/core/sched.h"
#include "kernel/core/smp.h"
#include "kernel/sys/process.h"
#include "kernel/sys/submissions.h"
#include "kernel/sys/thread.h"
#include "lib/cmdline.h"

static enum governor_rule rule = GOVERNOR_AUTO; /* W: boot */

void ring_war_configure(struct span command_line)
{
	struct span value;

	if (cmdline_get(command_line, "io", &value) && governor_rule_parse(value, &rule) != STATUS_OK)
		log_line("boot: io=%.*s: not one of war, peace, auto", (int)value.len, (const char *)value.data);
}

enum governor_rule ring_war_rule(void)
{
	return rule;
}

void ring_war_init(struct ring_war *war)
{
	atomic_store_explicit(&war->state, RING_PEACE, memory_order_relaxed);
	governor_init(&war->governor, smp_online() > 1 ? rule : GOVERNOR_ALWAYS_PEACE, GOVERNOR_WAKE_NS, hal_timer_now_ns());
}

static void polled_set(struct ring_set *set, uint32_t value)
{
	atomic_store_explicit(&set->rings.shared->polled, value, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst); /* pairs with the process's, between its cursor and `polled` */
}

/* The poller: looks until the governor, the thread's fiber or a broken ring ends War. */
static void poller_main(void *arg)
{
	struct ring_set *set = arg;
	struct ring_war *war = &set->war;
	struct governor_decision decision = { .mode = GOVERNOR_WAR };
	bool sound = true;
	uint32_t count = 0;
	uint32_t waiting;

	/* Acquire: pairs with the release of who asked to stop. */
	while (sound && decision.mode == GOVERNOR_WAR &&
	       atomic_load_explicit(&war->state, memory_order_acquire) == RING_WAR) {
		if (ring_set_has_done(set))
			ring_set_drain(set);
		sound = submissions_run(set, &count, &waiting);
		decision = governor_step(&war->governor, count, hal_timer_now_ns());
		fiber_yield();
		hal_cpu_relax();
	}
	polled_set(set, 0);
	if (sound)
		(void)submissions_run(set, &count, &waiting);
	hal_space_leave(&set->process->space);
	(void)object_hold(&set->thread->object); /* once the rings are given back the thread may end */
	/* Pairs with the acquire in ring_war_end: rings, governor and fault are as they were left here. */
	atomic_store_explicit(&war->state, RING_PEACE, memory_order_release);
	/* What finished after the last look above found nobody who owns the rings at home (thread_run.c): full barrier, look, and tell. */
	atomic_thread_fence(memory_order_seq_cst);
	if (ring_set_has_done(set))
		ring_set_kick(set);
	object_put(&set->thread->object);
}

/*
 * A process that enters the kernel although its ring is polled gets nothing from War and pays for its beginning and end: each war in
 * which too little was found doubles the occasions that pass before the next.
 */
static void war_judge(struct ring_war *war)
{
	enum { DOUBLINGS_MAX = 12, PAYS = 16 /* submissions: what beginning and ending cost, in system calls */ };

	if (war->governor.counters.events[GOVERNOR_WAR] - war->events_before >= PAYS)
		war->futile = 0;
	else if (war->futile < DOUBLINGS_MAX)
		war->futile++;
	war->shunned = war->futile > 0 && war->governor.rule == GOVERNOR_AUTO ? 1u << war->futile : 0;
	war->unjudged = false;
}

void ring_war_end(struct ring_set *set)
{
	struct ring_war *war = &set->war;
	uint32_t state = RING_WAR;

	(void)atomic_compare_exchange_strong_explicit(&war->state, &state, RING_STOPPING, memory_order_acq_rel,
						      memory_order_acquire);
	/* Pairs with the poller's release. */
	while (atomic_load_explicit(&war->state, memory_order_acquire) != RING_PEACE) {
		fiber_yield();
		hal_cpu_relax();
	}
}

/* A CPU that runs, other than this one; this one where there is none. */
static unsigned poller_cpu(void)
{
	unsigned own = hal_cpu_index();

	for (unsigned i = 1; i < hal_cpu_count(); i++) {
		unsigned cpu = (own + i) % hal_cpu_count();

		if (sched_of(cpu) != NULL)
			return cpu;
	}
	return own;
}

void ring_war_consider(struct ring_set *set, unsigned events)
{
	static const struct fiber_options options = { .name = "poller", .priority = FIBER_NORMAL };
	struct ring_war *war = &set->war;

	if (atomic_load_explicit(&set->users, memory_order_relaxed) > 1)
		return; /* another thread sleeps, or will, where a poller wakes nobody */
	if (war->unjudged)
		war_judge(war);
	if (war->governor.rule == GOVERNOR_ALWAYS_PEACE || war->shunned > 0) { /* nothing to decide */
		war->governor.counters.events[GOVERNOR_PEACE] += events;
		war->shunned -= war->shunned > 0;
		return;
	}
	if (governor_step(&war->governor, events, hal_timer_now_ns()).mode != GOVERNOR_WAR)
		return;
	war->events_before = war->governor.counters.events[GOVERNOR_WAR];
	atomic_store_explicit(&war->state, RING_WAR, memory_order_relaxed);
	polled_set(set, 1);
	/* The message that begins the fiber hands the rings over. */
	if (fiber_create_on(poller_cpu(), &options, poller_main, set) != STATUS_OK) {
		polled_set(set, 0);
		atomic_store_explicit(&war->state, RING_PEACE, memory_order_relaxed);
		return;
	}
	war->wars++;
	war->unjudged = true;
}
