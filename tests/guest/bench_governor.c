// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The governor at work, on two CPUs: CPU 0 plays a device, whose events come by the clock into a small ring, and interrupts CPU 1 only
 * where it was asked to; a fiber of CPU 1 serves it as a driver does. Each pattern is served three times: by the governor's
 * choice, always in War, always in Peace.
 *
 * Cost, as governor.h has it: CPU time of CPU 1, polls and falling asleep and waking included and idling not, plus what the oldest
 * event of each look has waited, valued like CPU time. Under -icount the CPUs run in turns and time is what both did: while the
 * device works CPU 1 stands still, and that is taken off; and while CPU 1 sleeps, all but what falling asleep and waking cost, which
 * is measured first, is idling. At a deadline the emulator goes on with CPU 0, which is why the device is there.
 */
#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/message.h"
#include "kernel/core/sched.h"
#include "kernel/core/wait.h"
#include "kernel/io/governor.h"
#include "kernel/io/wake_cost.h"
#include "lib/disruptor.h"
#include "lib/format.h"
#include "tests/guest/guest.h"

enum { RING = 64, DRIVER_CPU = 1, WAKES = 64, RULES = 3 };

#define LEAD_NS 20000 /* from the start to the time that the first gap counts from */

/* What comes: `events` in all, the gap before event i by a function of its own. */
struct pattern {
	const char *name;
	unsigned events;
	uint64_t (*gap_ns)(const struct pattern *pattern, unsigned i, uint64_t *seed);
	uint64_t a_ns, b_ns;
	unsigned length;
};

static struct device {
	struct disruptor ring;
	struct disruptor_consumer reader;
	uint64_t slots[RING]; /* when each came */
	struct wait_queue came;
	_Atomic uint32_t wanted;  /* its interrupt. W: driver (set), device (clear) */
	_Atomic uint64_t busy_ns; /* what it has worked. W: device */
} device;

struct cost {
	uint64_t cpu_ns;
	uint64_t waiting_ns;
	uint64_t wakes;
	uint64_t idle_wakes; /* after which nothing was there */
};

static uint64_t wake_cpu_ns; /* falling asleep and waking. W: CPU 0, before there is a driver */

/* --- patterns --------------------------------------------------------------------------------------------------------- */

static uint64_t steady(const struct pattern *pattern, unsigned i, uint64_t *seed)
{
	(void)i;
	(void)seed;
	return pattern->a_ns;
}

static uint64_t random_next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return *seed >> 32;
}

/* Gaps of half to one and a half of a_ns, so that a burst is not in step with what serves it; b_ns before each burst. */
static uint64_t bursts(const struct pattern *pattern, unsigned i, uint64_t *seed)
{
	uint64_t gap_ns = pattern->a_ns / 2 + random_next(seed) % pattern->a_ns;

	return i % pattern->length == 0 ? pattern->b_ns : gap_ns;
}

/* The rate goes evenly from one in a_ns to one in b_ns and jumps back. */
static uint64_t sawtooth(const struct pattern *pattern, unsigned i, uint64_t *seed)
{
	int64_t from = (1l << 40) / (int64_t)pattern->a_ns;
	int64_t to = (1l << 40) / (int64_t)pattern->b_ns;

	(void)seed;
	return (1ul << 40) / (uint64_t)(from + (to - from) * (i % pattern->length) / pattern->length);
}

/* -mean ln(x) for an even x in (0, 1]: ln 2 for each leading zero bit, and a straight line between the powers of two. */
static uint64_t poisson(const struct pattern *pattern, unsigned i, uint64_t *seed)
{
	(void)i;

	uint64_t bits = random_next(seed) | 1;
	unsigned zeros = (unsigned)__builtin_clzll(bits) - 32;
	uint64_t part = (bits << zeros) & 0x7fffffff; /* of the way from half to whole, in 2^31 */

	return (pattern->a_ns * 710 * ((uint64_t)(zeros + 1) * 0x80000000 - part)) >> 41;
}

static const struct pattern patterns[] = {
	{ "silence", 10, steady, 500000, 0, 0 },
	{ "steady_400", 2000, steady, 400, 0, 0 },
	{ "steady_700", 1000, steady, 700, 0, 0 },
	{ "steady_1000", 1000, steady, 1000, 0, 0 },
	{ "steady_1300", 1000, steady, 1300, 0, 0 },
	{ "steady_2000", 500, steady, 2000, 0, 0 },
	{ "steady_20000", 100, steady, 20000, 0, 0 },
	{ "poisson_400", 2000, poisson, 400, 0, 0 },
	{ "poisson_1000", 1000, poisson, 1000, 0, 0 },
	{ "poisson_4000", 500, poisson, 4000, 0, 0 },
	{ "bursts_8", 1000, bursts, 300, 6000, 8 },
	{ "bursts_100", 2000, bursts, 400, 40000, 100 },
	{ "sawtooth_up", 1000, sawtooth, 8000, 400, 50 },
	{ "sawtooth_down", 1000, sawtooth, 400, 8000, 200 },
};

