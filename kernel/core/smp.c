// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/smp.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>

#include "hal/contract/cpu.h"
#include "hal/contract/memory.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/core/id.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/core/sched.h"
#include "kernel/core/stack.h"
#include "lib/string.h"

#define START_LIMIT_NS 500000000ul /* a CPU that has not come by then does not come */

static unsigned online = 1;      /* W: smp_start */
static _Atomic uint32_t stopped; /* W: a CPU that panics */

/* What belongs to a started CPU, in one block of pages. */
struct secondary {
	struct sched sched;
	_Atomic uint32_t begun; /* W: this CPU when it comes, the boot CPU when it waits no longer; the first of them has its way */
	struct list_node lists[WHEEL_SLOTS];
};

enum { SECONDARY_ORDER = 2 };

static_assert(sizeof(struct secondary) <= HAL_PAGE_BYTES << SECONDARY_ORDER, "fits its pages");

/* The first C function of a started CPU. */
static void secondary_main(void *arg)
{
	struct secondary *secondary = arg;

	/* One that is late keeps still: the next is being brought up, or programs run. */
	if (atomic_exchange(&secondary->begun, 1) == 0 && hal_cpu_init() == STATUS_OK) {
		sched_adopt(&secondary->sched);
		hal_irq_enable();
		sched_run();
	}
	atomic_store(&secondary->begun, 0);
	for (;;)
		hal_cpu_wait(); /* never online: smp_start reports it */
}

static const char *cpu_start(unsigned cpu)
{
	uint64_t pa = page_alloc(SECONDARY_ORDER);
	uint64_t stack = stack_alloc();
	uint64_t exception_stack = stack_alloc();

	/* Where a CPU may still come later, what it was given stays its own. */
	if (pa == 0 || stack == 0 || exception_stack == 0)
		return "no memory";

	struct secondary *secondary = hal_direct_va(pa);

	memset(&secondary->sched, 0, offsetof(struct secondary, lists));
	sched_make(&secondary->sched, cpu, secondary->lists);
	if (hal_cpu_start(cpu, stack, exception_stack, secondary_main, secondary) != STATUS_OK)
		return "the firmware refused";

	uint64_t deadline = hal_timer_now_ns() + START_LIMIT_NS;

	/* Pairs with the release in sched_adopt. */
	while (!atomic_load_explicit(&secondary->sched.online, memory_order_acquire)) {
		if (hal_timer_now_ns() > deadline && atomic_exchange(&secondary->begun, 1) == 0)
			return "it did not come in time";
		hal_cpu_relax();
	}
	online++;
	return NULL;
}

void smp_start(void)
{
	(void)id_next(); /* draws the key while there is one CPU */
	for (unsigned cpu = 1; cpu < hal_cpu_count(); cpu++) {
		const char *why = cpu_start(cpu);

		if (why != NULL)
			log_print(LOG_SCHED, LOG_WARN, "cpu %u does not run: %s", cpu, why);
	}
	log_print(LOG_SCHED, LOG_DEBUG, "%u of %u cpus run", online, hal_cpu_count());
}

unsigned smp_online(void)
{
	return online;
}

void smp_notified(void)
{
	if (atomic_load_explicit(&stopped, memory_order_relaxed)) {
		hal_irq_disable();
		for (;;)
			hal_cpu_wait();
	}
	/* Who sent it has set `attention` before (message_send). Setting it here would have what was served already looked for again. */
}

void smp_stop_others(void)
{
	atomic_store_explicit(&stopped, 1, memory_order_seq_cst);
	for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
		if (cpu != hal_cpu_index() && sched_of(cpu) != NULL)
			hal_cpu_notify(cpu);
}
