// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Volumes in the kernel and their disks, with the volume itself, the driver, the scheduler and time played by the test. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* hal/contract/cpu.h and smp.h of this machine. */
#define HAL_CONTRACT_CPU_H
#define HAL_CONTRACT_SMP_H

static int hal_cpu_has_crc32c(void)
{
	return 0;
}

static uint32_t hal_cpu_crc32c(uint32_t sum, const void *data, size_t bytes)
{
	(void)data;
	return sum + (uint32_t)bytes;
}

static inline void hal_cpu_relax(void)
{
}

static unsigned hal_cpu_index(void)
{
	return 3;
}

#include "kernel/io/fs/ext4/volume.h"

static int allocations_left = -1; /* until there is no memory; negative: there always is */

static void *test_calloc(size_t count, size_t bytes)
{
	return allocations_left == 0 || (allocations_left > 0 && allocations_left-- == 0) ? NULL : calloc(count, bytes);
}

#define calloc test_calloc
#include "kernel/io/fs/ext4/disk.c"
#include "kernel/io/fs/ext4/platform.c"
#undef calloc

#include "tests/unit/kernel/io/fs/ext4/platform_world.h"

static void memory_of_blocks_is_pages_where_it_fills_them(void)
{
	void *small, *page;

	begin();
	small = ext4_block_alloc(1024);
	page = ext4_block_alloc(HAL_PAGE_BYTES);
	CU_ASSERT(small != NULL && page != NULL && world.pages == 1);
	memset(small, 1, 1024);
	memset(page, 1, HAL_PAGE_BYTES);
	ext4_block_free(page, HAL_PAGE_BYTES);
	CU_ASSERT_EQUAL(world.pages, 0);
	ext4_block_free(small, 1024);
	ext4_block_free(NULL, 1024);
	ext4_block_free(NULL, HAL_PAGE_BYTES);
	world.no_pages = true;
	CU_ASSERT(ext4_block_alloc(HAL_PAGE_BYTES) == NULL && world.pages == 0);
}

static void give_lock(void)
{
	ext4_lock_give(world.lock);
}

static void a_lock_has_one_holder(void)
{
	begin();
	world.lock = ext4_lock_make();
	CU_ASSERT(!ext4_lock_is_taken(world.lock));
	ext4_lock_take(world.lock);
	CU_ASSERT(ext4_lock_is_taken(world.lock) && world.sleeps == 0);
	world.during_sleep[2] = give_lock;
	world.sleep_status[1] = STATUS_ECANCELED; /* which is no reason to take it */
	ext4_lock_take(world.lock);
	CU_ASSERT(ext4_lock_is_taken(world.lock) && world.sleeps == 3 && world.yields == 1 && world.slept_until == WAIT_FOREVER && world.wakes == 1);
	ext4_lock_free(world.lock);
}

static void disks_that_cannot_be_had_are_told_apart(void)
{
	static const struct {
		status_t status;
		const char *why;
	} rows[] = { { STATUS_EBUSY, "the disk is in use" }, { STATUS_EIO, "the disk does not start" } };
	struct fs *fs = NULL;

	begin();
	CU_ASSERT(ext4_mount(2, false, &fs, world.why, sizeof(world.why)) == STATUS_ENODEV && strcmp(world.why, "there is no such disk") == 0);
	for (unsigned i = 0; i < 2; i++) {
		world.start_status = rows[i].status;
		CU_ASSERT(ext4_mount(1, false, &fs, world.why, sizeof(world.why)) == rows[i].status && strcmp(world.why, rows[i].why) == 0);
	}
	world.start_status = STATUS_OK;
	world.probe_status = STATUS_EIO;
	CU_ASSERT_EQUAL(ext4_mount(1, false, &fs, world.why, sizeof(world.why)), STATUS_EIO);
	CU_ASSERT(world.governors == 0 && world.stops == 0 && fs == NULL);
}

static void a_mount_that_fails_leaves_nothing(void)
{
	struct fs *fs = NULL;

	begin();
	world.mount_status = STATUS_EBADMSG;
	CU_ASSERT(ext4_mount(1, false, &fs, world.why, sizeof(world.why)) == STATUS_EBADMSG && strcmp(world.why, "said by the volume") == 0);
	CU_ASSERT(world.stops == 1 && world.governors == 0 && world.main == NULL);
	world.mount_status = STATUS_OK;
	world.no_fiber = true;
	CU_ASSERT(ext4_mount(1, false, &fs, world.why, sizeof(world.why)) == STATUS_ENOMEM && strcmp(world.why, "out of memory") == 0);
	CU_ASSERT(world.stops == 2 && world.governors == 0 && world.unmounts == 1 && volume.flusher == NULL);
	world.no_fiber = false;
	for (allocations_left = 0; allocations_left < 2;) {
		int left = allocations_left;

		memset(world.why, 0, sizeof(world.why));
		CU_ASSERT_EQUAL(ext4_mount(1, false, &fs, world.why, sizeof(world.why)), STATUS_ENOMEM);
		CU_ASSERT(world.governors == 0 && volume.flusher == NULL && world.why[0] != '\0');
		allocations_left = left + 1;
	}
	allocations_left = -1;
	CU_ASSERT_PTR_NULL(fs);
}

