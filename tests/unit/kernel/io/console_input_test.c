// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is typed, with serial port and console device played by the test. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* hal/contract/cpu.h of this machine: one CPU. */
#define HAL_CONTRACT_CPU_H
static void hal_cpu_relax(void)
{
}

#define HAL_CONTRACT_MEMORY_H
#define HAL_PAGE_BYTES 4096u
static void *hal_direct_va(uint64_t pa)
{
	return (void *)pa;
}

#include "kernel/io/console_input.c"

static struct {
	uint32_t typed, read; /* counts: byte number n is n % 251 */
	bool has_device, has_serial, has_memory;
	unsigned listens, wakes, told, pages;
} world;

static size_t source_read(void *to, size_t room)
{
	uint8_t *bytes = to;
	size_t count = 0;

	for (; count < room && world.read != world.typed; count++)
		bytes[count] = (uint8_t)(world.read++ % 251);
	return count;
}

bool console_device_read(void *to, size_t room, size_t *got)
{
	if (world.has_device)
		*got = source_read(to, room);
	return world.has_device;
}

status_t hal_console_listen(void (*ready)(void *ctx), void *ctx)
{
	(void)ready;
	(void)ctx;
	world.listens++;
	return world.has_serial ? STATUS_OK : STATUS_ENODEV;
}

size_t hal_console_read(void *to, size_t room)
{
	return source_read(to, room);
}

void console_interrupted(void *ctx)
{
	(void)ctx;
}

void console_wake(void)
{
	world.wakes++;
}

void message_call(unsigned cpu, void (*run)(void *arg), void *arg)
{
	CU_ASSERT_EQUAL(cpu, 0);
	run(arg);
}

uint64_t page_alloc(unsigned order)
{
	(void)order;
	world.pages += world.has_memory;
	return world.has_memory ? (uint64_t)malloc(HAL_PAGE_BYTES) : 0;
}

void page_free(uint64_t pa, unsigned order)
{
	(void)order;
	world.pages--;
	free((void *)pa);
}

static void told(struct console_input_listener *listener)
{
	(void)listener;
	world.told++;
}

/* As when the machine has just been started. */
static void world_begin(void)
{
	free(ring);
	ring = NULL;
	atomic_store(&come, UINT32_MAX - 5000); /* the counts go round soon */
	atomic_store(&taken, UINT32_MAX - 5000);
	atomic_store(&stalled, false);
	atomic_store(&started, false);
	serial = SERIAL_UNTRIED;
	list_init(&listeners);
	memset(&world, 0, sizeof(world));
	world.has_memory = world.has_serial = true;
}

static void check_read(uint32_t from, size_t room, size_t expected)
{
	static uint8_t bytes[2 * RING_BYTES];

	CU_ASSERT_EQUAL_FATAL(console_input_read(bytes, room), expected);
	for (size_t i = 0; i < expected; i++)
		CU_ASSERT_EQUAL_FATAL(bytes[i], (from + i) % 251);
}

static void console_input_listens_to_nothing_before_its_start(void)
{
	world_begin();
	world.typed = 3;
	console_input_fetch();
	CU_ASSERT(world.read == 0 && world.listens == 0 && !console_input_waits());
	check_read(0, 10, 0);
	CU_ASSERT(console_input_start() == STATUS_OK && console_input_start() == STATUS_OK);
	CU_ASSERT(world.listens == 1 && world.pages == 1 && world.wakes == 1);
	console_input_fetch();
	CU_ASSERT(console_input_waits());
	check_read(0, 10, 3);
	CU_ASSERT(!console_input_waits());
}

static void console_input_says_where_there_is_nothing_to_type_at(void)
{
	world_begin();
	world.has_memory = false;
	CU_ASSERT_EQUAL(console_input_start(), STATUS_ENOMEM);
	world.has_memory = true;
	world.has_serial = false;
	CU_ASSERT(console_input_start() == STATUS_ENODEV && world.pages == 0);
	CU_ASSERT(console_input_start() == STATUS_ENODEV && world.listens == 1);
	world.has_device = true;
	CU_ASSERT(console_input_start() == STATUS_OK && world.pages == 1);
}

static void console_input_keeps_a_page_and_leaves_the_rest_with_the_port(void)
{
	uint32_t at = 0;

	world_begin();
	CU_ASSERT_EQUAL(console_input_start(), STATUS_OK);
	world.wakes = 0;
	world.typed = 20000;
	console_input_fetch();
	CU_ASSERT(world.read == RING_BYTES && world.wakes == 0);
	while (at < world.typed) {
		size_t expected = world.read - at < 1000 ? world.read - at : 1000;

		check_read(at, 1000, expected);
		at += (uint32_t)expected;
		if (world.wakes > 0) {
			world.wakes = 0;
			console_input_fetch();
		}
	}
	CU_ASSERT(world.read == 20000 && !console_input_waits());
	check_read(at, 1, 0);
}

static void console_input_tells_who_listens_when_something_came(void)
{
	struct console_input_listener listener[2] = { { .changed = told }, { .changed = told } };

	world_begin();
	CU_ASSERT_EQUAL(console_input_start(), STATUS_OK);
	console_input_listen(&listener[0]);
	console_input_listen(&listener[1]);
	console_input_fetch();
	CU_ASSERT_EQUAL(world.told, 0);
	world.typed = 1;
	console_input_fetch();
	CU_ASSERT_EQUAL(world.told, 2);
	console_input_ignore(&listener[0]);
	world.typed = 2;
	console_input_fetch();
	CU_ASSERT_EQUAL(world.told, 3);
}

static void console_input_goes_back_to_the_serial_port_with_the_lines(void)
{
	world_begin();
	world.has_device = true;
	world.typed = 5;
	CU_ASSERT_EQUAL(console_input_start(), STATUS_OK);
	console_input_fetch();
	CU_ASSERT_EQUAL(world.listens, 0);
	world.has_device = false;
	world.typed = 9;
	console_input_fetch();
	CU_ASSERT_EQUAL(world.listens, 1);
	check_read(0, 100, 9);
	world.has_serial = false;
	console_input_fetch();
	CU_ASSERT_EQUAL(world.listens, 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE(console_input_listens_to_nothing_before_its_start),
	UNIT_CASE(console_input_says_where_there_is_nothing_to_type_at),
	UNIT_CASE(console_input_keeps_a_page_and_leaves_the_rest_with_the_port),
	UNIT_CASE(console_input_tells_who_listens_when_something_came),
	UNIT_CASE(console_input_goes_back_to_the_serial_port_with_the_lines),
};
UNIT_MAIN("kernel/io/console_input", cases)
