// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/storm/storm.h"

enum { CAPS = 32, ERROR_BADF = -9 };

static bool is_own(capos_cap_t cap, const struct capos_capset_entry *entries, int64_t count)
{
	for (int64_t i = 0; i < count && i < CAPS; i++)
		if (entries[i].cap == cap)
			return true;
	return false;
}

/* Numbers near its own, and any others: none but its own may be anything. Copies made and dropped meanwhile leave stale numbers. */
int storm_forge(uint64_t seed, uint64_t end_ns)
{
	static struct capos_capset_entry entries[CAPS];
	capos_cap_t capset = capos_capset_get("capset");
	uint64_t state = seed;

	while (now_ns() < end_ns) {
		capos_cap_t copy;
		int64_t count;

		if (capos_capset_copy(capset, entries[0].cap ? entries[0].cap : capset, UINT32_MAX, &copy) != 0)
			return EXIT_BROKEN;
		if (capos_capset_drop(capset, copy) != 0 || capos_capset_drop(capset, copy) != ERROR_BADF)
			return EXIT_BROKEN + 1;
		count = capos_capset_list(capset, entries, CAPS);
		if (count < 5)
			return EXIT_BROKEN + 2;
		for (unsigned i = 0; i < 200; i++) {
			capos_cap_t near = entries[draw_below(&state, (uint64_t)count)].cap;
			capos_cap_t forged = draw_below(&state, 2) ? near ^ 1u << draw_below(&state, 32) : (capos_cap_t)draw(&state);

			if (!is_own(forged, entries, count) && capos_cap_call(forged, 1, NULL, 0, NULL, 0) != ERROR_BADF)
				return EXIT_BROKEN + 3;
		}
		if (capos_cap_call(copy, 1, NULL, 0, NULL, 0) != ERROR_BADF)
			return EXIT_BROKEN + 4;
	}
	return 0;
}