static void a_volume_has_a_share_of_memory_and_a_fiber_that_commits(void)
{
	static const struct {
		uint64_t pages, bytes;
	} rows[] = { { 0, 64 << 10 }, { 256, 64 << 10 }, { 272, 272 * 256 }, { 4096, 1 << 20 }, { 262144, 64 << 20 }, { 262145, 64 << 20 }, { 1 << 24, 64 << 20 } };
	struct fs *fs = NULL;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		begin();
		world.free_pages = rows[i].pages;
		CU_ASSERT(ext4_mount(1, i % 2 != 0, &fs, world.why, sizeof(world.why)) == STATUS_OK && fs == &volume.fs && fs->cpu == 3);
		CU_ASSERT(world.cache_bytes == rows[i].bytes && world.governors == 1);
		CU_ASSERT((world.main != NULL) == (i % 2 == 0) && (volume.flusher != NULL) == (i % 2 == 0)); /* what is only read needs no commits */
		world.unmount_status = STATUS_EIO;
		world.join_cancels = 2;
		CU_ASSERT(ext4_unmount(fs) == STATUS_EIO && world.unmounts == 1 && world.stops == 1 && world.governors == 0 && volume.flusher == NULL);
		CU_ASSERT(world.join_cancels == (i % 2 == 0 ? 0 : 2));
	}
}

static void change_it(void)
{
	volume.changed = true;
	volume.changed_ns = world.now_ns;
}

static void wait_nearly(void)
{
	world.now_ns = volume.changed_ns + 5000000000 - 1;
}

static void wait_long_enough(void)
{
	world.now_ns = volume.changed_ns + 5000000000;
}

static void fail_it(void)
{
	wait_long_enough();
	volume.failed = true;
}

static void end_it(void)
{
	wait_long_enough();
	volume.failed = false;
	volume.flusher->end = true;
}

/* What was changed is committed after five seconds, under the lock; not before, not where nothing is, and not what has failed. */
static void what_was_changed_is_committed_in_time(void)
{
	static void (*const script[])(void) = { change_it, wait_nearly, wait_long_enough, wait_long_enough, change_it, wait_long_enough, change_it, fail_it, end_it };
	struct fs *fs;

	begin();
	CU_ASSERT_FATAL(ext4_mount(1, false, &fs, world.why, sizeof(world.why)) == STATUS_OK);
	world.now_ns = 1000;
	memcpy(world.during_sleep, script, sizeof(script));
	world.commit_fails_at = 2;
	world.main(world.main_arg);
	CU_ASSERT_EQUAL(world.sleeps, ARRAY_LEN(script));
	CU_ASSERT(world.commits == 2 && world.committed_locked && !ext4_lock_is_taken(volume.lock));
	CU_ASSERT_STRING_EQUAL(world.lines, "ext4: what was written in the last seconds is lost\n");
	CU_ASSERT(world.deadlines[0] == WAIT_FOREVER && world.deadlines[1] == 1000 + 5000000000 && world.deadlines[2] == world.deadlines[1]);
	CU_ASSERT(world.deadlines[3] == WAIT_FOREVER && world.deadlines[8] == WAIT_FOREVER); /* no timer is armed while nothing is to be done */
	volume.changed = false;
	CU_ASSERT_EQUAL(ext4_unmount(fs), STATUS_OK);
}

