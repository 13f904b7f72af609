// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the kernel's basic services cost a Linux program, by the machine's counter: under -icount shift=0 a nanosecond of it is an instruction, in this
 * kernel as in Linux (harness/linux_costs.py). The least of several rounds: no tick of a timer in between. All on one CPU, where there are
 * more nobody is switched to.
 */
#include "tests/linux/claims.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 8, CALLS = 2000, TRIPS = 200, SWITCHES = 200, FORKS = 20, PAGES = 200, PAGE_BYTES = 4096 };

static uint64_t counter(void)
{
	uint64_t value;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value)::"memory");
	return value;
}

static uint64_t ns_of(uint64_t ticks)
{
	uint64_t hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return ticks * 1000000000u / hz;
}

/* Without a library between: x8 the number, one instruction. */
static void null_call(void)
{
	register uint64_t number __asm__("x8") = SYS_getppid;
	register uint64_t result __asm__("x0");

	__asm__ volatile("svc #0" : "=r"(result) : "r"(number) : "memory");
}

static uint64_t null_calls(void)
{
	uint64_t begin = counter();

	for (int i = 0; i < CALLS; i++)
		null_call();
	return counter() - begin;
}

static int there[2], back[2];

/* Sends a byte back for each that comes. */
static void *echo(void *arg)
{
	char byte;

	while (read(there[0], &byte, 1) == 1)
		CLAIM(write(back[1], &byte, 1) == 1);
	return arg;
}

static uint64_t round_trips(void)
{
	uint64_t begin = counter();
	char byte = 'x';

	for (int i = 0; i < TRIPS; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			CLAIM(!"a byte comes back");
	return counter() - begin;
}

static volatile int turn, switches, stopping;

/* Yields, and counts how often somebody else has run meanwhile. */
static void turns(int self, int until)
{
	while (!stopping && (until == 0 || switches < until)) {
		if (turn != self)
			switches++;
		turn = self;
		(void)syscall(SYS_sched_yield);
	}
}

static void *partner(void *arg)
{
	turns(1, 0);
	return arg;
}

static uint64_t thread_switches(void)
{
	uint64_t begin;

	switches = 0;
	begin = counter();
	turns(0, SWITCHES);
	return counter() - begin;
}

static uint64_t forks(void)
{
	uint64_t begin = counter();

	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(0);
		CLAIM(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	}
	return counter() - begin;
}

/* Pages that are touched for the first time. */
static uint64_t page_faults(void)
{
	char *pages = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t begin = counter();

	CLAIM(pages != MAP_FAILED);
	for (int i = 0; i < PAGES; i++)
		*(volatile char *)(pages + i * PAGE_BYTES) = 1;
	begin = counter() - begin;
	CLAIM(munmap(pages, PAGES * PAGE_BYTES) == 0);
	return begin;
}

static void measure(const char *name, uint64_t (*run)(void), unsigned operations)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t ticks = run();

		least = ticks < least ? ticks : least;
	}
	least = ns_of(least) * 10 / operations;
	printf("cost %s %llu.%llu\n", name, (unsigned long long)least / 10, (unsigned long long)least % 10);
}

int main(void)
{
	pthread_t thread;

	measure("null_call", null_calls, CALLS);
	CLAIM(pipe(there) == 0 && pipe(back) == 0 && pthread_create(&thread, NULL, echo, NULL) == 0);
	measure("pipe_round_trip", round_trips, TRIPS);
	CLAIM(close(there[1]) == 0 && pthread_join(thread, NULL) == 0);
	if (sysconf(_SC_NPROCESSORS_ONLN) == 1) {
		CLAIM(pthread_create(&thread, NULL, partner, NULL) == 0);
		measure("context_switch", thread_switches, SWITCHES);
		stopping = 1;
		CLAIM(pthread_join(thread, NULL) == 0);
	}
	measure("fork_exit_wait", forks, FORKS);
	measure("page_fault", page_faults, PAGES);
	return claims_end("costs");
}
