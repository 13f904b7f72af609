// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The log: lines of text with a component and a level, into a ring of the disruptor kind that the console reads. Which levels are
 * let through is set on the kernel command line: log=<level>[,<component>=<level>...].
 */
#ifndef KERNEL_CORE_LOG_H
#define KERNEL_CORE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/core/log_filter.h"
#include "lib/disruptor.h"
#include "lib/span.h"

enum {
	LOG_LINE_MAX = 1280,    /* bytes; what is longer is cut, and ends in "..." */
	LOG_KEPT_BYTES = 16384, /* more than log_replay() gives is never there, ends of lines included */
};

/* Reads the levels and makes the ring. The first call of all. */
void log_init(struct span command_line);

/* A line "<component>: <text>", where its level is let through. Context: any but a console's writer. */
void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether log_print() would print: for callers that are hot, so that a line that is not printed costs a load and a compare. */
extern struct log_filter log_filter_now;

static inline bool log_passes(enum log_component component, enum log_level level)
{
	return log_filter_passes(&log_filter_now, component, level);
}

/* A line as it stands, always. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same from a buffer, which need not end with NUL; no character of it is interpreted. */
void log_text(const char *text, size_t len);

/* Text as it stands that need not be whole lines: it comes out without an end of line. Between two of them other lines may come. */
void log_bytes(const char *text, size_t len);

/*
 * The reading side, for the console. One line of at most LOG_LINE_MAX bytes into `line`, or where `*as_it_stands` says so, text that has its ends of
 * line itself; false where none waits.
 */
bool log_take(char *line, size_t *len, bool *as_it_stands);

/*
 * Calls each() for the lines that were taken but still lie in the ring, oldest first; one that is overwritten meanwhile is left out.
 * Context: fiber, or a panic.
 */
void log_replay(void (*each)(const char *line, size_t len));

/* Whether every line has been taken. Context: any. */
bool log_is_empty(void);

#endif
