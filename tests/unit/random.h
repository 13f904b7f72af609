// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Repeatable random numbers for tests (splitmix64). The seed is fixed, so that a failure comes back; UNIT_SEED
 * overrides it.
 */
#ifndef TESTS_UNIT_RANDOM_H
#define TESTS_UNIT_RANDOM_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct random {
	uint64_t state;
};

static inline struct random random_start(uint64_t seed)
{
	const char *override = getenv("UNIT_SEED");

	return (struct random){ .state = override ? strtoull(override, NULL, 0) : seed };
}

static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* One of 0 .. limit - 1. */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
	return random_next(random) % limit;
}

static inline void random_fill(struct random *random, void *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)at)[i] = (uint8_t)random_next(random);
}

#endif
