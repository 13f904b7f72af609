// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Names that files get, lose and exchange for others: which of several errors is told, what a '/' at the end means, and what cannot be moved. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOREPLACE = 1, TOO_LONG = 256 };

static char too_long[TOO_LONG + 1];

static void make(const char *path)
{
	CLAIM(close(open(path, O_CREAT | O_EXCL | O_WRONLY, 0600)) == 0);
}

static int is_a(const char *path, mode_t type)
{
	struct stat is;

	return lstat(path, &is) == 0 && (is.st_mode & S_IFMT) == type;
}

static int mode_of(const char *path)
{
	struct stat is;

	return lstat(path, &is) == 0 ? (int)(is.st_mode & 07777) : -1;
}

static int rename_new(const char *from, const char *to)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, NOREPLACE);
}

/* Of both that is told before it is looked whether there is anything of that name. */
static void dots_are_not_renamed(void)
{
	REFUSED(rename(".", "x"), EBUSY);
	REFUSED(rename("d/.", "x"), EBUSY);
	REFUSED(rename("d/..", "x"), EBUSY);
	REFUSED(rename("f", "."), EBUSY);
	REFUSED(rename("f", "d/.."), EBUSY);
	REFUSED(rename("none", "d/."), EBUSY);
	REFUSED(rename_new("f", "."), EEXIST);
	REFUSED(rename_new("d/.", "."), EBUSY);
	REFUSED(rename("none", "x"), ENOENT);
	CLAIM(is_a("d", S_IFDIR) && is_a("f", S_IFREG));
}

static void a_slash_means_a_directory(void)
{
	REFUSED(rename("f/", "x"), ENOTDIR);
	REFUSED(rename("f", "x/"), ENOTDIR);
	REFUSED(rename("f", "d/"), ENOTDIR);
	CLAIM(rename("d/", "x/") == 0 && is_a("x", S_IFDIR) && rename("x", "d/") == 0 && is_a("d", S_IFDIR));
	REFUSED(link("f", "x/"), ENOENT);
	REFUSED(link("f", "d/"), EEXIST);
	REFUSED(link("f/", "x"), ENOTDIR);
	REFUSED(symlink("f", "x/"), ENOENT);
	REFUSED(mknod("x/", S_IFREG | 0600, 0), ENOENT);
	REFUSED(mkfifo("x/", 0600), ENOENT);
	REFUSED(unlink("f/"), ENOTDIR);
	REFUSED(unlink("d/"), EISDIR);
	REFUSED(rmdir("f/"), ENOTDIR);
	CLAIM(mkdir("x/", 0700) == 0 && is_a("x", S_IFDIR) && rmdir("x/") == 0 && !is_a("x", S_IFDIR));
}

/* Nor does a slash follow a link that is to be made, moved or removed. */
static void a_slash_behind_a_link(void)
{
	CLAIM(symlink("d", "to-d") == 0 && symlink("none", "to-none") == 0 && symlink("loop", "loop") == 0);
	REFUSED(mkdir("to-none/", 0700), EEXIST);
	REFUSED(mkdir("loop/", 0700), EEXIST);
	REFUSED(symlink("f", "to-none/"), EEXIST);
	REFUSED(link("f", "to-none/"), EEXIST);
	REFUSED(rmdir("to-d/"), ENOTDIR);
	REFUSED(unlink("to-d/"), ENOTDIR);
	REFUSED(unlink("to-none/"), ENOTDIR);
	REFUSED(rename("to-d/", "x"), ENOTDIR);
	REFUSED(rename("d", "to-d/"), ENOTDIR);
	REFUSED(rename("d", "to-none/"), ENOTDIR);
	REFUSED(link("to-d/", "x"), EPERM); /* what is linked to is looked up as ever */
	CLAIM(is_a("d", S_IFDIR) && !is_a("none", S_IFDIR) && unlink("to-d") == 0 && unlink("to-none") == 0 && unlink("loop") == 0);
}

