// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The block cache by itself, on a device that notes each request: what it asks for, what it drops, what it writes, in which order. */
#include <stdbool.h>
#include <stdlib.h>

#include "kernel/io/fs/ext4/platform.h"

static int allocations_left = -1; /* until there is no memory; negative: there always is */

static bool is_out(void)
{
	return allocations_left == 0 || (allocations_left > 0 && allocations_left-- == 0);
}

static void *test_malloc(size_t bytes)
{
	return is_out() ? NULL : malloc(bytes);
}

static void *test_calloc(size_t count, size_t bytes)
{
	return is_out() ? NULL : calloc(count, bytes);
}

static void *test_block_alloc(size_t bytes)
{
	return is_out() ? NULL : ext4_block_alloc(bytes);
}

#define malloc test_malloc
#define calloc test_calloc
#define ext4_block_alloc test_block_alloc
#include "kernel/io/fs/ext4/cache.c"
#include "kernel/io/fs/ext4/cache_write.c"
#undef malloc
#undef calloc
#undef ext4_block_alloc

#include "lib/bits.h"
#include "tests/unit/unit.h"

enum { BYTES = 1024, BLOCKS = 4000, LIMIT = 64 };

static uint8_t on_disk[BLOCKS][BYTES];
static struct {
	char what;
	uint64_t block;
	unsigned count;
} notes[4096];
static unsigned logged, fail_write;
static bool fails, slow; /* slow: a request is done when it is waited for */
static struct cache cache;

static void request_do(struct ext4_io *io)
{
	uint64_t block = io->offset / BYTES;

	for (unsigned i = 0; i < io->count; i++) {
		CU_ASSERT_FATAL(io->pieces[i].len == BYTES && io->offset % BYTES == 0 && block + i < BLOCKS);
		if (io->operation == HAL_BLOCK_READ)
			memcpy(io->pieces[i].data, on_disk[block + i], BYTES);
		else
			memcpy(on_disk[block + i], io->pieces[i].data, BYTES);
	}
	io->status = fails ? STATUS_EIO : STATUS_OK;
	io->done = true;
}

static void submit(struct ext4_device *device, struct ext4_io *io)
{
	(void)device;
	notes[logged].what = io->operation == HAL_BLOCK_READ ? 'r' : io->operation == HAL_BLOCK_WRITE ? 'w' : 'f';
	notes[logged].block = io->offset / BYTES;
	notes[logged++].count = io->count;
	io->done = false;
	if (!slow)
		request_do(io);
	if (io->operation == HAL_BLOCK_WRITE && fail_write != 0 && --fail_write == 0)
		io->status = STATUS_EIO;
}

static void wait_for(struct ext4_device *device, struct ext4_io *io)
{
	(void)device;
	if (!io->done)
		request_do(io);
}

static void kick(struct ext4_device *device)
{
	(void)device;
}

static struct ext4_device device = { .bytes = (uint64_t)BLOCKS * BYTES, .flush = true, .pieces_max = HAL_BLOCK_PIECES_MAX, .submit = submit, .kick = kick, .wait = wait_for };

static void begin(unsigned limit)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		memset(on_disk[i], (int)(i % 251), BYTES);
	logged = 0;
	fails = slow = false;
	allocations_left = -1;
	CU_ASSERT_EQUAL_FATAL(cache_init(&cache, &device, BYTES, BLOCKS, limit), STATUS_OK);
}

static struct buffer *get(uint64_t block)
{
	struct buffer *buffer = NULL;

	CU_ASSERT_EQUAL_FATAL(cache_get(&cache, block, &buffer), STATUS_OK);
	return buffer;
}

static unsigned length(const struct list_node *list)
{
	unsigned count = 0;

	for (const struct list_node *node = list->next; node != list; node = node->next)
		count++;
	return count;
}

/* Each buffer is in the lists that its state says, and all are counted. */
static bool is_sound(void)
{
	unsigned found = 0;

	for (unsigned i = 0; i <= cache.table_mask; i++)
		for (const struct buffer *buffer = cache.table[i]; buffer != NULL; buffer = buffer->hash_next, found++)
			if (buffer->use.next == &buffer->use && !buffer->running && !buffer->committed)
				return false;
	return found == cache.count && length(&cache.running) == cache.running_count && length(&cache.committed) == cache.committed_count &&
	       cache.undo_first == NULL && !cache.operation;
}

static void end(void)
{
	CU_ASSERT(is_sound());
	cache_end(&cache);
	cache_end(&cache); /* once more does nothing */
}

