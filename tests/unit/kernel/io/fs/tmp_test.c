// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/kernel/io/fs/tmp_fixture.h"

enum { MODEL_BYTES = 200000 };

static void what_was_made_is_found_until_it_is_removed(void)
{
	struct fs_node *file;

	begin(LIMIT);
	file = make(fs->root, "a", FS_FILE);
	CU_ASSERT(is_there(fs->root, "a") && !is_there(fs->root, "b") && !is_there(fs->root, "aa"));
	CU_ASSERT(stat_of(file).links == 1 && stat_of(file).permissions == 0644 && stat_of(file).modified.seconds == 5);
	CU_ASSERT_EQUAL(ops->create(fs->root, text("a"), FS_FILE, 0, &file), STATUS_EEXIST);
	CU_ASSERT_EQUAL(ops->remove(fs->root, text("a"), true), STATUS_ENOTDIR);
	CU_ASSERT_EQUAL(ops->remove(fs->root, text("a"), false), STATUS_OK);
	CU_ASSERT_EQUAL(ops->remove(fs->root, text("a"), false), STATUS_ENOENT);
	CU_ASSERT(!is_there(fs->root, "a") && stat_of(file).links == 0);
	CU_ASSERT(ops->write(file, 0, "still here", 10, false) == 10);
	fs_node_put(file);
	end();
}

/* Reads and writes at random, beside an array. */
static void a_file_is_the_array_that_was_written(void)
{
	static uint8_t model[MODEL_BYTES], got[MODEL_BYTES], data[9000];
	struct fs_node *file;
	uint64_t size = 0;

	begin(LIMIT);
	memset(model, 0, sizeof(model));
	file = make(fs->root, "a", FS_FILE);
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t offset = (uint64_t)rand() % (MODEL_BYTES - sizeof(data));
		size_t bytes = (size_t)rand() % sizeof(data);

		for (size_t j = 0; j < bytes; j++)
			data[j] = (uint8_t)rand();
		if (rand() % 8 == 0) {
			const struct fs_stat values = { .size = offset };

			CU_ASSERT_EQUAL(ops->set(file, FS_SET_SIZE, &values), STATUS_OK);
			if (offset < size)
				memset(model + offset, 0, size - offset);
			size = offset;
		} else if (rand() % 8 == 0) {
			CU_ASSERT_EQUAL(ops->punch(file, offset, bytes), STATUS_OK);
			memset(model + offset, 0, bytes);
		} else if (rand() % 2 == 0 && bytes > 0) {
			bool append = rand() % 4 == 0 && size + bytes <= MODEL_BYTES;

			CU_ASSERT_EQUAL(ops->write(file, offset, data, bytes, append), (int64_t)bytes);
			if (append)
				offset = size;
			memcpy(model + offset, data, bytes);
			size = offset + bytes > size ? offset + bytes : size;
		} else {
			uint64_t due = offset >= size ? 0 : bytes < size - offset ? bytes : size - offset;

			CU_ASSERT_EQUAL(ops->read(file, offset, got, bytes), (int64_t)due);
			CU_ASSERT(memcmp(got, model + offset, due) == 0);
		}
		CU_ASSERT_EQUAL(stat_of(file).size, size);
	}
	fs_node_put(file);
	end();
}

/* Whole pages of it, and what the last one has, take up nothing. */
static void a_hole_gives_memory_back(void)
{
	static uint8_t data[3 * 4096 + 10], got[sizeof(data)];
	struct fs_node *file;

	begin(LIMIT);
	file = make(fs->root, "a", FS_FILE);
	memset(data, 1, sizeof(data));
	CU_ASSERT_EQUAL(ops->write(file, 0, data, sizeof(data), false), (int64_t)sizeof(data));
	CU_ASSERT(ops->punch(file, 4095, 4097) == STATUS_OK && stat_of(file).allocated == 3 * 4096 && stat_of(file).size == sizeof(data));
	CU_ASSERT(ops->read(file, 0, got, sizeof(got)) == (int64_t)sizeof(got) && got[4094] == 1 && got[4095] == 0 && got[8191] == 0 && got[8192] == 1);
	CU_ASSERT(ops->punch(file, 3 * 4096, 10) == STATUS_OK && stat_of(file).allocated == 2 * 4096);
	CU_ASSERT(ops->punch(file, sizeof(data), INT64_MAX) == STATUS_OK && ops->punch(file, INT64_MAX, INT64_MAX) == STATUS_OK);
	CU_ASSERT(ops->punch(file, 0, INT64_MAX) == STATUS_OK && stat_of(file).allocated == 0 && stat_of(file).size == sizeof(data));
	fs_node_put(file);
	end();
}

