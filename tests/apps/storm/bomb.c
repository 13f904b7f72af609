// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/storm/storm.h"

#include <capos/process.h>

enum { TRIES = 30, MEMORY = 1 << 20, MEMORY_LEAST = 192 << 10 };

enum { ERROR_AGAIN = -11, ERROR_NOMEM = -12, ERROR_NOSPC = -28 };

/* Each makes as many of itself as it can, each with half of its own memory as long as the program fits. How deep it is, the seed's upper bits say. */
int storm_bomb(uint64_t seed, uint64_t end_ns)
{
	uint64_t depth = seed >> 56;
	uint64_t half = depth < 8 ? MEMORY >> depth : 0;
	char seed_text[21];
	char end_text[21];
	const char *const args[] = { seed_text, end_text, "bomb", NULL };
	const struct capos_program program = {
		.exec = "storm", .name = "storm", .args = args, .memory_bytes = half > MEMORY_LEAST ? half : MEMORY_LEAST, .stack_bytes = 16384, .threads = 1,
	};
	const struct capos_transfer transfers[] = {
		{ .cap = capos_capset_get("processes"), .rights = UINT32_MAX, .name = "processes" },
		{ .cap = capos_capset_get("clock"), .rights = UINT32_MAX, .name = "clock" },
	};
	uint64_t state = seed;

	number_to(end_text, end_ns);
	for (unsigned i = 0; i < TRIES && now_ns() < end_ns; i++) {
		capos_cap_t process;
		int64_t number;

		number_to(seed_text, (draw(&state) >> 8) | (depth + 1) << 56);
		number = capos_process_start(capos_capset_get("processes"), &program, transfers, 2, &process);
		if (number < 0 && number != ERROR_NOMEM && number != ERROR_AGAIN && number != ERROR_NOSPC)
			return EXIT_BROKEN;
		if (number < 0 || draw_below(&state, 4) == 0)
			(void)capos_clock_wait_until(capos_capset_get("clock"), now_ns() + 3000000, 0);
	}
	return 0;
}
