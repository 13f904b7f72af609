// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Submissions and completions of a ring that one thread has for itself, or several share.
 *
 * Sharing. Whoever takes completions takes all that are there, and marks their operations, whosever they are (`lock`). A thread
 * whose operation is not done waits in the kernel for one completion more than it has seen. Were complete_head moved meanwhile, the kernel
 * would count from another place, and a thread on its way into cap_enter could miss the very completion it waits for. So complete_head
 * stands still while threads wait (`waiters`), and only `taken` moves; the last to come out of the kernel moves complete_head.
 * Every completion wakes all waiters, so that moment comes by itself; where completions pile up before it, who wants to wait next
 * yields first (PILE_MAX).
 * A timeout instead of this was rejected (it turns a lost wake-up into a slow one), and so was a wake-up by an operation of its own,
 * whose completion some third thread takes.
 */
#include "capos/src/ring.h"

#include <capos/capos.h>

#include "capos/src/clock.h"
#include "capos/src/start.h"
#include "capos/src/thread.h"
#include "lib/status.h"

/*
 * How often a polled ring is looked at before the kernel is asked after all. LOOKS, until the poller has taken the submission: far more
 * than one that has begun, or is about to, needs, so that only a poller that cannot run is given up. LOOKS_TAKEN, from then on:
 * enough for a method that does not wait: one that does is better waited for in the kernel.
 */
enum { LOOKS = 1 << 20, LOOKS_TAKEN = 1 << 10 };
enum { PILE_MAX = CAPOS_COMPLETIONS / 4 };

void ring_init(struct ring *ring, void *block)
{
	uint8_t *pages = block;

	ring->cursors = block;
	ring->submissions = (struct capos_submission *)(void *)(pages + CAPOS_PAGE_BYTES);
	ring->completions = (const struct capos_completion *)(void *)(pages + 2 * CAPOS_PAGE_BYTES);
}

bool ring_polled_look(const struct capos_rings *cursors, uint32_t tail, uint32_t seen)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < LOOKS && taken < LOOKS_TAKEN; i++) {
		if (!atomic_load_explicit(&cursors->polled, memory_order_relaxed))
			break;
		if (atomic_load_explicit(&cursors->complete_tail, memory_order_relaxed) != seen)
			return true;
		if (atomic_load_explicit(&cursors->submit_head, memory_order_relaxed) == tail)
			taken++;
		ring_relax();
	}
	/* The poller may have answered before it stopped. */
	return atomic_load_explicit(&cursors->complete_tail, memory_order_relaxed) != seen;
}

/* Threads that share a ring share a CPU: who finds it locked lets the other run. */
static void ring_lock(struct ring *ring)
{
	if (!ring->shared)
		return;
	while (atomic_exchange_explicit(&ring->lock, 1, memory_order_acquire)) /* pairs with ring_unlock() */
		(void)capos_sys_cap_enter(0, 0);
}

static void ring_unlock(struct ring *ring)
{
	if (ring->shared)
		atomic_store_explicit(&ring->lock, 0, memory_order_release); /* pairs with ring_lock() */
}

/* Takes every completion that is there. How many. Under the lock. */
static uint32_t reap(struct ring *ring)
{
	/* Pairs with the kernel's release: the entries are as it wrote them. */
	uint32_t tail = atomic_load_explicit(&ring->cursors->complete_tail, memory_order_acquire);
	uint32_t count = tail - ring->taken;

	while (ring->taken != tail)
		ring_deliver(&ring->completions[ring->taken++ % CAPOS_COMPLETIONS]);
	/* Pairs with the kernel's acquire: the entries were read. */
	if (ring->waiters == 0)
		atomic_store_explicit(&ring->cursors->complete_head, tail, memory_order_release);
	return count;
}

/* Lets the kernel carry out what it can, and other threads run. Under the lock. */
static int64_t enter(struct ring *ring)
{
	int64_t status;

	ring_unlock(ring);
	status = capos_sys_cap_enter(0, 0);
	ring_lock(ring);
	return status < 0 ? status : 0;
}

/* The same, and waits for one completion more than were taken. Under the lock. */
static int64_t enter_and_wait(struct ring *ring, uint64_t timeout_ns)
{
	struct capos_rings *cursors = ring->cursors;
	uint32_t tail = atomic_load_explicit(&cursors->submit_tail, memory_order_relaxed);
	uint32_t seen = ring->taken;
	uint32_t more = seen - atomic_load_explicit(&cursors->complete_head, memory_order_relaxed) + 1;
	int64_t status = 0;

	if (timeout_ns == 0 || more > PILE_MAX)
		return enter(ring);
	ring->waiters++;
	ring_unlock(ring);
	if (!ring_polled_wait(cursors, tail, seen))
		status = capos_sys_cap_enter(more, timeout_ns);
	ring_lock(ring);
	ring->waiters--;
	return status < 0 ? status : 0;
}

