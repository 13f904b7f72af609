// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The block cache by itself: what a buffer is, and when it goes home. */
#include <string.h>

#include "tests/unit/kernel/io/fs/ext4/world.h"
#include "tests/unit/unit.h"

enum { BLOCK = 1024, BLOCKS = 64, LIMIT = 16 };

static struct world_disk disk;
static struct cache cache;

static void begin(void)
{
	world_disk_make(&disk, BLOCK * BLOCKS);
	CU_ASSERT_FATAL(cache_init(&cache, &disk.device, BLOCK, BLOCKS, LIMIT) == STATUS_OK);
}

static void end(void)
{
	cache_end(&cache);
	world_disk_free(&disk);
}

/* A block whose every byte is to be `value`. */
static struct buffer *filled(uint64_t block, uint8_t value, void (*change)(struct cache *cache, struct buffer *buffer))
{
	struct buffer *buffer;

	CU_ASSERT_FATAL(cache_get_new(&cache, block, &buffer) == STATUS_OK);
	change(&cache, buffer);
	memset(buffer->data, value, BLOCK);
	return buffer;
}

static uint8_t on_disk(uint64_t block)
{
	return disk.bytes[block * BLOCK];
}

static void what_is_fresh_goes_home_without_a_commit(void)
{
	begin();
	(void)filled(5, 1, cache_change_fresh);
	(void)filled(6, 2, cache_change_fresh);
	(void)filled(7, 3, cache_change_data);
	CU_ASSERT(cache.fresh_count == 2 && cache.running_count == 1);
	CU_ASSERT(cache_write_fresh(&cache) == STATUS_OK);
	CU_ASSERT(on_disk(5) == 1 && on_disk(6) == 2 && on_disk(7) == 0);
	CU_ASSERT(disk.requests == 1);
	CU_ASSERT(cache.fresh_count == 0 && cache.running_count == 1);
	end();
}

static void what_is_fresh_and_home_is_in_a_transaction_when_it_changes_again(void)
{
	struct buffer *buffer;

	begin();
	buffer = filled(5, 1, cache_change_fresh);
	cache_change_data(&cache, buffer);
	CU_ASSERT(buffer->fresh && !buffer->running);
	CU_ASSERT(cache_write_fresh(&cache) == STATUS_OK);
	cache_change_data(&cache, buffer);
	CU_ASSERT(!buffer->fresh && buffer->running);
	end();
}

static void what_is_in_a_transaction_or_the_log_does_not_become_fresh(void)
{
	struct buffer *running;
	struct buffer *committed;

	begin();
	committed = filled(5, 1, cache_change_data);
	cache_committed(&cache);
	running = filled(6, 2, cache_change_data);
	cache_change_fresh(&cache, committed);
	cache_change_fresh(&cache, running);
	CU_ASSERT(committed->running && committed->committed && !committed->fresh);
	CU_ASSERT(running->running && !running->fresh);
	CU_ASSERT(cache.fresh_count == 0 && cache.running_count == 2);
	end();
}

static void one_of_the_volumes_own_is_not_fresh_and_is_again_where_it_is_undone(void)
{
	struct buffer *buffer;

	begin();
	buffer = filled(5, 1, cache_change_fresh);
	cache_operation_begin(&cache);
	CU_ASSERT(cache_change(&cache, buffer) == STATUS_OK);
	CU_ASSERT(buffer->running && !buffer->fresh && cache.fresh_count == 0);
	memset(buffer->data, 9, BLOCK);
	cache_operation_end(&cache, true);
	CU_ASSERT(!buffer->running && buffer->fresh && cache.fresh_count == 1 && cache.running_count == 0);
	CU_ASSERT(cache_write_fresh(&cache) == STATUS_OK);
	CU_ASSERT(on_disk(5) == 1);
	cache_operation_begin(&cache);
	CU_ASSERT(cache_change(&cache, buffer) == STATUS_OK);
	cache_operation_end(&cache, true);
	CU_ASSERT(!buffer->running && !buffer->fresh && cache.fresh_count == 0);
	end();
}

static void what_is_fresh_stays_in_memory_until_there_is_no_room_and_then_goes_home(void)
{
	begin();
	for (unsigned i = 0; i < LIMIT; i++)
		(void)filled(i, (uint8_t)(i + 1), cache_change_fresh);
	CU_ASSERT(disk.requests == 0);
	(void)filled(LIMIT, 99, cache_change_data);
	CU_ASSERT(cache.count == LIMIT && cache.fresh_count == 0);
	for (unsigned i = 0; i < LIMIT; i++)
		CU_ASSERT(on_disk(i) == i + 1);
	end();
}

