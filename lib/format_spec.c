// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Flags, width, precision and length of a directive; and integer arguments by length. */
#include "lib/format_spec.h"

#include <assert.h>
#include <stddef.h>

#include "lib/bits.h"

static_assert(sizeof(int) == 4 && sizeof(long) == 8 && sizeof(long long) == 8 && sizeof(size_t) == 8 && sizeof(ptrdiff_t) == 8,
	      "two lengths of arguments");

#define FLAGS (FORMAT_SPACE | FORMAT_ALTERNATIVE | FORMAT_PLUS | FORMAT_LEFT | FORMAT_ZERO)

static const char *parse_flags(const char *at, struct format_spec *spec)
{
	for (;; at++) {
		unsigned bit = (unsigned)*at - ' ';
		unsigned flag = bit < 32 ? 1u << bit : 0;

		if ((flag & FLAGS) == 0)
			return at;
		spec->flags |= flag;
	}
}

/* Digits or *. A number that is too long stops growing: such a field has no use. */
static const char *parse_number(const char *at, struct format_arguments *args, int *number)
{
	*number = 0;
	if (*at == '*') {
		*number = va_arg(args->list, int);
		return at + 1;
	}
	for (; *at >= '0' && *at <= '9'; at++)
		if (*number < INT16_MAX)
			*number = *number * 10 + (*at - '0');
	return at;
}

static const char *parse_length(const char *at, struct format_spec *spec)
{
	static const uint8_t bytes[] = { ['h' - 'h'] = 2, ['j' - 'h'] = 8, ['l' - 'h'] = 8, ['t' - 'h'] = 8, ['z' - 'h'] = 8 };
	unsigned index = (unsigned)*at - 'h';

	spec->bytes = sizeof(int);
	if (index >= ARRAY_LEN(bytes) || bytes[index] == 0)
		return at;
	spec->bytes = bytes[index];
	if ((at[0] != 'h' && at[0] != 'l') || at[1] != at[0])
		return at + 1;
	if (at[0] == 'h')
		spec->bytes = sizeof(char);
	return at + 2;
}

const char *format_spec_parse(const char *at, struct format_spec *spec, struct format_arguments *args)
{
	*spec = (struct format_spec){ 0 };
	at = parse_number(parse_flags(at, spec), args, &spec->width);
	if (spec->width < 0) {
		spec->flags |= FORMAT_LEFT;
		spec->width = spec->width == INT32_MIN ? INT32_MAX : -spec->width;
	}
	if (*at == '.') {
		at = parse_number(at + 1, args, &spec->precision);
		spec->has_precision = spec->precision >= 0;
	}
	return parse_length(at, spec);
}

/* Shorter ones than an int were promoted to one. */
static uint64_t take(struct format_arguments *args, unsigned bytes)
{
	return bytes == sizeof(uint64_t) ? va_arg(args->list, uint64_t) : va_arg(args->list, unsigned);
}

/* How far the integer is from the upper end of 64 bits. */
static unsigned bits_above(unsigned bytes)
{
	return 64 - 8 * bytes;
}

int64_t format_take_signed(struct format_arguments *args, unsigned bytes)
{
	return (int64_t)(take(args, bytes) << bits_above(bytes)) >> bits_above(bytes);
}

uint64_t format_take_unsigned(struct format_arguments *args, unsigned bytes)
{
	return take(args, bytes) << bits_above(bytes) >> bits_above(bytes);
}
