// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Cost of the kernel's basic operations. Under -icount shift=0 the counter advances by one nanosecond an instruction, so that a
 * duration is an instruction count, the same in every run; `unit=` on the command line is not needed: the harness knows how it
 * started the machine. The loops are long enough for the counter's 16 ns steps not to show.
 */
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/wait.h"
#include "lib/disruptor.h"
#include "tests/guest/guest.h"

enum { SWITCHES = 20000, CAPACITY = 1024, MESSAGES = 64 * 1024, BATCH_MAX = 64 };

static struct disruptor ring;
static struct disruptor_consumer consumer;
static uint64_t slots[CAPACITY];
static _Atomic uint64_t batch_ends[CAPACITY];

static void measured(const char *metric, uint64_t ns, uint64_t operations)
{
	guest_perf(metric, ns * 10 / operations, "instructions");
}

static bool partner_stops;

static void partner(void *arg)
{
	(void)arg;
	while (!partner_stops)
		fiber_yield();
}

/* Two fibers that yield to each other: two switches a round. */
static void bench_switch(void)
{
	uint64_t begin;

	partner_stops = false;
	(void)fiber_create("partner", partner, NULL);
	fiber_yield();
	begin = hal_timer_now_ns();
	for (unsigned i = 0; i < SWITCHES; i++)
		fiber_yield();
	measured("fiber_switch", hal_timer_now_ns() - begin, 2 * SWITCHES);
	partner_stops = true;
	fiber_yield();
}

/* As much as fits is sent and then taken, so that what is counted is the ring and not the switching. */
static uint64_t ring_run(uint32_t batch, bool many)
{
	uint64_t begin = hal_timer_now_ns();
	uint64_t sum = 0;

	for (uint64_t sent = 0; sent < MESSAGES; sent += CAPACITY) {
		for (uint32_t i = 0; i < CAPACITY; i += batch) {
			uint64_t first;
			status_t status = many ? disruptor_many_try_claim(&ring, batch, &first) :
						 disruptor_single_try_claim(&ring, batch, &first);

			if (status != STATUS_OK)
				return 0;
			for (uint32_t j = 0; j < batch; j++)
				*DISRUPTOR_SLOT(&ring, uint64_t, first + j) = first + j;
			if (many)
				disruptor_many_publish(&ring, first, batch);
			else
				disruptor_single_publish(&ring, first, batch);
		}
		for (uint64_t taken = 0; taken < CAPACITY;) {
			uint64_t first;
			uint64_t count = disruptor_poll(&consumer, &first);

			if (count > batch)
				count = batch;
			for (uint64_t j = 0; j < count; j++)
				sum += *DISRUPTOR_SLOT(&ring, uint64_t, first + j);
			disruptor_release(&consumer, first + count);
			taken += count;
		}
	}
	/* Every message arrived once: 0 + 1 + ... */
	return sum == (uint64_t)MESSAGES * (MESSAGES - 1) / 2 ? hal_timer_now_ns() - begin : 0;
}

static void bench_ring(const char *metric, uint32_t batch, bool many)
{
	if (disruptor_init(&ring, slots, sizeof(slots[0]), CAPACITY, many ? batch_ends : NULL) != STATUS_OK ||
	    disruptor_consumer_init(&consumer, &ring, NULL, 0) != STATUS_OK)
		return;
	measured(metric, ring_run(batch, many), MESSAGES);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void bench_timer(void)
{
	uint64_t begin = hal_timer_now_ns();

	for (unsigned i = 0; i < SWITCHES; i++) {
		struct timer timer;

		timer_set(&timer, UINT64_MAX / 2, nothing, NULL);
		timer_cancel(&timer);
	}
	measured("timer_set_cancel", hal_timer_now_ns() - begin, SWITCHES);
}

void bench_run(void)
{
	bench_switch();
	bench_timer();
	bench_ring("ring_single_1", 1, false);
	bench_ring("ring_single_16", 16, false);
	bench_ring("ring_single_64", 64, false);
	bench_ring("ring_many_1", 1, true);
	bench_ring("ring_many_16", 16, true);
	bench_ring("ring_many_64", 64, true);
}