static void a_block_is_read_once(void)
{
	struct buffer *buffer;

	begin(LIMIT);
	CU_ASSERT(!cache_has(&cache, 7) && get(7)->data[0] == 7 && cache_has(&cache, 7));
	CU_ASSERT(get(7)->data[BYTES - 1] == 7 && logged == 1 && notes[0].what == 'r' && notes[0].block == 7);
	CU_ASSERT(get(BLOCKS - 1)->data[0] == (BLOCKS - 1) % 251 && cache.count == 2);
	CU_ASSERT(cache_get(&cache, BLOCKS, &buffer) == STATUS_EBADMSG && cache_get_new(&cache, BLOCKS, &buffer) == STATUS_EBADMSG);
	CU_ASSERT(cache_get_new(&cache, BLOCKS - 2, &buffer) == STATUS_OK && logged == 2);
	end();
}

static void a_read_that_failed_is_tried_again(void)
{
	struct buffer *buffer;

	begin(LIMIT);
	fails = true;
	CU_ASSERT(cache_get(&cache, 5, &buffer) == STATUS_EIO && !cache_has(&cache, 5));
	cache_prefetch(&cache, 5, 1);
	CU_ASSERT(cache_get_new(&cache, 5, &buffer) == STATUS_OK && !buffer->failed && !buffer->checked); /* whoever fills it does not mind */
	fails = false;
	CU_ASSERT(get(6)->data[0] == 6);
	end();
}

static void the_one_that_was_not_used_longest_goes(void)
{
	begin(LIMIT);
	for (unsigned i = 0; i < LIMIT; i++)
		(void)get(i);
	(void)get(0);
	(void)get(LIMIT);
	CU_ASSERT(cache.count == LIMIT && cache_has(&cache, 0) && !cache_has(&cache, 1) && cache_has(&cache, 2));
	(void)get(LIMIT + 1);
	CU_ASSERT(cache.count == LIMIT && !cache_has(&cache, 2) && cache_has(&cache, 3));
	end();
}

/* Neighbours, and those that lie as far apart as groups do. */
static void blocks_are_spread_over_the_table(void)
{
	static const unsigned apart[] = { 1, 2, 32, 256 };

	for (unsigned a = 0; a < ARRAY_LEN(apart); a++) {
		unsigned longest = 0, count = BLOCKS / apart[a] < 1000 ? BLOCKS / apart[a] : 1000;

		begin(1024);
		CU_ASSERT_EQUAL(cache.table_mask, 1023);
		for (unsigned i = 0; i < count; i++)
			(void)get(i * apart[a]);
		for (unsigned i = 0; i <= cache.table_mask; i++) {
			unsigned chain = 0;

			for (const struct buffer *buffer = cache.table[i]; buffer != NULL; buffer = buffer->hash_next)
				chain++;
			longest = chain > longest ? chain : longest;
		}
		CU_ASSERT(longest <= 10);
		end();
	}
	begin(65);
	CU_ASSERT_EQUAL(cache.table_mask, 127);
	end();
}

static void what_is_wanted_soon_is_one_request(void)
{
	begin(1024);
	slow = true;
	cache_prefetch(&cache, 100, 5);
	CU_ASSERT(logged == 1 && notes[0].block == 100 && notes[0].count == 5 && cache.fetches == 1 && cache.count == 5);
	cache_prefetch(&cache, 98, 10); /* two before, three behind */
	CU_ASSERT(logged == 3 && notes[1].block == 98 && notes[1].count == 2 && notes[2].block == 105 && notes[2].count == 3 && cache.fetches == 3);
	for (unsigned i = 98; i < 108; i++)
		CU_ASSERT(get(i)->data[0] == i);
	CU_ASSERT(logged == 3 && cache.fetches == 0 && cache.count == 10 && !cache_has(&cache, 97) && !cache_has(&cache, 108));
	cache_prefetch(&cache, BLOCKS - 2, 10); /* to the volume's end */
	CU_ASSERT(logged == 4 && notes[3].count == 2);
	cache_prefetch(&cache, BLOCKS, 10);
	CU_ASSERT_EQUAL(logged, 4);
	cache_prefetch(&cache, 200, FETCH_MAX + 1);
	CU_ASSERT(logged == 6 && notes[4].count == FETCH_MAX && notes[5].block == 200 + FETCH_MAX && notes[5].count == 1);
	device.pieces_max = 3; /* of a device that takes no more at once */
	cache_prefetch(&cache, 300, 7);
	device.pieces_max = HAL_BLOCK_PIECES_MAX;
	CU_ASSERT(logged == 9 && notes[6].count == 3 && notes[7].block == 303 && notes[7].count == 3 && notes[8].count == 1);
	end(); /* with reads under way */
}

static void so_many_reads_are_under_way_at_most(void)
{
	begin(1024);
	slow = true;
	for (unsigned i = 0; i < 40; i++)
		cache_prefetch(&cache, i * 2, 1);
	CU_ASSERT(logged == FETCHES_MAX && cache.fetches == FETCHES_MAX && !cache_has(&cache, FETCHES_MAX * 2));
	(void)get(0);
	cache_prefetch(&cache, 500, 1);
	CU_ASSERT_EQUAL(logged, FETCHES_MAX + 1);
	end();
}

