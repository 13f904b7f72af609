// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/process_text.h"

#include <assert.h>

#include "kernel/core/log.h"
#include "kernel/sys/process.h"
#include "lib/format.h"

enum { PREFIX_MAX = 40 };

static_assert(PROCESS_TEXT_MAX + PREFIX_MAX <= LOG_LINE_MAX, "a line of a process fits");

static char printable(uint8_t c)
{
	return (c < 0x20 && c != '\t') || c == 0x7f ? '?' : (char)c;
}

void process_text_log(const struct process *process, struct span text)
{
	char line[LOG_LINE_MAX];
	size_t prefix = (size_t)format_print(line, PREFIX_MAX, "[%s] ", process->name);
	size_t at = prefix;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\n') {
			log_text(line, at);
			at = prefix;
		} else {
			line[at++] = printable(text.data[i]);
		}
	}
	if (at > prefix || text.len == 0 || text.data[text.len - 1] != '\n')
		log_text(line, at);
}
