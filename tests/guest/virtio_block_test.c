// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Two disks: a writable one that begins with this kernel's own image, and a read-only one of FAULTY_BYTES whose first sectors cannot be
 * read (tests/qemu/virtio_tests.py). With test=disk-fault, one that fails once where `fails=` says (harness/fault_io.py).
 */
#include <stdatomic.h>

#include "hal/contract/block.h"
#include "hal/contract/cpu.h"
#include "hal/contract/memory.h"
#include "hal/contract/timer.h"
#include "kernel/core/page.h"
#include "kernel/io/devices.h"
#include "lib/bits.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

#define PATIENCE_NS 20000000000ul
#define FAULTY_BYTES (16ul << 20)

enum { REQUESTS = 100, PIECES = 4, RESTARTS = 5 };

static struct hal_block *disk, *faulty;
static _Atomic unsigned interrupts;
static uint8_t *buffers[2]; /* a page each */

static void ready(void *ctx)
{
	atomic_fetch_add((_Atomic unsigned *)ctx, 1);
}

static status_t submit(struct hal_block *block, enum hal_block_operation operation, uint64_t offset, void *data, uint32_t len)
{
	bool moves = operation == HAL_BLOCK_READ || operation == HAL_BLOCK_WRITE;
	const struct hal_block_piece piece = { data, len };
	const struct hal_block_request request = { operation, offset, moves ? 0 : len, &piece, moves, buffers };

	return hal_block_submit(block, &request);
}

/* Waits for one request; its status, or STATUS_ETIMEDOUT. */
static status_t finish(struct hal_block *block)
{
	uint64_t deadline = hal_timer_now_ns() + PATIENCE_NS;
	status_t status;
	void *token;

	hal_block_kick(block);
	while (!hal_block_done(block, &token, &status)) {
		if (hal_timer_now_ns() > deadline)
			return STATUS_ETIMEDOUT;
		hal_cpu_relax();
	}
	return token == buffers ? status : STATUS_EBADMSG;
}

static status_t move(struct hal_block *block, enum hal_block_operation operation, uint64_t offset, void *data, uint32_t len)
{
	status_t status = submit(block, operation, offset, data, len);

	return status != STATUS_OK ? status : finish(block);
}

static const char *disks_are_found(void)
{
	struct hal_block_info info;

	GUEST_CHECK(devices_probe() == STATUS_OK && hal_block_count() == 2);
	for (unsigned i = 0; i < 2; i++) {
		struct hal_block *block = hal_block_at(i);

		buffers[i] = hal_direct_va(page_alloc(0));
		GUEST_CHECK(block != NULL && hal_block_start(block, ready, &interrupts) == STATUS_OK);
		hal_block_info(block, &info);
		*(info.bytes == FAULTY_BYTES ? &faulty : &disk) = block;
	}
	GUEST_CHECK(disk != NULL && faulty != NULL);
	GUEST_CHECK(info.block_bytes == HAL_BLOCK_UNIT);
	return NULL;
}

static const char *a_disk_is_read(void)
{
	GUEST_CHECK(disk != NULL);
	memset(buffers[0], 0xee, HAL_PAGE_BYTES);
	GUEST_CHECK(move(disk, HAL_BLOCK_READ, 0, buffers[0], HAL_PAGE_BYTES) == STATUS_OK);
	GUEST_CHECK(memcmp(buffers[0] + 56, "ARM\x64", 4) == 0); /* of the Image's header */
	GUEST_CHECK(move(disk, HAL_BLOCK_READ, 512, buffers[1], HAL_PAGE_BYTES - 512) == STATUS_OK);
	GUEST_CHECK(memcmp(buffers[0] + 512, buffers[1], HAL_PAGE_BYTES - 512) == 0);
	return NULL;
}