/* A cache that is smaller than what is asked for: nothing is dropped that was asked for with it, and what is under way is waited for. */
static void a_small_cache_reads_ahead_as_far_as_it_has_room(void)
{
	begin(4);
	slow = true;
	cache_prefetch(&cache, 0, 3);
	cache_prefetch(&cache, 10, 3);
	CU_ASSERT(cache.count >= 3 && cache_has(&cache, 12) && !cache_has(&cache, 0));
	for (unsigned i = 10; i < 13; i++)
		CU_ASSERT(get(i)->data[0] == i);
	end();
}

static void in_a_hurry_nothing_is_waited_for(void)
{
	struct buffer *buffer;

	begin(4);
	(void)get(1);
	cache.hurried = true;
	CU_ASSERT(cache_get(&cache, 1, &buffer) == STATUS_OK && cache_get(&cache, 2, &buffer) == STATUS_EAGAIN && logged == 1);
	slow = true;
	cache_prefetch(&cache, 2, 1);
	CU_ASSERT(logged == 2 && cache_get(&cache, 2, &buffer) == STATUS_EAGAIN);
	for (unsigned block = 3; block < 10; block++)
		cache_prefetch(&cache, block, 1); /* as long as that drops nothing that is under way */
	CU_ASSERT(cache.count == 4 && logged == 5 && cache_has(&cache, 2) && !cache_has(&cache, 1));
	cache.hurried = false;
	CU_ASSERT(get(2)->data[0] == 2);
	end();
}

/* `block` becomes `value`, in the operation that runs. */
static void change(uint64_t block, uint8_t value)
{
	struct buffer *buffer = get(block);

	CU_ASSERT_EQUAL(cache_change(&cache, buffer), STATUS_OK);
	memset(buffer->data, value, BYTES);
}

static void an_operation_that_fails_leaves_nothing(void)
{
	struct buffer *buffer;

	begin(LIMIT);
	change(1, 0xa1); /* outside of any: stays */
	change(3, 0xa3);
	cache_committed(&cache);
	change(1, 0xb1); /* RUNNING, and COMMITTED before */
	CU_ASSERT(cache.running_count == 1 && cache.committed_count == 1);
	cache_operation_begin(&cache);
	change(1, 0xc1);
	change(1, 0xd1); /* what it was is remembered once */
	change(2, 0xc2); /* neither */
	change(3, 0xc3); /* COMMITTED */
	get(2)->checked = true;
	CU_ASSERT(cache.running_count == 3 && cache.committed_count == 0);
	cache_operation_end(&cache, true);
	CU_ASSERT(get(1)->data[0] == 0xb1 && get(2)->data[5] == 2 && get(3)->data[BYTES - 1] == 0xa3 && !get(2)->checked);
	CU_ASSERT(get(1)->running && !get(2)->running && !get(3)->running && get(3)->committed);
	CU_ASSERT(cache.running_count == 1 && cache.committed_count == 1 && is_sound());
	cache_operation_begin(&cache);
	change(2, 0xe2);
	cache_operation_end(&cache, false);
	CU_ASSERT(get(2)->data[0] == 0xe2 && cache.running_count == 2 && is_sound());
	cache_operation_begin(&cache);
	allocations_left = 0;
	buffer = get(2);
	CU_ASSERT(cache_change(&cache, buffer) == STATUS_ENOMEM && buffer->undo == NULL);
	allocations_left = -1;
	cache_operation_end(&cache, true);
	CU_ASSERT_EQUAL(get(2)->data[0], 0xe2);
	end();
}

static void only_what_is_committed_goes_home(void)
{
	begin(LIMIT);
	change(9, 0x99);
	CU_ASSERT(cache_write_home(&cache) == STATUS_OK && on_disk[9][0] == 9 && cache.running_count == 1);
	cache_committed(&cache);
	change(10, 0xaa);
	CU_ASSERT(cache_write_home(&cache) == STATUS_OK && on_disk[9][0] == 0x99 && on_disk[10][0] == 10);
	CU_ASSERT(cache.committed_count == 0 && cache.running_count == 1 && !get(9)->committed && is_sound());
	end();
}

