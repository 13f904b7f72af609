// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/tmp_tree.h"

#include "tests/unit/kernel/io/fs/tmp_fixture.h"

static void rename_moves_and_replaces(void)
{
	struct fs_node *a, *b, *file, *other;

	begin(LIMIT);
	a = make(fs->root, "a", FS_DIRECTORY);
	b = make(a, "b", FS_DIRECTORY);
	file = make(a, "f", FS_FILE);
	other = make(b, "g", FS_FILE);
	CU_ASSERT_EQUAL(ops->rename(a, text("none"), b, text("x"), false), STATUS_ENOENT);
	CU_ASSERT_EQUAL(ops->rename(a, text("f"), b, text("g"), true), STATUS_EEXIST);
	CU_ASSERT_EQUAL(ops->rename(a, text("f"), b, text("g"), false), STATUS_OK);
	CU_ASSERT(!is_there(a, "f") && is_there(b, "g") && stat_of(other).links == 0 && stat_of(file).links == 1);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("a"), b, text("a"), false), STATUS_EINVAL);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("a"), a, text("a"), false), STATUS_EINVAL);
	CU_ASSERT_EQUAL(ops->rename(a, text("b"), fs->root, text("a"), false), STATUS_ENOTEMPTY);
	CU_ASSERT_EQUAL(ops->rename(b, text("g"), fs->root, text("a"), false), STATUS_EISDIR);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("a"), b, text("g"), false), STATUS_EINVAL);
	CU_ASSERT_EQUAL(ops->rename(a, text("b"), fs->root, text("b"), false), STATUS_OK);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("a"), b, text("a"), false), STATUS_OK);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("b"), fs->root, text("b"), false), STATUS_OK);
	CU_ASSERT(is_there(b, "a") && !is_there(fs->root, "a"));
	fs_node_put(a);
	fs_node_put(b);
	fs_node_put(file);
	fs_node_put(other);
	end();
}

static void exchange_moves_both(void)
{
	struct fs_node *a, *b, *file, *other;

	begin(LIMIT);
	a = make(fs->root, "a", FS_DIRECTORY);
	b = make(a, "b", FS_DIRECTORY);
	file = make(fs->root, "f", FS_FILE);
	other = make(b, "g", FS_FILE);
	CU_ASSERT_EQUAL(ops->exchange(fs->root, text("f"), b, text("none")), STATUS_ENOENT);
	CU_ASSERT_EQUAL(ops->exchange(b, text("none"), fs->root, text("f")), STATUS_ENOENT);
	CU_ASSERT_EQUAL(ops->exchange(fs->root, text("a"), b, text("g")), STATUS_EINVAL);
	CU_ASSERT_EQUAL(ops->exchange(b, text("g"), fs->root, text("a")), STATUS_EINVAL);
	CU_ASSERT_EQUAL(ops->exchange(fs->root, text("f"), fs->root, text("f")), STATUS_OK);
	CU_ASSERT_EQUAL(ops->exchange(fs->root, text("f"), b, text("g")), STATUS_OK);
	CU_ASSERT(ops->remove(b, text("g"), false) == STATUS_OK && stat_of(file).links == 0 && stat_of(other).links == 1);
	CU_ASSERT_EQUAL(ops->exchange(fs->root, text("f"), a, text("b")), STATUS_OK);
	/* Where a directory is by now decides where it may go. */
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("a"), b, text("a"), false), STATUS_OK);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("f"), a, text("f"), false), STATUS_EINVAL);
	CU_ASSERT(is_there(b, "a") && is_there(a, "b") && stat_of(other).links == 1);
	fs_node_put(a);
	fs_node_put(b);
	fs_node_put(file);
	fs_node_put(other);
	end();
}

