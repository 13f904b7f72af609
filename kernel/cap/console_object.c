// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Every line that a process writes begins with its name in brackets, and control characters are replaced: a process can neither
 * pass for the kernel nor move the cursor.
 */
#include "kernel/cap/objects.h"
#include "kernel/cap/process_text.h"
#include "kernel/console_methods.h"
#include "kernel/io/console.h"
#include "lib/status.h"

static_assert(CAPOS_CONSOLE_LINE_MAX <= PROCESS_TEXT_MAX, "a line of a process fits");

int64_t console_write_line(struct cap_call *call, struct span text)
{
	process_text_log(call->process, text);
	return 0;
}

int64_t console_size(struct cap_call *call)
{
	uint32_t size = console_window_size();

	(void)call;
	return size != 0 ? (int64_t)size : STATUS_ENODATA;
}

struct object console_object = OBJECT_INIT(console_interface);
