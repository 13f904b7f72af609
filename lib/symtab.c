// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Binary search; the table is checked as far as memory safety hangs on it, for it is read while something else is
 * broken.
 */
#include "lib/symtab.h"

#include "lib/string.h"

#define HEADER_BYTES (2 * sizeof(uint32_t))
#define ENTRY_BYTES (2 * sizeof(uint32_t))

status_t symtab_open(struct symtab *symtab, const void *table, size_t bytes, uint64_t base, uint64_t end)
{
	const uint32_t *words = table;

	if (bytes < HEADER_BYTES || words[0] != SYMTAB_MAGIC || words[1] > (bytes - HEADER_BYTES) / ENTRY_BYTES)
		return STATUS_EBADMSG;
	symtab->base = base;
	symtab->end = end;
	symtab->count = words[1];
	symtab->offsets = words + 2;
	symtab->names = symtab->offsets + symtab->count;
	symtab->strings = (const char *)(symtab->names + symtab->count);
	symtab->strings_bytes = bytes - HEADER_BYTES - symtab->count * ENTRY_BYTES;
	return STATUS_OK;
}

const char *symtab_find(const struct symtab *symtab, uint64_t address, uint64_t *offset)
{
	uint64_t wanted = address - symtab->base;
	uint32_t low = 0;
	uint32_t high = symtab->count;
	uint32_t name;

	if (address < symtab->base || address >= symtab->end)
		return NULL;
	/* Entries before `low` are at or below the address, those from `high` on above it. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symtab->offsets[middle] <= wanted)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	name = symtab->names[low - 1];
	if (name >= symtab->strings_bytes || !memchr(symtab->strings + name, 0, symtab->strings_bytes - name))
		return NULL;
	*offset = wanted - symtab->offsets[low - 1];
	return symtab->strings + name;
}
