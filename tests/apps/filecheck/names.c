// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/filecheck/check.h"

enum { ALL = CAPOS_DIR_RIGHT_READ | CAPOS_DIR_RIGHT_WRITE | CAPOS_DIR_RIGHT_CREATE | CAPOS_DIR_RIGHT_LIST };

static int64_t make_file(const char *path)
{
	capos_cap_t file;
	int64_t result = capos_open(path, CAPOS_DIR_CREATE | CAPOS_DIR_EXCLUSIVE, CAPOS_DIR_RIGHT_WRITE, &file);

	return result == 0 ? capos_close(file) : result;
}

static int64_t opens(const char *path, uint32_t flags, uint32_t rights)
{
	capos_cap_t file;
	int64_t result = capos_open(path, flags, rights, &file);

	return result == 0 ? capos_close(file) : result;
}

static int64_t type_of(const char *path, uint32_t flags)
{
	struct capos_dir_stat_result stat;
	int64_t result = capos_stat(path, flags, &stat);

	return result == 0 ? (int64_t)stat.type : result;
}

static void making(void)
{
	expect("make", make_file("/tmp/a"), 0);
	expect("make again", make_file("/tmp/a"), STATUS_EEXIST);
	expect("make below nothing", make_file("/tmp/none/a"), STATUS_ENOENT);
	expect("make below a file", make_file("/tmp/a/b"), STATUS_ENOTDIR);
	expect("make with a slash", opens("/tmp/x/", CAPOS_DIR_CREATE, ALL), STATUS_EISDIR);
	expect("open what is not there", opens("/tmp/none", 0, ALL), STATUS_ENOENT);
	expect("open outside of everything", opens("/etc/passwd", 0, ALL), STATUS_ENOENT);
	expect("open what only begins like it", opens("/tmpfile", 0, ALL), STATUS_ENOENT);
	expect("a directory", capos_make_dir("/tmp/d"), 0);
	expect("a directory again", capos_make_dir("/tmp/d"), STATUS_EEXIST);
	expect("a directory where a file is", capos_make_dir("/tmp/a"), STATUS_EEXIST);
	expect("the root as a directory", capos_make_dir("/tmp"), STATUS_EEXIST);
	expect("open a directory", opens("/tmp/d", CAPOS_DIR_DIRECTORY, ALL), 0);
	expect("open a file as a directory", opens("/tmp/a", CAPOS_DIR_DIRECTORY, ALL), STATUS_ENOTDIR);
	expect("truncate a directory", opens("/tmp/d", CAPOS_DIR_TRUNCATE, ALL), STATUS_EISDIR);
	expect("type of a file", type_of("/tmp/a", 0), CAPOS_DIR_TYPE_FILE);
	expect("type of a directory", type_of("/tmp/d/", 0), CAPOS_DIR_TYPE_DIRECTORY);
	expect("type of the root", type_of("/tmp", 0), CAPOS_DIR_TYPE_DIRECTORY);
}

static void links(void)
{
	char target[32];

	expect("symlink", capos_symlink("../a", "/tmp/d/up"), 0);
	expect("symlink again", capos_symlink("x", "/tmp/d/up"), STATUS_EEXIST);
	expect("symlink to nothing", capos_symlink("", "/tmp/e"), STATUS_EINVAL);
	expect("through it", type_of("/tmp/d/up", 0), CAPOS_DIR_TYPE_FILE);
	expect("itself", type_of("/tmp/d/up", CAPOS_DIR_NO_FOLLOW), CAPOS_DIR_TYPE_LINK);
	expect("what it holds", capos_read_link("/tmp/d/up", target, sizeof(target)), 4);
	expect("as it was", memcmp(target, "../a", 4), 0);
	expect("a file holds no link", capos_read_link("/tmp/a", target, sizeof(target)), STATUS_EINVAL);
	expect("open with no_follow", opens("/tmp/d/up", CAPOS_DIR_NO_FOLLOW, ALL), STATUS_ELOOP);
	expect("a loop", capos_symlink("loop", "/tmp/loop"), 0);
	expect("around it", opens("/tmp/loop", 0, ALL), STATUS_ELOOP);
	expect("dangling", capos_symlink("made", "/tmp/dangling"), 0);
	expect("make through it, exclusively", make_file("/tmp/dangling"), STATUS_EEXIST);
	expect("make through it", opens("/tmp/dangling", CAPOS_DIR_CREATE, ALL), 0);
	expect("what that made", type_of("/tmp/made", 0), CAPOS_DIR_TYPE_FILE);
	expect("a second name", capos_link("/tmp/a", "/tmp/d/a2"), 0);
	expect("of a directory", capos_link("/tmp/d", "/tmp/d2"), STATUS_EPERM);
	expect("that is there", capos_link("/tmp/a", "/tmp/made"), STATUS_EEXIST);
	expect("to another file system", capos_link("/tmp/a", "/app/a"), STATUS_EXDEV);
}

