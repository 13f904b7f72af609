// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Fibers: cooperative threads of the kernel. A fiber belongs to the CPU it was made for and runs until it yields, sleeps or
 * returns; interrupts never switch fibers.
 */
#ifndef KERNEL_CORE_FIBER_H
#define KERNEL_CORE_FIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/context.h"
#include "kernel/core/wait.h"
#include "lib/list.h"
#include "lib/status.h"

enum fiber_priority {
	FIBER_HIGH,
	FIBER_NORMAL,
	FIBER_LOW,
	FIBER_PRIORITIES,
};

enum fiber_state {
	FIBER_AWAKE, /* runs, or is ready to */
	FIBER_SLEEPING,
	FIBER_ENDED,
};

/* Circular: tail->next is the head. Empty where tail is NULL. */
struct ready_queue {
	struct fiber *tail;
};

struct fiber {
	/* W: the scheduler of its CPU. */
	struct hal_context context;
	struct fiber *next;        /* in a run queue, or in the list of the dead */
	struct ready_queue *queue; /* of its priority, on its CPU */
	enum fiber_state state;
	bool cancelled; /* somebody wants it to end */

	/* W: fiber_create. */
	enum fiber_priority priority;
	unsigned cpu;
	bool joinable; /* lives until fiber_join() */
	uint64_t stack_top;
	void (*entry)(void *arg);
	void *arg;
	const char *name; /* static */

	uint64_t id;                /* W: its CPU. 0 until fiber_id() has been asked */
	struct wait_queue *waits;   /* W: its CPU. Where it sleeps; NULL elsewhere */
	struct wait_queue joiners;  /* W: its CPU */
	struct list_node all_node;  /* W: under fiber_all's lock */
};

/* Every fiber there is, by all_node: for debuggers. */
extern struct list_node fiber_all;

struct fiber_options {
	const char *name; /* must live as long */
	enum fiber_priority priority;
	bool joinable;
};

/*
 * Makes a fiber of this CPU that calls `entry(arg)` and ends when that returns, ready to run. NULL where memory is out. Context:
 * boot or fiber. The scheduler frees it when it has ended, a joinable one when it has been joined.
 */
struct fiber *fiber_create_with(const struct fiber_options *options, void (*entry)(void *arg), void *arg);

/*
 * The same as a fiber of CPU `cpu`, which must run. It may begin, and end, before this returns: what is returned says only whether
 * it was made. Not joinable. Context: fiber or scheduler, any CPU.
 */
MUST_CHECK status_t fiber_create_on(unsigned cpu, const struct fiber_options *options, void (*entry)(void *arg), void *arg);

/* The same as fiber_create_with, with normal priority, not joinable. */
struct fiber *fiber_create(const char *name, void (*entry)(void *arg), void *arg);

/*
 * The same in memory of the caller's, for a fiber that never ends: one that the kernel begins with, before anything was allocated.
 * `fiber` is zero; `stack_top` is the address past the highest byte of STACK_BYTES that nobody else uses, with a guard page below.
 * Context: boot.
 */
void fiber_begin(struct fiber *fiber, uint64_t stack_top, const char *name, void (*entry)(void *arg), void *arg);

/* The fiber that runs here; NULL before the first, and in the scheduler itself. Context: any. */
struct fiber *fiber_current(void);

/* Its identifier, the same at every call. Context: fiber, same CPU. */
uint64_t fiber_id(struct fiber *fiber);

/* Lets every other ready fiber of its priority or a higher one run first. Context: fiber. */
void fiber_yield(void);

/* Sleeps until somebody calls fiber_wake() on it. Context: fiber. */
void fiber_sleep(void);

/* Makes a sleeping fiber ready; nothing where it is not asleep. It must be alive. Context: fiber or scheduler, any CPU. */
void fiber_wake(struct fiber *fiber);

/*
 * Waits until a joinable fiber of this CPU has ended, and frees it. STATUS_ETIMEDOUT where that did not happen in time,
 * STATUS_ECANCELED where the caller itself was cancelled: then it must be joined again. Context: fiber.
 */
MUST_CHECK status_t fiber_join(struct fiber *fiber, uint64_t deadline_ns);

/*
 * Asks a fiber of this CPU to end: what it sleeps in, and every later wait_queue_sleep(), returns STATUS_ECANCELED. Ending is its own
 * business. Context: fiber or scheduler.
 */
void fiber_cancel(struct fiber *fiber);

/* Whether `address` is in the guard page below the fiber's stack. Context: any. */
bool fiber_stack_guards(const struct fiber *fiber, uint64_t address);

/* Calls each() for every fiber there is; under a lock, so that it may neither sleep nor make or free memory. Context: fiber. */
void fiber_each(void (*each)(void *ctx, const struct fiber *fiber), void *ctx);

/* Frees a fiber that has ended. For the scheduler alone. */
void fiber_free(struct fiber *fiber);

#endif
