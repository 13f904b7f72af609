// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Throughput of lib/disruptor on this machine: 8-byte messages, a thread for each producer and for the consumer, the
 * consumer on a CPU of its own where there are two. Every case is run once a round, so that a disturbed moment hits all
 * alike; the median of the rounds is printed, with least and most as a comment.
 *
 *	ring_bench [rounds [thousands of messages a run]]
 *
 * Exit status: 0 measured, 1 a message was lost or altered, 2 wrong arguments.
 */
#define _GNU_SOURCE
#include "lib/disruptor.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CAPACITY 4096
#define ROUNDS_MAX 99
#define PRODUCERS_MAX 3
#define AHEAD 64 /* messages: eight lines */
#define SPINS 3   /* looks before the CPU is given to another thread */
#define PAUSES 32 /* between two looks: who looks at once takes each message over from the other CPU by itself */

struct bench_case {
	const char *metric;
	unsigned producers;
	uint32_t batch;
};

static const struct bench_case cases[] = {
	{ "ring_host_1p1c_single", 1, 1 }, { "ring_host_1p1c_batch16", 1, 16 }, { "ring_host_1p1c_batch64", 1, 64 },
	{ "ring_host_3p1c_single", 3, 1 }, { "ring_host_3p1c_batch16", 3, 16 }, { "ring_host_3p1c_batch64", 3, 64 },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static struct disruptor ring;
static struct disruptor_consumer consumer;
static _Alignas(4096) uint64_t slots[CAPACITY];
static _Alignas(4096) _Atomic uint64_t batch_ends[CAPACITY];
static pthread_barrier_t begin;
static uint64_t messages; /* of each producer, a multiple of every batch */
static uint32_t batch;

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static status_t spin(void *ctx)
{
	unsigned *spins = ctx;

	if (++*spins % SPINS == 0)
		sched_yield();
	for (unsigned i = 0; i < PAUSES; i++)
		relax();
	return STATUS_OK;
}

static void pin(unsigned cpu)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(count > 1 ? cpu % (unsigned)count : 0, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/*
 * Writes messages first .. first + count - 1 as numbers from `value` on; the wrap is looked for once, not at every
 * message.
 */
static inline void fill(uint64_t first, uint32_t count, uint64_t value)
{
	uint64_t run = disruptor_contiguous(&ring, first, count);
	uint64_t *at = DISRUPTOR_SLOT(&ring, uint64_t, first);

	for (uint64_t i = 0; i < run; i++)
		at[i] = value + i;
	for (uint64_t i = run; i < count; i++)
		slots[i - run] = value + i;
}

static void *produce_alone(void *arg)
{
	unsigned spins = 0;
	const struct disruptor_wait wait = { .wait = spin, .ctx = &spins };
	uint64_t first;

	(void)arg;
	pin(0);
	pthread_barrier_wait(&begin);
	if (batch == 1)
		for (uint64_t i = 0; i < messages; i++) {
			if (disruptor_single_claim(&ring, 1, &wait, &first) != STATUS_OK)
				return NULL;
			*DISRUPTOR_SLOT(&ring, uint64_t, first) = i;
			disruptor_single_publish(&ring, first, 1);
			DISRUPTOR_PREFETCH(&ring, uint64_t, first + AHEAD);
		}
	else
		for (uint64_t i = 0; i < messages; i += batch) {
			if (disruptor_single_claim(&ring, batch, &wait, &first) != STATUS_OK)
				return NULL;
			fill(first, batch, i);
			disruptor_single_publish(&ring, first, batch);
		}
	return NULL;
}

static void *produce_among_many(void *arg)
{
	unsigned spins = 0;
	const struct disruptor_wait wait = { .wait = spin, .ctx = &spins };
	uint64_t first, end = 0;

	/* All producers on one CPU would never meet; on two, one of them shares the consumer's. */
	pin((unsigned)(uintptr_t)arg);
	pthread_barrier_wait(&begin);
	for (uint64_t i = 0; i < messages; i += batch) {
		if (disruptor_many_claim(&ring, batch, &wait, &first) != STATUS_OK)
			return NULL;
		fill(first, batch, i);
		disruptor_many_publish(&ring, first, batch);
		if (disruptor_many_is_crowded(end, first))
			sched_yield();
		end = first + batch;
	}
	return NULL;
}

/* Takes `total` messages and adds them up. Singles are polled and released one by one. */
static uint64_t consume(uint64_t total)
{
	unsigned spins = 0;
	const struct disruptor_wait wait = { .wait = spin, .ctx = &spins };
	uint64_t sum = 0;
	uint64_t first, count;

	for (uint64_t seen = 0; seen < total; seen += count) {
		count = disruptor_poll(&consumer, &first);
		if (count == 0 && disruptor_await(&consumer, &wait, &first, &count) != STATUS_OK)
			break;
		if (count > batch)
			count = batch;
		if (batch == 1) {
			sum += *DISRUPTOR_SLOT(&ring, uint64_t, first);
		} else {
			uint64_t run = disruptor_contiguous(&ring, first, count);
			const uint64_t *at = DISRUPTOR_SLOT(&ring, uint64_t, first);

			for (uint64_t i = 0; i < run; i++)
				sum += at[i];
			for (uint64_t i = run; i < count; i++)
				sum += slots[i - run];
		}
		disruptor_release(&consumer, first + count);
	}
	return sum;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Millions of messages a second; 0 where their sum is wrong. */
static double measure(const struct bench_case *c)
{
	pthread_t threads[PRODUCERS_MAX];
	double start, seconds;
	uint64_t sum;

	batch = c->batch;
	if (disruptor_init(&ring, slots, sizeof(slots[0]), CAPACITY, c->producers > 1 ? batch_ends : NULL) != STATUS_OK ||
	    disruptor_consumer_init(&consumer, &ring, NULL, 0) != STATUS_OK)
		return 0;
	pthread_barrier_init(&begin, NULL, c->producers + 1);
	for (unsigned i = 0; i < c->producers; i++)
		pthread_create(&threads[i], NULL, c->producers > 1 ? produce_among_many : produce_alone, (void *)(uintptr_t)i);
	pin(1);
	pthread_barrier_wait(&begin);
	start = now();
	sum = consume(messages * c->producers);
	seconds = now() - start;
	for (unsigned i = 0; i < c->producers; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&begin);
	if (sum != c->producers * (messages / 2 * (messages - 1)))
		return 0;
	return (double)(messages * c->producers) / seconds / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static double results[CASES][ROUNDS_MAX];
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 9;
	long thousands = argc > 2 ? strtol(argv[2], NULL, 10) : 5000;

	if (rounds < 1 || rounds > ROUNDS_MAX || thousands < 1 || thousands > 1000000) {
		fprintf(stderr, "usage: %s [rounds 1..%d [thousands of messages a run]]\n", argv[0], ROUNDS_MAX);
		return 2;
	}
	messages = (uint64_t)thousands * 1024;
	for (long round = 0; round < rounds; round++)
		for (size_t i = 0; i < CASES; i++) {
			results[i][round] = measure(&cases[i]);
			if (results[i][round] == 0) {
				fprintf(stderr, "%s: messages were lost or altered\n", cases[i].metric);
				return 1;
			}
		}
	for (size_t i = 0; i < CASES; i++) {
		qsort(results[i], (size_t)rounds, sizeof(double), compare);
		printf("# perf %s %.1f Mmsg/s\n", cases[i].metric, results[i][rounds / 2]);
		printf("# %s: %.1f to %.1f in %ld rounds, %.2f ns a message\n", cases[i].metric, results[i][0],
		       results[i][rounds - 1], rounds, 1e3 / results[i][rounds / 2]);
	}
	return 0;
}
