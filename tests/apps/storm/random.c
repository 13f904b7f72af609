// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/storm/storm.h"

#include <capos/thread.h>

enum { BATCH = 32, CAPS = 32, ROOM = 4096 };

/* What parameters and results may point to: half of the addresses are good, so that most storms last a while. */
static uint8_t room[4 * ROOM];

static uint64_t address(uint64_t *state)
{
	static const uint64_t bad[] = { 0, 0x400000, 0xffffff8000000000, 0x7fffff0000, 0x6ffffffffff8, UINT64_MAX, 0x100000000000000 };

	if (draw_below(state, 2000) == 0)
		return bad[draw_below(state, sizeof(bad) / sizeof(bad[0]))];
	return (uint64_t)room + draw_below(state, 3 * ROOM); /* also odd, also across a page's end */
}

static capos_cap_t cap(uint64_t *state, const struct capos_capset_entry *entries, uint64_t count)
{
	capos_cap_t one = count > 0 ? entries[draw_below(state, count)].cap : 0;

	switch (draw_below(state, 8)) {
	case 0:
		return (capos_cap_t)draw(state);
	case 1:
		return one ^ 1u << draw_below(state, 32);
	default:
		return one;
	}
}

static struct capos_submission submission(uint64_t *state, const struct capos_capset_entry *entries, uint64_t count)
{
	uint32_t lengths = (uint32_t)(1u << draw_below(state, 13));

	return (struct capos_submission){
		.cap = cap(state, entries, count),
		.method = (uint16_t)draw_below(state, draw_below(state, 16) == 0 ? 65536 : draw_below(state, 2) == 0 ? 6 : 14),
		.flags = draw_below(state, 4) == 0 ? (uint16_t)draw_below(state, 3) : 0,
		.params = address(state),
		.result = address(state),
		.params_len = draw_below(state, 3) == 0 ? (uint32_t)draw_below(state, lengths) : (uint32_t)(8 * draw_below(state, 8)),
		.result_len = (uint32_t)draw_below(state, lengths),
		.transfer = address(state),
		.transfer_count = draw_below(state, 4) == 0 ? (uint32_t)draw_below(state, 20) : 0,
		.reserved = draw_below(state, 50) == 0,
		.timeout_ns = 1 + draw_below(state, 1000000),
	};
}

/* Small numbers, sizes, addresses, numbers of capabilities: what methods take for right, now and then. */
static void fill(uint64_t *state, const struct capos_capset_entry *entries, uint64_t count)
{
	for (unsigned i = 0; i < 64; i++) {
		uint64_t *at = (uint64_t *)(void *)room + draw_below(state, sizeof(room) / sizeof(uint64_t));

		switch (draw_below(state, 5)) {
		case 0:
			*at = draw(state);
			break;
		case 1:
			*at = draw_below(state, 8);
			break;
		case 2:
			*at = CAPOS_PAGE_BYTES * draw_below(state, 64);
			break;
		case 3:
			*at = address(state);
			break;
		default:
			*at = cap(state, entries, count);
		}
	}
}

int storm_random(uint64_t seed, uint64_t end_ns)
{
	static struct capos_capset_entry entries[CAPS];
	static struct capos_submission submissions[BATCH];
	static struct capos_operation operations[BATCH];
	capos_cap_t capset = capos_capset_get("capset");
	uint64_t state = seed;

	while (now_ns() < end_ns) {
		int64_t listed = capos_capset_list(capset, entries, CAPS);
		uint64_t count = listed < 0 ? 0 : listed < CAPS ? (uint64_t)listed : CAPS;
		uint32_t batch = 1 + (uint32_t)draw_below(&state, BATCH);

		fill(&state, entries, count);
		for (uint32_t i = 0; i < batch; i++)
			submissions[i] = submission(&state, entries, count);
		submissions[batch - 1].flags = 0; /* else the next list is linked to it */
		if (capos_submit_batch(submissions, operations, batch) != 0)
			return EXIT_BROKEN;
		for (uint32_t i = 0; i < batch; i++)
			if (capos_operation_wait(&operations[i], CAPOS_WAIT_FOREVER) != 0)
				return EXIT_BROKEN + 1;
	}
	return 0;
}
