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

/* What main returns: prints that all that was claimed in `what` holds, if it does. */
static inline int claims_end(const char *what)
{
	if (claims_failed == 0)
		printf("%s: as it must be\n", what);
	fflush(stdout);
	return claims_failed != 0;
}

#endif
