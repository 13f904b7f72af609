// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The file that a panic writes over, and what ends that. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kernel/io/fs/ext4/world.h"
#include "tests/unit/unit.h"

#define MIB (1ul << 20)
#define SMALL "-b 1024 -J size=1"
#define LARGE "-b 4096 -J size=4"
#define KEPT_BYTES 24576

static struct world_disk disk;
static struct volume *volume;

static struct span name_of(const char *text)
{
	return span_of(text, strlen(text));
}

static struct fs_node *root(void)
{
	return volume->fs.root;
}

static void begin(const char *options)
{
	world_disk_make(&disk, 32 * MIB);
	world_mkfs(&disk, options);
}

static bool mount_it(bool read_only)
{
	char why[100];

	return volume_mount(&disk.device, read_only, 1 << 20, &volume, why, sizeof(why)) == STATUS_OK;
}

static bool end_clean(void)
{
	return volume_unmount(volume) == STATUS_OK && world_fsck(&disk) == 0;
}

static struct fs_node *open_path(const char *name)
{
	struct fs_node *node = NULL;

	return ext4_ops.lookup(root(), name_of(name), &node) == STATUS_OK ? node : NULL;
}

/* The blocks that are kept, as the disk has them, become `value`: as a panic does it. */
static void kept_fill(uint8_t value)
{
	for (unsigned i = 0; i < volume->kept.run_count; i++)
		memset(disk.bytes + volume->kept.runs[i].block * volume->cache.block_bytes, value, volume->kept.runs[i].count * volume->cache.block_bytes);
}

static bool kept_is(uint8_t value)
{
	static uint8_t data[KEPT_BYTES + 1];
	struct fs_node *node = open_path("kept");
	bool same = node != NULL && ext4_ops.read(node, 0, data, sizeof(data)) == KEPT_BYTES && data[0] == value &&
		    memcmp(data, data + 1, KEPT_BYTES - 1) == 0;

	if (node != NULL)
		fs_node_put(node);
	return same;
}

/* The volume is not unmounted, as after a panic, and mounted again. */
static bool mount_after_panic(void)
{
	uint8_t *bytes = malloc(disk.device.bytes);

	memcpy(bytes, disk.bytes, disk.device.bytes);
	CU_ASSERT_EQUAL(volume_unmount(volume), STATUS_OK);
	memcpy(disk.bytes, bytes, disk.device.bytes);
	free(bytes);
	return mount_it(false);
}

static void what_a_panic_writes_over_a_kept_file_stays(void)
{
	static const char *const options[] = { SMALL, LARGE, "-b 4096 -O ^extent,^64bit,^metadata_csum,^huge_file,^flex_bg" };
	static uint8_t data[9000];

	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		begin(options[i]);
		CU_ASSERT_FATAL(mount_it(false));
		for (uint8_t round = 0; round < 2; round++) {
			struct fs_node *node;

			CU_ASSERT_EQUAL_FATAL(file_keep(volume, name_of("kept"), KEPT_BYTES), STATUS_OK);
			CU_ASSERT(kept_is(round));
			CU_ASSERT_EQUAL_FATAL(ext4_ops.create(root(), name_of(round == 0 ? "a" : "b"), FS_FILE, 0644, &node), STATUS_OK);
			CU_ASSERT(ext4_ops.write(node, 0, data, sizeof(data), false) == sizeof(data) && ext4_ops.sync(node) == STATUS_OK);
			fs_node_put(node);
			kept_fill((uint8_t)(round + 1));
			CU_ASSERT_FATAL(mount_after_panic());
			CU_ASSERT(kept_is((uint8_t)(round + 1)) && open_path("a") != NULL);
		}
		CU_ASSERT(end_clean());
		world_disk_free(&disk);
	}
}

static void a_kept_file_is_let_go_when_it_is_changed(void)
{
	static const struct fs_stat shorter = { .size = 1000 };
	struct fs_node *node;

	begin(SMALL);
	CU_ASSERT_FATAL(mount_it(false));
	for (unsigned how = 0; how < 5; how++) {
		CU_ASSERT_EQUAL_FATAL(file_keep(volume, name_of("kept"), KEPT_BYTES), STATUS_OK);
		CU_ASSERT_FATAL(volume->kept.number != 0);
		node = open_path("kept");
		CU_ASSERT(how != 0 || ext4_ops.write(node, 5, "x", 1, false) == 1);
		CU_ASSERT(how != 1 || ext4_ops.rename(root(), name_of("kept"), root(), name_of("saved"), false) == STATUS_OK);
		CU_ASSERT(how != 2 || ext4_ops.remove(root(), name_of("kept"), false) == STATUS_OK);
		CU_ASSERT(how != 3 || ext4_ops.rename(root(), name_of("saved"), root(), name_of("kept"), false) == STATUS_OK);
		CU_ASSERT(how != 4 || ext4_ops.set(node, FS_SET_SIZE, &shorter) == STATUS_OK);
		CU_ASSERT_EQUAL(volume->kept.number, 0);
		fs_node_put(node);
	}
	CU_ASSERT_EQUAL(file_keep(volume, name_of("kept"), KEPT_BYTES), STATUS_EEXIST); /* it is shorter */
	CU_ASSERT_EQUAL(file_keep(volume, name_of("lost+found"), KEPT_BYTES), STATUS_EEXIST);
	CU_ASSERT_EQUAL(file_keep(volume, name_of("other"), KEPT_BYTES + 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(file_keep(volume, name_of("other"), 64 * MIB), STATUS_ENOSPC);
	CU_ASSERT(open_path("other") == NULL && volume->kept.number == 0);
	CU_ASSERT(end_clean());
	CU_ASSERT_FATAL(mount_it(true));
	CU_ASSERT_EQUAL(file_keep(volume, name_of("other"), KEPT_BYTES), STATUS_EROFS);
	CU_ASSERT(end_clean());
	world_disk_free(&disk);
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_a_panic_writes_over_a_kept_file_stays),
	UNIT_CASE(a_kept_file_is_let_go_when_it_is_changed),
};
UNIT_MAIN("kernel/io/fs/ext4/kept_file", cases)
