// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * lib/disruptor on one thread: limits, order, dependencies, closing, slots of odd sizes, and random walks over all of
 * it.
 */
#include "lib/disruptor.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define CAPACITY 8

static struct disruptor ring;
static struct disruptor_consumer a, b, c;
static uint64_t slots[CAPACITY];
static _Atomic uint64_t batch_ends[CAPACITY];

static void start(bool many)
{
	memset((void *)batch_ends, 0xee, sizeof(batch_ends));
	CU_ASSERT_EQUAL_FATAL(disruptor_init(&ring, slots, sizeof(slots[0]), CAPACITY, many ? batch_ends : NULL), STATUS_OK);
}

static void join(struct disruptor_consumer *consumer, struct disruptor_consumer *after)
{
	CU_ASSERT_EQUAL_FATAL(disruptor_consumer_init(consumer, &ring, &after, after ? 1 : 0), STATUS_OK);
}

static status_t try_claim(uint32_t count, uint64_t *first)
{
	return ring.batch_ends ? disruptor_many_try_claim(&ring, count, first) : disruptor_single_try_claim(&ring, count, first);
}

static void publish(uint64_t first, uint32_t count)
{
	if (ring.batch_ends)
		disruptor_many_publish(&ring, first, count);
	else
		disruptor_single_publish(&ring, first, count);
}

static uint64_t poll(struct disruptor_consumer *consumer)
{
	uint64_t first;

	return disruptor_poll(consumer, &first);
}

static void sizes_are_checked(void)
{
	CU_ASSERT_EQUAL(disruptor_init(&ring, slots, 8, 0, NULL), STATUS_EINVAL);
	CU_ASSERT_EQUAL(disruptor_init(&ring, slots, 8, 6, NULL), STATUS_EINVAL);
	CU_ASSERT_EQUAL(disruptor_init(&ring, slots, 8, UINT64_C(1) << 32, NULL), STATUS_EINVAL);
	CU_ASSERT_EQUAL(disruptor_init(&ring, slots, 0, 8, NULL), STATUS_EINVAL);
	CU_ASSERT_EQUAL(disruptor_init(&ring, slots, SIZE_MAX / 4, 8, NULL), STATUS_EINVAL);
}

static void full_ring_refuses_instead_of_overrunning(void)
{
	uint64_t first = 99;

	for (int many = 0; many < 2; many++) {
		start(many);
		join(&a, NULL);
		CU_ASSERT_EQUAL(try_claim(CAPACITY + 1, &first), STATUS_EINVAL);
		CU_ASSERT_EQUAL(try_claim(UINT32_MAX, &first), STATUS_EINVAL);
		CU_ASSERT_EQUAL(try_claim(5, &first), STATUS_OK);
		CU_ASSERT_EQUAL(first, 0);
		CU_ASSERT_EQUAL(try_claim(4, &first), STATUS_EAGAIN);
		publish(0, 5);
		CU_ASSERT_EQUAL(poll(&a), 5);
		CU_ASSERT_EQUAL(try_claim(4, &first), STATUS_EAGAIN);
		disruptor_release(&a, 1);
		CU_ASSERT_EQUAL(poll(&a), 4);
		CU_ASSERT_EQUAL(try_claim(5, &first), STATUS_EAGAIN);
		CU_ASSERT_EQUAL(try_claim(4, &first), STATUS_OK);
		CU_ASSERT_EQUAL(first, 5);
	}
}

static void ring_without_consumers_keeps_what_it_holds(void)
{
	uint64_t first;

	start(true);
	for (uint64_t i = 0; i < CAPACITY; i++) {
		CU_ASSERT_EQUAL(try_claim(1, &first), STATUS_OK);
		publish(first, 1);
	}
	CU_ASSERT_EQUAL(try_claim(1, &first), STATUS_EAGAIN);
	join(&a, NULL);
	CU_ASSERT_EQUAL(poll(&a), CAPACITY);
	disruptor_release(&a, 3);
	CU_ASSERT_EQUAL(try_claim(3, &first), STATUS_OK);
	CU_ASSERT_EQUAL(disruptor_consumer_init(&b, &ring, NULL, 0), STATUS_EBUSY);
}

