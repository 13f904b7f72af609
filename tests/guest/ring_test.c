// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The disruptor between fibers, on several CPUs where there are some, and the log that is built on it. */
#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/log.h"
#include "kernel/core/wait.h"
#include "lib/disruptor.h"
#include "tests/guest/guest.h"

enum { CAPACITY = 64, MESSAGES = 20000, MESSAGES_OF_CPUS = 500, PRODUCERS = 3, FLOOD_LINES = 600, PATIENCE_NS = 2000000 };

struct message {
	uint32_t producer;
	uint32_t number;
};

static struct disruptor ring;
static struct disruptor_consumer first_consumer;
static struct disruptor_consumer second_consumer;
static struct message slots[CAPACITY];
static _Atomic uint64_t batch_ends[CAPACITY];
static uint32_t messages; /* of each producer */
static _Atomic unsigned producing;

static status_t wait_by_yield(void *ctx)
{
	(void)ctx;
	fiber_yield();
	hal_cpu_relax();
	return STATUS_OK;
}

static const struct disruptor_wait yielding = { .wait = wait_by_yield };

static void producer(void *arg)
{
	uint32_t sent = 0;
	uint32_t batch = 1;

	while (sent < messages) {
		uint64_t first;
		uint32_t count = batch < messages - sent ? batch : messages - sent;

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
	if (atomic_fetch_sub(&producing, 1) == 1)
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
static _Atomic bool second_ended;

static void second_main(void *arg)
{
	uint64_t total;

	(void)arg;
	second_why = consume(&second_consumer, &total);
	if (second_why == NULL && total != (uint64_t)PRODUCERS * messages)
		second_why = "the second consumer of the pipeline missed messages";
	atomic_store(&second_ended, true);
}

static const struct fiber_options ordinary = { .name = "ring", .priority = FIBER_NORMAL };

static const char *three_producers_and_a_pipeline_lose_nothing(void)
{
	struct disruptor_consumer *after[] = { &first_consumer };
	uint64_t total;
	const char *why;

	GUEST_CHECK(disruptor_init(&ring, slots, sizeof(slots[0]), CAPACITY, batch_ends) == STATUS_OK);
	GUEST_CHECK(disruptor_consumer_init(&first_consumer, &ring, NULL, 0) == STATUS_OK);
	GUEST_CHECK(disruptor_consumer_init(&second_consumer, &ring, after, 1) == STATUS_OK);
	/* Between CPUs that take turns, as under -icount, each waits long for the other. */
	messages = hal_cpu_count() > 1 ? MESSAGES_OF_CPUS : MESSAGES;
	atomic_store(&producing, PRODUCERS);
	atomic_store(&second_ended, false);
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		GUEST_CHECK(fiber_create_on((unsigned)(i + 1) % hal_cpu_count(), &ordinary, producer, (void *)i) == STATUS_OK);
	GUEST_CHECK(fiber_create_on(2 % hal_cpu_count(), &ordinary, second_main, NULL) == STATUS_OK);
	why = consume(&first_consumer, &total);
	while (!atomic_load(&second_ended))
		fiber_yield();
	if (why != NULL)
		return why;
	GUEST_CHECK(total == (uint64_t)PRODUCERS * messages);
	return second_why;
}

/* Sleeping as a wait strategy: in a queue that the other side wakes, at most until a deadline. */
struct sleep {
	struct wait_queue *queue;
	uint64_t deadline_ns;
	unsigned slept;
};

static status_t wait_by_sleep(void *ctx)
{
	struct sleep *sleep = ctx;

	sleep->slept++;
	return wait_queue_sleep(sleep->queue, sleep->deadline_ns);
}

static struct wait_queue room;
static struct wait_queue news;
static unsigned sender_slept;

static void sender(void *arg)
{
	struct sleep sleep = { &room, WAIT_FOREVER, 0 };
	const struct disruptor_wait sleeping = { .wait = wait_by_sleep, .ctx = &sleep };

	(void)arg;
	for (uint32_t i = 0; i < MESSAGES; i++) {
		uint64_t first;

		if (disruptor_single_claim(&ring, 1, &sleeping, &first) != STATUS_OK)
			break;
		*DISRUPTOR_SLOT(&ring, struct message, first) = (struct message){ 0, i };
		disruptor_single_publish(&ring, first, 1);
		wait_queue_wake(&news);
	}
	disruptor_close(&ring);
	sender_slept = sleep.slept;
	wait_queue_wake(&news);
}

static const char *ends_that_sleep_wake_each_other(void)
{
	struct sleep sleep = { &news, WAIT_FOREVER, 0 };
	const struct disruptor_wait sleeping = { .wait = wait_by_sleep, .ctx = &sleep };
	uint64_t first, count, total = 0;

	wait_queue_init(&room);
	wait_queue_init(&news);
	GUEST_CHECK(disruptor_init(&ring, slots, sizeof(slots[0]), CAPACITY, NULL) == STATUS_OK);
	GUEST_CHECK(disruptor_consumer_init(&first_consumer, &ring, NULL, 0) == STATUS_OK);
	GUEST_CHECK(fiber_create("sender", sender, NULL) != NULL);
	while (disruptor_await(&first_consumer, &sleeping, &first, &count) == STATUS_OK) {
		for (uint64_t i = first; i < first + count; i++)
			GUEST_CHECK(DISRUPTOR_SLOT(&ring, struct message, i)->number == i);
		total += count;
		disruptor_release(&first_consumer, first + count);
		wait_queue_wake(&room);
	}
	GUEST_CHECK(total == MESSAGES);
	GUEST_CHECK(sleep.slept > 0 && sender_slept > 0);
	return NULL;
}

static const char *sleep_ends_at_its_deadline(void)
{
	uint64_t begin = hal_timer_now_ns();
	struct sleep sleep = { &news, begin + PATIENCE_NS, 0 };
	const struct disruptor_wait sleeping = { .wait = wait_by_sleep, .ctx = &sleep };
	uint64_t first, count;

	wait_queue_init(&news);
	GUEST_CHECK(disruptor_init(&ring, slots, sizeof(slots[0]), CAPACITY, NULL) == STATUS_OK);
	GUEST_CHECK(disruptor_consumer_init(&first_consumer, &ring, NULL, 0) == STATUS_OK);
	GUEST_CHECK(disruptor_await(&first_consumer, &sleeping, &first, &count) == STATUS_ETIMEDOUT);
	GUEST_CHECK(hal_timer_now_ns() - begin >= PATIENCE_NS);
	GUEST_CHECK(disruptor_single_claim(&ring, CAPACITY, &sleeping, &first) == STATUS_OK);
	sleep.deadline_ns = hal_timer_now_ns() + PATIENCE_NS;
	GUEST_CHECK(disruptor_single_claim(&ring, 1, &sleeping, &first) == STATUS_ETIMEDOUT);
	return NULL;
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
	{ "ends_that_sleep_wake_each_other", ends_that_sleep_wake_each_other },
	{ "sleep_ends_at_its_deadline", sleep_ends_at_its_deadline },
	{ "a_flooded_log_loses_no_line", a_flooded_log_loses_no_line },
};

const struct guest_table ring_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
