// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/governor.h"

#include <stddef.h>

#include "lib/bits.h"
#include "lib/string.h"

/* Shorter, and one burst makes the pauses forgotten; longer, and learning a high rate costs too much of what War saves. */
#define FADE_SHIFT 5

/* Another policy must be 1/16 of a wake-up better: less than the 1/10 that auto may cost, with room for learning. */
#define MARGIN_SHIFT 4

/* Peace that leads by 1/8 gains nothing by leading further: what speaks for it is not counted then, as counting costs 1/16 itself. */
#define LEAD_SHIFT 3

status_t governor_rule_parse(struct span text, enum governor_rule *rule)
{
	static const char *const names[] = { [GOVERNOR_AUTO] = "auto", [GOVERNOR_ALWAYS_WAR] = "war", [GOVERNOR_ALWAYS_PEACE] = "peace" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == text.len && memcmp(names[i], text.data, text.len) == 0) {
			*rule = (enum governor_rule)i;
			return STATUS_OK;
		}
	return STATUS_EINVAL;
}

/* `wake_ns` of gain for each of the wake-ups that count. */
static int64_t gain_of(uint64_t wake_ns)
{
	return (int64_t)(wake_ns << FADE_SHIFT);
}

void governor_init(struct governor *governor, enum governor_rule rule, uint64_t wake_ns, uint64_t now_ns)
{
	*governor = (struct governor){
		.rule = rule,
		.mode = rule == GOVERNOR_ALWAYS_WAR ? GOVERNOR_WAR : GOVERNOR_PEACE,
		.poll_until_ns = rule == GOVERNOR_ALWAYS_WAR ? UINT64_MAX : 0,
		.wake_ns = wake_ns,
		.last_ns = now_ns,
		.settled = true,
	};
	/* As after silence: War must be earned. */
	for (unsigned i = 0; i < GOVERNOR_WARS; i++)
		governor->wars[i].gain_ns = -gain_of(wake_ns);
}

/* How long to poll after an arrival: wake_ns, or 8 * wake_ns. */
static uint64_t war_poll_ns(const struct governor *governor, unsigned number)
{
	return governor->wake_ns << 3 * number;
}

/*
 * What a wake-up for `events` costs in Peace. Where there are several, the first most likely came while those before were served and
 * the fiber fell asleep, and waited for that as well.
 */
static uint64_t peace_cost(const struct governor *governor, uint64_t events)
{
	return governor->wake_ns + (events > 1 ? governor->wake_ns / 8 : 0);
}

/* In War, a gap that is polled through costs all of it but the time in which polls found something. */
static uint64_t gap_cost(uint64_t gap_ns, uint64_t events)
{
	uint64_t useful_ns = events * GOVERNOR_POLL_NS;

	return gap_ns > useful_ns ? gap_ns - useful_ns : 0;
}

/*
 * Adds what a War would have gained by an arrival. Where several came at once, as they do in Peace, the first of them came half a
 * wake-up earlier, and polls would have found it then. Losses beyond a wake-up each time are not counted: what is so much worse
 * need not be known, and would take the longer to forget.
 */
static inline void war_score(struct governor *governor, unsigned number, uint64_t events, uint64_t gap_ns)
{
	struct governor_war *war = &governor->wars[number];
	uint64_t wake_ns = governor->wake_ns;
	uint64_t poll_ns = war_poll_ns(governor, number);
	int64_t gain_ns = war->gain_ns - (war->gain_ns >> FADE_SHIFT);

	if (governor->last_ns >= war->rest_until_ns) {
		gain_ns += (int64_t)(peace_cost(governor, events) - governor->shared_ns);
		if (gap_ns <= poll_ns + (events > 1 ? wake_ns / 2 : 0)) {
			gain_ns -= (int64_t)gap_cost(gap_ns, events);
		} else {
			gain_ns -= (int64_t)(poll_ns + wake_ns);
			war->rest_until_ns = governor->last_ns + poll_ns + GOVERNOR_REST_NS;
		}
	}
	war->gain_ns = gain_ns < -gain_of(wake_ns) ? -gain_of(wake_ns) : gain_ns;
}