static void what_is_there_is_not_made_again(void)
{
	REFUSED(mkdir(".", 0700), EEXIST);
	REFUSED(mkdir("d/..", 0700), EEXIST);
	REFUSED(mkdir("/", 0700), EEXIST);
	REFUSED(mkdir("f/x", 0700), ENOTDIR);
	REFUSED(symlink("f", "."), EEXIST);
	REFUSED(symlink("f", "d"), EEXIST);
	REFUSED(mknod("f", S_IFREG | 0600, 0), EEXIST);
	REFUSED(mknod("d/.", S_IFREG | 0600, 0), EEXIST);
	REFUSED(mkfifo("f", 0600), EEXIST);
	REFUSED(link(".", "x"), EPERM);
	REFUSED(link("d", "x"), EPERM);
	REFUSED(link("d", "f"), EEXIST);
	REFUSED(link("f", "."), EEXIST);
	REFUSED(rename_new("f", "d"), EEXIST);
	REFUSED(rename_new("f", "f"), EEXIST);
	CLAIM(rename_new("f", "x") == 0 && !is_a("f", S_IFREG) && rename_new("x", "f") == 0 && is_a("f", S_IFREG));
}

static void no_name_is_too_long(void)
{
	REFUSED(rename(too_long, "x"), ENAMETOOLONG);
	REFUSED(rename("f", too_long), ENAMETOOLONG);
	REFUSED(rename("none", too_long), ENOENT);
	REFUSED(rename(too_long, "."), EBUSY);
	REFUSED(mkdir(too_long, 0700), ENAMETOOLONG);
	REFUSED(mknod(too_long, S_IFREG | 0600, 0), ENAMETOOLONG);
	REFUSED(symlink("f", too_long), ENAMETOOLONG);
	REFUSED(link("f", too_long), ENAMETOOLONG);
	REFUSED(unlink(too_long), ENAMETOOLONG);
	REFUSED(rmdir(too_long), ENAMETOOLONG);
	too_long[TOO_LONG - 1] = 0;
	CLAIM(rename("f", too_long) == 0 && is_a(too_long, S_IFREG) && rename(too_long, "f") == 0);
	too_long[TOO_LONG - 1] = 'n';
}

static void what_cannot_be_removed_stays(void)
{
	REFUSED(unlink("."), EISDIR);
	REFUSED(unlink("/"), EISDIR);
	REFUSED(rmdir("."), EINVAL);
	REFUSED(rmdir("d/."), EINVAL);
	REFUSED(rmdir("d/.."), ENOTEMPTY);
	REFUSED(rmdir("/"), EBUSY);
	REFUSED(rmdir("/tmp"), EBUSY); /* something is mounted there */
	REFUSED(rename("/tmp", "/x"), EBUSY);
	REFUSED(rename("/tmp", "x"), EXDEV);
	REFUSED(rename("d", "/proc"), EXDEV);
	REFUSED(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR | 1), EINVAL);
	REFUSED(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR);
}

static void what_was_there_is_replaced(void)
{
	make("x");
	CLAIM(mkdir("e", 0711) == 0 && mkdir("d/full", 0700) == 0 && chmod("f", 0640) == 0);
	CLAIM(rename("f", "x") == 0 && !is_a("f", S_IFREG) && mode_of("x") == 0640 && rename("x", "f") == 0);
	REFUSED(rename("e", "d"), ENOTEMPTY);
	CLAIM(rename("d", "e") == 0 && is_a("e/full", S_IFDIR) && !is_a("d", S_IFDIR) && rename("e", "d") == 0 && rmdir("d/full") == 0);
	CLAIM(rename("f", "d/f") == 0 && rename("d/f", "f") == 0);
}

