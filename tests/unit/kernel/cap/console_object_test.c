// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Reading the console as a process: what is there, what comes later, and that nothing is taken for somebody who does not get it. */
#include "tests/unit/kernel/cap/call.h"

#include "kernel/cap/console_object.c"

const struct cap_interface console_interface = { .rights = 3 };
static char typed[3000], room[3000];
static size_t typed_at, typed_count;
static status_t starts;
static struct console_input_listener *listener;
static unsigned listeners;
static uint32_t window;

status_t console_input_start(void)
{
	return starts;
}

size_t console_input_read(void *to, size_t most)
{
	size_t count = typed_count - typed_at < most ? typed_count - typed_at : most;

	CU_ASSERT(most > 0 && most <= BOUNCE_BYTES);
	memcpy(to, typed + typed_at, count);
	typed_at += count;
	return count;
}

bool console_input_waits(void)
{
	return typed_at < typed_count;
}

void console_input_listen(struct console_input_listener *of)
{
	listener = of;
	listeners++;
}

uint32_t console_window_size(void)
{
	return window;
}

void process_text_log(const struct process *process, struct span text)
{
	CU_ASSERT(process == &world.process && text.len == 2);
}

static void type(size_t count)
{
	for (size_t i = 0; i < count; i++)
		typed[typed_count++] = (char)(i * 7 + 1);
}

static void begin(uint32_t bytes)
{
	call_begin(&console_object, 3, room, bytes);
	typed_at = typed_count = 0;
	starts = STATUS_OK;
	list_init(&waiting);
	memset(room, 0, sizeof(room));
}

static int64_t settle_one(void)
{
	CU_ASSERT_TRUE(world.operation.claimed);
	world.operation.settle(&world.operation, NULL);
	return world.operation.result;
}

static void what_is_there_is_read_at_once(void)
{
	begin(2000);
	type(700);
	CU_ASSERT_EQUAL(console_read(&world.call), 700);
	CU_ASSERT_EQUAL(memcmp(room, typed, 700), 0);
	begin(300);
	type(700);
	CU_ASSERT_EQUAL(console_read(&world.call), 300);
	CU_ASSERT(memcmp(room, typed, 300) == 0 && room[300] == 0);
	CU_ASSERT_EQUAL(console_read(&world.call), 300);
	CU_ASSERT_EQUAL(memcmp(room, typed + 300, 300), 0);
	world.submission.result_len = 0;
	CU_ASSERT_EQUAL(console_read(&world.call), 0);
	world.submission.result_len = 300;
	world.bad_va = (uint64_t)room + 50;
	CU_ASSERT_EQUAL(console_read(&world.call), STATUS_EFAULT);
	CU_ASSERT_EQUAL(world.faults, 1);
	starts = STATUS_ENODEV;
	CU_ASSERT_EQUAL(console_read(&world.call), STATUS_ENODEV);
	CU_ASSERT_EQUAL(world.begun, 0);
}

static void what_comes_is_read_by_who_waits(void)
{
	begin(100);
	CU_ASSERT_EQUAL(console_read(&world.call), CAP_PENDING);
	CU_ASSERT(world.begun == 1 && world.finished == 0 && listeners == 1);
	type(5);
	listener->changed(listener);
	CU_ASSERT(world.finished == 1 && world.finished_with == 0 && list_is_empty(&waiting));
	CU_ASSERT_EQUAL(settle_one(), 5);
	CU_ASSERT(memcmp(room, typed, 5) == 0 && !world.operation.again && world.retimed == 0);
	CU_ASSERT_EQUAL(console_read(&world.call), CAP_PENDING);
	CU_ASSERT_EQUAL(listeners, 1); /* it listens for ever */
	CU_ASSERT_TRUE(operation_claim(&world.operation));
	world.operation.withdraw(&world.operation);
	CU_ASSERT_TRUE(list_is_empty(&waiting));
	world.operation.result = STATUS_ETIMEDOUT;
	CU_ASSERT_EQUAL(settle_one(), STATUS_ETIMEDOUT);
}

static void what_another_took_is_waited_for_again(void)
{
	begin(100);
	CU_ASSERT_EQUAL(console_read(&world.call), CAP_PENDING);
	type(5);
	listener->changed(listener);
	typed_at = typed_count;
	(void)settle_one();
	CU_ASSERT(world.operation.again && world.retimed == 1 && !list_is_empty(&waiting));
	CU_ASSERT_EQUAL(world.operation.claimed, 0);
	type(300);
	CU_ASSERT_EQUAL(console_read(&world.call), 100); /* another, who leaves some */
	CU_ASSERT_EQUAL(world.finished, 2);
	world.operation.again = false;
	CU_ASSERT_EQUAL(settle_one(), 100);
	CU_ASSERT_FALSE(world.operation.again);
}

/* It was finished, and its rings closed: what is there is the next one's. */
static void what_is_lost_to_one_is_anothers(void)
{
	begin(100);
	CU_ASSERT_EQUAL(console_read(&world.call), CAP_PENDING);
	type(5);
	world.operation.lost(&world.operation);
	CU_ASSERT_EQUAL(world.finished, 1);
	begin(100);
	world.no_operation = true;
	CU_ASSERT_EQUAL(console_read(&world.call), STATUS_ENOMEM);
	CU_ASSERT_TRUE(list_is_empty(&waiting));
}

static void a_window_has_a_size_where_it_is_known(void)
{
	begin(0);
	window = 0;
	CU_ASSERT_EQUAL(console_size(&world.call), STATUS_ENODATA);
	window = 80 << 16 | 25;
	CU_ASSERT_EQUAL(console_size(&world.call), 80 << 16 | 25);
	CU_ASSERT_EQUAL(console_write_line(&world.call, span_of("ab", 2)), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_is_there_is_read_at_once),
	UNIT_CASE(what_comes_is_read_by_who_waits),
	UNIT_CASE(what_another_took_is_waited_for_again),
	UNIT_CASE(what_is_lost_to_one_is_anothers),
	UNIT_CASE(a_window_has_a_size_where_it_is_known),
};

UNIT_MAIN("kernel/cap/console_object", cases)
