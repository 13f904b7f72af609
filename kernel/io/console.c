// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/console.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "hal/contract/console.h"
#include "hal/contract/cpu.h"
#include "hal/contract/exit.h"
#include "hal/contract/smp.h"
#include "hal/contract/terminal.h"
#include "hal/contract/timer.h"
#include "kernel/core/deferred.h"
#include "kernel/core/fiber.h"
#include "kernel/core/log.h"
#include "kernel/core/message.h"
#include "kernel/core/wait.h"
#include "kernel/io/console_input.h"

#define PATIENCE_NS 1000000000ull

static _Atomic bool has_lines; /* W: console_wake; before the first line there is no log, and a panic drains all the same */
static bool has_fiber;         /* W: console_start, while one CPU runs */
static _Atomic bool writing;   /* W: who writes: one CPU at a time */
static _Atomic bool waking;    /* W: set by other CPUs with a message to the fiber's, cleared by that */
static void (*_Atomic line_tap)(const char *line, size_t len); /* W: console_tap */
static bool has_device;        /* W: who has `writing` */
static _Atomic bool in_driver; /* W: who has `writing` */
static bool within_line;       /* W: who has `writing`. What was written last did not end its line */
static _Atomic uint32_t size;  /* W: who has `writing` */
static struct wait_queue readable = WAIT_QUEUE_INIT(readable); /* of CPU 0 */

/* Context of all that calls the driver: `writing` is the caller's. A device that takes nothing for so long is not written to any more. */
static bool device_write(const char *text, size_t len)
{
	uint64_t patience_ns = 0;

	while (len > 0 && hal_terminal_runs()) {
		size_t taken = hal_terminal_write(text, len);

		text += taken;
		len -= taken;
		if (taken > 0 || patience_ns == 0)
			patience_ns = hal_timer_now_ns() + PATIENCE_NS;
		else if (hal_timer_now_ns() > patience_ns)
			break;
		if (len > 0)
			hal_cpu_relax();
	}
	return len == 0;
}

/* All of it, to whatever takes it: what the device has not taken of a line goes to the serial port whole. */
static void text_write(const char *text, size_t len)
{
	static const char lost[] = "console: the device takes no more: back to the serial port\n";

	if (has_device) {
		atomic_store_explicit(&in_driver, true, memory_order_relaxed);
		has_device = device_write(text, len);
		atomic_store_explicit(&in_driver, false, memory_order_relaxed);
		if (has_device)
			return;
		atomic_store_explicit(&size, 0, memory_order_relaxed);
		hal_console_write(lost, sizeof(lost) - 1);
	}
	hal_console_write(text, len);
}

/* Shows the device what it has, and asks it how large it is. Whether it is done. */
static bool device_flush(void)
{
	uint16_t columns;
	uint16_t rows;
	bool done;

	if (!has_device)
		return true;
	atomic_store_explicit(&in_driver, true, memory_order_relaxed);
	done = hal_terminal_flush();
	atomic_store_explicit(&size, hal_terminal_size(&columns, &rows) ? (uint32_t)columns << 16 | rows : 0, memory_order_relaxed);
	atomic_store_explicit(&in_driver, false, memory_order_relaxed);
	return done;
}

static void lines_write(void)
{
	static char line[LOG_LINE_MAX + 1]; /* one writer at a time, and none yields in here */
	void (*tap)(const char *line, size_t len) = atomic_load_explicit(&line_tap, memory_order_acquire);
	bool as_it_stands;
	size_t len;

	while (atomic_load_explicit(&has_lines, memory_order_relaxed) && log_take(line, &len, &as_it_stands)) {
		if (!as_it_stands) {
			if (within_line)
				text_write("\n", 1);
			line[len++] = '\n';
		}
		text_write(line, len);
		within_line = line[len - 1] != '\n';
		if (tap != NULL)
			tap(line, within_line ? len : len - 1);
	}
	(void)device_flush();
}

bool console_device_read(void *to, size_t room, size_t *got)
{
	bool there;

	/* Acquire: as in console_drain(). */
	while (atomic_exchange_explicit(&writing, true, memory_order_acquire))
		hal_cpu_relax();
	there = has_device && hal_terminal_runs();
	if (there) {
		atomic_store_explicit(&in_driver, true, memory_order_relaxed);
		*got = hal_terminal_read(to, room);
		atomic_store_explicit(&in_driver, false, memory_order_relaxed);
	}
	atomic_store_explicit(&writing, false, memory_order_release);
	return there;
}

bool console_is_in_driver(void)
{
	return atomic_load_explicit(&in_driver, memory_order_relaxed);
}

uint32_t console_window_size(void)
{
	return atomic_load_explicit(&size, memory_order_relaxed);
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
	has_device = false; /* its driver may have been stopped anywhere */
	/* The CPU that writes has been stopped, perhaps within a line. */
	if (atomic_exchange_explicit(&writing, true, memory_order_acquire))
		hal_console_write("\n", 1);
	lines_write();
}

static void console_main(void *arg)
{
	(void)arg;
	for (;;) {
		console_input_fetch(); /* who listens may print an echo: so before */
		console_drain();
		(void)wait_queue_sleep(&readable, WAIT_FOREVER);
	}
}

static void device_wake(void *arg)
{
	(void)arg;
	wait_queue_wake(&readable);
}

static struct deferred device_interrupt = { .run = device_wake };

void console_interrupted(void *ctx)
{
	(void)ctx;
	deferred_post(&device_interrupt);
}

status_t console_use_device(void)
{
	status_t status = hal_terminal_start(console_interrupted, NULL);

	if (status != STATUS_OK)
		return status;
	/* Acquire: as in console_drain(). */
	while (atomic_exchange_explicit(&writing, true, memory_order_acquire))
		hal_cpu_relax();
	lines_write(); /* what was printed before goes where it did */
	has_device = true;
	atomic_store_explicit(&writing, false, memory_order_release);
	return STATUS_OK;
}

void console_start(uint64_t stack_top)
{
	static struct fiber fiber;

	fiber_begin(&fiber, stack_top, "console", console_main, NULL);
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

/* Whether the device has taken all that was written; looked at by one CPU at a time. */
static bool device_is_done(void)
{
	bool done;

	/* Acquire: as in console_drain(). */
	if (atomic_exchange_explicit(&writing, true, memory_order_acquire))
		return false;
	done = device_flush();
	atomic_store_explicit(&writing, false, memory_order_release);
	return done;
}

_Noreturn void console_exit(int status)
{
	uint64_t deadline_ns;

	while (!log_is_empty())
		console_make_room();
	deadline_ns = hal_timer_now_ns() + PATIENCE_NS;
	while (!device_is_done() && hal_timer_now_ns() < deadline_ns)
		hal_cpu_relax();
	hal_exit(status);
}