/*
 * Waits for room for `count` submissions. Under the lock. Each wait for a completion is followed by a look at what the kernel can carry out
 * now that there is place for it: it may be enough.
 */
static int64_t make_room(struct ring *ring, uint32_t count)
{
	for (bool wait = false;; wait = !wait) {
		uint32_t tail = atomic_load_explicit(&ring->cursors->submit_tail, memory_order_relaxed);
		/* Pairs with the kernel's release: it has copied the entries. */
		uint32_t head = atomic_load_explicit(&ring->cursors->submit_head, memory_order_acquire);

		if (tail - head + count <= CAPOS_SUBMISSIONS)
			return 0;
		(void)reap(ring);

		int64_t status = wait ? enter_and_wait(ring, CAPOS_WAIT_FOREVER) : enter(ring);

		if (status < 0)
			return status;
	}
}

int64_t ring_put(struct ring *ring, const struct capos_submission *submissions, struct capos_operation *operations, uint32_t count)
{
	int64_t status;

	ring_lock(ring);
	status = make_room(ring, count);
	if (status == 0) {
		uint32_t tail = atomic_load_explicit(&ring->cursors->submit_tail, memory_order_relaxed);

		for (uint32_t i = 0; i < count; i++) {
			struct capos_submission *entry = &ring->submissions[(tail + i) % CAPOS_SUBMISSIONS];

			*entry = submissions[i];
			entry->user_data = 0;
			if (operations) {
				operations[i].ring = ring;
				atomic_store_explicit(&operations[i].done, 0, memory_order_relaxed);
				entry->user_data = (uint64_t)&operations[i];
			}
		}
		/* Pairs with the kernel's acquire: it sees the entries. */
		atomic_store_explicit(&ring->cursors->submit_tail, tail + count, memory_order_release);
	}
	ring_unlock(ring);
	return status;
}

int64_t ring_wait(struct ring *ring, const struct capos_operation *operation, uint64_t timeout_ns)
{
	uint64_t deadline = clock_deadline(timeout_ns);
	int64_t status = 0;

	ring_lock(ring);
	for (bool late = false;; late = deadline != CAPOS_WAIT_FOREVER && clock_left_ns(deadline) == 0) {
		(void)reap(ring);
		if (capos_operation_is_done(operation))
			break;
		if (late || status < 0) {
			status = status < 0 ? status : STATUS_ETIMEDOUT;
			break;
		}
		status = enter_and_wait(ring, clock_left_ns(deadline));
	}
	ring_unlock(ring);
	return capos_operation_is_done(operation) ? 0 : status;
}

/* No operation, and not counted among those who wait: it would stay so. */
_Noreturn void ring_leave(struct ring *ring, capos_cap_t thread)
{
	const struct capos_submission leave = { .cap = thread, .method = CAPOS_THREAD_END };

	for (;;) {
		(void)ring_put(ring, &leave, NULL, 1);
		(void)capos_sys_cap_enter(0, 0);
	}
}

int64_t capos_submit(const struct capos_submission *submission, struct capos_operation *operation)
{
	return capos_submit_batch(submission, operation, 1);
}

int64_t capos_submit_batch(const struct capos_submission *submissions, struct capos_operation *operations, uint32_t count)
{
	if (!operations || count == 0 || count > CAPOS_SUBMISSIONS)
		return STATUS_EINVAL;
	return ring_put(thread_ring(), submissions, operations, count);
}

int64_t capos_enter(void)
{
	struct ring *ring = thread_ring();
	int64_t status = 0;

	ring_lock(ring);
	/* Pairs with the kernel's barrier between taking `polled` back and its last look at the submissions. */
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&ring->cursors->polled, memory_order_relaxed))
		status = enter(ring);
	(void)reap(ring);
	ring_unlock(ring);
	return status;
}

uint32_t capos_poll(void)
{
	struct ring *ring = thread_ring();
	uint32_t count;

	ring_lock(ring);
	count = reap(ring);
	ring_unlock(ring);
	return count;
}

int64_t capos_operation_wait(struct capos_operation *operation, uint64_t timeout_ns)
{
	if (capos_operation_is_done(operation))
		return 0;
	if (operation->ring != thread_ring())
		return STATUS_EINVAL;
	return ring_wait(thread_ring(), operation, timeout_ns);
}

int64_t capos_operation_cancel(struct capos_operation *operation)
{
	if (capos_operation_is_done(operation))
		return 0;
	if (operation->ring != thread_ring())
		return STATUS_EINVAL;
	return capos_ring_cancel(capos_own.ring, (uint64_t)operation);
}
