// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Flags, width, precision and length of a directive; and integer arguments by length. */
#include "lib/format_spec.h"

#include <stddef.h>

#include "lib/bits.h"

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
	static const char lengths[] = { ['h' - 'h'] = 'h', ['j' - 'h'] = 'q', ['l' - 'h'] = 'l', ['t' - 'h'] = 'z', ['z' - 'h'] = 'z' };
	unsigned index = (unsigned)*at - 'h';

	spec->length = index < ARRAY_LEN(lengths) ? lengths[index] : 0;
	if (spec->length == 0)
		return at;
	if ((at[0] != 'h' && at[0] != 'l') || at[1] != at[0])
		return at + 1;
	spec->length = at[0] == 'h' ? 'H' : 'q';
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

int64_t format_take_signed(struct format_arguments *args, char length)
{
	switch (length) {
	case 'H':
		return (signed char)va_arg(args->list, int);
	case 'h':
		return (short)va_arg(args->list, int);
	case 'l':
		return va_arg(args->list, long);
	case 'q':
		return va_arg(args->list, long long);
	case 'z':
		return va_arg(args->list, ptrdiff_t);
	default:
		return va_arg(args->list, int);
	}
}

uint64_t format_take_unsigned(struct format_arguments *args, char length)
{
	switch (length) {
	case 'H':
		return (unsigned char)va_arg(args->list, unsigned);
	case 'h':
		return (unsigned short)va_arg(args->list, unsigned);
	case 'l':
		return va_arg(args->list, unsigned long);
	case 'q':
		return va_arg(args->list, unsigned long long);
	case 'z':
		return va_arg(args->list, size_t);
	default:
		return va_arg(args->list, unsigned);
	}
}
