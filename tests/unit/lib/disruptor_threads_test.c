// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * lib/disruptor with a thread for each producer and consumer, under the thread sanitizer: in every graph each consumer
 * sees each message once, whole, in order, and the producers' close is the end. Slots are plain memory, so that a
 * missing barrier is a data race. Small rings and random batches make both ends wait often.
 */
#include "lib/disruptor.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define MESSAGES 60000u /* of each producer */
#define PRODUCERS_MAX 3
#define STAGES_MAX 4
#define CAPACITY_MAX 64

struct message {
	uint64_t producer;
	uint64_t number;       /* counts within the producer */
	uint64_t sum;          /* spoils a message that is half of one and half of another */
	uint64_t seen[STAGES_MAX]; /* W: consumer i */
};

struct consumer {
	struct disruptor_consumer end;
	unsigned index;
	unsigned before;  /* bit i: consumer i must have seen a message before */
	unsigned wrong;
	uint64_t total;
	uint64_t next[PRODUCERS_MAX];
	pthread_t thread;
};

struct producer {
	unsigned index;
	pthread_t thread;
};

static struct disruptor ring;
static struct message slots[CAPACITY_MAX];
static _Atomic uint64_t batch_ends[CAPACITY_MAX];
static struct consumer consumers[STAGES_MAX];
static struct producer producers[PRODUCERS_MAX];

static status_t yield(void *ctx)
{
	(void)ctx;
	sched_yield();
	return STATUS_OK;
}

static const struct disruptor_wait yielding = { .wait = yield };

static void write_message(uint64_t sequence, uint64_t producer, uint64_t number)
{
	struct message *message = DISRUPTOR_SLOT(&ring, struct message, sequence);

	*message = (struct message){ .producer = producer, .number = number, .sum = producer + number };
}

static void *produce(void *arg)
{
	const struct producer *self = arg;
	struct random random = random_start(60 + self->index);
	uint64_t number = 0;

	while (number < MESSAGES) {
		uint32_t count = 1 + (uint32_t)random_below(&random, ring.capacity < 6 ? ring.capacity : 6);
		uint64_t first;
		status_t status;

		if (count > MESSAGES - number)
			count = (uint32_t)(MESSAGES - number);
		status = ring.batch_ends ? disruptor_many_claim(&ring, count, &yielding, &first) :
					   disruptor_single_claim(&ring, count, &yielding, &first);
		if (status != STATUS_OK)
			return arg;
		for (uint32_t i = 0; i < count; i++)
			write_message(first + i, self->index, number++);
		if (ring.batch_ends)
			disruptor_many_publish(&ring, first, count);
		else
			disruptor_single_publish(&ring, first, count);
	}
	if (!ring.batch_ends)
		disruptor_close(&ring);
	return NULL;
}

static void read_message(struct consumer *self, uint64_t sequence)
{
	struct message *message = DISRUPTOR_SLOT(&ring, struct message, sequence);

	if (message->producer >= PRODUCERS_MAX || message->sum != message->producer + message->number) {
		self->wrong++;
		return;
	}
	self->wrong += message->number != self->next[message->producer]++;
	for (unsigned i = 0; i < STAGES_MAX; i++)
		if (self->before >> i & 1)
			self->wrong += message->seen[i] != sequence + 1;
	message->seen[self->index] = sequence + 1;
	self->total++;
}

static void *consume(void *arg)
{
	struct consumer *self = arg;
	struct random random = random_start(70 + self->index);
	uint64_t first, count;

	while (disruptor_await(&self->end, &yielding, &first, &count) == STATUS_OK) {
		uint64_t take = random_below(&random, 3) ? count : 1;

		for (uint64_t i = 0; i < take; i++)
			read_message(self, first + i);
		disruptor_release(&self->end, first + take);
	}
	return NULL;
}

static void add_consumer(unsigned index, unsigned before)
{
	struct consumer *self = &consumers[index];
	struct disruptor_consumer *after[STAGES_MAX];
	uint32_t after_count = 0;

	*self = (struct consumer){ .index = index, .before = before };
	for (unsigned i = 0; i < STAGES_MAX; i++)
		if (before >> i & 1)
			after[after_count++] = &consumers[i].end;
	CU_ASSERT_EQUAL_FATAL(disruptor_consumer_init(&self->end, &ring, after, after_count), STATUS_OK);
}

