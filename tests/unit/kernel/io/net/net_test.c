// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The network fiber's turns, with the stack, the machine and the scheduler played by the test: what the stack is asked decides when the fiber is left. */
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/unit.h"

/* hal/contract/cpu.h and smp.h of this machine. */
#define HAL_CONTRACT_CPU_H
#define HAL_CONTRACT_SMP_H
static unsigned this_cpu;

static inline void hal_cpu_relax(void)
{
}

static inline void *hal_cpu_local(void)
{
	return NULL;
}

static unsigned hal_cpu_index(void)
{
	return this_cpu;
}

#include "kernel/core/sched.h"

static bool others_want_to_run;

static bool test_has_work(const struct sched *sched)
{
	(void)sched;
	return others_want_to_run;
}

#define sched_has_work test_has_work
#define sched_this() NULL
#include "kernel/io/net/net.c"

static struct {
	char did[200]; /* a letter each */
	unsigned turns; /* until it is left */
	unsigned events[16]; /* of the stack, by turn */
	bool arrived; /* when it is listened for */
	uint64_t next_ns, armed_ns, now_ns;
	unsigned cpus, sent_to, clocks;
	status_t devices, stack;
	bool no_fiber;
	void (*ready)(void *ctx);
	struct deferred *posted;
	void (*main)(void *arg);
	jmp_buf left;
} world;

static struct fiber the_fiber;

static void did(char what)
{
	world.did[strlen(world.did)] = what;
}

uint64_t hal_timer_now_ns(void)
{
	world.clocks++;
	return world.now_ns += 10;
}

struct fiber *fiber_create_with(const struct fiber_options *options, void (*entry)(void *arg), void *arg)
{
	CU_ASSERT(strcmp(options->name, "net") == 0 && options->priority == FIBER_NORMAL && arg == NULL);
	world.main = entry;
	return world.no_fiber ? NULL : &the_fiber;
}

void fiber_wake(struct fiber *one)
{
	CU_ASSERT_PTR_EQUAL(one, &the_fiber);
	did('w');
}

void fiber_yield(void)
{
	did('y');
}

void fiber_sleep(void)
{
	did('s');
}

void deferred_post(struct deferred *deferred)
{
	world.posted = deferred;
}

void message_send(unsigned cpu, void (*run)(void *arg), void *arg)
{
	world.sent_to = cpu;
	did('m');
	run(arg);
}

void message_call(unsigned cpu, void (*run)(void *arg), void *arg)
{
	world.sent_to = cpu;
	did('c');
	run(arg);
}

void timer_set(struct timer *timer, uint64_t at_ns, void (*run)(void *arg), void *arg)
{
	(void)timer;
	CU_ASSERT(run == wake && arg == NULL);
	world.armed_ns = at_ns;
	did('t');
}

void timer_cancel(struct timer *timer)
{
	(void)timer;
	did('x');
}

unsigned smp_online(void)
{
	return world.cpus;
}

status_t devices_probe(void)
{
	return world.devices;
}

status_t net_stack_start(const struct net_config *config, unsigned index, void (*ready)(void *ctx), void *ctx)
{
	(void)config;
	CU_ASSERT(index == 0 && ctx == NULL);
	world.ready = ready;
	return world.stack;
}

unsigned net_stack_take(uint64_t now_ns)
{
	CU_ASSERT_EQUAL(now_ns, world.now_ns);
	if (world.turns-- == 0)
		longjmp(world.left, 1);
	did('T');
	return world.events[world.turns];
}

void net_stack_loop(void)
{
	did('o');
}

void net_stack_finish(void)
{
	did('F');
}

uint64_t net_stack_next(uint64_t now_ns)
{
	(void)now_ns;
	return world.next_ns;
}

bool net_stack_listen(bool interrupts)
{
	did(interrupts ? 'L' : 'l');
	return interrupts && world.arrived;
}

void device_governor_add(struct device_governor *device)
{
	CU_ASSERT_STRING_EQUAL(device->name, "net");
	did('g');
}

static status_t start(unsigned cpus, enum governor_rule rule)
{
	struct net_config config = { .rule = rule };

	memset(&world, 0, sizeof(world));
	world.cpus = cpus;
	world.next_ns = TIMER_NEVER;
	fiber = NULL;
	this_cpu = 2;
	list_init(&calls);
	return net_start(&config);
}

/* So many turns of the fiber, by what they did. */
static const char *run(unsigned turns)
{
	memset(world.did, 0, sizeof(world.did));
	world.turns = turns;
	if (setjmp(world.left) == 0)
		world.main(NULL);
	return world.did;
}

static void a_fiber_is_started_once(void)
{
	struct net_config config = { .rule = GOVERNOR_AUTO };

	CU_ASSERT(start(4, GOVERNOR_AUTO) == STATUS_OK && net_cpu() == 2 && governor.governor.rule == GOVERNOR_AUTO);
	CU_ASSERT_STRING_EQUAL(world.did, "g");
	CU_ASSERT_EQUAL(net_start(&config), STATUS_EBUSY);
	CU_ASSERT(start(1, GOVERNOR_AUTO) == STATUS_OK && governor.governor.rule == GOVERNOR_ALWAYS_PEACE); /* War is for who has another CPU */
	CU_ASSERT(start(2, GOVERNOR_ALWAYS_WAR) == STATUS_OK && governor.governor.rule == GOVERNOR_ALWAYS_WAR);
	fiber = NULL;
	world.no_fiber = true;
	CU_ASSERT_EQUAL(net_start(&config), STATUS_ENOMEM);
	world.no_fiber = false;
	world.stack = STATUS_ENODEV;
	CU_ASSERT(net_start(&config) == STATUS_ENODEV && fiber == NULL);
	world.devices = STATUS_EIO;
	CU_ASSERT(net_start(&config) == STATUS_EIO && fiber == NULL);
}

