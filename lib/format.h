// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Formatted text, as printf does it: conversions d i u x X o c s p %, flags - 0 + space #, width and precision as
 * digits or *, lengths hh h l ll z j t. No floating point and no %n. A conversion that is not known is copied as it
 * stands, and consumes no argument.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Where text goes. Embed it in a structure with what `write` needs, found again by offset. */
struct format_sink {
	/*
	 * Takes `len` bytes of text, which are not NUL-terminated and live for this call alone; may be called many
	 * times.
	 */
	void (*write)(struct format_sink *sink, const char *text, size_t len);
};

/* Formats into a sink. Returns how many bytes went to it. Context: whatever `write` allows; no state is kept. */
int format_to(struct format_sink *sink, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int format_to_args(struct format_sink *sink, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));

/*
 * snprintf and vsnprintf: writes at most `size` bytes with the final NUL (none at all where size is 0) and returns the
 * length that the whole text has. Context: any.
 */
int format_print(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int format_vprint(char *buf, size_t size, const char *fmt, va_list args) __attribute__((format(printf, 3, 0)));

#endif