/* Runs a graph: `before[i]` is the set of consumers that consumer i comes after. */
static void run(uint64_t capacity, bool many, unsigned producer_count, unsigned consumer_count, const unsigned *before)
{
	void *failed;

	CU_ASSERT_EQUAL_FATAL(disruptor_init(&ring, slots, sizeof(slots[0]), capacity, many ? batch_ends : NULL), STATUS_OK);
	for (unsigned i = 0; i < consumer_count; i++)
		add_consumer(i, before[i]);
	for (unsigned i = 0; i < consumer_count; i++)
		pthread_create(&consumers[i].thread, NULL, consume, &consumers[i]);
	for (unsigned i = 0; i < producer_count; i++) {
		producers[i].index = i;
		pthread_create(&producers[i].thread, NULL, produce, &producers[i]);
	}
	for (unsigned i = 0; i < producer_count; i++) {
		pthread_join(producers[i].thread, &failed);
		CU_ASSERT_PTR_NULL(failed);
	}
	disruptor_close(&ring);
	for (unsigned i = 0; i < consumer_count; i++) {
		pthread_join(consumers[i].thread, NULL);
		CU_ASSERT_EQUAL(consumers[i].wrong, 0);
		CU_ASSERT_EQUAL(consumers[i].total, (uint64_t)producer_count * MESSAGES);
		for (unsigned p = 0; p < producer_count; p++)
			CU_ASSERT_EQUAL(consumers[i].next[p], MESSAGES);
	}
}

static const unsigned alone[] = { 0 };
static const unsigned broadcast[] = { 0, 0, 0 };
static const unsigned pipeline[] = { 0, 1 << 0, 1 << 1 };
static const unsigned diamond[] = { 0, 1 << 0, 1 << 0, 1 << 1 | 1 << 2 };

static void one_producer_one_consumer(void)
{
	run(64, false, 1, 1, alone);
	run(1, false, 1, 1, alone);
	run(8, true, 1, 1, alone);
}

static void three_producers_one_consumer(void)
{
	run(64, true, 3, 1, alone);
	run(8, true, 3, 1, alone);
	run(1, true, 3, 1, alone);
}

static void one_producer_three_consumers(void)
{
	run(16, false, 1, 3, broadcast);
	run(16, true, 1, 3, broadcast);
}

static void pipeline_of_three(void)
{
	run(16, false, 1, 3, pipeline);
	run(16, true, 3, 3, pipeline);
}

static void diamond_of_four(void)
{
	run(16, false, 1, 4, diamond);
	run(16, true, 2, 4, diamond);
}

static void close_stops_many_producers_in_the_middle(void)
{
	uint64_t claimed;
	void *stopped;

	CU_ASSERT_EQUAL_FATAL(disruptor_init(&ring, slots, sizeof(slots[0]), 8, batch_ends), STATUS_OK);
	add_consumer(0, 0);
	pthread_create(&consumers[0].thread, NULL, consume, &consumers[0]);
	for (unsigned i = 0; i < PRODUCERS_MAX; i++) {
		producers[i].index = i;
		pthread_create(&producers[i].thread, NULL, produce, &producers[i]);
	}
	while (atomic_load(&ring.claimed) < 1000)
		sched_yield();
	disruptor_close(&ring);
	claimed = atomic_load(&ring.claimed) & ~DISRUPTOR_CLOSED;
	for (unsigned i = 0; i < PRODUCERS_MAX; i++)
		pthread_join(producers[i].thread, &stopped);
	pthread_join(consumers[0].thread, NULL);
	CU_ASSERT_EQUAL(consumers[0].wrong, 0);
	CU_ASSERT_EQUAL(consumers[0].total, claimed);
}

static const struct unit_case cases[] = {
	UNIT_CASE(one_producer_one_consumer),	 UNIT_CASE(three_producers_one_consumer),
	UNIT_CASE(one_producer_three_consumers), UNIT_CASE(pipeline_of_three),
	UNIT_CASE(diamond_of_four),		 UNIT_CASE(close_stops_many_producers_in_the_middle),
};
UNIT_MAIN("lib/disruptor threads", cases)
