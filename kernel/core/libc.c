// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/libc.h"

#include <stdarg.h>

#include "kernel/core/kheap.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/io/console.h"
#include "lib/format.h"

void *malloc(size_t bytes)
{
	return kheap_alloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return kheap_calloc(count, bytes);
}

void *realloc(void *address, size_t bytes)
{
	return kheap_realloc(address, bytes);
}

void free(void *address)
{
	kheap_free(address);
}

/* The line that printf and putchar are at. W: fibers, cooperatively: nothing between two characters yields. */
static char line[LOG_LINE_MAX];
static size_t line_len;

int putchar(int c)
{
	if (c == '\n' || line_len == sizeof(line)) {
		log_text(line, line_len);
		line_len = 0;
	}
	if (c != '\n')
		line[line_len++] = (char)c;
	return (unsigned char)c;
}

static void put_characters(struct format_sink *sink, const char *text, size_t len)
{
	(void)sink;
	for (size_t i = 0; i < len; i++)
		(void)putchar(text[i]);
}

int printf(const char *fmt, ...)
{
	struct format_sink sink = { .write = put_characters };
	va_list args;
	int len;

	va_start(args, fmt);
	len = format_to_args(&sink, fmt, args);
	va_end(args);
	return len;
}

int puts(const char *text)
{
	return printf("%s\n", text);
}

_Noreturn void exit(int status)
{
	if (line_len > 0)
		(void)putchar('\n');
	console_exit(status);
}

_Noreturn void abort(void)
{
	panic("abort() called");
}

signal_handler_t signal(int number, signal_handler_t handler)
{
	(void)number;
	(void)handler;
	return NULL;
}

int raise(int number)
{
	(void)number;
	return 0;
}
