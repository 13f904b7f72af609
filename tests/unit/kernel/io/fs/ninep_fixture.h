// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the tests of the 9p file system share: the mount, and short words for what is done there. */
#ifndef TESTS_UNIT_KERNEL_IO_FS_NINEP_FIXTURE_H
#define TESTS_UNIT_KERNEL_IO_FS_NINEP_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "kernel/io/fs/ninep/ninep.h"
#include "tests/unit/kernel/io/fs/ninep_server.h"
#include "tests/unit/unit.h"

enum { BUFFER_BYTES = 16384 };

static struct fs *fs;
static char why[128];
static bool in_war;
static uint8_t buffer[BUFFER_BYTES] __attribute__((aligned(16)));

static inline struct span text(const char *string)
{
	return span_of(string, strlen(string));
}

static inline void mount(void)
{
	server_reset();
	server.war = in_war;
	CU_ASSERT_EQUAL_FATAL(ninep_mount("host", &fs, why, sizeof(why)), STATUS_OK);
}

/* Nothing is left here: what an interrupt has left to be done is done, too. */
static inline void expect_nothing(void)
{
	server_settle();
	CU_ASSERT_EQUAL(server.pages, 0);
	CU_ASSERT_EQUAL(server.governors, 0);
}

static inline void unmount_broken(void)
{
	ninep_unmount(fs);
	expect_nothing();
}

/* The end: nothing is left, neither here nor there. */
static inline void unmount(void)
{
	server_settle();
	CU_ASSERT_EQUAL(server_fids(), 0);
	CU_ASSERT_EQUAL(server.breaks, 0);
	unmount_broken();
}

static inline struct fs_node *find(const char *name)
{
	struct fs_node *node;

	return fs->ops->lookup(fs->root, text(name), &node) == STATUS_OK ? node : NULL;
}

static inline struct fs_node *create(const char *name, const char *content)
{
	struct fs_node *node;

	CU_ASSERT_EQUAL_FATAL(fs->ops->create(fs->root, text(name), FS_FILE, 0644, &node), STATUS_OK);
	memcpy(buffer, content, strlen(content));
	CU_ASSERT_EQUAL(fs->ops->write(node, 0, buffer, strlen(content), false), (int64_t)strlen(content));
	return node;
}

static inline bool holds(struct fs_node *node, const char *content)
{
	int64_t bytes = fs->ops->read(node, 0, buffer, BUFFER_BYTES);

	return bytes == (int64_t)strlen(content) && memcmp(buffer, content, (size_t)bytes) == 0;
}

static inline void put(struct fs_node *node)
{
	fs_node_put(node);
	server_settle();
}

static inline bool count_entry(void *ctx, const struct fs_entry *entry)
{
	unsigned *left = ctx;

	CU_ASSERT(entry->name.len > 0 && entry->cookie != 0);
	return (*left)-- > 0;
}

#endif
