// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the driver knows of a ring that takes part: a loop for a producer, a loop for the consumer, both written as the ring's
 * own users write them. All wait in the same way: back_off() below.
 */
#ifndef TESTS_PERF_PEERS_CONTENDER_H
#define TESTS_PERF_PEERS_CONTENDER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

enum { BATCH_MAX = 64, CAPACITY_MAX = 65536, PRODUCERS_MAX = 3 };

/* Looks before the CPU is given to another thread, and pauses between two looks. W: the driver, before the threads start. */
extern unsigned wait_looks, wait_pauses;

struct contender {
	const char *name;
	unsigned producers_max;

	/* An empty ring. False: it cannot. */
	bool (*prepare)(uint64_t capacity, unsigned producers, uint32_t batch);

	/* Sends 0 .. messages - 1 in order, `batch` at a time. `messages` is a multiple of `batch`. */
	void (*produce)(uint64_t messages, uint32_t batch);

	/* Takes `total` messages, at most `batch` at a time; gives their sum. */
	uint64_t (*consume)(uint64_t total, uint32_t batch);
};

#ifdef __cplusplus
extern "C" {
#endif
extern const struct contender contender_rumpk;
extern const struct contender contender_ck;
extern const struct contender contender_rte;
extern const struct contender contender_boost;
#ifdef __cplusplus
}
#endif

static inline void pause_for(unsigned pauses)
{
	for (unsigned i = 0; i < pauses; i++)
#if defined(__x86_64__)
		__builtin_ia32_pause();
#elif defined(__aarch64__)
		__asm__ volatile("yield");
#endif
}

/* `looks` counts on through a run. */
static inline void back_off(unsigned *looks)
{
	if (++*looks % wait_looks == 0)
		sched_yield();
	pause_for(wait_pauses);
}

#endif
