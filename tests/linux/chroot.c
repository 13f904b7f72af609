// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* chroot: where paths begin, and what is left of what lay outside. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CLAIM(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static int holds(const char *path, const char *text)
{
	char got[16] = "";
	int fd = open(path, O_RDONLY);

	return fd >= 0 && read(fd, got, sizeof(got) - 1) >= 0 && close(fd) == 0 && strcmp(got, text) == 0;
}

static int is_in(const char *directory)
{
	char got[64] = "";

	return syscall(SYS_getcwd, got, sizeof(got)) == (long)strlen(directory) + 1 && strcmp(got, directory) == 0;
}

static void begin(void)
{
	CLAIM(mkdir("/tmp/out", 0700) == 0 && mkdir("/tmp/out/jail", 0700) == 0 && mkdir("/tmp/out/jail/in", 0700) == 0);
	file("/tmp/out/where", "outside");
	file("/tmp/out/jail/where", "top");
	file("/tmp/out/jail/in/where", "within");
	CLAIM(symlink("/where", "/tmp/out/jail/in/whole") == 0 && symlink("../../../where", "/tmp/out/jail/in/up") == 0);
}

static void refused(void)
{
	REFUSED(chroot("/tmp/nothing"), ENOENT);
	REFUSED(chroot("/tmp/out/where"), ENOTDIR);
	REFUSED(chroot((const char *)16), EFAULT);
}

/* It had been elsewhere before: what it has open, and where it is, stays; relative paths lead where they led. */
static void entered(int outside)
{
	CLAIM(chdir("/tmp/out") == 0 && chroot("jail") == 0);
	CLAIM(holds("/where", "top") && holds("/in/where", "within") && holds("where", "outside") && is_in("(unreachable)/tmp/out"));
	CLAIM(chdir("/in") == 0 && is_in("/in") && holds("whole", "top") && holds("up", "top") && holds("../where", "top"));
	CLAIM(holds("../../../../where", "top") && chdir("../../..") == 0 && is_in("/") && holds("where", "top"));
	REFUSED(open("/tmp", O_RDONLY), ENOENT);
	REFUSED(open("/proc/self/exe", O_RDONLY), ENOENT);
	file("/made", "made");
	CLAIM(mkdir("/again", 0700) == 0 && rename("/made", "/again/made") == 0 && holds("again/made", "made"));
	CLAIM(fchdir(outside) == 0 && holds("where", "outside") && holds("jail/where", "top"));
}

/* Names of sockets are paths, too. */
static void sockets_have_names_there(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/in/socket" };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CLAIM(bind(listener, (struct sockaddr *)&name, sizeof(name)) == 0 && listen(listener, 1) == 0);
	CLAIM(connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0 && close(fd) == 0 && close(listener) == 0);
}

/* A child begins where its parent was, and its own way is its own. */
static void children_inherit_it(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		CLAIM(holds("/where", "top") && chroot("/in") == 0 && chdir("/") == 0 && holds("/where", "within") && is_in("/"));
		_exit(claims_end("child"));
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0 && holds("/where", "top"));
}

int main(void)
{
	int outside;

	begin();
	refused();
	outside = open("/tmp/out", O_RDONLY | O_DIRECTORY);
	entered(outside);
	sockets_have_names_there();
	children_inherit_it();
	return claims_end("chroot");
}
