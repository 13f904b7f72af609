// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Whose files are: of who makes them, in whose directory, and of whom they are given to. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1000, GROUP = 2000, SECOND = 2500, OTHER = 3000 };

static int owned_by(const char *path, uid_t user, gid_t group)
{
	struct stat stat;

	return lstat(path, &stat) == 0 && stat.st_uid == user && stat.st_gid == group;
}

static void files_made(void)
{
	struct stat stat;
	struct stat later;
	int ends[2];
	int fd;

	CLAIM(lstat("/tmp", &stat) == 0 && (stat.st_mode & 07777) == 01777 && owned_by("/tmp", 0, 0));
	CLAIM(mkdir("/tmp/u", 0777) == 0 && chmod("/tmp/u", 0777) == 0 && owned_by("/tmp/u", 0, 0));
	fd = open("/tmp/u/hers", O_CREAT | O_RDWR, 0600);
	CLAIM(fchown(fd, USER, OTHER) == 0 && fchmod(fd, 06600) == 0 && close(fd) == 0);
	CLAIM(setgroups(1, (gid_t[]){ SECOND }) == 0 && setgid(GROUP) == 0 && setuid(USER) == 0);
	fd = open("/tmp/u/file", O_CREAT | O_RDWR, 0640);
	CLAIM(fd >= 0 && close(fd) == 0 && mkdir("/tmp/u/folder", 0700) == 0 && symlink("file", "/tmp/u/link") == 0 && mknod("/tmp/u/pipe", S_IFIFO | 0600, 0) == 0);
	CLAIM(owned_by("/tmp/u/file", USER, GROUP) && owned_by("/tmp/u/folder", USER, GROUP) && owned_by("/tmp/u/link", USER, GROUP) && owned_by("/tmp/u/pipe", USER, GROUP));
	CLAIM(pipe(ends) == 0 && fstat(ends[1], &stat) == 0 && stat.st_uid == USER && stat.st_gid == GROUP && close(ends[0]) == 0 && close(ends[1]) == 0);
	CLAIM(lstat("/tmp/u/file", &stat) == 0 && usleep(10000) == 0 && chown("/tmp/u/file", -1, -1) == 0 && lstat("/tmp/u/file", &later) == 0);
	CLAIM(later.st_ctim.tv_sec > stat.st_ctim.tv_sec || later.st_ctim.tv_nsec > stat.st_ctim.tv_nsec); /* it was touched even so */
	CLAIM(chown("/tmp/u/file", USER, GROUP) == 0);
	REFUSED(chown("/tmp/u/file", OTHER, -1), EPERM);
	REFUSED(chown("/tmp/u/file", -1, OTHER), EPERM);
	REFUSED(chown("/tmp/u", USER, -1), EPERM);
	/* To any group of his, or to the one that it has. */
	CLAIM(chmod("/tmp/u/file", 02640) == 0 && chown("/tmp/u/file", -1, SECOND) == 0 && owned_by("/tmp/u/file", USER, SECOND));
	CLAIM(lstat("/tmp/u/file", &stat) == 0 && (stat.st_mode & 07777) == 02640);
	CLAIM(chown("/tmp/u/hers", USER, OTHER) == 0 && owned_by("/tmp/u/hers", USER, OTHER));
	CLAIM(lstat("/tmp/u/hers", &stat) == 0 && (stat.st_mode & 07777) == 0600); /* that is none of his */
	REFUSED(chown("/tmp/u/hers", -1, SECOND + 1), EPERM);
	CLAIM(chown("/tmp/u/hers", -1, SECOND) == 0 && owned_by("/tmp/u/hers", USER, SECOND));
}

static void files_given(void)
{
	struct stat stat;
	int fd = open("/tmp/given", O_CREAT | O_RDWR, 0644);

	CLAIM(owned_by("/tmp/given", 0, 0) && fchown(fd, USER, -1) == 0 && owned_by("/tmp/given", USER, 0));
	CLAIM(chown("/tmp/given", -1, GROUP) == 0 && fstat(fd, &stat) == 0 && stat.st_uid == USER && stat.st_gid == GROUP);
	CLAIM(fchmod(fd, 06755) == 0 && fchown(fd, OTHER, OTHER) == 0 && fstat(fd, &stat) == 0 && (stat.st_mode & 07777) == 0755 && stat.st_gid == OTHER);
	CLAIM(fchmod(fd, 06640) == 0 && fchown(fd, OTHER, OTHER) == 0 && fstat(fd, &stat) == 0 && (stat.st_mode & 07777) == 02640);
	CLAIM(mkdir("/tmp/links", 0755) == 0 && symlink("../given", "/tmp/links/to") == 0);
	CLAIM(lchown("/tmp/links/to", 4, 5) == 0 && owned_by("/tmp/links/to", 4, 5) && owned_by("/tmp/given", OTHER, OTHER));
	CLAIM(chown("/tmp/links/to", USER, USER) == 0 && owned_by("/tmp/given", USER, USER) && owned_by("/tmp/links/to", 4, 5));
	CLAIM(syscall(SYS_fchownat, fd, "", 8, 9, AT_EMPTY_PATH) == 0 && owned_by("/tmp/given", 8, 9));
	CLAIM(mkdir("/tmp/shared", 0777) == 0 && chown("/tmp/shared", -1, GROUP) == 0 && chmod("/tmp/shared", 02777) == 0);
	close(fd);
	fd = open("/tmp/shared/file", O_CREAT | O_RDWR, 0644);
	CLAIM(fd >= 0 && mkdir("/tmp/shared/in", 0755) == 0 && owned_by("/tmp/shared/file", 0, GROUP) && owned_by("/tmp/shared/in", 0, GROUP));
	CLAIM(lstat("/tmp/shared/in", &stat) == 0 && (stat.st_mode & 07777) == 02755);
	REFUSED(fchownat(AT_FDCWD, "/tmp/given", 0, 0, 0x4000), EINVAL);
	REFUSED(chown("/tmp/none", 0, 0), ENOENT);
	REFUSED(chown("/tmp/none/none", 0, 0), ENOENT);
	close(fd);
}

int main(void)
{
	claims_apart(files_made);
	files_given();
	return claims_end("owners");
}
