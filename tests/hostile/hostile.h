// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Hostile Linux programs: what the supervisor (main.c) and those that do the harm (garbage.c) share. */
#ifndef TESTS_HOSTILE_HOSTILE_H
#define TESTS_HOSTILE_HOSTILE_H

#include <stdint.h>

static inline uint64_t hostile_draw(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* Calls whatever there is with whatever comes to mind, in threads and children, until it is killed, or kills itself. */
_Noreturn void hostile_garbage(uint64_t seed);

#endif