static void a_panic_writes_the_kept_blocks_and_no_others(void)
{
	static char text[3 * 1024];
	struct fs *fs;

	begin();
	CU_ASSERT_FATAL(ext4_mount(1, false, &fs, world.why, sizeof(world.why)) == STATUS_OK);
	volume.device = world.device;
	volume.cache.block_bytes = 1024;
	CU_ASSERT(ext4_put_at_panic(fs, span_of(text, sizeof(text))) == STATUS_ENOENT && world.requests == 0);
	volume.kept = (struct kept_file){ .number = 12, .run_count = 2, .runs = { { 100, 1 }, { 50, 2 } } };
	world.now_ns = 1000;
	CU_ASSERT_EQUAL(ext4_put_at_panic(fs, span_of(text, sizeof(text))), STATUS_OK);
	CU_ASSERT(world.panic_starts == 1 && world.requests == 3 && world.asked[2].operation == HAL_BLOCK_FLUSH);
	CU_ASSERT(world.asked[0].operation == HAL_BLOCK_WRITE && world.asked[0].offset == 100 * 1024 && world.asked[0].data == text && world.asked[0].len == 1024);
	CU_ASSERT(world.asked[1].offset == 50 * 1024 && world.asked[1].data == text + 1024 && world.asked[1].len == 2048);
	volume.device->flush = false;
	CU_ASSERT(ext4_put_at_panic(fs, span_of(text, sizeof(text))) == STATUS_OK && world.requests == 5);
	world.fail_request = 6;
	CU_ASSERT(ext4_put_at_panic(fs, span_of(text, sizeof(text))) == STATUS_EIO && world.requests == 6);
	world.silent = true; /* it says nothing: three seconds for all of it */
	world.now_ns = 1000;
	CU_ASSERT(ext4_put_at_panic(fs, span_of(text, sizeof(text))) == STATUS_ETIMEDOUT && world.requests == 7);
	CU_ASSERT(world.rest_until == 1000 + 3000000000ull && world.now_ns >= world.rest_until);
	world.panic_start_status = STATUS_EIO;
	CU_ASSERT(ext4_put_at_panic(fs, span_of(text, sizeof(text))) == STATUS_EIO && world.requests == 7);
	CU_ASSERT_EQUAL(ext4_unmount(fs), STATUS_OK);
}

/* A device without room is given what waits, in order, as soon as something is done; what it refuses has failed. */
static void requests_wait_for_room_in_their_order(void)
{
	struct ext4_device *device = NULL;
	struct ext4_io ios[4] = { 0 };

	begin();
	CU_ASSERT_EQUAL_FATAL(disk_open(0, &device), STATUS_OK);
	CU_ASSERT(device->bytes == 1 << 20 && device->flush && !device->read_only);
	world.room = 1;
	for (unsigned i = 0; i < 4; i++) {
		ios[i] = (struct ext4_io){ .operation = HAL_BLOCK_READ, .offset = i * 512, .count = 1, .done = true };
		device->submit(device, &ios[i]);
		CU_ASSERT(!ios[i].done);
	}
	CU_ASSERT_EQUAL(world.requests, 1);
	device->wait(device, &ios[3]);
	CU_ASSERT(ios[0].done && ios[1].done && ios[2].done && ios[3].done && ios[3].status == STATUS_OK && world.requests == 4 && world.kicks > 0);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(world.asked[i].offset, i * 512);
	world.submit_status = STATUS_EACCES;
	device->submit(device, &ios[0]);
	CU_ASSERT(ios[0].done && ios[0].status == STATUS_EIO);
	world.submit_status = STATUS_OK;
	world.fail_request = world.requests + 1;
	device->submit(device, &ios[1]);
	device->wait(device, &ios[1]);
	CU_ASSERT_EQUAL(ios[1].status, STATUS_EIO);
	disk_close(device);
	CU_ASSERT(world.stops == 1 && world.yields > 0);
}

static void a_device_that_says_nothing_is_stopped(void)
{
	struct ext4_device *device = NULL;
	struct ext4_io io = { .operation = HAL_BLOCK_READ, .count = 1 };

	begin();
	CU_ASSERT_EQUAL_FATAL(disk_open(0, &device), STATUS_OK);
	world.silent = true;
	world.now_ns = 5000;
	device->submit(device, &io);
	device->wait(device, &io);
	CU_ASSERT(io.done && io.status == STATUS_EIO && world.stops == 1 && world.now_ns > 5000 + 30000000000 && world.now_ns < 5000 + 31000000000);
	disk_close(device);
	begin();
	CU_ASSERT_EQUAL_FATAL(disk_open(0, &device), STATUS_OK);
	world.ready_context_posts = true; /* an interrupt wakes who sleeps */
	device->submit(device, &io);
	world.ready(world.ready_ctx);
	CU_ASSERT_FATAL(world.posted != NULL && world.wakes == 0);
	world.posted->run(world.posted->arg);
	CU_ASSERT_EQUAL(world.wakes, 1);
	device->wait(device, &io);
	disk_close(device);
}

static const struct unit_case cases[] = {
	UNIT_CASE(memory_of_blocks_is_pages_where_it_fills_them),
	UNIT_CASE(a_lock_has_one_holder),
	UNIT_CASE(disks_that_cannot_be_had_are_told_apart),
	UNIT_CASE(a_mount_that_fails_leaves_nothing),
	UNIT_CASE(a_volume_has_a_share_of_memory_and_a_fiber_that_commits),
	UNIT_CASE(what_was_changed_is_committed_in_time),
	UNIT_CASE(a_panic_writes_the_kept_blocks_and_no_others),
	UNIT_CASE(requests_wait_for_room_in_their_order),
	UNIT_CASE(a_device_that_says_nothing_is_stopped),
};
UNIT_MAIN("kernel/io/fs/ext4/platform", cases)
