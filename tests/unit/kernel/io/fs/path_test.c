// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/path.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/kernel/io/fs/model.h"
#include "tests/unit/unit.h"

enum { TOP, CAP, SECRET, A, B, F };

static struct path_walk *walk;
static char long_target[FS_PATH_MAX];
static char link_names[FS_LINKS_MAX + 2][8];

static struct span text(const char *string)
{
	return span_of(string, strlen(string));
}

static unsigned link_add(const char *name, const char *target)
{
	return model_add(CAP, text(name), FS_LINK, text(target));
}

/*
 * top/            cap is the root of the walks
 *   cap/  a/b/f
 *   secret
 */
static void tree_make(void)
{
	struct span none = span_of("", 0);

	model_count = 0;
	model_released = 0;
	model_fails = STATUS_OK;
	model_add(0, none, FS_DIRECTORY, none);
	model_add(TOP, text("cap"), FS_DIRECTORY, none);
	model_add(TOP, text("secret"), FS_FILE, none);
	model_add(CAP, text("a"), FS_DIRECTORY, none);
	model_add(A, text("b"), FS_DIRECTORY, none);
	model_add(B, text("f"), FS_FILE, none);
	link_add("up", "../secret");
	link_add("up-up", "a/../../../../secret");
	link_add("abs", "/a/b");
	link_add("abs-secret", "/secret");
	link_add("loop", "loop");
	link_add("dangling", "a/none");
	link_add("to-dir", "a/b/");
	link_add("to-file", "a/b/f");
	link_add("to-root", "/");
	link_add("empty", "");
	link_add("long", long_target);
	model_add(A, text("back"), FS_LINK, text(".."));
}

/* The number of what a path names; its status where there is none; -1000 for a name that is free. */
static int named(const char *path, bool follow)
{
	status_t status;
	int result;

	status = path_walk(walk, &model_nodes[CAP].node, text(path), follow);
	result = status != STATUS_OK ? status : walk->node == NULL ? -1000 : (int)(model_of(walk->node) - model_nodes);
	path_end(walk);
	CU_ASSERT(model_is_unheld());
	return result;
}

static void begin(void)
{
	walk = malloc(sizeof(*walk));
	memset(long_target, 'x', sizeof(long_target) - 1);
	tree_make();
}

static void plain_paths_name_what_lies_there(void)
{
	begin();
	CU_ASSERT(named("a", true) == A && named("/a", true) == A && named("a/", true) == A);
	CU_ASSERT(named("a/b", true) == B && named("a//b///f", true) == F && named("./a/./b/f", true) == F);
	CU_ASSERT(named("", true) == CAP && named("/", true) == CAP && named(".", true) == CAP && named("a/.", true) == A);
	CU_ASSERT(named("none", true) == -1000 && named("a/none", true) == -1000 && named("none/", true) == -1000);
	free(walk);
}

static void dots_do_not_leave_the_root(void)
{
	begin();
	CU_ASSERT(named("..", true) == CAP && named("../..", true) == CAP && named("/../a", true) == A);
	CU_ASSERT(named("a/b/..", true) == A && named("a/b/../../..", true) == CAP && named("../secret", true) == -1000);
	CU_ASSERT(named("a/../../secret", true) == -1000 && named("a/b/../b/f", true) == F);
	free(walk);
}

static void links_do_not_leave_the_root(void)
{
	begin();
	CU_ASSERT(named("up", true) == -1000 && named("up-up", true) == -1000 && named("abs-secret", true) == -1000);
	CU_ASSERT(named("abs", true) == B && named("abs/f", true) == F && named("abs/../b", true) == B);
	CU_ASSERT(named("a/back/a", true) == A && named("a/back/..", true) == CAP && named("to-root/a", true) == A);
	CU_ASSERT(named("to-root", true) == CAP && named("to-root/../..", true) == CAP);
	free(walk);
}

static void a_link_at_the_end_is_followed_where_that_is_asked_for(void)
{
	begin();
	CU_ASSERT(model_nodes[named("abs", false)].node.type == FS_LINK);
	CU_ASSERT(named("abs/", false) == B && named("to-dir", true) == B && named("to-file", true) == F);
	CU_ASSERT(named("dangling", true) == -1000);
	CU_ASSERT(path_walk(walk, &model_nodes[CAP].node, text("dangling"), true) == STATUS_OK);
	CU_ASSERT(walk->node == NULL && walk->name.len == 4 && memcmp(walk->name.data, "none", 4) == 0);
	CU_ASSERT(path_directory(walk) == &model_nodes[A].node);
	path_end(walk);
	free(walk);
}