static void claims_published_out_of_order_appear_in_order(void)
{
	uint64_t first[3];

	start(true);
	join(&a, NULL);
	for (int lap = 0; lap < 5; lap++) {
		for (int i = 0; i < 3; i++)
			CU_ASSERT_EQUAL(try_claim(2, &first[i]), STATUS_OK);
		publish(first[1], 2);
		CU_ASSERT_EQUAL(poll(&a), 0);
		publish(first[0], 2);
		CU_ASSERT_EQUAL(poll(&a), 4);
		publish(first[2], 2);
		disruptor_release(&a, first[2]);
		CU_ASSERT_EQUAL(poll(&a), 2);
		disruptor_release(&a, first[2] + 2);
	}
}

static void consumer_waits_for_those_it_comes_after(void)
{
	struct disruptor_consumer *both[] = { &a, &b };
	uint64_t first;

	for (int many = 0; many < 2; many++) {
		start(many);
		join(&a, NULL);
		join(&b, NULL);
		CU_ASSERT_EQUAL_FATAL(disruptor_consumer_init(&c, &ring, both, 2), STATUS_OK);
		CU_ASSERT_EQUAL(ring.gate_count, 1);
		CU_ASSERT_EQUAL(try_claim(6, &first), STATUS_OK);
		publish(first, 6);
		CU_ASSERT_EQUAL(poll(&a), 6);
		CU_ASSERT_EQUAL(poll(&b), 6);
		disruptor_release(&a, 5);
		CU_ASSERT_EQUAL(poll(&c), 0);
		disruptor_release(&b, 3);
		CU_ASSERT_EQUAL(poll(&c), 3);
		CU_ASSERT_EQUAL(try_claim(3, &first), STATUS_EAGAIN);
		disruptor_release(&c, 1);
		CU_ASSERT_EQUAL(try_claim(3, &first), STATUS_OK);
	}
}

