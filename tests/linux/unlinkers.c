// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Two names of one file go at once: whoever takes the last one tells who watches the file. It takes CPUs that run side by side to find that wrong
 * (tests/qemu/linux_tests.py), which a word says, and then many rounds.
 */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { ROUNDS = 20, ROUNDS_SIDE_BY_SIDE = 1000, APART_MAX = 400, LOOKS_MAX = 20000 };

static pthread_barrier_t begun;
static volatile int arrived;
static int rounds = ROUNDS;

/* Both go on from here within moments of each other: where they run side by side, who was first has not gone to sleep. */
static void meet(int round)
{
	pthread_barrier_wait(&begun);
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	for (int looks = 0; arrived < 2 * (round + 1); looks++)
		if (looks > LOOKS_MAX)
			usleep(1);
	for (volatile int i = rand() % APART_MAX; i > 0; i--)
		;
}

static void *unlinks(void *path)
{
	for (int i = 0; i < rounds; i++) {
		meet(i);
		CLAIM(unlink(path) == 0);
		pthread_barrier_wait(&begun);
	}
	return NULL;
}

static void last_names_go(void)
{
	char data[4096] __attribute__((aligned(8)));
	int fd = inotify_init1(IN_NONBLOCK);
	pthread_t other;
	int lost = 0;

	CLAIM(pthread_barrier_init(&begun, NULL, 2) == 0 && pthread_create(&other, NULL, unlinks, "/tmp/one") == 0);
	for (int i = 0; i < rounds; i++) {
		CLAIM(close(open("/tmp/one", O_CREAT | O_RDWR, 0600)) == 0 && link("/tmp/one", "/tmp/two") == 0);
		CLAIM(inotify_add_watch(fd, "/tmp/one", IN_DELETE_SELF) > 0);
		meet(i);
		CLAIM(unlink("/tmp/two") == 0);
		pthread_barrier_wait(&begun);
		lost += read(fd, data, sizeof(data)) != 2 * sizeof(struct inotify_event); /* that it was removed, and is ignored */
	}
	CLAIM(pthread_join(other, NULL) == 0 && lost == 0 && close(fd) == 0);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		rounds = ROUNDS_SIDE_BY_SIDE;
	last_names_go();
	return claims_end("unlinkers");
}
