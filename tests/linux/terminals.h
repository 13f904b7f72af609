// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the tests of terminals: one pseudo-terminal, its two sides, and children that lead a session of their own. */
#ifndef TESTS_LINUX_TERMINALS_H
#define TESTS_LINUX_TERMINALS_H

#include "tests/linux/claims.h"

#include <pty.h>
#include <unistd.h>

static int master = -1;
static int slave = -1;

static inline void begin(void)
{
	CLAIM(openpty(&master, &slave, NULL, NULL, NULL) == 0);
}

static inline void end(void)
{
	CLAIM(close(slave) == 0 && close(master) == 0);
}

static inline int writes(int fd, const char *bytes)
{
	return write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes);
}

/* A child that leads a session of its own, does that, and ends with 0 where all that it claims holds. */
static inline pid_t leader(void (*what)(void))
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		CLAIM(setsid() == getpid());
		what();
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	return child;
}

#endif
