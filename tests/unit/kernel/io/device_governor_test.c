// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/device_governor beside a device that answers one request after the other, each after so long, with pauses between them. */
#include "kernel/io/device_governor.h"

#include "tests/unit/unit.h"

#define PAUSE_NS 1000000ull /* in which nobody waits */

enum { REQUESTS = 200 };

static struct device_governor device;
static uint64_t now_ns;

/* One request that the device answers after `answer_ns`; how long it was waited for. */
static uint64_t ask(uint64_t answer_ns)
{
	uint64_t asked_ns = now_ns;
	bool woken = false;

	device_governor_begin(&device, now_ns);
	while (now_ns < asked_ns + answer_ns) {
		if (device.governor.mode == GOVERNOR_WAR) {
			now_ns += GOVERNOR_POLL_NS;
		} else {
			woken = true;
			now_ns = asked_ns + answer_ns + GOVERNOR_WAKE_NS / 2;
		}
		device_governor_step(&device, now_ns >= asked_ns + answer_ns, woken, now_ns);
	}
	device_governor_end(&device, now_ns);
	now_ns += PAUSE_NS;
	return now_ns - PAUSE_NS - asked_ns;
}

static void start(enum governor_rule rule)
{
	now_ns = 5 * PAUSE_NS;
	device_governor_init(&device, rule, GOVERNOR_WAKE_NS, 0, "disk 0");
}

static void answers_that_come_soon_bring_war_whatever_the_pauses(void)
{
	start(GOVERNOR_AUTO);
	for (unsigned i = 0; i < REQUESTS; i++)
		(void)ask(GOVERNOR_WAKE_NS / 2);
	CU_ASSERT_EQUAL(device.governor.mode, GOVERNOR_WAR);
	CU_ASSERT(ask(GOVERNOR_WAKE_NS / 2) < GOVERNOR_WAKE_NS / 2 + 2 * GOVERNOR_POLL_NS);
	CU_ASSERT_STRING_EQUAL(device.name, "disk 0");
}

/* Sooner than a wake-up costs, but with the wake-up's own lateness not: that is not the device's. */
static void the_lateness_of_a_wake_up_is_not_the_devices(void)
{
	start(GOVERNOR_AUTO);
	for (unsigned i = 0; i < REQUESTS; i++)
		(void)ask(GOVERNOR_WAKE_NS * 3 / 4);
	CU_ASSERT_EQUAL(device.governor.mode, GOVERNOR_WAR);
}

static void answers_that_take_long_are_slept_for(void)
{
	uint64_t polls;

	start(GOVERNOR_AUTO);
	for (unsigned i = 0; i < REQUESTS; i++)
		(void)ask(20 * GOVERNOR_WAKE_NS);
	CU_ASSERT_EQUAL(device.governor.counters.events[GOVERNOR_PEACE], REQUESTS);
	CU_ASSERT_EQUAL(device.governor.counters.polls, 0);
	for (unsigned i = 0; i < REQUESTS; i++)
		(void)ask(GOVERNOR_WAKE_NS / 4);
	polls = device.governor.counters.polls;
	CU_ASSERT(polls > 0);
	for (unsigned i = 0; i < REQUESTS; i++)
		(void)ask(20 * GOVERNOR_WAKE_NS);
	CU_ASSERT_EQUAL(device.governor.mode, GOVERNOR_PEACE);
}

static void a_forced_mode_is_obeyed(void)
{
	start(GOVERNOR_ALWAYS_WAR);
	for (unsigned i = 0; i < REQUESTS; i++)
		(void)ask(20 * GOVERNOR_WAKE_NS);
	CU_ASSERT_EQUAL(device.governor.counters.events[GOVERNOR_WAR], REQUESTS);
	start(GOVERNOR_ALWAYS_PEACE);
	for (unsigned i = 0; i < REQUESTS; i++)
		(void)ask(GOVERNOR_POLL_NS);
	CU_ASSERT_EQUAL(device.governor.counters.events[GOVERNOR_PEACE], REQUESTS);
	CU_ASSERT_EQUAL(device.governor.counters.switches, 0);
}

/* Its clock goes once, however many wait. */
static void fibers_that_wait_at_once_wait_once(void)
{
	start(GOVERNOR_AUTO);
	device_governor_begin(&device, 100);
	device_governor_begin(&device, 200);
	device_governor_end(&device, 300);
	CU_ASSERT_EQUAL(device.waited_ns, 0);
	device_governor_end(&device, 400);
	CU_ASSERT_EQUAL(device.waited_ns, 300);
	device_governor_begin(&device, 1000);
	device_governor_end(&device, 900); /* a hypervisor has set the clock back */
	CU_ASSERT_EQUAL(device.waited_ns, 300);
}

static const struct unit_case cases[] = {
	UNIT_CASE(answers_that_come_soon_bring_war_whatever_the_pauses),
	UNIT_CASE(the_lateness_of_a_wake_up_is_not_the_devices),
	UNIT_CASE(answers_that_take_long_are_slept_for),
	UNIT_CASE(a_forced_mode_is_obeyed),
	UNIT_CASE(fibers_that_wait_at_once_wait_once),
};
UNIT_MAIN("kernel/io/device_governor", cases)
