// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* One printf directive taken apart, and the arguments it consumes: the part of lib/format that knows no output. */
#ifndef LIB_FORMAT_SPEC_H
#define LIB_FORMAT_SPEC_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* A flag's bit, by its character: all are among the 32 from the space on. */
#define FORMAT_FLAG(c) (1u << ((c) - ' '))

enum format_flag {
	FORMAT_SPACE = FORMAT_FLAG(' '),
	FORMAT_ALTERNATIVE = FORMAT_FLAG('#'),
	FORMAT_PLUS = FORMAT_FLAG('+'),
	FORMAT_LEFT = FORMAT_FLAG('-'),
	FORMAT_ZERO = FORMAT_FLAG('0'),
};

/* One conversion: what stands between % and its letter. */
struct format_spec {
	unsigned flags;
	bool has_precision;
	int width;
	int precision;
	unsigned bytes; /* of an integer: 1 for hh, 2 for h, 8 for l, ll, j, z and t, else 4 */
};

/* An argument list by reference: va_list is an array type on some machines, and decays when it is passed. */
struct format_arguments {
	va_list list;
};

/*
 * Parses what stands between % (`at` is behind it) and the conversion's letter; * consumes arguments. Returns where the
 * letter is.
 */
const char *format_spec_parse(const char *at, struct format_spec *spec, struct format_arguments *args);

/* The next argument, an integer of so many bytes, signed or not. */
int64_t format_take_signed(struct format_arguments *args, unsigned bytes);
uint64_t format_take_unsigned(struct format_arguments *args, unsigned bytes);

#endif
