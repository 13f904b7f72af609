// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Names of sockets that are paths: whichever way leads to the file leads to the socket, and no other file does. */
#include "tests/linux/claims.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un made = { .sun_family = AF_UNIX };

	strncpy(made.sun_path, path, sizeof(made.sun_path) - 1);
	return made;
}

static int binds(int fd, const char *path)
{
	struct sockaddr_un name = address(path);

	return bind(fd, (struct sockaddr *)&name, sizeof(name));
}

static int connects(int fd, const char *path)
{
	struct sockaddr_un name = address(path);

	return connect(fd, (struct sockaddr *)&name, sizeof(name));
}

static int bound(int type, const char *path)
{
	int fd = socket(AF_UNIX, type, 0);

	CLAIM(fd >= 0 && binds(fd, path) == 0);
	return fd;
}

static ssize_t sends(int fd, const char *path)
{
	struct sockaddr_un name = address(path);

	return sendto(fd, "x", 1, 0, (struct sockaddr *)&name, sizeof(name));
}

/* Whether a datagram, or a connection, that is sent to `path` arrives at `fd`. */
static int leads(const char *path, int fd)
{
	char byte;
	int own = socket(AF_UNIX, SOCK_DGRAM, 0);
	int arrived = sends(own, path) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) == 1;

	arrived = arrived && connects(own, path) == 0 && send(own, "x", 1, 0) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) == 1;
	return close(own) == 0 && arrived;
}

static int joins(const char *path, int listener)
{
	int own = socket(AF_UNIX, SOCK_STREAM, 0);
	int made = connects(own, path) == 0 ? accept4(listener, NULL, NULL, SOCK_NONBLOCK) : -1;

	return close(own) == 0 && made >= 0 && close(made) == 0;
}

static int told(int fd, const char *path)
{
	struct sockaddr_un name;
	socklen_t bytes = sizeof(name);

	return getsockname(fd, (struct sockaddr *)&name, &bytes) == 0 && bytes == offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1 &&
	       strcmp(name.sun_path, path) == 0;
}

static void refuses(const char *path, int why)
{
	int own = socket(AF_UNIX, SOCK_DGRAM, 0);
	int stream = socket(AF_UNIX, SOCK_STREAM, 0);

	REFUSED(sends(own, path), why);
	REFUSED(connects(own, path), why);
	REFUSED(connects(stream, path), why);
	CLAIM(close(own) == 0 && close(stream) == 0);
}

/* By another spelling, by a link of either kind, and where it was moved; it is called as it was bound. */
static void ways(const char *folder)
{
	int fd, listener;

	CLAIM(chdir(folder) == 0 && mkdir("ways", 0755) == 0 && symlink("ways", "aside") == 0);
	fd = bound(SOCK_DGRAM, "./ways/../ways/one");
	listener = bound(SOCK_STREAM, "aside/two");
	CLAIM(listen(listener, 3) == 0 && told(fd, "./ways/../ways/one") && told(listener, "aside/two"));
	CLAIM(leads("ways/one", fd) && leads("aside//one", fd) && joins("ways/two", listener) && joins("aside/two", listener));
	CLAIM(symlink("one", "ways/to") == 0 && leads("ways/to", fd) && unlink("ways/to") == 0);
	CLAIM(rename("ways/one", "moved") == 0 && leads("moved", fd) && told(fd, "./ways/../ways/one"));
	CLAIM(rename("ways/two", "ways/three") == 0 && joins("aside/three", listener) && rename("ways", "roads") == 0 && joins("roads/three", listener));
	refuses("ways/one", ENOENT);
	refuses("ways/three", ENOENT);
	if (link("moved", "again") == 0)
		CLAIM(leads("again", fd) && unlink("moved") == 0 && leads("again", fd) && rename("again", "moved") == 0);
	CLAIM(unlink("moved") == 0 && unlink("aside") == 0 && close(fd) == 0);
	refuses("moved", ENOENT);
	CLAIM(close(listener) == 0);
	refuses("roads/three", ECONNREFUSED);
	CLAIM(unlink("roads/three") == 0 && rmdir("roads") == 0);
}

/* A file that is there instead is another's, whatever it is called; and so is what is moved to its place. */
static void others(const char *folder)
{
	int fd, second, file;

	CLAIM(chdir(folder) == 0);
	fd = bound(SOCK_DGRAM, "same");
	CLAIM(unlink("same") == 0 && (file = open("same", O_CREAT | O_EXCL | O_WRONLY, 0777)) >= 0 && close(file) == 0);
	refuses("same", ECONNREFUSED);
	CLAIM(unlink("same") == 0);
	second = bound(SOCK_DGRAM, "same");
	CLAIM(leads("same", second) && rename("same", "its") == 0);
	refuses("same", ENOENT);
	CLAIM(leads("its", second) && close(second) == 0);
	refuses("its", ECONNREFUSED);
	second = bound(SOCK_DGRAM, "third");
	CLAIM(rename("third", "its") == 0 && leads("its", second) && told(fd, "same") && unlink("its") == 0);
	CLAIM(close(second) == 0 && close(fd) == 0);
	/* What is no socket is none, and not a second one is made of it. */
	CLAIM(mkdir("folder", 0755) == 0 && (fd = socket(AF_UNIX, SOCK_DGRAM, 0)) >= 0);
	refuses("folder", ECONNREFUSED);
	REFUSED(binds(fd, "folder"), EADDRINUSE);
	CLAIM(symlink("nothing", "link") == 0);
	REFUSED(binds(fd, "link"), EADDRINUSE);
	refuses("link", ENOENT);
	CLAIM(unlink("link") == 0 && rmdir("folder") == 0 && close(fd) == 0);
}

static int names(const char *folder)
{
	int count = 0;
	DIR *open = opendir(folder);

	while (readdir(open) != NULL)
		count++;
	return closedir(open) == 0 ? count : -1;
}

/* Who has a name gets no second one: first it is told what is wrong with the path, and what was made for it is there no more. */
static void second_names(const char *folder)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };

	CLAIM(chdir(folder) == 0);
	for (int i = 0; i < 2; i++) {
		int fd = bound(types[i], "first");
		int before = names(folder);

		REFUSED(binds(fd, "first"), EADDRINUSE);
		REFUSED(binds(fd, "missing/second"), ENOENT);
		REFUSED(binds(fd, "first/second"), ENOTDIR);
		REFUSED(binds(fd, "second"), EINVAL);
		CLAIM(names(folder) == before && told(fd, "first") && close(fd) == 0 && unlink("first") == 0);
		fd = socket(AF_UNIX, types[i], 0);
		CLAIM(bind(fd, (const struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, sizeof(sa_family_t)) == 0);
		REFUSED(binds(fd, "second"), EINVAL);
		CLAIM(names(folder) == before - 1 && close(fd) == 0);
	}
}

/* What is a socket of another kind, and what is none. */
static void strangers(void)
{
	int fd = bound(SOCK_SEQPACKET, "/tmp/records");

	CLAIM(listen(fd, 3) == 0);
	refuses("/tmp/records", EPROTOTYPE);
	CLAIM(close(fd) == 0 && unlink("/tmp/records") == 0);
	refuses("/dev/null", ECONNREFUSED);
	refuses("/", ECONNREFUSED);
}

int main(void)
{
	ways("/tmp");
	others("/tmp");
	second_names("/tmp");
	strangers();
	return claims_end("addresses");
}