static void what_cannot_be_written_stays_fresh(void)
{
	begin();
	(void)filled(5, 1, cache_change_fresh);
	(void)filled(9, 2, cache_change_fresh);
	disk.fail_at = 2;
	CU_ASSERT(cache_write_fresh(&cache) == STATUS_EIO);
	CU_ASSERT(cache.fresh_count == 2);
	CU_ASSERT(cache_write_fresh(&cache) == STATUS_OK);
	CU_ASSERT(on_disk(5) == 1 && on_disk(9) == 2 && cache.fresh_count == 0);
	end();
}

/* Blocks apart are requests of their own: more of them than are under way at once. */
static void many_writes_all_come_to_the_disk(void)
{
	world_disk_make(&disk, BLOCK * 512ul);
	CU_ASSERT_FATAL(cache_init(&cache, &disk.device, BLOCK, 512, 256) == STATUS_OK);
	for (unsigned i = 0; i < 100; i++)
		(void)filled(i * 5 % 500, (uint8_t)(i + 1), cache_change_fresh);
	CU_ASSERT(cache_write_fresh(&cache) == STATUS_OK);
	CU_ASSERT(disk.requests == 100 && disk.untold == 0);
	for (unsigned i = 0; i < 100; i++)
		CU_ASSERT(on_disk(i * 5 % 500) == i + 1);
	end();
}

static void neighbours_are_one_request_of_as_many_pieces_as_the_device_takes(void)
{
	begin();
	disk.device.pieces_max = 3;
	for (unsigned i = 0; i < 8; i++)
		(void)filled(20 - i, (uint8_t)(i + 1), cache_change_fresh);
	CU_ASSERT(cache_write_fresh(&cache) == STATUS_OK);
	CU_ASSERT(disk.requests == 3);
	cache_prefetch(&cache, 30, 6);
	for (unsigned i = 0; i < 6; i++) {
		struct buffer *buffer;

		CU_ASSERT(cache_get(&cache, 30 + i, &buffer) == STATUS_OK);
	}
	CU_ASSERT(disk.requests == 5);
	end();
}

static void the_device_hears_of_what_is_read_ahead_at_once_or_when_the_hurry_is_over(void)
{
	begin();
	cache_prefetch(&cache, 3, 4);
	CU_ASSERT(disk.submitted == 1 && disk.untold == 0);
	cache.hurried = true;
	cache_prefetch(&cache, 13, 2);
	cache_prefetch(&cache, 23, 2);
	CU_ASSERT(disk.submitted == 3 && disk.untold == 2);
	end();
}

/* What cannot be read may be a neighbour of it. */
static void what_was_read_ahead_in_vain_is_read_by_itself(void)
{
	struct buffer *buffer;

	begin();
	disk.bytes[8 * BLOCK] = 8;
	cache_prefetch(&cache, 5, 8);
	disk.fail_at = disk.requests + 1;
	CU_ASSERT_FATAL(cache_get(&cache, 8, &buffer) == STATUS_OK);
	CU_ASSERT(buffer->data[0] == 8 && disk.requests == 2);
	disk.fail_at = disk.requests + 1;
	CU_ASSERT(cache_get(&cache, 9, &buffer) == STATUS_EIO && disk.requests == 3);
	CU_ASSERT(cache_get(&cache, 9, &buffer) == STATUS_OK && disk.requests == 4);
	end();
}

/* Where the limit has given way, one that is dropped makes no room yet. */
static void in_a_hurry_nothing_goes_home_for_room(void)
{
	struct buffer *buffer;

	begin();
	for (unsigned i = 0; i < LIMIT; i++)
		(void)filled(i, 1, cache_change_data);
	CU_ASSERT(cache_get(&cache, 20, &buffer) == STATUS_OK && cache.count == LIMIT + 1);
	cache_committed(&cache);
	cache.hurried = true;
	cache_prefetch(&cache, 30, 1);
	CU_ASSERT(disk.requests == 1 && cache.committed_count == LIMIT && cache_has(&cache, 20) && !cache_has(&cache, 30));
	cache.hurried = false;
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(in_a_hurry_nothing_goes_home_for_room),
	UNIT_CASE(what_was_read_ahead_in_vain_is_read_by_itself),
	UNIT_CASE(what_is_fresh_goes_home_without_a_commit),
	UNIT_CASE(what_is_fresh_and_home_is_in_a_transaction_when_it_changes_again),
	UNIT_CASE(what_is_in_a_transaction_or_the_log_does_not_become_fresh),
	UNIT_CASE(one_of_the_volumes_own_is_not_fresh_and_is_again_where_it_is_undone),
	UNIT_CASE(what_is_fresh_stays_in_memory_until_there_is_no_room_and_then_goes_home),
	UNIT_CASE(what_cannot_be_written_stays_fresh),
	UNIT_CASE(many_writes_all_come_to_the_disk),
	UNIT_CASE(neighbours_are_one_request_of_as_many_pieces_as_the_device_takes),
	UNIT_CASE(the_device_hears_of_what_is_read_ahead_at_once_or_when_the_hurry_is_over),
};
UNIT_MAIN("kernel/io/fs/ext4/cache", cases)
