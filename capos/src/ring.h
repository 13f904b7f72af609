// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The library's view of one ring block: what several threads that share it must agree on. See operation.c for the protocol.
 */
#ifndef CAPOS_SRC_RING_H
#define CAPOS_SRC_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <capos/operation.h>

struct ring {
	struct capos_rings *cursors;
	struct capos_submission *submissions;
	const struct capos_completion *completions;
	/* W: a thread that makes another which shares this ring, before that one runs. Once true for ever: the rest is under `lock`. */
	bool shared;
	_Atomic uint32_t lock;
	uint32_t taken;   /* completions delivered: complete_head, or ahead of it while threads wait */
	uint32_t waiters; /* threads in cap_enter for a completion, or on their way there */
};

/* A ring block of three pages (capos/abi.h). */
void ring_init(struct ring *ring, void *block);

/* Delivers `operation` what the kernel says of it. */
static inline void ring_deliver(const struct capos_completion *completion)
{
	struct capos_operation *operation = (struct capos_operation *)completion->user_data;

	if (!operation) /* submitted by hand */
		return;
	operation->result = completion->result;
	operation->new_cap = completion->new_cap;
	/* Pairs with the acquire of whoever looks whether it is done. */
	atomic_store_explicit(&operation->done, 1, memory_order_release);
}

/* Puts submissions in the ring behind one another, waiting for room. `operations` NULL: nobody is told. 0, or what cap_enter says. */
int64_t ring_put(struct ring *ring, const struct capos_submission *submissions, struct capos_operation *operations, uint32_t count);

/* Waits until `operation`, which ring_put() put there, is done. 0, -ETIMEDOUT, or what cap_enter says. */
int64_t ring_wait(struct ring *ring, const struct capos_operation *operation, uint64_t timeout_ns);

/* Ends the calling thread, whose capability is `thread`. */
_Noreturn void ring_leave(struct ring *ring, capos_cap_t thread);

/* Tells the CPU that this is a loop that waits: call.S. */
void ring_relax(void);

/* The slow half of ring_polled_wait(). */
bool ring_polled_look(const struct capos_rings *cursors, uint32_t tail, uint32_t seen);

/*
 * Waits until the kernel has carried out something more, for as long as the poller looks at the ring: `tail` is where the submissions
 * end, `seen` where the completions ended when last looked at. False: the kernel has to be entered.
 */
static inline bool ring_polled_wait(const struct capos_rings *cursors, uint32_t tail, uint32_t seen)
{
	/* Pairs with the kernel's barrier between taking `polled` back and its last look at the submissions. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&cursors->polled, memory_order_relaxed))
		return ring_polled_look(cursors, tail, seen);
	/* The poller may have answered before it stopped. */
	return atomic_load_explicit(&cursors->complete_tail, memory_order_relaxed) != seen;
}

#endif
