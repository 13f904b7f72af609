// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The console driver against a device that keeps the rules, and such that do not. The driver keeps its device: so there is one of it. */
#include "hal/contract/terminal.h"

#include "tests/unit/hal/virtio/device_model.h"
#include "tests/unit/unit.h"

enum { BUFFERS = 8 };

static char text[HAL_PAGE_BYTES];

static void start(void)
{
	CU_ASSERT_EQUAL_FATAL(hal_terminal_start(fake_ready, &fake.readies), STATUS_OK);
}

/* The device reads the next chain, and is done with it. */
static uint32_t fetch(char *first)
{
	struct model_chain chain = model_fetch(&fake.queues[1]);

	CU_ASSERT_PTR_NULL_FATAL(chain.wrong);
	CU_ASSERT_FATAL(chain.readable == 1 && chain.writable == 0);
	*first = *(char *)hal_direct_va(chain.pieces[0].address);
	model_finish(&fake.queues[1], &chain, 0);
	return chain.pieces[0].bytes;
}

static void console_is_nothing_without_a_device(void)
{
	uint16_t columns;
	uint16_t rows;

	fake_device(VIRTIO_TYPE_NET, "", 0);
	CU_ASSERT_EQUAL(hal_terminal_start(fake_ready, &fake.readies), STATUS_ENODEV);
	CU_ASSERT(!hal_terminal_runs() && hal_terminal_write("x", 1) == 0 && hal_terminal_flush() && !hal_terminal_size(&columns, &rows));
}

/* Without memory, or with a device that cannot be begun with: it says so, and can be started later. */
static void console_that_cannot_be_started_says_why(void)
{
	fake_device(VIRTIO_TYPE_CONSOLE, "\x50\0\x19\0", 4);
	for (fake.page_limit = 0; fake.page_limit < BUFFERS + 2; fake.page_limit++)
		CU_ASSERT_EQUAL(hal_terminal_start(fake_ready, &fake.readies), STATUS_ENOMEM);
	fake.begins = STATUS_ENOTSUP;
	CU_ASSERT_EQUAL(hal_terminal_start(fake_ready, &fake.readies), STATUS_ENOTSUP);
	fake.begins = STATUS_OK;
	for (unsigned i = 0; i < 2; i++) {
		fake.queue_begins[i] = STATUS_EIO;
		CU_ASSERT_EQUAL(hal_terminal_start(fake_ready, &fake.readies), STATUS_EIO);
		fake.queue_begins[i] = STATUS_OK;
	}
	CU_ASSERT(!fake.runs && !hal_terminal_runs() && hal_terminal_write("x", 1) == 0);
	CU_ASSERT_EQUAL(fake.page_count, BUFFERS + 2);
}

static void console_gathers_lines_until_they_are_shown(void)
{
	char first;

	start();
	CU_ASSERT_EQUAL(hal_terminal_start(fake_ready, &fake.readies), STATUS_EBUSY);
	CU_ASSERT(hal_terminal_write("one\n", 4) == 4 && hal_terminal_write("two\n", 4) == 4);
	CU_ASSERT(!model_has_work(&fake.queues[1]));
	CU_ASSERT(!hal_terminal_flush() && model_has_work(&fake.queues[1]));
	CU_ASSERT(fetch(&first) == 8 && first == 'o');
	CU_ASSERT(hal_terminal_flush());
}

static void console_takes_no_more_than_there_is_room_for(void)
{
	size_t taken = 0;
	size_t some;
	char first;

	memset(text, 'a', sizeof(text));
	while ((some = hal_terminal_write(text, 1000)) == 1000)
		taken += some;
	taken += some;
	CU_ASSERT_EQUAL(taken, BUFFERS * HAL_PAGE_BYTES);
	CU_ASSERT_EQUAL(hal_terminal_write(text, 1), 0);
	CU_ASSERT(fetch(&first) == HAL_PAGE_BYTES && first == 'a');
	CU_ASSERT_EQUAL(hal_terminal_write("b", 1), 1);
	for (unsigned i = 1; i < BUFFERS; i++)
		CU_ASSERT(fetch(&first) == HAL_PAGE_BYTES && first == 'a');
	CU_ASSERT(!hal_terminal_flush() && fetch(&first) == 1 && first == 'b' && hal_terminal_flush());
}

static void console_tells_the_size_and_when_it_changes(void)
{
	uint16_t columns;
	uint16_t rows;

	CU_ASSERT(hal_terminal_size(&columns, &rows) && columns == 80 && rows == 25);
	fake.config[0] = 132;
	atomic_store(&fake.device.config_changed, true);
	CU_ASSERT(hal_terminal_size(&columns, &rows) && columns == 132 && rows == 25);
	fake.config[2] = 0;
	atomic_store(&fake.device.config_changed, true);
	CU_ASSERT(!hal_terminal_size(&columns, &rows));
}

