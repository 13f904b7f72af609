// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a wake-up costs, measured on a clock of this test's own. */
#include "tests/unit/machine.h"

#include "kernel/io/wake_cost.c"

static uint64_t now_ns = 5000;
static unsigned sleeps;

uint64_t hal_timer_now_ns(void)
{
	return now_ns;
}

void wait_queue_init(struct wait_queue *queue)
{
	(void)queue;
}

/* Late by 300 ns the fifth time, by more each other. */
status_t wait_queue_sleep(struct wait_queue *queue, uint64_t deadline_ns)
{
	(void)queue;
	CU_ASSERT_EQUAL(deadline_ns, now_ns + 10000);
	now_ns = deadline_ns + (++sleeps == 5 ? 300 : 1000 + sleeps);
	return STATUS_ETIMEDOUT;
}

static void the_least_of_eight_counts_twice_and_is_kept(void)
{
	CU_ASSERT_EQUAL(wake_cost_ns(), 601);
	CU_ASSERT_EQUAL(sleeps, 8);
	CU_ASSERT_EQUAL(wake_cost_ns(), 601);
	CU_ASSERT_EQUAL(sleeps, 8);
}

static const struct unit_case cases[] = {
	UNIT_CASE(the_least_of_eight_counts_twice_and_is_kept),
};

UNIT_MAIN("kernel/io/wake_cost", cases)