static void in_peace_it_sleeps_until_something_comes(void)
{
	CU_ASSERT_FATAL(start(4, GOVERNOR_ALWAYS_PEACE) == STATUS_OK);
	CU_ASSERT_STRING_EQUAL(run(2), "TFLslTFLsl");
	world.next_ns = 12345;
	CU_ASSERT_STRING_EQUAL(run(1), "TFLtsxl");
	CU_ASSERT_EQUAL(world.armed_ns, 12345);
	world.arrived = true; /* before it slept */
	CU_ASSERT_STRING_EQUAL(run(1), "TFLyl");
	world.arrived = false;
	world.events[1] = 3; /* those that it brought something run first, and it looks again before it listens */
	CU_ASSERT_STRING_EQUAL(run(2), "TFyTFLtsxl");
	world.clocks = 0;
	(void)run(3);
	CU_ASSERT_EQUAL(world.clocks, 4); /* one look a turn, where the rule is fixed */
}

static void in_war_it_looks_as_long_as_nobody_else_wants_its_cpu(void)
{
	CU_ASSERT_FATAL(start(4, GOVERNOR_ALWAYS_WAR) == STATUS_OK);
	CU_ASSERT_STRING_EQUAL(run(3), "TFyTFyTFy");
	others_want_to_run = true;
	CU_ASSERT_STRING_EQUAL(run(1), "TFLsl");
	others_want_to_run = false;
	CU_ASSERT_FATAL(start(4, GOVERNOR_AUTO) == STATUS_OK);
	world.clocks = 0;
	(void)run(3);
	CU_ASSERT_EQUAL(world.clocks, 7); /* and another one that tells how long the turn took */
}

static unsigned order[8], order_count;
static struct net_call first, second, late;

static void call_run(void *arg)
{
	order[order_count++] = (unsigned)(uintptr_t)arg;
	if (arg == (void *)1)
		net_call(&late); /* has its turn in the next one */
}

static void calls_are_run_in_their_order(void)
{
	CU_ASSERT_FATAL(start(4, GOVERNOR_ALWAYS_PEACE) == STATUS_OK);
	first = (struct net_call){ .run = call_run, .arg = (void *)1 };
	second = (struct net_call){ .run = call_run, .arg = (void *)2 };
	late = (struct net_call){ .run = call_run, .arg = (void *)3 };
	order_count = 0;
	net_call(&first);
	this_cpu = 0;
	net_call(&second);
	CU_ASSERT_STRING_EQUAL(world.did, "gwmw");
	CU_ASSERT_EQUAL(world.sent_to, 2);
	this_cpu = 2;
	CU_ASSERT_STRING_EQUAL(run(1), "TwFy"); /* calls are events: it does not sleep */
	CU_ASSERT(order_count == 2 && order[0] == 1 && order[1] == 2 && governor.governor.counters.events[GOVERNOR_PEACE] == 2);
	CU_ASSERT_STRING_EQUAL(run(2), "TFyTFLsl");
	CU_ASSERT(order_count == 3 && order[2] == 3);
}

static void a_call_that_came_last_keeps_it_awake(void)
{
	CU_ASSERT_FATAL(start(4, GOVERNOR_ALWAYS_PEACE) == STATUS_OK);
	world.next_ns = 500;
	net_call(&second);
	memset(world.did, 0, sizeof(world.did));
	sleep_until(500);
	CU_ASSERT_STRING_EQUAL(world.did, "tx");
}

static void note(void *arg)
{
	*(unsigned *)arg = world.sent_to;
}

static void errands_are_run_on_its_cpu(void)
{
	unsigned where = 99;

	CU_ASSERT_FATAL(start(4, GOVERNOR_ALWAYS_PEACE) == STATUS_OK);
	memset(world.did, 0, sizeof(world.did));
	this_cpu = 0;
	net_do(note, &where);
	CU_ASSERT(where == 2 && strcmp(world.did, "cow") == 0); /* what it did arrives, and may be the fiber's to go on with */
	net_look(note, &where);
	CU_ASSERT_STRING_EQUAL(world.did, "cowc");
	world.sent_to = 50;
	net_do_later(note, &where);
	CU_ASSERT(where == 2 && strcmp(world.did, "cowcm") == 0);
	this_cpu = 2;
	world.sent_to = 51;
	net_do_later(note, &where);
	CU_ASSERT(where == 51 && strcmp(world.did, "cowcm") == 0); /* at once */
	net_poke();
	CU_ASSERT_STRING_EQUAL(world.did, "cowcmw");
}

static void an_interrupt_wakes_it_later(void)
{
	CU_ASSERT_FATAL(start(4, GOVERNOR_ALWAYS_PEACE) == STATUS_OK);
	memset(world.did, 0, sizeof(world.did));
	world.ready(NULL);
	CU_ASSERT(world.did[0] == '\0' && world.posted != NULL);
	world.posted->run(world.posted);
	CU_ASSERT_STRING_EQUAL(world.did, "w");
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_fiber_is_started_once),
	UNIT_CASE(in_peace_it_sleeps_until_something_comes),
	UNIT_CASE(in_war_it_looks_as_long_as_nobody_else_wants_its_cpu),
	UNIT_CASE(calls_are_run_in_their_order),
	UNIT_CASE(a_call_that_came_last_keeps_it_awake),
	UNIT_CASE(errands_are_run_on_its_cpu),
	UNIT_CASE(an_interrupt_wakes_it_later),
};
UNIT_MAIN("kernel/io/net/net", cases)
