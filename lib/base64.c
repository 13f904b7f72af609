// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Canonical base64. Rejected: tolerance of any kind, for a signature text must have one spelling. */
#include "lib/base64.h"

/* The six bits a character stands for, or -1. */
static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Decodes one group of four characters to `bytes` (1 to 3) bytes; the group is padded to match. */
static bool base64_decode_group(const uint8_t *text, uint8_t *out, size_t bytes)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i <= bytes ? base64_value(text[i]) : (text[i] == '=' ? 0 : -1);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	if ((bits & ((1u << (24 - 8 * bytes)) - 1)) != 0)
		return false;
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(bits >> (16 - 8 * i));
	return true;
}

status_t base64_decode_strict(struct span text, uint8_t *out, size_t out_len)
{
	size_t groups = out_len / 3 + (out_len % 3 != 0);

	if (text.len % 4 != 0 || text.len / 4 != groups)
		return STATUS_EINVAL;
	for (size_t i = 0; i < groups; i++) {
		size_t left = out_len - 3 * i;

		if (!base64_decode_group(text.data + 4 * i, out + 3 * i, left < 3 ? left : 3))
			return STATUS_EINVAL;
	}
	return STATUS_OK;
}