/* Pieces of several lengths, out of order. */
static const char *what_was_written_is_read(void)
{
	struct hal_block_piece pieces[PIECES];
	struct hal_block_request request = { HAL_BLOCK_WRITE, 8192, 0, pieces, PIECES, buffers };

	GUEST_CHECK(disk != NULL);
	for (unsigned i = 0; i < HAL_PAGE_BYTES; i++)
		buffers[0][i] = (uint8_t)(i * 7 + i / 256);
	for (unsigned i = 0; i < PIECES; i++)
		pieces[i] = (struct hal_block_piece){ buffers[0] + 512 * (PIECES - 1 - i), 512 };
	GUEST_CHECK(hal_block_submit(disk, &request) == STATUS_OK && finish(disk) == STATUS_OK);
	GUEST_CHECK(move(disk, HAL_BLOCK_FLUSH, 0, NULL, 0) == STATUS_OK);
	memset(buffers[1], 0, HAL_PAGE_BYTES);
	GUEST_CHECK(move(disk, HAL_BLOCK_READ, 8192, buffers[1], PIECES * 512) == STATUS_OK);
	for (unsigned i = 0; i < PIECES; i++)
		GUEST_CHECK(memcmp(buffers[1] + 512 * i, buffers[0] + 512 * (PIECES - 1 - i), 512) == 0);
	return NULL;
}

static const char *many_requests_are_in_flight(void)
{
	uint64_t deadline = hal_timer_now_ns() + PATIENCE_NS;
	unsigned submitted = 0;
	unsigned done = 0;
	unsigned full = 0;
	status_t status;
	void *token;

	GUEST_CHECK(disk != NULL);
	while (done < REQUESTS && hal_timer_now_ns() < deadline) {
		status = submitted < REQUESTS ? submit(disk, HAL_BLOCK_READ, 512 * submitted, buffers[0] + 512 * (submitted % 8), 512) : STATUS_EAGAIN;
		submitted += status == STATUS_OK;
		GUEST_CHECK(status == STATUS_OK || status == STATUS_EAGAIN);
		if (status == STATUS_OK)
			continue;
		full++;
		hal_block_kick(disk);
		while (hal_block_done(disk, &token, &status)) {
			GUEST_CHECK(status == STATUS_OK && token == buffers);
			done++;
		}
	}
	GUEST_CHECK(done == REQUESTS && full > 0);
	return NULL;
}

static const char *a_request_that_is_done_interrupts(void)
{
	uint64_t deadline = hal_timer_now_ns() + PATIENCE_NS;
	unsigned before;

	GUEST_CHECK(disk != NULL && !hal_block_listen(disk, true));
	before = interrupts;
	GUEST_CHECK(submit(disk, HAL_BLOCK_READ, 0, buffers[0], 512) == STATUS_OK);
	hal_block_kick(disk);
	while (interrupts == before && hal_timer_now_ns() < deadline)
		hal_cpu_relax();
	GUEST_CHECK(interrupts != before && finish(disk) == STATUS_OK);
	(void)hal_block_listen(disk, false);
	return NULL;
}

static const char *errors_are_passed_on(void)
{
	GUEST_CHECK(faulty != NULL);
	GUEST_CHECK(move(faulty, HAL_BLOCK_READ, 0, buffers[0], 512) == STATUS_EIO);
	GUEST_CHECK(move(faulty, HAL_BLOCK_READ, 1 << 20, buffers[0], 512) == STATUS_OK);
	GUEST_CHECK(!hal_block_is_broken(faulty));
	return NULL;
}

static const char *requests_that_make_no_sense_are_refused(void)
{
	struct hal_block_info info;

	GUEST_CHECK(disk != NULL && faulty != NULL);
	hal_block_info(disk, &info);
	GUEST_CHECK(submit(disk, HAL_BLOCK_READ, 1, buffers[0], 512) == STATUS_EINVAL);
	GUEST_CHECK(submit(disk, HAL_BLOCK_READ, 0, buffers[0], 511) == STATUS_EINVAL);
	GUEST_CHECK(submit(disk, HAL_BLOCK_READ, 0, buffers[0], 0) == STATUS_EINVAL);
	GUEST_CHECK(submit(disk, HAL_BLOCK_READ, info.bytes, buffers[0], 512) == STATUS_EINVAL);
	GUEST_CHECK(submit(disk, HAL_BLOCK_READ, UINT64_MAX - 511, buffers[0], 512) == STATUS_EINVAL);
	GUEST_CHECK(submit(disk, HAL_BLOCK_READ, 0, (void *)0x400000, 512) == STATUS_EINVAL);
	GUEST_CHECK(submit(faulty, HAL_BLOCK_WRITE, 1 << 20, buffers[0], 512) == STATUS_EACCES);
	if (info.discard)
		GUEST_CHECK(move(disk, HAL_BLOCK_DISCARD, 65536, NULL, 4096) == STATUS_OK);
	else
		GUEST_CHECK(submit(disk, HAL_BLOCK_DISCARD, 65536, NULL, 4096) == STATUS_ENOTSUP);
	return NULL;
}