static void links_are_second_names(void)
{
	struct fs_node *file;
	char target[32];

	begin(LIMIT);
	file = make(fs->root, "a", FS_FILE);
	CU_ASSERT(ops->write(file, 0, "abc", 3, false) == 3);
	CU_ASSERT_EQUAL(ops->link(fs->root, text("b"), file), STATUS_OK);
	CU_ASSERT_EQUAL(ops->link(fs->root, text("b"), file), STATUS_EEXIST);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("a"), fs->root, text("b"), false), STATUS_OK); /* the same file: nothing happens */
	CU_ASSERT(is_there(fs->root, "a") && stat_of(file).links == 2);
	CU_ASSERT_EQUAL(ops->remove(fs->root, text("a"), false), STATUS_OK);
	CU_ASSERT(stat_of(file).links == 1);
	fs_node_put(file);
	CU_ASSERT_EQUAL(ops->symlink(fs->root, text("l"), text("some/where")), STATUS_OK);
	CU_ASSERT_EQUAL(ops->symlink(fs->root, text("l"), text("x")), STATUS_EEXIST);
	file = look(fs->root, "l");
	CU_ASSERT(file->type == FS_LINK && stat_of(file).size == 10);
	CU_ASSERT(ops->read_link(file, target, sizeof(target)) == 10 && memcmp(target, "some/where", 10) == 0);
	CU_ASSERT(ops->read_link(file, target, 4) == 10);
	fs_node_put(file);
	end();
}

static void a_directory_that_was_removed_takes_nothing_more(void)
{
	struct fs_node *directory, *file = NULL;

	begin(LIMIT);
	directory = make(fs->root, "d", FS_DIRECTORY);
	file = make(directory, "f", FS_FILE);
	fs_node_put(file);
	CU_ASSERT_EQUAL(ops->remove(fs->root, text("d"), false), STATUS_EISDIR);
	CU_ASSERT_EQUAL(ops->remove(fs->root, text("d"), true), STATUS_ENOTEMPTY);
	CU_ASSERT_EQUAL(ops->remove(directory, text("f"), false), STATUS_OK);
	CU_ASSERT_EQUAL(ops->remove(fs->root, text("d"), true), STATUS_OK);
	CU_ASSERT_EQUAL(ops->create(directory, text("x"), FS_FILE, 0, &file), STATUS_ENOENT);
	CU_ASSERT_EQUAL(ops->symlink(directory, text("x"), text("y")), STATUS_ENOENT);
	fs_node_put(directory);
	end();
}

static bool is_in(struct fs_node *directory, struct fs_node *parent)
{
	struct fs_node *above = NULL;

	if (ops->parent(directory, &above) != STATUS_OK)
		return false;
	fs_node_put(above);
	return above == parent;
}

/* A directory that was moved is below where it is now, and one that was removed below nothing. */
static void directories_know_where_they_are(void)
{
	struct fs_node *a, *b, *c, *none;

	begin(LIMIT);
	a = make(fs->root, "a", FS_DIRECTORY);
	b = make(fs->root, "b", FS_DIRECTORY);
	c = make(a, "c", FS_DIRECTORY);
	CU_ASSERT(is_in(a, fs->root) && is_in(c, a) && ops->parent(fs->root, &none) == STATUS_ENOENT);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("a"), b, text("a"), false), STATUS_OK);
	CU_ASSERT(is_in(a, b) && is_in(c, a));
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("b"), a, text("b"), false), STATUS_EINVAL);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("b"), c, text("b"), false), STATUS_EINVAL);
	CU_ASSERT_EQUAL(ops->rename(b, text("a"), fs->root, text("a"), false), STATUS_OK);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("b"), c, text("b"), false), STATUS_OK);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("a"), b, text("a"), false), STATUS_EINVAL);
	CU_ASSERT(is_in(b, c) && ops->exchange(c, text("b"), fs->root, text("a")) == STATUS_EINVAL);
	CU_ASSERT_EQUAL(ops->remove(c, text("b"), true), STATUS_OK);
	CU_ASSERT_EQUAL(ops->parent(b, &none), STATUS_ENOENT);
	CU_ASSERT_EQUAL(ops->rename(fs->root, text("a"), b, text("a"), false), STATUS_ENOENT);
	fs_node_put(a);
	fs_node_put(b);
	fs_node_put(c);
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(rename_moves_and_replaces),
	UNIT_CASE(exchange_moves_both),
	UNIT_CASE(links_are_second_names),
	UNIT_CASE(a_directory_that_was_removed_takes_nothing_more),
	UNIT_CASE(directories_know_where_they_are),
};
UNIT_MAIN("kernel/io/fs/tmp_tree", cases)
