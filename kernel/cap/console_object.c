// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Every line that a process writes begins with its name in brackets, and control characters are replaced: a process can neither
 * pass for the kernel nor move the cursor.
 */
#include "kernel/cap/console_object.h"

#include "kernel/core/log.h"
#include "kernel/sys/process.h"
#include "lib/format.h"
#include "lib/string.h"

enum { PREFIX_MAX = 40 };

static_assert(CAPOS_CONSOLE_LINE_MAX + PREFIX_MAX <= LOG_LINE_MAX, "a line of a process fits");

static char printable(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f ? '?' : c;
}

static int64_t write_line(struct cap_call *call)
{
	const struct capos_submission *submission = call->submission;
	char text[CAPOS_CONSOLE_LINE_MAX];
	char line[LOG_LINE_MAX];
	size_t prefix = (size_t)format_print(line, PREFIX_MAX, "[%s] ", call->process->name);
	size_t at = prefix;

	if (process_copy_in(call->process, text, submission->params, submission->params_len) != STATUS_OK)
		return STATUS_EFAULT;
	for (uint32_t i = 0; i < submission->params_len; i++) {
		if (text[i] == '\n') {
			log_text(line, at);
			at = prefix;
		} else {
			line[at++] = printable(text[i]);
		}
	}
	if (at > prefix || submission->params_len == 0 || text[submission->params_len - 1] != '\n')
		log_text(line, at);
	return 0;
}

static const struct cap_method methods[] = {
	[CAPOS_CONSOLE_WRITE_LINE - 1] = { .run = write_line,
					   .rights = CAPOS_CONSOLE_RIGHT_WRITE,
					   .params_max = CAPOS_CONSOLE_LINE_MAX },
};

static const struct cap_interface interface = {
	.id = CAPOS_INTERFACE_CONSOLE,
	.name = "console",
	.methods = methods,
	.method_count = sizeof(methods) / sizeof(methods[0]),
};

struct object console_object = { .interface = &interface };
