// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Mutex, condition and once with host threads, under the thread sanitizer: what they guard is plain memory, so that a missing barrier
 * is a data race.
 */
#include <capos/thread.h>

#include <pthread.h>
#include <string.h>

#include "tests/unit/capos/host_event.h"
#include "tests/unit/unit.h"

enum { THREADS = 4, ROUNDS = 20000, ROOM = 3, TIMED_OUT = -110 };

static struct capos_mutex mutex;
static struct capos_condition not_full;
static struct capos_condition not_empty;
static struct capos_once once;
static unsigned long total;
static unsigned used;
static unsigned initialized;

static void run(void *(*function)(void *))
{
	pthread_t threads[THREADS];

	for (unsigned long i = 0; i < THREADS; i++)
		CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, function, (void *)i) == 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void *add(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		capos_mutex_lock(&mutex);
		total++;
		capos_mutex_unlock(&mutex);
	}
	return NULL;
}

static void mutex_lets_one_in_at_a_time(void)
{
	total = 0;
	run(add);
	CU_ASSERT_EQUAL(total, THREADS * ROUNDS);
	CU_ASSERT_EQUAL(mutex.state, 0);
}

static void mutex_alone_makes_no_call(void)
{
	unsigned before = host_event_calls;
	struct capos_condition condition = CAPOS_CONDITION_INIT;

	for (unsigned i = 0; i < 1000; i++) {
		capos_mutex_lock(&mutex);
		capos_mutex_unlock(&mutex);
	}
	capos_condition_signal(&condition);
	capos_condition_broadcast(&condition);
	CU_ASSERT_EQUAL(host_event_calls, before);
}

static void *take_and_put(void *arg)
{
	bool puts = (unsigned long)arg % 2 == 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		capos_mutex_lock(&mutex);
		while (used == (puts ? ROOM : 0))
			(void)capos_condition_wait(puts ? &not_full : &not_empty, &mutex, CAPOS_WAIT_FOREVER);
		used += puts ? 1 : -1;
		total++;
		capos_mutex_unlock(&mutex);
		capos_condition_signal(puts ? &not_empty : &not_full);
	}
	return NULL;
}

static void condition_wakes_whoever_can_go_on(void)
{
	total = 0;
	run(take_and_put);
	CU_ASSERT_EQUAL(used, 0);
	CU_ASSERT_EQUAL(total, THREADS * ROUNDS);
	CU_ASSERT_EQUAL(not_full.waiters, 0);
	CU_ASSERT_EQUAL(not_empty.waiters, 0);
}

static void waits_end_in_time(void)
{
	struct capos_condition condition = CAPOS_CONDITION_INIT;
	struct capos_mutex held = CAPOS_MUTEX_INIT;
	uint64_t begin = clock_now_ns();

	CU_ASSERT_TRUE(capos_mutex_try_lock(&held));
	CU_ASSERT_FALSE(capos_mutex_try_lock(&held));
	CU_ASSERT_EQUAL(capos_mutex_lock_timeout(&held, 0), TIMED_OUT);
	CU_ASSERT_EQUAL(capos_mutex_lock_timeout(&held, 5000000), TIMED_OUT);
	CU_ASSERT_TRUE(clock_now_ns() - begin >= 5000000);
	CU_ASSERT_EQUAL(capos_condition_wait(&condition, &held, 5000000), TIMED_OUT);
	CU_ASSERT_TRUE(clock_now_ns() - begin >= 10000000);
	CU_ASSERT_FALSE(capos_mutex_try_lock(&held));
	capos_mutex_unlock(&held);
	CU_ASSERT_TRUE(capos_mutex_try_lock(&held));
}

static void initialize(void)
{
	struct timespec a_while = { .tv_nsec = 20000000 };

	nanosleep(&a_while, NULL);
	initialized++;
}

static void *call_once(void *arg)
{
	(void)arg;
	capos_once(&once, initialize);
	if (initialized != 1) /* seen by all, without a lock */
		total = 1;
	return NULL;
}

static void once_runs_once_before_anyone_goes_on(void)
{
	total = 0;
	run(call_once);
	run(call_once);
	CU_ASSERT_EQUAL(initialized, 1);
	CU_ASSERT_EQUAL(total, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(mutex_lets_one_in_at_a_time),
	UNIT_CASE(mutex_alone_makes_no_call),
	UNIT_CASE(condition_wakes_whoever_can_go_on),
	UNIT_CASE(waits_end_in_time),
	UNIT_CASE(once_runs_once_before_anyone_goes_on),
};

UNIT_MAIN("capos/thread", cases)
