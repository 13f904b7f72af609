// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/governor over simulated arrivals: what it costs beside War and Peace alone, how often it switches, what waits. */
#include "kernel/io/governor.h"

#include <stdio.h>
#include <string.h>

#include "lib/bits.h"
#include "tests/unit/kernel/io/arrivals.h"
#include "tests/unit/unit.h"

static struct arrivals arrivals;
static struct governor governor;

static void start(void)
{
	arrivals.count = 0;
	arrivals.end_ns = 0;
}

static struct arrivals_cost run(enum governor_rule rule)
{
	governor_init(&governor, rule, GOVERNOR_WAKE_NS, 0);
	return arrivals_run(&arrivals, &governor);
}

static uint64_t total(enum governor_rule rule)
{
	struct arrivals_cost cost = run(rule);

	return arrivals_total_ns(&cost);
}

/* Holds the pattern to the bounds that governor.h states: cost, latency, switching. Says which one it was where they break. */
static void judge(const char *pattern, uint64_t a, uint64_t b, uint64_t c)
{
	struct arrivals_cost war = run(GOVERNOR_ALWAYS_WAR);
	struct arrivals_cost peace = run(GOVERNOR_ALWAYS_PEACE);
	struct arrivals_cost chosen = run(GOVERNOR_AUTO);
	uint64_t best = arrivals_total_ns(&war);

	if (arrivals_total_ns(&peace) < best)
		best = arrivals_total_ns(&peace);
	if (arrivals_total_ns(&chosen) > best + best / 10) {
		printf("\n    %s %llu %llu %llu: auto %llu ns, war %llu, peace %llu\n", pattern, (unsigned long long)a,
		       (unsigned long long)b, (unsigned long long)c, (unsigned long long)arrivals_total_ns(&chosen),
		       (unsigned long long)arrivals_total_ns(&war), (unsigned long long)arrivals_total_ns(&peace));
		CU_FAIL("auto costs more than 10 % above the better one");
	}
	CU_ASSERT(chosen.waiting_max_ns <= ARRIVALS_WAKE_WAIT_NS + GOVERNOR_POLL_NS);
	CU_ASSERT(chosen.closest_ns >= GOVERNOR_REST_NS);
	CU_ASSERT(governor.counters.switches <= 2 * (1 + arrivals.end_ns / GOVERNOR_REST_NS));
	start();
}

static void governor_leaves_silence_alone(void)
{
	start();
	arrivals.end_ns = ARRIVALS_END_NS;
	judge("silence", 0, 0, 0);
	CU_ASSERT_EQUAL(governor.counters.polls + governor.counters.wakes, 0);
}

static void governor_is_near_the_best_for_steady_rates(void)
{
	static const uint64_t gaps_ns[] = { 100, 400, 1000, 1900, 2000, 2100, 3000, 3700, 3900, 4100, 4500, 6000, 20000, 1000000 };

	start();
	for (unsigned i = 0; i < ARRAY_LEN(gaps_ns); i++) {
		arrivals_steady(&arrivals, gaps_ns[i]);
		judge("steady", gaps_ns[i], 0, 0);
	}
}

static void governor_is_near_the_best_for_poisson_arrivals(void)
{
	static const uint64_t means_ns[] = { 100, 300, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 8000, 100000 };

	start();
	for (unsigned i = 0; i < ARRAY_LEN(means_ns); i++) {
		arrivals_poisson(&arrivals, means_ns[i], i);
		judge("poisson", means_ns[i], 0, 0);
	}
}

static void governor_is_near_the_best_for_bursts(void)
{
	static const unsigned lengths[] = { 2, 5, 20, 100, 1000 };
	static const uint64_t gaps_ns[] = { 200, 1000, 3000 };
	static const uint64_t pauses_ns[] = { 6000, 20000, 50000, 110000, 1000000 };

	start();
	for (unsigned i = 0; i < ARRAY_LEN(lengths) * ARRAY_LEN(gaps_ns) * ARRAY_LEN(pauses_ns); i++) {
		unsigned length = lengths[i % 5];
		uint64_t gap_ns = gaps_ns[i / 5 % 3];
		uint64_t pause_ns = pauses_ns[i / 15];

		arrivals_bursts(&arrivals, length, gap_ns, pause_ns);
		judge("bursts", length, gap_ns, pause_ns);
	}
	/* As long as many wake-ups in Peace, and many more arrivals in War. */
	arrivals_bursts(&arrivals, 61, 162, 8064);
	judge("bursts", 61, 162, 8064);
}

