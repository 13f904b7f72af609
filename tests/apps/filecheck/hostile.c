// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What no honest program sends. The kernel answers with an error, and has lost nothing. */
#include "tests/apps/filecheck/check.h"

enum { RW = CAPOS_DIR_RIGHT_READ | CAPOS_DIR_RIGHT_WRITE, FILES = 3000, UNDER_WAY = 64 };

static void lengths(capos_cap_t dir)
{
	static char path[8192];
	struct capos_dir_stat_result stat;
	capos_cap_t file;

	memset(path, 'x', sizeof(path));
	expect("a name too long", capos_dir_stat(dir, path, 256, 0, &stat, 0), STATUS_ENAMETOOLONG);
	expect("a name not too long", capos_dir_stat(dir, path, 255, 0, &stat, 0), STATUS_ENOENT);
	expect("a path too long", capos_dir_stat(dir, path, 4096, 0, &stat, 0), STATUS_ENAMETOOLONG);
	expect("a path far too long", capos_dir_stat(dir, path, UINT32_MAX, 0, &stat, 0), STATUS_ENAMETOOLONG);
	memset(path, '/', sizeof(path));
	expect("slashes", capos_dir_stat(dir, path, 4095, 0, &stat, 0), 0);
	expect("a byte 0", capos_dir_stat(dir, "a\0b", 3, 0, &stat, 0), STATUS_EINVAL);
	expect("bytes of any kind", capos_dir_open(dir, "\xff\x01 \n", 4, CAPOS_DIR_CREATE, RW, 0, 0, &file), 0);
	(void)capos_close(file);
	expect("away", capos_dir_remove(dir, "\xff\x01 \n", 4, 0, 0), 0);
	expect("a link too long", capos_dir_symlink(dir, "l", 1, 4096, path, 0), STATUS_ENAMETOOLONG);
	expect("a link with a byte 0", capos_dir_symlink(dir, "l", 1, 3, "a\0b", 0), STATUS_EINVAL);
	for (unsigned i = 0; i < 4095; i++)
		path[i] = i % 2 == 0 ? '.' : '/';
	expect("dots", capos_dir_stat(dir, path, 4095, 0, &stat, 0), 0);
}

static void numbers(capos_cap_t dir)
{
	capos_cap_t file;
	char byte;

	expect("flags of open", capos_dir_open(dir, "f", 1, 64, RW, 0, 0, &file), STATUS_EINVAL);
	expect("exclusive alone", capos_dir_open(dir, "f", 1, CAPOS_DIR_EXCLUSIVE, RW, 0, 0, &file), STATUS_EINVAL);
	expect("create a directory", capos_dir_open(dir, "f", 1, CAPOS_DIR_CREATE | CAPOS_DIR_DIRECTORY, RW, 0, 0, &file), STATUS_EINVAL);
	expect("permissions", capos_dir_open(dir, "f", 1, CAPOS_DIR_CREATE, RW, 010000, 0, &file), STATUS_EINVAL);
	expect("rights that are none", capos_dir_open(dir, "f", 1, 0, 32, 0, 0, &file), STATUS_EACCES);
	expect("the right exec", capos_dir_open(dir, "f", 1, 0, CAPOS_DIR_RIGHT_EXEC, 0, 0, &file), STATUS_EACCES);
	expect("flags of stat", capos_dir_remove(dir, "f", 1, 1, 0), STATUS_EINVAL);
	expect("flags of rename", capos_dir_rename(dir, "f", 1, 1, "g", dir, 1, 0), STATUS_EINVAL);
	expect("open", capos_dir_open(dir, "f", 1, CAPOS_DIR_CREATE, RW, 0, 0, &file), 0);
	expect("read at the end of all", capos_file_read(file, UINT64_MAX, &byte, 1, 0), STATUS_EINVAL);
	expect("read at the end of files", capos_file_read(file, INT64_MAX, &byte, 1, 0), 0);
	expect("write at the end of all", capos_file_write(file, &byte, 1, UINT64_MAX, 0, 0), STATUS_EFBIG);
	expect("write at the end of files", capos_file_write(file, &byte, 1, INT64_MAX, 0, 0), STATUS_EFBIG);
	expect("write nearly there", capos_file_write(file, &byte, 1, INT64_MAX - 1, 0, 0), STATUS_ENOSPC);
	expect("write nothing", capos_file_write(file, NULL, 0, 0, 0, 0), 0);
	expect("read nothing", capos_file_read(file, 0, NULL, 0, 0), 0);
	expect("flags of write", capos_file_write(file, &byte, 1, 0, 2, 0), STATUS_EINVAL);
	expect("unmap of nothing", capos_file_unmap(file, NULL), STATUS_EINVAL);
	expect("unmap of another's", capos_file_unmap(file, &byte), STATUS_EINVAL);
	(void)capos_close(file);
}

