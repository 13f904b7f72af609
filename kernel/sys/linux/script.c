// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/script.h"

#include "lib/string.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static void copy(char *to, struct span line, size_t from, size_t end)
{
	memcpy(to, line.data + from, end - from);
	to[end - from] = '\0';
}

status_t linux_script_parse(struct span head, struct linux_script *out)
{
	const uint8_t *newline = memchr(head.data, '\n', head.len);
	struct span line = span_of(head.data, newline != NULL ? (size_t)(newline - head.data) : head.len);
	bool is_cut = newline == NULL && head.len >= LINUX_SCRIPT_HEAD;
	size_t at = 2;
	size_t end;

	if (is_cut)
		line.len = LINUX_SCRIPT_HEAD - 1; /* room for the NUL */
	if (!linux_script_is(head) || memchr(line.data, '\0', line.len) != NULL)
		return STATUS_ENOEXEC;
	while (at < line.len && is_blank(line.data[at]))
		at++;
	end = at;
	while (end < line.len && !is_blank(line.data[end]))
		end++;
	if (end == at || (is_cut && end == line.len))
		return STATUS_ENOEXEC;
	copy(out->interpreter, line, at, end);
	at = end;
	while (at < line.len && is_blank(line.data[at]))
		at++;
	end = line.len;
	while (end > at && is_blank(line.data[end - 1]))
		end--;
	copy(out->argument, line, at, end);
	return STATUS_OK;
}
