// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is asked of terminals beside what they do: whose alone they are, their line discipline, and what stat tells of both sides. Spec: ioctl_tty(2) */
#include "tests/linux/terminals.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define BAD ((int *)8)
enum { NONE = 99 /* line discipline */ };

static int told(int fd, unsigned long request)
{
	int value = -1;

	CLAIM(ioctl(fd, request, &value) == 0);
	return value;
}

/* Each side is by itself, for all who have it open; user 0 may open it all the same. */
static void exclusive(void)
{
	int other;

	CLAIM(told(slave, TIOCGEXCL) == 0 && told(master, TIOCGEXCL) == 0);
	CLAIM(ioctl(slave, TIOCEXCL) == 0 && told(slave, TIOCGEXCL) == 1 && told(master, TIOCGEXCL) == 0);
	CLAIM((other = open(ptsname(master), O_RDWR | O_NOCTTY)) >= 0 && told(other, TIOCGEXCL) == 1 && ioctl(other, TIOCNXCL) == 0);
	CLAIM(close(other) == 0 && told(slave, TIOCGEXCL) == 0);
	CLAIM(ioctl(master, TIOCEXCL) == 0 && told(slave, TIOCGEXCL) == 0 && told(master, TIOCGEXCL) == 1);
	REFUSED(ioctl(slave, TIOCGEXCL, BAD), EFAULT);
}

static void discipline(void)
{
	int number = 0;

	CLAIM(told(slave, TIOCGETD) == 0 && told(master, TIOCGETD) == 0 && ioctl(slave, TIOCSETD, &number) == 0 && ioctl(master, TIOCSETD, &number) == 0);
	number = NONE;
	REFUSED(ioctl(slave, TIOCSETD, &number), EINVAL);
	number = -1;
	REFUSED(ioctl(slave, TIOCSETD, &number), EINVAL);
	REFUSED(ioctl(slave, TIOCSETD, BAD), EFAULT);
	REFUSED(ioctl(slave, TIOCGETD, BAD), EFAULT);
	CLAIM(told(slave, TIOCGETD) == 0 && writes(master, "as before\n"));
}

static void stats(void)
{
	struct stat of_master, of_slave;

	CLAIM(chmod(ptsname(master), 0600) == 0 && fstat(master, &of_master) == 0 && fstat(slave, &of_slave) == 0);
	CLAIM(of_master.st_mode == (S_IFCHR | 0666) && of_master.st_rdev == makedev(5, 2) && of_slave.st_mode == (S_IFCHR | 0600));
}

/* What is no terminal has none of it; nor has a terminal that is no more. */
static void refused(void)
{
	static const unsigned long requests[] = { TIOCEXCL, TIOCNXCL, TIOCGEXCL, TIOCGETD, TIOCSETD };
	int null = open("/dev/null", O_RDWR), pair[2], value = 0;

	CLAIM(pipe(pair) == 0 && close(master) == 0);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		REFUSED(ioctl(null, requests[i], &value), ENOTTY);
		REFUSED(ioctl(pair[0], requests[i], &value), ENOTTY);
		REFUSED(ioctl(slave, requests[i], &value), EIO);
	}
	CLAIM(close(null) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0 && close(slave) == 0);
}

int main(void)
{
	begin();
	exclusive();
	discipline();
	stats();
	refused();
	return claims_end("exclusive");
}
