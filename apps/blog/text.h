// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Text that is put together in a buffer; what does not fit is left out, and `full` tells. Pure. */
#ifndef APPS_BLOG_TEXT_H
#define APPS_BLOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *data;
	size_t len, room;
	bool full;
};

void text_add_bytes(struct text *text, const char *data, size_t len);
void text_add(struct text *text, const char *string);
void text_add_number(struct text *text, uint64_t number);
void text_add_hex(struct text *text, uint64_t number); /* in small letters, without leading zeroes */

/* As a quoted string of a log: quotes, backslashes and all that is not visible ASCII as \xHH. */
void text_add_escaped(struct text *text, const char *data, size_t len);

#endif
