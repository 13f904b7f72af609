// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The kernel's console, with log, serial port and console device played by the test. */
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/unit.h"

/* hal/contract/cpu.h and smp.h of this machine. */
#define HAL_CONTRACT_CPU_H
#define HAL_CONTRACT_SMP_H
static uint64_t now_ns;

static void hal_cpu_relax(void)
{
	now_ns += 1000000;
}

static unsigned cpu_now;

static unsigned hal_cpu_index(void)
{
	return cpu_now;
}

#include "kernel/io/console.c"

static struct {
	const char *lines[8];
	unsigned count, taken;
	char serial[2048], device[512];
	size_t room; /* what the device takes before it stalls */
	bool runs, done;
	uint16_t columns;
	unsigned wakes, messages, message_cpu;
	void (*message)(void *arg); /* under way */
	int status;
	jmp_buf exited;
} world;

uint64_t hal_timer_now_ns(void)
{
	return now_ns;
}

/* A line that begins with '|' is text without its end, as it stands behind that. */
bool log_take(char *line, size_t *len, bool *as_it_stands)
{
	if (world.taken == world.count)
		return false;
	*as_it_stands = world.lines[world.taken][0] == '|';
	if (*as_it_stands)
		world.lines[world.taken]++;
	*len = strlen(world.lines[world.taken]);
	memcpy(line, world.lines[world.taken++], *len);
	return true;
}

bool log_is_empty(void)
{
	return world.taken == world.count;
}

void hal_console_write(const char *text, size_t len)
{
	strncat(world.serial, text, len);
}

_Noreturn void hal_exit(int code)
{
	world.status = code;
	longjmp(world.exited, 1);
}

status_t hal_terminal_start(void (*changed)(void *ctx), void *ctx)
{
	(void)changed;
	(void)ctx;
	return world.runs ? STATUS_OK : STATUS_ENODEV;
}

size_t hal_terminal_write(const char *text, size_t len)
{
	size_t taken = len < world.room ? len : world.room;

	CU_ASSERT(console_is_in_driver());
	strncat(world.device, text, taken);
	world.room -= taken;
	return taken;
}

bool hal_terminal_flush(void)
{
	return world.done || !world.runs;
}

size_t hal_terminal_read(void *to, size_t room)
{
	CU_ASSERT(console_is_in_driver());
	memset(to, 'x', room);
	return room;
}

void console_input_fetch(void)
{
}

bool hal_terminal_runs(void)
{
	return world.runs;
}

bool hal_terminal_size(uint16_t *columns, uint16_t *rows)
{
	*columns = world.columns;
	*rows = 25;
	return world.runs && world.columns != 0;
}

void wait_queue_wake(struct wait_queue *queue)
{
	(void)queue;
	world.wakes++;
}

status_t wait_queue_sleep(struct wait_queue *queue, uint64_t deadline_ns)
{
	(void)queue;
	(void)deadline_ns;
	return STATUS_OK;
}

struct fiber *fiber_create(const char *name, void (*main)(void *arg), void *arg)
{
	(void)name;
	(void)main;
	(void)arg;
	return NULL;
}

void deferred_post(struct deferred *deferred)
{
	deferred->run(deferred->arg);
}

void message_send(unsigned cpu, void (*run)(void *arg), void *arg)
{
	CU_ASSERT_PTR_NULL(arg);
	world.messages++;
	world.message_cpu = cpu;
	world.message = run;
}

/* A machine with a device that takes `room` bytes. */
static void begin(size_t room)
{
	memset(&world, 0, sizeof(world));
	world.runs = true;
	world.done = true;
	world.room = room;
	has_device = false;
	atomic_store(&has_lines, true);
	atomic_store(&writing, false);
	atomic_store(&size, 0);
	CU_ASSERT_EQUAL(console_use_device(), STATUS_OK);
}

static void print(const char *line)
{
	world.lines[world.count++] = line;
	console_wake();
}

static void console_writes_to_the_device_alone(void)
{
	begin(500);
	print("one");
	print("two");
	CU_ASSERT_STRING_EQUAL(world.device, "one\ntwo\n");
	CU_ASSERT_STRING_EQUAL(world.serial, "");
	CU_ASSERT(!console_is_in_driver());
}

