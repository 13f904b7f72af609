// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a volume remembers of names and inodes: nothing is read twice, and nothing is told that is no longer so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kernel/io/fs/ext4/world.h"
#include "tests/unit/unit.h"

#define MIB (1ul << 20)

enum { DIRECTORIES = 4, FILES = 800 };

static struct world_disk disk;
static struct volume *volume;

static struct span name_of(const char *text)
{
	return span_of(text, strlen(text));
}

static bool mount_it(void)
{
	char why[100] = "";

	return volume_mount(&disk.device, false, 1 << 20, &volume, why, sizeof(why)) == STATUS_OK;
}

static bool begin(void)
{
	world_disk_make(&disk, 32 * MIB);
	world_mkfs(&disk, "-b 4096 -J size=4");
	return mount_it();
}

static void end(void)
{
	CU_ASSERT(volume_unmount(volume) == STATUS_OK && world_fsck(&disk) == 0);
	world_disk_free(&disk);
}

static struct fs_node *find(struct fs_node *directory, const char *name)
{
	struct fs_node *node = NULL;

	return ext4_ops.lookup(directory, name_of(name), &node) == STATUS_OK ? node : NULL;
}

static bool is_there(struct fs_node *directory, const char *name)
{
	struct fs_node *node = find(directory, name);

	if (node != NULL)
		fs_node_put(node);
	return node != NULL;
}

static struct fs_node *make(struct fs_node *directory, const char *name, enum fs_type type)
{
	struct fs_node *node = NULL;

	return ext4_ops.create(directory, name_of(name), type, 0755, &node) == STATUS_OK ? node : NULL;
}

static void what_is_known_is_not_read_again(void)
{
	struct fs_node *directory = NULL, *file = NULL, *again = NULL;
	uint64_t requests;

	CU_ASSERT_FATAL(begin());
	CU_ASSERT_FATAL((directory = make(volume->fs.root, "d", FS_DIRECTORY)) != NULL && (file = make(directory, "f", FS_FILE)) != NULL);
	CU_ASSERT(ext4_ops.write(file, 0, "content", 7, false) == 7);
	fs_node_put(file);
	fs_node_put(directory);
	CU_ASSERT_FATAL(volume_unmount(volume) == STATUS_OK && mount_it());
	CU_ASSERT(ext4_ops.at_once(&volume->fs, true));
	CU_ASSERT(ext4_ops.lookup(volume->fs.root, name_of("d"), &directory) == STATUS_EAGAIN);
	(void)ext4_ops.at_once(&volume->fs, false);
	CU_ASSERT_FATAL((directory = find(volume->fs.root, "d")) != NULL && is_there(directory, "f") && !is_there(directory, "g"));
	requests = disk.requests;
	CU_ASSERT(ext4_ops.at_once(&volume->fs, true));
	CU_ASSERT_FATAL((again = find(directory, "f")) != NULL && !is_there(directory, "g"));
	CU_ASSERT(ext4_ops.read(again, 1, &(char[8]){ 0 }, 8) == STATUS_EAGAIN);
	CU_ASSERT(disk.untold == 1); /* the file's block: so that all who want one are told together */
	(void)ext4_ops.at_once(&volume->fs, false);
	CU_ASSERT(disk.requests == requests && disk.untold == 0);
	CU_ASSERT(ext4_ops.read(again, 0, &(char[8]){ 0 }, 8) == 7);
	CU_ASSERT(ext4_ops.at_once(&volume->fs, true));
	CU_ASSERT(ext4_ops.read(again, 1, &(char[8]){ 0 }, 8) == 6);
	(void)ext4_ops.at_once(&volume->fs, false);
	fs_node_put(again);
	fs_node_put(directory);
	end();
}

static void what_is_known_changes_with_the_names(void)
{
	struct fs_node *directory = NULL, *file = NULL;

	CU_ASSERT_FATAL(begin());
	CU_ASSERT_FATAL((directory = make(volume->fs.root, "d", FS_DIRECTORY)) != NULL && !is_there(directory, "f"));
	CU_ASSERT_FATAL((file = make(directory, "f", FS_FILE)) != NULL && is_there(directory, "f") && !is_there(directory, "g"));
	CU_ASSERT(make(directory, "f", FS_FILE) == NULL);
	CU_ASSERT(ext4_ops.rename(directory, name_of("f"), directory, name_of("g"), false) == STATUS_OK);
	CU_ASSERT(!is_there(directory, "f") && is_there(directory, "g"));
	CU_ASSERT(ext4_ops.link(directory, name_of("f"), file) == STATUS_OK && is_there(directory, "f"));
	CU_ASSERT(ext4_ops.link(directory, name_of("f"), file) == STATUS_EEXIST);
	CU_ASSERT(ext4_ops.remove(directory, name_of("g"), false) == STATUS_OK && !is_there(directory, "g"));
	CU_ASSERT(is_there(directory, "f"));
	fs_node_put(file);
	CU_ASSERT(ext4_ops.symlink(directory, name_of("g"), name_of("f")) == STATUS_OK && is_there(directory, "g"));
	CU_ASSERT(ext4_ops.remove(directory, name_of("f"), false) == STATUS_OK && !is_there(directory, "f"));
	CU_ASSERT(ext4_ops.remove(directory, name_of("g"), false) == STATUS_OK);
	fs_node_put(directory);
	CU_ASSERT(ext4_ops.remove(volume->fs.root, name_of("d"), true) == STATUS_OK && !is_there(volume->fs.root, "d"));
	end();
}

