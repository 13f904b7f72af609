// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Threads, a signal and stdio of musl. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t got;

static void on_signal(int number)
{
	got = number;
}

static void *add(void *sum)
{
	for (int i = 0; i < 1000; i++)
		__atomic_fetch_add((long *)sum, 1, __ATOMIC_RELAXED);
	return sum;
}

int main(void)
{
	pthread_t threads[4];
	long sum = 0;

	signal(SIGUSR1, on_signal);
	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, add, &sum) != 0)
			return 1;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	raise(SIGUSR1);
	printf("musl: %ld %d\n", sum, got == SIGUSR1);
	return 0;
}
