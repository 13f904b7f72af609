// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include <capos/thread.h>

#include "checks.h"

enum { SIDES = 3, ROOM = 4, EACH = 400 };

/* A queue of few places: both sides wait, all the time. */
static struct capos_mutex mutex;
static struct capos_condition not_full;
static struct capos_condition not_empty;
static unsigned long places[ROOM];
static unsigned used;
static unsigned first;

static int put(void *arg)
{
	for (unsigned long i = 0; i < EACH; i++) {
		capos_mutex_lock(&mutex);
		while (used == ROOM)
			(void)capos_condition_wait(&not_full, &mutex, CAPOS_WAIT_FOREVER);
		places[(first + used++) % ROOM] = (unsigned long)arg * EACH + i;
		capos_mutex_unlock(&mutex);
		capos_condition_signal(&not_empty);
	}
	return 0;
}

static int take(void *arg)
{
	unsigned long *sum = arg;

	for (unsigned i = 0; i < EACH; i++) {
		capos_mutex_lock(&mutex);
		while (used == 0)
			(void)capos_condition_wait(&not_empty, &mutex, CAPOS_WAIT_FOREVER);
		*sum += places[first];
		first = (first + 1) % ROOM;
		used--;
		capos_mutex_unlock(&mutex);
		capos_condition_signal(&not_full);
	}
	return 0;
}

int check_queue(bool share_rings)
{
	const struct capos_thread_options options = { .share_rings = share_rings, .cpu = CAPOS_CPU_ANY };
	struct capos_thread putters[SIDES];
	struct capos_thread takers[SIDES];
	unsigned long sums[SIDES] = { 0 };
	unsigned long sum = 0;

	for (unsigned long i = 0; i < SIDES; i++) {
		EXPECT(capos_thread_create(&takers[i], &options, take, &sums[i]) == 0);
		EXPECT(capos_thread_create(&putters[i], &options, put, (void *)i) == 0);
	}
	for (unsigned i = 0; i < SIDES; i++) {
		EXPECT(capos_thread_join(&putters[i], NULL) == 0 && capos_thread_join(&takers[i], NULL) == 0);
		sum += sums[i];
	}
	EXPECT(sum == (unsigned long)SIDES * EACH * (SIDES * EACH - 1) / 2);
	return 0;
}