static uint64_t number_above(struct fs_node *directory)
{
	struct fs_node *above = NULL;
	struct fs_stat stat = { 0 };

	if (ext4_ops.parent(directory, &above) != STATUS_OK)
		return 0;
	CU_ASSERT(above->type == FS_DIRECTORY && ext4_ops.stat(above, &stat) == STATUS_OK);
	fs_node_put(above);
	return stat.id;
}

/* What ".." means is asked each time. */
static void directories_know_where_they_are(void)
{
	struct fs_node *a = NULL, *b = NULL, *root;
	struct fs_stat stat = { 0 };

	CU_ASSERT_FATAL(begin());
	root = volume->fs.root;
	CU_ASSERT_FATAL((a = make(root, "a", FS_DIRECTORY)) != NULL && (b = make(a, "b", FS_DIRECTORY)) != NULL);
	CU_ASSERT(ext4_ops.stat(a, &stat) == STATUS_OK && number_above(b) == stat.id && number_above(a) == EXT2_ROOT_INO && number_above(root) == 0);
	CU_ASSERT(ext4_ops.rename(a, name_of("b"), root, name_of("c"), false) == STATUS_OK && number_above(b) == EXT2_ROOT_INO);
	CU_ASSERT(ext4_ops.stat(b, &stat) == STATUS_OK && ext4_ops.rename(root, name_of("a"), b, name_of("a"), false) == STATUS_OK && number_above(a) == stat.id);
	CU_ASSERT(ext4_ops.remove(b, name_of("a"), true) == STATUS_OK && number_above(a) == 0);
	fs_node_put(a);
	fs_node_put(b);
	end();
}

/* A change that the disk did not take is not remembered. */
static void what_failed_is_not_known(void)
{
	struct fs_node *node;

	CU_ASSERT_FATAL(begin());
	CU_ASSERT_FATAL((node = make(volume->fs.root, "old", FS_FILE)) != NULL);
	fs_node_put(node);
	CU_ASSERT_FATAL(volume_unmount(volume) == STATUS_OK && mount_it());
	disk.fail_at = disk.requests + 1;
	disk.fails_on = true;
	CU_ASSERT(ext4_ops.lookup(volume->fs.root, name_of("old"), &node) == STATUS_EIO);
	CU_ASSERT(make(volume->fs.root, "new", FS_FILE) == NULL);
	disk.fail_at = 0;
	CU_ASSERT(is_there(volume->fs.root, "old") && !is_there(volume->fs.root, "new"));
	end();
}

static const char *name_number(char *room, size_t bytes, unsigned i)
{
	snprintf(room, bytes, i % 10 == 0 ? "a-name-that-is-longer-than-those-that-are-remembered-%u" : "f%u", i);
	return room;
}

static void names_are_told_apart_however_many_there_are(void)
{
	struct fs_node *directories[DIRECTORIES];
	struct fs_node *node;
	char name[60];

	CU_ASSERT_FATAL(begin());
	for (unsigned d = 0; d < DIRECTORIES; d++)
		CU_ASSERT_FATAL((directories[d] = make(volume->fs.root, name_number(name, sizeof(name), d + 1), FS_DIRECTORY)) != NULL);
	for (unsigned i = 0; i < FILES; i++) {
		CU_ASSERT_FATAL((node = make(directories[i % DIRECTORIES], name_number(name, sizeof(name), i), FS_FILE)) != NULL);
		CU_ASSERT_FATAL(ext4_ops.write(node, 0, &i, sizeof(i), false) == sizeof(i));
		fs_node_put(node);
	}
	for (unsigned i = 0; i < FILES; i++) {
		unsigned content = FILES;

		CU_ASSERT(!is_there(directories[(i + 1) % DIRECTORIES], name_number(name, sizeof(name), i)));
		CU_ASSERT_FATAL((node = find(directories[i % DIRECTORIES], name)) != NULL);
		CU_ASSERT(ext4_ops.read(node, 0, &content, sizeof(content)) == sizeof(content) && content == i);
		fs_node_put(node);
	}
	for (unsigned d = 0; d < DIRECTORIES; d++)
		fs_node_put(directories[d]);
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_is_known_is_not_read_again),
	UNIT_CASE(what_is_known_changes_with_the_names),
	UNIT_CASE(directories_know_where_they_are),
	UNIT_CASE(what_failed_is_not_known),
	UNIT_CASE(names_are_told_apart_however_many_there_are),
};
UNIT_MAIN("kernel/io/fs/ext4/known_names", cases)
