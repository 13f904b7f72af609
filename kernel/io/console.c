// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/console.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "hal/contract/console.h"
#include "hal/contract/cpu.h"
#include "hal/contract/exit.h"
#include "hal/contract/smp.h"
#include "kernel/core/fiber.h"
#include "kernel/core/log.h"
#include "kernel/core/message.h"
#include "kernel/core/panic.h"
#include "kernel/core/wait.h"

static _Atomic bool has_lines; /* W: console_wake; before the first line there is no log, and a panic drains all the same */
static bool has_fiber;         /* W: console_start, while one CPU runs */
static _Atomic bool writing;   /* W: who writes: one CPU at a time */
static _Atomic bool waking;    /* W: set by other CPUs with a message to the fiber's, cleared by that */
static void (*_Atomic line_tap)(const char *line, size_t len); /* W: console_tap */
static struct wait_queue readable = WAIT_QUEUE_INIT(readable); /* of CPU 0 */

/* Context: `writing` is the caller's. */
static void lines_write(void)
{
	static char line[LOG_LINE_MAX + 1]; /* one writer at a time, and none yields in here */
	void (*tap)(const char *line, size_t len) = atomic_load_explicit(&line_tap, memory_order_acquire);
	size_t len;

	while (atomic_load_explicit(&has_lines, memory_order_relaxed) && log_take(line, &len)) {
		if (tap != NULL)
			tap(line, len);
		line[len] = '\n';
		hal_console_write(line, len + 1);
	}
}

void console_tap(void (*tap)(const char *line, size_t len))
{
	atomic_store_explicit(&line_tap, tap, memory_order_release);
}

void console_drain(void)
{
	/* Pairs with the release below: the ring's reader is as the last writer left it. */
	if (atomic_exchange_explicit(&writing, true, memory_order_acquire))
		return;
	lines_write();
	atomic_store_explicit(&writing, false, memory_order_release);
}

void console_flush(void)
{
	while (atomic_exchange_explicit(&writing, true, memory_order_acquire))
		hal_cpu_relax();
	lines_write();
	atomic_store_explicit(&writing, false, memory_order_release);
}

void console_drain_at_panic(void)
{
	console_tap(NULL); /* a stopped CPU may have its lock */
	/* The CPU that writes has been stopped, perhaps within a line. */
	if (atomic_exchange_explicit(&writing, true, memory_order_acquire))
		hal_console_write("\n", 1);
	lines_write();
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

static void wake_here(void *arg)
{
	(void)arg;
	atomic_store_explicit(&waking, false, memory_order_relaxed);
	wait_queue_wake(&readable);
}

void console_wake(void)
{
	atomic_store_explicit(&has_lines, true, memory_order_relaxed);
	if (!has_fiber)
		console_drain();
	else if (hal_cpu_index() == 0)
		wait_queue_wake(&readable);
	else if (!atomic_exchange_explicit(&waking, true, memory_order_relaxed))
		message_send(0, wake_here, NULL);
}

void console_make_room(void)
{
	console_drain();
	hal_cpu_relax();
}

_Noreturn void console_exit(int status)
{
	while (!log_is_empty())
		console_make_room();
	hal_exit(status);
}