static void what_is_no_directory_leads_nowhere(void)
{
	begin();
	CU_ASSERT(named("a/b/f/", true) == STATUS_ENOTDIR && named("a/b/f/x", true) == STATUS_ENOTDIR);
	CU_ASSERT(named("a/b/f/..", true) == STATUS_ENOTDIR && named("a/b/f/.", true) == STATUS_ENOTDIR);
	CU_ASSERT(named("to-file/", true) == STATUS_ENOTDIR && named("to-file/x", true) == STATUS_ENOTDIR);
	CU_ASSERT(named("none/x", true) == STATUS_ENOENT && named("none/..", true) == STATUS_ENOENT);
	CU_ASSERT(named("dangling/x", true) == STATUS_ENOENT && named("empty", true) == STATUS_ENOENT);
	free(walk);
}

static void too_many_links_are_refused(void)
{
	begin();
	CU_ASSERT(named("loop", true) == STATUS_ELOOP && named("loop/x", true) == STATUS_ELOOP);
	CU_ASSERT(model_nodes[named("loop", false)].node.type == FS_LINK);
	for (unsigned i = 0; i <= FS_LINKS_MAX; i++)
		snprintf(link_names[i], sizeof(link_names[i]), "n%u", i);
	for (unsigned i = 0; i <= FS_LINKS_MAX; i++)
		link_add(link_names[i], i == 0 ? "a" : link_names[i - 1]);
	CU_ASSERT(named(link_names[FS_LINKS_MAX - 1], true) == A);
	CU_ASSERT(named(link_names[FS_LINKS_MAX], true) == STATUS_ELOOP);
	free(walk);
}

static void what_is_too_long_is_refused(void)
{
	char path[FS_PATH_MAX + 2];
	char name[FS_NAME_MAX + 2];

	begin();
	memset(name, 'n', sizeof(name));
	name[FS_NAME_MAX] = '\0';
	CU_ASSERT(named(name, true) == -1000);
	name[FS_NAME_MAX] = 'n';
	name[FS_NAME_MAX + 1] = '\0';
	CU_ASSERT(named(name, true) == STATUS_ENAMETOOLONG);
	memset(path, '/', sizeof(path));
	path[FS_PATH_MAX] = '\0';
	CU_ASSERT(named(path, true) == CAP);
	path[FS_PATH_MAX] = '/';
	path[FS_PATH_MAX + 1] = '\0';
	CU_ASSERT(named(path, true) == STATUS_ENAMETOOLONG);
	CU_ASSERT(named("long", true) == STATUS_ENAMETOOLONG && named("long/x", true) == STATUS_ENAMETOOLONG);
	CU_ASSERT(path_walk(walk, &model_nodes[CAP].node, span_of("a\0b", 3), true) == STATUS_EINVAL);
	path_end(walk);
	free(walk);
}

static void what_is_too_deep_is_refused(void)
{
	char path[2 * PATH_DEPTH_MAX + 8] = "";
	unsigned at = CAP;

	begin();
	for (unsigned i = 0; i < PATH_DEPTH_MAX + 1; i++) {
		at = model_add(at, text("d"), FS_DIRECTORY, span_of("", 0));
		strcat(path, i == 0 ? "d" : "/d");
	}
	CU_ASSERT(named(path, true) == (int)at); /* the last one is what is named, not on the way */
	strcat(path, "/d");
	CU_ASSERT(named(path, true) == STATUS_ENAMETOOLONG);
	free(walk);
}

static void what_the_file_system_says_is_passed_on(void)
{
	begin();
	model_fails = STATUS_EIO;
	CU_ASSERT(named("bad", true) == STATUS_EIO && named("a/bad/x", true) == STATUS_EIO);
	model_fails = STATUS_OK;
	model_fs.ops = &(const struct fs_ops){ .lookup = model_lookup, .release = model_release };
	CU_ASSERT(named("abs", true) == STATUS_EIO);
	model_fs.ops = &model_ops;
	free(walk);
}

static void a_node_that_is_taken_stays_held(void)
{
	struct fs_node *node;

	begin();
	CU_ASSERT(path_walk(walk, &model_nodes[CAP].node, text("a/b"), true) == STATUS_OK);
	node = walk->node;
	walk->node = NULL;
	path_end(walk);
	CU_ASSERT(atomic_load(&node->holds) == 2);
	fs_node_put(node);
	CU_ASSERT(model_is_unheld());
	free(walk);
}

static const struct unit_case cases[] = {
	UNIT_CASE(plain_paths_name_what_lies_there),
	UNIT_CASE(dots_do_not_leave_the_root),
	UNIT_CASE(links_do_not_leave_the_root),
	UNIT_CASE(a_link_at_the_end_is_followed_where_that_is_asked_for),
	UNIT_CASE(what_is_no_directory_leads_nowhere),
	UNIT_CASE(too_many_links_are_refused),
	UNIT_CASE(what_is_too_long_is_refused),
	UNIT_CASE(what_is_too_deep_is_refused),
	UNIT_CASE(what_the_file_system_says_is_passed_on),
	UNIT_CASE(a_node_that_is_taken_stays_held),
};

UNIT_MAIN("kernel/io/fs/path", cases)
