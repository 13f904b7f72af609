// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Two files get each other's names. Spec: rename(2), RENAME_EXCHANGE */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EXCHANGE = 2 };

static long exchange(const char *one, const char *other)
{
	return syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, EXCHANGE);
}

static void made(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	CLAIM(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static int holds(const char *path, const char *text)
{
	char got[16] = "";
	int fd = open(path, O_RDONLY);
	ssize_t count = read(fd, got, sizeof(got) - 1);

	return fd >= 0 && close(fd) == 0 && count == (ssize_t)strlen(text) && strcmp(got, text) == 0;
}

static void files_and_directories(void)
{
	struct stat before, after;
	int fd = -1;

	made("one", "1");
	made("d/other", "22");
	CLAIM(stat("one", &before) == 0 && (fd = open("one", O_RDONLY)) >= 0 && exchange("one", "d/other") == 0 && holds("one", "22") && holds("d/other", "1"));
	CLAIM(stat("d/other", &after) == 0 && after.st_ino == before.st_ino && fstat(fd, &after) == 0 && after.st_ino == before.st_ino && after.st_nlink == 1 && close(fd) == 0);
	CLAIM(exchange("one", "one") == 0 && holds("one", "22"));
	/* A directory for a file, a full one, and a link itself. */
	CLAIM(mkdir("e", 0700) == 0 && exchange("one", "e") == 0 && holds("e", "22") && stat("one", &after) == 0 && S_ISDIR(after.st_mode));
	CLAIM(exchange("one/", "d/") == 0 && holds("one/other", "1") && stat("d/..", &after) == 0 && rmdir("d") == 0);
	CLAIM(symlink("nowhere", "l") == 0 && exchange("l", "e") == 0 && holds("l", "22") && lstat("e", &after) == 0 && S_ISLNK(after.st_mode));
	CLAIM(link("l", "same") == 0 && exchange("l", "same") == 0 && holds("l", "22") && stat("same", &after) == 0 && after.st_nlink == 2);
	/* Where a directory is now, its parent is. */
	CLAIM(mkdir("one/in", 0700) == 0 && mkdir("x", 0700) == 0 && mkdir("x/y", 0700) == 0 && exchange("one/in", "x/y") == 0);
	CLAIM(stat("x", &before) == 0 && chdir("x/y") == 0 && chdir("..") == 0 && stat(".", &after) == 0 && after.st_ino == before.st_ino && chdir("..") == 0);
	CLAIM(rmdir("x/y") == 0 && rmdir("x") == 0 && rmdir("one/in") == 0 && unlink("one/other") == 0 && rmdir("one") == 0);
	CLAIM(unlink("l") == 0 && unlink("same") == 0 && unlink("e") == 0 && mkdir("d", 0700) == 0);
}

static void refused(void)
{
	made("one", "1");
	made("two", "2");
	REFUSED(exchange("one", "none"), ENOENT);
	REFUSED(exchange("none", "one"), ENOENT);
	REFUSED(exchange("one", "none/"), ENOENT);
	REFUSED(exchange("one", "two/"), ENOTDIR);
	REFUSED(exchange("one/", "two"), ENOTDIR);
	REFUSED(exchange("d", "two/"), ENOTDIR);
	CLAIM(mkdir("d/in", 0700) == 0);
	REFUSED(exchange("d", "d/in"), EINVAL);
	REFUSED(exchange("d/in", "d"), EINVAL);
	REFUSED(exchange("d/.", "one"), EBUSY);
	REFUSED(exchange("one", "d/.."), EBUSY);
	REFUSED(exchange("one", "/proc/self/stat"), EXDEV);
	REFUSED(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", EXCHANGE | 1), EINVAL);
	CLAIM(holds("one", "1") && holds("two", "2") && rmdir("d/in") == 0);
}

/* Who watches is told of two moves, one after the other. */
static void told(void)
{
	static const uint32_t due[] = { IN_MOVED_FROM, IN_MOVED_TO, IN_MOVE_SELF, IN_MOVED_FROM, IN_MOVED_TO };
	_Alignas(struct inotify_event) char buffer[1024];
	int fd = inotify_init1(IN_NONBLOCK);
	uint32_t cookies[5] = { 0 };
	unsigned count = 0;
	ssize_t bytes;

	CLAIM(inotify_add_watch(fd, ".", IN_MOVE | IN_ATTRIB | IN_DELETE) > 0 && inotify_add_watch(fd, "one", IN_ALL_EVENTS) > 0 && exchange("one", "two") == 0);
	bytes = read(fd, buffer, sizeof(buffer));
	for (ssize_t at = 0; at < bytes; count++) {
		const struct inotify_event *event = (const void *)(buffer + at);

		CLAIM(count < 5 && event->mask == due[count]);
		if (count < 5)
			cookies[count] = event->cookie;
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	CLAIM(count == 5 && cookies[0] != 0 && cookies[0] == cookies[1] && cookies[2] == 0 && cookies[3] == cookies[4] && cookies[3] != cookies[0] && close(fd) == 0);
	CLAIM(holds("one", "2") && holds("two", "1") && unlink("one") == 0 && unlink("two") == 0);
}

int main(void)
{
	CLAIM(mkdir("/tmp/exchange", 0700) == 0 && chdir("/tmp/exchange") == 0 && mkdir("d", 0700) == 0);
	files_and_directories();
	refused();
	told();
	CLAIM(rmdir("d") == 0 && chdir("/") == 0 && rmdir("/tmp/exchange") == 0);
	return claims_end("exchanges");
}
