// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Cost of the kernel's basic operations. Under -icount shift=0 the counter advances by one nanosecond an instruction, so that a
 * duration is an instruction count, the same in every run (test=bench); without it, the same loops tell a rate (test=rates). They
 * are long enough for the counter's 16 ns steps not to show.
 */
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/smp.h"
#include "kernel/core/timer.h"
#include "kernel/core/wait.h"
#include "lib/format.h"
#include "tests/guest/guest.h"

enum { SWITCHES = 20000, FIRES = 5000 };

static bool by_the_clock;

void bench_measured(const char *metric, uint64_t ns, uint64_t operations)
{
	char name[64];

	if (!by_the_clock) {
		guest_perf(metric, ns * 10 / operations, "instructions");
		return;
	}
	(void)format_print(name, sizeof(name), "%s_rate", metric);
	guest_perf(name, operations * 10000 / (ns + 1), "M/s");
}

static bool partner_stops;

static void partner(void *arg)
{
	(void)arg;
	while (!partner_stops)
		fiber_yield();
}

/* Two fibers that yield to each other: two switches a round. */
static void bench_switch(void)
{
	uint64_t begin;

	partner_stops = false;
	(void)fiber_create("partner", partner, NULL);
	fiber_yield();
	begin = hal_timer_now_ns();
	for (unsigned i = 0; i < SWITCHES; i++)
		fiber_yield();
	bench_measured("fiber_switch", hal_timer_now_ns() - begin, 2 * SWITCHES);
	partner_stops = true;
	fiber_yield();
}

static void nothing(void *arg)
{
	(void)arg;
}

static void bench_timer(void)
{
	uint64_t begin = hal_timer_now_ns();

	for (unsigned i = 0; i < SWITCHES; i++) {
		struct timer timer;

		timer_set(&timer, UINT64_MAX / 2, nothing, NULL);
		timer_cancel(&timer);
	}
	bench_measured("timer_set_cancel", hal_timer_now_ns() - begin, SWITCHES);
}

static void fired(void *arg)
{
	*(volatile bool *)arg = true;
}

/* From setting a timer that is due to its function: the interrupt and the way to it included. */
static void bench_timer_fire(void)
{
	uint64_t begin = hal_timer_now_ns();

	for (unsigned i = 0; i < FIRES; i++) {
		volatile bool has_fired = false;
		struct timer timer;

		timer_set(&timer, 0, fired, (void *)&has_fired);
		while (!has_fired)
			fiber_yield();
	}
	bench_measured("timer_fire", hal_timer_now_ns() - begin, FIRES);
}

void bench_run(bool rates)
{
	by_the_clock = rates;
	bench_switch();
	bench_timer();
	bench_timer_fire();
	bench_ring_run();
	bench_calls_run();
	if (smp_online() > 1)
		bench_smp_run();
	if (smp_online() > 1 && !rates) /* it wants to be exact */
		bench_governor_run();
}
