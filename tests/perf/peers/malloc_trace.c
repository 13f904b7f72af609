// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Allocation traces, the same for whatever malloc is linked: malloc_trace NAME ROUNDS. Prints nanoseconds an operation (an allocation, a
 * reallocation or a release), and the most memory the process had, KiB. Random numbers are the same in every run.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { STACKED = 64, LIVING = 20000, BUFFERS = 64 };

static uint64_t state;
static uint64_t operations;
static unsigned char touched; /* so that no allocation can be left out */

static uint32_t draw(uint32_t limit)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 33) * (uint64_t)limit >> 31);
}

/* As a program would: the first and the last byte are written. */
static void *touch(unsigned char *at, size_t bytes)
{
	if (!at)
		exit(3);
	at[0] = (unsigned char)bytes;
	at[bytes - 1] = 1;
	touched ^= at[0];
	return at;
}

/* Small objects, the last one freed first: what a parser or a recursive function does. */
static void small_lifo(unsigned rounds)
{
	static void *stack[STACKED];

	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < STACKED; i++) {
			size_t bytes = 16 + draw(112);

			stack[i] = touch(malloc(bytes), bytes);
		}
		for (unsigned i = STACKED; i-- > 0;)
			free(stack[i]);
		operations += 2 * STACKED;
	}
}

/* Objects of all sizes, mostly small, that live long and die in no order: what a cache or a tree does. */
static void random_lives(unsigned rounds)
{
	static void *living[LIVING];

	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < LIVING / 4; i++) {
			uint32_t place = draw(LIVING);
			size_t bytes = 1 + draw(16u << draw(9));

			free(living[place]);
			living[place] = touch(malloc(bytes), bytes);
			operations += 2;
		}
	}
	for (unsigned i = 0; i < LIVING; i++)
		free(living[i]);
}

/* Buffers that grow as they are filled, and are then given away and freed in the order they were made: what input and output do. */
static void growing_buffers(unsigned rounds)
{
	static void *queue[BUFFERS];

	for (unsigned round = 0; round < rounds; round++) {
		unsigned place = round % BUFFERS;
		size_t bytes = 32;
		unsigned doublings = 2 + draw(9);
		void *buffer = touch(malloc(bytes), bytes);

		for (unsigned i = 0; i < doublings; i++) {
			bytes *= 2;
			buffer = touch(realloc(buffer, bytes), bytes);
		}
		free(queue[place]);
		queue[place] = buffer;
		operations += 2 + doublings;
	}
	for (unsigned i = 0; i < BUFFERS; i++)
		free(queue[i]);
}

/* Pages and more, one after the other. */
static void large_blocks(unsigned rounds)
{
	for (unsigned round = 0; round < rounds; round++) {
		size_t bytes = 4096 + draw(61440);

		free(touch(malloc(bytes), bytes));
		operations += 2;
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(unsigned rounds);
	} traces[] = {
		{ "small_lifo", small_lifo },
		{ "random_lives", random_lives },
		{ "growing_buffers", growing_buffers },
		{ "large_blocks", large_blocks },
	};
	struct timespec begin, end;
	struct rusage usage;

	for (unsigned i = 0; argc == 3 && i < sizeof(traces) / sizeof(traces[0]); i++) {
		if (strcmp(traces[i].name, argv[1]) != 0)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &begin);
		traces[i].run((unsigned)atoi(argv[2]));
		clock_gettime(CLOCK_MONOTONIC, &end);
		getrusage(RUSAGE_SELF, &usage);
		printf("%.3f %ld\n",
		       ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / (double)operations,
		       usage.ru_maxrss);
		return 0;
	}
	return 2;
}
