// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Boost.Lockfree's spsc_queue as a contender, its size known when compiled, which is its fastest form. One producer only. */
#include "tests/perf/peers/contender.h"

#include <boost/lockfree/spsc_queue.hpp>

template <std::size_t size> struct queue {
	static boost::lockfree::spsc_queue<uint64_t, boost::lockfree::capacity<size>> ring;

	static void produce(uint64_t messages, uint32_t batch)
	{
		uint64_t table[BATCH_MAX];
		unsigned looks = 0;

		if (batch == 1) {
			for (uint64_t i = 0; i < messages; i++)
				while (!ring.push(i))
					back_off(&looks);
			return;
		}
		for (uint64_t i = 0; i < messages; i += batch) {
			for (uint32_t j = 0; j < batch; j++)
				table[j] = i + j;
			for (std::size_t sent = 0; sent < batch;) {
				std::size_t count = ring.push(table + sent, batch - sent);

				if (count == 0)
					back_off(&looks);
				sent += count;
			}
		}
	}

	static uint64_t consume(uint64_t total, uint32_t batch)
	{
		uint64_t table[BATCH_MAX];
		unsigned looks = 0;
		uint64_t sum = 0;

		for (uint64_t seen = 0; seen < total;) {
			std::size_t count = batch == 1 ? ring.pop(table[0]) : ring.pop(table, batch);

			if (count == 0)
				back_off(&looks);
			for (std::size_t i = 0; i < count; i++)
				sum += table[i];
			seen += count;
		}
		return sum;
	}
};

template <std::size_t size> boost::lockfree::spsc_queue<uint64_t, boost::lockfree::capacity<size>> queue<size>::ring;

using small = queue<4096>;
using large = queue<65536>;

static bool is_small;

static bool prepare(uint64_t capacity, unsigned producers, uint32_t)
{
	is_small = capacity == 4096;
	small::ring.reset();
	large::ring.reset();
	return producers == 1 && (capacity == 4096 || capacity == 65536);
}

static void produce(uint64_t messages, uint32_t batch)
{
	is_small ? small::produce(messages, batch) : large::produce(messages, batch);
}

static uint64_t consume(uint64_t total, uint32_t batch)
{
	return is_small ? small::consume(total, batch) : large::consume(total, batch);
}

const struct contender contender_boost = { "boost_spsc", 1, prepare, produce, consume };
