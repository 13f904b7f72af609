// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* DPDK's rte_ring as a contender, in memory of our own: the environment layer is not started. A message is a pointer's value. */
#include "tests/perf/peers/contender.h"

#include <rte_ring.h>

/* The header and its slots. */
static uint8_t memory[sizeof(struct rte_ring) + CAPACITY_MAX * sizeof(void *)] __attribute__((aligned(4096)));
static struct rte_ring *const ring = (struct rte_ring *)(void *)memory;
static bool is_many;

static bool prepare(uint64_t capacity, unsigned producers, uint32_t batch)
{
	(void)batch;
	is_many = producers > 1;
	return rte_ring_init(ring, "peers", (unsigned)capacity, (is_many ? 0 : RING_F_SP_ENQ) | RING_F_SC_DEQ) == 0;
}

static void produce(uint64_t messages, uint32_t batch)
{
	void *table[BATCH_MAX];
	unsigned looks = 0;

	for (uint64_t i = 0; i < messages; i += batch) {
		for (uint32_t j = 0; j < batch; j++)
			table[j] = (void *)(uintptr_t)(i + j);
		if (is_many && batch == 1)
			while (rte_ring_mp_enqueue(ring, table[0]) != 0)
				back_off(&looks);
		else if (is_many)
			while (rte_ring_mp_enqueue_bulk(ring, table, batch, NULL) == 0)
				back_off(&looks);
		else if (batch == 1)
			while (rte_ring_sp_enqueue(ring, table[0]) != 0)
				back_off(&looks);
		else
			while (rte_ring_sp_enqueue_bulk(ring, table, batch, NULL) == 0)
				back_off(&looks);
	}
}

static uint64_t consume(uint64_t total, uint32_t batch)
{
	void *table[BATCH_MAX];
	unsigned looks = 0;
	uint64_t sum = 0;

	for (uint64_t seen = 0; seen < total;) {
		unsigned count = batch == 1 ? rte_ring_sc_dequeue(ring, table) == 0 :
					      rte_ring_sc_dequeue_burst(ring, table, batch, NULL);

		if (count == 0)
			back_off(&looks);
		for (unsigned i = 0; i < count; i++)
			sum += (uintptr_t)table[i];
		seen += count;
	}
	return sum;
}

const struct contender contender_rte = { "rte_ring", PRODUCERS_MAX, prepare, produce, consume };