/* In the order of their blocks, neighbours as one request, behind the log's flush. */
static void what_goes_home_goes_in_order(void)
{
	static const uint16_t blocks[] = { 500, 3, 2, 1, 900, 501, 7, 4, 502, 1000, 5 };

	for (unsigned without = 0; without < 3; without++) {
		begin(LIMIT);
		for (unsigned i = 0; i < ARRAY_LEN(blocks); i++)
			change(blocks[i], 0xee);
		cache_committed(&cache);
		cache.log_unflushed = true;
		logged = 0;
		allocations_left = without == 0 ? -1 : (int)without - 1; /* neither, or the second is not there */
		CU_ASSERT_EQUAL(cache_write_home(&cache), STATUS_OK);
		allocations_left = -1;
		CU_ASSERT(notes[0].what == 'f' && !cache.log_unflushed && cache.committed_count == 0);
		for (unsigned i = 0; i < ARRAY_LEN(blocks); i++)
			CU_ASSERT(on_disk[blocks[i]][0] == 0xee && !get(blocks[i])->committed);
		if (without == 0) {
			CU_ASSERT(logged == 6 && notes[1].block == 1 && notes[1].count == 5 && notes[2].block == 7 && notes[3].block == 500 && notes[3].count == 3 &&
				  notes[4].block == 900 && notes[5].block == 1000);
		} else {
			CU_ASSERT(logged == 1 + ARRAY_LEN(blocks) && notes[1].block == 500 && notes[2].block == 3);
		}
		end();
	}
}

/* Many requests, one of which fails: told, all others were waited for, and nothing counts as gone home. */
static void a_write_that_fails_is_told(void)
{
	enum { MANY = 200 };

	for (unsigned at = 1; at <= MANY; at += 13) {
		begin(1024);
		for (unsigned i = 0; i < MANY; i++)
			change(i * 2, 0xee);
		cache_committed(&cache);
		cache.log_unflushed = fails = true;
		CU_ASSERT(cache_write_home(&cache) != STATUS_OK && cache.log_unflushed && on_disk[0][0] == 0); /* not before the log is safe */
		fails = false;
		fail_write = at;
		CU_ASSERT(cache_write_home(&cache) == STATUS_EIO && cache.committed_count == MANY);
		fail_write = 0;
		CU_ASSERT(cache_write_home(&cache) == STATUS_OK && cache.committed_count == 0);
		change(1, 1);
		cache_committed(&cache);
		allocations_left = 0;
		fail_write = 1;
		CU_ASSERT(cache_write_home(&cache) == STATUS_EIO && cache.committed_count == 1);
		allocations_left = -1;
		end();
	}
}

/* Where everything is a transaction's, the limit gives way; what is committed makes room. */
static void room_is_made_by_what_can_go_home(void)
{
	begin(8);
	for (unsigned i = 0; i < 12; i++)
		change(i, 0xee);
	CU_ASSERT(cache.count == 12 && cache.running_count == 12);
	cache_committed(&cache);
	(void)get(100);
	CU_ASSERT(cache.count == 8 && cache.committed_count == 0 && on_disk[11][0] == 0xee && cache_has(&cache, 100));
	end();
}

static void without_memory_nothing_is_half_there(void)
{
	struct buffer *buffer;

	begin(LIMIT);
	for (int left = 0; left < 3; left++) {
		allocations_left = left;
		CU_ASSERT(cache_get(&cache, 5, &buffer) == STATUS_ENOMEM && cache.count == 0 && cache.fetches == 0);
		allocations_left = left;
		cache_prefetch(&cache, 5, 3);
		CU_ASSERT(cache.count == 0 && logged == 0);
	}
	for (int left = 0; left < 2; left++) {
		allocations_left = left;
		CU_ASSERT(cache_get_new(&cache, 5, &buffer) == STATUS_ENOMEM && cache.count == 0);
	}
	allocations_left = 3;
	cache_prefetch(&cache, 5, 3); /* as far as it goes */
	CU_ASSERT(cache.count == 1 && logged == 1 && notes[0].count == 1);
	end();
	allocations_left = 0;
	CU_ASSERT_EQUAL(cache_init(&cache, &device, BYTES, BLOCKS, LIMIT), STATUS_ENOMEM);
	cache_end(&cache);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_block_is_read_once),
	UNIT_CASE(a_read_that_failed_is_tried_again),
	UNIT_CASE(the_one_that_was_not_used_longest_goes),
	UNIT_CASE(blocks_are_spread_over_the_table),
	UNIT_CASE(what_is_wanted_soon_is_one_request),
	UNIT_CASE(so_many_reads_are_under_way_at_most),
	UNIT_CASE(a_small_cache_reads_ahead_as_far_as_it_has_room),
	UNIT_CASE(in_a_hurry_nothing_is_waited_for),
	UNIT_CASE(an_operation_that_fails_leaves_nothing),
	UNIT_CASE(only_what_is_committed_goes_home),
	UNIT_CASE(what_goes_home_goes_in_order),
	UNIT_CASE(a_write_that_fails_is_told),
	UNIT_CASE(room_is_made_by_what_can_go_home),
	UNIT_CASE(without_memory_nothing_is_half_there),
};
UNIT_MAIN("kernel/io/fs/ext4/cache_limits", cases)
