// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * War or Peace: whether a source of events (a device's queue, a submission ring) is polled with its interrupt off, or left to
 * interrupt while its fiber sleeps. One governor a source; pure: it is told what was found and when, and says what to do.
 *
 * Costs. Waiting in War costs CPU time, as much as passes: an empty poll takes GOVERNOR_POLL_NS, finds nothing, and the next one
 * follows. Peace costs `wake_ns` a wake-up, however long it was waited for: CPU time, and that the event waits for it, valued
 * like CPU time. What comes while a wake-up is under way comes with it. So where arrivals are far enough apart not to share
 * wake-ups, War is the better one for gaps below wake_ns.
 *
 * Decision. There are three policies: not to poll at all; to poll for wake_ns after an arrival before giving up, which is what giving up
 * would have cost, for bursts; or for 8 * wake_ns, for irregular arrivals whose gaps are mostly short. What each gap would
 * have cost less under each than in Peace is added up, and whatever is a wake-up older counts 1/32 less; the governor follows the
 * policy with the largest gain. Hysteresis, twice: another policy is taken only where it is 1/16 of a wake-up better for each; and
 * when War has ended, Peace lasts for GOVERNOR_REST_NS at least, which the gains know of.
 *
 * Deciding is CPU time as well, and in Peace it comes on top: once Peace leads by 1/8 of a wake-up, what speaks for it is not
 * counted any more, and what shares a wake-up is added up until the next one.
 *
 * Bounds, which tests/unit/kernel/io/governor_test.c holds:
 *   - switching: War begins at most once in GOVERNOR_REST_NS and ends as often;
 *   - latency: Peace waits for nothing but the interrupt, so the oldest event waits one wake-up longer than in War, at most;
 *   - wake-ups less than 3/4 of wake_ns apart bring War after at most GOVERNOR_LEARN_WAKES of them, whatever was before, and
 *     GOVERNOR_REST_NS; a gap of 8 * wake_ns ends it;
 *   - cost: at most 1/10 above the better of always War and always Peace for each pattern of the test: silence, steady, Poisson,
 *     bursts, sawtooth. A pattern that changes as fast as gains fade can cost more: of 17,500 random ones 12 did, 17 % at the worst.
 *
 * tests/guest/bench_governor.c measures the last one in the kernel, by the instruction.
 *
 * Rejected: a threshold on a mean rate, which bursts with pauses between them fool either way, and which polls through every
 * pause or through none.
 */
#ifndef KERNEL_IO_GOVERNOR_H
#define KERNEL_IO_GOVERNOR_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

/* An empty poll: a load of the producer's sequence that misses this CPU's cache, and the loop around it; 45 instructions. */
#define GOVERNOR_POLL_NS 50

/*
 * An interrupt and the wake-up it makes, where nobody measured it (wake_cost.h), in a virtual machine: about 2,000 ns of CPU (440
 * instructions, and register accesses that leave the machine) and as long that the event waits for it.
 */
#define GOVERNOR_WAKE_NS 4000

/*
 * Peace after War: 50,000 Wars a second at most. Turning a device's interrupt off and on is about 1,000 ns, so that this is 5 % of
 * the time. Much longer, and bursts fall into the rest of the one before.
 */
#define GOVERNOR_REST_NS 20000

/* From a loss of a wake-up to a gain of 1/16, at 1/4 for each: log(20/3) / log(32/31), 60, and some room. */
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

enum { GOVERNOR_WARS = 2 };

/* A way to wage War: to poll for so long after each arrival. And what following it would have meant. */
struct governor_war {
	uint64_t rest_until_ns; /* Peace until then */
	int64_t gain_ns;        /* over Peace, fading: 32 times the mean for each wake-up there would have been */
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
	unsigned policy;          /* 0: Peace; else the number of the War that is followed */
	bool settled;             /* on Peace */
	uint64_t shared_ns;       /* what War would have polled for arrivals that in Peace share the last wake-up */
	struct governor_war wars[GOVERNOR_WARS];
	struct governor_counters counters;
};

struct governor_decision {
	enum governor_mode mode;
	uint64_t poll_until_ns; /* War: poll on, and report at the latest then that nothing was found. 0 in Peace */
};

/* "war", "peace" or "auto". STATUS_EINVAL for anything else: `rule` is as it was. */
MUST_CHECK status_t governor_rule_parse(struct span text, enum governor_rule *rule);

/* `wake_ns`: what an interrupt costs here: wake_cost_ns(), or GOVERNOR_WAKE_NS. Begins in Peace, but for ALWAYS_WAR. */
void governor_init(struct governor *governor, enum governor_rule rule, uint64_t wake_ns, uint64_t now_ns);

/*
 * After every look at the source, in either mode: `events` were found and taken. Peace means: turn the source's interrupt on, look
 * once more, since what came before that does not interrupt, and sleep. Context: whoever looks at the source.
 */
struct governor_decision governor_step(struct governor *governor, uint64_t events, uint64_t now_ns);

#endif