static void the_limit_holds(void)
{
	static uint8_t data[128 << 10];
	struct fs_node *file;
	struct fs_space space;
	int64_t written;

	begin(64 << 10);
	file = make(fs->root, "a", FS_FILE);
	written = ops->write(file, 0, data, sizeof(data), false);
	CU_ASSERT(written > 0 && written < 64 << 10);
	CU_ASSERT_EQUAL(ops->write(file, 0, data, sizeof(data), true), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(ops->write(file, 1ull << 40, data, 1, false), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(ops->set(file, FS_SET_SIZE, &(const struct fs_stat){ .size = 1ull << 40 }), STATUS_ENOSPC);
	CU_ASSERT(ops->space(fs, &space) == STATUS_OK && space.bytes == 64 << 10 && space.free_bytes < 4096);
	CU_ASSERT(atomic_load(&world.budget.used) <= 17);
	CU_ASSERT_EQUAL(ops->set(file, FS_SET_SIZE, &(const struct fs_stat){ .size = 0 }), STATUS_OK);
	CU_ASSERT(ops->space(fs, &space) == STATUS_OK && space.free_bytes > 60 << 10);
	fs_node_put(file);
	for (unsigned i = 0; i < 10000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%u", i);
		if (ops->create(fs->root, text(name), FS_FILE, 0, &file) != STATUS_OK)
			break;
		fs_node_put(file);
		CU_ASSERT_FATAL(i < 9999);
	}
	end();
}

/* Names, links and lists that are gone give back what they counted, else a place for temporary files fills up for good. */
static void what_is_gone_counts_no_more(void)
{
	struct fs_space empty, space;

	begin(64 << 10);
	CU_ASSERT_EQUAL(ops->space(fs, &empty), STATUS_OK);
	for (unsigned i = 0; i < 5000; i++) {
		struct fs_node *file = make(fs->root, "some-file", FS_FILE);

		fs_node_put(file);
		CU_ASSERT_EQUAL_FATAL(ops->symlink(fs->root, text("link"), text("some-file")), STATUS_OK);
		CU_ASSERT_EQUAL_FATAL(ops->remove(fs->root, text("link"), false), STATUS_OK);
		CU_ASSERT_EQUAL_FATAL(ops->remove(fs->root, text("some-file"), false), STATUS_OK);
	}
	CU_ASSERT(ops->space(fs, &space) == STATUS_OK && space.free_bytes == empty.free_bytes);
	end();
}

static void where_memory_runs_out_nothing_is_half_made(void)
{
	begin(LIMIT);
	for (unsigned pages = 1; pages < 40; pages++) {
		struct fs_node *file = NULL;

		world.budget.limit = atomic_load(&world.budget.used) + pages % 3;
		world.dry = pages % 2 == 0;
		if (ops->create(fs->root, text("x"), FS_FILE, 0, &file) == STATUS_OK) {
			(void)ops->write(file, 0, "abc", 3, false);
			fs_node_put(file);
			CU_ASSERT_EQUAL(ops->remove(fs->root, text("x"), false), STATUS_OK);
		}
		(void)ops->symlink(fs->root, text("l"), text("target"));
		(void)ops->remove(fs->root, text("l"), false);
	}
	end();
	world_begin(0);
	CU_ASSERT_EQUAL(tmp_mount(&world.budget, LIMIT, 0, &fs), STATUS_ENOMEM);
	CU_ASSERT(world_is_clean());
}

struct listing {
	unsigned room;
	unsigned count;
	uint64_t cookie;
	uint8_t seen[600];
};

static bool listed(void *ctx, const struct fs_entry *entry)
{
	struct listing *listing = ctx;
	const uint8_t *name = entry->name.data; /* "f" and three digits */

	if (listing->room == 0)
		return false;
	listing->room--;
	listing->count++;
	listing->cookie = entry->cookie;
	listing->seen[(name[1] - '0') * 100 + (name[2] - '0') * 10 + name[3] - '0']++;
	return true;
}

/* In pieces, while others are made and removed. */
static void a_list_has_everything_once(void)
{
	struct listing listing = { 0 };
	char name[16];

	begin(LIMIT);
	for (unsigned i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "f%03u", i);
		fs_node_put(make(fs->root, name, i % 2 == 0 ? FS_FILE : FS_DIRECTORY));
	}
	for (unsigned at = 0; at < 100; at++) {
		listing.room = 7;
		CU_ASSERT_EQUAL(ops->list(fs->root, listing.cookie, listed, &listing), STATUS_OK);
		snprintf(name, sizeof(name), "f%03u", 2 * at);
		CU_ASSERT_EQUAL(ops->remove(fs->root, text(name), false), STATUS_OK); /* it was listed before, or is now gone */
	}
	for (unsigned i = 200; i < 500; i++)
		CU_ASSERT_EQUAL(listing.seen[i], 1);
	for (unsigned i = 0; i < 200; i++)
		CU_ASSERT(listing.seen[i] <= 1);
	end();
}

static void times_permissions_and_owners_are_set(void)
{
	const struct fs_stat values = { .permissions = 0600, .user = 7, .group = 8, .accessed = { 1, 2 }, .modified = { 3, 4 } };
	struct fs_node *file;

	begin(LIMIT);
	file = make(fs->root, "a", FS_FILE);
	CU_ASSERT_EQUAL(ops->set(file, FS_SET_PERMISSIONS, &values), STATUS_OK);
	CU_ASSERT(stat_of(file).permissions == 0600 && stat_of(file).modified.seconds == 5);
	CU_ASSERT_EQUAL(ops->set(file, FS_SET_ACCESSED | FS_SET_MODIFIED | FS_SET_OWNER, &values), STATUS_OK);
	CU_ASSERT(stat_of(file).accessed.nanoseconds == 2 && stat_of(file).modified.seconds == 3 && stat_of(file).user == 7 && stat_of(file).group == 8);
	fs_node_put(file);
	end();
}

/* What has its place already takes no more room: no table is made anew for it. */
static void a_full_one_can_be_written_over(void)
{
	static uint8_t page[4096];
	struct fs_node *file, *filler;
	char name[] = "a";

	begin(100000);
	file = make(fs->root, "file", FS_FILE);
	CU_ASSERT_EQUAL(ops->write(file, 0, page, sizeof(page), false), (int64_t)sizeof(page));
	filler = make(fs->root, "filler", FS_FILE);
	while (ops->write(filler, 0, page, sizeof(page), true) == (int64_t)sizeof(page))
		;
	for (;; name[0]++) { /* the rest, in small */
		struct fs_node *more;

		if (ops->create(fs->root, text(name), FS_FILE, 0600, &more) != STATUS_OK)
			break;
		fs_node_put(more);
	}
	CU_ASSERT_EQUAL(ops->write(file, 10, "over", 4, false), 4);
	CU_ASSERT_EQUAL(ops->write(file, 4096, "more", 4, false), STATUS_ENOSPC);
	fs_node_put(file);
	fs_node_put(filler);
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_was_made_is_found_until_it_is_removed),
	UNIT_CASE(a_file_is_the_array_that_was_written),
	UNIT_CASE(a_hole_gives_memory_back),
	UNIT_CASE(the_limit_holds),
	UNIT_CASE(what_is_gone_counts_no_more),
	UNIT_CASE(where_memory_runs_out_nothing_is_half_made),
	UNIT_CASE(a_list_has_everything_once),
	UNIT_CASE(times_permissions_and_owners_are_set),
	UNIT_CASE(a_full_one_can_be_written_over),
};

UNIT_MAIN("kernel/io/fs/tmp", cases)
