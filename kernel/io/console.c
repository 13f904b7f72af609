// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/console.h"

#include <stdbool.h>
#include <stddef.h>

#include "hal/contract/console.h"
#include "hal/contract/exit.h"
#include "kernel/core/fiber.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/wait.h"

static bool has_lines; /* W: console_wake; before the first line there may be no log yet, and a panic drains all the same */
static bool has_fiber; /* W: console_start */
static struct wait_queue readable = WAIT_QUEUE_INIT(readable);

void console_drain(void)
{
	static char line[LOG_LINE_MAX + 1]; /* one writer at a time, and none yields in here */
	size_t len;

	while (has_lines && log_take(line, &len)) {
		line[len] = '\n';
		hal_console_write(line, len + 1);
	}
}

static void console_main(void *arg)
{
	(void)arg;
	for (;;) {
		console_drain();
		(void)wait_queue_sleep(&readable, WAIT_FOREVER);
	}
}

void console_start(void)
{
	if (fiber_create("console", console_main, NULL) == NULL)
		panic("memory: the machine has none left for the console's fiber");
	has_fiber = true;
}

void console_wake(void)
{
	has_lines = true;
	if (has_fiber)
		wait_queue_wake(&readable);
	else
		console_drain();
}

void console_make_room(void)
{
	console_drain();
}

_Noreturn void console_exit(int status)
{
	console_drain();
	hal_exit(status);
}
