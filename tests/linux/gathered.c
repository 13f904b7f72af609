// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Several who wait in one epoll for one thing: as long as it is there, each of them is told. */
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <time.h>

#include "tests/linux/inet.h"

enum { PORT = 4555, WAITERS = 2, ROUNDS = 300, SPIN = 6000, PATIENCE_MS = 3000 };

static int all;
static sem_t begins[WAITERS], done;
static _Atomic int missed;

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether it is told, and not only finds it when its time is over. */
static int is_told(void)
{
	struct epoll_event told;
	long before = now_ms();

	return epoll_wait(all, &told, 1, PATIENCE_MS) == 1 && now_ms() - before < PATIENCE_MS;
}

static void *waits(void *which)
{
	sem_t *begin = which;

	for (int i = 0; i < ROUNDS; i++) {
		sem_wait(begin);
		missed += missed == 0 && !is_told();
		sem_post(&done);
	}
	return NULL;
}

static void round_make(int listener, int number)
{
	int from = tcp(), to;

	for (int i = 0; i < WAITERS; i++)
		sem_post(&begins[i]);
	for (volatile int i = 0; i < number * 37 % SPIN; i++)
		;
	CLAIM(connects(from, INADDR_LOOPBACK, PORT) == 0);
	for (int i = 0; i < WAITERS; i++)
		sem_wait(&done);
	to = accept(listener, NULL, NULL);
	CLAIM(to >= 0 && close(to) == 0 && close(from) == 0);
}

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	pthread_t waiters[WAITERS];
	int listener = tcp();

	shares(listener);
	all = epoll_create1(0);
	CLAIM(binds(listener, INADDR_LOOPBACK, PORT) == 0 && listen(listener, 1) == 0 && epoll_ctl(all, EPOLL_CTL_ADD, listener, &event) == 0 && sem_init(&done, 0, 0) == 0);
	for (int i = 0; i < WAITERS; i++)
		CLAIM(sem_init(&begins[i], 0, 0) == 0 && pthread_create(&waiters[i], NULL, waits, &begins[i]) == 0);
	for (int i = 0; i < ROUNDS; i++)
		round_make(listener, i);
	for (int i = 0; i < WAITERS; i++)
		CLAIM(pthread_join(waiters[i], NULL) == 0);
	CLAIM(missed == 0 && close(listener) == 0 && close(all) == 0);
	return claims_end("gathered");
}