/* Somebody types at the device. What it has no room for waits with it. */
static bool type(const char *what, uint32_t bytes)
{
	struct model_chain chain;

	if (!model_has_work(&fake.queues[0]))
		return false;
	chain = model_fetch(&fake.queues[0]);
	CU_ASSERT_PTR_NULL_FATAL(chain.wrong);
	CU_ASSERT_FATAL(chain.readable == 0 && chain.writable == 1 && bytes <= chain.pieces[0].bytes);
	memcpy(hal_direct_va(chain.pieces[0].address), what, bytes);
	model_finish(&fake.queues[0], &chain, bytes);
	return true;
}

static void console_gives_what_is_typed_in_order(void)
{
	char got[16] = "";

	CU_ASSERT(!type("a", 1)); /* nobody listens */
	CU_ASSERT_EQUAL(hal_terminal_read(got, sizeof(got)), 0);
	CU_ASSERT(type("one ", 4) && model_interrupts(&fake.queues[0]) && type("two ", 4) && type("three ", 6));
	CU_ASSERT(hal_terminal_read(got, 6) == 6 && memcmp(got, "one tw", 6) == 0);
	CU_ASSERT(type("4", 1) && type("5", 1) && !type("6", 1));
	CU_ASSERT(hal_terminal_read(got, sizeof(got)) == 10 && memcmp(got, "o three 45", 10) == 0);
	CU_ASSERT(type("6", 1) && hal_terminal_read(got, sizeof(got)) == 1 && got[0] == '6');
}

/* Nothing of what a device says counts but what it may have written. */
static void console_finds_out_devices_that_lie_of_what_is_typed(void)
{
	static const struct {
		uint32_t id, bytes;
		uint16_t advance;
	} lies[] = { { 0, 0, 1 }, { 0, HAL_PAGE_BYTES / 4 + 1, 1 }, { 7, 1, 1 }, { 300, 1, 1 }, { 0, 1, 5 }, { 0, 1, 0x8000 } };
	char got[16];

	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		unsigned reports = fake.reports;

		CU_ASSERT_EQUAL(hal_terminal_read(got, sizeof(got)), 0);
		model_put(&fake.queues[0], lies[i].id, lies[i].bytes, lies[i].advance);
		CU_ASSERT(hal_terminal_read(got, sizeof(got)) == 0 && !hal_terminal_runs() && fake.reports == reports + 1);
		CU_ASSERT_EQUAL(hal_terminal_read(got, sizeof(got)), 0);
		start();
	}
	CU_ASSERT(hal_terminal_read(got, sizeof(got)) == 0 && type("again", 5) && hal_terminal_read(got, sizeof(got)) == 5);
}

static void console_finds_out_devices_that_lie(void)
{
	static const struct {
		uint32_t id, bytes;
		uint16_t advance;
	} lies[] = { { 0, 1, 1 }, { 7, 0, 1 }, { 300, 0, 1 }, { 0, 0, 2 } };

	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		unsigned reports = fake.reports;

		CU_ASSERT(hal_terminal_write("x", 1) == 1 && !hal_terminal_flush());
		model_put(&fake.queues[1], lies[i].id, lies[i].bytes, lies[i].advance);
		CU_ASSERT(hal_terminal_flush() && !hal_terminal_runs() && fake.reports == reports + 1);
		CU_ASSERT_EQUAL(hal_terminal_write("x", 1), 0);
		start();
	}
	fake.needs_reset = true;
	atomic_store(&fake.device.config_changed, true);
	CU_ASSERT(!hal_terminal_runs());
	fake.needs_reset = false;
	start();
}

static void console_works_with_a_short_queue_and_no_size(void)
{
	uint16_t columns;
	uint16_t rows;
	size_t taken = 0;
	size_t some;
	char first;

	fake.needs_reset = true;
	atomic_store(&fake.device.config_changed, true);
	CU_ASSERT(!hal_terminal_runs());
	fake.queue_size = 2;
	fake.offers = VIRTIO_F_VERSION_1;
	start();
	CU_ASSERT(!hal_terminal_size(&columns, &rows));
	while ((some = hal_terminal_write(text, 4000)) > 0)
		taken += some;
	CU_ASSERT_EQUAL(taken, 3 * HAL_PAGE_BYTES);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT(!hal_terminal_flush());
		CU_ASSERT_EQUAL(fetch(&first), HAL_PAGE_BYTES);
	}
	CU_ASSERT(hal_terminal_flush());
	fake_end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(console_is_nothing_without_a_device),
	UNIT_CASE(console_that_cannot_be_started_says_why),
	UNIT_CASE(console_gathers_lines_until_they_are_shown),
	UNIT_CASE(console_takes_no_more_than_there_is_room_for),
	UNIT_CASE(console_tells_the_size_and_when_it_changes),
	UNIT_CASE(console_gives_what_is_typed_in_order),
	UNIT_CASE(console_finds_out_devices_that_lie_of_what_is_typed),
	UNIT_CASE(console_finds_out_devices_that_lie),
	UNIT_CASE(console_works_with_a_short_queue_and_no_size),
};
UNIT_MAIN("hal/virtio/console", cases)
