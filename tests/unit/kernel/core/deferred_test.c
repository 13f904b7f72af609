// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What interrupts leave to be done: each is run once for all its postings, and may be posted again while it runs. */
#include "tests/unit/machine.h"

#include "kernel/core/deferred.c"

static struct sched sched;
static struct deferred one, two;
static unsigned ran[2];

static void run(void *arg)
{
	unsigned *count = arg;

	(*count)++;
	if (count == &ran[0] && *count == 1)
		deferred_post(&one); /* what it looked at has changed again */
}

static void what_is_posted_runs_once_and_can_be_posted_again(void)
{
	one = (struct deferred){ .run = run, .arg = &ran[0] };
	two = (struct deferred){ .run = run, .arg = &ran[1] };
	machine.local = &sched;
	deferred_serve(&sched.deferred);
	CU_ASSERT_EQUAL(sched.attention, 0);
	deferred_post(&one);
	CU_ASSERT_EQUAL(sched.attention, 1);
	deferred_post(&two);
	deferred_post(&one);
	deferred_post(&two);
	deferred_serve(&sched.deferred);
	CU_ASSERT(ran[0] == 1 && ran[1] == 1);
	deferred_serve(&sched.deferred);
	CU_ASSERT(ran[0] == 2 && ran[1] == 1);
	deferred_serve(&sched.deferred);
	CU_ASSERT(ran[0] == 2 && ran[1] == 1);
	sched.attention = 0;
	deferred_post(&two);
	CU_ASSERT_EQUAL(sched.attention, 1);
	deferred_serve(&sched.deferred);
	CU_ASSERT(ran[0] == 2 && ran[1] == 2);
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_is_posted_runs_once_and_can_be_posted_again),
};

UNIT_MAIN("kernel/core/deferred", cases)
