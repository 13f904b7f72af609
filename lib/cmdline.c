// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Words of the kernel command line, in place. */
#include "lib/cmdline.h"

#include "lib/string.h"

static bool cmdline_is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Bytes of the line before its first NUL. */
static size_t cmdline_len(struct span line)
{
	return strnlen((const char *)line.data, line.len);
}

/* The value at `at`, of a line of `len` bytes; moves `*at` behind it. */
static struct span cmdline_take_value(const uint8_t *data, size_t len, size_t *at)
{
	bool quoted = *at < len && data[*at] == '"';
	size_t start = *at + (quoted ? 1 : 0);
	size_t end = start;

	while (end < len && (quoted ? data[end] != '"' : !cmdline_is_space(data[end])))
		end++;
	*at = quoted && end < len ? end + 1 : end;
	return span_of(data + start, end - start);
}

bool cmdline_next_word(struct span *rest, struct cmdline_word *word)
{
	const uint8_t *data = rest->data;
	size_t len = cmdline_len(*rest);
	size_t at = 0;
	size_t start;

	while (at < len && cmdline_is_space(data[at]))
		at++;
	if (at == len)
		return false;
	start = at;
	while (at < len && !cmdline_is_space(data[at]) && data[at] != '=')
		at++;
	word->key = span_of(data + start, at - start);
	word->has_value = at < len && data[at] == '=';
	if (word->has_value)
		at++;
	word->value = word->has_value ? cmdline_take_value(data, len, &at) : span_of(data + at, 0);
	*rest = span_of(data + at, len - at);
	return true;
}

static bool cmdline_is_end(const struct cmdline_word *word)
{
	return !word->has_value && word->key.len == 2 && memcmp(word->key.data, "--", 2) == 0;
}

bool cmdline_get(struct span line, const char *key, struct span *value)
{
	size_t key_len = strlen(key);
	struct cmdline_word word;
	bool found = false;

	while (cmdline_next_word(&line, &word) && !cmdline_is_end(&word)) {
		if (word.key.len == key_len && memcmp(word.key.data, key, key_len) == 0) {
			*value = word.value;
			found = true;
		}
	}
	return found;
}

bool cmdline_rest(struct span line, struct span *rest)
{
	struct cmdline_word word;
	size_t start = 0;
	size_t end;

	while (cmdline_next_word(&line, &word)) {
		if (!cmdline_is_end(&word))
			continue;
		end = cmdline_len(line);
		while (start < end && cmdline_is_space(line.data[start]))
			start++;
		while (end > start && cmdline_is_space(line.data[end - 1]))
			end--;
		*rest = span_of(line.data + start, end - start);
		return true;
	}
	return false;
}

bool cmdline_next_item(struct span *rest, char separator, struct span *item)
{
	size_t start = 0;
	size_t end;

	while (start < rest->len && rest->data[start] == (uint8_t)separator)
		start++;
	if (start == rest->len)
		return false;
	end = start;
	while (end < rest->len && rest->data[end] != (uint8_t)separator)
		end++;
	*item = span_of(rest->data + start, end - start);
	*rest = span_of(rest->data + end, rest->len - end);
	return true;
}