static void console_gives_up_a_device_that_stalls(void)
{
	uint64_t before_ns = now_ns;

	begin(6);
	print("one");
	print("two");
	print("three");
	CU_ASSERT_STRING_EQUAL(world.device, "one\ntw");
	CU_ASSERT_STRING_EQUAL(world.serial, "console: the device takes no more: back to the serial port\ntwo\nthree\n");
	CU_ASSERT(now_ns - before_ns >= PATIENCE_NS && now_ns - before_ns < 2 * PATIENCE_NS);
}

static void console_gives_up_a_device_that_breaks(void)
{
	begin(500);
	world.columns = 80;
	print("one");
	CU_ASSERT_EQUAL(console_window_size(), 80 << 16 | 25);
	world.runs = false;
	print("two");
	CU_ASSERT_EQUAL(console_window_size(), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(world.serial, "\ntwo\n"));
}

static void console_learns_of_another_size_without_a_line(void)
{
	begin(500);
	world.columns = 132;
	console_drain();
	CU_ASSERT_EQUAL(console_window_size(), 132 << 16 | 25);
	console_interrupted(NULL);
	CU_ASSERT_EQUAL(world.wakes, 1);
}

static void console_panics_on_the_serial_port(void)
{
	begin(500);
	world.lines[world.count++] = "last";
	console_drain_at_panic();
	CU_ASSERT_STRING_EQUAL(world.serial, "last\n");
	CU_ASSERT_STRING_EQUAL(world.device, "");
}

static void console_ends_when_the_device_has_all_or_takes_too_long(void)
{
	static uint64_t before_ns; /* kept by longjmp */
	static unsigned done;

	for (done = 0; done < 2; done++) {
		before_ns = now_ns;
		begin(500);
		world.done = done;
		world.lines[world.count++] = "last";
		if (setjmp(world.exited) == 0)
			console_exit(7);
		CU_ASSERT(world.status == 7 && strcmp(world.device, "last\n") == 0);
		CU_ASSERT((now_ns - before_ns >= PATIENCE_NS) == (done == 0));
	}
}

static void console_begins_a_line_of_its_own_behind_text_without_an_end(void)
{
	begin(0);
	world.runs = false;
	has_device = false;
	world.lines[world.count++] = "|$ ";
	world.lines[world.count++] = "|ls\n";
	world.lines[world.count++] = "|half";
	world.lines[world.count++] = "proc: a line";
	world.lines[world.count++] = "another";
	lines_write();
	CU_ASSERT_STRING_EQUAL(world.serial, "$ ls\nhalf\nproc: a line\nanother\n");
}

/* The fiber is CPU 0's: others send a message, and no second one before that is served. */
static void console_wakes_its_fiber_from_any_cpu(void)
{
	begin(500);
	has_fiber = true;
	console_wake();
	CU_ASSERT(world.wakes == 1 && world.messages == 0);
	cpu_now = 3;
	console_wake();
	console_wake();
	CU_ASSERT(world.wakes == 1 && world.messages == 1 && world.message_cpu == 0);
	world.message(NULL);
	CU_ASSERT_EQUAL(world.wakes, 2);
	console_wake();
	CU_ASSERT_EQUAL(world.messages, 2);
	world.message(NULL);
	has_fiber = false;
	cpu_now = 0;
}

static void console_writes_the_longest_line_whole(void)
{
	static char longest[LOG_LINE_MAX + 1];

	begin(0);
	world.runs = false;
	has_device = false;
	memset(longest, 'x', LOG_LINE_MAX);
	world.lines[world.count++] = longest;
	lines_write();
	CU_ASSERT_EQUAL(strlen(world.serial), LOG_LINE_MAX + 1);
	CU_ASSERT_EQUAL(world.serial[LOG_LINE_MAX], '\n');
}

static const struct unit_case cases[] = {
	UNIT_CASE(console_writes_to_the_device_alone),
	UNIT_CASE(console_gives_up_a_device_that_stalls),
	UNIT_CASE(console_gives_up_a_device_that_breaks),
	UNIT_CASE(console_learns_of_another_size_without_a_line),
	UNIT_CASE(console_panics_on_the_serial_port),
	UNIT_CASE(console_ends_when_the_device_has_all_or_takes_too_long),
	UNIT_CASE(console_wakes_its_fiber_from_any_cpu),
	UNIT_CASE(console_writes_the_longest_line_whole),
	UNIT_CASE(console_begins_a_line_of_its_own_behind_text_without_an_end),
};
UNIT_MAIN("kernel/io/console", cases)
