// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* UTF-8, one character at a time. Spec: The Unicode Standard 15.0, table 3-7 "Well-Formed UTF-8 Byte Sequences". */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"

#define UTF8_MAX 4 /* bytes of a character */

/*
 * Bytes of the character at the front of `text`: 1 to UTF8_MAX; 0 where `text` is empty or does not begin with a well formed
 * character. Context: any.
 */
size_t utf8_length(struct span text);

/*
 * Writes a character. `code` is a Unicode scalar value: at most 0x10ffff and no surrogate. Returns the bytes written.
 * Context: any.
 */
size_t utf8_encode(uint32_t code, uint8_t out[UTF8_MAX]);

#endif
