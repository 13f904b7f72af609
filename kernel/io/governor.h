// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * War or Peace: whether a source of events (a device's queue, a submission ring) is polled with its interrupt off, or left to
 * interrupt while its fiber sleeps. One governor a source; pure: it is told what was found and when, and says what to do.
 *
 * Costs. Waiting in War costs CPU time, as much as passes: an empty poll takes GOVERNOR_POLL_NS, finds nothing, and the next one
 * follows. Peace costs `wake_ns` a wake-up, however long it was waited for; what comes while a wake-up is under way comes with it.
 * So where arrivals are far enough apart not to share wake-ups, War is the better one for gaps below wake_ns.
 *
 * Decision. A policy is how long to poll after an arrival before giving up: not at all; wake_ns, which is what giving up would have
 * cost, for bursts; or 8 * wake_ns, for irregular arrivals whose gaps are mostly short. What each gap would have cost under each
 * is added to that policy's score, in which whatever is a wake-up older counts 1/32 less; the governor follows the cheapest.
 * Hysteresis, twice: another policy is taken only where its score is 1/16 better; and when War has ended, Peace lasts for
 * GOVERNOR_REST_NS at least, which the scores know of.
 *
 * Bounds, which tests/unit/kernel/io/governor_test.c holds:
 *   - switching: War begins at most once in GOVERNOR_REST_NS and ends as often;
 *   - latency: Peace waits for nothing but the interrupt, so the oldest event waits one wake-up longer than in War, at most;
 *   - wake-ups less than 3/4 of wake_ns apart bring War after at most GOVERNOR_LEARN_WAKES of them, whatever was before, and
 *     GOVERNOR_REST_NS; a gap of 8 * wake_ns ends it;
 *   - cost: at most 1/10 above the better of always War and always Peace for each pattern of the test: silence, steady, Poisson,
 *     bursts, sawtooth. A pattern that changes as fast as the scores fade can cost more: 13 % is the worst that random ones did.
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

/*
 * Peace after War: 50,000 Wars a second at most. Turning a device's interrupt off and on is about 1,000 ns, so that this is 5 % of
 * the time. Much longer, and bursts fall into the rest of the one before.
 */
#define GOVERNOR_REST_NS 20000

/* log(score of 2 wakes -> 15/16 of a wake, at 3/4 of a wake each) / log(31/32), rounded up. */
#define GOVERNOR_LEARN_WAKES 64

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
	uint64_t score;         /* ns, fading: 32 times the mean for each wake-up there would have been */
};

struct governor_counters {
	uint64_t switches;               /* from one mode to the other */
	uint64_t events[GOVERNOR_MODES]; /* found in each mode */
	uint64_t polls;                  /* looks at the source in War */
	uint64_t empty_polls;            /* of these, without an event */
	uint64_t wakes;                  /* looks at the source in Peace: interrupts, but for looks on other occasions */
};

/* W: who looks at the source, at one time one fiber. */
struct governor {
	enum governor_rule rule;
	enum governor_mode mode;
	uint64_t poll_until_ns; /* in War: when to give up */
	uint64_t rest_until_ns; /* no War before */
	uint64_t wake_ns;
	uint64_t last_ns;         /* the last arrival */
	uint64_t waking_until_ns; /* in Peace, a wake-up would be under way until then */
	unsigned policy;          /* index of the one followed */
	struct governor_policy policies[GOVERNOR_POLICIES];
	struct governor_counters counters;
};

struct governor_decision {
	enum governor_mode mode;
	uint64_t poll_until_ns; /* War: poll on, and report at the latest then that nothing was found. 0 in Peace */
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