/* --- the device, on CPU 0 ---------------------------------------------------------------------------------------------- */

/* Its interrupt. Context: scheduler of CPU 1. */
static void interrupted(void *arg)
{
	(void)arg;
	wait_queue_wake(&device.came);
}

static void event_add(void)
{
	uint64_t sequence;

	while (disruptor_single_try_claim(&device.ring, 1, &sequence) != STATUS_OK)
		hal_cpu_relax();
	*DISRUPTOR_SLOT(&device.ring, uint64_t, sequence) = hal_timer_now_ns();
	disruptor_single_publish(&device.ring, sequence, 1);
	atomic_thread_fence(memory_order_seq_cst); /* pairs with the driver's, between `wanted` and its last look */
	if (atomic_exchange_explicit(&device.wanted, 0, memory_order_relaxed))
		message_send(DRIVER_CPU, interrupted, NULL);
}

/* Interrupts are masked, so that of this CPU nothing runs but this: a wake-up at the deadline is the time of the event itself. */
static void device_run(const struct pattern *pattern)
{
	uint64_t seed = 1;
	uint64_t at_ns = hal_timer_now_ns() + LEAD_NS;
	uint64_t woke_ns = hal_timer_now_ns();
	uint64_t busy_ns = 0;
	uint64_t now_ns;

	hal_irq_disable();
	for (unsigned i = 0; i < pattern->events; i++) {
		at_ns += pattern->gap_ns(pattern, i, &seed);
		now_ns = hal_timer_now_ns();
		busy_ns += now_ns - woke_ns;
		atomic_store_explicit(&device.busy_ns, busy_ns, memory_order_relaxed);
		hal_timer_arm(at_ns); /* the emulator goes on with the other CPU */
		while (now_ns < at_ns) {
			hal_cpu_wait();
			now_ns = hal_timer_now_ns();
		}
		woke_ns = now_ns;
		event_add();
	}
	hal_timer_disarm();
	hal_irq_enable();
}

/* --- its driver, on CPU 1 ---------------------------------------------------------------------------------------------- */

/* The clock, without what the device did meanwhile. */
static uint64_t now_here_ns(void)
{
	return hal_timer_now_ns() - atomic_load_explicit(&device.busy_ns, memory_order_relaxed);
}

/* Takes all there is; their number. */
static uint64_t take(struct cost *cost, uint64_t *now_ns)
{
	uint64_t first;
	uint64_t count = disruptor_poll(&device.reader, &first);

	*now_ns = hal_timer_now_ns();
	if (count > 0) {
		cost->waiting_ns += *now_ns - *DISRUPTOR_SLOT(&device.ring, uint64_t, first);
		disruptor_release(&device.reader, first + count);
	}
	return count;
}

/* Sleeps until the device interrupts; the time of that which was idling. */
static uint64_t sleep_for_interrupt(struct cost *cost)
{
	uint64_t wakeups = sched_this()->wakeups;
	uint64_t begin_ns = now_here_ns();

	(void)wait_queue_sleep(&device.came, WAIT_FOREVER);

	uint64_t ns = now_here_ns() - begin_ns;

	if (sched_this()->wakeups == wakeups || ns < wake_cpu_ns)
		return 0; /* an event came before it slept */
	cost->wakes++;
	return ns - wake_cpu_ns;
}

static struct cost serve(struct governor *governor, unsigned events)
{
	struct cost cost = { 0 };
	uint64_t idle_ns = 0;
	uint64_t begin_ns = now_here_ns();
	uint64_t now_ns;
	uint64_t wakes = 0;

	while (events > 0) {
		uint64_t count = take(&cost, &now_ns);

		cost.idle_wakes += count == 0 && cost.wakes != wakes;
		wakes = cost.wakes;
		events -= (unsigned)count;
		if (governor_step(governor, count, now_ns).mode == GOVERNOR_WAR) {
			fiber_yield();
			hal_cpu_relax();
			continue;
		}
		atomic_store_explicit(&device.wanted, 1, memory_order_relaxed);
		atomic_thread_fence(memory_order_seq_cst); /* pairs with the device's, between its event and `wanted` */
		if (disruptor_poll(&device.reader, &now_ns) == 0 && events > 0)
			idle_ns += sleep_for_interrupt(&cost);
		atomic_store_explicit(&device.wanted, 0, memory_order_relaxed);
	}
	cost.cpu_ns = now_here_ns() - begin_ns - idle_ns;
	return cost;
}

/* One service of a pattern, from CPU 0 to CPU 1 and back. */
struct service {
	const struct pattern *pattern;
	enum governor_rule rule;
	struct cost cost;
	_Atomic uint32_t state; /* 1: begun, 2: ended. W: driver */
};

static void driver_main(void *arg)
{
	struct service *service = arg;
	struct governor governor;

	wait_queue_init(&device.came);
	governor_init(&governor, service->rule, wake_cost_ns(), hal_timer_now_ns());
	atomic_store(&service->state, 1);
	service->cost = serve(&governor, service->pattern->events);
	atomic_store(&service->state, 2);
}

