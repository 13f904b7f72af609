// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The rings used asynchronously: submissions are put in the ring, one cap_enter carries all of them out, and each has an operation that
 * tells when it is done. Mixes freely with the synchronous calls, which are operations too.
 *
 * What is guaranteed:
 *  - The kernel takes submissions in the order in which they were put. Of a method that does not wait, the completion is there before
 *    the next submission is looked at. One that waits holds up none behind it.
 *  - A submission with CAPOS_SUBMIT_LINK holds up the next one until it is done; where it failed (result < 0) all that are linked
 *    behind it complete with -ECANCELED. Linked submissions go in one capos_submit_batch(): other threads' do not get between.
 *  - Each operation completes once. Until then operation, parameters, result buffer and transfers belong to the kernel and must
 *    stay where they are; parameters alone may go once the submission was carried out (after capos_enter()).
 *
 * An operation belongs to the ring it was put in, that is to the thread that submitted it and those which share its rings: these
 * alone can wait for it. At most CAPOS_COMPLETIONS of a ring can be under way; then the next submissions wait, synchronous ones too.
 * The library owns user_data. Whoever writes submissions into the ring by hand uses 0 there: completions with it are dropped.
 */
#ifndef CAPOS_OPERATION_H
#define CAPOS_OPERATION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <capos/abi.h>

struct capos_operation {
	int64_t result;        /* once done: what the method says, or a negative errno */
	capos_cap_t new_cap;   /* once done: a capability received, or CAPOS_CAP_NONE */
	_Atomic uint32_t done; /* 0: under way. W: the library, last */
	const void *ring;      /* the library's */
};

/*
 * Puts one submission in the ring; the kernel looks at it at the next capos_enter(), or at any other call that waits, or, while it polls
 * the ring, by itself. user_data is set by the library, all else is as in capos/abi.h (capos_..._submission() fill it in). Waits where
 * the ring is full. 0; -EINVAL no operation.
 */
int64_t capos_submit(const struct capos_submission *submission, struct capos_operation *operation);

/* The same for `count` submissions, which lie behind one another. -EINVAL: none, or more than CAPOS_SUBMISSIONS. */
int64_t capos_submit_batch(const struct capos_submission *submissions, struct capos_operation *operations, uint32_t count);

/*
 * Has the kernel carry out what was submitted (where it polls the ring it does so by itself), waits for nothing, and marks what is done.
 * 0, or a negative errno.
 */
int64_t capos_enter(void);

/* Marks what is done, without a system call. Returns how many completions were taken. */
uint32_t capos_poll(void);

/* Whether an operation is done; result and new_cap are its own then. No system call; somebody has to take completions (the functions here). */
static inline bool capos_operation_is_done(const struct capos_operation *operation)
{
	return atomic_load_explicit(&operation->done, memory_order_acquire) != 0; /* pairs with the release in ring_deliver() */
}

/*
 * Waits until an operation is done, at most `timeout_ns` (CAPOS_WAIT_FOREVER: as long as it takes). 0, not the result; -ETIMEDOUT: it is
 * still under way; -EINVAL: it belongs to another ring.
 */
int64_t capos_operation_wait(struct capos_operation *operation, uint64_t timeout_ns);

/*
 * Asks the kernel to end an operation with -ECANCELED. Returns how many it was: 0 where it is done, or was not in time. The operation
 * completes all the same, with whatever came first: wait for it. -EINVAL: it belongs to another ring.
 */
int64_t capos_operation_cancel(struct capos_operation *operation);

#endif
