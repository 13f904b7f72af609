// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/storm/storm.h"

#include <capos/process.h>

#include "lib/string.h"

enum { LIFE_NS = 3000000, TAKE_NS = 500000000, SIGNAL_KILL = 9 };

/* One of two: works for a while, then ends the other, unless that was first. */
static int fight(uint64_t seed, uint64_t end_ns)
{
	struct capos_channel_take_result name;
	capos_cap_t other = capos_capset_get("other");
	uint64_t state = seed;
	uint64_t until = now_ns() + draw_below(&state, LIFE_NS);

	/* Who was to give it may have been ended in between. */
	if (other == CAPOS_CAP_NONE && capos_channel_take(capos_capset_get("channel"), &name, TAKE_NS, &other) != 0)
		return 0;
	while (now_ns() < until && now_ns() < end_ns) {
		void *memory = malloc(draw_below(&state, 10000));

		(void)capos_clock_wait_until(capos_capset_get("clock"), now_ns() + draw_below(&state, 200000), 0);
		free(memory);
	}
	(void)capos_process_kill(other);
	return 0;
}

static int64_t fighter_start(uint64_t seed, uint64_t end_ns, const struct capos_transfer *last, capos_cap_t *process)
{
	char seed_text[21];
	char end_text[21];
	const char *const args[] = { seed_text, end_text, "kills", NULL };
	const struct capos_program program = { .exec = "storm", .name = "storm", .args = args, .memory_bytes = 1 << 20 };
	const struct capos_transfer transfers[] = {
		{ .cap = capos_capset_get("clock"), .rights = UINT32_MAX, .name = "clock" },
		*last,
	};

	number_to(seed_text, seed);
	number_to(end_text, end_ns);
	return capos_process_start(capos_capset_get("processes"), &program, transfers, 2, process);
}

/* Starts two, each with the other's capability: the second gets it at its start, the first by a channel. */
static int one_fight(uint64_t seed, uint64_t end_ns)
{
	struct capos_transfer channel = { .rights = UINT32_MAX, .name = "channel" };
	struct capos_transfer first = { .rights = UINT32_MAX, .name = "other" };
	struct capos_transfer second = { .rights = UINT32_MAX, .name = "other" };
	struct capos_process_wait_result end;
	capos_cap_t capset = capos_capset_get("capset");

	if (capos_channels_create(capos_capset_get("channels"), CAPOS_PAGE_BYTES, &channel.cap) != 0)
		return EXIT_BROKEN;
	if (fighter_start(seed, end_ns, &channel, &first.cap) < 0 || fighter_start(seed + 1, end_ns, &first, &second.cap) < 0)
		return 1;
	if (capos_channel_give(channel.cap, &second, 1) != 0)
		return EXIT_BROKEN + 1;
	for (unsigned i = 0; i < 2; i++) {
		capos_cap_t process = i == 0 ? first.cap : second.cap;

		if (capos_process_wait(process, &end, 0) != 0)
			return EXIT_BROKEN + 2;
		if (end.end == CAPOS_PROCESS_KILLED ? end.code != SIGNAL_KILL : end.code != 0)
			return EXIT_BROKEN + 3;
		if (capos_capset_drop(capset, process) != 0)
			return EXIT_BROKEN + 4;
	}
	return capos_capset_drop(capset, channel.cap) == 0 ? 0 : EXIT_BROKEN + 5;
}

int storm_kills(uint64_t seed, uint64_t end_ns)
{
	uint64_t state = seed;
	int status = 0;

	if (capos_capset_get("processes") == CAPOS_CAP_NONE)
		return fight(seed, end_ns);
	while (status == 0 && now_ns() < end_ns)
		status = one_fight(draw(&state) >> 1, end_ns);
	return status;
}
