// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Flags, width, precision and length of a directive; and integer arguments by length. */
#include "lib/format_spec.h"

#include <stddef.h>

static const char *parse_flags(const char *at, struct format_spec *spec)
{
	for (;; at++) {
		if (*at == '-')
			spec->left = true;
		else if (*at == '0')
			spec->zero = true;
		else if (*at == '+')
			spec->plus = true;
		else if (*at == ' ')
			spec->space = true;
		else if (*at == '#')
			spec->alternative = true;
		else
			return at;
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
	if ((at[0] == 'h' || at[0] == 'l') && at[1] == at[0]) {
		spec->length = at[0] == 'h' ? 'H' : 'q';
		return at + 2;
	}
	switch (*at) {
	case 'h':
	case 'l':
		spec->length = *at;
		return at + 1;
	case 'j':
		spec->length = 'q';
		return at + 1;
	case 'z':
	case 't':
		spec->length = 'z';
		return at + 1;
	default:
		return at;
	}
}

const char *format_spec_parse(const char *at, struct format_spec *spec, struct format_arguments *args)
{
	*spec = (struct format_spec){ 0 };
	at = parse_number(parse_flags(at, spec), args, &spec->width);
	if (spec->width < 0) {
		spec->left = true;
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
