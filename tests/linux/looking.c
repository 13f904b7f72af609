// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A program that may look at /tmp and write to the console changes nothing and is typed nothing, by whichever call. Unlike the others this is not so on Linux. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

static void nothing_is_made(void)
{
	static const struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/tmp/made" };

	REFUSED(open("/tmp/made", O_CREAT | O_WRONLY, 0600), EACCES);
	REFUSED(open("/tmp/made", O_CREAT | O_RDONLY, 0600), EACCES);
	REFUSED(mkdir("/tmp/made", 0700), EACCES);
	REFUSED(mknod("/tmp/made", S_IFREG | 0600, 0), EACCES);
	REFUSED(mkfifo("/tmp/made", 0600), EACCES);
	REFUSED(symlink("/program", "/tmp/made"), EACCES);
	REFUSED(bind(socket(AF_UNIX, SOCK_DGRAM, 0), (const struct sockaddr *)&name, sizeof(name)), EACCES);
	REFUSED(access("/tmp/made", F_OK), ENOENT);
}

static void nothing_is_changed(void)
{
	struct statfs system;

	CLAIM(close(open("/tmp", O_RDONLY | O_DIRECTORY)) == 0 && access("/tmp", R_OK) == 0);
	CLAIM(statfs("/tmp", &system) == 0 && (system.f_flags & (ST_RDONLY | ST_NOEXEC)) == (ST_RDONLY | ST_NOEXEC));
	REFUSED(access("/tmp", W_OK), EACCES);
	REFUSED(chmod("/tmp", 0700), EACCES);
	REFUSED(utimensat(AT_FDCWD, "/tmp", NULL, 0), EACCES);
	REFUSED(chmod("/program", 0700), EROFS);
	REFUSED(truncate("/program", 0), EROFS);
	REFUSED(unlink("/program"), EROFS);
	REFUSED(rename("/program", "/made"), EROFS);
	REFUSED(link("/program", "/made"), EROFS);
}

/* What is typed is not for it: it finds the end at once. */
static void nothing_is_typed(void)
{
	struct pollfd asked = { .fd = 0, .events = POLLIN | POLLRDNORM };
	char byte;

	CLAIM(isatty(0) && poll(&asked, 1, 0) == 1 && asked.revents == (POLLIN | POLLRDNORM) && read(0, &byte, 1) == 0);
}

int main(void)
{
	nothing_is_made();
	nothing_is_changed();
	nothing_is_typed();
	return claims_end("looking");
}
