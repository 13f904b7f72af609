// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include <capos/thread.h>

#include "checks.h"

enum { THREADS = 8, ROUNDS = 2000 };

static struct capos_mutex mutex;
static unsigned long total; /* under the mutex */

/* Both kinds: one that begins as something, one that begins as 0; and an alignment that the block has to keep. */
static _Thread_local unsigned long begins_at_seven = 7;
static _Thread_local _Alignas(64) unsigned long begins_at_zero;

static int count(void *arg)
{
	unsigned long mine = (unsigned long)arg;

	if (begins_at_seven != 7 || begins_at_zero != 0 || (unsigned long)&begins_at_zero % 64 != 0)
		return -1;
	for (unsigned i = 0; i < ROUNDS; i++) {
		begins_at_seven += mine;
		begins_at_zero++;
		capos_mutex_lock(&mutex);
		total += mine;
		if (i % 64 == 0)
			capos_thread_yield(); /* with the mutex: others must wait for it */
		capos_mutex_unlock(&mutex);
	}
	return begins_at_seven == 7 + ROUNDS * mine && begins_at_zero == ROUNDS ? (int)mine : -1;
}

int check_counting(bool share_rings)
{
	const struct capos_thread_options options = { .share_rings = share_rings, .cpu = CAPOS_CPU_ANY };
	struct capos_thread threads[THREADS];
	int value;

	total = 0;
	for (unsigned long i = 0; i < THREADS; i++)
		EXPECT(capos_thread_create(&threads[i], &options, count, (void *)(i + 1)) == 0);
	for (unsigned long i = 0; i < THREADS; i++)
		EXPECT(capos_thread_join(&threads[i], &value) == 0 && value == (int)i + 1);
	EXPECT(total == (unsigned long)ROUNDS * THREADS * (THREADS + 1) / 2);
	EXPECT(begins_at_seven == 7);
	return 0;
}
