// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A strict subset of TOML, pulled. Every function leaves the offset behind what it took; the first error is kept and every
 * later call repeats it.
 *
 * Spec: TOML v1.0.0; what is left out: see toml.h.
 */
#include "lib/toml.h"

#include "lib/string.h"
#include "lib/utf8.h"

static status_t toml_fail(struct toml *toml, const char *why)
{
	toml->why = why;
	toml->failed = STATUS_EINVAL;
	return STATUS_EINVAL;
}

static status_t toml_overflow(struct toml *toml, const char *why)
{
	toml->why = why;
	toml->failed = STATUS_EOVERFLOW;
	return STATUS_EOVERFLOW;
}

/* The byte `ahead` of the offset, or -1 behind the end. */
static int toml_peek(const struct toml *toml, size_t ahead)
{
	return ahead < toml->text.len - toml->offset ? toml->text.data[toml->offset + ahead] : -1;
}

/* Takes `c` where it comes next. */
static bool toml_take(struct toml *toml, char c)
{
	if (toml_peek(toml, 0) != c)
		return false;
	toml->offset++;
	return true;
}

static void toml_skip_blanks(struct toml *toml)
{
	while (toml_take(toml, ' ') || toml_take(toml, '\t'))
		;
}

static bool toml_take_newline(struct toml *toml)
{
	size_t len = toml_peek(toml, 0) == '\r' ? 2 : 1;

	if (toml_peek(toml, len - 1) != '\n')
		return false;
	toml->offset += len;
	toml->line++;
	return true;
}

/* Length of the character at the offset: well formed UTF-8, no control character but tab. 0 where there is none such. */
static size_t toml_character_len(const struct toml *toml)
{
	int lead = toml_peek(toml, 0);

	if (lead == 0x7f || (lead < 0x20 && lead != '\t'))
		return 0;
	return utf8_length(span_of(toml->text.data + toml->offset, toml->text.len - toml->offset));
}

static status_t toml_skip_comment(struct toml *toml)
{
	while (toml_peek(toml, 0) != -1 && toml_peek(toml, 0) != '\n' &&
	       !(toml_peek(toml, 0) == '\r' && toml_peek(toml, 1) == '\n')) {
		size_t len = toml_character_len(toml);

		if (len == 0)
			return toml_fail(toml, "control character or broken UTF-8 in a comment");
		toml->offset += len;
	}
	return STATUS_OK;
}

/* Skips white space, comments and newlines. */
static status_t toml_skip_lines(struct toml *toml)
{
	do {
		toml_skip_blanks(toml);
		if (toml_peek(toml, 0) == '#' && toml_skip_comment(toml) != STATUS_OK)
			return toml->failed;
	} while (toml_take_newline(toml));
	return STATUS_OK;
}

/* What must follow a table name or value: nothing but a comment until the end of the line. */
static status_t toml_end_line(struct toml *toml)
{
	toml_skip_blanks(toml);
	if (toml_peek(toml, 0) == '#' && toml_skip_comment(toml) != STATUS_OK)
		return toml->failed;
	if (toml_peek(toml, 0) != -1 && toml_peek(toml, 0) != '\n' &&
	    !(toml_peek(toml, 0) == '\r' && toml_peek(toml, 1) == '\n'))
		return toml_fail(toml, "something follows on the same line");
	return STATUS_OK;
}

static bool toml_is_bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static status_t toml_take_name(struct toml *toml, struct span *name)
{
	size_t start = toml->offset;

	while (toml_is_bare(toml_peek(toml, 0)))
		toml->offset++;
	*name = span_of(toml->text.data + start, toml->offset - start);
	if (name->len == 0)
		return toml_fail(toml, "a bare key is expected");
	if (name->len > TOML_KEY_MAX)
		return toml_overflow(toml, "key is too long");
	return STATUS_OK;
}

/* Appends to the string in the buffer, leaving room for the NUL. */
static status_t toml_append(struct toml *toml, size_t *used, const uint8_t *bytes, size_t len)
{
	if (toml->buffer_bytes == 0 || len > toml->buffer_bytes - 1 - *used)
		return toml_overflow(toml, "string is too long");
	memcpy(toml->buffer + *used, bytes, len);
	*used += len;
	return STATUS_OK;
}

