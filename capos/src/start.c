// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "capos/src/start.h"

#include <capos/capos.h>

#include "lib/string.h"

enum { EXIT_WRONG_ABI = 125 };

const struct capos_start *capos_start;

_Noreturn void capos_main(const struct capos_start *start);

/* From entry.S. */
_Noreturn void capos_main(const struct capos_start *start)
{
	if (start->magic != CAPOS_START_MAGIC || start->version != CAPOS_ABI_VERSION)
		capos_sys_exit(EXIT_WRONG_ABI);
	capos_start = start;
	capos_sys_exit(main((int)start->argc, (char **)start->argv));
}

capos_cap_t capos_capset_get(const char *name)
{
	const struct capos_capset_entry *entries = (const struct capos_capset_entry *)capos_start->capset;

	for (uint32_t i = 0; i < capos_start->capset_count; i++)
		if (strcmp(entries[i].name, name) == 0)
			return entries[i].cap;
	return CAPOS_CAP_NONE;
}
