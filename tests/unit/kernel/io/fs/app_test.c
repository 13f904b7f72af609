// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cpio.h"
#include "tests/unit/unit.h"

enum { ARCHIVE_MAX = 65536, FILE_MODE = 0100644, PROGRAM_MODE = 0100755, DIRECTORY_MODE = 0040755, LINK_MODE = 0120777 };

static _Alignas(4096) char archive[ARCHIVE_MAX];
static size_t len;
static struct fs *fs;

static void add(unsigned mode, const char *name, size_t name_bytes, const char *data, size_t bytes)
{
	sprintf(archive + len, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 0u, mode, 0u, 0u, 1u, 0u, (unsigned)bytes, 0u, 0u, 0u,
		0u, (unsigned)name_bytes, 0u);
	memcpy(archive + len + 110, name, name_bytes);
	len = (len + 110 + name_bytes + 3) & ~(size_t)3;
	memcpy(archive + len, data, bytes);
	len = (len + bytes + 3) & ~(size_t)3;
}

static void add_text(unsigned mode, const char *name, const char *data)
{
	add(mode, name, strlen(name) + 1, data, strlen(data));
}

static void mount(void)
{
	const char *why;

	add_text(0, "TRAILER!!!", "");
	CU_ASSERT_EQUAL_FATAL(cpio_check(span_of(archive, len), &why), STATUS_OK);
	CU_ASSERT_EQUAL_FATAL(app_mount(span_of(archive, len), &fs), STATUS_OK);
}

static void begin(void)
{
	memset(archive, 0, sizeof(archive));
	len = 0;
}

static struct fs_node *look(struct fs_node *directory, const char *name)
{
	struct fs_node *node = NULL;

	return fs->ops->lookup(directory, span_of(name, strlen(name)), &node) == STATUS_OK ? node : NULL;
}

static void files_and_the_directories_on_the_way_are_there(void)
{
	struct fs_node *directory, *file;
	struct fs_space space;
	struct fs_stat stat;
	char data[16];

	begin();
	add_text(FILE_MODE, "manifest.toml", "name");
	add_text(PROGRAM_MODE, "bin/tools/run", "program");
	add_text(DIRECTORY_MODE, "empty", "");
	mount();
	CU_ASSERT(look(fs->root, "none") == NULL && look(fs->root, "bin/tools") == NULL);
	directory = look(look(fs->root, "bin"), "tools");
	CU_ASSERT_PTR_NOT_NULL_FATAL(directory);
	file = look(directory, "run");
	CU_ASSERT(directory->type == FS_DIRECTORY && file->type == FS_FILE && look(fs->root, "empty")->type == FS_DIRECTORY);
	CU_ASSERT(fs->ops->stat(file, &stat) == STATUS_OK && stat.size == 7 && stat.permissions == 0755);
	CU_ASSERT(fs->ops->read(file, 3, data, sizeof(data)) == 4 && memcmp(data, "gram", 4) == 0);
	CU_ASSERT(fs->ops->read(file, 3, data, 2) == 2 && fs->ops->read(file, 7, data, 2) == 0 && fs->ops->read(file, UINT64_MAX, data, 2) == 0);
	CU_ASSERT(fs->read_only && fs->ops->write == NULL && fs->ops->create == NULL);
	CU_ASSERT(fs->ops->space(fs, &space) == STATUS_OK && space.bytes == 4096 && space.free_bytes == 0 && space.nodes == 6 && space.free_nodes == 0);
	app_unmount(fs);
}

static void links_hold_paths(void)
{
	struct fs_node *link;
	struct fs_stat stat;
	char path[16];

	begin();
	add_text(FILE_MODE, "manifest.toml", "name");
	add_text(LINK_MODE, "bin/sh", "busybox");
	mount();
	link = look(look(fs->root, "bin"), "sh");
	CU_ASSERT_FATAL(link != NULL && link->type == FS_LINK);
	CU_ASSERT(fs->ops->stat(link, &stat) == STATUS_OK && stat.type == FS_LINK && stat.size == 7);
	CU_ASSERT(fs->ops->read_link(link, path, sizeof(path)) == 7 && memcmp(path, "busybox", 7) == 0);
	CU_ASSERT(fs->ops->read_link(link, path, 4) == 4);
	app_unmount(fs);
}

