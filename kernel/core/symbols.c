// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/symbols.h"

#include <stddef.h>

#include "lib/symtab.h"

/* From the linker script, and from tools/ksyms.py in the second link. */
extern const char image_start[], image_text_end[], image_rodata_end[];
extern const uint32_t ksyms_table[];

const char *symbols_find(uint64_t address, uint64_t *offset)
{
	struct symtab symtab;

	if (symtab_open(&symtab, ksyms_table, (size_t)(image_rodata_end - (const char *)ksyms_table), (uint64_t)image_start,
			(uint64_t)image_text_end) != STATUS_OK)
		return NULL;
	return symtab_find(&symtab, address, offset);
}
