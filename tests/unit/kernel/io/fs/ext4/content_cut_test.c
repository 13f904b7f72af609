// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Files that are cut: long ones, and where that fails. */
#include <stdlib.h>

#include "lib/bits.h"
#include "tests/unit/kernel/io/fs/ext4/volume_fixture.h"

#define POINTERS SMALL " -O ^extent,^huge_file,^64bit"

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

static const struct unit_case cases[] = {
	UNIT_CASE(a_long_file_of_pointers_is_removed_whole),
};
UNIT_MAIN("kernel/io/fs/ext4/content_cut", cases)
