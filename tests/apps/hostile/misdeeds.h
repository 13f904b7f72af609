// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * One program for all that a process can do wrong, or must be able to do: argv[1] names it. A misdeed that the kernel is to end
 * returns only where the kernel did not; a service returns 0 where it was served as documented, else the line number that was not.
 */
#ifndef TESTS_APPS_HOSTILE_MISDEEDS_H
#define TESTS_APPS_HOSTILE_MISDEEDS_H

#include <capos/capos.h>

struct misdeed {
	const char *name;
	int (*commit)(void);
};

struct misdeed_table {
	const struct misdeed *misdeeds;
	unsigned count;
};

extern const struct misdeed_table fault_misdeeds;
extern const struct misdeed_table region_misdeeds;
extern const struct misdeed_table ring_misdeeds;
extern const struct misdeed_table service_misdeeds;

/* From main.c: the arguments, and what the kernel told the library at the start. */
extern int hostile_argc;
extern char **hostile_argv;

#define EXPECT(condition)                  \
	do {                               \
		if (!(condition))          \
			return __LINE__ % 100 + 1; \
	} while (0)

#endif
