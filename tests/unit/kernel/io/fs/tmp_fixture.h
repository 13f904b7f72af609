// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* One /tmp, made, used by its operations, and gone without a trace. */
#ifndef TESTS_UNIT_KERNEL_IO_FS_TMP_FIXTURE_H
#define TESTS_UNIT_KERNEL_IO_FS_TMP_FIXTURE_H

#include <string.h>

#include "kernel/io/fs/tmp.h"
#include "tests/unit/kernel/io/fs/world.h"
#include "tests/unit/unit.h"

enum { LIMIT = 1 << 20 };

static struct fs *fs;
static const struct fs_ops *ops;

static inline struct span text(const char *string)
{
	return span_of(string, strlen(string));
}

static inline void begin(uint64_t limit)
{
	world_begin(1024);
	CU_ASSERT_EQUAL_FATAL(tmp_mount(&world.budget, limit, 0, &fs), STATUS_OK);
	ops = fs->ops;
}

static inline void end(void)
{
	tmp_unmount(fs);
	CU_ASSERT(world_is_clean());
}

static inline struct fs_node *make(struct fs_node *directory, const char *name, enum fs_type type)
{
	struct fs_node *node = NULL;

	CU_ASSERT_EQUAL_FATAL(ops->create(directory, text(name), type, 0644, &node), STATUS_OK);
	return node;
}

static inline struct fs_node *look(struct fs_node *directory, const char *name)
{
	struct fs_node *node = NULL;

	return ops->lookup(directory, text(name), &node) == STATUS_OK ? node : NULL;
}

static inline bool is_there(struct fs_node *directory, const char *name)
{
	struct fs_node *node = look(directory, name);

	if (node != NULL)
		fs_node_put(node);
	return node != NULL;
}

static inline struct fs_stat stat_of(struct fs_node *node)
{
	struct fs_stat stat = { 0 };

	CU_ASSERT_EQUAL(ops->stat(node, &stat), STATUS_OK);
	return stat;
}

#endif