/* Takes the best policy, where it is better by the margin. */
static void policy_choose(struct governor *governor)
{
	int64_t brief_ns = governor->wars[0].gain_ns;
	int64_t long_ns = governor->wars[1].gain_ns;
	int64_t best_ns = gain_of(governor->wake_ns) >> MARGIN_SHIFT;
	int64_t settled_ns = -(gain_of(governor->wake_ns) >> LEAD_SHIFT);
	unsigned best = governor->policy;

	if (best > 0)
		best_ns += governor->wars[best - 1].gain_ns;
	if (best_ns < 0) {
		best = 0;
		best_ns = 0;
	}
	if (brief_ns > best_ns) {
		best = 1;
		best_ns = brief_ns;
	}
	if (long_ns > best_ns)
		best = 2;
	governor->policy = best;
	governor->settled = brief_ns <= settled_ns && long_ns <= settled_ns;
}

/* Gains fade with each wake-up that there would have been in Peace: at the same pace whatever the mode and the rate are. */
static void arrival_score(struct governor *governor, uint64_t events, uint64_t gap_ns)
{
	war_score(governor, 0, events, gap_ns);
	war_score(governor, 1, events, gap_ns);
	policy_choose(governor);
}

/* Learns from an arrival, as cheaply as can be: in Peace each instruction here makes Peace dearer. */
static void arrival_learn(struct governor *governor, uint64_t events, uint64_t now_ns)
{
	uint64_t gap_ns = now_ns - governor->last_ns;

	if (now_ns < governor->waking_until_ns) { /* in Peace it shares the wake-up of the one before */
		governor->shared_ns += gap_cost(gap_ns, events);
	} else {
		if (!governor->settled || gap_cost(gap_ns, events) < peace_cost(governor, events))
			arrival_score(governor, events, gap_ns);
		governor->waking_until_ns = now_ns + governor->wake_ns / 2;
		governor->shared_ns = 0;
	}
	governor->last_ns = now_ns;
}

static void mode_set(struct governor *governor, enum governor_mode mode, uint64_t now_ns)
{
	if (mode == governor->mode)
		return;
	if (mode == GOVERNOR_PEACE) {
		governor->rest_until_ns = now_ns + GOVERNOR_REST_NS;
		governor->poll_until_ns = 0;
	}
	governor->mode = mode;
	governor->counters.switches++;
}

/* What an arrival means for the mode. */
static void arrival_decide(struct governor *governor, uint64_t events, uint64_t now_ns)
{
	arrival_learn(governor, events, now_ns);
	if (governor->policy == 0) {
		mode_set(governor, GOVERNOR_PEACE, now_ns);
	} else if (governor->mode == GOVERNOR_WAR || now_ns >= governor->rest_until_ns) {
		mode_set(governor, GOVERNOR_WAR, now_ns);
		governor->poll_until_ns = now_ns + war_poll_ns(governor, governor->policy - 1);
	}
}

struct governor_decision governor_step(struct governor *governor, uint64_t events, uint64_t now_ns)
{
	struct governor_counters *counters = &governor->counters;

	if (governor->mode == GOVERNOR_WAR) {
		counters->polls++;
		counters->empty_polls += events == 0;
	} else {
		counters->wakes++;
	}
	counters->events[governor->mode] += events;
	if (governor->rule == GOVERNOR_AUTO) {
		if (events > 0)
			arrival_decide(governor, events, now_ns);
		else if (governor->mode == GOVERNOR_WAR && now_ns >= governor->poll_until_ns)
			mode_set(governor, GOVERNOR_PEACE, now_ns);
	}
	return (struct governor_decision){ governor->mode, governor->poll_until_ns };
}
