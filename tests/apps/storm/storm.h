// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Hostile processes, several at once, until a time is over, and beside them a well-behaved one that must keep its rate. The command line
 * of the kernel says which: `-- KIND SEED MILLISECONDS PERCENT`. A storm that the kernel ends is started again with another seed.
 */
#ifndef TESTS_APPS_STORM_STORM_H
#define TESTS_APPS_STORM_STORM_H

#include <stdbool.h>
#include <stdint.h>

#include <capos/capos.h>

/* Of a storm's process: the kernel did what it must not. */
enum { EXIT_BROKEN = 64 };

struct storm {
	const char *name;
	int (*run)(uint64_t seed, uint64_t end_ns);
};

int storm_random(uint64_t seed, uint64_t end_ns);      /* submissions of any content, one after the other and in batches */
int storm_forge(uint64_t seed, uint64_t end_ns);       /* numbers of capabilities that it was never given */
int storm_overwrite(uint64_t seed, uint64_t end_ns);   /* rings that a second thread writes to while they are used */
int storm_results(uint64_t seed, uint64_t end_ns);     /* results and parameters where they must not be */
int storm_outstanding(uint64_t seed, uint64_t end_ns); /* as many operations under way as can be, and an end in the middle */
int storm_bomb(uint64_t seed, uint64_t end_ns);        /* processes that make processes */
int storm_kills(uint64_t seed, uint64_t end_ns);       /* processes that end each other */
int storm_paths(uint64_t seed, uint64_t end_ns);       /* files, and an end in the middle */

/* Runs beside the storm `name`, and must get done at least `percent` of what it could alone. The exit code of the whole. */
int steady(const char *name, uint64_t seed, uint64_t milliseconds, uint64_t percent);

/* Since power-on. No call of the kernel. */
static inline uint64_t now_ns(void)
{
	uint64_t ticks;
	uint64_t hertz;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)::"memory");
	__asm__("mrs %0, cntfrq_el0" : "=r"(hertz));
	return ticks / hertz * 1000000000u + ticks % hertz * 1000000000u / hertz;
}

/* The next of a sequence of numbers that `*state` begins. */
static inline uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline uint64_t draw_below(uint64_t *state, uint64_t limit)
{
	return draw(state) % limit;
}

/* A number in decimal, and a number as that. */
uint64_t number_of(const char *text);
void number_to(char text[21], uint64_t value);

#endif