/* What War saw must not hide that Peace would now do better: arrivals that share wake-ups are cheap in Peace. */
static void governor_follows_a_change_of_pattern(void)
{
	uint64_t best;

	start();
	while (arrivals.count < 10000)
		arrivals_add(&arrivals, 500);
	best = total(GOVERNOR_ALWAYS_WAR);
	start();
	while (arrivals.count < 10000)
		arrivals_add(&arrivals, arrivals.count % 40 == 0 ? 30000 : 100);
	best += total(GOVERNOR_ALWAYS_PEACE);
	start();
	while (arrivals.count < 10000)
		arrivals_add(&arrivals, 500);
	while (arrivals.count < 20000)
		arrivals_add(&arrivals, arrivals.count % 40 == 0 ? 30000 : 100);
	CU_ASSERT(total(GOVERNOR_AUTO) <= best + best / 10);
	CU_ASSERT_EQUAL(governor.mode, GOVERNOR_PEACE);
}

static void governor_is_near_the_best_for_sawteeth(void)
{
	static const unsigned teeth[] = { 10, 20, 50, 100, 500, 5000 };
	static const struct { uint64_t from_ns, to_ns; } slopes[] = {
		{ 40000, 200 }, { 8000, 1000 }, { 400000, 100 }, { 200, 40000 }, { 1000, 8000 },
	};

	start();
	for (unsigned i = 0; i < ARRAY_LEN(teeth) * ARRAY_LEN(slopes); i++) {
		uint64_t from_ns = slopes[i % 5].from_ns;
		uint64_t to_ns = slopes[i % 5].to_ns;

		arrivals_sawtooth(&arrivals, teeth[i / 5], (double)from_ns, (double)to_ns);
		judge("sawtooth", teeth[i / 5], from_ns, to_ns);
	}
}

/* Bursts that come just after War ended, so that each asks for another one. */
static void governor_switches_at_a_bounded_rate(void)
{
	start();
	for (unsigned i = 0; arrivals_add(&arrivals, i % 64 == 63 ? 8 * GOVERNOR_WAKE_NS + 100 : 200); i++)
		;

	struct arrivals_cost cost = run(GOVERNOR_AUTO);

	CU_ASSERT(governor.counters.switches > 100);
	CU_ASSERT(governor.counters.switches <= 2 * (1 + arrivals.end_ns / GOVERNOR_REST_NS));
	CU_ASSERT(cost.closest_ns >= GOVERNOR_REST_NS);
}

/* A few arrivals out of silence, at once after the start or later, are no reason to poll. */
static void governor_ignores_a_lone_group(void)
{
	start();
	for (unsigned i = 0; i < 4; i++)
		arrivals_add(&arrivals, 2500);
	arrivals_add(&arrivals, 10000000);
	for (unsigned i = 0; i < 4; i++)
		arrivals_add(&arrivals, 2500);
	run(GOVERNOR_AUTO);
	CU_ASSERT_EQUAL(governor.counters.polls, 0);
}

/* What the very first arrivals promise is not believed either. */
static void governor_begins_as_after_silence(void)
{
	start();
	for (unsigned i = 0; i < 4; i++)
		arrivals_add(&arrivals, 2500);
	run(GOVERNOR_AUTO);
	CU_ASSERT_EQUAL(governor.counters.polls, 0);
}

