// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* UTF-8 without the forms that Unicode excludes: overlong ones, surrogates, and what is above 0x10ffff. */
#include "lib/utf8.h"

/* Whether the second byte may follow this lead byte, being a continuation byte. */
static bool utf8_second_is_valid(uint8_t lead, uint8_t second)
{
	switch (lead) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second <= 0x9f;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second <= 0x8f;
	default:
		return true;
	}
}

size_t utf8_length(struct span text)
{
	uint8_t lead = text.len > 0 ? text.data[0] : 0x80;
	size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4 || text.len < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((text.data[i] & 0xc0) != 0x80)
			return 0;
	}
	return utf8_second_is_valid(lead, text.data[1]) ? len : 0;
}

size_t utf8_encode(uint32_t code, uint8_t out[UTF8_MAX])
{
	static const uint8_t leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 1; code >>= 6)
		out[i] = (uint8_t)(0x80 | (code & 0x3f));
	out[0] = (uint8_t)(leads[len] | code);
	return len;
}
