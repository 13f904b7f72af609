// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The one ring of the system: producers write messages into slots, consumers read them in order, each consumer every
 * message, and no slot is written again before the last consumer has released it.
 *
 *                 released(B)      released(A)      published           claimed
 *                     |                |                |                  |
 *     ... free again  |  A has read,   |  to be read    |  being written   |  free ... up to released(B) + capacity
 *                     |  B has not     |  by A          |  by producers    |
 *
 * Positions are 64-bit sequence numbers that count messages from 0 and never wrap in practice; message s lives in slot
 * s mod capacity. One producer owns `published`. Many producers claim with one compare-and-swap and publish in any
 * order: whoever claimed [first, end) stores `end` into batch_ends[first mod capacity], and a consumer hops from batch
 * to batch. An entry left from an earlier lap is at most `first`, so that it can never be taken for a batch. That costs
 * one store a batch, where a flag a slot costs one a message; committing in claim order was rejected, for a producer
 * interrupted between claim and publish would stop others.
 *
 * Fast paths are inline and touch no line that another CPU writes, until what they know runs out: a producer remembers
 * how far it may write (`limit`), a consumer how far it may read (`available`).
 *
 * Context: set-up functions before the ring is shared. try_claim, publish, poll and release never wait, and may be used
 * in an interrupt; what takes a wait strategy waits as that does.
 */
#ifndef LIB_DISRUPTOR_H
#define LIB_DISRUPTOR_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

#define DISRUPTOR_LINE_BYTES 128 /* two lines of 64: CPUs fetch them in pairs */
#define DISRUPTOR_GATES_MAX 8
#define DISRUPTOR_CROWD 32 /* messages of others that are not yet a run of their own */
#define DISRUPTOR_CLOSED (UINT64_C(1) << 63)

struct disruptor_consumer;

/*
 * What to do while there is nothing to do: spin, yield, sleep until somebody publishes or releases, give up at a
 * deadline. STATUS_OK to look again, anything else is returned by the call that waits.
 */
struct disruptor_wait {
	status_t (*wait)(void *ctx);
	void *ctx;
};

/* Looks again at once, for ever. */
extern const struct disruptor_wait disruptor_spin;

struct disruptor {
	/* W: set-up. Only `end` changes later: W: whoever closes (relaxed; UINT64_MAX until then); R: consumers. */
	alignas(DISRUPTOR_LINE_BYTES) uint8_t *slots;
	uint64_t mask;
	_Atomic uint64_t *batch_ends; /* W: producers (release); pairs with consumers' acquire. NULL: a single producer */
	size_t slot_bytes;
	uint32_t capacity;
	uint32_t gate_count;
	struct disruptor_consumer *gates[DISRUPTOR_GATES_MAX]; /* consumers after which no other comes */
	_Atomic uint64_t end;

	/*
	 * W: many producers. claimed carries no data (relaxed). limit: release; pairs with producers' acquire, so that what
	 * one learnt about the consumers, another may rely on.
	 */
	alignas(DISRUPTOR_LINE_BYTES) _Atomic uint64_t claimed;
	_Atomic uint64_t limit;

	/* W: the single producer, for itself: the same two, side by side so that one instruction reads both. */
	uint64_t own_claimed;
	uint64_t own_limit;

	/* W: the single producer (release); pairs with consumers' acquire. */
	alignas(DISRUPTOR_LINE_BYTES) _Atomic uint64_t published;
};

struct disruptor_consumer {
	/* W: this consumer (release); pairs with the acquire of producers and of the consumers after it. */
	alignas(DISRUPTOR_LINE_BYTES) _Atomic uint64_t released;

	/* W: this consumer, for itself. */
	alignas(DISRUPTOR_LINE_BYTES) uint64_t next;
	uint64_t available;
	const _Atomic uint64_t *upstream; /* all that bounds it, where that is a single counter; else NULL */
	struct disruptor *ring;
	uint32_t after_count;
	struct disruptor_consumer *after[DISRUPTOR_GATES_MAX];
};

_Static_assert(offsetof(struct disruptor, claimed) % DISRUPTOR_LINE_BYTES == 0, "producers' line");
_Static_assert(offsetof(struct disruptor, published) % DISRUPTOR_LINE_BYTES == 0, "the published counter's line");
_Static_assert(sizeof(struct disruptor) == 3 * DISRUPTOR_LINE_BYTES, "no field shares a line with another writer's");
_Static_assert(offsetof(struct disruptor_consumer, next) == DISRUPTOR_LINE_BYTES, "shared and private apart");

