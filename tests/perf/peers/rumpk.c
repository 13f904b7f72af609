// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/disruptor as a contender. Messages are written and read where they lie. */
#include "tests/perf/peers/contender.h"

#include "lib/disruptor.h"

enum { LINE = 8, AHEAD = 8 * LINE }; /* messages */

static struct disruptor ring;
static struct disruptor_consumer consumer;
static _Alignas(4096) uint64_t slots[CAPACITY_MAX];
static _Alignas(4096) _Atomic uint64_t batch_ends[CAPACITY_MAX];

static status_t wait(void *ctx)
{
	back_off(ctx);
	return STATUS_OK;
}

static bool prepare(uint64_t capacity, unsigned producers, uint32_t batch)
{
	(void)batch;
	return disruptor_init(&ring, slots, sizeof(slots[0]), capacity, producers > 1 ? batch_ends : NULL) == STATUS_OK &&
	       disruptor_consumer_init(&consumer, &ring, NULL, 0) == STATUS_OK;
}

/* Messages first .. first + count - 1 become numbers from `value` on; the wrap is looked for once. */
static inline void fill(uint64_t first, uint32_t count, uint64_t value)
{
	uint64_t run = disruptor_contiguous(&ring, first, count);
	uint64_t *at = DISRUPTOR_SLOT(&ring, uint64_t, first);

	for (uint64_t i = 0; i < run; i++)
		at[i] = value + i;
	for (uint64_t i = run; i < count; i++)
		slots[i - run] = value + i;
}

static void produce_single(uint64_t messages, const struct disruptor_wait *waiting)
{
	uint64_t first;

	for (uint64_t i = 0; i < messages; i++) {
		if (disruptor_single_claim(&ring, 1, waiting, &first) != STATUS_OK)
			return;
		*DISRUPTOR_SLOT(&ring, uint64_t, first) = i;
		disruptor_single_publish(&ring, first, 1);
		DISRUPTOR_PREFETCH(&ring, uint64_t, first + AHEAD);
	}
}

static void produce_many(uint64_t messages, const struct disruptor_wait *waiting)
{
	uint64_t first, end = 0;

	for (uint64_t i = 0; i < messages; i++) {
		if (disruptor_many_claim(&ring, 1, waiting, &first) != STATUS_OK)
			return;
		*DISRUPTOR_SLOT(&ring, uint64_t, first) = i;
		disruptor_many_publish(&ring, first, 1);
		if (disruptor_many_is_crowded(end, first))
			sched_yield();
		end = first + 1;
	}
}

static void produce(uint64_t messages, uint32_t batch)
{
	unsigned looks = 0;
	const struct disruptor_wait waiting = { .wait = wait, .ctx = &looks };
	uint64_t first, end = 0;

	if (batch == 1 && ring.batch_ends)
		produce_many(messages, &waiting);
	else if (batch == 1)
		produce_single(messages, &waiting);
	else if (ring.batch_ends)
		for (uint64_t i = 0; i < messages; i += batch) {
			if (disruptor_many_claim(&ring, batch, &waiting, &first) != STATUS_OK)
				return;
			fill(first, batch, i);
			disruptor_many_publish(&ring, first, batch);
			if (disruptor_many_is_crowded(end, first))
				sched_yield();
			end = first + batch;
		}
	else
		for (uint64_t i = 0; i < messages; i += batch) {
			if (disruptor_single_claim(&ring, batch, &waiting, &first) != STATUS_OK)
				return;
			fill(first, batch, i);
			disruptor_single_publish(&ring, first, batch);
			for (uint32_t j = 0; j < batch; j += LINE)
				DISRUPTOR_PREFETCH(&ring, uint64_t, first + 2 * batch + j);
		}
}

static uint64_t add_up(uint64_t first, uint64_t count)
{
	uint64_t run = disruptor_contiguous(&ring, first, count);
	const uint64_t *at = DISRUPTOR_SLOT(&ring, uint64_t, first);
	uint64_t sum = 0;

	for (uint64_t i = 0; i < run; i++)
		sum += at[i];
	for (uint64_t i = run; i < count; i++)
		sum += slots[i - run];
	return sum;
}

static uint64_t consume(uint64_t total, uint32_t batch)
{
	unsigned looks = 0;
	const struct disruptor_wait waiting = { .wait = wait, .ctx = &looks };
	uint64_t first, count, sum = 0;

	for (uint64_t seen = 0; seen < total; seen += count) {
		count = disruptor_poll(&consumer, &first);
		if (count == 0 && disruptor_await(&consumer, &waiting, &first, &count) != STATUS_OK)
			break;
		if (count > batch)
			count = batch;
		if (batch == 1)
			sum += *DISRUPTOR_SLOT(&ring, uint64_t, first);
		else
			sum += add_up(first, count);
		disruptor_release(&consumer, first + count);
	}
	return sum;
}

const struct contender contender_rumpk = { "rumpk", PRODUCERS_MAX, prepare, produce, consume };
