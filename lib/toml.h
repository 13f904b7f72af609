// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Pull parser of a strict subset of TOML 1.0.0: comments, [table], [[array of tables]] and [table.sub] with bare names, and
 * `key = value` with a bare key and as value a basic string, a decimal integer, true or false, or an array of basic strings (over
 * several lines if wanted, trailing comma allowed). Escapes: \" \\ \n \t \uXXXX. Text is UTF-8 without control characters; lines
 * end with LF or CRLF.
 *
 * Not taken, because manifests need none of it: dotted and quoted keys, tables deeper than one dot, inline tables, literal and
 * multi-line strings, floats, dates, hexadecimal, underscores. Whether a key or table may occur (twice, there) is the caller's to know.
 *
 *	struct toml toml;
 *	char buffer[256];
 *	toml_begin(&toml, text, buffer, sizeof(buffer));
 *	while ((status = toml_next(&toml, &event)) == STATUS_OK && event.kind != TOML_END) ...
 */
#ifndef LIB_TOML_H
#define LIB_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

#define TOML_KEY_MAX 64 /* bytes of a key or table name */

enum toml_kind {
	TOML_END,       /* the text is over; comes again if asked again */
	TOML_TABLE,     /* [key], [[key]] or [key.sub]: `is_array` and `sub` tell which */
	TOML_KEY,       /* `key` has a value of `type`; of an array, the items follow as events of their own */
	TOML_ITEM,      /* the next `string` of the array begun last */
	TOML_ARRAY_END, /* no more items */
};

enum toml_type {
	TOML_STRING,
	TOML_INTEGER,
	TOML_BOOLEAN,
	TOML_ARRAY,
};

struct toml_event {
	enum toml_kind kind;
	enum toml_type type; /* of TOML_KEY */
	uint32_t line;       /* where it stands, from 1 */
	bool is_array;       /* of TOML_TABLE: [[key]], one more of that name */
	struct span key;     /* of TOML_TABLE, TOML_KEY: in the text. Of TOML_ITEM, TOML_ARRAY_END: the array's */
	struct span sub;     /* of TOML_TABLE: behind the dot, in the text; empty where there is none */
	struct span string;  /* of TOML_STRING, TOML_ITEM: decoded, in the buffer, until the next call; a NUL follows, none is inside */
	int64_t integer;
	bool boolean;
};

/* Fields are the parser's own but for those marked. */
struct toml {
	struct span text;
	size_t offset;
	char *buffer;
	size_t buffer_bytes;
	bool in_array;
	bool need_comma; /* in an array: an item came last */
	struct span key; /* public: after an error, the key whose value is wrong; empty where it is no value */
	uint32_t line;   /* public: after an error, where */
	const char *why; /* public: after an error, a static string */
	status_t failed; /* what every further call returns */
};

/*
 * Begins to parse. `buffer` takes one decoded string with its NUL at a time; a longer one is an error.
 *
 * Context: any. Borrows `text` and `buffer` until the last toml_next.
 */
void toml_begin(struct toml *toml, struct span text, char *buffer, size_t buffer_bytes);

/*
 * The next event.
 *
 * Context: any. Spans of `*event` borrow from text and buffer.
 * Returns STATUS_OK; STATUS_EINVAL where the text is wrong, STATUS_EOVERFLOW where a string or integer does not fit: toml->line and toml->why then say
 * where and why, and every further call fails alike.
 */
MUST_CHECK status_t toml_next(struct toml *toml, struct toml_event *event);

#endif
