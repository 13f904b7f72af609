// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "apps/blog/text.h"

#include <string.h>

static const char hex[] = "0123456789abcdef";

void text_add_bytes(struct text *text, const char *data, size_t len)
{
	if (len > text->room - text->len) {
		text->full = true;
		return;
	}
	memcpy(text->data + text->len, data, len);
	text->len += len;
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

static void add_digits(struct text *text, uint64_t number, unsigned base)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = hex[number % base];
		number /= base;
	} while (number > 0);
	text_add_bytes(text, digits + at, sizeof(digits) - at);
}

void text_add_number(struct text *text, uint64_t number)
{
	add_digits(text, number, 10);
}

void text_add_hex(struct text *text, uint64_t number)
{
	add_digits(text, number, 16);
}

void text_add_escaped(struct text *text, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)data[i];
		char escaped[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };
		bool plain = c >= ' ' && c < 0x7f && c != '"' && c != '\\';

		text_add_bytes(text, plain ? data + i : escaped, plain ? 1 : 4);
	}
}
