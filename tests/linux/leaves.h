// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a call leaves behind in the kernel: counted by /sys/rumpk/memory, where a program was given that (nothing is claimed elsewhere). */
#ifndef TESTS_LINUX_LEAVES_H
#define TESTS_LINUX_LEAVES_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/linux/claims.h"

enum { LEAVES_ROUNDS = 16, LEAVES_TURNS = 6 };

/* How many allocations of the kernel's heap live; -1: nobody tells. */
static inline long leaves_count(void)
{
	char text[256];
	int fd = open("/sys/rumpk/memory", O_RDONLY);
	ssize_t bytes = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	const char *at;

	if (fd >= 0)
		close(fd);
	text[bytes > 0 ? bytes : 0] = 0;
	at = strstr(text, "heap_allocations ");
	return at != NULL ? strtol(at + strlen("heap_allocations "), NULL, 10) : -1;
}

/*
 * Claims that `what` leaves nothing each time it is done. Each CPU keeps a few objects of each size, which count as living, and some are let go elsewhere
 * a little later: so what is left must be more after each of several turns.
 */
static inline void leaves_nothing(const char *name, void (*what)(void))
{
	long before;
	long after = 0;
	int turn = 0;

	what();
	do {
		usleep(1000);
		before = leaves_count();
		for (int i = 0; i < LEAVES_ROUNDS; i++)
			what();
		usleep(1000);
		after = leaves_count();
	} while (after >= before + LEAVES_ROUNDS * 3 / 4 && ++turn < LEAVES_TURNS);
	if (turn == LEAVES_TURNS) {
		claims_failed++;
		printf("WRONG: %s leaves something in the kernel: %ld in the last %d rounds\n", name, after - before, LEAVES_ROUNDS);
	}
}

#define LEAVES_NOTHING(what) leaves_nothing(#what, what)

#endif