/* By the numbers: what it thinks of War at first, and after one arrival. */
static void governor_counts_gains_exactly(void)
{
	governor_init(&governor, GOVERNOR_AUTO, 800, 1000);
	CU_ASSERT(governor.wars[0].gain_ns == -800 * 32 && governor.wars[1].gain_ns == -800 * 32 && governor.settled);
	CU_ASSERT(governor.last_ns == 1000 && governor.mode == GOVERNOR_PEACE);
	(void)governor_step(&governor, 1, 1300); /* a gap of 300 ns, of which a poll was of use for 50: 800 - 250 gained */
	CU_ASSERT_EQUAL(governor.wars[0].gain_ns, -800 * 31 + 550);
	CU_ASSERT_EQUAL(governor.wars[1].gain_ns, -800 * 31 + 550);
	CU_ASSERT(governor.waking_until_ns == 1700 && governor.last_ns == 1300);
	governor_init(&governor, GOVERNOR_AUTO, 800, 1000);
	(void)governor_step(&governor, 2, 1300); /* two: 100 more for the fiber that falls asleep, 50 less of the gap */
	CU_ASSERT_EQUAL(governor.wars[0].gain_ns, -800 * 31 + 700);
	(void)governor_step(&governor, 1, 1500); /* it shares the wake-up */
	CU_ASSERT_EQUAL(governor.shared_ns, 150);
	CU_ASSERT_EQUAL(governor.wars[0].gain_ns, -800 * 31 + 700);
	governor_init(&governor, GOVERNOR_ALWAYS_WAR, 800, 1000);
	CU_ASSERT(governor.mode == GOVERNOR_WAR && governor.poll_until_ns == UINT64_MAX);
}

static void governor_learns_a_rate_in_bounded_time(void)
{
	static const uint64_t gaps_ns[] = { 50, 100, 500, 1000, 2500, 2900 };

	for (unsigned i = 0; i < ARRAY_LEN(gaps_ns); i++) {
		start();
		for (unsigned j = 0; j < 20; j++)
			arrivals_add(&arrivals, 1000000);

		uint64_t slow = arrivals.count;

		arrivals_steady(&arrivals, gaps_ns[i]);

		struct arrivals_cost cost = run(GOVERNOR_AUTO);

		CU_ASSERT(cost.first_wakes > slow);
		CU_ASSERT(cost.first_wakes <= slow + GOVERNOR_LEARN_WAKES);
	}
}

/* In Peace a look finds all that came since the one before: looks further apart than wake_ns hide gaps that War would do better with. */
static void governor_learns_from_looks_that_find_several(void)
{
	uint64_t now_ns = 0;
	unsigned looks = 0;

	governor_init(&governor, GOVERNOR_AUTO, GOVERNOR_WAKE_NS, 0);
	for (; governor.mode == GOVERNOR_PEACE && looks < 2 * GOVERNOR_LEARN_WAKES; looks++)
		(void)governor_step(&governor, 4, now_ns += GOVERNOR_WAKE_NS * 21 / 20);
	CU_ASSERT_EQUAL(governor.mode, GOVERNOR_WAR);
	governor_init(&governor, GOVERNOR_AUTO, GOVERNOR_WAKE_NS, 0);
	for (looks = 0; looks < 1000; looks++)
		(void)governor_step(&governor, 1, now_ns += GOVERNOR_WAKE_NS * 21 / 20);
	CU_ASSERT_EQUAL(governor.counters.polls, 0);
}

/* A long silence, of whatever length, is forgotten as fast as a short one. */
static void governor_remembers_silence_for_a_bounded_time(void)
{
	uint64_t wakes[2];

	for (unsigned i = 0; i < 2; i++) {
		start();
		for (unsigned j = 0; j < (i == 0 ? 8 : 500); j++)
			arrivals_add(&arrivals, 10 * GOVERNOR_WAKE_NS);

		uint64_t slow = arrivals.count;

		arrivals_steady(&arrivals, 1000);
		wakes[i] = run(GOVERNOR_AUTO).first_wakes - slow;
	}
	CU_ASSERT_EQUAL(wakes[0], wakes[1]);
}

static void governor_gives_up_polling_in_bounded_time(void)
{
	start();
	while (arrivals.count < 5000)
		arrivals_add(&arrivals, 500);
	run(GOVERNOR_AUTO);
	CU_ASSERT_EQUAL(governor.mode, GOVERNOR_WAR);
	arrivals_silence(&arrivals, 100000000);

	uint64_t polls = run(GOVERNOR_AUTO).polling_ns / GOVERNOR_POLL_NS;

	CU_ASSERT_EQUAL(governor.mode, GOVERNOR_PEACE);
	CU_ASSERT(polls <= (arrivals.at_ns[4999] + 8 * GOVERNOR_WAKE_NS) / GOVERNOR_POLL_NS);
	CU_ASSERT_EQUAL(governor.counters.switches, 2);
}

