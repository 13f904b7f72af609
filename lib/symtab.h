// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Which function is at an address: look-up in a table that a tool makes after linking. The table, little-endian and
 * 4-byte aligned: u32 magic SYMTAB_MAGIC, u32 count, u32 offsets[count] from the image's base in ascending order, u32
 * names[count] (offsets into what follows), then the names, each NUL-terminated; one may be the end of another.
 */
#ifndef LIB_SYMTAB_H
#define LIB_SYMTAB_H

#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

#define SYMTAB_MAGIC 0x4d59534bu /* "KSYM" */

struct symtab {
	uint64_t base;           /* address of the image */
	uint64_t end;            /* one past its last address */
	uint32_t count;
	const uint32_t *offsets; /* `count` of them */
	const uint32_t *names;   /* `count` of them */
	const char *strings;
	size_t strings_bytes;
};

/*
 * Opens a table of at most `bytes` for an image at [base, end). Keeps pointers into `table`. STATUS_EBADMSG: wrong
 * magic, or longer than `bytes`. Context: any, a panic included.
 */
MUST_CHECK status_t symtab_open(struct symtab *symtab, const void *table, size_t bytes, uint64_t base, uint64_t end);

/*
 * Name of the last symbol at or below `address`, and how far above it the address is (bytes) in `*offset`. NULL where
 * the address is outside the image or below the first symbol, or where the entry is broken. Context: any, a panic
 * included.
 */
const char *symtab_find(const struct symtab *symtab, uint64_t address, uint64_t *offset);

#endif
