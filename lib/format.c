// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * printf's conversions without floating point. One pass: a directive is parsed (lib/format_spec.h), and its text goes
 * straight to the sink.
 */
#include "lib/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/format_spec.h"
#include "lib/list.h"
#include "lib/string.h"

#define DIGITS_MAX 22 /* 64 bits in octal */
#define PADDING 16

struct output {
	struct format_sink *sink;
	size_t total;
};

static void emit(struct output *out, const char *text, size_t len)
{
	if (len > 0)
		out->sink->write(out->sink, text, len);
	out->total += len;
}

static void emit_padding(struct output *out, char c, int count)
{
	char padding[PADDING];

	if (count <= 0)
		return;
	memset(padding, c, sizeof(padding));
	for (; count > PADDING; count -= PADDING)
		emit(out, padding, PADDING);
	emit(out, padding, (size_t)count);
}

/* prefix, then zeroes up to `zeroes`, then digits, in a field of the spec's width. */
static void emit_field(struct output *out, const struct format_spec *spec, const char *prefix, int zeroes,
		       const char *text, size_t len)
{
	size_t prefix_len = strlen(prefix);
	size_t used = prefix_len + (size_t)zeroes + len;
	int pad = used < (size_t)spec->width ? spec->width - (int)used : 0;

	if (used + (size_t)pad == len) { /* nothing but text, as most are */
		emit(out, text, len);
		return;
	}
	if (!(spec->flags & FORMAT_LEFT))
		emit_padding(out, ' ', pad);
	emit(out, prefix, prefix_len);
	emit_padding(out, '0', zeroes);
	emit(out, text, len);
	if (spec->flags & FORMAT_LEFT)
		emit_padding(out, ' ', pad);
}

/* Digits of `value` before `end`, none for 0. Returns where they begin. */
static char *put_digits(char *end, uint64_t value, unsigned base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (; value > 0; value /= base)
		*--end = digits[value % base];
	return end;
}

static void emit_integer(struct output *out, const struct format_spec *spec, uint64_t value, const char *prefix,
			 unsigned base, bool upper)
{
	char buf[DIGITS_MAX];
	char *end = buf + sizeof(buf);
	char *digits = put_digits(end, value, base, upper);
	int len = (int)(end - digits);
	int least = spec->has_precision ? spec->precision : 1;
	int zeroes = least > len ? least - len : 0;

	if (base == 8 && (spec->flags & FORMAT_ALTERNATIVE) && zeroes == 0 && (len == 0 || *digits != '0'))
		zeroes = 1;
	if ((spec->flags & FORMAT_ZERO) && !(spec->flags & FORMAT_LEFT) && !spec->has_precision) {
		int fill = spec->width - (int)strlen(prefix) - len;

		if (fill > zeroes)
			zeroes = fill;
	}
	emit_field(out, spec, prefix, zeroes, digits, (size_t)len);
}

static void convert_signed(struct output *out, const struct format_spec *spec, struct format_arguments *args)
{
	int64_t value = format_take_signed(args, spec->bytes);
	const char *sign = value < 0 ? "-" : spec->flags & FORMAT_PLUS ? "+" : spec->flags & FORMAT_SPACE ? " " : "";

	emit_integer(out, spec, value < 0 ? -(uint64_t)value : (uint64_t)value, sign, 10, false);
}

static void convert_hex(struct output *out, const struct format_spec *spec, uint64_t value, bool upper)
{
	const char *prefix = !(spec->flags & FORMAT_ALTERNATIVE) || value == 0 ? "" : upper ? "0X" : "0x";

	emit_integer(out, spec, value, prefix, 16, upper);
}

static void convert_string(struct output *out, const struct format_spec *spec, const char *text)
{
	size_t len;

	if (!text)
		text = "(null)";
	len = spec->has_precision ? strnlen(text, (size_t)spec->precision) : strlen(text);
	emit_field(out, spec, "", 0, text, len);
}

/* False where `letter` is no conversion. */
static bool convert(struct output *out, struct format_spec *spec, char letter, struct format_arguments *args)
{
	char c;

	switch (letter) {
	case 'd':
	case 'i':
		convert_signed(out, spec, args);
		return true;
	case 'u':
		emit_integer(out, spec, format_take_unsigned(args, spec->bytes), "", 10, false);
		return true;
	case 'o':
		emit_integer(out, spec, format_take_unsigned(args, spec->bytes), "", 8, false);
		return true;
	case 'x':
	case 'X':
		convert_hex(out, spec, format_take_unsigned(args, spec->bytes), letter == 'X');
		return true;
	case 'p':
		emit_integer(out, spec, (uintptr_t)va_arg(args->list, void *), "0x", 16, false);
		return true;
	case 'c':
		c = (char)va_arg(args->list, int);
		emit_field(out, spec, "", 0, &c, 1);
		return true;
	case 's':
		convert_string(out, spec, va_arg(args->list, const char *));
		return true;
	case '%':
		emit(out, "%", 1);
		return true;
	default:
		return false;
	}
}

int format_to_args(struct format_sink *sink, const char *fmt, va_list list)
{
	struct output out = { .sink = sink };
	struct format_arguments args;

	va_copy(args.list, list);
	while (*fmt) {
		const char *text = fmt;
		struct format_spec spec;

		while (*fmt && *fmt != '%')
			fmt++;
		emit(&out, text, (size_t)(fmt - text));
		if (!*fmt)
			break;
		text = fmt;
		fmt = format_spec_parse(fmt + 1, &spec, &args);
		if (*fmt && convert(&out, &spec, *fmt, &args))
			fmt++;
		else
			emit(&out, text, (size_t)(fmt - text));
	}
	va_end(args.list);
	return (int)out.total;
}

int format_to(struct format_sink *sink, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = format_to_args(sink, fmt, args);
	va_end(args);
	return len;
}

/* The sink of format_print: what does not fit is counted, not written. */
struct buffer_sink {
	struct format_sink sink;
	char *at;
	size_t left; /* without the final NUL */
};

static void buffer_write(struct format_sink *sink, const char *text, size_t len)
{
	struct buffer_sink *buffer = LIST_OWNER(sink, struct buffer_sink, sink);
	size_t fits = len < buffer->left ? len : buffer->left;

	memcpy(buffer->at, text, fits);
	buffer->at += fits;
	buffer->left -= fits;
}

int format_vprint(char *buf, size_t size, const char *fmt, va_list args)
{
	struct buffer_sink buffer = { .sink = { .write = buffer_write }, .at = buf, .left = size > 0 ? size - 1 : 0 };
	int len = format_to_args(&buffer.sink, fmt, args);

	if (size > 0)
		*buffer.at = '\0';
	return len;
}

int format_print(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = format_vprint(buf, size, fmt, args);
	va_end(args);
	return len;
}
