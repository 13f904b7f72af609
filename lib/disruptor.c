// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Set-up and slow paths of the ring: where a producer or a consumer must look at what others wrote. */
#include "lib/disruptor.h"

#include "lib/bits.h"

#define CAPACITY_MAX (UINT64_C(1) << 31)

static status_t look_again(void *ctx)
{
	(void)ctx;
	return STATUS_OK;
}

const struct disruptor_wait disruptor_spin = { .wait = look_again };

status_t disruptor_init(struct disruptor *ring, void *slots, size_t slot_bytes, uint64_t capacity,
			_Atomic uint64_t *batch_ends)
{
	if (!bits_is_pow2(capacity) || capacity > CAPACITY_MAX || slot_bytes == 0 || slot_bytes > SIZE_MAX / capacity)
		return STATUS_EINVAL;
	ring->slots = slots;
	ring->mask = capacity - 1;
	ring->batch_ends = batch_ends;
	ring->slot_bytes = slot_bytes;
	ring->capacity = (uint32_t)capacity;
	ring->gate_count = 0;
	atomic_init(&ring->end, UINT64_MAX);
	atomic_init(&ring->claimed, 0);
	atomic_init(&ring->limit, capacity);
	ring->own_claimed = 0;
	ring->own_limit = capacity;
	atomic_init(&ring->published, 0);
	for (uint64_t i = 0; batch_ends && i < capacity; i++)
		atomic_init(&batch_ends[i], 0);
	return STATUS_OK;
}

static bool comes_after(const struct disruptor_consumer *gate, struct disruptor_consumer *const *after,
			uint32_t after_count)
{
	for (uint32_t i = 0; i < after_count; i++)
		if (after[i] == gate)
			return true;
	return false;
}

/*
 * A consumer never passes those it comes after, so that waiting for it waits for them: they need not be gates any more.
 */
static status_t add_gate(struct disruptor *ring, struct disruptor_consumer *consumer)
{
	struct disruptor_consumer *gates[DISRUPTOR_GATES_MAX];
	uint32_t kept = 0;

	for (uint32_t i = 0; i < ring->gate_count; i++)
		if (!comes_after(ring->gates[i], consumer->after, consumer->after_count))
			gates[kept++] = ring->gates[i];
	if (kept == DISRUPTOR_GATES_MAX)
		return STATUS_ENOSPC;
	gates[kept++] = consumer;
	for (uint32_t i = 0; i < kept; i++)
		ring->gates[i] = gates[i];
	ring->gate_count = kept;
	return STATUS_OK;
}

status_t disruptor_consumer_init(struct disruptor_consumer *consumer, struct disruptor *ring,
				 struct disruptor_consumer *const *after, uint32_t after_count)
{
	if (after_count > DISRUPTOR_GATES_MAX)
		return STATUS_ENOSPC;
	for (uint32_t i = 0; i < ring->gate_count; i++)
		if (atomic_load_explicit(&ring->gates[i]->released, memory_order_relaxed) != 0)
			return STATUS_EBUSY;
	for (uint32_t i = 0; i < after_count; i++) {
		if (after[i]->ring != ring)
			return STATUS_EINVAL;
		consumer->after[i] = after[i];
	}
	atomic_init(&consumer->released, 0);
	consumer->next = 0;
	consumer->available = 0;
	consumer->ring = ring;
	consumer->after_count = after_count;
	consumer->upstream = NULL;
	if (after_count == 1)
		consumer->upstream = &after[0]->released;
	else if (after_count == 0 && !ring->batch_ends)
		consumer->upstream = &ring->published;
	return add_gate(ring, consumer);
}

void disruptor_close(struct disruptor *ring)
{
	uint64_t claimed;

	/* From here on every claim finds a position beyond any limit, and the stream's length is known. */
	if (ring->batch_ends) {
		claimed = atomic_fetch_or_explicit(&ring->claimed, DISRUPTOR_CLOSED, memory_order_relaxed);
	} else {
		claimed = ring->own_claimed;
		ring->own_claimed |= DISRUPTOR_CLOSED;
	}
	if (!(claimed & DISRUPTOR_CLOSED))
		atomic_store_explicit(&ring->end, claimed, memory_order_relaxed);
}

