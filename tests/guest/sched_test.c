// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Who runs when: priorities, fairness, joining, cancelling. */
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/sched.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

enum { MS = 1000000, TURNS = 1000, CROWD = 10 };

static char order[16];

static void sign(void *arg)
{
	order[strlen(order)] = (char)(uintptr_t)arg;
}

static struct fiber *spawn(enum fiber_priority priority, void (*entry)(void *), uintptr_t arg)
{
	const struct fiber_options options = { .name = "test", .priority = priority, .joinable = true };

	return fiber_create_with(&options, entry, (void *)arg);
}

static const char *the_higher_priority_runs_first(void)
{
	struct fiber *fibers[3];

	memset(order, 0, sizeof(order));
	fibers[0] = spawn(FIBER_LOW, sign, 'l');
	fibers[1] = spawn(FIBER_NORMAL, sign, 'n');
	fibers[2] = spawn(FIBER_HIGH, sign, 'h');
	fiber_yield();
	GUEST_CHECK(strcmp(order, "hn") == 0); /* a yield lets equals and higher ones run, not lower ones */
	for (unsigned i = 0; i < 3; i++)
		GUEST_CHECK(fiber_join(fibers[i], hal_timer_now_ns() + 1000 * MS) == STATUS_OK);
	GUEST_CHECK(strcmp(order, "hnl") == 0);
	return NULL;
}

static unsigned turns[CROWD];
static bool crowd_stops;

static void take_turns(void *arg)
{
	while (!crowd_stops) {
		turns[(uintptr_t)arg]++;
		fiber_yield();
	}
}

static const char *equals_get_equal_turns(void)
{
	struct fiber *fibers[CROWD];

	crowd_stops = false;
	memset(turns, 0, sizeof(turns));
	for (uintptr_t i = 0; i < CROWD; i++)
		fibers[i] = spawn(FIBER_NORMAL, take_turns, i);
	for (unsigned i = 0; i < TURNS; i++)
		fiber_yield();
	crowd_stops = true;
	for (unsigned i = 0; i < CROWD; i++) {
		GUEST_CHECK(turns[i] == TURNS);
		GUEST_CHECK(fiber_join(fibers[i], WAIT_FOREVER) == STATUS_OK);
	}
	return NULL;
}

/* Busy equals do not keep a timer, and the higher fiber that it wakes, from its time. */
static const char *a_crowd_starves_no_timer(void)
{
	static struct wait_queue never = WAIT_QUEUE_INIT(never);
	struct fiber *fibers[CROWD];
	uint64_t deadline;

	crowd_stops = false;
	for (uintptr_t i = 0; i < CROWD; i++)
		fibers[i] = spawn(FIBER_NORMAL, take_turns, i);
	deadline = hal_timer_now_ns() + 5 * MS;
	GUEST_CHECK(wait_queue_sleep(&never, deadline) == STATUS_ETIMEDOUT);
	GUEST_CHECK(hal_timer_now_ns() - deadline < 5000ul * MS);
	crowd_stops = true;
	for (unsigned i = 0; i < CROWD; i++)
		GUEST_CHECK(fiber_join(fibers[i], WAIT_FOREVER) == STATUS_OK);
	return NULL;
}

static void sleep_long(void *arg)
{
	static struct wait_queue never = WAIT_QUEUE_INIT(never);

	*(status_t *)arg = wait_queue_sleep(&never, WAIT_FOREVER);
}

static const char *cancelling_ends_a_sleep(void)
{
	static status_t ended_by;
	struct fiber *fiber = spawn(FIBER_NORMAL, sleep_long, (uintptr_t)&ended_by);

	fiber_yield();
	fiber_cancel(fiber);
	GUEST_CHECK(fiber_join(fiber, hal_timer_now_ns() + 1000 * MS) == STATUS_OK);
	GUEST_CHECK(ended_by == STATUS_ECANCELED);

	/* Before it even began: its first sleep ends at once. */
	fiber = spawn(FIBER_NORMAL, sleep_long, (uintptr_t)&ended_by);
	ended_by = STATUS_OK;
	fiber_cancel(fiber);
	GUEST_CHECK(fiber_join(fiber, hal_timer_now_ns() + 1000 * MS) == STATUS_OK);
	GUEST_CHECK(ended_by == STATUS_ECANCELED);
	return NULL;
}

static const char *joining_can_time_out(void)
{
	static status_t ended_by;
	struct fiber *fiber = spawn(FIBER_NORMAL, sleep_long, (uintptr_t)&ended_by);

	GUEST_CHECK(fiber_join(fiber, hal_timer_now_ns() + 2 * MS) == STATUS_ETIMEDOUT);
	fiber_cancel(fiber);
	GUEST_CHECK(fiber_join(fiber, WAIT_FOREVER) == STATUS_OK);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "the_higher_priority_runs_first", the_higher_priority_runs_first },
	{ "equals_get_equal_turns", equals_get_equal_turns },
	{ "a_crowd_starves_no_timer", a_crowd_starves_no_timer },
	{ "cancelling_ends_a_sleep", cancelling_ends_a_sleep },
	{ "joining_can_time_out", joining_can_time_out },
};

const struct guest_table sched_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
