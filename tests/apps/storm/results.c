// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/storm/storm.h"

#include "capos/src/start.h"

enum { BYTES = 32 };

static const char constants[64] = "results must not go here";

/* Where no result may be written: the seed chooses. None of these calls may come back and have written anything. */
int storm_results(uint64_t seed, uint64_t end_ns)
{
	capos_cap_t memory = capos_capset_get("memory");
	capos_cap_t entropy = capos_capset_get("entropy");
	int64_t page = capos_memory_map(memory, 2 * CAPOS_PAGE_BYTES);
	const uint64_t places[] = {
		0,
		(uint64_t)&storm_results,
		(uint64_t)constants,
		(uint64_t)capos_start,
		capos_start->rings + CAPOS_RINGS_COMPLETIONS,
		0xffffff8000000000,
		0xffffffff80000000,
		UINT64_MAX - 8,
		0x100000000000000,
		(uint64_t)page + CAPOS_PAGE_BYTES - 8, /* half of it is not there */
	};
	uint64_t state = seed;
	uint64_t place = places[draw_below(&state, sizeof(places) / sizeof(places[0]))];

	if (page < 0 || capos_memory_unmap(memory, (void *)((uint64_t)page + CAPOS_PAGE_BYTES), CAPOS_PAGE_BYTES) != 0)
		return 1;
	/* The first may be too long for the limits, the second is not. */
	(void)capos_cap_call(entropy, CAPOS_ENTROPY_FILL, NULL, 0, (void *)place, (uint32_t)draw(&state));
	(void)capos_cap_call(entropy, CAPOS_ENTROPY_FILL, NULL, 0, (void *)place, BYTES);
	return now_ns() < end_ns ? EXIT_BROKEN : 0;
}
