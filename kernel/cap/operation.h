// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A submission whose completion comes later: it waits in some object, until that object, its time limit, or the process ends it, whichever
 * claims it first.
 *
 *	operation = operation_begin(call, withdraw);       a method that must wait
 *	... put into the object's queue, under the object's lock; return CAP_PENDING
 *
 *	if (operation_claim(operation)) {                  who makes it happen, under that lock, takes it out of the queue
 *		... unlock
 *		operation_finish(operation, result);
 *	}
 *
 * `withdraw` is called by a time limit or a cancellation that has claimed it: it takes it out of the object's queue, under the
 * object's lock.
 */
#ifndef KERNEL_CAP_OPERATION_H
#define KERNEL_CAP_OPERATION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/cap/object.h"
#include "kernel/core/timer.h"
#include "lib/list.h"
#include "lib/status.h"

enum { OPERATION_DATA_BYTES = 32 };

struct operation {
	struct list_node node; /* W: under the lock of the object where it waits */
	_Atomic uint32_t claimed;
	struct object *object; /* held */
	struct ring_set *set;
	void (*withdraw)(struct operation *operation);
	uint64_t key; /* the object's: what it waits for */

	uint64_t user_data;
	uint64_t result_va; /* room of the process's for `data`; bytes: */
	uint32_t result_len;
	bool timed;        /* `timer` was set, on CPU: */
	unsigned timer_cpu;
	struct timer timer;
	uint64_t deadline_ns;

	/* W: who has claimed it. */
	int64_t result;
	uint32_t data_len;
	uint8_t data[OPERATION_DATA_BYTES];
	/* Where not NULL, called by the owner of the rings before it completes it; may change result, data and new_cap. Not when the rings close. */
	void (*settle)(struct operation *operation, capos_cap_t *new_cap);
	bool again; /* W: who owns the rings. `settle` made it wait once more: nothing is completed */
	/* Where not NULL, called instead where the rings close: what it was finished for is another's. */
	void (*lost)(struct operation *operation);

	struct operation *next_done;  /* W: operation_finish */
	struct list_node of_set;      /* W: who owns the rings */
	struct chain *chain;          /* what is linked to it, or NULL */
};

/*
 * Makes the call's submission an operation that waits, with its time limit running. NULL where memory is out, or the object has just lost
 * its last hold. It holds the object. From here on it can be claimed by its time limit, though not before this fiber yields.
 */
struct operation *operation_begin(struct cap_call *call, void (*withdraw)(struct operation *operation));

/* Whether the caller, and nobody else, is to finish it. Context: any CPU; under the object's lock where it is in a queue. */
static inline bool operation_claim(struct operation *operation)
{
	return atomic_exchange_explicit(&operation->claimed, 1, memory_order_acq_rel) == 0;
}

/* The first operation of a queue that can be claimed, claimed and taken out; NULL: none. Context: under the queue's lock. */
struct operation *operation_claim_first(struct list_node *queue);

/* Finishes what the caller has claimed; it is not the caller's any more. Context: fiber or scheduler, any CPU, no lock held. */
void operation_finish(struct operation *operation, int64_t result);

/*
 * For `settle`, where what it was finished for may be gone: the time limit runs again, though it does nothing before operation_again(),
 * or this fiber yields; is taken back. Context: who owns the rings.
 */
void operation_retime(struct operation *operation);
void operation_untime(struct operation *operation);

/*
 * Has a finished operation wait once more: it can be claimed from here on. Between the two above, and `settle` then sets `again` and touches
 * nothing else of it. Context: any CPU; under the object's lock, where it is put into the queue.
 */
void operation_again(struct operation *operation);

/* Frees it, once it is completed. Context: who owns the rings. */
void operation_free(struct operation *operation);

/* Bytes for the process's room for results, before operation_finish(). At most OPERATION_DATA_BYTES. */
void operation_set_data(struct operation *operation, const void *data, size_t bytes);

/* Claims and finishes as cancelled every operation of the set with that user data; tells how many. Context: who owns the rings. */
uint32_t operation_cancel(struct ring_set *set, uint64_t user_data);
void operation_cancel_all(struct ring_set *set);

#endif
