// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/log_history.h"

#include <assert.h>
#include <stdbool.h>

#include "lib/string.h"

/* Before each line's text. `at`: where the line begins in its component's file, and in that of all. */
struct record {
	uint32_t len; /* with the line's end */
	uint32_t component;
	uint64_t at, at_all;
};

enum { LINE_MAX = 4000 };

static_assert(LOG_HISTORY_BYTES >= 4 * (LINE_MAX + sizeof(struct record)), "some lines have room");

enum log_component log_history_component(struct span line)
{
	if (line.len > 1 && line.data[0] == '[' && (line.data[1] < 'A' || line.data[1] > 'Z'))
		return LOG_APP;
	for (unsigned i = 0; i < LOG_COMPONENTS; i++) {
		const char *name = log_component_name((enum log_component)i);
		size_t len = strlen(name);

		if (line.len > len && line.data[len] == ':' && memcmp(line.data, name, len) == 0)
			return (enum log_component)i;
	}
	return LOG_BOOT;
}

/* Copies to and from the ring, of which the end may lie within. */
static void ring_put(struct log_history *history, uint64_t at, const void *data, size_t len)
{
	size_t offset = (size_t)(at % LOG_HISTORY_BYTES);
	size_t part = len < LOG_HISTORY_BYTES - offset ? len : LOG_HISTORY_BYTES - offset;

	memcpy(history->bytes + offset, data, part);
	memcpy(history->bytes, (const uint8_t *)data + part, len - part);
}

static void ring_get(const struct log_history *history, uint64_t at, void *data, size_t len)
{
	size_t offset = (size_t)(at % LOG_HISTORY_BYTES);
	size_t part = len < LOG_HISTORY_BYTES - offset ? len : LOG_HISTORY_BYTES - offset;

	memcpy(data, history->bytes + offset, part);
	memcpy((uint8_t *)data + part, history->bytes, len - part);
}

static void oldest_drop(struct log_history *history)
{
	struct record record;

	ring_get(history, history->tail, &record, sizeof(record));
	history->kept[record.component] -= record.len;
	history->kept[LOG_HISTORY_ALL] -= record.len;
	history->tail += sizeof(record) + record.len;
}

void log_history_add(struct log_history *history, struct span line)
{
	size_t len = line.len < LINE_MAX ? line.len : LINE_MAX;
	struct record record = { .len = (uint32_t)len + 1, .component = log_history_component(line) };

	record.at = history->size[record.component];
	record.at_all = history->size[LOG_HISTORY_ALL];
	while (history->head - history->tail + sizeof(record) + record.len > LOG_HISTORY_BYTES)
		oldest_drop(history);
	ring_put(history, history->head, &record, sizeof(record));
	ring_put(history, history->head + sizeof(record), line.data, len);
	ring_put(history, history->head + sizeof(record) + len, "\n", 1);
	history->head += sizeof(record) + record.len;
	history->size[record.component] += record.len;
	history->size[LOG_HISTORY_ALL] += record.len;
	history->kept[record.component] += record.len;
	history->kept[LOG_HISTORY_ALL] += record.len;
}

/* The part of a line at `at` of its file that falls into [offset, offset + bytes). */
static void part_copy(const struct log_history *history, uint64_t text, uint64_t at, uint32_t len, uint64_t offset, uint8_t *data, size_t bytes)
{
	uint64_t from = at > offset ? at : offset;
	uint64_t to = at + len < offset + bytes ? at + len : offset + bytes;

	if (from < to)
		ring_get(history, text + (from - at), data + (from - offset), (size_t)(to - from));
}

int64_t log_history_read(const struct log_history *history, unsigned file, uint64_t offset, void *data, size_t bytes)
{
	struct record record;

	if (offset >= history->size[file])
		return 0;
	if (bytes > history->size[file] - offset)
		bytes = (size_t)(history->size[file] - offset);
	memset(data, 0, bytes);
	for (uint64_t at = history->tail; at < history->head; at += sizeof(record) + record.len) {
		ring_get(history, at, &record, sizeof(record));
		if (file == LOG_HISTORY_ALL)
			part_copy(history, at + sizeof(record), record.at_all, record.len, offset, data, bytes);
		else if (file == record.component)
			part_copy(history, at + sizeof(record), record.at, record.len, offset, data, bytes);
	}
	return (int64_t)bytes;
}