static void await(_Atomic uint32_t *state, uint32_t value)
{
	while (atomic_load(state) < value)
		hal_cpu_relax();
}

static const struct fiber_options driver_options = { .name = "driver", .priority = FIBER_NORMAL };

static struct cost run(const struct pattern *pattern, enum governor_rule rule)
{
	struct service service = { .pattern = pattern, .rule = rule };

	if (disruptor_init(&device.ring, device.slots, sizeof(device.slots[0]), RING, NULL) != STATUS_OK ||
	    disruptor_consumer_init(&device.reader, &device.ring, NULL, 0) != STATUS_OK)
		return service.cost;
	atomic_store(&device.wanted, 0);
	atomic_store(&device.busy_ns, 0);
	if (fiber_create_on(DRIVER_CPU, &driver_options, driver_main, &service) != STATUS_OK)
		return service.cost;
	await(&service.state, 1);
	device_run(pattern);
	await(&service.state, 2);
	return service.cost;
}

/* --- what a wake-up costs ----------------------------------------------------------------------------------------------- */

static uint64_t begun_ns;       /* W: CPU 1: just before it sleeps */
static uint64_t woke_up_ns;     /* W: CPU 1: just after */
static _Atomic uint32_t sleeps; /* W: CPU 1 */

static void sleeper_main(void *arg)
{
	(void)arg;
	wait_queue_init(&device.came);
	for (unsigned i = 0; i < WAKES; i++) {
		atomic_fetch_add(&sleeps, 1);
		begun_ns = hal_timer_now_ns();
		(void)wait_queue_sleep(&device.came, WAIT_FOREVER);
		woke_up_ns = hal_timer_now_ns();
	}
	atomic_fetch_add(&sleeps, 1);
}

static void measure_wake(void)
{
	uint64_t out_ns = 0;
	uint64_t in_ns = 0;

	atomic_store(&sleeps, 0);
	if (fiber_create_on(DRIVER_CPU, &driver_options, sleeper_main, NULL) != STATUS_OK)
		return;
	for (uint32_t i = 1; i <= WAKES; i++) {
		uint64_t sent_ns;

		await(&sleeps, i);
		while (!atomic_load(&sched_of(DRIVER_CPU)->sleeping))
			hal_cpu_relax();
		out_ns += hal_timer_now_ns() - begun_ns;
		message_send(DRIVER_CPU, interrupted, NULL);
		sent_ns = hal_timer_now_ns();
		await(&sleeps, i + 1);
		in_ns += woke_up_ns - sent_ns;
	}
	wake_cpu_ns = (in_ns + out_ns) / WAKES;
	guest_perf("governor_wake", (in_ns + out_ns) * 10 / WAKES, "instructions");
	guest_perf("governor_wake_wait", in_ns * 10 / WAKES, "instructions");
	guest_perf("governor_wake_cost", wake_cost_ns() * 10, "instructions");
}

/* --- the report --------------------------------------------------------------------------------------------------------- */

static void tell(const struct pattern *pattern, const char *what, uint64_t tenths, const char *unit)
{
	char name[64];

	(void)format_print(name, sizeof(name), "governor_%s_%s", pattern->name, what);
	guest_perf(name, tenths, unit);
}

/* Cost and waiting an event, wake-ups a hundred events, and how many of these were for nothing. */
static uint64_t report_rule(const struct pattern *pattern, enum governor_rule rule)
{
	static const char *const names[RULES][4] = {
		[GOVERNOR_AUTO] = { "auto", "auto_wait", "auto_wakes", "auto_idle_wakes" },
		[GOVERNOR_ALWAYS_WAR] = { "war", "war_wait", "war_wakes", "war_idle_wakes" },
		[GOVERNOR_ALWAYS_PEACE] = { "peace", "peace_wait", "peace_wakes", "peace_idle_wakes" },
	};
	struct cost cost = run(pattern, rule);
	uint64_t total_ns = cost.cpu_ns + cost.waiting_ns;

	tell(pattern, names[rule][0], total_ns * 10 / pattern->events, "cost/event");
	tell(pattern, names[rule][1], cost.waiting_ns * 10 / pattern->events, "ns/event");
	tell(pattern, names[rule][2], cost.wakes * 1000 / pattern->events, "wakes/100_events");
	tell(pattern, names[rule][3], cost.idle_wakes * 10, "wakes");
	return total_ns;
}

static void report(const struct pattern *pattern)
{
	uint64_t chosen_ns = report_rule(pattern, GOVERNOR_AUTO);
	uint64_t war_ns = report_rule(pattern, GOVERNOR_ALWAYS_WAR);
	uint64_t peace_ns = report_rule(pattern, GOVERNOR_ALWAYS_PEACE);
	uint64_t best_ns = war_ns < peace_ns ? war_ns : peace_ns;

	if (chosen_ns > 0 && best_ns > 0) /* else it could not be run, and the metric is missed */
		tell(pattern, "of_better", chosen_ns * 1000 / best_ns, "percent");
}

void bench_governor_run(void)
{
	measure_wake();
	for (unsigned i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		report(&patterns[i]);
}
