// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* When a ring goes to War, where its poller runs, how War ends, and that wars which do not pay are waged the less. */
#include "tests/unit/machine.h"

#include "kernel/io/ring_war.c"

enum { CPUS = 4 };

struct log_filter log_filter_now;
static struct ring_set set;
static struct process process;
static struct thread thread;
static struct capos_rings shared;
static struct sched scheds[CPUS];
static bool runs[CPUS];
static unsigned cpu_now, pollers, poller_on, online, submissions, kicks, left, drained;
static status_t creates;
static uint64_t now_ns;
static bool sound, done_after;
static char said[128];

unsigned hal_cpu_index(void)
{
	return cpu_now;
}

unsigned hal_cpu_count(void)
{
	return CPUS;
}

uint64_t hal_timer_now_ns(void)
{
	return now_ns;
}

unsigned smp_online(void)
{
	return online;
}

struct sched *sched_of(unsigned cpu)
{
	return runs[cpu] ? &scheds[cpu] : NULL;
}

status_t fiber_create_on(unsigned cpu, const struct fiber_options *options, void (*entry)(void *arg), void *arg)
{
	CU_ASSERT(strcmp(options->name, "poller") == 0 && entry == poller_main && arg == &set && shared.polled == 1 && set.war.state == RING_WAR);
	poller_on = cpu;
	pollers++;
	return creates;
}

void fiber_yield(void)
{
	if (set.war.state == RING_STOPPING)
		poller_main(&set);
	else if (--submissions == 0)
		set.war.state = RING_STOPPING;
}

bool submissions_run(struct ring_set *of, uint32_t *count, uint32_t *waiting)
{
	CU_ASSERT_PTR_EQUAL(of, &set);
	*count = 1;
	*waiting = 0;
	return sound;
}

void ring_set_drain(struct ring_set *of)
{
	atomic_store(&of->done, NULL);
	drained++;
}

void ring_set_kick(struct ring_set *of)
{
	CU_ASSERT(of == &set && set.war.state == RING_PEACE);
	kicks++;
}

void hal_space_leave(struct hal_space *space)
{
	CU_ASSERT(space == &process.space && set.war.state != RING_PEACE && shared.polled == 0);
	left++;
	if (done_after)
		atomic_store(&set.done, (struct operation *)&scheds[0]);
}

bool object_hold(struct object *object)
{
	object->holds++;
	return true;
}

void object_put(struct object *object)
{
	object->holds--;
}

void log_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
}

static void begin(const char *io)
{
	rule = GOVERNOR_AUTO;
	said[0] = '\0';
	ring_war_configure(span_of(io, strlen(io)));
	online = 2;
	memset(&set, 0, sizeof(set));
	memset(&shared, 0, sizeof(shared));
	set.process = &process;
	set.thread = &thread;
	set.rings.shared = &shared;
	set.users = 1;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		runs[cpu] = true;
	cpu_now = pollers = kicks = left = drained = 0;
	submissions = 3;
	creates = STATUS_OK;
	sound = true;
	done_after = false;
	now_ns += 1000000;
	ring_war_init(&set.war);
}

static void the_command_line_says_what_is_tried(void)
{
	begin("io=war");
	CU_ASSERT(ring_war_rule() == GOVERNOR_ALWAYS_WAR && set.war.governor.rule == GOVERNOR_ALWAYS_WAR);
	begin("io=peace");
	CU_ASSERT_EQUAL(set.war.governor.rule, GOVERNOR_ALWAYS_PEACE);
	begin("io=truce");
	CU_ASSERT(set.war.governor.rule == GOVERNOR_AUTO && strcmp(said, "boot: io=truce: not one of war, peace, auto") == 0);
	begin("");
	CU_ASSERT(ring_war_rule() == GOVERNOR_AUTO && said[0] == '\0');
	rule = GOVERNOR_ALWAYS_WAR;
	online = 1; /* nobody could poll */
	ring_war_init(&set.war);
	CU_ASSERT_EQUAL(set.war.governor.rule, GOVERNOR_ALWAYS_PEACE);
}

