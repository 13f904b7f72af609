// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A line takes as many slots of the ring as it needs, claimed as one batch: its length first, then its text across the slots. So
 * a line is whole or not there, whoever else writes, and short lines do not pay for long ones.
 */
#include "kernel/core/log.h"

#include <assert.h>
#include <stdarg.h>

#include "kernel/core/fiber.h"
#include "kernel/core/panic.h"
#include "kernel/io/console.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

enum { SLOT_BYTES = 64, RING_BYTES = LOG_KEPT_BYTES, SLOTS = RING_BYTES / SLOT_BYTES };

typedef uint32_t __attribute__((may_alias)) line_length_t; /* a line's first slot begins with it; and: */

enum { AS_IT_STANDS = 1 << 30 };

struct log_filter log_filter_now; /* W: log_init */
static _Alignas(SLOT_BYTES) uint8_t slots[RING_BYTES];
static _Atomic uint64_t batch_ends[SLOTS];
static struct disruptor_consumer reader;
static struct disruptor ring = DISRUPTOR_MANY_INIT(slots, SLOT_BYTES, SLOTS, batch_ends, reader);
static struct disruptor_consumer reader = DISRUPTOR_READER_INIT(ring);
static_assert((SLOTS & (SLOTS - 1)) == 0, "slots of a ring");

static uint32_t slots_for(size_t len)
{
	return (uint32_t)((sizeof(line_length_t) + len + SLOT_BYTES - 1) / SLOT_BYTES);
}

static line_length_t *line_length(uint64_t first)
{
	return (line_length_t *)(void *)(slots + first % SLOTS * SLOT_BYTES);
}

/* The text of the line whose first slot is `first`; `*part` takes how much of its `len` bytes lies there, before the ring wraps. */
static uint8_t *line_text(uint64_t first, size_t len, size_t *part)
{
	uint8_t *text = (uint8_t *)(line_length(first) + 1);
	size_t room = (size_t)(slots + RING_BYTES - text);

	*part = len < room ? len : room;
	return text;
}

static void line_put(uint64_t first, const char *line, size_t len)
{
	size_t part;
	uint8_t *text = line_text(first, len, &part);

	memcpy(text, line, part);
	memcpy(slots, line + part, len - part);
}

static void line_get(uint64_t first, char *line, size_t len)
{
	size_t part;
	const uint8_t *text = line_text(first, len, &part);

	memcpy(line, text, part);
	memcpy(line + part, slots, len - part);
}

void log_init(struct span command_line)
{
	struct span levels;
	struct span bad = { 0 };

	log_filter_init(&log_filter_now, LOG_WARN);
	if (cmdline_get(command_line, "log", &levels))
		bad = log_filter_parse(&log_filter_now, levels);
	if (bad.len > 0)
		log_line("log: log=: '%.*s' names no level or component; known: log=<error|warn|info|debug|trace>[,<component>=<level>...]",
			 (int)bad.len, (const char *)bad.data);
}

static void message_put(const char *text, size_t len, line_length_t mark)
{
	uint32_t count = slots_for(len);
	uint64_t first;

	while (disruptor_many_try_claim(&ring, count, &first) != STATUS_OK)
		console_make_room();
	*line_length(first) = (line_length_t)len | mark;
	line_put(first, text, len);
	disruptor_many_publish(&ring, first, count);
	console_wake();
}

void log_text(const char *text, size_t len)
{
	message_put(text, len < LOG_LINE_MAX ? len : LOG_LINE_MAX, 0);
}

void log_bytes(const char *text, size_t len)
{
	while (len > 0) {
		size_t part = len < LOG_LINE_MAX ? len : LOG_LINE_MAX;

		message_put(text, part, AS_IT_STANDS);
		text += part;
		len -= part;
	}
}

bool log_take(char *line, size_t *len, bool *as_it_stands)
{
	line_length_t length;
	uint64_t first;

	if (disruptor_poll(&reader, &first) == 0)
		return false;
	length = *line_length(first);
	*as_it_stands = (length & AS_IT_STANDS) != 0;
	length &= ~(line_length_t)AS_IT_STANDS;
	line_get(first, line, length);
	ASSERT_OWNED(atomic_load_explicit(&reader.released, memory_order_relaxed) == first); /* nobody else reads */
	disruptor_release(&reader, first + slots_for(length));
	*len = length;
	return true;
}

/* Where the first line begins that lies in the ring from `from` on: a batch that begins there ends behind it. */
static uint64_t line_find(uint64_t from, uint64_t until)
{
	while (from < until && atomic_load_explicit(&batch_ends[from % SLOTS], memory_order_acquire) <= from)
		from++;
	return from;
}

void log_replay(void (*each)(const char *line, size_t len))
{
	uint64_t until = atomic_load_explicit(&reader.released, memory_order_acquire);
	uint64_t at = line_find(until > SLOTS ? until - SLOTS : 0, until);
	static char line[LOG_LINE_MAX];
	line_length_t length;

	for (; at < until; at = line_find(at + slots_for(length), until)) {
		length = *(volatile line_length_t *)line_length(at) & ~(line_length_t)AS_IT_STANDS; /* read once: others write */
		if (length > LOG_LINE_MAX)
			length = LOG_LINE_MAX; /* it is being overwritten */
		line_get(at, line, length);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&ring.claimed, memory_order_relaxed) <= at + SLOTS)
			each(line, length);
	}
}

bool log_is_empty(void)
{
	return atomic_load_explicit(&reader.released, memory_order_acquire) ==
	       atomic_load_explicit(&ring.claimed, memory_order_relaxed);
}

/* Prints behind the `len` bytes that the line has. */
static void line_end(char line[LOG_LINE_MAX], size_t len, const char *fmt, va_list args)
{
	len += (size_t)format_vprint(line + len, LOG_LINE_MAX - len, fmt, args);
	if (len >= LOG_LINE_MAX) {
		len = LOG_LINE_MAX - 1;
		memcpy(line + len - 3, "...", 3);
	}
	log_text(line, len);
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	size_t len;
	va_list args;

	if (!log_passes(component, level))
		return;
	len = (size_t)format_print(line, sizeof(line), "%s: ", log_component_name(component));
	va_start(args, fmt);
	line_end(line, len, fmt, args);
	va_end(args);
}

void log_line(const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	va_list args;

	va_start(args, fmt);
	line_end(line, 0, fmt, args);
	va_end(args);
}