static bool count_and_stop(void *ctx, const struct fs_entry *entry)
{
	uint64_t *state = ctx; /* cookie, seen, room */

	if (state[2] == 0)
		return false;
	state[0] = entry->cookie;
	state[1]++;
	state[2]--;
	return true;
}

static void a_list_goes_on_where_it_stopped(void)
{
	uint64_t state[3] = { 0 };
	char name[32];

	begin();
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "d/%02u", i);
		add_text(FILE_MODE, name, "");
		snprintf(name, sizeof(name), "e%02u", i);
		add_text(FILE_MODE, name, "");
	}
	mount();
	for (unsigned i = 0; i < 20; i++) {
		state[2] = 7;
		CU_ASSERT_EQUAL(fs->ops->list(look(fs->root, "d"), state[0], count_and_stop, state), STATUS_OK);
	}
	CU_ASSERT_EQUAL(state[1], 100);
	CU_ASSERT_EQUAL(fs->ops->list(fs->root, state[0], count_and_stop, state), STATUS_EINVAL); /* a cookie of another directory */
	CU_ASSERT_EQUAL(fs->ops->list(fs->root, UINT64_MAX, count_and_stop, state), STATUS_EINVAL);
	app_unmount(fs);
}

static void a_name_that_is_both_hides_nothing_else(void)
{
	begin();
	add_text(FILE_MODE, "a", "file");
	add_text(FILE_MODE, "a/b", "below a file");
	add_text(FILE_MODE, "c", "");
	mount();
	CU_ASSERT(look(fs->root, "a")->type == FS_FILE && look(fs->root, "c") != NULL);
	app_unmount(fs);
}

static void contents_are_shown_where_they_lie(void)
{
	static char name[4096] = "at";
	static char data[5000];
	size_t at;

	begin();
	add_text(FILE_MODE, "first", "x");
	at = len;
	add(FILE_MODE, name, 4096 - 110 - at, data, sizeof(data));
	add(FILE_MODE, "off", 4, data, sizeof(data));
	mount();
	CU_ASSERT_EQUAL(fs->ops->pages(look(fs->root, "at")).len, sizeof(data));
	CU_ASSERT_PTR_EQUAL(fs->ops->pages(look(fs->root, "at")).data, archive + 4096);
	CU_ASSERT_EQUAL(fs->ops->pages(look(fs->root, "off")).len, sizeof(data));
	CU_ASSERT_NOT_EQUAL((uintptr_t)fs->ops->pages(look(fs->root, "off")).data % 4096, 0);
	app_unmount(fs);
}

/* Who looked gives back what he was given, and the index keeps its own. */
static void holds_are_counted(void)
{
	struct fs_node *file;

	begin();
	add_text(FILE_MODE, "a", "file");
	mount();
	file = look(fs->root, "a");
	CU_ASSERT(atomic_load(&file->holds) == 2 && look(fs->root, "a") == file && atomic_load(&file->holds) == 3);
	fs_node_put(file);
	fs_node_put(file);
	CU_ASSERT(atomic_load(&file->holds) == 1 && look(fs->root, "b") == NULL && atomic_load(&fs->root->holds) == 1);
	app_unmount(fs);
}

static const struct unit_case cases[] = {
	UNIT_CASE(files_and_the_directories_on_the_way_are_there),
	UNIT_CASE(links_hold_paths),
	UNIT_CASE(a_list_goes_on_where_it_stopped),
	UNIT_CASE(a_name_that_is_both_hides_nothing_else),
	UNIT_CASE(contents_are_shown_where_they_lie),
	UNIT_CASE(holds_are_counted),
};

UNIT_MAIN("kernel/io/fs/app", cases)