/*
 * Makes an empty ring of `capacity` (a power of two, at most 2^31) slots of `slot_bytes` in `slots`, which the caller
 * aligned as messages need. `batch_ends`: NULL for a ring with one producer (disruptor_single_*), or `capacity`
 * counters of any content for one with many (disruptor_many_*). All three must outlive the ring. STATUS_EINVAL: sizes.
 */
MUST_CHECK status_t disruptor_init(struct disruptor *ring, void *slots, size_t slot_bytes, uint64_t capacity,
				   _Atomic uint64_t *batch_ends);

/*
 * Adds a consumer, which sees every message from sequence 0 on, but only those that all `after_count` consumers of
 * `after` have released (none: as soon as published). Producers then wait for it by themselves. STATUS_EINVAL: `after`
 * belongs to another ring; STATUS_ENOSPC: more than DISRUPTOR_GATES_MAX; STATUS_EBUSY: too late, something was released
 * already.
 * A ring without consumers fills up, and keeps what it holds for the first one.
 */
MUST_CHECK status_t disruptor_consumer_init(struct disruptor_consumer *consumer, struct disruptor *ring,
					    struct disruptor_consumer *const *after, uint32_t after_count);

/*
 * The same for a ring with many producers and one consumer, `reader`, whose sizes are known when it is compiled: `count`, a power of two, and as many
 * counters `ends`, which are zero.
 */
#define DISRUPTOR_MANY_INIT(ring_slots, size, count, ends, reader) \
	{ .slots = (void *)(ring_slots), .mask = (count) - 1, .batch_ends = (ends), .slot_bytes = (size), .capacity = (count), \
	  .gate_count = 1, .gates = { &(reader) }, .end = UINT64_MAX, .limit = (count), .own_limit = (count) }
#define DISRUPTOR_READER_INIT(read) { .ring = &(read) }

/*
 * Ends the stream: later claims get STATUS_ECANCELED; what was claimed is still published and consumed; then
 * disruptor_await returns STATUS_ENODATA. Context: any; with a single producer, that producer. Closing again does
 * nothing.
 */
void disruptor_close(struct disruptor *ring);

/* Slow paths of the inline functions below, not to be called otherwise. */
MUST_CHECK status_t disruptor_single_refresh_limit(struct disruptor *ring, uint64_t next, uint32_t count);
MUST_CHECK status_t disruptor_many_refresh_limit(struct disruptor *ring, uint64_t next, uint32_t count);
uint64_t disruptor_refresh_available(struct disruptor_consumer *consumer);

/*
 * Where message `sequence` lives: `slot_bytes` bytes. DISRUPTOR_SLOT knows the size when compiled, which saves a
 * multiplication.
 */
static inline void *disruptor_slot(const struct disruptor *ring, uint64_t sequence)
{
	return ring->slots + (sequence & ring->mask) * ring->slot_bytes;
}
#define DISRUPTOR_SLOT(ring, type, sequence) (&((type *)(void *)(ring)->slots)[(sequence) & (ring)->mask])

/*
 * Fetches the line of a slot that is soon to be written, while a consumer's CPU has it yet. For producers on another CPU, some
 * lines ahead of what they publish: a missing line otherwise holds up every store behind it.
 */
#define DISRUPTOR_PREFETCH(ring, type, sequence) __builtin_prefetch(DISRUPTOR_SLOT(ring, type, sequence), 1)

/* How many of the `count` slots from `first` on lie behind one another in memory, before the ring wraps. */
static inline uint64_t disruptor_contiguous(const struct disruptor *ring, uint64_t first, uint64_t count)
{
	uint64_t left = ring->mask + 1 - (first & ring->mask);

	return count < left ? count : left;
}

/*
 * The producer of a ring with one: takes `count` slots, from sequence *first on, to be written and then published.
 * STATUS_EAGAIN: not so many are free; STATUS_EINVAL: nor will ever be; STATUS_ECANCELED: closed.
 */
MUST_CHECK static inline status_t disruptor_single_try_claim(struct disruptor *ring, uint32_t count, uint64_t *first)
{
	uint64_t next = ring->own_claimed;
	uint64_t end = next + count;

	if (__builtin_expect(end > ring->own_limit, 0)) {
		status_t status = disruptor_single_refresh_limit(ring, next, count);

		if (status != STATUS_OK)
			return status;
	}
	ring->own_claimed = end;
	*first = next;
	return STATUS_OK;
}

/* Shows consumers everything below first + count. In the order of the claims; one call may cover several of them. */
static inline void disruptor_single_publish(struct disruptor *ring, uint64_t first, uint32_t count)
{
	/* Pairs with the acquire of `upstream` in consumers: they see the slots as written. */
	atomic_store_explicit(&ring->published, first + count, memory_order_release);
}

/*
 * One of many producers: as disruptor_single_try_claim. Lock-free; fits every context, also one that interrupted
 * another claim. A claim of nothing is STATUS_EINVAL: it would be published over another's.
 */
