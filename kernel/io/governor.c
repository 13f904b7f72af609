// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/governor.h"

#include <stdbool.h>
#include <stddef.h>

#include "lib/bits.h"
#include "lib/string.h"

#define FADE_SHIFT 4   /* an arrival weighs 1/16 in a score */
#define MARGIN_SHIFT 4 /* another policy must be 1/16 cheaper */

enum { POLICY_PEACE, POLICY_BRIEF, POLICY_LONG };

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

void governor_init(struct governor *governor, enum governor_rule rule, uint64_t wake_ns, uint64_t now_ns)
{
	*governor = (struct governor){
		.rule = rule,
		.mode = rule == GOVERNOR_ALWAYS_WAR ? GOVERNOR_WAR : GOVERNOR_PEACE,
		.poll_until_ns = rule == GOVERNOR_ALWAYS_WAR ? UINT64_MAX : 0,
		.wake_ns = wake_ns,
		.last_ns = now_ns,
		.policies = {
			[POLICY_BRIEF] = { .poll_ns = wake_ns },
			[POLICY_LONG] = { .poll_ns = 8 * wake_ns },
		},
	};
	/* As after silence: War must be earned. */
	for (unsigned i = 0; i < GOVERNOR_POLICIES; i++)
		governor->policies[i].score = (wake_ns + governor->policies[i].poll_ns) << FADE_SHIFT;
}

/* What an arrival costs in Peace: nothing where it falls into the wake-up of the one before. */
static uint64_t wake_cost(struct governor *governor, uint64_t now_ns)
{
	if (now_ns < governor->waking_until_ns)
		return 0;
	governor->waking_until_ns = now_ns + governor->wake_ns / 2;
	return governor->wake_ns;
}

/* What the arrivals found now cost under a policy: `wake_ns` in Peace; in War the gap, but for `useful_ns` of it. */
static uint64_t policy_cost(const struct governor *governor, struct governor_policy *policy, uint64_t now_ns, uint64_t wake_ns,
			    uint64_t useful_ns)
{
	uint64_t gap_ns = now_ns - governor->last_ns;

	if (policy->poll_ns == 0 || governor->last_ns < policy->rest_until_ns)
		return wake_ns;
	if (gap_ns <= policy->poll_ns)
		return gap_ns > useful_ns ? gap_ns - useful_ns : 0;
	policy->rest_until_ns = governor->last_ns + policy->poll_ns + GOVERNOR_REST_NS;
	return policy->poll_ns + governor->wake_ns;
}

static void policy_choose(struct governor *governor)
{
	unsigned best = governor->policy;
	uint64_t score = governor->policies[best].score;

	score -= score >> MARGIN_SHIFT;
	for (unsigned i = 0; i < GOVERNOR_POLICIES; i++)
		if (governor->policies[i].score < score) {
			best = i;
			score = governor->policies[i].score;
		}
	governor->policy = best;
}

static void arrival_score(struct governor *governor, uint64_t events, uint64_t now_ns)
{
	uint64_t wake_ns = wake_cost(governor, now_ns);
	bool round = wake_ns != 0;

	for (unsigned i = 0; i < GOVERNOR_POLICIES; i++) {
		struct governor_policy *policy = &governor->policies[i];

		if (round)
			policy->score -= policy->score >> FADE_SHIFT;
		policy->score += policy_cost(governor, policy, now_ns, wake_ns, events * GOVERNOR_POLL_NS);
	}
	if (round)
		policy_choose(governor);
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
	uint64_t poll_ns;

	arrival_score(governor, events, now_ns);
	poll_ns = governor->policies[governor->policy].poll_ns;
	if (poll_ns == 0) {
		mode_set(governor, GOVERNOR_PEACE, now_ns);
	} else if (governor->mode == GOVERNOR_WAR || now_ns >= governor->rest_until_ns) {
		mode_set(governor, GOVERNOR_WAR, now_ns);
		governor->poll_until_ns = now_ns + poll_ns;
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
