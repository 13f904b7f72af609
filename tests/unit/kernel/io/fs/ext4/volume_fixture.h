// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* One small volume, made, mounted, used by path and judged by e2fsck. */
#ifndef TESTS_UNIT_EXT4_VOLUME_FIXTURE_H
#define TESTS_UNIT_EXT4_VOLUME_FIXTURE_H

#include <string.h>

#include "tests/unit/kernel/io/fs/ext4/world.h"
#include "tests/unit/unit.h"

#define MIB (1ul << 20)
#define SMALL "-b 1024 -J size=1"

static struct world_disk disk;
static struct volume *volume;

static inline struct span name_of(const char *text)
{
	return span_of(text, strlen(text));
}

static inline struct fs_node *root(void)
{
	return volume->fs.root;
}

static inline void make_it(const char *options)
{
	world_disk_make(&disk, 8 * MIB);
	world_mkfs(&disk, options);
}

static inline void mount_it(size_t cache_bytes)
{
	char why[100];

	CU_ASSERT_EQUAL_FATAL(volume_mount(&disk.device, false, cache_bytes, &volume, why, sizeof(why)), STATUS_OK);
}

static inline void begin(const char *options)
{
	make_it(options);
	mount_it(1 << 20);
}

static inline void mount_again(void)
{
	CU_ASSERT_EQUAL_FATAL(volume_unmount(volume), STATUS_OK);
	mount_it(1 << 20);
}

static inline void end(void)
{
	CU_ASSERT(volume_unmount(volume) == STATUS_OK && world_fsck(&disk) == 0);
	world_disk_free(&disk);
}

static inline struct fs_node *look(const char *name)
{
	struct fs_node *node = NULL;

	CU_ASSERT_EQUAL_FATAL(ext4_ops.lookup(root(), name_of(name), &node), STATUS_OK);
	return node;
}

static inline struct fs_node *make(const char *name, enum fs_type type)
{
	struct fs_node *node = NULL;

	CU_ASSERT_EQUAL_FATAL(ext4_ops.create(root(), name_of(name), type, 0644, &node), STATUS_OK);
	return node;
}

static inline struct fs_stat stat_of(struct fs_node *node)
{
	struct fs_stat stat = { 0 };

	CU_ASSERT_EQUAL(ext4_ops.stat(node, &stat), STATUS_OK);
	return stat;
}

#endif
