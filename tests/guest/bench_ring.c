// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What a message through the ring costs, in instructions: of all producers and consumers together, in turn on one CPU. A
 * lap of the ring is sent and then taken, so that what is counted is the ring and not the switching between fibers; looking
 * that every message arrived is not counted. Single messages come from a register and go into a sum; batches are
 * copied in from where the sender has them, and out to where the receiver wants them.
 */
#include "hal/contract/timer.h"
#include "lib/disruptor.h"
#include "tests/guest/guest.h"

enum { CAPACITY = 1024, LAPS = 64, MESSAGES = LAPS * CAPACITY, ENDS_MAX = 3, UNROLLED = 8 };

struct shape {
	const char *metric[3]; /* single, 16, 64 */
	bool is_many;          /* the ring is one of many producers */
	unsigned consumers;
	bool is_pipeline; /* each consumer after the one before; else all at once */
};

static const struct shape shapes[] = {
	{ { "ring_1p1c_1", "ring_1p1c_16", "ring_1p1c_64" }, false, 1, false },
	{ { "ring_3p1c_1", "ring_3p1c_16", "ring_3p1c_64" }, true, 1, false },
	{ { "ring_1p3c_1", "ring_1p3c_16", "ring_1p3c_64" }, false, 3, false },
	{ { "ring_pipeline_1", "ring_pipeline_16", "ring_pipeline_64" }, false, 3, true },
};

static struct disruptor ring;
static struct disruptor_consumer consumers[ENDS_MAX];
static uint64_t slots[CAPACITY];
static _Atomic uint64_t batch_ends[CAPACITY];
static uint64_t source[CAPACITY];
static uint64_t sink[CAPACITY];

/* `count` is a multiple of UNROLLED. All loads stand before the stores: the compiler makes pairs of both. */
static inline void copy_words(uint64_t *to, const uint64_t *from, uint64_t count)
{
	for (const uint64_t *end = from + count; from != end; from += UNROLLED, to += UNROLLED) {
		uint64_t a = from[0], b = from[1], c = from[2], d = from[3];
		uint64_t e = from[4], f = from[5], g = from[6], h = from[7];

		to[0] = a, to[1] = b, to[2] = c, to[3] = d;
		to[4] = e, to[5] = f, to[6] = g, to[7] = h;
	}
}

/* Batches divide the capacity, so that none wraps: what a user arranges who wants the most. */
static inline __attribute__((always_inline)) status_t send(uint32_t batch, bool is_many)
{
	for (uint64_t i = 0; i < CAPACITY; i += batch) {
		uint64_t first;
		status_t status = is_many ? disruptor_many_try_claim(&ring, batch, &first) :
					    disruptor_single_try_claim(&ring, batch, &first);

		if (status != STATUS_OK)
			return status;
		if (batch == 1)
			*DISRUPTOR_SLOT(&ring, uint64_t, first) = i;
		else
			copy_words(DISRUPTOR_SLOT(&ring, uint64_t, first), &source[i], batch);
		if (is_many)
			disruptor_many_publish(&ring, first, batch);
		else
			disruptor_single_publish(&ring, first, batch);
	}
	return STATUS_OK;
}

/* One consumer takes a lap. The sum of single messages; of batches 0, they are in `sink`. */
static inline __attribute__((always_inline)) uint64_t take(struct disruptor_consumer *consumer, uint32_t batch)
{
	uint64_t sum = 0;

	for (uint64_t taken = 0; taken < CAPACITY; taken += batch) {
		uint64_t first;

		if (disruptor_poll(consumer, &first) < batch)
			return UINT64_MAX;
		if (batch == 1)
			sum += *DISRUPTOR_SLOT(&ring, uint64_t, first);
		else
			copy_words(&sink[taken], DISRUPTOR_SLOT(&ring, uint64_t, first), batch);
		disruptor_release(consumer, first + batch);
	}
	return sum;
}

static const uint64_t sum_of_lap = (uint64_t)CAPACITY * (CAPACITY - 1) / 2;

static uint64_t sum_of_sink(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < CAPACITY; i++) {
		sum += sink[i];
		sink[i] = 0;
	}
	return sum;
}

/* The nanoseconds of all laps; 0 where a message was lost or altered. */
static inline __attribute__((always_inline)) uint64_t run(const struct shape *shape, uint32_t batch, bool is_many)
{
	uint64_t ns = 0;

	for (unsigned lap = 0; lap < LAPS; lap++) {
		uint64_t begin = hal_timer_now_ns();

		if (send(batch, is_many) != STATUS_OK)
			return 0;
		ns += hal_timer_now_ns() - begin;
		for (unsigned i = 0; i < shape->consumers; i++) {
			uint64_t sum;

			begin = hal_timer_now_ns();
			sum = take(&consumers[i], batch);
			ns += hal_timer_now_ns() - begin;
			if ((batch == 1 ? sum : sum_of_sink()) != sum_of_lap)
				return 0;
		}
	}
	return ns;
}

/* Each way of its own, as it is compiled where the size of the batch is known. */
static uint64_t run_single_1(const struct shape *shape) { return run(shape, 1, false); }
static uint64_t run_single_16(const struct shape *shape) { return run(shape, 16, false); }
static uint64_t run_single_64(const struct shape *shape) { return run(shape, 64, false); }
static uint64_t run_many_1(const struct shape *shape) { return run(shape, 1, true); }
static uint64_t run_many_16(const struct shape *shape) { return run(shape, 16, true); }
static uint64_t run_many_64(const struct shape *shape) { return run(shape, 64, true); }

static uint64_t (*const runs[2][3])(const struct shape *shape) = {
	{ run_single_1, run_single_16, run_single_64 },
	{ run_many_1, run_many_16, run_many_64 },
};

static status_t start(const struct shape *shape)
{
	status_t status = disruptor_init(&ring, slots, sizeof(slots[0]), CAPACITY, shape->is_many ? batch_ends : NULL);

	for (unsigned i = 0; i < shape->consumers && status == STATUS_OK; i++) {
		struct disruptor_consumer *after = &consumers[i > 0 ? i - 1 : 0];

		status = disruptor_consumer_init(&consumers[i], &ring, &after, shape->is_pipeline && i > 0 ? 1 : 0);
	}
	return status;
}

void bench_ring_run(void)
{
	for (unsigned i = 0; i < CAPACITY; i++)
		source[i] = i;
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (unsigned batch = 0; batch < 3; batch++)
			if (start(&shapes[i]) == STATUS_OK)
				bench_measured(shapes[i].metric[batch], runs[shapes[i].is_many][batch](&shapes[i]), MESSAGES);
}
