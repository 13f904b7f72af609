// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Objects that have lost their last hold: destroyed only after every CPU that runs has passed, each once, however many die meanwhile. */
#include "tests/unit/machine.h"

#define round the_round /* the host has a function of that name */
#include "kernel/cap/object.c"

enum { CPUS = 4, MESSAGES = 64 };

static struct {
	unsigned cpu;
	void (*run)(void *arg);
} sent[MESSAGES]; /* under way */
static unsigned sent_count, passed[CPUS], destroyed, yields;
static bool runs[CPUS];
static struct sched scheds[CPUS];
static struct object *dies_meanwhile;

void panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

unsigned hal_cpu_count(void)
{
	return CPUS;
}

struct sched *sched_of(unsigned cpu)
{
	return runs[cpu] ? &scheds[cpu] : NULL;
}

void message_send(unsigned cpu, void (*run)(void *arg), void *arg)
{
	CU_ASSERT(arg == NULL && cpu < CPUS && sent_count < MESSAGES);
	sent[sent_count].cpu = cpu;
	sent[sent_count++].run = run;
}

/* Serves the oldest message. */
static bool serve(void)
{
	void (*run)(void *arg) = sent[0].run;

	if (sent_count == 0)
		return false;
	passed[sent[0].cpu]++;
	memmove(sent, sent + 1, --sent_count * sizeof(sent[0]));
	run(NULL);
	return true;
}

void fiber_yield(void)
{
	yields++;
	(void)serve();
}

static void destroy(struct object *object)
{
	CU_ASSERT_EQUAL(object->holds, 0);
	destroyed++;
	if (dies_meanwhile != NULL) {
		struct object *next = dies_meanwhile;

		dies_meanwhile = NULL;
		object_put(next);
	}
}

static void begin(void)
{
	CU_ASSERT_EQUAL(sent_count, 0);
	memset(passed, 0, sizeof(passed));
	destroyed = yields = 0;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		runs[cpu] = true;
}

static void make(struct object *object)
{
	static const struct cap_interface interface = { .id = 1 };

	object_init(object, &interface, destroy);
	CU_ASSERT(object->holds == 1 && object->interface == &interface);
}

static void the_last_hold_alone_retires_it(void)
{
	struct object object, lasting = { .holds = OBJECT_STATIC };

	begin();
	make(&object);
	CU_ASSERT_TRUE(object_hold(&object));
	CU_ASSERT_FALSE(object_put_last(&object));
	object_put(&object);
	CU_ASSERT_EQUAL(sent_count, 1);
	CU_ASSERT_FALSE(object_hold(&object));
	while (serve())
		;
	CU_ASSERT_EQUAL(destroyed, 1);
	CU_ASSERT_TRUE(object_hold(&lasting));
	CU_ASSERT_FALSE(object_put_last(&lasting));
	CU_ASSERT_EQUAL(lasting.holds, OBJECT_STATIC);
}

static void every_cpu_that_runs_passes_before_it_is_destroyed(void)
{
	struct object object;

	begin();
	runs[2] = false;
	make(&object);
	object_put(&object);
	while (sent_count > 0) {
		CU_ASSERT_EQUAL(destroyed, 0);
		(void)serve();
	}
	CU_ASSERT_EQUAL(destroyed, 1);
	CU_ASSERT(passed[0] == 1 && passed[1] == 1 && passed[2] == 0 && passed[3] == 1);
}

static void what_dies_during_a_round_has_one_of_its_own(void)
{
	struct object objects[3];

	begin();
	for (unsigned i = 0; i < 3; i++)
		make(&objects[i]);
	object_put(&objects[0]);
	(void)serve();
	(void)serve();
	object_put(&objects[1]); /* CPUs 0 and 1 may have found it since */
	CU_ASSERT_EQUAL(sent_count, 1);
	(void)serve();
	(void)serve();
	CU_ASSERT_EQUAL(destroyed, 1);
	dies_meanwhile = &objects[2];
	while (serve())
		;
	CU_ASSERT_EQUAL(destroyed, 3);
	CU_ASSERT(passed[0] == 3 && passed[1] == 3 && passed[2] == 3 && passed[3] == 3);
}

static void settling_waits_until_all_that_died_is_destroyed(void)
{
	struct object objects[3];

	begin();
	object_settle();
	object_settle_dead();
	CU_ASSERT_EQUAL(yields, 0);
	for (unsigned i = 0; i < 3; i++)
		make(&objects[i]);
	object_put(&objects[0]);
	object_settle_dead();
	CU_ASSERT_EQUAL(destroyed, 1);
	object_put(&objects[1]);
	dies_meanwhile = &objects[2];
	object_settle();
	CU_ASSERT(destroyed == 3 && sent_count == 0 && retiring == 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(the_last_hold_alone_retires_it),
	UNIT_CASE(every_cpu_that_runs_passes_before_it_is_destroyed),
	UNIT_CASE(what_dies_during_a_round_has_one_of_its_own),
	UNIT_CASE(settling_waits_until_all_that_died_is_destroyed),
};

UNIT_MAIN("kernel/cap/object", cases)
