// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Typed wrappers of the interfaces. */
#include <capos/capos.h>

int64_t capos_console_write_line(capos_cap_t console, const char *text, size_t len)
{
	uint32_t params_len = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX; /* too long stays too long */

	return capos_cap_call(console, CAPOS_CONSOLE_WRITE_LINE, text, params_len, NULL, 0);
}

int64_t capos_memory_map(capos_cap_t memory, uint64_t bytes)
{
	struct capos_memory_map params = { .bytes = bytes };

	return capos_cap_call(memory, CAPOS_MEMORY_MAP, &params, sizeof(params), NULL, 0);
}

int64_t capos_memory_unmap(capos_cap_t memory, void *address, uint64_t bytes)
{
	struct capos_memory_unmap params = { .address = (uint64_t)address, .bytes = bytes };

	return capos_cap_call(memory, CAPOS_MEMORY_UNMAP, &params, sizeof(params), NULL, 0);
}
