// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* One-shot timers of this CPU, on the machine's one deadline. No tick: with no timer set, no interrupt comes. */
#ifndef KERNEL_CORE_TIMER_H
#define KERNEL_CORE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/list.h"

#define TIMER_NEVER UINT64_MAX

struct timer {
	struct list_node node; /* linked to itself while not set */
	uint64_t deadline_ns;  /* by hal_timer_now_ns() */
	void (*fire)(void *arg);
	void *arg;
};

/* Calls `fire(arg)` once at the deadline, from the scheduler or a fiber that yields. `timer` stays the caller's. Context: fiber. */
void timer_set(struct timer *timer, uint64_t deadline_ns, void (*fire)(void *arg), void *arg);

/* Takes a timer back; nothing where it has fired. Context: fiber. */
void timer_cancel(struct timer *timer);

/* The machine layer's deadline passed. Context: interrupt. */
void timer_interrupt(void);

/* Whether timer_expire() has something to look at. Context: any. */
bool timer_is_due(void);

/* Fires what is due and arms the next deadline. Context: fiber or scheduler. */
void timer_expire(void);

#endif
