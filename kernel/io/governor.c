// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/governor.h"

#include <stdbool.h>
#include <stddef.h>

#include "lib/bits.h"
#include "lib/string.h"

/* Shorter, and one burst makes the pauses forgotten; longer, and learning a high rate costs too much of what War saves. */
#define FADE_SHIFT 5

/* Another policy must be 1/16 cheaper: less than the 1/10 that auto may cost, with room for learning. */
#define MARGIN_SHIFT 4

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

/* What arrivals found now cost in Peace: nothing where they share the wake-up of those before. */
static uint64_t peace_cost(struct governor *governor, uint64_t now_ns)
{
	if (now_ns < governor->waking_until_ns)
		return 0;
	governor->waking_until_ns = now_ns + governor->wake_ns / 2;
	return governor->wake_ns;
}

/* The same under a policy: in War, the gap that was polled through, but for `useful_ns` of it, in which polls found something. */
static uint64_t policy_cost(const struct governor *governor, struct governor_policy *policy, uint64_t now_ns, uint64_t peace_ns,
			    uint64_t useful_ns)
{
	uint64_t gap_ns = now_ns - governor->last_ns;

	if (policy->poll_ns == 0 || governor->last_ns < policy->rest_until_ns)
		return peace_ns;
	if (gap_ns <= policy->poll_ns)
		return gap_ns > useful_ns ? gap_ns - useful_ns : 0;
	policy->rest_until_ns = governor->last_ns + policy->poll_ns + GOVERNOR_REST_NS;
	return policy->poll_ns + governor->wake_ns;
}

/* Takes the cheapest policy, where it is cheaper by the margin. */
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

/* Scores fade with each wake-up that there would have been in Peace: at the same pace whatever the mode and the rate are. */
static void arrival_score(struct governor *governor, uint64_t events, uint64_t now_ns)
{
	uint64_t peace_ns = peace_cost(governor, now_ns);

	for (unsigned i = 0; i < GOVERNOR_POLICIES; i++) {
		struct governor_policy *policy = &governor->policies[i];

		if (peace_ns != 0)
			policy->score -= policy->score >> FADE_SHIFT;
		policy->score += policy_cost(governor, policy, now_ns, peace_ns, events * GOVERNOR_POLL_NS);
	}
	if (peace_ns != 0)
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
