// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Arrival patterns, and a source that the governor looks at: what its decisions cost over a pattern. */
#ifndef TESTS_UNIT_KERNEL_IO_ARRIVALS_H
#define TESTS_UNIT_KERNEL_IO_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/io/governor.h"
#include "tests/unit/random.h"

#define ARRIVALS_MAX 20000
#define ARRIVALS_END_NS 40000000 /* a pattern is no longer */
#define ARRIVALS_WAKE_CPU_NS (GOVERNOR_WAKE_NS / 2) /* of an interrupt, and what it wakes */
#define ARRIVALS_WAKE_WAIT_NS (GOVERNOR_WAKE_NS - ARRIVALS_WAKE_CPU_NS) /* from the event to the look at it */

struct arrivals {
	uint64_t at_ns[ARRIVALS_MAX]; /* ascending */
	size_t count;
	uint64_t end_ns;
};

/* One more, `gap_ns` after the last or the end; false where the pattern is full. */
static inline bool arrivals_add(struct arrivals *arrivals, uint64_t gap_ns)
{
	if (arrivals->count == ARRIVALS_MAX || arrivals->end_ns + gap_ns > ARRIVALS_END_NS)
		return false;
	arrivals->end_ns += gap_ns;
	arrivals->at_ns[arrivals->count++] = arrivals->end_ns;
	return true;
}

static inline void arrivals_silence(struct arrivals *arrivals, uint64_t ns)
{
	arrivals->end_ns += ns;
}

static inline void arrivals_steady(struct arrivals *arrivals, uint64_t gap_ns)
{
	while (arrivals_add(arrivals, gap_ns))
		;
}

/* -ln(x) for x = bits / 2^64, without the mathematical library: ln(2^e m) = e ln 2 + 2 artanh((m - 1) / (m + 1)). */
static inline double arrivals_minus_ln(uint64_t bits)
{
	int zeros = __builtin_clzll(bits | 1);
	double m = (double)(bits << zeros) / 0x1p63;
	double z = (m - 1) / (m + 1);
	double zz = z * z;

	return (zeros + 1) * 0.69314718056 - 2 * z * (1 + zz * (1.0 / 3 + zz * (1.0 / 5 + zz * (1.0 / 7 + zz / 9))));
}

static inline void arrivals_poisson(struct arrivals *arrivals, uint64_t mean_ns, uint64_t seed)
{
	struct random random = random_start(seed);

	while (arrivals_add(arrivals, (uint64_t)(arrivals_minus_ln(random_next(&random)) * (double)mean_ns)))
		;
}

static inline void arrivals_bursts(struct arrivals *arrivals, unsigned length, uint64_t gap_ns, uint64_t pause_ns)
{
	for (unsigned i = 0; arrivals_add(arrivals, i % length == 0 ? pause_ns : gap_ns); i++)
		;
}

/* The rate goes evenly from one arrival in `from_ns` to one in `to_ns`, over `tooth` arrivals, and jumps back. */
static inline void arrivals_sawtooth(struct arrivals *arrivals, unsigned tooth, double from_ns, double to_ns)
{
	double slope = (1 / to_ns - 1 / from_ns) / tooth;

	for (unsigned i = 0; arrivals_add(arrivals, (uint64_t)(1 / (1 / from_ns + slope * (i % tooth)))); i++)
		;
}

struct arrivals_cost {
	uint64_t polling_ns;    /* empty polls */
	uint64_t waking_ns;     /* CPU time of interrupts */
	uint64_t waiting_ns;    /* of the oldest event of each look */
	uint64_t waiting_max_ns;
	uint64_t first_war_ns;  /* UINT64_MAX: never, or from the beginning */
	uint64_t first_wakes;   /* before that */
	uint64_t closest_ns;    /* between two beginnings of War */
};

static inline uint64_t arrivals_total_ns(const struct arrivals_cost *cost)
{
	return cost->polling_ns + cost->waking_ns + cost->waiting_ns;
}

/* Runs the governor over a pattern, from time 0 to its end. */
static inline struct arrivals_cost arrivals_run(const struct arrivals *arrivals, struct governor *governor)
{
	struct arrivals_cost cost = { .first_war_ns = UINT64_MAX, .closest_ns = UINT64_MAX };
	enum governor_mode mode = governor->mode;
	uint64_t war_ns = UINT64_MAX;
	uint64_t now = 0;
	size_t next = 0;

	for (;;) {
		size_t first = next;

		if (mode == GOVERNOR_WAR) {
			now += GOVERNOR_POLL_NS;
			if (now > arrivals->end_ns)
				break;
		} else {
			if (next == arrivals->count)
				break;
			/* What came while the interrupt was off interrupts when it is turned on. */
			now = (arrivals->at_ns[next] > now ? arrivals->at_ns[next] : now) + ARRIVALS_WAKE_WAIT_NS;
			cost.waking_ns += ARRIVALS_WAKE_CPU_NS;
		}
		while (next < arrivals->count && arrivals->at_ns[next] <= now)
			next++;
		if (next > first) {
			uint64_t waited = now - arrivals->at_ns[first];

			cost.waiting_ns += waited;
			cost.waiting_max_ns = waited > cost.waiting_max_ns ? waited : cost.waiting_max_ns;
		} else {
			cost.polling_ns += GOVERNOR_POLL_NS;
		}

		enum governor_mode was = mode;

		mode = governor_step(governor, next - first, now).mode;
		if (mode == GOVERNOR_WAR && was == GOVERNOR_PEACE) {
			if (war_ns == UINT64_MAX) {
				cost.first_war_ns = now;
				cost.first_wakes = governor->counters.wakes;
			} else if (now - war_ns < cost.closest_ns) {
				cost.closest_ns = now - war_ns;
			}
			war_ns = now;
		}
	}
	return cost;
}

#endif
