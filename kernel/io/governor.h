// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * War or Peace: whether a source of events (a device's queue, a submission ring) is polled with its interrupt off, or left to
 * interrupt while its fiber sleeps. One governor a source; pure: it is told what was found and when, and says what to do.
 *
 * Costs. Waiting in War costs CPU time, as much as passes: an empty poll costs GOVERNOR_POLL_NS and finds nothing, and the
 * next one follows. An arrival in Peace costs `wake_ns`, however long it was waited for. Events found together are one arrival. So
 * with arrivals every `gap` ns, War is the better one where gap < wake_ns.
 *
 * Decision. A policy is how long to poll after an arrival before giving up: not at all, wake_ns (what an interrupt would have cost:
 * for bursts), or 8 * wake_ns (for irregular arrivals whose gaps are mostly short). After each arrival, what its gap would
 * have cost under each is added to that policy's score, in which older arrivals fade by 1/16 each; the governor follows the
 * cheapest. Hysteresis, twice: another policy is taken only when its score is 1/16 better; and after War ended, Peace lasts for
 * GOVERNOR_REST_NS at least, which the scores know of.
 *
 * Bounds (tests/unit/kernel/io/governor_test.c holds them):
 *   - switching: War begins at most once in GOVERNOR_REST_NS and ends as often: 20,000 switches a second;
 *   - latency: Peace never waits but for the interrupt, so an event waits one wake-up longer than in War, at most;
 *   - from Peace, arrivals with less than half of wake_ns between them bring War within GOVERNOR_LEARN_ARRIVALS of them after the
 *     rest, and from War, the first gap of 8 * wake_ns brings Peace;
 *   - cost: within 10 % of the better of always War and always Peace, where the pattern lasts.
 *
 * Rejected: a threshold on a mean rate, which bursts with pauses between them fool either way, and which polls through every
 * pause or through none.
 */
#ifndef KERNEL_IO_GOVERNOR_H
#define KERNEL_IO_GOVERNOR_H

#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

/* An empty poll: a load of the producer's sequence that misses this CPU's cache, and the loop around it. */
#define GOVERNOR_POLL_NS 50

/*
 * An interrupt and the wake-up it makes: about 2,000 ns of CPU (exception, GIC acknowledge and end, fiber switches, register
 * accesses that leave a virtual machine) and as long that the event waits for it, valued like CPU time.
 */
#define GOVERNOR_WAKE_NS 4000

/* Peace after War, so that turning a device's interrupt off and on (about 1,000 ns) costs 1 % at most. */
#define GOVERNOR_REST_NS 100000

#define GOVERNOR_LEARN_ARRIVALS 48

enum governor_mode {
	GOVERNOR_PEACE,
	GOVERNOR_WAR,
	GOVERNOR_MODES,
};

/* What `io=` on the command line says. */
enum governor_rule {
	GOVERNOR_AUTO,
	GOVERNOR_ALWAYS_WAR,
	GOVERNOR_ALWAYS_PEACE,
};

enum { GOVERNOR_POLICIES = 3 };

/* What following one policy would have cost. */
struct governor_policy {
	uint64_t poll_ns;       /* after each arrival */
	uint64_t rest_until_ns; /* Peace until then */
	uint64_t score;         /* ns, fading: 16 times the mean of the last arrivals */
};

struct governor_counters {
	uint64_t switches;               /* from one mode to the other */
	uint64_t events[GOVERNOR_MODES]; /* found in each mode */
	uint64_t polls;                  /* looks at the source in War */
	uint64_t empty_polls;            /* of these, without an event */
	uint64_t wakes;                  /* looks at the source in Peace: interrupts, but for looks on other occasions */
};

/* Written by who looks at the source; counters may be read by anybody on that CPU. */
struct governor {
	enum governor_rule rule;
	enum governor_mode mode;
	uint64_t poll_until_ns; /* in War: when to give up */
	uint64_t wake_ns;
	uint64_t last_ns;       /* the last arrival */
	uint64_t waking_until_ns; /* in Peace, an interrupt would be on its way until then */
	uint64_t rest_until_ns; /* no War before */
	unsigned policy;        /* index of the one followed */
	struct governor_policy policies[GOVERNOR_POLICIES];
	struct governor_counters counters;
};

struct governor_decision {
	enum governor_mode mode;
	/* War: poll again, and report when something was found, or at the latest then that nothing was. 0 in Peace. */
	uint64_t poll_until_ns;
};

/* "war", "peace" or "auto". STATUS_EINVAL for anything else: `rule` is as it was. */
MUST_CHECK status_t governor_rule_parse(struct span text, enum governor_rule *rule);

/* `wake_ns`: what an interrupt costs here, GOVERNOR_WAKE_NS where nobody measured it. Begins in Peace, but for ALWAYS_WAR. */
void governor_init(struct governor *governor, enum governor_rule rule, uint64_t wake_ns, uint64_t now_ns);

/*
 * After every look at the source, in either mode: `events` were found and taken. Peace means: turn the source's interrupt on, look
 * once more, since what came before that does not interrupt, and sleep. Context: whoever looks at the source.
 */
struct governor_decision governor_step(struct governor *governor, uint64_t events, uint64_t now_ns);

#endif
