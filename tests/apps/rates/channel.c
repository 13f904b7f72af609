// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A channel beside the kernel's own ring (lib/disruptor.h), both between two threads on two CPUs of this process, with the same
 * messages: single ones, and batches that are copied in and out.
 */
#include <capos/capos.h>
#include <capos/channel.h>
#include <capos/thread.h>

#include "lib/disruptor.h"
#include "tests/apps/rates/rates.h"

enum { CAPACITY = 1024, MESSAGES = 400 * CAPACITY, BATCH_MAX = 64 };

static struct disruptor ring;
static struct disruptor_consumer consumer;
static uint64_t slots[CAPACITY];
static struct capos_channel sender;
static struct capos_channel receiver;

static status_t relax(void *ctx)
{
	(void)ctx;
	__asm__ volatile("yield");
	return STATUS_OK;
}

static const struct disruptor_wait relaxing = { .wait = relax };

static inline void copy(uint64_t *to, const uint64_t *from, uint64_t count)
{
	for (uint64_t i = 0; i < count; i += 8)
		for (unsigned j = 0; j < 8; j++)
			to[i + j] = from[i + j];
}

static const uint64_t source[BATCH_MAX];
static uint64_t sink[BATCH_MAX];

static int ring_send(void *arg)
{
	uint32_t batch = (uint32_t)(uintptr_t)arg;

	for (uint64_t i = 0; i < MESSAGES; i += batch) {
		uint64_t first;

		if (disruptor_single_claim(&ring, batch, &relaxing, &first) != STATUS_OK)
			return 1;
		if (batch == 1)
			*DISRUPTOR_SLOT(&ring, uint64_t, first) = i;
		else
			copy(DISRUPTOR_SLOT(&ring, uint64_t, first), source, batch);
		disruptor_single_publish(&ring, first, batch);
	}
	return 0;
}

static uint64_t ring_receive(uint32_t batch)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < MESSAGES;) {
		uint64_t first;
		uint64_t count = disruptor_poll(&consumer, &first);

		if (count < batch) {
			(void)relax(NULL);
			continue;
		}
		if (batch == 1)
			sum += *DISRUPTOR_SLOT(&ring, uint64_t, first);
		else
			copy(sink, DISRUPTOR_SLOT(&ring, uint64_t, first), batch);
		disruptor_release(&consumer, first + batch);
		i += batch;
	}
	return sum;
}

static int channel_send(void *arg)
{
	uint32_t batch = (uint32_t)(uintptr_t)arg;

	for (uint64_t i = 0; i < MESSAGES; i += batch) {
		void *at;

		if (batch == 1) {
			if (capos_channel_send(&sender, &i, sizeof(i), CAPOS_WAIT_FOREVER) != 0)
				return 1;
			continue;
		}
		if (capos_channel_wait(&sender, CAPOS_WAIT_FOREVER) != 0 || capos_channel_claim(&sender, batch, &at) != batch)
			return 1;
		copy(at, source, batch);
		capos_channel_publish(&sender, batch);
	}
	return 0;
}

static uint64_t channel_receive(uint32_t batch)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < MESSAGES; i += batch) {
		const void *at;
		uint64_t message;

		if (batch == 1) {
			if (capos_channel_receive(&receiver, &message, sizeof(message), CAPOS_WAIT_FOREVER) != 0)
				return 0;
			sum += message;
			continue;
		}
		if (capos_channel_wait(&receiver, CAPOS_WAIT_FOREVER) != 0 || capos_channel_poll(&receiver, batch, &at) != batch)
			return 0;
		copy(sink, at, batch);
		capos_channel_release(&receiver, batch);
	}
	return sum;
}

/* One side on another CPU, where there is one; the other here. Nanoseconds per 100 messages; 0: something is wrong. */
static uint64_t run(int (*send)(void *), uint64_t (*receive)(uint32_t), uint32_t batch)
{
	const struct capos_thread_options options = { .cpu = 1 };
	struct capos_thread thread;
	uint64_t begin = now_ns();
	uint64_t sum;
	int value;

	if (capos_thread_create(&thread, &options, send, (void *)(uintptr_t)batch) != 0)
		return 0;
	sum = receive(batch);

	uint64_t ns = now_ns() - begin;

	if (capos_thread_join(&thread, &value) != 0 || value != 0 ||
	    (batch == 1 && sum != (uint64_t)MESSAGES * (MESSAGES - 1) / 2))
		return 0;
	return ns * 100 / MESSAGES;
}

static uint64_t run_ring(uint32_t batch)
{
	if (disruptor_init(&ring, slots, sizeof(slots[0]), CAPACITY, NULL) != STATUS_OK ||
	    disruptor_consumer_init(&consumer, &ring, NULL, 0) != STATUS_OK)
		return 0;
	return run(ring_send, ring_receive, batch);
}

static uint64_t run_channel(uint32_t batch)
{
	if (capos_channel_create(capos_capset_get("channels"), sizeof(uint64_t), CAPACITY, CAPOS_CHANNEL_SENDER, &sender) != 0 ||
	    capos_channel_open(sender.cap, sizeof(uint64_t), CAPOS_CHANNEL_RECEIVER, &receiver) != 0)
		return 0;
	return run(channel_send, channel_receive, batch);
}

int rate_channel(void)
{
	static const uint32_t batches[] = { 1, 16, 64 };

	for (unsigned i = 0; i < 3; i++) {
		uint64_t ring_ns = run_ring(batches[i]);
		uint64_t channel_ns = run_channel(batches[i]);

		if (ring_ns == 0 || channel_ns == 0)
			return 1;
		(void)capos_print("batch of %u: ring %llu, channel %llu, channel's rate %llu %%", batches[i], (unsigned long long)ring_ns,
				  (unsigned long long)channel_ns, (unsigned long long)(ring_ns * 100 / channel_ns));
	}
	return 0;
}