static const char *a_disk_starts_again_after_a_reset(void)
{
	uint64_t pages = page_free_count();

	GUEST_CHECK(disk != NULL);
	for (unsigned i = 0; i < RESTARTS; i++) {
		unsigned back = 0;
		status_t status;
		void *token;

		for (unsigned j = 0; j < 8; j++)
			GUEST_CHECK(submit(disk, HAL_BLOCK_READ, 4096 * j, buffers[0], HAL_PAGE_BYTES) == STATUS_OK);
		hal_block_kick(disk);
		hal_block_stop(disk);
		GUEST_CHECK(hal_block_start(disk, ready, &interrupts) == STATUS_EBUSY);
		for (; hal_block_done(disk, &token, &status); back++)
			GUEST_CHECK(status == STATUS_ECANCELED && token == buffers);
		GUEST_CHECK(back == 8 && hal_block_start(disk, ready, &interrupts) == STATUS_OK);
		GUEST_CHECK(move(disk, HAL_BLOCK_READ, 0, buffers[1], 512) == STATUS_OK);
		GUEST_CHECK(memcmp(buffers[1] + 56, "ARM\x64", 4) == 0);
	}
	GUEST_CHECK(page_free_count() == pages);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "disks_are_found", disks_are_found },
	{ "a_disk_is_read", a_disk_is_read },
	{ "what_was_written_is_read", what_was_written_is_read },
	{ "many_requests_are_in_flight", many_requests_are_in_flight },
	{ "a_request_that_is_done_interrupts", a_request_that_is_done_interrupts },
	{ "errors_are_passed_on", errors_are_passed_on },
	{ "requests_that_make_no_sense_are_refused", requests_that_make_no_sense_are_refused },
	{ "a_disk_starts_again_after_a_reset", a_disk_starts_again_after_a_reset },
};

const struct guest_table virtio_block_tests = { tests, sizeof(tests) / sizeof(tests[0]) };

/* Each operation once, and again: what the device is to fail at fails the first time, alone, and nothing else comes of it. */
static const char *a_disk_that_fails_once_fails_one_request(void)
{
	static const char *const names[] = { [HAL_BLOCK_READ] = "read", [HAL_BLOCK_WRITE] = "write", [HAL_BLOCK_FLUSH] = "flush",
					     [HAL_BLOCK_DISCARD] = "discard" };
	struct span fails = { 0 };
	unsigned failed = 0;

	GUEST_CHECK(cmdline_get(guest_command_line, "fails", &fails));
	GUEST_CHECK(devices_probe() == STATUS_OK && hal_block_count() == 1);
	disk = hal_block_at(0);
	buffers[0] = hal_direct_va(page_alloc(0));
	GUEST_CHECK(disk != NULL && hal_block_start(disk, ready, &interrupts) == STATUS_OK);
	for (unsigned turn = 0; turn < 2; turn++)
		for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
			bool due = turn == 0 && strlen(names[i]) == fails.len && memcmp(names[i], fails.data, fails.len) == 0;
			status_t status = move(disk, i, i == HAL_BLOCK_FLUSH ? 0 : 65536, buffers[0], i == HAL_BLOCK_FLUSH ? 0 : 4096);

			GUEST_CHECK(status == (due ? STATUS_EIO : STATUS_OK));
			failed += due;
		}
	GUEST_CHECK(failed == 1 && !hal_block_is_broken(disk));
	return NULL;
}

static const struct guest_test fault_tests[] = {
	{ "a_disk_that_fails_once_fails_one_request", a_disk_that_fails_once_fails_one_request },
};

const struct guest_table disk_fault_tests = { fault_tests, sizeof(fault_tests) / sizeof(fault_tests[0]) };