static void war_begins_on_another_cpu_that_runs(void)
{
	begin("io=war");
	cpu_now = 2;
	runs[3] = false;
	ring_war_consider(&set, 1);
	CU_ASSERT(pollers == 1 && poller_on == 0 && shared.polled == 1 && ring_war_is_on(&set.war) && set.war.wars == 1 && set.war.unjudged);
	begin("io=war");
	cpu_now = 2;
	runs[0] = runs[1] = runs[3] = false;
	ring_war_consider(&set, 1);
	CU_ASSERT_EQUAL(poller_on, 2);
	begin("io=war");
	creates = STATUS_ENOMEM;
	ring_war_consider(&set, 1);
	CU_ASSERT(pollers == 1 && shared.polled == 0 && !ring_war_is_on(&set.war) && set.war.wars == 0 && !set.war.unjudged);
}

static void shared_rings_stay_in_peace(void)
{
	begin("io=war");
	set.users = 2;
	ring_war_consider(&set, 1);
	CU_ASSERT(pollers == 0 && set.war.governor.counters.polls == 0);
	set.users = 1;
	ring_war_consider(&set, 1);
	CU_ASSERT_EQUAL(pollers, 1);
	begin("io=peace");
	ring_war_consider(&set, 5);
	CU_ASSERT(pollers == 0 && set.war.governor.counters.events[GOVERNOR_PEACE] == 5 && set.war.governor.counters.wakes == 0);
	begin("io=auto");
	ring_war_consider(&set, 1);
	CU_ASSERT(pollers == 0 && set.war.governor.counters.wakes == 1);
}

static void the_poller_gives_the_rings_back_whole(void)
{
	begin("io=war");
	ring_war_consider(&set, 1);
	atomic_store(&set.done, (struct operation *)&scheds[0]);
	poller_main(&set); /* until somebody stops it */
	CU_ASSERT(set.war.state == RING_PEACE && shared.polled == 0 && left == 1 && drained == 1 && kicks == 0 && thread.object.holds == 0);
	CU_ASSERT_EQUAL(set.war.governor.counters.events[GOVERNOR_WAR], 1 + 3);
	begin("io=war");
	ring_war_consider(&set, 1);
	done_after = true; /* something finishes after its last look */
	sound = false;
	poller_main(&set);
	CU_ASSERT(set.war.state == RING_PEACE && kicks == 1);
	begin("io=war");
	ring_war_consider(&set, 1);
	ring_war_end(&set);
	CU_ASSERT(set.war.state == RING_PEACE && left == 1);
	ring_war_end(&set);
	CU_ASSERT_EQUAL(left, 1);
}

static void wars_that_do_not_pay_are_waged_the_less(void)
{
	begin("io=auto");
	for (unsigned i = 1; i <= 14; i++) {
		set.war.unjudged = true;
		set.war.shunned = 0;
		ring_war_consider(&set, 0);
		CU_ASSERT(set.war.futile == (i < 12 ? i : 12) && set.war.shunned == (1u << set.war.futile) - 1 && !set.war.unjudged);
	}
	set.war.unjudged = true;
	set.war.governor.counters.events[GOVERNOR_WAR] = set.war.events_before + 15;
	set.war.futile = 1;
	ring_war_consider(&set, 0);
	CU_ASSERT(set.war.futile == 2 && set.war.shunned == 3);
	ring_war_consider(&set, 1);
	CU_ASSERT_EQUAL(set.war.shunned, 2);
	set.war.unjudged = true;
	set.war.governor.counters.events[GOVERNOR_WAR] = set.war.events_before + 16;
	ring_war_consider(&set, 0);
	CU_ASSERT(set.war.futile == 0 && set.war.shunned == 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(the_command_line_says_what_is_tried),
	UNIT_CASE(war_begins_on_another_cpu_that_runs),
	UNIT_CASE(shared_rings_stay_in_peace),
	UNIT_CASE(the_poller_gives_the_rings_back_whole),
	UNIT_CASE(wars_that_do_not_pay_are_waged_the_less),
};

UNIT_MAIN("kernel/io/ring_war", cases)
