// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A fiber sleeps until a deadline and looks how late it is: some 490 instructions, and what the machine adds to an interrupt. An event
 * waits as long for a driver, and the CPU works as long for it: tests/guest/bench_governor.c counts 440 instructions for a wake-up by
 * a device, 300 of them before the fiber runs; there is no time wheel on that way, but sending the interrupt and falling asleep.
 */
#include "kernel/io/wake_cost.h"

#include <stdatomic.h>

#include "hal/contract/timer.h"
#include "kernel/core/wait.h"

enum { ROUNDS = 8, SLEEP_NS = 10000 };

static _Atomic uint64_t measured_ns; /* W: who asks first; whoever else measures meanwhile finds the same */

/* The least of several: whatever else a host does only adds. */
static uint64_t late_ns(void)
{
	struct wait_queue nobody;
	uint64_t least_ns = UINT64_MAX;

	wait_queue_init(&nobody);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t deadline_ns = hal_timer_now_ns() + SLEEP_NS;

		(void)wait_queue_sleep(&nobody, deadline_ns);

		uint64_t ns = hal_timer_now_ns() - deadline_ns;

		if (ns < least_ns)
			least_ns = ns;
	}
	return least_ns;
}

uint64_t wake_cost_ns(void)
{
	uint64_t ns = atomic_load_explicit(&measured_ns, memory_order_relaxed);

	if (ns == 0) {
		ns = 2 * late_ns() + 1; /* never 0, which is "not yet" */
		atomic_store_explicit(&measured_ns, ns, memory_order_relaxed);
	}
	return ns;
}