static void governor_obeys_a_forced_mode(void)
{
	start();
	arrivals_bursts(&arrivals, 100, 200, 50000);
	run(GOVERNOR_ALWAYS_WAR);
	CU_ASSERT_EQUAL(governor.counters.switches + governor.counters.wakes, 0);
	CU_ASSERT_EQUAL(governor.counters.events[GOVERNOR_WAR], arrivals.count);
	run(GOVERNOR_ALWAYS_PEACE);
	CU_ASSERT_EQUAL(governor.counters.switches + governor.counters.polls, 0);
	CU_ASSERT_EQUAL(governor.counters.events[GOVERNOR_PEACE], arrivals.count);
}

static void governor_counts_every_look_and_event(void)
{
	start();
	arrivals_bursts(&arrivals, 100, 200, 50000);

	struct arrivals_cost cost = run(GOVERNOR_AUTO);
	const struct governor_counters *counters = &governor.counters;

	CU_ASSERT(counters->events[GOVERNOR_WAR] > 0 && counters->events[GOVERNOR_PEACE] > 0);
	CU_ASSERT_EQUAL(counters->events[GOVERNOR_WAR] + counters->events[GOVERNOR_PEACE], arrivals.count);
	CU_ASSERT_EQUAL(counters->empty_polls, cost.polling_ns / GOVERNOR_POLL_NS);
	CU_ASSERT(counters->polls > counters->empty_polls);
	CU_ASSERT_EQUAL(counters->wakes, cost.waking_ns / ARRIVALS_WAKE_CPU_NS);
}

static void governor_parses_its_rule(void)
{
	static const char *const bad[] = { "", "wa", "warr", "War", "auto ", "peace,war", "0" };
	enum governor_rule rule = GOVERNOR_ALWAYS_WAR;

	CU_ASSERT_EQUAL(governor_rule_parse(span_of("auto", 4), &rule), STATUS_OK);
	CU_ASSERT_EQUAL(rule, GOVERNOR_AUTO);
	CU_ASSERT_EQUAL(governor_rule_parse(span_of("war", 3), &rule), STATUS_OK);
	CU_ASSERT_EQUAL(rule, GOVERNOR_ALWAYS_WAR);
	CU_ASSERT_EQUAL(governor_rule_parse(span_of("peace", 5), &rule), STATUS_OK);
	CU_ASSERT_EQUAL(rule, GOVERNOR_ALWAYS_PEACE);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		CU_ASSERT_EQUAL(governor_rule_parse(span_of(bad[i], strlen(bad[i])), &rule), STATUS_EINVAL);
		CU_ASSERT_EQUAL(rule, GOVERNOR_ALWAYS_PEACE);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(governor_leaves_silence_alone),
	UNIT_CASE(governor_is_near_the_best_for_steady_rates),
	UNIT_CASE(governor_is_near_the_best_for_poisson_arrivals),
	UNIT_CASE(governor_is_near_the_best_for_bursts),
	UNIT_CASE(governor_is_near_the_best_for_sawteeth),
	UNIT_CASE(governor_follows_a_change_of_pattern),
	UNIT_CASE(governor_switches_at_a_bounded_rate),
	UNIT_CASE(governor_ignores_a_lone_group),
	UNIT_CASE(governor_begins_as_after_silence),
	UNIT_CASE(governor_counts_gains_exactly),
	UNIT_CASE(governor_learns_a_rate_in_bounded_time),
	UNIT_CASE(governor_learns_from_looks_that_find_several),
	UNIT_CASE(governor_remembers_silence_for_a_bounded_time),
	UNIT_CASE(governor_gives_up_polling_in_bounded_time),
	UNIT_CASE(governor_obeys_a_forced_mode),
	UNIT_CASE(governor_counts_every_look_and_event),
	UNIT_CASE(governor_parses_its_rule),
};
UNIT_MAIN("kernel/io/governor", cases)
