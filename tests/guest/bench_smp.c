// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What CPUs cost each other, on two of them. Under -icount the CPUs run in turns and the counter counts the instructions of both, so
 * that a round trip is all that either of them did for it.
 */
#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/message.h"
#include "kernel/core/wait.h"
#include "tests/guest/guest.h"

enum { ROUNDS = 2000, OTHER = 1 };

static struct wait_queue answered = WAIT_QUEUE_INIT(answered);
static bool has_answer; /* W: CPU 0 */

static void answer_came(void *arg)
{
	(void)arg;
	has_answer = true;
	wait_queue_wake(&answered);
}

static void answer(void *arg)
{
	(void)arg;
	message_send(0, answer_came, NULL);
}

/* A message to a sleeping CPU, and the answer to this one, which sleeps too: two interrupts, two wake-ups, one fiber woken. */
static void bench_round_trip(void)
{
	uint64_t begin = hal_timer_now_ns();

	for (unsigned i = 0; i < ROUNDS; i++) {
		has_answer = false;
		message_send(OTHER, answer, NULL);
		while (!has_answer)
			(void)wait_queue_sleep(&answered, WAIT_FOREVER);
	}
	bench_measured("message_round_trip", hal_timer_now_ns() - begin, ROUNDS);
}

static struct fiber *sleeper;
static bool sleeper_stops;

static void sleeper_main(void *arg)
{
	(void)arg;
	sleeper = fiber_current();
	while (!sleeper_stops) {
		message_send(0, answer_came, NULL);
		fiber_sleep();
	}
}

/* A fiber of another CPU is woken, says so, and sleeps again. */
static void bench_wake(void)
{
	static const struct fiber_options options = { .name = "sleeper", .priority = FIBER_NORMAL };
	uint64_t begin;

	has_answer = false;
	sleeper_stops = false;
	if (fiber_create_on(OTHER, &options, sleeper_main, NULL) != STATUS_OK)
		return;
	while (!has_answer)
		(void)wait_queue_sleep(&answered, WAIT_FOREVER);
	begin = hal_timer_now_ns();
	for (unsigned i = 0; i < ROUNDS; i++) {
		has_answer = false;
		fiber_wake(sleeper);
		while (!has_answer)
			(void)wait_queue_sleep(&answered, WAIT_FOREVER);
	}
	bench_measured("remote_wake", hal_timer_now_ns() - begin, ROUNDS);
	sleeper_stops = true;
	fiber_wake(sleeper);
}

void bench_smp_run(void)
{
	bench_round_trip();
	bench_wake();
}
