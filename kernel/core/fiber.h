// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Fibers: cooperative threads of the kernel. A fiber belongs to the CPU that made it and runs until it yields, waits or
 * returns; interrupts never switch fibers.
 */
#ifndef KERNEL_CORE_FIBER_H
#define KERNEL_CORE_FIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/context.h"
#include "lib/list.h"

struct fiber {
	struct list_node node; /* W: scheduler. In the run queue, a wait queue or the list of the dead */
	struct hal_context context;
	uint64_t stack_top;
	uint64_t id; /* 0 until fiber_id() has been asked */
	void (*entry)(void *arg);
	void *arg;
	const char *name; /* static */
	bool is_ready;    /* in the run queue */
};

/*
 * Makes a fiber that calls `entry(arg)` and ends when that returns, and puts it at the end of this CPU's run queue. The
 * scheduler frees it. NULL where memory is out. `name` must live as long. Context: boot or fiber.
 */
struct fiber *fiber_create(const char *name, void (*entry)(void *arg), void *arg);

/* The fiber that runs here; NULL before the first, and in the scheduler itself. Context: any. */
struct fiber *fiber_current(void);

/* Its identifier, the same at every call. Context: fiber, same CPU. */
uint64_t fiber_id(struct fiber *fiber);

/* Lets every other ready fiber run first. Context: fiber. */
void fiber_yield(void);

/* Sleeps until somebody calls fiber_wake() on it. Context: fiber. */
void fiber_sleep(void);

/* Makes a sleeping fiber ready; nothing where it is already. Context: fiber or scheduler, same CPU. */
void fiber_wake(struct fiber *fiber);

/* Whether `address` is in the guard page below the fiber's stack. Context: any. */
bool fiber_stack_guards(const struct fiber *fiber, uint64_t address);

#endif
