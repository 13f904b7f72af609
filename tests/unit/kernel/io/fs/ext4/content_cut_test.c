// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Files that are cut: long ones, and where that fails. */
#include <stdlib.h>

#include "lib/bits.h"
#include "tests/unit/kernel/io/fs/ext4/volume_fixture.h"

#define POINTERS SMALL " -O ^extent,^huge_file,^64bit"

static status_t resize(struct fs_node *node, uint64_t size)
{
	const struct fs_stat want = { .size = size };

	return ext4_ops.set(node, FS_SET_SIZE, &want);
}

static void write_all(struct fs_node *node, uint64_t offset, const void *data, size_t bytes)
{
	CU_ASSERT_EQUAL_FATAL(ext4_ops.write(node, offset, data, bytes, false), (int64_t)bytes);
}

static void write_all_of(const char *name, const void *data, size_t bytes)
{
	struct fs_node *node = make(name, FS_FILE);

	write_all(node, 0, data, bytes);
	fs_node_put(node);
}

/* Fills most of the log with transactions of a few blocks. */
static void log_fill(struct fs_node *node)
{
	for (unsigned i = 0; volume->journal.room > 100; i++) {
		const struct fs_stat want = { .permissions = (uint16_t)(0600 + i % 2) };

		CU_ASSERT_EQUAL_FATAL(ext4_ops.set(node, FS_SET_PERMISSIONS, &want), STATUS_OK);
		CU_ASSERT_EQUAL_FATAL(ext4_ops.sync(node), STATUS_OK);
	}
}

/* Of a block map, in as many operations as that takes: none of its blocks stays behind. */
static void a_long_file_of_pointers_is_removed_whole(void)
{
	static const unsigned sizes[] = { 3, 60, 70 };
	void *data = calloc(70, MIB);
	struct fs_space before, after;

	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		world_disk_make(&disk, 80 * MIB);
		world_mkfs(&disk, POINTERS);
		mount_it(1 << 20);
		CU_ASSERT_EQUAL(ext4_ops.space(&volume->fs, &before), STATUS_OK);
		write_all_of("f", data, sizes[i] * MIB);
		CU_ASSERT_EQUAL(ext4_ops.remove(root(), name_of("f"), false), STATUS_OK);
		CU_ASSERT(ext4_ops.space(&volume->fs, &after) == STATUS_OK && after.free_bytes == before.free_bytes);
		end();
	}
	free(data);
}

/* Each block of pointers that is given back is in the transaction: those of the whole file do not fit the log. */
static void a_long_file_of_pointers_is_cut_in_parts(void)
{
	static const uint64_t sizes[] = { 0, 1000, 12 << 10, 13 << 10, (12 + 256) << 10, (12 + 256 + 300) << 10 };
	void *data = calloc(1, 60 * MIB);

	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		struct fs_node *node;

		world_disk_make(&disk, 80 * MIB);
		world_mkfs(&disk, POINTERS);
		mount_it(1 << 20);
		node = make("f", FS_FILE);
		write_all(node, 0, data, 60 * MIB);
		log_fill(node);
		CU_ASSERT(resize(node, sizes[i]) == STATUS_OK && stat_of(node).size == sizes[i]);
		CU_ASSERT(stat_of(node).allocated <= sizes[i] + 4096);
		CU_ASSERT_EQUAL(ext4_ops.sync(node), STATUS_OK);
		fs_node_put(node);
		end();
	}
	free(data);
}

/* Of a file with few blocks, wherever they are. */
static void a_map_with_holes_is_cut_to_its_last_block(void)
{
	static const uint64_t places[] = { 3, 11, 12, 267, 268, 268 + 65535, 268 + 65536, 268 + 65536 + 70000 };
	static const char text[] = "text";

	begin(POINTERS);
	for (unsigned i = 0; i < ARRAY_LEN(places); i++) {
		struct fs_node *node = make("f", FS_FILE);
		uint64_t end_block;

		write_all(node, 0, text, 4);
		write_all(node, places[i] * 1024, text, 4);
		CU_ASSERT(map_end(volume, node_of(node), &end_block) == STATUS_OK && end_block == places[i] + 1);
		CU_ASSERT(resize(node, 1) == STATUS_OK && stat_of(node).allocated == 1024);
		CU_ASSERT(map_end(volume, node_of(node), &end_block) == STATUS_OK && end_block == 1);
		CU_ASSERT(resize(node, 0) == STATUS_OK && stat_of(node).allocated == 0);
		CU_ASSERT(map_end(volume, node_of(node), &end_block) == STATUS_OK && end_block == 0);
		fs_node_put(node);
		CU_ASSERT_EQUAL(ext4_ops.remove(root(), name_of("f"), false), STATUS_OK);
	}
	end();
}

/* Of other files, until nothing else is cached. */
static void cache_sweep(struct fs_node *other)
{
	static uint8_t data[200 << 10];

	for (unsigned at = 0; at < sizeof(data); at += 1024)
		CU_ASSERT_EQUAL(ext4_ops.read(other, at, data, 1024), 1024);
}

static void cutting_that_fails_takes_nothing(void)
{
	static uint8_t data[200 << 10];
	struct fs_node *node, *other;
	uint8_t got[3000];
	bool failed = false;

	memset(data, 'x', sizeof(data));
	begin(SMALL);
	write_all_of("other", data, sizeof(data));
	write_all_of("f", data, 3000);
	CU_ASSERT_EQUAL_FATAL(volume_unmount(volume), STATUS_OK);
	mount_it(1);
	other = look("other");
	node = look("f");
	for (unsigned request = 1; request <= 3; request++) {
		cache_sweep(other);
		disk.fail_at = disk.requests + request;
		if (resize(node, 2100) == STATUS_OK)
			break;
		failed = true;
		disk.fail_at = 0;
		CU_ASSERT(ext4_ops.read(node, 0, got, sizeof(got)) == 3000 && memcmp(got, data, 3000) == 0);
	}
	disk.fail_at = 0;
	CU_ASSERT(failed);
	fs_node_put(node);
	fs_node_put(other);
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_long_file_of_pointers_is_removed_whole),
	UNIT_CASE(a_long_file_of_pointers_is_cut_in_parts),
	UNIT_CASE(a_map_with_holes_is_cut_to_its_last_block),
	UNIT_CASE(cutting_that_fails_takes_nothing),
};
UNIT_MAIN("kernel/io/fs/ext4/content_cut", cases)
