// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * One ring that several threads share, against a kernel made of a mutex and a condition: methods that answer at once, and methods that a
 * device thread answers later, in another order. Every thread gets its own answers, and none sleeps through its completion (a hang,
 * which ends the program). Under the thread sanitizer.
 */
#include "capos/src/ring.h"

#include <capos/capos.h>

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* In place of capos/src/thread.h, which finds the ring by a register of the CPU. */
#define CAPOS_SRC_THREAD_H
static struct ring shared_ring;
static _Thread_local struct ring *own_ring;

static inline struct ring *thread_ring(void)
{
	return own_ring ? own_ring : &shared_ring;
}

#include "capos/src/call.c"
#include "capos/src/operation.c"

#include "tests/unit/capos/host_event.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

enum { THREADS = 5, CALLS = 3000, BATCH = 20, LATER = 2, HANG_SECONDS = 100 };

struct block {
	_Alignas(4096) struct capos_rings cursors;
	_Alignas(4096) struct capos_submission submissions[CAPOS_SUBMISSIONS];
	_Alignas(4096) struct capos_completion completions[CAPOS_COMPLETIONS];
};

/* The kernel: one lock for all of it. */
static struct block block;
static pthread_mutex_t kernel = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t something_completed = PTHREAD_COND_INITIALIZER;
static struct capos_completion later[CAPOS_COMPLETIONS]; /* outstanding */
static unsigned later_count;
static uint32_t complete_tail;
static uint32_t submit_head;
static bool is_over;
static unsigned entered;

static uint32_t waiting(void)
{
	return complete_tail - atomic_load_explicit(&block.cursors.complete_head, memory_order_acquire);
}

static void complete(const struct capos_completion *completion)
{
	CU_ASSERT_FATAL(waiting() < CAPOS_COMPLETIONS);
	block.completions[complete_tail++ % CAPOS_COMPLETIONS] = *completion;
	atomic_store_explicit(&block.cursors.complete_tail, complete_tail, memory_order_release);
	pthread_cond_broadcast(&something_completed);
}

/* The result is what the submission says in `params`, so that each thread knows what is due. */
static void carry_out(void)
{
	uint32_t tail = atomic_load_explicit(&block.cursors.submit_tail, memory_order_acquire);

	while (submit_head != tail && later_count + waiting() < CAPOS_COMPLETIONS) {
		struct capos_submission submission = block.submissions[submit_head++ % CAPOS_SUBMISSIONS];
		struct capos_completion completion = {
			.user_data = submission.user_data, .result = (int64_t)submission.params, .new_cap = submission.cap,
		};

		atomic_store_explicit(&block.cursors.submit_head, submit_head, memory_order_release);
		if (submission.method == LATER)
			later[later_count++] = completion;
		else
			complete(&completion);
	}
}

int64_t capos_sys_cap_enter(uint32_t min_complete, uint64_t timeout_ns)
{
	int64_t count;

	CU_ASSERT_FATAL(min_complete <= CAPOS_COMPLETIONS);
	pthread_mutex_lock(&kernel);
	entered++;
	carry_out();
	while (waiting() < min_complete && timeout_ns == CAPOS_WAIT_FOREVER)
		pthread_cond_wait(&something_completed, &kernel);
	count = waiting();
	pthread_mutex_unlock(&kernel);
	return count;
}

int64_t capos_ring_cancel(capos_cap_t ring, uint64_t user_data)
{
	(void)ring;
	(void)user_data;
	return 0;
}

/* Completes one of the outstanding, any of them, now and then. */
static void *device(void *arg)
{
	struct random random = random_start(99);

	(void)arg;
	pthread_mutex_lock(&kernel);
	while (!is_over) {
		if (later_count > 0) {
			unsigned one = (unsigned)random_below(&random, later_count);
			struct capos_completion completion = later[one];

			later[one] = later[--later_count];
			complete(&completion);
			carry_out();
		}
		pthread_mutex_unlock(&kernel);
		if (random_below(&random, 4) == 0)
			usleep(20);
		pthread_mutex_lock(&kernel);
	}
	pthread_mutex_unlock(&kernel);
	return NULL;
}

static int64_t due(uint64_t thread, uint64_t number)
{
	return (int64_t)(thread * 1000000 + number);
}

static unsigned call_one(struct random *random, uint64_t thread, uint64_t number)
{
	capos_cap_t new_cap = 0;
	const struct capos_request request = {
		.cap = (capos_cap_t)thread + 1, .method = 1 + (uint16_t)random_below(random, 2), .params = (void *)due(thread, number),
	};

	return capos_call(&request, &new_cap) != due(thread, number) || new_cap != thread + 1;
}