MUST_CHECK static inline status_t disruptor_many_try_claim(struct disruptor *ring, uint32_t count, uint64_t *first)
{
	uint64_t next = atomic_load_explicit(&ring->claimed, memory_order_relaxed);

	if (count == 0)
		return STATUS_EINVAL;
	do {
		/* Pairs with the release in disruptor_many_refresh_limit. */
		if (__builtin_expect(next + count > atomic_load_explicit(&ring->limit, memory_order_acquire), 0)) {
			status_t status = disruptor_many_refresh_limit(ring, next, count);

			if (status != STATUS_OK)
				return status;
		}
	} while (!atomic_compare_exchange_weak_explicit(&ring->claimed, &next, next + count, memory_order_relaxed,
							memory_order_relaxed));
	*first = next;
	return STATUS_OK;
}

/*
 * Publishes what one claim gave, whole and once: `first` and `count` are those of the claim. Claims may be published in
 * any order.
 */
static inline void disruptor_many_publish(struct disruptor *ring, uint64_t first, uint32_t count)
{
	/* Pairs with the acquire in disruptor_refresh_available. */
	atomic_store_explicit(&ring->batch_ends[first & ring->mask], first + count, memory_order_release);
}

/* What the two below do when the first try fails. */
MUST_CHECK status_t disruptor_single_wait_claim(struct disruptor *ring, uint32_t count, const struct disruptor_wait *wait,
						uint64_t *first);
MUST_CHECK status_t disruptor_many_wait_claim(struct disruptor *ring, uint32_t count, const struct disruptor_wait *wait,
					      uint64_t *first);

/* As the try variants, but waits as long as these return STATUS_EAGAIN. What `wait` returns ends it. */
MUST_CHECK static inline status_t disruptor_single_claim(struct disruptor *ring, uint32_t count,
							 const struct disruptor_wait *wait, uint64_t *first)
{
	uint64_t next = ring->own_claimed;
	uint64_t end = next + count;

	if (__builtin_expect(end > ring->own_limit, 0))
		return disruptor_single_wait_claim(ring, count, wait, first);
	ring->own_claimed = end;
	*first = next;
	return STATUS_OK;
}

MUST_CHECK static inline status_t disruptor_many_claim(struct disruptor *ring, uint32_t count,
						       const struct disruptor_wait *wait, uint64_t *first)
{
	uint64_t next = atomic_load_explicit(&ring->claimed, memory_order_relaxed);

	/* Pairs with the release in disruptor_many_refresh_limit. */
	if (__builtin_expect(count == 0 || next + count > atomic_load_explicit(&ring->limit, memory_order_acquire) ||
			     !atomic_compare_exchange_strong_explicit(&ring->claimed, &next, next + count,
								      memory_order_relaxed, memory_order_relaxed), 0))
		return disruptor_many_wait_claim(ring, count, wait, first);
	*first = next;
	return STATUS_OK;
}

/*
 * Whether others claimed, but little, between this producer's last claim, which ended at `end`, and this one, which begins
 * at `first`. Producers on several CPUs then hand the shared line to and fro at every message, which costs more than all
 * else; one that yields after it has published lets the others run on alone, and all are faster. For small claims.
 */
static inline bool disruptor_many_is_crowded(uint64_t end, uint64_t first)
{
	return first - end - 1 < DISRUPTOR_CROWD;
}

/* How many messages the consumer can read, from sequence *first on. They are its own until it releases them. */
static inline uint64_t disruptor_poll(struct disruptor_consumer *consumer, uint64_t *first)
{
	uint64_t next = consumer->next;
	uint64_t available = consumer->available;

	if (available == next) {
		/* Pairs with the release of `published` or of another consumer's `released`. */
		if (consumer->upstream)
			available = atomic_load_explicit(consumer->upstream, memory_order_acquire);
		else
			available = disruptor_refresh_available(consumer);
		consumer->available = available;
	}
	*first = next;
	return available - next;
}

/* Gives back every message below `end`, which is at most what the last poll told: first + its result. */
static inline void disruptor_release(struct disruptor_consumer *consumer, uint64_t end)
{
	consumer->next = end;
	/* Pairs with the acquire in the producers' refresh_limit and of later consumers: we are done with the slots. */
	atomic_store_explicit(&consumer->released, end, memory_order_release);
}

/*
 * As disruptor_poll, but waits until there is a message. STATUS_ENODATA: the ring is closed and this consumer has
 * released all of it; or what `wait` returned.
 */
MUST_CHECK status_t disruptor_await(struct disruptor_consumer *consumer, const struct disruptor_wait *wait,
				    uint64_t *first, uint64_t *count);

#endif
