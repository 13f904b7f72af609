// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A program that was given nothing has nothing: what it writes goes nowhere, so that its status alone tells. Unlike the others this is not so on Linux. */
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/linux/claims.h"

/* Its standard descriptors are /dev/null. */
static void console(void)
{
	struct stat is;
	char byte;

	for (int fd = 0; fd < 3; fd++)
		CLAIM(fstat(fd, &is) == 0 && S_ISCHR(is.st_mode) && is.st_rdev == 0x103 && !isatty(fd) && write(fd, "x", 1) == 1 && read(fd, &byte, 1) == 0);
	CLAIM(dup(0) == 3 && close(3) == 0);
	CLAIM(open("/dev/tty", O_RDWR) == -1 && open("/dev/console", O_RDONLY) == -1);
}

static void files(void)
{
	char text[16];
	int fd = open("/etc/resolv.conf", O_RDONLY);

	CLAIM(fd == -1 || (read(fd, text, sizeof(text)) == 0 && close(fd) == 0)); /* who has no network asks nobody for names */
	REFUSED(open("/program", O_RDONLY), ENOENT);
	REFUSED(open("/tmp", O_RDONLY), ENOENT);
	REFUSED(open("/host", O_RDONLY), ENOENT);
	CLAIM(open("/made", O_WRONLY | O_CREAT, 0600) == -1 && mkdir("/made", 0700) == -1);
}

/* There are no interfaces, whichever way they are asked for. */
static void interfaces(void)
{
	struct ifreq asked = { .ifr_name = "lo" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), there;
	char text[1024];

	REFUSED(socket(AF_NETLINK, SOCK_RAW, 0), EACCES);
	REFUSED(socket(AF_NETLINK, SOCK_RAW, 9), EPROTONOSUPPORT);
	REFUSED(ioctl(fd, SIOCGIFINDEX, &asked), ENOTTY);
	CLAIM(close(fd) == 0);
	fd = open("/proc/net/dev", O_RDONLY);
	there = (int)read(fd, text, sizeof(text) - 1);
	CLAIM(there > 0 && memchr(text, '|', (size_t)there) != NULL && memchr(text, ':', (size_t)there) == NULL && close(fd) == 0);
	fd = open("/proc/net/if_inet6", O_RDONLY);
	CLAIM(fd >= 0 && read(fd, text, sizeof(text)) == 0 && close(fd) == 0);
}

int main(void)
{
	console();
	files();
	interfaces();
	REFUSED(socket(AF_INET, SOCK_STREAM, 0), EACCES);
	REFUSED(socket(AF_INET6, SOCK_DGRAM, 0), EACCES);
	return claims_end("mute");
}