static unsigned submit_many(struct random *random, uint64_t thread, uint64_t number)
{
	struct capos_submission submissions[BATCH];
	struct capos_operation operations[BATCH];
	unsigned wrong = 0;

	for (unsigned i = 0; i < BATCH; i++)
		submissions[i] = (struct capos_submission){
			.cap = 1, .method = 1 + (uint16_t)random_below(random, 2), .params = (uint64_t)due(thread, number + i),
		};
	wrong += capos_submit_batch(submissions, operations, BATCH) != 0;
	for (unsigned i = BATCH; i-- > 0;) {
		wrong += capos_operation_wait(&operations[i], CAPOS_WAIT_FOREVER) != 0;
		wrong += operations[i].result != due(thread, number + i);
	}
	return wrong;
}

static void *call_many(void *arg)
{
	uint64_t thread = (uint64_t)arg;
	struct random random = random_start(thread);
	unsigned wrong = 0;

	for (uint64_t i = 0; i < CALLS; i++) {
		switch (random_below(&random, 12)) {
		case 0:
			wrong += submit_many(&random, thread, i);
			break;
		case 1:
			(void)capos_poll();
			break;
		case 2:
			wrong += capos_enter() != 0;
			break;
		default:
			wrong += call_one(&random, thread, i);
		}
	}
	return (void *)(uint64_t)wrong;
}

static void each_thread_gets_its_own_answers(void)
{
	pthread_t threads[THREADS];
	pthread_t machine;

	alarm(HANG_SECONDS);
	ring_init(&shared_ring, &block);
	shared_ring.shared = true;
	CU_ASSERT_FATAL(pthread_create(&machine, NULL, device, NULL) == 0);
	for (unsigned long i = 0; i < THREADS; i++)
		CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, call_many, (void *)i) == 0);
	for (unsigned i = 0; i < THREADS; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		CU_ASSERT_EQUAL((uint64_t)wrong, 0);
	}
	CU_ASSERT_EQUAL(shared_ring.waiters, 0);
	CU_ASSERT_EQUAL(shared_ring.lock, 0);
	pthread_mutex_lock(&kernel);
	CU_ASSERT_EQUAL(later_count, 0);
	is_over = true;
	pthread_mutex_unlock(&kernel);
	pthread_join(machine, NULL);
}

/* The same ring afterwards, as one thread's own: calls in between operations, one system call each. */
static void calls_and_operations_mix(void)
{
	struct capos_submission submission = { .cap = 1, .method = 1, .params = 77 };
	struct capos_operation operation;
	struct capos_operation other = { .ring = &block };
	unsigned before;

	shared_ring.shared = false;
	CU_ASSERT_EQUAL(capos_submit(&submission, &operation), 0);
	CU_ASSERT_FALSE(capos_operation_is_done(&operation));
	before = entered;
	submission.method = 1;
	for (unsigned i = 0; i < 10; i++) {
		const struct capos_request request = { .cap = 1, .method = 1, .params = (void *)(uint64_t)i };

		CU_ASSERT_EQUAL(capos_call(&request, NULL), i);
	}
	CU_ASSERT_EQUAL(entered, before + 10);
	CU_ASSERT_TRUE(capos_operation_is_done(&operation));
	CU_ASSERT_EQUAL(operation.result, 77);
	CU_ASSERT_EQUAL(capos_operation_wait(&other, 0), -EINVAL);
	CU_ASSERT_EQUAL(capos_submit_batch(&submission, &operation, 0), -EINVAL);
	CU_ASSERT_EQUAL(capos_submit_batch(&submission, &operation, CAPOS_SUBMISSIONS + 1), -EINVAL);
	CU_ASSERT_EQUAL(capos_submit(&submission, NULL), -EINVAL);
}

/* More than the ring holds, none carried out before it has to be. */
static void full_rings_wait_for_room(void)
{
	enum { COUNT = 3 * CAPOS_SUBMISSIONS };
	static struct capos_operation operations[COUNT];
	unsigned before = entered;

	for (unsigned i = 0; i < COUNT; i++) {
		const struct capos_submission submission = { .cap = 1, .method = 1, .params = i };

		CU_ASSERT_EQUAL(capos_submit(&submission, &operations[i]), 0);
	}
	CU_ASSERT_TRUE(entered - before <= 4);
	CU_ASSERT_EQUAL(capos_enter(), 0);
	for (unsigned i = 0; i < COUNT; i++)
		CU_ASSERT_TRUE(capos_operation_is_done(&operations[i]) && operations[i].result == i);
}

static const struct unit_case cases[] = {
	UNIT_CASE(each_thread_gets_its_own_answers),
	UNIT_CASE(calls_and_operations_mix),
	UNIT_CASE(full_rings_wait_for_room),
};

UNIT_MAIN("capos/operation", cases)
