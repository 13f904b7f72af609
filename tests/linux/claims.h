// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the tests of Linux programs share: a claim that does not hold is a line that says where and why, and the program's status is not 0. The same programs
 * pass on Linux.
 */
#ifndef TESTS_LINUX_CLAIMS_H
#define TESTS_LINUX_CLAIMS_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int claims_failed;

#define CLAIM(condition)                                                                                            \
	do {                                                                                                        \
		if (!(condition)) {                                                                                 \
			claims_failed++;                                                                            \
			printf("WRONG: %s:%d: %s (errno %d, %s)\n", __FILE__, __LINE__, #condition, errno, strerror(errno)); \
		}                                                                                                   \
	} while (0)

/* A call that must fail, and why. */
#define REFUSED(call, why)                      \
	do {                                    \
		errno = 0;                      \
		CLAIM((call) == -1);            \
		CLAIM(errno == (why));          \
	} while (0)

/* Claims in a process of their own: what is given up there does not come back. */
static inline void claims_apart(void (*claims)(void))
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		claims_failed = 0; /* what failed before is its parent's */
		claims();
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
}

/* What main returns: prints that all that was claimed in `what` holds, if it does. */
static inline int claims_end(const char *what)
{
	if (claims_failed == 0)
		printf("%s: as it must be\n", what);
	fflush(stdout);
	return claims_failed != 0;
}

#endif