/* A second name is the link's, or where that is asked for what the link leads to. */
static void links_are_linked_or_followed(void)
{
	struct stat file, is;

	CLAIM(symlink("f", "l") == 0 && linkat(AT_FDCWD, "l", AT_FDCWD, "x", 0) == 0 && is_a("x", S_IFLNK) && unlink("x") == 0);
	CLAIM(linkat(AT_FDCWD, "l", AT_FDCWD, "x", AT_SYMLINK_FOLLOW) == 0 && lstat("x", &is) == 0 && stat("f", &file) == 0);
	CLAIM(is.st_ino == file.st_ino && is.st_nlink == 2 && unlink("x") == 0 && rename("l", "x") == 0 && is_a("x", S_IFLNK) && is_a("f", S_IFREG));
	CLAIM(unlink("x") == 0 && symlink("none", "l") == 0 && linkat(AT_FDCWD, "l", AT_FDCWD, "x", 0) == 0 && unlink("x") == 0);
	REFUSED(linkat(AT_FDCWD, "l", AT_FDCWD, "x", AT_SYMLINK_FOLLOW), ENOENT);
	CLAIM(unlink("l") == 0 && mkdir("x", 0700) == 0);
	REFUSED(link("x", "y/"), ENOENT); /* before that it is a directory */
	REFUSED(link("x", "x/"), EEXIST);
	REFUSED(link("x", "y"), EPERM);
	CLAIM(rmdir("x") == 0);
}

/* Of what is asked for the umask takes away, but of links, which have all. */
static void modes_are_masked(void)
{
	char text[8] = "";
	mode_t before = umask(027);

	CLAIM(mkdir("x", 01777) == 0 && mode_of("x") == 01750 && rmdir("x") == 0 && mknod("x", S_IFREG | 04777, 0) == 0 && mode_of("x") == 04750 && unlink("x") == 0);
	CLAIM(mkdir("x", 07777) == 0 && mode_of("x") == 01750 && chmod("x", 02700) == 0 && mkdir("x/y", 0777) == 0 && mode_of("x/y") == 02750);
	CLAIM(mknod("x/z", S_IFREG | 0600, 0) == 0 && mode_of("x/z") == 0600 && unlink("x/z") == 0 && rmdir("x/y") == 0 && rmdir("x") == 0);
	CLAIM(mkfifo("x", 0666) == 0 && is_a("x", S_IFIFO) && mode_of("x") == 0640 && unlink("x") == 0 && mknod("x", S_IFSOCK | 0666, 0) == 0);
	CLAIM(is_a("x", S_IFSOCK) && mode_of("x") == 0640 && unlink("x") == 0 && mknod("x", 0600, 0) == 0 && is_a("x", S_IFREG) && unlink("x") == 0);
	CLAIM(symlink("where", "x") == 0 && is_a("x", S_IFLNK) && mode_of("x") == 0777 && umask(before) == 027);
	CLAIM(readlink("x", text, 2) == 2 && strcmp(text, "wh") == 0 && readlink("x", text, sizeof(text)) == 5 && strcmp(text, "where") == 0);
	REFUSED(syscall(SYS_readlinkat, AT_FDCWD, "x", text, 0), EINVAL);
	REFUSED(readlink("f", text, sizeof(text)), EINVAL);
	REFUSED(readlink("none", text, sizeof(text)), ENOENT);
	CLAIM(unlink("x") == 0);
}

int main(void)
{
	memset(too_long, 'n', TOO_LONG);
	CLAIM(mkdir("/tmp/renames", 0755) == 0 && chdir("/tmp/renames") == 0 && mkdir("d", 0755) == 0);
	make("f");
	dots_are_not_renamed();
	a_slash_means_a_directory();
	a_slash_behind_a_link();
	what_is_there_is_not_made_again();
	no_name_is_too_long();
	what_cannot_be_removed_stays();
	what_was_there_is_replaced();
	links_are_linked_or_followed();
	modes_are_masked();
	CLAIM(unlink("f") == 0 && rmdir("d") == 0 && chdir("/") == 0 && rmdir("/tmp/renames") == 0);
	return claims_end("renames");
}
