// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include <capos/capos.h>
#include <capos/thread.h>

#include "checks.h"

enum { WAIT_NS = 3000000, ERROR_TIMEDOUT = -110 };

/* Whether `ns` is WAIT_NS, or as much more as a busy machine makes it. */
static bool is_about(int64_t ns)
{
	return ns >= WAIT_NS && ns < WAIT_NS + 1000000000;
}

static int lock_it(void *arg)
{
	return capos_mutex_lock_timeout(arg, WAIT_NS) == ERROR_TIMEDOUT ? 0 : 1;
}

int check_timeouts(void)
{
	capos_cap_t clock = capos_capset_get("clock");
	struct capos_mutex mutex = CAPOS_MUTEX_INIT;
	struct capos_condition condition = CAPOS_CONDITION_INIT;
	struct capos_thread thread;
	int64_t begin = capos_clock_now(clock);
	int value;

	capos_mutex_lock(&mutex);
	EXPECT(!capos_mutex_try_lock(&mutex));
	EXPECT(capos_mutex_lock_timeout(&mutex, 0) == ERROR_TIMEDOUT);
	EXPECT(capos_condition_wait(&condition, &mutex, WAIT_NS) == ERROR_TIMEDOUT);
	EXPECT(is_about(capos_clock_now(clock) - begin));
	EXPECT(!capos_mutex_try_lock(&mutex));
	EXPECT(capos_thread_create(&thread, NULL, lock_it, &mutex) == 0);
	EXPECT(capos_thread_join(&thread, &value) == 0 && value == 0);
	capos_mutex_unlock(&mutex);
	EXPECT(capos_mutex_try_lock(&mutex));

	begin = capos_clock_now(clock);
	EXPECT(capos_clock_wait_until(clock, (uint64_t)begin + WAIT_NS, 0) == 0);
	EXPECT(is_about(capos_clock_now(clock) - begin));
	return 0;
}