/* A directory within /tmp as all there is: nothing gets out of it. */
static void escaping(void)
{
	static const char *const outside[] = { "..", "../a", "/../a", "up", "out", "abs/../../a", "./.././../a" };
	struct capos_dir_stat_result inside, found;
	capos_cap_t dir;

	expect("make", capos_make_dir("/tmp/jail"), 0);
	expect("a link out", capos_symlink("../../tmp/a", "/tmp/jail/up"), 0);
	expect("another", capos_symlink("/a", "/tmp/jail/out"), 0);
	expect("an absolute one", capos_symlink("/", "/tmp/jail/abs"), 0);
	expect("open", capos_open("/tmp/jail", 0, ALL, &dir), 0);
	expect("itself", capos_dir_stat(dir, "", 0, 0, &inside, 0), 0);
	for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		int64_t result = capos_dir_stat(dir, outside[i], (uint32_t)strlen(outside[i]), 0, &found, 0);

		expect(outside[i], result == STATUS_ENOENT || (result == 0 && found.id == inside.id), true);
	}
	expect("the way to the top", capos_dir_stat(dir, "abs", 3, 0, &found, 0) == 0 && found.id == inside.id, true);
	(void)capos_close(dir);
}

static void moving(void)
{
	expect("to a new name", capos_rename("/tmp/made", "/tmp/d/m", 0), 0);
	expect("the old one", type_of("/tmp/made", 0), STATUS_ENOENT);
	expect("nothing", capos_rename("/tmp/none", "/tmp/x", 0), STATUS_ENOENT);
	expect("over another, exclusively", capos_rename("/tmp/d/m", "/tmp/a", CAPOS_DIR_EXCLUSIVE), STATUS_EEXIST);
	expect("over a directory", capos_rename("/tmp/a", "/tmp/jail", 0), STATUS_EISDIR);
	expect("a directory over a file", capos_rename("/tmp/jail", "/tmp/a", 0), STATUS_ENOTDIR);
	expect("below itself", capos_rename("/tmp/d", "/tmp/d/below", 0), STATUS_EINVAL);
	expect("over one that is not empty", capos_rename("/tmp/jail", "/tmp/d", 0), STATUS_ENOTEMPTY);
	expect("to another file system", capos_rename("/tmp/a", "/app/a", 0), STATUS_EXDEV);
	expect("the root", capos_rename("/tmp", "/tmp/x", 0), STATUS_EBUSY);
	expect("to the root", capos_rename("/tmp/a", "/tmp", 0), STATUS_EBUSY);
	expect("a directory", capos_rename("/tmp/jail", "/tmp/free", 0), 0);
	expect("over a file", capos_rename("/tmp/d/m", "/tmp/a", 0), 0);
}

static void removing(void)
{
	expect("a directory as a file", capos_remove("/tmp/d", 0), STATUS_EISDIR);
	expect("a file as a directory", capos_remove("/tmp/a", CAPOS_DIR_DIRECTORY), STATUS_ENOTDIR);
	expect("one that is not empty", capos_remove("/tmp/d", CAPOS_DIR_DIRECTORY), STATUS_ENOTEMPTY);
	expect("the root", capos_remove("/tmp", CAPOS_DIR_DIRECTORY), STATUS_EBUSY);
	expect("the way up", capos_remove("/tmp/d/..", CAPOS_DIR_DIRECTORY), STATUS_EBUSY);
	expect("of the bundle", capos_remove("/app/manifest.toml", 0), STATUS_EACCES);
	expect("nothing", capos_remove("/tmp/none", 0), STATUS_ENOENT);
	expect("a link", capos_remove("/tmp/d/up", 0), 0);
	expect("what it led to is there", type_of("/tmp/a", 0), CAPOS_DIR_TYPE_FILE);
	expect("a second name", capos_remove("/tmp/d/a2", 0), 0);
	expect("the directory", capos_remove("/tmp/d", CAPOS_DIR_DIRECTORY), 0);
	expect("the rest", capos_remove("/tmp/a", 0) | capos_remove("/tmp/loop", 0) | capos_remove("/tmp/dangling", 0), 0);
}

static void listing(void)
{
	static uint64_t buffer[64];
	struct capos_listing list;
	const struct capos_dir_entry *entry;
	unsigned files = 0;
	char path[] = "/tmp/l/f00";
	capos_cap_t dir;

	expect("make", capos_make_dir("/tmp/l"), 0);
	for (unsigned i = 0; i < 100; i++) {
		path[8] = (char)('0' + i / 10);
		path[9] = (char)('0' + i % 10);
		expect(path, make_file(path), 0);
	}
	expect("open", capos_open("/tmp/l", 0, CAPOS_DIR_RIGHT_LIST, &dir), 0);
	capos_list_begin(&list, dir, buffer, sizeof(buffer));
	while (capos_list_next(&list, &entry) > 0)
		files += entry->type == CAPOS_DIR_TYPE_FILE && entry->name_bytes == 3 && strlen(entry->name) == 3 && entry->name[0] == 'f';
	expect("how many are listed", files, 100);
	expect("no room for one", capos_dir_list(dir, 0, buffer, 16, 0), STATUS_EINVAL);
	expect("behind the end", capos_dir_list(dir, UINT64_MAX, buffer, sizeof(buffer), 0), 0);
	expect("to open without the right", capos_dir_open(dir, "f00", 3, 0, CAPOS_DIR_RIGHT_READ, 0, 0, &dir), STATUS_EACCES);
	(void)capos_close(dir);
}

void check_names(void)
{
	making();
	links();
	escaping();
	moving();
	removing();
	listing();
}
