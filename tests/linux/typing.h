// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the tests of what a terminal makes of what is typed: what is read, and what is set. */
#ifndef TESTS_LINUX_TYPING_H
#define TESTS_LINUX_TYPING_H

#include "tests/linux/terminals.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static char got[16384];

/* Until something is there, what one read gives is exactly this. */
static inline int reads(int fd, const char *bytes, size_t due)
{
	struct pollfd asked = { .fd = fd, .events = POLLIN };
	ssize_t count = poll(&asked, 1, 2000) == 1 ? read(fd, got, sizeof(got)) : -1;

	return count == (ssize_t)due && memcmp(got, bytes, due) == 0;
}
#define READS(fd, text) reads(fd, text, sizeof(text) - 1)

/* Until so many bytes can be read there. */
static inline int has(int fd, int due)
{
	int count = -1;

	for (int i = 0; i < 4000 && ioctl(fd, FIONREAD, &count) == 0 && count != due; i++)
		usleep(500);
	return count == due;
}

static inline void mode(tcflag_t off, tcflag_t on, unsigned least, unsigned time)
{
	struct termios now;

	CLAIM(tcgetattr(slave, &now) == 0);
	now.c_lflag = (now.c_lflag & ~off) | on;
	if (!(now.c_lflag & ICANON)) {
		now.c_cc[VMIN] = (cc_t)least;
		now.c_cc[VTIME] = (cc_t)time;
	}
	CLAIM(tcsetattr(slave, TCSANOW, &now) == 0);
}

static inline void input(tcflag_t off, tcflag_t on)
{
	struct termios now;

	CLAIM(tcgetattr(slave, &now) == 0);
	now.c_iflag = (now.c_iflag & ~off) | on;
	CLAIM(tcsetattr(slave, TCSANOW, &now) == 0);
}

/* The master has nothing to read, of whatever kind. */
static inline int nothing_happened(void)
{
	return poll(&(struct pollfd){ master, POLLIN | POLLPRI, 0 }, 1, 0) == 0;
}

#endif