/* How far producers may write: a lap ahead of the slowest consumer. */
static uint64_t limit_now(const struct disruptor *ring)
{
	uint64_t slowest = UINT64_MAX;

	for (uint32_t i = 0; i < ring->gate_count; i++) {
		/* Pairs with the release in disruptor_release: the slots below are not read any more. */
		uint64_t released = atomic_load_explicit(&ring->gates[i]->released, memory_order_acquire);

		if (released < slowest)
			slowest = released;
	}
	return (ring->gate_count == 0 ? 0 : slowest) + ring->capacity;
}

status_t disruptor_single_refresh_limit(struct disruptor *ring, uint64_t next, uint32_t count)
{
	if (next & DISRUPTOR_CLOSED)
		return STATUS_ECANCELED;
	if (count > ring->capacity)
		return STATUS_EINVAL;
	ring->own_limit = limit_now(ring);
	return next + count > ring->own_limit ? STATUS_EAGAIN : STATUS_OK;
}

/* A stale limit that is stored last by one of many producers is too low, never too high. */
status_t disruptor_many_refresh_limit(struct disruptor *ring, uint64_t next, uint32_t count)
{
	uint64_t limit;

	if (next & DISRUPTOR_CLOSED)
		return STATUS_ECANCELED;
	if (count > ring->capacity)
		return STATUS_EINVAL;
	limit = limit_now(ring);
	/* Pairs with the acquire in the claims: who reads it knows what we have just acquired. */
	atomic_store_explicit(&ring->limit, limit, memory_order_release);
	return next + count > limit ? STATUS_EAGAIN : STATUS_OK;
}

/*
 * From one batch's beginning to the next, at most to `most`. Where batches are alike, the next is guessed to be as long as
 * the last and only compared: so the CPU can look ahead, and need not wait for one entry to know where the next one is.
 */
static uint64_t last_published(const struct disruptor *ring, uint64_t available, uint64_t most)
{
	while (available < most) {
		/* Pairs with the release in disruptor_many_publish. An entry of an earlier lap is at most `available`. */
		uint64_t end = atomic_load_explicit(&ring->batch_ends[available & ring->mask], memory_order_acquire);
		uint64_t length = end - available;

		if (end <= available)
			break;
		do
			available += length;
		while (available < most && atomic_load_explicit(&ring->batch_ends[available & ring->mask],
								memory_order_acquire) == available + length);
	}
	return available;
}

/*
 * The highest sequence a consumer may read up to: what all before it released or, where none is before it and producers
 * are many, the end of the unbroken chain of batches that begins where its knowledge ends, which is always a batch's
 * beginning.
 */
uint64_t disruptor_refresh_available(struct disruptor_consumer *consumer)
{
	const struct disruptor *ring = consumer->ring;
	uint64_t available = UINT64_MAX;

	for (uint32_t i = 0; i < consumer->after_count; i++) {
		/* Pairs with the release in disruptor_release of the consumer before. */
		uint64_t released = atomic_load_explicit(&consumer->after[i]->released, memory_order_acquire);

		if (released < available)
			available = released;
	}
	if (consumer->after_count > 0)
		return available;
	return last_published(ring, consumer->available, consumer->next + ring->capacity);
}

status_t disruptor_single_wait_claim(struct disruptor *ring, uint32_t count, const struct disruptor_wait *wait,
				     uint64_t *first)
{
	for (;;) {
		status_t status = disruptor_single_try_claim(ring, count, first);

		if (status == STATUS_EAGAIN)
			status = wait->wait(wait->ctx);
		else
			return status;
		if (status != STATUS_OK)
			return status;
	}
}

status_t disruptor_many_wait_claim(struct disruptor *ring, uint32_t count, const struct disruptor_wait *wait,
				   uint64_t *first)
{
	for (;;) {
		status_t status = disruptor_many_try_claim(ring, count, first);

		if (status == STATUS_EAGAIN)
			status = wait->wait(wait->ctx);
		else
			return status;
		if (status != STATUS_OK)
			return status;
	}
}

status_t disruptor_await(struct disruptor_consumer *consumer, const struct disruptor_wait *wait, uint64_t *first,
			 uint64_t *count)
{
	for (;;) {
		status_t status;

		*count = disruptor_poll(consumer, first);
		if (*count > 0)
			return STATUS_OK;
		if (*first == atomic_load_explicit(&consumer->ring->end, memory_order_relaxed))
			return STATUS_ENODATA;
		status = wait->wait(wait->ctx);
		if (status != STATUS_OK)
			return status;
	}
}
