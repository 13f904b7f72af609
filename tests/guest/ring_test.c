// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The disruptor between fibers, and the log that is built on it. */
#include "kernel/core/fiber.h"
#include "kernel/core/log.h"
#include "lib/disruptor.h"
#include "tests/guest/guest.h"

enum { CAPACITY = 64, MESSAGES = 20000, PRODUCERS = 3, FLOOD_LINES = 600 };

struct message {
	uint32_t producer;
	uint32_t number;
};

static struct disruptor ring;
static struct disruptor_consumer first_consumer;
static struct disruptor_consumer second_consumer;
static struct message slots[CAPACITY];
static _Atomic uint64_t batch_ends[CAPACITY];
static unsigned producing;

static status_t wait_by_yield(void *ctx)
{
	(void)ctx;
	fiber_yield();
	return STATUS_OK;
}

static const struct disruptor_wait yielding = { .wait = wait_by_yield };

static void producer(void *arg)
{
	uint32_t sent = 0;
	uint32_t batch = 1;

	while (sent < MESSAGES) {
		uint64_t first;
		uint32_t count = batch < MESSAGES - sent ? batch : MESSAGES - sent;

		if (disruptor_many_claim(&ring, count, &yielding, &first) != STATUS_OK)
			break;
		for (uint32_t i = 0; i < count; i++)
			*DISRUPTOR_SLOT(&ring, struct message, first + i) =
				(struct message){ (uint32_t)(uintptr_t)arg, sent + i };
		if (batch % 3 == 0)
			fiber_yield(); /* others claim and publish in between */
		disruptor_many_publish(&ring, first, count);
		sent += count;
		batch = batch % 16 + 1;
	}
	if (--producing == 0)
		disruptor_close(&ring);
}

/* Reads to the end; what is wrong with what was read, or NULL. */
static const char *consume(struct disruptor_consumer *consumer, uint64_t *total)
{
	uint32_t next[PRODUCERS] = { 0 };
	uint64_t first;
	uint64_t count;

	*total = 0;
	while (disruptor_await(consumer, &yielding, &first, &count) == STATUS_OK) {
		for (uint64_t i = first; i < first + count; i++) {
			const struct message *message = DISRUPTOR_SLOT(&ring, struct message, i);

			GUEST_CHECK(message->producer < PRODUCERS);
			GUEST_CHECK(message->number == next[message->producer]);
			next[message->producer]++;
		}
		*total += count;
		disruptor_release(consumer, first + count);
	}
	return NULL;
}

static const char *second_why;
static bool second_ended;

static void second_main(void *arg)
{
	uint64_t total;

	(void)arg;
	second_why = consume(&second_consumer, &total);
	if (second_why == NULL && total != (uint64_t)PRODUCERS * MESSAGES)
		second_why = "the second consumer of the pipeline missed messages";
	second_ended = true;
}

static const char *three_producers_and_a_pipeline_lose_nothing(void)
{
	struct disruptor_consumer *after[] = { &first_consumer };
	uint64_t total;
	const char *why;

	GUEST_CHECK(disruptor_init(&ring, slots, sizeof(slots[0]), CAPACITY, batch_ends) == STATUS_OK);
	GUEST_CHECK(disruptor_consumer_init(&first_consumer, &ring, NULL, 0) == STATUS_OK);
	GUEST_CHECK(disruptor_consumer_init(&second_consumer, &ring, after, 1) == STATUS_OK);
	producing = PRODUCERS;
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		GUEST_CHECK(fiber_create("producer", producer, (void *)i) != NULL);
	second_ended = false;
	GUEST_CHECK(fiber_create("second", second_main, NULL) != NULL);
	why = consume(&first_consumer, &total);
	while (!second_ended)
		fiber_yield();
	if (why != NULL)
		return why;
	GUEST_CHECK(total == (uint64_t)PRODUCERS * MESSAGES);
	return second_why;
}

/* More text than the ring holds, without a chance for the console's fiber: the harness checks that each line came out whole. */
static const char *a_flooded_log_loses_no_line(void)
{
	for (unsigned i = 0; i < FLOOD_LINES; i++)
		log_line("flood: line %u of %u, with some more text so that it spans several slots of the ring", i + 1,
			 FLOOD_LINES);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "three_producers_and_a_pipeline_lose_nothing", three_producers_and_a_pipeline_lose_nothing },
	{ "a_flooded_log_loses_no_line", a_flooded_log_loses_no_line },
};

const struct guest_table ring_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
