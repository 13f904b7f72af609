// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* One-shot timers of this CPU, on the machine's one deadline. No tick: with no timer set, no interrupt comes. */
#ifndef KERNEL_CORE_TIMER_H
#define KERNEL_CORE_TIMER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/timer.h"
#include "lib/wheel.h"

#define TIMER_NEVER WHEEL_NEVER

struct timer {
	struct wheel_node node;
	void (*fire)(void *arg);
	void *arg;
	unsigned cpu; /* whose wheel it was put in. W: timer_set, in a debug build alone */
};

/*
 * When so many ns from now are over, HAL_TIMER_LAST_NS at most. Where the clock stands still nothing can be told from it, and what is
 * waited for is due at once: also when the clock has been set right before anybody looks again. Context: any.
 */
static inline uint64_t timer_deadline(uint64_t timeout_ns)
{
	uint64_t now_ns = hal_timer_now_ns();

	if (timeout_ns < HAL_TIMER_LAST_NS - now_ns)
		return now_ns + timeout_ns;
	return now_ns == HAL_TIMER_LAST_NS ? 0 : HAL_TIMER_LAST_NS;
}

/* The timers of one CPU, touched by that CPU alone. */
struct timer_queue {
	atomic_bool due;    /* W: interrupt (set), timer_expire (clear): same CPU, so relaxed is enough */
	uint64_t armed_ns;  /* what the machine is armed for; once that is past, only timer_expire() changes it */
	struct wheel wheel; /* W: fibers and scheduler */
};

/* Without timers; `lists` is an array of WHEEL_SLOTS, of any content, which stays. */
void timer_queue_init(struct timer_queue *queue, struct list_node *lists);

/*
 * Calls `fire(arg)` once at the deadline, from the scheduler or a fiber that yields. `timer` stays the caller's. Where the
 * deadline is TIMER_NEVER, it is never called. Context: fiber.
 */
void timer_set(struct timer *timer, uint64_t deadline_ns, void (*fire)(void *arg), void *arg);

/* Takes a timer back; nothing where it has fired. The machine stays armed until timer_settle(). Context: fiber. */
void timer_cancel(struct timer *timer);

/* The machine layer's deadline passed. Context: interrupt. */
void timer_interrupt(void);

/* Whether timer_expire() has something to look at. Context: any. */
bool timer_is_due(void);

/* Fires what is due and arms the next deadline. Context: fiber or scheduler. */
void timer_expire(void);

/* Arms exactly what is next, so that a timer taken back wakes nobody: before the CPU sleeps. Context: scheduler. */
void timer_settle(void);

#endif
