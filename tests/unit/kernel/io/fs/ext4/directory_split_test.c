// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Directories whose leaves have few names, and holes between them, when they are split. */
#include <stdio.h>

#include "tests/unit/kernel/io/fs/ext4/volume_fixture.h"

enum { NAMES = 64, ROUNDS = 12, CHANGES = 3000, PREFIX = 12, SHORTER = 244, LONGER = 248 };

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state;
}

static void names_make_long(char names[NAMES][LONGER + 1], uint32_t *state)
{
	for (unsigned i = 0; i < NAMES; i++) {
		uint32_t drawn = random_next(state);

		memset(names[i], 'n', LONGER);
		(void)snprintf(names[i], PREFIX + 1, "%02u-%08x-", i, drawn);
		names[i][PREFIX] = 'n';
		names[i][drawn >> 30 == 0 ? LONGER : SHORTER] = '\0';
	}
}

/* A leaf of 1 KiB has four of them. Where the first is gone, and the one behind the name that comes first by its hash, a longer one has no room. */
static void long_names_come_and_go(void)
{
	static char names[NAMES][LONGER + 1];
	uint32_t state = 1;

	for (unsigned round = 0; round < ROUNDS; round++) {
		bool there[NAMES] = { false };

		begin(SMALL " -E hash_seed=01234567-89ab-cdef-0123-456789abcde0");
		names_make_long(names, &state);
		for (unsigned change = 0; change < CHANGES; change++) {
			unsigned i = (random_next(&state) >> 16) % NAMES;

			if (there[i]) {
				CU_ASSERT_EQUAL_FATAL(ext4_ops.remove(root(), name_of(names[i]), false), STATUS_OK);
			} else {
				fs_node_put(make(names[i], FS_FILE));
			}
			there[i] = !there[i];
		}
		mount_again();
		for (unsigned i = 0; i < NAMES; i++)
			if (there[i])
				fs_node_put(look(names[i]));
		end();
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(long_names_come_and_go),
};
UNIT_MAIN("kernel/io/fs/ext4/directory_split", cases)