/* Capabilities that are not what they should be, or have less. */
static void capabilities(capos_cap_t dir)
{
	capos_cap_t capset = capos_capset_get("capset");
	capos_cap_t console = capos_capset_get("console");
	capos_cap_t file, less, sub;

	expect("make", capos_dir_make_dir(dir, "sub", 3, 0755, 0), 0);
	expect("open", capos_dir_open(dir, "sub", 3, 0, CAPOS_DIR_RIGHTS_ALL, 0, 0, &sub), 0);
	expect("less", capos_dir_open(dir, "", 0, 0, CAPOS_DIR_RIGHT_CREATE, 0, 0, &less), 0);
	expect("a file", capos_dir_open(dir, "f", 1, 0, RW, 0, 0, &file), 0);
	expect("rename to no directory", capos_dir_rename(dir, "f", 1, 1, "g", file, 0, 0), STATUS_EBADF);
	expect("rename to the console", capos_dir_rename(dir, "f", 1, 1, "g", console, 0, 0), STATUS_EBADF);
	expect("rename to nothing", capos_dir_rename(dir, "f", 1, 1, "g", CAPOS_CAP_NONE, 0, 0), STATUS_EBADF);
	expect("rename to where there are more rights", capos_dir_rename(less, "f", 1, 1, "g", dir, 0, 0), STATUS_EACCES);
	expect("link to where there are more rights", capos_dir_link(less, "f", 1, 1, "g", sub, 0), STATUS_EACCES);
	expect("to where there are fewer", capos_dir_rename(dir, "f", 1, 5, "sub/f", less, 0, 0), 0);
	expect("and what it is in", capos_dir_rename(sub, "f", 1, 1, "f", dir, 0, 0), 0);
	expect("open with more rights", capos_dir_open(less, "f", 1, 0, CAPOS_DIR_RIGHT_READ, 0, 0, &file), STATUS_EACCES);
	expect("open with none", capos_dir_open(less, "f", 1, 0, CAPOS_DIR_RIGHTS_ALL, 0, 0, &file), 0);
	expect("read with none", capos_file_read(file, 0, NULL, 0, 0), STATUS_EACCES);
	expect("list with none", capos_dir_list(less, 0, NULL, 0, 0), STATUS_EACCES);
	expect("remove the directory", capos_dir_remove(dir, "sub", 3, CAPOS_DIR_DIRECTORY, 0), 0);
	expect("make in what was removed", capos_dir_make_dir(sub, "x", 1, 0, 0), STATUS_ENOENT);
	expect("look there", capos_dir_list(sub, 0, NULL, 0, 0), 0);
	expect("drop", capos_capset_drop(capset, sub), 0);
	expect("and use", capos_dir_sync(sub, 0), STATUS_EBADF);
	(void)capos_close(less);
}

/* More open files than there is memory for: then an error, and all of it comes back. */
static void crowds(capos_cap_t dir)
{
	static capos_cap_t files[FILES];
	static struct capos_operation operations[UNDER_WAY];
	struct capos_dir_open params = { .path = (uint64_t)"f", .path_bytes = 1, .rights = CAPOS_DIR_RIGHTS_ALL };
	struct capos_submission submission = capos_dir_open_submission(dir, &params, 0);
	unsigned count = 0;
	int64_t result = 0;

	for (unsigned round = 0; round < 2; round++) {
		count = 0;
		while (count < FILES && (result = capos_dir_open(dir, "f", 1, 0, RW, 0, 0, &files[count])) == 0)
			count++;
		expect("many are open", count > 1000 && (result == 0 || result == STATUS_ENOMEM || result == STATUS_ENOSPC), true);
		while (count > 0)
			(void)capos_close(files[--count]);
	}
	for (unsigned i = 0; i < UNDER_WAY; i++)
		(void)capos_submit(&submission, &operations[i]);
	for (unsigned i = 0; i < UNDER_WAY; i++) {
		(void)capos_operation_wait(&operations[i], CAPOS_WAIT_FOREVER);
		count += operations[i].result == 0 && capos_close(operations[i].new_cap) == 0;
	}
	expect("at once", count, UNDER_WAY);
}

void check_hostile(void)
{
	const char *rest;
	capos_cap_t dir = capos_path_find("/tmp", &rest);

	lengths(dir);
	numbers(dir);
	capabilities(dir);
	crowds(dir);
}
