// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Runs one measurement for each line of its input, and answers with a line:
 *
 *	<contender> <producers> <capacity> <batch> <messages of each producer> <looks> <pauses>
 *	-> <millions of messages a second> <share of the CPUs' time that others had>
 *
 * or "error: <why>"; and for each line "probe"
 *
 *	-> <nanoseconds to hand a line of memory from CPU 0 to CPU 1 and back> 0
 *
 * which tells in what state the machine is: virtual CPUs are moved closer to each other and apart. The consumer has CPU 1,
 * the producers 0, 1 and 0 on two CPUs: all on one would never meet; where there are enough, each has its own. All
 * threads spin or yield but never sleep, so that a CPU's time that none of them had was somebody else's.
 */
#include "tests/perf/peers/contender.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

unsigned wait_looks = 3, wait_pauses = 64;

static const struct contender *const contenders[] = { &contender_rumpk, &contender_ck, &contender_rte, &contender_boost };

struct job {
	const struct contender *contender;
	uint64_t capacity, messages;
	unsigned producers;
	uint32_t batch;
};

static struct job job;
static pthread_barrier_t begin;
static double cpu_seconds[PRODUCERS_MAX];

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

static void pin(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)(cpu % cpus()), &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *producer(void *arg)
{
	long index = (long)(intptr_t)arg;
	double start;

	pin(cpus() > 2 && index > 0 ? index + 1 : index);
	pthread_barrier_wait(&begin);
	start = seconds(CLOCK_THREAD_CPUTIME_ID);
	job.contender->produce(job.messages, job.batch);
	cpu_seconds[index] = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
	return NULL;
}

static void measure(void)
{
	uint64_t total = job.messages * job.producers, sum;
	pthread_t threads[PRODUCERS_MAX];
	double start, cpu_start, wall, cpu, possible;

	pthread_barrier_init(&begin, NULL, job.producers + 1);
	for (unsigned i = 0; i < job.producers; i++)
		pthread_create(&threads[i], NULL, producer, (void *)(intptr_t)i);
	pin(1);
	pthread_barrier_wait(&begin);
	start = seconds(CLOCK_MONOTONIC);
	cpu_start = seconds(CLOCK_THREAD_CPUTIME_ID);
	sum = job.contender->consume(total, job.batch);
	wall = seconds(CLOCK_MONOTONIC) - start;
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu_start;
	for (unsigned i = 0; i < job.producers; i++) {
		pthread_join(threads[i], NULL);
		cpu += cpu_seconds[i];
	}
	pthread_barrier_destroy(&begin);
	if (sum != job.producers * (job.messages / 2 * (job.messages - 1))) {
		puts("error: messages were lost or altered");
		return;
	}
	possible = wall * (double)(cpus() < job.producers + 1 ? cpus() : job.producers + 1);
	printf("%.3f %.4f\n", (double)total / wall / 1e6, cpu < possible ? 1 - cpu / possible : 0);
}

/* The turns of two threads that answer each other; the quickest of some tries, as others may come between. */
static _Atomic unsigned turn;
enum { TURNS = 1000, TRIES = 5 };

static void *answer(void *arg)
{
	pin(0);
	for (unsigned i = 0; i < TRIES * TURNS; i++) {
		while (turn != 2 * i + 1)
			pause_for(1);
		turn = 2 * i + 2;
	}
	return arg;
}

static void probe(void)
{
	double best = 1e9;
	pthread_t thread;

	turn = 0;
	pthread_create(&thread, NULL, answer, NULL);
	pin(1);
	for (unsigned try = 0; try < TRIES; try++) {
		double start = seconds(CLOCK_MONOTONIC), taken;

		for (unsigned i = try * TURNS; i < (try + 1) * TURNS; i++) {
			turn = 2 * i + 1;
			while (turn != 2 * i + 2)
				pause_for(1);
		}
		taken = seconds(CLOCK_MONOTONIC) - start;
		best = taken < best ? taken : best;
	}
	pthread_join(thread, NULL);
	printf("%.1f 0\n", best / TURNS * 1e9);
}

static const char *parse(const char *line)
{
	unsigned long capacity, messages;
	char name[32];

	if (sscanf(line, "%31s %u %lu %u %lu %u %u", name, &job.producers, &capacity, &job.batch, &messages, &wait_looks,
		   &wait_pauses) != 7)
		return "a line has seven fields";
	job.capacity = capacity;
	job.messages = messages;
	job.contender = NULL;
	for (unsigned i = 0; i < sizeof(contenders) / sizeof(contenders[0]); i++)
		if (strcmp(contenders[i]->name, name) == 0)
			job.contender = contenders[i];
	if (!job.contender)
		return "no such contender";
	if (job.producers == 0 || job.producers > job.contender->producers_max || capacity > CAPACITY_MAX || wait_looks == 0 ||
	    job.batch == 0 || job.batch > BATCH_MAX || messages == 0 || messages % (2 * job.batch) != 0)
		return "out of range";
	return job.contender->prepare(capacity, job.producers, job.batch) ? NULL : "the ring cannot be made";
}

int main(void)
{
	char line[256];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		bool is_probe = strcmp(line, "probe\n") == 0;
		const char *why = is_probe ? NULL : parse(line);

		if (is_probe)
			probe();
		else if (why)
			printf("error: %s\n", why);
		else
			measure();
	}
	return 0;
}