static void graphs_are_checked(void)
{
	static struct disruptor_consumer many[DISRUPTOR_GATES_MAX + 1];
	struct disruptor other;
	struct disruptor_consumer *after = &a;

	start(false);
	join(&a, NULL);
	CU_ASSERT_EQUAL(disruptor_init(&other, slots, 8, CAPACITY, NULL), STATUS_OK);
	CU_ASSERT_EQUAL(disruptor_consumer_init(&b, &other, &after, 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(disruptor_consumer_init(&b, &ring, NULL, DISRUPTOR_GATES_MAX + 1), STATUS_ENOSPC);
	for (int i = 0; i < DISRUPTOR_GATES_MAX - 1; i++)
		join(&many[i], NULL);
	CU_ASSERT_EQUAL(disruptor_consumer_init(&many[DISRUPTOR_GATES_MAX], &ring, NULL, 0), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(ring.gate_count, DISRUPTOR_GATES_MAX);
}

static void odd_slots_lie_behind_one_another(void)
{
	static uint8_t bytes[4][13];
	uint64_t first;

	CU_ASSERT_EQUAL(disruptor_init(&ring, bytes, 13, 4, NULL), STATUS_OK);
	join(&a, NULL);
	for (uint64_t i = 0; i < 10; i++) {
		CU_ASSERT_EQUAL(try_claim(1, &first), STATUS_OK);
		CU_ASSERT_PTR_EQUAL(disruptor_slot(&ring, first), bytes[i % 4]);
		publish(first, 1);
		CU_ASSERT_EQUAL(poll(&a), 1);
		disruptor_release(&a, first + 1);
	}
	CU_ASSERT_EQUAL(disruptor_contiguous(&ring, 10, 4), 2);
	CU_ASSERT_EQUAL(disruptor_contiguous(&ring, 10, 1), 1);
	CU_ASSERT_EQUAL(disruptor_contiguous(&ring, 12, 4), 4);
}

static void claims_of_nothing_are_refused_or_harmless(void)
{
	uint64_t first, late;

	start(true);
	join(&a, NULL);
	CU_ASSERT_EQUAL(disruptor_many_try_claim(&ring, 0, &first), STATUS_EINVAL);
	CU_ASSERT_EQUAL(disruptor_many_claim(&ring, 0, &disruptor_spin, &first), STATUS_EINVAL);
	CU_ASSERT_EQUAL(disruptor_many_claim(&ring, CAPACITY + 1, &disruptor_spin, &first), STATUS_EINVAL);
	start(false);
	join(&a, NULL);
	CU_ASSERT_EQUAL(try_claim(1, &first), STATUS_OK);
	publish(first, 1);
	CU_ASSERT_EQUAL(try_claim(0, &late), STATUS_OK);
	publish(late, 0);
	CU_ASSERT_EQUAL(poll(&a), 1);
	CU_ASSERT_EQUAL(disruptor_single_claim(&ring, CAPACITY + 1, &disruptor_spin, &first), STATUS_EINVAL);
}

/* Alike and not alike, over several laps: what is skipped or taken twice would show. */
static void batches_of_changing_sizes_are_followed(void)
{
	static const uint32_t sizes[] = { 1, 1, 1, 3, 3, 2, 1, 1, 4, 4, 1, 8, 8, 2, 2, 2, 1 };
	uint64_t first;

	start(true);
	join(&a, NULL);
	for (size_t i = 0; i < 10 * sizeof(sizes) / sizeof(sizes[0]);) {
		uint64_t begin = a.next, end = begin;

		for (uint32_t size; size = sizes[i % (sizeof(sizes) / sizeof(sizes[0]))], try_claim(size, &first) == STATUS_OK; i++) {
			publish(first, size);
			end = first + size;
		}
		CU_ASSERT_EQUAL(disruptor_poll(&a, &first), end - begin);
		CU_ASSERT_EQUAL(first, begin);
		disruptor_release(&a, end);
	}
}

static void a_crowd_is_a_few_messages_of_others(void)
{
	CU_ASSERT_FALSE(disruptor_many_is_crowded(5, 5));
	CU_ASSERT_TRUE(disruptor_many_is_crowded(5, 6));
	CU_ASSERT_TRUE(disruptor_many_is_crowded(5, 5 + DISRUPTOR_CROWD));
	CU_ASSERT_FALSE(disruptor_many_is_crowded(5, 6 + DISRUPTOR_CROWD));
}

static unsigned waits;

static status_t give_up_after_three(void *ctx)
{
	(void)ctx;
	return ++waits < 3 ? STATUS_OK : STATUS_ETIMEDOUT;
}

static status_t make_room(void *ctx)
{
	struct disruptor_consumer *consumer = ctx;

	poll(consumer);
	disruptor_release(consumer, consumer->next + 1);
	return STATUS_OK;
}

static void waiting_ends_by_progress_or_by_the_strategy(void)
{
	const struct disruptor_wait patience = { .wait = give_up_after_three };
	const struct disruptor_wait helper = { .wait = make_room, .ctx = &a };
	uint64_t first, count;

	for (int many = 0; many < 2; many++) {
		start(many);
		join(&a, NULL);
		waits = 0;
		CU_ASSERT_EQUAL(disruptor_await(&a, &patience, &first, &count), STATUS_ETIMEDOUT);
		CU_ASSERT_EQUAL(waits, 3);
		CU_ASSERT_EQUAL(try_claim(CAPACITY, &first), STATUS_OK);
		publish(first, CAPACITY);
		waits = 0;
		CU_ASSERT_EQUAL(many ? disruptor_many_claim(&ring, 2, &patience, &first) :
				       disruptor_single_claim(&ring, 2, &patience, &first), STATUS_ETIMEDOUT);
		CU_ASSERT_EQUAL(many ? disruptor_many_claim(&ring, 2, &helper, &first) :
				       disruptor_single_claim(&ring, 2, &helper, &first), STATUS_OK);
		CU_ASSERT_EQUAL(first, CAPACITY);
		CU_ASSERT_EQUAL(a.next, 2);
	}
}

static void closing_loses_nothing(void)
{
	const struct disruptor_wait patience = { .wait = give_up_after_three };
	uint64_t first, count, late;

	for (int many = 0; many < 2; many++) {
		start(many);
		join(&a, NULL);
		CU_ASSERT_EQUAL(try_claim(3, &first), STATUS_OK);
		disruptor_close(&ring);
		disruptor_close(&ring);
		CU_ASSERT_EQUAL(try_claim(1, &late), STATUS_ECANCELED);
		waits = 0;
		CU_ASSERT_EQUAL(disruptor_await(&a, &patience, &late, &count), STATUS_ETIMEDOUT);
		publish(first, 3);
		CU_ASSERT_EQUAL(disruptor_await(&a, &patience, &late, &count), STATUS_OK);
		CU_ASSERT_EQUAL(count, 3);
		disruptor_release(&a, 3);
		CU_ASSERT_EQUAL(disruptor_await(&a, &patience, &late, &count), STATUS_ENODATA);
	}
}

/*
 * Up to four claims are open at once, published at random; a then b; every message is seen once, in order, as written.
 */
static unsigned walk(struct random *random, bool many)
{
	struct { uint64_t first; uint32_t count; } open[4];
	uint64_t expected[2] = { 0 }, written = 0;
	unsigned open_count = 0, wrong = 0;

	start(many);
	join(&a, NULL);
	join(&b, &a);
	for (int i = 0; i < 50000; i++) {
		struct disruptor_consumer *consumer = random_below(random, 2) ? &a : &b;
		uint32_t count = 1 + (uint32_t)random_below(random, 4);
		uint64_t first, *next = &expected[consumer == &b];

		if (open_count < 4 && try_claim(count, &first) == STATUS_OK) {
			wrong += first != written || first + count > b.next + CAPACITY;
			for (uint64_t s = first; s < first + count; s++)
				*DISRUPTOR_SLOT(&ring, uint64_t, s) = s * 3;
			written += count;
			open[open_count].first = first;
			open[open_count++].count = count;
		}
		if (open_count > 0 && random_below(random, 2)) {
			unsigned pick = many ? (unsigned)random_below(random, open_count) : 0;

			publish(open[pick].first, open[pick].count);
			memmove(&open[pick], &open[pick + 1], (--open_count - pick) * sizeof(open[0]));
		}
		for (uint64_t take = random_below(random, disruptor_poll(consumer, &first) + 1); take > 0; take--) {
			wrong += first != *next || *DISRUPTOR_SLOT(&ring, uint64_t, first) != first * 3;
			disruptor_release(consumer, ++first);
			++*next;
		}
	}
	return wrong + (expected[1] < 1000);
}

static void random_walks_see_every_message_once_in_order(void)
{
	struct random random = random_start(50);

	CU_ASSERT_EQUAL(walk(&random, false), 0);
	CU_ASSERT_EQUAL(walk(&random, true), 0);
}

static void a_ring_made_when_compiled_is_as_one_that_is_set_up(void)
{
	static struct disruptor made = DISRUPTOR_MANY_INIT(slots, sizeof(slots[0]), CAPACITY, batch_ends, a);
	static struct disruptor_consumer reader = DISRUPTOR_READER_INIT(made);

	memset(&ring, 0, sizeof(ring));
	memset(&a, 0, sizeof(a));
	start(true);
	join(&a, NULL);
	CU_ASSERT_PTR_EQUAL(reader.ring, &made);
	reader.ring = &ring;
	CU_ASSERT_EQUAL(memcmp(&made, &ring, sizeof(ring)), 0);
	CU_ASSERT_EQUAL(memcmp(&reader, &a, sizeof(a)), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(sizes_are_checked),
	UNIT_CASE(a_ring_made_when_compiled_is_as_one_that_is_set_up),
	UNIT_CASE(full_ring_refuses_instead_of_overrunning),
	UNIT_CASE(ring_without_consumers_keeps_what_it_holds),
	UNIT_CASE(claims_published_out_of_order_appear_in_order),
	UNIT_CASE(consumer_waits_for_those_it_comes_after),
	UNIT_CASE(graphs_are_checked),
	UNIT_CASE(odd_slots_lie_behind_one_another),
	UNIT_CASE(claims_of_nothing_are_refused_or_harmless),
	UNIT_CASE(batches_of_changing_sizes_are_followed),
	UNIT_CASE(a_crowd_is_a_few_messages_of_others),
	UNIT_CASE(waiting_ends_by_progress_or_by_the_strategy),
	UNIT_CASE(closing_loses_nothing),
	UNIT_CASE(random_walks_see_every_message_once_in_order),
};
UNIT_MAIN("lib/disruptor", cases)
