// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The generator, with the machine played by the test. Each claim wants one that has not been drawn from: generator_reset(). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* hal/contract/cpu.h of this machine. */
#define HAL_CONTRACT_CPU_H
static void hal_cpu_relax(void)
{
}
int hal_cpu_random(uint64_t *out);

#include "kernel/core/entropy.c"

static uint64_t now_ns;
static unsigned wanted, warned;

int hal_cpu_random(uint64_t *out)
{
	(void)out;
	return 0;
}

uint64_t hal_timer_now_ns(void)
{
	return now_ns;
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	(void)component;
	(void)fmt;
	warned += level == LOG_WARN;
}

void panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

static void on_want(void)
{
	wanted++;
}

static void generator_reset(const char *seed)
{
	static struct span seeds[1];

	memset(key, 0, sizeof(key));
	drawn = false;
	good = false;
	stale_ns = 0;
	now_ns = 1;
	wanted = 0;
	warned = 0;
	atomic_store(&feed, NULL);
	seeds[0] = span_of(seed, strlen(seed));
	entropy_init(seeds, 1);
}

struct drawing {
	uint8_t bytes[40];
};

/* What is drawn by a machine with this boot seed, whose device gives that. */
static struct drawing draw(const char *boot, const char *device)
{
	struct drawing drawing;

	generator_reset(boot);
	if (device != NULL)
		entropy_mix(device, strlen(device));
	entropy_draw(&drawing, sizeof(drawing));
	return drawing;
}

static bool same(struct drawing a, struct drawing b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void entropy_of_a_device_changes_what_is_drawn(void)
{
	CU_ASSERT(same(draw("boot", "device"), draw("boot", "device")));
	CU_ASSERT(!same(draw("boot", "device"), draw("boot", "devicf")));
	CU_ASSERT(!same(draw("boot", "device"), draw("boot", NULL)));
}

static void entropy_of_a_device_replaces_none(void)
{
	CU_ASSERT(!same(draw("boot", "device"), draw("boos", "device")));
	CU_ASSERT(!same(draw("boot", ""), draw("boos", "")));
	CU_ASSERT(!same(draw("boot", "\xff\xff\xff\xff"), draw("boos", "\xff\xff\xff\xff")));
}

static void entropy_of_a_device_is_mixed_in_between_draws(void)
{
	struct drawing before = draw("boot", NULL);
	struct drawing after[2];

	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT(same(before, draw("boot", NULL)));
		if (i > 0)
			entropy_mix("device", 6);
		entropy_draw(&after[i], sizeof(after[i]));
	}
	CU_ASSERT(!same(after[0], after[1]) && !same(before, after[1]));
}

static void entropy_is_asked_for_when_the_last_is_old_and_never_waited_for(void)
{
	struct drawing drawing;

	generator_reset("boot");
	entropy_draw(&drawing, sizeof(drawing));
	entropy_feed(on_want);
	entropy_draw(&drawing, sizeof(drawing));
	CU_ASSERT_EQUAL(wanted, 0);
	for (unsigned i = 1; i <= 3; i++) {
		now_ns += ENTROPY_SEED_NS;
		entropy_draw(&drawing, sizeof(drawing));
		entropy_draw(&drawing, sizeof(drawing));
		CU_ASSERT_EQUAL(wanted, i);
	}
	entropy_feed(NULL);
	now_ns += ENTROPY_SEED_NS;
	entropy_draw(&drawing, sizeof(drawing));
	CU_ASSERT(wanted == 3 && warned == 0);
}

static void entropy_that_is_none_is_said_once(void)
{
	struct drawing drawing = draw("", NULL);

	entropy_draw(&drawing, sizeof(drawing));
	CU_ASSERT_EQUAL(warned, 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE(entropy_of_a_device_changes_what_is_drawn),
	UNIT_CASE(entropy_of_a_device_replaces_none),
	UNIT_CASE(entropy_of_a_device_is_mixed_in_between_draws),
	UNIT_CASE(entropy_is_asked_for_when_the_last_is_old_and_never_waited_for),
	UNIT_CASE(entropy_that_is_none_is_said_once),
};
UNIT_MAIN("kernel/core/entropy", cases)
