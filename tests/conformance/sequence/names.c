// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Names: making, removing, renaming, links, permissions, folders. */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/conformance/sequence/call.h"

enum { NAMES_MAX = 64, NAME_BYTES = 40, REMOVED_DEEP = 6 };

/* Linux's own, which C libraries hide. Spec: getdents64(2) */
struct entry {
	uint64_t number;
	int64_t offset;
	uint16_t bytes;
	uint8_t kind;
	char name[];
};

static_assert(offsetof(struct entry, name) == 19, "as the kernel writes it");

static long do_mkdir(const long *arg, struct line *line)
{
	(void)line;
	return SYS(mkdirat, AT_FDCWD, name_of(arg[0]), arg[1]);
}

static long do_mknod(const long *arg, struct line *line)
{
	(void)line;
	return SYS(mknodat, AT_FDCWD, name_of(arg[0]), arg[1], 0);
}

static long do_unlink(const long *arg, struct line *line)
{
	(void)line;
	return SYS(unlinkat, AT_FDCWD, name_of(arg[0]), arg[1]);
}

static long do_unlinkat(const long *arg, struct line *line)
{
	(void)line;
	return SYS(unlinkat, fd_of(arg[0]), name_of(arg[1]), arg[2]);
}

static long do_rename(const long *arg, struct line *line)
{
	(void)line;
	return SYS(renameat2, AT_FDCWD, name_of(arg[0]), AT_FDCWD, name_of(arg[1]), arg[2]);
}

static long do_link(const long *arg, struct line *line)
{
	(void)line;
	return SYS(linkat, AT_FDCWD, name_of(arg[0]), AT_FDCWD, name_of(arg[1]), arg[2]);
}

static long do_symlink(const long *arg, struct line *line)
{
	(void)line;
	return SYS(symlinkat, name_of(arg[0]), AT_FDCWD, name_of(arg[1]));
}

static long do_readlink(const long *arg, struct line *line)
{
	long result = SYS(readlinkat, AT_FDCWD, name_of(arg[0]), buffer, at_most(arg[1], BUFFER_BYTES));

	if (result > 0)
		say(line, " %.*s", (int)(result < NAME_BYTES ? result : NAME_BYTES), (const char *)buffer);
	return result;
}

static long do_access(const long *arg, struct line *line)
{
	(void)line;
	return SYS(faccessat, AT_FDCWD, name_of(arg[0]), arg[1]);
}

static long do_chmod(const long *arg, struct line *line)
{
	(void)line;
	return SYS(fchmodat, AT_FDCWD, name_of(arg[0]), arg[1]);
}

static long do_fchmod(const long *arg, struct line *line)
{
	(void)line;
	return SYS(fchmod, fd_of(arg[0]), arg[1]);
}

static long do_truncate(const long *arg, struct line *line)
{
	(void)line;
	return SYS(truncate, name_of(arg[0]), arg[1]);
}

/* Sets both times, and reads them back. */
static long do_utimens(const long *arg, struct line *line)
{
	struct timespec times[2] = {{arg[2], arg[3]}, {arg[4], 5}};
	struct stat st;
	long result = SYS(utimensat, AT_FDCWD, name_of(arg[0]), times, arg[1]);

	if (result == 0 && SYS(newfstatat, AT_FDCWD, name_of(arg[0]), &st, arg[1]) == 0)
		say(line, " %ld %ld", arg[3] < 1000000000 ? (long)st.st_atim.tv_sec : -1, (long)st.st_mtim.tv_sec); /* else now, or as it was */
	return result;
}

static long do_chdir(const long *arg, struct line *line)
{
	(void)line;
	return arg[1] ? SYS(fchdir, fd_of(arg[0])) : SYS(chdir, name_of(arg[0]));
}

static long do_getcwd(const long *arg, struct line *line)
{
	long result = SYS(getcwd, buffer, at_most(arg[0], BUFFER_BYTES));

	if (result > 0)
		say(line, " %s", (const char *)buffer);
	return result;
}

static void sort(char names[][NAME_BYTES], size_t count)
{
	char saved[NAME_BYTES];

	for (size_t i = 1; i < count; i++)
		for (size_t j = i; j > 0 && strcmp(names[j - 1], names[j]) > 0; j--) {
			memcpy(saved, names[j], NAME_BYTES);
			memcpy(names[j], names[j - 1], NAME_BYTES);
			memcpy(names[j - 1], saved, NAME_BYTES);
		}
}

/* All of a folder from where it stands, in order of names: the file system has one of its own. How many bytes that takes is its, too. */
static long do_getdents(const long *arg, struct line *line)
{
	static char names[NAMES_MAX][NAME_BYTES];
	size_t count = 0;
	long got;

	while ((got = SYS(getdents64, fd_of(arg[0]), buffer, at_most(arg[1], BUFFER_BYTES))) > 0)
		for (long at = 0; at < got;) {
			const struct entry *entry = (const struct entry *)(buffer + at);
			if (count < NAMES_MAX)
				format_print(names[count++], NAME_BYTES, "%s:%u", entry->name, entry->kind);
			at += entry->bytes;
		}
	sort(names, count);
	for (size_t i = 0; i < count; i++)
		say(line, " %s", names[i]);
	return got;
}

/* Removes what is in a folder. */
static void empty(const char *path, int deep)
{
	static uint8_t space[REMOVED_DEEP][2048];
	char name[256];
	long fd = SYS(openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY), got;

	while (fd >= 0 && (got = SYS(getdents64, fd, space[deep], sizeof(space[deep]))) > 0)
		for (long at = 0; at < got;) {
			const struct entry *entry = (const struct entry *)(space[deep] + at);
			at += entry->bytes;
			if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
				continue;
			format_print(name, sizeof(name), "%s/%s", path, entry->name);
			SYS(fchmodat, AT_FDCWD, name, 0777);
			if (SYS(unlinkat, AT_FDCWD, name, 0) < 0 && deep + 1 < REMOVED_DEEP) {
				empty(name, deep + 1);
				SYS(unlinkat, AT_FDCWD, name, AT_REMOVEDIR);
			}
		}
	SYS(close, fd);
}

/* Before, that it can be emptied; and behind, for a link there may lead to it. */
void files_reset(void)
{
	for (int i = 0; i < 2; i++) {
		SYS(fchownat, AT_FDCWD, "/tmp", 0, 0, 0);
		SYS(fchmodat, AT_FDCWD, "/tmp", 01777);
		if (i == 0)
			empty("/tmp", 0);
	}
}

const struct operation names_operations[] = {
	{"mkdir", do_mkdir}, {"mknod", do_mknod}, {"unlink", do_unlink}, {"unlinkat", do_unlinkat}, {"rename", do_rename}, {"link", do_link},
	{"symlink", do_symlink}, {"readlink", do_readlink}, {"access", do_access}, {"chmod", do_chmod}, {"fchmod", do_fchmod},
	{"truncate", do_truncate}, {"utimens", do_utimens}, {"chdir", do_chdir}, {"getcwd", do_getcwd}, {"getdents", do_getdents}, {NULL, NULL},
};
