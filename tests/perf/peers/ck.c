// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Concurrency Kit's ck_ring as a contender. It has no batches: 16 and 64 are sent and taken one by one, as its users must. A message
 * is a pointer's value.
 */
#include "tests/perf/peers/contender.h"

#include <ck_ring.h>

static ck_ring_t ring __attribute__((aligned(128)));
static ck_ring_buffer_t buffer[CAPACITY_MAX] __attribute__((aligned(4096)));
static bool is_many;

static bool prepare(uint64_t capacity, unsigned producers, uint32_t batch)
{
	(void)batch;
	is_many = producers > 1;
	ck_ring_init(&ring, (unsigned)capacity);
	return true;
}

static void produce(uint64_t messages, uint32_t batch)
{
	unsigned looks = 0;

	(void)batch;
	if (is_many)
		for (uint64_t i = 0; i < messages; i++)
			while (!ck_ring_enqueue_mpsc(&ring, buffer, (void *)(uintptr_t)i))
				back_off(&looks);
	else
		for (uint64_t i = 0; i < messages; i++)
			while (!ck_ring_enqueue_spsc(&ring, buffer, (void *)(uintptr_t)i))
				back_off(&looks);
}

static uint64_t consume(uint64_t total, uint32_t batch)
{
	unsigned looks = 0;
	uint64_t sum = 0;
	void *message;

	(void)batch;
	if (is_many)
		for (uint64_t i = 0; i < total; i++) {
			while (!ck_ring_dequeue_mpsc(&ring, buffer, &message))
				back_off(&looks);
			sum += (uintptr_t)message;
		}
	else
		for (uint64_t i = 0; i < total; i++) {
			while (!ck_ring_dequeue_spsc(&ring, buffer, &message))
				back_off(&looks);
			sum += (uintptr_t)message;
		}
	return sum;
}

const struct contender contender_ck = { "ck_ring", PRODUCERS_MAX, prepare, produce, consume };