/* The four digits of \uXXXX at the offset; false where they are not four or not a character that may be. */
static bool toml_take_code(struct toml *toml, uint32_t *code)
{
	*code = 0;
	for (size_t i = 0; i < 4; i++) {
		int c = toml_peek(toml, i);

		if (c >= '0' && c <= '9')
			*code = *code << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*code = *code << 4 | (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			*code = *code << 4 | (uint32_t)(c - 'A' + 10);
		else
			return false;
	}
	toml->offset += 4;
	return *code != 0 && (*code < 0xd800 || *code > 0xdfff);
}

static status_t toml_append_code(struct toml *toml, size_t *used, uint32_t code)
{
	uint8_t utf8[UTF8_MAX];

	return toml_append(toml, used, utf8, utf8_encode(code, utf8));
}

/* The escape whose backslash was taken. */
static status_t toml_take_escape(struct toml *toml, size_t *used)
{
	uint32_t code;

	if (toml_take(toml, '"'))
		return toml_append_code(toml, used, '"');
	if (toml_take(toml, '\\'))
		return toml_append_code(toml, used, '\\');
	if (toml_take(toml, 'n'))
		return toml_append_code(toml, used, '\n');
	if (toml_take(toml, 't'))
		return toml_append_code(toml, used, '\t');
	if (!toml_take(toml, 'u'))
		return toml_fail(toml, "unknown escape");
	if (!toml_take_code(toml, &code))
		return toml_fail(toml, "\\u is not followed by a character's four digits");
	return toml_append_code(toml, used, code);
}

static status_t toml_take_string(struct toml *toml, struct span *string)
{
	status_t status = STATUS_OK;
	size_t used = 0;

	if (!toml_take(toml, '"'))
		return toml_fail(toml, "a string is expected");
	if (toml_peek(toml, 0) == '"' && toml_peek(toml, 1) == '"')
		return toml_fail(toml, "multi-line strings are not supported");
	while (!toml_take(toml, '"')) {
		size_t len = toml_character_len(toml);

		if (toml_peek(toml, 0) == -1 || toml_peek(toml, 0) == '\n' || toml_peek(toml, 0) == '\r')
			return toml_fail(toml, "string is not closed");
		if (len == 0)
			return toml_fail(toml, "control character or broken UTF-8 in a string");
		toml->offset += len;
		if (toml->text.data[toml->offset - len] == '\\')
			status = toml_take_escape(toml, &used);
		else
			status = toml_append(toml, &used, toml->text.data + toml->offset - len, len);
		if (status != STATUS_OK)
			return status;
	}
	if (toml->buffer_bytes == 0)
		return toml_overflow(toml, "string is too long");
	toml->buffer[used] = '\0';
	*string = span_of(toml->buffer, used);
	return STATUS_OK;
}

static status_t toml_take_integer(struct toml *toml, int64_t *integer)
{
	bool negative = toml_peek(toml, 0) == '-';
	uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
	uint64_t value = 0;
	size_t digits = 0;

	if (negative || toml_peek(toml, 0) == '+')
		toml->offset++;
	if (toml_peek(toml, 0) == '0' && toml_peek(toml, 1) >= '0' && toml_peek(toml, 1) <= '9')
		return toml_fail(toml, "integer begins with a zero");
	for (; toml_peek(toml, 0) >= '0' && toml_peek(toml, 0) <= '9'; toml->offset++, digits++) {
		uint64_t digit = (uint64_t)(toml_peek(toml, 0) - '0');

		if (value > (limit - digit) / 10)
			return toml_overflow(toml, "integer is too large");
		value = value * 10 + digit;
	}
	if (digits == 0)
		return toml_fail(toml, "a value is expected: string, integer, true, false or array");
	*integer = negative ? (int64_t)(0 - value) : (int64_t)value;
	return STATUS_OK;
}

/* Takes `word` where it comes next and no longer word begins with it. */
static bool toml_take_word(struct toml *toml, const char *word)
{
	size_t len = strlen(word);

	if (toml->text.len - toml->offset < len || memcmp(toml->text.data + toml->offset, word, len) != 0 ||
	    toml_is_bare(toml_peek(toml, len)))
		return false;
	toml->offset += len;
	return true;
}

static status_t toml_take_value(struct toml *toml, struct toml_event *event)
{
	if (toml_take(toml, '[')) {
		event->type = TOML_ARRAY;
		toml->in_array = true;
		toml->need_comma = false;
		return STATUS_OK;
	}
	if (toml_peek(toml, 0) == '"') {
		event->type = TOML_STRING;
		if (toml_take_string(toml, &event->string) != STATUS_OK)
			return toml->failed;
	} else if (toml_take_word(toml, "true")) {
		event->type = TOML_BOOLEAN;
		event->boolean = true;
	} else if (toml_take_word(toml, "false")) {
		event->type = TOML_BOOLEAN;
	} else {
		event->type = TOML_INTEGER;
		if (toml_take_integer(toml, &event->integer) != STATUS_OK)
			return toml->failed;
	}
	return toml_end_line(toml);
}

/* Inside an array: its next item, or its end. */
static status_t toml_next_item(struct toml *toml, struct toml_event *event)
{
	event->key = toml->key;
	if (toml_skip_lines(toml) != STATUS_OK)
		return toml->failed;
	if (toml->need_comma && toml_take(toml, ',')) {
		toml->need_comma = false;
		if (toml_skip_lines(toml) != STATUS_OK)
			return toml->failed;
	}
	event->line = toml->line;
	if (toml_take(toml, ']')) {
		event->kind = TOML_ARRAY_END;
		toml->in_array = false;
		return toml_end_line(toml);
	}
	if (toml_peek(toml, 0) == -1)
		return toml_fail(toml, "array is not closed");
	if (toml->need_comma)
		return toml_fail(toml, "a comma is expected");
	event->kind = TOML_ITEM;
	toml->need_comma = true;
	return toml_take_string(toml, &event->string);
}

/* Of [table.sub] the dot and what follows; white space may stand around both names. */
static status_t toml_take_sub(struct toml *toml, struct toml_event *event)
{
	if (!toml_take(toml, '.'))
		return STATUS_OK;
	if (event->is_array)
		return toml_fail(toml, "an array of tables has a name without dots");
	toml_skip_blanks(toml);
	if (toml_take_name(toml, &event->sub) != STATUS_OK)
		return toml->failed;
	toml_skip_blanks(toml);
	return STATUS_OK;
}

/* The table whose first bracket was taken. */
static status_t toml_next_table(struct toml *toml, struct toml_event *event)
{
	event->kind = TOML_TABLE;
	event->is_array = toml_take(toml, '[');
	toml_skip_blanks(toml);
	if (toml_take_name(toml, &event->key) != STATUS_OK)
		return toml->failed;
	toml_skip_blanks(toml);
	if (toml_take_sub(toml, event) != STATUS_OK)
		return toml->failed;
	if (!toml_take(toml, ']') || (event->is_array && !toml_take(toml, ']')))
		return toml_fail(toml, "table name is not closed");
	return toml_end_line(toml);
}

void toml_begin(struct toml *toml, struct span text, char *buffer, size_t buffer_bytes)
{
	memset(toml, 0, sizeof(*toml));
	toml->text = text;
	toml->buffer = buffer;
	toml->buffer_bytes = buffer_bytes;
	toml->line = 1;
}

status_t toml_next(struct toml *toml, struct toml_event *event)
{
	if (toml->failed != STATUS_OK)
		return toml->failed;
	memset(event, 0, sizeof(*event));
	if (toml->in_array)
		return toml_next_item(toml, event);
	if (toml_skip_lines(toml) != STATUS_OK)
		return toml->failed;
	event->line = toml->line;
	toml->key = span_of(NULL, 0);
	if (toml_peek(toml, 0) == -1) {
		event->kind = TOML_END;
		return STATUS_OK;
	}
	if (toml_take(toml, '['))
		return toml_next_table(toml, event);
	event->kind = TOML_KEY;
	if (toml_take_name(toml, &event->key) != STATUS_OK)
		return toml->failed;
	toml->key = event->key;
	toml_skip_blanks(toml);
	if (!toml_take(toml, '='))
		return toml_fail(toml, "an equals sign is expected");
	toml_skip_blanks(toml);
	return toml_take_value(toml, event);
}
